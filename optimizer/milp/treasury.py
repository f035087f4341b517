# SPDX-License-Identifier: Apache-2.0
"""Treasury block: BTC stocks, the loan, cash over its floor, emergency equity.

BTC sales are one path decided now (never per scenario, which would be foresight).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyomo.environ as pyo

from models.treasury import loan_usd_per_pledged_btc
from models.units import MONTHS_PER_YEAR
from optimizer.milp.accounts import tax_usd_m
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.sums import Expression

__all__ = [
    "CASH_BUFFER_USD",
    "add_btc",
    "add_cash",
    "interest_usd_m",
    "sale_blocks",
]

CASH_BUFFER_USD: Final = 1000.0
"""Cash kept over the floor so that rounding a solution cannot breach it."""


def sale_blocks(study: Study) -> tuple[tuple[int, ...], ...]:
    """Return months decided together: single months, later quarters."""
    monthly = study.time.monthly_months
    single = [(t,) for t in range(monthly)]
    quarters = [(t, t + 1, t + 2) for t in range(monthly, study.time.months, 3)]
    return (*single, *quarters)


def add_btc(model: Any, study: Study) -> None:
    """Add BTC stocks, sales within the documented share, and the loan.

    Pledged BTC sold repays ``opening loan / opening pledged BTC`` each, so loan and
    pledge fall together. At maturity the rest is repaid and the pledge is free; the
    sale share does not bind in that month.
    """
    months = range(study.time.months)
    _add_sales(model, study)
    model.free_btc = pyo.Var(months, domain=pyo.NonNegativeReals)
    model.pledged_btc = pyo.Var(months, domain=pyo.NonNegativeReals)
    model.loan_usd_m = pyo.Var(months, domain=pyo.NonNegativeReals)
    company = study.company
    maturity = study.period_of(company.loan.maturity_month)
    per_btc = loan_usd_per_pledged_btc(company) / USD_PER_USD_M

    def free_stock(m: Any, period: int) -> Any:
        free, pledged, _ = _before(m, study, period)
        released = pledged if period == maturity else 0.0
        at_hand = free + released + _mined_btc(m, study, period)
        return m.free_btc[period] == at_hand - m.sold_free_in[period]

    def pledged_stock(m: Any, period: int) -> Any:
        _, pledged, _ = _before(m, study, period)
        kept = 0.0 if period == maturity else pledged
        return m.pledged_btc[period] == kept - m.sold_pledged_in[period]

    def loan_left(m: Any, period: int) -> Any:
        _, _, loan = _before(m, study, period)
        if period == maturity:
            return m.loan_usd_m[period] == 0.0
        return m.loan_usd_m[period] == loan - per_btc * m.sold_pledged_in[period]

    def sale_share(m: Any, period: int) -> Any:
        if period == maturity:
            return pyo.Constraint.Skip
        free, pledged, _ = _before(m, study, period)
        at_hand = free + pledged + _mined_btc(m, study, period)
        return (
            m.sold_free_in[period] + m.sold_pledged_in[period]
            <= company.max_btc_sale_frac_per_month * at_hand
        )

    model.free_stock = pyo.Constraint(months, rule=free_stock)
    model.pledged_stock = pyo.Constraint(months, rule=pledged_stock)
    model.loan_left = pyo.Constraint(months, rule=loan_left)
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


def _mined_btc(model: Any, study: Study, period: int) -> Expression:
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


def cash_flow_usd_m(
    model: Any, study: Study, paths: MarketPaths, period: int
) -> Expression:
    """Return all cash of a month but emergency equity, as an expression [USD m]."""
    company = study.company
    maturity = study.period_of(company.loan.maturity_month)
    flow: Expression = company.overhead_usd_per_month / USD_PER_USD_M
    for site in study.sites:
        flow += model.operating_usd_m[site.id, period]
        flow -= tax_usd_m(model, study, site.id, period)
        if (site.id, period) in model.capex_usd_m:
            flow -= model.capex_usd_m[site.id, period]
    flow -= interest_usd_m(model, study, period)
    price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
    price *= 1.0 - company.btc_selling_cost_frac
    per_btc = loan_usd_per_pledged_btc(company) / USD_PER_USD_M
    flow += price * model.sold_free_in[period]
    flow += (price - per_btc) * model.sold_pledged_in[period]
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
