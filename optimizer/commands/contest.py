# SPDX-License-Identifier: Apache-2.0
"""`wattplan contest`: options, tables for the terminal, JSON.

What does not belong here: the contest (`optimizer.contest`), what its tables say
(`optimizer.contest_tables`,
`optimizer.contest_words`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from optimizer.commands.options import (
    DeviceLossOption,
    FreshOption,
    JsonOption,
    ResumeOption,
    SeedOption,
    command_line,
    option_words,
    resume_choice,
    told_of_changes,
)
from optimizer.console import (
    error_console,
    live_progress,
    output_console,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.contests.result import ContestResult
    from optimizer.contest import RunContest

__all__ = ["contest", "show_projects"]

_MATRIX_PLANS: Final = 12
"""More plans make the table of pairs too wide for a terminal. [unitless]"""
_TOP_PROJECTS: Final = 12


def contest(
    context: typer.Context,
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Folders of runs of one study.",
            callback=told_of_changes,
        ),
    ],
    *,
    naive: Annotated[
        bool | None,
        typer.Option(
            "--naive/--no-naive",
            help="Also the first run's business as usual, run-off, naive plans and "
            "treasury policies. Default: where only one run is named.",
        ),
    ] = None,
    scenarios: Annotated[
        int, typer.Option(metavar="N", help="Sampled market scenarios.")
    ] = 100_000,
    seed: SeedOption = 1,
    sampling: Annotated[
        Literal["plain", "antithetic", "sobol"],
        typer.Option(help="How draws come about: mirrored pairs, Sobol points."),
    ] = "plain",
    backend: Annotated[
        Literal["auto", "numpy", "cpu", "cuda"],
        typer.Option(help="Where to compute; auto takes the best that works."),
    ] = "auto",
    rows: Annotated[
        bool,
        typer.Option(
            "--rows/--no-rows", help="Write each plan's outcome in every scenario."
        ),
    ] = True,
    resume: ResumeOption = False,
    fresh: FreshOption = False,
    on_device_loss: DeviceLossOption = "cpu",
    json_output: JsonOption = False,
) -> None:
    """Hold plans against each other on the same scenarios: who wins, at what regret."""
    from gpu.scoring.options import ScoreOptions
    from optimizer.contest import contest_run

    with live_progress("Comparing") as live:
        found = contest_run(
            folders,
            has_naive=naive,
            n_scenarios=scenarios,
            seed=seed,
            sampling=sampling,
            backend=backend,
            keep_rows=rows,
            progress=lambda done, total, per_s: live.count(done, total, per_s=per_s),
            options=ScoreOptions(
                resume=resume_choice(resume, fresh),
                on_device_loss=on_device_loss,
                say=lambda text: error_console().print(
                    text, markup=False, soft_wrap=True
                ),
            ),
            command=_command(context, folders),
        )
    if json_output:
        print_json({"contest": found.as_json()})
    else:
        _show(found)


def _command(context: typer.Context, folders: Sequence[Path]) -> str:
    """Return the command, for a shell, that compares alike and asks nothing again."""
    given = context.params
    words: list[object] = ["contest", *folders]
    if given["naive"] is not None:
        words.append("--naive" if given["naive"] else "--no-naive")
    usual = {"sampling": "plain", "backend": "auto", "on_device_loss": "cpu"}
    words += option_words(given, ("scenarios", "seed"), usual)
    if not given["rows"]:
        words.append("--no-rows")
    return command_line(*words)


def _show(found: RunContest) -> None:
    if found.result is not None:
        _show_plans(found, found.result)
    if found.projects is not None:
        show_projects(found.projects)


def _show_plans(found: RunContest, result: ContestResult) -> None:
    from optimizer.contest_tables import (
        CASH_HEADINGS,
        PLAN_HEADINGS,
        VERSUS_HEADINGS,
        beats_rows,
        cash_rows,
        plan_rows,
        versus_rows,
    )
    from optimizer.contest_words import contest_words

    seed = "" if result.rule is None else f", seed {result.rule.seed}"
    print_table(
        PLAN_HEADINGS,
        plan_rows(result),
        title=f"Plans in the same {result.n_scenarios:,} scenarios{seed}; USD m",
    )
    versus = versus_rows(result)
    if versus:
        title = f"NPV of {result.labels[0]} less that of each other, USD m, 95%"
        print_table(VERSUS_HEADINGS, versus, title=title)
    if 2 < len(result.labels) <= _MATRIX_PLANS:
        numbers = [str(k) for k in range(1, len(result.labels) + 1)]
        rows = beats_rows(result.columns["npv_usd"])
        print_table(("has the higher NPV than", *numbers), rows, title="% of scenarios")
    print_table(CASH_HEADINGS, cash_rows(result), title="Least month-end cash, USD m")
    console = output_console()
    for words in contest_words(found.plans, result):
        console.print(words, markup=False)
    console.print(
        f"{result.scenarios_per_s:,.0f} scenarios/s x {len(result.labels)} plans in "
        f"{result.elapsed_s:,.1f} s on {result.backend}.",
        markup=False,
    )
    error_console().print(result.backend_reason, markup=False)


def show_projects(result: ContestResult) -> None:
    """Print which screened projects win, and what the figures say.

    Parameters
    ----------
    result : ContestResult
        Contest of projects.
    """
    from optimizer.contest_tables import PROJECT_HEADINGS, project_rows
    from optimizer.contest_words import project_words

    print_table(
        PROJECT_HEADINGS,
        project_rows(result, _TOP_PROJECTS),
        title=f"Screened projects in the same {result.n_scenarios:,} scenarios; NPV at "
        "the hurdle over business as usual, USD m",
    )
    for words in project_words(result):
        output_console().print(words, markup=False)
