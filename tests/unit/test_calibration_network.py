# SPDX-License-Identifier: Apache-2.0
"""Estimators of network and fees: by hand, and on series with known parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_histories import monthly

from models.calibration_network import adapted_log_reward, fit_fees, fit_network

ASSUMED = {"elasticity": 0.6, "trend_per_year": 0.12, "growth_half_life_months": 6.0}


def responding(n, rng, *, short, months, noise, growth=0.02, elasticity=0.6):
    """Months of a network that answers a wandering reward."""
    price = 50_000.0 * np.exp(np.cumsum(0.15 * rng.standard_normal(n)))
    log_reward = np.log(price * 3.125 * 1.02)
    change = np.concatenate([[0.0], np.diff(log_reward)])[:-1]
    slow = (elasticity - short) * np.diff(adapted_log_reward(log_reward, months))
    step = growth + short * change + slow + noise * rng.standard_normal(n - 1)
    eh_s = 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(step)]))
    return monthly(n, mean_price_usd=price, network_eh_s=eh_s)


def test_adapting_closes_half_of_a_gap_in_a_half_life():
    # A reward that jumps by 1 after month 0: nothing the same month, then half-lives of
    # two months: 1 - 0.5^(k / 2) of it is in after k months.
    log_reward = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    found = adapted_log_reward(log_reward, 2.0)
    k = np.arange(5)
    np.testing.assert_allclose(found, [0.0, *(1 - 0.5 ** (k / 2))])


def test_a_network_that_grows_evenly_has_that_pace_and_no_noise():
    # 2 % a month on the log at a constant reward: exp(0.24) - 1 a year. What surprises
    # is the fading towards ln(1.12) / 12 a month, 1 - 0.5^(1/6) of the distance.
    eh_s = 100.0 * np.exp(0.02 * np.arange(60))
    fit = fit_network(monthly(60, network_eh_s=eh_s), **ASSUMED)
    assert fit.growth_per_year == pytest.approx(math.expm1(0.24))
    assert fit.short_elasticity == 0.0
    fading = (1 - 0.5 ** (1 / 6)) * (0.02 - math.log(1.12) / 12)
    assert fit.volatility_per_year == pytest.approx(12**0.5 * fading)
    np.testing.assert_allclose(fit.surprises, fading)
    expected = math.log(50_000 * 3.125 * 1.02)
    assert fit.adapted_log_reward == pytest.approx(expected)


@pytest.mark.parametrize(("seed", "months"), [(1, 6.0), (2, 6.0), (3, 24.0)])
def test_known_responses_are_found_again(seed, months):
    rng = np.random.default_rng(seed)
    history = responding(400, rng, short=0.12, months=months, noise=0.01)
    fit = fit_network(history, **ASSUMED)
    # The slow response adds its first month, 0.48 (1 - 0.5^(1/months)) of a change.
    assert fit.short_elasticity == pytest.approx(0.12, abs=0.06)
    assert fit.half_life_months == pytest.approx(months, rel=0.51)
    # What the slow response is misjudged by stands in the pace: up to 0.6 % a month.
    assert math.log1p(fit.growth_per_year) / 12 == pytest.approx(0.02, abs=0.006)


@pytest.mark.parametrize("seed", [1, 2])
def test_known_noise_is_found_again(seed):
    rng = np.random.default_rng(seed)
    found = [
        fit_network(responding(150, rng, short=0.1, months=12.0, noise=0.04), **ASSUMED)
        for _ in range(30)
    ]
    mean = np.mean([fit.volatility_per_year for fit in found])
    # The pace is a mean of about 35 months: its error adds some 3 % to the noise.
    assert mean == pytest.approx(12**0.5 * 0.04, rel=0.08)


def test_one_upheaval_does_not_set_the_noise():
    rng = np.random.default_rng(4)
    calm = responding(120, rng, short=0.1, months=12.0, noise=0.03)
    eh_s = calm.network_eh_s.copy()
    eh_s[100:] *= 0.6
    shaken = monthly(120, mean_price_usd=calm.mean_price_usd, network_eh_s=eh_s)
    before = fit_network(calm, **ASSUMED).volatility_per_year
    after = fit_network(shaken, **ASSUMED).volatility_per_year
    assert before < after < 1.6 * before


def test_the_response_within_a_month_stays_within_the_final_one():
    rng = np.random.default_rng(5)
    history = responding(200, rng, short=0.6, months=6.0, noise=0.005)
    fit = fit_network(history, elasticity=0.2, trend_per_year=0.0,
                      growth_half_life_months=6.0)  # fmt: skip
    assert fit.short_elasticity == 0.2
    # A network that falls as the reward rises does not respond at all.
    falls = monthly(
        200,
        mean_price_usd=history.mean_price_usd,
        network_eh_s=1e5 / history.network_eh_s,
    )
    assert fit_network(falls, **ASSUMED).short_elasticity == 0.0


def test_fees_that_stay_have_no_volatility():
    fit = fit_fees(monthly(60))
    assert fit.share_frac == pytest.approx(0.02)
    assert fit.opening_share_frac == 0.02
    assert fit.volatility_per_year == pytest.approx(0.0, abs=1e-12)


def test_known_fees_are_found_again():
    rng = np.random.default_rng(6)
    log_share = np.empty(2000)
    log_share[0] = 0.0
    for k in range(1, 2000):
        log_share[k] = 0.8 * log_share[k - 1] + 0.4 * rng.standard_normal()
    share = 0.02 * np.exp(log_share)
    fit = fit_fees(monthly(2000, fee_share_frac=share), half_life_months=1e6)
    # Standard error of the mean: 0.4 / 0.2 / sqrt(2000) = 0.045.
    assert math.log(fit.share_frac / 0.02) == pytest.approx(0.0, abs=0.15)
    assert fit.volatility_per_year == pytest.approx(12**0.5 * 0.4, rel=0.05)
    assert 0.5 ** (1 / fit.half_life_months) == pytest.approx(0.8, abs=0.05)
    assert fit.opening_share_frac == share[-1]
