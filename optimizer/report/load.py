# SPDX-License-Identifier: Apache-2.0
"""A run folder read back for the report; plans are valued again by the engine.

What does not belong here: writing the report (`optimizer.report.render`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.business_as_usual import business_as_usual
from optimizer.cash import CASH_FILE
from optimizer.contest import read_contest
from optimizer.distribution_files import read_distributions, read_joints
from optimizer.drivers_files import read_drivers, read_surfaces
from optimizer.explain.runs import read_explanation
from optimizer.planning import PlanResult, evaluate_plan
from optimizer.policy_runs import POLICIES_KEY
from optimizer.report.data import ReportData, RunInfo, ScreenedData
from optimizer.report.scores import Scores
from optimizer.runreader import open_run
from sites import load_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from models.study import Study
    from optimizer.runreader import Run

__all__ = ["load_report_data", "load_screened_data"]


def load_report_data(folder: Path) -> ReportData:
    """Return everything that a run folder holds for the report.

    Parameters
    ----------
    folder : Path
        Run folder with at least ``study.toml`` and ``plan.json``.

    Returns
    -------
    ReportData
        Scores, stress, screening and explanation where the folder has them.

    Raises
    ------
    ReportError
        If there is no run.
    DataError
        If a file is missing or damaged.
    ConfigError
        If the study in it does not load.
    """
    run = open_run(folder)
    bundle = load_bundle(run.file("study.toml"))
    study = bundle.study
    has_baseline = (run.folder / "baseline.json").is_file()
    usual = run.plan("baseline.json") if has_baseline else business_as_usual(study)
    summary = _mapping(run, "summary.json")
    return ReportData(
        study=study,
        plan=_plan(run, study, summary),
        baseline=evaluate_plan(study, usual),
        others=_others(run, study),
        provenance=bundle.provenance,
        warnings=bundle.warnings,
        scores=_scores(run, summary),
        stress=_stories(summary.get("stress")),
        screen=_screen(run),
        explain=read_explanation(run),
        cash=_mapping(run, CASH_FILE),
        policies=_part(summary, POLICIES_KEY),
        contest=read_contest(run),
        drivers=read_drivers(run),
        surfaces=read_surfaces(run, study),
        run=_info(run),
    )


def load_screened_data(folder: Path) -> ScreenedData:
    """Return what a run folder without a plan holds for the report.

    Parameters
    ----------
    folder : Path
        Run folder of `wattplan screen`, with ``study.toml`` and ``screen.parquet``.

    Returns
    -------
    ScreenedData
        Study and screening.

    Raises
    ------
    ReportError
        If there is no run.
    DataError
        If a file is missing or damaged.
    ConfigError
        If the study in it does not load.
    """
    run = open_run(folder)
    bundle = load_bundle(run.file("study.toml"))
    return ScreenedData(
        study=bundle.study,
        provenance=bundle.provenance,
        warnings=bundle.warnings,
        screen=_screen(run),
        contest=read_contest(run),
        run=_info(run),
    )


def _plan(run: Run, study: Study, summary: dict[str, Any]) -> PlanResult:
    """Return the plan valued again, with what its solver said."""
    valued = evaluate_plan(study, run.plan())
    facts = run.passport.solver
    said = summary.get("solver")
    size = said if isinstance(said, dict) else {}
    return PlanResult(
        plan=valued.plan,
        ledger=valued.ledger,
        npv_usd=valued.npv_usd,
        status=valued.status if facts is None else facts.status,
        bound_usd=_number(None if facts is None else facts.bound_usd),
        gap_frac=_number(None if facts is None else facts.gap_frac),
        root_bound_usd=_number(size.get("root_bound_usd")),
        n_rows=int(size.get("rows") or 0),
        n_columns=int(size.get("columns") or 0),
        n_integers=int(size.get("integers") or 0),
        checks=valued.checks,
    )


def _others(run: Run, study: Study) -> dict[str, PlanResult]:
    folder = run.folder / "others"
    names = sorted(path.name for path in folder.glob("*.json"))
    return {
        name.removesuffix(".json"): evaluate_plan(study, run.plan(f"others/{name}"))
        for name in names
    }


def _scores(run: Run, summary: dict[str, Any]) -> Scores | None:
    record = _part(summary, "score")
    if not record:
        return None
    return Scores(record, read_distributions(run), read_joints(run))


def _stories(value: object) -> list[dict[str, Any]]:
    """Return the base path and the stories as records."""
    if not isinstance(value, dict) or not isinstance(value.get("base"), dict):
        return []
    stories = value.get("stories")
    rows = [value["base"], *(stories if isinstance(stories, list) else [])]
    return [row for row in rows if isinstance(row, dict)]


def _screen(run: Run) -> list[dict[str, Any]]:
    """Return screened projects as records, best first."""
    if not (run.folder / "screen.parquet").is_file():
        return []
    columns = {name: col.tolist() for name, col in run.table("screen.parquet").items()}
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]


def _info(run: Run) -> RunInfo:
    passport = run.passport
    return RunInfo(
        run_id=passport.run_id,
        created_utc=passport.created_utc,
        commands=passport.commands,
        versions=passport.versions,
        seed=passport.seed,
        timings_s=passport.timings_s,
        checks=passport.checks,
        solver=passport.solver,
        kpis=passport.kpis,
        left_out=passport.left_out,
        inputs_sha256=passport.inputs_sha256,
        backend=passport.backend,
        device=passport.device,
    )


def _mapping(run: Run, name: str) -> dict[str, Any]:
    if not (run.folder / name).is_file():
        return {}
    value = run.json(name)
    return value if isinstance(value, dict) else {}


def _part(summary: dict[str, Any], key: str) -> dict[str, Any]:
    value = summary.get(key)
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
