# SPDX-License-Identifier: Apache-2.0
"""Quantiles and tail means of any number of outcomes, from counts in bins.

Counts are whole numbers: histograms merge exactly, in any order. What does not belong
here: which bins there are (`gpu.statistics.bins`), moments (`gpu.statistics.moments`).

References
----------
.. [1] C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable quantile
   sketch with relative-error guarantees", PVLDB 12(12), 2019, section 2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.statistics.bins import BitBins, widened
from gpu.statistics.describe import NUMPY, WEIGHT_BITS
from gpu.statistics.risk import weight_inside, weight_reached
from gpu.statistics.stored_parts import compact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.counter import Counter
    from models.arrays import FloatArray, IntArray

__all__ = ["RELATIVE_ERROR", "Histogram", "smallest_of"]

LEADING_BITS: Final = 9
OCTAVES: Final = 54
"""Sizes told apart, over the smallest: 1.8e16."""
RELATIVE_ERROR: Final = BitBins(LEADING_BITS, 0, OCTAVES).relative_error
"""Largest error of a histogram's quantile, as a share of the outcome: 0.0976 %."""

_SMALLEST: Final = {"_usd": 1.0, "_per_year": 2.0**-20, "_btc": 2.0**-20}


def smallest_of(column: str) -> float:
    """Return the size under which outcomes of a column are not told apart.

    Parameters
    ----------
    column : str
        Name of the column, which ends in its unit.
    """
    ends = (size for end, size in _SMALLEST.items() if column.endswith(end))
    return next(ends, 2.0**-10)


class Histogram:
    """Counts of outcomes in bins that divide every octave [1]_.

    Outcomes smaller in size than `smallest` count as one bin, those over 1.8e16 times
    that as the last. Beside each count stands how far into the bin outcomes lie, so
    that tail means are exact to 2**-36 of an outcome.

    Parameters
    ----------
    smallest : float
        Size under which outcomes are not told apart, > 0; the power of two at or
        below it counts. [same as outcomes]
    is_weighted : bool
        Whether outcomes come with weights.
    """

    def __init__(self, smallest: float, *, is_weighted: bool = False) -> None:
        self.is_weighted = is_weighted
        self.bins = BitBins.over(smallest, leading_bits=LEADING_BITS, n_octaves=OCTAVES)
        self.first = 0
        self.cells: IntArray = np.zeros((0, 2), dtype=np.int64)
        # Outcomes between these surely fit the window.
        self._from, self._until = math.inf, -math.inf

    @property
    def smallest(self) -> float:
        """Size under which outcomes are not told apart."""
        return self.bins.smallest

    @property
    def counts(self) -> IntArray:
        """Outcomes, or weights in units, of the bins from `first` on."""
        return self.cells[:, 0]

    def add(
        self,
        values: FloatArray,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Add outcomes of shape (n,), weights in units alike; NaN is passed over."""
        known = values[~np.isnan(values)]
        if len(known):
            self.add_within(values, units, known.min(), known.max(), counter)

    def add_within(
        self,
        values: FloatArray,
        units: IntArray | None,
        low: float,
        high: float,
        counter: Counter,
    ) -> None:
        """Add outcomes that all lie from `low` to `high`, see `add`."""
        self.make_room(low, high)
        counter.count(values, units, self.bins, self.first, self.cells)

    def make_room(self, low: float, high: float) -> None:
        """Have bins for outcomes from `low` to `high` [same as outcomes]."""
        if low <= self._from or high >= self._until:
            self._make_room(self.bins.place(low), self.bins.place(high))

    def merge(self, other: Histogram) -> None:
        """Add the outcomes of another histogram with the same `smallest`."""
        if not len(other.cells):
            return
        self._make_room(other.first, other.first + len(other.cells) - 1)
        start = other.first - self.first
        self.cells[start : start + len(other.cells)] += other.cells

    def quantiles(self, shares: tuple[float, ...]) -> list[float]:
        """Return the quantiles of some shares, each within `RELATIVE_ERROR`."""
        middles: list[float] = self.bins.middles(self.places_of(shares)).tolist()
        return middles

    def places_of(self, shares: tuple[float, ...]) -> IntArray:
        """Return the bins (n_shares,) in which some shares are reached [unitless]."""
        reached = np.cumsum(self.counts)
        goals = np.ceil(weight_reached(np.array(shares), reached[-1]))
        found: IntArray = np.searchsorted(reached, goals, side="left") + self.first
        return found

    def bounds(self, low_share: float, high_share: float) -> tuple[float, float]:
        """Return ends of the bins of two shares, outwards [same as outcomes]."""
        places = self.places_of((low_share, high_share))
        low, high = self.bins.lower_ends(places), self.bins.upper_ends(places)
        return float(low[0]), float(high[1])

    def error_at(self, value: float) -> float:
        """Return the largest error of a quantile of some size [same as outcomes]."""
        return RELATIVE_ERROR * abs(value) if value else self.smallest

    def tail_mean(self, alpha: float) -> float:
        """Return the mean of the lowest ``1 - alpha`` of the outcomes.

        Of the bin at the tail's edge the part inside counts with the mean of the whole
        bin: off by at most a bin's width times the share of that bin in the tail.
        """
        tail = (1.0 - alpha) * int(self.counts.sum())
        inside = weight_inside(np.cumsum(self.counts), self.counts, tail)
        return float((inside * self.means()).sum() / inside.sum())

    def means(self) -> FloatArray:
        """Return the mean outcome (n_bins,) of the bins from `first` on [any]."""
        places = self.first + np.arange(len(self.cells))
        weight = self.cells[:, 0].astype(np.float64)
        if self.is_weighted:
            weight *= 2.0**-WEIGHT_BITS
        return self.bins.means(places, weight, self.cells[:, 1])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return bins, counts and remainders where there are any; exact."""
        filled = np.flatnonzero(self.cells.any(axis=1))
        return {
            "places": (filled + self.first).astype(np.int32),
            "counts": compact(self.cells[filled, 0]),
            "remainders": compact(self.cells[filled, 1]),
            "kind": np.array([self.bins.smallest_exponent, int(self.is_weighted)]),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Histogram:
        """Return the histogram that `to_arrays` stored, exactly."""
        exponent, is_weighted = arrays["kind"].tolist()
        found = cls(math.ldexp(1.0, exponent), is_weighted=bool(is_weighted))
        places = arrays["places"].astype(np.int64)
        if len(places):
            found._make_room(int(places[0]), int(places[-1]))
            found.cells[places - found.first, 0] = arrays["counts"]
            found.cells[places - found.first, 1] = arrays["remainders"]
        return found

    def _make_room(self, first: int, last: int) -> None:
        """Widen the window to hold some bins, by whole octaves."""
        self.cells, self.first = widened(self.cells, self.first, first, last, self.bins)
        ends = np.array([self.first, self.first + len(self.cells) - 1])
        self._from = float(self.bins.lower_ends(ends)[0])
        self._until = float(self.bins.upper_ends(ends)[1])
