# SPDX-License-Identifier: Apache-2.0
"""Explanations of a plan: forced plans, break-evens, a MW's worth, what is left out."""

from __future__ import annotations

import json

import pytest

from models.market import base_paths
from models.path_changes import scaled
from optimizer.cli import main
from optimizer.explain import explain
from optimizer.explain.drivers import price_text
from optimizer.planning import plan
from optimizer.runreader import open_run
from sites import load_study

RTOL = 1e-9


@pytest.fixture(scope="module")
def study():
    return load_study("teaching")


@pytest.fixture(scope="module")
def result(study):
    return plan(study)


@pytest.fixture(scope="module")
def answers(study, result):
    return explain(study, result, n_workers=0)


def test_every_question_has_its_answer(answers):
    assert answers.questions
    assert answers.left_out == ()
    assert answers.failures == {}
    asked = {question.id for question in answers.questions}
    assert {answer.question for answer in answers.why_not} == asked


def test_forcing_what_the_plan_leaves_out_costs_value(answers, result):
    for answer in answers.why_not:
        if answer.status == "forced":
            # The plan is optimal to its gap: forcing cannot gain more than that.
            slack = result.gap_frac * abs(result.npv_usd) + 1.0
            assert answer.npv_lost_usd >= -slack
            low, high = answer.npv_lost_low_usd, answer.npv_lost_high_usd
            assert low <= answer.npv_lost_usd <= high


def test_a_break_even_interval_lies_between_a_price_that_does_not_and_one_that_does(
    answers,
):
    found = [b for b in answers.break_evens if b.status == "interval"]
    for answer in found:
        kind = answer.driver.partition("@")[0]
        rises = kind != "power_price"
        below, above = answer.not_chosen_multiplier, answer.chosen_multiplier
        assert (below < above) if rises else (above < below)
        assert max(below, above) / min(below, above) < 1.1
    for answer in answers.break_evens:
        assert answer.status in {"interval", "none", "unproven"}


def test_more_power_is_never_worth_less_than_nothing(answers, study, result):
    values = answers.marginal
    assert values is not None
    assert values.months == study.months
    # Holding the integers at the plan's values gives the plan's NPV again.
    assert values.npv_usd == pytest.approx(result.npv_usd, rel=1e-6)
    assert values.rows
    for row in values.rows:
        assert len(row.usd_per_mw_month) == len(study.months)
        assert min(row.usd_per_mw_month) >= -1.0


def test_answers_survive_json_and_are_not_asked_again(study, result, answers):
    entry = json.loads(json.dumps(answers.to_dict()))
    known = type(answers).from_dict(entry)
    again = explain(study, result, known=known, n_workers=0, budget_s=0.0)
    assert again.left_out == ()
    assert again.why_not == answers.why_not


def test_without_time_everything_is_left_out_by_name(study, result):
    none = explain(study, result, n_workers=0, budget_s=0.0)
    assert none.why_not == ()
    assert len(none.left_out) >= len(none.questions)
    assert all(isinstance(name, str) and name for name in none.left_out)


def test_a_price_is_written_with_its_unit():
    assert price_text("btc_price_usd", 118_300.0) == "118,300 USD"
    assert price_text("h100_rent_usd_per_gpu_h", 4.216) == "4.22 USD/GPU-h"
    assert price_text("georgia_flexible_usd_per_mwh", 41.25) == "41.2 USD/MWh"


def test_a_changed_price_reaches_the_hash_price(study):
    paths = base_paths(study)
    dearer = scaled(study, paths, {"btc_price": 2.0})
    assert dearer.hashprice_usd_per_ph_day == pytest.approx(
        2.0 * paths.hashprice_usd_per_ph_day, rel=RTOL
    )


def test_the_command_finishes_what_a_run_left_out(tmp_path, capsys):
    out = tmp_path / "run"
    words = ["plan", "teaching", "--out", str(out), "--scenarios", "0"]
    assert main([*words, "--no-compare", "--explain-seconds", "0"]) == 0
    capsys.readouterr()
    assert main(["explain", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    stored = open_run(out).json("explain.json")
    assert stored["left_out"] == []
    assert json.dumps(said).count("question") > 0
    # The teaching company owes nothing on BTC: there is no term to point out.
    study = load_study("teaching")
    assert bool(said["loan_terms_note"]) == (study.company.loan.principal_usd > 0.0)
