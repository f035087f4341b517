# SPDX-License-Identifier: Apache-2.0
"""The lowest price inside a month and the dip while a margin call is cured."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tiny_studies import market, tiny_study

from gpu.sampling.philox import words
from gpu.sampling.scenarios import draw_shocks, sampled_paths
from models.market import base_paths, simulate
from models.market_parameters import Market
from models.within_month import cure_dip_frac, lowest_frac

STILL = {name: 0.0 for name in Market.model_fields if "volatility" in name}


def low_of(prices, s, e, opening=100.0):
    """Lowest price shares of one scenario."""
    price = np.array([prices], dtype=float)
    return lowest_frac(
        opening, price, np.full(price.shape, float(s)), np.full(price.shape, float(e))
    )[0]


def test_the_low_of_a_flat_month_is_worked_by_hand():
    # a = b: the root is sqrt(2 s^2 e) / 2 = 0.2 sqrt(2 x 0.5) / 2 = 0.1 under both.
    assert low_of([100.0], 0.2, 0.5)[0] == pytest.approx(math.exp(-0.1), rel=1e-12)


def test_the_low_of_a_falling_month_is_worked_by_hand():
    # From ln 100 to ln 100 - 0.3, s = 0.2, e = 2: (a - b)^2 = 0.09, 2 s^2 e = 0.16;
    # the low lies (-0.3 + sqrt(0.25)) / 2 = 0.1 under the month's price.
    found = low_of([100.0 * math.exp(-0.3)], 0.2, 2.0)[0]
    assert found == pytest.approx(math.exp(-0.1), rel=1e-12)


def test_the_low_of_a_rising_month_lies_under_the_month_before():
    # From ln 100 to ln 100 + 0.3: (0.3 + 0.5) / 2 = 0.4 under the month's price, 0.1
    # under the one before.
    found = low_of([100.0, 100.0 * math.exp(0.3)], 0.2, 2.0)
    assert found[1] == pytest.approx(math.exp(-0.4), rel=1e-12)


def test_without_a_draw_or_volatility_a_month_is_its_price_alone():
    rising = [110.0, 130.0, 90.0]
    np.testing.assert_array_equal(low_of(rising, 0.2, 0.0), np.ones(3))
    np.testing.assert_array_equal(low_of(rising, 0.0, 1.7), np.ones(3))
    days = np.array([31.0])
    still = cure_dip_frac(
        np.zeros((1, 1)), np.full((1, 1), 2.0), cure_days=2.0, month_days=days
    )
    assert still[0, 0] == 1.0


def test_a_dip_is_worked_by_hand():
    # 2 of 32 days: sqrt(1/16) = 1/4; |z| = 2, s = 0.2: exp(-2 x 0.2 / 4).
    found = cure_dip_frac(
        np.full((1, 1), 0.2),
        np.full((1, 1), -2.0),
        cure_days=2.0,
        month_days=np.array([32.0]),
    )
    assert found[0, 0] == pytest.approx(math.exp(-0.1), rel=1e-12)


def fine_paths(rng, n, steps, s):
    """Driftless Brownian paths over a month, (n, steps), start 0 left out."""
    return np.cumsum(rng.normal(0.0, s / steps**0.5, (n, steps)), axis=1)


def test_lows_follow_the_law_of_fine_brownian_paths(rng):
    n, steps, s = 10_000, 1000, 0.2
    paths = fine_paths(rng, n, steps, s)
    # Seen only at steps, a path looks 0.5826 s / sqrt(steps) higher than it is
    # (Broadie, Glasserman, Kou, "A continuity correction for discrete barrier
    # options", Mathematical Finance 7(4), 1997).
    low = np.minimum(paths.min(axis=1), 0.0) - 0.5826 * s / steps**0.5
    end = paths[:, -1]
    drawn = np.log(
        lowest_frac(
            1.0, np.exp(end)[:, None], np.full((n, 1), s), rng.exponential(size=(n, 1))
        )[:, 0]
    )
    drawn = drawn + end
    for up in (True, False):
        # Also given how the month ends: the bridge knows both ends.
        some = (end > 0.0) == up
        for level in (-0.05, -0.15, -0.3):
            seen, said = (low[some] < level).mean(), (drawn[some] < level).mean()
            assert said == pytest.approx(seen, abs=4 * math.sqrt(0.5 / some.sum()))
    # P(low < -m) = 2 P(N(0, s^2) < -m) over the whole month.
    assert (drawn < -0.2).mean() == pytest.approx(2 * 0.158655, abs=0.015)


def test_dips_follow_the_law_of_fine_brownian_paths(rng):
    n, steps, s = 10_000, 1000, 0.3
    low = fine_paths(rng, n, steps, s / 15**0.5).min(axis=1)
    dip = cure_dip_frac(
        np.full((n, 1), s),
        rng.standard_normal((n, 1)),
        cure_days=2.0,
        month_days=np.array([30.0]),
    )
    for level in (-0.02, -0.08, -0.15):
        seen, said = (low < level).mean(), (np.log(dip) < level).mean()
        assert said == pytest.approx(seen, abs=0.025)


def test_draws_are_the_documented_words_and_of_the_right_law():
    study = tiny_study()
    ids = np.arange(4000)
    draws = draw_shocks(study, 7, ids).within_month
    assert draws.shape == (4000, 2, 24)
    u, v, w = ((word + 0.5) / 2**32 for word in words(7, ids[:, None], 5, 8)[:3])
    np.testing.assert_allclose(draws[:, 0, 5], -np.log(u)[:, 0], rtol=1e-12)
    dip = np.sqrt(-2.0 * np.log(v)) * np.cos(2.0 * math.pi * w)
    np.testing.assert_allclose(draws[:, 1, 5], dip[:, 0], rtol=1e-12)
    low, dips = draws[:, 0].ravel(), draws[:, 1].ravel()
    n = low.size
    assert low.min() > 0.0
    assert low.mean() == pytest.approx(1.0, abs=4 / math.sqrt(n))
    assert low.var() == pytest.approx(1.0, abs=4 * math.sqrt(8 / n))
    assert dips.mean() == pytest.approx(0.0, abs=4 / math.sqrt(n))
    assert dips.var() == pytest.approx(1.0, abs=4 * math.sqrt(2 / n))
    assert abs(np.corrcoef(low, dips)[0, 1]) < 4 / math.sqrt(n)
    monthly = draw_shocks(study, 7, ids).monthly
    for factor in range(monthly.shape[1]):
        for series in (low, dips):
            between = np.corrcoef(series, monthly[:, factor].ravel())[0, 1]
            assert abs(between) < 5 / math.sqrt(n)


def test_the_base_path_and_a_still_market_have_no_lows():
    study = tiny_study(market=market(btc_log_drift_per_year=0.2))
    base = base_paths(study)
    np.testing.assert_array_equal(base.btc_low_frac, np.ones((1, 24)))
    np.testing.assert_array_equal(base.btc_dip_frac, np.ones((1, 24)))
    quiet = tiny_study(market=market(**STILL, btc_log_drift_per_year=0.2))
    paths = sampled_paths(quiet, 1, np.arange(20))
    np.testing.assert_array_equal(paths.btc_low_frac, np.ones((20, 24)))
    np.testing.assert_array_equal(paths.btc_dip_frac, np.ones((20, 24)))


def test_lows_lie_under_both_ends_and_leave_the_prices_alone():
    study = tiny_study()
    draws = draw_shocks(study, 3, np.arange(500))
    paths = simulate(study, draws)
    low = paths.btc_price_usd * paths.btc_low_frac
    before = np.full_like(low, study.market.btc_price_usd)
    before[:, 1:] = paths.btc_price_usd[:, :-1]
    ends = np.minimum(before, paths.btc_price_usd)
    assert (low < ends).all()
    # The tiny company has no cure time: the lender never waits.
    np.testing.assert_array_equal(paths.btc_dip_frac, np.ones_like(low))
    loan = study.company.loan.model_copy(update={"cure_days": 2.0})
    company = study.company.model_copy(update={"loan": loan})
    cured = simulate(study.model_copy(update={"company": company}), draws)
    assert ((cured.btc_dip_frac > 0.5) & (cured.btc_dip_frac < 1.0)).all()
    flat = replace(draws, within_month=np.zeros_like(draws.within_month))
    np.testing.assert_array_equal(
        simulate(study, flat).btc_price_usd, paths.btc_price_usd
    )
