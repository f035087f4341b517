# SPDX-License-Identifier: Apache-2.0
"""Finished chunks on disk: written whole or not at all, checked when read back.

A chunk is a file of arrays. The manifest beside them says what was scored, as hashes,
and which chunks are finished, each with its checksum. What does not belong here: what
the arrays mean (`gpu.scoring.score`), how a run is cut into chunks
(`gpu.scoring.chunks`).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, Self

import numpy as np

from models.errors import ConfigError, Fault, ReportError
from optimizer.passport import file_sha256
from optimizer.runfolder import flush

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = [
    "MANIFEST",
    "ChunkStore",
    "FinishedChunk",
]

MANIFEST: Final = "manifest.json"
FORMAT: Final = 2
LOCK: Final = ".lock"
LONGEST_TOLD: Final = 32
"""Longer parts are hashes, which say nothing to a user. [characters]"""
TEMPORARY: Final = ".partial"
"""End of the name under which a file is written before it is whole."""


@dataclass(frozen=True, slots=True)
class FinishedChunk:
    """A chunk on disk.

    Parameters
    ----------
    first, stop : int
        Scenarios first to stop - 1. [unitless]
    engine : str
        Engine that scored it.
    size_bytes : int
        Size of its file. [B]
    sha256 : str
        Checksum of its file.
    """

    first: int
    stop: int
    engine: str
    size_bytes: int
    sha256: str


class ChunkStore:
    """The finished chunks of one scoring, in a folder of their own.

    Parameters
    ----------
    folder : Path
        Folder of the chunks; made when the store is opened.
    say : callable or None
        Told in one line what the user should know.
    """

    def __init__(
        self, folder: Path, *, say: Callable[[str], None] | None = None
    ) -> None:
        self.folder = folder
        self.say = say or (lambda _: None)
        self._identity: dict[str, str] = {}
        self._chunks: dict[int, FinishedChunk] = {}
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        """Return the store; `open` takes its folder."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the folder go; after an error, one that holds nothing is removed."""
        if kind is not None and self._lock is not None and not self._chunks:
            self.discard()
        self.close()

    @property
    def n_finished(self) -> int:
        """Number of finished chunks."""
        return len(self._chunks)

    def open(self, identity: Mapping[str, str], *, resume: bool | None) -> None:
        """Take the folder for one scoring.

        Parameters
        ----------
        identity : mapping of str to str
            What is scored, by name of the part; equal parts give equal results.
        resume : bool or None
            Whether finished chunks there are taken over (True) or removed (False);
            None refuses where there are any.

        Raises
        ------
        ConfigError
            If chunks are to be taken over and belong to another scoring, naming every
            part that differs; or with None, if there are any.
        ReportError
            If the folder cannot be written or another process uses it.
        """
        self._take_lock()
        try:
            self._open(dict(identity), resume)
        except BaseException:
            self.close()
            raise

    def _open(self, identity: dict[str, str], resume: bool | None) -> None:
        found = self._read_manifest()
        chunks = {} if found is None else found[1]
        if resume is None and chunks:
            raise ConfigError([_undecided(self.folder, len(chunks))])
        if resume and found is not None and chunks:
            changes = _changes(found[0], identity)
            if changes:
                raise ConfigError([_changed(self.folder, changes)])
        if resume and not chunks:
            self.say(f"{self.folder}: no finished chunks; starting at scenario 0.")
        self._chunks = chunks if resume else {}
        self._identity = identity
        self._remove_others()
        self._write_manifest()

    def earlier_engine(self) -> str | None:
        """Return the engine of the scoring that left chunks; None where none did."""
        found = self._read_manifest()
        return None if found is None or not found[1] else found[0].get("engine")

    def close(self) -> None:
        """Let the folder go; what is finished stays."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def discard(self) -> None:
        """Remove the folder's chunks, and the folder where nothing else is in it."""
        self._chunks = {}
        self._remove_others()
        for name in (MANIFEST, LOCK):
            (self.folder / name).unlink(missing_ok=True)
        self.close()
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def load(self, first: int, stop: int) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a finished chunk; None where there is no sound one.

        Parameters
        ----------
        first, stop : int
            Scenarios first to stop - 1. [unitless]
        """
        chunk = self._chunks.get(first)
        if chunk is None or chunk.stop != stop:
            return None
        place = self.folder / file_of(first)
        try:
            found = file_sha256(place)
            why = "" if found == chunk.sha256 else "does not match its checksum"
        except OSError as error:
            why = f"cannot be read ({error.strerror})"
        if why:
            del self._chunks[first]
            self.say(
                f"{place}: {why}; scenarios {first:,} to {stop - 1:,} are scored again."
            )
            return None
        with np.load(place, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def tables(self, start: str) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """Yield first scenario and chosen arrays of each finished chunk, in id order.

        Parameters
        ----------
        start : str
            What names of the arrays begin with; it is left out of them.
        """
        for first, chunk in sorted(self._chunks.items()):
            arrays = self.load(first, chunk.stop) or {}
            chosen = {
                name.removeprefix(start): array
                for name, array in arrays.items()
                if name.startswith(start)
            }
            if chosen:
                yield first, chosen

    def engine_of(self, first: int) -> str:
        """Return the engine that scored the finished chunk from a scenario on."""
        return self._chunks[first].engine

    def save(
        self, first: int, stop: int, engine: str, arrays: Mapping[str, NDArray[Any]]
    ) -> None:
        """Write a finished chunk, then the manifest that names it.

        Parameters
        ----------
        first, stop : int
            Scenarios first to stop - 1. [unitless]
        engine : str
            Engine that scored it.
        arrays : mapping of str to ndarray of any shape
            What is to be kept of it. [any]

        Raises
        ------
        ReportError
            If it cannot be written; chunks written before stay as they are.
        """
        name = file_of(first)
        size_bytes, sha256 = self._write(name, lambda file: _fill(file, arrays))
        self._chunks[first] = FinishedChunk(first, stop, engine, size_bytes, sha256)
        self._write_manifest()

    def _read_manifest(self) -> tuple[dict[str, str], dict[int, FinishedChunk]] | None:
        """Return identity and chunks as written; None where there is no manifest."""
        place = self.folder / MANIFEST
        try:
            value = json.loads(place.read_text(encoding="utf-8"))
            _check_format(value["format"])
            chunks = [FinishedChunk(**entry) for entry in value["chunks"]]
            identity = {str(k): str(v) for k, v in value["identity"].items()}
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            why = str(error) or type(error).__name__
            self.say(
                f"{place}: cannot be read ({why}); the chunks beside it are not used."
            )
            return None
        return identity, {chunk.first: chunk for chunk in chunks}

    def _write_manifest(self) -> None:
        value = {
            "format": FORMAT,
            "identity": self._identity,
            "chunks": [asdict(chunk) for _, chunk in sorted(self._chunks.items())],
        }
        content = json.dumps(value, indent=1).encode()
        self._write(MANIFEST, lambda file: file.write(content))

    def _write(self, name: str, fill: Callable[[BinaryIO], object]) -> tuple[int, str]:
        """Write a file under another name, force it to the disk and rename it.

        Returns its size and its checksum.
        """
        place = self.folder / name
        partial = self.folder / f"{name}{TEMPORARY}"
        try:
            with partial.open("w+b") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
                size_bytes = os.fstat(file.fileno()).st_size
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            partial.replace(place)
            flush(self.folder)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise _cannot_write(place, error) from error
        return size_bytes, sha256

    def _remove_others(self) -> None:
        """Remove files of chunks that the store does not hold."""
        kept = {file_of(first) for first in self._chunks}
        for pattern in ("chunk-*.npz", f"*{TEMPORARY}"):
            for place in self.folder.glob(pattern):
                if place.name not in kept:
                    place.unlink(missing_ok=True)

    def _take_lock(self) -> None:
        """Keep other processes out; the lock ends with this process, however."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / LOCK).open("w")
        except OSError as error:
            raise _cannot_write(self.folder, error) from error
        try:
            import fcntl
        except ImportError:  # Not on Windows, where nothing keeps others out.
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            msg = (
                f"{self.folder}: another process scores this run just now. "
                "Wait until it has ended."
            )
            raise ReportError(msg) from error


def file_of(first: int) -> str:
    """Return the name of the file of the chunk from a scenario on."""
    return f"chunk-{first:010d}.npz"


def _fill(file: BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    named: dict[str, Any] = dict(arrays)
    np.savez(file, **named)


def _check_format(found: object) -> None:
    if found != FORMAT:
        msg = f"layout {found}, not {FORMAT}"
        raise ValueError(msg)


def _changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    found = []
    for name in dict.fromkeys((*before, *now)):
        was, is_now = before.get(name, "absent"), now.get(name, "absent")
        if was == is_now:
            continue
        is_told = max(len(was), len(is_now)) <= LONGEST_TOLD
        found.append(f"{name} (was {was}, is {is_now})" if is_told else name)
    return found


def _changed(folder: Path, changes: list[str]) -> Fault:
    return Fault(
        "--resume",
        "",
        "",
        f"cannot go on: the chunks in {folder} belong to another scoring; changed: "
        f"{', '.join(changes)}.",
        "Give the command as it was, or start again with --fresh.",
    )


def _undecided(folder: Path, n_chunks: int) -> Fault:
    plural = "" if n_chunks == 1 else "s"
    return Fault(
        "--resume",
        "",
        "",
        f"or --fresh must be given: {folder} holds {n_chunks} finished chunk{plural} "
        "of a scoring that was broken off.",
        "Go on with --resume, or drop them with --fresh.",
    )


def _cannot_write(place: Path, error: OSError) -> ReportError:
    msg = (
        f"{place}: cannot be written ({error.strerror}). Finished chunks are kept: "
        "make room and go on with --resume."
    )
    return ReportError(msg)
