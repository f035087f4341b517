# SPDX-License-Identifier: Apache-2.0
"""Drivers and surfaces of a run, read back from its folder.

What does not belong here: writing them (`optimizer.drivers_run`), which would bring the
report along, and the report reads them.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Final

from models.errors import DataError
from optimizer.drivers_result import drivers_of
from optimizer.surfaces import surfaces_of

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.drivers_result import Drivers
    from optimizer.runreader import Run
    from optimizer.surfaces import SiteSurface

__all__ = ["DRIVERS_FILE", "SURFACES_FILE", "read_drivers", "read_surfaces"]

DRIVERS_FILE: Final = "drivers.json"
SURFACES_FILE: Final = "surfaces.parquet"


def read_drivers(run: Run) -> Drivers | None:
    """Return what drives the plan of a run; None where nobody has asked.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    if not (run.folder / DRIVERS_FILE).is_file():
        return None
    try:
        return drivers_of(run.json(DRIVERS_FILE))  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(run, DRIVERS_FILE) from error


def read_surfaces(run: Run, study: Study) -> tuple[SiteSurface, ...]:
    """Return which line wins where; empty where nobody has asked.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    if not (run.folder / SURFACES_FILE).is_file():
        return ()
    try:
        return surfaces_of(study, run.table(SURFACES_FILE))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(run, SURFACES_FILE) from error


def _damaged(run: Run, name: str) -> DataError:
    again = f"wattplan drivers {quote(str(run.folder))}"
    return DataError(f"{run.folder / name}: is damaged. Make it again: {again}.")
