# SPDX-License-Identifier: Apache-2.0
"""Bins read off the bits of a number: its exponent and the first bits of its mantissa.

A bin is found by a shift, without a logarithm, and its edges are exact doubles. Bins
are numbered from 0, outcomes under the smallest size, up to `BitBins.side` for gains
and down to ``-side`` for losses. What does not belong here: what is counted in them
(`gpu.statistics.columns`, `gpu.statistics.month_tally`, `gpu.statistics.joint`).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = ["REMAINDER_BITS", "BitBins", "widened"]

MANTISSA_BITS: Final = 52
EXPONENT_OF_ONE: Final = 1023
REMAINDER_BITS: Final = 28
"""Bits of the mantissa below those of the bin that sums of bins keep."""
_SIZE_MASK: Final = 2**63 - 1
_DOUBLE: Final = struct.Struct("<d")
_BITS: Final = struct.Struct("<q")


@dataclass(frozen=True, slots=True)
class BitBins:
    """Bins that divide every octave into equal parts.

    Parameters
    ----------
    leading_bits : int
        Bits of the mantissa that tell bins apart: ``2**leading_bits`` bins from each
        power of two to the next. [unitless]
    smallest_exponent : int
        Sizes under ``2**smallest_exponent`` are not told apart. [unitless]
    n_octaves : int
        Octaves over that; larger sizes count as the last bin. [unitless]
    """

    leading_bits: int
    smallest_exponent: int
    n_octaves: int

    @classmethod
    def over(cls, smallest: float, *, leading_bits: int, n_octaves: int) -> BitBins:
        """Return bins over the power of two at or below a size, > 0 [any]."""
        return cls(leading_bits, math.frexp(smallest)[1] - 1, n_octaves)

    @property
    def side(self) -> int:
        """Bins of either sign."""
        return self.n_octaves << self.leading_bits

    @property
    def smallest(self) -> float:
        """Size under which outcomes are not told apart."""
        return math.ldexp(1.0, self.smallest_exponent)

    @property
    def relative_error(self) -> float:
        """Largest distance of an outcome to the middle of its bin, as a share of it."""
        return 1.0 / (math.ldexp(2.0, self.leading_bits) + 1.0)

    @property
    def shift(self) -> int:
        """Bits of a double that lie below the number of its bin."""
        return MANTISSA_BITS - self.leading_bits

    @property
    def base_key(self) -> int:
        """Shifted bits of the smallest size."""
        return (EXPONENT_OF_ONE + self.smallest_exponent) << self.leading_bits

    def places(self, values: FloatArray) -> IntArray:
        """Return the bins of outcomes, none of them NaN.

        Parameters
        ----------
        values : ndarray of any shape
            Outcomes. [any]

        Returns
        -------
        ndarray of int of the same shape
            ``-side`` to ``side``, rising with the outcome. [unitless]
        """
        bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
        size = ((bits & _SIZE_MASK) >> self.shift) - (self.base_key - 1)
        place = np.minimum(np.maximum(size, 0), self.side)
        # All ones for losses: (place ^ -1) + 1 is -place.
        sign = bits >> 63
        found: IntArray = (place ^ sign) - sign
        return found

    def place(self, value: float) -> int:
        """Return the bin of one outcome, see `places` [any]."""
        bits: int = _BITS.unpack(_DOUBLE.pack(value))[0]
        size = ((bits & _SIZE_MASK) >> self.shift) - (self.base_key - 1)
        place = min(max(size, 0), self.side)
        return -place if bits < 0 else place

    def remainders(self, values: FloatArray) -> IntArray:
        """Return how far into their bins outcomes lie.

        Parameters
        ----------
        values : ndarray of any shape
            Outcomes, none of them NaN. [any]

        Returns
        -------
        ndarray of int of the same shape
            Distance of the size to the lower edge, in units of the bin's width over
            ``2**REMAINDER_BITS``; 0 in bin 0. [unitless]
        """
        bits = np.ascontiguousarray(values, dtype=np.float64).view(np.int64)
        size = bits & _SIZE_MASK
        below = (size >> (self.shift - REMAINDER_BITS)) & ((1 << REMAINDER_BITS) - 1)
        return np.where(size >> self.shift < self.base_key, 0, below)

    def lower_sizes(self, places: IntArray) -> FloatArray:
        """Return the least size of outcomes in bins, 0 for bin 0; shape kept [any]."""
        keys = self.base_key - 1 + np.abs(places)
        sizes: FloatArray = np.where(
            places == 0, 0.0, (keys << self.shift).view(np.float64)
        )
        return sizes

    def upper_sizes(self, places: IntArray) -> FloatArray:
        """Return the size at which bins end; shape kept [any]."""
        keys = self.base_key + np.abs(places)
        return (keys << self.shift).view(np.float64)

    def lower_ends(self, places: IntArray) -> FloatArray:
        """Return the least outcome of bins; shape kept [any]."""
        low, high = self.lower_sizes(places), self.upper_sizes(places)
        return np.where(places > 0, low, -high)

    def upper_ends(self, places: IntArray) -> FloatArray:
        """Return the outcome at which bins end; shape kept [any]."""
        low, high = self.lower_sizes(places), self.upper_sizes(places)
        return np.where(places >= 0, high, -low)

    def middles(self, places: IntArray) -> FloatArray:
        """Return what stands for the outcomes of bins; shape kept [any].

        The harmonic mean of the edges: as far from either in relative terms.
        """
        low, high = self.lower_sizes(places), self.upper_sizes(places)
        size = 2.0 * low * (high / (low + high))
        return np.sign(places) * size

    def means(
        self, places: IntArray, counts: FloatArray, remainders: IntArray
    ) -> FloatArray:
        """Return the mean outcome of bins.

        Parameters
        ----------
        places : ndarray of int of shape (n_bins,)
            Bins. [unitless]
        counts : ndarray of shape (n_bins,)
            Weight of the outcomes in each. [unitless]
        remainders : ndarray of int of shape (n_bins,)
            Sums of `remainders`. [unitless]

        Returns
        -------
        ndarray of shape (n_bins,)
            Within 2**-36 of the size; 0 for empty bins and bin 0. [any]
        """
        low, high = self.lower_sizes(places), self.upper_sizes(places)
        is_empty = counts == 0.0
        part = remainders / np.where(is_empty, 1.0, counts) * 2.0**-REMAINDER_BITS
        size = np.where((places == 0) | is_empty, 0.0, low + (high - low) * part)
        return np.sign(places) * size


def widened(
    cells: IntArray, start: int, first: int, last: int, bins: BitBins
) -> tuple[IntArray, int]:
    """Return cells, and the bin of the first, that hold bins `first` to `last`.

    Parameters
    ----------
    cells : ndarray of int of shape (n_bins, ...)
        Cells so far, on axis 0. [unitless]
    start : int
        Bin of the first of them. [unitless]
    first, last : int
        Bins to be held. [unitless]
    bins : BitBins
        Bins; the window grows by whole octaves.
    """
    end = start + len(cells)
    if len(cells) and start <= first and last < end:
        return cells, start
    octave = 1 << bins.leading_bits
    low = max(first // octave * octave, -bins.side)
    high = min(-(-(last + 1) // octave) * octave, bins.side + 1)
    if len(cells):
        low, high = min(low, start), max(high, end)
    wide = np.zeros((high - low, *cells.shape[1:]), dtype=cells.dtype)
    wide[start - low : end - low] = cells
    return wide, low
