# SPDX-License-Identifier: Apache-2.0
"""Figures of a column held in memory, each with its 95 % confidence interval.

What does not belong here: figures of streams (`gpu.statistics.columns`), formulas of
intervals (`gpu.statistics.intervals`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics.intervals import (
    MIN_BLOCKS,
    Interval,
    independent_count,
    normal_interval,
    order_ranks,
    tail_standard_error,
    wilson_interval,
)
from gpu.statistics.risk import weight_reached

if TYPE_CHECKING:
    from gpu.statistics.intervals import Dependence
    from models.arrays import BoolArray, FloatArray

__all__ = ["RowFigures", "row_probability"]

_GROUPS: Final = 2 * MIN_BLOCKS
"""Fewest groups of neighbouring rows, where only blocks are independent. [unitless]"""
_SHORT: Final = 4
"""Rows of the shortest such groups: single ones see nothing of a net's evenness.
[unitless]"""


class RowFigures:
    """Figures of outcomes in id order.

    Plain outcomes without weights are judged one by one; otherwise the figure is
    linearised and groups of rows that may depend on each other are judged.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Outcomes, NaN where there is none. [any]
    weights : ndarray of shape (n,) or None
        Weights. [ratio]
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.

    Attributes
    ----------
    ordered : ndarray of shape (n_known,)
        Outcomes in rising order. [any]
    ordered_weights : ndarray of shape (n_known,) or None
        Their weights. [ratio]
    """

    def __init__(
        self, values: FloatArray, weights: FloatArray | None, dependence: Dependence
    ) -> None:
        self._values, self._dependence = values, dependence
        self._known = ~np.isnan(values)
        known = values[self._known]
        self._weights = weights
        self.is_plain = weights is None and dependence == "rows"
        if weights is None:
            self.ordered, self._reached = np.sort(known), None
            self.ordered_weights: FloatArray | None = None
        else:
            order = np.argsort(known, kind="stable")
            self.ordered = known[order]
            self.ordered_weights = weights[self._known][order]
            self._reached = np.cumsum(self.ordered_weights)

    def mean(self, value: float) -> Interval:
        """Return the interval of the mean, which is `value`."""
        gaps = np.where(self._known, self._values - value, 0.0)
        return self._judged(value, gaps)

    def quantile(self, share: float) -> Interval:
        """Return the quantile of a share [share 0-1] and its interval."""
        value = self._at(share)
        if self.is_plain:
            n = len(self.ordered)
            low, high = order_ranks(n, share)
            return Interval(
                value,
                float(self.ordered[low - 1]) if low >= 1 else -math.inf,
                float(self.ordered[high - 1]) if high <= n else math.inf,
            )
        band = self._judged(share, self._gaps_at(value, share))
        # An outcome further out on either side: the quantile lies between two.
        least, most = band.low - self._step(), band.high + self._step()
        return Interval(
            value,
            self._at(least) if least > 0.0 else -math.inf,
            self._at(most) if most < 1.0 else math.inf,
        )

    def tail_mean(self, value: float, alpha: float) -> Interval:
        """Return the interval of the mean of the lowest ``1 - alpha``, `value`."""
        tail = 1.0 - alpha
        edge = self._at(tail)
        if self.is_plain:
            # All beyond the edge have the same excess, none.
            n_worse = int(np.searchsorted(self.ordered, edge, side="left"))
            outcomes = self.ordered[: n_worse + 1]
            counts = np.ones(n_worse + 1)
            counts[-1] = len(self.ordered) - n_worse
            return normal_interval(
                value, *tail_standard_error(outcomes, counts, edge, tail)
            )
        excess = np.where(self._known, np.maximum(edge - self._values, 0.0), 0.0)
        gaps = np.where(self._known, excess - tail * (edge - value), 0.0) / tail
        return self._judged(value, gaps)

    def _gaps_at(self, value: float, share: float) -> FloatArray:
        """Return how far each outcome moves the share that lies under a quantile.

        Outcomes equal to the quantile count in part, so that gaps add up to zero: where
        they pile up, at a cash floor or at nothing, more than `share` lies at the
        quantile or under it, and that surplus is no scatter.
        """
        under = (self._values < value).astype(np.float64)
        equal = self._known & (self._values == value)
        weights = self._known if self._weights is None else self._weights * self._known
        at_value = weights[equal].sum()
        if at_value > 0.0:
            missing = share * weights.sum() - (weights * under).sum()
            under[equal] = min(max(missing / at_value, 0.0), 1.0)
        return np.where(self._known, under - share, 0.0)

    def _step(self) -> float:
        """Return the share of one outcome of the mean weight."""
        return 1.0 / len(self.ordered)

    def _at(self, share: float) -> float:
        """Return the quantile of a share, as `gpu.statistics.risk.quantile` has it."""
        if self._reached is None:
            goal = weight_reached(share, float(len(self.ordered)))
            return float(self.ordered[math.ceil(goal) - 1])
        goal = weight_reached(share, self._reached[-1])
        place = int(np.searchsorted(self._reached, goal, side="left"))
        return float(self.ordered[min(place, len(self.ordered) - 1)])

    def _judged(self, value: float, gaps: FloatArray) -> Interval:
        error, freedom = _standard_error(
            gaps, self._known, self._weights, self._dependence
        )
        return normal_interval(value, error, freedom)


def row_probability(
    hits: BoolArray, weights: FloatArray | None, dependence: Dependence
) -> Interval:
    """Return the share of scenarios in which an event happens, with its interval.

    Parameters
    ----------
    hits : ndarray of bool of shape (n,)
        Whether it happens, in id order. [flag]
    weights : ndarray of shape (n,) or None
        Weights. [ratio]
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.
    """
    share = float(np.average(hits, weights=weights))
    if weights is None and dependence == "rows":
        return wilson_interval(share, len(hits))
    gaps = hits.astype(np.float64) - share
    everyone = np.ones(len(hits), dtype=np.bool_)
    error, freedom = _standard_error(gaps, everyone, weights, dependence)
    if not error > 0.0:
        # None or all: nothing is seen of the spread. What was not seen may carry the
        # largest weight, and pairs count as one.
        least = len(hits) if weights is None else weights.sum() / weights.max()
        return wilson_interval(share, independent_count(float(least), dependence))
    return wilson_interval(share, share * (1.0 - share) / error**2, freedom)


def _standard_error(
    gaps: FloatArray,
    known: BoolArray,
    weights: FloatArray | None,
    dependence: Dependence,
) -> tuple[float, float]:
    """Return standard error and degrees of freedom of a mean of gaps around zero.

    Neighbouring rows are summed into groups, and the groups taken as independent; of
    several lengths the one that tells the larger error counts.
    """
    sizes: tuple[int, ...] = (2,) if dependence == "pairs" else (1,)
    if dependence == "blocks":
        sizes = _stretches(len(gaps))
    weight = known.astype(np.float64) if weights is None else weights * known
    return max(_error_of_groups(gaps * weight, weight, size) for size in sizes)


def _stretches(n_rows: int) -> tuple[int, ...]:
    """Return lengths of groups of rows of nets that are not whole independent blocks.

    What a net does not even out all its stretches share, and the longer they are the
    less else there is: the spread of long ones hides it, that of short ones holds it.
    Where neighbours move together it is the long ones that tell.
    """
    if n_rows < _GROUPS * _SHORT:
        return (1,)
    # The largest power of two of which there are enough.
    return _SHORT, 1 << ((n_rows // _GROUPS).bit_length() - 1)


def _error_of_groups(
    parts: FloatArray, weight: FloatArray, size: int
) -> tuple[float, float]:
    """Return standard error and degrees of freedom from groups of so many rows."""
    starts = np.arange(0, len(parts), size)
    sums = np.add.reduceat(parts, starts)
    n_known = np.count_nonzero(np.add.reduceat(weight, starts))
    total = weight.sum()
    if n_known < 2 or not total > 0.0:
        return math.inf, 0.0
    spread = (sums * sums).sum() * n_known / (n_known - 1.0)
    return float(np.sqrt(spread) / total), float(n_known - 1)
