# SPDX-License-Identifier: Apache-2.0
"""Screened projects with loans: IRR before and after them, and their service.

What the figures are stands in `optimizer.screening.financing`. What does not belong
here: the ranking, which is before loans (`optimizer.report.screened`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import count, percent, sentence, usd_m
from optimizer.report.table import Cell, Column, Table, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["loans_exhibits"]

_USD_M = 1e-6
_COLUMNS: Final = (
    number("rank", "Rank", decimals=0),
    text("project", "Project"),
    text("start_month", "Start"),
    Column("verdict", "Verdict before loans", kind="tag"),
    number("loan_usd", "Loans", "USD m", scale=_USD_M),
    number("loan_share_frac", "Of cost", "%", scale=100.0, decimals=0),
    number("irr_per_year", "Project IRR", "% a year", scale=100.0),
    number("equity_irr_per_year", "Equity IRR", "% a year", scale=100.0),
    text("equity_irr_status", "Of equity"),
    number("hurdle_rate_per_year", "Hurdle", "% a year", scale=100.0, decimals=0),
    number("npv_at_hurdle_usd", "NPV at hurdle", "USD m", scale=_USD_M),
    number("equity_npv_at_hurdle_usd", "Equity NPV", "USD m", scale=_USD_M),
    number(
        "equity_irr_at_hurdle_frac",
        "P(equity IRR \u2265 hurdle)",
        "%",
        scale=100.0,
        decimals=0,
    ),
    number("equity_no_irr_frac", "No equity IRR", "%", scale=100.0, decimals=0),
    number("equity_irr_p05_per_year", "Equity IRR P5", "% a year", scale=100.0),
    number("equity_irr_p50_per_year", "P50", "% a year", scale=100.0),
    number("equity_irr_p95_per_year", "P95", "% a year", scale=100.0),
    number("dscr_min", "DSCR least", "ratio", decimals=2),
    number("dscr_average", "Mean", "ratio", decimals=2),
    number("dscr_covenant", "Covenant", "ratio", decimals=2),
    number("site_dscr_min", "Whole site's least", "ratio", decimals=2),
    number(
        "dscr_under_covenant_frac",
        "P(DSCR < covenant)",
        "%",
        scale=100.0,
        decimals=0,
    ),
    number("dscr_under_one_frac", "P(DSCR < 1)", "%", scale=100.0, decimals=0),
    text("loan_facilities", "Loans, and what keeps each from being larger"),
)


def loans_exhibits(families: Sequence[dict[str, Any]]) -> tuple[Exhibit, ...]:
    """Return the projects that loans finance; nothing where none is.

    Parameters
    ----------
    families : sequence of dict
        The best size and start of each kind of project, worded, best first.
    """
    lent = [row for row in families if (row.get("loan_usd") or 0.0) > 0.0]
    if not lent:
        return ()
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        tuple(_cell(row, column.key) for column in _COLUMNS) for row in lent
    )
    return (
        Exhibit(
            id="screen-loans",
            title="Candidate projects with loans",
            reading=_reading(lent),
            table=Table(
                "screen_loans",
                f"The first {count(len(lent), 'kind')} of project that can borrow",
                _COLUMNS,
                cells,
            ),
            note=(
                "Each project draws on every facility open to it as if no other did, "
                "the cheapest first: at most the advance share of what is paid, the "
                "facility's limit, and what keeps the covenant in every test on the "
                "base path. DSCR: cash that the project adds, after tax, over interest "
                "and instalments of all its loans, twelve months at a time, each "
                "quarter from the first year of repayment on; the whole site's, as a "
                "plan tests it, has business as usual beside the project and counts "
                "interest during the works. Draws are the same in "
                "every scenario, and equity pays what the project cannot; IRR of "
                "equity is looked for in the first 500 scenarios; a rate whose sign is "
                "not that of what equity gets back in all is none. Percentiles rank "
                "losses without a rate below every rate, and are empty where they fall "
                "on such. Interest is deducted "
                "in the company's tax group, which saves tax only when it earns. "
                "Verdict and rank are before loans: loans are the company's, and add "
                "nothing to what a project earns. Loan terms are assumptions unless a "
                "source is named for them."
            ),
        ),
    )


def _cell(row: dict[str, Any], key: str) -> Cell:
    value: Cell = row.get(key)
    if key == "equity_irr_status" and isinstance(value, str):
        return "" if value == "ok" else value.replace("_", " ")
    return value


def _reading(lent: Sequence[dict[str, Any]]) -> str:
    """Return the line that reads the table."""
    largest = max(lent, key=lambda row: float(row["loan_usd"]))
    turned = sum(
        bool(row.get("equity_clears")) and row.get("verdict") != "pass" for row in lent
    )
    words = (
        f"{count(len(lent), 'kind')} of project can borrow; the largest loans, "
        f"{usd_m(float(largest['loan_usd']))} or "
        f"{percent(float(largest['loan_share_frac']), 0)} of cost, are those of "
        f"{largest['project']}; loans lift {turned or 'none'} of them over the hurdle "
        "that they miss without"
    )
    return sentence(words)
