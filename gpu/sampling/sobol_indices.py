# SPDX-License-Identifier: Apache-2.0
"""Sobol indices: which share of a figure's variance each group of draws makes.

Pick-freeze: scenario n is scored on its own draws (A), on those of its partner (B), and
on its own with one group taken from the partner (AB). Where A and AB differ, that group
did it; where B and AB agree, it did it alone. What does not belong here: which groups
there are and how scenarios are scored (`optimizer.drivers`), draws
(`gpu.sampling.scenarios`).

Write a, b, c for a figure on A, B and AB, m for means over both columns of a product.
With ``U = mean(b c) - m^2`` and ``W = mean(a b) - m^2``, whose expectation is zero,

- first order: ``S = (U - k W) / var(b, c)``. With k = 1 it is the estimator of Saltelli
  and others [1]_, exact for small indices; with k = 0 that of Janon and others [2]_,
  exact for large ones. k = 1 - T, cut to 0 to 1, takes the one that fits, as a
  control variate does; whatever k, the expectation of U - k W is that of U.
- total: ``T = mean((a - c)^2) / (2 var(a, c))``, Jansen [3]_.

Each variance is that of its own two columns pooled, so that a group without effect has
exactly 0 and a group that is all has exactly 1. Intervals: delete-one jackknife over
batches of consecutive scenarios, symmetric and not cut at 0 or 1, by Student's
distribution: the fewest scenarios that are taken make 16 batches, which know their own
spread to a fifth.

References
----------
.. [1] A. Saltelli et al., "Variance based sensitivity analysis of model output. Design
   and estimator for the total sensitivity index", Computer Physics Communications 181
   (2010) 259-270, table 2. doi:10.1016/j.cpc.2009.09.018.
.. [2] A. Janon et al., "Asymptotic normality and efficiency of two Sobol index
   estimators", ESAIM: Probability and Statistics 18 (2014) 342-364, equation 6.
   doi:10.1051/ps/2013040.
.. [3] M. J. W. Jansen, "Analysis of variance designs for model output", Computer
   Physics Communications 117 (1999) 35-43. doi:10.1016/S0010-4655(98)00154-4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics.intervals import normal_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray

__all__ = ["BATCH", "MIN_BATCHES", "Estimate", "PairSums", "SobolIndices"]

BATCH: Final = 64
"""Scenarios of a batch of the jackknife. [unitless]"""
MIN_BATCHES: Final = 16
"""Fewest batches that give an interval. [unitless]"""

_MIN_MOVING: Final = 8
"""Fewest batches in which a figure must scatter: less says nothing of its drivers."""
_ROUNDING: Final = 1e-9
_COMMON: Final = 6
_OWN: Final = 4


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        Estimate and interval; NaN where the figure is not defined. [unitless]
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SobolIndices:
    """What each group of draws does to one figure.

    Parameters
    ----------
    n_scenarios : int
        Pairs of scenarios. [unitless]
    mean, std : float
        Of the figure, over own and partner scenarios. [unit of the figure]
    first, total : tuple of Estimate
        Share of the variance that each group makes alone, and with all others; NaN
        where the figure moves in fewer than 8 batches or never.
    first_sum : Estimate
        Sum of the first-order indices; what is missing to 1 comes from groups acting
        together.
    """

    n_scenarios: int
    mean: float
    std: float
    first: tuple[Estimate, ...]
    total: tuple[Estimate, ...]
    first_sum: Estimate


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums by batch of all that the indices of one figure need; they can be joined.

    Parameters
    ----------
    centre : float
        What was taken off every value, near the mean, so that little is lost to
        rounding. [unit of the figure]
    sums : ndarray of shape (n_batches, 6 + 4 n_groups)
        Sums of 1, a, b, a^2, b^2, a b, then by group of c, c^2, a c, b c. [mixed]
    """

    centre: float
    sums: FloatArray

    @classmethod
    def of(
        cls, own: FloatArray, partner: FloatArray, mixed: FloatArray, centre: float
    ) -> PairSums:
        """Return the sums of some scenarios.

        Parameters
        ----------
        own, partner : ndarray of shape (n_scenarios,)
            Figure on the scenarios' own draws and on their partners'. [mixed]
        mixed : ndarray of shape (n_groups, n_scenarios)
            On their own draws but for one group, the partner's. [mixed]
        centre : float
            A number near the mean, the same for all sums that are joined. [mixed]
        """
        a, b, many = own - centre, partner - centre, mixed - centre
        columns = [np.ones_like(a), a, b, a * a, b * b, a * b]
        for c in many:
            columns += [c, c * c, a * c, b * c]
        starts = np.arange(0, len(a), BATCH)
        return cls(centre, np.add.reduceat(np.stack(columns, axis=1), starts, axis=0))

    @classmethod
    def joined(cls, parts: Sequence[PairSums]) -> PairSums:
        """Return the sums of several parts, in their order.

        Raises
        ------
        ValueError
            If there is none, or they have different centres.
        """
        if not parts or any(part.centre != parts[0].centre for part in parts):
            msg = f"{len(parts)} parts must be at least one, all with the same centre"
            raise ValueError(msg)
        return cls(parts[0].centre, np.concatenate([part.sums for part in parts]))

    def indices(self) -> SobolIndices:
        """Return the indices with their intervals.

        Raises
        ------
        ValueError
            If there are fewer than `MIN_BATCHES` batches.
        """
        n_batches = len(self.sums)
        if n_batches < MIN_BATCHES:
            msg = (
                f"{n_batches} batches of {BATCH} scenarios do not give an interval, "
                f"at least {MIN_BATCHES} do"
            )
            raise ValueError(msg)
        whole = self.sums.sum(axis=0)
        first, total = _indices(whole[None])
        others_first, others_total = _indices(whole - self.sums)
        if self._moving_batches() < _MIN_MOVING:
            first, total = np.full_like(first, np.nan), np.full_like(total, np.nan)
        n = whole[0]
        mean = (whole[1] + whole[2]) / (2.0 * n)
        variance = max((whole[3] + whole[4]) / (2.0 * n) - mean * mean, 0.0)
        return SobolIndices(
            n_scenarios=int(n),
            mean=float(self.centre + mean),
            std=float(variance**0.5),
            first=_estimates(first, others_first),
            total=_estimates(total, others_total),
            first_sum=_estimates(
                first.sum(axis=1, keepdims=True),
                others_first.sum(axis=1, keepdims=True),
            )[0],
        )

    def _moving_batches(self) -> int:
        """Return in how many batches the figure scatters, rounding aside."""
        n, a, b, aa, bb = (self.sums[:, k] for k in range(5))
        scatter = aa + bb - (a * a + b * b) / n
        return int((scatter > _ROUNDING * (aa + bb)).sum())


def _indices(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return first-order and total indices of rows of sums, (n_rows, n_groups)."""
    means = sums / sums[:, :1]
    a, b, aa, bb, ab = (means[:, k, None] for k in range(1, _COMMON))
    c, cc, ac, bc = (means[:, _COMMON + k :: _OWN] for k in range(_OWN))
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = 0.5 * (aa + cc) - (0.5 * (a + c)) ** 2
        moved = 0.5 * (aa - 2.0 * ac + cc)
        # Where own scenarios never move but partners do, a group does not move them.
        variance = 0.5 * (aa + bb) - (0.5 * (a + b)) ** 2
        total = np.where((pooled > 0.0) | ~(variance > 0.0), moved / pooled, 0.0)
        share = np.clip(1.0 - total, 0.0, 1.0)
        alone = bc - (0.5 * (b + c)) ** 2
        chance = ab - (0.5 * (a + b)) ** 2
        first = (alone - share * chance) / (0.5 * (bb + cc) - (0.5 * (b + c)) ** 2)
    return first, total


def _estimates(values: FloatArray, others: FloatArray) -> tuple[Estimate, ...]:
    """Return values (1, k) with jackknife intervals from those without one batch."""
    n_batches = len(others)
    spread = others - others.mean(axis=0)
    error = np.sqrt((n_batches - 1.0) / n_batches * (spread * spread).sum(axis=0))
    spans = (
        normal_interval(float(value), float(wide), n_batches - 1.0)
        for value, wide in zip(values[0], error, strict=True)
    )
    return tuple(Estimate(span.value, span.low, span.high) for span in spans)
