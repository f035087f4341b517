# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from models.backtest import NetworkMonth, ProductionMonth, backtest_production
from models.company_checks import (
    DailyPrices,
    check_revenue,
    fleet_life,
    mean_price_by_month,
)
from models.cost_backtest import (
    QuarterFacts,
    months_of_quarter,
    partner_hosting_rate_usd_per_mwh,
    predict_cost_to_mine,
    quarter_costs,
)
from models.network import difficulty_from_hashrate
from models.units import month_range
from optimizer.backtest import run_backtest
from sites.history import load_production, load_quarters

MONTHS = month_range("2025-01", 9)
DIFFICULTY = difficulty_from_hashrate(1_000.0)
NETWORK = {month: NetworkMonth(month, DIFFICULTY, 0.0, 3.125) for month in MONTHS}


def flat_months(hashrate_eh_s=10.0):
    rows = [ProductionMonth(month, hashrate_eh_s, 100.0) for month in MONTHS]
    return backtest_production(rows, NETWORK, pool_fee_frac=0.0)


def facts(quarter, cost_usd_per_btc, efficiency=None):
    return QuarterFacts(quarter, 300.0, cost_usd_per_btc, efficiency)


def test_a_quarter_has_three_months():
    assert months_of_quarter("2025-Q3") == ("2025-07", "2025-08", "2025-09")


@pytest.mark.parametrize("text", ["2025-Q5", "2025-Q0", "2025Q1", "2025-q1", "Q1-2025"])
def test_a_quarter_in_another_form_is_refused(text):
    with pytest.raises(ValueError, match="YYYY-Qn"):
        months_of_quarter(text)


def test_the_rate_of_a_quarter_is_cost_over_energy():
    # 10 EH/s x 20 J/TH = 200 MW x 90 days x 24 h = 432,000 MWh;
    # 300 BTC x 100,800 USD = 30.24 M USD: 70 USD/MWh.
    (cost,) = quarter_costs([facts("2025-Q1", 100_800.0, 20.0)], flat_months())
    assert cost.energy_mwh == pytest.approx(432_000.0)
    assert cost.rate_usd_per_mwh == pytest.approx(70.0)
    assert not cost.is_efficiency_carried


def test_the_prediction_is_the_earlier_rate_on_the_later_energy():
    # Q1 432,000 MWh at 70; Q2 436,800 MWh (91 days) at 80; Q3 441,600 MWh (92 days).
    # Fit: (30.24 + 34.944) / 868,800 = 75.0276; Q3: x 441,600 / 300 = 110,441.
    quarters = [
        facts("2025-Q1", 432_000 * 70 / 300, 20.0),
        facts("2025-Q2", 436_800 * 80 / 300),
        facts("2025-Q3", 441_600 * 72 / 300),
    ]
    found = predict_cost_to_mine(quarter_costs(quarters, flat_months()))
    fit = (432_000 * 70 + 436_800 * 80) / 868_800
    assert found.fit_rate_usd_per_mwh == pytest.approx(fit)
    assert found.predicted_usd_per_btc == pytest.approx(fit * 441_600 / 300)
    assert found.residual_frac == pytest.approx(fit / 72 - 1)
    # Either the rate fell to 72 or the fleet got better by the same factor.
    assert found.efficiency_if_rate_held_j_per_th == pytest.approx(20 * 72 / fit)
    assert found.base_rate_usd_per_mwh == pytest.approx(
        (432_000 * 70 + 436_800 * 80 + 441_600 * 72) / 1_310_400
    )
    assert found.base_rate_low_usd_per_mwh == pytest.approx(70.0)
    assert found.base_rate_high_usd_per_mwh == pytest.approx(80.0)
    assert [q.is_efficiency_carried for q in found.quarters] == [False, True, True]


def test_the_first_quarter_needs_an_efficiency_and_a_prediction_two_quarters():
    with pytest.raises(ValueError, match="fleet efficiency"):
        quarter_costs([facts("2025-Q1", 1.0)], flat_months())
    one = quarter_costs([facts("2025-Q1", 1.0, 20.0)], flat_months())
    with pytest.raises(ValueError, match="two quarters"):
        predict_cost_to_mine(one)


@pytest.fixture(scope="module")
def report():
    return run_backtest()


def test_two_quarters_predict_the_third_within_seven_percent(report):
    cost = report.cost_to_mine
    assert cost.published_usd_per_btc == 81_072.0
    assert abs(cost.residual_frac) < 0.07
    # The residual is shown, not tuned away: +5.8 %.
    assert cost.predicted_usd_per_btc == pytest.approx(85_760, abs=1.0)
    assert cost.residual_frac == pytest.approx(0.0578, abs=1e-4)


def test_the_base_case_rate_uses_all_three_quarters(report):
    cost = report.cost_to_mine
    rates = [quarter.rate_usd_per_mwh for quarter in cost.quarters]
    assert rates == pytest.approx([77.80, 83.12, 76.07], abs=0.005)
    assert cost.base_rate_usd_per_mwh == pytest.approx(78.60, abs=0.005)
    assert cost.base_rate_usd_per_mwh == partner_hosting_rate_usd_per_mwh(cost.quarters)


def test_filled_months_of_a_quarter_are_named(report):
    named = [quarter.filled_months for quarter in report.cost_to_mine.quarters]
    assert named == [("2025-01",), ("2025-05", "2025-06"), ()]


def test_the_months_add_up_to_the_published_quarters():
    btc = {row.month: row.btc_produced for row in load_production()}
    for quarter in load_quarters():
        total = sum(btc[month] for month in months_of_quarter(quarter.quarter))
        assert total == pytest.approx(quarter.btc_produced, abs=0.05)


def test_published_costs_agree_with_depreciation():
    # (99,383 - 81,072) x 1,930.8 = 35.4 M USD.
    third = load_quarters()[-1]
    extra = third.all_in_cost_usd_per_btc - third.cash_cost_usd_per_btc
    assert extra * third.btc_produced == pytest.approx(third.depreciation_usd, rel=2e-3)


def test_the_remaining_fleet_life_is_book_value_over_depreciation(report):
    # 365.7 / 35.4 = 10.33 quarters = 2.58 years.
    assert report.fleet_life.remaining_quarters == pytest.approx(10.3305, abs=1e-4)
    assert report.fleet_life.remaining_years == pytest.approx(2.5826, abs=1e-4)


def test_fleet_life_needs_both_figures():
    with pytest.raises(ValueError, match="no book value"):
        fleet_life(facts("2025-Q1", 1.0))


def test_without_prices_the_revenue_row_is_an_identity(report):
    check = report.revenue_check
    assert check.kind == "identity, not a check"
    assert check.residual_frac is None
    assert check.predicted_usd is None
    # 220.9 M / 1,930.8.
    assert check.realised_usd_per_btc == pytest.approx(114_408.5, abs=0.1)


def test_with_prices_revenue_is_monthly_output_at_the_mean_price():
    # 100 BTC a month at 100, 110 and 120 thousand: 33 M USD against 30 M published.
    quarter = QuarterFacts("2025-Q1", 300.0, 1.0, 20.0, mining_revenue_usd=30e6)
    price = {"2025-01": 100e3, "2025-02": 110e3, "2025-03": 120e3}
    check = check_revenue(quarter, flat_months(), avg_price_usd=price)
    assert check.kind == "check"
    assert check.predicted_usd == pytest.approx(33e6)
    assert check.residual_frac == pytest.approx(0.1)


def test_a_month_without_reported_output_cannot_be_checked():
    quarter = QuarterFacts("2025-Q1", 300.0, 1.0, 20.0, mining_revenue_usd=30e6)
    months = backtest_production(
        [ProductionMonth("2025-01", 10.0, None)], NETWORK, pool_fee_frac=0.0
    )
    with pytest.raises(ValueError, match="no reported output"):
        check_revenue(quarter, months, avg_price_usd=dict.fromkeys(MONTHS, 1.0))
    with pytest.raises(ValueError, match="no mining revenue"):
        check_revenue(facts("2025-Q1", 1.0), months, avg_price_usd=None)


def test_mean_prices_leave_out_months_that_are_not_whole():
    first = date(2025, 1, 31)
    days = tuple(first + timedelta(days=k) for k in range(30))
    prices = DailyPrices(days, np.arange(30, dtype=np.float64))
    # February is days 1 to 28 of the series: mean 14.5.
    assert mean_price_by_month(prices) == {"2025-02": 14.5}


@pytest.mark.history
def test_third_quarter_revenue_agrees_with_the_market_price():
    history = Path(os.environ["WATTPLAN_HISTORY"])
    check = run_backtest(history=history).revenue_check
    assert check.kind == "check"
    assert abs(check.residual_frac) < 0.005
