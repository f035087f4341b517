# SPDX-License-Identifier: Apache-2.0
"""`wattplan init`: a bundled study as files to work on.

Which files those are is known to `sites`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import ReportError
from optimizer.commands.options import JsonOption
from optimizer.console import output_console, print_json

__all__ = ["init"]


def init(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Bundled study: base, long, treasury or teaching."
        ),
    ] = "base",
    *,
    folder: Annotated[
        Path, typer.Option("--folder", help="Folder to write into; made if missing.")
    ] = Path(),
    json_output: JsonOption = False,
) -> None:
    """Write a runnable study; files that are there already are never replaced."""
    from sites import copy_study

    try:
        written = copy_study(name, folder)
    except OSError as error:
        msg = f"{error.filename}: cannot be written ({error.strerror})."
        raise ReportError(msg) from error
    study = folder / "study.toml"
    if json_output:
        print_json({"study": study, "files": list(written)})
        return
    console = output_console()
    for path in written:
        console.print(str(path), markup=False)
    console.print(f"Next: wattplan validate {study}", markup=False)
