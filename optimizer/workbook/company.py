# SPDX-License-Identifier: Apache-2.0
"""Sheet of treasury and debt put together, and the company's own cash flows.

As `models.cashflow` closes the book: operating cash, tax of the group that carries
interest, the month's steps, corkscrews, end values. What does not belong here: the
steps themselves (`treasury`, `margin`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from optimizer.workbook.balances import add_balances, added
from optimizer.workbook.debt import Debt, add_debt
from optimizer.workbook.expr import Call, Expr, flag
from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.margin import meet_call, mend_floor
from optimizer.workbook.sheets import Sheet, sum_of
from optimizer.workbook.treasury import Balances, State, Steps

if TYPE_CHECKING:
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.market import Market
    from optimizer.workbook.site_ledger import SiteLedger
    from optimizer.workbook.tax import TaxAccount, TaxSheet
    from optimizer.workbook.timeline import Timeline

__all__ = ["Company", "company"]

_DAY_ZERO = date(1899, 12, 30)
_TAXES = ("profit_tax", "withholding_tax")


@dataclass(slots=True)
class Company:
    """Lines of the company.

    Parameters
    ----------
    sheet : Sheet
        Sheet of treasury and debt.
    balances : Balances
        Cash, loan and BTC.
    debt : Debt
        Debt with a schedule.
    flows : dict of str to Series
        Flows by item of `models.ledger.CORPORATE_ITEMS`, opening and end values
        apart. [USD]
    mined : Series
        Output of all sites. [BTC]
    interest : Series
        Interest on the BTC loan, >= 0. [USD]
    group : TaxAccount
        Tax account of the group that carries interest.
    treasury : dict of str to list of Series
        Flows of the steps by name, >= 0. [mixed]
    gaps : list of Series
        Differences that must be zero. [mixed]
    ltv, distance : Series
        Loan to value at the month's end; fall of the BTC price to a margin call, the
        whole price without a loan. [share, USD/BTC]
    """

    sheet: Sheet
    balances: Balances
    debt: Debt
    flows: dict[str, Series]
    mined: Series
    interest: Series
    group: TaxAccount
    treasury: dict[str, list[Series]]
    gaps: list[Series]
    ltv: Series
    distance: Series


def company(
    draft: Draft,
    time: Timeline,
    market: Market,
    sites: list[SiteLedger],
    taxes: TaxSheet,
) -> Company:
    """Return the sheet of treasury and debt.

    Parameters
    ----------
    draft, time, market
        What all sheets share.
    sites : list of SiteLedger
        Ledgers of all sites.
    taxes : TaxSheet
        Sheet of tax, which gains the account of the group.
    """
    sheet = Sheet("Treasury", "Treasury and debt")
    balances = _balances(draft)
    flows = _overheads(draft, sheet)
    debt = add_debt(draft, time, sheet)
    _debt_flows(sheet, debt, flows)
    sheet.heading("The month's cash before BTC and loan")
    interest = _interest(draft, balances)
    own, group = _group(draft, sites, taxes, flows, interest)
    operating = _operating_cash(sheet, sites, own, flows)
    sheet.add(interest)
    mined = sheet.row(
        "BTC mined",
        "BTC",
        sum_of([one.mined for one in sites]),
        style="btc",
        total=True,
    )
    after = sheet.row(
        "Cash before BTC and loan principal",
        "USD",
        operating - interest - group.tax - group.withheld,
        total=True,
    )
    steps, end = _month(draft, time, market, sheet, (balances, after, mined))
    gaps = add_balances(sheet, balances, steps, end, (after, mined))
    ltv, distance = _cover(draft, market, sheet, balances)
    made = Company(
        sheet,
        balances,
        debt,
        flows,
        mined,
        interest,
        group,
        steps.flows,
        gaps,
        ltv,
        distance,
    )
    _month_flows(draft, market, made, mined)
    return made


def _group(
    draft: Draft,
    sites: list[SiteLedger],
    taxes: TaxSheet,
    flows: dict[str, Series],
    interest: Series,
) -> tuple[SiteLedger, TaxAccount]:
    """Put the account of the group that carries interest on the sheet of tax."""
    home = draft.study.company.tax_site
    own = next(one for one in sites if one.place.site.id == home)
    carried = [
        flows[name]
        for name in ("general_admin", "side_businesses", "debt_fees", "debt_interest")
        if name in flows
    ]
    profit = own.account.profit + added(carried) - interest
    group = taxes.account(
        f"group of {own.place.site.name}, with overhead and interest",
        own.place.regime,
        profit,
    )
    return own, group


def _interest(draft: Draft, balances: Balances) -> Series:
    """Return interest on the BTC loan, which stands nowhere yet."""
    rate = draft.inputs.number("company.loan.rate_per_year")
    monthly = rate / draft.inputs.constant("months_per_year")
    return Series(
        "Interest on the BTC loan", "USD", balances.loan.before * monthly, total=True
    )


def _balances(draft: Draft) -> Balances:
    """Return the four balances with their openings, not yet defined."""
    number = draft.inputs.number
    return Balances(
        cash=Series("Cash: closing", "USD", opening=number("company.cash_usd")),
        loan=Series(
            "BTC loan: closing", "USD", opening=number("company.loan.principal_usd")
        ),
        free=Series(
            "Free BTC: closing", "BTC", opening=number("company.btc_free"), style="btc"
        ),
        pledged=Series(
            "Pledged BTC: closing",
            "BTC",
            opening=number("company.btc_pledged"),
            style="btc",
        ),
    )


def _overheads(draft: Draft, sheet: Sheet) -> dict[str, Series]:
    """Put overhead and side businesses on the sheet, by ledger item."""
    sheet.heading("Company")
    number = draft.inputs.number
    flows = {
        "general_admin": sheet.row(
            "General and administrative",
            "USD",
            -number("company.general_admin_usd_per_month"),
            total=True,
        )
    }
    margins: list[Series] = []
    for business in draft.study.company.side_businesses:
        key = f"company.side_businesses.{business.id}"
        margin = number(f"{key}.revenue_usd_per_month") - number(
            f"{key}.cost_usd_per_month"
        )
        margins.append(
            sheet.row(f"Side business: {business.name}", "USD", margin, total=True)
        )
    if margins:
        flows["side_businesses"] = sheet.row(
            "Side businesses", "USD", sum_of(margins), total=True
        )
    return flows


def _debt_flows(sheet: Sheet, debt: Debt, flows: dict[str, Series]) -> None:
    """Put debt of all facilities on the sheet as flows."""
    if not debt.drawn:
        return
    sheet.heading("Debt of all facilities, as cash flow")
    parts = {
        "debt_drawn": ("Drawn", debt.drawn, 1),
        "debt_fees": ("Fees", debt.fees, -1),
        "debt_interest": ("Interest", debt.interest, -1),
        "debt_repayment": ("Instalments", debt.repaid, -1),
    }
    for item, (label, lines, sign) in parts.items():
        total = added(lines)
        flow = total if sign == 1 else -total
        flows[item] = sheet.row(label, "USD", flow, total=True)


def _operating_cash(
    sheet: Sheet, sites: list[SiteLedger], own: SiteLedger, flows: dict[str, Series]
) -> Series:
    """Put cash of sites and company before the group's tax on the sheet."""
    parts: list[Series] = []
    for one in sites:
        cash: Expr = one.cash
        for name in _TAXES:
            if one is not own and name in one.items:
                cash = cash + one.items[name]
        parts.append(sheet.row(f"Cash of {one.place.site.name}", "USD", cash))
    return sheet.row(
        "Cash before interest and the group's tax",
        "USD",
        added([*parts, *flows.values()]),
        total=True,
    )


def _month(
    draft: Draft,
    time: Timeline,
    market: Market,
    sheet: Sheet,
    taken: tuple[Balances, Series, Series],
) -> tuple[Steps, State]:
    """Put the steps of the month on the sheet."""
    balances, after, mined = taken
    sheet.heading("The month's steps")
    was_called = Series("A call has come", "flag", opening=0.0, style="flag")
    release = sheet.scalar(_release(draft))
    steps = Steps(draft, sheet, market.btc_price, was_called, release)
    matures = date.fromisoformat(f"{draft.study.company.loan.maturity_month}-01")
    maturity = sheet.value(
        "Loan falls due",
        "date",
        given=float((matures - _DAY_ZERO).days),
        style="date",
        role="constant",
    )
    sheet.heading("Step: output and maturity", 2)
    due = steps.line("Loan is due", "flag", flag(time.day.same(maturity)), "flag")
    repaid = steps.flow("repaid", "Loan repaid at maturity", due * balances.loan.before)
    freed = steps.flow("btc_freed", "BTC freed", due * balances.pledged.before)
    state = steps.state(
        State(
            balances.cash.before + after - repaid,
            balances.loan.before - repaid,
            balances.free.before + mined + freed,
            balances.pledged.before - freed,
        )
    )
    state = steps.follow(state)
    state = meet_call(steps, state)
    return steps, mend_floor(steps, state)


def _release(draft: Draft) -> Scalar:
    """Return what frees one pledged BTC: the plan's figure, or loan over pledge."""
    label, unit = "Principal that frees one pledged BTC", "USD/BTC"
    decided = draft.plan.release_usd_per_btc
    if decided is not None:
        return Scalar(label, unit, given=decided, style="money", role="solver")
    number = draft.inputs.number
    pledged = number("company.btc_pledged")
    share = number("company.loan.principal_usd") / pledged
    return Scalar(label, unit, Call("IF", pledged > 0, share, 0), style="money")


def _cover(
    draft: Draft, market: Market, sheet: Sheet, balances: Balances
) -> tuple[Series, Series]:
    """Put loan to value and the way to a margin call on the sheet."""
    sheet.heading("Cover of the BTC loan at the month's end")
    price = market.btc_price
    value = sheet.row("Pledge at the month's price", "USD", balances.pledged * price)
    # Under a cent only rounding is pledged.
    is_pledged = value > draft.inputs.constant("tolerance_usd")
    ratio = Call("IF", is_pledged, balances.loan / value, 0)
    ltv = sheet.row("Loan to value", "share", ratio, style="share")
    level = draft.inputs.number("company.loan.margin_call_ltv_frac")
    backed = balances.pledged * level
    called = sheet.row(
        "BTC price at which the loan is called",
        "USD/BTC",
        Call("IF", is_pledged, balances.loan / backed, 0),
    )
    distance = sheet.row("Fall to a margin call", "USD/BTC", price - called)
    return ltv, distance


def _month_flows(draft: Draft, market: Market, made: Company, mined: Series) -> None:
    """Put the company's flows by ledger item that the steps bring on the sheet."""
    sheet, flows = made.sheet, made.flows
    sheet.heading("BTC, loan and equity as cash flow")
    flows["btc_taken_over"] = sheet.row(
        "BTC taken over from sites", "USD", -(mined * market.btc_price), total=True
    )
    flows["loan_interest"] = sheet.row(
        "BTC loan interest", "USD", -made.interest, total=True
    )
    for item, names, label, sign in (
        ("btc_sales", ("proceeds", "forced_proceeds"), "BTC sales", 1),
        ("btc_purchases", ("purchases",), "BTC bought", -1),
        ("loan_drawn", ("drawn",), "BTC loan drawn", 1),
        ("loan_repayment", ("repaid",), "BTC loan repaid", -1),
        ("equity_raised", ("equity",), "Emergency equity raised", 1),
    ):
        lines = [line for name in names for line in made.treasury.get(name, [])]
        if lines:
            total = added(lines)
            flows[item] = sheet.row(
                label, "USD", total if sign == 1 else -total, total=True
            )
    premium = draft.inputs.number("company.emergency_equity_premium_frac")
    if "equity_raised" in flows:
        flows["equity_claim"] = sheet.row(
            "Claim of new equity",
            "USD",
            -((1 + premium) * flows["equity_raised"]),
            total=True,
        )
