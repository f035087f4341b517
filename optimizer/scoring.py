# SPDX-License-Identifier: Apache-2.0
"""Scores and stress of a finished run: its plan read, scored, and written beside it.

One function per use case, called alike by command line, notebook and batch jobs. What
does not belong here: scoring itself (`gpu.score`, `optimizer.stress`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gpu.liquidity import has_btc_loan
from gpu.score import DEFAULT_SCENARIOS, score
from models.business_as_usual import business_as_usual
from models.errors import DataError
from models.finance import IRR_STATUS
from optimizer.opening_range import (
    OPENING_SCENARIOS,
    assumed_loan_terms,
    opening_range,
)
from optimizer.policy_runs import score_run_policies, write_policy_scores
from optimizer.policy_tables import advice
from optimizer.risk_tables import monthly_columns, terms_note
from optimizer.runfolder import RunWriter, open_run
from optimizer.stress import stress
from sites.loader import load_bundle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpu.engines import EngineName
    from gpu.numpy_engine import Rows
    from gpu.score import ScoreResult
    from gpu.workers import Progress
    from models.plan import Plan
    from models.study import Study
    from optimizer.opening_range import OpeningRange
    from optimizer.policies import PolicyScore
    from optimizer.runreader import Run
    from optimizer.stress import StressResult
    from sites.stories import Story

__all__ = [
    "BASELINE_FILE",
    "RISK_FILE",
    "SUMMARY_FILE",
    "ScoredRun",
    "baseline_of",
    "score_run",
    "score_summary",
    "stress_run",
    "write_scores",
    "write_stress",
]

BASELINE_FILE = "baseline.json"
SUMMARY_FILE = "summary.json"
SCORES_FILE = "scores.parquet"
GRID_FILE = "grid.parquet"
STRESS_FILE = "stress.parquet"
RISK_FILE = "margin_risk.csv"


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """Scores of a run's plan, and what they rest on.

    Parameters
    ----------
    result : ScoreResult
        Scores.
    months : tuple of str
        Calendar months of the study.
    opening : OpeningRange or None
        Risks over the range of the opening state, where it has one.
    assumed_terms : tuple of str
        Terms of the loan on pledged BTC that are assumptions; empty where the plan
        has no such loan.
    policies : tuple of PolicyScore
        The plan, plans under other treasury policies, and business as usual; empty
        where the run compares none.
    policy_advice : tuple of str
        What their figures say to do, in sentences.
    """

    result: ScoreResult
    months: tuple[str, ...]
    opening: OpeningRange | None = None
    assumed_terms: tuple[str, ...] = ()
    policies: tuple[PolicyScore, ...] = ()
    policy_advice: tuple[str, ...] = ()


def score_run(
    folder: Path,
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    grid: str | None = None,
    backend: EngineName = "auto",
    progress: Progress | None = None,
    keep_rows: bool = True,
    command: str = "wattplan score",
) -> ScoredRun:
    """Score the plan of a run against business as usual and add the scores to it.

    Parameters
    ----------
    folder : Path
        Run folder.
    n_scenarios : int
        Sampled scenarios. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]
    grid : str or None
        Multipliers of the base path, see `gpu.grid.parse_grid`.
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    keep_rows : bool
        Keep and write every scenario's row.
    command : str
        Command line, for the passport.

    Returns
    -------
    ScoredRun
        As written to ``scores.parquet``, ``grid.parquet``, ``margin_risk.csv`` and,
        under the key ``score``, ``summary.json``.

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
    bundle, plan = load_bundle(run.file("study.toml")), run.plan()
    study, usual = bundle.study, baseline_of(run, bundle.study)
    result = score(
        study,
        plan,
        n_scenarios=n_scenarios,
        seed=seed,
        grid=grid,
        baseline=usual,
        backend=backend,
        progress=progress,
        keep_rows=keep_rows,
    )
    numbers, summary = bundle.provenance, _summary_of(run)
    draws = {"n_scenarios": n_scenarios, "seed": seed}
    policies = score_run_policies(run, study, summary, baseline=usual, **draws)
    scored = ScoredRun(
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
    )
    with RunWriter.extend(run.folder, command=command) as writer:
        write_policy_scores(writer, policies, scored.policy_advice, summary, **draws)
        write_scores(writer, scored, summary=summary)
    return scored


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
    bundle, plan = load_bundle(run.file("study.toml")), run.plan()
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
    writer: RunWriter, scored: ScoredRun, *, summary: dict[str, object]
) -> None:
    """Stage the tables of a score and its key in the summary.

    Parameters
    ----------
    writer : RunWriter
        Open writer of the run; its seed, scenarios and backend are set.
    scored : ScoredRun
        Scores.
    summary : dict of str to object
        What `summary.json` holds besides; it gains the key ``score``.
    """
    result = scored.result
    if result.columns is not None:
        ids = np.arange(result.n_scenarios, dtype=np.int64)
        columns = {"scenario_id": ids} | _readable(result.columns)
        writer.write_table(SCORES_FILE, columns)
    if result.grid is not None:
        writer.write_table(GRID_FILE, _readable(result.grid.columns))
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


def score_summary(scored: ScoredRun) -> dict[str, object]:
    """Return a score without its rows, as `summary.json` and ``--json`` show it."""
    result = scored.result
    shown: dict[str, object] = {
        "plan_label": result.plan_label,
        "baseline_label": result.baseline_label,
        "seed": result.seed,
        "n_scenarios": result.n_scenarios,
        "backend": result.backend,
        "backend_reason": result.backend_reason,
        "elapsed_s": result.elapsed_s,
        "scenarios_per_s": result.scenarios_per_s,
        "base": result.base,
        "probabilities": result.probabilities,
        "irr_status_frac": result.irr_status_frac,
        "columns": {name: asdict(column) for name, column in result.summary.items()},
    }
    if result.monthly:
        shown["months"] = list(scored.months)
        shown["monthly"] = {who: asdict(risk) for who, risk in result.monthly.items()}
        shown["loan_terms"] = {
            "are_assumptions": bool(scored.assumed_terms),
            "assumed": list(scored.assumed_terms),
            "note": terms_note(scored.assumed_terms),
        }
    if scored.opening is not None:
        shown["opening_range"] = asdict(scored.opening)
    if result.grid is not None:
        shown["grid"] = {
            "n_points": result.grid.grid.n_points,
            "axes": [asdict(axis) for axis in result.grid.grid.axes],
        }
    return shown


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


def _readable(rows: Rows) -> Rows:
    """Return rows with words for status codes."""
    columns = dict(rows)
    if "irr_status" in columns:
        columns["irr_status"] = np.array(IRR_STATUS)[columns["irr_status"]]
    return columns
