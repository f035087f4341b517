# SPDX-License-Identifier: Apache-2.0
"""Finished chunks on disk: written whole or not at all, checked when read back.

A chunk is a file of arrays of some rows: scenarios, or points of a grid. The manifest
beside them says what was scored, as hashes, and which chunks are finished, each with
its checksum. What does not belong here: what the arrays mean (`gpu.scoring.score`), how
a run is cut into chunks (`gpu.scoring.chunks`), how faults are worded
(`optimizer.chunk_faults`).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Final, Self

import numpy as np
from pydantic import TypeAdapter, ValidationError

from models.errors import ReportError
from optimizer.chunk_faults import (
    cannot_write,
    changed,
    changes,
    damaged_at_the_end,
    nothing_to_resume,
    undecided,
    unreadable,
)
from optimizer.passport import file_sha256
from optimizer.runfolder import flush
from optimizer.runreader import first_fault

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
CHUNK_FILES: Final = "chunk-*.npz"
TEMPORARY: Final = ".partial"
"""End of the name under which a file is written before it is whole."""


@dataclass(frozen=True, slots=True)
class FinishedChunk:
    """A chunk on disk.

    Parameters
    ----------
    first, stop : int
        Rows first to stop - 1. [unitless]
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

    def __post_init__(self) -> None:
        """Refuse what is no range of rows."""
        if not 0 <= self.first < self.stop:
            msg = f"rows {self.first} to {self.stop} are no chunk"
            raise ValueError(msg)


_CHUNKS: Final = TypeAdapter(list[FinishedChunk])


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
        self.n_chunks = 0

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

    def open(
        self, identity: Mapping[str, str], *, n_chunks: int, resume: bool | None
    ) -> None:
        """Take the folder for one scoring.

        Parameters
        ----------
        identity : mapping of str to str
            What is scored, by name of the part; equal parts give equal results.
        n_chunks : int
            Chunks that the whole scoring has. [unitless]
        resume : bool or None
            Whether finished chunks there are taken over (True) or removed (False);
            None refuses where there are any.

        Raises
        ------
        ConfigError
            If chunks are to be taken over and belong to another scoring, naming every
            part that differs; or with None, if there are any. With either, if no
            manifest says what chunks there are of.
        ReportError
            If the folder cannot be written or another process uses it.
        """
        self.n_chunks = n_chunks
        self._take_lock()
        try:
            self._open(dict(identity), resume)
        except BaseException:
            self.close()
            raise

    def _open(self, identity: dict[str, str], resume: bool | None) -> None:
        earlier, chunks, trouble = self._read_manifest()
        n_files = len(self._chunk_files())
        if resume is not False and trouble and n_files:
            raise unreadable(self.folder / MANIFEST, trouble, n_files)
        if resume is None and chunks:
            raise undecided(self.folder, len(chunks))
        if resume and chunks:
            differing = changes(earlier, identity)
            if differing:
                raise changed(self.folder, differing)
        if resume and not chunks:
            self.say(nothing_to_resume(self.folder))
        self._chunks = chunks if resume else {}
        self._identity = identity
        self._remove_others()
        self._write_manifest()

    def is_left_over(self) -> bool:
        """Return whether a scoring that did not end has left something here."""
        return (self.folder / MANIFEST).is_file() or bool(self._chunk_files())

    def earlier(self) -> dict[str, str]:
        """Return the identity of the scoring that left chunks; empty where none did."""
        identity, chunks, _ = self._read_manifest()
        return identity if chunks else {}

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
            Rows first to stop - 1. [unitless]
        """
        chunk = self._chunks.get(first)
        if chunk is None or chunk.stop != stop:
            return None
        place, why = self.folder / file_of(first), self._damage(chunk)
        if why:
            del self._chunks[first]
            self.say(f"{place}: {why}; its {stop - first:,} rows are scored again.")
            return None
        return _arrays_in(place)

    def tables(
        self, start: str, *, n_scenarios: int
    ) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """Yield first scenario and chosen arrays of each finished chunk, in id order.

        Parameters
        ----------
        start : str
            What names of the arrays begin with; it is left out of them.
        n_scenarios : int
            Chunks from this scenario on are left alone. [unitless]

        Raises
        ------
        ReportError
            If a chunk is no longer as it was written: sampling is over, and nothing
            may drop out of what is made of it.
        """
        for first, chunk in sorted(self._chunks.items()):
            if first >= n_scenarios:
                return
            place, why = self.folder / file_of(first), self._damage(chunk)
            if why:
                raise damaged_at_the_end(place, why)
            chosen = {
                name.removeprefix(start): array
                for name, array in _arrays_in(place).items()
                if name.startswith(start)
            }
            if chosen:
                yield first, chosen

    def engine_of(self, first: int) -> str:
        """Return the engine that scored the finished chunk from a row on."""
        return self._chunks[first].engine

    def save(
        self, first: int, stop: int, engine: str, arrays: Mapping[str, NDArray[Any]]
    ) -> None:
        """Write a finished chunk, then the manifest that names it.

        Parameters
        ----------
        first, stop : int
            Rows first to stop - 1. [unitless]
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

    def _damage(self, chunk: FinishedChunk) -> str:
        """Return what is wrong with a chunk's file; empty where it is sound."""
        try:
            found = file_sha256(self.folder / file_of(chunk.first))
        except OSError as error:
            return f"cannot be read ({error.strerror})"
        return "" if found == chunk.sha256 else "does not match its checksum"

    def _chunk_files(self) -> list[Path]:
        return list(self.folder.glob(CHUNK_FILES))

    def _read_manifest(self) -> tuple[dict[str, str], dict[int, FinishedChunk], str]:
        """Return identity and chunks as written, or why neither can be told."""
        place = self.folder / MANIFEST
        try:
            value = json.loads(place.read_text(encoding="utf-8"))
            _check_format(value["format"])
            chunks = _CHUNKS.validate_json(json.dumps(value["chunks"]), strict=True)
            identity = {str(k): str(v) for k, v in value["identity"].items()}
        except FileNotFoundError:
            return {}, {}, "is missing"
        except ValidationError as error:
            return {}, {}, f"cannot be read ({first_fault(error)})"
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            why = str(error) or type(error).__name__
            return {}, {}, f"cannot be read ({why})"
        return identity, {chunk.first: chunk for chunk in chunks}, ""

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
            raise cannot_write(place, error) from error
        return size_bytes, sha256

    def _remove_others(self) -> None:
        """Remove files of chunks that the store does not hold."""
        kept = {file_of(first) for first in self._chunks}
        for place in (*self._chunk_files(), *self.folder.glob(f"*{TEMPORARY}")):
            if place.name not in kept:
                place.unlink(missing_ok=True)

    def _take_lock(self) -> None:
        """Keep other processes out; the lock ends with this process, however."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self.folder / LOCK).open("w")
        except OSError as error:
            raise cannot_write(self.folder, error) from error
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
    """Return the name of the file of the chunk from a row on."""
    return f"chunk-{first:010d}.npz"


def _arrays_in(place: Path) -> dict[str, NDArray[Any]]:
    with np.load(place, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _fill(file: BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    named: dict[str, Any] = dict(arrays)
    np.savez(file, **named)


def _check_format(found: object) -> None:
    if found != FORMAT:
        msg = f"layout {found}, not {FORMAT}"
        raise ValueError(msg)
