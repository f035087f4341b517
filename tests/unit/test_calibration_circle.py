# SPDX-License-Identifier: Apache-2.0
"""Full circle: months drawn from the market model are fitted back to its parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_histories import monthly
from tiny_studies import market

from gpu.sampling.scenarios import draw_factor_shocks
from models.calibration import fit_market
from models.calibration_network import fit_network
from models.calibration_price import fit_volatility
from models.market import correlated
from models.market_bitcoin import bitcoin_paths

N_MONTHS = 480
MONTH_S = 365.25 / 12 * 86_400
TERMS = market(
    btc_volatility_per_year=0.5,
    btc_variance_spread=0.6,
    btc_variance_tail_spread=0.4,
    btc_variance_half_life_months=4.0,
    network_short_elasticity=0.15,
    network_half_life_up_months=12.0,
    network_half_life_down_months=12.0,
    network_volatility_per_year=0.1,
    network_trend_per_year=0.12,
    fee_volatility_per_year=1.0,
)


def drawn(scenario):
    """One scenario of 40 years as a history; its variances measured by 30 days each."""
    shocks = draw_factor_shocks(17, np.array([scenario]), N_MONTHS)
    by_name = correlated(TERMS, shocks)
    paths = bitcoin_paths(TERMS, by_name, np.full(N_MONTHS, MONTH_S))
    price = paths.btc_price_usd[0]
    change = np.diff(np.log(price), prepend=math.log(TERMS.btc_price_usd))
    variance = (change / by_name["btc_price"][0]) ** 2
    rng = np.random.default_rng(scenario)
    return monthly(
        N_MONTHS,
        end_price_usd=price,
        mean_price_usd=price,
        realised_variance=variance * rng.chisquare(30, N_MONTHS) / 30,
        network_eh_s=paths.network_eh_s[0],
        subsidy_btc_per_block=paths.subsidy_btc_per_block[0],
        fee_share_frac=paths.fee_share_frac[0],
    )


@pytest.fixture(scope="module")
def histories():
    return [drawn(scenario) for scenario in range(12)]


def test_volatility_comes_back(histories):
    fits = [fit_volatility(history, half_life_months=1e6) for history in histories]
    level = np.mean([fit.volatility_per_year for fit in fits])
    assert level == pytest.approx(0.5, rel=0.08)
    assert np.mean([fit.spread for fit in fits]) == pytest.approx(0.6, rel=0.12)
    assert np.mean([fit.tail_spread for fit in fits]) == pytest.approx(0.4, rel=0.15)
    half_life = np.mean([fit.half_life_months for fit in fits])
    assert half_life == pytest.approx(4.0, rel=0.3)
    # Days add up to their months here.
    ratio = np.mean([fit.months_over_days for fit in fits])
    assert ratio == pytest.approx(1.0, abs=0.15)


def test_the_network_comes_back(histories):
    fits = [
        fit_network(
            history,
            elasticity=0.6,
            trend_per_year=0.12,
            growth_half_life_months=6.0,
        )
        for history in histories
    ]
    # The slow part adds 0.45 (1 - 0.5^(1/12)) = 0.025 to a change's first month.
    short = np.mean([fit.short_elasticity for fit in fits])
    assert short == pytest.approx(0.16, abs=0.03)
    noise = np.mean([fit.volatility_per_year for fit in fits])
    assert noise == pytest.approx(0.1, rel=0.12)
    pace = np.mean([math.log1p(fit.growth_per_year) for fit in fits])
    assert pace == pytest.approx(math.log(1.12), abs=0.05)


def test_what_the_network_adapted_to_comes_back(histories):
    # With the true half-life the reference is the reward that the model remembers:
    # a fit at the end foresees the same next month as the model itself.
    history = histories[0]
    fit = fit_market(history, TERMS)
    still = {
        name: np.zeros((1, 1))
        for name in ("btc_price", "btc_variance", "btc_tail", "network", "fees")
    }
    path = bitcoin_paths(fit.market, still, np.array([MONTH_S]))
    step = math.log(path.network_eh_s[0, 0] / history.network_eh_s[-1])
    network = fit.network
    change = float(np.diff(history.log_reward_usd)[-1])
    move = 1 - 0.5 ** (1 / network.half_life_months)
    gap = float(history.log_reward_usd[-1]) - network.adapted_log_reward
    keep = 0.5 ** (1 / 6)
    trend = math.log(1.12) / 12
    pace = trend + keep * (math.log1p(network.growth_per_year) / 12 - trend)
    # One more month has closed part of the gap before the next.
    expected = (
        pace
        + network.short_elasticity * change
        + (0.6 - network.short_elasticity) * move * gap
    )
    # Fees return to their median in the model, which moves the reward a little.
    assert step == pytest.approx(expected, abs=0.002)
