# SPDX-License-Identifier: Apache-2.0
"""`wattplan doctor`: whether this installation is fit to plan.

The checks stand in `optimizer.doctor`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optimizer.commands.options import JsonOption
from optimizer.console import print_json, print_table

__all__ = ["doctor"]


def doctor(
    *,
    folder: Annotated[
        Path, typer.Option("--folder", help="Folder in which runs will be written.")
    ] = Path("runs"),
    json_output: JsonOption = False,
) -> None:
    """Check this installation; exit 1 when a check fails."""
    from optimizer.doctor import examine

    findings = examine(folder)
    is_fit = all(finding.is_good for finding in findings)
    if json_output:
        print_json({"is_fit": is_fit, "checks": findings})
    else:
        print_table(
            ("check", "good", "finding"),
            [(f.name, f.is_good, f.text) for f in findings],
        )
    if not is_fit:
        raise typer.Exit(1)
