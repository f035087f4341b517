# SPDX-License-Identifier: Apache-2.0
"""Finished run folders read back: passport, plan, tables.

What does not belong here: writing (see `optimizer.runfolder`) and comparing (see
`optimizer.runs`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from models.errors import DataError, ReportError
from models.plan import Plan
from optimizer.passport import Passport, file_sha256
from optimizer.tablefiles import read_json, read_parquet

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from optimizer.console import JsonValue

__all__ = [
    "BASELINE_FILE",
    "PASSPORT_FILE",
    "PLAN_FILE",
    "STAGING_PREFIX",
    "STUDY_FILE",
    "Run",
    "first_fault",
    "open_run",
    "remove_run",
]

STUDY_FILE = "study.toml"
PLAN_FILE = "plan.json"
BASELINE_FILE = "baseline.json"

PASSPORT_FILE = "run.json"
STAGING_PREFIX = ".partial-"
"""Start of the hidden name under which unfinished files lie."""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run folder.

    Parameters
    ----------
    folder : Path
        Where it lies.
    passport : Passport
        What it says of itself.
    """

    folder: Path
    passport: Passport

    def file(self, name: str) -> Path:
        """Return the path of a file of the run.

        Raises
        ------
        DataError
            If the run has no such file.
        """
        place = self.folder / name
        if not place.is_file():
            if name in self.passport.files:
                msg = f"{place}: no such file any more. Make the run again."
                raise DataError(msg)
            known = ", ".join(sorted(self.passport.files)) or "none"
            msg = f"{place}: the run has no such file. Its files are: {known}."
            raise DataError(msg)
        return place

    def plan(self, name: str = "plan.json") -> Plan:
        """Return the plan of the run.

        Raises
        ------
        DataError
            If it is missing or damaged.
        """
        place = self.file(name)
        try:
            return Plan.model_validate_json(place.read_bytes())
        except ValidationError as error:
            msg = f"{place}: not a readable plan ({first_fault(error)})."
            raise DataError(msg) from error

    def table(self, name: str) -> dict[str, NDArray[np.generic]]:
        """Return the columns of a Parquet file of the run.

        Raises
        ------
        DataError
            If it is missing or damaged.
        """
        return read_parquet(self.file(name))

    def json(self, name: str) -> JsonValue:
        """Return the value in a JSON file of the run.

        Raises
        ------
        DataError
            If it is missing or damaged.
        """
        return read_json(self.file(name))

    def changed_files(self) -> list[str]:
        """Return the files that are missing or differ from the passport's hash."""
        return [name for name in sorted(self.passport.files) if self._is_changed(name)]

    def changed_inputs(self) -> list[str]:
        """Return those among the study and the plans, which other commands read."""
        names = {STUDY_FILE, PLAN_FILE, BASELINE_FILE} & set(self.passport.files)
        return [name for name in sorted(names) if self._is_changed(name)]

    def _is_changed(self, name: str) -> bool:
        place = self.folder / name
        wanted = self.passport.files[name].sha256
        return not place.is_file() or file_sha256(place) != wanted


def open_run(folder: Path) -> Run:
    """Return the finished run in a folder.

    Parameters
    ----------
    folder : Path
        Run folder, or its `run.json`.

    Raises
    ------
    ReportError
        If there is no passport, or it cannot be read.
    """
    if folder.name == PASSPORT_FILE:
        folder = folder.parent
    place = folder / PASSPORT_FILE
    if not place.is_file():
        msg = (
            f"{folder}: not a run folder (no {PASSPORT_FILE}). "
            "`wattplan plan` makes one, `wattplan runs list` names those there are."
        )
        raise ReportError(msg)
    try:
        passport = Passport.model_validate_json(place.read_bytes())
    except (ValidationError, OSError) as error:
        why = first_fault(error) if isinstance(error, ValidationError) else str(error)
        msg = f"{place}: the passport is damaged ({why}). Make the run again."
        raise ReportError(msg) from error
    return Run(folder=folder, passport=passport)


def remove_run(run: Run) -> list[Path]:
    """Remove the files of a run, passport first, and return what else lies there.

    Parameters
    ----------
    run : Run
        Run to remove; files that it did not write are left alone.
    """
    (run.folder / PASSPORT_FILE).unlink()
    for name in run.passport.files:
        place = run.folder / name
        place.unlink(missing_ok=True)
        if place.parent != run.folder and not any(place.parent.iterdir()):
            place.parent.rmdir()
    return [p for p in run.folder.iterdir() if not p.name.startswith(STAGING_PREFIX)]


def first_fault(error: ValidationError) -> str:
    """Return where the first fault of a file lies and what it is."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}" if where else fault["msg"]
