# SPDX-License-Identifier: Apache-2.0
"""Sheet of time: month numbers, dates, lengths, discounting.

What does not belong here: prices (`market`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call, flag
from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.sheets import Sheet

if TYPE_CHECKING:
    from optimizer.workbook.draft import Draft

__all__ = ["Timeline", "timeline"]

_DAY_ZERO = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Lines of the sheet of time.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    n_months : Scalar
        Months of the horizon. [months]
    index : Series
        Month number from 0. [period]
    day : Series
        First day of the month. [date]
    year : Series
        Calendar year. [years]
    hours, seconds : Series
        Length of the month. [h, s]
    elapsed_years : Series
        Years since the first month. [years]
    months_left_in_year : Series
        Months to the end of the calendar year, this one included. [months]
    is_last : Series
        1 in the last month. [flag]
    is_year_end : Series
        1 in the last month of a calendar year, and of the horizon. [flag]
    discount : Series
        Value now of a dollar at the month's end, 1 at the opening. [USD/USD]
    """

    sheet: Sheet
    n_months: Scalar
    index: Series
    day: Series
    year: Series
    hours: Series
    seconds: Series
    elapsed_years: Series
    months_left_in_year: Series
    is_last: Series
    is_year_end: Series
    discount: Series


def timeline(draft: Draft) -> Timeline:
    """Return the sheet of time.

    Parameters
    ----------
    draft : Draft
        Workbook being put together.
    """
    sheet, inputs = Sheet("Time", "Time"), draft.inputs
    per_year = inputs.constant("months_per_year")
    first_day, n_months = _span(draft, sheet)
    index = Series("Month number", "period", style="integer", opening=-1.0)
    index.define(index.before + 1)
    sheet.add(index)
    day = sheet.row("Month", "date", Call("EDATE", first_day, index), style="date")
    year = sheet.row("Calendar year", "year", Call("YEAR", day), style="flag")
    length = Call("EDATE", day, 1) - day
    hours = sheet.row(
        "Hours",
        "h",
        length * inputs.constant("hours_per_day"),
        style="integer",
        total=True,
    )
    seconds = sheet.row(
        "Seconds", "s", hours * inputs.constant("seconds_per_hour"), style="integer"
    )
    elapsed = sheet.row(
        "Years since the first month", "years", index / per_year, style="factor"
    )
    left, is_last, is_year_end = _ends(draft, sheet, index, day, n_months)
    discount = _discount(draft, sheet, index)
    return Timeline(
        sheet,
        n_months,
        index,
        day,
        year,
        hours,
        seconds,
        elapsed,
        left,
        is_last,
        is_year_end,
        discount,
    )


def _ends(
    draft: Draft, sheet: Sheet, index: Series, day: Series, n_months: Scalar
) -> tuple[Series, Series, Series]:
    """Put how far a month is from the year's end, and the two flags, on the sheet."""
    per_year = draft.inputs.constant("months_per_year")
    left = sheet.row(
        "Months left in the calendar year",
        "months",
        per_year + 1 - Call("MONTH", day),
        style="integer",
    )
    is_last = sheet.row(
        "Last month", "flag", flag((index + 1).same(n_months)), style="flag"
    )
    is_year_end = sheet.row(
        "Year-end, or the last month",
        "flag",
        Call("MAX", flag(left.same(1)), is_last),
        style="flag",
    )
    return left, is_last, is_year_end


def _span(draft: Draft, sheet: Sheet) -> tuple[Scalar, Scalar]:
    """Put the first month and the number of months on the sheet."""
    sheet.heading("Calendar")
    begins = date.fromisoformat(f"{draft.study.time.start_month}-01")
    serial, months = float((begins - _DAY_ZERO).days), float(draft.n_periods)
    first_day = sheet.value(
        "First month", "date", given=serial, style="date", role="solver"
    )
    n_months = sheet.value(
        "Months of the horizon", "months", given=months, style="integer", role="solver"
    )
    return first_day, n_months


def _discount(draft: Draft, sheet: Sheet, index: Series) -> Series:
    """Put discount factors on the sheet."""
    sheet.heading("Discounting")
    rate = draft.inputs.number("company.discount_rate_per_year")
    factor = (1 + rate) ** (-(index + 1) / draft.inputs.constant("months_per_year"))
    return sheet.row(
        "Discount factor", "USD/USD", factor, opening=factor, style="factor"
    )
