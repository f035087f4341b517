# SPDX-License-Identifier: Apache-2.0
"""`wattplan cash`: the three standing questions, in a study and in a run."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu.scenarios import sampled_paths
from models.business_as_usual import business_as_usual
from models.cash_calendar import cash_calendar
from models.cash_lines import CASH_LINES
from models.cash_quarter import QUARTER_ROWS
from models.cash_segment import segment_cash
from models.cashflow import evaluate
from models.opening import roll_forward
from optimizer.cash_basis import shares_table
from optimizer.cash_cases import case_study, case_values, with_values
from optimizer.cash_quarter import cash_quarter
from optimizer.cash_segment import cash_segment
from optimizer.cash_source import open_cash_source
from optimizer.cash_weeks import cash_weeks, most_weeks, sampled_weeks
from optimizer.cli import main
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites.loader import load_bundle
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

    from optimizer.cash_quarter import CashQuarter
    from optimizer.cash_source import CashSource
    from optimizer.cash_weeks import CashWeeks


@pytest.fixture(scope="module")
def base() -> CashSource:
    return open_cash_source("base")


@pytest.fixture(scope="module")
def weeks(base: CashSource) -> CashWeeks:
    return cash_weeks(base, 13, n_scenarios=60)


@pytest.fixture(scope="module")
def quarter(base: CashSource) -> CashQuarter:
    return cash_quarter(base, "2025Q4")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "one"
    bundle = load_bundle("teaching")
    with RunWriter(folder, RunFacts("plan", "teaching")) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.write_plan(business_as_usual(bundle.study))
    return folder


# --- weeks ----------------------------------------------------------------------------


def test_the_three_cases_of_the_company_tie_to_a_cent(weeks):
    assert weeks.tie_error_usd() < 0.01
    assert list(weeks.cases) == ["low", "base", "high"]
    assert len(weeks.calendar.weeks) == 13


def test_low_has_less_and_high_more_than_base(weeks):
    # Cash is held at its floor by selling, so the difference shows in BTC held
    held = {case: w.btc_held[0, -1] for case, w in weeks.cases.items()}
    assert held["low"] < held["base"] < held["high"]


def test_cases_take_the_ends_of_the_ranges(base):
    low, high = case_values(base.bundle, "low"), case_values(base.bundle, "high")
    rate = "sites.partner_fleet.partner.hosting_rate_usd_per_mwh"
    assert (low[rate], high[rate]) == (83.1, 71.0)
    assert high["company.cash_usd"] == 44.9e6
    assert "company.cash_usd" not in low  # already at its low end
    assert case_values(base.bundle, "base") == {}
    site = case_study(base.bundle, "low").site("partner_fleet")
    assert site.partner.hosting_rate_usd_per_mwh == 83.1
    with pytest.raises(KeyError):
        with_values(base.bundle, {"sites.moon.uptime_frac": 1.0})


def test_scenarios_rise_from_the_fifth_to_the_ninety_fifth_percentile(weeks):
    for values in weeks.bands.quantiles.values():
        known = values[:, ~np.isnan(values).any(axis=0)]
        assert (np.diff(known, axis=0) >= -1e-6).all()
    assert (
        (weeks.bands.under_floor_frac >= 0) & (weeks.bands.under_floor_frac <= 1)
    ).all()


def test_a_scenario_alone_is_the_one_that_scoring_draws(base):
    bands = cash_weeks(base, 13, n_scenarios=1, seed=9).bands
    paths = sampled_paths(base.study, 9, np.array([0]))
    treasury = evaluate(base.study, base.plan, paths).treasury
    for values in bands.quantiles.values():
        np.testing.assert_array_equal(values[0], values[2])
    closing = bands.quantiles["closing_usd"][1, -1]
    assert closing == pytest.approx(treasury.cash_usd[0, 3], abs=0.01)
    assert bands.quantiles["loan_usd"][1, -1] == pytest.approx(
        treasury.loan_usd[0, 3], abs=0.01
    )
    sold = bands.quantiles["btc_sold"][1].sum()
    assert sold == pytest.approx(treasury.btc_sold[0, :3].sum())


def test_a_scenario_does_not_depend_on_its_neighbours(base):
    calendar = cash_calendar(base.study.time.start_month, 3)
    one = sampled_weeks(base.study, base.plan, calendar, 9, 1)
    many = sampled_weeks(base.study, base.plan, calendar, 9, 501)
    again = sampled_weeks(base.study, base.plan, calendar, 9, 501)
    assert one.n_scenarios == 1
    for name, values in many.quantiles.items():
        np.testing.assert_array_equal(values, again.quantiles[name])
    assert many.tie_error_usd < 0.01


def test_shares_of_the_months_rebuild_every_week(weeks):
    # What a sheet with live formulas does: ledger x share, summed over a week's parts
    table = shares_table(weeks)
    parts = weeks.calendar.parts
    assert len(table.columns) == len(parts) == 15  # weeks 5 and 9 have two parts
    for row in table.rows:
        key = row.key.removesuffix("_frac")
        flows = weeks.base.month_flows[key][0]
        rebuilt = np.zeros(13)
        for (week, month), share in zip(parts, row.cells, strict=True):
            rebuilt[week] += flows[month] * share
        np.testing.assert_allclose(rebuilt, weeks.base.lines[key][0], atol=0.01)


def test_the_horizon_bounds_the_weeks(base):
    most = most_weeks(base.study)
    weekly = cash_weeks(base, most, n_scenarios=0)
    assert weekly.calendar.months[-1] == base.study.months[-1]
    assert weekly.tie_error_usd() < 0.01


def test_the_week_under_the_floor_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cash", "base", "--scenarios", "20"]) == 0
    told = capsys.readouterr().out
    assert "1 Dec" in told
    assert "Closing cash" in told
    assert "Sold evenly over the days instead of as needed" in told
    assert "from week 2 (8 Dec to 14 Dec 2025)" in told
    assert "assumptions" in told


def test_weeks_as_json_have_units_in_their_keys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["cash", "teaching", "--weeks", "5", "--scenarios", "10", "--json"]
    assert main(words) == 0
    answer = json.loads(capsys.readouterr().out)["cash"]
    table = answer["tables"]["cash_weeks"]
    assert len(table["columns"]) == 6
    rows = {row["key"]: row for row in table["rows"]}
    assert rows["closing_usd"]["unit"] == "USD"
    start = table["columns"][0]
    flows = sum(
        row["cells"][start] or 0.0
        for key, row in rows.items()
        if key in {"opening_usd", "net_usd"}
    )
    assert flows == pytest.approx(rows["closing_usd"]["cells"][start])


def test_csv_has_every_case_and_adds_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "cash.csv"
    assert main(["cash", "--scenarios", "5", "--out", str(place), "--json"]) == 0
    capsys.readouterr()
    with place.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["table"] for row in rows} == {
        "low",
        "base",
        "high",
        "evenly",
        "scenarios",
    }
    mine = {row["line"]: row for row in rows if row["table"] == "base"}
    week = "2025-12-08"
    lines = [f"{line.key}_usd" for line in CASH_LINES]
    total = sum(float(mine[key][week]) for key in lines if key in mine)
    assert float(mine["net_usd"][week]) == pytest.approx(total, abs=0.01)
    closing = float(mine["opening_usd"][week]) + total
    assert float(mine["closing_usd"][week]) == pytest.approx(closing, abs=0.01)


def test_without_a_loan_nothing_is_said_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cash", "teaching", "--weeks", "14", "--scenarios", "20"]) == 0
    told = capsys.readouterr().out
    assert "nan" not in told
    assert "Loan to value" not in told
    assert "\u2026" not in told  # no cell is cut


# --- quarter --------------------------------------------------------------------------


def test_the_quarter_by_hand(base, quarter):
    # October: 44.9 + 1.1 + 0.299 - 602.6 x 81,072 - 1.1 - 2.0 - 2.532 = -8.187 M; to
    # the floor of 20 M: 28.187 M drawn. November: 20 - 48.565 M: all of it drawn.
    october, november, december = quarter.cases["base"].months
    assert october.flows_usd["mining_cost"] == pytest.approx(-602.6 * 81_072)
    assert october.flows_usd["loan_drawn"] == pytest.approx(28.187e6, rel=1e-4)
    assert november.flows_usd["loan_drawn"] == pytest.approx(48.565e6, rel=1e-4)
    assert november.loan_usd == pytest.approx(405.1e6 + 76.752e6, rel=1e-5)
    assert november.btc_held == pytest.approx(6_959.3)
    assert [m.closing_usd for m in quarter.cases["base"].months] == pytest.approx(
        [20e6, 20e6, 20e6]
    )
    assert november.ltv_frac == pytest.approx(481.852e6 / (6_959.3 * 91_000), rel=1e-5)
    assert not december.is_reported
    assert december.opening_usd == november.closing_usd


def test_reported_months_are_the_company_files_roll_forward(base, quarter):
    company = base.study.company
    case = quarter.cases["base"]
    assert case.tie_cash_usd == pytest.approx(0.0, abs=1.0)
    assert case.tie_loan_usd == pytest.approx(0.0, abs=5_000.0)
    (cars,) = company.side_businesses
    rolled = roll_forward(
        44.9e6,
        405.1e6,
        btc_held=6_959.3,
        btc_mined=602.6 + 546.7,
        cash_cost_usd_per_btc=81_072.0,
        months=2,
        general_admin_usd_per_month=2e6,
        loan_rate_per_year=company.loan.rate_per_year,
        receipts_usd=2 * cars.revenue_usd_per_month + 491_646 / 51 * 61,
        other_cost_usd=2 * cars.cost_usd_per_month,
        cash_floor_usd=company.cash_floor_usd,
    )
    assert case.months[1].loan_usd == pytest.approx(rolled.loan_usd)


def test_every_case_of_the_quarter_adds_up(quarter):
    for case in quarter.cases.values():
        assert abs(case.error_usd) < 0.01
        for month in case.months:
            flows = sum(month.flows_usd[key] for key in QUARTER_ROWS)
            assert month.opening_usd + flows == pytest.approx(
                month.closing_usd, abs=0.01
            )
            assert set(month.flows_usd) == set(QUARTER_ROWS)


def test_the_loan_of_the_cases_spans_the_range_of_the_company_file(base, quarter):
    # The company file's low and high of the loan were found by the same rule
    number = base.bundle.number("company.loan.principal_usd")
    after = {name: case.months[1].loan_usd for name, case in quarter.cases.items()}
    assert after["low"] == pytest.approx(number.high, rel=1e-3)
    assert after["high"] == pytest.approx(number.low, rel=1e-3)


def test_quarter_in_the_terminal_and_as_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cash", "--quarter", "2025-q4"]) == 0
    told = capsys.readouterr().out
    assert "Opening cash" in told
    assert "44.90" in told
    assert "2025-12 plan" in told
    assert main(["cash", "--quarter", "2025Q4", "--json"]) == 0
    tables = json.loads(capsys.readouterr().out)["cash"]["tables"]
    rows = {row["key"]: row["cells"] for row in tables["cash_quarter"]["rows"]}
    assert rows["btc_mined"]["2025-10"] == 602.6
    assert rows["hashrate_eh_s"]["2025-11"] == 44.38


@pytest.mark.parametrize(
    ("quarter", "words"),
    [
        ("2026Q1", "Quarters that can be projected: 2025Q4"),
        ("2025Q3", "not among the published ones"),
        ("soon", "Write it as 2025Q4"),
        ("2025Q5", "Write it as 2025Q4"),
    ],
)
def test_a_quarter_without_actuals_is_refused(
    quarter: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cash", "--quarter", quarter]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""


def test_published_balances_are_not_put_to_another_company(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cash", "teaching", "--quarter", "2025Q4"]) == 2
    assert "published balances of cango" in capsys.readouterr().err


# --- segment --------------------------------------------------------------------------


def test_a_segment_by_hand():
    # 3.3 M less 3.0 M is 0.3 M; at 20 % 0.24 M are left: 0.08 M a month of 40 M is
    # 0.2 %; 35.4 M / 0.24 M = 147.5 quarters; 35.4 M x 20 % = 7.08 M of tax
    found = segment_cash(
        revenue_usd_per_month=1.1e6,
        cost_usd_per_month=1.0e6,
        depreciation_usd_per_quarter=35.4e6,
        tax_rate_frac=0.2,
        monthly_cash_cost_usd=40e6,
    )
    assert found.revenue_usd == pytest.approx(3.3e6)
    assert found.net_cash_usd == pytest.approx(0.24e6)
    assert found.tax_usd == pytest.approx(-0.06e6)
    assert found.share_of_cash_cost_frac == pytest.approx(0.002)
    assert found.quarters_to_fund_depreciation == pytest.approx(147.5)
    assert found.tax_shield_usd == pytest.approx(7.08e6)


def test_a_business_that_brings_no_cash_never_pays_for_wear():
    found = segment_cash(
        revenue_usd_per_month=1e6,
        cost_usd_per_month=1e6,
        depreciation_usd_per_quarter=35.4e6,
        tax_rate_frac=0.2,
        monthly_cash_cost_usd=40e6,
    )
    assert found.net_cash_usd == 0.0
    assert found.quarters_to_fund_depreciation is None


def test_auto_names_the_car_business_with_its_range(base):
    found = cash_segment(base, "auto")
    assert found.id == "autocango"
    cases = found.cases
    assert cases["base"].revenue_usd == pytest.approx(3.3e6)
    assert cases["base"].depreciation_usd == 35.4e6
    # 3.3 M - 3 x 2.03 M, 0 and 3.3 M x 15 %
    margins = [cases[name].margin_usd for name in ("low", "base", "high")]
    assert margins == pytest.approx([-2.79e6, 0.0, 0.495e6], abs=1.0)
    assert cases["base"].monthly_cash_cost_usd > 40e6
    first, second = found.sentences
    assert "USD 3.3m" in first
    assert "USD 35.4m of quarterly depreciation take no cash" in second


def test_segment_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cash", "--segment", "auto"]) == 0
    told = capsys.readouterr().out
    assert "Net cash effect" in told
    assert "Depreciation, in cash" in told


# --- a run ----------------------------------------------------------------------------


def test_a_run_keeps_its_answers(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cash", str(run), "--weeks", "4", "--scenarios", "5"]) == 0
    assert main(["cash", str(run), "--weeks", "6", "--scenarios", "5"]) == 0
    capsys.readouterr()
    found = open_run(run)
    kept = found.json("cash.json")
    assert kept["weeks"]["title"] == "Cash of 6 weeks"
    assert (run / "cash_weeks.csv").is_file()
    assert found.changed_files() == []
    assert found.passport.commands[-1] == f"wattplan cash {run} --weeks 6"


# --- bad input ------------------------------------------------------------------------


def test_bad_options_are_all_named(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["cash", "--weeks", "0", "--scenarios", "-4"]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert "--weeks = 0 must be a whole number from 1 to" in told
    assert "--scenarios = -4" in told
    assert main(["cash", "--weeks", "10000"]) == 2
    assert main(["cash", "--segment", "boats"]) == 2
    assert "Known: autocango" in capsys.readouterr().err
    assert main(["cash", "--segment", ""]) == 2
    assert main(["cash", "--segment", "auto", "--weeks", "13"]) == 2
    assert "ask different questions" in capsys.readouterr().err


def test_bad_places_are_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cash", str(tmp_path)]) == 7
    assert "not a run folder" in capsys.readouterr().err
    assert main(["cash", "--out", str(tmp_path / "cash.txt")]) == 7
    assert "ends in .csv" in capsys.readouterr().err
    assert main(["cash", "--out", str(tmp_path / "none" / "cash.csv")]) == 7
    assert main(["cash", "no_such_study"]) == 2
    assert list(tmp_path.iterdir()) == []
