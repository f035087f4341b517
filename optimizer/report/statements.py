# SPDX-License-Identifier: Apache-2.0
"""The financial statements as tables: by year, with quarters inside.

What the lines are stands in `models.statement_lines`, the picture in
`optimizer.report.figures.balance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.machine_prices import asic_resale_usd
from models.market import base_paths
from models.segments import SEGMENT_LABELS, SEGMENTS
from models.statement_lines import BALANCE_LINES, CASH_FLOW_LINES, INCOME_LINES
from models.statements import SEGMENT_SECTIONS
from optimizer.kpis import accounting_figures
from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.figures.balance import (
    balance_figure,
    balance_reading,
    quarter_ends,
)
from optimizer.report.formats import joined, sentence, usd, usd_m
from optimizer.report.statement_tables import (
    SMALLEST_USD,
    flow_folds,
    flow_table,
    line_table,
    quarters,
    span_columns,
    years,
)
from optimizer.report.table import Cell, Table, number, text
from optimizer.statementtables import base_statements

if TYPE_CHECKING:
    from models.ledger import Ledger
    from models.statements import Statements
    from models.study import Study
    from optimizer.planning import PlanResult

__all__ = ["statement_exhibits"]

_USD_M = 1e-6
_SEGMENT_HEADINGS = {
    "revenue": "Revenue",
    "cost": "Cost of revenue",
    "overhead": "Overhead",
    "btc": "Gains on BTC",
    "adjusted_ebitda": "Adjusted EBITDA",
    "depreciation": "Depreciation",
    "disposals": "Disposals",
    "operating_income": "Operating income",
}
_POLICIES = (
    "Accounting, not value: BTC stands at the month's average price, the opening at "
    "the opening price, which is also its cost; cost is average cost. Machines are "
    "depreciated straight line from delivery, power and shells from the month they "
    "are live, over the accounting lives of their tax regime; nothing is impaired. "
    "Tax is expensed and paid as it arises; deferred tax is not recognised. Fees on "
    "debt are expensed. Equity at the opening is what is left of the balances in the "
    "company and site files; working capital is not modelled."
)


def statement_exhibits(study: Study, plan: PlanResult) -> tuple[Exhibit, ...]:
    """Return balance sheet, income and cash-flow statement, segments, cost to mine.

    Parameters
    ----------
    study : Study
        Study.
    plan : PlanResult
        The plan, on the base path.
    """
    made = base_statements(study, plan.plan, plan.ledger)
    return (
        _balance_exhibit(study, made),
        _income_exhibit(study, made, plan.ledger),
        _cash_flow_exhibit(study, made),
        _segment_exhibit(study, made),
        _mining_exhibit(study, made),
    )


# -- the statements ---------------------------------------------------------------


def _balance_exhibit(study: Study, made: Statements) -> Exhibit:
    names = ("opening", *study.months)
    ends = quarter_ends(study)
    last = study.time.months
    december = [k for k in ends if k in (0, last) or names[k].endswith("-12")]

    def table(table_id: str, title: str, at: list[int]) -> Table:
        spans = {names[k]: slice(k, k + 1) for k in at}
        return line_table(
            table_id, title, BALANCE_LINES, made.balance, spans, "balance"
        )

    worst = float(np.abs(made.balance_error_usd()).max())
    return Exhibit(
        id="balance",
        title="Balance sheet",
        reading=balance_reading(study, made),
        figure=balance_figure(study, made),
        table=table("balance_years", "Balance sheet at each year's end", december),
        folds=(
            Fold(
                "Balance sheet at each quarter's end",
                (
                    table(
                        "balance_quarters",
                        "Balance sheet at each quarter's end",
                        ends,
                    ),
                ),
            ),
        ),
        note=f"{_POLICIES} Mining machines at the opening stand at "
        f"{usd_m(made.balance['asics'][0, 0])}; sold in the first month they would "
        f"fetch {usd_m(_opening_resale_usd(study))}. Assets less liabilities and "
        f"equity differ by at most {worst:.1g} USD in any month.",
        is_open=True,
    )


def _opening_resale_usd(study: Study) -> float:
    """Return what the opening machines fetch if sold in the first month [USD]."""
    paths = base_paths(study)
    return sum(
        cohort.units
        * float(
            asic_resale_usd(study, study.asic(cohort.model), -cohort.age_months, paths)[
                0, 0
            ]
        )
        for site in study.sites
        for cohort in site.opening_fleet
    )


def _put_off_usd(ledger: Ledger) -> float:
    """Return tax that faster write-off has put off to the horizon, >= 0 [USD]."""
    site = ledger.site_items.get("terminal_tax")
    group = ledger.corporate_items.get("terminal_overhead_tax")
    put_off = 0.0 if site is None else -float(site[0, :, -1].sum())
    return put_off - (0.0 if group is None else float(group[0, -1]))


def _income_exhibit(study: Study, made: Statements, ledger: Ledger) -> Exhibit:
    figures = accounting_figures(made)
    ebitda = _number(figures["adjusted_ebitda_12m_usd"])
    before = _number(figures["ebitda_before_btc_12m_usd"])
    return Exhibit(
        id="income",
        title="Income statement by year",
        reading=sentence(
            f"in the first twelve months revenue is "
            f"{usd_m(_number(figures['revenue_12m_usd']))}, adjusted EBITDA "
            f"{usd_m(ebitda)} ({usd_m(before)} before gains on BTC) and net income "
            f"{usd_m(_number(figures['net_income_12m_usd']))}"
        ),
        table=flow_table(
            "income_years", "Income statement by year", INCOME_LINES, made.income, study
        ),
        folds=flow_folds(
            study, "income", "Income statement", INCOME_LINES, made.income
        ),
        note=(
            "Income is positive, cost negative. Adjusted EBITDA holds gains and losses "
            "on BTC, as the company reports it, and leaves out what machines gain when "
            "disposed of. Deferred tax not recognised: at the horizon "
            f"{usd_m(_put_off_usd(ledger))} of tax is put off by write-off ahead of "
            "straight line."
        ),
    )


def _cash_flow_exhibit(study: Study, made: Statements) -> Exhibit:
    flows = {name: float(line[0].sum()) for name, line in made.cash_flow.items()}
    sold = flows["btc_sold"]
    return Exhibit(
        id="cash-flow",
        title="Cash-flow statement by year",
        reading=sentence(
            f"over the horizon operations come to {usd_m(flows['operating_cash'])} of "
            f"cash, as BTC mined is no cash until sold; investing to "
            f"{usd_m(flows['investing_cash'])}, of which sales of BTC "
            f"{usd_m(sold, signed=True)}; financing to "
            f"{usd_m(flows['financing_cash'])}"
        ),
        table=flow_table(
            "cash_years",
            "Cash-flow statement by year",
            CASH_FLOW_LINES,
            made.cash_flow,
            study,
        ),
        folds=flow_folds(
            study, "cash", "Cash-flow statement", CASH_FLOW_LINES, made.cash_flow
        ),
        note="From net income to the change of cash held. Inflow is positive.",
    )


def _segment_exhibit(study: Study, made: Statements) -> Exhibit:
    parts = {name: made.segments[name][0] for name in SEGMENT_SECTIONS}
    ebitda = made.segment_ebitda_usd()[0]
    shown = parts | {
        "adjusted_ebitda": ebitda,
        "operating_income": np.asarray(sum(parts.values())),
    }
    spans = years(study)
    columns = span_columns(spans, "segment", "Segment", "measure", "Measure", "flow")
    rows: list[tuple[Cell, ...]] = []
    strong: set[int] = set()
    for index, segment in enumerate(SEGMENTS):
        for key, label in _SEGMENT_HEADINGS.items():
            values = shown[key][index]
            is_total = key in ("adjusted_ebitda", "operating_income")
            if np.abs(values).max() > SMALLEST_USD:
                if is_total:
                    strong.add(len(rows))
                sums = [float(values[span].sum()) for span in spans.values()]
                rows.append((SEGMENT_LABELS[segment], label, *sums, sum(sums)))
    totals = {s: float(ebitda[k].sum()) for k, s in enumerate(SEGMENTS)}
    names = joined([business.name for business in study.company.side_businesses])
    words = [
        f"{SEGMENT_LABELS[s]} {usd_m(totals[s], signed=True)}"
        for s in sorted(totals, key=lambda s: -totals[s])
        if abs(totals[s]) > SMALLEST_USD
    ]
    return Exhibit(
        id="segments",
        title="Segments by year",
        reading=sentence(
            f"adjusted EBITDA over the horizon: {joined(words)}"
            if words
            else "no segment earns or costs anything"
        ),
        table=Table(
            "segments",
            "Segments by year",
            columns,
            tuple(rows),
            strong=frozenset(strong),
            note="USD m.",
        ),
        note=(
            "Demand charges and depreciation of power and shells are split by the MW "
            "that segments use at a site; space nobody uses is corporate, and so are "
            "gains on BTC." + (f" Side businesses: {names}." if names else "")
        ),
    )


def _mining_exhibit(study: Study, made: Statements) -> Exhibit:
    rows: list[tuple[Cell, ...]] = []
    spans = quarters(study) | {"Horizon": slice(0, study.time.months)}
    for name, span in spans.items():
        cost = made.mining_cost_usd[0, span].sum()
        written = made.mining_depreciation_usd[0, span].sum()
        cash = made.cost_to_mine_usd_per_btc(span, with_depreciation=False)[0]
        full = made.cost_to_mine_usd_per_btc(span, with_depreciation=True)[0]
        mined = float(made.mined_btc[0, span].sum())
        if mined <= 0.0:
            continue
        price = float(made.income["mined"][0, span].sum()) / mined
        amounts = (mined, price, cost, written, cash, full)
        rows.append((name, *(float(value) for value in amounts)))
    figures = accounting_figures(made)
    cash_12m = _number(figures["cost_to_mine_12m_usd_per_btc"])
    full_12m = _number(figures["all_in_cost_to_mine_12m_usd_per_btc"])
    return Exhibit(
        id="cost-to-mine",
        title="Cost to mine by quarter",
        reading=sentence(
            f"in the first twelve months one BTC costs {usd(cash_12m)} to mine, "
            f"{usd(full_12m)} all-in"
            if np.isfinite(cash_12m)
            else "nothing is mined in the first twelve months"
        ),
        table=Table(
            "cost_to_mine",
            "Cost to mine by quarter",
            (
                text("quarter", "Quarter"),
                number("mined_btc", "BTC mined", "BTC"),
                number("price_usd_per_btc", "Revenue per BTC", "USD", decimals=0),
                number("cost_usd", "Cash cost", "USD m", scale=_USD_M),
                number("depreciation_usd", "Depreciation", "USD m", scale=_USD_M),
                number("cost_to_mine_usd_per_btc", "Cost", "USD/BTC", decimals=0),
                number("all_in_usd_per_btc", "All-in", "USD/BTC", decimals=0),
            ),
            tuple(rows),
            strong=frozenset({len(rows) - 1}) if rows else frozenset(),
        ),
        note=(
            "As the company counts it: cash cost is energy, hosting and operation of "
            "mining less demand response, with its part of demand charges; all-in adds "
            "depreciation of mining machines. Overhead, power and shells are in "
            "neither."
        ),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
