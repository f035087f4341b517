# SPDX-License-Identifier: Apache-2.0
"""Scrambled Sobol points, one net per block of ids, and a Brownian bridge over months.

A point is a function of (seed, block, place in the block, dimension) alone: it is found
without its neighbours. What does not belong here: which draws the points replace
(`gpu.sampling.leading`).

References
----------
.. [1] S. Joe, F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional
   projections", SIAM J. Sci. Comput. 30 (2008) 2635, doi:10.1137/070709359: the
   direction numbers, as SciPy carries them.
.. [2] J. Matousek, "On the L2-discrepancy for anchored boxes", J. Complexity 14 (1998)
   527, doi:10.1006/jcom.1998.0489: linear scrambling with a digital shift.
.. [3] P. Glasserman, "Monte Carlo Methods in Financial Engineering", Springer 2004,
   section 3.1: the Brownian bridge.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.sampling.philox import words
from gpu.scoring.chunks import BLOCK

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray, UIntArray

__all__ = [
    "SCRAMBLE_STREAM",
    "bridge_cuts",
    "bridged",
    "direction_numbers",
    "net_normals",
    "net_points",
    "scramble_columns",
]

SCRAMBLE_STREAM: Final = 12289
BLOCK_BITS: Final = 12
WORD_BITS: Final = 32
_WORDS_PER_DIMENSION: Final = 16


def net_normals(points: UIntArray, n_series: int) -> FloatArray:
    """Return standard normals of several series from scrambled Sobol points.

    Parameters
    ----------
    points : ndarray of uint32 of shape (n_series n_periods, n_scenarios)
        Those of `net_points`. [unitless]
    n_series : int
        Series; dimension ``m n_series + s`` is step m of series s. [unitless]

    Returns
    -------
    ndarray of shape (n_series, n_periods, n_scenarios)
        Independent within a scenario; the ids of a block of 4,096 fill the space
        evenly, blocks are independent of each other. [unitless]

    Notes
    -----
    The whole number x becomes the normal quantile of ``(x + 1/2) / 2^32``.
    """
    from scipy.special import ndtri

    normals: FloatArray = ndtri((points + 0.5) * 2.0**-WORD_BITS)
    return normals.reshape(-1, n_series, points.shape[1]).swapaxes(0, 1)


def net_points(seed: int, scenario_ids: IntArray, n_dimensions: int) -> UIntArray:
    """Return scrambled Sobol points as whole numbers.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1, on the host. [unitless]
    n_dimensions : int
        1 to 21,201. [unitless]

    Returns
    -------
    ndarray of uint32 of shape (n_dimensions, n_scenarios)
        Coordinates times 2^32. [unitless]

    Notes
    -----
    Scenario n is point ``i = n mod 4096`` of block ``n - i``. The coordinate in
    dimension d is the exclusive or of a shift and of one column per bit of i that is
    set. Shift and columns are `scramble_columns` of the block.
    """
    ids = np.asarray(scenario_ids, dtype=np.int64)
    place, block = ids % BLOCK, ids - ids % BLOCK
    if len(ids) == BLOCK and (ids == block[0] + np.arange(BLOCK)).all():
        return _net(seed, int(block[0]), n_dimensions)
    found = np.empty((n_dimensions, len(ids)), dtype=np.uint32)
    for first in np.unique(block):
        is_here = block == first
        net = _net(seed, int(first), n_dimensions)
        found[:, is_here] = net[:, place[is_here]]
    return found


def _net(seed: int, block_id: int, n_dimensions: int) -> UIntArray:
    """Return all points of a block, of shape (n_dimensions, 4096)."""
    shift, columns = scramble_columns(seed, block_id, n_dimensions)
    net = np.empty((n_dimensions, BLOCK), dtype=np.uint32)
    net[:, 0] = shift
    for bit in range(BLOCK_BITS):
        half = 1 << bit
        net[:, half : 2 * half] = net[:, :half] ^ columns[:, bit, None]
    return net


def scramble_columns(
    seed: int, block_id: int, n_dimensions: int
) -> tuple[UIntArray, UIntArray]:
    """Return the random shift and the scrambled direction numbers of a block.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1. [unitless]
    block_id : int
        First id of the block. [unitless]
    n_dimensions : int
        Dimensions. [unitless]

    Returns
    -------
    shift : ndarray of uint32 of shape (n_dimensions,)
        Added to every point without carry. [unitless]
    columns : ndarray of uint32 of shape (n_dimensions, 12)
        By bit of the point's place, lowest first. [unitless]

    Notes
    -----
    Of dimension d the 16 Philox words w_0 to w_15 have the block's first id as
    scenario, ``4 d`` to ``4 d + 3`` as month and stream 12289. w_0 is the shift.
    ``c_k = 2^(31 - k) + w_(k + 1) mod 2^(31 - k)`` replaces the k-th highest bit of a
    direction number, k from 0 to 11: a random lower triangular matrix with ones on its
    diagonal.
    """
    month = np.arange(4 * n_dimensions)
    drawn = np.stack(words(seed, np.array([block_id]), month, SCRAMBLE_STREAM), axis=-1)
    w = drawn.astype(np.uint32).reshape(n_dimensions, _WORDS_PER_DIMENSION)
    top = np.uint32(1) << np.arange(WORD_BITS - 1, WORD_BITS - 1 - BLOCK_BITS, -1)
    top = top.astype(np.uint32)
    replacing = top | (w[:, 1 : BLOCK_BITS + 1] & (top - np.uint32(1)))
    plain = direction_numbers(n_dimensions)
    columns = np.zeros_like(plain)
    for k in range(BLOCK_BITS):
        has_bit = (plain & top[k]) != 0
        columns ^= np.where(has_bit, replacing[:, k, None], np.uint32(0))
    return w[:, 0], columns


@lru_cache(maxsize=8)
def direction_numbers(n_dimensions: int) -> UIntArray:
    """Return the first 12 Sobol direction numbers of each dimension [1]_.

    Parameters
    ----------
    n_dimensions : int
        1 to 21,201. [unitless]

    Returns
    -------
    ndarray of uint32 of shape (n_dimensions, 12)
        Direction number j has bit ``31 - j`` set and none below it. [unitless]

    Notes
    -----
    SciPy walks its points in Gray code order, in which point ``2^(j + 1) - 1`` is
    direction number j alone.
    """
    from scipy.stats import qmc

    engine = qmc.Sobol(n_dimensions, scramble=False)
    points = engine.random_base2(BLOCK_BITS)
    alone = 2 ** np.arange(1, BLOCK_BITS + 1) - 1
    numbers: UIntArray = (points[alone].T * 2.0**WORD_BITS).astype(np.uint32)
    return numbers


def bridged(steps: FloatArray, variance: FloatArray | None = None) -> FloatArray:
    """Return monthly normals whose running sum is a Brownian bridge of the steps.

    Parameters
    ----------
    steps : ndarray of shape (n_periods, n_scenarios)
        Independent standard normals by bridge step. [unitless]
    variance : ndarray of shape (n_periods, n_scenarios) or None
        Weight v > 0 of the square of each month's normal, independent of the steps;
        None for 1. [unitless]

    Returns
    -------
    ndarray of shape (n_periods, n_scenarios)
        Independent standard normals e by month, independent of the variance.
        [unitless]

    Notes
    -----
    ``W_t`` is the sum of ``sqrt(v) e`` over the months before t, ``V_t`` that of v.
    With T months, step 0 sets ``W_T = sqrt(V_T) g_0``. Then the interval (0, T) and
    every interval so made is cut in order of making, the left part before the right:
    (a, b) with b > a + 1 at ``c = (a + b) // 2`` with the next step g and
    ``f = (V_c - V_a) / (V_b - V_a)``,
    ``W_c = W_a + f (W_b - W_a) + sqrt(f (V_b - V_c)) g``. Then
    ``e_t = (W_(t+1) - W_t) / sqrt(v_t)``. Given v this is a rotation of the steps,
    which leaves independent normals what they are.
    """
    n_periods = len(steps)
    clock: FloatArray = np.arange(n_periods + 1.0)[:, None]
    if variance is not None:
        clock = np.zeros((n_periods + 1, steps.shape[1]))
        np.cumsum(variance, axis=0, out=clock[1:])
    level = np.zeros((n_periods + 1, steps.shape[1]))
    level[n_periods] = np.sqrt(clock[n_periods]) * steps[0]
    for step, (left, middle, right) in enumerate(bridge_cuts(n_periods), start=1):
        share = (clock[middle] - clock[left]) / (clock[right] - clock[left])
        spread = np.sqrt(share * (clock[right] - clock[middle]))
        between = level[left] + share * (level[right] - level[left])
        level[middle] = between + spread * steps[step]
    monthly: FloatArray = np.diff(level, axis=0)
    return monthly if variance is None else monthly / np.sqrt(variance)


@lru_cache(maxsize=8)
def bridge_cuts(n_periods: int) -> tuple[tuple[int, int, int], ...]:
    """Return where `bridged` cuts, in its order.

    Parameters
    ----------
    n_periods : int
        Months. [months]

    Returns
    -------
    tuple of tuple of int
        Left end, cut and right end of each interval. [months]
    """
    found = []
    waiting = [(0, n_periods)]
    for left, right in waiting:
        if right > left + 1:
            middle = (left + right) // 2
            found.append((left, middle, right))
            waiting += [(left, middle), (middle, right)]
    return tuple(found)
