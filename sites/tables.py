# SPDX-License-Identifier: Apache-2.0
"""Checked CSV tables: read text, gather every fault, return clean rows.

A table is UTF-8, comma-separated, one header row; lines that start with ``#`` before
the header are remarks. Faults are gathered in a list that the caller owns, so that
several files can be judged in one go. What does not belong here: what the columns mean
(`sites.history`).
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Column", "Row", "as_number", "read_table"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", flags=re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: what it may hold.

    Parameters
    ----------
    name : str
        Header text, with its unit.
    unit : str
        Unit shown in messages, empty for text.
    is_required : bool
        Whether the header must have it.
    may_be_empty : bool
        Whether a cell may be empty.
    is_number : bool
        Whether cells are numbers; otherwise text, checked by the caller.
    low, high : float
        Bounds of a number. [unit of the column]
    excludes_low : bool
        Whether `low` itself is out.
    advice : str
        What to do about a number that is out of bounds.
    """

    name: str
    unit: str = ""
    is_required: bool = False
    may_be_empty: bool = False
    is_number: bool = True
    low: float = 0.0
    high: float = math.inf
    excludes_low: bool = False
    advice: str = "Correct the number."

    def allowed(self) -> str:
        """Return the bounds as text."""
        sign = ">" if self.excludes_low else ">="
        text = f"must be {sign} {self.low:g}"
        if self.high < math.inf:
            text += f" and <= {self.high:g}"
        return f"{text}."


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number and its cells by column name.

    Parameters
    ----------
    line : int
        Line number in the file, from 1. [unitless]
    text : mapping of str to str
        Cells as written, trimmed; absent columns and unreadable cells are missing.
    number : mapping of str to float
        Cells of number columns that are well-formed and in bounds. [unit of the column]
    """

    line: int
    text: Mapping[str, str]
    number: Mapping[str, float]

    @property
    def month(self) -> str:
        """Text of the column ``month``, empty when there is none."""
        return self.text.get("month", "")

    def field(self, name: str) -> str:
        """Return where a cell stands, for a fault."""
        return f"line {self.line}, {name}"


def as_number(text: str) -> float | None:
    """Return a plain decimal number, or None when the text is something else.

    Parameters
    ----------
    text : str
        Trimmed text; no thousands separators, no NaN, no infinity.

    Returns
    -------
    float or None
        The number. [unit of the column]
    """
    if _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def read_table(
    path: Path,
    columns: Sequence[Column],
    *,
    faults: list[Fault],
    allows_unknown: bool = False,
) -> tuple[Row, ...]:
    """Return the rows of a CSV file, adding every fault to a list.

    Parameters
    ----------
    path : pathlib.Path
        File as the user named it.
    columns : sequence of Column
        Known columns.
    faults : list of Fault
        Faults are appended here; cells at fault are left out of `Row.number`.
    allows_unknown : bool
        Whether further columns are passed over in silence.

    Returns
    -------
    tuple of Row
        Rows in file order; empty when the file or header cannot be used.
    """
    lines = _read_lines(path, faults)
    if lines is None:
        return ()
    n_remarks = 0
    while n_remarks < len(lines) and lines[n_remarks].startswith("#"):
        n_remarks += 1
    reader = csv.reader(lines[n_remarks:], strict=True)
    rows: list[Row] = []
    header: list[str] | None = None
    try:
        for cells in reader:
            line = n_remarks + reader.line_num
            trimmed = [cell.strip() for cell in cells]
            if not any(trimmed):
                continue
            if header is None:
                header = trimmed
                if not _check_header(
                    path, header, columns, faults, allows_unknown=allows_unknown
                ):
                    return ()
                continue
            rows.append(_read_row(path, line, (header, trimmed), columns, faults))
    except csv.Error as err:
        where = f"line {n_remarks + reader.line_num}"
        faults.append(
            Fault(str(path), where, "", f"is not CSV ({err}).", "Save it again as CSV.")
        )
        return ()
    if not rows:
        faults.append(
            Fault(str(path), "", "", "has no rows of data.", "Add a header and rows.")
        )
    return tuple(rows)


def _read_lines(path: Path, faults: list[Fault]) -> list[str] | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as err:
        reason = err.strerror or "unknown reason"
        faults.append(
            Fault(
                str(path),
                "",
                "",
                f"cannot be read ({reason}).",
                "Check the path and the permissions.",
            )
        )
        return None
    except UnicodeDecodeError:
        faults.append(
            Fault(str(path), "", "", "is not UTF-8 text.", "Save it as UTF-8 CSV.")
        )
        return None
    return list(io.StringIO(text, newline=None))


def _check_header(
    path: Path,
    header: Sequence[str],
    columns: Sequence[Column],
    faults: list[Fault],
    *,
    allows_unknown: bool,
) -> bool:
    """Return whether lines can be told apart into cells; add faults on the way."""
    known = [column.name for column in columns]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        faults.append(
            Fault(
                str(path),
                "header",
                header[0],
                "must be separated by commas.",
                "Save it as comma-separated CSV with decimal points.",
            )
        )
        return False
    is_usable = True
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            is_usable = False
            faults.append(
                Fault(
                    str(path), "header", name, "stands twice.", "Keep one such column."
                )
            )
        if name not in known and not allows_unknown:
            faults.append(_unknown_column(path, name, known))
    faults.extend(
        Fault(
            str(path),
            "header",
            "",
            f"lacks the column {column.name}.",
            "Add it to the first row.",
        )
        for column in columns
        if column.is_required and column.name not in header
    )
    return is_usable


def _unknown_column(path: Path, name: str, known: Sequence[str]) -> Fault:
    near = difflib.get_close_matches(name, known, n=1)
    action = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
    return Fault(
        str(path),
        "header",
        name or "(empty)",
        "is not a known column.",
        action,
    )


def _read_row(
    path: Path,
    line: int,
    cells: tuple[Sequence[str], Sequence[str]],
    columns: Sequence[Column],
    faults: list[Fault],
) -> Row:
    header, values = cells
    if len(values) != len(header):
        faults.append(
            Fault(
                str(path),
                f"line {line}",
                "",
                f"has {len(values)} cells where the header has {len(header)}.",
                "Give every cell, empty ones too; no thousands separators.",
            )
        )
        # The first cell, the month or date, still serves the rules across lines.
        return Row(line, {header[0]: values[0]}, {})
    text = dict(zip(header, values, strict=True))
    number: dict[str, float] = {}
    for column in columns:
        cell = text.get(column.name)
        if cell is None:
            continue
        if not cell:
            if not column.may_be_empty:
                faults.append(
                    Fault(
                        str(path),
                        f"line {line}, {column.name}",
                        "",
                        "is empty.",
                        "Give a value.",
                    )
                )
        elif column.is_number:
            value = _read_number(path, f"line {line}, {column.name}", cell, column)
            if isinstance(value, Fault):
                faults.append(value)
            else:
                number[column.name] = value
    return Row(line, text, number)


def _read_number(path: Path, field: str, cell: str, column: Column) -> float | Fault:
    value = as_number(cell)
    if value is None:
        return Fault(
            str(path),
            field,
            repr(cell),
            "must be a finite number with a decimal point.",
            "Write it like 1234.5.",
        )
    is_low = value <= column.low if column.excludes_low else value < column.low
    if is_low or value > column.high:
        shown = f"{value:g} {column.unit}".strip()
        return Fault(str(path), field, shown, column.allowed(), column.advice)
    return value
