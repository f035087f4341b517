# SPDX-License-Identifier: Apache-2.0
"""Calendar months as ISO text: adding and counting.

Lengths of months in hours and seconds stand in `models.units`.
"""

from __future__ import annotations

__all__ = ["add_months", "months_between"]


def _ordinal(month: str) -> int:
    year, number = month.split("-")
    return int(year) * 12 + int(number) - 1


def add_months(month: str, count: int) -> str:
    """Return the calendar month `count` months after `month`.

    Parameters
    ----------
    month : str
        ISO ``YYYY-MM``.
    count : int
        Months to add; may be negative. [months]

    Examples
    --------
    >>> add_months("2025-12", 1)
    '2026-01'
    """
    year, number = divmod(_ordinal(month) + count, 12)
    return f"{year:04d}-{number + 1:02d}"


def months_between(first: str, second: str) -> int:
    """Return how many months `second` lies after `first`.

    Parameters
    ----------
    first, second : str
        ISO ``YYYY-MM``.

    Examples
    --------
    >>> months_between("2025-12", "2026-02")
    2
    """
    return _ordinal(second) - _ordinal(first)
