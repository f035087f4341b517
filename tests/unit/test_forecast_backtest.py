# SPDX-License-Identifier: Apache-2.0
"""Out-of-sample test: what each window knows, and what passes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from made_histories import clustered_prices, monthly
from tiny_studies import market

from gpu.sampling.scenarios import draw_factor_shocks
from models.calibration import LEAST_MONTHS, fit_market
from models.forecast_backtest import Coverage, ForecastTest, backtest_forecasts


def shocks_of(window):
    return draw_factor_shocks(3, np.arange(window * 200, window * 200 + 200), 12)


def made(n, seed=11):
    rng = np.random.default_rng(seed)
    history, _ = clustered_prices(n, rng, level=0.6, spread=0.4, tail=0.3, keep=0.8)
    growth = 0.01 + 0.04 * rng.standard_normal(n)
    return monthly(
        n,
        end_price_usd=history.end_price_usd,
        mean_price_usd=history.end_price_usd,
        realised_variance=history.realised_variance,
        network_eh_s=100.0 * np.exp(np.cumsum(growth)),
        fee_share_frac=0.02 * np.exp(0.3 * rng.standard_normal(n)),
    )


@pytest.fixture(scope="module")
def tested():
    history = made(64)
    return history, backtest_forecasts(
        history, market(), shocks_of, rng=np.random.default_rng(1)
    )


def test_every_window_is_fitted_to_the_months_before_it(tested):
    history, (tests, fits) = tested
    assert [fit.n_months for fit in fits] == list(range(LEAST_MONTHS, 64))
    alone = fit_market(history.before(50), market())
    assert fits[2].market == alone.market
    by_name = {(t.series, t.horizon_months): t for t in tests}
    assert len(by_name) == 8
    for (_, ahead), test in by_name.items():
        assert len(test.pit) == 64 - LEAST_MONTHS - ahead + 1
        assert test.origins[0] == history.months[LEAST_MONTHS - 1]
        assert test.origins[-1] == history.months[-1 - ahead]


def test_what_comes_later_changes_no_earlier_forecast(tested):
    history, (tests, fits) = tested
    later = dataclasses.replace(
        history,
        end_price_usd=np.concatenate([history.end_price_usd[:60], [9e5] * 4]),
        network_eh_s=np.concatenate([history.network_eh_s[:60], [1.0] * 4]),
        realised_variance=np.concatenate([history.realised_variance[:60], [2.0] * 4]),
    )
    changed, refitted = backtest_forecasts(
        later, market(), shocks_of, rng=np.random.default_rng(1)
    )
    for before, after in zip(fits[:13], refitted[:13], strict=True):
        assert before.market == after.market
    for before, after in zip(tests, changed, strict=True):
        same = 60 - LEAST_MONTHS - before.horizon_months + 1
        np.testing.assert_array_equal(before.pit[:same], after.pit[:same])


def test_a_model_that_is_true_passes_what_it_must():
    history = made(150, seed=5)
    tests, _ = backtest_forecasts(
        history, market(), shocks_of, rng=np.random.default_rng(1)
    )
    price = tests[0]
    assert (price.series, price.horizon_months) == ("btc_price", 1)
    assert price.is_strict
    assert price.is_passed
    assert price.crps_ratio < 1.0


def test_the_opening_state_is_that_of_the_last_month():
    history = made(60)
    terms = fit_market(history, market()).market
    assert terms.btc_price_usd == history.end_price_usd[-1]
    assert terms.network_eh_s == history.network_eh_s[-1]
    assert terms.block_height == 900_000
    assert terms.opening_fee_share_frac == history.fee_share_frac[-1]
    # The change of the reward last month, at today's price: on means and with fees.
    change = history.log_reward_usd[-1] - history.log_reward_usd[-2]
    earlier = history.end_price_usd[-1] * np.exp(-change)
    assert terms.earlier_btc_price_usd == pytest.approx(earlier)
    # Assumptions are the template's.
    assert terms.network_trend_per_year == market().network_trend_per_year
    assert terms.btc_log_drift_per_year == 0.0


def test_a_history_that_is_too_short_is_refused():
    with pytest.raises(ValueError, match="47 whole months, at least 48"):
        fit_market(made(47), market())


def result(horizon, covered, ratio=0.9, width=0.1):
    return ForecastTest(
        series="network",
        horizon_months=horizon,
        origins=("2025-01",),
        pit=np.array([0.5]),
        n_effective=1.0,
        coverage=tuple(
            Coverage(band, share, share - width, share + width)
            for band, share in zip((0.5, 0.8, 0.9), covered, strict=True)
        ),
        crps=ratio,
        crps_walk=1.0,
        crps_drifting_walk=1.0,
    )


@pytest.mark.parametrize(
    ("test", "is_passed"),
    [
        (result(1, (0.42, 0.72, 0.85)), True),
        (result(3, (0.58, 0.88, 0.95)), True),
        (result(3, (0.59, 0.88, 0.95)), False),
        (result(1, (0.50, 0.71, 0.90)), False),
        (result(1, (0.50, 0.80, 0.96)), False),
        (result(1, (0.50, 0.80, 0.90), ratio=1.01), False),
        (result(6, (0.59, 0.88, 0.96), ratio=1.2), True),
        (result(12, (0.59, 0.69, 0.96)), False),
    ],
)
def test_near_horizons_must_hold_and_far_ones_be_compatible(test, is_passed):
    assert test.is_passed is is_passed
