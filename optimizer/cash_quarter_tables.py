# SPDX-License-Identifier: Apache-2.0
"""Tables of a quarter's cash projection and of a segment's cash effect.

What does not belong here: how the figures come about (`optimizer.cash_quarter`,
`optimizer.cash_segment`), and showing them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from models.cash_quarter import QUARTER_ROWS
from optimizer.cash_cases import CASES
from optimizer.cash_tables import CashColumn, CashRow, CashTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.cash_segment import SegmentCash
    from optimizer.cash_quarter import CashQuarter, QuarterCase
    from optimizer.cash_segment import CashSegment

__all__ = ["quarter_tables", "segment_table"]

_SEGMENT_ROWS: Final = (
    ("revenue_usd", "Revenue", "USD"),
    ("cost_usd", "Cost", "USD"),
    ("margin_usd", "Margin", "USD"),
    ("tax_usd", "Tax on it, if the group pays tax", "USD"),
    ("net_cash_usd", "Net cash effect", "USD"),
    ("depreciation_cash_usd", "Depreciation, in cash", "USD"),
    ("depreciation_usd", "Depreciation, in the books", "USD"),
    ("tax_shield_usd", "Tax it saves, if the group pays tax", "USD"),
    ("monthly_cash_cost_usd", "Company's cash cost of a month", "USD"),
    ("share_of_cash_cost_frac", "Net cash over that cost", "share 0-1"),
    ("days_of_cash_cost", "Days of it that a quarter pays", "days"),
    (
        "quarters_to_fund_depreciation",
        "Quarters to earn one of depreciation",
        "quarters",
    ),
)
_STRONG: Final = {"opening_usd", "closing_usd", "margin_usd", "net_cash_usd"}


def quarter_tables(result: CashQuarter) -> tuple[CashTable, CashTable]:
    """Return the base case month by month, and the quarter in its three cases."""
    base = result.cases["base"]
    columns = [
        CashColumn(
            month.month, f"{month.month} {'reported' if month.is_reported else 'plan'}"
        )
        for month in base.months
    ]
    by_month = CashTable(
        "cash_quarter",
        f"{result.quarter}, base case",
        (*columns, CashColumn("quarter", result.quarter)),
        _month_rows(base),
        note=(
            "Output of the reported months is the company's own; their cash is an "
            f"estimate: {result.cost_notes['base']}."
        ),
    )
    cases = CashTable(
        "cash_quarter_cases",
        f"{result.quarter} in three cases",
        tuple(CashColumn(case, f"{case} cash") for case in CASES),
        _case_rows(result),
        note=(
            "Low: everything against cash at once; the cost of the reported months "
            f"{result.cost_notes['low']}. High: {result.cost_notes['high']}."
        ),
    )
    return by_month, cases


def _month_rows(case: QuarterCase) -> tuple[CashRow, ...]:
    """Return a row per figure: a cell per month, and one for the quarter."""
    last = case.months[-1]
    sold = sum(month.btc_sold for month in case.months)
    cost = -case.total_usd("mining_cost") / case.btc_mined if case.btc_mined else None
    figures: list[tuple[str, str, str, float | None]] = [
        ("btc_mined", "BTC mined", "BTC", case.btc_mined),
        ("btc_sold", "BTC sold", "BTC", sold),
        ("btc_held", "BTC held at the end", "BTC", last.btc_held),
        ("hashrate_eh_s", "Hash rate, average", "EH/s", None),
        ("cost_usd_per_btc", "Cash cost per BTC", "USD/BTC", cost),
        ("loan_usd", "BTC loan at the end", "USD", last.loan_usd),
        ("btc_price_usd", "BTC price", "USD/BTC", last.btc_price_usd),
        ("ltv_frac", "Loan to value", "share 0-1", last.ltv_frac),
    ]
    opening = [month.opening_usd for month in case.months]
    closing = [month.closing_usd for month in case.months]
    return (
        _usd_row("opening_usd", "Opening cash", (*opening, opening[0])),
        *(
            _usd_row(
                f"{key}_usd",
                label,
                (*(m.flows_usd[key] for m in case.months), case.total_usd(key)),
            )
            for key, label in QUARTER_ROWS.items()
            if any(month.flows_usd[key] for month in case.months)
        ),
        _usd_row("closing_usd", "Closing cash", (*closing, closing[-1])),
        *(
            CashRow(key, label, unit, (*(getattr(m, key) for m in case.months), total))
            for key, label, unit, total in figures
        ),
    )


def _usd_row(key: str, label: str, cells: tuple[float, ...]) -> CashRow:
    return CashRow(key, label, "USD", cells, key in _STRONG)


def _case_rows(result: CashQuarter) -> tuple[CashRow, ...]:
    cases = [result.cases[case] for case in CASES]

    def row(
        key: str,
        label: str,
        value: Callable[[QuarterCase], float | None],
        unit: str = "USD",
    ) -> CashRow:
        cells = tuple(value(case) for case in cases)
        return CashRow(key, label, unit, cells, key in _STRONG)

    flows = [
        row(f"{key}_usd", label, _total_of(key))
        for key, label in QUARTER_ROWS.items()
        if any(case.total_usd(key) for case in cases)
    ]
    return (
        row("opening_usd", "Opening cash", lambda c: c.months[0].opening_usd),
        *flows,
        row("closing_usd", "Closing cash", lambda c: c.months[-1].closing_usd),
        row("btc_mined", "BTC mined", lambda c: c.btc_mined, "BTC"),
        row("btc_sold", "BTC sold", lambda c: sum(m.btc_sold for m in c.months), "BTC"),
        row("btc_held", "BTC held at the end", lambda c: c.months[-1].btc_held, "BTC"),
        row("loan_usd", "BTC loan at the end", lambda c: c.months[-1].loan_usd),
        row("ltv_frac", "Loan to value", lambda c: c.months[-1].ltv_frac, "share 0-1"),
        row(
            "highest_ltv_frac",
            "Loan to value, highest",
            lambda c: c.highest_ltv_frac,
            "share 0-1",
        ),
    )


def _total_of(key: str) -> Callable[[QuarterCase], float]:
    return lambda case: case.total_usd(key)


def segment_table(result: CashSegment) -> CashTable:
    """Return a quarter of a side business in three cases beside depreciation."""
    cases = [result.cases[case] for case in CASES]
    rows = [
        CashRow(key, label, unit, tuple(_signed(one, key) for one in cases))
        for key, label, unit in _SEGMENT_ROWS
    ]
    return CashTable(
        "cash_segment",
        f"{result.name}: a quarter in cash",
        tuple(CashColumn(case, f"{case} cash") for case in CASES),
        tuple(replace(row, is_strong=row.key in _STRONG) for row in rows),
        note=result.note,
    )


def _signed(case: SegmentCash, key: str) -> float | None:
    """Return a figure with the sign of the table: what goes out is negative."""
    if key == "depreciation_cash_usd":
        return 0.0
    value: float | None = getattr(case, key)
    if value is not None and key in {"depreciation_usd", "monthly_cash_cost_usd"}:
        return -value
    return value
