# SPDX-License-Identifier: Apache-2.0
"""Months of profit and months of loss told apart, where losses expire.

There a model without binaries would raise a gain and a loss together: the gain uses a
loss about to expire, the loss carries it on. Regimes whose losses outlive the horizon
need none of this (`optimizer.milp.tax` says why).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pyomo.environ as pyo

from models.units import MONTHS_PER_YEAR
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.sums import Sums, Terms, Variable

__all__ = ["add_signs"]

_MOST_WEIGHT: Final = 1e3
"""Most that a worn machine's count is raised, see `optimizer.milp.bought`."""

Key: TypeAlias = tuple[str, int]


def add_signs(
    model: Any, study: Study, paths: MarketPaths, sums: Sums, index: Sequence[Key]
) -> None:
    """Add ``earns_profit`` (binary): a month has a gain or a loss, not both.

    ``gain <= M x earns``, ``loss <= M x (1 - earns)`` with M over any profit or loss
    that the month may have.

    Parameters
    ----------
    index : sequence of (str, int)
        Sites and months concerned.
    """
    model.earns_profit = pyo.Var(index, domain=pyo.Binary)
    most = _most_usd_m(model, study, paths, sums, index) if index else {}
    model.gain_if_earned = pyo.Constraint(
        index,
        rule=lambda m, *key: m.gain_usd_m[key] <= most[key] * m.earns_profit[key],
    )
    model.loss_if_not_earned = pyo.Constraint(
        index,
        rule=lambda m, *key: (
            m.loss_usd_m[key] <= most[key] * (1.0 - m.earns_profit[key])
        ),
    )


def _most_usd_m(
    model: Any, study: Study, paths: MarketPaths, sums: Sums, index: Sequence[Key]
) -> dict[Key, float]:
    """Return a bound on profit and loss: every part at its most, none against another.

    Overhead, interest and fees of the site that carries them stand in full beside.
    """
    company = study.company
    debt = company.loan.principal_usd + company.loan.draw_limit_usd
    debt += sum(facility.limit_usd for facility in company.debt_facilities)
    beside = (abs(company.overhead_usd_per_month) + debt) / USD_PER_USD_M
    counts = _Counts(model, study)
    most = {}
    for place, period in index:
        key = place, period
        price = float(paths.btc_price_usd[0, period]) / USD_PER_USD_M
        total = 1.0 + (beside if place == company.tax_site else 0.0)
        total += counts.most_of(sums.operating_usd_m, key)
        total += counts.most_of(sums.depreciation_usd_m, key)
        most[key] = total + price * counts.most_of(sums.mined_btc, key)
    return most


class _Counts:
    """Bounds of counts of machines, some of which only rows bound in the model."""

    def __init__(self, model: Any, study: Study) -> None:
        orders = list(model.order_lots.values())
        self._lots = max((float(lots.ub) for lots in orders), default=0.0)
        units = sum(c.units for site in study.sites for c in site.opening_fleet)
        size = {asic.id: asic.lot_units for asic in study.asics}
        size |= {gpu.id: gpu.lot_nodes for gpu in study.gpus}
        bought = max(
            (float(v.ub) * size[key[0]] for key, v in model.order_lots.items()),
            default=0.0,
        )
        self._thousands = (units + bought) / 1e3
        years = study.time.months / MONTHS_PER_YEAR
        keep = min((1.0 - asic.degradation_per_year for asic in study.asics), default=1)
        weight = keep**-years if keep > 0.0 else _MOST_WEIGHT
        self._worn = self._thousands * min(weight, _MOST_WEIGHT)

    def most_of(self, terms: Terms, key: Key) -> float:
        """Return the most that a linear form may be either way."""
        parts = sum(abs(value) * self._most(part) for value, part in terms.parts(key))
        return parts + abs(terms.constant(key))

    def _most(self, variable: Variable) -> float:
        if variable.ub is not None:
            return abs(float(variable.ub))
        name = variable.parent_component().local_name
        if name.endswith("_lots"):
            return self._lots
        return self._worn if name == "worn_thousands" else self._thousands
