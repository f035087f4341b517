# SPDX-License-Identifier: Apache-2.0
"""Estimators of volatility: by hand, and on series with known parameters."""

from __future__ import annotations

import numpy as np
import pytest
from made_histories import clustered_prices, monthly

from models.calibration_price import (
    filtered_state,
    fit_volatility,
    log_variance_parts,
    months_over_days,
)
from models.calibration_weights import exponential_weights


def test_a_steady_price_has_the_volatility_of_its_months():
    # Variance 0.01 a month; monthly changes of +-0.1 make the ratio 1: sqrt(0.12).
    change = 0.1 * (-1.0) ** np.arange(60)
    history = monthly(
        60,
        end_price_usd=1000.0 * np.exp(np.cumsum(change)),
        realised_variance=np.full(60, 0.01),
        variance_noise=np.zeros(60),
    )
    fit = fit_volatility(history)
    assert fit.volatility_per_year == pytest.approx(0.12**0.5)
    assert fit.months_over_days == pytest.approx(1.0)
    # Nothing varies: spreads stand at their floor of 0.05 together, opening at level.
    assert fit.spread == pytest.approx(0.05)
    assert fit.tail_spread == pytest.approx(0.0, abs=1e-9)
    assert fit.opening_volatility_per_year == pytest.approx(0.12**0.5, rel=0.002)


def test_autocovariances_are_taken_apart():
    # Deviations 1, 1, -1, -1 over and over, even weights: c_0 = 1; neighbours' products
    # are 1, -1, ... 1, so c_1 = 1 / 199; c_2 = -1. Persistence stands at its floor of
    # one half, and what lasts is (1 / 199) / 0.5.
    deviation = np.tile([1.0, 1.0, -1.0, -1.0], 50)
    spread, tail, keep = log_variance_parts(
        deviation, noise=0.19, weights=np.full(200, 1 / 200)
    )
    assert keep == 0.5
    assert spread**2 == pytest.approx(2 / 199)
    assert spread**2 + tail**2 == pytest.approx(0.81)


def test_the_filter_weighs_news_against_doubt():
    # Prior variance 0.25 (stationary), noise 0.25: half of the news 1.0 is believed.
    one = filtered_state(np.array([1.0]), spread=0.5, keep=0.8, noise=np.array([0.25]))
    assert one == pytest.approx(0.5)
    # A second month: prior mean 0.8 * 0.5 = 0.4, variance 0.64 * 0.125 + 0.36 * 0.25 =
    # 0.17; gain 0.17 / 0.42; 0.4 + 0.404762 * (1 - 0.4) = 0.642857.
    two = filtered_state(np.ones(2), spread=0.5, keep=0.8, noise=np.full(2, 0.25))
    assert two == pytest.approx(0.642857, abs=1e-6)


def test_doubtless_news_is_the_state():
    seen = np.array([0.3, -0.2, 0.7])
    found = filtered_state(seen, spread=0.5, keep=0.8, noise=np.zeros(3))
    assert found == pytest.approx(0.7)


def test_months_over_days_compares_squares_about_the_drift():
    # Changes of 0.2 against a daily variance of 0.02: 0.04 / 0.02 = 2; about a drift of
    # 1.2 a year the surprise is 0.1: 0.01 / 0.02 = 0.5.
    history = monthly(30, end_price_usd=100.0 * np.exp(0.2 * np.arange(30)))
    weights = exponential_weights(30, 24.0)
    assert months_over_days(history, weights) == pytest.approx(2.0)
    found = months_over_days(history, weights, log_drift_per_year=1.2)
    assert found == pytest.approx(0.5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_known_parameters_are_found_again(seed):
    # 3,000 months, all but evenly weighted: sampling errors of a few per cent.
    rng = np.random.default_rng(seed)
    history, _ = clustered_prices(
        3000, rng, level=0.6, spread=0.5, tail=0.4, keep=0.8, over=1.2
    )
    fit = fit_volatility(history, half_life_months=1e6)
    assert fit.volatility_per_year == pytest.approx(0.6 * 1.2**0.5, rel=0.07)
    assert fit.spread == pytest.approx(0.5, rel=0.12)
    assert fit.tail_spread == pytest.approx(0.4, rel=0.12)
    assert fit.half_life_months == pytest.approx(np.log(0.5) / np.log(0.8), rel=0.3)


def test_the_opening_state_is_near_the_true_one():
    errors = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        history, state = clustered_prices(
            300, rng, level=0.6, spread=0.6, tail=0.2, keep=0.9
        )
        fit = fit_volatility(history, half_life_months=1e6)
        seen = 2 * np.log(fit.opening_volatility_per_year / fit.volatility_per_year)
        errors.append(seen + 0.5 * fit.spread**2 - state[-1])
    # Knowing nothing the error would be 0.6; the filter's own is about 0.25.
    assert np.std(errors) < 0.4
    assert abs(np.mean(errors)) < 0.15


def test_a_calmer_market_is_followed():
    rng = np.random.default_rng(5)
    loud, _ = clustered_prices(60, rng, level=1.0, spread=0.3, tail=0.1, keep=0.8)
    calm, _ = clustered_prices(60, rng, level=0.4, spread=0.3, tail=0.1, keep=0.8)
    both = monthly(
        120,
        end_price_usd=np.concatenate(
            [
                loud.end_price_usd,
                calm.end_price_usd * loud.end_price_usd[-1] / calm.end_price_usd[0],
            ]
        ),
        realised_variance=np.concatenate(
            [loud.realised_variance, calm.realised_variance]
        ),
    )
    assert fit_volatility(both).volatility_per_year < 0.62
    evenly = fit_volatility(both, half_life_months=1e6)
    assert evenly.volatility_per_year > 0.65
