# SPDX-License-Identifier: Apache-2.0
"""Statistics of rows of scenarios: columns, events, first periods, pairs of columns.

What does not belong here: how rows come about (`gpu.numpy_engine`), statistics of one
column (`gpu.statistics`), risks by month (`gpu.month_tally`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.describe import NUMPY
from gpu.joint import JOINT_PAIRS, JointHistogram
from gpu.outcome_events import events
from gpu.statistics import ColumnStatistics, part_of
from models.finance import IRR_STATUS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.describe import Counter
    from gpu.numpy_engine import Rows
    from gpu.statistics import ColumnSummary
    from models.arrays import FloatArray, IntArray

__all__ = ["RowTally", "counted"]

# Resolution of streamed quantiles near zero, by the unit that ends a column's name.
SMALLEST = {"_usd": 1.0, "_per_year": 2.0**-20, "_btc": 2.0**-20}


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
    """

    def __init__(
        self,
        equity_limit_usd: float,
        *,
        is_streamed: bool = True,
        is_weighted: bool = False,
    ) -> None:
        self.equity_limit_usd = equity_limit_usd
        self.is_streamed, self.is_weighted = is_streamed, is_weighted
        self.n_scenarios = 0
        self.total = 0
        self._statistics: dict[str, ColumnStatistics] = {}
        self._counts: dict[str, int] = {}
        self._status_counts: IntArray = np.zeros(len(IRR_STATUS), dtype=np.int64)
        self._first: dict[str, IntArray] = {}
        self._joints: dict[str, JointHistogram] = {}

    def take(
        self, rows: Rows, units: IntArray | None = None, counter: Counter = NUMPY
    ) -> None:
        """Take the rows of one block, with weights in units of shape (n,) or none."""
        self.n_scenarios += len(rows["npv_usd"])
        self.total += len(rows["npv_usd"]) if units is None else int(units.sum())
        for name, values in rows.items():
            if values.dtype == np.float64:
                if name not in self._statistics:
                    self._statistics[name] = ColumnStatistics(
                        _smallest(name),
                        is_streamed=self.is_streamed,
                        is_weighted=self.is_weighted,
                    )
                self._statistics[name].add_block(values, units, counter)
            if name.endswith("_period"):
                found = counted(values[~np.isnan(values)], _known(units, values))
                self._first[name] = _added(self._first.get(name), found)
        for name, hits in events(rows, self.equity_limit_usd).items():
            n_hits = hits.sum() if units is None else units[hits].sum()
            self._counts[name] = self._counts.get(name, 0) + int(n_hits)
        if "irr_status" in rows:
            seen = counted(rows["irr_status"], units)
            self._status_counts = _added(self._status_counts, seen)
        for x, y in JOINT_PAIRS:
            if x in rows and y in rows:
                key = f"{x}.{y}"
                if key not in self._joints:
                    self._joints[key] = JointHistogram(x, y)
                self._joints[key].add(rows[x], rows[y], units)

    def merge(self, other: RowTally) -> None:
        """Take the scenarios of another tally of the same columns."""
        self.n_scenarios += other.n_scenarios
        self.total += other.total
        for name, column in other._statistics.items():
            if name not in self._statistics:
                self._statistics[name] = ColumnStatistics(
                    _smallest(name),
                    is_streamed=self.is_streamed,
                    is_weighted=self.is_weighted,
                )
            self._statistics[name].merge(column)
        for name, count in other._counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        for name, periods in other._first.items():
            self._first[name] = _added(self._first.get(name), periods)
        self._status_counts = _added(self._status_counts, other._status_counts)
        for key, joint in other._joints.items():
            if key not in self._joints:
                self._joints[key] = JointHistogram(joint.x_name, joint.y_name)
            self._joints[key].merge(joint)

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
        return {
            name: column.summary(None if columns is None else columns[name], weights)
            for name, column in self._statistics.items()
        }

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

    def joints(self) -> tuple[JointHistogram, ...]:
        """Return the joint histograms of the pairs that there are."""
        return tuple(self._joints.values())

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
        for kind, parts in (("column", self._statistics), ("joint", self._joints)):
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
        )
        found.n_scenarios, found.total = n_scenarios, total
        found._status_counts = arrays["irr_status"]
        events_seen = part_of(arrays, "event.").items()
        found._counts = {name: int(count[0]) for name, count in events_seen}
        found._first = part_of(arrays, "first.")
        for name, part in _nested(arrays, "column.").items():
            found._statistics[name] = ColumnStatistics.from_arrays(part)
        for name, part in _nested(arrays, "joint.").items():
            found._joints[name] = JointHistogram.from_arrays(part)
        return found


def counted(values: NDArray[Any], units: IntArray | None) -> IntArray:
    """Return how often whole numbers >= 0 occur, weights in units.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Whole numbers. [unitless]
    units : ndarray of int of shape (n,) or None
        Weights in units. [unitless]

    Returns
    -------
    ndarray of int of shape (largest + 1,)
        Counts, or weights in units. [unitless]
    """
    places = values.astype(np.int64)
    if units is None:
        return np.bincount(places)
    found = np.zeros(int(places.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(found, places, units)
    return found


def _smallest(column: str) -> float:
    ends = (size for end, size in SMALLEST.items() if column.endswith(end))
    return next(ends, 2.0**-10)


def _known(units: IntArray | None, values: FloatArray) -> IntArray | None:
    return None if units is None else units[~np.isnan(values)]


def _added(one: IntArray | None, other: IntArray) -> IntArray:
    """Return the sum of two arrays of counts, the shorter filled up by zeros."""
    if one is None:
        return other
    total = np.zeros(max(len(one), len(other)), dtype=np.int64)
    total[: len(one)] += one
    total[: len(other)] += other
    return total


def _nested(
    arrays: dict[str, NDArray[Any]], start: str
) -> dict[str, dict[str, NDArray[Any]]]:
    """Return stored parts by name, out of ``<start><name>/<key>``."""
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for path, array in part_of(arrays, start).items():
        name, _, key = path.partition("/")
        found.setdefault(name, {})[key] = array
    return found
