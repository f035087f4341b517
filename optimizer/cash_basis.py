# SPDX-License-Identifier: Apache-2.0
"""What the weekly view rests on, as tables: payment terms, ties, shares of months.

What does not belong here: the view itself (`optimizer.cash_tables`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.cash_lines import CASH_LINES
from models.cash_weeks import payment_terms
from models.payment_terms import PaymentTerm
from optimizer.cash_tables import CashColumn, CashRow, CashTable, is_used

if TYPE_CHECKING:
    from optimizer.cash_tables import CashCell
    from optimizer.cash_weeks import CashWeeks
    from sites.loader import StudyBundle

__all__ = ["shares_table", "terms_table", "ties_table"]


def ties_table(result: CashWeeks) -> CashTable:
    """Return the months of the base case: days added up beside the ledger."""
    weekly = result.base
    rows = []
    for index, month in enumerate(result.calendar.months):
        keys = weekly.month_flows
        days = [float(weekly.month_sums[key][0, index]) for key in keys]
        ledger = [float(flow[0, index]) for flow in keys.values()]
        is_last = index + 1 == len(result.calendar.months)
        after = sum(float(rest[0]) for rest in weekly.rest.values()) if is_last else 0.0
        cells = (
            sum(value for value in days if value > 0.0),
            sum(value for value in days if value < 0.0),
            after,
            sum(ledger),
            max(abs(a - b) for a, b in zip(days, ledger, strict=True)),
            float(weekly.month_cash_usd[0, index]),
            float(weekly.ledger_cash_usd[0, index]),
        )
        rows.append(CashRow(month, month, "USD", cells))
    return CashTable(
        "cash_ties",
        "Weeks beside the monthly ledger, base case",
        (
            CashColumn("inflow_usd", "Inflow lines"),
            CashColumn("outflow_usd", "Outflow lines"),
            CashColumn("after_usd", "Net after the weeks"),
            CashColumn("ledger_usd", "Net in the ledger"),
            CashColumn("worst_line_usd", "Worst line off by"),
            CashColumn("cash_usd", "Cash at its end"),
            CashColumn("ledger_cash_usd", "In the ledger"),
        ),
        tuple(rows),
    )


def shares_table(result: CashWeeks) -> CashTable:
    """Return which share of a month's amount falls into each part of a week.

    For a sheet with live formulas: the cash of a week is the sum over its parts of the
    month's amount in the ledger times this share. A part is what a week and a month
    have in common; the days after the last week come last.

    Parameters
    ----------
    result : CashWeeks
        View; its base case.

    Returns
    -------
    CashTable
        A row per line that is used; 0 where a month has none of it.
    """
    weekly, calendar = result.base, result.calendar
    months = np.array([month for _, month in calendar.parts])
    columns = []
    for day, (week, month) in zip(calendar.part_starts, calendar.parts, strict=True):
        label = "after" if week < 0 else f"week {week + 1}"
        key = f"{calendar.days[day].isoformat()}"
        columns.append(CashColumn(key, f"{label}, {calendar.months[month]}"))
    rows = []
    for line in CASH_LINES:
        if not is_used(result, line.key):
            continue
        total = weekly.month_flows[line.key][0][months]
        part = weekly.part_flows[line.key][0]
        share = np.divide(part, total, out=np.zeros_like(part), where=total != 0.0)
        cells = tuple(float(value) for value in share)
        rows.append(CashRow(f"{line.key}_frac", line.label, "share 0-1", cells))
    return CashTable(
        "cash_shares",
        "Share of the month's amount by part of a week",
        tuple(columns),
        tuple(rows),
    )


def terms_table(bundle: StudyBundle) -> CashTable:
    """Return the payment terms with their ranges and sources.

    Parameters
    ----------
    bundle : StudyBundle
        Study; terms that its company file does not give are defaults.
    """
    terms = payment_terms(bundle.study)
    known = {number.key: number for number in bundle.provenance}
    rows = []
    for name, value in terms:
        key = f"company.payment_terms.{name}"
        is_term = isinstance(value, PaymentTerm)
        number = known.get(f"{key}.due_day" if is_term else key)
        rule = value.rule if is_term else str(value)
        is_dated = is_term and value.rule == "monthly"
        cells: tuple[CashCell, ...] = (
            rule,
            value.due_day if is_dated else None,
            number.low if number else None,
            number.high if number else None,
            number.source_id if number else "default, assumption",
            number.note if number else "",
        )
        rows.append(CashRow(name, name.replace("_", " "), "day of month", cells))
    return CashTable(
        "cash_terms",
        "Payment terms",
        (
            CashColumn("rule", "Rule", is_text=True),
            CashColumn("due_day", "Due day"),
            CashColumn("low", "Low"),
            CashColumn("high", "High"),
            CashColumn("source", "Source", is_text=True),
            CashColumn("note", "Note", is_text=True),
        ),
        tuple(rows),
    )
