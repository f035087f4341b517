# SPDX-License-Identifier: Apache-2.0
"""Internal rates of return: how many there are, and which one to report.

The rule for several roots, the meaning of every status, and the two entry points for
one cash flow and for many rows. What does not belong here: rules that need no root
search (`models.finance`, which is also where users import from).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from models._exact import MAX_DEGREE, readings, square_free
from models._expsum import Sums, make_sums
from models._isolate import Brackets, isolate, refine, touch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

    from models.arrays import FloatArray, IntArray

__all__ = ["IRR_STATUS", "IrrResult", "IrrStatus", "irr", "irr_rows", "xirr"]

DAYS_PER_YEAR = 365
MIN_FLOW_RATIO = 1e-300
# A root nearer to -1 than this is reported as this: -1 itself is never a root.
LOWEST_RATE = -1.0 + 2.0**-53


class IrrStatus(IntEnum):
    """What is known about the roots of an NPV; the number is the batched code."""

    OK = 0
    SEVERAL = 1
    DOUBLE = 2
    NONE = 3
    ALL_ZERO = 4
    UNCERTAIN = 5


IRR_STATUS: tuple[str, ...] = tuple(status.name.lower() for status in IrrStatus)


@dataclass(frozen=True, slots=True)
class IrrResult:
    """An internal rate of return with what is known about its uniqueness.

    Parameters
    ----------
    rate : float
        The rate chosen, NaN where there is none. [1/period]
    n_roots : int
        Number of distinct real roots above -1; with status ``uncertain``, the number
        of places where NPV is zero to rounding. [unitless]
    status : str
        ``ok`` (one root where NPV changes sign), ``several``, ``double`` (one root
        where NPV touches zero and keeps its sign), ``none``, ``all_zero`` or
        ``uncertain`` (floating point cannot settle the count).
    """

    rate: float
    n_roots: int
    status: str


def irr(cash_flow_usd: ArrayLike) -> IrrResult:
    """Return the internal rate of return per period of one cash flow.

    Parameters
    ----------
    cash_flow_usd : array_like of shape (n_flows,)
        Equally spaced flows, inflow positive, index 0 undiscounted. [USD]

    Returns
    -------
    IrrResult
        Rate per period, number of roots, status.

    Raises
    ------
    ValueError
        If the flows are empty, not one-dimensional, or not all finite.

    Notes
    -----
    Of several roots, the one nearest zero among those with the sign of the
    undiscounted sum; if none has it, or the sum is zero, the one nearest zero.

    Flows are taken as known to half a unit in their last place. ``double`` is said
    only where exact arithmetic proves it for the flows as stored, as written in
    decimals, or as simple ratios to the first flow; two roots, or none, that differ
    from a double root by less than the rounding of the flows are ``uncertain``.
    """
    flows = _checked_flows(cash_flow_usd)
    return _solve_one(flows, np.arange(len(flows)), periods_per_rate=1)


def xirr(
    dates: Sequence[date] | NDArray[np.datetime64], cash_flow_usd: ArrayLike
) -> IrrResult:
    """Return the effective annual internal rate of return of dated flows.

    Parameters
    ----------
    dates : sequence of date of shape (n_flows,)
        Day of each flow, in any order; flows of one day are added. [date]
    cash_flow_usd : array_like of shape (n_flows,)
        Flows, inflow positive. [USD]

    Returns
    -------
    IrrResult
        Rate per year on an actual/365 fixed basis; choice and status as `irr`.

    Raises
    ------
    ValueError
        If the lengths differ, a date is missing, or a flow is not finite.

    Notes
    -----
    Discounting from another day only scales NPV, so the first date plays no part.
    A rate beyond the range of floating point is inf; one nearer to -1 than rounding
    allows is the number next above -1.
    """
    flows = _checked_flows(cash_flow_usd)
    try:
        days = np.asarray(dates, dtype="datetime64[D]")
    except (TypeError, ValueError) as err:
        msg = f"dates must be calendar dates: {err}"
        raise ValueError(msg) from err
    if days.shape != flows.shape:
        msg = (
            f"dates has shape {days.shape}, cash_flow_usd {flows.shape}: must be equal"
        )
        raise ValueError(msg)
    if np.isnat(days).any():
        msg = f"dates[{int(np.isnat(days).argmax())}] is missing (NaT)"
        raise ValueError(msg)
    unique, place = np.unique(days.astype(np.int64), return_inverse=True)
    total = [math.fsum(flows[place == k]) for k in range(len(unique))]
    return _solve_one(np.array(total), unique, periods_per_rate=DAYS_PER_YEAR)


def irr_rows(
    cash_flow_usd: ArrayLike,
) -> tuple[FloatArray, IntArray, NDArray[np.int8]]:
    """Return the internal rate of return of every row, by the same rule as `irr`.

    Parameters
    ----------
    cash_flow_usd : array_like of shape (n_rows, n_flows)
        Equally spaced flows, inflow positive. [USD]

    Returns
    -------
    rate : ndarray of shape (n_rows,)
        Rate per period, NaN where there is none. [1/period]
    n_roots : ndarray of shape (n_rows,)
        Number of distinct real roots above -1. [unitless]
    status : ndarray of shape (n_rows,)
        Codes of `IrrStatus`; `IRR_STATUS` gives the names. [unitless]

    Raises
    ------
    ValueError
        If the array is not two-dimensional, has no columns, or is not all finite.

    Notes
    -----
    A row's result does not depend on the other rows.
    """
    flows = np.ascontiguousarray(cash_flow_usd, dtype=np.float64)
    if flows.ndim != 2 or flows.shape[1] == 0:
        msg = f"cash_flow_usd has shape {flows.shape}, expected (n_rows, n_flows >= 1)"
        raise ValueError(msg)
    bad = ~np.isfinite(flows)
    if bad.any():
        row, column = (int(axis[0]) for axis in np.nonzero(bad))
        msg = f"cash_flow_usd[{row}, {column}] = {flows[row, column]} must be finite"
        raise ValueError(msg)
    t, n_roots, status = _solve(flows, np.arange(flows.shape[1]))
    return _rate(t), n_roots, status


def _checked_flows(cash_flow_usd: ArrayLike) -> FloatArray:
    """Return the flows as one finite, non-empty vector."""
    flows = np.asarray(cash_flow_usd, dtype=np.float64)
    if flows.ndim != 1 or not len(flows):
        msg = f"cash_flow_usd has shape {flows.shape}, expected (n_flows >= 1,)"
        raise ValueError(msg)
    if not np.isfinite(flows).all():
        k = int((~np.isfinite(flows)).argmax())
        msg = f"cash_flow_usd[{k}] = {flows[k]} must be finite"
        raise ValueError(msg)
    return flows


def _solve_one(
    flows: FloatArray, exponents: IntArray, *, periods_per_rate: int
) -> IrrResult:
    """Return the result for one cash flow on a time grid of whole periods."""
    present = np.flatnonzero(flows)
    if not len(present):
        return IrrResult(math.nan, 0, IRR_STATUS[IrrStatus.ALL_ZERO])
    exponents = exponents[present] - exponents[present[0]]
    # Flows every 12th period are a polynomial in the 12-period factor.
    stride = max(1, math.gcd(*exponents.tolist()))
    t, n_roots, status = _solve(flows[present][None, :], exponents // stride)
    rate = float(_rate(t * (periods_per_rate / stride))[0])
    # One NaN object for all, so that two results without a rate compare equal.
    rate = math.nan if math.isnan(rate) else rate
    return IrrResult(rate, int(n_roots[0]), IRR_STATUS[status[0]])


def _rate(t: FloatArray) -> FloatArray:
    """Return the rate of a log rate, kept above -1."""
    with np.errstate(over="ignore"):
        return np.maximum(np.expm1(t), LOWEST_RATE)


def _solve(
    flows: FloatArray, exponents: IntArray
) -> tuple[FloatArray, IntArray, NDArray[np.int8]]:
    """Return log rate, number of roots and status of each row."""
    n_rows = len(flows)
    t = np.full(n_rows, np.nan)
    n_roots = np.zeros(n_rows, dtype=np.int64)
    status = np.full(n_rows, IrrStatus.NONE, dtype=np.int8)
    status[~flows.any(axis=1)] = IrrStatus.ALL_ZERO
    is_mixed = (flows > 0.0).any(axis=1) & (flows < 0.0).any(axis=1)
    is_spread = is_mixed & _is_spread(flows)
    status[is_spread] = IrrStatus.UNCERTAIN
    mixed = np.flatnonzero(is_mixed & ~is_spread)
    if not len(mixed):
        return t, n_roots, status
    total_sign = np.array([_sign(math.fsum(row)) for row in flows[mixed]])
    sums = make_sums(flows[mixed], exponents)
    found = isolate(sums, total_sign)
    doubtful = np.zeros(len(mixed), dtype=np.bool_)
    doubtful[found.row[found.is_cluster == 1]] = True
    count = np.bincount(found.row, minlength=len(mixed))
    n_roots[mixed] = count
    code = np.where(count > 1, IrrStatus.SEVERAL, IrrStatus.OK)
    code = np.where(count == 0, IrrStatus.NONE, code)
    status[mixed] = np.where(doubtful, IrrStatus.UNCERTAIN, code)
    chosen = found.take(_choose(found, total_sign))
    t[mixed[chosen.row]] = _locate(sums, chosen, total_sign)
    for row in mixed[doubtful]:
        proven = _solve_exactly(flows[row], exponents)
        if proven is not None:
            t[row], n_roots[row], status[row] = proven
    return t, n_roots, status


def _is_spread(flows: FloatArray) -> NDArray[np.bool_]:
    """Return which rows span more magnitudes than one scaling can hold."""
    size = np.abs(flows)
    smallest = np.where(size > 0.0, size, np.inf).min(axis=1)
    with np.errstate(under="ignore"):
        return np.asarray(smallest < size.max(axis=1) * MIN_FLOW_RATIO)


def _sign(value: float) -> int:
    """Return -1, 0 or 1."""
    return int(value > 0.0) - int(value < 0.0)


def _choose(found: Brackets, total_sign: IntArray) -> IntArray:
    """Return the position of the bracket to report for each row that has one.

    Brackets are in order of row, then log rate. Unless the sum is zero, none reaches
    across zero; if it is, zero itself is a root, in the bracket round it.
    """
    wanted = total_sign[found.row]
    middle = 0.5 * (found.left + found.right)
    is_across = (found.left < 0.0) & (found.right > 0.0)
    is_wanted = np.where(wanted == 0, is_across, np.sign(middle) == wanted)
    order = np.lexsort((np.abs(middle), ~is_wanted, found.row))
    _, first = np.unique(found.row[order], return_index=True)
    return order[first]


def _locate(sums: Sums, chosen: Brackets, total_sign: IntArray) -> FloatArray:
    """Return the log rate in each chosen bracket."""
    t = np.zeros(len(chosen.row))
    is_across = (chosen.left < 0.0) & (chosen.right > 0.0)
    is_zero = is_across & (total_sign[chosen.row] == 0)
    is_crossing = chosen.left_sign != chosen.right_sign
    crossing = np.flatnonzero(~is_zero & is_crossing)
    touching = np.flatnonzero(~is_zero & ~is_crossing)
    t[crossing] = refine(sums, chosen.take(crossing))
    t[touching] = touch(sums, chosen.take(touching))
    return t


def _solve_exactly(
    flows: FloatArray, exponents: IntArray
) -> tuple[float, int, IrrStatus] | None:
    """Return the answer where exact arithmetic proves a multiple root, else None."""
    present = np.flatnonzero(flows)
    powers = exponents[present] - exponents[present[0]]
    stride = math.gcd(*powers.tolist())
    powers //= stride
    if powers[-1] > MAX_DEGREE:
        return None
    dense = np.zeros(int(powers[-1]) + 1)
    dense[powers] = flows[present]
    for reading in readings(dense.tolist()):
        simple = square_free(reading)
        if simple is None:
            continue
        largest = max(abs(value) for value in simple)
        # Quotients of whole numbers are rounded once, however long the numbers.
        row = np.array([[value / largest for value in simple]])
        sums = make_sums(row, np.arange(len(simple)))
        zero_sign = np.array([_sign(sum(simple))])
        found = isolate(sums, zero_sign)
        if found.is_cluster.any() or not len(found.row):
            continue
        total_sign = np.array([_sign(sum(reading))])
        chosen = found.take(_choose(found, total_sign))
        t = float(_locate(sums, chosen, zero_sign)[0]) / stride
        is_even = _sign(reading[0]) == _sign(reading[-1])
        single = IrrStatus.DOUBLE if is_even else IrrStatus.OK
        status = single if len(found.row) == 1 else IrrStatus.SEVERAL
        return t, len(found.row), status
    return None
