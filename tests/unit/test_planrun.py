# SPDX-License-Identifier: Apache-2.0
"""A planning run: its folder, tables, key figures and command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tiny_studies import tiny_study

import optimizer
from models.ledger import discount
from optimizer.cli import main
from optimizer.kpis import key_figures, operating_cash_usd
from optimizer.planning import baseline, comparison_plans, plan
from optimizer.planrun import run_plan
from optimizer.runreader import open_run
from optimizer.runtables import ledger_table, schedule_table

RTOL = 1e-9


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_plan("teaching", out=tmp_path_factory.mktemp("runs") / "teaching")


def test_the_folder_holds_plan_comparisons_tables_and_passport(run):
    read = open_run(run.folder)
    names = set(read.passport.files)
    assert {
        "study.toml",
        "plan.json",
        "baseline.json",
        "others/run_off.json",
        "allocation.parquet",
        "cashflow.parquet",
        "treasury.parquet",
        "schedule.parquet",
        "summary.json",
        "workbook.xlsx",
    } <= names
    stems = ("income_statement", "balance_sheet", "cash_flow_statement", "segments")
    assert {f"{stem}.{kind}" for stem in stems for kind in ("csv", "parquet")} <= names
    assert read.plan() == run.result.plan
    assert read.changed_files() == []
    assert all(check.is_good for check in read.passport.checks)
    assert read.passport.solver.gap_frac <= 1e-4


def test_the_ledger_table_adds_up_to_the_plan_s_flows(run):
    study = run.bundle.study
    table = ledger_table(study, {"plan": run.result.ledger})
    months = ["opening", *study.months]
    flows = np.zeros(len(months))
    for month, flow in zip(table["month"], table["flow_usd"], strict=True):
        flows[-1 if month == "horizon" else months.index(month)] += flow
    expected = run.result.ledger.company_flow_usd()[0]
    assert flows == pytest.approx(expected, rel=RTOL, abs=1e-3)
    npv = float(discount(flows, study.company.discount_rate_per_year))
    assert npv == pytest.approx(run.kpis["npv_usd"], rel=RTOL)


def test_allocation_never_exceeds_power(run):
    table = open_run(run.folder).table("allocation.parquet")
    used = table["self_mining_mw"] + table["hosting_mw"] + table["gpu_leasing_mw"]
    assert (used <= table["energised_mw"] + 1e-6).all()
    assert used.max() > 0.0


def test_closing_cash_is_opening_cash_and_every_movement(run):
    ledger = run.result.ledger
    path = ledger.treasury
    flows = (
        operating_cash_usd(ledger)
        + path.btc_sales_usd[0]
        - path.interest_usd[0]
        - path.repayment_usd[0]
        + path.equity_usd[0]
    )
    expected = path.cash_usd[0, 0] + flows.cumsum()
    assert path.cash_usd[0, 1:] == pytest.approx(expected, rel=RTOL)


def test_every_order_build_and_sale_is_in_the_schedule(run):
    table = schedule_table(run.bundle.study, run.result.plan)
    actions = list(table["action"])
    decided = run.result.plan
    assert actions.count("order") == len(decided.orders)
    assert actions.count("start phase") == len(decided.phases)
    assert actions.count("accept offer") == len(decided.offers)
    assert list(table["month"]) == sorted(table["month"])


def test_no_comparison_beats_the_optimised_plan(run):
    assert set(run.others) >= {"run_off", "all_self_mining", "all_hosting"}
    for other in (run.baseline, *run.others.values()):
        assert other.npv_usd <= run.result.npv_usd * (1 + 1e-4)


def test_the_run_off_takes_on_nothing_new():
    study = tiny_study()
    plans = comparison_plans(study)
    left = plans["run_off"].plan
    new = (*left.orders, *left.phases, *left.builds, *left.conversions)
    assert new == ()
    assert {taken.offer for taken in left.offers} == {"alpha_client"}


def test_naive_plans_fill_more_of_their_line_than_the_plan():
    study = tiny_study()
    best = plan(study)
    usual = baseline(study)
    naive = comparison_plans(study)["all_self_mining"]
    mw = [
        key_figures(study, found, usual)["peak_self_mining_mw"]
        for found in (naive, best)
    ]
    assert mw[0] >= mw[1] - 1e-6


def test_key_figures_by_hand():
    study = tiny_study()
    usual = baseline(study)
    figures = key_figures(study, usual, usual)
    # Against itself nothing is gained, and there is no rate of return.
    assert figures["npv_over_baseline_usd"] == 0.0
    assert figures["irr_over_baseline_status"] == "all_zero"
    assert figures["capex_usd"] == 0.0
    # Alpha: 1,000 machines, beta: 4,000; both keep mining, clients take 2 MW.
    assert figures["final_hosting_mw"] == pytest.approx(2.0)
    mw = 1_000 * 3_000e-6 * 1.05 + 4_000 * 3_000e-6
    assert figures["final_self_mining_mw"] == pytest.approx(mw)
    costs = ("mining_energy", "partner_commitment", "mining_opex", "demand_response")
    paid = -sum(usual.ledger.site_items[name].sum() for name in costs)
    # Alpha's demand charge of 10,000 a month is split by use: 3.15 MW to 2 of clients.
    paid += 24 * 10_000 * 3.15 / (3.15 + 2.0)
    mined = usual.ledger.mined_btc.sum()
    assert figures["cost_to_mine_usd_per_btc"] == pytest.approx(paid / mined)
    # 5 M USD of opening machines are written off within the horizon.
    full = figures["all_in_cost_to_mine_usd_per_btc"]
    assert full == pytest.approx((paid + 5e6) / mined)


def test_the_api_of_the_package_is_its_three_use_cases():
    assert optimizer.plan is plan
    assert set(optimizer.__all__) == {"plan", "score", "screen"}
    with pytest.raises(AttributeError, match="has no attribute 'plum'"):
        _ = optimizer.plum


def test_an_interrupt_keeps_the_best_plan_so_far():
    asked = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) > 3

    found = plan(tiny_study(), gap_frac=0.0, should_stop=stop)
    assert found.status in {"interrupted", "optimal"}
    assert found.is_verified


def test_the_command_writes_a_report_and_speaks_json(tmp_path, capsys):
    out = tmp_path / "run"
    words = ["plan", "teaching", "--out", str(out), "--scenarios", "200", "--json"]
    assert main([*words, "--explain-seconds", "0", "--no-compare"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kpis"]["npv_usd"] > 0
    assert said["score"]["n_scenarios"] == 200
    assert (out / "report.html").stat().st_size > 1e6
    # Scores, stories, contest and drivers are all of the first run.
    page = (out / "report.html").read_text(encoding="utf-8")
    for command in ("score", "stress", "contest", "drivers"):
        assert f"<code>wattplan {command} DIR</code>" not in page
    done = open_run(out).passport.commands
    assert [line.split()[1] for line in done] == [
        *("plan", "score", "stress", "contest", "drivers", "report")
    ]
    assert open_run(out).changed_files() == []


def test_a_second_run_into_the_same_folder_needs_force(tmp_path, capsys):
    out = tmp_path / "run"
    words = ["plan", "teaching", "--out", str(out), "--scenarios", "0"]
    words += ["--explain-seconds", "0", "--no-compare"]
    assert main(words) == 0
    assert main(words) == 7
    assert "--force" in capsys.readouterr().err
    assert main([*words, "--force"]) == 0


def test_the_table_names_the_report_and_equity_is_loud(tmp_path, capsys):
    out = tmp_path / "run"
    words = ["plan", "teaching", "--out", str(out), "--scenarios", "100"]
    assert main([*words, "--explain-seconds", "0"]) == 0
    text = capsys.readouterr().out
    assert "over business as usual" in text
    assert "report.html" in text
    assert "run off" in text
