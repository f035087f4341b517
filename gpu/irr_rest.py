# SPDX-License-Identifier: Apache-2.0
"""Rates of the rows that the kernel leaves, by the rule of `models._irr`, compiled.

Few rows come here, but NumPy takes hundreds of small steps for each and holds the
interpreter meanwhile, which keeps every other thread of a scoring waiting. The search
is that of `models._isolate` with the proofs of `models._expsum`, row by row: intervals
of the log rate are halved until each holds no root or one, every sign with a bound of
its rounding. What these loops cannot prove goes to `models.finance.irr_rows`. Importing
it imports Numba. What does not belong here: the rule and its reasons, lanes
(`gpu.kernel.irr`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.kernel.compiled import Doubles, Integers, entry
from gpu.kernel.intrinsics import abs_, float_of_int
from gpu.kernel.irr import NONE, OK, SEVERAL, SHARPNESS, UNSETTLED
from gpu.kernel.rest_search import (
    MOST_WAITING,
    N_FACTS,
    N_SIDES,
    describe_row,
    find_roots,
    refine_root,
)
from gpu.kernel.rest_sums import N_COEFFICIENTS, SLOPE
from models._expsum import power_to_bernstein
from models._irr import LOWEST_RATE
from models._isolate import CUTS
from models.finance import irr_rows as irr_rows_of_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.arrays import FloatArray, IntArray

__all__ = ["irr_rows"]


def irr_rows(
    cash_flow_usd: FloatArray,
) -> tuple[FloatArray, IntArray, NDArray[np.int8]]:
    """Return the internal rate of return of every row.

    Parameters
    ----------
    cash_flow_usd : ndarray of shape (n_rows, n_flows)
        Equally spaced flows, inflow positive. [USD]

    Returns
    -------
    rate : ndarray of shape (n_rows,)
        Rate per period, NaN where there is none. [1/period]
    n_roots : ndarray of int64 of shape (n_rows,)
        Number of distinct real roots above -1. [unitless]
    status : ndarray of int8 of shape (n_rows,)
        Codes of `models.finance.IrrStatus`. [unitless]

    Raises
    ------
    ValueError
        If a flow is not finite.

    Notes
    -----
    Counts and statuses are those of `models.finance.irr_rows`, rates to 1e-9, relative
    for rates above 1. A row's result does not depend on the other rows.
    """
    flows = np.ascontiguousarray(cash_flow_usd, dtype=np.float64)
    n_rows, n_flows = flows.shape
    log_rate, counts = np.full(n_rows, np.nan), np.empty((2, n_rows), dtype=np.int64)
    n_wide = max(n_flows, N_COEFFICIENTS)
    work: list[Any] = [np.empty(n_wide) for _ in range(5)]
    work += [np.empty(N_FACTS), np.empty(MOST_WAITING * N_SIDES)]
    kernel: Any = _solve_rows
    kernel(
        flows.reshape(-1),
        n_flows,
        power_to_bernstein().reshape(-1),
        np.array(CUTS),
        *work,
        log_rate,
        counts[0],
        counts[1],
    )
    rate = np.maximum(np.expm1(log_rate), LOWEST_RATE)
    n_roots, status = counts[0], counts[1].astype(np.int8)
    rest = np.flatnonzero(status < 0)
    if len(rest):
        rate[rest], n_roots[rest], status[rest] = irr_rows_of_numpy(flows[rest])
    return rate, n_roots, status


@entry
def _solve_rows(
    flows: Doubles,
    n_flows: int,
    table: Doubles,
    cuts: Doubles,
    sizes: Doubles,
    c: Doubles,
    term: Doubles,
    power: Doubles,
    step: Doubles,
    facts: Doubles,
    waiting: Doubles,
    log_rate: Doubles,
    n_roots: Integers,
    code: Integers,
) -> None:
    """Solve rows that follow each other in memory."""
    for row in range(len(code)):
        code[row] = UNSETTLED
        n_roots[row] = 0
        if describe_row(flows, row * n_flows, n_flows, c, sizes, facts) == 1:
            found = find_roots(
                n_flows, table, cuts, c, sizes, term, power, step, facts, waiting
            )
            if found == 0:
                code[row] = NONE
            if found > 0:
                t = refine_root(n_flows, c, sizes, term, power, facts)
                if abs_(facts[SLOPE]) * SHARPNESS > float_of_int(n_flows):
                    log_rate[row] = t
                    n_roots[row] = found
                    code[row] = SEVERAL if found > 1 else OK
