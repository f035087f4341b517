# SPDX-License-Identifier: Apache-2.0
"""Contests: several plans in the same scenarios, compared scenario by scenario.

Regret of each plan, how often each is best, which beats which, mean differences on
common random numbers and stochastic dominance, by NPV and by minimum cash. Scenarios
are taken block by block and merged exactly, so that nothing depends on threads. What
does not belong here: which plans compete (`optimizer.contest`), the engines
(`gpu.engines`).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.chunks import BLOCK
from gpu.contest_column import ColumnContest
from gpu.contest_result import ContestResult
from gpu.describe import weight_units
from gpu.engines import make_engine
from gpu.sampling_rule import DrawRule
from gpu.scenarios import weights
from gpu.score_inputs import MAX_SCENARIOS, MAX_SEED
from gpu.statistics import part_of
from gpu.workers import Watch, in_order
from models.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gpu.engines import EngineName
    from gpu.intervals import Dependence
    from gpu.numpy_engine import Rows
    from gpu.workers import Progress
    from models.arrays import FloatArray, IntArray
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "COLUMNS",
    "MAX_KEPT_OUTCOMES",
    "MAX_PLANS",
    "TIE_USD",
    "Contest",
    "contest",
    "contest_of",
]

COLUMNS: Final = ("npv_usd", "min_cash_usd")
"""Columns in which plans compete; more is better in each."""
TIE_USD: Final = 1.0
"""Outcomes that differ by no more count as equal: engines agree to that. [USD]"""
MAX_PLANS: Final = 64
"""Most plans of a contest. [unitless]"""
MAX_KEPT_OUTCOMES: Final = 10_000_000
"""Most outcomes of a column that are kept in memory. [unitless]"""

_DEPENDENCE: Final[dict[str, Dependence]] = {"antithetic": "pairs", "sobol": "blocks"}


class Contest:
    """Counts of a contest, fed block by block, mergeable in any order and grouping.

    Parameters
    ----------
    labels : tuple of str
        Plans, all different, at least one.
    columns : tuple of str
        Columns compared.
    tie : float
        Outcomes that differ by no more count as equal. [same as outcomes]
    is_weighted : bool
        Whether scenarios come with weights (importance sampling).
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other: ``pairs`` for antithetic draws, ``blocks``
        for Sobol nets, else ``rows``.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        *,
        columns: tuple[str, ...] = COLUMNS,
        tie: float = TIE_USD,
        is_weighted: bool = False,
        dependence: Dependence = "rows",
    ) -> None:
        if not labels or len(set(labels)) != len(labels):
            msg = f"labels = {labels} must be different, one for each plan"
            raise ValueError(msg)
        self.labels, self.tie = labels, tie
        self.is_weighted, self.dependence = is_weighted, dependence
        self.columns = {
            name: ColumnContest(
                len(labels), tie=tie, is_weighted=is_weighted, dependence=dependence
            )
            for name in columns
        }

    @property
    def n_scenarios(self) -> int:
        """Scenarios taken so far."""
        return next(iter(self.columns.values())).n_scenarios

    def fresh(self) -> Contest:
        """Return an empty contest of the same plans, for another worker."""
        return Contest(
            self.labels,
            columns=tuple(self.columns),
            tie=self.tie,
            is_weighted=self.is_weighted,
            dependence=self.dependence,
        )

    def take(
        self,
        first_id: int,
        outcomes: dict[str, FloatArray],
        weight: FloatArray | None = None,
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
                column.take(first_id + start, rows[:, part], inside)

    def merge(self, other: Contest) -> None:
        """Take the scenarios of another contest of the same plans."""
        for name, column in self.columns.items():
            column.merge(other.columns[name])

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
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        arrays: dict[str, NDArray[Any]] = {
            "labels": np.array(self.labels),
            "columns": np.array(list(self.columns)),
        }
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
        found = cls(
            tuple(arrays["labels"].tolist()),
            columns=tuple(columns),
            tie=first.tie,
            is_weighted=first.is_weighted,
            dependence=first.dependence,
        )
        found.columns = columns
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


def contest(
    study: Study,
    plans: Sequence[Plan],
    *,
    labels: Sequence[str] | None = None,
    n_scenarios: int = 100_000,
    seed: int = 1,
    rule: DrawRule | None = None,
    backend: EngineName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = False,
) -> ContestResult:
    """Return how several plans fare against each other on the same scenarios.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        1 to `MAX_PLANS`; all are scored in one pass.
    labels : sequence of str or None
        Names, all different; those of the plans by default.
    n_scenarios : int
        Scenarios 0 to n - 1, up to 1e9. [unitless]
    seed : int
        0 to 2^64 - 1, of plain draws. [unitless]
    rule : DrawRule or None
        Rule of the draws, in place of the seed; weights of importance sampling count.
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    keep_rows : bool
        Keep every outcome; at most `MAX_KEPT_OUTCOMES` of a column.

    Returns
    -------
    ContestResult
        The same bits for the same draws and engine whatever the threads.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    BackendError
        If the engine does not work.
    """
    _check(n_scenarios, seed, len(plans), keep_rows=keep_rows)
    draws = DrawRule(seed) if rule is None else rule
    names = tuple(plan.label for plan in plans) if labels is None else tuple(labels)
    engine = make_engine(backend, study, plans, None, draws, n_rows=n_scenarios)
    is_weighted = draws.method == "importance"
    total = Contest(
        names,
        is_weighted=is_weighted,
        dependence=_DEPENDENCE.get(draws.method, "rows"),
    )
    watch = Watch(n_scenarios, progress)
    free: list[Contest] = []
    rows = _room(len(plans), n_scenarios) if keep_rows else None
    step = BLOCK * engine.blocks_per_call

    def one(first: int) -> tuple[int, int, dict[str, FloatArray]]:
        ids: IntArray = np.arange(first, min(first + step, n_scenarios), dtype=np.int64)
        scored = engine.score(ids)
        found = {name: np.stack([own.rows[name] for own in scored]) for name in COLUMNS}
        try:
            part = free.pop()
        except IndexError:
            part = total.fresh()
        part.take(first, found, weights(study, draws, ids) if is_weighted else None)
        free.append(part)
        return first, len(ids), found if keep_rows else {}

    firsts = range(0, n_scenarios, step)
    with closing(in_order(one, firsts, engine.n_workers)) as made:
        for first, n_rows, found in made:
            for name, values in found.items():
                if rows is not None:
                    rows[name][:, first : first + n_rows] = values
            watch.add(n_rows)
    for part in free:
        total.merge(part)
    told = total.result()
    return ContestResult(
        labels=names,
        n_scenarios=n_scenarios,
        effective_scenarios=told.effective_scenarios,
        columns=told.columns,
        rule=draws,
        backend=engine.name,
        backend_reason=engine.reason,
        elapsed_s=watch.elapsed_s(),
        scenarios_per_s=watch.rows_per_s(),
        rows=rows,
    )


def _room(n_plans: int, n_scenarios: int) -> Rows:
    return {name: np.empty((n_plans, n_scenarios)) for name in COLUMNS}


def _check(n_scenarios: int, seed: int, n_plans: int, *, keep_rows: bool) -> None:
    """Raise every fault of the arguments at once."""
    most = MAX_SCENARIOS
    if keep_rows:
        most = min(most, MAX_KEPT_OUTCOMES // max(n_plans, 1))
    asked = (
        ("--scenarios", n_scenarios, 1, most, "Use 100000."),
        ("--seed", seed, 0, MAX_SEED, "Use 1."),
        ("plans", n_plans, 1, MAX_PLANS, "Name fewer runs."),
    )
    faults = [
        Fault(where, "", f"{value:,}", f"must be from {low:,} to {high:,}.", mend)
        for where, value, low, high, mend in asked
        if not low <= value <= high
    ]
    if faults:
        raise ConfigError(faults)
