# SPDX-License-Identifier: Apache-2.0
"""Discounted sums of one row of flows at a log rate, and how many roots they prove.

Everything carries a bound of its rounding, so that a sign or a count is proven or
withheld. Used by `gpu.irr_rest` on a CPU alone. What does not belong here: the
definition (`models._expsum`), which intervals to look at (`gpu.kernel.rest_search`).
"""

from __future__ import annotations

from typing import Final

from gpu.kernel.compiled import Doubles, device
from gpu.kernel.elementary import exp_, log_
from gpu.kernel.intrinsics import abs_, float_of_int

__all__ = [
    "EMPTY",
    "ONE",
    "OPEN",
    "compare_at",
    "inner_verdict",
    "outer_verdict",
    "sign_at",
]

TAYLOR_ORDER: Final = 24
N_COEFFICIENTS: Final = 25
TERM_ROUNDOFFS: Final = 96.0
# A sign counts as proven where it is a hundred times clearer than rounding: what is not
# goes to NumPy, so that a count that rounding almost hides is not certain with one
# engine and uncertain with another.
CLEAR_ROUNDOFF: Final = 1.1102230246251565e-14
# 1 / (TAYLOR_ORDER + 1)!
FIRST_LEFT_OUT: Final = 6.446950284384474e-26
# Exponents that a power is kept to.
LARGEST_POWER: Final = 600.0
HUGE: Final = 1e300

# Verdicts on an interval: no root, one, not known.
EMPTY: Final = 0
ONE: Final = 1
OPEN: Final = 2
# More changes of sign than can be told.
MANY: Final = 9

# Where `compare_at` writes log(inflows / outflows) and its slope.
RATIO: Final = 0
SLOPE: Final = 1


@device
def _terms(
    n_flows: int, c: Doubles, sizes: Doubles, t: float, term: Doubles, power: Doubles
) -> int:
    """Write the terms at a log rate, relative to the largest; return its place."""
    top, highest = 0, -HUGE
    for k in range(n_flows):
        height = sizes[k] - float_of_int(k) * t
        top = k if height > highest else top
        highest = height if height > highest else highest
    for k in range(n_flows):
        p = float_of_int(top - k) * t
        # Only a flow of zero has a higher one.
        p = p if p < LARGEST_POWER else LARGEST_POWER
        power[k] = p
        term[k] = c[k] * exp_(p)
    return top


@device
def sign_at(
    n_flows: int, c: Doubles, sizes: Doubles, t: float, term: Doubles, power: Doubles
) -> float:
    """Return the proven sign at a log rate, 0 where rounding hides it."""
    _terms(n_flows, c, sizes, t, term, power)
    rounding = TERM_ROUNDOFFS + float_of_int(n_flows)
    value, slack = 0.0, 0.0
    for k in range(n_flows):
        value += term[k]
        slack += abs_(term[k]) * (abs_(power[k]) + rounding)
    slack *= CLEAR_ROUNDOFF
    sign = 1.0 if value > slack else 0.0
    return -1.0 if value < -slack else sign


@device
def inner_verdict(
    n_flows: int,
    table: Doubles,
    c: Doubles,
    sizes: Doubles,
    term: Doubles,
    power: Doubles,
    step: Doubles,
    middle: float,
    half: float,
    left_sign: float,
    right_sign: float,
) -> int:
    """Return how many roots are proven in an interval: none, one, or not known."""
    top = _terms(n_flows, c, sizes, middle, term, power)
    total, moment = 0.0, 0.0
    for k in range(n_flows):
        weight = abs_(term[k])
        total += weight
        moment += weight * float_of_int(k - top)
    centre = moment / total
    rounding = TERM_ROUNDOFFS + float_of_int(n_flows)
    remainder, noise = 0.0, 0.0
    for k in range(n_flows):
        x = (centre - float_of_int(k - top)) * half
        step[k] = x
        reach = abs_(x)
        near = reach if reach < LARGEST_POWER else LARGEST_POWER
        grown = abs_(term[k]) * exp_(near)
        square = reach * reach
        fourth = square * square
        eighth = fourth * fourth
        tail = eighth * eighth * eighth * reach * FIRST_LEFT_OUT
        remainder += grown * tail
        noise += grown * (abs_(power[k]) + rounding + 4.0 * reach)
    error = remainder + noise * CLEAR_ROUNDOFF
    # Written so that an error that is not a number leaves the interval open.
    if not error < 0.1 * total:
        return OPEN
    for order in range(N_COEFFICIENTS):
        total = 0.0
        divisor = 1.0 / float_of_int(order + 1)
        for k in range(n_flows):
            total += term[k]
            term[k] = term[k] * (step[k] * divisor)
        power[order] = total
    return _count_signs(table, power, error, left_sign, right_sign)


@device
def _count_signs(
    table: Doubles,
    moments: Doubles,
    error: float,
    left_sign: float,
    right_sign: float,
) -> int:
    """Return the changes of sign of Bernstein coefficients, unknown ones among them.

    One unknown between unlike signs adds no change; between like signs, and where two
    follow each other, it may.
    """
    last, n_changes, is_pending, is_doubtful = left_sign, 0, 0, 0
    for i in range(1, N_COEFFICIENTS):
        value = 0.0
        for order in range(N_COEFFICIENTS):
            value += moments[order] * table[order * N_COEFFICIENTS + i]
        sign = 1.0 if value > error else 0.0
        sign = -1.0 if value < -error else sign
        sign = right_sign if i == TAYLOR_ORDER else sign
        flips = 1 if sign * last < 0.0 else 0
        is_doubtful = 1 if is_pending == 1 and flips == 0 else is_doubtful
        is_pending = 1 if sign == 0.0 else 0
        n_changes += flips
        last = last if sign == 0.0 else sign
    if is_doubtful == 1 or n_changes > 1:
        return OPEN
    return ONE if n_changes == 1 else EMPTY


@device
def compare_at(
    n_flows: int,
    c: Doubles,
    sizes: Doubles,
    t: float,
    term: Doubles,
    power: Doubles,
    facts: Doubles,
) -> None:
    """Write log(inflows / outflows) at a log rate, and its slope, into `facts`."""
    _terms(n_flows, c, sizes, t, term, power)
    gain, loss, gain_place, loss_place = 0.0, 0.0, 0.0, 0.0
    for k in range(n_flows):
        value = term[k]
        inflow = value if value > 0.0 else 0.0
        outflow = -value if value < 0.0 else 0.0
        gain += inflow
        loss += outflow
        gain_place += inflow * float_of_int(k)
        loss_place += outflow * float_of_int(k)
    ratio, slope = 0.0, 0.0
    if gain > 0.0 and loss > 0.0:
        ratio = log_(gain / loss)
        slope = loss_place / loss - gain_place / gain
    else:
        ratio = HUGE if gain > loss else -HUGE
    facts[RATIO] = ratio
    facts[SLOPE] = slope


@device
def outer_verdict(
    n_flows: int,
    c: Doubles,
    sizes: Doubles,
    t: float,
    is_back: int,
    term: Doubles,
    power: Doubles,
) -> int:
    """Return how many roots are proven beyond a log rate, away from zero.

    Beyond t, f divided by the distance from t is the Laplace transform of the running
    sums of the terms at t, taken as a step function of time; it has at most as many
    roots as that has changes of sign, or as its integral has, and fewer only by an even
    number [1]_. Below zero time runs backwards.

    References
    ----------
    .. [1] E. Laguerre, "Sur la theorie des equations numeriques", Journal de
       mathematiques pures et appliquees 9 (1883), pp. 99-146: sums of exponentials.
    """
    _terms(n_flows, c, sizes, t, term, power)
    rounding = (TERM_ROUNDOFFS + float_of_int(n_flows)) * CLEAR_ROUNDOFF
    total, slack, area, area_slack = 0.0, 0.0, 0.0, 0.0
    last, last_area = 0.0, 0.0
    n_changes, n_area_changes, is_hidden, is_area_hidden = 0, 0, 0, 0
    for place in range(n_flows):
        k = n_flows - 1 - place if is_back == 1 else place
        # The integral up to here; twice the slack holds its own rounding too.
        area += total
        area_slack += 2.0 * slack
        is_area_hidden = (
            1 if abs_(area) <= area_slack and slack > 0.0 else is_area_hidden
        )
        n_area_changes += 1 if area * last_area < 0.0 else 0
        last_area = area if area != 0.0 else last_area
        # Terms before the largest have powers above 1: none is too small for a number.
        total += term[k]
        slack += abs_(term[k]) * (abs_(power[k]) * CLEAR_ROUNDOFF + rounding)
        is_hidden = 1 if abs_(total) <= slack and slack > 0.0 else is_hidden
        n_changes += 1 if total * last < 0.0 else 0
        last = total if total != 0.0 else last
    # From the last flow on the integral is a straight line.
    n_area_changes += 1 if total * last_area < 0.0 else 0
    is_area_hidden = is_area_hidden if abs_(total) > slack else 1
    n_area_changes = MANY if is_area_hidden == 1 else n_area_changes
    n_changes = MANY if is_hidden == 1 else n_changes
    least = n_area_changes if n_area_changes < n_changes else n_changes
    return least if least <= ONE else OPEN
