# SPDX-License-Identifier: Apache-2.0
"""Plant block: power phases, new shells and conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from models.builds import payments_usd, plant_value_usd, straight_line_usd
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from models.site import Site
    from models.study import Study
    from optimizer.milp.candidates import Candidates
    from optimizer.milp.sums import Expression, Sums

__all__ = ["add_builds", "add_phases", "phase_started"]


def add_phases(model: Any, study: Study, candidates: Candidates, sums: Sums) -> None:
    """Add phases as cumulative binaries: 1 from the start period on.

    Rows: a phase stays started (``phase_stays``), and crews can work on
    `max_parallel_builds` phases of a site at once (``crews``).
    """
    starts = candidates.phase_starts
    index = [(*key, period) for key, periods in starts.items() for period in periods]
    model.phase_started = pyo.Var(index, domain=pyo.Binary)
    later = [
        (*key, periods[k])
        for key, periods in starts.items()
        for k in range(1, len(periods))
    ]
    before = {
        (*key, periods[k]): periods[k - 1]
        for key, periods in starts.items()
        for k in range(1, len(periods))
    }
    model.phase_stays = pyo.Constraint(
        later,
        rule=lambda m, site, phase, period: (
            m.phase_started[site, phase, period]
            >= m.phase_started[site, phase, before[site, phase, period]]
        ),
    )
    for (place, phase_id), periods in starts.items():
        site = study.site(place)
        phase = next(p for p in site.phases if p.id == phase_id)
        for k, period in enumerate(periods):
            # The start in a period is the step of the cumulative binary.
            variable = model.phase_started[place, phase_id, period]
            nothing = (0.0, variable)
            previous = (
                (-1.0, model.phase_started[place, phase_id, periods[k - 1]])
                if k
                else nothing
            )
            for sign, step in ((1.0, variable), previous):
                _add_build(
                    study,
                    site,
                    sign * phase.capex_usd,
                    period,
                    phase.lead_time_months,
                    step,
                    sums,
                )
            _add_demand_charge(
                study,
                site,
                phase.mw,
                period,
                phase.lead_time_months,
                periods,
                k,
                variable,
                sums,
            )
    _add_crews(model, study, candidates)


def _add_demand_charge(
    study: Study,
    site: Site,
    mw: float,
    period: int,
    lead: int,
    periods: tuple[int, ...],
    k: int,
    variable: Any,
    sums: Sums,
) -> None:
    """Charge the MW from the month in which this start is the latest one live."""
    charge = site.power.demand_charge_usd_per_mw_month * mw / USD_PER_USD_M
    until = periods[k + 1] + lead if k + 1 < len(periods) else study.time.months
    for month in range(period + lead, until):
        sums.operating_usd_m.add((site.id, month), -charge, variable)


def _add_build(
    study: Study,
    site: Site,
    cost_usd: float,
    start: int,
    lead: int,
    variable: Any,
    sums: Sums,
) -> None:
    """Add payments, depreciation and end value of one unit of a build."""
    n_periods = study.time.months
    cost = cost_usd / USD_PER_USD_M
    life = study.tax_regime(site).plant_life_months
    paid = payments_usd(cost, start, lead, n_periods)
    sums.capex_usd_m.add_series(site.id, paid, variable)
    schedule = straight_line_usd(cost, start + lead, life, n_periods)
    sums.depreciation_usd_m.add_series(site.id, schedule, variable)
    value = plant_value_usd(
        cost,
        start + lead,
        life_months=life,
        resale_frac=study.company.plant_resale_frac,
        n_periods=n_periods,
    )
    sums.terminal_usd_m.add(site.id, value, variable)


def phase_started(
    model: Any, candidates: Candidates, place: str, phase: str, period: int
) -> Expression:
    """Return whether a phase has started by a period, as an expression."""
    periods = [
        p for p in candidates.phase_starts.get((place, phase), ()) if p <= period
    ]
    return model.phase_started[place, phase, periods[-1]] if periods else 0.0


def _add_crews(model: Any, study: Study, candidates: Candidates) -> None:
    busy = [
        (site.id, period)
        for site in study.sites
        if len([key for key in candidates.phase_starts if key[0] == site.id])
        > site.max_parallel_builds
        for period in range(0, candidates.grid.n_periods, candidates.grid.order_step)
    ]

    def crews(m: Any, place: str, period: int) -> Any:
        site = study.site(place)
        at_work = sum(
            phase_started(m, candidates, place, phase.id, period)
            - phase_started(
                m, candidates, place, phase.id, period - phase.lead_time_months
            )
            for phase in site.phases
        )
        if isinstance(at_work, float | int):
            return pyo.Constraint.Skip
        return at_work <= site.max_parallel_builds

    model.crews = pyo.Constraint(busy, rule=crews)


def add_builds(model: Any, study: Study, candidates: Candidates, sums: Sums) -> None:
    """Add shell modules and conversion modules (integers) and their limits."""
    shells = {
        (*key, period): key
        for key, periods in candidates.build_starts.items()
        for period in periods
    }
    works = {
        (*key, period): key
        for key, periods in candidates.conversion_starts.items()
        for period in periods
    }
    model.shell_modules = pyo.Var(list(shells), domain=pyo.NonNegativeIntegers)
    model.conversion_modules = pyo.Var(list(works), domain=pyo.NonNegativeIntegers)
    for index in shells:
        place, kind, period = index
        site = study.site(place)
        build = _shell_build(site, kind)
        variable = model.shell_modules[index]
        variable.setub(build.max_modules)
        cost = build.capex_usd_per_mw * build.module_mw
        _add_build(study, site, cost, period, build.lead_time_months, variable, sums)
    for index in works:
        place, work_id, period = index
        site = study.site(place)
        work = next(c for c in site.conversions if c.id == work_id)
        variable = model.conversion_modules[index]
        variable.setub(work.max_modules)
        cost = work.capex_usd_per_mw * work.module_mw
        _add_build(study, site, cost, period, work.lead_time_months, variable, sums)
    model.shell_room = pyo.Constraint(
        [key for key, periods in candidates.build_starts.items() if len(periods) > 1],
        rule=lambda m, place, kind: (
            sum(
                m.shell_modules[place, kind, p]
                for p in candidates.build_starts[place, kind]
            )
            <= _shell_build(study.site(place), kind).max_modules
        ),
    )
    limits = {
        (site.id, work.id): work.max_modules
        for site in study.sites
        for work in site.conversions
    }
    model.conversion_room = pyo.Constraint(
        [k for k, periods in candidates.conversion_starts.items() if len(periods) > 1],
        rule=lambda m, place, work: (
            sum(
                m.conversion_modules[place, work, p]
                for p in candidates.conversion_starts[place, work]
            )
            <= limits[place, work]
        ),
    )


def _shell_build(site: Site, kind: str) -> Any:
    shell = site.shell(kind)
    if shell is None or shell.build is None:
        msg = f"site {site.id} offers no {kind} shell to build"
        raise ValueError(msg)
    return shell.build
