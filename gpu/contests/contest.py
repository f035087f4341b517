# SPDX-License-Identifier: Apache-2.0
"""Contests: several plans in the same scenarios, compared scenario by scenario.

Regret of each plan, how often each is best, which beats which, mean differences on
common random numbers and stochastic dominance, by NPV and by minimum cash. Scenarios
are taken block by block and merged exactly, so that nothing depends on threads. What
does not belong here: which plans compete (`optimizer.contest`), scoring them
(`gpu.contests.run`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.contests.column import ColumnContest
from gpu.contests.result import ContestResult
from gpu.scoring.chunks import BLOCK
from gpu.statistics.describe import NUMPY, weight_units
from gpu.statistics.stored_parts import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.counter import Counter
    from gpu.statistics.intervals import Dependence
    from models.arrays import BoolArray, FloatArray

__all__ = [
    "COLUMNS",
    "TIE_USD",
    "Contest",
    "contest_of",
]

COLUMNS: Final = ("npv_usd", "min_cash_usd")
"""Columns in which plans compete; more is better in each."""
TIE_USD: Final = 1.0
"""Outcomes that differ by no more count as equal: engines agree to that. [USD]"""


class Contest:
    """Counts of a contest, fed block by block, mergeable in any order and grouping.

    Parameters
    ----------
    labels : tuple of str
        Plans, all different, at least one.
    columns : tuple of str
        Columns compared.
    events : tuple of str
        Events counted for each plan.
    tie : float
        Outcomes that differ by no more count as equal. [same as outcomes]
    is_weighted : bool
        Whether scenarios come with weights (importance sampling).
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other: ``pairs`` for antithetic draws, ``blocks``
        for Sobol nets, else ``rows``.
    counter : Counter
        How blocks are counted.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        *,
        columns: tuple[str, ...] = COLUMNS,
        events: tuple[str, ...] = (),
        tie: float = TIE_USD,
        is_weighted: bool = False,
        dependence: Dependence = "rows",
        counter: Counter = NUMPY,
    ) -> None:
        if not labels or len(set(labels)) != len(labels):
            msg = f"labels = {labels} must be different, one for each plan"
            raise ValueError(msg)
        self.labels, self.tie = labels, tie
        self.is_weighted, self.dependence = is_weighted, dependence
        self._counter = counter
        self.columns = {
            name: ColumnContest(
                len(labels), tie=tie, is_weighted=is_weighted, dependence=dependence
            )
            for name in columns
        }
        self._hits = {name: np.zeros(len(labels), dtype=np.int64) for name in events}

    @property
    def n_scenarios(self) -> int:
        """Scenarios taken so far."""
        return next(iter(self.columns.values())).n_scenarios

    def fresh(self) -> Contest:
        """Return an empty contest of the same plans, for another worker."""
        return Contest(
            self.labels,
            columns=tuple(self.columns),
            events=tuple(self._hits),
            tie=self.tie,
            is_weighted=self.is_weighted,
            dependence=self.dependence,
            counter=self._counter,
        )

    def take(
        self,
        first_id: int,
        outcomes: dict[str, FloatArray],
        weight: FloatArray | None = None,
        flags: dict[str, BoolArray] | None = None,
    ) -> None:
        """Take scenarios, whole blocks from the start of a block on.

        Parameters
        ----------
        first_id : int
            Number of the first scenario, a multiple of 4,096. [unitless]
        outcomes : dict of str to ndarray of shape (n_plans, n)
            Outcomes by column. [same as outcomes]
        weight : ndarray of shape (n,) or None
            Weights, needed if and only if the contest is weighted. [ratio]
        flags : dict of str to ndarray of bool of shape (n_plans, n) or None
            Whether each event happens. [flag]

        Raises
        ------
        ValueError
            If `first_id` starts no block, weights are missing or not wanted, or an
            outcome is NaN.
        """
        if first_id % BLOCK:
            msg = f"first_id = {first_id} must be a multiple of {BLOCK}"
            raise ValueError(msg)
        if (weight is not None) != self.is_weighted:
            msg = "weights go with weighted contests, and only with those"
            raise ValueError(msg)
        units = None if weight is None else weight_units(weight)
        for name, column in self.columns.items():
            rows = outcomes[name]
            for start in range(0, rows.shape[1], BLOCK):
                part = slice(start, start + BLOCK)
                inside = None if units is None else units[part]
                column.take(first_id + start, rows[:, part], inside, self._counter)
        for name, hits in self._hits.items():
            happens = (flags or {})[name]
            hits += (
                np.count_nonzero(happens, axis=1) if units is None else happens @ units
            )

    def merge(self, other: Contest) -> None:
        """Take the scenarios of another contest of the same plans."""
        for name, column in self.columns.items():
            column.merge(other.columns[name])
        for name, hits in self._hits.items():
            hits += other._hits[name]

    def result(self) -> ContestResult:
        """Return what the scenarios so far say, at least one."""
        first = next(iter(self.columns.values()))
        return ContestResult(
            labels=self.labels,
            n_scenarios=first.n_scenarios,
            effective_scenarios=first.effective_count,
            columns={
                name: column.standings(name, self.labels)
                for name, column in self.columns.items()
            },
            events={
                name: tuple((hits / first.total).tolist())
                for name, hits in self._hits.items()
            },
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        arrays: dict[str, NDArray[Any]] = {
            "labels": np.array(self.labels),
            "columns": np.array(list(self.columns)),
        }
        arrays |= {f"event.{name}": hits for name, hits in self._hits.items()}
        for place, column in enumerate(self.columns.values()):
            found = column.to_arrays()
            arrays |= {f"{place}/{name}": a for name, a in found.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Contest:
        """Return the contest that `to_arrays` stored, exactly."""
        columns = {
            name: ColumnContest.from_arrays(part_of(arrays, f"{place}/"))
            for place, name in enumerate(arrays["columns"].tolist())
        }
        first = next(iter(columns.values()))
        hits = part_of(arrays, "event.")
        found = cls(
            tuple(arrays["labels"].tolist()),
            columns=tuple(columns),
            events=tuple(hits),
            tie=first.tie,
            is_weighted=first.is_weighted,
            dependence=first.dependence,
        )
        found.columns = columns
        found._hits = {name: seen.copy() for name, seen in hits.items()}
        return found


def contest_of(
    labels: tuple[str, ...],
    outcomes: dict[str, FloatArray],
    weight: FloatArray | None = None,
    *,
    tie: float = TIE_USD,
) -> ContestResult:
    """Return the contest of outcomes that are at hand.

    Parameters
    ----------
    labels : tuple of str
        Plans.
    outcomes : dict of str to ndarray of shape (n_plans, n_scenarios)
        Outcomes by column, in id order from 0, more is better. [same as outcomes]
    weight : ndarray of shape (n_scenarios,) or None
        Weights. [ratio]
    tie : float
        Outcomes that differ by no more count as equal. [same as outcomes]
    """
    found = Contest(
        labels, columns=tuple(outcomes), tie=tie, is_weighted=weight is not None
    )
    found.take(0, outcomes, weight)
    return found.result()
