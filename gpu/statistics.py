# SPDX-License-Identifier: Apache-2.0
"""Statistics that merge: moments, extremes, and quantiles of any number of outcomes.

Quantiles and tail means are exact where the outcomes are at hand; beyond that they
come from a histogram of bins whose widths grow with the outcome, with a stated error.
NaN means "not defined in this scenario": it is counted, never dropped in silence, and
the rest is described. What does not belong here: exact quantiles of arrays
(`gpu.risk`), which columns there are (`gpu.numpy_engine`).

References
----------
.. [1] T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise
   algorithm for computing sample variances", COMPSTAT 1982, Physica-Verlag, pp. 30-41.
.. [2] C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable quantile
   sketch with relative-error guarantees", PVLDB 12(12), 2019, section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.risk import cvar, quantile

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = [
    "CVAR_ALPHA",
    "QUANTILES",
    "RELATIVE_ERROR",
    "ColumnStatistics",
    "ColumnSummary",
    "Histogram",
    "Moments",
]

QUANTILES: Final = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
CVAR_ALPHA: Final = 0.95

RELATIVE_ERROR: Final = 0.001
"""Largest error of a histogram's quantile, as a share of the outcome."""
# Bins from x to GROWTH x, whose middle in size is off by at most the error above.
GROWTH: Final = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR)
MAGNITUDES: Final = 1e16
SIDE_BINS: Final = math.ceil(math.log(MAGNITUDES) / math.log(GROWTH))


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, sum of squared deviations and extremes of outcomes.

    Parameters
    ----------
    count, n_missing : int
        Outcomes, and NaN beside them. [unitless]
    mean : float
        Mean; 0 without outcomes. [same as outcomes]
    squares : float
        Sum of squared deviations from the mean. [square of outcomes]
    low, high : float
        Least and largest outcome; inf and -inf without any. [same as outcomes]
    """

    count: int = 0
    n_missing: int = 0
    mean: float = 0.0
    squares: float = 0.0
    low: float = math.inf
    high: float = -math.inf

    @classmethod
    def of(cls, values: FloatArray) -> Moments:
        """Return the moments of an array of shape (n,)."""
        known = values[~np.isnan(values)]
        n_missing = len(values) - len(known)
        if not len(known):
            return cls(n_missing=n_missing)
        # Relative to one of them, so that equal outcomes have exactly that mean.
        mean = float(known[0] + (known - known[0]).mean())
        return cls(
            count=len(known),
            n_missing=n_missing,
            mean=mean,
            squares=float(((known - mean) ** 2).sum()),
            low=float(known.min()),
            high=float(known.max()),
        )

    def merged(self, other: Moments) -> Moments:
        """Return the moments of both sets of outcomes together [1]_."""
        count = self.count + other.count
        n_missing = self.n_missing + other.n_missing
        if not self.count or not other.count:
            one = self if self.count else other
            return Moments(count, n_missing, one.mean, one.squares, one.low, one.high)
        gap = other.mean - self.mean
        return Moments(
            count=count,
            n_missing=n_missing,
            mean=self.mean + gap * (other.count / count),
            squares=self.squares
            + other.squares
            + gap * gap * (self.count * (other.count / count)),
            low=min(self.low, other.low),
            high=max(self.high, other.high),
        )

    @property
    def sd(self) -> float:
        """Sample standard deviation; 0 for one outcome, NaN for none."""
        if self.count < 2:
            return 0.0 if self.count else math.nan
        return math.sqrt(max(self.squares, 0.0) / (self.count - 1))


class Histogram:
    """Counts and sums of outcomes in bins that grow by a fixed factor [2]_.

    Outcomes smaller in size than `smallest` count as one bin, those over 1e16 times
    that as the last.

    Parameters
    ----------
    smallest : float
        Size under which outcomes are not told apart, > 0. [same as outcomes]
    """

    def __init__(self, smallest: float) -> None:
        self.smallest = smallest
        self.counts: IntArray = np.zeros(2 * SIDE_BINS + 1, dtype=np.int64)
        self.sums: FloatArray = np.zeros(2 * SIDE_BINS + 1)

    def add(self, values: FloatArray) -> None:
        """Add outcomes of shape (n,); NaN is passed over."""
        known = values[~np.isnan(values)]
        size = np.maximum(np.abs(known) / self.smallest, 1.0)
        place = np.minimum(
            np.floor(np.log(size) / math.log(GROWTH)).astype(np.int64) + 1, SIDE_BINS
        )
        place = np.where(np.abs(known) < self.smallest, 0, place)
        bins = SIDE_BINS + np.sign(known).astype(np.int64) * place
        n_bins = len(self.counts)
        self.counts += np.bincount(bins, minlength=n_bins)
        self.sums += np.bincount(bins, weights=known, minlength=n_bins)

    def merge(self, other: Histogram) -> None:
        """Add the outcomes of another histogram with the same `smallest`."""
        self.counts += other.counts
        self.sums += other.sums

    def quantiles(self, shares: tuple[float, ...]) -> list[float]:
        """Return the quantiles of some shares, each within `RELATIVE_ERROR`."""
        reached = np.cumsum(self.counts)
        goals = np.maximum(np.ceil(np.array(shares) * reached[-1] - 1e-9), 1)
        places = np.searchsorted(reached, goals, side="left")
        return [self._middle(int(place) - SIDE_BINS) for place in places]

    def tail_mean(self, alpha: float) -> float:
        """Return the mean of the lowest ``1 - alpha`` of the outcomes."""
        tail = (1.0 - alpha) * int(self.counts.sum())
        before = np.cumsum(self.counts) - self.counts
        inside = np.clip(tail - before, 0.0, self.counts)
        means = self.sums / np.maximum(self.counts, 1)
        return float((inside * means).sum() / inside.sum())

    def _middle(self, signed_place: int) -> float:
        place = abs(signed_place)
        if place == 0:
            return 0.0
        low = self.smallest * GROWTH ** (place - 1)
        # Of low..GROWTH low, this is as far from either end in relative terms.
        middle = low * 2.0 * GROWTH / (1.0 + GROWTH)
        return math.copysign(middle, signed_place)


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
    """Statistics of one column, fed block by block in id order.

    Parameters
    ----------
    smallest : float
        Resolution near zero of quantiles from the histogram. [same as outcomes]
    is_streamed : bool
        Whether quantiles will come from a histogram, not from kept outcomes.
    """

    def __init__(self, smallest: float, *, is_streamed: bool) -> None:
        self.moments = Moments()
        self.histogram = Histogram(smallest) if is_streamed else None

    def add_block(self, values: FloatArray) -> None:
        """Take the outcomes of the next block, shape (n,)."""
        self.moments = self.moments.merged(Moments.of(values))
        if self.histogram is not None:
            self.histogram.add(values)

    def summary(self, values: FloatArray | None = None) -> ColumnSummary:
        """Return what there is to say.

        Parameters
        ----------
        values : ndarray of shape (n,) or None
            All outcomes; needed where there is no histogram. [same as outcomes]

        Raises
        ------
        ValueError
            If there is neither a histogram nor outcomes.
        """
        moments = self.moments
        error_frac = error_abs = 0.0
        if not moments.count:
            shares, tail = [math.nan] * len(QUANTILES), math.nan
        elif self.histogram is not None:
            found = self.histogram.quantiles(QUANTILES)
            shares = [min(max(q, moments.low), moments.high) for q in found]
            tail = self.histogram.tail_mean(CVAR_ALPHA)
            error_frac, error_abs = RELATIVE_ERROR, self.histogram.smallest
        elif values is not None:
            known = values[~np.isnan(values)]
            shares = np.asarray(quantile(known, QUANTILES)).tolist()
            tail = cvar(known, CVAR_ALPHA)
        else:
            msg = "without a histogram the outcomes themselves are needed"
            raise ValueError(msg)
        is_any = moments.count > 0
        return ColumnSummary(
            count=moments.count,
            n_missing=moments.n_missing,
            mean=moments.mean if is_any else math.nan,
            sd=moments.sd,
            minimum=moments.low if is_any else math.nan,
            maximum=moments.high if is_any else math.nan,
            quantiles={
                f"p{round(100 * share):02d}": value
                for share, value in zip(QUANTILES, shares, strict=True)
            },
            cvar_95=tail,
            quantile_error_frac=error_frac,
            quantile_error_abs=error_abs,
        )
