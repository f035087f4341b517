# SPDX-License-Identifier: Apache-2.0
"""`gpu.sampling.leading` compiled: the same draws but for rounding, many times sooner.

Written in the language of `gpu.kernel`, many scenarios abreast. What does not belong
here: any definition (`gpu.sampling.net`, `gpu.sampling.leading`).

References
----------
.. [1] M. J. Wichura, "Algorithm AS 241: the percentage points of the normal
   distribution", Applied Statistics 37 (1988) 477, doi:10.2307/2347330, routine PPND16.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.kernel.compiled import Doubles, Integers, L, device, entry
from gpu.kernel.elementary import exp_, float_of_small, larger, log_, smaller
from gpu.kernel.intrinsics import sqrt_
from gpu.kernel.random import WORD_ROWS, normal_pair
from gpu.sampling import leading as sampling_leading
from gpu.sampling.net import bridge_cuts, scramble_columns
from gpu.scoring.chunks import BLOCK
from models.market_bitcoin import opening_log_variance

if TYPE_CHECKING:
    from gpu.sampling.rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.market_parameters import Market

__all__ = ["leading_draws"]

# What `gpu.sampling.leading` and `gpu.sampling.net` define, as plain numbers.
N_LEADING: Final = 3
BITS: Final = 12
TAIL_STREAM: Final = 3
MOST_LOG_VARIANCE: Final = 10.0
WORD_STEP: Final = 2.0**-32

# Rows of the work array: two draws, a step, the state of log variance, then T + 1 rows
# of levels, T + 1 of the clock, T of volatilities.
PAIR: Final = 0
STEP: Final = 2
STATE: Final = 3
LEVEL: Final = 4

# Wichura's rational functions: near the middle, and in the tails to 1e-11.
A_0: Final = 3.3871328727963666080
A_1: Final = 133.14166789178437745
A_2: Final = 1971.5909503065514427
A_3: Final = 13731.693765509461125
A_4: Final = 45921.953931549871457
A_5: Final = 67265.770927008700853
A_6: Final = 33430.575583588128105
A_7: Final = 2509.0809287301226727
B_1: Final = 42.313330701600911252
B_2: Final = 687.18700749205790830
B_3: Final = 5394.1960214247511077
B_4: Final = 21213.794301586595867
B_5: Final = 39307.895800092710610
B_6: Final = 28729.085735721942674
B_7: Final = 5226.4952788528545610
C_0: Final = 1.42343711074968357734
C_1: Final = 4.63033784615654529590
C_2: Final = 5.76949722146069140550
C_3: Final = 3.64784832476320460504
C_4: Final = 1.27045825245236838258
C_5: Final = 0.241780725177450611770
C_6: Final = 0.0227238449892691845833
C_7: Final = 7.74545014278341407640e-4
D_1: Final = 2.05319162663775882187
D_2: Final = 1.67638483018380384940
D_3: Final = 0.689767334985100004550
D_4: Final = 0.148103976427480074590
D_5: Final = 0.0151986665636164571966
D_6: Final = 5.47593808499534494600e-4
D_7: Final = 1.05075007164441684324e-9
MIDDLE: Final = 0.425
MIDDLE_SQUARE: Final = 0.180625
TAIL_START: Final = 1.6


@device
def normal_quantile(u: float) -> float:
    """Return the quantile of the normal distribution, u from 1e-11 to 1 - 1e-11."""
    q = u - 0.5
    r = MIDDLE_SQUARE - q * q
    above = A_4 + r * (A_5 + r * (A_6 + r * A_7))
    above = A_0 + r * (A_1 + r * (A_2 + r * (A_3 + r * above)))
    below = B_4 + r * (B_5 + r * (B_6 + r * B_7))
    below = 1.0 + r * (B_1 + r * (B_2 + r * (B_3 + r * below)))
    middle = q * above / below
    t = sqrt_(-log_(smaller(u, 1.0 - u))) - TAIL_START
    above = C_4 + t * (C_5 + t * (C_6 + t * C_7))
    above = C_0 + t * (C_1 + t * (C_2 + t * (C_3 + t * above)))
    below = D_4 + t * (D_5 + t * (D_6 + t * D_7))
    below = 1.0 + t * (D_1 + t * (D_2 + t * (D_3 + t * below)))
    tail = above / below
    signed = tail if q > 0.0 else -tail
    return middle if r >= 0.0 else signed


@device
def draw_step(
    w: Doubles,
    u: Integers,
    places: Integers,
    first: int,
    shift: Integers,
    columns: Integers,
    dimension: int,
) -> None:
    """Write the normals of a dimension into row `STEP`."""
    start = STEP * L
    for i in range(L):
        u[i] = shift[dimension]
    for bit in range(BITS):
        column = columns[dimension * BITS + bit]
        for i in range(L):
            u[i] = u[i] ^ (column & -((places[first + i] >> bit) & 1))
    for i in range(L):
        w[start + i] = normal_quantile((float_of_small(u[i]) + 0.5) * WORD_STEP)


@device
def walk(
    w: Doubles,
    u: Integers,
    places: Integers,
    first: int,
    shift: Integers,
    columns: Integers,
    cuts: Integers,
    n_periods: int,
    series: int,
) -> None:
    """Write the levels of a bridge in the clock that stands in its rows."""
    clock = (LEVEL + n_periods + 1) * L
    level = LEVEL * L
    end = n_periods * L
    step = STEP * L
    draw_step(w, u, places, first, shift, columns, series)
    for i in range(L):
        w[level + i] = 0.0
        w[level + end + i] = sqrt_(w[clock + end + i]) * w[step + i]
    for k in range(n_periods - 1):
        a = cuts[3 * k] * L
        c = cuts[3 * k + 1] * L
        b = cuts[3 * k + 2] * L
        draw_step(w, u, places, first, shift, columns, (k + 1) * N_LEADING + series)
        for i in range(L):
            before = w[clock + c + i] - w[clock + a + i]
            share = before / (w[clock + b + i] - w[clock + a + i])
            spread = sqrt_(share * (w[clock + b + i] - w[clock + c + i]))
            gap = w[level + b + i] - w[level + a + i]
            between = w[level + a + i] + share * gap
            w[level + c + i] = between + spread * w[step + i]


@device
def write_changes(
    w: Doubles, out: Doubles, first: int, n_periods: int, series: int
) -> None:
    """Write the changes of the levels over the months' volatility as draws."""
    step = STEP * L
    for t in range(n_periods):
        level = (LEVEL + t) * L
        volatility = (LEVEL + 2 * n_periods + 2 + t) * L
        for i in range(L):
            change = w[level + L + i] - w[level + i]
            w[step + i] = change / w[volatility + i]
        for i in range(L):
            at = ((first + i) * N_LEADING + series) * n_periods + t
            out[at] = w[step + i]


@device
def even_clock(w: Doubles, n_periods: int) -> None:
    """Let every month take the same time."""
    volatility = (LEVEL + 2 * n_periods + 2) * L
    for t in range(n_periods + 1):
        clock = (LEVEL + n_periods + 1 + t) * L
        now = float_of_small(t)
        for i in range(L):
            w[clock + i] = now
    for k in range(n_periods * L):
        w[volatility + k] = 1.0


@device
def price_clock(
    w: Doubles,
    u: Integers,
    counters: Integers,
    n_periods: int,
    seed_low: int,
    seed_high: int,
    market: Doubles,
) -> None:
    """Let time run with the price's variance; levels are those of its lasting part."""
    opening = market[0]
    keep = market[1]
    step = market[2]
    spread = market[3]
    state = STATE * L
    clock = (LEVEL + n_periods + 1) * L
    for i in range(L):
        w[state + i] = opening
        w[clock + i] = 0.0
    for t in range(n_periods):
        normal_pair(u, w, PAIR, seed_low, seed_high, counters, t, TAIL_STREAM)
        level = (LEVEL + t) * L
        volatility = (LEVEL + 2 * n_periods + 2 + t) * L
        now = clock + t * L
        for i in range(L):
            lasting = w[level + L + i] - w[level + i]
            x = keep * w[state + i] + step * lasting
            w[state + i] = x
            x = x + spread * w[(PAIR + 1) * L + i]
            x = larger(smaller(x, MOST_LOG_VARIANCE), -MOST_LOG_VARIANCE)
            v = exp_(x)
            w[volatility + i] = sqrt_(v)
            w[now + L + i] = w[now + i] + v


@entry
def lead_rows(
    w: Doubles,
    u: Integers,
    counters: Integers,
    ids: Integers,
    places: Integers,
    shift: Integers,
    columns: Integers,
    cuts: Integers,
    out: Doubles,
    n_rows: int,
    n_periods: int,
    seed_low: int,
    seed_high: int,
    market: Doubles,
) -> None:
    """Draw ``n_rows`` scenarios of a block, a multiple of `L`."""
    for group in range(n_rows // L):
        first = group * L
        for i in range(L):
            counters[i] = ids[first + i]
        even_clock(w, n_periods)
        walk(w, u, places, first, shift, columns, cuts, n_periods, 1)
        write_changes(w, out, first, n_periods, 1)
        walk(w, u, places, first, shift, columns, cuts, n_periods, 2)
        write_changes(w, out, first, n_periods, 2)
        price_clock(w, u, counters, n_periods, seed_low, seed_high, market)
        walk(w, u, places, first, shift, columns, cuts, n_periods, 0)
        write_changes(w, out, first, n_periods, 0)


def leading_draws(
    rule: DrawRule, scenario_ids: IntArray, market: Market, n_periods: int
) -> FloatArray:
    """Return the draws of the leading factors.

    Parameters
    ----------
    rule : DrawRule
        Its seed and its swapped groups count.
    scenario_ids : ndarray of int of shape (n_scenarios,)
        In range, on the host; whole blocks of 4,096 cost least. [unitless]
    market : Market
        Says how the variance of the price lasts.
    n_periods : int
        Months. [months]

    Returns
    -------
    ndarray of shape (n_scenarios, 3, n_periods)
        Those of `gpu.sampling.leading.leading_draws`, within 1e-11; the interpreter
        lock is free meanwhile. [unitless]
    """
    return sampling_leading.leading_draws(
        rule, scenario_ids, market, n_periods, finished=_finished
    )


def _finished(
    seed: int, scenario_ids: IntArray, market: Market, n_periods: int
) -> FloatArray:
    """Return (n_scenarios, n_leading, n_periods) draws of scenarios as numbered."""
    ids = np.asarray(scenario_ids, dtype=np.int64)
    drawn = np.empty((len(ids), N_LEADING, n_periods))
    block = ids - ids % BLOCK
    for first in np.unique(block):
        is_here = block == first
        drawn[is_here] = _of_block(seed, int(first), ids[is_here], market, n_periods)
    return drawn


def _of_block(
    seed: int, block_id: int, ids: IntArray, market: Market, n_periods: int
) -> FloatArray:
    """Return (n_scenarios, n_leading, n_periods) draws of scenarios of one block."""
    shift, columns = scramble_columns(seed, block_id, N_LEADING * n_periods)
    n_rows = -(-len(ids) // L) * L
    wide = np.resize(ids, n_rows)
    out = np.empty(n_rows * N_LEADING * n_periods)
    keep = 0.5 ** (1.0 / market.btc_variance_half_life_months)
    terms = (
        opening_log_variance(market),
        keep,
        market.btc_variance_spread * (1.0 - keep**2) ** 0.5,
        market.btc_variance_tail_spread,
    )
    lead_rows(
        np.empty((LEVEL + 3 * n_periods + 2) * L),
        np.empty(WORD_ROWS * L, dtype=np.int64),
        np.empty(L, dtype=np.int64),
        wide,
        wide - block_id,
        shift.astype(np.int64),
        columns.astype(np.int64).reshape(-1),
        np.array(bridge_cuts(n_periods), dtype=np.int64).reshape(-1),
        out,
        n_rows,
        n_periods,
        seed & 0xFFFFFFFF,
        seed >> 32,
        np.array(terms),
    )
    return out.reshape(n_rows, N_LEADING, n_periods)[: len(ids)]
