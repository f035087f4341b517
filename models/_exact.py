# SPDX-License-Identifier: Apache-2.0
"""Exact polynomials: proof that a cluster of roots is one multiple root.

A double root survives no rounding, so floating point alone can never prove one. Here
the flows are read as fractions and divided by their greatest common divisor with their
own derivative, in whole numbers without rounding. The divisor is first sought modulo
a prime, which is quick and, where it finds none, already a proof. What does not belong
here: finding roots (`models._isolate`).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MAX_DEGREE", "readings", "square_free"]

Polynomial: TypeAlias = list[int]

# Above the first the search modulo a prime takes over a second; above the second the
# fractions of Euclid's algorithm grow too long.
MAX_DEGREE = 1500
MAX_EUCLID_DEGREE = 128
MAX_DENOMINATOR = 10**6
# 2 units in the last place: one rounding of a flow, one of a common factor.
RATIO_TOLERANCE = Fraction(1, 2**51)
PRIME = 2**61 - 1
MAX_PART = 2**30


def readings(flows: Sequence[float]) -> Iterator[Polynomial]:
    """Yield whole-number polynomials that the flows may stand for.

    Parameters
    ----------
    flows : sequence of float
        Coefficients, lowest power first, first and last not zero. [USD]

    Yields
    ------
    list of int
        Up to a common factor: the stored binary fractions; their shortest decimals
        (what a person typed); the ratios to the first flow where all of them are
        fractions with denominators up to 10^6 within 2 units in the last place
        (whole-number flows that were multiplied by one factor).
    """
    stored = [Fraction(flow) for flow in flows]
    yield _whole(stored)
    yield _whole([Fraction(repr(float(flow))) for flow in flows])
    simple = []
    for flow in stored:
        ratio = flow / stored[0]
        near = ratio.limit_denominator(MAX_DENOMINATOR)
        if abs(near - ratio) > RATIO_TOLERANCE * abs(ratio):
            return
        simple.append(near)
    sign = -1 if stored[0] < 0 else 1
    yield _whole([sign * ratio for ratio in simple])


def square_free(polynomial: Polynomial) -> Polynomial | None:
    """Return the polynomial with every multiple root made simple.

    Parameters
    ----------
    polynomial : list of int
        Coefficients, lowest power first; first and last not zero. [unitless]

    Returns
    -------
    list of int or None
        None if no root is multiple already, or the degree is above `MAX_DEGREE`.
    """
    degree = len(polynomial) - 1
    if degree < 2 or degree > MAX_DEGREE:
        return None
    whole = _primitive(polynomial)
    slope = _primitive([k * value for k, value in enumerate(whole)][1:])
    divisor: Polynomial | None = None
    if whole[-1] % PRIME:
        # The divisor's degree modulo a prime is never less than its true degree.
        image = _divisor_modulo(whole, slope)
        if len(image) == 1:
            return None
        divisor = _lift(image)
        if divisor and (_quotient(slope, divisor) and _quotient(whole, divisor)):
            return _quotient(whole, divisor)
    if degree > MAX_EUCLID_DEGREE:
        return None
    left, right = whole, slope
    while right:
        left, right = right, _primitive(_remainder(left, right))
    return _quotient(whole, left) if len(left) > 1 else None


def _whole(values: list[Fraction]) -> Polynomial:
    """Return whole numbers in the same proportion, without a common factor."""
    common = math.lcm(*(value.denominator for value in values))
    return _primitive([int(value * common) for value in values])


def _primitive(values: Polynomial) -> Polynomial:
    """Return the values without their common factor and trailing zeros."""
    while values and values[-1] == 0:
        values = values[:-1]
    factor = math.gcd(*values)
    return [value // factor for value in values]


def _remainder(left: Polynomial, right: Polynomial) -> Polynomial:
    """Return a multiple of the remainder of `left` divided by `right`."""
    rest = left[:]
    lead = right[-1]
    while len(rest) >= len(right):
        top = rest.pop()
        if top:
            rest = [lead * value for value in rest]
            offset = len(rest) - len(right) + 1
            for k, value in enumerate(right[:-1]):
                rest[offset + k] -= top * value
    return rest


def _quotient(left: Polynomial, right: Polynomial) -> Polynomial | None:
    """Return `left` / `right`, both without common factor, or None if that has a rest.

    By Gauss's lemma the quotient then has whole coefficients too.
    """
    rest = left[:]
    result = [0] * (len(left) - len(right) + 1)
    for offset in range(len(result) - 1, -1, -1):
        factor, over = divmod(rest[offset + len(right) - 1], right[-1])
        if over:
            return None
        result[offset] = factor
        for k, value in enumerate(right):
            rest[offset + k] -= factor * value
    return result if not any(rest) else None


def _divisor_modulo(left: Polynomial, right: Polynomial) -> Polynomial:
    """Return the greatest common divisor modulo `PRIME`, with 1 in the lead.

    The leading coefficient of `left` must not vanish modulo the prime.
    """
    a = [value % PRIME for value in left]
    b = [value % PRIME for value in right]
    while True:
        while b and b[-1] == 0:
            b.pop()
        if not b:
            inverse = pow(a[-1], -1, PRIME)
            return [value * inverse % PRIME for value in a]
        inverse = pow(b[-1], -1, PRIME)
        while len(a) >= len(b):
            factor = a.pop() * inverse % PRIME
            offset = len(a) - len(b) + 1
            for k in range(len(b) - 1):
                a[offset + k] = (a[offset + k] - factor * b[k]) % PRIME
        a, b = b, a


def _lift(image: Polynomial) -> Polynomial | None:
    """Return the polynomial of short fractions that equals the image modulo `PRIME`.

    Each value is matched with the one fraction whose parts are below 2^30, by
    Euclid's algorithm stopped half-way.
    """
    fractions = []
    for value in image:
        high, low, before, now = PRIME, value, 0, 1
        while low >= MAX_PART:
            whole = high // low
            high, low = low, high - whole * low
            before, now = now, before - whole * now
        if abs(now) >= MAX_PART:
            return None
        fractions.append(Fraction(low, now))
    return _whole(fractions)
