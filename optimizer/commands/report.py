# SPDX-License-Identifier: Apache-2.0
"""`wattplan report`: write the report of a run again.

The report itself stands in `optimizer.report`.
"""

from __future__ import annotations

from optimizer.commands.options import JsonOption, RunArgument
from optimizer.console import live_progress, output_console, print_json

__all__ = ["report"]


def report(run: RunArgument, *, json_output: JsonOption = False) -> None:
    """Write report.html of a run again, from what its folder holds now."""
    from optimizer.report import write_report

    with live_progress("Writing the report"):
        place = write_report(run, command=f"wattplan report {run}")
    if json_output:
        print_json({"report": place, "size_bytes": place.stat().st_size})
    else:
        output_console().print(f"Report: {place}", markup=False)
