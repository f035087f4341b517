# SPDX-License-Identifier: Apache-2.0
"""Value block: the objective and hurdles of discretionary sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyomo.environ as pyo

from models.finance import discount_factors
from optimizer.milp.debt import debt_balance_usd_m
from optimizer.milp.sums import USD_PER_USD_M
from optimizer.milp.tax import tax_usd_m
from optimizer.milp.treasury import cash_flow_usd_m, price_after_cost_usd_m

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.sums import Expression, Sums

__all__ = [
    "MONTHLY_FLOWS",
    "add_hurdles",
    "add_objective",
    "npv_usd_m",
]

MONTHLY_FLOWS: Final = frozenset(
    {"operating_usd_m", "capex_usd_m", "mined_btc", "gain_usd_m", "loss_used_usd_m"}
)
"""Variables by (site, month) in a hurdle; what else stands there is an end value."""

_FILL_USD_M_PER_MW_MONTH: Final = 10.0
"""Weight that puts a naive plan's MW-months before its value."""


def npv_usd_m(model: Any, study: Study, paths: MarketPaths, sums: Sums) -> Expression:
    """Return the after-tax NPV to present holders as an expression [USD m].

    Opening cash at face, every month's cash discounted, emergency equity at its
    premium, and end-of-horizon values of machines, plant, contracts, BTC and loan.
    """
    company, n_periods = study.company, study.time.months
    factors = discount_factors(company.discount_rate_per_year, n_periods)
    total: Expression = company.cash_usd / USD_PER_USD_M
    for period in range(n_periods):
        flow = cash_flow_usd_m(model, study, paths, period)
        premium = company.emergency_equity_premium_frac
        flow -= premium * model.equity_usd_m[period]
        total += float(factors[period + 1]) * flow
    last = float(factors[n_periods])
    for site in study.sites:
        total += last * sums.terminal_usd_m.expression(site.id)
    price = price_after_cost_usd_m(study, paths, n_periods - 1)
    held = model.free_btc[n_periods - 1] + model.pledged_btc[n_periods - 1]
    owed = model.loan_usd_m[n_periods - 1] + debt_balance_usd_m(model, study)
    return total + last * price * held - last * owed


def add_objective(
    model: Any, study: Study, paths: MarketPaths, sums: Sums, options: ModelOptions
) -> None:
    """Add the objective: NPV, after MW-months of one line for naive plans."""
    value = npv_usd_m(model, study, paths, sums)
    if options.filled_line is not None:
        filled = sums.line_mw_months.expression(("line", options.filled_line))
        value += _FILL_USD_M_PER_MW_MONTH * filled
    model.npv = pyo.Objective(expr=value, sense=pyo.maximize)


def add_hurdles(
    model: Any, study: Study, paths: MarketPaths, sums: Sums, options: ModelOptions
) -> None:
    """Add ``hurdle``: a discretionary site's NPV at its hurdle rate is not negative.

    Unlevered after-tax flows of the site with BTC at the price when mined, end values
    included, corporate overhead excluded. Doing nothing stays feasible.
    """
    n_periods = study.time.months
    places = [
        site.id
        for site in study.sites
        if site.is_discretionary
        and options.enforce_hurdles
        and site.id != options.forced_site
        and any(sums.used_mw[site.id, shell.kind] for shell in site.shells)
    ]

    def hurdle(m: Any, place: str) -> Any:
        rate = study.site(place).hurdle_rate_per_year
        factors = discount_factors(rate, n_periods)
        total: Expression = float(factors[n_periods]) * (
            sums.terminal_usd_m.expression(place)
        )
        for period in range(n_periods):
            flow = m.operating_usd_m[place, period] - tax_usd_m(m, study, place, period)
            if (place, period) in m.mined_btc:
                price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
                flow += price * m.mined_btc[place, period]
            if (place, period) in m.capex_usd_m:
                flow -= m.capex_usd_m[place, period]
            total += float(factors[period + 1]) * flow
        return total >= 0.0

    model.hurdle = pyo.Constraint(places, rule=hurdle)
