# SPDX-License-Identifier: Apache-2.0
"""Mean, tail mean and quantiles of a column, each with its 95 % confidence interval.

What does not belong here: formulas of intervals (`gpu.statistics.intervals`), what is
kept of a column (`gpu.statistics.columns`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics.block_figures import in_groups
from gpu.statistics.intervals import (
    Interval,
    block_interval,
    independent_count,
    normal_interval,
    order_ranks,
    tail_standard_error,
)
from gpu.statistics.risk import cvar, cvar_of_sorted, weight_inside, weight_reached
from gpu.statistics.row_figures import RowFigures

if TYPE_CHECKING:
    from gpu.statistics.histogram import Histogram
    from gpu.statistics.intervals import Dependence
    from gpu.statistics.moments import Moments
    from models.arrays import FloatArray, IntArray

__all__ = [
    "CVAR_ALPHA",
    "QUANTILES",
    "QUANTILE_NAMES",
    "STATISTICS",
    "figures_of_groups",
    "judged_by_blocks",
    "row_figures",
    "streamed_figures",
]

QUANTILES: Final = (0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99)
QUANTILE_NAMES: Final = tuple(f"p{round(100 * share):02d}" for share in QUANTILES)
CVAR_ALPHA: Final = 0.95
STATISTICS: Final = ("mean", "cvar_95", *QUANTILE_NAMES)
"""Names of the figures of a column."""


def row_figures(
    moments: Moments,
    values: FloatArray,
    weights: FloatArray | None,
    dependence: Dependence,
) -> dict[str, Interval]:
    """Return the figures of outcomes held in memory.

    Parameters
    ----------
    moments : Moments
        Their moments.
    values : ndarray of shape (n,)
        Outcomes in id order, NaN where there is none. [any]
    weights : ndarray of shape (n,) or None
        Weights. [ratio]
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.

    Returns
    -------
    dict of str to Interval
        By the names of `STATISTICS`.
    """
    rows = RowFigures(values, weights, dependence)
    if rows.ordered_weights is None:
        tail = cvar_of_sorted(rows.ordered, CVAR_ALPHA)
    else:
        tail = cvar(rows.ordered, CVAR_ALPHA, rows.ordered_weights)
    if rows.is_plain:
        error = moments.sd / math.sqrt(moments.count)
        mean = normal_interval(moments.mean, error, moments.count - 1.0)
    else:
        mean = rows.mean(moments.mean)
    found = {"mean": mean, "cvar_95": rows.tail_mean(tail, CVAR_ALPHA)}
    shares = zip(QUANTILE_NAMES, QUANTILES, strict=True)
    return found | {name: rows.quantile(share) for name, share in shares}


def streamed_figures(
    moments: Moments, histogram: Histogram, dependence: Dependence
) -> dict[str, Interval]:
    """Return the figures of outcomes that were only counted.

    Parameters
    ----------
    moments : Moments
        Their moments.
    histogram : Histogram
        Their counts.
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.

    Returns
    -------
    dict of str to Interval
        By the names of `STATISTICS`; intervals include the bins' widths. Those of
        pairs and of weights are bounds, `judged_by_blocks` knows better.
    """
    count = independent_count(moments.least_count, dependence)
    error = moments.sd / math.sqrt(count)
    found = {"mean": normal_interval(moments.mean, error, count - 1.0)}
    tail = 1.0 - CVAR_ALPHA
    middles = histogram.quantiles(QUANTILES)
    inside = [min(max(q, moments.low), moments.high) for q in middles]
    counts = histogram.counts.astype(np.float64)
    counts *= count / counts.sum()
    means = histogram.means()
    # The tail begins at the mean of its bin, not at its middle: where a column has many
    # equal outcomes there, such as cash at its floor, none of them lies under the edge.
    edge = float(means[histogram.places_of((tail,))[0] - histogram.first])
    error, freedom = tail_standard_error(means, counts, edge, tail)
    # Sums of bins lose the last digits: no tail lies under the least outcome.
    worst = min(max(histogram.tail_mean(CVAR_ALPHA), moments.low), moments.mean)
    found["cvar_95"] = normal_interval(worst, error, freedom)
    n = max(math.floor(count), 1)
    for name, share, value in zip(QUANTILE_NAMES, QUANTILES, inside, strict=True):
        low, high = order_ranks(n, share)
        ends = histogram.bounds(max(low, 1) / n, min(high, n) / n)
        found[name] = Interval(
            value,
            max(ends[0], moments.low) if low >= 1 else -math.inf,
            min(ends[1], moments.high) if high <= n else math.inf,
        )
    return found


def judged_by_blocks(
    figures: dict[str, Interval],
    block_figures: FloatArray,
    n_blocks: float,
    histogram: Histogram | None,
) -> dict[str, Interval]:
    """Return figures with the intervals that the spread of blocks gives.

    Parameters
    ----------
    figures : dict of str to Interval
        Figures of all outcomes.
    block_figures : ndarray of shape (n_seen, n_statistics)
        Figures of single blocks, or of parts, in the order of `STATISTICS`. [same as
        outcomes]
    n_blocks : float
        Blocks in all, or parts of them. [unitless]
    histogram : Histogram or None
        What quantiles were read from: intervals then include the bins' widths.
    """
    found = dict(figures)
    for place, name in enumerate(STATISTICS):
        value = figures[name].value
        interval = block_interval(value, block_figures[:, place], n_blocks)
        if interval is not None:
            slack = 0.0
            if histogram is not None and name in QUANTILE_NAMES:
                slack = histogram.error_at(value)
            found[name] = Interval(value, interval.low - slack, interval.high + slack)
    return found


def figures_of_groups(
    values: FloatArray, units: IntArray | None, size: int
) -> FloatArray:
    """Return the figures of groups of scenarios, of several columns.

    Parameters
    ----------
    values : ndarray of shape (n_columns, n)
        Outcomes, NaN where there is none. [any]
    units : ndarray of int of shape (n,) or None
        Weights in units. [unitless]
    size : int
        Scenarios of a group; what fills no whole group is passed over. [unitless]

    Returns
    -------
    ndarray of shape (n_columns, n_groups, n_statistics)
        In the order of `STATISTICS`; NaN without outcomes. [same as outcomes]
    """
    cut = in_groups(values, size)
    order = np.argsort(cut, axis=-1, kind="stable")
    ordered = np.take_along_axis(cut, order, axis=-1)
    weight = np.ones_like(ordered)
    if units is not None:
        each = np.broadcast_to(in_groups(units, size), cut.shape)
        weight = np.take_along_axis(each, order, axis=-1).astype(np.float64)
    # What is missing is sorted to the end.
    is_missing = np.isnan(ordered)
    weight[is_missing], ordered[is_missing] = 0.0, 0.0
    reached = np.cumsum(weight, axis=-1)
    total = reached[..., -1]
    inside = weight_inside(reached, weight, (1.0 - CVAR_ALPHA) * total[..., None])
    found = np.empty((*total.shape, len(STATISTICS)))
    with np.errstate(invalid="ignore"):
        found[..., 0] = (weight * ordered).sum(axis=-1) / total
        found[..., 1] = (inside * ordered).sum(axis=-1) / inside.sum(axis=-1)
    for column, share in enumerate(QUANTILES, start=len(STATISTICS) - len(QUANTILES)):
        goal = weight_reached(share, total)
        place = (reached < goal[..., None]).sum(axis=-1, keepdims=True)
        place = np.minimum(place, size - 1)
        found[..., column] = np.take_along_axis(ordered, place, axis=-1)[..., 0]
    found[~(total > 0.0)] = np.nan
    return found
