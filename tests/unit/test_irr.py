# SPDX-License-Identifier: Apache-2.0
"""IRR and XIRR: textbook cases, several roots, double roots, extremes."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from models import finance
from models.finance import IRR_STATUS, IrrResult, IrrStatus, irr, irr_rows, xirr

RTOL = 1e-12


def planted(*rates: float) -> np.ndarray:
    """Flows whose NPV is zero at these rates: the product of (1 - (1 + r) x)."""
    flows = np.ones(1)
    for rate in rates:
        flows = np.convolve(flows, [1.0, -(1.0 + rate)])
    return flows


def relative_npv(rate: float, flows: np.ndarray) -> float:
    """NPV over the sum of its absolute terms, in logarithms so that none overflows."""
    present = np.flatnonzero(flows)
    power = np.log(np.abs(flows[present])) - present * math.log1p(rate)
    term = np.sign(flows[present]) * np.exp(power - power.max())
    return abs(math.fsum(term)) / math.fsum(np.abs(term))


def test_one_period_irr_is_the_gain() -> None:
    result = irr([-100.0, 110.0])
    assert result.rate == pytest.approx(0.1, rel=RTOL)
    assert (result.n_roots, result.status) == (1, "ok")


def test_golden_ratio_flows() -> None:
    # -1 + x + x^2 = 0 at x = (sqrt 5 - 1)/2, so 1 + r = (1 + sqrt 5)/2.
    assert irr([-1.0, 1.0, 1.0]).rate == pytest.approx((math.sqrt(5) - 1) / 2, rel=RTOL)


def test_common_spreadsheet_example() -> None:
    # -70,000 then five rising inflows: 8.66 per cent after five years.
    flows = [-70_000.0, 12_000.0, 15_000.0, 18_000.0, 21_000.0, 26_000.0]
    result = irr(flows)
    assert result.rate == pytest.approx(0.0866309, abs=5e-8)
    assert abs(finance.npv(result.rate, flows)) < 1e-9


def test_level_loan_returns_its_own_rate() -> None:
    payment = finance.annuity(1e6, rate_per_period=0.0125, n_periods=600)
    result = irr(np.r_[-1e6, np.full(600, payment)])
    assert result.rate == pytest.approx(0.0125, rel=RTOL)


def test_loss_gives_a_negative_rate() -> None:
    assert irr([-100.0, 0.0, 25.0]) == IrrResult(-0.5, 1, "ok")


def test_pump_problem_has_two_roots_and_the_sum_picks_one() -> None:
    # -1600 + 10000 x - 10000 x^2 = 0: x = 0.8 or 0.2, r = 25 or 400 per cent. The sum
    # is -1600: no root is negative, so the one nearest zero.
    result = irr([-1600.0, 10_000.0, -10_000.0])
    assert result.rate == pytest.approx(0.25, rel=1e-11)
    assert (result.n_roots, result.status) == (2, "several")


@pytest.mark.parametrize(
    ("rates", "sign", "expected"),
    [
        # Sum = sign * product of -r.
        ((0.2, -0.1), -1.0, 0.2),  # sum = +0.02: the positive root
        ((0.2, -0.1), 1.0, -0.1),  # sum = -0.02: the negative root, though farther
        ((0.05, -0.6), -1.0, 0.05),
        ((0.05, -0.6), 1.0, -0.6),  # 0.05 is nearer but has the wrong sign
        ((0.3, 0.1), 1.0, 0.1),  # sum = 0.03: nearest of two
        ((0.3, 0.1), -1.0, 0.1),  # sum = -0.03: none is negative, nearest zero
        ((-0.3, -0.1), 1.0, -0.1),  # sum = 0.03: none is positive
        ((0.0, 0.5), 1.0, 0.0),  # sum = 0: nearest zero is zero
        ((-0.25, 0.5, 2.0), -1.0, -0.25),  # sum = -(0.25*-0.5*-2) < 0
        ((-0.25, 0.5, 2.0), 1.0, 0.5),
    ],
)
def test_rule_for_several_roots(
    rates: tuple[float, ...], sign: float, expected: float
) -> None:
    result = irr(sign * planted(*rates))
    assert result.rate == pytest.approx(expected, rel=1e-11, abs=1e-15)
    assert (result.n_roots, result.status) == (len(rates), "several")


def test_zero_sum_gives_exactly_zero() -> None:
    assert irr([-0.3, 0.1, 0.2]).rate == pytest.approx(0.0, abs=1e-15)
    assert irr([-3.0, 1.0, 2.0]) == IrrResult(0.0, 1, "ok")


@pytest.mark.parametrize("flows", [[1.0, -1.0, 1.0], [-5.0, 8.0, -4.0, 0.0]])
def test_flows_without_a_root_say_so(flows: list[float]) -> None:
    # Discriminants 1 - 4 < 0 and 64 - 80 < 0.
    result = irr(flows)
    assert math.isnan(result.rate)
    assert (result.n_roots, result.status) == (0, "none")


@pytest.mark.parametrize("flows", [[5.0], [-5.0], [0.0, 3.0, 0.0], [1.0, 2.0, 3.0]])
def test_flows_of_one_sign_have_no_root(flows: list[float]) -> None:
    assert irr(flows).status == "none"
    assert math.isnan(irr(flows).rate)


@pytest.mark.parametrize("flows", [[0.0], [0.0, 0.0, -0.0]])
def test_zero_flows_are_all_zero(flows: list[float]) -> None:
    result = irr(flows)
    assert math.isnan(result.rate)
    assert (result.n_roots, result.status) == (0, "all_zero")


@pytest.mark.parametrize(
    ("flows", "rate"),
    [
        ([-100.0, 220.0, -121.0], 0.1),  # -(10 - 11 x)^2
        ([1.0, -2.0, 1.0], 0.0),
        ([-1.0, 2.2, -1.21], 0.1),  # double as written in decimals
        ([100.0, -100.0, 25.0], -0.5),  # (10 - 5 x)^2
        ([-1.0, 0.0, 4.0, 0.0, -4.0], math.sqrt(2.0) - 1.0),  # -(1 - 2 x^2)^2
        ([1.0, -4.0, 6.0, -4.0, 1.0], 0.0),  # fourfold: even
        # -(1 - x - x^2)^2: irrational, needs the common divisor
        ([-1.0, 2.0, 1.0, -2.0, -1.0], (math.sqrt(5) - 1) / 2),
    ],
)
def test_double_root_is_proven(flows: list[float], rate: float) -> None:
    result = irr(flows)
    assert (result.n_roots, result.status) == (1, "double")
    assert result.rate == pytest.approx(rate, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("factor", [1e-12, 0.1, 1 / 3, 7.7e5, 1e12])
def test_double_root_survives_scaling(factor: float) -> None:
    result = irr(factor * np.array([-100.0, 220.0, -121.0]))
    assert (result.n_roots, result.status) == (1, "double")
    assert result.rate == pytest.approx(0.1, rel=1e-12)


def test_triple_root_is_one_crossing() -> None:
    # -(10 - 11 x)^3: NPV changes sign, so the rate is as good as any.
    result = irr([-1000.0, 3300.0, -3630.0, 1331.0])
    assert (result.n_roots, result.status) == (1, "ok")
    assert result.rate == pytest.approx(0.1, rel=1e-12)


def test_double_root_beside_a_simple_one_counts_once() -> None:
    # (10 - 11 x)^2 (1 - 2 x): r = 0.1 twice and 1.
    flows = np.convolve([100.0, -220.0, 121.0], [1.0, -2.0])
    result = irr(flows)
    assert (result.n_roots, result.status) == (2, "several")
    assert result.rate == pytest.approx(1.0 if flows.sum() > 0 else 0.1)


def test_roots_closer_than_rounding_are_uncertain() -> None:
    result = irr(planted(0.1, 0.1 + 1e-9))
    assert result.status == "uncertain"
    assert result.rate == pytest.approx(0.1, abs=1e-7)


def test_roots_a_millionth_apart_are_told_apart() -> None:
    result = irr(planted(0.1, 0.1 + 1e-6))
    assert (result.n_roots, result.status) == (2, "several")


def test_near_miss_of_a_double_root_has_none() -> None:
    assert irr([-1.0, 2.2, -1.21 * (1 + 1e-12)]).status == "none"


def test_fiftyfold_root_is_not_lost_in_its_noise() -> None:
    # (1 - x)^50, whole coefficients up to 1.3e14: rounding hides all of 0.3 < x < 3.
    flows = [(-1.0) ** k * math.comb(50, k) for k in range(51)]
    assert irr(flows) == IrrResult(0.0, 1, "double")


@pytest.mark.parametrize("rate", [-1 + 1e-9, -0.999, 999.0, 12_345.6, 1e9])
def test_extreme_rates(rate: float) -> None:
    result = irr([-1.0, 0.0, 0.0, (1.0 + rate) ** 3])
    assert (result.n_roots, result.status) == (1, "ok")
    assert 1.0 + result.rate == pytest.approx(1.0 + rate, rel=1e-9)


def test_rate_beyond_rounding_stays_above_minus_one() -> None:
    result = irr([-1e12, 1e-12])
    assert -1.0 < result.rate < -1.0 + 1e-15
    assert result.status == "ok"


@pytest.mark.parametrize(("n_flows", "n_roots"), [(600, 1), (601, 0), (2, 1), (3, 0)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_alternating_flows_have_the_known_count(
    n_flows: int, n_roots: int, sign: float
) -> None:
    # sum of (-x)^k = (1 - (-x)^n) / (1 + x): for even n its only positive root is
    # x = 1, where the derivative of x^n is not 0; for odd n there is none.
    result = irr(sign * (-1.0) ** np.arange(n_flows))
    assert (result.n_roots, result.status) == (n_roots, "ok" if n_roots else "none")
    if n_roots:
        assert result.rate == 0.0


def test_alternating_flows_that_grow() -> None:
    # Flow k is (-1)^k 1.01^k: the root moves to x = 1/1.01, r = 0.01.
    flows = (-1.01) ** np.arange(600)
    assert irr(flows).rate == pytest.approx(0.01, rel=1e-11)


def test_five_thousand_daily_flows() -> None:
    flows = np.r_[-1000.0, np.full(4999, 0.5)]
    result = irr(flows)
    assert (result.n_roots, result.status) == (1, "ok")
    assert relative_npv(result.rate, flows) < 1e-13


def test_five_thousand_noisy_flows(rng: np.random.Generator) -> None:
    flows = np.r_[-1000.0, rng.normal(0.5, 2.0, 4999)]
    result = irr(flows)
    assert result.status in ("ok", "several")
    assert relative_npv(result.rate, flows) < 1e-12


@pytest.mark.parametrize("factor", [1e-12, 1e-6, 1.0, 1e6, 1e12])
def test_scale_of_the_flows_does_not_matter(factor: float) -> None:
    flows = np.array([-100.0, 30.0, 40.0, 50.0, -5.0])
    result = irr(factor * flows)
    assert result.rate == pytest.approx(irr(flows).rate, rel=1e-12)
    assert (result.n_roots, result.status) == (2, "several")


def test_leading_and_trailing_zeros_change_nothing() -> None:
    flows = [-100.0, 60.0, 60.0]
    padded = [0.0] * 500 + flows + [0.0] * 700
    assert irr(padded) == irr(flows)


def test_flows_too_far_apart_for_one_scale_are_uncertain() -> None:
    result = irr([-1e300, 1e-300])
    assert result.status == "uncertain"
    assert math.isnan(result.rate)


def test_flows_near_the_end_of_the_range_are_solved() -> None:
    assert irr([-1e308, 1.5e308]).rate == pytest.approx(0.5, rel=RTOL)
    assert irr([-1e-300, 1.5e-300]).rate == pytest.approx(0.5, rel=RTOL)


@pytest.mark.parametrize("flows", [[], [[1.0, 2.0]], 3.0])
def test_wrong_shapes_are_refused(flows: object) -> None:
    with pytest.raises(ValueError, match="shape"):
        irr(flows)


def test_rows_agree_with_single_calls(rng: np.random.Generator) -> None:
    flows = rng.normal(size=(40, 25))
    flows[3] = 0.0
    flows[4, :10] = 0.0
    rate, n_roots, status = irr_rows(flows)
    for k, row in enumerate(flows):
        single = irr(row)
        assert single.n_roots == n_roots[k]
        assert single.status == IRR_STATUS[status[k]]
        np.testing.assert_allclose(rate[k], single.rate, rtol=1e-12, equal_nan=True)


def test_rows_refuse_what_they_cannot_use() -> None:
    with pytest.raises(ValueError, match=r"\[1, 0\] = inf"):
        irr_rows([[1.0, 2.0], [math.inf, 1.0]])
    with pytest.raises(ValueError, match="n_rows"):
        irr_rows([1.0, 2.0])


def test_status_names_follow_the_codes() -> None:
    assert IRR_STATUS == ("ok", "several", "double", "none", "all_zero", "uncertain")
    assert IRR_STATUS[IrrStatus.ALL_ZERO] == "all_zero"


XIRR_DATES = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
XIRR_FLOWS = [-10_000.0, 2750.0, 4250.0, 3250.0, 2750.0]


def test_xirr_of_the_common_spreadsheet_example() -> None:
    result = xirr(XIRR_DATES, XIRR_FLOWS)
    assert result.rate == pytest.approx(0.37336253, abs=5e-9)
    assert (result.n_roots, result.status) == (1, "ok")


def test_xirr_counts_365_days_to_the_year() -> None:
    dates = [dt.date(2024, 1, 1), dt.date(2025, 1, 1)]  # 366 days
    expected = 1.1 ** (365 / 366) - 1.0
    assert xirr(dates, [-100.0, 110.0]).rate == pytest.approx(expected, rel=RTOL)


def test_xirr_takes_dates_in_any_order_and_adds_those_of_one_day() -> None:
    dates = [dt.datetime(2009, 4, 1, 12, 0)] * 2 + XIRR_DATES[:4]
    days = [np.datetime64(day, "D").astype(dt.date) for day in dates]
    flows = [1000.0, 1750.0, *XIRR_FLOWS[:4]]
    result = xirr(days, flows)
    assert result.rate == pytest.approx(xirr(XIRR_DATES, XIRR_FLOWS).rate, rel=RTOL)


def test_xirr_one_year_apart_equals_irr() -> None:
    start = dt.date(2025, 11, 30)
    dates = [start + dt.timedelta(days=365 * k) for k in range(3)]
    assert xirr(dates, [-100.0, 220.0, -121.0]).status == "double"
    several = xirr(dates, [-1600.0, 10_000.0, -10_000.0])
    assert several.rate == pytest.approx(0.25, rel=1e-11)
    assert several.n_roots == 2


def test_xirr_of_one_day_may_exceed_every_usual_rate() -> None:
    # 2^365 - 1 a year.
    result = xirr(["2025-01-01", "2025-01-02"], [-1.0, 2.0])
    assert result.rate == pytest.approx(2.0**365, rel=1e-10)


def test_xirr_of_five_thousand_days(rng: np.random.Generator) -> None:
    days = np.datetime64("2012-01-01") + np.arange(5000)
    flows = np.r_[-1000.0, rng.normal(0.5, 2.0, 4999)]
    daily = irr(flows)
    result = xirr(days, flows)
    assert (result.n_roots, result.status) == (daily.n_roots, daily.status)
    assert math.log1p(result.rate) == pytest.approx(
        365 * math.log1p(daily.rate), rel=1e-9
    )


def test_xirr_refuses_bad_dates() -> None:
    with pytest.raises(ValueError, match=r"dates has shape \(1,\)"):
        xirr(["2025-01-01"], [-1.0, 2.0])
    with pytest.raises(ValueError, match="calendar dates"):
        xirr(["soon", "later"], [-1.0, 2.0])
    with pytest.raises(ValueError, match=r"dates\[1\] is missing"):
        xirr(["2025-01-01", "NaT"], [-1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        xirr(["2025-01-01", "2025-01-02"], [-1.0, math.nan])
