# SPDX-License-Identifier: Apache-2.0
"""Whether the two roots that a row may have on one side of zero are there, on lanes.

A row whose bound on one side is 2 has two roots there if its sum f of discounted flows
anywhere has the other sign than at zero, else none, a double root apart. The least
value is looked for on what is left of f after dividing by ``x^m (1 - x)^d``, where the
bound comes from the running sums of depth d and m is a place in the middle group of
their signs: by the same count of signs no positive level of this quotient is met more
than twice, so that it falls to one least value and rises again. (For roots below zero,
flows are read backwards.) From a falling point a and a rising point b it follows that
f keeps its sign outside of a to b. Inside, what flows of that sign are worth lies above
its tangent at a, and what the others are worth below its chord, as both are convex; if
the tangent is above the chord at b, f keeps its sign everywhere. What does not belong
here: solving for the root (`gpu.kernel.irr`).
"""

from __future__ import annotations

from typing import Final

from gpu.kernel.compiled import Doubles, History, L, device
from gpu.kernel.elementary import exp_, kept, log_, smaller
from gpu.kernel.intrinsics import abs_, float_of_int, sqrt_
from gpu.kernel.irr_count import (
    ABOVE,
    ABOVE_DEPTH,
    ABOVE_MIDDLE,
    BELOW,
    BELOW_DEPTH,
    BELOW_MIDDLE,
    FIRST,
    LAST,
    MOMENT,
    SIGN,
    SIZE,
    SPREAD,
    TOTAL,
    UNIT_ROUNDOFF,
)
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
)

__all__ = ["SEEK_ROWS", "leave_pairs", "seek_pairs"]

SEEK_STEPS: Final = 14
# In units of 1 / n_flows: the first distance tried, and the narrowest bracket.
FIRST_REACH: Final = 3.0
LEAST_SPAN: Final = 1e-5
# A slope below this, in units of n_flows, says nothing.
LEAST_TILT: Final = 1e-7
# More than the rounding of what a proof compares, as a share of it.
SAFETY: Final = 1e-9
# Stands for what is not known at a far end.
HUGE: Final = 1e300
# Within this an exponential function neither overflows nor vanishes.
MOST_FADE: Final = 600.0

# Rows of the scratch array, free again afterwards: the bracket, the slopes of the
# logarithm of the quotient at its ends (0 for unknown), ...
LOW: Final = SUM_ROWS
HIGH: Final = SUM_ROWS + 1
LOW_TILT: Final = SUM_ROWS + 2
HIGH_TILT: Final = SUM_ROWS + 3
# ... at the near end what flows of the sum's sign are worth, how that changes beside
# an exponential function, and the exponent of that; at the far end what the others are
# worth; ...
LOW_GAIN: Final = SUM_ROWS + 4
LOW_LEAN: Final = SUM_ROWS + 5
LOW_PLACE: Final = SUM_ROWS + 6
HIGH_LOSS: Final = SUM_ROWS + 7
# ... d and m of the quotient, its slope here, and what that says.
DEPTH: Final = SUM_ROWS + 8
SHIFT: Final = SUM_ROWS + 9
TILT: Final = SUM_ROWS + 10
VERDICT: Final = SUM_ROWS + 11
SEEK_ROWS: Final = SUM_ROWS + 12

NONE_YET: Final = 0.0
FALLS: Final = 1.0
RISES: Final = 2.0
CROSSED: Final = 3.0


@device
def seek_pairs(flows: History, first: int, n_flows: int, work: Doubles) -> None:
    """Settle the lanes that may have two roots on a side of zero, or on both.

    Where there are two, `FOUND_ABOVE` or `FOUND_BELOW` is a distance between them,
    else 0; where there are none, the count is set to 0.
    """
    leave_pairs(work)
    for turn in range(2):
        n_waiting = _begin(turn, n_flows, work)
        for _ in range(SEEK_STEPS):
            if n_waiting == 0:
                break
            evaluate_both(flows, first, n_flows, work)
            _judge(n_flows, work)
            n_waiting = _settle(n_flows, work)
            _approach(n_flows, work)


@device
def leave_pairs(work: Doubles) -> None:
    """Say that no pair of roots has been looked for."""
    for i in range(L):
        work[FOUND_ABOVE * L + i] = 0.0
        work[FOUND_BELOW * L + i] = 0.0
        work[STATE * L + i] = SOLVED


@device
def _begin(turn: int, n_flows: int, work: Doubles) -> int:
    """Set up the lanes to look at; return how many there are.

    At the first turn a lane looks above zero if there may be two roots, else below; at
    the second, below if there may be two roots on both sides.
    """
    n = float_of_int(n_flows)
    n_waiting = 0
    for i in range(L):
        above = work[ABOVE * L + i]
        below = work[BELOW * L + i]
        first = work[FIRST * L + i]
        last = work[LAST * L + i]
        size = work[SIZE * L + i]
        found_below = work[FOUND_BELOW * L + i]
        above_depth = work[ABOVE_DEPTH * L + i]
        below_depth = work[BELOW_DEPTH * L + i]
        above_middle = work[ABOVE_MIDDLE * L + i]
        below_middle = work[BELOW_MIDDLE * L + i]
        gain = work[SIGN * L + i] * work[TOTAL * L + i]
        state = work[STATE * L + i]
        side = 1.0 if above == 2.0 else -1.0
        side = side if turn == 0 else -1.0
        middle = above_middle if side > 0.0 else below_middle
        depth = above_depth if side > 0.0 else below_depth
        far = first if side > 0.0 else last
        high = log_(2.0 * size / abs_(far))
        there = above if side > 0.0 else below
        wanted = 1.0 if there == 2.0 else 0.0
        wanted = wanted if below <= 2.0 else 0.0
        wanted = wanted if above <= 2.0 else 0.0
        wanted = wanted if middle >= 0.0 else 0.0
        wanted = wanted if state == SOLVED else 0.0
        # What the first turn has looked for below needs no second.
        wanted = wanted if found_below == 0.0 else 0.0
        start = smaller(FIRST_REACH / n, 0.5 * high)
        spread = work[SPREAD * L + i]
        moment = work[SIGN * L + i] * work[MOMENT * L + i]
        place = spread / size
        gain = 0.5 * (size + gain)
        work[SIDE * L + i] = side
        work[DEPTH * L + i] = depth
        work[SHIFT * L + i] = middle if side > 0.0 else middle - (n - 1.0)
        work[LOW * L + i] = 0.0
        work[HIGH * L + i] = high
        work[LOW_TILT * L + i] = 0.0
        work[HIGH_TILT * L + i] = 0.0
        work[LOW_GAIN * L + i] = gain
        work[LOW_LEAN * L + i] = side * (place * gain - 0.5 * (spread + moment))
        work[LOW_PLACE * L + i] = side * place
        work[HIGH_LOSS * L + i] = HUGE
        work[U * L + i] = start
        work[X * L + i] = exp_(-side * start)
        work[STATE * L + i] = WAITING if wanted > 0.0 else state
        n_waiting += 1 if wanted > 0.0 else 0
    return n_waiting


@device
def _judge(n_flows: int, work: Doubles) -> None:
    """Tell on which side of the least value each lane stands, or that f has crossed."""
    n = float_of_int(n_flows)
    for i in range(L):
        u = work[U * L + i]
        x = work[X * L + i]
        f = work[F * L + i]
        f_slope = work[F_SLOPE * L + i]
        q = work[Q * L + i]
        q_slope = work[Q_SLOPE * L + i]
        side = work[SIDE * L + i]
        shift = work[SHIFT * L + i]
        depth = work[DEPTH * L + i]
        low_gain = work[LOW_GAIN * L + i]
        low_lean = work[LOW_LEAN * L + i]
        low_place = work[LOW_PLACE * L + i]
        high_loss = work[HIGH_LOSS * L + i]
        sign = work[SIGN * L + i]
        gain = sign * f
        slack = 8.0 * n * UNIT_ROUNDOFF * q
        near = exp_(-u)
        place = side * (x * f_slope) / f
        tilt = shift - place - depth * near / (1.0 - near)
        # What rounding may have done to it.
        doubt = LEAST_TILT * n + slack / abs_(gain) * (n + abs_(place))
        verdict = FALLS if tilt < -doubt else NONE_YET
        verdict = RISES if tilt > doubt else verdict
        verdict = verdict if gain > slack else NONE_YET
        verdict = CROSSED if gain < -slack else verdict
        inside = 1.0 if q < LARGEST_SUM else 0.0
        inside = inside if q > SMALLEST_SUM else 0.0
        verdict = verdict if inside > 0.0 else RISES
        loss = 0.5 * (q - gain) if inside > 0.0 else HUGE
        gain = 0.5 * (q + gain)
        place = x * q_slope / q
        lean = side * (place * gain - 0.5 * x * (q_slope + sign * f_slope))
        work[TILT * L + i] = tilt if inside > 0.0 else 0.0
        work[VERDICT * L + i] = verdict
        work[LOW_GAIN * L + i] = kept(gain if verdict == FALLS else low_gain)
        work[LOW_LEAN * L + i] = kept(lean if verdict == FALLS else low_lean)
        work[LOW_PLACE * L + i] = kept(side * place if verdict == FALLS else low_place)
        work[HIGH_LOSS * L + i] = kept(loss if verdict == RISES else high_loss)


@device
def _keeps_sign(i: int, span: float, work: Doubles) -> float:
    """Return 1 if the tangent at the near end is above the chord at the far end."""
    gain = work[LOW_GAIN * L + i]
    worth = work[HIGH_LOSS * L + i]
    fade = work[LOW_PLACE * L + i] * span
    tangent = gain + work[LOW_LEAN * L + i] * span
    loss = worth * exp_(fade)
    left = tangent - loss - SAFETY * (gain + loss)
    keeps = 1.0 if left > 0.0 else 0.0
    keeps = keeps if worth < HUGE else 0.0
    return keeps if abs_(fade) < MOST_FADE else 0.0


@device
def _settle(n_flows: int, work: Doubles) -> int:
    """Narrow the brackets, settle what is proven; return how many lanes go on."""
    n = float_of_int(n_flows)
    n_waiting = 0
    for i in range(L):
        u = work[U * L + i]
        low = work[LOW * L + i]
        high = work[HIGH * L + i]
        low_tilt = work[LOW_TILT * L + i]
        high_tilt = work[HIGH_TILT * L + i]
        tilt = work[TILT * L + i]
        verdict = work[VERDICT * L + i]
        side = work[SIDE * L + i]
        state = work[STATE * L + i]
        above = work[ABOVE * L + i]
        below = work[BELOW * L + i]
        found_above = work[FOUND_ABOVE * L + i]
        found_below = work[FOUND_BELOW * L + i]
        low = u if verdict == FALLS else low
        high = u if verdict == RISES else high
        low_tilt = tilt if verdict == FALLS else low_tilt
        high_tilt = tilt if verdict == RISES else high_tilt
        span = high - low
        next_state = WAITING if span * n > LEAST_SPAN else FAILED
        next_state = next_state if verdict > NONE_YET else FAILED
        crossed = side if verdict == CROSSED else 0.0
        crossed = crossed if state == WAITING else 0.0
        clear = side * _keeps_sign(i, span, work)
        clear = clear if next_state == WAITING and crossed == 0.0 else 0.0
        clear = clear if state == WAITING else 0.0
        next_state = SOLVED if clear != 0.0 else next_state
        next_state = SOLVED if crossed != 0.0 else next_state
        next_state = next_state if state == WAITING else state
        work[LOW * L + i] = kept(low)
        work[HIGH * L + i] = kept(high)
        work[LOW_TILT * L + i] = kept(low_tilt)
        work[HIGH_TILT * L + i] = kept(high_tilt)
        work[STATE * L + i] = kept(next_state)
        work[FOUND_ABOVE * L + i] = kept(u if crossed > 0.0 else found_above)
        work[FOUND_BELOW * L + i] = kept(u if crossed < 0.0 else found_below)
        work[ABOVE * L + i] = kept(0.0 if clear > 0.0 else above)
        work[BELOW * L + i] = kept(0.0 if clear < 0.0 else below)
        n_waiting += 1 if next_state == WAITING else 0
    return n_waiting


@device
def _approach(n_flows: int, work: Doubles) -> None:
    """Say where to evaluate next."""
    n = float_of_int(n_flows)
    for i in range(L):
        low = work[LOW * L + i]
        high = work[HIGH * L + i]
        low_tilt = work[LOW_TILT * L + i]
        high_tilt = work[HIGH_TILT * L + i]
        share = abs_(work[F * L + i]) / work[Q * L + i]
        span = high - low
        reach = 0.25 * share / n
        # Roots of slopes, as one of them is often by far the larger.
        fall = sqrt_(abs_(low_tilt))
        rise = sqrt_(abs_(high_tilt))
        best = low + span * fall / (fall + rise)
        # A little beyond, so that the farther end comes nearer, too.
        beyond_low = best - 0.5 * (high - best) - reach
        beyond_high = best + 0.5 * (best - low) + reach
        goal = beyond_high if best - low < high - best else beyond_low
        goal = goal if goal > low + 0.05 * span else low + 0.05 * span
        goal = goal if goal < high - 0.05 * span else high - 0.05 * span
        outward = 3.0 * low if 3.0 * low < high else 0.5 * (low + high)
        goal = outward if high_tilt == 0.0 else goal
        goal = high / 3.0 if low_tilt == 0.0 else goal
        work[U * L + i] = goal
        work[X * L + i] = exp_(-work[SIDE * L + i] * goal)
