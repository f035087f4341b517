# SPDX-License-Identifier: Apache-2.0
"""Percentiles by month of any number of scenarios, from counts in bins.

Counts are whole numbers: histograms merge exactly, in any order. What does not belong
here: events by month and what is said of a plan (`gpu.statistics.month_tally`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.statistics.bins import BitBins, widened
from gpu.statistics.counter import MonthCells
from gpu.statistics.describe import NUMPY
from gpu.statistics.intervals import order_ranks
from gpu.statistics.risk import weight_reached
from gpu.statistics.stored_parts import compact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.counter import Counter
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = ["RELATIVE_ERROR", "MonthHistogram"]

LEADING_BITS: Final = 8
OCTAVES: Final = 20
RELATIVE_ERROR: Final = BitBins(LEADING_BITS, 0, OCTAVES).relative_error
"""Largest error of a level's percentile, as a share of it: 0.195 %."""


class MonthHistogram:
    """Counts of levels by month in bins that divide every octave.

    Parameters
    ----------
    n_periods : int
        Months. [months]
    smallest : float
        Size under which levels are not told apart, > 0; the power of two at or below
        it counts. [same as levels]
    is_weighted : bool
        Whether levels come with weights. Without, counts are half as wide, which
        two billion scenarios fit.
    """

    def __init__(
        self, n_periods: int, smallest: float, *, is_weighted: bool = False
    ) -> None:
        self.is_weighted = is_weighted
        self.bins = BitBins.over(smallest, leading_bits=LEADING_BITS, n_octaves=OCTAVES)
        self.first = 0
        kind = np.int64 if is_weighted else np.int32
        self.cells: NDArray[Any] = np.zeros((n_periods, 0), dtype=kind)
        self.low: FloatArray = np.full(n_periods, np.inf)
        self.high: FloatArray = np.full(n_periods, -np.inf)

    def add(
        self,
        values: FloatArray,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Add levels (n, n_periods), none of them NaN, with weights in units (n,)."""
        n_periods = values.shape[1]
        low, high = np.full(n_periods, np.inf), np.full(n_periods, -np.inf)
        is_counted = np.zeros(n_periods, dtype=np.bool_)
        self._count(values, units, counter, (low, high, is_counted))
        if not (is_counted.all() or np.isnan(low).any()):
            self._make_room(
                self.bins.place(float(low.min())), self.bins.place(float(high.max()))
            )
            self._count(values, units, counter, (low, high, is_counted))
        if not is_counted.all():
            msg = "levels must not be NaN"
            raise ValueError(msg)
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)

    def _count(
        self,
        values: FloatArray,
        units: IntArray | None,
        counter: Counter,
        found: tuple[FloatArray, FloatArray, BoolArray],
    ) -> None:
        cells = MonthCells(self.bins, self.first, self.cells, *found)
        counter.count_months(values, units, cells)

    def merge(self, other: MonthHistogram) -> None:
        """Add the levels of another histogram with the same `smallest`."""
        n_bins = other.cells.shape[1]
        if not n_bins:
            return
        self.low = np.minimum(self.low, other.low)
        self.high = np.maximum(self.high, other.high)
        self._make_room(other.first, other.first + n_bins - 1)
        start = other.first - self.first
        self.cells[:, start : start + n_bins] += other.cells

    def percentiles(self, share: float) -> tuple[float, ...]:
        """Return the percentile of each month, within `RELATIVE_ERROR`."""
        return tuple(self.figures((share,), math.inf)[0][0].tolist())

    def figures(
        self, shares: tuple[float, ...], n_effective: float
    ) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Return percentiles by month with 95 % confidence intervals.

        Parameters
        ----------
        shares : tuple of float
            Shares of the percentiles. [share 0-1]
        n_effective : float
            Independent scenarios worth as much as those counted. [unitless]

        Returns
        -------
        list of tuple of ndarray of shape (n_periods,)
            By share: percentile, and the ends of its interval, which includes the
            width of a bin; infinite where scenarios are too few. [same as levels]
        """
        reached = np.cumsum(self.cells, axis=1, dtype=np.int64)
        found = []
        for share in shares:
            value = self.bins.middles(self._places(reached, share))
            ends = [value, value]
            if math.isfinite(n_effective):
                n = max(math.floor(n_effective), 1)
                low, high = order_ranks(n, share)
                below = self._places(reached, max(low, 1) / n)
                above = self._places(reached, min(high, n) / n)
                ends = [
                    self.bins.lower_ends(below) if low >= 1 else self.low - np.inf,
                    self.bins.upper_ends(above) if high <= n else self.high + np.inf,
                ]
            inside = [np.clip(value, self.low, self.high)]
            inside.append(np.where(np.isinf(ends[0]), ends[0], ends[0].clip(self.low)))
            inside.append(
                np.where(np.isinf(ends[1]), ends[1], np.minimum(ends[1], self.high))
            )
            found.append((inside[0], inside[1], inside[2]))
        return found

    def _places(self, reached: IntArray, share: float) -> IntArray:
        """Return the bin of each month in which a share is reached."""
        goal = math.ceil(weight_reached(share, float(reached[0, -1])))
        places: IntArray = (reached < goal).sum(axis=1) + self.first
        return places

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return filled cells and extremes as arrays; exact."""
        places = np.flatnonzero(self.cells)
        return {
            "places": compact(places),
            "counts": compact(self.cells.reshape(-1)[places]),
            "shape": np.array(
                [
                    *self.cells.shape,
                    self.first,
                    self.bins.smallest_exponent,
                    int(self.is_weighted),
                ]
            ),
            "range": np.array([self.low, self.high]),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> MonthHistogram:
        """Return the histogram that `to_arrays` stored, exactly."""
        n_periods, n_bins, first, exponent, is_weighted = arrays["shape"].tolist()
        smallest = math.ldexp(1.0, exponent)
        found = cls(n_periods, smallest, is_weighted=bool(is_weighted))
        found.first = first
        found.cells = np.zeros((n_periods, n_bins), dtype=found.cells.dtype)
        found.cells.reshape(-1)[arrays["places"]] = arrays["counts"]
        found.low, found.high = arrays["range"].copy()
        return found

    def _make_room(self, first: int, last: int) -> None:
        """Widen the window to hold some bins, by whole octaves."""
        cells, self.first = widened(self.cells.T, self.first, first, last, self.bins)
        self.cells = np.ascontiguousarray(cells.T)
