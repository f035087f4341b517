# SPDX-License-Identifier: Apache-2.0
"""`wattplan screen`: options, the ranked table, JSON.

What does not belong here: screening (`optimizer.screening`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from optimizer.commands.options import (
    ForceOption,
    JsonOption,
    OutOption,
    SeedOption,
    command_line,
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
    from pathlib import Path

    from optimizer.screening import ProjectResult, ScreenResult
    from optimizer.screening.scores import BaseScore

__all__ = ["screen"]

MILLION = 1e6

_LEGEND = (
    "NPV m: at the hurdle rate, USD m. P IRR, P NPV: % of scenarios whose IRR is not "
    "under the hurdle, whose NPV at it is not negative. No IRR: % without one. Back: "
    "months from the first payment until the money is back. Paid m: builds, machines, "
    "deposits, USD m. End %: share of NPV from what is left at the horizon."
)

_LOAN_LEGEND = (
    "Loans m: drawn on machine, GPU and project debt, USD m. Equity: after draws, debt "
    "service and the tax that interest saves the company. P IRR: % of the first 500 "
    "scenarios whose equity IRR is not under the hurdle. DSCR: cash that the project "
    "adds over the service of its loans, per year of repayment; asked: the covenant; P "
    "under: % of scenarios under it. Verdict and rank are before loans: loans "
    "are the company's, and no project has all of them to itself."
)


def screen(
    study: Annotated[
        str,
        typer.Argument(
            metavar="[STUDY]",
            help="Study file, name of a bundled study (base, long or teaching), or "
            "folder of a run: the screening is then added to it.",
        ),
    ] = "base",
    *,
    out: OutOption = None,
    force: ForceOption = False,
    scenarios: Annotated[
        int,
        typer.Option(metavar="N", help="Sampled scenarios, the same for all projects."),
    ] = 2000,
    seed: SeedOption = 1,
    grid: Annotated[
        str | None,
        typer.Option(
            metavar="AXES",
            help="Multipliers of the base path: name=low:high:count, commas between. "
            "Default: BTC price and GPU rent 50 to 150 %, power price 80 to 120 %.",
        ),
    ] = None,
    start: Annotated[
        list[int] | None,
        typer.Option(
            metavar="MONTHS",
            help="Months from the start in which work may begin, once per value. "
            "Default: 0, 6, 12 and 24.",
        ),
    ] = None,
    rank_by: Annotated[
        Literal["npv", "index"],
        typer.Option(
            help="Order of projects that pass: NPV at the hurdle, or that per USD "
            "invested."
        ),
    ] = "npv",
    reoptimise: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Best projects also valued by solving the whole study with and "
            "without each; 0 for none (minutes less).",
        ),
    ] = 10,
    top: Annotated[
        int, typer.Option(metavar="N", min=1, help="Rows shown in the terminal.")
    ] = 25,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Show every size and start month, not the best of each kind."
        ),
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Value and rank candidate projects: IRR, NPV at the hurdle, break-evens."""
    from optimizer.interrupts import stop_on_interrupt
    from optimizer.screening.files import screen_study
    from optimizer.screening.generation import START_MONTHS
    from optimizer.screening.run import DEFAULT_GRID

    command = command_line("screen", study, "--scenarios", scenarios, "--seed", seed)
    with stop_on_interrupt() as should_stop, live_progress("Screening") as live:
        folder, result = screen_study(
            study,
            out=out,
            force=force,
            n_scenarios=scenarios,
            seed=seed,
            grid=grid or DEFAULT_GRID,
            start_months=tuple(start or START_MONTHS),
            rank_by=rank_by,
            reoptimise_top=reoptimise,
            command=command,
            progress=lambda stage, done, total: live.count(done, total, unit=stage),
            should_stop=should_stop,
        )
    _write_report(folder)
    if json_output:
        print_json({"folder": folder, "screen": result.to_dict()})
        return
    _show(result, top=top, every=every)
    _show_contest(folder)
    output_console().print(f"All projects: {folder / 'screen.csv'}", markup=False)
    output_console().print(f"Report: {folder / 'report.html'}", markup=False)


def _show_contest(folder: Path) -> None:
    """Print which project wins in the same scenarios."""
    from optimizer.commands.contest import show_projects
    from optimizer.contest_projects import project_contest
    from optimizer.runreader import open_run

    found = project_contest(open_run(folder))
    if found is not None:
        show_projects(found)


def _write_report(folder: Path) -> None:
    """Write the report of a run, again where it has one, now with its screening."""
    from optimizer.report import write_report

    with live_progress("Writing the report"):
        write_report(folder)


def _show(result: ScreenResult, *, top: int, every: bool) -> None:
    """Print the ranking and what a reader should know beside it."""
    chosen = result.projects if every else result.best_of_family()
    shown = chosen[:top]
    print_table(
        [
            "#",
            "Project",
            "MW",
            "Verdict",
            "NPV m",
            "IRR %",
            "Hurdle",
            "P IRR",
            "P NPV",
            "No IRR",
            "Back",
            "Paid m",
            "End %",
        ],
        [_row(one) for one in shown],
        title=f"Projects on top of business as usual, {result.horizon_months} months, "
        f"{result.n_scenarios:,} scenarios",
    )
    output_console().print(_LEGEND, markup=False)
    _show_financed(shown)
    _show_reoptimised(result)
    kinds = [one.verdict.kind for one in result.projects]
    console = output_console()
    console.print(
        f"{len(kinds)} projects: {kinds.count('pass')} pass, "
        f"{kinds.count('only_if')} only if one price is kinder, "
        f"{kinds.count('fail')} fail; {len(chosen)} kinds, {len(shown)} shown.",
        markup=False,
    )
    for one in shown:
        for flag in one.flags:
            console.print(f"#{one.rank}: {flag}", style="yellow", markup=False)
    for note in result.left_out:
        error_console().print(f"Left out: {note}", markup=False)


def _row(one: ProjectResult) -> tuple[object, ...]:
    base = one.base
    return (
        one.rank,
        one.project.id,
        one.project.mw,
        one.verdict.text,
        base.npv_at_hurdle_usd / MILLION,
        _percent(base.irr_per_year),
        _percent(one.hurdle_rate_per_year),
        _percent(one.sample.irr_at_hurdle_frac),
        _percent(one.sample.npv_positive_frac),
        _percent(one.sample.no_irr_frac),
        base.payback_months,
        base.invested_usd / MILLION,
        _percent(base.terminal_share_frac),
    )


def _show_financed(shown: Sequence[ProjectResult]) -> None:
    """Print what loans make of the projects that they finance."""
    rows = [_financed_row(one) for one in shown if one.financed.loan_usd > 0.0]
    if not rows:
        return
    print_table(
        [
            "#",
            "Project",
            "Loans m",
            "% of paid",
            "IRR %",
            "Equity IRR %",
            "Hurdle",
            "Equity NPV m",
            "P IRR",
            "DSCR min",
            "mean",
            "asked",
            "P under",
            "P under 1",
        ],
        rows,
        title="With the loans open to each, as if no other project drew on them",
    )
    output_console().print(_LOAN_LEGEND, markup=False)


def _financed_row(one: ProjectResult) -> tuple[object, ...]:
    own = one.financed
    return (
        one.rank,
        one.project.id,
        own.loan_usd / MILLION,
        _percent(own.loan_share_frac),
        _rate(one.base),
        _rate(own.base),
        _percent(one.hurdle_rate_per_year),
        own.base.npv_at_hurdle_usd / MILLION,
        _percent(own.sample.irr_at_hurdle_frac),
        own.dscr_min,
        own.dscr_average,
        own.dscr_covenant,
        _percent(own.dscr_under_covenant_frac),
        _percent(own.dscr_under_one_frac),
    )


def _rate(score: BaseScore) -> object:
    """Return an IRR in per cent, or in a word why there is none."""
    if math.isfinite(score.irr_per_year):
        return _percent(score.irr_per_year)
    return score.irr_status.replace("_", " ")


def _percent(share: float) -> float:
    return round(100.0 * share, 1) if math.isfinite(share) else share


def _show_reoptimised(result: ScreenResult) -> None:
    rows = [
        (
            one.rank,
            one.project.id,
            again.value_usd / MILLION,
            again.uncertainty_usd / MILLION,
            again.is_chosen,
            again.status,
        )
        for one in result.projects
        if (again := one.reoptimised) is not None
    ]
    if rows:
        print_table(
            ["#", "Project", "NPV USD m", "+/- USD m", "in the best plan", "Solved"],
            rows,
            title="Value in the best plan: with less without, at the company's "
            f"discount rate, {result.plan_months} months",
        )
