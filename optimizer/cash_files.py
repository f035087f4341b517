# SPDX-License-Identifier: Apache-2.0
"""One CSV file beside the terminal's tables.

What does not belong here: what stands in it (`optimizer.cash_tables`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import ReportError
from optimizer.tablefiles import csv_text

if TYPE_CHECKING:
    from pathlib import Path

    from optimizer.tablefiles import Columns

__all__ = ["check_csv_target", "write_csv_file"]


def check_csv_target(path: Path | None) -> None:
    """Refuse a file that cannot be a CSV file, before any work is done.

    Parameters
    ----------
    path : Path or None
        File to write; None for none.

    Raises
    ------
    ReportError
        If the name does not end in ``.csv``, or its folder does not exist.
    """
    if path is None:
        return
    if path.suffix.lower() != ".csv" or path.is_dir():
        msg = f"{path}: not the name of a CSV file. Choose one that ends in .csv."
        raise ReportError(msg)
    if not path.parent.is_dir():
        msg = f"{path.parent}: no such folder. Make it, or choose another --out."
        raise ReportError(msg)


def write_csv_file(path: Path, columns: Columns) -> None:
    """Write a table as CSV, whole or not at all; an earlier file is replaced.

    Parameters
    ----------
    path : Path
        File.
    columns : mapping of str to sequence
        Values by column name.

    Raises
    ------
    ReportError
        If it cannot be written.
    """
    staged = path.with_name(f".{path.name}.part")
    try:
        staged.write_text(csv_text(columns), encoding="utf-8", newline="")
        staged.replace(path)
    except OSError as error:
        staged.unlink(missing_ok=True)
        msg = f"{path}: cannot be written ({error.strerror}). Choose another --out."
        raise ReportError(msg) from error
