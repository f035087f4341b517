# SPDX-License-Identifier: Apache-2.0
"""Count, mean, variance and extremes of any number of outcomes, block by block.

What does not belong here: quantiles (`gpu.statistics.columns`), sums inside a block
(`gpu.statistics.describe`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.statistics.describe import NUMPY, WEIGHT_BITS
from gpu.statistics.exact_sum import (
    UNIT_EXPONENT,
    from_bytes,
    ratio,
    to_bytes,
    whole,
    whole_square,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.counter import BlockMoments, Counter
    from models.arrays import FloatArray, IntArray

__all__ = ["Moments"]


class Moments:
    """Count, mean, sum of squared deviations and extremes of outcomes.

    Sums over blocks are exact, see `gpu.statistics.exact_sum`: order and grouping
    change no bit.

    Parameters
    ----------
    is_weighted : bool
        Whether outcomes come with weights.

    Attributes
    ----------
    count, n_missing : int
        Outcomes, and NaN beside them. [unitless]
    units, heaviest : int
        Weights in all, and the largest, in units of weight; the count, and one, without
        weights. [unitless]
    low, high : float
        Least and largest outcome; inf and -inf without any. [same as outcomes]
    """

    def __init__(self, *, is_weighted: bool = False) -> None:
        self.is_weighted = is_weighted
        self.count, self.n_missing, self.units = 0, 0, 0
        self.heaviest = 0 if is_weighted else 1
        self.low, self.high = math.inf, -math.inf
        self._is_finite = True
        self._sum, self._square_sum, self._square_units = 0, 0, 0

    @classmethod
    def of(cls, values: FloatArray, units: IntArray | None = None) -> Moments:
        """Return the moments of one block, shape (n,); weights in units, shape (n,)."""
        found = cls(is_weighted=units is not None)
        found.add(values, units)
        return found

    def add(
        self,
        values: FloatArray,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> tuple[float, float]:
        """Add the outcomes of a block, shape (n,); weights in units, shape (n,).

        Returns
        -------
        tuple of float
            Extremes of the block; inf and -inf without outcomes. [same as outcomes]
        """
        heaviest = 1 if units is None else int(units.max(initial=0))
        return self.take(counter.moments(values, units), len(values), heaviest)

    def take(
        self, block: BlockMoments, n_rows: int, heaviest: int
    ) -> tuple[float, float]:
        """Add a block whose moments are known.

        Parameters
        ----------
        block : BlockMoments
            Moments.
        n_rows : int
            Its length, NaN included. [unitless]
        heaviest : int
            Largest weight, in units; one without weights. [unitless]

        Returns
        -------
        tuple of float
            Extremes of the block; inf and -inf without outcomes. [same as outcomes]
        """
        self.heaviest = max(self.heaviest, heaviest)
        self.count += block.count
        self.n_missing += n_rows - block.count
        self.units += block.units
        self.low, self.high = min(self.low, block.low), max(self.high, block.high)
        if self.is_weighted:
            self._square_units += whole(block.square_units)
        if not math.isfinite(block.squares):
            self._is_finite = False
            return block.low, block.high
        self._sum += block.units * whole(block.mean)
        square = block.units * whole_square(block.mean)
        self._square_sum += square + whole(block.squares)
        return block.low, block.high

    def merge(self, other: Moments) -> None:
        """Add the outcomes of another set."""
        self.count += other.count
        self.n_missing += other.n_missing
        self.units += other.units
        self.heaviest = max(self.heaviest, other.heaviest)
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self._is_finite = self._is_finite and other._is_finite
        self._sum += other._sum
        self._square_sum += other._square_sum
        self._square_units += other._square_units

    @property
    def mean(self) -> float:
        """Mean; NaN without outcomes, or with infinite ones."""
        if not self.units or not self._is_finite:
            return math.nan
        return ratio(self._sum, self.units)

    @property
    def squares(self) -> float:
        """Sum of squared deviations from the mean, in weights of 1."""
        if not self.units or not self._is_finite:
            return 0.0 if self._is_finite else math.nan
        about_mean = self._square_sum * self.units - (
            (self._sum * self._sum) >> UNIT_EXPONENT
        )
        squares = ratio(max(about_mean, 0), self.units)
        return math.ldexp(squares, -WEIGHT_BITS) if self.is_weighted else squares

    @property
    def effective_count(self) -> float:
        """Outcomes of equal weight worth as much: (sum w)^2 / sum w^2."""
        if not self.is_weighted:
            return float(self.count)
        if not self._square_units:
            return 0.0
        return ratio(
            (self.units * self.units) << (2 * UNIT_EXPONENT), self._square_units
        )

    @property
    def least_count(self) -> float:
        """Outcomes of equal weight worth as much at worst: sum w / max w.

        See `gpu.statistics.intervals.independent_count`.
        """
        return self.units / self.heaviest if self.units else 0.0

    @property
    def sd(self) -> float:
        """Sample standard deviation; 0 for one outcome, NaN for none."""
        if self.count < 2:
            return 0.0 if self.count else math.nan
        share = self.squares / (self.count - 1)
        if self.is_weighted:
            count = self.effective_count
            weight = math.ldexp(float(self.units), -WEIGHT_BITS)
            share = self.squares / weight * (count / max(count - 1.0, 1e-9))
        return math.sqrt(share)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        counts = [self.count, self.n_missing, self.units, self.heaviest]
        flags = [int(self._is_finite), int(self.is_weighted)]
        return {
            "counts": np.array([*counts, *flags], dtype=np.int64),
            "range": np.array([self.low, self.high]),
            "sum": to_bytes(self._sum),
            "square_sum": to_bytes(self._square_sum),
            "square_units": to_bytes(self._square_units),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Moments:
        """Return the moments that `to_arrays` stored, exactly."""
        *counts, is_finite, is_weighted = arrays["counts"].tolist()
        found = cls(is_weighted=bool(is_weighted))
        found.count, found.n_missing, found.units, found.heaviest = counts
        found._is_finite = bool(is_finite)
        found.low, found.high = arrays["range"].tolist()
        found._sum = from_bytes(arrays["sum"])
        found._square_sum = from_bytes(arrays["square_sum"])
        found._square_units = from_bytes(arrays["square_units"])
        return found
