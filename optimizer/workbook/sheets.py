# SPDX-License-Identifier: Apache-2.0
"""Sheets with a time axis: lines under headings, in reading order.

What does not belong here: formats and the file (`write`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from optimizer.workbook.lines import Line, Scalar, Series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optimizer.workbook.expr import Expr, Operand
    from optimizer.workbook.lines import Role, Style

__all__ = ["FIRST_ROW", "Heading", "Sheet", "corkscrew", "sum_of"]

FIRST_ROW: Final = 5
"""First row under the head of a sheet, from 0."""


@dataclass(frozen=True, slots=True)
class Heading:
    """Words over a group of lines, at a depth of 1 or 2."""

    text: str
    depth: int = 1


@dataclass
class Sheet:
    """A sheet: its lines in order.

    Parameters
    ----------
    name : str
        Name on the tab, at most 31 characters.
    title : str
        Words at the top.
    has_months : bool
        Whether its columns are months.
    """

    name: str
    title: str
    has_months: bool = True
    entries: list[Heading | Line] = field(default_factory=list)

    def heading(self, text: str, depth: int = 1) -> None:
        """Begin a group of lines."""
        self.entries.append(Heading(text, depth))

    def add(self, line: Line) -> None:
        """Put a line at the end."""
        if line.sheet:
            msg = f"line {line.label!r} stands on {line.sheet!r} already"
            raise ValueError(msg)
        line.sheet = self.name
        self.entries.append(line)

    def row(
        self,
        label: str,
        unit: str,
        formula: Operand,
        *,
        opening: Operand | float | None = None,
        total: bool = False,
        style: Style = "money",
        role: Role = "formula",
    ) -> Series:
        """Put a new monthly line at the end and return it, see `Series`."""
        line = Series(
            label, unit, formula, opening=opening, total=total, style=style, role=role
        )
        self.add(line)
        return line

    def value(
        self,
        label: str,
        unit: str,
        formula: Operand | None = None,
        *,
        given: float | None = None,
        style: Style = "number",
        role: Role = "formula",
    ) -> Scalar:
        """Put a new line with one number at the end and return it, see `Scalar`."""
        line = Scalar(label, unit, formula, given=given, style=style, role=role)
        self.add(line)
        return line

    def series(self, line: Series) -> Series:
        """Put a monthly line at the end and return it."""
        self.add(line)
        return line

    def scalar(self, line: Scalar) -> Scalar:
        """Put a line with one number at the end and return it."""
        self.add(line)
        return line

    def place(self) -> None:
        """Give every line its row; a blank row stands before each heading."""
        row = FIRST_ROW
        for entry in self.entries:
            if isinstance(entry, Heading):
                row += 2 if row > FIRST_ROW else 1
            else:
                entry.row = row
                row += 1

    def lines(self) -> Iterator[Line]:
        """Return the lines without the headings."""
        return (entry for entry in self.entries if isinstance(entry, Line))


def sum_of(lines: list[Series]) -> Expr | int:
    """Return the sum of lines in the same month; 0 for none."""
    total: Expr | int = 0
    for line in lines:
        total = line if isinstance(total, int) else total + line
    return total


def corkscrew(
    sheet: Sheet,
    label: str,
    unit: str,
    *,
    closing: Series,
    adds: list[Series],
    takes: list[Series],
    style: Style = "money",
) -> Series:
    """Put a balance on a sheet: opening, what comes in, what goes out, closing.

    Parameters
    ----------
    sheet : Sheet
        Sheet.
    label, unit : str
        Words of the balance.
    closing : Series
        Closing line, not yet defined, with the balance at the start as its opening.
    adds, takes : list of Series
        Flows; those that stand nowhere yet are put here.
    style : str
        How its numbers are shown.

    Returns
    -------
    Series
        The opening line.
    """
    opening = sheet.row(f"{label}: opening", unit, closing.before, style=style)
    balance: Expr = opening
    for flow in (*adds, *takes):
        if not flow.sheet:
            sheet.add(flow)
    for flow in adds:
        balance = balance + flow
    for flow in takes:
        balance = balance - flow
    closing.define(balance)
    sheet.add(closing)
    return opening
