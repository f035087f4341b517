# SPDX-License-Identifier: Apache-2.0
"""The ledger at the foot of a site's sheet: its flows by item, its tax, its return.

What does not belong here: how a flow comes about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.ledger import ITEMS
from optimizer.workbook.expr import Expr
from optimizer.workbook.lines import Series
from optimizer.workbook.sheets import sum_of

if TYPE_CHECKING:
    from optimizer.workbook.site import SiteSheet
    from optimizer.workbook.tax import TaxAccount, TaxSheet

__all__ = ["SiteLedger", "add_ledger"]

_TAXED: Final = frozenset({"operating", "resale"})
_AFTER_TAX: Final = ("profit_tax", "withholding_tax", "terminal_tax")


@dataclass(slots=True)
class SiteLedger:
    """A site's ledger.

    Parameters
    ----------
    place : SiteSheet
        Sheet.
    items : dict of str to Series
        Flows by item of `models.ledger.ITEMS`; what never occurs is missing. [USD]
    account : TaxAccount
        Its tax account, as if it stood alone.
    flow : Series
        Sum of all items. [USD]
    cash : Series
        Cash before any tax: neither mined BTC nor end values. [USD]
    mined : Series
        Output of the site. [BTC]
    """

    place: SiteSheet
    items: dict[str, Series]
    account: TaxAccount
    flow: Series
    cash: Series
    mined: Series


def add_ledger(place: SiteSheet, taxes: TaxSheet) -> SiteLedger:
    """Put a site's ledger on its sheet, and its tax account on the sheet of tax.

    Parameters
    ----------
    place : SiteSheet
        Sheet with everything that earns or costs.
    taxes : TaxSheet
        Sheet of tax.
    """
    sheet = place.sheet
    _add_vat(place)
    sheet.heading("Totals")
    mined = sheet.row("BTC mined", "BTC", sum_of(place.mined), style="btc", total=True)
    sheet.row(
        "Energy of mining", "MWh", sum_of(place.energy), style="number", total=True
    )
    written_off = sheet.row(
        "Tax depreciation", "USD", sum_of(place.write_offs), total=True
    )
    sheet.heading("Ledger of the site: cash flow by item")
    items: dict[str, Series] = {}
    for item in ITEMS:
        if item.name in place.flows:
            items[item.name] = sheet.row(
                item.label, "USD", sum_of(place.flows[item.name]), total=True
            )
    kinds = {item.name: item.kind for item in ITEMS}
    taxed = [line for name, line in items.items() if kinds[name] in _TAXED]
    money = [line for name, line in items.items() if _is_money(name, kinds[name])]
    profit = sheet.row("Taxed items", "USD", sum_of(taxed), total=True)
    cash = sheet.row(
        "Cash before tax, mined BTC apart", "USD", sum_of(money), total=True
    )
    account = taxes.account(
        f"{place.site.name}, alone", place.regime, profit - written_off
    )
    _add_taxes(place, taxes, account, items)
    flow = sheet.row(
        "Cash flow of the site, after its own tax",
        "USD",
        sum_of(list(items.values())),
        opening=0.0,
        total=True,
    )
    return SiteLedger(place, items, account, flow, cash, mined)


def _is_money(name: str, kind: str) -> bool:
    """Whether an item moves cash of its month, before tax."""
    return name != "mining_revenue" and kind not in {"terminal", "tax"}


def _add_vat(place: SiteSheet) -> None:
    """Put VAT on mined BTC that no client bears on the sheet."""
    if place.regime.mining_vat_frac and "mining_revenue" in place.flows:
        place.sheet.heading("VAT on mined BTC")
        value = sum_of(place.flows["mining_revenue"])
        if isinstance(value, Expr):
            vat = place.tax_number("mining_vat_frac") * value
            place.flow("mining_vat", "VAT", -vat)


def _add_taxes(
    place: SiteSheet, taxes: TaxSheet, account: TaxAccount, items: dict[str, Series]
) -> None:
    """Put what the site would pay alone under its items."""
    labels = {item.name: item.label for item in ITEMS}
    flows: dict[str, Expr] = {"profit_tax": -account.tax}
    flows["withholding_tax"] = -account.withheld
    if place.early:
        flows["terminal_tax"] = taxes.put_off(place.regime, place.early, account)
    for name in _AFTER_TAX:
        if name in flows:
            line = Series(labels[name], "USD", flows[name], total=True)
            items[name] = place.sheet.series(line)
