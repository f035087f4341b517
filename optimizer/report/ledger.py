# SPDX-License-Identifier: Apache-2.0
"""The ledger as tables: by year, each year by month, and all of it as CSV.

What the items are stands in `models.ledger`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.ledger import CORPORATE_ITEMS, ITEMS
from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import sentence, usd_m
from optimizer.report.table import Cell, Column, Table, number, text

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.study import Study
    from optimizer.planning import PlanResult

__all__ = ["ledger_exhibit"]

_USD_M = 1e-6
_HEADINGS = {
    "self_mining": "Self-mining",
    "hosting": "Hosting",
    "gpu_leasing": "GPU leasing",
    "site": "Sites",
    "corporate": "Company",
}


def ledger_exhibit(study: Study, plan: PlanResult) -> Exhibit:
    """Return the plan's flows by item and year, with months inside.

    Parameters
    ----------
    study : Study
        Study.
    plan : PlanResult
        The plan.
    """
    lines = _lines(plan.ledger)
    periods = _years(study)
    months = {year: list(span) for year, span in periods.items()}
    by_year = _table(
        "ledger_years",
        "Cash flow by item and year",
        lines,
        {
            year: [0, *span] if k == 0 else span
            for k, (year, span) in enumerate(months.items())
        },
    )
    folds = [
        Fold(
            f"{year}, month by month",
            (
                _table(
                    f"ledger_{year}",
                    f"Cash flow by item and month, {year}",
                    lines,
                    {study.months[k - 1]: [k] for k in span},
                ),
            ),
        )
        for year, span in months.items()
    ]
    folds.append(
        Fold("Every item by site and month", (_long_table(study, plan.ledger),))
    )
    return Exhibit(
        id="ledger",
        title="Cash flow by item and year",
        reading=_reading(plan.ledger.company_flow_usd()[0], months),
        table=by_year,
        note=(
            "Inflow is positive. The opening stands in the first year, end-of-horizon "
            "values in the last month. BTC counts as revenue when mined; the treasury "
            "takes it over at that price and sells it later."
        ),
        folds=tuple(folds),
    )


def _reading(total_usd: FloatArray, months: dict[str, list[int]]) -> str:
    by_year = {year: float(total_usd[span].sum()) for year, span in months.items()}
    ranked = sorted(by_year, key=lambda year: by_year[year])
    worst, best = ranked[0], ranked[-1]
    return sentence(
        f"flows to present holders sum to {usd_m(float(total_usd.sum()))}, "
        f"undiscounted; the best year is {best} with "
        f"{usd_m(by_year[best], signed=True)}, the worst {worst} with "
        f"{usd_m(by_year[worst], signed=True)}"
    )


def _years(study: Study) -> dict[str, list[int]]:
    """Return flow indices (1 is the first month) by calendar year."""
    years: dict[str, list[int]] = {}
    for index, month in enumerate(study.months, start=1):
        years.setdefault(month[:4], []).append(index)
    return years


def _lines(ledger: Ledger) -> list[tuple[str, str, FloatArray]]:
    """Return heading, label and flow of each item of the whole company."""
    lines = []
    for item in ITEMS:
        if item.name in ledger.site_items:
            flow = ledger.site_items[item.name][0].sum(axis=0)
            lines.append((_HEADINGS[item.line], item.label, flow))
    for item in CORPORATE_ITEMS:
        if item.name in ledger.corporate_items:
            flow = ledger.corporate_items[item.name][0]
            lines.append((_HEADINGS[item.line], item.label, flow))
    return [line for line in lines if np.abs(line[2]).max() > 0.5]


def _table(
    table_id: str,
    title: str,
    lines: list[tuple[str, str, FloatArray]],
    spans: dict[str, list[int]],
) -> Table:
    columns: list[Column] = [text("line", "Line"), text("item", "Item")]
    columns += [
        number(f"flow_{name.replace('-', '_')}_usd", name, scale=_USD_M)
        for name in spans
    ]
    columns.append(number("flow_total_usd", "Total", scale=_USD_M))
    rows: list[tuple[Cell, ...]] = []
    strong: set[int] = set()
    sums: dict[str, list[float]] = {}
    headings = list(dict.fromkeys(heading for heading, _, _ in lines))
    for heading in headings:
        for _, label, flow in (line for line in lines if line[0] == heading):
            values = [float(flow[span].sum()) for span in spans.values()]
            values.append(sum(values))
            rows.append((heading, label, *values))
            before = sums.get(heading, [0.0] * len(values))
            sums[heading] = [a + b for a, b in zip(before, values, strict=True)]
        strong.add(len(rows))
        rows.append((heading, f"{heading} in all", *sums[heading]))
    strong.add(len(rows))
    totals = [sum(column) for column in zip(*sums.values(), strict=True)]
    rows.append(("All", "To present holders", *totals))
    return Table(
        table_id,
        title,
        tuple(columns),
        tuple(rows),
        strong=frozenset(strong),
        note="USD m.",
    )


def _long_table(study: Study, ledger: Ledger) -> Table:
    """Return every non-zero flow; the CSV that a spreadsheet pivots."""
    names = ("opening", *study.months)
    rows: list[tuple[Cell, ...]] = []
    for item in ITEMS:
        for site, flows in zip(
            study.sites,
            ledger.site_items.get(item.name, np.zeros((1, 0, 0)))[0],
            strict=False,
        ):
            rows += [
                (names[k], site.name, item.line, item.label, float(flows[k]))
                for k in np.flatnonzero(flows)
            ]
    for item in CORPORATE_ITEMS:
        flows = ledger.corporate_items.get(item.name, np.zeros((1, 0)))[0]
        rows += [
            (names[k], "Company", item.line, item.label, float(flows[k]))
            for k in np.flatnonzero(flows)
        ]
    columns = (
        text("month", "Month"),
        text("site", "Site"),
        text("line", "Line"),
        text("item", "Item"),
        number("flow_usd", "Flow", "USD m", scale=_USD_M, decimals=3),
    )
    return Table("ledger_items", "Flows by item, site and month", columns, tuple(rows))
