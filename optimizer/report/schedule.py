# SPDX-License-Identifier: Apache-2.0
"""What a plan does and when: every order, build, contract and holding as a dated event.

What does not belong here: drawing, and what anything costs beyond the engine's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.fleet import TRANSIT_MONTHS, asic_facility_mw, gpu_facility_mw
from models.machine_prices import asic_move_usd, asic_price_usd, gpu_price_usd
from models.months import add_months

if TYPE_CHECKING:
    from models.plan import BuildStart, ConversionStart, PhaseStart, Plan
    from models.study import Study

__all__ = ["Event", "EventKind", "month_at", "schedule"]

EventKind = Literal["power", "shell", "conversion", "order", "offer", "move", "fleet"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a plan does.

    Parameters
    ----------
    kind : EventKind
        What it is.
    line : str
        Business line; empty for power and shells.
    site : str
        Site id.
    what : str
        Words for people.
    start, live, end : int
        First period of work or order; first period of use; first period after it,
        which may lie beyond the horizon. [period]
    downtime_months : int
        Last months before `live` in which old space is out of use. [months]
    mw : float
        Facility power; 0 where it takes none. [MW]
    quantity, unit : float, str
        How many of what. [`unit`]
    capex_usd : float
        Cost paid, >= 0. [USD]
    """

    kind: EventKind
    line: str
    site: str
    what: str
    start: int
    live: int
    end: int
    mw: float
    quantity: float
    unit: str
    capex_usd: float = 0.0
    downtime_months: int = 0


def month_at(study: Study, period: int) -> str:
    """Return the calendar month of a period, also beyond the horizon.

    Parameters
    ----------
    study : Study
        Study.
    period : int
        Index from the start. [period]
    """
    return add_months(study.time.start_month, period)


def schedule(study: Study, plan: Plan) -> tuple[Event, ...]:
    """Return everything a plan does, by site, kind and date.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    """
    events = [
        *_builds(study, plan),
        *_orders(study, plan),
        *_offers(study, plan),
        *_moves(study, plan),
        *_fleet(study, plan),
    ]
    kinds = ("power", "shell", "conversion", "order", "offer", "move", "fleet")
    return tuple(
        sorted(
            events,
            key=lambda e: (
                study.site_index(e.site),
                kinds.index(e.kind),
                e.start,
                e.what,
            ),
        )
    )


def _builds(study: Study, plan: Plan) -> list[Event]:
    events = [_phase(study, start) for start in plan.phases]
    events += [_shell(study, built) for built in plan.builds]
    events += [_conversion(study, change) for change in plan.conversions]
    return events


def _phase(study: Study, start: PhaseStart) -> Event:
    phase = next(p for p in study.site(start.site).phases if p.id == start.phase)
    return Event(
        kind="power",
        line="",
        site=start.site,
        what=f"Power {phase.id.replace('_', ' ')}, {phase.mw:g} MW",
        start=start.period,
        live=start.period + phase.lead_time_months,
        end=study.time.months,
        mw=phase.mw,
        quantity=1,
        unit="phase",
        capex_usd=phase.capex_usd,
    )


def _shell(study: Study, built: BuildStart) -> Event:
    shell = study.site(built.site).shell(built.kind)
    if shell is None or shell.build is None:
        msg = f"site {built.site} offers no {built.kind} shell to build"
        raise ValueError(msg)
    mw = shell.build.module_mw * built.modules
    return Event(
        kind="shell",
        line="",
        site=built.site,
        what=f"Build {_kind(built.kind)} space, {mw:g} MW",
        start=built.period,
        live=built.period + shell.build.lead_time_months,
        end=study.time.months,
        mw=mw,
        quantity=built.modules,
        unit="modules",
        capex_usd=mw * shell.build.capex_usd_per_mw,
    )


def _conversion(study: Study, change: ConversionStart) -> Event:
    site = study.site(change.site)
    work = next(c for c in site.conversions if c.id == change.conversion)
    mw = work.module_mw * change.modules
    return Event(
        kind="conversion",
        line="",
        site=change.site,
        what=f"Convert {_kind(work.from_kind)} to {_kind(work.to_kind)}, {mw:g} MW",
        start=change.period,
        live=change.period + work.lead_time_months,
        end=study.time.months,
        mw=mw,
        quantity=change.modules,
        unit="modules",
        capex_usd=mw * work.capex_usd_per_mw,
        downtime_months=work.downtime_months,
    )


def _orders(study: Study, plan: Plan) -> list[Event]:
    events = []
    gpu_ids = {gpu.id for gpu in study.gpus}
    for order in plan.orders:
        site = study.site(order.site)
        is_gpu = order.model in gpu_ids
        if is_gpu:
            gpu = study.gpu(order.model)
            name, lead, lot = gpu.name, gpu.delivery_months, gpu.lot_nodes
            unit_mw = gpu_facility_mw(site, gpu)
            prices = gpu_price_usd(site, gpu, study.time.months)
        else:
            asic = study.asic(order.model)
            name, lead, lot = asic.name, asic.delivery_months, asic.lot_units
            unit_mw = asic_facility_mw(site, asic)
            prices = asic_price_usd(site, asic, study.time.months)
        units = order.lots * lot
        live = order.period + lead
        events.append(
            Event(
                "order",
                "gpu_leasing" if is_gpu else "self_mining",
                order.site,
                f"Order {name}",
                order.period,
                live,
                _last_use(plan, order.model, live, study.time.months),
                units * unit_mw,
                units,
                "nodes" if is_gpu else "machines",
                units * float(prices[order.period]),
            )
        )
    return events


def _last_use(plan: Plan, model: str, cohort: int, months: int) -> int:
    """Return when the last machines of a cohort are sold, wherever they stand."""
    ends = [
        held.until
        for held in plan.holdings
        if held.model == model and held.cohort_period == cohort
    ]
    return max(ends, default=months)


def _offers(study: Study, plan: Plan) -> list[Event]:
    hosting = {offer.id: offer for offer in study.hosting_offers}
    leases = {offer.id: offer for offer in study.gpu_offers}
    events = []
    for taken in plan.offers:
        if taken.offer in hosting:
            client = hosting[taken.offer]
            site, name, line, mw = client.site, client.name, "hosting", client.mw
            quantity, unit = client.mw, "MW"
        else:
            lease = leases[taken.offer]
            site, name, line, mw = lease.site, lease.name, "gpu_leasing", 0.0
            quantity, unit = float(lease.n_gpus), "GPU"
        events.append(
            Event(
                "offer",
                line,
                site,
                name,
                taken.since,
                taken.since,
                taken.until,
                mw,
                quantity,
                unit,
            )
        )
    return events


def _fleet(study: Study, plan: Plan) -> list[Event]:
    """Return the use of opening machines, one event per family, site and span."""
    opening = {
        (fleet.model, -fleet.age_months)
        for site in study.sites
        for fleet in site.opening_fleet
    }
    units: dict[tuple[str, str, int, int, str], float] = {}
    for held in plan.holdings:
        if (held.model, held.cohort_period) in opening:
            key = (held.model, held.site, held.since, held.until, held.ending)
            units[key] = units.get(key, 0.0) + held.units
    return [
        Event(
            "fleet",
            "self_mining",
            site,
            f"{_fate(ending, since, until)} {study.asic(model).name}",
            since,
            since,
            until,
            number * asic_facility_mw(study.site(site), study.asic(model)),
            number,
            "machines",
        )
        for (model, site, since, until, ending), number in units.items()
    ]


def _moves(study: Study, plan: Plan) -> list[Event]:
    events = []
    for move in plan.moves:
        site, asic = study.site(move.to_site), study.asic(move.model)
        origin = study.site(move.from_site)
        live = move.period + TRANSIT_MONTHS
        each = asic_move_usd(study, asic, move.cohort_period, origin, site)
        events.append(
            Event(
                "move",
                "self_mining",
                move.to_site,
                f"Move {asic.name} from {origin.name}",
                move.period,
                live,
                live,
                move.units * asic_facility_mw(site, asic),
                move.units,
                "machines",
                move.units * float(each[move.period]),
            )
        )
    return events


def _fate(ending: str, since: int, until: int) -> str:
    if ending == "keep":
        return "Keep"
    verb = "sell" if ending == "sell" else "move"
    return f"Run, then {verb}" if until > since else verb.capitalize()


def _kind(kind: str) -> str:
    return {"air": "air", "hydro": "hydro", "hpc": "HPC"}[kind]
