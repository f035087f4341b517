# SPDX-License-Identifier: Apache-2.0
"""Scores and stress of a finished run: its plan read, scored, and written beside it.

One function per use case, called alike by command line, notebook and batch jobs. What
does not belong here: scoring itself (`gpu.scoring.score`, `optimizer.stress`).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from gpu.liquidity import has_btc_loan
from gpu.sampling.rule import MAX_SEED, DrawRule
from gpu.sampling.tilt import tilt_toward_shortfall
from gpu.scoring.chunks import chunk_ranges
from gpu.scoring.options import USUAL_OPTIONS, ScoreOptions
from gpu.scoring.score import DEFAULT_SCENARIOS, score
from models.business_as_usual import business_as_usual
from models.errors import DataError
from optimizer.distribution_files import write_distributions
from optimizer.irr_words import irr_notes
from optimizer.kept_chunks import kept_chunks
from optimizer.opening_range import (
    OPENING_SCENARIOS,
    assumed_loan_terms,
    opening_range,
)
from optimizer.policy_runs import score_run_policies, write_policy_scores
from optimizer.policy_tables import advice
from optimizer.risk_tables import monthly_columns, terms_note
from optimizer.runfolder import RunWriter, open_run
from optimizer.runreader import BASELINE_FILE, STUDY_FILE
from optimizer.score_files import (
    CHUNKS_FOLDER,
    check_room,
    readable,
    write_rows,
)
from optimizer.score_summary import ScoredRun, score_summary
from optimizer.stress import stress
from sites.loader import load_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpu.engines import EngineName
    from gpu.sampling.rule import SamplingMethod
    from gpu.scoring.score import ScoreResult
    from gpu.scoring.workers import Progress
    from models.plan import Plan
    from models.study import Study
    from optimizer.chunk_store import ChunkStore
    from optimizer.runreader import Run
    from optimizer.stress import StressResult
    from sites.loader import StudyBundle
    from sites.stories import Story

__all__ = [
    "RISK_FILE",
    "SUMMARY_FILE",
    "ScoredRun",
    "baseline_of",
    "draw_rule",
    "score_run",
    "score_summary",
    "stress_run",
    "write_scores",
    "write_stress",
]

SUMMARY_FILE = "summary.json"
GRID_FILE = "grid.parquet"
STRESS_FILE = "stress.parquet"
RISK_FILE = "margin_risk.csv"


def score_run(
    folder: Path,
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    sampling: SamplingMethod = "plain",
    grid: str | None = None,
    backend: EngineName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = True,
    options: ScoreOptions = USUAL_OPTIONS,
    command: str = "wattplan score",
) -> ScoredRun:
    """Score the plan of a run against business as usual and add the scores to it.

    Parameters
    ----------
    folder : Path
        Run folder.
    n_scenarios : int
        Sampled scenarios, at most where `options` ask for an accuracy. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]
    sampling : {"plain", "antithetic", "sobol", "importance"}
        How draws come about, see `gpu.sampling.rule.DrawRule`.
    grid : str or None
        Multipliers of the base path, see `gpu.sampling.grid.parse_grid`.
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    keep_rows : bool
        Write every scenario's row.
    options : ScoreOptions
        Accuracy, resuming, devices that fail; chunks are kept in the run folder while
        the scoring runs.
    command : str
        Command line, for the passport.

    Returns
    -------
    ScoredRun
        As written to ``scores.parquet``, or ``scores/part-*.parquet`` beyond five
        million rows, ``score_distributions.parquet``, ``grid.parquet``,
        ``margin_risk.csv`` and, under the key ``score``, ``summary.json``.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    ReportError
        If there is no run, or it cannot be written.
    DataError
        If the run lacks its study or plan.
    """
    run = open_run(folder)
    bundle, plan = load_bundle(run.file(STUDY_FILE)), run.plan()
    study, usual = bundle.study, baseline_of(run, bundle.study)
    place = check_room(
        run.folder, n_scenarios, has_rows=keep_rows, is_confirmed=options.is_confirmed
    )
    spans = chunk_ranges(n_scenarios)
    # A grid has at least one chunk more: the store is told how many.
    n_chunks = len(spans) + (grid is not None) if spans else 0
    with kept_chunks(
        run.folder / CHUNKS_FOLDER, n_chunks, options, command=command
    ) as (kept, store):
        result = score(
            study,
            plan,
            n_scenarios=n_scenarios,
            seed=seed,
            rule=draw_rule(study, plan, sampling, seed),
            grid=grid,
            baseline=usual,
            backend=backend,
            progress=progress,
            keep_rows=place.in_memory,
            options=replace(kept, rows_on_disk=place.on_disk),
        )
        scored = _with_company(run, bundle, plan, usual, result)
        with RunWriter.extend(run.folder, command=command) as writer:
            write_scores(writer, scored, summary=_summary_of(run), store=store)
    return scored


def draw_rule(
    study: Study, plan: Plan, sampling: SamplingMethod, seed: int
) -> DrawRule | None:
    """Return the rule of a way to sample; None for plain draws.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan whose shortfall of cash importance sampling looks for.
    sampling : {"plain", "antithetic", "sobol", "importance"}
        Way to sample.
    seed : int
        0 to 2^64 - 1; one out of range is left to `gpu.scoring.score.score`. [unitless]
    """
    if sampling == "plain" or not 0 <= seed <= MAX_SEED:
        return None
    if sampling == "importance":
        return tilt_toward_shortfall(study, plan, seed=seed)
    return DrawRule(seed, method=sampling)


def _with_company(
    run: Run, bundle: StudyBundle, plan: Plan, usual: Plan, result: ScoreResult
) -> ScoredRun:
    """Return scores with policies, opening range and loan terms beside them."""
    study, numbers, seed = bundle.study, bundle.provenance, result.seed
    n_scenarios = result.n_scenarios
    policies = score_run_policies(
        run,
        study,
        _summary_of(run),
        baseline=usual,
        n_scenarios=n_scenarios,
        seed=seed,
    )
    return ScoredRun(
        result,
        study.months,
        opening_range(
            study,
            plan,
            numbers,
            seed=seed,
            n_scenarios=min(n_scenarios, OPENING_SCENARIOS),
        ),
        assumed_loan_terms(numbers) if result.monthly else (),
        policies,
        advice(study, policies, seed=seed),
        irr_notes(study, result),
        {site.id: site.name for site in study.sites},
    )


def stress_run(
    folder: Path,
    *,
    stories: Sequence[Story] | None = None,
    command: str = "wattplan stress",
) -> StressResult:
    """Put the plan of a run through named stories and add the result to it.

    Parameters
    ----------
    folder : Path
        Run folder.
    stories : sequence of Story or None
        Stories; None for those that come with the package.
    command : str
        Command line, for the passport.

    Returns
    -------
    StressResult
        As written to ``stress.parquet`` and, under the key ``stress``,
        ``summary.json``.

    Raises
    ------
    ReportError
        If there is no run, or it cannot be written.
    DataError
        If the run lacks its study or plan.
    """
    run = open_run(folder)
    bundle, plan = load_bundle(run.file(STUDY_FILE)), run.plan()
    study = bundle.study
    result = stress(study, plan, baseline=baseline_of(run, study), stories=stories)
    if has_btc_loan(study, plan):
        note = terms_note(assumed_loan_terms(bundle.provenance))
        result = replace(result, loan_terms_note=note)
    with RunWriter.extend(run.folder, command=command) as writer:
        write_stress(writer, result, summary=_summary_of(run))
    return result


def baseline_of(run: Run, study: Study) -> Plan:
    """Return the run's own baseline plan, else business as usual of its study."""
    if (run.folder / BASELINE_FILE).is_file():
        return run.plan(BASELINE_FILE)
    return business_as_usual(study)


def write_scores(
    writer: RunWriter,
    scored: ScoredRun,
    *,
    summary: dict[str, object],
    store: ChunkStore | None = None,
) -> None:
    """Stage the tables of a score and its key in the summary.

    Parameters
    ----------
    writer : RunWriter
        Open writer of the run; its seed, scenarios and backend are set.
    scored : ScoredRun
        Scores.
    summary : dict of str to object
        What `summary.json` holds besides; it gains the key ``score``, and
        ``policies`` the scores of those.
    store : ChunkStore or None
        Finished chunks, see `optimizer.score_files.write_rows`.
    """
    result = scored.result
    n_scenarios, seed = result.n_scenarios, result.seed
    write_policy_scores(
        writer,
        scored.policies,
        scored.policy_advice,
        summary,
        n_scenarios=n_scenarios,
        seed=seed,
    )
    write_rows(writer, result, store)
    write_distributions(writer, result)
    if result.grid is not None:
        writer.write_table(GRID_FILE, readable(result.grid.columns))
    if result.monthly:
        writer.write_csv(RISK_FILE, monthly_columns(scored.months, result.monthly))
    summary["score"] = score_summary(scored)
    writer.write_json(SUMMARY_FILE, summary)
    writer.seed, writer.scenarios = result.seed, result.n_scenarios
    writer.backend = result.backend
    writer.timings_s["score"] = result.elapsed_s


def write_stress(
    writer: RunWriter, result: StressResult, *, summary: dict[str, object]
) -> None:
    """Stage the table of a stress and its key in the summary.

    Parameters
    ----------
    writer : RunWriter
        Open writer of the run.
    result : StressResult
        Figures by story.
    summary : dict of str to object
        What `summary.json` holds besides; it gains the key ``stress``.
    """
    rows = [asdict(row) for row in (result.base, *result.stories)]
    for row in rows:
        row["missing_sites"] = ", ".join(row["missing_sites"])
    writer.write_table(STRESS_FILE, {name: [r[name] for r in rows] for name in rows[0]})
    summary["stress"] = asdict(result)
    writer.write_json(SUMMARY_FILE, summary)


def _summary_of(run: Run) -> dict[str, object]:
    """Return what the run's summary holds so far."""
    if not (run.folder / SUMMARY_FILE).is_file():
        return {}
    value = run.json(SUMMARY_FILE)
    if not isinstance(value, dict):
        place = run.folder / SUMMARY_FILE
        msg = f"{place}: must hold a JSON object. Make the run again."
        raise DataError(msg)
    return dict(value)
