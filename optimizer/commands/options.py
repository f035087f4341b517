# SPDX-License-Identifier: Apache-2.0
"""Arguments and options that several commands share, so that they read alike.

What does not belong here: options of one command alone.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from optimizer.console import error_console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "DeviceLossOption",
    "ForceOption",
    "FreshOption",
    "JsonOption",
    "OutOption",
    "ResumeOption",
    "RunArgument",
    "RunsFolderOption",
    "SeedOption",
    "StudyArgument",
    "command_line",
    "option_words",
    "resume_choice",
    "told_of_changes",
]


def command_line(*words: object) -> str:
    """Return a command of this program as a shell takes it, names with spaces too.

    Parameters
    ----------
    *words : object
        Name of the command and what follows it.
    """
    return shlex.join(["wattplan", *(str(word) for word in words)])


def option_words(
    given: Mapping[str, object], always: Sequence[str], usual: Mapping[str, object]
) -> list[object]:
    """Return options as words of a command.

    Parameters
    ----------
    given : mapping of str to object
        Values by name of the parameter.
    always : sequence of str
        Names of those that are always written.
    usual : mapping of str to object
        Those written where they are not as usual: what is, by name.
    """
    names = [*always, *(name for name, value in usual.items() if given[name] != value)]
    return [
        word for name in names for word in (f"--{name.replace('_', '-')}", given[name])
    ]


def resume_choice(resume: bool, fresh: bool) -> bool | None:
    """Return what becomes of finished chunks, see `ScoreOptions.resume`.

    Parameters
    ----------
    resume, fresh : bool
        Whether either option was given.

    Raises
    ------
    ConfigError
        If both were.
    """
    from models.errors import ConfigError, Fault

    if resume and fresh:
        both = "cannot go with --fresh, which drops what --resume goes on from."
        raise ConfigError([Fault("--resume", "", "", both, "Leave one of them out.")])
    return resume if resume or fresh else None


def told_of_changes(folders: Path | list[Path]) -> Path | list[Path]:
    """Return run folders as given, after a word on inputs changed since their runs.

    Parameters
    ----------
    folders : Path or list of Path
        Run folders; one that is no run is left to the command.
    """
    from models.errors import WattplanError
    from optimizer.runreader import open_run

    for folder in folders if isinstance(folders, list) else [folders]:
        try:
            changed = open_run(folder).changed_inputs()
        except (WattplanError, OSError):
            continue
        if changed:
            error_console().print(
                f"{folder}: {', '.join(changed)} changed since the run was made; what "
                "follows is of the files as they are now, and the run's key figures "
                "are of the earlier ones. `wattplan plan` makes a run of both.",
                markup=False,
                soft_wrap=True,
            )
    return folders


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
    Path,
    typer.Argument(metavar="RUN", help="Folder of a run.", callback=told_of_changes),
]

RunsFolderOption: TypeAlias = Annotated[
    Path, typer.Option("--folder", help="Folder that holds the runs.")
]

SeedOption: TypeAlias = Annotated[
    int, typer.Option("--seed", min=0, help="Seed of the scenarios, 64 bits.")
]

ResumeOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on from the finished chunks of a job that was broken off."
    ),
]

FreshOption: TypeAlias = Annotated[
    bool, typer.Option("--fresh", help="Drop such chunks and begin again.")
]

DeviceLossOption: TypeAlias = Annotated[
    Literal["cpu", "stop"],
    typer.Option(
        "--on-device-loss", help="Go on without a device that fails, or stop."
    ),
]
