# SPDX-License-Identifier: Apache-2.0
"""Formulas as values: each can be written for a cell and worked out in Python.

One tree serves both, so that a cached value and its formula cannot say two things. The
only numbers a formula may hold are 0, 1 and -1; every other number stands on a line of
its own. What does not belong here: lines and where they stand (`lines`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from scipy.optimize import brentq

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray
    from optimizer.workbook.lines import Moment

__all__ = [
    "Binary",
    "Call",
    "Expr",
    "Negative",
    "Number",
    "Operand",
    "Place",
    "Words",
    "flag",
    "wrapped",
]

Number: TypeAlias = "float | FloatArray"
"""A cell's value, or those of a row where a formula reads a whole row."""

Operand: TypeAlias = "Expr | int"

ALLOWED_NUMBERS: Final = frozenset({-1, 0, 1})
_DAY_ZERO: Final = date(1899, 12, 30).toordinal()
_ATOM: Final = 9
_HIGHEST_RATE: Final = 10.0
"""Rates of return are looked for up to here. [per month]"""
_NEGATIVE: Final = 5
_PRECEDENCE: Final = {
    "^": 4,
    "*": 3,
    "/": 3,
    "+": 2,
    "-": 2,
    "=": 1,
    "<>": 1,
    "<": 1,
    "<=": 1,
    ">": 1,
    ">=": 1,
}
_ASSOCIATIVE: Final = frozenset({"+", "*"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a formula is written.

    Parameters
    ----------
    sheet : str
        Name of the sheet.
    period : int
        Month of the column, -1 for the opening. [period]
    n_periods : int
        Months of the horizon. [months]
    """

    sheet: str
    period: int
    n_periods: int


class Expr:
    """A formula."""

    precedence: int = _ATOM

    def text(self, place: Place) -> str:
        """Return the formula as written in a cell, without the leading sign."""
        raise NotImplementedError

    def value(self, moment: Moment) -> Number:
        """Return what the formula gives. [mixed]."""
        raise NotImplementedError

    def __add__(self, other: Operand) -> Expr:
        return Binary("+", self, other)

    def __radd__(self, other: int) -> Expr:
        return Binary("+", other, self)

    def __sub__(self, other: Operand) -> Expr:
        return Binary("-", self, other)

    def __rsub__(self, other: int) -> Expr:
        return Binary("-", other, self)

    def __mul__(self, other: Operand) -> Expr:
        return Binary("*", self, other)

    def __truediv__(self, other: Operand) -> Expr:
        return Binary("/", self, other)

    def __rtruediv__(self, other: int) -> Expr:
        return Binary("/", other, self)

    def __pow__(self, other: Operand) -> Expr:
        return Binary("^", self, other)

    def __neg__(self) -> Expr:
        return Negative(self)

    def __lt__(self, other: Operand) -> Expr:
        return Binary("<", self, other)

    def __le__(self, other: Operand) -> Expr:
        return Binary("<=", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return Binary(">", self, other)

    def __ge__(self, other: Operand) -> Expr:
        return Binary(">=", self, other)

    def same(self, other: Operand) -> Expr:
        """Return whether two values are equal."""
        return Binary("=", self, other)

    def differs(self, other: Operand) -> Expr:
        """Return whether two values differ."""
        return Binary("<>", self, other)


class _Bare(Expr):
    """One of the three numbers that a formula may hold."""

    def __init__(self, number: int) -> None:
        if number not in ALLOWED_NUMBERS:
            msg = f"{number} stands in a formula: give it a line of its own"
            raise ValueError(msg)
        self._number = number

    def text(self, place: Place) -> str:
        return f"({self._number})" if self._number < 0 else str(self._number)

    def value(self, moment: Moment) -> Number:
        return float(self._number)


def wrapped(operand: Operand) -> Expr:
    """Return an operand as a formula."""
    return operand if isinstance(operand, Expr) else _Bare(operand)


_OPERATIONS: Final[dict[str, Callable[..., Number]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
    "=": lambda a, b: 1.0 * (a == b),
    "<>": lambda a, b: 1.0 * (a != b),
    "<": lambda a, b: 1.0 * (a < b),
    "<=": lambda a, b: 1.0 * (a <= b),
    ">": lambda a, b: 1.0 * (a > b),
    ">=": lambda a, b: 1.0 * (a >= b),
}


class Binary(Expr):
    """Two formulas and an operator; a comparison counts as 1 or 0."""

    def __init__(self, sign: str, left: Operand, right: Operand) -> None:
        self._sign, self._operation = sign, _OPERATIONS[sign]
        self._left, self._right = wrapped(left), wrapped(right)
        self.precedence = _PRECEDENCE[sign]

    def text(self, place: Place) -> str:
        """Return the formula with no more brackets than it needs."""
        left, right = self._left.text(place), self._right.text(place)
        if self._left.precedence < self.precedence:
            left = f"({left})"
        binds_first = self._right.precedence > self.precedence
        is_free = self._sign in _ASSOCIATIVE and (
            self._right.precedence == self.precedence
            and getattr(self._right, "_sign", "") == self._sign
        )
        if not (binds_first or is_free):
            right = f"({right})"
        return f"{left}{self._sign}{right}"

    def value(self, moment: Moment) -> Number:
        """Return the result. [mixed]."""
        return self._operation(self._left.value(moment), self._right.value(moment))


def flag(test: Expr) -> Expr:
    """Return a comparison as a number, 1 or 0, that can be added up."""
    return test * 1


class Words(Expr):
    """Text that a formula may show; as a value, not a number."""

    def __init__(self, words: str) -> None:
        self._words = words

    def text(self, place: Place) -> str:
        """Return the words in quotes."""
        quoted = self._words.replace('"', '""')
        return f'"{quoted}"'

    def value(self, moment: Moment) -> Number:
        """Return NaN: words have no value. [mixed]."""
        return float("nan")


class Negative(Expr):
    """A formula with its sign turned."""

    # A leading minus binds more than a power does; brackets end all doubt.
    precedence = _NEGATIVE

    def __init__(self, inner: Expr) -> None:
        self._inner = inner

    def text(self, place: Place) -> str:
        """Return the formula in brackets where its sign could be misread."""
        inner = self._inner.text(place)
        if self._inner.precedence < _ATOM:
            inner = f"({inner})"
        return f"-{inner}"

    def value(self, moment: Moment) -> Number:
        """Return the result. [mixed]."""
        return -self._inner.value(moment)


class Call(Expr):
    """A worksheet function; `IF` works out only the branch it takes."""

    def __init__(self, name: str, *arguments: Operand) -> None:
        self._name = name
        self._arguments = tuple(wrapped(argument) for argument in arguments)

    def text(self, place: Place) -> str:
        """Return the call."""
        inner = ",".join(argument.text(place) for argument in self._arguments)
        return f"{self._name}({inner})"

    def value(self, moment: Moment) -> Number:
        """Return the result. [mixed]."""
        if self._name == "IF":
            test, then, other = self._arguments
            return (then if test.value(moment) else other).value(moment)
        values = [argument.value(moment) for argument in self._arguments]
        return _FUNCTIONS[self._name](*values)


def _minimum(*values: Number) -> Number:
    return float(min(float(np.min(value)) for value in values))


def _maximum(*values: Number) -> Number:
    return float(max(float(np.max(value)) for value in values))


def _total(*values: Number) -> Number:
    return float(sum(float(np.sum(value)) for value in values))


def _product_sum(*values: Number) -> Number:
    product: Number = 1.0
    for value in values:
        product = product * value
    return float(np.sum(product))


def _months_later(serial: Number, months: Number) -> Number:
    """Return a date some months on, days counted as spreadsheets do [days]."""
    day = date.fromordinal(int(serial) + _DAY_ZERO)
    year, month = divmod(day.year * 12 + day.month - 1 + int(months), 12)
    return float(date(year, month + 1, day.day).toordinal() - _DAY_ZERO)


def _year(serial: Number) -> Number:
    return float(date.fromordinal(int(serial) + _DAY_ZERO).year)


def _month(serial: Number) -> Number:
    return float(date.fromordinal(int(serial) + _DAY_ZERO).month)


def _rate(flows: Number, guess: Number) -> Number:
    """Return the one positive internal rate of return, NaN without it [per period]."""
    amounts = np.asarray(flows)
    months = np.arange(len(amounts))

    def value(rate: float) -> float:
        return float((amounts * (1.0 + rate) ** -months).sum())

    if value(0.0) <= 0.0 or value(_HIGHEST_RATE) >= 0.0:
        return float("nan")
    return float(brentq(value, 0.0, _HIGHEST_RATE, xtol=1e-15, rtol=1e-14))


def _if_error(value: Number, other: Number) -> Number:
    return other if np.isnan(value).any() else value


_FUNCTIONS: Final[dict[str, Callable[..., Number]]] = {
    "MIN": _minimum,
    "MAX": _maximum,
    "SUM": _total,
    "SUMPRODUCT": _product_sum,
    "ABS": np.abs,
    "INT": np.floor,
    "EXP": np.exp,
    "LN": np.log,
    "EDATE": _months_later,
    "YEAR": _year,
    "MONTH": _month,
    "IRR": _rate,
    "IFERROR": _if_error,
}
