# SPDX-License-Identifier: Apache-2.0
"""Inside a month: the lowest BTC price, and how far it dips while a call is cured.

Both follow in closed form from the month's own volatility and one draw each, on any
array module. What does not belong here: prices of months (`models.market_bitcoin`), of
days (`models.price_bridge`), and what a low price does to the loan (`models.margin`).

References
----------
.. [1] I. Karatzas, S. E. Shreve, "Brownian Motion and Stochastic Calculus", 2nd ed.,
   Springer 1991, section 2.8: reflection principle, maximum of a bridge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = ["cure_dip_frac", "lowest_frac"]


def lowest_frac(
    opening_price_usd: float,
    btc_price_usd: FloatArray,
    log_volatility: FloatArray,
    exponential: FloatArray,
) -> FloatArray:
    """Return the lowest price of each month over the month's own price.

    Parameters
    ----------
    opening_price_usd : float
        Price a month before the first. [USD/BTC]
    btc_price_usd : ndarray of shape (n_scenarios, n_periods)
        Price of each month. [USD/BTC]
    log_volatility : ndarray of shape (n_scenarios, n_periods)
        Standard deviation s of the month's change of the log price. [unitless]
    exponential : ndarray of shape (n_scenarios, n_periods)
        Exponential draws with mean 1; 0 for a month that is its price alone. [unitless]

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods)
        Share of the month's price; exactly 1 without a draw or without volatility.
        [share 0-1]

    Notes
    -----
    The log price runs from a, last month's, to b, this month's, as a Brownian bridge
    with variance ``s^2`` over the month. A path that falls to m <= min(a, b) and ends
    in b is, mirrored from there on, one that ends in ``2 m - b`` (reflection [1]_); the
    ratio of both densities is ``P(low <= m) = exp(-2 (a - m) (b - m) / s^2)``. With
    ``U = exp(-e)`` in its place, ``(a - m) (b - m) = s^2 e / 2`` has the lower root
    ``m = (a + b - sqrt((a - b)^2 + 2 s^2 e)) / 2``. Drift does not matter: both ends
    are given.

    The engine has one price per month, at which everything of that month is earned,
    bought and sold; it stands t + 1 months after the opening. Read as an average, it
    stands in the middle of the month and the bridge runs from middle to middle: every
    day still lies under one bridge, half a month away. What the price does above and
    below its average within days of one month is then left out, and so is that the
    average of a random walk moves by a third less variance than its ends: s is
    calibrated on ends.
    """
    before = np.empty_like(btc_price_usd)
    before[:, 0] = opening_price_usd
    before[:, 1:] = btc_price_usd[:, :-1]
    change = np.log(btc_price_usd / before)
    spread = 2.0 * log_volatility**2 * exponential
    fall = 0.5 * (change + np.sqrt(change**2 + spread))
    lowest: FloatArray = np.where(spread > 0.0, np.exp(-fall), 1.0)
    return lowest


def cure_dip_frac(
    log_volatility: FloatArray,
    normal: FloatArray,
    *,
    cure_days: float,
    month_days: FloatArray,
) -> FloatArray:
    """Return the lowest price within the cure time over the price at the call.

    Parameters
    ----------
    log_volatility : ndarray of shape (n_scenarios, n_periods)
        Standard deviation s of the month's change of the log price. [unitless]
    normal : ndarray of shape (n_scenarios, n_periods)
        Standard normal draws z; 0 for no dip. [unitless]
    cure_days : float
        Time to meet a call. [days]
    month_days : ndarray of shape (n_periods,)
        Length of each month. [days]

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods)
        Share of the price at the call. [share 0-1]

    Notes
    -----
    After the call the log price is a Brownian motion with variance ``v = s^2 cure days
    / month days`` at the end of the cure time. By reflection [1]_ half of the paths
    that have touched -d end below it: ``P(low <= -d) = 2 P(N(0, v) <= -d)``, the law of
    ``-|z| sqrt(v)``. That the call comes when the price first touches its level tells
    nothing of what follows (strong Markov property), so the law holds for every call;
    that the dip and the rest of its month are one path is left out, as is drift over so
    few days.
    """
    share = np.sqrt(cure_days / month_days)
    dip: FloatArray = np.exp(-np.abs(normal) * log_volatility * share)
    return dip
