# SPDX-License-Identifier: Apache-2.0
"""Tables of the report: raw cells, shown in HTML with units, taken away as CSV.

Cells keep their raw values; scaling and digits are a matter of showing. What does not
belong here: what the tables hold.
"""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from optimizer.report.formats import MINUS, NOTHING, amount

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AS_GIVEN", "Cell", "Column", "ShownCell", "Table", "number", "text"]

Cell: TypeAlias = "float | int | str | bool | None"
Kind: TypeAlias = Literal["text", "number", "tag", "link"]

AS_GIVEN: Final = -1
"""Digits of a column whose numbers are shown as the input files have them."""

_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_TONES = {
    "pass": "good",
    "passed": "good",
    "yes": "good",
    "fail": "bad",
    "failed": "bad",
    "no": "bad",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    key : str
        Name in the CSV file, with unit suffix.
    label : str
        Heading for people.
    unit : str
        Unit shown below the heading; empty for none.
    kind : {"text", "number", "tag", "link"}
        How cells are shown; a tag is coloured by its word.
    decimals : int
        Digits after the point; `AS_GIVEN` for those the number has. [digits]
    scale : float
        Shown number over raw number. [ratio]
    signed : bool
        Whether positive numbers get a plus.
    """

    key: str
    label: str
    unit: str = ""
    kind: Kind = "text"
    decimals: int = 1
    scale: float = 1.0
    signed: bool = False

    def shown(self, cell: Cell) -> str:
        """Return a cell as people read it."""
        if cell is None:
            return NOTHING
        if isinstance(cell, bool):
            return "yes" if cell else "no"
        if isinstance(cell, str):
            return cell
        if self.decimals == AS_GIVEN:
            return (
                f"{cell:,.10g}".replace("-", MINUS, 1) if cell < 0 else f"{cell:,.10g}"
            )
        return amount(cell * self.scale, self.decimals, signed=self.signed)


@dataclass(frozen=True, slots=True)
class ShownCell:
    """One cell ready for the page.

    Parameters
    ----------
    text : str
        What stands in it.
    css : str
        Classes of its element.
    href : str
        Address it leads to; empty for none.
    """

    text: str
    css: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows.

    Parameters
    ----------
    id : str
        Identifier in the page and stem of the CSV file.
    title : str
        What the table shows.
    columns : tuple of Column
        Columns.
    rows : tuple of tuple
        Raw cells; a link is ``text|address``.
    strong : frozenset of int
        Rows shown bold, such as totals. [row index]
    note : str
        Line below the table.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    strong: frozenset[int] = frozenset()
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no row."""
        return not self.rows

    def csv(self) -> str:
        """Return the table as CSV with raw values; no text can act as a formula."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([column.key for column in self.columns])
        for row in self.rows:
            cells = zip(row, self.columns, strict=True)
            writer.writerow([_csv_cell(cell, column) for cell, column in cells])
        return buffer.getvalue()

    def shown(self) -> Iterator[tuple[str, list[ShownCell]]]:
        """Yield the class and the cells of each row as the page shows them."""
        for index, row in enumerate(self.rows):
            cells = zip(row, self.columns, strict=True)
            yield (
                "strong" if index in self.strong else "",
                [_shown(cell, column) for cell, column in cells],
            )


def text(key: str, label: str) -> Column:
    """Return a column of words."""
    return Column(key, label)


def number(
    key: str,
    label: str,
    unit: str = "",
    *,
    decimals: int = 1,
    scale: float = 1.0,
    signed: bool = False,
) -> Column:
    """Return a column of numbers.

    Parameters
    ----------
    key, label, unit : str
        Name in CSV; heading; unit shown.
    decimals : int
        Digits after the point; `AS_GIVEN` for those the number has. [digits]
    scale : float
        Shown number over raw number. [ratio]
    signed : bool
        Whether positive numbers get a plus.
    """
    return Column(key, label, unit, "number", decimals, scale, signed)


def _csv_cell(cell: Cell, column: Column) -> object:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        if column.kind == "link":
            cell = cell.partition("|")[0]
        # A spreadsheet would run such a text as a formula.
        return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
    return cell


def _shown(cell: Cell, column: Column) -> ShownCell:
    words = column.shown(cell)
    if column.kind == "number" and not isinstance(cell, str):
        # By what is shown: what rounds to nothing is no loss.
        is_negative = words.startswith(MINUS)
        return ShownCell(words, "num neg" if is_negative else "num")
    if column.kind == "number":
        return ShownCell(words, "num")
    if column.kind == "tag":
        tone = _TONES.get(words.lower(), "plain")
        if words.lower().startswith("only if"):
            tone = "warn"
        return ShownCell(words, f"tag {tone}")
    if column.kind == "link":
        words, _, address = words.partition("|")
        is_web = address.startswith(("https://", "http://"))
        return ShownCell(words, "", address if is_web else "")
    return ShownCell(words, "date" if _DATE.fullmatch(words) else "")
