# SPDX-License-Identifier: Apache-2.0
"""Paths of Bitcoin: price with clustered volatility, fee share, network, difficulty.

One step per month and few operations per step, so that every engine can repeat them:
the price takes three multiply-adds and two exponentials, the network a few more.
What does not belong here: prices that have nothing to do with Bitcoin
(`models.market`), parameters (`models.market_parameters`) and how they are estimated
(`models.calibration`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.network import (
    BLOCK_SECONDS,
    average_subsidy_btc_per_block,
    blocks_expected,
    difficulty_from_hashrate,
    difficulty_path,
    subsidy_btc_per_block,
)
from models.units import MONTHS_PER_YEAR, PH_PER_EH, SECONDS_PER_DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.arrays import FloatArray
    from models.market_parameters import Market

__all__ = [
    "VARIANCE_CAP_SD",
    "BitcoinPaths",
    "NetworkResponse",
    "VarianceTerms",
    "autoregression",
    "autoregression_terms",
    "bitcoin_paths",
    "break_even_log_eh_s",
    "growth_per_month",
    "opening_fee_deviation",
    "opening_log_variance",
    "variance_terms",
]

VARIANCE_CAP_SD: Final = 3.0
"""Log variance is cut this many standard deviations above its median.

A normal variable with a lognormal variance has no finite mean of its exponential; ten
years of months hold about one beyond three standard deviations, so that nothing is
known of larger ones.
"""


@dataclass(frozen=True, slots=True)
class BitcoinPaths:
    """What the Bitcoin market does in each scenario.

    Parameters
    ----------
    btc_price_usd : ndarray of shape (n_scenarios, n_periods)
        Price; month t stands t + 1 months after the opening. [USD/BTC]
    fee_share_frac : ndarray of shape (n_scenarios, n_periods)
        Fees over subsidy. [unitless]
    network_eh_s : ndarray of shape (n_scenarios, n_periods)
        Network hashrate. [EH/s]
    subsidy_btc_per_block : ndarray of shape (n_scenarios, n_periods)
        Mean subsidy. [BTC]
    difficulty : ndarray of shape (n_scenarios, n_periods)
        Mean difficulty. [unitless]
    btc_log_volatility : ndarray of shape (n_scenarios, n_periods)
        Standard deviation of the month's change of the log price. [unitless]
    """

    btc_price_usd: FloatArray
    fee_share_frac: FloatArray
    network_eh_s: FloatArray
    subsidy_btc_per_block: FloatArray
    difficulty: FloatArray
    btc_log_volatility: FloatArray


def bitcoin_paths(
    market: Market, shocks: Mapping[str, FloatArray], seconds: FloatArray
) -> BitcoinPaths:
    """Return one path per row of shocks.

    Parameters
    ----------
    market : Market
        Parameters.
    shocks : mapping of str to ndarray of shape (n_scenarios, n_periods)
        Correlated standard normals of the factors ``btc_price``, ``btc_variance``,
        ``btc_tail``, ``network`` and ``fees``. [unitless]
    seconds : ndarray of shape (n_periods,)
        Length of each month. [s]

    Returns
    -------
    BitcoinPaths
        On the array module of the shocks.

    Notes
    -----
    The equations stand in `models.market.simulate`. Zero shocks give the base path.
    """
    btc_price_usd, volatility = _price_usd(
        market, shocks["btc_price"], shocks["btc_variance"], shocks["btc_tail"]
    )
    fee_share = market.fee_share_frac * np.exp(
        autoregression(
            shocks["fees"],
            market.fee_volatility_per_year,
            market.fee_half_life_months,
            opening=opening_fee_deviation(market),
        )
    )
    network_eh_s, subsidy, difficulty = _network(
        market, btc_price_usd, fee_share, shocks["network"], seconds
    )
    return BitcoinPaths(
        btc_price_usd, fee_share, network_eh_s, subsidy, difficulty, volatility
    )


def autoregression(
    shock: FloatArray,
    volatility_per_year: float,
    half_life_months: float,
    *,
    opening: float = 0.0,
) -> FloatArray:
    """Return x_t = keep x_(t-1) + vol sqrt(1/12) e_t along the last axis.

    Parameters
    ----------
    shock : ndarray of shape (..., n_periods)
        Standard normals e. [unitless]
    volatility_per_year : float
        Per square root of a year. [1/year]
    half_life_months : float
        Months in which a deviation halves. [months]
    opening : float
        Deviation of the month before the first. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Deviations x. [unitless]
    """
    keep, size = autoregression_terms(volatility_per_year, half_life_months)
    step = size * shock
    deviation = np.empty_like(step)
    deviation[..., 0] = keep * opening + step[..., 0]
    for period in range(1, step.shape[-1]):
        deviation[..., period] = keep * deviation[..., period - 1] + step[..., period]
    return deviation


def autoregression_terms(
    volatility_per_year: float, half_life_months: float
) -> tuple[float, float]:
    """Return what is kept of a deviation from month to month, and a month's step.

    Parameters
    ----------
    volatility_per_year : float
        Per square root of a year. [1/year]
    half_life_months : float
        Months in which a deviation halves. [months]
    """
    return 0.5 ** (1.0 / half_life_months), volatility_per_year / MONTHS_PER_YEAR**0.5


@dataclass(frozen=True, slots=True)
class VarianceTerms:
    """How the variance of the BTC price moves, see `models.market.simulate`.

    Parameters
    ----------
    keep, step : float
        What is kept of the lasting part of log variance, and its step. [unitless]
    tail, most : float
        Spread of the passing part; where their sum is cut. [unitless]
    both : float
        Variance of their sum. [unitless]
    level : float
        Volatility of a month in the long run. [unitless]
    """

    keep: float
    step: float
    tail: float
    most: float
    both: float
    level: float


def variance_terms(market: Market) -> VarianceTerms:
    """Return how the variance of the BTC price moves."""
    keep = 0.5 ** (1.0 / market.btc_variance_half_life_months)
    spread, tail = market.btc_variance_spread, market.btc_variance_tail_spread
    both = spread**2 + tail**2
    return VarianceTerms(
        keep=keep,
        step=spread * math.sqrt(1.0 - keep**2),
        tail=tail,
        most=VARIANCE_CAP_SD * math.sqrt(both),
        both=both,
        level=market.btc_volatility_per_year / MONTHS_PER_YEAR**0.5,
    )


def opening_fee_deviation(market: Market) -> float:
    """Return the log of the opening fee share over its median [unitless]."""
    return _log_ratio(market.opening_fee_share_frac, market.fee_share_frac)


def opening_log_variance(market: Market) -> float:
    """Return how far the lasting part of log variance opens from its median.

    Parameters
    ----------
    market : Market
        Parameters.

    Returns
    -------
    float
        Such that a month in this state has the mean variance that
        `btc_opening_volatility_per_year` states: ``2 ln(opening / level) +
        spread^2 / 2``. [unitless]

    Notes
    -----
    Without an opening volatility it opens at its median; so it does where there is no
    volatility at all.
    """
    opening = market.btc_opening_volatility_per_year
    if not opening or not market.btc_volatility_per_year:
        return 0.0
    spread = market.btc_variance_spread
    return 2.0 * math.log(opening / market.btc_volatility_per_year) + 0.5 * spread**2


def _log_ratio(opening: float | None, level: float) -> float:
    return math.log(opening / level) if opening and level else 0.0


def _price_usd(
    market: Market, shock: FloatArray, lasting: FloatArray, passing: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the BTC price and its monthly volatility, whose square clusters."""
    terms = variance_terms(market)
    state = opening_log_variance(market) * np.ones_like(shock[:, 0])
    total = np.zeros_like(state)
    log_change, volatilities = np.empty_like(shock), np.empty_like(shock)
    for period in range(shock.shape[1]):
        state = terms.keep * state + terms.step * lasting[:, period]
        deviation = np.minimum(state + terms.tail * passing[:, period], terms.most)
        volatility = terms.level * np.exp(0.5 * deviation - 0.25 * terms.both)
        total = total + volatility * shock[:, period]
        log_change[:, period], volatilities[:, period] = total, volatility
    years = np.arange(shock.shape[1]) / MONTHS_PER_YEAR
    drift = np.asarray(market.btc_log_drift_per_year * years, like=shock)
    return market.btc_price_usd * np.exp(drift + log_change), volatilities


def _network(
    market: Market,
    btc_price_usd: FloatArray,
    fee_share_frac: FloatArray,
    shock: FloatArray,
    seconds: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return hashrate, mean subsidy and difficulty, each (n_scenarios, n_periods)."""
    ones = np.ones_like(shock[:, 0])
    response = NetworkResponse(market, ones)
    growth = growth_per_month(market, shock.shape[1])
    limit = break_even_log_eh_s(market, shock.shape[1])
    volatility = market.network_volatility_per_year / MONTHS_PER_YEAR**0.5
    log_hashrate = float(np.log(market.network_eh_s)) * ones
    height = market.block_height * ones
    before_eh_s = market.network_eh_s * ones
    before_difficulty = difficulty_from_hashrate(before_eh_s)
    network_eh_s, subsidy = np.empty_like(shock), np.empty_like(shock)
    difficulty = np.empty_like(shock)
    price_before = market.btc_price_usd * ones
    for period in range(shock.shape[1]):
        reward = price_before * subsidy_btc_per_block(height)
        reward = np.log(reward * (1.0 + fee_share_frac[:, period]))
        log_hashrate = (
            log_hashrate
            + growth[period]
            + response.to(reward)
            + volatility * shock[:, period]
        )
        running = log_hashrate
        if limit is not None:
            running = np.minimum(log_hashrate, reward + limit[period])
        now_eh_s = np.exp(running)
        now_difficulty = difficulty_path(
            now_eh_s[:, None],
            opening_network_eh_s=before_eh_s,
            opening_difficulty=before_difficulty,
            seconds=seconds[period : period + 1],
        )[:, 0]
        blocks = blocks_expected(now_eh_s, now_difficulty, seconds=seconds[period])
        network_eh_s[:, period], difficulty[:, period] = now_eh_s, now_difficulty
        subsidy[:, period] = average_subsidy_btc_per_block(height, blocks)
        height = height + blocks
        before_eh_s, before_difficulty = now_eh_s, now_difficulty
        price_before = btc_price_usd[:, period]
    return network_eh_s, subsidy, difficulty


def growth_per_month(market: Market, n_periods: int) -> list[float]:
    """Return log growth by month: the opening pace fades into the trend [unitless].

    Parameters
    ----------
    market : Market
        Parameters.
    n_periods : int
        Months. [months]
    """
    trend = math.log1p(market.network_trend_per_year) / MONTHS_PER_YEAR
    opening = market.network_opening_growth_per_year
    excess = 0.0
    if opening is not None:
        excess = math.log1p(opening) / MONTHS_PER_YEAR - trend
    keep = 0.5 ** (1.0 / market.network_growth_half_life_months)
    return [trend + excess * keep ** (period + 1) for period in range(n_periods)]


def break_even_log_eh_s(market: Market, n_periods: int) -> list[float] | None:
    """Return the log of the hashrate that a USD of block reward can keep, by month.

    Parameters
    ----------
    market : Market
        Parameters.
    n_periods : int
        Months. [months]

    Returns
    -------
    list of float or None
        None where machines always run. [log of EH/s per USD]
    """
    floor_usd = market.network_break_even_usd_per_ph_day
    if floor_usd is None:
        return None
    blocks_per_day = SECONDS_PER_DAY / BLOCK_SECONDS
    first = math.log(blocks_per_day / floor_usd / PH_PER_EH)
    decline = market.network_break_even_decline_per_year
    fall = math.log1p(-decline) / MONTHS_PER_YEAR
    return [first - fall * period for period in range(n_periods)]


class NetworkResponse:
    """The network's answer to the block reward: a part at once, the rest slowly."""

    def __init__(self, market: Market, ones: FloatArray) -> None:
        self.at_once = min(market.network_short_elasticity, market.network_elasticity)
        self.slowly = market.network_elasticity - self.at_once
        self.up = 1.0 - 0.5 ** (1.0 / market.network_half_life_up_months)
        self.down = 1.0 - 0.5 ** (1.0 / market.network_half_life_down_months)
        height = market.block_height * ones
        reward = subsidy_btc_per_block(height) * (1.0 + market.fee_share_frac)
        self.adapted = np.log(market.reference_btc_price_usd * reward)
        earlier_usd = market.earlier_btc_price_usd or market.btc_price_usd
        self.before = np.log(earlier_usd * reward)

    def to(self, log_reward: FloatArray) -> FloatArray:
        """Return the change of log hashrate in a month; remembers the reward."""
        gap = log_reward - self.adapted
        moved = np.where(gap > 0.0, self.up, self.down) * gap
        at_once = self.at_once * (log_reward - self.before)
        change: FloatArray = self.slowly * moved + at_once
        self.adapted = self.adapted + moved
        self.before = log_reward
        return change
