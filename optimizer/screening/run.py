# SPDX-License-Identifier: Apache-2.0
"""The screening run: make the projects, value each, judge, rank, re-optimise the best.

One function, called alike by command line, notebook and batch jobs. What does not
belong here: files and the terminal.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gpu.sampling.grid import parse_grid
from models.errors import ConfigError, Fault
from optimizer.screening.bench import PathTable, scored
from optimizer.screening.generation import START_MONTHS, Candidates, make_candidates
from optimizer.screening.horizon import MAX_MONTHS, MIN_MONTHS, at_horizon
from optimizer.screening.ranking import rank_key
from optimizer.screening.reoptimisation import reoptimise
from optimizer.screening.result import ScreenResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.sampling.grid import Grid
    from models.study import Study
    from optimizer.screening.ranking import RankBy

__all__ = ["DEFAULT_GRID", "DEFAULT_SCENARIOS", "MAX_SCENARIOS", "screen"]

DEFAULT_SCENARIOS: Final = 2000
MAX_SCENARIOS: Final = 100_000
"""Most scenarios; their paths are kept in memory."""
DEFAULT_GRID: Final = "btc_price=0.5:1.5:5, power_price=0.8:1.2:3, gpu_rent=0.5:1.5:3"


def screen(
    study: Study,
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
    grid: Grid | str | None = DEFAULT_GRID,
    start_months: tuple[int, ...] = START_MONTHS,
    rank_by: RankBy = "npv",
    reoptimise_top: int = 10,
    progress: Callable[[str, int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ScreenResult:
    """Return the candidate projects of a study, valued, scored, judged and ranked.

    Parameters
    ----------
    study : Study
        Study; its horizon is that of the plan, projects are valued over a longer one.
    n_scenarios : int
        Sampled scenarios, the same for every project, 1 to `MAX_SCENARIOS`. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]
    grid : Grid or str or None
        Multipliers of the base path, each combination of them.
    start_months : tuple of int
        Months from the start in which work may begin. [months]
    rank_by : {"npv", "index"}
        See `optimizer.screening.ranking`.
    reoptimise_top : int
        How many of the best, one of each family, are also valued by re-optimising the
        whole study with and without them; two solves each. [unitless]
    progress : callable, optional
        Called as ``progress(stage, done, total)``.
    should_stop : callable, optional
        Polled between projects and in solves; a true value leaves the rest out and
        says so.

    Returns
    -------
    ScreenResult
        The same for the same seed.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    """
    faults = _faults(n_scenarios, seed, start_months, reoptimise_top)
    points = _parsed(grid, faults)
    if faults:
        raise ConfigError(faults)
    marks = [time.perf_counter()]
    long_study, made = _candidates(study, start_months)
    marks.append(time.perf_counter())
    table = PathTable(long_study, points, n_scenarios, seed)
    found, impossible = scored(table, made, progress, should_stop)
    found.sort(key=lambda one: rank_key(one.verdict, one.base, rank_by, one.project.id))
    ranked = tuple(replace(one, rank=k) for k, one in enumerate(found, start=1))
    marks.append(time.perf_counter())
    result = ScreenResult(
        study_id=study.id,
        study_title=study.title,
        horizon_months=long_study.time.months,
        plan_months=study.time.months,
        seed=seed,
        n_scenarios=n_scenarios,
        grid=points,
        rank_by=rank_by,
        projects=ranked,
        left_out=(*made.left_out, *impossible),
        timings_s={"candidates": marks[1] - marks[0], "scores": marks[2] - marks[1]},
    )
    if not reoptimise_top or (should_stop is not None and should_stop()):
        return result
    return reoptimise(
        study, result, top=reoptimise_top, progress=progress, should_stop=should_stop
    )


def _candidates(
    study: Study, start_months: tuple[int, ...]
) -> tuple[Study, Candidates]:
    """Return the study over a horizon that sees every contract and machine end."""
    months = study.time.months
    longest = at_horizon(study, MAX_MONTHS)
    first = make_candidates(longest, plan_months=months, start_months=start_months)
    ends = [project.end + 1 for project in first.projects]
    horizon = min(max([MIN_MONTHS, months, *ends]), MAX_MONTHS)
    long_study = at_horizon(study, horizon)
    return long_study, make_candidates(
        long_study, plan_months=months, start_months=start_months
    )


def _parsed(grid: Grid | str | None, faults: list[Fault]) -> Grid | None:
    if not isinstance(grid, str):
        return grid
    try:
        return parse_grid(grid)
    except ConfigError as error:
        faults += error.faults
        return None


def _faults(
    n_scenarios: int, seed: int, start_months: tuple[int, ...], reoptimise_top: int
) -> list[Fault]:
    """Return what is wrong with the arguments."""
    found = []
    if not 1 <= n_scenarios <= MAX_SCENARIOS:
        found.append(
            Fault(
                "--scenarios",
                "",
                str(n_scenarios),
                f"must be from 1 to {MAX_SCENARIOS:,}.",
                "2,000 tell a share to within 2 points.",
            )
        )
    if not 0 <= seed < 2**64:
        found.append(
            Fault("--seed", "", str(seed), "must be from 0 to 2^64 - 1.", "Use 1.")
        )
    if not start_months or any(not 0 <= s < MIN_MONTHS for s in start_months):
        found.append(
            Fault(
                "--start",
                "",
                ", ".join(map(str, start_months)),
                f"must be months from 0 to {MIN_MONTHS - 1}.",
                "Use --start 0 --start 12.",
            )
        )
    if reoptimise_top < 0:
        found.append(
            Fault(
                "--reoptimise", "", str(reoptimise_top), "must be 0 or more.", "Use 10."
            )
        )
    return found
