# SPDX-License-Identifier: Apache-2.0
"""A screening into a run folder: its own, or that of a plan of the same study.

What does not belong here: screening itself, and options of the command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from optimizer.runfolder import RunFacts, RunWriter, check_target, open_run
from optimizer.runreader import PASSPORT_FILE
from optimizer.screening.generation import START_MONTHS
from optimizer.screening.run import DEFAULT_GRID, DEFAULT_SCENARIOS, screen
from sites import load_bundle, load_study, resolved_toml

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.sampling.grid import Grid
    from optimizer.screening.ranking import RankBy
    from optimizer.screening.result import ScreenResult

__all__ = ["screen_study", "write_screening"]

SAMPLED_PROJECTS: Final = 10
"""Best families whose sampled scenarios are written."""


def screen_study(
    study_path: str,
    *,
    out: Path | None = None,
    force: bool = False,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    grid: Grid | str | None = DEFAULT_GRID,
    start_months: tuple[int, ...] = START_MONTHS,
    rank_by: RankBy = "npv",
    reoptimise_top: int = 10,
    command: str = "optimizer.screening.files.screen_study",
    progress: Callable[[str, int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[Path, ScreenResult]:
    """Screen a study and write the run folder.

    Parameters
    ----------
    study_path : str
        Study file, name of a bundled study, or folder of a run: the screening is then
        of the run's study, and added to it.
    out : Path or None
        Folder of the run; a new one under ``runs`` by default. Not with a run.
    force : bool
        Replace an earlier run there.
    n_scenarios, seed : int
        Sampled scenarios and their seed. [unitless]
    grid : Grid or str or None
        Multipliers of the base path.
    start_months : tuple of int
        Months from the start in which work may begin. [months]
    rank_by : {"npv", "index"}
        See `optimizer.screening.ranking`.
    reoptimise_top : int
        How many of the best are also re-optimised. [unitless]
    command : str
        Command line, for the passport.
    progress, should_stop : callable or None
        See `optimizer.screening.run.screen`.

    Returns
    -------
    tuple of Path and ScreenResult
        Folder, and what stands in it.

    Raises
    ------
    ConfigError, ReportError
        As drawn in `models.errors`; nothing is written then.
    """

    def screened(name: str | Path) -> ScreenResult:
        return screen(
            load_study(name),
            n_scenarios=n_scenarios,
            seed=seed,
            grid=grid,
            start_months=start_months,
            rank_by=rank_by,
            reoptimise_top=reoptimise_top,
            progress=progress,
            should_stop=should_stop,
        )

    folder = Path(study_path)
    if (folder / PASSPORT_FILE).is_file():
        run = open_run(folder)
        result = screened(run.file("study.toml"))
        with RunWriter.extend(run.folder, command=command) as writer:
            write_screening(writer, result)
        return run.folder, result
    bundle = load_bundle(study_path)
    if out is not None:
        check_target(out, force=force)
    result = screened(study_path)
    facts = RunFacts(
        kind="screen",
        study_id=bundle.study.id,
        study_title=bundle.study.title,
        inputs=bundle.files,
        command=command,
        seed=seed,
        scenarios=n_scenarios,
    )
    with RunWriter(out, facts, force=force) as writer:
        writer.write_text("study.toml", resolved_toml(bundle))
        writer.kpis = _kpis(result)
        write_screening(writer, result)
    return writer.folder, result


def write_screening(writer: RunWriter, result: ScreenResult) -> None:
    """Stage the tables of a screening.

    Parameters
    ----------
    writer : RunWriter
        Open writer.
    result : ScreenResult
        Screening: ``screen.parquet``, ``screen.csv`` and ``screen.json`` hold one row
        per project, ``screen_grid.parquet`` one per project and grid point,
        ``screen_samples.parquet`` one per scenario of the best projects.
    """
    table = result.table()
    writer.write_table("screen.parquet", table)
    writer.write_csv("screen.csv", table)
    writer.write_json("screen.json", result.to_dict())
    if result.grid is not None:
        writer.write_table("screen_grid.parquet", result.grid_table())
    writer.write_table("screen_samples.parquet", _samples(result))
    for stage, seconds in result.timings_s.items():
        writer.timings_s[f"screen_{stage}"] = seconds
    writer.left_out += list(result.left_out)


def _samples(result: ScreenResult) -> dict[str, list[object]]:
    """Return NPV and IRR of the best projects by scenario, as columns."""
    best = result.best_of_family()[:SAMPLED_PROJECTS]
    columns: dict[str, list[object]] = {
        "project": [],
        "scenario_id": [],
        "npv_at_hurdle_usd": [],
        "irr_per_year": [],
        "equity_npv_at_hurdle_usd": [],
        "equity_irr_per_year": [],
        "dscr_min": [],
    }
    for one in best:
        columns["project"] += [one.project.id] * result.n_scenarios
        columns["scenario_id"] += np.arange(result.n_scenarios).tolist()
        columns["npv_at_hurdle_usd"] += one.sampled_npv_usd.tolist()
        columns["irr_per_year"] += one.sampled_irr_per_year.tolist()
        own = one.financed
        columns["equity_npv_at_hurdle_usd"] += own.sampled_npv_usd.tolist()
        columns["equity_irr_per_year"] += own.sampled_irr_per_year.tolist()
        columns["dscr_min"] += own.sampled_dscr_min.tolist()
    return columns


def _kpis(result: ScreenResult) -> dict[str, int | float | str | None]:
    """Return key figures of a screening for the passport."""
    kinds = [one.verdict.kind for one in result.projects]
    best = result.projects[0] if result.projects else None
    return {
        "n_projects": len(kinds),
        "n_pass": kinds.count("pass"),
        "n_only_if": kinds.count("only_if"),
        "n_fail": kinds.count("fail"),
        "best_project": None if best is None else best.project.id,
        "best_npv_at_hurdle_usd": None if best is None else best.base.npv_at_hurdle_usd,
    }
