# SPDX-License-Identifier: Apache-2.0
"""Statistics that merge: moments, extremes, and quantiles of any number of outcomes.

Quantiles and tail means are exact where the outcomes are at hand; beyond that they
come from a histogram whose bins divide every octave, with a stated error. What is kept
over blocks is whole numbers and exact sums, so that merging in any order and grouping
gives the same bits. NaN means "not defined in this scenario": it is counted, never
dropped in silence, and the rest is described. What does not belong here: exact
quantiles of arrays (`gpu.risk`), which columns there are (`gpu.numpy_engine`).

References
----------
.. [1] C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable quantile
   sketch with relative-error guarantees", PVLDB 12(12), 2019, section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.bins import BitBins, widened
from gpu.describe import NUMPY, WEIGHT_BITS
from gpu.moments import Moments
from gpu.risk import SHARE_TOLERANCE, cvar, quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.describe import Counter
    from models.arrays import FloatArray, IntArray

__all__ = [
    "CVAR_ALPHA",
    "QUANTILES",
    "RELATIVE_ERROR",
    "ColumnStatistics",
    "ColumnSummary",
    "Histogram",
    "Moments",
    "part_of",
    "quantile_name",
]

QUANTILES: Final = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
CVAR_ALPHA: Final = 0.95

LEADING_BITS: Final = 9
OCTAVES: Final = 54
"""Sizes told apart, over the smallest: 1.8e16."""
RELATIVE_ERROR: Final = BitBins(LEADING_BITS, 0, OCTAVES).relative_error
"""Largest error of a histogram's quantile, as a share of the outcome: 0.0976 %."""


def quantile_name(share: float) -> str:
    """Return ``p05`` for a share of 0.05 [share 0-1]."""
    return f"p{round(100 * share):02d}"


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
        first, last = self.bins.places(np.array([low, high])).tolist()
        self._make_room(first, last)
        counter.count(values, units, self.bins, self.first, self.cells)

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
        goals = (np.array(shares) - SHARE_TOLERANCE) * reached[-1]
        goals = np.clip(np.ceil(goals), 1, reached[-1])
        found: IntArray = np.searchsorted(reached, goals, side="left") + self.first
        return found

    def tail_mean(self, alpha: float) -> float:
        """Return the mean of the lowest ``1 - alpha`` of the outcomes."""
        tail = (1.0 - alpha) * int(self.counts.sum())
        before = np.cumsum(self.counts) - self.counts
        inside = np.clip(tail - before, 0.0, self.counts)
        return float((inside * self.means()).sum() / inside.sum())

    def means(self) -> FloatArray:
        """Return the mean outcome (n_bins,) of the bins from `first` on [any]."""
        places = self.first + np.arange(len(self.cells))
        weight = self.cells[:, 0] * (2.0**-WEIGHT_BITS if self.is_weighted else 1.0)
        return self.bins.means(places, weight, self.cells[:, 1])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return bins, counts and remainders where there are any; exact."""
        filled = np.flatnonzero(self.cells.any(axis=1))
        return {
            "places": (filled + self.first).astype(np.int32),
            "cells": self.cells[filled],
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
            found.cells[places - found.first] = arrays["cells"]
        return found

    def _make_room(self, first: int, last: int) -> None:
        """Widen the window to hold some bins, by whole octaves."""
        self.cells, self.first = widened(self.cells, self.first, first, last, self.bins)


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """What is said about one column of outcomes, in the unit of its name.

    Parameters
    ----------
    count, n_missing : int
        Scenarios where it is defined, and where not. [unitless]
    mean, sd, minimum, maximum : float
        Of the defined ones; NaN without any. [same as outcomes]
    quantiles : dict of str to float
        ``p01`` to ``p99``. [same as outcomes]
    cvar_95 : float
        Mean of the lowest 5 per cent. [same as outcomes]
    quantile_error_frac, quantile_error_abs : float
        Largest error of quantiles: the larger of a share of the outcome and an
        amount; both 0 where they are exact. [share 0-1, same as outcomes]
    """

    count: int
    n_missing: int
    mean: float
    sd: float
    minimum: float
    maximum: float
    quantiles: dict[str, float]
    cvar_95: float
    quantile_error_frac: float = 0.0
    quantile_error_abs: float = 0.0


class ColumnStatistics:
    """Statistics of one column, fed block by block.

    Parameters
    ----------
    smallest : float
        Resolution near zero of quantiles from the histogram. [same as outcomes]
    is_streamed : bool
        Whether quantiles will come from a histogram, not from kept outcomes.
    is_weighted : bool
        Whether outcomes come with weights.
    """

    def __init__(
        self, smallest: float, *, is_streamed: bool, is_weighted: bool = False
    ) -> None:
        self.moments = Moments(is_weighted=is_weighted)
        self.histogram = (
            Histogram(smallest, is_weighted=is_weighted) if is_streamed else None
        )

    def add_block(
        self,
        values: FloatArray,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Take the outcomes of a block, shape (n,), with weights in units, (n,)."""
        low, high = self.moments.add(values, units, counter)
        if self.histogram is not None and low <= high:
            self.histogram.add_within(values, units, low, high, counter)

    def merge(self, other: ColumnStatistics) -> None:
        """Add the outcomes of another set."""
        self.moments.merge(other.moments)
        if self.histogram is not None and other.histogram is not None:
            self.histogram.merge(other.histogram)

    def summary(
        self, values: FloatArray | None = None, weights: FloatArray | None = None
    ) -> ColumnSummary:
        """Return what there is to say.

        Parameters
        ----------
        values : ndarray of shape (n,) or None
            All outcomes; needed where there is no histogram. [same as outcomes]
        weights : ndarray of shape (n,) or None
            Weights of all outcomes, where they have any. [ratio]

        Raises
        ------
        ValueError
            If there is neither a histogram nor outcomes.
        """
        moments = self.moments
        error_frac = error_abs = 0.0
        if not moments.units:
            shares, tail = [math.nan] * len(QUANTILES), math.nan
        elif self.histogram is not None:
            found = self.histogram.quantiles(QUANTILES)
            shares = [min(max(q, moments.low), moments.high) for q in found]
            tail = self.histogram.tail_mean(CVAR_ALPHA)
            error_frac, error_abs = RELATIVE_ERROR, self.histogram.smallest
        elif values is not None:
            is_known = ~np.isnan(values)
            known = values[is_known]
            weight = None if weights is None else weights[is_known]
            shares = np.asarray(quantile(known, QUANTILES, weight)).tolist()
            tail = cvar(known, CVAR_ALPHA, weight)
        else:
            msg = "without a histogram the outcomes themselves are needed"
            raise ValueError(msg)
        is_any = moments.count > 0
        return ColumnSummary(
            count=moments.count,
            n_missing=moments.n_missing,
            mean=moments.mean,
            sd=moments.sd,
            minimum=moments.low if is_any else math.nan,
            maximum=moments.high if is_any else math.nan,
            quantiles={
                quantile_name(share): value
                for share, value in zip(QUANTILES, shares, strict=True)
            },
            cvar_95=tail,
            quantile_error_frac=error_frac,
            quantile_error_abs=error_abs,
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        arrays = {f"moments.{k}": v for k, v in self.moments.to_arrays().items()}
        if self.histogram is not None:
            found = self.histogram.to_arrays()
            arrays |= {f"histogram.{k}": v for k, v in found.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> ColumnStatistics:
        """Return the statistics that `to_arrays` stored, exactly."""
        moments = Moments.from_arrays(part_of(arrays, "moments."))
        stored = part_of(arrays, "histogram.")
        found = cls(1.0, is_streamed=False, is_weighted=moments.is_weighted)
        found.moments = moments
        found.histogram = Histogram.from_arrays(stored) if stored else None
        return found


def part_of(arrays: dict[str, NDArray[Any]], start: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names start so, by the rest of their names.

    Parameters
    ----------
    arrays : dict of str to ndarray of any shape
        Arrays by name. [any]
    start : str
        First letters.
    """
    return {
        name.removeprefix(start): array
        for name, array in arrays.items()
        if name.startswith(start)
    }
