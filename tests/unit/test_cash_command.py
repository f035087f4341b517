# SPDX-License-Identifier: Apache-2.0
"""`wattplan cash`: the three standing questions, in a study and in a run."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu.sampling.scenarios import sampled_paths
from models.business_as_usual import business_as_usual
from models.cash_calendar import cash_calendar
from models.cash_lines import CASH_LINES
from models.cashflow import evaluate
from optimizer.cash_basis import shares_table
from optimizer.cash_cases import case_study, case_values, with_values
from optimizer.cash_source import open_cash_source
from optimizer.cash_weeks import cash_weeks, most_weeks, sampled_weeks
from optimizer.cli import main
from optimizer.runfolder import RunFacts, RunWriter, open_run
from sites.loader import load_bundle
from sites.resolved import resolved_toml

if TYPE_CHECKING:
    from pathlib import Path

    from optimizer.cash_source import CashSource
    from optimizer.cash_weeks import CashWeeks


@pytest.fixture(scope="module")
def base() -> CashSource:
    return open_cash_source("base")


@pytest.fixture(scope="module")
def weeks(base: CashSource) -> CashWeeks:
    return cash_weeks(base, 13, n_scenarios=60)


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


TERMS = """
schema_version = 1
id = "terms"
title = "Other terms"
description = "Payment terms of one's own."
as_of_date = 2025-11-30

[include]
study = "base"

[override.company.payment_terms]
btc_sales = "{sales}"

[override.company.payment_terms.power]
due_day = {{ value = {day}, source = "assumption" }}
"""


def test_faults_of_payment_terms_are_all_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "terms.toml"
    place.write_text(TERMS.format(sales="never", day=40))
    assert main(["cash", str(place)]) == 2
    told = capsys.readouterr().err
    assert "payment_terms.btc_sales = 'never' must be one of as_needed, daily" in told
    assert "payment_terms.power.due_day = 40 day of month must be <= 31" in told


def test_own_payment_terms_move_the_payment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "terms.toml"
    place.write_text(TERMS.format(sales="daily", day=3))
    assert main(["cash", str(place), "--scenarios", "0", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["cash"]
    assert "BTC is sold evenly over the days of a month." in answer["texts"]
    rows = {row["key"]: row for row in answer["tables"]["cash_weeks"]["rows"]}
    # Due on Wednesday 3 December: all of the month's power in week 1
    assert rows["power_usd"]["cells"]["2025-12-01"] < 0.0
    assert rows["power_usd"]["cells"]["2025-12-22"] == 0.0
