# SPDX-License-Identifier: Apache-2.0
"""Scoring: a plan over sampled scenarios and a grid, in chunks, with statistics.

The one public function is `score`; `score_scenarios` does chosen scenarios alone. What
does not belong here: what one scenario scores (`gpu.numpy_engine`), files and tables
(`optimizer.scoring`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gpu.backend import array_module
from gpu.chunks import BlockBuffer, chunk_rows
from gpu.grid import Grid, parse_grid
from gpu.month_tally import MonthlyRisk, RiskMonths
from gpu.numpy_engine import score_all, score_paths
from gpu.scenarios import sampled_paths
from gpu.tally import Tally
from models.clients import count_client_slots
from models.errors import BackendError, ConfigError, Fault
from models.market import Shocks, simulate
from models.market_parameters import FACTORS
from models.path_changes import repeated, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.backend import ArrayModule, Backend, BackendName
    from gpu.numpy_engine import Rows
    from gpu.statistics import ColumnSummary
    from models.arrays import IntArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "DEFAULT_SCENARIOS",
    "MAX_KEPT_ROWS",
    "MAX_SCENARIOS",
    "GridResult",
    "Progress",
    "ScoreResult",
    "score",
    "score_scenarios",
]

DEFAULT_SCENARIOS = 100_000
MAX_SCENARIOS = 1_000_000_000
MAX_KEPT_ROWS = 5_000_000
"""Most scenarios whose rows are kept in memory."""
MAX_SEED = 2**64 - 1


class Progress(Protocol):
    """Told after every chunk how far the work is."""

    def __call__(self, done: int, total: int, scenarios_per_s: float, /) -> None:
        """Take scenarios done, all there are, and the speed so far."""


@dataclass(frozen=True, slots=True)
class GridResult:
    """Scores at every point of a grid of multipliers of the base path.

    Parameters
    ----------
    grid : Grid
        Axes.
    columns : dict of str to ndarray of shape (n_points,)
        First one column per axis, named ``<axis>_multiplier`` [ratio], then those of
        `gpu.numpy_engine.score_paths`. [mixed]
    """

    grid: Grid
    columns: Rows


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """Scores of one plan.

    Parameters
    ----------
    study_id, plan_label : str
        What was scored.
    baseline_label : str or None
        Plan that increments are counted from.
    seed, n_scenarios : int
        Scenarios 0 to n - 1 of that seed. [unitless]
    backend, backend_reason : str
        Where it was computed, and why there.
    chunk_rows : int
        Scenarios worked on at once; it changes no result. [unitless]
    elapsed_s, scenarios_per_s : float
        Wall time, and scenarios and grid points over it. [s, 1/s]
    base : dict of str to float
        Scores on the base path, by column. [mixed]
    summary : dict of str to ColumnSummary
        Statistics of the sampled scenarios, by column.
    probabilities : dict of str to float
        Shares of scenarios, keys saying of what. [share 0-1]
    irr_status_frac : dict of str to float
        Share of scenarios by status of the increment's IRR; empty without a
        baseline. [share 0-1]
    columns : dict of str to ndarray of shape (n_scenarios,) or None
        Rows in id order; None where they were not kept. [mixed]
    grid : GridResult or None
        Scores at the grid's points.
    monthly : dict of str to MonthlyRisk
        Margin calls, liquidations, covenant breaches and loan to value by month, under
        ``plan`` and ``baseline`` where there is something to say.
    """

    study_id: str
    plan_label: str
    baseline_label: str | None
    seed: int
    n_scenarios: int
    backend: str
    backend_reason: str
    chunk_rows: int
    elapsed_s: float
    scenarios_per_s: float
    base: dict[str, float]
    summary: dict[str, ColumnSummary]
    probabilities: dict[str, float]
    irr_status_frac: dict[str, float]
    columns: Rows | None
    grid: GridResult | None = None
    monthly: dict[str, MonthlyRisk] = field(default_factory=dict)


def score(
    study: Study,
    plan: Plan,
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    grid: Grid | str | None = None,
    baseline: Plan | None = None,
    backend: BackendName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = True,
    rows_per_chunk: int | None = None,
) -> ScoreResult:
    """Return how a plan fares over sampled scenarios and a grid.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan to score.
    n_scenarios : int
        1 to 1e9; at most `MAX_KEPT_ROWS` with `keep_rows`. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]
    grid : Grid or str or None
        Also score every combination of these multipliers of the base path, such as
        ``"btc_price=0.5:1.5:11, power_price=0.8:1.2:5"``.
    baseline : Plan or None
        Business as usual, run on the same scenarios; increments are counted from it.
    backend : {"auto", "numpy", "cuda"}
        Array module to compute on.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    keep_rows : bool
        Keep every scenario's row; quantiles are then exact.
    rows_per_chunk : int or None
        Scenarios worked on at once; None for what suits memory. [unitless]

    Returns
    -------
    ScoreResult
        The same bits for the same seed whatever the chunks.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    BackendError
        If the backend does not work, or memory does not suffice for one scenario.
    """
    faults = _faults(n_scenarios, seed, keep_rows=keep_rows)
    points = _parsed(grid, faults)
    if faults:
        raise ConfigError(faults)
    place = array_module(backend)
    work = _Work(study, plan, baseline, place, rows_per_chunk, progress)
    work.n_total = n_scenarios + (0 if points is None else points.n_points)
    base_path = _base_path(study, place.xp)
    base = score_all(study, plan, base_path, baseline=baseline)
    months = RiskMonths()
    tally = work.run(
        n_scenarios,
        lambda ids: sampled_paths(study, seed, ids, place.xp),
        is_kept=keep_rows,
        months=months,
    )
    on_grid = None
    if points is not None:
        on_grid = GridResult(points, _grid_columns(work, points, base_path))
    elapsed_s = work.elapsed_s()
    return ScoreResult(
        study_id=study.id,
        plan_label=plan.label,
        baseline_label=None if baseline is None else baseline.label,
        seed=seed,
        n_scenarios=n_scenarios,
        backend=place.name,
        backend_reason=place.reason,
        chunk_rows=work.rows,
        elapsed_s=elapsed_s,
        scenarios_per_s=work.n_total / elapsed_s,
        base={name: float(column[0]) for name, column in base.rows.items()},
        summary=tally.summary(),
        probabilities=tally.probabilities(),
        irr_status_frac=tally.irr_status_frac(),
        columns=tally.columns,
        grid=on_grid,
        monthly=months.risks(base),
    )


def score_scenarios(
    study: Study,
    plan: Plan,
    *,
    seed: int,
    scenario_ids: IntArray,
    baseline: Plan | None = None,
) -> Rows:
    """Return the rows of chosen scenarios alone, as `score` has them.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan to score.
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : ndarray of int of shape (n,)
        Numbers of the scenarios, in any order. [unitless]
    baseline : Plan or None
        See `score`.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        Columns of `gpu.numpy_engine.score_paths`. [mixed]
    """
    paths = sampled_paths(study, seed, scenario_ids)
    return score_paths(study, plan, paths, baseline=baseline)


@dataclass(slots=True)
class _Work:
    """One plan on one backend; counts what is done over all parts."""

    study: Study
    plan: Plan
    baseline: Plan | None
    backend: Backend
    rows_per_chunk: int | None
    progress: Progress | None
    n_total: int = 0
    rows: int = 0
    n_done: int = 0
    started_s: float = field(default_factory=time.perf_counter)

    def run(
        self,
        n_rows: int,
        paths_of: Callable[[IntArray], MarketPaths],
        *,
        is_kept: bool,
        months: RiskMonths | None = None,
    ) -> Tally:
        """Score rows 0 to n_rows - 1 in chunks."""
        if not self.rows:
            xp = self.backend.xp
            self.rows = self.rows_per_chunk or chunk_rows(self.study, xp)
        limit = self.study.company.emergency_equity_max_usd
        tally = Tally(n_rows, is_kept=is_kept, equity_limit_usd=limit)
        buffer = BlockBuffer(n_rows)
        start = 0
        while start < n_rows:
            ids = np.arange(start, min(start + self.rows, n_rows), dtype=np.int64)
            try:
                scored = score_all(
                    self.study, self.plan, paths_of(ids), baseline=self.baseline
                )
            except MemoryError as error:
                self._shrink(error)
                continue
            for first, block in buffer.add(scored.rows):
                tally.take(first, block)
            if months is not None:
                months.take(scored)
            start += len(ids)
            self.n_done += len(ids)
            if self.progress is not None:
                speed = self.n_done / self.elapsed_s()
                self.progress(self.n_done, self.n_total, speed)
        return tally

    def elapsed_s(self) -> float:
        """Return the time since the start, never zero [s]."""
        return max(time.perf_counter() - self.started_s, 1e-9)

    def _shrink(self, error: MemoryError) -> None:
        """Halve the chunks; CuPy's out-of-memory error is a MemoryError too."""
        if self.rows == 1:
            msg = (
                f"{self.backend.name}: memory does not suffice for one scenario of "
                f"{self.study.time.months} months. Free memory and run again."
            )
            raise BackendError(msg) from error
        self.rows = max(self.rows // 2, 1)


def _grid_columns(work: _Work, grid: Grid, base_path: MarketPaths) -> Rows:
    """Return axis values and scores at every point of a grid."""

    def paths_of(ids: IntArray) -> MarketPaths:
        many = repeated(base_path, len(ids))
        return scaled(work.study, many, grid.multipliers(ids))

    tally = work.run(grid.n_points, paths_of, is_kept=True)
    ids = np.arange(grid.n_points, dtype=np.int64)
    axes = {f"{n}_multiplier": v for n, v in grid.multipliers(ids).items()}
    return axes | (tally.columns or {})


def _base_path(study: Study, xp: ArrayModule) -> MarketPaths:
    n_periods, n_sites = study.time.months, len(study.sites)
    shocks = Shocks(
        monthly=xp.zeros((1, len(FACTORS), n_periods)),
        site_power=xp.zeros((1, n_sites, n_periods)),
        site_build=xp.zeros((1, n_sites, 2)),
        client_fate=xp.full((1, n_sites, count_client_slots(study)), xp.inf),
        within_month=xp.zeros((1, 2, n_periods)),
    )
    return simulate(study, shocks)


def _parsed(grid: Grid | str | None, faults: list[Fault]) -> Grid | None:
    """Return the grid; add what is wrong with its text to the faults."""
    if not isinstance(grid, str):
        return grid
    try:
        return parse_grid(grid)
    except ConfigError as error:
        faults += error.faults
        return None


def _faults(n_scenarios: int, seed: int, *, keep_rows: bool) -> list[Fault]:
    faults = []
    most = MAX_KEPT_ROWS if keep_rows else MAX_SCENARIOS
    if not _is_whole(n_scenarios, 1, most):
        is_for_memory = keep_rows and _is_whole(n_scenarios, 1, MAX_SCENARIOS)
        action = "Choose another number."
        if is_for_memory:
            action = (
                f"Choose fewer, or keep no rows: --no-rows allows {MAX_SCENARIOS:,}."
            )
        faults.append(
            Fault(
                "--scenarios",
                "",
                str(n_scenarios),
                f"must be a whole number from 1 to {most:,}.",
                action,
            )
        )
    if not _is_whole(seed, 0, MAX_SEED):
        allowed = f"must be a whole number from 0 to {MAX_SEED:,}."
        faults.append(Fault("--seed", "", str(seed), allowed, "Choose another."))
    return faults


def _is_whole(value: object, low: int, high: int) -> bool:
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_integer and low <= int(value) <= high  # type: ignore[call-overload]
