# SPDX-License-Identifier: Apache-2.0
"""A quarter that has begun, and a side business beside depreciation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from models.cash_quarter import QUARTER_ROWS
from models.cash_segment import segment_cash
from models.opening import roll_forward
from optimizer.cash_quarter import cash_quarter
from optimizer.cash_segment import cash_segment
from optimizer.cash_source import open_cash_source
from optimizer.cli import main

if TYPE_CHECKING:
    from optimizer.cash_quarter import CashQuarter
    from optimizer.cash_source import CashSource


@pytest.fixture(scope="module")
def base() -> CashSource:
    return open_cash_source("base")


@pytest.fixture(scope="module")
def quarter(base: CashSource) -> CashQuarter:
    return cash_quarter(base, "2025Q4")


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
