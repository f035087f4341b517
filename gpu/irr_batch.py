# SPDX-License-Identifier: Apache-2.0
"""IRR of many cash flows at once, on NumPy or CuPy arrays.

Rows that provably have at most one root above zero and at most one below are solved
together on the array module; the few that remain go through
`models.finance.irr_rows`, by the same rule. What does not belong here: the rule itself
and the search for more roots (`models._irr`).

Of a row seen as a polynomial in ``x = 1 / (1 + rate)``, the roots with x < 1 are at
most the sign changes of its running sums (its quotient by ``1 - x`` has them for
coefficients), of the running sums of those, and so on; the roots with x > 1 likewise
for the row read backwards. The true count differs from such a bound by an even number,
so that a bound of 0 or 1 is the count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.backend import get_array_module, rows_per_chunk, to_host
from models.finance import IrrStatus, irr_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from models.arrays import FloatArray, IntArray

__all__ = ["irr"]

UNIT_ROUNDOFF = 2.0**-53
# Sums of sums tried; each sharpens the count and costs one pass.
SUM_DEPTH = 4
MAX_STEPS = 100
LAST_STEP = 1e-8
# As in the scalar routine: a rate is above -1.
LOWEST_RATE = -1.0 + 2.0**-53
CHUNK_ROWS = 4096
# Work arrays per flow: the chunk, its transpose, masks and running sums. [B]
BYTES_PER_FLOW = 96
# Flows beyond this, or below its inverse, may overflow in plain recurrences. [USD]
LARGEST_PLAIN = 1e100


def irr(
    cash_flow_usd: ArrayLike, *, chunk_rows: int | None = None
) -> tuple[FloatArray, IntArray, NDArray[np.int8]]:
    """Return the internal rate of return of every row.

    Parameters
    ----------
    cash_flow_usd : array_like of shape (n, n_flows)
        Equally spaced flows, inflow positive, index 0 undiscounted; a NumPy or CuPy
        array. [USD]
    chunk_rows : int or None
        Rows worked on at once; None for as many as suit cache and memory. It changes
        no bit of the result. [unitless]

    Returns
    -------
    rate : ndarray of shape (n,)
        Rate per period by the rule of `models.finance.irr`, NaN where there is none.
        [1/period]
    n_roots : ndarray of int64 of shape (n,)
        Number of distinct real roots above -1. [unitless]
    status : ndarray of int8 of shape (n,)
        Codes of `models.finance.IrrStatus` (0 ok, 1 several, 2 double, 3 none,
        4 all_zero, 5 uncertain); ``models.finance.IRR_STATUS[code]`` is the name.
        [unitless]

    Raises
    ------
    ValueError
        If the array is not two-dimensional, has no columns, or is not all finite.

    Notes
    -----
    Results lie on the device of the input. Agrees with `models.finance.irr` to 1e-9,
    relative for rates above 1; rows with several sign changes that running sums do
    not settle are solved on the host.
    """
    xp = get_array_module(cash_flow_usd)
    flows = xp.asarray(cash_flow_usd, dtype=xp.float64)
    if flows.ndim != 2 or flows.shape[1] == 0:
        msg = f"cash_flow_usd has shape {flows.shape}, expected (n, n_flows >= 1)"
        raise ValueError(msg)
    n_rows, n_flows = flows.shape
    if chunk_rows is None:
        limit = CHUNK_ROWS if xp.__name__ == "numpy" else 1 << 18
        chunk_rows = rows_per_chunk(n_flows * BYTES_PER_FLOW, xp=xp, limit_rows=limit)
    if chunk_rows < 1:
        msg = f"chunk_rows = {chunk_rows} must be >= 1"
        raise ValueError(msg)
    rate = xp.empty(n_rows, dtype=xp.float64)
    n_roots = xp.empty(n_rows, dtype=xp.int64)
    status = xp.empty(n_rows, dtype=xp.int8)
    for start in range(0, n_rows, chunk_rows):
        part = slice(start, start + chunk_rows)
        _check_finite(flows[part], start, xp)
        with np.errstate(all="ignore"):
            solved = _solve_chunk(flows[part], xp)
        rate[part], n_roots[part], status[part] = solved
    return rate, n_roots, status


def _check_finite(flows: Any, start: int, xp: Any) -> None:
    """Raise with the place of the first flow that is NaN or infinite."""
    if bool(xp.isfinite(flows).all()):
        return
    row, column = (int(axis[0]) for axis in xp.nonzero(~xp.isfinite(flows)))
    value = float(flows[row, column])
    msg = f"cash_flow_usd[{start + row}, {column}] = {value} must be finite"
    raise ValueError(msg)


def _solve_chunk(flows: Any, xp: Any) -> tuple[Any, Any, Any]:
    """Return rate, number of roots and status of the rows of one chunk."""
    n_rows = len(flows)
    rate = xp.full(n_rows, xp.nan)
    n_roots = xp.zeros(n_rows, dtype=xp.int64)
    status = xp.full(n_rows, int(IrrStatus.NONE), dtype=xp.int8)
    columns = xp.ascontiguousarray(flows.T)
    gains, losses = (columns > 0.0).any(axis=0), (columns < 0.0).any(axis=0)
    status[~(gains | losses)] = int(IrrStatus.ALL_ZERO)
    above, below, wanted = _count_by_side(columns, xp)
    is_settled = (above <= 1) & (below <= 1) & _has_plain_size(flows, xp)
    is_settled |= ~(gains & losses)
    rest = xp.flatnonzero(~is_settled)
    if len(rest):
        solved = irr_rows(to_host(flows[rest]))
        rate[rest], n_roots[rest], status[rest] = (xp.asarray(a) for a in solved)
    n_roots = xp.where(is_settled, above + below, n_roots)
    is_found = is_settled & (n_roots > 0)
    several = xp.where(n_roots > 1, int(IrrStatus.SEVERAL), int(IrrStatus.OK))
    status = xp.where(is_found, several, status).astype(xp.int8)
    is_above = xp.where(wanted > 0.0, above == 1, below == 0)
    for sign, side in ((1, is_above), (-1, ~is_above)):
        rows = xp.flatnonzero(is_found & side)
        if len(rows):
            t = _newton(_toward_root(columns[:, rows], sign, xp), xp)
            rate[rows] = xp.maximum(xp.expm1(sign * t), LOWEST_RATE)
    return rate, n_roots, status


def _has_plain_size(flows: Any, xp: Any) -> Any:
    """Return which rows neither overflow nor underflow in plain recurrences."""
    size = xp.abs(flows)
    fits = (size < LARGEST_PLAIN) & ((size > 1.0 / LARGEST_PLAIN) | (flows == 0.0))
    return fits.all(axis=1)


def _count_by_side(columns: Any, xp: Any) -> tuple[Any, Any, Any]:
    """Return the roots above and below zero, 2 for not proven, and the sum's sign."""
    changes, first, last, total = _plain_signs(columns, xp)
    # Each half line has unlike signs at its ends where its count is odd.
    is_odd_above, is_odd_below = total * first < 0.0, total * last < 0.0
    above = xp.where(changes == 1, is_odd_above, 2 * (changes > 1))
    below = xp.where(changes == 1, is_odd_below, 2 * (changes > 1))
    is_open = (total == 0.0) & (changes > 0)
    above, below = xp.where(is_open, 2, above), xp.where(is_open, 2, below)
    rows = xp.flatnonzero((changes > 1) & (total != 0.0))
    if len(rows):
        several = xp.ascontiguousarray(columns[:, rows])
        above[rows] = _bound_above_zero(several, xp)
        below[rows] = _bound_above_zero(several[::-1], xp)
    return above, below, total


def _plain_signs(columns: Any, xp: Any) -> tuple[Any, Any, Any, Any]:
    """Return sign changes, first and last sign, and sign of the sum of each row.

    The sign of a sum that rounding hides is 0.
    """
    n_rows = columns.shape[1]
    changes = xp.zeros(n_rows, dtype=xp.int64)
    first, last, total, size = (xp.zeros(n_rows) for _ in range(4))
    # Added in a fixed order, so that no bit depends on how many rows there are.
    for flow in columns:
        changes += flow * last < 0.0
        last = xp.where(flow != 0.0, xp.sign(flow), last)
        first = xp.where(first == 0.0, last, first)
        total += flow
        size += xp.abs(flow)
    is_clear = xp.abs(total) > (4.0 + len(columns)) * UNIT_ROUNDOFF * size
    return changes, first, last, xp.where(is_clear, xp.sign(total), 0.0)


def _bound_above_zero(columns: Any, xp: Any) -> Any:
    """Return a bound on the number of roots with x in (0, 1), at most 2.

    It is the least over the running sums of depth 1 to `SUM_DEPTH`; a depth in which
    rounding hides a sign is left out.
    """
    n_rows = columns.shape[1]
    sums, sizes, last, sign = (
        [xp.zeros(n_rows) for _ in range(SUM_DEPTH)] for _ in range(4)
    )
    changes = [xp.zeros(n_rows, dtype=xp.int64) for _ in range(SUM_DEPTH)]
    unclear = [xp.zeros(n_rows, dtype=xp.bool_) for _ in range(SUM_DEPTH)]
    for k, flow in enumerate(columns):
        value, size = flow, xp.abs(flow)
        for depth in range(SUM_DEPTH):
            sums[depth] = value = sums[depth] + value
            sizes[depth] = size = sizes[depth] + size
            # Each addition on the way costs half a unit in the last place of a
            # number no larger than the same sum of absolute values.
            slack = (4.0 + (depth + 1) * (k + 1)) * UNIT_ROUNDOFF * size
            is_clear = xp.abs(value) > slack
            sign[depth] = xp.where(is_clear, xp.sign(value), 0.0)
            unclear[depth] |= ~is_clear & (size > 0.0)
            changes[depth] += sign[depth] * last[depth] < 0.0
            last[depth] = xp.where(is_clear, sign[depth], last[depth])
    bound = xp.full(n_rows, 2, dtype=xp.int64)
    # Beyond the last flow a running sum goes on as a polynomial in the index whose
    # coefficients, in binomials, are the last sums of all lesser depths.
    beyond = xp.zeros(n_rows, dtype=xp.int64)
    hidden = xp.zeros(n_rows, dtype=xp.bool_)
    for depth in range(SUM_DEPTH):
        hidden |= sign[depth] == 0.0
        if depth:
            beyond += sign[depth] * sign[depth - 1] < 0.0
        settled = xp.minimum(bound, changes[depth] + beyond)
        bound = xp.where(unclear[depth] | hidden, bound, settled)
    return bound


def _toward_root(columns: Any, sign: int, xp: Any) -> Any:
    """Return the flows with the root at 0 < x < 1 and the first flow not zero."""
    if sign < 0:
        columns = columns[::-1]
    lead = (columns != 0.0).argmax(axis=0)
    if not bool(lead.any()):
        return xp.ascontiguousarray(columns)
    place = xp.arange(len(columns))[:, None] + lead[None, :]
    kept = xp.take_along_axis(columns, xp.minimum(place, len(columns) - 1), axis=0)
    return xp.where(place < len(columns), kept, 0.0)


def _newton(columns: Any, xp: Any) -> Any:
    """Return ``t = -log x`` of the only root with 0 < x < 1 of each column.

    Newton steps on log(inflows / outflows) as a function of t, which is nearly
    straight, kept in a bracket that only shrinks, with bisection where a step leaves
    it or is slow.
    """
    n_rows = columns.shape[1]
    side = xp.sign(columns[0])
    # At this t the first flow outweighs the rest, as 2 sum|c| x <= |c[0]|.
    size = 2.0 * len(columns) * xp.abs(columns).max(axis=0)
    high = xp.log(size / xp.abs(columns[0]))
    low = xp.zeros(n_rows)
    t = xp.zeros(n_rows)
    before = high.copy()
    root = xp.zeros(n_rows)
    live = xp.arange(n_rows)
    for _ in range(MAX_STEPS):
        ratio, slope = _log_ratio(columns, xp.exp(-t), xp)
        is_high = xp.sign(ratio) == side
        high = xp.where(is_high, t, high)
        low = xp.where(is_high, low, t)
        step = -ratio / xp.where(slope == 0.0, xp.nan, slope)
        goal = t + step
        middle = 0.5 * (low + high)
        quick = (goal > low) & (goal < high) & (xp.abs(step) < 0.5 * before)
        # One step squares the error, relative to span and slope.
        nearness = xp.abs(step) * len(columns)
        # Across zero lies another root, however near: no step may end there.
        is_last = nearness < LAST_STEP * xp.minimum(xp.abs(slope), 1.0)
        is_last &= goal > 0.0
        goal = xp.where(quick | is_last, xp.clip(goal, low, high), middle)
        is_done = is_last | (middle <= low) | (middle >= high)
        before = xp.abs(goal - t)
        root[live] = goal
        keep = xp.flatnonzero(~is_done)
        if not len(keep):
            break
        t, low, high, before = goal[keep], low[keep], high[keep], before[keep]
        side, live = side[keep], live[keep]
        if len(keep) < columns.shape[1]:
            columns = xp.ascontiguousarray(columns[:, keep])
    return root


def _log_ratio(columns: Any, x: Any, xp: Any) -> tuple[Any, Any]:
    """Return log(inflows / outflows) at x and its slope in t, by Horner's rule."""
    plus, plus_slope = xp.zeros_like(x), xp.zeros_like(x)
    minus, minus_slope = xp.zeros_like(x), xp.zeros_like(x)
    for flow in columns[::-1]:
        plus_slope *= x
        plus_slope += plus
        minus_slope *= x
        minus_slope += minus
        plus *= x
        plus += xp.maximum(flow, 0.0)
        minus *= x
        minus -= xp.minimum(flow, 0.0)
    ratio = xp.log(plus) - xp.log(minus)
    slope = x * (minus_slope / minus - plus_slope / plus)
    return ratio, slope
