# SPDX-License-Identifier: Apache-2.0
"""Capacity block: use of power and shells never exceeds what is there.

Rows stand only in months in which use may rise or capacity may fall; between them the
row before implies them (`ModelOptions.all_months` adds those too).
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from models.power import commitment_cost_usd, demand_charge_usd
from models.units import month_hours_h
from optimizer.milp.plant import phase_started
from optimizer.milp.sums import USD_PER_USD_M, linear

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.site import Site
    from models.study import Study
    from optimizer.milp.candidates import Candidates
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.sums import Expression, Interval, Sums, Variable

__all__ = ["add_capacity", "add_commitments", "add_resale_depth", "used_mw"]


def add_commitments(
    model: Any, study: Study, candidates: Candidates, paths: MarketPaths, sums: Sums
) -> None:
    """Add committed MW of partner contracts by holding step.

    Committed MW never rise (``commitment_falls``) and cannot fall before the minimum
    term and a full notice have passed (bounds); what is committed is owed in part
    whether machines run or not. Opening demand charges are posted here too.
    """
    grid = candidates.grid
    hours = month_hours_h(study.time.start_month, study.time.months)
    partners = [site for site in study.sites if site.partner is not None]
    index = [(site.id, q) for site in partners for q in range(len(grid.steps))]

    def bounds(m: Any, place: str, step: int) -> tuple[float, float]:
        site = study.site(place)
        terms = site.partner
        if terms is None:
            msg = f"site {place} has no partner contract"
            raise ValueError(msg)
        first = max(terms.min_term_months, terms.notice_months)
        held = site.contracted_mw if grid.steps[step] < first else 0.0
        return (held, site.contracted_mw)

    model.committed_mw = pyo.Var(index, bounds=bounds)
    model.commitment_falls = pyo.Constraint(
        [(place, q) for place, q in index if q],
        rule=lambda m, place, q: (
            m.committed_mw[place, q] <= m.committed_mw[place, q - 1]
        ),
    )
    for site in partners:
        per_mw = commitment_cost_usd(site, hours * 0.0 + 1.0, hours) / USD_PER_USD_M
        per_mw = per_mw * paths.power_multiplier[0, study.site_index(site.id)]
        for step, since in enumerate(grid.steps):
            series = -per_mw[since : grid.step_until(step)]
            variable = model.committed_mw[site.id, step]
            sums.operating_usd_m.add_series(site.id, series, variable, since)
    for site in study.sites:
        charge = demand_charge_usd(site, hours * 0.0 + site.contracted_mw)
        for period, amount in enumerate(charge / USD_PER_USD_M):
            sums.operating_usd_m.add_constant((site.id, period), -amount)


def add_capacity(
    model: Any, study: Study, candidates: Candidates, sums: Sums, options: ModelOptions
) -> None:
    """Add ``shell_limit`` by site, kind and month and ``power_limit`` by site.

    Both rest on ``used_mw`` by site, kind and month, which ``space`` adds up once.
    """
    every_month = range(candidates.grid.n_periods) if options.all_months else None
    power_months = {
        site.id: every_month or _power_months(site, candidates, sums)
        for site in study.sites
    }
    shell_months = {
        (site.id, shell.kind): every_month
        or _shell_months(site, shell.kind, candidates, sums)
        for site in study.sites
        for shell in site.shells
    }
    terms = {
        (*key, month): found
        for key, months in shell_months.items()
        for month, found in used_by_month(
            sums.used_mw[key], sorted({*months, *power_months[key[0]]})
        ).items()
    }
    model.used_mw = pyo.Var(list(terms), domain=pyo.NonNegativeReals)
    model.space = pyo.Constraint(
        list(terms),
        rule=lambda m, *key: (linear([*terms[key], (-1.0, m.used_mw[key])]), 0.0),
    )

    def used(m: Any, *key: object) -> Expression:
        return m.used_mw[key] if key in terms else 0.0

    def shell_limit(m: Any, place: str, kind: str, period: int) -> Any:
        stock = _shell_stock(m, study.site(place), kind, period, candidates)
        return _within(used(m, place, kind, period), stock)

    def power_limit(m: Any, place: str, period: int) -> Any:
        site = study.site(place)
        total = sum(used(m, place, shell.kind, period) for shell in site.shells)
        return _within(total, _power_stock(m, site, period, candidates))

    model.shell_limit = pyo.Constraint(
        [(*key, t) for key, months in shell_months.items() for t in months],
        rule=shell_limit,
    )
    model.power_limit = pyo.Constraint(
        [(place, t) for place, months in power_months.items() for t in months],
        rule=power_limit,
    )


def _within(used: Expression, stock: Expression) -> Any:
    row = used <= stock
    if not isinstance(row, bool):
        return row
    return pyo.Constraint.Feasible if row else pyo.Constraint.Infeasible


def used_by_month(
    intervals: list[Interval], months: list[int]
) -> dict[int, list[tuple[float, Variable]]]:
    """Return what takes up space in some months, given in order."""
    found: dict[int, list[tuple[float, Variable]]] = {}
    for interval in intervals:
        term = (interval.mw, interval.variable)
        first = bisect_left(months, interval.since)
        for month in months[first : bisect_left(months, interval.until)]:
            found.setdefault(month, []).append(term)
    return found


def used_mw(intervals: list[Interval], period: int) -> Expression:
    """Return the facility MW taken up in a period, as an expression [MW]."""
    return linear(used_by_month(intervals, [period]).get(period, ()))


def _shell_months(
    site: Site, kind: str, candidates: Candidates, sums: Sums
) -> list[int]:
    months = {i.since for i in sums.used_mw[site.id, kind] if i.begins}
    for work in site.conversions:
        if work.from_kind == kind:
            lead = work.lead_time_months - work.downtime_months
            for start in candidates.conversion_starts.get((site.id, work.id), ()):
                months.add(start + lead)
    return sorted(m for m in months if m < candidates.grid.n_periods)


def _power_months(site: Site, candidates: Candidates, sums: Sums) -> list[int]:
    months = {
        i.since for s in site.shells for i in sums.used_mw[site.id, s.kind] if i.begins
    }
    if site.partner is not None:
        months |= set(candidates.grid.steps)
    return sorted(months)


def _shell_stock(
    model: Any, site: Site, kind: str, period: int, candidates: Candidates
) -> Expression:
    shell = site.shell(kind)
    stock: Expression = 0.0 if shell is None else shell.opening_mw
    if shell is not None and shell.build is not None:
        for start in candidates.build_starts.get((site.id, kind), ()):
            if start + shell.build.lead_time_months <= period:
                modules = model.shell_modules[site.id, kind, start]
                stock += shell.build.module_mw * modules
    for work in site.conversions:
        for start in candidates.conversion_starts.get((site.id, work.id), ()):
            done = start + work.lead_time_months
            modules = model.conversion_modules[site.id, work.id, start]
            if work.to_kind == kind and done <= period:
                stock += work.module_mw * modules
            if work.from_kind == kind and done - work.downtime_months <= period:
                stock -= work.module_mw * modules
    return stock


def _power_stock(
    model: Any, site: Site, period: int, candidates: Candidates
) -> Expression:
    if site.partner is not None:
        step = max(q for q, p in enumerate(candidates.grid.steps) if p <= period)
        return model.committed_mw[site.id, step]
    stock: Expression = site.contracted_mw
    for phase in site.phases:
        started = phase_started(
            model, candidates, site.id, phase.id, period - phase.lead_time_months
        )
        stock += phase.mw * started
    return stock


def add_resale_depth(
    model: Any, study: Study, candidates: Candidates, sums: Sums
) -> None:
    """Add ``resale_depth``: used hashrate sold in a step within what buyers take."""
    depth = study.market.resale_depth_eh_s_per_month
    if depth is None:
        return
    step = candidates.grid.holding_step
    windows = {
        first: [
            t
            for t in range(first, min(first + step, candidates.grid.n_periods))
            if sums.sold_eh_s.has(t)
        ]
        for first in candidates.grid.steps
    }

    def resale_depth(m: Any, first: int) -> Any:
        sold = sum(sums.sold_eh_s.expression(t) for t in windows[first])
        return sold <= depth * step

    model.resale_depth = pyo.Constraint(
        [first for first, found in windows.items() if found],
        rule=resale_depth,
    )
