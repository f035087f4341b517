# SPDX-License-Identifier: Apache-2.0
"""A plan's risks over the range of its opening state, and the tables of risk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scored_plans import usual_plan
from tiny_studies import company, tiny_study

from models.business_as_usual import business_as_usual
from optimizer.cli import main
from optimizer.opening_range import HEADLINES, assumed_loan_terms, opening_range
from optimizer.risk_tables import event_label, terms_note
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites import load_bundle
from sites.provenance import InputNumber
from sites.resolved import resolved_toml
from sites.sources import ASSUMPTION

if TYPE_CHECKING:
    from pathlib import Path

N = 100


def ranged(key: str, value: float, low: float | None, high: float | None):
    return InputNumber(
        key=f"company.{key}",
        file="a.toml",
        path=key,
        value=value,
        unit="USD",
        low=low,
        high=high,
        source=ASSUMPTION,
        as_of="2025-11-30",
        grade="M",
        note="",
        is_after_study_date=False,
    )


NUMBERS = (
    ranged("cash_usd", 20e6, 10e6, 30e6),
    ranged("btc_pledged", 100.0, 90.0, 100.0),
    ranged("loan.principal_usd", 6e6, 5e6, 7e6),
    ranged("loan.margin_call_ltv_frac", 0.78, 0.75, 0.80),
    ranged("loan.rate_per_year", 0.08, 0.06, 0.10),
)


def test_low_and_high_are_coherent_states():
    study = tiny_study()
    found = opening_range(study, usual_plan(study), NUMBERS, seed=1, n_scenarios=N)
    assert found is not None
    cases = {case.case_id: case for case in found.cases}
    assert list(cases)[:3] == ["low", "base", "high"]
    low, base, high = cases["low"], cases["base"], cases["high"]
    # Spent and drawn: the loan moves, cash and pledge stay. 7 M / (100 x 100,000).
    assert (low.loan_usd, base.loan_usd, high.loan_usd) == (7e6, 6e6, 5e6)
    assert low.cash_usd == base.cash_usd == high.cash_usd == 20e6
    assert low.btc_pledged == high.btc_pledged == 100.0
    assert low.opening_ltv_frac == pytest.approx(0.70, rel=1e-12)
    assert (low.margin_call_ltv_frac, high.margin_call_ltv_frac) == (0.75, 0.80)
    for name in HEADLINES[:3]:
        assert low.figures[name] >= base.figures[name] >= high.figures[name]
    assert low.figures[HEADLINES[2]] > high.figures[HEADLINES[2]]


def test_each_input_moves_alone_and_btc_held_stay():
    study = tiny_study()
    found = opening_range(study, usual_plan(study), NUMBERS, seed=1, n_scenarios=N)
    assert found is not None
    cases = {case.case_id: case for case in found.cases}
    assert set(cases) == {
        "low",
        "base",
        "high",
        *(
            f"{one} {end}"
            for one in ("loan", "cash", "levels", "cost")
            for end in ("low", "high")
        ),
        "pledge low",
    }
    assert cases["pledge low"].btc_pledged == 90.0
    assert cases["pledge low"].opening_ltv_frac == pytest.approx(6.0 / 9.0, rel=1e-12)
    assert cases["cash high"].cash_usd == 30e6
    assert cases["cash high"].loan_usd == 6e6
    less, more = (cases[f"cash {end}"].figures for end in ("low", "high"))
    assert less["equity_needed_frac"] >= more["equity_needed_frac"]
    assert less["forced_sale_btc"] >= more["forced_sale_btc"]


def test_cash_takes_its_range_where_the_loan_has_none():
    study = tiny_study()
    plan = usual_plan(study)
    found = opening_range(study, plan, NUMBERS[:1], seed=1, n_scenarios=5)
    assert found is not None
    assert [case.cash_usd for case in found.cases[:3]] == [10e6, 20e6, 30e6]


def test_without_a_loan_or_a_range_there_is_nothing_to_say():
    study = tiny_study()
    plan = usual_plan(study)
    exact = [replace(number, low=None, high=None) for number in NUMBERS]
    assert opening_range(study, plan, exact, seed=1, n_scenarios=5) is None
    loan = study.company.loan.model_copy(update={"principal_usd": 0.0})
    free = tiny_study(company=company(loan=loan))
    assert opening_range(free, plan, NUMBERS, seed=1, n_scenarios=5) is None


def test_a_case_that_the_records_refuse_is_left_out_and_named():
    study = tiny_study()
    odd = (ranged("loan.margin_call_ltv_frac", 0.78, 0.5, 0.80),)
    found = opening_range(study, usual_plan(study), odd, seed=1, n_scenarios=5)
    assert found is not None
    assert [case_id for case_id, _ in found.left_out] == ["low", "levels low"]
    assert "loan-to-value levels must rise" in found.left_out[0][1]


def test_undisclosed_terms_are_named():
    assert assumed_loan_terms(NUMBERS) == ("margin_call_ltv_frac", "rate_per_year")
    note = terms_note(assumed_loan_terms(NUMBERS))
    assert note.startswith("Loan terms are assumptions")
    assert "margin-call level, interest" in note
    assert terms_note(()) == ""
    known = [replace(number, grade="P", source=None) for number in NUMBERS]
    assert assumed_loan_terms(known) == ()
    assert event_label("covenant_hall") == "covenant of hall breached"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "base"
    bundle = load_bundle("base")
    plan = business_as_usual(bundle.study)
    with RunWriter(folder, RunFacts("plan", "base")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(plan)
    return folder


def test_score_says_when_the_loan_is_called(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["score", str(run), "--scenarios", str(N)]) == 0
    told = capsys.readouterr().out
    assert "Margin and liquidity risk" in told
    assert "margin call within 3 months, %" in told
    assert "By month, at each month's lowest price" in told
    assert "2025-12 (1)" in told
    assert "The opening state over its range" in told
    assert "Loan terms are assumptions, not published" in told


def test_the_summary_and_the_table_hold_every_month(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["score", str(run), "--scenarios", str(N), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["score"]
    kept = open_run(run).json("summary.json")
    assert isinstance(kept, dict)
    assert kept["score"]["monthly"] == told["monthly"]
    assert told["loan_terms"]["are_assumptions"]
    assert "cure_days" in told["loan_terms"]["assumed"]
    assert told["loan_terms"]["note"].startswith("Loan terms are assumptions")
    calls = told["monthly"]["plan"]["events"]["margin_call"]
    assert len(calls["by_month_frac"]) == len(told["months"]) == 60
    within = told["probabilities"]["margin_call_within_12_months_frac"]
    assert calls["by_month_frac"][11] == within
    # 481.85 M on 6,959.3 BTC at 91,000.
    ltv = told["monthly"]["plan"]["levels"]["low_ltv_frac"]
    assert ltv["base"][0] == pytest.approx(481.85e6 / 6959.3 / 91e3, rel=1e-6)
    assert [c["case_id"] for c in told["opening_range"]["cases"]][:3] == [
        "low",
        "base",
        "high",
    ]
    # The base case is the score itself where it has the same scenarios.
    base = told["opening_range"]["cases"][1]["figures"]
    assert base["margin_call_within_12_months_frac"] == within
    assert base["npv_negative_frac"] == told["probabilities"]["npv_negative_frac"]
    mean = told["columns"]["forced_sale_usd"]["mean"]
    assert base["forced_sale_usd"] == pytest.approx(mean, rel=1e-9)
    lines = (run / "margin_risk.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 61
    place = lines[0].split(",").index("plan_margin_call_by_month_frac")
    assert float(lines[12].split(",")[place]) == pytest.approx(within)
    scores = open_run(run).table("scores.parquet")
    first = np.asarray(scores["first_margin_call_period"], dtype=float)
    assert (first < 12).mean() == within
