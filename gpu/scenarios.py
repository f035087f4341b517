# SPDX-License-Identifier: Apache-2.0
"""Sampled scenarios: Philox draws of the market's shocks, and the paths they make.

Scenario n is a function of study, seed and n alone: it can be drawn again without its
neighbours, in any order. The counter's stream word says what a draw is for:

=============== ====================================================================
stream          two standard normals per month, but for stream 8
=============== ====================================================================
0, 1, 2, 3      factors (btc_price, network), (fees, power), (gpu_rent,
                gpu_utilisation), (btc_variance, btc_tail), in the order of
                `models.market_parameters.FACTORS`
8               inside the month, from its words 0 to 2 as numbers u, v, w of (0, 1):
                ``-ln u`` for the lowest BTC price, ``sqrt(-2 ln v) cos(2 pi w)`` for
                the dip within the cure time of a margin call
16 + k          power price of sites 2k and 2k + 1 of the study alone
4096 + s        month 0 only: capex overrun and delay of site s of the study
12288           BTC price of the days between months, the day's number in place of the
                month: the weekly view of cash alone (`optimizer.cash_weeks`)
65536 s + k     (from s = 1, the first site) month 0 only: two normals a, b whose
                ``(a^2 + b^2) / 2`` is the fate of the client of the site's k-th offer
=============== ====================================================================

What does not belong here: what shocks do to prices (`models.market`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.philox import normals, words
from models.clients import count_client_slots
from models.market import Shocks, simulate
from models.market_parameters import FACTORS

if TYPE_CHECKING:
    from gpu.backend import ArrayModule
    from models.arrays import FloatArray, IntArray
    from models.paths import MarketPaths
    from models.study import Study

__all__ = ["draw_factor_shocks", "draw_shocks", "sampled_paths"]

FACTOR_STREAM: Final = 0
WITHIN_MONTH_STREAM: Final = 8
SITE_POWER_STREAM: Final = 16
SITE_BUILD_STREAM: Final = 4096
DAILY_PRICE_STREAM: Final = 12288
CLIENT_STREAM: Final = 65536


def draw_shocks(
    study: Study, seed: int, scenario_ids: IntArray, xp: ArrayModule = np
) -> Shocks:
    """Return the independent draws of each scenario.

    Parameters
    ----------
    study : Study
        Says how many months and sites there are.
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1. [unitless]
    xp : module
        Array module to draw on.

    Returns
    -------
    Shocks
        On that array module.

    Raises
    ------
    ValueError
        If the seed or an id is out of range.
    """
    ids = xp.asarray(scenario_ids)
    n_rows, n_sites, n_periods = len(ids), len(study.sites), study.time.months
    return Shocks(
        monthly=draw_factor_shocks(seed, ids, n_periods, xp),
        site_power=_pairs(seed, ids, n_periods, SITE_POWER_STREAM, n_sites, xp),
        site_build=xp.stack(
            [
                normals(seed, ids, 1, SITE_BUILD_STREAM + site)[:, 0]
                for site in range(n_sites)
            ],
            axis=1,
        ).reshape(n_rows, n_sites, 2),
        client_fate=_fates(study, seed, ids, xp),
        within_month=_within_month(seed, ids, n_periods, xp),
    )


def _within_month(
    seed: int, ids: IntArray, n_periods: int, xp: ArrayModule
) -> FloatArray:
    """Return (n_scenarios, 2, n_periods) draws of the month's low and the cure's dip.

    Single words of 32 bits suffice: low and dip reach 22.9 and 6.7.
    """
    months = xp.arange(n_periods, dtype=xp.int64)
    drawn = words(seed, ids[:, None], months[None, :], WITHIN_MONTH_STREAM)
    u, v, w = ((word.astype(xp.float64) + 0.5) * 2.0**-32 for word in drawn[:3])
    dip = xp.sqrt(-2.0 * xp.log(v)) * xp.cos((2.0 * math.pi) * w)
    both: FloatArray = xp.stack([-xp.log(u), dip], axis=1)
    return both


def _fates(study: Study, seed: int, ids: IntArray, xp: ArrayModule) -> FloatArray:
    """Return (n_scenarios, n_sites, n_slots) exponential draws with mean 1."""
    n_sites, n_slots = len(study.sites), count_client_slots(study)
    fates: FloatArray = xp.empty((len(ids), n_sites, n_slots))
    for site in range(n_sites):
        for slot in range(n_slots):
            pair = normals(seed, ids, 1, CLIENT_STREAM * (site + 1) + slot)[:, 0]
            fates[:, site, slot] = 0.5 * (pair * pair).sum(axis=1)
    return fates


def draw_factor_shocks(
    seed: int, scenario_ids: IntArray, n_periods: int, xp: ArrayModule = np
) -> FloatArray:
    """Return the independent normals of the factors alone.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1. [unitless]
    n_periods : int
        Months. [months]
    xp : module
        Array module to draw on.

    Returns
    -------
    ndarray of shape (n_scenarios, n_factors, n_periods)
        Those of `draw_shocks`. [unitless]
    """
    ids = xp.asarray(scenario_ids)
    return _pairs(seed, ids, n_periods, FACTOR_STREAM, len(FACTORS), xp)


def sampled_paths(
    study: Study, seed: int, scenario_ids: IntArray, xp: ArrayModule = np
) -> MarketPaths:
    """Return the market paths of sampled scenarios.

    Parameters
    ----------
    study : Study
        Study whose market is sampled.
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1. [unitless]
    xp : module
        Array module to compute on.

    Returns
    -------
    MarketPaths
        One row per id; without volatility every row is the base path, bit for bit.

    Raises
    ------
    ValueError
        If the seed or an id is out of range.
    """
    return simulate(study, draw_shocks(study, seed, scenario_ids, xp))


def _pairs(
    seed: int,
    ids: IntArray,
    n_periods: int,
    first_stream: int,
    n_series: int,
    xp: ArrayModule,
) -> FloatArray:
    """Return (n_scenarios, n_series, n_periods) normals, two series per stream."""
    drawn: FloatArray = xp.empty((len(ids), n_series, n_periods))
    for start in range(0, n_series, 2):
        two = normals(seed, ids, n_periods, first_stream + start // 2)
        for place in range(start, min(start + 2, n_series)):
            drawn[:, place] = two[..., place - start]
    return drawn
