# SPDX-License-Identifier: Apache-2.0
"""Days, weeks and due days of the weekly cash view.

Weeks start on Monday. The first begins on the first day of the first month, so it may
be short; the last ends on the last day of a month where it would run over one. What
does not belong here: which terms there are (`models.payment_terms`) and money.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from models.months import add_months, months_between
from models.units import day_number, days_in_month, month_of_date, parse_month

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray
    from models.payment_terms import PaymentTerm

__all__ = ["CashCalendar", "CashWeek", "cash_calendar", "due_date", "term_weights"]

_FRIDAY: Final = 4
_SATURDAY: Final = 5
_PAY_FRIDAY: Final = day_number(date(2025, 12, 5))
_DAYS_PER_WEEK: Final = 7
_AFTER: Final = -1
"""Week of the days after the last week."""


@dataclass(frozen=True, slots=True)
class CashWeek:
    """One week of the view.

    Parameters
    ----------
    number : int
        1 for the first. [weeks]
    start, end : datetime.date
        First and last day, both inside.
    """

    number: int
    start: date
    end: date

    @property
    def n_days(self) -> int:
        """Return how many days it has, 7 but for cut ones. [days]."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True, slots=True)
class CashCalendar:
    """Weeks, and the days of every month they touch.

    Parameters
    ----------
    months : tuple of str, length n_months
        ISO months touched, the first of them the start.
    weeks : tuple of CashWeek, length n_weeks
        Weeks without gaps.
    days : tuple of datetime.date, length n_days
        All days of these months, also those after the last week.
    month_of_day : ndarray of int of shape (n_days,)
        Position of each day's month. [unitless]
    week_of_day : ndarray of int of shape (n_days,)
        Position of each day's week, -1 after the last. [unitless]
    """

    months: tuple[str, ...]
    weeks: tuple[CashWeek, ...]
    days: tuple[date, ...]
    month_of_day: IntArray
    week_of_day: IntArray

    @property
    def part_starts(self) -> IntArray:
        """Return the first day of each part, (n_parts,) [unitless].

        A part is what a week and a month have in common; the days after the last week
        are a part of their own.
        """
        step = np.abs(np.diff(self.month_of_day)) + np.abs(np.diff(self.week_of_day))
        return np.concatenate([[0], np.flatnonzero(step) + 1])

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """Return the positions of week (-1 after the last) and month of each part."""
        return tuple(
            (int(self.week_of_day[day]), int(self.month_of_day[day]))
            for day in self.part_starts
        )


def cash_calendar(start_month: str, n_weeks: int) -> CashCalendar:
    """Return the calendar of a weekly view.

    Parameters
    ----------
    start_month : str
        ISO month whose first day begins the first week.
    n_weeks : int
        How many, >= 1. [weeks]

    Raises
    ------
    ValueError
        If there is no week.

    Examples
    --------
    >>> weeks = cash_calendar("2025-12", 13).weeks
    >>> weeks[0].start.isoformat(), weeks[12].end.isoformat()
    ('2025-12-01', '2026-02-28')
    """
    if n_weeks < 1:
        msg = f"a weekly view needs at least one week, got {n_weeks}"
        raise ValueError(msg)
    first = date(*parse_month(start_month), 1)
    weeks = []
    start = first
    for number in range(1, n_weeks + 1):
        end = start + timedelta(days=_DAYS_PER_WEEK - 1 - start.weekday())
        if number == n_weeks:
            end = min(end, _month_end(month_of_date(start)))
        weeks.append(CashWeek(number, start, end))
        start = end + timedelta(days=1)
    n_months = months_between(start_month, month_of_date(weeks[-1].end)) + 1
    months = tuple(add_months(start_month, k) for k in range(n_months))
    last = _month_end(months[-1])
    days = tuple(first + timedelta(days=k) for k in range((last - first).days + 1))
    week_of_day = np.full(len(days), _AFTER, dtype=np.int64)
    for index, week in enumerate(weeks):
        at = (week.start - first).days
        week_of_day[at : at + week.n_days] = index
    place = {month: index for index, month in enumerate(months)}
    return CashCalendar(
        months=months,
        weeks=tuple(weeks),
        days=days,
        month_of_day=np.array([place[month_of_date(day)] for day in days]),
        week_of_day=week_of_day,
    )


def due_date(month: str, due_day: int) -> date:
    """Return the working day on which a payment falls due.

    Parameters
    ----------
    month : str
        ISO month.
    due_day : int
        Day of the month; one past its end means its last. [day of month]

    Returns
    -------
    datetime.date
        A Saturday or Sunday moves to Monday, or back to Friday where that Monday lies
        in the next month.

    Examples
    --------
    >>> due_date("2025-12", 20).isoformat()
    '2025-12-22'
    >>> due_date("2026-01", 31).isoformat()
    '2026-01-30'
    """
    year, number = parse_month(month)
    day = date(year, number, min(due_day, days_in_month(month)))
    over = day.weekday() - _SATURDAY
    if over < 0:
        return day
    monday = day + timedelta(days=2 - over)
    return monday if monday.month == number else day - timedelta(days=over + 1)


def term_weights(term: PaymentTerm, calendar: CashCalendar) -> FloatArray:
    """Return the share of its month's amount that is paid on each day.

    Parameters
    ----------
    term : PaymentTerm
        Term.
    calendar : CashCalendar
        Days.

    Returns
    -------
    ndarray of shape (n_days,)
        Shares; those of a month sum to one. [share 0-1]
    """
    if term.rule == "monthly":
        due = {due_date(month, term.due_day) for month in calendar.months}
        is_paid = [day in due for day in calendar.days]
    elif term.rule == "weekly":
        is_paid = [day.weekday() == _FRIDAY for day in calendar.days]
    elif term.rule == "biweekly":
        fortnight = 2 * _DAYS_PER_WEEK
        is_paid = [
            (day_number(day) - _PAY_FRIDAY) % fortnight == 0 for day in calendar.days
        ]
    else:
        is_paid = [True] * len(calendar.days)
    marks = np.array(is_paid, dtype=np.float64)
    counts = np.bincount(calendar.month_of_day, weights=marks)
    return marks / counts[calendar.month_of_day]


def _month_end(month: str) -> date:
    year, number = parse_month(month)
    return date(year, number, days_in_month(month))
