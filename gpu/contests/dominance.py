# SPDX-License-Identifier: Apache-2.0
"""Stochastic dominance between plans, from histograms of their outcomes.

A plan dominates another by the first order if for no amount its share of outcomes under
it is larger: whoever likes more better prefers it. By the second order if for no amount
its expected shortfall under it is larger: whoever likes more better and shuns risk
prefers it [1]_. Both are statements on the scenarios at hand, not on the world. What
does not belong here: how outcomes are counted (`gpu.statistics.histogram`).

References
----------
.. [1] H. Levy, "Stochastic Dominance: Investment Decision Making under Uncertainty",
   3rd ed., Springer 2016, chapter 3: rules of first and second order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics.describe import WEIGHT_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.statistics.histogram import Histogram
    from models.arrays import FloatArray, IntArray

__all__ = ["SHORTFALL_TOLERANCE", "Distributions"]

SHORTFALL_TOLERANCE: Final = 1e-9
"""Expected shortfalls closer than this share of the largest amount count as equal: they
are sums of bins, each exact to 2**-36 of its outcome. [share 0-1]"""


@dataclass(frozen=True, slots=True)
class Distributions:
    """Distributions of several plans on the same bins.

    Parameters
    ----------
    reached : ndarray of int of shape (n_plans, n_bins)
        Outcomes, or weights in units, up to the upper end of each bin. [unitless]
    shortfall : ndarray of shape (n_plans, n_bins)
        Expected shortfall of outcomes under the upper end of each bin. [any]
    mean : ndarray of shape (n_plans,)
        Means. [any]
    slack : float
        Shortfalls closer than this count as equal. [any]

    Notes
    -----
    Amounts are told apart at the ends of bins, 0.2 % apart; at those the shares are
    exact whole counts.
    """

    reached: IntArray
    shortfall: FloatArray
    mean: FloatArray
    slack: float

    @classmethod
    def of(
        cls, histograms: Sequence[Histogram], means: Sequence[float]
    ) -> Distributions:
        """Return the distributions that histograms of the same bins hold.

        Parameters
        ----------
        histograms : sequence of Histogram
            One per plan, none of them empty.
        means : sequence of float
            Exact means. [any]
        """
        bins = histograms[0].bins
        first = min(h.first for h in histograms)
        last = max(h.first + len(h.cells) for h in histograms)
        counts = np.zeros((len(histograms), last - first), dtype=np.int64)
        sums = np.zeros(counts.shape)
        for row, one in enumerate(histograms):
            part = slice(one.first - first, one.first - first + len(one.cells))
            counts[row, part] = one.counts
            weight = one.counts.astype(np.float64)
            if one.is_weighted:
                weight *= 2.0**-WEIGHT_BITS
            sums[row, part] = weight * one.means()
        places = np.arange(first, last)
        ends = np.where(
            places >= 0, bins.upper_sizes(places), -bins.lower_sizes(places)
        )
        reached = np.cumsum(counts, axis=1)
        scale = 2.0**-WEIGHT_BITS if histograms[0].is_weighted else 1.0
        total = reached[:, -1:] * scale
        under = reached * scale * ends - np.cumsum(sums, axis=1)
        largest = float(np.abs(ends).max())
        return cls(
            reached, under / total, np.array(means), SHORTFALL_TOLERANCE * largest
        )

    def breach_frac(self, one: int, other: int) -> float:
        """Return how far a plan is from dominating another by the first order.

        Parameters
        ----------
        one, other : int
            Plans. [index]

        Returns
        -------
        float
            Most by which its share of outcomes under an amount is the larger; 0 if it
            never is. [share 0-1]
        """
        mine, theirs = self.reached[one], self.reached[other]
        return max(float((mine - theirs).max()), 0.0) / float(mine[-1])

    def is_second_order(self, one: int, other: int) -> bool:
        """Return whether a plan dominates another by the second order.

        Parameters
        ----------
        one, other : int
            Plans. [index]

        Notes
        -----
        True only where the distributions differ and the mean is not lower.
        """
        if not (self.reached[one] != self.reached[other]).any():
            return False
        gap = self.shortfall[one] - self.shortfall[other]
        return bool((gap <= self.slack).all() and self.mean[one] >= self.mean[other])

    def is_first_order(self, one: int, other: int) -> bool:
        """Return whether a plan dominates another by the first order.

        Parameters
        ----------
        one, other : int
            Plans. [index]

        Notes
        -----
        It then dominates by the second order too, and its mean is not lower.
        """
        is_under = (self.reached[one] <= self.reached[other]).all()
        return bool(is_under) and self.is_second_order(one, other)
