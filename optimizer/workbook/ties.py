# SPDX-License-Identifier: Apache-2.0
"""Which lines of the workbook say the same as the engine, and what the engine says.

What does not belong here: comparing them (`checks` in the file, the tests elsewhere).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.ledger import CORPORATE_ITEMS, ITEMS
from models.segments import SEGMENTS
from optimizer.workbook.draft import Tie

if TYPE_CHECKING:
    from optimizer.workbook.company import Company
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.outputs import Outputs
    from optimizer.workbook.segments import Segments
    from optimizer.workbook.site_ledger import SiteLedger
    from optimizer.workbook.statements import Statements

__all__ = ["tie_lines"]


def tie_lines(
    draft: Draft,
    sites: list[SiteLedger],
    made: Company,
    results: Outputs,
    stated: Statements,
    parts: Segments,
) -> list[Tie]:
    """Return every line that the engine has too: ledger by site, company, balances.

    Parameters
    ----------
    draft : Draft
        Study and ledger of the run.
    sites : list of SiteLedger
        Ledgers of all sites.
    made : Company
        Sheet of treasury and debt.
    results : Outputs
        Sheet of outputs.
    stated : Statements
        Sheet of statements.
    parts : Segments
        Sheet of segments.
    """
    ledger = draft.ledger
    ties = []
    for number, one in enumerate(sites):
        for item in ITEMS:
            if item.name in one.items and item.name in ledger.site_items:
                flow = ledger.site_items[item.name][0, number, 1:]
                label = f"{one.place.site.name}: {item.label}"
                ties.append(Tie(label, one.items[item.name], flow))
        mined = ledger.mined_btc[0, number]
        ties.append(Tie(f"{one.place.site.name}: BTC mined", one.mined, mined))
    for item in CORPORATE_ITEMS:
        if item.name in results.corporate_items and item.name in ledger.corporate_items:
            flow = ledger.corporate_items[item.name][0, 1:]
            ties.append(
                Tie(f"Company: {item.label}", results.corporate_items[item.name], flow)
            )
    path, balances = ledger.treasury, made.balances
    for label, line, balance in (
        ("Cash", balances.cash, path.cash_usd),
        ("BTC loan", balances.loan, path.loan_usd),
        ("Free BTC", balances.free, path.btc_free),
        ("Pledged BTC", balances.pledged, path.btc_pledged),
    ):
        ties.append(Tie(f"Balance: {label}", line, balance[0, 1:]))
    return [*ties, *_statement_ties(draft, stated, parts)]


def _statement_ties(draft: Draft, stated: Statements, parts: Segments) -> list[Tie]:
    """Return every line of the statements."""
    engine = draft.accounts
    if engine is None:
        return []
    ties = []
    for title, lines, skip in (
        ("Income", engine.income, 0),
        ("Balance sheet", engine.balance, 1),
        ("Cash flow", engine.cash_flow, 0),
    ):
        for name, values in lines.items():
            line = stated.lines[name]
            ties.append(Tie(f"{title}: {line.label}", line, values[0, skip:]))
    for (section, name), line in parts.lines.items():
        values = engine.segments[section][0, SEGMENTS.index(name)]
        ties.append(Tie(f"Segment {name}: {section}", line, values))
    ties.append(Tie("Cost of mining", parts.cost, engine.mining_cost_usd[0]))
    worn = engine.mining_depreciation_usd[0]
    ties.append(Tie("Depreciation of mining machines", parts.depreciation, worn))
    return ties
