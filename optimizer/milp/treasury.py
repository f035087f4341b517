# SPDX-License-Identifier: Apache-2.0
"""Treasury block: BTC stocks, the loan, cash over its floor, emergency equity.

BTC sales are one path decided now (never per scenario, which would be foresight).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyomo.environ as pyo

from models.margin import opening_call_price_usd
from models.treasury import loan_usd_per_pledged_btc
from models.units import MONTHS_PER_YEAR
from optimizer.milp.debt import debt_cash_usd_m
from optimizer.milp.sums import USD_PER_USD_M
from optimizer.milp.tax import tax_usd_m

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.sums import Expression, Variable

__all__ = [
    "CALL_BUFFER_FRAC",
    "CASH_BUFFER_USD",
    "add_btc",
    "add_cash",
    "cash_cost_usd_m",
    "cash_flow_usd_m",
    "interest_usd_m",
    "loan_months",
    "mined_in",
    "price_after_cost_usd_m",
    "release_usd_per_btc",
    "repaid_by_sale_usd_m",
    "sale_blocks",
]

CASH_BUFFER_USD: Final = 1000.0
"""Cash kept over the floor so that rounding a solution cannot breach it."""

CALL_BUFFER_FRAC: Final = 1e-6
"""Share of the call level kept free so that rounding a solution cannot call a loan."""


def sale_blocks(study: Study) -> tuple[tuple[int, ...], ...]:
    """Return months decided together: single months, later quarters."""
    monthly = study.time.monthly_months
    single = [(t,) for t in range(monthly)]
    quarters = [(t, t + 1, t + 2) for t in range(monthly, study.time.months, 3)]
    return (*single, *quarters)


def add_btc(model: Any, study: Study, paths: MarketPaths) -> None:
    """Add BTC stocks, sales within the documented share, and the loan.

    Pledged BTC that is sold or released repays `release_usd_per_btc` each. At maturity
    the rest is repaid and the pledge is free; the sale share does not bind in that
    month. In months whose price calls the opening loan, pledged BTC may be sold beyond
    the share if all of it repays (``sold_to_repay_btc``).
    """
    months = range(study.time.months)
    _add_sales(model, study)
    _add_pledges(model, study, paths)
    model.free_btc = pyo.Var(months, domain=pyo.NonNegativeReals)
    model.pledged_btc = pyo.Var(months, domain=pyo.NonNegativeReals)
    model.loan_usd_m = pyo.Var(months, domain=pyo.NonNegativeReals)
    _add_stocks(model, study)
    _add_loan_balance(model, study, paths)
    _add_sale_share(model, study)
    _add_loan_rules(model, study, paths)


def _add_stocks(model: Any, study: Study) -> None:
    """Add ``free_stock`` and ``pledged_stock``; BTC bought stays for the month."""
    maturity = study.period_of(study.company.loan.maturity_month)

    def free_stock(m: Any, period: int) -> Any:
        free, pledged, _ = _before(m, study, period)
        released = pledged if period == maturity else 0.0
        at_hand = free + released + mined_in(m, study, period)
        at_hand += _at(m.bought_btc, period) + _at(m.release_btc, period)
        return m.free_btc[period] == (
            at_hand - m.sold_free_in[period] - _at(m.pledge_btc, period)
        )

    def pledged_stock(m: Any, period: int) -> Any:
        _, pledged, _ = _before(m, study, period)
        kept = 0.0 if period == maturity else pledged
        kept += _at(m.pledge_btc, period) - _at(m.release_btc, period)
        gone = m.sold_pledged_in[period] + _at(m.sold_to_repay_btc, period)
        return m.pledged_btc[period] == kept - gone

    months = range(study.time.months)
    model.free_stock = pyo.Constraint(months, rule=free_stock)
    # BTC bought is neither sold nor pledged in the same month.
    model.bought_is_kept = pyo.Constraint(
        list(model.bought_btc), rule=lambda m, t: m.free_btc[t] >= m.bought_btc[t]
    )
    model.pledged_stock = pyo.Constraint(months, rule=pledged_stock)


def _add_loan_balance(model: Any, study: Study, paths: MarketPaths) -> None:
    """Add ``loan_left``: the loan after draws, sales, releases and repayments."""
    maturity = study.period_of(study.company.loan.maturity_month)
    per_btc = release_usd_per_btc(study, paths) / USD_PER_USD_M

    def loan_left(m: Any, period: int) -> Any:
        _, _, loan = _before(m, study, period)
        if period == maturity:
            return m.loan_usd_m[period] == 0.0
        left = loan - per_btc * m.sold_pledged_in[period]
        left += _at(m.draw_usd_m, period) - _at(m.repay_usd_m, period)
        left -= per_btc * _at(m.release_btc, period)
        left -= repaid_by_sale_usd_m(study, paths, period) * _at(
            m.sold_to_repay_btc, period
        )
        return m.loan_usd_m[period] == left

    model.loan_left = pyo.Constraint(range(study.time.months), rule=loan_left)


def _add_sale_share(model: Any, study: Study) -> None:
    """Add ``sale_share``: sales of a month within their share of BTC at hand.

    A policy that sells a share of output says itself how much is sold.
    """
    company = study.company
    if company.treasury_policy.kind == "sell_share":
        return
    maturity = study.period_of(company.loan.maturity_month)

    def sale_share(m: Any, period: int) -> Any:
        free, pledged, _ = _before(m, study, period)
        at_hand = free + pledged + mined_in(m, study, period)
        return (
            m.sold_free_in[period] + m.sold_pledged_in[period]
            <= company.max_btc_sale_frac_per_month * at_hand
        )

    months = [t for t in range(study.time.months) if t != maturity]
    model.sale_share = pyo.Constraint(months, rule=sale_share)


def _add_sales(model: Any, study: Study) -> None:
    """Add BTC sold by block of months, spread evenly over its months."""
    blocks = sale_blocks(study)
    block_of = {t: (b, len(block)) for b, block in enumerate(blocks) for t in block}
    for kind in ("free", "pledged"):
        sold = pyo.Var(range(len(blocks)), domain=pyo.NonNegativeReals)
        monthly = pyo.Expression(
            range(study.time.months),
            rule=lambda _, t, sold=sold: sold[block_of[t][0]] / block_of[t][1],
        )
        setattr(model, f"sold_{kind}_btc", sold)
        setattr(model, f"sold_{kind}_in", monthly)


def _add_pledges(model: Any, study: Study, paths: MarketPaths) -> None:
    """Add purchases, pledges, releases, draws and repayments where terms allow any."""
    company = study.company
    before = loan_months(study)
    has_loan = company.loan.principal_usd > 0.0 or company.loan.draw_limit_usd > 0.0
    may_draw = before if company.loan.draw_limit_usd > 0.0 else range(0)
    live = before if has_loan else range(0)
    call_usd = opening_call_price_usd(company)
    called = [t for t in live if call_usd >= float(paths.btc_price_usd[0, t])]
    policy = company.treasury_policy
    buys = study.time.months if policy.max_btc_purchase_usd_per_month > 0.0 else 0
    for name, index in {
        "pledge_btc": may_draw,
        "release_btc": may_draw,
        "draw_usd_m": may_draw,
        "repay_usd_m": live,
        "sold_to_repay_btc": called,
    }.items():
        setattr(model, name, pyo.Var(index, domain=pyo.NonNegativeReals))
    most = policy.max_btc_purchase_usd_per_month
    model.bought_btc = pyo.Var(
        range(buys),
        bounds=lambda _, t: (0.0, most / float(paths.btc_price_usd[0, t])),
    )


def _add_loan_rules(model: Any, study: Study, paths: MarketPaths) -> None:
    """Add what a draw needs, the limit, and the level at which the loan is called.

    ``draw_backed``: a draw needs BTC newly pledged at the initial loan to value;
    ``draw_limit``; ``margin_call``: on the base path the loan stays under the call.
    """
    loan = study.company.loan
    release = release_usd_per_btc(study, paths)

    def draw_backed(m: Any, period: int) -> Any:
        price = float(paths.btc_price_usd[0, period])
        most = min(loan.initial_ltv_frac * price, release) / USD_PER_USD_M
        return m.draw_usd_m[period] <= most * m.pledge_btc[period]

    def margin_call(m: Any, period: int) -> Any:
        price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
        level = loan.margin_call_ltv_frac * (1.0 - CALL_BUFFER_FRAC)
        return m.loan_usd_m[period] <= level * price * m.pledged_btc[period]

    most = max(loan.draw_limit_usd, loan.principal_usd) / USD_PER_USD_M
    model.draw_backed = pyo.Constraint(list(model.draw_usd_m), rule=draw_backed)
    model.draw_limit = pyo.Constraint(
        list(model.draw_usd_m), rule=lambda m, t: m.loan_usd_m[t] <= most
    )
    model.margin_call = pyo.Constraint(list(model.repay_usd_m), rule=margin_call)


def loan_months(study: Study) -> range:
    """Return the months before the loan matures."""
    maturity = study.period_of(study.company.loan.maturity_month)
    return range(min(max(maturity, 0), study.time.months))


def release_usd_per_btc(study: Study, paths: MarketPaths) -> float:
    """Return the principal that frees one pledged BTC [USD/BTC].

    That of the opening loan; without one, the initial loan to value at the highest
    price before maturity, so that no draw is ever freed for less than it brought.
    """
    opening = loan_usd_per_pledged_btc(study.company)
    if opening > 0.0 or not loan_months(study):
        return opening
    highest = float(paths.btc_price_usd[0, loan_months(study)].max())
    return study.company.loan.initial_ltv_frac * highest


def _at(variable: Variable, period: int) -> Expression:
    """Return a variable of a month; zero where terms allow none."""
    if period not in variable:
        return 0.0
    return variable[period]


def price_after_cost_usd_m(study: Study, paths: MarketPaths, period: int) -> float:
    """Return what one BTC sold brings after cost [USD m/BTC]."""
    price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
    return price * study.company.sale_kept_frac


def repaid_by_sale_usd_m(study: Study, paths: MarketPaths, period: int) -> float:
    """Return what a pledged BTC sold to repay repays: all it brings [USD m/BTC]."""
    release = release_usd_per_btc(study, paths) / USD_PER_USD_M
    return max(price_after_cost_usd_m(study, paths, period), release)


def mined_in(model: Any, study: Study, period: int) -> Expression:
    """Return the output of all sites in a month [BTC]."""
    return sum(
        model.mined_btc[site.id, period]
        for site in study.sites
        if (site.id, period) in model.mined_btc
    )


def _before(
    model: Any, study: Study, period: int
) -> tuple[Expression, Expression, Expression]:
    """Return free BTC, pledged BTC and the loan at the start of a month."""
    if period:
        return (
            model.free_btc[period - 1],
            model.pledged_btc[period - 1],
            model.loan_usd_m[period - 1],
        )
    company = study.company
    loan = company.loan.principal_usd / USD_PER_USD_M
    return company.btc_free, company.btc_pledged, loan


def interest_usd_m(model: Any, study: Study, period: int) -> Expression:
    """Return loan interest of a month, on the balance at its start [USD m]."""
    loan = study.company.loan
    before = (
        model.loan_usd_m[period - 1] if period else loan.principal_usd / USD_PER_USD_M
    )
    return loan.rate_per_year / MONTHS_PER_YEAR * before


def cash_cost_usd_m(model: Any, study: Study, period: int) -> Expression:
    """Return what a month costs in cash before tax, BTC and principal [USD m].

    Sites' operating cash besides BTC, capex, overhead and interest on the BTC loan,
    receipts counted against it. Tax is left out: the rule that sales never exceed cost
    would else reward tax paid early.
    """
    company = study.company
    cost: Expression = -company.overhead_usd_per_month / USD_PER_USD_M
    for site in study.sites:
        cost -= model.operating_usd_m[site.id, period]
        if (site.id, period) in model.capex_usd_m:
            cost += model.capex_usd_m[site.id, period]
    return cost + interest_usd_m(model, study, period)


def cash_flow_usd_m(
    model: Any, study: Study, paths: MarketPaths, period: int
) -> Expression:
    """Return all cash of a month but emergency equity, as an expression [USD m]."""
    company = study.company
    maturity = study.period_of(company.loan.maturity_month)
    flow = -cash_cost_usd_m(model, study, period)
    for site in study.sites:
        flow -= tax_usd_m(model, study, site.id, period)
    flow += debt_cash_usd_m(model, study, period)
    price = price_after_cost_usd_m(study, paths, period)
    per_btc = release_usd_per_btc(study, paths) / USD_PER_USD_M
    flow += price * (model.sold_free_in[period] + model.sold_pledged_in[period])
    flow -= per_btc * model.sold_pledged_in[period]
    kept = price - repaid_by_sale_usd_m(study, paths, period)
    flow += kept * _at(model.sold_to_repay_btc, period)
    flow += _at(model.draw_usd_m, period) - _at(model.repay_usd_m, period)
    flow -= per_btc * _at(model.release_btc, period)
    bought = _at(model.bought_btc, period)
    flow -= float(paths.btc_price_usd[0, period]) / USD_PER_USD_M * bought
    if period == maturity:
        flow -= (
            model.loan_usd_m[period - 1]
            if period
            else company.loan.principal_usd / USD_PER_USD_M
        )
    return flow


def add_cash(
    model: Any, study: Study, paths: MarketPaths, options: ModelOptions
) -> None:
    """Add cash by month, never under its floor, and emergency equity within its limit.

    Equity is priced in the objective; its total is limited by the company file.
    """
    company = study.company
    months = range(study.time.months)
    limit = company.emergency_equity_max_usd / USD_PER_USD_M
    model.equity_usd_m = pyo.Var(
        months, bounds=(0.0, limit if options.allow_equity else 0.0)
    )
    floor = (company.cash_floor_usd + CASH_BUFFER_USD) / USD_PER_USD_M
    model.cash_usd_m = pyo.Var(months)

    def cash_balance(m: Any, period: int) -> Any:
        before = m.cash_usd_m[period - 1] if period else company.cash_usd / 1e6
        flow = cash_flow_usd_m(m, study, paths, period)
        return m.cash_usd_m[period] == before + flow + m.equity_usd_m[period]

    model.cash_balance = pyo.Constraint(months, rule=cash_balance)
    model.cash_floor = pyo.Constraint(
        months, rule=lambda m, t: m.cash_usd_m[t] >= floor
    )
    model.equity_limit = pyo.Constraint(
        expr=sum(model.equity_usd_m[t] for t in months) <= limit
    )
