# SPDX-License-Identifier: Apache-2.0
"""Arguments and options that several commands share, so that they read alike.

What does not belong here: options of one command alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

__all__ = [
    "ForceOption",
    "JsonOption",
    "OutOption",
    "RunArgument",
    "RunsFolderOption",
    "SeedOption",
    "StudyArgument",
]

StudyArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="Path of a study file, or the name of a bundled study: "
        "base, long, treasury or teaching.",
    ),
]

JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Write only JSON to standard output.")
]

OutOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--out", help="Folder of the run. Default: a new one under ./runs."),
]

ForceOption: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Replace an earlier run in that folder.")
]

RunArgument: TypeAlias = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of a run.")
]

RunsFolderOption: TypeAlias = Annotated[
    Path, typer.Option("--folder", help="Folder that holds the runs.")
]

SeedOption: TypeAlias = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of the scenarios, 64 bits.")
]
