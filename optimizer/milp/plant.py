# SPDX-License-Identifier: Apache-2.0
"""Plant block: power phases, new shells and conversions."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from models.builds import payments_usd, plant_value_usd
from models.depreciation import write_off
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.site import Conversion, Phase, ShellBuild, Site
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
    before = {
        (*key, period): (*key, previous)
        for key, periods in starts.items()
        for previous, period in pairwise(periods)
    }
    model.phase_stays = pyo.Constraint(
        list(before),
        rule=lambda m, *key: m.phase_started[key] >= m.phase_started[before[key]],
    )
    for place, phase_id in starts:
        phase = next(p for p in study.site(place).phases if p.id == phase_id)
        _add_phase_money(model, study, candidates, study.site(place), phase, sums)
    _add_crews(model, study, candidates)


def _add_phase_money(
    model: Any,
    study: Study,
    candidates: Candidates,
    site: Site,
    phase: Phase,
    sums: Sums,
) -> None:
    """Add cost and demand charge of one phase, start by start."""
    periods = candidates.phase_starts[site.id, phase.id]
    lead = phase.lead_time_months
    started = [model.phase_started[site.id, phase.id, period] for period in periods]
    for k, period in enumerate(periods):
        # The start in a period is the step of the cumulative binary.
        _add_build(study, site, phase.capex_usd, period, lead, started[k], sums)
        if k:
            _add_build(
                study, site, -phase.capex_usd, period, lead, started[k - 1], sums
            )
        # From the month in which this start is the latest one live.
        until = periods[k + 1] + lead if k + 1 < len(periods) else study.time.months
        charge = site.power.demand_charge_usd_per_mw_month * phase.mw / USD_PER_USD_M
        for month in range(period + lead, until):
            sums.operating_usd_m.add((site.id, month), -charge, started[k])


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
    paid = payments_usd(cost, start, lead, n_periods)
    sums.capex_usd_m.add_series(site.id, paid, variable)
    for period, amount in enumerate(paid.tolist()):
        sums.financed_usd_m.add(("project", site.id, period), amount, variable)
    written = write_off(study, site, "plant", cost, start + lead)
    sums.add_write_off(site.id, written, variable)
    value = plant_value_usd(
        cost,
        start + lead,
        life_months=study.tax_regime(site).plant_life_months,
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
    """Add shell and conversion modules (integers) and their limits over all starts.

    Rows: ``shell_room`` and ``conversion_room``; with a single start the bound of its
    variable says as much.
    """
    shells: dict[tuple[str, str], ShellBuild | Conversion] = {
        (site.id, shell.kind): shell.build
        for site in study.sites
        for shell in site.shells
        if shell.build is not None
    }
    works: dict[tuple[str, str], ShellBuild | Conversion] = {
        (site.id, work.id): work for site in study.sites for work in site.conversions
    }
    model.shell_modules, model.shell_room = _modules(candidates.build_starts, shells)
    model.conversion_modules, model.conversion_room = _modules(
        candidates.conversion_starts, works
    )
    for variables, starts, builds in (
        (model.shell_modules, candidates.build_starts, shells),
        (model.conversion_modules, candidates.conversion_starts, works),
    ):
        for key, periods in starts.items():
            build, site = builds[key], study.site(key[0])
            cost = build.capex_usd_per_mw * build.module_mw
            lead = build.lead_time_months
            for start in periods:
                variable = variables[(*key, start)]
                _add_build(study, site, cost, start, lead, variable, sums)


def _modules(
    starts: Mapping[tuple[str, str], tuple[int, ...]],
    builds: Mapping[tuple[str, str], ShellBuild | Conversion],
) -> tuple[Any, Any]:
    """Return module variables by start and the row that limits their sum."""
    variables = pyo.Var(
        [(*key, period) for key, periods in starts.items() for period in periods],
        domain=pyo.NonNegativeIntegers,
        bounds=lambda _, place, what, period: (0, builds[place, what].max_modules),
    )
    room = pyo.Constraint(
        [key for key, periods in starts.items() if len(periods) > 1],
        rule=lambda _, *key: (
            sum(variables[(*key, period)] for period in starts[key])
            <= builds[key].max_modules
        ),
    )
    return variables, room
