# SPDX-License-Identifier: Apache-2.0
"""Building blocks at a site: small plans that put one block of MW to one use.

Each is valued by the monthly engine as the difference to doing nothing, so the report
holds no economics of its own. Screening of real projects stands elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.cashflow import evaluate
from models.contracts import remainder_factor, remainder_rate_per_year
from models.fleet import asic_facility_mw, gpu_facility_mw
from models.ledger import discount
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Holding,
    OfferAcceptance,
    Order,
    PhaseStart,
    Plan,
)
from models.units import month_hours_h

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.offers import HostingOffer
    from models.paths import MarketPaths
    from models.site import Site
    from models.study import Study

__all__ = ["Block", "blocks_at", "margin_usd_per_mwh", "present_mwh"]

_BLOCK_MW: Final = 5.0


@dataclass(frozen=True, slots=True)
class Block:
    """One use of a block of power at a site.

    Parameters
    ----------
    site, line : str
        Site id; business line.
    label : str
        Words for people.
    mw : float
        Facility power in use. [MW]
    live, until : int
        First period of use; first after it, which may lie beyond the horizon. [period]
    plan, nothing : Plan
        The use, and its alternative.
    """

    site: str
    line: str
    label: str
    mw: float
    live: int
    until: int
    plan: Plan
    nothing: Plan


@dataclass(frozen=True, slots=True)
class _Space:
    """Powered space of one kind: what is built for it, how much, from when."""

    mw: float
    live: int
    phases: tuple[PhaseStart, ...] = ()
    builds: tuple[BuildStart, ...] = ()
    conversions: tuple[ConversionStart, ...] = ()


def blocks_at(study: Study, site: Site) -> tuple[Block, ...]:
    """Return every use of a block of power that a site offers.

    Machines of each family on sale, in space that stands or is built as early as it
    can be; hosting offers that can still start then; and the present machines, kept
    instead of sold at once.

    Parameters
    ----------
    study : Study
        Study.
    site : Site
        One of its sites.
    """
    blocks = [*_present(study, site)]
    for kind in ("air", "hydro", "hpc"):
        space = _space(study, site, kind, _BLOCK_MW)
        if space is None:
            continue
        blocks += _mining(study, site, kind, space)
        if kind == "hpc":
            blocks += _gpu(study, site, space)
    for offer in study.hosting_offers:
        if offer.site == site.id and not offer.is_committed:
            room = _space(study, site, offer.shell, offer.mw)
            if room is not None:
                blocks += _hosting(study, offer, room)
    return tuple(blocks)


def margin_usd_per_mwh(study: Study, block: Block, paths: MarketPaths) -> FloatArray:
    """Return what a block earns per MWh of its power after all it costs.

    The present value of its after-tax flows, machines, space and end values included,
    over the present value of its hours of power, both at the site's hurdle rate:
    positive where the block clears the hurdle.

    Parameters
    ----------
    study : Study
        Study.
    block : Block
        Use of power.
    paths : MarketPaths
        Futures. [mixed]

    Returns
    -------
    ndarray of shape (n_scenarios,)
        Margin. [USD/MWh]
    """
    index = study.site_index(block.site)
    rate = study.sites[index].hurdle_rate_per_year
    with_it = evaluate(study, block.plan, paths).site_flow_usd()[:, index]
    without = evaluate(study, block.nothing, paths).site_flow_usd()[:, index]
    value: FloatArray = discount(with_it - without, rate)
    return value / present_mwh(study, block)


def present_mwh(study: Study, block: Block) -> float:
    """Return the present value of a block's hours of power at its hurdle rate [MWh]."""
    site = study.sites[study.site_index(block.site)]
    n_periods = study.time.months
    energy_mwh = np.zeros(n_periods + 1)
    span = slice(block.live + 1, min(block.until, n_periods) + 1)
    hours = month_hours_h(study.time.start_month, n_periods)
    energy_mwh[1:] = block.mw * hours
    last_mwh = energy_mwh[-1]
    used_mwh = np.zeros_like(energy_mwh)
    used_mwh[span] = energy_mwh[span]
    # A contract beyond the horizon counts with its energy as it does with its money.
    used_mwh[-1] += last_mwh * remainder_factor(
        block.until - n_periods, remainder_rate_per_year(study, site)
    )
    return float(discount(used_mwh, site.hurdle_rate_per_year))


def _blank(study: Study) -> Plan:
    nothing = (0.0,) * study.time.months
    return Plan(
        label="block",
        study_id=study.id,
        months=study.time.months,
        btc_sold_free=nothing,
        btc_sold_pledged=nothing,
        emergency_equity_usd=nothing,
    )


def _space(study: Study, site: Site, kind: str, wish_mw: float) -> _Space | None:
    """Return the earliest powered space of a kind, None if it can never be."""
    shell = site.shell(kind)
    if shell is None:
        return None
    space = _Space(wish_mw, 0)
    if site.contracted_mw <= 0.0:
        if not site.phases:
            return None
        phase = min(site.phases, key=lambda p: study.period_of(p.earliest_month))
        start = max(study.period_of(phase.earliest_month), 0)
        space = _Space(
            max(phase.mw, wish_mw),
            start + phase.lead_time_months,
            phases=(PhaseStart(site=site.id, phase=phase.id, period=start),),
        )
    if shell.opening_mw > 0.0:
        return replace(space, mw=min(space.mw, shell.opening_mw))
    ways = [way for way in (_built(study, site, kind, space.mw),) if way is not None]
    ways += _converted(study, site, kind, space.mw)
    if not ways:
        return None
    way = min(ways, key=lambda w: w.live)
    live = max(space.live, way.live)
    return _Space(
        way.mw, live, space.phases, builds=way.builds, conversions=way.conversions
    )


def _built(study: Study, site: Site, kind: str, mw: float) -> _Space | None:
    shell = site.shell(kind)
    if shell is None or shell.build is None or shell.build.max_modules < 1:
        return None
    build = shell.build
    modules = min(max(math.ceil(mw / build.module_mw), 1), build.max_modules)
    start = max(study.period_of(build.earliest_month), 0)
    started = BuildStart.model_validate(
        {"site": site.id, "kind": kind, "period": start, "modules": modules}
    )
    return _Space(
        modules * build.module_mw, start + build.lead_time_months, builds=(started,)
    )


def _converted(study: Study, site: Site, kind: str, mw: float) -> list[_Space]:
    ways = []
    for work in site.conversions:
        old = site.shell(work.from_kind)
        if work.to_kind != kind or old is None or old.opening_mw < work.module_mw:
            continue
        modules = min(max(math.ceil(mw / work.module_mw), 1), work.max_modules)
        start = max(study.period_of(work.earliest_month), 0)
        started = ConversionStart(
            site=site.id, conversion=work.id, period=start, modules=modules
        )
        ways.append(
            _Space(
                modules * work.module_mw,
                start + work.lead_time_months,
                conversions=(started,),
            )
        )
    return ways


def _mining(study: Study, site: Site, kind: str, space: _Space) -> list[Block]:
    blocks = []
    for asic in study.asics:
        if asic.shell != kind or not asic.is_orderable:
            continue
        lot_mw = asic_facility_mw(site, asic) * asic.lot_units
        lots = math.floor(space.mw / lot_mw + 1e-9)
        blocks += _machines(
            study,
            site,
            space,
            "self_mining",
            (asic.id, f"new {asic.name}"),
            asic.delivery_months,
            (lots, asic.lot_units, lot_mw),
        )
    return blocks


def _gpu(study: Study, site: Site, space: _Space) -> list[Block]:
    blocks = []
    for gpu in study.gpus:
        if not gpu.is_orderable:
            continue
        lot_mw = gpu_facility_mw(site, gpu) * gpu.lot_nodes
        lots = math.floor(space.mw / lot_mw + 1e-9)
        blocks += _machines(
            study,
            site,
            space,
            "gpu_leasing",
            (gpu.id, f"own {gpu.name}, on the market"),
            gpu.delivery_months,
            (lots, gpu.lot_nodes, lot_mw),
        )
    return blocks


def _machines(
    study: Study,
    site: Site,
    space: _Space,
    line: str,
    names: tuple[str, str],
    delivery_months: int,
    size: tuple[int, int, float],
) -> list[Block]:
    """Return the block of one family, kept to the horizon; none if it does not fit."""
    model, label = names
    lots, lot_units, lot_mw = size
    n_periods = study.time.months
    period = max(space.live - delivery_months, 0)
    live = period + delivery_months
    if lots < 1 or live >= n_periods:
        return []
    mw = lots * lot_mw
    held = Holding(
        model=model,
        site=site.id,
        cohort_period=live,
        since=live,
        until=n_periods,
        units=lots * lot_units,
        ending="keep",
    )
    order = Order(model=model, site=site.id, period=period, lots=lots)
    plan = _with_space(study, space).model_copy(
        update={
            "orders": (order,),
            "holdings": (held,),
            "commitments": _commitments(site, mw, live, n_periods),
        }
    )
    blank = _blank(study)
    return [Block(site.id, line, label, mw, live, n_periods, plan, blank)]


def _with_space(study: Study, space: _Space) -> Plan:
    return _blank(study).model_copy(
        update={
            "phases": space.phases,
            "builds": space.builds,
            "conversions": space.conversions,
        }
    )


def _commitments(
    site: Site, mw: float, live: int, n_periods: int
) -> tuple[Commitment, ...]:
    if site.partner is None:
        return ()
    by_month = tuple(mw if t >= live else 0.0 for t in range(n_periods))
    return (Commitment(site=site.id, mw=by_month),)


def _hosting(study: Study, offer: HostingOffer, space: _Space) -> list[Block]:
    since = max(space.live, study.period_of(offer.earliest_start), 0)
    is_late = since > study.period_of(offer.latest_start)
    if is_late or since >= study.time.months or space.mw < offer.mw - 1e-9:
        return []
    until = since + offer.term_months
    taken = OfferAcceptance(offer=offer.id, since=since, until=until)
    plan = _with_space(study, space).model_copy(update={"offers": (taken,)})
    blank = _blank(study)
    label = offer.name
    return [Block(offer.site, "hosting", label, offer.mw, since, until, plan, blank)]


def _present(study: Study, site: Site) -> list[Block]:
    """Return present machines kept to the horizon, against their sale at once."""
    n_periods = study.time.months
    blocks = []
    for fleet in site.opening_fleet:
        asic = study.asic(fleet.model)
        mw = asic_facility_mw(site, asic) * fleet.units

        def held(until: int, ending: str, *, own: object = fleet) -> Holding:
            return Holding.model_validate(
                {
                    "model": own.model,  # type: ignore[attr-defined]
                    "site": site.id,
                    "cohort_period": -own.age_months,  # type: ignore[attr-defined]
                    "since": 0,
                    "until": until,
                    "units": own.units,  # type: ignore[attr-defined]
                    "ending": ending,
                }
            )

        kept = _blank(study).model_copy(
            update={
                "holdings": (held(n_periods, "keep"),),
                "commitments": _commitments(site, mw, 0, n_periods),
            }
        )
        sold = _blank(study).model_copy(update={"holdings": (held(0, "sell"),)})
        label = f"present {asic.name}"
        blocks.append(
            Block(site.id, "self_mining", label, mw, 0, n_periods, kept, sold)
        )
    return blocks
