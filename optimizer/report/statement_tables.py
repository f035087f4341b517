# SPDX-License-Identifier: Apache-2.0
"""Tables of statements: lines by row, spans of months by column.

What does not belong here: which exhibits there are (`optimizer.report.statements`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optimizer.report.exhibit import Fold
from optimizer.report.formats import short_month
from optimizer.report.table import Cell, Column, Table, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.arrays import FloatArray
    from models.statement_lines import LineItem
    from models.study import Study

__all__ = [
    "SMALLEST_USD",
    "flow_folds",
    "flow_table",
    "line_table",
    "quarters",
    "span_columns",
    "years",
]

SMALLEST_USD = 0.5
"""Lines that never pass this are left out. [USD]"""

_USD_M = 1e-6
_ROUNDING_USD = 1e-4
_SECTIONS = {
    "revenue": "Revenue",
    "cost": "Cost of revenue",
    "overhead": "Overhead",
    "btc": "BTC",
    "depreciation": "Depreciation",
    "disposals": "Disposals",
    "finance": "Financing",
    "tax": "Tax",
    "operating": "Operating",
    "investing": "Investing",
    "financing": "Financing",
    "assets": "Assets",
    "liabilities": "Liabilities",
    "equity": "Equity",
    "total": "",
}


def years(study: Study) -> dict[str, slice]:
    """Return periods by calendar year; the first and last may be parts of one."""
    return _spans(study.months, [month[:4] for month in study.months])


def quarters(study: Study) -> dict[str, slice]:
    """Return periods by calendar quarter; the first and last may be parts of one."""
    names = [f"{m[:4]} Q{(int(m[-2:]) + 2) // 3}" for m in study.months]
    return _spans(study.months, names)


def _spans(months: Sequence[str], names: Sequence[str]) -> dict[str, slice]:
    found: dict[str, slice] = {}
    for index, name in enumerate(names):
        first = found[name].start if name in found else index
        found[name] = slice(first, index + 1)
    return found


def flow_folds(
    study: Study,
    table_id: str,
    title: str,
    lines: tuple[LineItem, ...],
    values: dict[str, FloatArray],
) -> tuple[Fold, ...]:
    """Return a statement of flows by quarter and by month, to open on demand."""
    months = {m: slice(k, k + 1) for k, m in enumerate(study.months)}
    tables = (
        (f"{title} by quarter", quarters(study), f"{table_id}_quarters"),
        (f"{title} by month", months, f"{table_id}_months"),
    )
    return tuple(
        Fold(name, (line_table(key, name, lines, values, spans, "flow"),))
        for name, spans, key in tables
    )


def flow_table(
    table_id: str,
    title: str,
    lines: tuple[LineItem, ...],
    values: dict[str, FloatArray],
    study: Study,
) -> Table:
    """Return a statement of flows by year."""
    return line_table(table_id, title, lines, values, years(study), "flow")


def span_columns(
    spans: Mapping[str, slice],
    key: str,
    heading: str,
    other: str,
    label: str,
    prefix: str,
) -> tuple[Column, ...]:
    """Return two columns of words and one of USD m for each span of periods."""
    columns: list[Column] = [text(key, heading), text(other, label)]
    for name in spans:
        code = name.lower().replace("-", "_").replace(" ", "_")
        shown = short_month(name) if len(name) == 7 and name[4] == "-" else name
        columns.append(number(f"{prefix}_{code}_usd", shown, scale=_USD_M))
    if prefix == "flow":
        columns.append(number("flow_total_usd", "Total", scale=_USD_M))
    return tuple(columns)


def _settled(amount_usd: float) -> float:
    """Return an amount, or zero for what rounding left of one."""
    return amount_usd if abs(amount_usd) >= _ROUNDING_USD else 0.0


def line_table(
    table_id: str,
    title: str,
    lines: tuple[LineItem, ...],
    values: dict[str, FloatArray],
    spans: Mapping[str, slice],
    prefix: str,
) -> Table:
    """Return lines by row and spans by column; lines that are always zero go."""
    rows: list[tuple[Cell, ...]] = []
    strong: set[int] = set()
    for line in lines:
        series = values[line.name][0]
        is_total = line.section == "total"
        if not is_total and np.abs(series).max() <= SMALLEST_USD:
            continue
        cells = [_settled(float(series[span].sum())) for span in spans.values()]
        if prefix == "flow":
            cells.append(sum(cells))
        if is_total:
            strong.add(len(rows))
        rows.append((_SECTIONS[line.section], line.label, *cells))
    columns = span_columns(spans, "part", "Part", "line", "Line", prefix)
    return Table(
        table_id,
        title,
        columns,
        tuple(rows),
        strong=frozenset(strong),
        note="USD m.",
    )
