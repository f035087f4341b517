# SPDX-License-Identifier: Apache-2.0
"""IRR of many cash flows at once with the compiled kernel, on the CPU.

It has the results and errors of `gpu.irr_batch.irr`, an order of magnitude faster.
Importing it imports Numba. What does not belong here: the kernel (`gpu.kernel.irr`).
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from gpu.irr_rest import irr_rows
from gpu.kernel.compiled import Doubles, Integers, L, device, entry
from gpu.kernel.irr import (
    IRR_OUT_ROWS,
    IRR_RATE,
    IRR_ROOTS,
    IRR_STATUS,
    IRR_WORK_ROWS,
    irr_lanes,
    irr_lanes_plain,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from models.arrays import FloatArray, IntArray

__all__ = ["irr"]

# Rows left over that are solved at once.
REST_ROWS = 4096
# Rows that are written into lanes side by side: what one cache line holds.
ABREAST = 8


def irr(
    cash_flow_usd: ArrayLike, *, n_threads: int = 1
) -> tuple[FloatArray, IntArray, NDArray[np.int8]]:
    """Return the internal rate of return of every row.

    Parameters
    ----------
    cash_flow_usd : array_like of shape (n, n_flows)
        Equally spaced flows, inflow positive, index 0 undiscounted. [USD]
    n_threads : int
        Threads that share the rows. They change no bit of the result. [unitless]

    Returns
    -------
    rate : ndarray of shape (n,)
        Rate per period by the rule of `models.finance.irr`, NaN where there is none.
        [1/period]
    n_roots : ndarray of int64 of shape (n,)
        Number of distinct real roots above -1. [unitless]
    status : ndarray of int8 of shape (n,)
        Codes of `models.finance.IrrStatus`. [unitless]

    Raises
    ------
    ValueError
        If the array is not two-dimensional, has no columns, or is not all finite, or
        if `n_threads` is below 1.

    Notes
    -----
    Agrees with `models.finance.irr` to 1e-9, relative for rates above 1. Rows whose
    number of roots the kernel cannot prove are solved by `gpu.irr_rest.irr_rows`.
    The first call in a process loads, or on a new machine compiles, the kernel.
    """
    flows = np.ascontiguousarray(cash_flow_usd, dtype=np.float64)
    if flows.ndim != 2 or flows.shape[1] == 0:
        msg = f"cash_flow_usd has shape {flows.shape}, expected (n, n_flows >= 1)"
        raise ValueError(msg)
    if n_threads < 1:
        msg = f"n_threads = {n_threads} must be >= 1"
        raise ValueError(msg)
    rate, n_roots, code = _solve(flows, n_threads, is_deep=False)
    status = code.astype(np.int8)
    rest = np.flatnonzero(status < 0)
    _check_finite(flows, rest)
    for start in range(0, len(rest), REST_ROWS):
        rows = rest[start : start + REST_ROWS]
        rate[rows], n_roots[rows], status[rows] = _solve(
            flows[rows], n_threads, is_deep=True
        )
    rest = rest[status[rest] < 0]
    for start in range(0, len(rest), REST_ROWS):
        rows = rest[start : start + REST_ROWS]
        rate[rows], n_roots[rows], status[rows] = irr_rows(flows[rows])
    return rate, n_roots, status


def _solve(
    flows: FloatArray, n_threads: int, *, is_deep: bool
) -> tuple[FloatArray, IntArray, IntArray]:
    """Return what the kernel makes of each row; a negative status is unsettled."""
    n_rows, n_flows = flows.shape
    rate = np.empty(n_rows)
    n_roots = np.empty(n_rows, dtype=np.int64)
    code = np.empty(n_rows, dtype=np.int64)
    n_blocks = -(-n_rows // L)
    ends = [n_blocks * part // n_threads * L for part in range(n_threads)]
    parts = [slice(*pair) for pair in itertools.pairwise([*ends, n_rows])]

    def solve(part: slice) -> None:
        lanes, work, out = (
            np.empty(n * L) for n in (n_flows, IRR_WORK_ROWS, IRR_OUT_ROWS)
        )
        results = rate[part], n_roots[part], code[part]
        rows = flows[part].reshape(-1)
        _solve_rows(rows, n_flows, int(is_deep), lanes, work, out, *results)

    if n_threads == 1:
        solve(parts[0])
    else:
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(solve, parts))
    return rate, n_roots, code


def _check_finite(flows: FloatArray, rest: IntArray) -> None:
    """Raise with the place of the first flow that is NaN or infinite.

    The kernel settles no row that has one.
    """
    for start in range(0, len(rest), REST_ROWS):
        rows = rest[start : start + REST_ROWS]
        bad = ~np.isfinite(flows[rows])
        if bad.any():
            place, column = (int(axis[0]) for axis in np.nonzero(bad))
            row = int(rows[place])
            msg = (
                f"cash_flow_usd[{row}, {column}] = {flows[row, column]} must be finite"
            )
            raise ValueError(msg)


@entry
def _solve_rows(
    flows: Doubles,
    n_flows: int,
    is_deep: int,
    lanes: Doubles,
    work: Doubles,
    out: Doubles,
    rate: Doubles,
    n_roots: Integers,
    code: Integers,
) -> None:
    """Solve rows that follow each other in memory, `L` at a time."""
    n_rows = len(rate)
    for row in range(0, n_rows, L):
        n_lanes = min(L, n_rows - row)
        if n_lanes == L:
            _turn(flows, row * n_flows, n_flows, lanes)
        else:
            _turn_some(flows, row * n_flows, n_flows, n_lanes, lanes)
        if is_deep == 1:
            irr_lanes(lanes, 0, n_flows, work, out)
        else:
            irr_lanes_plain(lanes, 0, n_flows, work, out)
        for i in range(n_lanes):
            rate[row + i] = out[IRR_RATE * L + i]
            n_roots[row + i] = int(out[IRR_ROOTS * L + i])
            code[row + i] = int(out[IRR_STATUS * L + i])


@device
def _turn(flows: Doubles, first: int, n_flows: int, lanes: Doubles) -> None:
    """Write rows into lanes, a few side by side so that both stay in the cache."""
    for group in range(0, L, ABREAST):
        start = first + group * n_flows
        for k in range(n_flows):
            for i in range(ABREAST):
                lanes[k * L + group + i] = flows[start + i * n_flows + k]


@device
def _turn_some(
    flows: Doubles, first: int, n_flows: int, n_lanes: int, lanes: Doubles
) -> None:
    """Write the last rows into lanes, and zeros into those left over."""
    for k in range(n_flows):
        for i in range(L):
            lanes[k * L + i] = 0.0
        for i in range(n_lanes):
            lanes[k * L + i] = flows[first + i * n_flows + k]
