# SPDX-License-Identifier: Apache-2.0
"""Sheet of outputs: cash flow by ledger item, value, return, payback.

No NPV function: discount factors are a row, and value is the sum of products. What does
not belong here: how flows come about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.ledger import CORPORATE_ITEMS, ITEMS
from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.returns import add_return, sheet_flow
from optimizer.workbook.sheets import Sheet, sum_of

if TYPE_CHECKING:
    from optimizer.workbook.company import Company
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.lines import Style
    from optimizer.workbook.market import Market
    from optimizer.workbook.site_ledger import SiteLedger
    from optimizer.workbook.tax import TaxSheet
    from optimizer.workbook.timeline import Timeline

__all__ = ["Outputs", "outputs"]


@dataclass(slots=True)
class Outputs:
    """Lines of the sheet of outputs.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    npv : Scalar
        Value to present holders. [USD]
    flow : Series
        Flow to present holders, opening cash in the opening column. [USD]
    site_items, corporate_items : dict of str to Series
        Flows by ledger item, sites added up. [USD]
    by_item, by_site : Series
        Flow of all sites, added up by item and by site. [USD]
    headlines : list of Scalar
        Figures that people ask for first. [mixed]
    """

    sheet: Sheet
    npv: Scalar
    flow: Series
    site_items: dict[str, Series]
    corporate_items: dict[str, Series]
    by_item: Series
    by_site: Series
    headlines: list[Scalar]


def outputs(
    draft: Draft,
    time: Timeline,
    market: Market,
    sites: list[SiteLedger],
    made: Company,
    taxes: TaxSheet,
) -> Outputs:
    """Return the sheet of outputs.

    Parameters
    ----------
    draft, time, market
        What all sheets share.
    sites : list of SiteLedger
        Ledgers of all sites.
    made : Company
        Sheet of treasury and debt.
    taxes : TaxSheet
        Sheet of tax.
    """
    sheet = Sheet("Outputs", "Outputs")
    flow = Series(
        "Flow to present holders",
        "USD",
        opening=draft.inputs.number("company.cash_usd"),
        total=True,
    )
    headlines = _headlines(draft, time, sheet, made, flow, sites)
    site_items = _site_items(sheet, sites)
    by_item = sheet.row(
        "All sites, by item", "USD", sum_of(list(site_items.values())), total=True
    )
    by_item.is_total = True
    corporate = _corporate_items(draft, time, market, sheet, sites, made, taxes)
    by_company = sheet.row(
        "Company", "USD", sum_of(list(corporate.values())), total=True
    )
    by_company.is_total = True
    flow.define(by_item + by_company)
    sheet.heading("Value")
    sheet.add(flow)
    sheet.row(
        "Present value of the month's flow",
        "USD",
        flow * time.discount,
        opening=flow.opening * time.discount.opening,
        total=True,
    )
    everything = _returns(draft, time, sheet, sites)
    return Outputs(
        sheet,
        headlines[0],
        flow,
        site_items,
        corporate,
        by_item,
        everything,
        headlines,
    )


def _returns(
    draft: Draft, time: Timeline, sheet: Sheet, sites: list[SiteLedger]
) -> Series:
    """Put payback and return of each site and of all on the sheet; return the sum."""
    for one in sites:
        if one.items:
            rate = one.place.number("hurdle_rate_per_year")
            add_return(draft, time, sheet, one.place.site.name, one.flow, rate)
    everything = sheet_flow(sheet, [one.flow for one in sites])
    rate = draft.inputs.number("company.discount_rate_per_year")
    add_return(draft, time, sheet, "All sites", everything, rate)
    return everything


def _headlines(
    draft: Draft,
    time: Timeline,
    sheet: Sheet,
    made: Company,
    flow: Series,
    sites: list[SiteLedger],
) -> list[Scalar]:
    """Put the figures that people ask for first at the top, the NPV before all."""
    sheet.heading("Headlines")
    balances = made.balances
    worth = Call(
        "SUMPRODUCT", flow.opening_and_months, time.discount.opening_and_months
    )
    found = [
        sheet.value("After-tax NPV to present holders", "USD", worth, style="money")
    ]
    figures: tuple[tuple[str, str, Expr, Style], ...] = (
        ("Least cash at a month's end", "USD", _least(balances.cash), "money"),
        ("Most BTC loan at a month's end", "USD", _most(balances.loan), "money"),
        ("Highest loan to value", "share", _most(made.ltv), "share"),
        ("Least fall to a margin call", "USD/BTC", _least(made.distance), "money"),
        (
            "BTC held at the horizon",
            "BTC",
            balances.free.last + balances.pledged.last,
            "btc",
        ),
    )
    for label, unit, formula, style in figures:
        found.append(sheet.value(label, unit, formula, style=style))
    for one in sites:
        if one.items:
            worth = Call(
                "SUMPRODUCT",
                one.flow.opening_and_months,
                time.discount.opening_and_months,
            )
            label = f"{one.place.site.name}: NPV, unlevered, after its own tax"
            found.append(sheet.value(label, "USD", worth, style="money"))
    return found


def _least(line: Series) -> Expr:
    return Call("MIN", line.months)


def _most(line: Series) -> Expr:
    return Call("MAX", line.months)


def _site_items(sheet: Sheet, sites: list[SiteLedger]) -> dict[str, Series]:
    """Put flows of sites by item on the sheet, added up."""
    sheet.heading("Cash flow by item: sites")
    found: dict[str, Series] = {}
    for item in ITEMS:
        lines = [one.items[item.name] for one in sites if item.name in one.items]
        if lines:
            found[item.name] = sheet.row(item.label, "USD", sum_of(lines), total=True)
    return found


def _corporate_items(
    draft: Draft,
    time: Timeline,
    market: Market,
    sheet: Sheet,
    sites: list[SiteLedger],
    made: Company,
    taxes: TaxSheet,
) -> dict[str, Series]:
    """Put flows of the company by item on the sheet."""
    flows: dict[str, Expr] = dict(made.flows)
    home = draft.study.company.tax_site
    own = next(one for one in sites if one.place.site.id == home)
    alone = own.account
    flows["overhead_tax"] = (
        alone.tax + alone.withheld - made.group.tax - made.group.withheld
    )
    if own.place.early:
        put_off = taxes.put_off(own.place.regime, own.place.early, made.group)
        flows["terminal_overhead_tax"] = put_off - own.items["terminal_tax"]
    keep = 1 - draft.inputs.number("company.btc_selling_cost_frac")
    held = made.balances.free + made.balances.pledged
    flows["terminal_btc"] = held * market.btc_price * keep * time.is_last
    flows["terminal_loan"] = -(made.balances.loan * time.is_last)
    if made.debt.balance:
        owed = sum_of(made.debt.balance)
        if isinstance(owed, Expr):
            flows["terminal_debt"] = -(owed * time.is_last)
    sheet.heading("Cash flow by item: company")
    found: dict[str, Series] = {}
    for item in CORPORATE_ITEMS:
        if item.name in flows:
            line = Series(item.label, "USD", flows[item.name], total=True)
            found[item.name] = sheet.series(line)
    return found
