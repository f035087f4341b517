# SPDX-License-Identifier: Apache-2.0
"""`wattplan report`: write the report or the workbook of a run again.

The report itself stands in `optimizer.report`, the workbook in `optimizer.workbook`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from optimizer.commands.options import JsonOption, RunArgument, command_line
from optimizer.console import live_progress, output_console, print_json

__all__ = ["report"]


def report(
    run: RunArgument,
    *,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="Write workbook.xlsx in its place.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Write report.html of a run again, or its workbook, from what its folder holds."""
    if xlsx:
        from optimizer.workbook import write_workbook

        with live_progress("Writing the workbook"):
            place = write_workbook(run, command=command_line("report", run, "--xlsx"))
    else:
        from optimizer.report import write_report

        with live_progress("Writing the report"):
            place = write_report(run, command=command_line("report", run))
    name = "workbook" if xlsx else "report"
    if json_output:
        print_json({name: place, "size_bytes": place.stat().st_size})
    else:
        output_console().print(f"{name.capitalize()}: {place}", markup=False)
