# SPDX-License-Identifier: Apache-2.0
"""The run folder: written as a whole or not at all, and read back.

Files are staged inside the folder under a hidden name, flushed to disk and renamed when
the work is done; the passport `run.json` comes last, so that a folder with a passport
is complete. What does not belong here: what the files say, and comparing runs (see
`optimizer.runs`).
"""

from __future__ import annotations

import math
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from models.errors import ReportError
from optimizer.passport import (
    FORMAT,
    FileFacts,
    Passport,
    file_sha256,
    inputs_sha256,
    make_run_id,
    package_versions,
)
from optimizer.runreader import (
    PASSPORT_FILE,
    STAGING_PREFIX,
    Run,
    open_run,
    remove_run,
)
from optimizer.tablefiles import csv_text, json_text, write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from models.plan import Plan
    from optimizer.passport import CheckResult, Kpi
    from optimizer.tablefiles import Columns

__all__ = [
    "Run",
    "RunFacts",
    "RunWriter",
    "check_target",
    "flush",
    "open_run",
]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run before it starts.

    Parameters
    ----------
    kind : str
        ``plan``, ``screen``, ``backtest``...
    study_id : str
        Identifier of the study.
    study_title : str
        Title of the study.
    inputs : mapping of str to str
        SHA-256 of each input file by name.
    command : str
        Command line, or the Python call.
    seed : int or None
        Seed of the scenarios; None where nothing is drawn.
    scenarios : int or None
        Scenarios drawn.
    backend : str
        Array backend, such as ``numpy``.
    device : str
        Where it computes.
    """

    kind: str
    study_id: str
    study_title: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    seed: int | None = None
    scenarios: int | None = None
    backend: str = "numpy"
    device: str = "cpu"


def check_target(folder: Path, *, force: bool = False) -> None:
    """Refuse a folder that must not be written, before any work is done.

    Parameters
    ----------
    folder : Path
        Where a run is to be written.
    force : bool
        Whether an earlier run there may be replaced.

    Raises
    ------
    ReportError
        If the folder is a file, holds other things, or holds a run and `force` is not
        set.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        msg = f"{folder}: is a file, a run needs a folder. Choose another --out."
        raise ReportError(msg)
    if (folder / PASSPORT_FILE).exists():
        if not force:
            msg = (
                f"{folder}: holds a run already. "
                "Choose another --out, or replace it with --force."
            )
            raise ReportError(msg)
        open_run(folder)
    elif any(not p.name.startswith(STAGING_PREFIX) for p in folder.iterdir()):
        msg = (
            f"{folder}: holds files that are not a run (no {PASSPORT_FILE}). "
            "Choose an empty or new folder with --out."
        )
        raise ReportError(msg)


class RunWriter:
    """Writes a run folder; nothing of it shows until the ``with`` block ends well.

    Parameters
    ----------
    folder : Path or None
        Folder of the run; None makes ``<runs>/<run id>``.
    facts : RunFacts
        What is known beforehand.
    runs : Path
        Folder of runs that get their id as name.
    force : bool
        Whether an earlier run in `folder` is replaced.

    Raises
    ------
    ReportError
        If the folder must not or cannot be written.
    """

    def __init__(
        self,
        folder: Path | None,
        facts: RunFacts,
        *,
        runs: Path = Path("runs"),
        force: bool = False,
    ) -> None:
        now = datetime.now(UTC)
        digest = inputs_sha256(facts.inputs)
        run_id = make_run_id(facts.study_id, digest, now)
        if folder is None:
            folder = _unused(runs / run_id)
            run_id = folder.name
        check_target(folder, force=force)
        base = Passport(
            format=FORMAT,
            run_id=run_id,
            kind=facts.kind,
            status="done",
            created_utc=_utc_text(now),
            updated_utc=_utc_text(now),
            commands=(facts.command,) if facts.command else (),
            versions=package_versions(),
            study_id=facts.study_id,
            study_title=facts.study_title,
            inputs=dict(facts.inputs),
            inputs_sha256=digest,
            seed=facts.seed,
            scenarios=facts.scenarios,
            backend=facts.backend,
            device=facts.device,
        )
        self._adopt(folder, base, is_extension=False)

    @classmethod
    def extend(cls, folder: Path, *, command: str) -> Self:
        """Return a writer that adds files and results to a finished run.

        Parameters
        ----------
        folder : Path
            Folder of the run.
        command : str
            Command line that adds to it.

        Raises
        ------
        ReportError
            If there is no readable run.
        """
        run = open_run(folder)
        commands = (*run.passport.commands, command)
        writer = cls.__new__(cls)
        base = run.passport.model_copy(update={"commands": commands})
        writer._adopt(run.folder, base, is_extension=True)
        return writer

    def _adopt(self, folder: Path, base: Passport, *, is_extension: bool) -> None:
        """Take every field that the work may still change from a passport."""
        self.folder = folder
        self.run_id = base.run_id
        self.status = base.status
        self.solver = base.solver
        self.seed = base.seed
        self.scenarios = base.scenarios
        self.backend = base.backend
        self.device = base.device
        self.timings_s: dict[str, float] = dict(base.timings_s)
        self.checks: list[CheckResult] = list(base.checks)
        self.kpis: dict[str, Kpi] = dict(base.kpis)
        self.left_out: list[str] = list(base.left_out)
        self._base = base
        self._is_extension = is_extension
        self._removed: set[str] = set()

    def __enter__(self) -> Self:
        """Make the hidden folder in which files are staged."""
        self._is_new_folder = not self.folder.exists()
        self._staging = self.folder / f"{STAGING_PREFIX}{os.getpid()}"
        _remove_abandoned(self.folder)
        try:
            self._staging.mkdir(parents=True)
        except OSError as error:
            raise _cannot_write(self.folder, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Publish what was staged, or remove it when the block failed."""
        try:
            if kind is None:
                self._publish()
        except OSError as failure:
            raise _cannot_write(self.folder, failure) from failure
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)
            is_empty = self.folder.is_dir() and not any(self.folder.iterdir())
            if self._is_new_folder and is_empty:
                self.folder.rmdir()

    def path(self, name: str) -> Path:
        """Return where to write a file of the run while the block is open.

        Parameters
        ----------
        name : str
            Name inside the run folder; it may hold sub-folders.

        Raises
        ------
        ReportError
            If the name leads out of the folder or is the passport's.
        """
        target = Path(name)
        if target.is_absolute() or ".." in target.parts or name == PASSPORT_FILE:
            msg = f"{name}: not a name of a file inside a run folder. Use another name."
            raise ReportError(msg)
        place = self._staging / target
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def earlier_files(self) -> list[str]:
        """Return the files that earlier commands wrote to the run."""
        return sorted(self._base.files)

    def remove(self, name: str) -> None:
        """Take a file of an earlier command out of the run, when this is published."""
        self._removed.add(name)

    def write_text(self, name: str, text: str) -> None:
        """Stage a text file, UTF-8."""
        place = self.path(name)
        try:
            place.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise _cannot_write(self.folder / name, error) from error

    def write_json(self, name: str, value: object) -> None:
        """Stage a value as JSON; NaN becomes null, floats keep every digit."""
        self.write_text(name, json_text(value))

    def write_csv(self, name: str, columns: Columns) -> None:
        """Stage a table as CSV; NaN and None are empty cells."""
        self.write_text(name, csv_text(columns))

    def write_table(self, name: str, columns: Columns) -> None:
        """Stage a table as Parquet; NaN is stored as null."""
        place = self.path(name)
        try:
            write_parquet(place, columns)
        except OSError as error:
            raise _cannot_write(self.folder / name, error) from error

    def write_plan(self, plan: Plan, name: str = "plan.json") -> None:
        """Stage a plan as JSON."""
        self.write_text(name, plan.model_dump_json(indent=2) + "\n")

    def passport(self) -> Passport:
        """Return the passport of what has been staged so far."""
        files = {n: f for n, f in self._base.files.items() if n not in self._removed}
        for place in _files_in(self._staging):
            files[place.relative_to(self._staging).as_posix()] = FileFacts(
                size_bytes=place.stat().st_size, sha256=file_sha256(place)
            )
        changes = {
            "status": self.status,
            "updated_utc": _utc_text(datetime.now(UTC)),
            "solver": self.solver,
            "seed": self.seed,
            "scenarios": self.scenarios,
            "backend": self.backend,
            "device": self.device,
            "timings_s": self.timings_s,
            "checks": tuple(self.checks),
            "kpis": {key: _finite(value) for key, value in self.kpis.items()},
            "left_out": tuple(self.left_out),
            "files": files,
        }
        return self._base.model_copy(update=changes)

    def _publish(self) -> None:
        passport = self.passport()
        staged = list(_files_in(self._staging))
        last = self._staging / PASSPORT_FILE
        last.write_text(json_text(passport), encoding="utf-8")
        for place in (*staged, last):
            flush(place)
        if not self._is_extension and (self.folder / PASSPORT_FILE).exists():
            remove_run(open_run(self.folder))
        for place in (*staged, last):
            target = self.folder / place.relative_to(self._staging)
            target.parent.mkdir(parents=True, exist_ok=True)
            place.replace(target)
        written = {place.relative_to(self._staging).as_posix() for place in staged}
        for name in self._removed - written:
            (self.folder / name).unlink(missing_ok=True)
        flush(self.folder)


def _finite(value: Kpi) -> Kpi:
    is_lost = isinstance(value, float) and not math.isfinite(value)
    return None if is_lost else value


def _unused(folder: Path) -> Path:
    """Return the folder, or with -2, -3... behind its name if it is taken."""
    candidate, number = folder, 1
    while candidate.exists():
        number += 1
        candidate = folder.with_name(f"{folder.name}-{number}")
    return candidate


def _remove_abandoned(folder: Path) -> None:
    """Remove what runs left behind that were killed while they wrote."""
    for place in folder.glob(f"{STAGING_PREFIX}*"):
        process = place.name.removeprefix(STAGING_PREFIX)
        try:
            os.kill(int(process), 0)
        except (ValueError, ProcessLookupError):
            shutil.rmtree(place, ignore_errors=True)
        except OSError:
            continue


def _utc_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _files_in(folder: Path) -> Iterator[Path]:
    return (place for place in sorted(folder.rglob("*")) if place.is_file())


def flush(place: Path) -> None:
    """Force a file or a folder's list of names onto the disk."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_write(place: Path, error: OSError) -> ReportError:
    why = f"{place}: cannot be written ({error.strerror})."
    return ReportError(f"{why} Make room, or the folder writable, or use another.")
