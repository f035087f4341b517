# SPDX-License-Identifier: Apache-2.0
"""Plans scored in one pass and held against each other.

What does not belong here: what is counted (`gpu.contests.contest`), which plans compete
(`optimizer.contest`), the engines (`gpu.engines`).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.contests.contest import COLUMNS, Contest
from gpu.engines import make_engine, make_host_engine
from gpu.sampling.rule import MAX_SEED, DrawRule
from gpu.scoring.chunk_run import ROW
from gpu.scoring.chunk_work import ChunkWork, without_device
from gpu.scoring.chunks import BLOCK, chunk_ranges
from gpu.scoring.counting import counter_of, weights_of
from gpu.scoring.engine_rows import sampled_rows
from gpu.scoring.going_on import chosen_engine, open_store
from gpu.scoring.identity import content_sha256, identity_of
from gpu.scoring.inputs import MAX_SCENARIOS
from gpu.scoring.options import USUAL_OPTIONS, ScoreOptions
from gpu.scoring.score import DEPENDENCE
from gpu.scoring.workers import Watch, in_order
from gpu.statistics.outcome_events import events
from gpu.statistics.stored_parts import part_of
from models.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.contests.result import ContestResult
    from gpu.engines import EngineName
    from gpu.numpy_engine import Rows
    from gpu.scoring.workers import Progress
    from models.arrays import BoolArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["EVENTS", "MAX_KEPT_OUTCOMES", "MAX_PLANS", "contest"]

EVENTS: Final = (
    "equity_needed_frac",
    "equity_over_limit_frac",
    "margin_call_frac",
    "liquidation_frac",
)
"""Events counted for each plan, see `gpu.statistics.outcome_events.events`."""
MAX_PLANS: Final = 64
"""Most plans of a contest. [unitless]"""
MAX_KEPT_OUTCOMES: Final = 10_000_000
"""Most outcomes of a column that are kept in memory. [unitless]"""
COUNTS: Final = "counts"
"""What arrays of a chunk begin with that hold its counts; its outcomes: `ROW`."""


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
    options: ScoreOptions = USUAL_OPTIONS,
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
    options : ScoreOptions
        Where finished chunks are kept, what if a device fails, who is told. [mixed]

    Returns
    -------
    ContestResult
        The same bits for the same draws and engine whatever the threads and the
        interruptions.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    BackendError
        If the engine does not work.
    ReportError
        If a chunk cannot be written.
    """
    _check(n_scenarios, seed, len(plans), keep_rows=keep_rows)
    draws = DrawRule(seed) if rule is None else rule
    names = tuple(plan.label for plan in plans) if labels is None else tuple(labels)
    watch = Watch(n_scenarios, progress)
    parts = (study, plans, None, draws)
    work = _work(parts, names, backend, watch, has_rows=keep_rows, options=options)
    total = Contest(
        names,
        events=EVENTS,
        is_weighted=draws.method == "importance",
        dependence=DEPENDENCE.get(draws.method, "rows"),
        counter=counter_of(work.engine.name),
    )
    rows = _room(len(plans), n_scenarios) if keep_rows else None
    watch.start()
    for span in chunk_ranges(n_scenarios):
        part, found = _chunk(work, total, study, draws, span, has_rows=keep_rows)
        total.merge(part)
        for name, values in (rows or {}).items():
            values[:, span.start : span.stop] = found[name]
    return replace(
        total.result(),
        rule=draws,
        backend="+".join(work.engines_used),
        backend_reason=work.engine.reason,
        elapsed_s=work.watch.elapsed_s(),
        scenarios_per_s=work.watch.rows_per_s(),
        rows=rows,
    )


def _work(
    parts: tuple[Study, Sequence[Plan], None, DrawRule],
    names: tuple[str, ...],
    backend: EngineName,
    watch: Watch,
    *,
    has_rows: bool,
    options: ScoreOptions,
) -> ChunkWork:
    """Return the engine at work, its store opened."""
    n_scenarios = watch.n_total
    engine = chosen_engine(
        lambda name: make_engine(
            name, *parts, n_rows=n_scenarios, say=options.say, has_sites=False
        ),
        backend,
        options,
    )
    if options.store is not None:
        identity = identity_of(
            *parts,
            n_scenarios=n_scenarios,
            engine=engine.name,
            has_rows=has_rows,
            is_streamed=True,
        )
        identity["names of plans"] = content_sha256(names)
        n_chunks = len(chunk_ranges(n_scenarios))
        open_store(options.store, identity, options, n_chunks=n_chunks)
    return ChunkWork(
        engine,
        watch,
        store=options.store,
        without_device=without_device(
            engine, options, lambda: make_host_engine(*parts, has_sites=False)
        ),
        say=options.say,
    )


def _chunk(
    work: ChunkWork,
    total: Contest,
    study: Study,
    rule: DrawRule,
    span: range,
    *,
    has_rows: bool,
) -> tuple[Contest, Rows]:
    """Return the contest of a chunk's scenarios, and their outcomes if wanted."""
    arrays = work.load(span)
    if arrays is not None:
        counts = Contest.from_arrays(part_of(arrays, f"{COUNTS}/"))
        return counts, part_of(arrays, f"{ROW}/")
    counts, rows = work.guarded(
        lambda: _scored(work, total, study, rule, span, has_rows=has_rows)
    )
    if work.store is not None:
        kept = {f"{COUNTS}/{name}": a for name, a in counts.to_arrays().items()}
        work.save(span, kept | {f"{ROW}/{name}": a for name, a in rows.items()})
    return counts, rows


def _scored(
    work: ChunkWork,
    total: Contest,
    study: Study,
    rule: DrawRule,
    span: range,
    *,
    has_rows: bool,
) -> tuple[Contest, Rows]:
    """Score a chunk's scenarios in threads and count them.

    Contests merge exactly, so each thread fills whichever is free: which block went
    into which changes no bit.
    """
    engine = work.engine
    free: list[Contest] = []
    step = BLOCK * engine.blocks_per_call

    def one(first: int) -> Rows:
        ids = np.arange(first, min(first + step, span.stop), dtype=np.int64)
        rows_of = sampled_rows(engine, ids)
        found = {name: np.stack([own[name] for own in rows_of]) for name in COLUMNS}
        try:
            part = free.pop()
        except IndexError:
            part = total.fresh()
        weight = weights_of(engine.name, study, rule, ids)
        part.take(first, found, weight, _flags(study, rows_of))
        free.append(part)
        return found

    pieces: list[Rows] = []
    firsts = range(span.start, span.stop, step)
    with closing(in_order(one, firsts, engine.n_workers)) as made:
        for found in made:
            work.watch.add(found[COLUMNS[0]].shape[1])
            if has_rows:
                pieces.append(found)
    counts = total.fresh()
    for part in free:
        counts.merge(part)
    names = COLUMNS if pieces else ()
    return counts, {n: np.concatenate([p[n] for p in pieces], axis=1) for n in names}


def _flags(study: Study, rows_of: Sequence[Rows]) -> dict[str, BoolArray]:
    """Return whether each event happens, by plan; what cannot happen does not."""
    limit_usd = study.company.emergency_equity_max_usd
    found = [events(own, limit_usd) for own in rows_of]
    never = np.zeros(len(rows_of[0]["npv_usd"]), dtype=np.bool_)
    return {name: np.stack([own.get(name, never) for own in found]) for name in EVENTS}


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
