# SPDX-License-Identifier: Apache-2.0
"""What is said when finished chunks cannot be used, kept or written.

What does not belong here: when it is said (`optimizer.chunk_store`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.errors import ConfigError, Fault, ReportError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "cannot_write",
    "changed",
    "changes",
    "damaged_at_the_end",
    "nothing_to_resume",
    "undecided",
    "unreadable",
]

LONGEST_TOLD: Final = 32
"""Longer parts are hashes, which say nothing to a user. [characters]"""


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return the parts in which two scorings differ, in words."""
    found = []
    for name in dict.fromkeys((*before, *now)):
        was, is_now = before.get(name, "absent"), now.get(name, "absent")
        if was == is_now:
            continue
        is_told = max(len(was), len(is_now)) <= LONGEST_TOLD
        found.append(f"{name} (was {was}, is {is_now})" if is_told else name)
    return found


def changed(folder: Path, differing: list[str]) -> ConfigError:
    """Return that chunks belong to another scoring, and in what it differs."""
    return _refused(
        f"cannot go on: the chunks in {folder} belong to another scoring; changed: "
        f"{', '.join(differing)}.",
        "Give the command as it was, or start again with --fresh.",
    )


def undecided(folder: Path, n_chunks: int) -> ConfigError:
    """Return that it must be said what becomes of finished chunks."""
    return _refused(
        f"or --fresh must be given: {folder} holds {_counted(n_chunks)} of a scoring "
        "that was broken off.",
        "Go on with --resume, or drop them with --fresh.",
    )


def unreadable(manifest: Path, why: str, n_chunks: int) -> ConfigError:
    """Return that nobody can tell what chunks are of.

    Parameters
    ----------
    manifest : Path
        File that should say so.
    why : str
        What is wrong with it.
    n_chunks : int
        Files of chunks beside it. [unitless]
    """
    allowed = (
        f"must be given: {manifest} {why}, and without it {_counted(n_chunks)} in "
        "that folder cannot be used."
    )
    action = (
        "Drop them with --fresh; or bring back the manifest, or the version of "
        "Wattplan that wrote it, and go on with --resume."
    )
    return ConfigError([Fault("--fresh", "", "", allowed, action)])


def nothing_to_resume(folder: Path) -> str:
    """Return that a scoring begins anew although it was to go on."""
    return f"{folder}: no finished chunks; starting at scenario 0."


def damaged_at_the_end(place: Path, why: str) -> ReportError:
    """Return that a chunk was damaged after it was scored, before it was written on."""
    msg = (
        f"{place}: {why}. Nothing was written to the run and the other chunks are "
        "kept: give the command again with --resume, which scores this chunk again."
    )
    return ReportError(msg)


def cannot_write(place: Path, error: OSError) -> ReportError:
    """Return that a file cannot be written; chunks that are finished stay."""
    msg = (
        f"{place}: cannot be written ({error.strerror}). Make room, or the folder "
        "writable; finished chunks, if any, are kept for --resume."
    )
    return ReportError(msg)


def _refused(allowed: str, action: str) -> ConfigError:
    return ConfigError([Fault("--resume", "", "", allowed, action)])


def _counted(n_chunks: int) -> str:
    return f"{n_chunks} finished chunk{'' if n_chunks == 1 else 's'}"
