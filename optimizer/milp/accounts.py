# SPDX-License-Identifier: Apache-2.0
"""Account block: each site's mined BTC, operating cash and capex.

The dense rows of the model stand here once: other blocks then use one variable per site
and month. What does not belong here: tax (`optimizer.milp.tax`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.sums import Sums, Terms, Variable

__all__ = ["add_accounts"]


def add_accounts(model: Any, study: Study, paths: MarketPaths, sums: Sums) -> None:
    """Add ``mined_btc``, ``operating_usd_m`` and ``capex_usd_m`` by site and month.

    VAT on mined BTC is part of operating cash.
    """
    index = [(site.id, t) for site in study.sites for t in range(study.time.months)]
    model.mined_btc = pyo.Var([key for key in index if sums.mined_btc.has(key)])
    model.operating_usd_m = pyo.Var(index)
    model.capex_usd_m = pyo.Var([key for key in index if sums.capex_usd_m.has(key)])
    model.mining = pyo.Constraint(
        list(model.mined_btc),
        rule=lambda m, *key: _adds_up(m.mined_btc[key], sums.mined_btc, key),
    )

    def operation(m: Any, place: str, period: int) -> Any:
        more = [(-1.0, m.operating_usd_m[place, period])]
        vat_frac = study.tax_regime(study.site(place)).mining_vat_frac
        if vat_frac and (place, period) in m.mined_btc:
            price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
            more.append((-vat_frac * price, m.mined_btc[place, period]))
        return sums.operating_usd_m.expression((place, period), *more), 0.0

    model.operation = pyo.Constraint(index, rule=operation)
    model.spending = pyo.Constraint(
        list(model.capex_usd_m),
        rule=lambda m, *key: _adds_up(m.capex_usd_m[key], sums.capex_usd_m, key),
    )


def _adds_up(total: Variable, terms: Terms, key: tuple[str, int]) -> Any:
    """Return the row ``terms - total = - constant``."""
    return terms.expression(key, (-1.0, total)), 0.0
