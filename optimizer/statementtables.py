# SPDX-License-Identifier: Apache-2.0
"""Tables of the financial statements: one row a month, one column a line.

Column names carry units; each table becomes a Parquet and a CSV file. What does not
belong here: what the lines are (`models.statement_lines`), and writing files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.market import base_paths
from models.segments import SEGMENTS
from models.statement_lines import BALANCE_LINES, CASH_FLOW_LINES, INCOME_LINES
from models.statements import SEGMENT_SECTIONS, financial_statements
from optimizer.passport import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.plan import Plan
    from models.statement_lines import LineItem
    from models.statements import Statements
    from models.study import Study
    from optimizer.tablefiles import Columns

__all__ = [
    "STATEMENT_FILES",
    "base_statements",
    "statement_checks",
    "statement_tables",
]

STATEMENT_FILES: Final = (
    "income_statement",
    "balance_sheet",
    "cash_flow_statement",
    "segments",
)
"""Stems of the files, in report order."""

_CENT_USD: Final = 0.01
_TOLERANCE: Final = 1e-9


def base_statements(study: Study, plan: Plan, ledger: Ledger) -> Statements:
    """Return the statements of a plan on the base path.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    ledger : Ledger
        Its ledger on the base path. [USD]
    """
    return financial_statements(study, plan, base_paths(study), ledger)


def statement_tables(
    study: Study, statements: dict[str, Statements]
) -> dict[str, Columns]:
    """Return the tables of some plans by file stem.

    Parameters
    ----------
    study : Study
        Study.
    statements : dict of str to Statements
        By plan label; the first scenario is shown. [USD]

    Returns
    -------
    dict of str to Columns
        `STATEMENT_FILES`; income and inflow are positive, balances stand at the
        month's end and have a row ``opening``. [USD]
    """
    months, ends = study.months, ("opening", *study.months)
    return {
        "income_statement": _wide(
            {label: _income(made) for label, made in statements.items()}, months
        ),
        "balance_sheet": _wide(
            {label: _balance(made) for label, made in statements.items()}, ends
        ),
        "cash_flow_statement": _wide(
            {label: _cash_flow(made) for label, made in statements.items()}, months
        ),
        "segments": _segments(statements, months),
    }


def statement_checks(statements: Statements) -> tuple[CheckResult, ...]:
    """Return whether the statements tie in every month, to a cent.

    Parameters
    ----------
    statements : Statements
        Statements. [USD]

    Returns
    -------
    tuple of CheckResult
        Balance sheet, and cash-flow statement against cash held. [USD]
    """
    scale = float(np.abs(statements.balance["assets"]).max())
    allowed = max(min(_CENT_USD, _TOLERANCE * scale), 1e-6)
    errors = {
        "balance sheet balances every month": statements.balance_error_usd(),
        "cash-flow statement ends in the cash held": statements.cash_error_usd(),
    }
    found = []
    for name, error in errors.items():
        worst = float(np.abs(error).max())
        text = f"{worst:.3g} USD, allowed {allowed:.3g} USD"
        found.append(CheckResult(name=name, is_good=worst <= allowed, text=text))
    return tuple(found)


def _wide(
    series: dict[str, dict[str, FloatArray]], months: tuple[str, ...]
) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {"plan": [], "month": []}
    for label, lines in series.items():
        columns["plan"] += [label] * len(months)
        columns["month"] += months
        for name, values in lines.items():
            # Adding zero turns a negative zero into zero.
            columns.setdefault(name, []).extend(float(v) + 0.0 for v in values)
    return columns


def _lines(
    lines: Iterable[LineItem], values: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    return {f"{line.name}_usd": values[line.name][0] for line in lines}


def _income(made: Statements) -> dict[str, FloatArray]:
    """Return the income statement with output and cost to mine."""
    n_periods = made.mined_btc.shape[1]

    def by_month(*, with_depreciation: bool) -> FloatArray:
        months = [slice(k, k + 1) for k in range(n_periods)]
        costs = [
            made.cost_to_mine_usd_per_btc(m, with_depreciation=with_depreciation)[0]
            for m in months
        ]
        return np.array(costs)

    return _lines(INCOME_LINES, made.income) | {
        "mined_btc": made.mined_btc[0],
        "cost_to_mine_usd_per_btc": by_month(with_depreciation=False),
        "all_in_cost_to_mine_usd_per_btc": by_month(with_depreciation=True),
    }


def _balance(made: Statements) -> dict[str, FloatArray]:
    return _lines(BALANCE_LINES, made.balance) | {
        "balance_error_usd": made.balance_error_usd()[0]
    }


def _cash_flow(made: Statements) -> dict[str, FloatArray]:
    cash = made.balance["cash"][0]
    return (
        {"opening_cash_usd": cash[:-1]}
        | _lines(CASH_FLOW_LINES, made.cash_flow)
        | {"closing_cash_usd": cash[1:], "cash_error_usd": made.cash_error_usd()[0]}
    )


def _segments(
    statements: dict[str, Statements], months: tuple[str, ...]
) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {"plan": [], "month": [], "segment": []}
    for label, made in statements.items():
        ebitda = made.segment_ebitda_usd()[0]
        parts = {name: made.segments[name][0] for name in SEGMENT_SECTIONS}
        income = sum(parts.values())
        shown = parts | {"adjusted_ebitda": ebitda, "operating_income": income}
        for index, segment in enumerate(SEGMENTS):
            columns["plan"] += [label] * len(months)
            columns["month"] += months
            columns["segment"] += [segment] * len(months)
            for name, values in shown.items():
                column = columns.setdefault(f"{name}_usd", [])
                column.extend(float(v) + 0.0 for v in values[index])
    return columns
