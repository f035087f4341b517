# SPDX-License-Identifier: Apache-2.0
"""Internal rates of return of `L` rows of flows at a time.

Rows whose number of roots `gpu.kernel.irr_count` can prove are solved here; the others
are marked and go through `models.finance.irr_rows` on the host, by the same rule.

The root is found in ``t = log(1 + rate)`` by Newton steps on log(inflows / outflows),
which is nearly straight, kept in a bracket that only shrinks, with bisection where a
step leaves it or is slow. With f for the sum of discounted flows and q for that of
their sizes, log(inflows / outflows) is log((q + f) / (q - f)); near the root f alone
is evaluated and q taken to go on as it went at the last full evaluation. What does not
belong here: rules for more roots (`models._irr`).
"""

from __future__ import annotations

from typing import Final

from gpu.kernel.compiled import Doubles, History, L, device
from gpu.kernel.elementary import exp_, kept, log_
from gpu.kernel.intrinsics import abs_, float_of_bits, float_of_int, fma
from gpu.kernel.irr_count import (
    ABOVE,
    BELOW,
    FIRST,
    LAST,
    MOMENT,
    SECOND_MOMENT,
    SECOND_SPREAD,
    SIGN,
    SIZE,
    SPREAD,
    TOTAL,
    count_roots,
)
from gpu.kernel.irr_seek import SEEK_ROWS, leave_pairs, seek_pairs
from gpu.kernel.irr_sums import (
    F_SLOPE,
    FAILED,
    FOUND_ABOVE,
    FOUND_BELOW,
    LARGEST_SUM,
    Q_SLOPE,
    SIDE,
    SMALLEST_SUM,
    SOLVED,
    STATE,
    SUM_ROWS,
    WAITING,
    F,
    Q,
    U,
    X,
    evaluate_both,
    evaluate_sum,
)

__all__ = [
    "IRR_OUT_ROWS",
    "IRR_RATE",
    "IRR_ROOTS",
    "IRR_STATUS",
    "IRR_WORK_ROWS",
    "UNSETTLED",
    "irr_lanes",
    "irr_lanes_plain",
]

# Rows of the result, each of `L` numbers.
IRR_RATE: Final = 0
IRR_ROOTS: Final = 1
IRR_STATUS: Final = 2
IRR_OUT_ROWS: Final = 3

# Codes of `models.finance.IrrStatus`, and one more: the host has to look.
OK: Final = 0.0
SEVERAL: Final = 1.0
NONE: Final = 3.0
ALL_ZERO: Final = 4.0
UNSETTLED: Final = -1.0

MAX_STEPS: Final = 60
# What a step may leave of the error in log(1 + rate). [1/period]
TOLERANCE: Final = 8e-13
# Rounding moves a root by some n_flows / slope units; lanes that would lose more than
# the agreement asked of engines go to the host: slope x SHARPNESS <= n_flows.
SHARPNESS: Final = 2e4
# Where |f| is below this share of q, f alone is evaluated.
NEAR: Final = 0.25
# Where a step is stretched most.
MOST_BENT: Final = 1.5
# A rate is above -1.
LOWEST_RATE: Final = -1.0 + 1.1102230246251565e-16
# Below this size exp(t) - 1 goes by its series.
SMALL_T: Final = 0.0625
NAN_BITS: Final = 0x7FF8000000000000

# Rows of the scratch array after those of the sums: q as it goes on, the mean place
# of its flows, ...
SCALE: Final = SUM_ROWS
PLACE: Final = SUM_ROWS + 1
# ... the bracket, the last move, the slope before it, the curvature at the start, ...
LOW: Final = SUM_ROWS + 2
HIGH: Final = SUM_ROWS + 3
MOVE: Final = SUM_ROWS + 4
SLOPE: Final = SUM_ROWS + 5
BEND: Final = SUM_ROWS + 6
# ... whether f alone is needed, the step proposed, whether |f| is small against q,
# and whether the root is passed.
IS_NEAR: Final = SUM_ROWS + 7
STEP: Final = SUM_ROWS + 8
IS_CLOSE: Final = SUM_ROWS + 9
IS_AWAY: Final = SUM_ROWS + 10
# Seeking pairs takes a row more.
IRR_WORK_ROWS: Final = SEEK_ROWS


@device
def irr_lanes(
    flows: History, first: int, n_flows: int, work: Doubles, out: Doubles
) -> None:
    """Write rate, number of roots and status of each lane into `out`.

    The flow k of lane i is ``flows[first + k * L + i]``, `work` has `IRR_WORK_ROWS`
    rows and `out` `IRR_OUT_ROWS`. A status `UNSETTLED` says that the lane's flows need
    `models.finance.irr_rows`. A lane's result does not depend on the others.
    """
    count_roots(flows, first, n_flows, work)
    seek_pairs(flows, first, n_flows, work)
    _solve(flows, first, n_flows, work, out)


@device
def irr_lanes_plain(
    flows: History, first: int, n_flows: int, work: Doubles, out: Doubles
) -> None:
    """Do as `irr_lanes`, but leave lanes that may have pairs of roots unsettled.

    Pairs are rare and take every lane's time: gathered, they go through `irr_lanes`.
    """
    count_roots(flows, first, n_flows, work)
    leave_pairs(work)
    _solve(flows, first, n_flows, work, out)


@device
def _solve(
    flows: History, first: int, n_flows: int, work: Doubles, out: Doubles
) -> None:
    """Find the root of each lane that is settled and has one."""
    _begin(work)
    for _ in range(MAX_STEPS):
        _aim(work)
        need = _move(n_flows, work)
        if need == 0:
            break
        if need == 1:
            evaluate_sum(flows, first, n_flows, work)
        else:
            evaluate_both(flows, first, n_flows, work)
    _finish(work, out)


@device
def _begin(work: Doubles) -> None:
    """Set the lanes that have a root at a rate of zero, where all sums are known."""
    for i in range(L):
        above = work[ABOVE * L + i]
        below = work[BELOW * L + i]
        first = work[FIRST * L + i]
        last = work[LAST * L + i]
        f = work[TOTAL * L + i]
        q = work[SIZE * L + i]
        moment = work[MOMENT * L + i]
        spread = work[SPREAD * L + i]
        second = work[SECOND_MOMENT * L + i]
        wide = work[SECOND_SPREAD * L + i]
        sign = work[SIGN * L + i]
        found_above = work[FOUND_ABOVE * L + i]
        found_below = work[FOUND_BELOW * L + i]
        settled = _is_settled(i, work)
        has_root = settled if above + below > 0.0 else 0.0
        side = 1.0 if above > 0.0 else -1.0
        other_side = -1.0 if below > 0.0 else 1.0
        side = side if sign > 0.0 else other_side
        n_there = above if side > 0.0 else below
        # At this distance the first flow, or the last, outweighs the rest.
        far = first if side > 0.0 else last
        high = log_(2.0 * q / abs_(far))
        found = found_above if side > 0.0 else found_below
        high = found if n_there == 2.0 else high
        work[U * L + i] = 0.0
        work[X * L + i] = 1.0
        work[F * L + i] = f
        work[F_SLOPE * L + i] = moment
        work[Q * L + i] = q
        work[Q_SLOPE * L + i] = spread
        work[SCALE * L + i] = q
        work[PLACE * L + i] = 0.0
        work[LOW * L + i] = 0.0
        work[HIGH * L + i] = kept(high)
        work[MOVE * L + i] = 0.0
        work[SLOPE * L + i] = 0.0
        # The variance of the places of inflows less that of outflows.
        gain = 1.0 / (q + f)
        loss = 1.0 / (q - f)
        gain_place = (spread + moment) * gain
        loss_place = (spread - moment) * loss
        gain_bend = (wide + second) * gain - gain_place * gain_place
        loss_bend = (wide - second) * loss - loss_place * loss_place
        work[BEND * L + i] = gain_bend - loss_bend
        work[SIDE * L + i] = side
        work[IS_NEAR * L + i] = 0.0
        work[STATE * L + i] = WAITING if has_root > 0.0 else SOLVED


@device
def _is_settled(i: int, work: Doubles) -> float:
    """Return 1 if both counts of a lane are proven, else 0."""
    above = work[ABOVE * L + i]
    below = work[BELOW * L + i]
    found_above = work[FOUND_ABOVE * L + i]
    found_below = work[FOUND_BELOW * L + i]
    is_above = 1.0 if found_above > 0.0 else 0.0
    is_above = 1.0 if above <= 1.0 else is_above
    is_below = 1.0 if found_below > 0.0 else 0.0
    is_below = 1.0 if below <= 1.0 else is_below
    return is_above * is_below


@device
def _aim(work: Doubles) -> None:
    """Write the step toward the root of each lane, what it rests on, and the slope."""
    for i in range(L):
        x = work[X * L + i]
        f = work[F * L + i]
        f_slope = x * work[F_SLOPE * L + i]
        q = work[Q * L + i]
        q_slope = x * work[Q_SLOPE * L + i]
        scale = work[SCALE * L + i]
        place = work[PLACE * L + i]
        move = work[MOVE * L + i]
        slope_before = work[SLOPE * L + i]
        bend = work[BEND * L + i]
        side = work[SIDE * L + i]
        was_near = work[IS_NEAR * L + i]
        # Near the root q goes on as an exponential function of t.
        fade = place * side * move
        faded = scale * (1.0 - fade + 0.5 * fade * fade)
        q = faded if was_near > 0.0 else q
        place = place if was_near > 0.0 else q_slope / q
        fall = f_slope - place * f
        share = f / q
        curved = 1.0 - share * share
        gain = log_((1.0 + share) / (1.0 - share))
        gain = 2.0 * share if was_near > 0.0 else gain
        slope = 2.0 * fall / q
        slope = slope if was_near > 0.0 else slope / curved
        newton = gain / slope
        measured = side * (slope_before - slope) / move
        bend = bend if move == 0.0 else measured
        # The step on a power of a line in t that has this slope and curvature.
        y = newton * bend / slope
        y = y if y < MOST_BENT else MOST_BENT
        y = y if y > -MOST_BENT else -MOST_BENT
        stretch = fma(y, fma(y, fma(y, 1.0 / 24.0, 1.0 / 6.0), 0.5), 1.0)
        close = 1.0 if abs_(share) < NEAR else 0.0
        close = close if q > SMALLEST_SUM else 0.0
        close = close if q < LARGEST_SUM else 0.0
        away = 1.0 if f * work[SIGN * L + i] < 0.0 else 0.0
        away = away if q > SMALLEST_SUM else 1.0
        away = away if q < LARGEST_SUM else 1.0
        work[SCALE * L + i] = q
        work[PLACE * L + i] = kept(place)
        work[SLOPE * L + i] = slope
        work[STEP * L + i] = side * newton * stretch
        work[IS_CLOSE * L + i] = close
        work[IS_AWAY * L + i] = away


@device
def _move(n_flows: int, work: Doubles) -> int:
    """Move each lane; return bits: 1 if any needs f alone, 2 if any needs q too."""
    n = float_of_int(n_flows)
    need = 0
    for i in range(L):
        u = work[U * L + i]
        low = work[LOW * L + i]
        high = work[HIGH * L + i]
        move = abs_(work[MOVE * L + i])
        steep = abs_(work[SLOPE * L + i])
        step = work[STEP * L + i]
        close = work[IS_CLOSE * L + i]
        away = work[IS_AWAY * L + i]
        state = work[STATE * L + i]
        goal = u + step
        high = u if away > 0.0 else high
        low = low if away > 0.0 else u
        middle = 0.5 * (low + high)
        most = 0.75 * move if move > 0.0 else high
        quick = 1.0 if abs_(step) < most else 0.0
        quick = quick if goal > low else 0.0
        quick = quick if goal < high else 0.0
        # A step leaves at most width^2 n_flows^2 / slope of error, and less by the
        # share that the curvature changed over the last move.
        width = abs_(step) * n
        sure = move * n if move > 0.0 else 1.0
        sure = sure if sure < 1.0 else 1.0
        last = close if width * width * sure <= TOLERANCE * steep else 0.0
        last = last if width * n <= 0.25 * steep else 0.0
        # Across zero lies another root, however near: no step may end there.
        last = last if goal > 0.0 else 0.0
        goal = goal if quick + last > 0.0 else middle
        goal = goal if goal > low else low
        goal = goal if goal < high else high
        near = close if quick > 0.0 else 0.0
        near = near if abs_(goal - u) * n < 1.0 else 0.0
        ended = SOLVED if steep * SHARPNESS > n else FAILED
        next_state = WAITING if middle > low else FAILED
        next_state = next_state if middle < high else FAILED
        next_state = ended if last > 0.0 else next_state
        next_state = next_state if state == WAITING else state
        goal = goal if state == WAITING else u
        work[LOW * L + i] = kept(low)
        work[HIGH * L + i] = kept(high)
        work[MOVE * L + i] = goal - u
        work[IS_NEAR * L + i] = near
        work[U * L + i] = kept(goal)
        work[X * L + i] = exp_(-work[SIDE * L + i] * goal)
        work[STATE * L + i] = kept(next_state)
        wants = 1 if near > 0.0 else 2
        need |= wants if next_state == WAITING else 0
    return need


@device
def _finish(work: Doubles, out: Doubles) -> None:
    """Write the results of each lane."""
    for i in range(L):
        above = work[ABOVE * L + i]
        below = work[BELOW * L + i]
        n_roots = above + below
        t = work[SIDE * L + i] * work[U * L + i]
        rate = _growth_of(t)
        rate = rate if rate > LOWEST_RATE else LOWEST_RATE
        settled = _is_settled(i, work)
        settled = settled if work[STATE * L + i] == SOLVED else 0.0
        status = SEVERAL if n_roots > 1.0 else OK
        empty = ALL_ZERO if work[SIZE * L + i] == 0.0 else NONE
        status = empty if n_roots == 0.0 else status
        status = status if settled > 0.0 else UNSETTLED
        rate = float_of_bits(NAN_BITS) if status >= NONE else rate
        out[IRR_RATE * L + i] = rate
        out[IRR_ROOTS * L + i] = n_roots
        out[IRR_STATUS * L + i] = status


@device
def _growth_of(t: float) -> float:
    """Return exp(t) - 1 without loss near zero."""
    p = fma(t, 1.0 / 3628800.0, 1.0 / 362880.0)
    p = fma(t, p, 1.0 / 40320.0)
    p = fma(t, p, 1.0 / 5040.0)
    p = fma(t, p, 1.0 / 720.0)
    p = fma(t, p, 1.0 / 120.0)
    p = fma(t, p, 1.0 / 24.0)
    p = fma(t, p, 1.0 / 6.0)
    p = fma(t, p, 0.5)
    near = fma(t * t, p, t)
    return near if abs_(t) < SMALL_T else exp_(t) - 1.0
