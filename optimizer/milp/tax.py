# SPDX-License-Identifier: Apache-2.0
"""Tax block: profit, losses carried forward, what is owed on a profit.

The same rules as `models.tax`. What does not belong here: what a profit is made of
(`optimizer.milp.accounts`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from optimizer.milp.sums import USD_PER_USD_M
from optimizer.milp.tax_signs import add_signs

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from models.tax import TaxTerms
    from optimizer.milp.sums import Expression, Sums

__all__ = ["add_tax", "tax_usd_m"]


def add_tax(
    model: Any, study: Study, paths: MarketPaths, sums: Sums, interest: Expression
) -> None:
    """Add profit, losses carried forward and their use, by site and month.

    ``gain - loss = mined BTC at price + operating cash - depreciation`` (plus overhead
    and less interest at the site that carries corporate costs), ``use <= cap x s x
    gain``, ``balance = balance - use + s x loss - expired`` with s the share of profit
    outside holidays. A gain costs ``rate x s + withholding x (1 - rate x s)`` and a
    loss used saves ``rate + withholding x (1 - rate)``.

    No binaries without losses that expire: raising gain and loss together by e costs
    ``levy x e`` now and brings losses of ``s x e``, worth ``relief x s x e`` at most
    and later; the difference is ``withholding x (1 - s) x e >= 0``. Where losses expire
    it would make them young again, so `optimizer.milp.tax_signs` forbids it.

    Parameters
    ----------
    interest : callable
        Loan interest of a month as an expression. [USD m]
    """
    n_periods = study.time.months
    index = [(site.id, t) for site in study.sites for t in range(n_periods)]
    for name in ("gain_usd_m", "loss_usd_m", "loss_used_usd_m", "loss_left_usd_m"):
        setattr(model, name, pyo.Var(index, domain=pyo.NonNegativeReals))
    terms = {site.id: study.tax_terms(site) for site in study.sites}
    profits = {
        key: _profit_usd_m(model, study, paths, sums, interest, *key) for key in index
    }
    model.profit = pyo.Constraint(
        index,
        rule=lambda m, *key: m.gain_usd_m[key] - m.loss_usd_m[key] == profits[key],
    )
    _add_losses(model, terms, index)
    mortal = [key for key in index if _expires(terms, key)]
    add_signs(model, study, paths, sums, mortal)
    _add_put_off(model, study, terms, sums)


def _profit_usd_m(
    model: Any,
    study: Study,
    paths: MarketPaths,
    sums: Sums,
    interest: Expression,
    place: str,
    period: int,
) -> Expression:
    """Return the taxable profit of a site and month before losses [USD m]."""
    company = study.company
    price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
    written = sums.depreciation_usd_m.expression((place, period))
    value = model.operating_usd_m[place, period] - written
    if (place, period) in model.mined_btc:
        value += price * model.mined_btc[place, period]
    if place == company.tax_site:
        overhead = company.overhead_usd_per_month / USD_PER_USD_M
        value += overhead - interest(period)
    return value


def _expires(terms: dict[str, TaxTerms], key: tuple[str, int]) -> bool:
    return terms[key[0]].expires_within


def _add_losses(
    model: Any, terms: dict[str, TaxTerms], index: list[tuple[str, int]]
) -> None:
    """Add the use of losses, what is left of them, and what expires."""
    mortal = [key for key in index if _expires(terms, key)]
    model.loss_expired_usd_m = pyo.Var(mortal, domain=pyo.NonNegativeReals)
    # A running total, so that the losses of any K months are one difference.
    model.loss_made_usd_m = pyo.Var(mortal, domain=pyo.NonNegativeReals)

    def before(m: Any, place: str, period: int) -> Expression:
        return m.loss_left_usd_m[place, period - 1] if period else 0.0

    def new_loss(m: Any, place: str, period: int) -> Expression:
        return terms[place].taxable_frac[period] * m.loss_usd_m[place, period]

    def use_cap(m: Any, place: str, period: int) -> Any:
        asked = terms[place]
        most = asked.loss_use_cap_frac * asked.taxable_frac[period]
        used = m.loss_used_usd_m[place, period]
        return used <= most * m.gain_usd_m[place, period]

    def carried(m: Any, place: str, period: int) -> Any:
        left = before(m, place, period) - m.loss_used_usd_m[place, period]
        left += new_loss(m, place, period)
        if (place, period) in m.loss_expired_usd_m:
            left -= m.loss_expired_usd_m[place, period]
        return m.loss_left_usd_m[place, period] == left

    def from_balance(m: Any, place: str, period: int) -> Any:
        return m.loss_used_usd_m[place, period] <= before(m, place, period)

    def made(m: Any, place: str, period: int) -> Any:
        earlier = m.loss_made_usd_m[place, period - 1] if period else 0.0
        return m.loss_made_usd_m[place, period] == (
            earlier + new_loss(m, place, period)
        )

    def is_young(m: Any, place: str, period: int) -> Any:
        last = period - (terms[place].loss_life_months or 0)
        if last < 0:
            return pyo.Constraint.Skip
        recent = m.loss_made_usd_m[place, period] - m.loss_made_usd_m[place, last]
        return m.loss_left_usd_m[place, period] <= recent

    model.loss_use_cap = pyo.Constraint(index, rule=use_cap)
    model.loss_carried = pyo.Constraint(index, rule=carried)
    model.loss_from_balance = pyo.Constraint(index, rule=from_balance)
    model.loss_made = pyo.Constraint(mortal, rule=made)
    model.loss_is_young = pyo.Constraint(mortal, rule=is_young)


def _add_put_off(
    model: Any, study: Study, terms: dict[str, TaxTerms], sums: Sums
) -> None:
    """Add tax put off to the horizon by write-off ahead of straight line.

    ``put off >= saved early - relief x losses left``, an end value of its site; what
    was saved early is linear in what was bought and built.
    """
    last = study.time.months - 1
    places = [s.id for s in study.sites if sums.early_relief_usd_m.has(s.id)]
    model.put_off_usd_m = pyo.Var(places, domain=pyo.NonNegativeReals)

    def put_off(m: Any, place: str) -> Any:
        early = sums.early_relief_usd_m.expression(place)
        relief = terms[place].relief_frac * m.loss_left_usd_m[place, last]
        return m.put_off_usd_m[place] >= early - relief

    model.tax_put_off = pyo.Constraint(places, rule=put_off)
    for place in places:
        sums.terminal_usd_m.add(place, -1.0, model.put_off_usd_m[place])


def tax_usd_m(model: Any, study: Study, place: str, period: int) -> Expression:
    """Return a site's tax and tax withheld of a month as an expression [USD m]."""
    terms = study.tax_terms(study.site(place))
    gain = model.gain_usd_m[place, period]
    saved = terms.relief_frac * model.loss_used_usd_m[place, period]
    return terms.levy_frac(period) * gain - saved
