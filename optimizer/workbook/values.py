# SPDX-License-Identifier: Apache-2.0
"""The workbook worked out in Python: what each cell shows before anyone opens it.

Changed inputs can be put in, so that the workbook's own formulas can be tested without
a spreadsheet program. What does not belong here: the engine (`models.cashflow`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optimizer.workbook.lines import Moment, Scalar, Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from models.arrays import FloatArray
    from optimizer.workbook.lines import Line
    from optimizer.workbook.sheets import Sheet

__all__ = ["Values", "work_out"]


class Values:
    """Works lines out as they are asked for and remembers them.

    Parameters
    ----------
    n_periods : int
        Months of the horizon. [months]
    changes : mapping of Scalar to float, optional
        Inputs that differ from the run's. [mixed]
    """

    def __init__(
        self, n_periods: int, changes: Mapping[Scalar, float] | None = None
    ) -> None:
        self.n_periods = n_periods
        self._changes = dict(changes or {})
        self._known: dict[tuple[int, int], float] = {}
        self._rows: dict[int, FloatArray] = {}
        self._busy: set[tuple[int, int]] = set()

    def scalar(self, line: Scalar) -> float:
        """Return a line's number. [mixed]."""
        if line in self._changes:
            return self._changes[line]
        if line.formula is None:
            return _present(line, line.given)
        return self._work_out(line, 0)

    def month(self, line: Series, period: int) -> float:
        """Return a line's number in a month, -1 being the opening. [mixed]."""
        if period < 0:
            if line.opening_given is not None:
                return line.opening_given
            if line.opening_formula is None:
                return 0.0
            return self._work_out(line, -1)
        if line.formula is None:
            given = line.given
            return _present(line, None if given is None else float(given[period]))
        return self._work_out(line, period)

    def months(self, line: Series) -> FloatArray:
        """Return a line's months, shape (n_periods,). [mixed]."""
        row = self._rows.get(id(line))
        if row is None:
            row = np.array([self.month(line, t) for t in range(self.n_periods)])
            self._rows[id(line)] = row
        return row

    def _work_out(self, line: Line, period: int) -> float:
        key = id(line), period
        known = self._known.get(key)
        if known is not None:
            return known
        if key in self._busy:
            msg = f"line {line.label!r} leads back to itself in period {period}"
            raise ValueError(msg)
        formula = line.formula
        if period < 0 and isinstance(line, Series):
            formula = line.opening_formula
        if formula is None:
            msg = f"line {line.label!r} has no formula"
            raise ValueError(msg)
        self._busy.add(key)
        value = float(formula.value(Moment(self, period)))
        self._busy.remove(key)
        self._known[key] = value
        return value


def work_out(
    sheets: Iterable[Sheet],
    n_periods: int,
    changes: Mapping[Scalar, float] | None = None,
) -> Values:
    """Return the values of every line of the sheets.

    Parameters
    ----------
    sheets : iterable of Sheet
        Sheets, complete.
    n_periods : int
        Months of the horizon. [months]
    changes : mapping of Scalar to float, optional
        Inputs that differ from the run's. [mixed]

    Returns
    -------
    Values
        Worked out month by month, so that no chain of months is ever deep.
    """
    values = Values(n_periods, changes)
    lines = [line for sheet in sheets for line in sheet.lines()]
    series = [line for line in lines if isinstance(line, Series)]
    for period in range(-1, n_periods):
        for line in series:
            values.month(line, period)
    for one in lines:
        if isinstance(one, Scalar):
            values.scalar(one)
    return values


def _present(line: Line, given: float | None) -> float:
    if given is None:
        msg = f"line {line.label!r} has neither a number nor a formula"
        raise ValueError(msg)
    return float(given)
