# SPDX-License-Identifier: Apache-2.0
"""Statistics of one column of outcomes: moments, quantiles, tail mean, intervals.

Quantiles and tail means are exact where the outcomes are at hand; beyond that they come
from a histogram whose bins divide every octave, with a stated error. What is kept over
blocks is whole numbers and exact sums, so that merging in any order and grouping gives
the same bits. NaN means "not defined in this scenario": it is counted, never dropped in
silence, and the rest is described. What does not belong here: exact quantiles of arrays
(`gpu.statistics.risk`), which columns there are (`gpu.numpy_engine`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gpu.statistics.column_figures import (
    CVAR_ALPHA,
    QUANTILE_NAMES,
    QUANTILES,
    STATISTICS,
    row_figures,
    streamed_figures,
)
from gpu.statistics.describe import NUMPY
from gpu.statistics.histogram import RELATIVE_ERROR, Histogram
from gpu.statistics.intervals import Interval
from gpu.statistics.moments import Moments
from gpu.statistics.stored_parts import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.counter import Counter
    from gpu.statistics.intervals import Dependence
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
        Mean of the lowest 5 per cent; streamed, it is off by less than quantiles: by
        their error times the share of the edge's bin in the tail. [same as outcomes]
    quantile_error_frac, quantile_error_abs : float
        Largest error of quantiles: the larger of a share of the outcome and an
        amount; both 0 where they are exact. [share 0-1, same as outcomes]
    mean_low, mean_high, cvar_95_low, cvar_95_high : float
        Ends of 95 % confidence intervals for the sampling. [same as outcomes]
    quantiles_low, quantiles_high : dict of str to float
        Those of the quantiles; infinite where scenarios are too few. [same]
    effective_count : float
        Scenarios of equal weight worth as much: ``(sum w)^2 / sum w^2``. [unitless]
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
    mean_low: float = math.nan
    mean_high: float = math.nan
    quantiles_low: dict[str, float] = field(default_factory=dict)
    quantiles_high: dict[str, float] = field(default_factory=dict)
    cvar_95_low: float = math.nan
    cvar_95_high: float = math.nan
    effective_count: float = math.nan


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

    def figures(
        self,
        values: FloatArray | None = None,
        weights: FloatArray | None = None,
        dependence: Dependence = "rows",
    ) -> dict[str, Interval]:
        """Return mean, tail mean and quantiles with 95 % confidence intervals.

        Parameters
        ----------
        values : ndarray of shape (n,) or None
            All outcomes; needed where there is no histogram. [same as outcomes]
        weights : ndarray of shape (n,) or None
            Weights of all outcomes, where they have any. [ratio]
        dependence : {"rows", "pairs", "blocks"}
            What is independent of each other.

        Returns
        -------
        dict of str to Interval
            Under ``mean``, ``cvar_95`` and ``p01`` to ``p99``.

        Raises
        ------
        ValueError
            If there is neither a histogram nor outcomes.
        """
        if not self.moments.units:
            nothing = Interval(math.nan, math.nan, math.nan)
            return dict.fromkeys(STATISTICS, nothing)
        if self.histogram is not None:
            return streamed_figures(self.moments, self.histogram, dependence)
        if values is None:
            msg = "without a histogram the outcomes themselves are needed"
            raise ValueError(msg)
        return row_figures(self.moments, values, weights, dependence)

    def summary(
        self,
        values: FloatArray | None = None,
        weights: FloatArray | None = None,
        figures: dict[str, Interval] | None = None,
    ) -> ColumnSummary:
        """Return what there is to say.

        Parameters
        ----------
        values, weights : ndarray of shape (n,) or None
            See `figures`. [same as outcomes, ratio]
        figures : dict of str to Interval or None
            Those of `figures`, if they are at hand.
        """
        found = self.figures(values, weights) if figures is None else figures
        moments, shares = self.moments, {name: found[name] for name in QUANTILE_NAMES}
        is_any = moments.count > 0
        is_rough = self.histogram is not None and moments.units > 0
        mean, tail = found["mean"], found["cvar_95"]
        return ColumnSummary(
            count=moments.count,
            n_missing=moments.n_missing,
            mean=mean.value,
            sd=moments.sd,
            minimum=moments.low if is_any else math.nan,
            maximum=moments.high if is_any else math.nan,
            quantiles={name: share.value for name, share in shares.items()},
            cvar_95=tail.value,
            quantile_error_frac=RELATIVE_ERROR if is_rough else 0.0,
            quantile_error_abs=self.histogram.smallest
            if is_rough and self.histogram is not None
            else 0.0,
            mean_low=mean.low,
            mean_high=mean.high,
            quantiles_low={name: share.low for name, share in shares.items()},
            quantiles_high={name: share.high for name, share in shares.items()},
            cvar_95_low=tail.low,
            cvar_95_high=tail.high,
            effective_count=moments.effective_count,
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
