# SPDX-License-Identifier: Apache-2.0
"""Hand-worked NPV, MIRR, rates, annuities and payback."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models import finance

RTOL = 1e-12


def test_npv_discounts_from_index_one() -> None:
    # -1000 + 500/1.1 + 500/1.21 + 500/1.331
    #  = -1000 + 454.545454... + 413.223140... + 375.657400... = 243.425995...
    value = finance.npv(0.1, [-1000.0, 500.0, 500.0, 500.0])
    assert value == pytest.approx(324_000 / 1331, rel=RTOL)


def test_zero_rate_npv_is_plain_sum() -> None:
    assert finance.npv(0.0, [-3.0, 1.0, 1.0, 0.5]) == -0.5


def test_npv_of_a_negative_rate_grows_later_flows() -> None:
    # 1 / (1 - 0.5)^2 = 4
    assert finance.npv(-0.5, [0.0, 0.0, 1.0]) == 4.0


def test_npv_of_nothing_is_zero() -> None:
    assert finance.npv(0.1, []) == 0.0


def test_npv_beyond_floating_point_is_infinite_without_warning() -> None:
    assert finance.npv(-0.9999, np.ones(2000)) == math.inf
    assert finance.npv(1e6, np.ones(2000)) == pytest.approx(1.000001, rel=1e-11)


@pytest.mark.parametrize("rate", [-1.0, -2.0, math.nan, math.inf])
def test_npv_refuses_a_rate_without_meaning(rate: float) -> None:
    with pytest.raises(ValueError, match="rate_per_period"):
        finance.npv(rate, [1.0])


@pytest.mark.parametrize("call", [finance.irr, lambda c: finance.npv(0.1, c)])
def test_flows_that_are_not_finite_are_named(call) -> None:
    with pytest.raises(ValueError, match=r"cash_flow_usd\[1\] = nan"):
        call([-1.0, math.nan, 2.0])
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        call([[-1.0, 2.0]])


def test_mirr_of_the_common_spreadsheet_example() -> None:
    # Outflow 120,000 at index 0. Inflows at 12 per cent to index 5:
    # 39000*1.12^4 + 30000*1.12^3 + 21000*1.12^2 + 37000*1.12 + 46000
    #  = 61367.2550 + 42147.84 + 26342.4 + 41440 + 46000 = 217297.495...
    # (217297.495 / 120000)^(1/5) - 1 = 12.609413 per cent
    flows = [-120_000.0, 39_000.0, 30_000.0, 21_000.0, 37_000.0, 46_000.0]
    future = sum(c * 1.12 ** (5 - k) for k, c in enumerate(flows) if c > 0)
    value = finance.mirr(flows, 0.10, 0.12)
    assert value == pytest.approx((future / 120_000.0) ** 0.2 - 1.0, rel=RTOL)
    assert value == pytest.approx(0.12609413, abs=5e-9)


def test_mirr_discounts_later_outflows_at_the_finance_rate() -> None:
    # Outflows 100 + 110/1.1 = 200; inflow 242 at the last index: (242/200)^(1/2) - 1.
    assert finance.mirr([-100.0, -110.0, 242.0], 0.1, 0.5) == pytest.approx(0.1)


def test_mirr_at_its_own_irr_is_the_irr() -> None:
    flows = [-1000.0, 300.0, 420.0, 680.0]
    rate = finance.irr(flows).rate
    assert finance.mirr(flows, rate, rate) == pytest.approx(rate, rel=1e-12)


def test_mirr_survives_flows_whose_future_value_overflows() -> None:
    flows = np.r_[-1.0, np.ones(5000)]
    assert finance.mirr(flows, 0.5, 0.5) == pytest.approx(
        # FV = (1.5^5000 - 1)/0.5, so the rate is 1.5 * 2^(1/5000) - 1.
        1.5 * 2.0 ** (1 / 5000) - 1.0,
        rel=1e-12,
    )


def test_mirr_needs_money_both_ways() -> None:
    assert math.isnan(finance.mirr([1.0, 2.0], 0.1, 0.1))
    assert math.isnan(finance.mirr([-1.0, -2.0], 0.1, 0.1))
    with pytest.raises(ValueError, match="at least 2"):
        finance.mirr([1.0], 0.1, 0.1)
    with pytest.raises(ValueError, match="reinvest_rate"):
        finance.mirr([-1.0, 2.0], 0.1, -1.0)


def test_rates_convert_there_and_back() -> None:
    assert finance.annual_rate(0.01) == pytest.approx(1.01**12 - 1.0, rel=RTOL)
    assert finance.monthly_rate(1.01**12 - 1.0) == pytest.approx(0.01, rel=1e-12)
    assert finance.annual_rate(-1.0) == -1.0
    rates = finance.annual_rate(np.array([0.0, math.nan, 1e-18]))
    assert rates[0] == 0.0
    assert math.isnan(rates[1])
    assert rates[2] == pytest.approx(1.2e-17, rel=RTOL)
    with pytest.raises(ValueError, match=r"rate_per_year = -1\.5"):
        finance.monthly_rate(-1.5)


def test_discount_factors_start_undiscounted_and_compound_by_the_year() -> None:
    factors = finance.discount_factors(0.21, 24)
    assert factors.shape == (25,)
    assert factors[0] == 1.0
    assert factors[6] == pytest.approx(1.0 / 1.1, rel=RTOL)  # sqrt(1.21) = 1.1
    assert factors[24] == pytest.approx(1.21**-2, rel=RTOL)
    assert finance.discount_factors(0.1, 0).tolist() == [1.0]


@pytest.mark.parametrize(("rate", "months"), [(-1.0, 3), (math.nan, 3), (0.1, -1)])
def test_discount_factors_refuse_nonsense(rate: float, months: int) -> None:
    with pytest.raises(ValueError, match="must be"):
        finance.discount_factors(rate, months)


def test_annuity_repays_a_loan() -> None:
    # 1000 at 1 per cent a month over 12 months: the textbook 88.85 a month.
    payment = finance.annuity(1000.0, rate_per_period=0.01, n_periods=12)
    assert payment == pytest.approx(88.848788678, abs=1e-8)
    balance = 1000.0
    for _ in range(12):
        balance = balance * 1.01 - payment
    assert balance == pytest.approx(0.0, abs=1e-9)


def test_annuity_special_cases() -> None:
    assert finance.annuity(1200.0, rate_per_period=0.0, n_periods=12) == 100.0
    assert finance.annuity(1000.0, rate_per_period=0.05, n_periods=math.inf) == 50.0
    assert finance.annuity_factor(1e-15, 12) == pytest.approx(12.0, rel=1e-12)
    assert finance.annuity_factor(0.0, math.inf) == math.inf
    assert finance.annuity_factor(0.1, 2) == pytest.approx(1 / 1.1 + 1 / 1.21)
    with pytest.raises(ValueError, match="n_periods"):
        finance.annuity_factor(0.1, 0)
    with pytest.raises(ValueError, match="principal_usd"):
        finance.annuity(math.nan, rate_per_period=0.1, n_periods=3)


def test_annuity_factor_is_the_npv_of_ones() -> None:
    flows = np.r_[0.0, np.ones(60)]
    assert finance.annuity_factor(0.013, 60) == pytest.approx(finance.npv(0.013, flows))


def test_payback_is_the_first_month_back_at_zero() -> None:
    # Cumulative: -100, -40, 20 -> month 2; the last 60 covers the missing 40 after
    # two thirds of month 2, that is 1 + 40/60.
    flows = [-100.0, 60.0, 60.0]
    assert finance.payback_months(flows) == 2.0
    assert finance.payback_months(flows, is_interpolated=True) == pytest.approx(5 / 3)


def test_payback_special_cases() -> None:
    assert finance.payback_months([10.0, 5.0]) == 0.0
    assert math.isnan(finance.payback_months([-10.0, 5.0]))
    # Money goes in late: cumulative 5, -5, 0.
    assert finance.payback_months([5.0, -10.0, 5.0]) == 2.0
    # A later fall below zero does not undo the first payback.
    assert finance.payback_months([-1.0, 1.0, -5.0, 5.0]) == 1.0
    # -0.3 + 0.1 + 0.1 + 0.1 is -2.8e-17 in floating point.
    assert finance.payback_months([-0.3, 0.1, 0.1, 0.1]) == 3.0


def test_payback_works_on_the_last_axis() -> None:
    months = finance.payback_months([[-2.0, 1.0, 1.0], [-2.0, 1.0, 0.5]])
    assert months[0] == 2.0
    assert math.isnan(months[1])
    with pytest.raises(ValueError, match="n_flows"):
        finance.payback_months(np.zeros((3, 0)))
    with pytest.raises(ValueError, match="not finite"):
        finance.payback_months([1.0, math.inf])
