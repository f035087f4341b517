# SPDX-License-Identifier: Apache-2.0
"""Estimators of the network hashrate: response to the reward, pace, noise; and fees.

Model (`models.market.simulate`): the log of the hashrate grows at a pace that fades
into a trend, answers a change of the block reward in USD partly within a month and
partly slowly, and takes shocks of its own for good. Ten years of a growing network do
not tell the trend of the next five, nor the response in the very end: these two stay
assumptions. What does not belong here: the price (`models.calibration_price`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.calibration_weights import (
    exponential_weights,
    running_mean,
    slope_through_origin,
    weighted_mean,
    winsorised,
    winsorised_rms,
)
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.calibration_history import MonthlyHistory

__all__ = [
    "FeeFit",
    "NetworkFit",
    "adapted_log_reward",
    "fit_fees",
    "fit_network",
]

PACE_HALF_LIFE_MONTHS: Final = 12.0
"""Pace and noise follow the last years: machines are ordered for months ahead."""
RESPONSE_HALF_LIFE_MONTHS: Final = 48.0
"""A response is small against the noise and needs a halving cycle to show."""
FEE_HALF_LIFE_MONTHS: Final = 12.0
"""Fees come in fashions that pass: a year ago counts half."""
_ADAPTING_MONTHS: Final = (6.0, 9.0, 12.0, 18.0, 24.0)
_SETTLING_MONTHS: Final = 6
_LEAST_KEEP, _MOST_KEEP = 0.1, 0.95


@dataclass(frozen=True, slots=True)
class NetworkFit:
    """Fitted network, in the terms of `models.market_parameters.Market`.

    Parameters
    ----------
    growth_per_year : float
        Pace of growth at the end, without the response to the reward. [1/year]
    short_elasticity : float
        Response within a month. [unitless]
    half_life_months : float
        Months in which half of the slow response comes. [months]
    adapted_log_reward : float
        Log of the reward that the network has adapted to. [unitless]
    volatility_per_year : float
        Of its own shocks. [1/year]
    surprises : ndarray of shape (n_surprises,)
        Its own shocks, by month, up to the last. [unitless]
    """

    growth_per_year: float
    short_elasticity: float
    half_life_months: float
    adapted_log_reward: float
    volatility_per_year: float
    surprises: FloatArray


@dataclass(frozen=True, slots=True)
class FeeFit:
    """Fitted fee share, in the terms of `models.market_parameters.Market`.

    Parameters
    ----------
    share_frac, opening_share_frac : float
        Median, and the last month's. [share 0-1]
    volatility_per_year : float
        Of the log of the share. [1/year]
    half_life_months : float
        Months in which a deviation halves. [months]
    surprises : ndarray of shape (n_months - 1,)
        Shocks of the log, by month. [unitless]
    """

    share_frac: float
    opening_share_frac: float
    volatility_per_year: float
    half_life_months: float
    surprises: FloatArray


def fit_network(
    history: MonthlyHistory,
    *,
    elasticity: float,
    trend_per_year: float,
    growth_half_life_months: float,
) -> NetworkFit:
    """Return the fitted network of a history.

    Parameters
    ----------
    history : MonthlyHistory
        At least 24 months.
    elasticity : float
        Response to the reward in the end, assumed. [unitless]
    trend_per_year : float
        Growth in the long run, assumed. [1/year]
    growth_half_life_months : float
        Months in which the pace comes half-way to the trend, assumed. [months]

    Returns
    -------
    NetworkFit
        See Notes.

    Notes
    -----
    One month at a time, from what was known before it. The response within a month is
    the slope of growth beyond its pace on last month's change of the reward, winsorised
    and weighted, held within 0 and `elasticity`. The slow half-life is the one of 6, 9,
    12, 18 and 24 months that leaves the smallest weighted squares. The pace is the
    weighted mean of growth less both responses; the noise is the winsorised, weighted
    root mean square of what the model then did not foresee a month ahead.
    """
    growth = np.diff(np.log(history.network_eh_s))
    log_reward = history.log_reward_usd
    change = np.concatenate([[0.0], np.diff(log_reward)])[:-1]
    beyond = _beyond_pace(growth)
    weights = exponential_weights(len(beyond), RESPONSE_HALF_LIFE_MONTHS)
    slope = slope_through_origin(
        winsorised(beyond, weights), change[_SETTLING_MONTHS:], weights
    )
    short = min(max(slope, 0.0), elasticity)
    adapted = {
        months: adapted_log_reward(log_reward, months) for months in _ADAPTING_MONTHS
    }
    left = {
        months: growth - short * change - (elasticity - short) * np.diff(values)
        for months, values in adapted.items()
    }
    errors = {}
    for months, values in left.items():
        beyond = _beyond_pace(values)
        errors[months] = winsorised_rms(beyond, weights)
    slow = min(errors, key=lambda months: errors[months])
    trend = math.log1p(trend_per_year) / MONTHS_PER_YEAR
    keep = 0.5 ** (1.0 / growth_half_life_months)
    pace = running_mean(left[slow], PACE_HALF_LIFE_MONTHS)
    foreseen = trend + keep * (pace[:-1] - trend)
    surprises = (left[slow][1:] - foreseen)[_SETTLING_MONTHS - 1 :]
    recent = exponential_weights(len(surprises), PACE_HALF_LIFE_MONTHS)
    noise = winsorised_rms(surprises, recent)
    return NetworkFit(
        growth_per_year=math.expm1(MONTHS_PER_YEAR * float(pace[-1])),
        short_elasticity=short,
        half_life_months=slow,
        adapted_log_reward=float(adapted[slow][-1]),
        volatility_per_year=MONTHS_PER_YEAR**0.5 * noise,
        surprises=surprises,
    )


def adapted_log_reward(log_reward: FloatArray, half_life_months: float) -> FloatArray:
    """Return the log reward that the network had adapted to after each month.

    Parameters
    ----------
    log_reward : ndarray of shape (n_months,)
        Log of the block reward in USD. [unitless]
    half_life_months : float
        Months in which a gap halves. [months]

    Returns
    -------
    ndarray of shape (n_months,)
        Entry i has closed part of its gap to the rewards up to month i - 1, so that
        differences are responses to known rewards; it begins at the first. [unitless]
    """
    move = 1.0 - 0.5 ** (1.0 / half_life_months)
    adapted = np.empty(len(log_reward))
    level = float(log_reward[0])
    for place in range(len(log_reward)):
        if place:
            level += move * (float(log_reward[place - 1]) - level)
        adapted[place] = level
    return adapted


def fit_fees(
    history: MonthlyHistory, *, half_life_months: float = FEE_HALF_LIFE_MONTHS
) -> FeeFit:
    """Return the fitted fee share of a history.

    Parameters
    ----------
    history : MonthlyHistory
        At least 24 months, every one with fees.
    half_life_months : float
        Age at which a month counts half. [months]

    Returns
    -------
    FeeFit
        Weighted mean of the log, its first-order autoregression about that mean by
        weighted least squares (persistence held within 0.1 to 0.95), and the weighted
        root mean square of its shocks, which keep their heavy right tail.
    """
    log_share = np.log(history.fee_share_frac)
    weights = exponential_weights(len(log_share), half_life_months)
    centre = weighted_mean(log_share, weights)
    deviation = log_share - centre
    slope = slope_through_origin(deviation[1:], deviation[:-1], weights[1:])
    keep = min(max(slope, _LEAST_KEEP), _MOST_KEEP)
    surprises = deviation[1:] - keep * deviation[:-1]
    variance = weighted_mean(surprises**2, weights[1:])
    return FeeFit(
        share_frac=math.exp(centre),
        opening_share_frac=float(history.fee_share_frac[-1]),
        volatility_per_year=(MONTHS_PER_YEAR * variance) ** 0.5,
        half_life_months=math.log(0.5) / math.log(keep),
        surprises=surprises,
    )


def _beyond_pace(growth: FloatArray) -> FloatArray:
    """Return growth beyond its running pace, from the seventh month on."""
    pace = running_mean(growth, PACE_HALF_LIFE_MONTHS)
    return growth[_SETTLING_MONTHS:] - pace[_SETTLING_MONTHS - 1 : -1]
