# SPDX-License-Identifier: Apache-2.0
"""Sums of doubles without any rounding, so that their order does not matter.

A sum is one whole number of tiny units: adding is exact, and so are grouping and
merging. What does not belong here: sums inside a block, which are ordinary ones in a
fixed order (`gpu.statistics.columns`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "UNIT_EXPONENT",
    "from_bytes",
    "ratio",
    "to_bytes",
    "whole",
    "whole_square",
]

UNIT_EXPONENT: Final = 2148
"""A unit is 2**-2148: the square of the least positive double."""
_DIGITS: Final = 53


def whole(value: float) -> int:
    """Return a finite double as a whole number of units.

    Parameters
    ----------
    value : float
        Number; NaN and infinities raise. [any]

    Returns
    -------
    int
        ``value * 2**UNIT_EXPONENT``, exactly. [unitless]
    """
    part, exponent = math.frexp(value)
    digits = int(part * 2.0**_DIGITS)
    shift = exponent - _DIGITS + UNIT_EXPONENT
    return digits << shift


def whole_square(value: float) -> int:
    """Return the square of a finite double as a whole number of units.

    Parameters
    ----------
    value : float
        Number; NaN and infinities raise. [any]

    Returns
    -------
    int
        ``value**2 * 2**UNIT_EXPONENT``, exactly. [unitless]
    """
    part, exponent = math.frexp(value)
    digits = int(part * 2.0**_DIGITS)
    shift = 2 * (exponent - _DIGITS) + UNIT_EXPONENT
    square = digits * digits
    # Below 2**-1022 a double's last digits are zeros: nothing is lost.
    return square << shift if shift >= 0 else square >> -shift


def ratio(numerator: int, denominator: int) -> float:
    """Return a sum over a positive count.

    Parameters
    ----------
    numerator : int
        Sum in units. [unitless]
    denominator : int
        Count, > 0. [unitless]

    Returns
    -------
    float
        Correctly rounded; infinite where it does not fit a double. [any]
    """
    try:
        return numerator / (denominator << UNIT_EXPONENT)
    except OverflowError:
        return math.copysign(math.inf, numerator)


def to_bytes(number: int) -> NDArray[np.uint8]:
    """Return a whole number as bytes, for storing.

    Parameters
    ----------
    number : int
        Number of any size. [unitless]

    Returns
    -------
    ndarray of uint8 of shape (n_bytes,)
        Two's complement, lowest byte first. [unitless]
    """
    length = number.bit_length() // 8 + 1
    raw = number.to_bytes(length, "little", signed=True)
    return np.frombuffer(raw, dtype=np.uint8)


def from_bytes(stored: NDArray[Any]) -> int:
    """Return the whole number that `to_bytes` stored.

    Parameters
    ----------
    stored : ndarray of uint8 of shape (n_bytes,)
        Bytes. [unitless]
    """
    raw = np.ascontiguousarray(stored, dtype=np.uint8).tobytes()
    return int.from_bytes(raw, "little", signed=True)
