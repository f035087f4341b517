# SPDX-License-Identifier: Apache-2.0
"""How an outcome is spread over scenarios, as shares of narrow bins.

What does not belong here: counting (`gpu.statistics.histogram`), figures and their
intervals (`gpu.statistics.columns`), files (`optimizer.distribution_files`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gpu.statistics.histogram import Histogram
    from models.arrays import FloatArray

__all__ = ["Distribution"]


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
