# SPDX-License-Identifier: Apache-2.0
"""How outcomes are spread over scenarios, as shares of bins: of one, or of two jointly.

What does not belong here: counting (`gpu.statistics.histogram`), figures and their
intervals (`gpu.statistics.columns`), files (`optimizer.distribution_files`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gpu.statistics.histogram import Histogram
    from gpu.statistics.joint import JointHistogram
    from models.arrays import FloatArray

__all__ = ["Distribution", "JointDistribution"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Shares of all scenarios by bins of one outcome.

    Parameters
    ----------
    low, high : ndarray of shape (n_bins,)
        Ends of the bins that hold any, rising and apart; each at most 0.2 % of the
        outcome wide, or as narrow as outcomes are told apart. [same as outcome]
    share_frac : ndarray of shape (n_bins,)
        Share of scenarios in each; what lacks to 1 has no such outcome. [share 0-1]
    """

    low: FloatArray
    high: FloatArray
    share_frac: FloatArray

    @classmethod
    def of(
        cls, histogram: Histogram, total: int, minimum: float, maximum: float
    ) -> Distribution:
        """Return the distribution of counted outcomes.

        Parameters
        ----------
        histogram : Histogram
            Counts.
        total : int
            All scenarios, or their weight in units, with an outcome or not. [unitless]
        minimum, maximum : float
            Least and largest outcome. [same as outcome]
        """
        filled = np.flatnonzero(histogram.counts)
        places = filled + histogram.first
        return cls(
            np.maximum(histogram.bins.lower_ends(places), minimum),
            np.minimum(histogram.bins.upper_ends(places), maximum),
            histogram.counts[filled] / total,
        )

    @property
    def known_frac(self) -> float:
        """Share of scenarios with an outcome [share 0-1]."""
        return float(self.share_frac.sum())

    def below_frac(self, values: FloatArray) -> FloatArray:
        """Return the share of scenarios with an outcome of at most some values.

        Within a bin outcomes are taken as evenly spread.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Values. [same as outcome]

        Returns
        -------
        ndarray of shape (n,)
            Rising from 0 to `known_frac`. [share 0-1]
        """
        reached = np.concatenate([[0.0], np.cumsum(self.share_frac)])
        # Bins that start at or below a value; the last of them may reach beyond it.
        place = np.searchsorted(self.low, values, side="right")
        last = np.maximum(place - 1, 0)
        if not len(self.low):
            return np.zeros(len(values))
        width = self.high[last] - self.low[last]
        inside = np.divide(
            values - self.low[last], width, out=np.ones(len(values)), where=width > 0.0
        )
        found: FloatArray = np.where(
            place == 0,
            0.0,
            reached[last] + np.clip(inside, 0.0, 1.0) * self.share_frac[last],
        )
        return found

    def quantiles(self, shares: FloatArray) -> FloatArray:
        """Return the outcomes under which shares of those with an outcome lie.

        Parameters
        ----------
        shares : ndarray of shape (n,)
            Shares of the scenarios with an outcome. [share 0-1]

        Returns
        -------
        ndarray of shape (n,)
            Within a bin; NaN without outcomes. [same as outcome]
        """
        if not len(self.low):
            return np.full(len(shares), np.nan)
        reached = np.cumsum(self.share_frac)
        goals = shares * reached[-1]
        place = np.minimum(np.searchsorted(reached, goals), len(reached) - 1)
        inside = 1.0 - (reached[place] - goals) / self.share_frac[place]
        width = self.high[place] - self.low[place]
        found: FloatArray = self.low[place] + np.clip(inside, 0.0, 1.0) * width
        return found


@dataclass(frozen=True, slots=True)
class JointDistribution:
    """Shares of all scenarios by cells of two outcomes.

    Parameters
    ----------
    x_name, y_name : str
        Columns.
    x_low, x_high, y_low, y_high : ndarray of shape (n_cells,)
        Ends of the cells that hold any; the outermost reach to infinity. [as named]
    share_frac : ndarray of shape (n_cells,)
        Share of scenarios in each; what lacks to 1 lacks an outcome. [share 0-1]
    """

    x_name: str
    y_name: str
    x_low: FloatArray
    x_high: FloatArray
    y_low: FloatArray
    y_high: FloatArray
    share_frac: FloatArray

    @classmethod
    def of(cls, histogram: JointHistogram, total: int) -> JointDistribution:
        """Return the distribution of counted pairs.

        Parameters
        ----------
        histogram : JointHistogram
            Counts.
        total : int
            All scenarios, or their weight in units. [unitless]
        """
        x, y = np.nonzero(histogram.counts)
        return cls(
            histogram.x_name,
            histogram.y_name,
            histogram.x_edges[x],
            histogram.x_edges[x + 1],
            histogram.y_edges[y],
            histogram.y_edges[y + 1],
            histogram.counts[x, y] / total,
        )

    def on_grid(self, x_edges: FloatArray, y_edges: FloatArray) -> FloatArray:
        """Return the shares of other cells.

        Parameters
        ----------
        x_edges : ndarray of shape (n_x + 1,)
            Rising edges; what lies beyond them counts in the outermost cells. [as x]
        y_edges : ndarray of shape (n_y + 1,)
            The same of the other outcome. [as y]

        Returns
        -------
        ndarray of shape (n_x, n_y)
            Within a cell of this distribution outcomes are taken as evenly spread, in
            a cell that reaches to infinity as at its finite end. [share 0-1]
        """
        x = _parts(self.x_low, self.x_high, x_edges)
        y = _parts(self.y_low, self.y_high, y_edges)
        found: FloatArray = (x * self.share_frac) @ y.T
        return found


def _parts(low: FloatArray, high: FloatArray, edges: FloatArray) -> FloatArray:
    """Return the part of each of n cells in each of m bins, shape (m, n)."""
    start = np.where(np.isinf(low), high, low)
    end = np.where(np.isinf(high), low, high)
    width = np.where(end > start, end - start, 1.0)
    inner = edges[1:-1, None]
    below = np.where(
        end > start, np.clip((inner - start) / width, 0.0, 1.0), inner > start
    )
    ones = np.ones((1, len(low)))
    return np.diff(np.concatenate([0.0 * ones, below, ones]), axis=0)
