# SPDX-License-Identifier: Apache-2.0
"""Lines of the workbook: a label, a unit and a formula, and where they stand.

A `Scalar` fills one cell, a `Series` one cell a month (and one for the opening). Lines
refer to each other as values, never by row numbers; rows are given out when a sheet is
complete. What does not belong here: what the lines say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

import numpy as np

from optimizer.workbook.expr import Expr, Operand, wrapped

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from optimizer.workbook.expr import Number, Place

__all__ = [
    "CONSTANT_COLUMN",
    "MONTH_COLUMN",
    "OPENING_COLUMN",
    "TOTAL_COLUMN",
    "Line",
    "Moment",
    "Reader",
    "Role",
    "Scalar",
    "Series",
    "Style",
    "column_name",
]

Role: TypeAlias = Literal["input", "constant", "solver", "engine", "formula", "check"]
"""What a line is: a live input, a unit conversion, a decision of the plan, a figure of
the run to compare with, a formula, or a formula that must give zero."""

Style: TypeAlias = Literal[
    "money", "price", "number", "integer", "share", "factor", "date", "btc", "flag"
]
"""How a line's numbers are shown."""

CONSTANT_COLUMN: Final = 3
TOTAL_COLUMN: Final = 4
OPENING_COLUMN: Final = 5
MONTH_COLUMN: Final = 6
"""Columns of every sheet with a time axis, from 0."""


class Reader(Protocol):
    """What works lines out, see `optimizer.workbook.values.Values`."""

    def scalar(self, line: Scalar) -> float:
        """Return a number. [mixed]."""
        ...

    def month(self, line: Series, period: int) -> float:
        """Return the number of a month, -1 being the opening. [mixed]."""
        ...

    def months(self, line: Series) -> FloatArray:
        """Return all months, shape (n_periods,). [mixed]."""
        ...


@dataclass(frozen=True, slots=True)
class Moment:
    """When a formula is worked out, and by whom.

    Parameters
    ----------
    reader : Reader
        Knows every line's value.
    period : int
        Month, -1 for the opening. [period]
    """

    reader: Reader
    period: int


def column_name(column: int) -> str:
    """Return the letters of a column counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


class Line(Expr):
    """A line of a sheet; as a formula, its cell in the same month."""

    def __init__(
        self,
        label: str,
        unit: str,
        *,
        style: Style = "money",
        role: Role = "formula",
        note: str = "",
    ) -> None:
        self.label, self.unit, self.style = label, unit, style
        self.role, self.note = role, note
        self.sheet, self.row = "", -1
        self.is_total = False
        self.formula: Expr | None = None

    def define(self, formula: Operand) -> None:
        """Give the formula, once."""
        if self.formula is not None:
            msg = f"line {self.label!r} is defined twice"
            raise ValueError(msg)
        self.formula = wrapped(formula)

    def cell(self, place: Place, column: int, *, is_fixed: bool) -> str:
        """Return the address of one of the line's cells as seen from a place.

        Parameters
        ----------
        place : Place
            Where the formula stands.
        column : int
            Column of the cell, from 0. [unitless]
        is_fixed : bool
            Whether the column stays when the formula is copied.
        """
        if self.row < 0:
            msg = f"line {self.label!r} is used but stands on no sheet"
            raise ValueError(msg)
        quote = "" if self.sheet.isalnum() else "'"
        sheet = "" if place.sheet == self.sheet else f"{quote}{self.sheet}{quote}!"
        fix = "$" if is_fixed else ""
        row_fix = "$" if is_fixed and column in (CONSTANT_COLUMN, TOTAL_COLUMN) else ""
        return f"{sheet}{fix}{column_name(column)}{row_fix}{self.row + 1}"


class Scalar(Line):
    """A line with one number: an input or a formula."""

    def __init__(
        self,
        label: str,
        unit: str,
        formula: Operand | None = None,
        *,
        given: float | None = None,
        style: Style = "number",
        role: Role = "formula",
        note: str = "",
    ) -> None:
        super().__init__(label, unit, style=style, role=role, note=note)
        self.given = given
        if formula is not None:
            self.define(formula)

    def text(self, place: Place) -> str:
        """Return the address of the cell."""
        return self.cell(place, CONSTANT_COLUMN, is_fixed=True)

    def value(self, moment: Moment) -> Number:
        """Return the number. [mixed]."""
        return moment.reader.scalar(self)


class Series(Line):
    """A line with one number a month.

    Parameters
    ----------
    label, unit : str
        Words of the line.
    formula : Expr, int or None
        Formula of every month.
    given : ndarray of shape (n_periods,) or None
        Numbers of the run in its place.
    opening : Expr, int, float or None
        What stands in the opening column.
    total : bool
        Whether the months are added up.
    style, role, note
        See `Line`.
    """

    def __init__(
        self,
        label: str,
        unit: str,
        formula: Operand | None = None,
        *,
        given: FloatArray | None = None,
        opening: Operand | float | None = None,
        total: bool = False,
        style: Style = "money",
        role: Role = "formula",
        note: str = "",
    ) -> None:
        super().__init__(label, unit, style=style, role=role, note=note)
        self.given = given
        is_number = isinstance(opening, float)
        self.opening_given = opening if isinstance(opening, float) else None
        self.opening_formula = (
            None if opening is None or is_number else wrapped(opening)  # type: ignore[arg-type]
        )
        self.has_total = total
        if formula is not None:
            self.define(formula)

    @property
    def has_opening(self) -> bool:
        """Whether anything stands in the opening column."""
        return self.opening_given is not None or self.opening_formula is not None

    def text(self, place: Place) -> str:
        """Return the address of the cell in the same month."""
        return self.cell(place, MONTH_COLUMN + place.period, is_fixed=False)

    def value(self, moment: Moment) -> Number:
        """Return the number of the same month. [mixed]."""
        return moment.reader.month(self, moment.period)

    @property
    def before(self) -> Expr:
        """Return the cell one month earlier; the opening in the first month."""
        return _Before(self)

    @property
    def opening(self) -> Expr:
        """Return the opening cell."""
        return _At(self, OPENING_COLUMN)

    @property
    def last(self) -> Expr:
        """Return the cell of the last month."""
        return _Last(self)

    @property
    def months(self) -> Expr:
        """Return all months, for functions that read a whole row."""
        return _Whole(self, with_opening=False)

    @property
    def so_far(self) -> Expr:
        """Return the months up to this one, so that nothing looks ahead."""
        return _SoFar(self)

    @property
    def opening_and_months(self) -> Expr:
        """Return the opening and all months."""
        return _Whole(self, with_opening=True)

    @property
    def total(self) -> Expr:
        """Return the cell that adds the months up."""
        if not self.has_total:
            msg = f"line {self.label!r} has no total"
            raise ValueError(msg)
        return _At(self, TOTAL_COLUMN)


class _Before(Expr):
    def __init__(self, line: Series) -> None:
        self._line = line

    def text(self, place: Place) -> str:
        column = MONTH_COLUMN + place.period - 1
        return self._line.cell(place, column, is_fixed=False)

    def value(self, moment: Moment) -> Number:
        return moment.reader.month(self._line, moment.period - 1)


class _At(Expr):
    def __init__(self, line: Series, column: int) -> None:
        self._line, self._column = line, column

    def text(self, place: Place) -> str:
        return self._line.cell(place, self._column, is_fixed=True)

    def value(self, moment: Moment) -> Number:
        reader = moment.reader
        if self._column == OPENING_COLUMN:
            return reader.month(self._line, -1)
        return float(reader.months(self._line).sum())


class _Whole(Expr):
    def __init__(self, line: Series, *, with_opening: bool) -> None:
        self._line, self._with_opening = line, with_opening

    def text(self, place: Place) -> str:
        line, last = self._line, MONTH_COLUMN + place.n_periods - 1
        first = OPENING_COLUMN if self._with_opening else MONTH_COLUMN
        start = line.cell(place, first, is_fixed=True)
        return f"{start}:${column_name(last)}{line.row + 1}"

    def value(self, moment: Moment) -> Number:
        reader = moment.reader
        months = reader.months(self._line)
        if not self._with_opening:
            return months
        return np.concatenate([[reader.month(self._line, -1)], months])


class _SoFar(Expr):
    def __init__(self, line: Series) -> None:
        self._line = line

    def text(self, place: Place) -> str:
        start = self._line.cell(place, MONTH_COLUMN, is_fixed=True)
        last = column_name(MONTH_COLUMN + place.period)
        return f"{start}:{last}{self._line.row + 1}"

    def value(self, moment: Moment) -> Number:
        reader = moment.reader
        until = moment.period + 1
        return np.array([reader.month(self._line, t) for t in range(until)])


class _Last(Expr):
    def __init__(self, line: Series) -> None:
        self._line = line

    def text(self, place: Place) -> str:
        column = MONTH_COLUMN + place.n_periods - 1
        return self._line.cell(place, column, is_fixed=True)

    def value(self, moment: Moment) -> Number:
        return float(moment.reader.months(self._line)[-1])
