# SPDX-License-Identifier: Apache-2.0
"""Forced block: uses that a solve must make, so that their loss can be measured.

What is worth forcing, and what the loss means, stands in `optimizer.explain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyomo.environ as pyo

from models.errors import Conflict, InfeasibleError
from optimizer.milp.capacity import used_mw

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.milp.candidates import Candidates
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.sums import Sums

__all__ = ["PHASE_MONTHS", "PHASE_USE_FRAC", "add_forced_phase", "add_forced_use"]

PHASE_MONTHS: Final = 12
"""Months in which a forced phase must be used. [months]"""
PHASE_USE_FRAC: Final = 0.9
"""Share of a forced phase that must be used, on top of the opening power."""


def add_forced_use(model: Any, study: Study, sums: Sums, options: ModelOptions) -> None:
    """Add ``forced_use``: MW-months that a forced site, line or both must take up.

    Raises
    ------
    InfeasibleError
        If nothing on offer there uses any power.
    """
    keys: list[tuple[str, str]] = []
    if options.forced_site is not None and options.forced_line is not None:
        keys.append((options.forced_site, options.forced_line))
    elif options.forced_line is not None:
        keys.append(("line", options.forced_line))
    elif options.forced_site is not None and options.forced_phase is None:
        keys.append(("site", options.forced_site))

    def forced_use(m: Any, what: str, name: str) -> Any:
        key = ("new", what, name) if options.forced_new else (what, name)
        if not sums.line_mw_months.has(key):
            raise InfeasibleError([_nothing_to_force(study, what, name, options)])
        return sums.line_mw_months.expression(key) >= options.forced_mw_months

    model.forced_use = pyo.Constraint(keys, rule=forced_use)


def _nothing_to_force(
    study: Study, what: str, name: str, options: ModelOptions
) -> Conflict:
    return Conflict(
        rule="forced_use",
        where=name,
        month=study.time.start_month,
        amount=options.forced_mw_months,
        unit="MW-months",
        repair=f"Nothing on offer uses power of {what} {name}: give it machines, "
        "contracts and shells, or do not force it.",
    )


def add_forced_phase(
    model: Any, study: Study, candidates: Candidates, sums: Sums, options: ModelOptions
) -> None:
    """Add ``forced_phase`` and ``forced_phase_use``: a phase that is built and used.

    Once machines ordered for it can be there (an order step or holding step after its
    power), the site uses its opening power and `PHASE_USE_FRAC` of the phase for
    `PHASE_MONTHS` (or up to the horizon). Each start is multiplied by its own binary,
    so no big-M is needed.

    Raises
    ------
    InfeasibleError
        If the phase cannot go live in time.
    """
    if options.forced_phase is None or options.forced_site is None:
        return
    place, phase_id = options.forced_site, options.forced_phase
    site = study.site(place)
    phase = next(p for p in site.phases if p.id == phase_id)
    periods = candidates.phase_starts.get((place, phase_id), ())
    if not periods:
        raise InfeasibleError([_too_late(study, place, phase_id, phase.mw)])
    started = {p: model.phase_started[place, phase_id, p] for p in periods}
    model.forced_phase = pyo.Constraint(expr=started[periods[-1]] == 1)
    before = dict(zip(periods[1:], periods, strict=False))
    wait = max(candidates.grid.holding_step, candidates.grid.order_step)
    busy: dict[int, list[int]] = {}
    for period in periods:
        since = period + phase.lead_time_months + wait
        until = min(since + PHASE_MONTHS, candidates.grid.n_periods)
        for month in range(since, until):
            busy.setdefault(month, []).append(period)
    needed = site.contracted_mw + PHASE_USE_FRAC * phase.mw

    def forced_phase_use(m: Any, month: int) -> Any:
        del m
        used = sum(used_mw(sums.used_mw[place, s.kind], month) for s in site.shells)
        live = sum(
            started[p] - (started[before[p]] if p in before else 0.0)
            for p in busy[month]
        )
        return used - needed * live >= 0.0

    model.forced_phase_use = pyo.Constraint(sorted(busy), rule=forced_phase_use)


def _too_late(study: Study, place: str, phase: str, mw: float) -> Conflict:
    return Conflict(
        rule="forced_phase",
        where=place,
        month=study.months[-1],
        amount=mw,
        unit="MW",
        repair=f"Phase {phase} cannot go live early enough before the horizon: give it "
        "an earlier month, a shorter lead time or the study more months.",
    )
