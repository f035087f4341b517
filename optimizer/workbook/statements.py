# SPDX-License-Identifier: Apache-2.0
"""Sheet of statements: income, balance sheet, cash flow, as `models.statements`.

The lines and what they add up come from `models.statement_lines`, so that a new ledger
item is a new word there and not here. What does not belong here: book values (`books`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.statement_lines import BALANCE_LINES, CASH_FLOW_LINES, INCOME_LINES
from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.lines import Series
from optimizer.workbook.sheets import Sheet, sum_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.statement_lines import LineItem
    from optimizer.workbook.books import Books
    from optimizer.workbook.company import Company
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.market import Market
    from optimizer.workbook.outputs import Outputs
    from optimizer.workbook.site_ledger import SiteLedger

__all__ = ["Statements", "statements"]

_TITLES: Final = {
    "income": "Income statement",
    "balance": "Balance sheet",
    "cash_flow": "Cash-flow statement",
}


@dataclass(slots=True)
class Statements:
    """Lines of the sheet of statements.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    lines : dict of str to Series
        By name of `models.statement_lines`; income and inflow positive. [USD]
    balance_gap, cash_gap : Series
        Differences that must be zero. [USD]
    """

    sheet: Sheet
    lines: dict[str, Series]
    balance_gap: Series
    cash_gap: Series


def statements(
    draft: Draft,
    market: Market,
    sites: list[SiteLedger],
    made: Company,
    results: Outputs,
    values: Books,
) -> Statements:
    """Return the sheet of statements.

    Parameters
    ----------
    draft, market
        What all sheets share.
    sites : list of SiteLedger
        Ledgers of all sites.
    made : Company
        Sheet of treasury and debt.
    results : Outputs
        Flows by ledger item.
    values : Books
        Book values.
    """
    sheet = Sheet("Statements", "Statements: income, balance sheet, cash flow")
    items = results.site_items | results.corporate_items
    gains = _btc_account(draft, sheet, market, made, items)
    known = _measured_flows(draft, items, values) | gains
    known |= _held(draft, sheet, market, made, sites) | {
        name: _line(line, line.opening) for name, line in values.balance.items()
    }
    lines: dict[str, Series] = {}
    for part in (INCOME_LINES, BALANCE_LINES, CASH_FLOW_LINES):
        sheet.heading(_TITLES[part[0].statement])
        for line in part:
            if line.section == "equity" and "retained" not in known:
                known |= _equity(items, lines)
            lines[line.name] = _add_line(sheet, line, items, lines, known)
    sheet.heading("Ties: zero")
    both = lines["assets"], lines["liabilities_and_equity"]
    balance_gap = sheet.row(
        "Assets less liabilities and equity",
        "USD",
        both[0] - both[1],
        opening=both[0].opening - both[1].opening,
        style="number",
    )
    cash = lines["cash"]
    cash_gap = sheet.row(
        "Change of cash held less that of the statement",
        "USD",
        cash - cash.before - lines["change_in_cash"],
        style="number",
    )
    return Statements(sheet, lines, balance_gap, cash_gap)


def _line(formula: Expr | int, opening: Expr | int | None = None) -> Series:
    """Return a measured line that stands nowhere yet."""
    return Series("", "USD", formula, opening=opening)


def _add_line(
    sheet: Sheet,
    line: LineItem,
    items: dict[str, Series],
    known: dict[str, Series],
    measured: dict[str, Series],
) -> Series:
    """Put one line of a statement on the sheet, from its definition."""
    if line.is_measured:
        made = measured[line.name]
        made.label = line.label
    else:
        parts: list[tuple[bool, Series]] = [
            (line.sign > 0.0, items[item]) for item in line.items if item in items
        ]
        parts += [(True, known[name]) for name in line.plus]
        parts += [(False, known[name]) for name in line.less]
        opening: Expr | int | None = None
        if line.statement == "balance":
            opening = _signed([(is_added, part.opening) for is_added, part in parts])
        made = Series(line.label, "USD", _signed(parts), opening=opening)
    made.has_total = line.statement != "balance"
    made.is_total = line.is_total
    return sheet.series(made)


def _signed(parts: Sequence[tuple[bool, Expr]]) -> Expr | int:
    """Return the sum of formulas, each added or taken; 0 for none."""
    total: Expr | int = 0
    for is_added, part in parts:
        if isinstance(total, int):
            total = part if is_added else -part
        else:
            total = total + part if is_added else total - part
    return total


def _measured_flows(
    draft: Draft, items: dict[str, Series], values: Books
) -> dict[str, Series]:
    """Return measured lines of income but for those of BTC."""
    revenue: Expr | int = 0
    for business in draft.study.company.side_businesses:
        key = f"company.side_businesses.{business.id}.revenue_usd_per_month"
        number = draft.inputs.number(key)
        revenue = number if isinstance(revenue, int) else revenue + number
    found = {"side_revenue": _line(revenue)}
    for kind, name in (("asics", "asic"), ("gpus", "gpu"), ("plant", "plant")):
        found[f"{name}_depreciation"] = _line(-values.depreciation[kind])
        gone = values.disposed[kind]
        resale = items.get(f"{name}_resale")
        found[f"{name}_disposals"] = _line(-gone if resale is None else resale - gone)
    return found


def _btc_account(
    draft: Draft,
    sheet: Sheet,
    market: Market,
    made: Company,
    items: dict[str, Series],
) -> dict[str, Series]:
    """Put BTC at fair value and at cost on the sheet; return its three gains."""
    free, pledged = made.balances.free, made.balances.pledged
    price, first = market.btc_price, draft.inputs.number("market.btc_price_usd")
    sheet.heading("Account of BTC held, free and pledged")
    opening = free.opening + pledged.opening
    held = sheet.row("BTC held", "BTC", free + pledged, opening=opening, style="btc")
    bought = sheet.row(
        "BTC bought", "BTC", sum_of(made.treasury.get("btc_bought", [])), style="btc"
    )
    came = made.mined + bought
    gone = sheet.row("BTC sold", "BTC", held.before + came - held, style="btc")
    cost = Series("Cost of BTC held", "USD", opening=held.opening * first)
    basis = sheet.row("Cost before sales", "USD", cost.before + came * price)
    stock = sheet.row("BTC held before sales", "BTC", held.before + came, style="btc")
    # What rounding leaves of a balance sold out has no average of its own.
    is_some = stock > draft.inputs.constant("rounding")
    average = Call("IF", is_some, basis / stock, price)
    each = sheet.row("Average cost", "USD/BTC", average)
    cost.define(basis - gone * each)
    sheet.add(cost)
    surplus = sheet.row(
        "Fair value less cost",
        "USD",
        held * price - cost,
        opening=held.opening * first - cost.opening,
    )
    trading: Expr = (bought - gone) * price
    for name in ("btc_sales", "btc_purchases"):
        if name in items:
            trading = trading + items[name]
    return {
        "btc_realised": _line(gone * (price - each)),
        "btc_unrealised": _line(surplus - surplus.before),
        "btc_trading": _line(trading),
    }


def _held(
    draft: Draft,
    sheet: Sheet,
    market: Market,
    made: Company,
    sites: list[SiteLedger],
) -> dict[str, Series]:
    """Return assets and liabilities but for machines and plant."""
    first, balances = draft.inputs.number("market.btc_price_usd"), made.balances
    free, pledged = balances.free, balances.pledged
    sheet.heading("Deposits of GPU leases")
    return {
        "cash": _line(balances.cash, balances.cash.opening),
        "btc_free": _line(free * market.btc_price, free.opening * first),
        "btc_pledged": _line(pledged * market.btc_price, pledged.opening * first),
        "deposits_paid": _deposits(sheet, sites, "in"),
        "btc_loan": _line(balances.loan, balances.loan.opening),
        "other_debt": _line(sum_of(made.debt.balance), 0),
        "deposits_held": _deposits(sheet, sites, "out"),
    }


def _deposits(sheet: Sheet, sites: list[SiteLedger], way: str) -> Series:
    """Put what moves deposits of leases in or out on the sheet; return the balance."""
    moves = [
        moved
        for one in sites
        for direction, moved in one.place.deposits
        if direction == way
    ]
    label = "Deposits paid, or back" if way == "in" else "Deposits received, or back"
    return _cumulated(sheet.row(label, "USD", sum_of(moves), total=True))


def _cumulated(flow: Series) -> Series:
    """Return the balance of a flow, nothing at the opening."""
    balance = Series("", "USD", opening=0.0)
    balance.define(balance.before + flow)
    return balance


def _equity(items: dict[str, Series], lines: dict[str, Series]) -> dict[str, Series]:
    """Return equity: at the opening, raised since, earned since."""
    worth = lines["assets"].opening - lines["liabilities"].opening
    raised = items.get("equity_raised")
    return {
        "opening_equity": _line(worth, worth),
        "new_equity": _line(0, 0) if raised is None else _cumulated(raised),
        "retained": _cumulated(lines["net_income"]),
    }
