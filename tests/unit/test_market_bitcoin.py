# SPDX-License-Identifier: Apache-2.0
"""Clustered volatility, the two responses of the network, opening states."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tiny_studies import market

from models.market_bitcoin import bitcoin_paths, opening_log_variance
from models.market_parameters import FACTORS

N = 20_000
SECONDS = np.full(24, 30.0 * 86_400)


def still(n=1, months=24):
    return {name: np.zeros((n, months)) for name in FACTORS}


def drawn(rng, n=N, months=24):
    return {name: rng.standard_normal((n, months)) for name in FACTORS}


def changes(paths, price_usd=100_000.0):
    log_price = np.log(paths.btc_price_usd / price_usd)
    return np.diff(log_price, prepend=0.0, axis=1)


def test_clustering_leaves_the_mean_variance_alone(rng):
    terms = market(btc_variance_spread=0.5, btc_variance_tail_spread=0.4)
    found = changes(bitcoin_paths(terms, drawn(rng), SECONDS))
    # Mean variance 0.5^2 / 12 once the state has spread out; the cut takes under 2 %.
    late = found[:, 12:]
    assert (late**2).mean() == pytest.approx(0.25 / 12, rel=0.04)
    # Kurtosis of a normal with lognormal variance: 3 exp(0.5^2 + 0.4^2) = 4.52, less
    # what the cut takes.
    kurtosis = (late**4).mean() / (late**2).mean() ** 2
    assert 3.8 < kurtosis < 4.6


def test_squares_of_neighbours_are_alike_and_returns_are_not(rng):
    terms = market(btc_variance_spread=0.7, btc_variance_half_life_months=6.0)
    found = changes(bitcoin_paths(terms, drawn(rng), SECONDS))
    left, right = found[:, 12:-1].ravel(), found[:, 13:].ravel()
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.01
    sizes = np.corrcoef(np.log(left**2), np.log(right**2))[0, 1]
    # Log squares: variance 0.49 that lasts with 0.5^(1/6), and pi^2 / 2 of a normal's.
    expected = 0.49 * 0.5 ** (1 / 6) / (0.49 + math.pi**2 / 2)
    assert sizes == pytest.approx(expected, abs=0.01)


def test_the_median_stays_on_the_base_path(rng):
    terms = market(btc_variance_spread=0.6, btc_log_drift_per_year=0.2)
    shocks = drawn(rng)
    base = bitcoin_paths(terms, still(), SECONDS).btc_price_usd[0, 11]
    price = bitcoin_paths(terms, shocks, SECONDS).btc_price_usd[:, 11]
    assert np.median(price) == pytest.approx(base, rel=0.02)
    assert price.mean() > 1.08 * base


def test_the_opening_state_sets_the_first_months(rng):
    terms = market(
        btc_opening_volatility_per_year=0.25,
        btc_variance_spread=0.5,
        btc_variance_half_life_months=6.0,
    )
    # 2 ln(0.25 / 0.5) + 0.5^2 / 2
    assert opening_log_variance(terms) == pytest.approx(-2 * math.log(2) + 0.125)
    found = changes(bitcoin_paths(terms, drawn(rng), SECONDS))
    # The state keeps k = 0.5^(1/6) of itself in the first month, and its variance is
    # 0.25 (1 - k^2): mean variance 0.25 / 12 exp(k x + 0.125 (1 - k^2) - 0.125).
    keep = 0.5 ** (1 / 6)
    x = opening_log_variance(terms)
    expected = 0.25 / 12 * math.exp(keep * x - 0.125 * keep**2)
    assert (found[:, 0] ** 2).mean() == pytest.approx(expected, rel=0.06)
    assert found[:, 0].std() < found[:, 6].std() < found[:, 18].std()


def test_without_an_opening_volatility_the_state_opens_at_its_median():
    assert opening_log_variance(market(btc_variance_spread=0.5)) == 0.0
    calm = market(btc_volatility_per_year=0.0, btc_opening_volatility_per_year=0.4)
    assert opening_log_variance(calm) == 0.0


def test_variance_is_cut_three_deviations_up():
    terms = market(btc_variance_spread=0.3, btc_variance_tail_spread=0.4)
    shocks = still(months=1)
    shocks["btc_tail"] += 8.0
    shocks["btc_price"] += 1.0
    paths = bitcoin_paths(terms, shocks, SECONDS[:1])
    # 3 sqrt(0.09 + 0.16) = 1.5: exp(0.5 * 1.5 - 0.25 * 0.25) times 0.5 / sqrt(12).
    expected = 0.5 / 12**0.5 * math.exp(0.75 - 0.0625)
    assert changes(paths)[0, 0] == pytest.approx(expected)


def test_a_price_change_is_answered_at_once_and_slowly():
    # +10 % on the log in month 0 and for good; elasticity 0.6, 0.1 of it at once. The
    # network sees it in month 1: 0.01 at once, then 0.05 (1 - 0.5^(k / 7.5)).
    terms = market(network_short_elasticity=0.1)
    shocks = still()
    shocks["btc_price"][0, 0] = 0.1 / (0.5 / 12**0.5)
    paths = bitcoin_paths(terms, shocks, SECONDS)
    k = np.arange(1, 24)
    expected = 0.01 + 0.05 * (1 - 0.5 ** (k / 7.5))
    found = np.log(paths.network_eh_s[0] / 1000.0)
    assert found[0] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(found[1:], expected, rtol=1e-9)


def test_the_change_before_the_opening_is_answered_in_the_first_month():
    # From 125,000 to 100,000: 0.1 ln 0.8 at once; adapted to today's price otherwise.
    terms = market(network_short_elasticity=0.1, earlier_btc_price_usd=125_000.0)
    paths = bitcoin_paths(terms, still(), SECONDS)
    found = np.log(paths.network_eh_s[0] / 1000.0)
    np.testing.assert_allclose(found, 0.1 * math.log(0.8), rtol=1e-9)


def test_the_pace_fades_into_the_trend():
    # 50 % a year fades to 10 % with a half-life of 3 months: growth of month t is
    # trend + excess 0.5^((t + 1) / 3).
    terms = market(
        network_trend_per_year=0.1,
        network_opening_growth_per_year=0.5,
        network_growth_half_life_months=3.0,
        network_elasticity=0.0,
    )
    paths = bitcoin_paths(terms, still(), SECONDS)
    found = np.diff(np.log(paths.network_eh_s[0]), prepend=math.log(1000.0))
    trend, pace = math.log(1.1) / 12, math.log(1.5) / 12
    months = np.arange(1, 25)
    np.testing.assert_allclose(found, trend + (pace - trend) * 0.5 ** (months / 3))


def test_no_more_is_answered_at_once_than_in_the_end():
    stiff = market(network_short_elasticity=0.3, network_elasticity=0.0)
    shocks = still()
    shocks["btc_price"] += 1.0
    paths = bitcoin_paths(stiff, shocks, SECONDS)
    np.testing.assert_allclose(paths.network_eh_s, 1000.0)


def test_shocks_of_the_network_stay():
    shocks = still()
    shocks["network"][0, 3] = 2.0
    paths = bitcoin_paths(market(), shocks, SECONDS)
    found = np.log(paths.network_eh_s[0] / 1000.0)
    np.testing.assert_allclose(found[:3], 0.0, atol=1e-12)
    np.testing.assert_allclose(found[3:], 2.0 * 0.13 / 12**0.5)


def test_fees_return_from_their_opening_to_their_median():
    # Half of the distance on the log is left after 3 months.
    terms = market(opening_fee_share_frac=0.04)
    paths = bitcoin_paths(terms, still(), SECONDS)
    months = np.arange(1, 25)
    expected = 0.01 * 4.0 ** (0.5 ** (months / 3))
    np.testing.assert_allclose(paths.fee_share_frac[0], expected)


def test_machines_stand_by_below_the_break_even_hash_price():
    # At rest 100,000 USD x 3.125 x 1.01 x 144 / 1e6 PH = 45.45 USD/PH/day. At 50 the
    # network must shrink to 45.45 / 50 of its size; the floor falls by 20 % a year, so
    # that from ln(1.1) / ln(1.25) = 0.427 years on, month 6, everything runs again.
    terms = market(
        network_break_even_usd_per_ph_day=50.0, network_break_even_decline_per_year=0.2
    )
    eh_s = bitcoin_paths(terms, still(), SECONDS).network_eh_s[0]
    most = 100_000 * 3.125 * 1.01 * 144 / 1000 / (50.0 * 0.8 ** (np.arange(24) / 12))
    np.testing.assert_allclose(eh_s, np.minimum(most, 1000.0), rtol=1e-9)
    assert (eh_s[:6] < 1000.0).all()
    np.testing.assert_allclose(eh_s[6:], 1000.0)


def test_machines_that_stood_by_come_back_with_the_price():
    terms = market(network_break_even_usd_per_ph_day=30.0, network_elasticity=0.0)
    shocks = still()
    # To half the price and back: 22.7 USD/PH/day runs 22.7 / 30 of the machines.
    fall = math.log(0.5) / (0.5 / 12**0.5)
    shocks["btc_price"][0, 2], shocks["btc_price"][0, 8] = fall, -fall
    eh_s = bitcoin_paths(terms, shocks, SECONDS).network_eh_s[0]
    running = 0.5 * 100_000 * 3.125 * 1.01 * 144 / 1000 / 30.0
    np.testing.assert_allclose(eh_s[3:9], running)
    np.testing.assert_allclose(eh_s[[0, 2, 9, 23]], 1000.0)
