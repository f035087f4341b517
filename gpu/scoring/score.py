# SPDX-License-Identifier: Apache-2.0
"""Scoring: plans over sampled scenarios and a grid, with statistics.

`score` takes one plan, `score_plans` several on the same scenarios, `score_scenarios`
chosen scenarios alone. What does not belong here: what one scenario scores
(`gpu.engines`), chunks and threads (`gpu.scoring.chunk_run`), tables
(`optimizer.scoring`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.engines import make_engine, make_host_engine
from gpu.numpy_engine import score_paths
from gpu.sampling.rule import DrawRule, as_rule
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.chunk_run import ChunkRun
from gpu.scoring.chunk_work import without_device
from gpu.scoring.chunks import chunk_ranges
from gpu.scoring.counting import counter_of
from gpu.scoring.going_on import chosen_engine, open_store
from gpu.scoring.grid_run import grid_chunks, score_grid
from gpu.scoring.identity import identity_of
from gpu.scoring.inputs import (
    DEFAULT_SCENARIOS,
    MAX_KEPT_ROWS,
    MAX_SCENARIOS,
    checked_inputs,
)
from gpu.scoring.options import USUAL_OPTIONS, ScoreOptions
from gpu.scoring.result import GridResult, ScoreResult
from gpu.scoring.until import sample_until
from gpu.scoring.workers import Watch
from gpu.statistics.tally import ScoreTally, events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.engines import Engine, EngineName
    from gpu.numpy_engine import Rows, Scored
    from gpu.sampling.grid import Grid
    from gpu.scoring.workers import Progress
    from gpu.statistics.accuracy import Reached
    from gpu.statistics.intervals import Dependence
    from models.arrays import IntArray
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "DEFAULT_SCENARIOS",
    "MAX_KEPT_ROWS",
    "MAX_SCENARIOS",
    "GridResult",
    "ScoreOptions",
    "ScoreResult",
    "score",
    "score_plans",
    "score_scenarios",
]

DEPENDENCE: Final[dict[str, Dependence]] = {"antithetic": "pairs", "sobol": "blocks"}
"""What is independent of each other, by method of the draws; else rows are."""


def score(
    study: Study,
    plan: Plan,
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    rule: DrawRule | None = None,
    grid: Grid | str | None = None,
    baseline: Plan | None = None,
    backend: EngineName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = True,
    options: ScoreOptions = USUAL_OPTIONS,
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
        0 to 2^64 - 1, of plain draws. [unitless]
    rule : DrawRule or None
        Rule of the draws, in place of the seed.
    grid : Grid or str or None
        Also score every combination of these multipliers of the base path, such as
        ``"btc_price=0.5:1.5:11, power_price=0.8:1.2:5"``.
    baseline : Plan or None
        Business as usual, run on the same scenarios; increments are counted from it.
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`; for a scoring that goes on, see
        `gpu.scoring.going_on.chosen_engine`.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    keep_rows : bool
        Keep every scenario's row in memory; quantiles are then exact.
    options : ScoreOptions
        Where chunks are kept, when sampling ends, what if a device fails.

    Returns
    -------
    ScoreResult
        The same bits for the same draws and engine whatever the memory, the threads
        and the interruptions.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    BackendError
        If the engine does not work, or memory does not suffice for one scenario.
    ReportError
        If a chunk cannot be written.
    """
    results = score_plans(
        study,
        (plan,),
        n_scenarios=n_scenarios,
        seed=seed,
        rule=rule,
        grid=grid,
        baseline=baseline,
        backend=backend,
        progress=progress,
        keep_rows=keep_rows,
        options=options,
    )
    return results[0]


def score_plans(
    study: Study,
    plans: Sequence[Plan],
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    rule: DrawRule | None = None,
    grid: Grid | str | None = None,
    baseline: Plan | None = None,
    backend: EngineName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = True,
    options: ScoreOptions = USUAL_OPTIONS,
) -> tuple[ScoreResult, ...]:
    """Return how each of several plans fares on the same scenarios.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score, at least one; paths and baseline are made once for all.
    n_scenarios, seed, rule, grid, baseline, backend, progress, keep_rows, options
        See `score`; `MAX_KEPT_ROWS` counts the rows of all plans, and an accuracy is
        asked of each. [mixed]

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
    ReportError
        If a chunk cannot be written.
    """
    goal, points = checked_inputs(
        n_scenarios, seed, len(plans), grid, keep_rows=keep_rows, options=options
    )
    draws = DrawRule(seed) if rule is None else rule
    parts = (study, plans, baseline, draws)
    n_total = n_scenarios + (0 if points is None else points.n_points)
    watch = Watch(n_total, progress)
    engine = chosen_engine(
        lambda name: make_engine(
            name,
            *parts,
            n_rows=n_total,
            rows_at_once=options.rows_at_once,
            say=options.say,
        ),
        backend,
        options,
    )
    base = engine.score_base()
    watch.start()
    tally = _tally(study, draws, engine, keep_rows=keep_rows)
    if goal is not None:
        rows = base[0].rows
        figures = [name for name, own in rows.items() if own.dtype == np.float64]
        goal.check(figures, events(rows, tally.rows.equity_limit_usd))
    work = _work(
        parts,
        engine,
        tally,
        watch,
        n_scenarios,
        points,
        keep_rows=keep_rows,
        options=options,
    )
    reached = sample_until(work, goal)
    grids = [] if points is None else score_grid(work, points)
    usual = None if baseline is None else baseline.label
    return tuple(
        _result(
            work,
            place,
            labels=(study.id, plan.label, usual),
            base=base[place],
            reached=reached,
            on_grid=None if points is None else GridResult(points, grids[place]),
        )
        for place, plan in enumerate(plans)
    )


def score_scenarios(
    study: Study,
    plan: Plan,
    *,
    seed: int | DrawRule,
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
    seed : int or DrawRule
        Seed of plain draws, 0 to 2^64 - 1, or rule of the draws. [unitless]
    scenario_ids : ndarray of int of shape (n,)
        Numbers of the scenarios, in any order. [unitless]
    baseline : Plan or None
        See `score`.

    Returns
    -------
    dict of str to ndarray of shape (n,)
        Columns of `gpu.numpy_engine.score_paths`. [mixed]
    """
    paths = sampled_paths(study, as_rule(seed), scenario_ids)
    return score_paths(study, plan, paths, baseline=baseline)


def _work(
    parts: tuple[Study, Sequence[Plan], Plan | None, DrawRule],
    engine: Engine,
    tally: ScoreTally,
    watch: Watch,
    n_scenarios: int,
    grid: Grid | None,
    *,
    keep_rows: bool,
    options: ScoreOptions,
) -> ChunkRun:
    """Return the sampling to be done, its store opened."""
    study, plans, _, rule = parts
    has_rows = keep_rows or options.rows_on_disk
    if options.store is not None:
        identity = identity_of(
            *parts,
            n_scenarios=n_scenarios,
            grid=grid,
            engine=engine.name,
            has_rows=has_rows,
            is_streamed=tally.rows.is_streamed,
        )
        chunks = (*chunk_ranges(n_scenarios), *grid_chunks(grid, n_scenarios))
        open_store(options.store, identity, options, n_chunks=len(chunks))
    return ChunkRun(
        study,
        rule,
        engine,
        [tally.fresh() for _ in plans],
        n_scenarios=n_scenarios,
        watch=watch,
        keep_rows=keep_rows,
        store=options.store,
        rows_on_disk=has_rows,
        without_device=without_device(
            engine, options, lambda: make_host_engine(*parts)
        ),
        say=options.say,
    )


def _tally(
    study: Study, rule: DrawRule, engine: Engine, *, keep_rows: bool
) -> ScoreTally:
    """Return an empty tally for scenarios drawn by a rule, as quick as the engine."""
    return ScoreTally(
        study.company.emergency_equity_max_usd,
        is_streamed=not keep_rows,
        is_weighted=rule.method == "importance",
        dependence=DEPENDENCE.get(rule.method, "rows"),
        counter=counter_of(engine.name),
    )


def _result(
    work: ChunkRun,
    place: int,
    *,
    labels: tuple[str, str, str | None],
    base: Scored,
    reached: Reached | None,
    on_grid: GridResult | None,
) -> ScoreResult:
    """Return what there is to say of one plan."""
    study_id, plan_label, baseline_label = labels
    own, rule, watch = work.plans[place], work.rule, work.watch
    rows, (columns, weight) = own.tally.rows, own.columns_of(work.n_done)
    shares = rows.probability_intervals(columns, weight)
    return ScoreResult(
        study_id=study_id,
        plan_label=plan_label,
        baseline_label=baseline_label,
        seed=rule.seed,
        n_scenarios=work.n_done,
        backend="+".join(work.engines_used),
        backend_reason=work.engine.reason,
        elapsed_s=watch.elapsed_s(),
        prepared_s=watch.prepared_s,
        scenarios_per_s=watch.rows_per_s(),
        base={name: float(column[0]) for name, column in base.rows.items()},
        summary=rows.summary(columns, weight),
        probabilities=rows.probabilities(),
        irr_status_frac=rows.irr_status_frac(),
        columns=own.rows,
        grid=on_grid,
        monthly=own.tally.months.risks(base),
        rule=rule,
        reached=reached,
        probability_ranges={n: (one.low, one.high) for n, one in shares.items()},
        effective_scenarios=rows.effective_count,
        distributions=rows.distributions(columns, weight, own.tally.counter),
        joints=rows.joints(),
        tally=own.tally,
    )
