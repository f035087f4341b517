# SPDX-License-Identifier: Apache-2.0
"""The roots of one row of flows: intervals halved until each holds none or one.

Used by `gpu.irr_rest` on a CPU alone. What does not belong here: the definition
(`models._isolate`), what is proven of an interval (`gpu.kernel.rest_sums`).
"""

from __future__ import annotations

from typing import Final

from gpu.kernel.compiled import Doubles, device
from gpu.kernel.elementary import log_
from gpu.kernel.intrinsics import abs_, float_of_int
from gpu.kernel.irr_count import LARGEST_PLAIN, SMALLEST_PLAIN, UNIT_ROUNDOFF
from gpu.kernel.rest_sums import (
    HUGE,
    ONE,
    OPEN,
    RATIO,
    SLOPE,
    compare_at,
    inner_verdict,
    outer_verdict,
    sign_at,
)

__all__ = [
    "MOST_WAITING",
    "N_FACTS",
    "N_SIDES",
    "describe_row",
    "find_roots",
    "refine_root",
]

MAX_REFINE: Final = 200
NOISE_ROUNDOFFS: Final = 65536.0
# Intervals that wait at most, and that are looked at in all; a row needs some ten.
MOST_WAITING: Final = 128
MOST_TRIES: Final = 1000
# Where the first outermost interval is cut, in 1 / n_flows, and how much farther each
# next one; one whose end is nearer than that is looked at as a whole.
FIRST_CUT: Final = 3.0
NEXT_CUT: Final = 3.0
NEAR_END: Final = 0.7
# The narrowest interval that is cut, in 1 / n_flows; see `rest_sums.CLEAR_ROUNDOFF`.
LEAST_SPAN: Final = 1e-3

# What is known of a row, after `RATIO` and `SLOPE`: the sign of its sum, its outermost
# bounds and the signs of its outermost flows, ...
SIGN: Final = 2
LEFT: Final = 3
RIGHT: Final = 4
FIRST_SIGN: Final = 5
LAST_SIGN: Final = 6
# ... and the bracket that is reported: ends and sign at the left one, its distance from
# zero, and whether it lies on the side that is wanted.
CHOSEN_LEFT: Final = 7
CHOSEN_RIGHT: Final = 8
CHOSEN_SIGN: Final = 9
DISTANCE: Final = 10
IS_WANTED: Final = 11
N_FACTS: Final = 12
# Numbers of an interval that waits: its ends, the signs there, whether it is outermost.
N_SIDES: Final = 5


@device
def describe_row(
    flows: Doubles, at: int, n_flows: int, c: Doubles, sizes: Doubles, facts: Doubles
) -> int:
    """Take a row over; return 1 if it is one that these loops can work on.

    `sizes` are logarithms of what flows are in size; none of a flow of zero.
    """
    total, size = 0.0, 0.0
    first, last, n_gains, n_losses, is_plain = -1, -1, 0, 0, 1
    for k in range(n_flows):
        flow = flows[at + k]
        amount = abs_(flow)
        c[k] = flow
        sizes[k] = -HUGE
        if flow != 0.0:
            # Written so that what is not a number is not plain.
            is_inside = amount < LARGEST_PLAIN and amount > SMALLEST_PLAIN
            is_plain = is_plain if is_inside else 0
            sizes[k] = log_(amount)
            first = k if first < 0 else first
            last = k
            n_gains += 1 if flow > 0.0 else 0
            n_losses += 1 if flow < 0.0 else 0
        total += flow
        size += amount
    slack = (4.0 + float_of_int(n_flows)) * UNIT_ROUNDOFF * size
    if is_plain == 0 or n_gains == 0 or n_losses == 0 or not abs_(total) > slack:
        return 0
    facts[SIGN] = 1.0 if total > 0.0 else -1.0
    facts[FIRST_SIGN] = 1.0 if c[first] > 0.0 else -1.0
    facts[LAST_SIGN] = 1.0 if c[last] > 0.0 else -1.0
    facts[RIGHT] = _reach(n_flows, c, sizes, first, last)
    facts[LEFT] = -_reach(n_flows, c, sizes, last, first)
    facts[DISTANCE] = HUGE
    facts[IS_WANTED] = 0.0
    return 1


@device
def _reach(n_flows: int, c: Doubles, sizes: Doubles, end: int, other: int) -> float:
    """Return how far from zero the flow at one end outweighs all of the other sign."""
    n_against = 0
    for k in range(n_flows):
        n_against += 1 if c[k] * c[end] < 0.0 else 0
    share = log_(2.0 * float_of_int(max(n_against, 1)))
    farthest = 1.0 / float_of_int(abs(other - end))
    for k in range(n_flows):
        if c[k] * c[end] < 0.0:
            gap = float_of_int(abs(k - end))
            here = (sizes[k] - sizes[end] + share) / gap
            farthest = here if here > farthest else farthest
    return farthest


@device
def find_roots(
    n_flows: int,
    table: Doubles,
    cuts: Doubles,
    c: Doubles,
    sizes: Doubles,
    term: Doubles,
    power: Doubles,
    step: Doubles,
    facts: Doubles,
    waiting: Doubles,
) -> int:
    """Return the number of roots, the one to report in `facts`; -1 for not proven."""
    n_roots, n_tries = 0, 0
    _put(waiting, 0, facts[LEFT], 0.0, facts[LAST_SIGN], facts[SIGN], 1.0)
    _put(waiting, 1, 0.0, facts[RIGHT], facts[SIGN], facts[FIRST_SIGN], 1.0)
    n_waiting = 2
    while n_waiting > 0:
        n_waiting -= 1
        n_tries += 1
        at = n_waiting * N_SIDES
        left, right = waiting[at], waiting[at + 1]
        left_sign, right_sign = waiting[at + 2], waiting[at + 3]
        is_outer = waiting[at + 4]
        if is_outer > 0.0:
            is_back = 1 if left < 0.0 else 0
            inside = right if is_back == 1 else left
            found = outer_verdict(n_flows, c, sizes, inside, is_back, term, power)
        else:
            found = inner_verdict(
                n_flows,
                table,
                c,
                sizes,
                term,
                power,
                step,
                0.5 * (left + right),
                0.5 * (right - left),
                left_sign,
                right_sign,
            )
        if found == ONE:
            n_roots += 1
            _choose(facts, left, right, left_sign)
        if found == OPEN:
            if n_waiting + 2 > MOST_WAITING or n_tries > MOST_TRIES:
                return -1
            added = _cut(n_flows, cuts, c, sizes, term, power, waiting, n_waiting)
            if added == 0:
                return -1
            n_waiting += added
    return n_roots


@device
def _cut(
    n_flows: int,
    cuts: Doubles,
    c: Doubles,
    sizes: Doubles,
    term: Doubles,
    power: Doubles,
    waiting: Doubles,
    place: int,
) -> int:
    """Have the parts of an interval wait in its place; return how many they are.

    A cut needs a proven sign, so that no root can sit on it; 0 where there is none. An
    outermost interval is cut near its inner end, or from now on looked at as others.
    """
    at = place * N_SIDES
    left, right = waiting[at], waiting[at + 1]
    left_sign, right_sign = waiting[at + 2], waiting[at + 3]
    if waiting[at + 4] > 0.0:
        is_back = left < 0.0
        inside, far = (right, left) if is_back else (left, right)
        first = FIRST_CUT / float_of_int(n_flows)
        first = -first if is_back else first
        where = first if inside == 0.0 else NEXT_CUT * inside
        sign = 0.0
        if abs_(where) < NEAR_END * abs_(far):
            sign = sign_at(n_flows, c, sizes, where, term, power)
        if sign == 0.0:
            waiting[at + 4] = 0.0
            return 1
        _put(waiting, place, left, where, left_sign, sign, 1.0 if is_back else 0.0)
        _put(
            waiting, place + 1, where, right, sign, right_sign, 0.0 if is_back else 1.0
        )
        return 2
    if not (right - left) * float_of_int(n_flows) > LEAST_SPAN:
        return 0
    sign, where, k = 0.0, 0.0, 0
    while sign == 0.0 and k < len(cuts):
        where = left + cuts[k] * (right - left)
        sign = sign_at(n_flows, c, sizes, where, term, power)
        k += 1
    if sign == 0.0:
        return 0
    _put(waiting, place, left, where, left_sign, sign, 0.0)
    _put(waiting, place + 1, where, right, sign, right_sign, 0.0)
    return 2


@device
def _put(
    waiting: Doubles,
    place: int,
    left: float,
    right: float,
    left_sign: float,
    right_sign: float,
    is_outer: float,
) -> None:
    """Have an interval wait."""
    waiting[place * N_SIDES] = left
    waiting[place * N_SIDES + 1] = right
    waiting[place * N_SIDES + 2] = left_sign
    waiting[place * N_SIDES + 3] = right_sign
    waiting[place * N_SIDES + 4] = is_outer


@device
def _choose(facts: Doubles, left: float, right: float, left_sign: float) -> None:
    """Keep a bracket if it is to be reported rather than the one before.

    The nearest to zero among those on the side of the sum's sign, else the nearest.
    """
    middle = 0.5 * (left + right)
    is_wanted = 1.0 if middle * facts[SIGN] > 0.0 else 0.0
    is_nearer = is_wanted == facts[IS_WANTED] and abs_(middle) < facts[DISTANCE]
    if is_wanted > facts[IS_WANTED] or is_nearer:
        facts[CHOSEN_LEFT] = left
        facts[CHOSEN_RIGHT] = right
        facts[CHOSEN_SIGN] = left_sign
        facts[DISTANCE] = abs_(middle)
        facts[IS_WANTED] = is_wanted


@device
def refine_root(
    n_flows: int,
    c: Doubles,
    sizes: Doubles,
    term: Doubles,
    power: Doubles,
    facts: Doubles,
) -> float:
    """Return the root in the chosen bracket, as `models._isolate.refine` does."""
    left, right = facts[CHOSEN_LEFT], facts[CHOSEN_RIGHT]
    t = 0.0 if left == 0.0 or right == 0.0 else 0.5 * (left + right)
    before = right - left
    n_steps, is_done = 0, 0
    while is_done == 0 and n_steps < MAX_REFINE:
        n_steps += 1
        compare_at(n_flows, c, sizes, t, term, power, facts)
        ratio, slope = facts[RATIO], facts[SLOPE]
        is_left = ratio * facts[CHOSEN_SIGN] > 0.0
        left = t if is_left else left
        right = right if is_left else t
        middle = 0.5 * (left + right)
        steep = abs_(slope)
        newton = -ratio / slope if steep > 0.0 else HUGE
        fine = UNIT_ROUNDOFF * (abs_(t) + 1.0 / steep) if steep > 0.0 else 0.0
        size, goal = abs_(newton), t + newton
        is_quick = goal > left and goal < right and size < 0.5 * before
        is_end = size <= 4.0 * fine or ratio == 0.0
        # Small steps that no longer shrink are rounding noise.
        is_noise = size <= NOISE_ROUNDOFFS * fine and size >= 0.5 * before
        is_narrow = middle <= left or middle >= right
        is_done = 1 if is_end or is_noise or is_narrow else 0
        goal = goal if is_quick else middle
        goal = t if is_done == 1 and not is_quick else goal
        goal = t if ratio == 0.0 else goal
        before = abs_(goal - t)
        t = goal
    return t
