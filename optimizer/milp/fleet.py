# SPDX-License-Identifier: Apache-2.0
"""Fleet block: orders in lots, holdings as lifetime columns, the opening fleet.

One holding column is a cohort kept from delivery up to one end; what bought machines
earn while they stand is added up in `optimizer.milp.bought`, how they move in
`optimizer.milp.moved`. Opening machines move through a network of sites and steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo

from models.depreciation import opening_write_off_usd, write_off
from models.fleet import (
    TRANSIT_MONTHS,
    asic_facility_mw,
    asic_hashrate_eh_s,
    asic_month,
    gpu_month,
)
from models.machine_prices import (
    asic_move_usd,
    asic_price_usd,
    asic_resale_usd,
    gpu_price_usd,
    gpu_resale_usd,
)
from optimizer.milp.bought import BoughtCohort, add_bought
from optimizer.milp.candidates import most_shell_mw
from optimizer.milp.moved import add_moves, moves_that_may_pay
from optimizer.milp.sums import USD_PER_USD_M, Interval

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.hardware import AsicModel, GpuModel
    from models.paths import MarketPaths
    from models.site import Site
    from models.study import Study
    from models.tax_regime import AssetClass
    from optimizer.milp.candidates import Candidates, Cohort, OrderChoice
    from optimizer.milp.sums import Expression, Sums

__all__ = ["UnitSeries", "add_opening_fleet", "add_orders", "asic_unit", "gpu_unit"]


@dataclass(frozen=True, slots=True)
class UnitSeries:
    """One machine on the base path, month by month.

    Parameters
    ----------
    mined_btc, operating_usd_m, resale_usd_m : ndarray of shape (n_periods,)
        Output; operating cash besides BTC; resale value. [BTC, USD m, USD m]
    """

    mined_btc: FloatArray
    operating_usd_m: FloatArray
    resale_usd_m: FloatArray


def asic_unit(
    study: Study, site: Site, asic: AsicModel, cohort_period: int, paths: MarketPaths
) -> UnitSeries:
    """Return the series of one ASIC from the engine's own functions."""
    month = asic_month(study, site, asic, cohort_period, paths)
    operating = -month.energy_usd[0] - month.opex_usd + month.demand_response_usd
    resale = asic_resale_usd(study, asic, cohort_period, paths)[0]
    return UnitSeries(
        mined_btc=month.btc[0],
        operating_usd_m=operating / USD_PER_USD_M,
        resale_usd_m=resale / USD_PER_USD_M,
    )


def gpu_unit(
    study: Study, site: Site, gpu: GpuModel, cohort_period: int, paths: MarketPaths
) -> UnitSeries:
    """Return the series of one GPU node from the engine's own functions."""
    month = gpu_month(study, site, gpu, paths)
    operating = (month.revenue_usd - month.energy_usd - month.opex_usd)[0]
    resale = gpu_resale_usd(study, gpu, cohort_period, paths)[0]
    return UnitSeries(
        mined_btc=np.zeros_like(operating),
        operating_usd_m=operating / USD_PER_USD_M,
        resale_usd_m=resale / USD_PER_USD_M,
    )


def add_orders(
    model: Any, study: Study, candidates: Candidates, paths: MarketPaths, sums: Sums
) -> None:
    """Add orders, their holdings and the row that ties them (``lots_are_held``).

    ``order_lots[m, s, o]`` (integer) = sum over ends of ``hold_lots[m, s, o, e]``, and
    of lots that move to another site.
    """
    orders = {choice.key: choice for choice in candidates.orders}
    holds = [(*key, end) for key, choice in orders.items() for end in choice.ends]
    model.order_lots = pyo.Var(
        list(orders),
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, *key: (0, _most_lots(orders[key])),
    )
    model.hold_lots = pyo.Var(holds, domain=pyo.NonNegativeReals)
    cohorts: dict[tuple[str, str, int], BoughtCohort] = {}
    for key, choice in orders.items():
        ordered = model.order_lots[key]
        _add_purchase(ordered, study, choice, sums)
        unit = (
            gpu_unit(study, choice.site, choice.model, choice.live, paths)  # type: ignore[arg-type]
            if choice.is_gpu
            else asic_unit(study, choice.site, choice.model, choice.live, paths)  # type: ignore[arg-type]
        )
        cohorts[key] = BoughtCohort(choice, unit, comes=[(choice.live, ordered)])
        for end in choice.ends:
            held = model.hold_lots[(*key, end)]
            _add_end(held, choice, unit, end, study.time.months, sums)
            cohorts[key].goes.append((end, held))
            cohorts[key].spells.append((choice.live, end, held))
    price = paths.btc_price_usd[0] / USD_PER_USD_M
    moves = moves_that_may_pay(
        study,
        candidates,
        {
            k: c.unit.mined_btc * price + c.unit.operating_usd_m
            for k, c in cohorts.items()
        },
        {k: c.unit.resale_usd_m for k, c in cohorts.items()},
    )
    add_moves(model, study, moves, cohorts, sums)
    left = {
        key: [model.hold_lots[(*key, e)] for e in orders[key].ends] for key in orders
    }
    for move in moves:
        left[move.order.key].append(model.moved_lots[move.key])
    model.lots_are_held = pyo.Constraint(
        list(orders), rule=lambda m, *key: sum(left[key]) == m.order_lots[key]
    )
    add_bought(model, cohorts.values(), study.time.months, sums)


def _most_lots(choice: OrderChoice) -> int:
    room = most_shell_mw(choice.site, choice.kind)
    return int(room / (choice.unit_mw * choice.lot_units) + 1e-9)


def _add_purchase(lots: Any, study: Study, choice: OrderChoice, sums: Sums) -> None:
    price = gpu_price_usd if choice.is_gpu else asic_price_usd
    cost = float(
        price(choice.site, choice.model, study.time.months)[choice.period]  # type: ignore[arg-type]
    )
    cost *= choice.lot_units / USD_PER_USD_M
    kind: AssetClass = "gpu" if choice.is_gpu else "asic"
    sums.capex_usd_m.add((choice.site.id, choice.period), cost, lots)
    purpose = "gpu" if choice.is_gpu else "machine"
    sums.financed_usd_m.add((purpose, choice.period), cost, lots)
    sums.add_write_off(
        choice.site.id, write_off(study, choice.site, kind, cost, choice.live), lots
    )


def _add_end(
    lots: Any,
    choice: OrderChoice,
    unit: UnitSeries,
    end: int,
    n_periods: int,
    sums: Sums,
) -> None:
    """Add what a holding fetches when it ends, or is worth at the horizon."""
    place, size = choice.site.id, choice.lot_units
    if end < n_periods:
        sums.operating_usd_m.add((place, end), unit.resale_usd_m[end] * size, lots)
        if not choice.is_gpu:
            sold = asic_hashrate_eh_s(choice.model) * size  # type: ignore[arg-type]
            sums.sold_eh_s.add(end, sold, lots)
    else:
        sums.terminal_usd_m.add(place, unit.resale_usd_m[-1] * size, lots)


def add_opening_fleet(
    model: Any, study: Study, candidates: Candidates, paths: MarketPaths, sums: Sums
) -> None:
    """Add the network of opening machines and what they earn where they stand."""
    _add_network(model, candidates)
    for cohort in candidates.cohorts:
        for site in cohort.sites:
            unit = asic_unit(study, site, cohort.model, cohort.cohort_period, paths)
            _add_stays(model, candidates, cohort, site, unit, sums)
            _add_moves(model, study, candidates, cohort, site, unit, sums)
    for site in study.sites:
        schedule = opening_write_off_usd(site, study.time.months) / USD_PER_USD_M
        for period, amount in enumerate(schedule.tolist()):
            sums.depreciation_usd_m.add_constant((site.id, period), amount)


def _add_network(model: Any, candidates: Candidates) -> None:
    """Add machines that stay, move or are sold at each step, in thousands.

    ``stay[q] = stay[q - 1] + moved in - moved out - sold`` (``machines_are_kept``). A
    machine moved misses `TRANSIT_MONTHS` of running and stays where it arrives for the
    rest of the step (``arrivals_stay``).
    """
    steps = range(len(candidates.grid.steps))
    cohorts = {cohort.key: cohort for cohort in candidates.cohorts}
    at = [(key, s.id, q) for key, c in cohorts.items() for s in c.sites for q in steps]
    others = {
        (key, a.id): [b.id for b in c.sites if b.id != a.id]
        for key, c in cohorts.items()
        for a in c.sites
    }
    moves = [(key, a, b, q) for key, a, q in at for b in others[key, a]]
    model.stay_thousands = pyo.Var(at, domain=pyo.NonNegativeReals)
    model.sell_thousands = pyo.Var(at, domain=pyo.NonNegativeReals)
    model.move_thousands = pyo.Var(moves, domain=pyo.NonNegativeReals)

    def moved_in(m: Any, key: str, place: str, step: int) -> Expression:
        return sum(m.move_thousands[key, a, place, step] for a in others[key, place])

    def machines_are_kept(m: Any, key: str, place: str, step: int) -> Any:
        before = (
            m.stay_thousands[key, place, step - 1]
            if step
            else cohorts[key].opening_units.get(place, 0.0) / 1e3
        )
        moved_out = sum(
            m.move_thousands[key, place, b, step] for b in others[key, place]
        )
        return (
            m.stay_thousands[key, place, step]
            + m.sell_thousands[key, place, step]
            + moved_out
            - moved_in(m, key, place, step)
            == before
        )

    model.machines_are_kept = pyo.Constraint(at, rule=machines_are_kept)
    model.arrivals_stay = pyo.Constraint(
        [(key, place, step) for key, place, step in at if others[key, place]],
        rule=lambda m, *index: moved_in(m, *index) <= m.stay_thousands[index],
    )


def _add_stays(
    model: Any,
    candidates: Candidates,
    cohort: Cohort,
    site: Site,
    unit: UnitSeries,
    sums: Sums,
) -> None:
    """Add what standing at a site for a step earns, and sales at its start."""
    grid, n_periods = candidates.grid, candidates.grid.n_periods
    mw = asic_facility_mw(site, cohort.model) * 1e3
    for step, since in enumerate(grid.steps):
        until = grid.step_until(step)
        stay = model.stay_thousands[cohort.key, site.id, step]
        sell = model.sell_thousands[cohort.key, site.id, step]
        sums.mined_btc.add_series(
            site.id, unit.mined_btc[since:until] * 1e3, stay, since
        )
        sums.operating_usd_m.add_series(
            site.id, unit.operating_usd_m[since:until] * 1e3, stay, since
        )
        sums.operating_usd_m.add((site.id, since), unit.resale_usd_m[since] * 1e3, sell)
        sums.sold_eh_s.add(since, asic_hashrate_eh_s(cohort.model) * 1e3, sell)
        if until == n_periods:
            sums.terminal_usd_m.add(site.id, unit.resale_usd_m[-1] * 1e3, stay)
        sums.use(
            site.id,
            cohort.model.shell,
            "self_mining",
            Interval(since, until, mw, stay),
            n_periods,
            is_new=False,
        )


def _add_moves(
    model: Any,
    study: Study,
    candidates: Candidates,
    cohort: Cohort,
    site: Site,
    unit: UnitSeries,
    sums: Sums,
) -> None:
    """Add cost and lost running time of machines that arrive at a site."""
    for other in cohort.sites:
        if other.id == site.id:
            continue
        cost = asic_move_usd(study, cohort.model, cohort.cohort_period, other, site)
        cost_usd_m = cost * 1e3 / USD_PER_USD_M
        for step, since in enumerate(candidates.grid.steps):
            moved = model.move_thousands[cohort.key, other.id, site.id, step]
            lost = slice(since, since + TRANSIT_MONTHS)
            sums.mined_btc.add_series(
                site.id, -unit.mined_btc[lost] * 1e3, moved, since
            )
            idle = -unit.operating_usd_m[lost] * 1e3
            sums.operating_usd_m.add_series(site.id, idle, moved, since)
            sums.operating_usd_m.add((site.id, since), -cost_usd_m[since], moved)
