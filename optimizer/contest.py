# SPDX-License-Identifier: Apache-2.0
"""Plans of runs held against each other on the same futures, and written to a run.

One function per use case, called alike by command line, notebook and batch jobs. What
does not belong here: counting (`gpu.contests.contest`), which plans compete
(`optimizer.contest_plans`), words and tables (`optimizer.contest_words`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.contests.run import MAX_KEPT_OUTCOMES, contest
from gpu.sampling.rule import DrawRule
from gpu.scoring.chunks import chunk_ranges
from gpu.scoring.options import USUAL_OPTIONS, ScoreOptions
from models.errors import ConfigError, Fault, ReportError
from optimizer.contest_plans import contestants
from optimizer.contest_projects import project_contest
from optimizer.contest_words import contest_words, project_words
from optimizer.kept_chunks import kept_chunks
from optimizer.runfolder import RunWriter, open_run
from optimizer.runreader import PLAN_FILE
from sites.loader import load_study

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpu.contests.result import ContestResult
    from gpu.engines import EngineName
    from gpu.sampling.rule import SamplingMethod
    from gpu.scoring.workers import Progress
    from optimizer.contest_plans import Contestant
    from optimizer.runreader import Run

__all__ = [
    "CONTEST_FILE",
    "ROWS_FILE",
    "RunContest",
    "column_stems",
    "contest_run",
    "read_contest",
]

CONTEST_FILE: Final = "contest.json"
ROWS_FILE: Final = "contest.parquet"
CHUNKS_FOLDER: Final = "contest"


@dataclass(frozen=True, slots=True)
class RunContest:
    """A contest of runs.

    Parameters
    ----------
    plans : tuple of Contestant
        Who competed; empty where the run has no plan.
    result : ContestResult or None
        How they fared; None where the run has no plan.
    projects : ContestResult or None
        How screened projects of the first run fared; None without a screening.
    """

    plans: tuple[Contestant, ...]
    result: ContestResult | None
    projects: ContestResult | None

    def as_json(self) -> dict[str, Any]:
        """Return all of it but decisions and rows, as `CONTEST_FILE` has it [mixed]."""
        shown: dict[str, Any] = {
            "contestants": [
                {"name": one.name, "kind": one.kind, "also": list(one.also)}
                for one in self.plans
            ],
            "words": [],
        }
        if self.result is not None:
            shown |= self.result.as_json()
            shown["words"] = list(contest_words(self.plans, self.result))
        return shown | _projects_json(self.projects)


def contest_run(
    folders: Sequence[Path],
    *,
    has_naive: bool | None = None,
    n_scenarios: int = 100_000,
    seed: int = 1,
    sampling: SamplingMethod = "plain",
    backend: EngineName = "auto",
    keep_rows: bool = True,
    progress: Progress | None = None,
    options: ScoreOptions = USUAL_OPTIONS,
    command: str = "wattplan contest",
) -> RunContest:
    """Hold plans against each other and add the outcome to the first run.

    Parameters
    ----------
    folders : sequence of Path
        Run folders of one study, at least one; the first one's plan is what the
        others are held against.
    has_naive : bool or None
        Whether the first run's business as usual, run-off, naive plans and treasury
        policies compete; None: where there is no other run.
    n_scenarios : int
        Scenarios 0 to n - 1. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]
    sampling : {"plain", "antithetic", "sobol"}
        How draws come about, see `gpu.sampling.rule.DrawRule`.
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine, see `gpu.engines.make_engine`.
    keep_rows : bool
        Write outcome and regret of each plan in each scenario, where they fit.
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    options : ScoreOptions
        Resuming, devices that fail, who is told; chunks are kept in the first run's
        folder while the contest runs. [mixed]
    command : str
        Command line, for the passport.

    Returns
    -------
    RunContest
        As written to `CONTEST_FILE` and `ROWS_FILE`. A run of a screening alone has a
        contest of its projects only.

    Raises
    ------
    ConfigError
        If runs are not of one study, or a number is out of range.
    ReportError
        If there is no run, or it cannot be written.
    DataError
        If a run lacks its study or plan.
    """
    if not folders:
        msg = "there is no run to compare. Name at least one run folder."
        raise ConfigError([Fault("RUN", "", "", msg, "")])
    runs = _open_all(folders)
    first = runs[0]
    say = options.say or (lambda _: None)
    projects = project_contest(first)
    plans: tuple[Contestant, ...] = ()
    result, study = None, None
    if len(runs) > 1 or (first.folder / PLAN_FILE).is_file() or projects is None:
        study = load_study(first.file("study.toml"))
        wants = len(runs) == 1 if has_naive is None else has_naive
        plans = contestants(runs, study, has_naive=wants)
        fits = 0 < n_scenarios * len(plans) <= MAX_KEPT_OUTCOMES
        if keep_rows and n_scenarios > 0 and not fits:
            say(
                f"{n_scenarios:,} scenarios of {len(plans)} plans are more than "
                f"{MAX_KEPT_OUTCOMES:,} outcomes: {ROWS_FILE} is left out."
            )
        if len(plans) == 1:
            say(_alone(len(runs)))
        keep_rows = keep_rows and fits
    n_chunks = 0 if study is None else len(chunk_ranges(n_scenarios))
    with kept_chunks(
        first.folder / CHUNKS_FOLDER, n_chunks, options, command=command
    ) as (kept, _):
        if study is not None:
            result = contest(
                study,
                [one.plan for one in plans],
                labels=[one.name for one in plans],
                n_scenarios=n_scenarios,
                seed=seed,
                rule=None if sampling == "plain" else DrawRule(seed, method=sampling),
                backend=backend,
                progress=progress,
                keep_rows=keep_rows,
                options=kept,
            )
        found = RunContest(plans, result, projects)
        with RunWriter.extend(first.folder, command=command) as writer:
            _write(writer, found)
    return found


def _alone(n_runs: int) -> str:
    """Return why a plan has none to be held against, and what to do."""
    if n_runs > 1:
        return (
            f"One plan alone: the {n_runs} runs decide the same. Name another run, or "
            "add --naive."
        )
    return "One plan alone: name another run, or leave out --no-naive."


def _open_all(folders: Sequence[Path]) -> list[Run]:
    """Return the runs in folders, or say at once what is wrong with any of them."""
    runs, faults = [], []
    for folder in folders:
        try:
            runs.append(open_run(folder))
        except ReportError as error:
            faults.append(str(error))
    if faults:
        raise ReportError("\n".join(faults))
    return runs


def read_contest(run: Run) -> dict[str, Any]:
    """Return the contest that a run holds, its projects as last screened [mixed].

    Parameters
    ----------
    run : Run
        Run folder.

    Returns
    -------
    dict of str to object
        As `CONTEST_FILE` has it; nothing without a contest and a screening. [mixed]
    """
    kept: dict[str, Any] = {}
    if (run.folder / CONTEST_FILE).is_file():
        value = run.json(CONTEST_FILE)
        kept = dict(value) if isinstance(value, dict) else {}
    kept.pop("projects", None)
    return kept | _projects_json(project_contest(run))


def _projects_json(projects: ContestResult | None) -> dict[str, Any]:
    """Return a contest of projects under its key; nothing without one."""
    if projects is None:
        return {}
    return {"projects": projects.as_json() | {"words": list(project_words(projects))}}


def _write(writer: RunWriter, found: RunContest) -> None:
    """Stage the files of a contest."""
    writer.write_json(CONTEST_FILE, found.as_json())
    # Rows of an earlier contest would be of other scenarios.
    writer.remove(ROWS_FILE)
    result = found.result
    if result is None:
        return
    writer.timings_s["contest"] = result.elapsed_s
    if result.rows is None:
        return
    columns: dict[str, Any] = {
        "scenario_id": np.arange(result.n_scenarios, dtype=np.int64)
    }
    npv = result.rows["npv_usd"]
    regret = npv.max(axis=0) - npv
    for place, stem in enumerate(column_stems(result.labels)):
        columns[f"{stem}_npv_usd"] = npv[place]
        columns[f"{stem}_regret_usd"] = regret[place]
        columns[f"{stem}_min_cash_usd"] = result.rows["min_cash_usd"][place]
    writer.write_table(ROWS_FILE, columns)


def column_stems(names: Sequence[str]) -> list[str]:
    """Return the names of plans as starts of columns' names, all different.

    Parameters
    ----------
    names : sequence of str
        Names of the plans.
    """
    found: list[str] = []
    for name in names:
        letters = "".join(c if c.isalnum() else "_" for c in name.lower())
        plain = "_".join(part for part in letters.split("_") if part) or "plan"
        stem, again = plain, 2
        while stem in found:
            stem, again = f"{plain}_{again}", again + 1
        found.append(stem)
    return found
