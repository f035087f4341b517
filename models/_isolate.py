# SPDX-License-Identifier: Apache-2.0
"""Search for every real root of exponential sums: isolate, then refine.

Intervals of the log rate are halved until `models._expsum.count_roots` proves that
each holds no root or exactly one. What rounding keeps undecided is handed back as a
cluster, never guessed. Many functions are searched at once, and what is found for one
does not depend on the others. What does not belong here: exact arithmetic on clusters
(`models._exact`), which root to report (`models._irr`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models._expsum import (
    CHUNK_CELLS,
    ONE,
    OPEN,
    UNIT_ROUNDOFF,
    Sums,
    count_roots,
    signs_at,
    terms_at,
)

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = ["Brackets", "isolate", "refine", "touch"]

# Where to cut an interval: near the middle first, off it so that a root at a round
# number is not hit; then outwards, to close in on a stretch that is all rounding noise.
CUTS = (0.4871, 0.3719, 0.6283, 0.2511, 0.7489, 0.1013, 0.8987, 0.0307, 0.9693)
MAX_REFINE = 200
NOISE_ROUNDOFFS = 2.0**16


@dataclass(frozen=True, slots=True)
class Brackets:
    """Intervals that hold a root, in order of row and log rate.

    Parameters
    ----------
    row : ndarray of shape (n_brackets,)
        Function. [unitless]
    left, right : ndarray of shape (n_brackets,)
        Ends. [1/period]
    left_sign, right_sign : ndarray of shape (n_brackets,)
        Signs of the function there. [unitless]
    is_cluster : ndarray of shape (n_brackets,)
        1 where the count inside is not settled, else 0. [unitless]
    """

    row: IntArray
    left: FloatArray
    right: FloatArray
    left_sign: IntArray
    right_sign: IntArray
    is_cluster: IntArray

    def take(self, keep: IntArray) -> Brackets:
        """Return the brackets with these positions.

        Parameters
        ----------
        keep : ndarray of shape (n_kept,)
            Positions. [unitless]

        Returns
        -------
        Brackets
            Those brackets, in that order.
        """
        return Brackets(
            self.row[keep],
            self.left[keep],
            self.right[keep],
            self.left_sign[keep],
            self.right_sign[keep],
            self.is_cluster[keep],
        )


def isolate(sums: Sums, zero_sign: IntArray) -> Brackets:
    """Return an interval round every root of every function.

    Parameters
    ----------
    sums : Sums
        The functions; each needs at least one change of sign.
    zero_sign : ndarray of shape (n_rows,)
        Exact sign of each function at t = 0, that is of the undiscounted sum; where
        it is not 0, no interval reaches across t = 0. [unitless]

    Returns
    -------
    Brackets
        Disjoint intervals; two clusters that meet at t = 0 are joined.
    """
    todo = _whole_line(sums, zero_sign)
    # One change of sign in the flows: exactly one root (Descartes), and simple.
    is_plain = (_changes(sums.coefficients) == 1)[todo.row]
    is_crossed = todo.left_sign != todo.right_sign
    done = [todo.take(np.flatnonzero(is_plain & is_crossed))]
    todo = todo.take(np.flatnonzero(~is_plain))
    while len(todo.row):
        verdict = count_roots(
            sums,
            todo.row,
            todo.left,
            todo.right,
            left_sign=todo.left_sign,
            right_sign=todo.right_sign,
        )
        done.append(todo.take(np.flatnonzero(verdict == ONE)))
        todo, stuck = _cut(sums, todo.take(np.flatnonzero(verdict == OPEN)))
        done.append(stuck)
    found = _concatenate(done)
    return _join(found.take(np.lexsort((found.left, found.row))))


def _changes(coefficients: FloatArray) -> IntArray:
    """Return the number of sign changes in each row, zeros passed over."""
    n_terms = coefficients.shape[1]
    place = np.where(coefficients != 0.0, np.arange(n_terms), 0)
    last = np.maximum.accumulate(place, axis=1)
    sign = np.take_along_axis(np.sign(coefficients), last, axis=1)
    changes: IntArray = (sign[:, 1:] * sign[:, :-1] < 0.0).sum(axis=1, dtype=np.int64)
    return changes


def _concatenate(parts: list[Brackets]) -> Brackets:
    """Return one list of brackets."""
    return Brackets(
        np.concatenate([p.row for p in parts]),
        np.concatenate([p.left for p in parts]),
        np.concatenate([p.right for p in parts]),
        np.concatenate([p.left_sign for p in parts]),
        np.concatenate([p.right_sign for p in parts]),
        np.concatenate([p.is_cluster for p in parts]),
    )


def _whole_line(sums: Sums, zero_sign: IntArray) -> Brackets:
    """Return first intervals, outside which one end term outweighs all others.

    For t above ``max_k log(2 n |c[k] / c[first]|) / (a[k] - a[first])`` over the terms
    of opposite sign, each of those n is at most |c[first]| / 2n; so for the last term
    and t below.
    """
    present = sums.coefficients != 0.0
    rows = np.arange(len(present))
    first = present.argmax(axis=1)
    last = present.shape[1] - 1 - present[:, ::-1].argmax(axis=1)
    sign = np.sign(sums.coefficients).astype(np.int64)
    span = sums.exponents[last] - sums.exponents[first]
    ends = []
    for end in (first, last):
        against = sign == -sign[rows, end][:, None]
        gap = np.abs(sums.exponents - sums.exponents[end][:, None])
        excess = sums.log_abs - sums.log_abs[rows, end][:, None]
        excess = excess + np.log(2.0 * np.maximum(against.sum(axis=1), 1))[:, None]
        reach = np.where(against, excess / np.where(against, gap, 1.0), -np.inf)
        ends.append(np.maximum(reach.max(axis=1), 1.0 / span))
    right, left = ends[0], -ends[1]
    right_sign, left_sign = sign[rows, first], sign[rows, last]
    flat = np.zeros(len(rows), dtype=np.int64)
    split = np.flatnonzero(zero_sign != 0)
    whole = np.flatnonzero(zero_sign == 0)
    line = Brackets(rows, left, right, left_sign, right_sign, flat)
    origin = np.zeros(len(rows))
    below = Brackets(rows, left, origin, left_sign, zero_sign, flat)
    above = Brackets(rows, origin, right, zero_sign, right_sign, flat)
    return _concatenate([line.take(whole), below.take(split), above.take(split)])


def _cut(sums: Sums, items: Brackets) -> tuple[Brackets, Brackets]:
    """Return both halves of each interval, and those that cannot be cut.

    A cut needs a proven sign, so that no root can sit on it.
    """
    width = items.right - items.left
    size = np.maximum(np.abs(items.left), np.abs(items.right))
    where = np.zeros(len(width))
    sign = np.zeros(len(width), dtype=np.int64)
    wide = width > 64.0 * UNIT_ROUNDOFF * size
    for fraction in CUTS:
        need = np.flatnonzero(wide & (sign == 0))
        if not len(need):
            break
        where[need] = items.left[need] + fraction * width[need]
        sign[need] = signs_at(sums, items.row[need], where[need])
    cut = np.flatnonzero(sign != 0)
    stuck = items.take(np.flatnonzero(sign == 0))
    stuck.is_cluster[:] = 1
    whole = items.take(cut)
    lower = Brackets(
        whole.row, whole.left, where[cut], whole.left_sign, sign[cut], whole.is_cluster
    )
    upper = Brackets(
        whole.row,
        where[cut],
        whole.right,
        sign[cut],
        whole.right_sign,
        whole.is_cluster,
    )
    return _concatenate([lower, upper]), stuck


def _join(found: Brackets) -> Brackets:
    """Return the brackets with clusters that share the end t = 0 made one."""
    meets = (
        (found.row[:-1] == found.row[1:])
        & (found.right[:-1] == 0.0)
        & (found.left[1:] == 0.0)
        & (found.is_cluster[:-1] == 1)
        & (found.is_cluster[1:] == 1)
    )
    first = np.flatnonzero(meets)
    if not len(first):
        return found
    found.right[first] = found.right[first + 1]
    found.right_sign[first] = found.right_sign[first + 1]
    keep = np.ones(len(found.row), dtype=np.bool_)
    keep[first + 1] = False
    return found.take(np.flatnonzero(keep))


def _log_ratio(
    sums: Sums, row: IntArray, t: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return log(inflows / outflows), both discounted, and its slope.

    It has the roots of the NPV and is nearly straight, so Newton steps on it are good
    from far away. Infinite where one side underflows.
    """
    ratio = np.empty(len(t))
    slope = np.empty(len(t))
    step = max(1, CHUNK_CELLS // len(sums.exponents))
    for start in range(0, len(t), step):
        part = slice(start, start + step)
        term, lag, _ = terms_at(sums, row[part], t[part])
        inflow = np.maximum(term, 0.0)
        outflow = np.maximum(-term, 0.0)
        plus, minus = inflow.sum(axis=1), outflow.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
            ratio[part] = np.log(plus / minus)
            slope[part] = (outflow * lag).sum(axis=1) / minus - (inflow * lag).sum(
                axis=1
            ) / plus
    return ratio, slope


def refine(sums: Sums, brackets: Brackets) -> FloatArray:
    """Return the root in each bracket whose ends have unlike signs.

    Newton steps on the log ratio of inflows to outflows, kept inside a bracket that
    only shrinks, with bisection where a step leaves it or is slow.

    Parameters
    ----------
    sums : Sums
        The functions.
    brackets : Brackets
        Intervals.

    Returns
    -------
    ndarray of shape (n_brackets,)
        Log rate, to a few units in its last place where the flows allow. [1/period]
    """
    left, right = brackets.left.copy(), brackets.right.copy()
    # Zero, where it ends a bracket, is nearer to most roots than the middle.
    t = np.where((left == 0.0) | (right == 0.0), 0.0, 0.5 * (left + right))
    before = right - left
    live = np.arange(len(t))
    for _ in range(MAX_REFINE):
        if not len(live):
            break
        row = brackets.row[live]
        ratio, slope = _log_ratio(sums, row, t[live])
        is_left = np.sign(ratio) == brackets.left_sign[live]
        left[live] = np.where(is_left, t[live], left[live])
        right[live] = np.where(is_left, right[live], t[live])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = np.where(slope == 0.0, np.nan, -ratio / slope)
            fine = UNIT_ROUNDOFF * (np.abs(t[live]) + 1.0 / np.abs(slope))
        size = np.abs(newton)
        goal = t[live] + newton
        inside = (goal > left[live]) & (goal < right[live])
        quick = inside & (size < 0.5 * before[live])
        middle = 0.5 * (left[live] + right[live])
        is_done = (size <= 4.0 * fine) | (ratio == 0.0)
        # Small steps that no longer shrink are rounding noise.
        is_done |= (size <= NOISE_ROUNDOFFS * fine) & (size >= 0.5 * before[live])
        is_done |= (middle <= left[live]) | (middle >= right[live])
        goal = np.where(quick, goal, np.where(is_done, t[live], middle))
        before[live] = np.abs(goal - t[live])
        t[live] = np.where(ratio == 0.0, t[live], goal)
        live = live[~is_done]
    return t


def touch(sums: Sums, brackets: Brackets) -> FloatArray:
    """Return the point nearest to a root in each cluster whose ends have like signs.

    Parameters
    ----------
    sums : Sums
        The functions.
    brackets : Brackets
        Intervals.

    Returns
    -------
    ndarray of shape (n_brackets,)
        Where the log ratio of inflows to outflows is flat, or the middle. [1/period]
    """
    left, right = brackets.left.copy(), brackets.right.copy()
    _, left_slope = _log_ratio(sums, brackets.row, left)
    _, right_slope = _log_ratio(sums, brackets.row, right)
    is_hill = np.sign(left_slope) == -np.sign(right_slope)
    middle = 0.5 * (left + right)
    for _ in range(60):
        _, slope = _log_ratio(sums, brackets.row, middle)
        is_left = np.sign(slope) == np.sign(left_slope)
        left = np.where(is_hill & is_left, middle, left)
        right = np.where(is_hill & ~is_left, middle, right)
        middle = 0.5 * (left + right)
    return middle
