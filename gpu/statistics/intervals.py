# SPDX-License-Identifier: Apache-2.0
"""95 % confidence intervals of means, quantiles, tail means and probabilities.

Scenarios are independent draws, or come in pairs of mirrored draws (ids 2k and 2k + 1),
or in blocks of 4,096 that are independent of each other (Sobol nets). Plain draws are
judged by the spread of scenarios; all others by the spread of the blocks' own figures.
Below 16 blocks the spread of groups of rows tells where rows are at hand, that of parts
of blocks where scenarios are only counted, and a bound on the spread where neither does
(`independent_count`). What does not belong here: figures of rows
(`gpu.statistics.row_figures`) and of streams (`gpu.statistics.columns`,
`gpu.statistics.block_figures`).

References
----------
.. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical
   inference", JASA 22(158), 1927, pp. 209-212: interval of a probability.
.. [2] H. A. David, H. N. Nagaraja, "Order Statistics", 3rd ed., Wiley 2003, section
   7.1: interval of a quantile between two order statistics, by the binomial.
.. [3] B. J. Manistre, G. H. Hancock, "Variance of the CTE estimator", North American
   Actuarial Journal 9(2), 2005, pp. 129-156: ``Var = Var(excess) / (n tail^2)``.
.. [4] S. Asmussen, P. W. Glynn, "Stochastic Simulation", Springer 2007, sections III.4
   and III.5: batches and sections, quantiles from sections.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from scipy.special import bdtr, bdtrik, stdtrit

if TYPE_CHECKING:
    from gpu.numpy_engine import Rows
    from gpu.statistics.tally import ScoreTally
    from models.arrays import FloatArray

__all__ = [
    "CONFIDENCE",
    "MIN_BLOCKS",
    "Dependence",
    "Interval",
    "block_interval",
    "figure_interval",
    "independent_count",
    "normal_interval",
    "order_ranks",
    "share_interval",
    "standard_error_of",
    "tail_standard_error",
    "wilson_interval",
]

CONFIDENCE: Final = 0.95
MIN_BLOCKS: Final = 16
"""Fewer blocks say too little about their spread. [unitless]"""

Dependence: TypeAlias = Literal["rows", "pairs", "blocks"]
"""What is independent of each other: scenarios, pairs of them, or blocks."""

_UPPER: Final = 0.5 + CONFIDENCE / 2.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % confidence interval.

    Parameters
    ----------
    value : float
        Figure; NaN where there is none. [same as figure]
    low, high : float
        Ends; infinite where scenarios are too few to bound the figure. [same]
    """

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Larger distance from the figure to an end."""
        return max(self.high - self.value, self.value - self.low)


def figure_interval(
    tally: ScoreTally,
    name: str,
    statistic: str,
    *,
    columns: Rows | None = None,
    weights: FloatArray | None = None,
) -> Interval:
    """Return a figure of scored scenarios and its 95 % confidence interval.

    Parameters
    ----------
    tally : ScoreTally
        Scenarios so far.
    name : str
        Column, or with the statistic ``probability`` the event, such as
        ``margin_call_frac``.
    statistic : str
        ``mean``, ``p01`` to ``p99``, ``cvar_95`` or ``probability``.
    columns : dict of str to ndarray of shape (n,) or None
        All rows; needed where quantiles are not streamed. [mixed]
    weights : ndarray of shape (n,) or None
        Their weights, where they have any. [ratio]

    Returns
    -------
    Interval
        NaN where the figure is not defined.

    Raises
    ------
    KeyError
        If there is no such figure.
    """
    if statistic == "probability":
        return tally.rows.probability_interval(name, columns, weights)
    return tally.rows.interval(name, statistic, columns, weights)


def normal_interval(
    value: float, standard_error: float, freedom: float = math.inf
) -> Interval:
    """Return a symmetric interval, by Student's distribution.

    Parameters
    ----------
    value : float
        Figure. [any]
    standard_error : float
        Its standard error. [same]
    freedom : float
        Degrees of freedom behind that; none means no bound. [unitless]
    """
    if not freedom > 0.0:
        return Interval(value, -math.inf, math.inf)
    half = _quantile_of_t(freedom) * standard_error
    return Interval(value, value - half, value + half)


def independent_count(least_count: float, dependence: Dependence) -> float:
    """Return how many independent scenarios say at least as little as these.

    For where their own spread cannot be judged. The variance of a mean with weights is
    ``sum w^2 (x - mean)^2 / (sum w)^2``, never above ``max w / sum w`` times the
    variance of outcomes; ``(sum w)^2 / sum w^2`` would take weights to have nothing to
    do with outcomes. A pair is at worst worth one scenario.

    Parameters
    ----------
    least_count : float
        Scenarios, or with weights ``sum w / max w``. [unitless]
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other. Nets even out: they count as rows.
    """
    return least_count / 2.0 if dependence == "pairs" else least_count


def wilson_interval(
    share: float, n_effective: float, freedom: float = math.inf
) -> Interval:
    """Return the interval of a probability by Wilson's score [1]_.

    Parameters
    ----------
    share : float
        Share of scenarios in which the event happens. [share 0-1]
    n_effective : float
        Independent scenarios worth as much. [unitless]
    freedom : float
        Degrees of freedom behind that. [unitless]
    """
    if not n_effective > 0.0:
        return Interval(share, 0.0, 1.0)
    z2 = _quantile_of_t(freedom) ** 2 / n_effective
    middle = (share + z2 / 2.0) / (1.0 + z2)
    spread = math.sqrt(z2 * (share * (1.0 - share) + z2 / 4.0)) / (1.0 + z2)
    low = 0.0 if share == 0.0 else max(middle - spread, 0.0)
    high = 1.0 if share == 1.0 else min(middle + spread, 1.0)
    return Interval(share, low, high)


def order_ranks(n: int, share: float) -> tuple[int, int]:
    """Return which order statistics hold a quantile between them [2]_.

    Parameters
    ----------
    n : int
        Independent outcomes, > 0. [unitless]
    share : float
        Share of the quantile, in (0, 1). [share 0-1]

    Returns
    -------
    tuple of int
        Ranks from 1 to n; 0 and n + 1 where there is none so far out. [unitless]
    """
    # P(rank r lies over the quantile) is P(fewer than r of n lie under it).
    low = math.floor(float(bdtrik(1.0 - _UPPER, n, share)))
    while low >= 0 and bdtr(low, n, share) > 1.0 - _UPPER:
        low -= 1
    high = math.ceil(float(bdtrik(_UPPER, n, share)))
    return low + 1, min(high, n) + 1


def tail_standard_error(
    outcomes: FloatArray, counts: FloatArray, edge: float, tail: float
) -> tuple[float, float]:
    """Return the standard error of the mean of the lowest outcomes [3]_.

    Parameters
    ----------
    outcomes : ndarray of shape (n,)
        Outcomes of independent scenarios, or means of bins of them. [any]
    counts : ndarray of shape (n,)
        How many each stands for. [unitless]
    edge : float
        Quantile at which the tail begins. [same as outcomes]
    tail : float
        Share of the tail, in (0, 1). [share 0-1]

    Returns
    -------
    tuple of float
        Standard error and its degrees of freedom, those of the tail. [same, unitless]
    """
    total = counts.sum()
    excess = np.maximum(edge - outcomes, 0.0)
    mean = (counts * excess).sum() / total
    spread = (counts * (excess - mean) ** 2).sum() / max(total - 1.0, 1.0)
    return float(np.sqrt(spread / total) / tail), float(total * tail - 1.0)


def block_interval(
    value: float, block_values: FloatArray, n_blocks: float
) -> Interval | None:
    """Return the interval of a figure from the same figure of single blocks [4]_.

    Parameters
    ----------
    value : float
        Figure of all scenarios. [any]
    block_values : ndarray of shape (n_seen,)
        Figures of some of the blocks; NaN where a block has none. [same]
    n_blocks : float
        Blocks in all, a share of one counting as that. [unitless]

    Returns
    -------
    Interval or None
        None with fewer than 16 blocks that have the figure.
    """
    known = block_values[~np.isnan(block_values)]
    if len(known) < MIN_BLOCKS:
        return None
    n_known = n_blocks * len(known) / len(block_values)
    error = float(known.std(ddof=1)) / math.sqrt(n_known)
    return normal_interval(value, error, len(known) - 1.0)


def share_interval(
    share: float, block_shares: FloatArray | None, n_blocks: float, n_independent: float
) -> Interval:
    """Return the interval of a probability, from blocks where they can tell.

    Parameters
    ----------
    share : float
        Share of scenarios in which the event happens. [share 0-1]
    block_shares : ndarray of shape (n_seen,) or None
        Shares in some of the blocks, or of parts; None where there are too few, or
        scenarios are independent. [share 0-1]
    n_blocks : float
        Blocks in all, or parts. [unitless]
    n_independent : float
        Independent scenarios, where the blocks cannot tell. [unitless]
    """
    if block_shares is not None:
        spread = block_interval(share, block_shares, n_blocks)
        if spread is not None and spread.low < share:
            freedom = np.count_nonzero(~np.isnan(block_shares)) - 1.0
            error = standard_error_of(spread, freedom)
            return wilson_interval(share, share * (1.0 - share) / error**2, freedom)
    return wilson_interval(share, n_independent)


def standard_error_of(interval: Interval, freedom: float) -> float:
    """Return the standard error behind a symmetric interval.

    Parameters
    ----------
    interval : Interval
        One of `normal_interval`.
    freedom : float
        Its degrees of freedom. [unitless]
    """
    return (interval.high - interval.value) / _quantile_of_t(freedom)


def _quantile_of_t(freedom: float) -> float:
    """Return the upper 2.5 % point of Student's distribution."""
    return float(stdtrit(min(freedom, 1e10), _UPPER))
