# SPDX-License-Identifier: Apache-2.0
"""`wattplan drivers`: options, tables for the terminal, JSON.

What does not belong here: finding what drives a plan (`optimizer.drivers`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from optimizer.commands.options import JsonOption, RunArgument, SeedOption, command_line
from optimizer.console import (
    error_console,
    live_progress,
    output_console,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.sampling.sobol_indices import Estimate
    from optimizer.drivers_result import Drivers, DriverShare, FigureDrivers
    from optimizer.drivers_run import DrivenRun
    from optimizer.surfaces import SiteSurface

__all__ = ["drivers"]

MILLION = 1e6
SMALL_FRAC = 0.0005


def drivers(
    folder: RunArgument,
    *,
    scenarios: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Scenarios; each is scored once per driver and twice more.",
        ),
    ] = 16_384,
    seed: SeedOption = 1,
    backend: Annotated[
        Literal["auto", "numpy", "cpu", "cuda"],
        typer.Option(help="Where to compute; auto takes the best that works."),
    ] = "auto",
    json_output: JsonOption = False,
) -> None:
    """Say what drives a plan, and which line of business wins where."""
    from optimizer.drivers_run import drivers_run
    from optimizer.surfaces_turns import break_evens

    command = command_line("drivers", folder, "--scenarios", scenarios, "--seed", seed)
    if backend != "auto":
        command += f" --backend {backend}"
    with live_progress("Scoring") as live:
        found = drivers_run(
            folder,
            n_scenarios=scenarios,
            seed=seed,
            backend=backend,
            progress=lambda done, total, per_s: live.count(done, total, per_s=per_s),
            command=command,
        )
    if json_output:
        turns = [turn for one in found.surfaces for turn in break_evens(one)]
        print_json({"drivers": found.drivers, "break_evens": turns})
    else:
        _show(found)


def _show(found: DrivenRun) -> None:
    result = found.drivers
    for figure in result.figures:
        _show_figure(result, figure)
    _show_turns(found.surfaces)
    console = output_console()
    for text in (
        "Alone: the driver is drawn, everything else stays on the base path; 8 of 10 "
        f"such futures lie between P10 and P90 ({result.n_alone:,} each).",
        "First order: share of the variance the driver makes alone, which would go if "
        "it were known. Total: share that would be left if all others were known. "
        "Their difference is made with others.",
        *result.correlations,
        f"{result.n_scored:,} scenarios in {result.elapsed_s:,.1f} s on "
        f"{result.backend}.",
    ):
        console.print(text, markup=False)
    error_console().print(result.backend_reason, markup=False)


def _show_figure(result: Drivers, figure: FigureDrivers) -> None:
    """Print the drivers that move a figure, and name those that do not."""
    from optimizer.drivers_result import inside

    is_money = figure.unit == "USD"
    unit = "USD m" if is_money else "%"
    scale = MILLION if is_money else 0.01
    title = (
        f"What drives {inside(figure.name)}, {unit}: base path "
        f"{figure.base / scale:,.1f}, mean {figure.mean / scale:,.1f}, standard "
        f"deviation {figure.std / scale:,.1f}; {result.n_scenarios:,} scenarios, seed "
        f"{result.seed}"
    )
    moving = [share for share in figure.shares if share.total_frac.value > SMALL_FRAC]
    if moving:
        headings = ("P10", "P50", "P90") if is_money else ("in % of scenarios",)
        print_table(
            (
                "driver",
                "first order, %",
                "95 % interval",
                "total, %",
                "95 % interval",
                f"alone: {headings[0]}",
                *headings[1:],
            ),
            [
                (
                    share.name,
                    *_index(share.first_frac),
                    *_index(share.total_frac),
                    *_alone(share, scale, is_money=is_money),
                )
                for share in moving
            ],
            title=title,
        )
    console = output_console()
    if not moving:
        console.print(title, markup=False, style="bold")
    for text in _remarks(figure):
        console.print(f" {text}", markup=False)
    console.print()


def _remarks(figure: FigureDrivers) -> list[str]:
    """Return what is to be said below the table of a figure."""
    told = [f"{figure.note}."] if figure.note else []
    alone = figure.first_sum_frac.value
    if math.isfinite(alone):
        told.append(
            f"One by one the drivers make {100 * alone:.0f} % of the variance, several "
            "together the rest."
        )
        still = [s.name for s in figure.shares if s.total_frac.value <= SMALL_FRAC]
        if still:
            told.append(f"Below 0.1 %: {', '.join(still)}.")
    return told


def _show_turns(surfaces: Sequence[SiteSurface]) -> None:
    """Print how far each price alone must move until another line earns most."""
    from optimizer.report.formats import LINE_LABELS
    from optimizer.surfaces_turns import (
        AXIS_NAMES,
        axis_value,
        best_today,
        break_evens,
    )

    rows: list[tuple[object, ...]] = []
    for surface in surfaces:
        line, margin = best_today(surface)
        today = (surface.name, LINE_LABELS[line], margin)
        turns = break_evens(surface)
        if not turns:
            rows.append((*today, "nothing in range", None, None, None, None))
        for turn in turns:
            value, unit = axis_value(surface, turn.axis, turn.factor)
            rows.append(
                (
                    *today,
                    AXIS_NAMES[turn.axis],
                    f"{value:,.4g} {unit}" if value < 1e4 else f"{value:,.0f} {unit}",
                    f"x {turn.factor:.2f}",
                    _then(turn.kind, LINE_LABELS[turn.line]),
                    turn.margin_usd_per_mwh,
                )
            )
    if rows:
        headings = (
            "site",
            "best today",
            "USD/MWh over hurdle",
            "turns with",
            "at",
            "of today",
            "from there on",
            "USD/MWh there",
        )
        title = "Which line earns most per MW, and where that turns"
        print_table(headings, rows, title=title)


def _then(kind: str, line: str) -> str:
    """Return what happens beyond a break-even."""
    if kind == "fails":
        return "nothing clears hurdle"
    return f"{line} is best" if kind == "best" else f"{line} clears hurdle"


def _alone(
    share: DriverShare, scale: float, *, is_money: bool
) -> tuple[float | None, ...]:
    alone = share.alone
    shown = (alone.p10, alone.p50, alone.p90) if is_money else (alone.mean,)
    return tuple(value / scale for value in shown)


def _index(found: Estimate) -> tuple[float | None, str | None]:
    """Return an index and its interval, both in per cent."""
    if not math.isfinite(found.value):
        return None, None
    # Adding zero turns a rounded -0.0 into 0.0.
    low, high = (round(100.0 * end, 1) + 0.0 for end in (found.low, found.high))
    return round(100.0 * found.value, 1) + 0.0, f"{low:.1f} to {high:.1f}"
