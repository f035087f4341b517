# SPDX-License-Identifier: Apache-2.0
"""Debt block: draws on machine, GPU and project debt, balances and covenants.

A draw never exceeds its share of what it finances, and project debt keeps its debt
service cover. What does not belong here: the loan on pledged BTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyomo.environ as pyo

from models.debt_limits import DSCR_WINDOW_MONTHS, dscr_test_months
from models.units import MONTHS_PER_YEAR
from optimizer.milp.sums import USD_PER_USD_M
from optimizer.milp.tax import tax_usd_m

if TYPE_CHECKING:
    from models.debt import DebtFacility
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.sums import Expression, Sums

__all__ = [
    "add_covenants",
    "add_debt",
    "debt_balance_usd_m",
    "debt_cash_usd_m",
    "debt_cost_usd_m",
]

_NONE: Final = 0.0
_WORST_YEAR_USD_M: Final = 1000.0
"""More than any site can lose in a year: frees the covenant of debt not taken on."""


def add_debt(model: Any, study: Study, sums: Sums) -> None:
    """Add draws, balances and the rows that tie them.

    ``drawn_within_cost``: a draw is at most the advance share of what is paid that
    month; ``debt_left``: balance = before + draw - instalments, each draw repaid in
    equal parts after its grace; the limit bounds the balance.
    """
    facilities = {f.id: f for f in study.company.debt_facilities}
    months = range(study.time.months)
    drawn = [
        (key, t)
        for key, facility in facilities.items()
        for t in months
        if sums.financed_usd_m.has(_purpose(facility, t))
    ]
    index = [(key, t) for key in facilities for t in months]
    model.debt_drawn_usd_m = pyo.Var(drawn, domain=pyo.NonNegativeReals)
    model.debt_usd_m = pyo.Var(
        index, bounds=lambda _, f, t: (0.0, facilities[f].limit_usd / USD_PER_USD_M)
    )
    model.debt_instalment_usd_m = pyo.Var(index, domain=pyo.NonNegativeReals)

    def within_cost(m: Any, key: str, period: int) -> Any:
        facility = facilities[key]
        cost = sums.financed_usd_m.expression(_purpose(facility, period))
        return m.debt_drawn_usd_m[key, period] <= facility.advance_frac * cost

    def instalment(m: Any, key: str, period: int) -> Any:
        facility = facilities[key]
        first = period - facility.grace_months - 1
        before = m.debt_instalment_usd_m[key, period - 1] if period else _NONE
        began = _drawn(m, key, first) / facility.term_months
        ended = _drawn(m, key, first - facility.term_months) / facility.term_months
        return m.debt_instalment_usd_m[key, period] == before + began - ended

    def left(m: Any, key: str, period: int) -> Any:
        before = m.debt_usd_m[key, period - 1] if period else _NONE
        return m.debt_usd_m[key, period] == (
            before + _drawn(m, key, period) - m.debt_instalment_usd_m[key, period]
        )

    model.drawn_within_cost = pyo.Constraint(drawn, rule=within_cost)
    model.debt_instalments = pyo.Constraint(index, rule=instalment)
    model.debt_left = pyo.Constraint(index, rule=left)


def add_covenants(model: Any, study: Study, paths: MarketPaths) -> None:
    """Add debt service cover of project debt: ``dscr``, and whether it is taken on.

    ``min_dscr x service <= cash available`` over the last twelve months, at each
    quarter's end; a facility that is never drawn has no covenant
    (``debt_taken_on``).
    """
    tested = {f.id: f for f in study.company.debt_facilities if f.min_dscr is not None}
    model.debt_is_used = pyo.Var(list(tested), domain=pyo.Binary)
    draws = [key for key in model.debt_drawn_usd_m if key[0] in tested]
    model.debt_taken_on = pyo.Constraint(
        draws,
        rule=lambda m, f, t: (
            m.debt_drawn_usd_m[f, t]
            <= tested[f].limit_usd / USD_PER_USD_M * m.debt_is_used[f]
        ),
    )
    tests = [(f, t) for f in tested for t in dscr_test_months(study.time.months)]

    def dscr(m: Any, key: str, period: int) -> Any:
        facility = tested[key]
        window = range(period - DSCR_WINDOW_MONTHS + 1, period + 1)
        service = sum(_service_usd_m(m, facility, t) for t in window)
        cash = sum(_available_usd_m(m, study, paths, facility.site, t) for t in window)
        idle = _WORST_YEAR_USD_M * (1 - m.debt_is_used[key])
        return facility.min_dscr * service <= cash + idle

    model.dscr = pyo.Constraint(tests, rule=dscr)


def _purpose(facility: DebtFacility, period: int) -> tuple[str, ...] | tuple[Any, ...]:
    """Return the key of what a facility may finance in a month."""
    if facility.kind == "project":
        return (facility.kind, facility.site, period)
    return (facility.kind, period)


def _drawn(model: Any, key: str, period: int) -> Expression:
    if (key, period) not in model.debt_drawn_usd_m:
        return _NONE
    return model.debt_drawn_usd_m[key, period]


def _interest_usd_m(model: Any, facility: DebtFacility, period: int) -> Expression:
    if not period:
        return _NONE
    rate = facility.rate_per_year / MONTHS_PER_YEAR
    return rate * model.debt_usd_m[facility.id, period - 1]


def _service_usd_m(model: Any, facility: DebtFacility, period: int) -> Expression:
    interest = _interest_usd_m(model, facility, period)
    return interest + model.debt_instalment_usd_m[facility.id, period]


def _available_usd_m(
    model: Any, study: Study, paths: MarketPaths, place: str | None, period: int
) -> Expression:
    """Return a site's operating cash after its own tax, BTC at the month's price."""
    if place is None:
        return _NONE
    flow = model.operating_usd_m[place, period] - tax_usd_m(model, study, place, period)
    if (place, period) in model.mined_btc:
        price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
        flow += price * model.mined_btc[place, period]
    return flow


def debt_cost_usd_m(model: Any, study: Study, period: int) -> Expression:
    """Return interest and fees of a month, which profit tax allows [USD m]."""
    total: Expression = _NONE
    for facility in study.company.debt_facilities:
        total += _interest_usd_m(model, facility, period)
        total += facility.fee_frac * _drawn(model, facility.id, period)
    return total


def debt_cash_usd_m(model: Any, study: Study, period: int) -> Expression:
    """Return draws less fees, interest and instalments of a month [USD m]."""
    total = -debt_cost_usd_m(model, study, period)
    for facility in study.company.debt_facilities:
        total += _drawn(model, facility.id, period)
        total -= model.debt_instalment_usd_m[facility.id, period]
    return total


def debt_balance_usd_m(model: Any, study: Study) -> Expression:
    """Return all debt left at the horizon [USD m]."""
    last = study.time.months - 1
    return sum(model.debt_usd_m[f.id, last] for f in study.company.debt_facilities)
