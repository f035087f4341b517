# SPDX-License-Identifier: Apache-2.0
"""`wattplan schema`: JSON Schema of study files, for editors.

The schemas are made in `sites`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import ConfigError, Fault, ReportError
from optimizer.commands.options import JsonOption
from optimizer.console import output_console, print_json

__all__ = ["schema"]


def schema(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="Kind of file: study, company, market, tax, offers, sites, hardware "
            "or sources.",
        ),
    ] = "study",
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Write the schemas of all kinds there instead."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Print one schema, or write all into a folder. The output is JSON anyway."""
    from sites import json_schemas, write_json_schemas

    if out is None:
        schemas = json_schemas()
        if kind not in schemas:
            allowed = f"is no kind of file. Kinds: {', '.join(schemas)}."
            raise ConfigError([Fault(kind, "", "", allowed, "")])
        print_json(schemas[kind])
        return
    try:
        written = write_json_schemas(out)
    except OSError as error:
        msg = f"{error.filename}: cannot be written ({error.strerror})."
        raise ReportError(msg) from error
    if json_output:
        print_json({"files": list(written)})
        return
    console = output_console()
    for path in written:
        console.print(str(path), markup=False)
