# SPDX-License-Identifier: Apache-2.0
"""How many roots a row of flows has above and below a rate of zero, on lanes.

The proofs are those of `gpu.irr_batch`: signs of the flows, then signs of running sums,
of sums of those, and so on, from both ends. What does not belong here: finding a root
(`gpu.kernel.irr`).
"""

from __future__ import annotations

from typing import Final

from gpu.kernel.compiled import Doubles, History, L, device
from gpu.kernel.elementary import kept
from gpu.kernel.intrinsics import abs_, bits_of_float, float_of_int, floor_, fma

__all__ = ["COUNT_ROWS", "UNKNOWN", "count_roots"]

UNIT_ROUNDOFF: Final = 1.1102230246251565e-16
# Flows beyond this, or below its inverse, may overflow in plain recurrences. [USD]
LARGEST_PLAIN: Final = 1e100
SMALLEST_PLAIN: Final = 1e-100
# A count of this or more says only that there may be that many roots.
UNKNOWN: Final = 9.0
NOT_PLAIN: Final = 99.0

# Rows of the scratch array, each of `L` numbers: sum, sum of sizes, first and last
# flow that is not zero, sign changes, sum of sizes that are too small, ...
TOTAL: Final = 0
SIZE: Final = 1
FIRST: Final = 2
LAST: Final = 3
CHANGES: Final = 4
TINY: Final = 5
# ... sums of k c, k |c|, k^2 c and k^2 |c|, ...
MOMENT: Final = 6
SPREAD: Final = 7
SECOND_MOMENT: Final = 8
SECOND_SPREAD: Final = 9
# ... the sign of the sum, 0 where rounding hides it, how many roots there are, ...
SIGN: Final = 10
ABOVE: Final = 11
BELOW: Final = 12
# ... and of a bound by running sums their depth and a place among those whose signs
# are unlike the first: the bound just found, then those of both sides.
BOUND: Final = 13
DEPTH: Final = 14
MIDDLE: Final = 15
ABOVE_DEPTH: Final = 16
ABOVE_MIDDLE: Final = 17
BELOW_DEPTH: Final = 18
BELOW_MIDDLE: Final = 19
# From here on four rows for each depth of running sums: sum, sum of sizes, sign
# changes and their places, sums whose sign rounding hides.
SUMS: Final = 20
SUM_DEPTH: Final = 4
COUNT_ROWS: Final = 36

# A sign change at place k counts as 1 + k PLACE_UNIT.
PLACE_UNIT: Final = 2.0**-30


@device
def count_roots(flows: History, first: int, n_flows: int, work: Doubles) -> None:
    """Write into the rows `SIGN`, `ABOVE` and `BELOW` what is known of each lane.

    A count of 0 or 1 is proven; any other number is a bound.
    """
    _describe(flows, first, n_flows, work)
    _count_by_signs(n_flows, work)
    n_open = 0
    for i in range(L):
        n_open += 1 if work[ABOVE * L + i] > 1.0 else 0
    if n_open > 0:
        _bound_by_sums(flows, first, L, n_flows, work)
        _take_bound(ABOVE, ABOVE_DEPTH, work)
        _bound_by_sums(flows, first + (n_flows - 1) * L, -L, n_flows, work)
        _take_bound(BELOW, BELOW_DEPTH, work)


@device
def _take_bound(row: int, depth_row: int, work: Doubles) -> None:
    """Put the bound in place of a count that is not known."""
    for i in range(L):
        count = work[row * L + i]
        bound = work[BOUND * L + i]
        found = bound if count == UNKNOWN else count
        work[row * L + i] = kept(found)
        work[depth_row * L + i] = work[DEPTH * L + i]
        work[(depth_row + 1) * L + i] = work[MIDDLE * L + i]


@device
def _describe(flows: History, first: int, n_flows: int, work: Doubles) -> None:
    """Go once through the flows of each lane, two at a time."""
    for row in range(SECOND_SPREAD + 1):
        for i in range(L):
            work[row * L + i] = 0.0
    _find_first(flows, first, n_flows, work)
    n_single = n_flows & 1
    if n_single > 0:
        for i in range(L):
            flow = flows[first + i]
            size = abs_(flow)
            work[TOTAL * L + i] = flow
            work[SIZE * L + i] = size
            work[TINY * L + i] = size if size < SMALLEST_PLAIN else 0.0
    for pair in range(n_flows >> 1):
        _describe_two(flows, first, n_single + 2 * pair, work)


@device
def _find_first(flows: History, first: int, n_flows: int, work: Doubles) -> None:
    """Write the first flow of each lane that is not zero, also as the last so far."""
    n_missing = 1
    k = 0
    while n_missing > 0 and k < n_flows:
        n_missing = 0
        for i in range(L):
            begun = work[FIRST * L + i]
            is_new = 1.0 if begun == 0.0 else 0.0
            begun = fma(flows[first + k * L + i], is_new, begun)
            work[FIRST * L + i] = begun
            work[LAST * L + i] = begun
            n_missing += 1 if begun == 0.0 else 0
        k += 1


@device
def _describe_two(flows: History, first: int, k: int, work: Doubles) -> None:
    """Take in the flows of places k and k + 1.

    What is kept is written as a sum: as a choice between old and new it would become
    a masked store, which some processors do very slowly.
    """
    at = first + k * L
    place = float_of_int(k)
    later = float_of_int(k + 1)
    square = place * place
    later_square = later * later
    for i in range(L):
        flow = flows[at + i]
        other = flows[at + L + i]
        size = abs_(flow)
        more = abs_(other)
        moment = work[MOMENT * L + i]
        spread = work[SPREAD * L + i]
        second = work[SECOND_MOMENT * L + i]
        wide = work[SECOND_SPREAD * L + i]
        work[TOTAL * L + i] = (work[TOTAL * L + i] + flow) + other
        work[SIZE * L + i] = (work[SIZE * L + i] + size) + more
        work[MOMENT * L + i] = fma(later, other, fma(place, flow, moment))
        work[SPREAD * L + i] = fma(later, more, fma(place, size, spread))
        work[SECOND_MOMENT * L + i] = fma(
            later_square, other, fma(square, flow, second)
        )
        work[SECOND_SPREAD * L + i] = fma(later_square, more, fma(square, size, wide))
        # A flow too small to be told from zero leaves the last sign as it was.
        skip = 1.0 if size < SMALLEST_PLAIN else 0.0
        next_skip = 1.0 if more < SMALLEST_PLAIN else 0.0
        work[TINY * L + i] += size * skip + more * next_skip
        last = work[LAST * L + i]
        newer = fma(last, skip, flow)
        newest = fma(newer, next_skip, other)
        change = bits_of_float(newer) ^ bits_of_float(last)
        next_change = bits_of_float(newest) ^ bits_of_float(newer)
        changes = 1.0 if change < 0 else 0.0
        changes += 1.0 if next_change < 0 else 0.0
        work[CHANGES * L + i] += changes
        work[LAST * L + i] = newest


@device
def _count_by_signs(n_flows: int, work: Doubles) -> None:
    """Settle the lanes with at most one sign change."""
    slack_share = (4.0 + float_of_int(n_flows)) * UNIT_ROUNDOFF
    for i in range(L):
        total = work[TOTAL * L + i]
        size = work[SIZE * L + i]
        changes = work[CHANGES * L + i]
        last = work[LAST * L + i]
        tiny = work[TINY * L + i]
        slack = slack_share * size
        sign = 1.0 if total > slack else 0.0
        sign = -1.0 if total < -slack else sign
        # Where there is one change, the first flow and the last have unlike signs.
        above = 1.0 if sign * last > 0.0 else 0.0
        below = 1.0 if sign * last < 0.0 else 0.0
        above = 0.0 if changes == 0.0 else above
        below = 0.0 if changes == 0.0 else below
        is_open = UNKNOWN if sign == 0.0 else 0.0
        is_open = UNKNOWN if changes > 1.0 else is_open
        is_open = 0.0 if changes == 0.0 else is_open
        is_open = is_open if size < LARGEST_PLAIN else NOT_PLAIN
        is_open = NOT_PLAIN if tiny > 0.0 else is_open
        work[ABOVE * L + i] = above if is_open == 0.0 else is_open
        work[BELOW * L + i] = below if is_open == 0.0 else is_open
        work[SIGN * L + i] = sign


@device
def _bound_by_sums(
    flows: History, start: int, stride: int, n_flows: int, work: Doubles
) -> None:
    """Write into `BOUND` a bound on the roots on the side of the first flows read.

    It is the least over the running sums of each depth; a depth in which rounding
    hides a sign is left out.
    """
    for row in range(SUMS, COUNT_ROWS):
        for i in range(L):
            work[row * L + i] = 0.0
    n_single = n_flows & 1
    if n_single > 0:
        _add_one(flows, start, work)
    for pair in range(n_flows >> 1):
        k = n_single + 2 * pair
        _add_two(flows, start + k * stride, stride, k, work)
    _least_bound(n_flows, work)


@device
def _add_one(flows: History, at: int, work: Doubles) -> None:
    """Begin the running sums with the flow of place 0."""
    for i in range(L):
        flow = flows[at + i]
        size = abs_(flow)
        for depth in range(SUM_DEPTH):
            row = SUMS + 4 * depth
            work[row * L + i] = flow
            work[(row + 1) * L + i] = size


@device
def _add_two(flows: History, at: int, stride: int, k: int, work: Doubles) -> None:
    """Add the flows of places k and k + 1 to the running sums of all depths."""
    mark = 1.0 + float_of_int(k) * PLACE_UNIT
    next_mark = mark + PLACE_UNIT
    place = float_of_int(k + 1)
    for i in range(L):
        flow = flows[at + i]
        other = flows[at + stride + i]
        size = abs_(flow)
        more = abs_(other)
        for depth in range(SUM_DEPTH):
            row = SUMS + 4 * depth
            # Each addition on the way costs half a unit in the last place of a
            # number no larger than the same sum of absolute values.
            step = float_of_int(depth + 1) * UNIT_ROUNDOFF
            share = 4.0 * UNIT_ROUNDOFF + step * place
            before = work[row * L + i]
            flow = before + flow
            other = flow + other
            size = work[(row + 1) * L + i] + size
            more = size + more
            marks = mark if flow * before < 0.0 else 0.0
            next_marks = next_mark if other * flow < 0.0 else 0.0
            doubt = 1.0 if abs_(flow) < share * size else 0.0
            next_doubt = 1.0 if abs_(other) < (share + step) * more else 0.0
            work[row * L + i] = other
            work[(row + 1) * L + i] = more
            work[(row + 2) * L + i] += marks + next_marks
            work[(row + 3) * L + i] += doubt + next_doubt


@device
def _least_bound(n_flows: int, work: Doubles) -> None:
    """Write the least of the bounds that the depths give."""
    for i in range(L):
        bound = UNKNOWN
        at_depth = 0.0
        middle = 0.0
        # Beyond the last flow a running sum goes on as a polynomial in the index whose
        # coefficients, in binomials, are the last sums of all lesser depths.
        beyond = 0.0
        hidden = 0.0
        lesser = work[SUMS * L + i]
        for depth in range(SUM_DEPTH):
            row = SUMS + 4 * depth
            flow = work[row * L + i]
            marks = work[(row + 2) * L + i]
            doubt = work[(row + 3) * L + i]
            beyond += 1.0 if flow * lesser < 0.0 else 0.0
            lesser = flow
            share = (4.0 + float_of_int((depth + 1) * n_flows)) * UNIT_ROUNDOFF
            rest = share * work[(row + 1) * L + i] - abs_(flow)
            hidden = rest if rest > hidden else hidden
            changes = floor_(marks)
            places = (marks - changes) / PLACE_UNIT
            # Between two changes, or at the only one, signs are unlike the first.
            place = floor_(0.5 * places) if changes > 1.0 else places
            place = place if changes > 0.0 else -1.0
            changes = changes + beyond
            changes = UNKNOWN if doubt > 0.0 else changes
            changes = UNKNOWN if hidden > 0.0 else changes
            is_less = changes < bound
            at_depth = float_of_int(depth + 1) if is_less else at_depth
            middle = place if is_less else middle
            bound = changes if is_less else bound
        work[BOUND * L + i] = bound
        work[DEPTH * L + i] = at_depth
        work[MIDDLE * L + i] = middle
