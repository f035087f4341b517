# SPDX-License-Identifier: Apache-2.0
"""Statistics of rows of scenarios: columns, events, first periods, pairs of columns.

What does not belong here: how rows come about (`gpu.numpy_engine`), statistics of one
column (`gpu.statistics.columns`), risks by month (`gpu.statistics.month_tally`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.statistics.block_figures import BlockFigures, means_of_groups
from gpu.statistics.column_figures import figures_of_groups, judged_by_blocks
from gpu.statistics.column_pool import ColumnPool
from gpu.statistics.columns import ColumnStatistics
from gpu.statistics.describe import NUMPY, weight_units
from gpu.statistics.distribution import Distribution, JointDistribution
from gpu.statistics.histogram import Histogram, smallest_of
from gpu.statistics.intervals import independent_count, share_interval
from gpu.statistics.joint import JointHistogram, JointHistograms
from gpu.statistics.outcome_events import events
from gpu.statistics.row_figures import row_probability
from gpu.statistics.stored_parts import added, counted, nested, part_of
from models.finance import IRR_STATUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.numpy_engine import Rows
    from gpu.statistics.columns import ColumnSummary
    from gpu.statistics.counter import Counter
    from gpu.statistics.intervals import Dependence, Interval
    from gpu.statistics.moments import Moments
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = ["RowTally"]


class RowTally:
    """Statistics of the columns, events and pairs of scenarios seen so far.

    Parameters
    ----------
    equity_limit_usd : float
        Most emergency equity that the company can raise. [USD]
    is_streamed : bool
        Whether quantiles come from histograms; else from rows kept elsewhere.
    is_weighted : bool
        Whether scenarios come with weights.
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.
    """

    def __init__(
        self,
        equity_limit_usd: float,
        *,
        is_streamed: bool = True,
        is_weighted: bool = False,
        dependence: Dependence = "rows",
    ) -> None:
        self.equity_limit_usd = equity_limit_usd
        self.is_streamed, self.is_weighted = is_streamed, is_weighted
        self.dependence = dependence
        self.blocks = BlockFigures(
            is_weighted=is_weighted, dependence=dependence, has_parts=is_streamed
        )
        self.n_scenarios = 0
        self.total = 0
        self._statistics: dict[str, ColumnStatistics] = {}
        self._pool = ColumnPool()
        self._counts: dict[str, int] = {}
        self._status_counts: IntArray = np.zeros(len(IRR_STATUS), dtype=np.int64)
        self._first: dict[str, IntArray] = {}
        self._pairs = JointHistograms()

    @property
    def is_plain(self) -> bool:
        """Whether scenarios count alike and do not depend on each other."""
        return self.dependence == "rows" and not self.is_weighted

    def take(
        self,
        first_id: int,
        rows: Rows,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Take the rows of one block.

        Parameters
        ----------
        first_id : int
            Number of its first scenario. [unitless]
        rows : dict of str to ndarray of shape (n,)
            Rows. [mixed]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        counter : Counter
            How the block is counted.
        """
        for size in self.blocks.sizes(first_id):
            self._judge(first_id, rows, units, size)
        self.n_scenarios += len(rows["npv_usd"])
        self.total += len(rows["npv_usd"]) if units is None else int(units.sum())
        for name, values in rows.items():
            if name.endswith("_period"):
                found = counted(values[~np.isnan(values)], _known(units, values))
                self._first[name] = added(self._first.get(name), found)
        self._describe(rows, units, counter)
        for name, hits in events(rows, self.equity_limit_usd).items():
            n_hits = np.count_nonzero(hits) if units is None else units[hits].sum()
            self._counts[name] = self._counts.get(name, 0) + int(n_hits)
        if "irr_status" in rows:
            seen = counted(rows["irr_status"], units)
            self._status_counts = added(self._status_counts, seen)
        self._pairs.add(rows, units, counter)

    def _describe(self, rows: Rows, units: IntArray | None, counter: Counter) -> None:
        """Take all columns of real numbers at once."""
        named = {name: v for name, v in rows.items() if v.dtype == np.float64}
        for name in named:
            if name not in self._statistics:
                self._statistics[name] = self._new_column(name)
        columns = np.array(list(named.values()))
        found = [self._statistics[name] for name in named]
        self._pool.take(found, columns, units, counter)

    def _new_column(self, name: str) -> ColumnStatistics:
        return ColumnStatistics(
            smallest_of(name),
            is_streamed=self.is_streamed,
            is_weighted=self.is_weighted,
        )

    def _judge(
        self, first_id: int, rows: Rows, units: IntArray | None, size: int
    ) -> None:
        """Keep the figures of groups of scenarios, whose spread gives error bars."""
        named = {name: v for name, v in rows.items() if v.dtype == np.float64}
        found = figures_of_groups(np.array(list(named.values())), units, size)
        for name, figures in zip(named, found, strict=True):
            self.blocks.put(name, first_id, size, figures)
        for name, hits in events(rows, self.equity_limit_usd).items():
            shares = means_of_groups(hits, units, size)
            self.blocks.put(name, first_id, size, shares[:, None])

    def merge(self, other: RowTally) -> None:
        """Take the scenarios of another tally of the same columns."""
        self.blocks.merge(other.blocks)
        self.n_scenarios += other.n_scenarios
        self.total += other.total
        for name, column in other._statistics.items():
            if name not in self._statistics:
                self._statistics[name] = self._new_column(name)
            self._statistics[name].merge(column)
        for name, count in other._counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        for name, periods in other._first.items():
            self._first[name] = added(self._first.get(name), periods)
        self._status_counts = added(self._status_counts, other._status_counts)
        self._pairs.merge(other._pairs)

    def summary(
        self, columns: Rows | None = None, weights: FloatArray | None = None
    ) -> dict[str, ColumnSummary]:
        """Return the statistics of every column of real numbers.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n,) or None
            All rows, needed where quantiles are not streamed. [mixed]
        weights : ndarray of shape (n,) or None
            Their weights, where they have any. [ratio]
        """
        found = {}
        for name, column in self._statistics.items():
            figures = self._figures(name, columns, weights)
            found[name] = column.summary(figures=figures)
        return found

    def interval(
        self,
        column: str,
        statistic: str,
        columns: Rows | None = None,
        weights: FloatArray | None = None,
    ) -> Interval:
        """Return a figure of a column with its 95 % confidence interval.

        Parameters
        ----------
        column, statistic : str
            Column, and ``mean``, ``cvar_95`` or ``p01`` to ``p99``.
        columns : dict of str to ndarray of shape (n,) or None
            See `summary`. [mixed]
        weights : ndarray of shape (n,) or None
            See `summary`. [ratio]
        """
        return self._figures(column, columns, weights)[statistic]

    def _figures(
        self, name: str, columns: Rows | None, weights: FloatArray | None
    ) -> dict[str, Interval]:
        values = None if columns is None else columns[name]
        column = self._statistics[name]
        figures = column.figures(values, weights, self.dependence)
        seen = self.blocks.of(name, self.n_scenarios)
        if seen is None:
            return figures
        return judged_by_blocks(figures, *seen, column.histogram)

    def probability_interval(
        self,
        event: str,
        columns: Rows | None = None,
        weights: FloatArray | None = None,
    ) -> Interval:
        """Return the share of scenarios with an event, and its interval.

        Parameters
        ----------
        event : str
            Name, see `probabilities`.
        columns : dict of str to ndarray of shape (n,) or None
            All rows; they tell more below 16 blocks of dependent or weighted ones.
            [mixed]
        weights : ndarray of shape (n,) or None
            Their weights, where they have any. [ratio]
        """
        hits = self._hits(columns)
        return self._share(event, hits.get(event), weights)

    def _hits(self, columns: Rows | None) -> dict[str, BoolArray]:
        """Return events of rows where they are needed for error bars."""
        if columns is None or self.is_plain:
            return {}
        return events(columns, self.equity_limit_usd)

    def _share(
        self, event: str, hits: BoolArray | None, weights: FloatArray | None
    ) -> Interval:
        seen, n_seen = self.blocks.single(event, 0, self.n_scenarios)
        if hits is not None and seen is None:
            return row_probability(hits, weights, self.dependence)
        share, moments = self._counts[event] / self.total, self._npv_moments
        n_independent = independent_count(moments.least_count, self.dependence)
        return share_interval(share, seen, n_seen, n_independent)

    def probability_intervals(
        self, columns: Rows | None = None, weights: FloatArray | None = None
    ) -> dict[str, Interval]:
        """Return `probability_interval` of every event.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n,) or None
            See there. [mixed]
        weights : ndarray of shape (n,) or None
            See there. [ratio]
        """
        hits = self._hits(columns)
        return {
            event: self._share(event, hits.get(event), weights)
            for event in self._counts
        }

    def distributions(
        self,
        columns: Rows | None = None,
        weights: FloatArray | None = None,
        counter: Counter = NUMPY,
    ) -> dict[str, Distribution]:
        """Return how the outcomes of every column of real numbers are spread.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n,) or None
            See `summary`. [mixed]
        weights : ndarray of shape (n,) or None
            See `summary`. [ratio]
        counter : Counter
            How rows are counted.
        """
        found = {}
        for name, column in self._statistics.items():
            histogram, moments = column.histogram, column.moments
            if histogram is None and columns is not None:
                histogram = Histogram(smallest_of(name), is_weighted=self.is_weighted)
                units = None if weights is None else weight_units(weights)
                histogram.add(columns[name], units, counter)
            if histogram is not None:
                found[name] = Distribution.of(
                    histogram, self.total, moments.low, moments.high
                )
        return found

    @property
    def effective_count(self) -> float:
        """Scenarios of equal weight worth as much: (sum w)^2 / sum w^2."""
        return self._npv_moments.effective_count

    @property
    def _npv_moments(self) -> Moments:
        return self._statistics["npv_usd"].moments

    def probabilities(self) -> dict[str, float]:
        """Return the share of scenarios in which each event happens [share 0-1]."""
        return {name: count / self.total for name, count in self._counts.items()}

    def irr_status_frac(self) -> dict[str, float]:
        """Return the share of scenarios by status of the increment's IRR."""
        if not self._status_counts.any():
            return {}
        return {
            name: int(count) / self.total
            for name, count in zip(IRR_STATUS, self._status_counts, strict=True)
        }

    def first_period_frac(self, column: str) -> FloatArray:
        """Return the share of scenarios by the period of a ``..._period`` column.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        ndarray of shape (n_periods_seen,)
            Shares; those without a period make up the rest to 1. [share 0-1]
        """
        return self._first[column] / self.total

    def joints(self) -> tuple[JointDistribution, ...]:
        """Return how pairs of outcomes are spread, of the pairs that there are."""
        pairs = self._pairs.by_name.values()
        return tuple(JointDistribution.of(one, self.total) for one in pairs)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        flags = [int(self.is_streamed), int(self.is_weighted)]
        arrays: dict[str, NDArray[Any]] = {
            "equity_limit_usd": np.array([self.equity_limit_usd]),
            "counts": np.array([*flags, self.n_scenarios, self.total]),
            "irr_status": self._status_counts,
        }
        arrays |= {f"event.{n}": np.array([k]) for n, k in self._counts.items()}
        arrays |= {f"first.{name}": n for name, n in self._first.items()}
        arrays["dependence"] = np.array([self.dependence])
        arrays |= {f"block.{name}": a for name, a in self.blocks.to_arrays().items()}
        pairs = self._pairs.by_name
        for kind, parts in (("column", self._statistics), ("joint", pairs)):
            for name, part in parts.items():
                found = part.to_arrays()
                arrays |= {f"{kind}.{name}/{key}": a for key, a in found.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> RowTally:
        """Return the tally that `to_arrays` stored, exactly."""
        is_streamed, is_weighted, n_scenarios, total = arrays["counts"].tolist()
        found = cls(
            float(arrays["equity_limit_usd"][0]),
            is_streamed=bool(is_streamed),
            is_weighted=bool(is_weighted),
            dependence=arrays["dependence"].tolist()[0],
        )
        found.blocks.restore(part_of(arrays, "block."))
        found.n_scenarios, found.total = n_scenarios, total
        found._status_counts = arrays["irr_status"]
        events_seen = part_of(arrays, "event.").items()
        found._counts = {name: int(count[0]) for name, count in events_seen}
        found._first = part_of(arrays, "first.")
        for name, part in nested(arrays, "column.").items():
            found._statistics[name] = ColumnStatistics.from_arrays(part)
        for name, part in nested(arrays, "joint.").items():
            found._pairs.by_name[name] = JointHistogram.from_arrays(part)
        return found


def _known(units: IntArray | None, values: FloatArray) -> IntArray | None:
    return None if units is None else units[~np.isnan(values)]
