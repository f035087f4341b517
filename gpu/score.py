# SPDX-License-Identifier: Apache-2.0
"""Scoring: plans over sampled scenarios and a grid, with statistics.

`score` takes one plan, `score_plans` several on the same scenarios, `score_scenarios`
chosen scenarios alone. What does not belong here: what one scenario scores
(`gpu.engines`), threads (`gpu.workers`), files and tables (`optimizer.scoring`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from gpu.engines import make_engine
from gpu.grid import Grid, parse_grid
from gpu.month_tally import MonthlyRisk, RiskMonths
from gpu.numpy_engine import score_paths
from gpu.scenarios import sampled_paths
from gpu.scored_parts import joined_rows
from gpu.tally import Tally
from gpu.workers import Watch, scored_blocks
from models.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.engines import Engine, EngineName
    from gpu.numpy_engine import Rows, Scored
    from gpu.statistics import ColumnSummary
    from gpu.workers import Progress
    from models.arrays import IntArray
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "DEFAULT_SCENARIOS",
    "MAX_KEPT_ROWS",
    "MAX_SCENARIOS",
    "GridResult",
    "ScoreResult",
    "score",
    "score_plans",
    "score_scenarios",
]

DEFAULT_SCENARIOS = 100_000
MAX_SCENARIOS = 1_000_000_000
MAX_KEPT_ROWS = 5_000_000
"""Most scenarios whose rows are kept in memory."""
MAX_SEED = 2**64 - 1


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
    backend: EngineName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = True,
    rows_at_once: int | None = None,
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
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    keep_rows : bool
        Keep every scenario's row; quantiles are then exact.
    rows_at_once : int or None
        Scenarios in work arrays at once; None for what suits memory. [unitless]

    Returns
    -------
    ScoreResult
        The same bits for the same seed and engine whatever the memory and threads.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    BackendError
        If the engine does not work, or memory does not suffice for one scenario.
    """
    results = score_plans(
        study,
        (plan,),
        n_scenarios=n_scenarios,
        seed=seed,
        grid=grid,
        baseline=baseline,
        backend=backend,
        progress=progress,
        keep_rows=keep_rows,
        rows_at_once=rows_at_once,
    )
    return results[0]


def score_plans(
    study: Study,
    plans: Sequence[Plan],
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    grid: Grid | str | None = None,
    baseline: Plan | None = None,
    backend: EngineName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = True,
    rows_at_once: int | None = None,
) -> tuple[ScoreResult, ...]:
    """Return how each of several plans fares on the same scenarios.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score, at least one; paths and baseline are made once for all.
    n_scenarios, seed, grid, baseline, backend, progress, keep_rows, rows_at_once
        See `score`; `MAX_KEPT_ROWS` counts the rows of all plans. [mixed]

    Returns
    -------
    tuple of ScoreResult
        One per plan, each as `score` has it alone, but for the times.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    BackendError
        If the engine does not work, or memory does not suffice for one scenario.
    """
    faults = _faults(n_scenarios, seed, len(plans), keep_rows=keep_rows)
    points = _parsed(grid, faults)
    if faults:
        raise ConfigError(faults)
    n_total = n_scenarios + (0 if points is None else points.n_points)
    watch = Watch(n_total, progress)
    engine = make_engine(
        backend,
        study,
        plans,
        baseline,
        seed,
        n_rows=n_total,
        rows_at_once=rows_at_once,
    )
    base = engine.score_base()
    limit_usd = study.company.emergency_equity_max_usd
    told = [
        _Told(Tally(n_scenarios, is_kept=keep_rows, equity_limit_usd=limit_usd))
        for _ in plans
    ]
    for first, block in scored_blocks(engine.score, engine, n_scenarios):
        for one, own in zip(block, told, strict=True):
            own.take(first, one)
        watch.add(len(block[0].rows["npv_usd"]))
    grids = _on_grid(engine, points, watch)
    elapsed_s = watch.elapsed_s()
    return tuple(
        ScoreResult(
            study_id=study.id,
            plan_label=plan.label,
            baseline_label=None if baseline is None else baseline.label,
            seed=seed,
            n_scenarios=n_scenarios,
            backend=engine.name,
            backend_reason=engine.reason,
            elapsed_s=elapsed_s,
            scenarios_per_s=n_total / elapsed_s,
            base={name: float(column[0]) for name, column in still.rows.items()},
            summary=own.tally.summary(),
            probabilities=own.tally.probabilities(),
            irr_status_frac=own.tally.irr_status_frac(),
            columns=own.tally.columns,
            grid=None if points is None else GridResult(points, grids[place]),
            monthly=own.months.risks(still),
        )
        for place, (plan, still, own) in enumerate(zip(plans, base, told, strict=True))
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
class _Told:
    """What is known of one plan so far."""

    tally: Tally
    months: RiskMonths = field(default_factory=RiskMonths)

    def take(self, first: int, scored: Scored) -> None:
        """Take the block whose first id is `first`."""
        self.tally.take(first, scored.rows)
        self.months.take(scored)


def _on_grid(engine: Engine, grid: Grid | None, watch: Watch) -> list[Rows]:
    """Return axis values and scores at every point of a grid, by plan."""
    if grid is None:
        return []
    parts: list[list[Rows]] = []
    blocks = scored_blocks(
        lambda ids: engine.score_grid(grid.multipliers(ids)), engine, grid.n_points
    )
    for _, block in blocks:
        parts.append([one.rows for one in block])
        watch.add(len(block[0].rows["npv_usd"]))
    ids = np.arange(grid.n_points, dtype=np.int64)
    axes = {f"{n}_multiplier": v for n, v in grid.multipliers(ids).items()}
    return [axes | joined_rows(own) for own in zip(*parts, strict=True)]


def _parsed(grid: Grid | str | None, faults: list[Fault]) -> Grid | None:
    """Return the grid; add what is wrong with its text to the faults."""
    if not isinstance(grid, str):
        return grid
    try:
        return parse_grid(grid)
    except ConfigError as error:
        faults += error.faults
        return None


def _faults(
    n_scenarios: int, seed: int, n_plans: int, *, keep_rows: bool
) -> list[Fault]:
    faults = []
    most = MAX_KEPT_ROWS // max(n_plans, 1) if keep_rows else MAX_SCENARIOS
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
