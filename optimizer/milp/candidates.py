# SPDX-License-Identifier: Apache-2.0
"""Candidates: every order, holding, build and contract that a plan may choose.

Plain data enumerated from the study, with the periods in which each may stand. Money
comes from `models`; Pyomo starts in the neighbouring modules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from models.fleet import TRANSIT_MONTHS, asic_facility_mw, gpu_facility_mw

if TYPE_CHECKING:
    from models.hardware import AsicModel, GpuModel
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.site import Site
    from models.study import Study
    from optimizer.milp.options import ModelOptions

__all__ = [
    "Candidates",
    "Cohort",
    "Grid",
    "MoveChoice",
    "OfferChoice",
    "OrderChoice",
    "candidates_of",
    "most_shell_mw",
]


@dataclass(frozen=True)
class Grid:
    """Periods in which decisions may fall.

    Parameters
    ----------
    n_periods : int
        Horizon. [months]
    order_step, holding_step : int
        Distance of order months and of holding ends. [months]
    last_live : int
        Last period in which a build may go live. [period]
    """

    n_periods: int
    order_step: int
    holding_step: int
    last_live: int

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """First period of each holding step."""
        return tuple(range(0, self.n_periods, self.holding_step))

    def step_until(self, step: int) -> int:
        """Return the first period after a step."""
        return min((step + 1) * self.holding_step, self.n_periods)

    def starts(self, earliest: int, lead: int) -> tuple[int, ...]:
        """Return periods in which a build may start and still go live in time."""
        return tuple(
            period
            for period in range(0, self.n_periods, self.order_step)
            if period >= earliest and period + lead <= self.last_live
        )

    def holding_ends(self, since: int) -> tuple[int, ...]:
        """Return ends of holdings that begin at `since`, the horizon last."""
        ends = range(since + self.holding_step, self.n_periods, self.holding_step)
        return (*ends, self.n_periods)


@dataclass(frozen=True, slots=True)
class OrderChoice:
    """Lots of one family for one site in one order month."""

    model: AsicModel | GpuModel
    site: Site
    kind: str
    is_gpu: bool
    period: int
    live: int
    lot_units: int
    unit_mw: float
    ends: tuple[int, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        """Index of the Pyomo variables."""
        return (self.model.id, self.site.id, self.period)


@dataclass(frozen=True, slots=True)
class MoveChoice:
    """Bought machines of one order that leave for another site in a period."""

    order: OrderChoice
    to: OrderChoice
    """Order of the same family and month for the new site: what runs there."""
    period: int

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """Index of the Pyomo variable."""
        model, place, ordered = self.order.key
        return (model, place, self.to.site.id, ordered, self.period)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Opening machines of one family and age, wherever they stand later."""

    key: str
    model: AsicModel
    cohort_period: int
    opening_units: dict[str, float]
    """Machines by site at the start. [units]"""
    sites: tuple[Site, ...]
    """Sites where they stand or that may have a shell for them."""


@dataclass(frozen=True, slots=True)
class OfferChoice:
    """One start and end of an offer."""

    offer: HostingOffer | GpuLeaseOffer
    since: int
    until: int

    @property
    def key(self) -> tuple[str, int, int]:
        """Index of the Pyomo variable."""
        return (self.offer.id, self.since, self.until)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything that may be chosen."""

    grid: Grid
    orders: tuple[OrderChoice, ...]
    cohorts: tuple[Cohort, ...]
    offers: tuple[OfferChoice, ...]
    phase_starts: dict[tuple[str, str], tuple[int, ...]]
    """Start periods by (site, phase)."""
    build_starts: dict[tuple[str, str], tuple[int, ...]]
    """Start periods by (site, shell kind)."""
    conversion_starts: dict[tuple[str, str], tuple[int, ...]]
    """Start periods by (site, conversion)."""
    moves: tuple[MoveChoice, ...] = ()
    """Moves of bought machines."""


def candidates_of(study: Study, options: ModelOptions) -> Candidates:
    """Return the candidates of a study under the options of one solve."""
    found = _without_moves(study, options)
    return replace(found, moves=_moves(found)) if options.moves_bought else found


def _without_moves(study: Study, options: ModelOptions) -> Candidates:
    grid = Grid(
        n_periods=study.time.months,
        order_step=study.time.order_step_months,
        holding_step=study.time.holding_step_months,
        last_live=study.time.months - study.company.min_live_months,
    )
    open_sites = [s for s in study.sites if s.id not in options.closed_sites]
    return Candidates(
        grid=grid,
        orders=_orders(study, grid, options, open_sites),
        cohorts=_cohorts(study),
        offers=_offers(study, grid, options),
        phase_starts={
            (site.id, phase.id): starts
            for site in open_sites
            for phase in site.phases
            if (
                starts := grid.starts(
                    study.period_of(phase.earliest_month), phase.lead_time_months
                )
            )
        },
        build_starts={
            (site.id, shell.kind): starts
            for site in open_sites
            for shell in site.shells
            if shell.build is not None
            and (
                starts := grid.starts(
                    study.period_of(shell.build.earliest_month),
                    shell.build.lead_time_months,
                )
            )
        },
        conversion_starts={
            (site.id, work.id): starts
            for site in open_sites
            for work in site.conversions
            if (
                starts := grid.starts(
                    study.period_of(work.earliest_month), work.lead_time_months
                )
            )
        },
    )


def most_shell_mw(site: Site, kind: str) -> float:
    """Return the most MW of a shell kind a site can ever have [MW]."""
    shell = site.shell(kind)
    if shell is None:
        return 0.0
    most = shell.opening_mw
    if shell.build is not None:
        most += shell.build.module_mw * shell.build.max_modules
    for work in site.conversions:
        if work.to_kind == kind:
            most += work.module_mw * work.max_modules
    return most


def _orders(
    study: Study, grid: Grid, options: ModelOptions, open_sites: list[Site]
) -> tuple[OrderChoice, ...]:
    choices: list[OrderChoice] = []
    families: list[tuple[AsicModel | GpuModel, str, bool, int]] = []
    if "self_mining" in options.lines:
        families += [(a, a.shell, False, a.lot_units) for a in study.asics]
    if "gpu_leasing" in options.lines:
        families += [(g, "hpc", True, g.lot_nodes) for g in study.gpus]
    for model, kind, is_gpu, lot_units in families:
        if not model.is_orderable:
            continue
        for site in open_sites:
            room = most_shell_mw(site, kind)
            if room <= 0.0:
                continue
            mw = (
                gpu_facility_mw(site, model)  # type: ignore[arg-type]
                if is_gpu
                else asic_facility_mw(site, model)  # type: ignore[arg-type]
            )
            if mw * lot_units > room:
                continue
            for period in range(0, grid.n_periods, grid.order_step):
                live = period + model.delivery_months
                if live + grid.holding_step > grid.n_periods:
                    continue
                choices.append(
                    OrderChoice(
                        model=model,
                        site=site,
                        kind=kind,
                        is_gpu=is_gpu,
                        period=period,
                        live=live,
                        lot_units=lot_units,
                        unit_mw=mw,
                        ends=grid.holding_ends(live),
                    )
                )
    return tuple(choices)


def _moves(candidates: Candidates) -> tuple[MoveChoice, ...]:
    """Return moves of bought machines at the ends of their holding steps.

    Both sites have a hall of the kind by then. No move ends at a discretionary site:
    its hurdle judges it with the machines it pays for.
    """
    n_periods = candidates.grid.n_periods
    orders: dict[tuple[str, int], list[OrderChoice]] = {}
    room: dict[tuple[str, str], int] = {}
    for choice in candidates.orders:
        if not choice.is_gpu:
            orders.setdefault((choice.model.id, choice.period), []).append(choice)
            hall = (choice.site.id, choice.kind)
            if hall not in room:
                room[hall] = _first_room(candidates, choice.site, choice.kind)
    return tuple(
        MoveChoice(order, to, period)
        for cohort in orders.values()
        for order in cohort
        for to in cohort
        if to is not order and not to.site.is_discretionary
        for period in order.ends[:-1]
        if period > room[order.site.id, order.kind]
        and period >= room[to.site.id, to.kind]
        and period + TRANSIT_MONTHS < n_periods
    )


def _first_room(candidates: Candidates, site: Site, kind: str) -> int:
    """Return the first period in which a site can have a hall of a kind."""
    shell = site.shell(kind)
    if shell is None or shell.opening_mw > 0.0:
        return 0
    live = [candidates.grid.n_periods]
    if shell.build is not None:
        starts = candidates.build_starts.get((site.id, kind), ())
        live += [period + shell.build.lead_time_months for period in starts]
    for work in site.conversions:
        if work.to_kind == kind:
            starts = candidates.conversion_starts.get((site.id, work.id), ())
            live += [period + work.lead_time_months for period in starts]
    return min(live)


def _cohorts(study: Study) -> tuple[Cohort, ...]:
    """Return opening cohorts; machines of one family and age form one cohort."""
    found: dict[tuple[str, int], dict[str, float]] = {}
    for site in study.sites:
        for opening in site.opening_fleet:
            key = (opening.model, opening.age_months)
            places = found.setdefault(key, {})
            places[site.id] = places.get(site.id, 0.0) + opening.units
    return tuple(
        Cohort(
            key=f"{model}_{age}m",
            model=study.asic(model),
            cohort_period=-age,
            opening_units=places,
            sites=tuple(
                site
                for site in study.sites
                if site.id in places
                or most_shell_mw(site, study.asic(model).shell) > 0.0
            ),
        )
        for (model, age), places in sorted(found.items())
    )


def _offers(study: Study, grid: Grid, options: ModelOptions) -> tuple[OfferChoice, ...]:
    choices: list[OfferChoice] = []
    all_offers: list[tuple[HostingOffer | GpuLeaseOffer, str]] = [
        *((offer, "hosting") for offer in study.hosting_offers),
        *((offer, "gpu_leasing") for offer in study.gpu_offers),
    ]
    for offer, line in all_offers:
        if offer.is_committed:
            starts = [0]
        elif line not in options.lines or offer.site in options.closed_sites:
            continue
        else:
            first = max(study.period_of(offer.earliest_start), 0)
            last = min(study.period_of(offer.latest_start), grid.last_live)
            starts = [p for p in grid.steps if first <= p <= last]
        for since in starts:
            until = since + offer.term_months
            choices.append(OfferChoice(offer, since, until))
            if offer.is_evergreen and until < grid.n_periods:
                later = range(
                    until + grid.holding_step, grid.n_periods, grid.holding_step
                )
                choices += [OfferChoice(offer, since, end) for end in later]
                choices.append(OfferChoice(offer, since, grid.n_periods))
    return tuple(choices)
