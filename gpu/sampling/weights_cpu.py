# SPDX-License-Identifier: Apache-2.0
"""`gpu.sampling.scenarios.weights` compiled: the same weights but for rounding.

Written in the language of `gpu.kernel`, many scenarios abreast. What does not belong
here: what a weight is (`gpu.sampling.scenarios`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.kernel.compiled import Doubles, Integers, L, entry
from gpu.kernel.elementary import exp_, smaller
from gpu.kernel.random import WORD_ROWS, normal_pair
from gpu.sampling.draws import checked_ids, checked_tilt
from gpu.sampling.rule import PARTNER_OFFSET, as_rule

if TYPE_CHECKING:
    from gpu.sampling.rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.study import Study

__all__ = ["weights"]

PRICE_STREAM: Final = 0
MOST_LOG: Final = 700.0
# Rows of the work array: two draws and the log of the densities' ratio.
RATIO: Final = 2
WORK_ROWS: Final = 3


@entry
def weigh_rows(
    w: Doubles,
    u: Integers,
    counters: Integers,
    ids: Integers,
    tilt: Doubles,
    out: Doubles,
    n_rows: int,
    n_periods: int,
    seed_low: int,
    seed_high: int,
    plain_every: int,
) -> None:
    """Weigh ``n_rows`` scenarios, a multiple of `L`."""
    ratio = RATIO * L
    plain = 1.0 / plain_every
    for group in range(n_rows // L):
        first = group * L
        for i in range(L):
            counters[i] = ids[first + i]
            w[ratio + i] = 0.0
        for t in range(n_periods):
            normal_pair(u, w, 0, seed_low, seed_high, counters, t, PRICE_STREAM)
            shift = tilt[t]
            for i in range(L):
                added = shift if (ids[first + i] & (plain_every - 1)) != 0 else 0.0
                w[ratio + i] += shift * (w[i] + added - 0.5 * shift)
        for i in range(L):
            tilted = (1.0 - plain) * exp_(smaller(w[ratio + i], MOST_LOG))
            out[first + i] = 1.0 / (plain + tilted)


def weights(
    study: Study, rule_or_seed: DrawRule | int, scenario_ids: IntArray
) -> FloatArray:
    """Return how much each scenario counts in a mean.

    Parameters
    ----------
    study : Study
        Says how many months there are.
    rule_or_seed : DrawRule or int
        Rule of the draws; a seed, 0 to 2^64 - 1, for plain ones. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1. [unitless]

    Returns
    -------
    ndarray of shape (n_scenarios,)
        Those of `gpu.sampling.scenarios.weights`, within 1e-12 of their size. [ratio]

    Raises
    ------
    ValueError
        If an id is out of range, or a tilt does not have one number per month.
    """
    rule = as_rule(rule_or_seed)
    ids = checked_ids(rule, np.asarray(scenario_ids))
    tilt = checked_tilt(rule, study.time.months)
    if not tilt.size or not len(ids):
        return np.ones(len(ids))
    if "btc_price" in rule.swapped:
        # The offset is divisible by every power of two, so the same rows are tilted.
        ids = ids + PARTNER_OFFSET
    n_rows = -(-len(ids) // L) * L
    out = np.empty(n_rows)
    weigh_rows(
        np.empty(WORK_ROWS * L),
        np.empty(WORD_ROWS * L, dtype=np.int64),
        np.empty(L, dtype=np.int64),
        np.resize(ids, n_rows),
        tilt,
        out,
        n_rows,
        len(tilt),
        rule.seed & 0xFFFFFFFF,
        rule.seed >> 32,
        rule.plain_every,
    )
    return out[: len(ids)]
