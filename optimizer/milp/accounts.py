# SPDX-License-Identifier: Apache-2.0
"""Account block: each site's mined BTC, operating cash, capex and profit tax.

The dense rows of the model stand here once: other blocks then use one variable per site
and month.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.sums import Expression, Sums, Terms, Variable

__all__ = ["add_accounts", "add_tax", "tax_usd_m"]


def add_accounts(model: Any, study: Study, sums: Sums) -> None:
    """Add ``mined_btc``, ``operating_usd_m`` and ``capex_usd_m`` by site and month."""
    index = [(site.id, t) for site in study.sites for t in range(study.time.months)]
    model.mined_btc = pyo.Var([key for key in index if sums.mined_btc.has(key)])
    model.operating_usd_m = pyo.Var(index)
    model.capex_usd_m = pyo.Var([key for key in index if sums.capex_usd_m.has(key)])
    model.mining = pyo.Constraint(
        list(model.mined_btc),
        rule=lambda m, *key: _adds_up(m.mined_btc[key], sums.mined_btc, key),
    )
    model.operation = pyo.Constraint(
        index,
        rule=lambda m, *key: _adds_up(
            m.operating_usd_m[key], sums.operating_usd_m, key
        ),
    )
    model.spending = pyo.Constraint(
        list(model.capex_usd_m),
        rule=lambda m, *key: _adds_up(m.capex_usd_m[key], sums.capex_usd_m, key),
    )


def _adds_up(total: Variable, terms: Terms, key: tuple[str, int]) -> Any:
    """Return the row ``terms - total = - constant``."""
    return terms.expression(key, (-1.0, total)), 0.0


def add_tax(
    model: Any, study: Study, paths: MarketPaths, sums: Sums, interest: Expression
) -> None:
    """Add profit, losses carried forward and their use, by site and month.

    ``gain - loss = mined BTC at price + operating cash - depreciation`` (plus overhead
    and less interest at the site that carries corporate costs), ``use <= cap x gain``,
    ``balance = balance - use + loss``. Tax is ``rate x (gain - use)``. No binaries:
    raising gain and loss together costs tax now for relief later, which never pays.

    Parameters
    ----------
    interest : callable
        Loan interest of a month as an expression. [USD m]
    """
    n_periods = study.time.months
    index = [(site.id, t) for site in study.sites for t in range(n_periods)]
    for name in ("gain_usd_m", "loss_usd_m", "loss_used_usd_m", "loss_left_usd_m"):
        setattr(model, name, pyo.Var(index, domain=pyo.NonNegativeReals))
    company = study.company

    def profit(m: Any, place: str, period: int) -> Any:
        price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
        value = m.operating_usd_m[place, period] - sums.depreciation_usd_m.expression(
            (place, period)
        )
        if (place, period) in m.mined_btc:
            value += price * m.mined_btc[place, period]
        if place == company.tax_site:
            value += company.overhead_usd_per_month / USD_PER_USD_M - interest(period)
        return m.gain_usd_m[place, period] - m.loss_usd_m[place, period] == value

    def use_cap(m: Any, place: str, period: int) -> Any:
        cap = study.tax_regime(study.site(place)).loss_use_cap_frac
        return m.loss_used_usd_m[place, period] <= cap * m.gain_usd_m[place, period]

    def carried(m: Any, place: str, period: int) -> Any:
        before = m.loss_left_usd_m[place, period - 1] if period else 0.0
        return (
            m.loss_left_usd_m[place, period]
            == before - m.loss_used_usd_m[place, period] + m.loss_usd_m[place, period]
        )

    def from_balance(m: Any, place: str, period: int) -> Any:
        before = m.loss_left_usd_m[place, period - 1] if period else 0.0
        return m.loss_used_usd_m[place, period] <= before

    model.profit = pyo.Constraint(index, rule=profit)
    model.loss_use_cap = pyo.Constraint(index, rule=use_cap)
    model.loss_carried = pyo.Constraint(index, rule=carried)
    model.loss_from_balance = pyo.Constraint(index, rule=from_balance)


def tax_usd_m(model: Any, study: Study, place: str, period: int) -> Expression:
    """Return a site's tax of a month as an expression [USD m]."""
    rate = study.tax_regime(study.site(place)).rate_frac
    gain = model.gain_usd_m[place, period]
    return rate * gain - rate * model.loss_used_usd_m[place, period]
