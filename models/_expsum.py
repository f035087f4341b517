# SPDX-License-Identifier: Apache-2.0
"""Values, error bounds and root counts of exponential sums on an interval.

An NPV is the exponential sum ``f(t) = sum_k c[k] * exp(-a[k] * t)`` in the log rate
``t = log(1 + rate)`` with whole exponents ``a``. Around a midpoint it is, to rounding,
a short Taylor polynomial; the signs of that polynomial's Bernstein coefficients bound
the number of roots in the interval (Descartes' rule), whatever the number of flows.
Every number carries a bound of its rounding error, so that a verdict is either proven
or withheld. What does not belong here: the search over intervals (`models._isolate`),
the choice of a root (`models._irr`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = ["NONE", "ONE", "OPEN", "Sums", "count_roots", "make_sums", "signs_at"]

UNIT_ROUNDOFF = 2.0**-53
TAYLOR_ORDER = 24
# Relative error of one computed term beyond its exponent's: input half-ulps, exp,
# products, and pairwise summation of up to 2^24 terms. [unit roundoffs]
TERM_ROUNDOFFS = 96.0
# exp(1400 / 2)**2 is reached only by terms whose coefficient is zero.
MAX_EXPONENT = 1400.0
CHUNK_CELLS = 1 << 17

NONE, ONE, OPEN = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Sums:
    """Several exponential sums with common exponents.

    Parameters
    ----------
    coefficients : ndarray of shape (n_rows, n_terms)
        Scaled so that the largest of each row lies in [0.5, 1). [USD, scaled]
    log_abs : ndarray of shape (n_rows, n_terms)
        Natural logarithm of the absolute coefficients, -inf at zeros. [unitless]
    exponents : ndarray of shape (n_terms,)
        Increasing whole numbers, held as floats. [periods]
    """

    coefficients: FloatArray
    log_abs: FloatArray
    exponents: FloatArray


def make_sums(coefficients: FloatArray, exponents: IntArray) -> Sums:
    """Return exponential sums scaled by a power of two, which keeps every bit.

    Parameters
    ----------
    coefficients : ndarray of shape (n_rows, n_terms)
        Flows, finite. [USD]
    exponents : ndarray of shape (n_terms,)
        Increasing whole numbers. [periods]

    Returns
    -------
    Sums
        The same functions up to a positive factor per row.
    """
    largest = np.abs(coefficients).max(axis=1, keepdims=True)
    _, binary = np.frexp(largest)
    with np.errstate(under="ignore", divide="ignore"):
        # Two steps: one factor 2^-1100 would not be a number.
        half = -binary // 2
        scaled = np.ldexp(np.ldexp(coefficients, half), -binary - half)
        log_abs = np.log(np.abs(scaled))
    return Sums(scaled, log_abs, np.asarray(exponents, dtype=np.float64))


def terms_at(
    sums: Sums, row: IntArray, t: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return every term of each sum at one point, relative to its largest term.

    Parameters
    ----------
    sums : Sums
        The functions.
    row : ndarray of shape (n_items,)
        Which function each point belongs to. [unitless]
    t : ndarray of shape (n_items,)
        Log rate. [1/period]

    Returns
    -------
    term : ndarray of shape (n_items, n_terms)
        ``c * exp(-lag * t)``, a positive multiple of the terms of f. [USD, scaled]
    lag : ndarray of shape (n_items, n_terms)
        Exponent less that of the largest term. [periods]
    power : ndarray of shape (n_items, n_terms)
        ``-lag * t``; its size drives the rounding error of `term`. [unitless]
    """
    lag = sums.exponents - sums.exponents[0]
    power = lag * -t[:, None]
    top = (sums.log_abs[row] + power).argmax(axis=1)
    lag = sums.exponents - sums.exponents[top][:, None]
    power = np.minimum(lag * -t[:, None], MAX_EXPONENT)
    with np.errstate(under="ignore"):
        root = np.exp(0.5 * power)
        term = sums.coefficients[row] * root * root
    return term, lag, power


def signs_at(sums: Sums, row: IntArray, t: FloatArray) -> IntArray:
    """Return the proven sign of each sum at one point, 0 where rounding hides it.

    Parameters
    ----------
    sums : Sums
        The functions.
    row : ndarray of shape (n_items,)
        Which function each point belongs to. [unitless]
    t : ndarray of shape (n_items,)
        Log rate. [1/period]

    Returns
    -------
    ndarray of shape (n_items,)
        -1, 0 or 1. [unitless]
    """
    result = np.zeros(len(t), dtype=np.int64)
    for part in _chunks(len(t), len(sums.exponents)):
        term, _, power = terms_at(sums, row[part], t[part])
        value = term.sum(axis=1)
        slack = np.abs(term) * (np.abs(power) + TERM_ROUNDOFFS)
        error = slack.sum(axis=1) * UNIT_ROUNDOFF
        result[part] = np.where(np.abs(value) > error, np.sign(value), 0.0)
    return result


def count_roots(
    sums: Sums,
    row: IntArray,
    left: FloatArray,
    right: FloatArray,
    *,
    left_sign: IntArray,
    right_sign: IntArray,
) -> IntArray:
    """Return how many roots each interval holds, where that can be proven.

    Parameters
    ----------
    sums : Sums
        The functions.
    row : ndarray of shape (n_items,)
        Which function each interval belongs to. [unitless]
    left, right : ndarray of shape (n_items,)
        Ends of the interval. [1/period]
    left_sign, right_sign : ndarray of shape (n_items,)
        Proven signs there, -1 or 1. [unitless]

    Returns
    -------
    ndarray of shape (n_items,)
        `NONE`, `ONE` (a single root, simple) or `OPEN` (look closer). [unitless]
    """
    result = np.full(len(left), OPEN, dtype=np.int64)
    for part in _chunks(len(left), len(sums.exponents)):
        middle = 0.5 * (left[part] + right[part])
        half = 0.5 * (right[part] - left[part])
        coefficient, error, usable = _bernstein(sums, row[part], middle, half)
        known = np.abs(coefficient) > error[:, None]
        sign = np.where(known, np.sign(coefficient), 0.0).astype(np.int64)
        sign[:, 0] = left_sign[part][usable]
        sign[:, -1] = right_sign[part][usable]
        verdict = np.full(len(middle), OPEN, dtype=np.int64)
        verdict[usable] = _verdict(sign)
        result[part] = verdict
    return result


def _chunks(n_items: int, n_terms: int) -> list[slice]:
    """Return slices of items whose work arrays stay in cache."""
    step = max(1, CHUNK_CELLS // max(1, n_terms))
    return [slice(start, start + step) for start in range(0, n_items, step)]


def _bernstein(
    sums: Sums, row: IntArray, middle: FloatArray, half: FloatArray
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return Bernstein coefficients on each interval, their error, and which items.

    Items whose Taylor remainder is far too large are left out.
    """
    term, lag, power = terms_at(sums, row, middle)
    weight = np.abs(term)
    total = weight.sum(axis=1)
    # f times exp(s * t) has the same roots; s at the centre of mass keeps steps short.
    centre = (weight * lag).sum(axis=1) / total
    step = (lag - centre[:, None]) * -half[:, None]
    reach = np.abs(step)
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):
        grown = weight * np.exp(np.minimum(reach, 600.0))
        first_left_out = TAYLOR_ORDER + 1
        tail = grown * reach**first_left_out / math.factorial(first_left_out)
        remainder = np.where(weight > 0.0, tail, 0.0).sum(axis=1)
        noise = (grown * (np.abs(power) + TERM_ROUNDOFFS + 4.0 * reach)).sum(axis=1)
    error = remainder + noise * UNIT_ROUNDOFF
    usable = np.flatnonzero(error < 0.1 * total)
    return _convert(term[usable], step[usable]), error[usable], usable


def _convert(term: FloatArray, step: FloatArray) -> FloatArray:
    """Return the Bernstein coefficients on [-1, 1] of ``sum(term * exp(step * x))``."""
    table = power_to_bernstein()
    # No matrix product: its rounding would depend on how many items share the call.
    coefficient: FloatArray = term.sum(axis=1)[:, None] * table[0]
    with np.errstate(under="ignore"):
        for order in range(1, TAYLOR_ORDER + 1):
            term = term * (step / order)
            coefficient += term.sum(axis=1)[:, None] * table[order]
    return coefficient


@lru_cache(maxsize=1)
def power_to_bernstein() -> FloatArray:
    """Return the Bernstein coefficients of ``x**order`` on [-1, 1], one row an order.

    The coefficient number i is the symmetric function of i ones and n - i minus ones
    (the polar form), so no entry exceeds 1 in size.
    """
    n = TAYLOR_ORDER
    table = np.empty((n + 1, n + 1))
    for order in range(n + 1):
        for i in range(n + 1):
            total = sum(
                math.comb(i, ones)
                * math.comb(n - i, order - ones)
                * (-1) ** (order - ones)
                for ones in range(max(0, order - n + i), min(i, order) + 1)
            )
            table[order, i] = total / math.comb(n, order)
    return table


def _verdict(sign: IntArray) -> IntArray:
    """Return the proven number of roots from signs with unknowns (0) among them.

    One unknown between unlike signs cannot add a variation; between like signs, and
    wherever two unknowns follow each other, it can. The first and last are known.
    """
    last = sign[:, 0]
    changes = np.zeros(len(sign), dtype=np.int64)
    pending = np.zeros(len(sign), dtype=np.bool_)
    doubtful = np.zeros(len(sign), dtype=np.bool_)
    for column in sign.T[1:]:
        unknown = column == 0
        flips = ~unknown & (column != last)
        doubtful |= pending & ~flips
        pending = unknown
        changes += flips
        last = np.where(unknown, last, column)
    settled = ~doubtful & (changes <= 1)
    return np.where(settled, changes, OPEN)
