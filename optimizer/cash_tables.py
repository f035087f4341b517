# SPDX-License-Identifier: Apache-2.0
"""Tables of the cash view: one definition for terminal, CSV, report and workbook.

Cells are raw values; scaling is a matter of showing. What does not belong here: how
the figures come about (`optimizer.cash_weeks`), and showing them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from models.cash_lines import CASH_LINES
from optimizer.cash_cases import CASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.arrays import FloatArray
    from models.cash_weeks import WeeklyCash
    from optimizer.cash_weeks import CashWeeks

__all__ = [
    "CashColumn",
    "CashRow",
    "CashTable",
    "bands_table",
    "csv_columns",
    "is_used",
    "weeks_csv",
    "weeks_table",
]

CashCell: TypeAlias = "float | int | str | None"


@dataclass(frozen=True, slots=True)
class CashColumn:
    """One column.

    Parameters
    ----------
    key : str
        Name in CSV.
    label : str
        Heading for people.
    is_text : bool
        Whether its cells are words.
    """

    key: str
    label: str
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class CashRow:
    """One row.

    Parameters
    ----------
    key : str
        Name, with its unit.
    label : str
        Words for people.
    unit : str
        Unit of its numbers: ``USD``, ``BTC``, ``USD/BTC``, ``share 0-1``...
    cells : tuple
        Raw values.
    is_strong : bool
        Whether it is a total.
    """

    key: str
    label: str
    unit: str
    cells: tuple[CashCell, ...]
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class CashTable:
    """Columns and rows; the label of a row stands before its cells.

    Parameters
    ----------
    id, title : str
        Identifier; what it shows.
    columns : tuple of CashColumn
        Columns of the cells.
    rows : tuple of CashRow
        Rows, as many cells each as there are columns.
    note : str
        Line below the table.
    """

    id: str
    title: str
    columns: tuple[CashColumn, ...]
    rows: tuple[CashRow, ...]
    note: str = ""


def weeks_table(
    result: CashWeeks, weekly: WeeklyCash, title: str, table_id: str = "cash_weeks"
) -> CashTable:
    """Return one case week by week: opening, lines, closing, BTC and loan.

    Parameters
    ----------
    result : CashWeeks
        View; its cases say which lines are worth a row.
    weekly : WeeklyCash
        The case to show; its first path.
    title, table_id : str
        Title and identifier.

    Returns
    -------
    CashTable
        A column per week and one of totals; lines that stay zero in every case are
        left out.
    """
    rows = [_row("opening_usd", "Opening cash", weekly.opening_usd, None, strong=True)]
    group = ""
    for line in CASH_LINES:
        if line.group != group and group:
            rows += _group_row(result, weekly, group)
        group = line.group
        if is_used(result, line.key):
            rows.append(_row(f"{line.key}_usd", line.label, weekly.lines[line.key]))
    rows += _group_row(result, weekly, group)
    rows += [
        _row("net_usd", "Net cash flow", weekly.net_usd(), strong=True),
        _row("closing_usd", "Closing cash", weekly.closing_usd, None, strong=True),
        _row("lowest_usd", "Lowest day's end", weekly.lowest_usd, None),
        _row(
            "over_floor_usd",
            "Lowest day over the floor",
            weekly.lowest_usd - weekly.floor_usd,
            None,
        ),
        *_btc_rows(weekly),
    ]
    rows = _known(rows)
    columns = [
        CashColumn(week.start.isoformat(), f"{week.start.day} {week.start:%b}")
        for week in result.calendar.weeks
    ]
    return CashTable(
        table_id,
        title,
        (*columns, CashColumn("total", "Total")),
        tuple(rows),
        note="Weeks start on Monday; inflow positive.",
    )


def bands_table(result: CashWeeks) -> CashTable:
    """Return the closing cash of the cases and the scenarios, week by week."""
    bands = result.bands
    rows = [
        _row(f"{case}_{key}", f"{label}, {case}", getattr(weekly, key), total, unit)
        for key, label, unit, total in (
            ("closing_usd", "Closing cash", "USD", None),
            ("btc_sold", "BTC sold", "BTC", "sum"),
            ("ltv_frac", "Loan to value", "share 0-1", None),
        )
        for case, weekly in result.cases.items()
    ]
    if bands is not None:
        wanted = (
            ("closing_usd", "Closing cash", "USD"),
            ("lowest_usd", "Lowest day's end", "USD"),
            ("btc_sold", "BTC sold", "BTC"),
            ("btc_price_usd", "BTC price", "USD/BTC"),
            ("loan_usd", "BTC loan", "USD"),
            ("ltv_frac", "Loan to value", "share 0-1"),
        )
        for key, label, unit in wanted:
            for place, name in enumerate(("P5", "P50", "P95")):
                values = bands.quantiles[key][place : place + 1]
                rows.append(
                    _row(
                        f"{name.lower()}_{key}", f"{label}, {name}", values, None, unit
                    )
                )
        rows.append(
            _row(
                "under_floor_frac",
                "Scenarios under the floor",
                bands.under_floor_frac[None, :],
                None,
                "share 0-1",
            )
        )
    columns = [
        CashColumn(week.start.isoformat(), f"{week.start.day} {week.start:%b}")
        for week in result.calendar.weeks
    ]
    return CashTable(
        "cash_bands",
        "Cases and scenarios",
        (*columns, CashColumn("total", "Total")),
        tuple(_known(rows)),
    )


def csv_columns(tables: Iterable[tuple[str, CashTable]]) -> dict[str, list[CashCell]]:
    """Return tables of the same columns as one, for a CSV file.

    Parameters
    ----------
    tables : iterable of (str, CashTable)
        Tables, each with a word for its first column.
    """
    found: dict[str, list[CashCell]] = {}
    for name, table in tables:
        for row in table.rows:
            head = {"table": name, "line": row.key, "label": row.label}
            cells = zip((c.key for c in table.columns), row.cells, strict=True)
            for key, value in (*head.items(), ("unit", row.unit), *cells):
                found.setdefault(key, []).append(value)
    return found


def weeks_csv(result: CashWeeks) -> dict[str, list[CashCell]]:
    """Return all cases and bands as one table with a column per week."""
    tables: list[tuple[str, CashTable]] = [
        (case, weeks_table(result, result.cases[case], case)) for case in CASES
    ]
    tables.append(("evenly", weeks_table(result, result.evenly, "evenly")))
    tables.append(("scenarios", bands_table(result)))
    return csv_columns(tables)


def _row(
    key: str,
    label: str,
    values: FloatArray,
    total: float | str | None = "sum",
    unit: str = "USD",
    *,
    strong: bool = False,
) -> CashRow:
    numbers = [float(value) for value in values[0]]
    end = float(np.sum(values[0])) if isinstance(total, str) else total
    return CashRow(key, label, unit, (*numbers, end), strong)


def _known(rows: list[CashRow]) -> list[CashRow]:
    """Return the rows that say something: those of a loan only where there is one."""
    return [row for row in rows if _says_something(row)]


def _says_something(row: CashRow) -> bool:
    known = [c for c in row.cells if isinstance(c, float) and math.isfinite(c)]
    is_of_loan = row.key.endswith(("loan_usd", "btc_pledged"))
    return any(known) if is_of_loan else bool(known)


def is_used(result: CashWeeks, key: str) -> bool:
    """Return whether a line moves any cash in any case."""
    return any(bool(w.lines[key].any()) for w in result.cases.values())


def _group_row(result: CashWeeks, weekly: WeeklyCash, group: str) -> list[CashRow]:
    keys = [line.key for line in CASH_LINES if line.group == group]
    if sum(is_used(result, key) for key in keys) < 2:
        return []
    key = f"{group.replace(' ', '_')}_usd"
    return [_row(key, f"Total {group}", weekly.group_usd(group), strong=True)]


def _btc_rows(weekly: WeeklyCash) -> Sequence[CashRow]:
    return (
        _row("btc_price_usd", "BTC price", weekly.btc_price_usd, None, "USD/BTC"),
        _row("btc_sold", "BTC sold", weekly.btc_sold, unit="BTC"),
        _row("btc_held", "BTC held at the end", weekly.btc_held, None, "BTC"),
        _row("btc_pledged", "of it pledged", weekly.btc_pledged, None, "BTC"),
        _row("loan_usd", "BTC loan at the end", weekly.loan_usd, None),
        _row("ltv_frac", "Loan to value", weekly.ltv_frac, None, "share 0-1"),
        _row(
            "call_price_usd", "Margin call at", weekly.call_price_usd, None, "USD/BTC"
        ),
    )
