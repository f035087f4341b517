# SPDX-License-Identifier: Apache-2.0
"""`wattplan stress`: options, a table of stories for the terminal, JSON.

What does not belong here: stories (`sites.stories`) and stressing (`optimizer.stress`).
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.commands.options import JsonOption, RunArgument, command_line
from optimizer.console import output_console, print_json, print_table

if TYPE_CHECKING:
    from optimizer.stress import StressResult

__all__ = ["stress"]

MILLION = 1e6


def stress(
    folder: RunArgument,
    *,
    story: Annotated[
        list[str] | None,
        typer.Option("--story", metavar="NAME", help="Only this story; repeatable."),
    ] = None,
    stories_file: Annotated[
        Path | None,
        typer.Option(
            "--stories", metavar="FILE", help="TOML file of your own [[stories]]."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Run a plan over named stories, such as a price crash."""
    from optimizer.scoring import stress_run
    from optimizer.stress import chosen_stories
    from sites.stories import bundled_stories, load_stories

    known = bundled_stories() if stories_file is None else load_stories(stories_file)[0]
    command = command_line("stress", folder)
    if stories_file is not None:
        command += f" --stories {quote(str(stories_file))}"
    for name in story or []:
        command += f" --story {quote(name)}"
    result = stress_run(
        folder, stories=chosen_stories(story or [], known), command=command
    )
    if json_output:
        print_json({"stress": result})
    else:
        _show(result)


def _show(result: StressResult) -> None:
    print_table(
        (
            "story",
            "NPV, USD m",
            "against base, USD m",
            "over baseline, USD m",
            "minimum cash, USD m",
            "equity needed, USD m",
            "first in",
            "BTC mined",
        ),
        [
            (
                row.name,
                row.npv_usd / MILLION,
                row.delta_npv_usd / MILLION,
                row.incremental_npv_usd / MILLION,
                row.min_cash_usd / MILLION,
                row.equity_usd / MILLION,
                row.first_equity_month or None,
                row.mined_btc,
            )
            for row in (result.base, *result.stories)
        ],
        title=f"{result.plan_label} in {len(result.stories)} stories",
    )
    called = [
        (row.name, row.first_call_month, row.forced_sale_usd / MILLION)
        for row in result.stories
        if row.first_call_month
    ]
    if called:
        print_table(("story", "loan called in", "forced sale, USD m"), called)
    console = output_console()
    for row in result.stories:
        if row.missing_sites:
            sites = ", ".join(row.missing_sites)
            console.print(f"{row.name}: the study has no {sites}.", markup=False)
    if result.loan_terms_note:
        console.print(result.loan_terms_note, markup=False)
