# SPDX-License-Identifier: Apache-2.0
"""Making the candidates: every line, family and offer in every space a site can find.

Work starts as early as each start month allows; machines are ordered so that they
arrive when their space is ready. What does not belong here: space itself
(`optimizer.screening.sizing`) and value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.fleet import asic_facility_mw, gpu_facility_mw
from models.market import base_paths
from models.plan import Holding, OfferAcceptance, Order
from optimizer.screening.life import MAX_LIFE_MONTHS, asic_stream, gpu_stream
from optimizer.screening.projects import Project, project_of
from optimizer.screening.sizing import Wish, spaces
from optimizer.screening.space import Space, Stage
from optimizer.screening.usual import Usual, usual_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.hardware import AsicModel, GpuModel
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.paths import MarketPaths
    from models.site import Site
    from models.study import Study

__all__ = ["START_MONTHS", "Candidates", "make_candidates"]

START_MONTHS: Final = (0, 6, 12, 24)
"""Months from the start in which work may begin. [months]"""

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Candidates:
    """Projects of a study, and what gave none.

    Parameters
    ----------
    projects : tuple of Project
        In the order of sites, lines, families, spaces and starts.
    usual : dict of str to Usual
        Business as usual by site.
    left_out : tuple of str
        Families and offers without a project, and why.
    """

    projects: tuple[Project, ...]
    usual: dict[str, Usual]
    left_out: tuple[str, ...]


def make_candidates(
    study: Study,
    *,
    plan_months: int,
    start_months: tuple[int, ...] = START_MONTHS,
) -> Candidates:
    """Return every candidate project of a study.

    Parameters
    ----------
    study : Study
        Study over the horizon of the screening.
    plan_months : int
        Horizon of the plan, to which existing machines are kept. [months]
    start_months : tuple of int
        Months from the start in which work may begin. [months]

    Returns
    -------
    Candidates
        Projects with distinct ids.
    """
    paths = base_paths(study)
    usual = {
        site.id: usual_of(study, site, paths, plan_months=plan_months)
        for site in study.sites
    }
    found: dict[str, Project] = {}
    left_out: list[str] = []
    for site in study.sites:
        maker = _Maker(study, site, usual[site.id], paths, start_months)
        for name, projects in maker.all():
            some = list(projects)
            for project in some:
                found.setdefault(project.id, project)
            if not some:
                left_out.append(f"{site.id}: {name}: no space or start fits")
    return Candidates(tuple(found.values()), usual, tuple(left_out))


@dataclass(slots=True)
class _Maker:
    """Makes the projects of one site."""

    study: Study
    site: Site
    usual: Usual
    paths: MarketPaths
    start_months: tuple[int, ...]
    ends: dict[tuple[str, int], int] = field(default_factory=dict)

    def all(self) -> Iterator[tuple[str, Iterator[Project]]]:
        """Yield the name of each family or offer and its projects."""
        for asic in self.study.asics:
            if asic.is_orderable and self.site.shell(asic.shell) is not None:
                yield asic.id, self.mining(asic)
        for offer in self.study.hosting_offers:
            if offer.site == self.site.id and not offer.is_committed:
                yield offer.id, self.hosting(offer)
        has_hall = self.site.shell("hpc") is not None
        for gpu in self.study.gpus:
            if gpu.is_orderable and has_hall:
                yield gpu.id, self.merchant(gpu)
        leases = [
            offer
            for offer in self.study.gpu_offers
            if offer.site == self.site.id and not offer.is_committed
        ]
        for lease in leases:
            if lease.direction == "in":
                yield lease.id, self.asset_light(lease, leases)
            elif has_hall and self.study.gpu(lease.gpu).is_orderable:
                yield lease.id, self.leased_out(lease)

    # -- own machines -------------------------------------------------------------

    def mining(self, asic: AsicModel) -> Iterator[Project]:
        """Yield self-mining with one ASIC family."""
        lot_mw = asic_facility_mw(self.site, asic) * asic.lot_units
        for space in self._spaces(asic, asic.shell, lot_mw):
            orders, holdings = self._machines(asic, asic.lot_units, lot_mw, space)
            yield project_of(
                self.study,
                site=self.site.id,
                line="self_mining",
                kind=asic.shell,
                asset=asic.id,
                model=asic.id,
                space=space,
                mw=sum(order.lots for order in orders) * lot_mw,
                orders=orders,
                holdings=holdings,
            )

    def merchant(self, gpu: GpuModel) -> Iterator[Project]:
        """Yield own GPU nodes on the merchant market."""
        lot_mw = gpu_facility_mw(self.site, gpu) * gpu.lot_nodes
        for space in self._spaces(gpu, "hpc", lot_mw):
            orders, holdings = self._machines(gpu, gpu.lot_nodes, lot_mw, space)
            yield project_of(
                self.study,
                site=self.site.id,
                line="gpu_leasing",
                kind="hpc",
                asset=gpu.id,
                model=gpu.id,
                gpu=gpu.id,
                space=space,
                mw=sum(order.lots for order in orders) * lot_mw,
                orders=orders,
                holdings=holdings,
            )

    def _spaces(
        self, model: AsicModel | GpuModel, kind: str, lot_mw: float
    ) -> Iterator[Space]:
        """Yield space in which machines ordered at the start can run when ready."""
        for start in self._starts():
            wish = Wish(kind, start, lot_mw=lot_mw, model=model.id)
            for space in spaces(self.study, self.usual, wish):
                wait = max(start + model.delivery_months - space.stages[0].ready, 0)
                moved = space.later(wait)
                if moved.ready < self.study.time.months:
                    yield moved

    def _starts(self) -> list[int]:
        return [s for s in self.start_months if s < self.study.time.months]

    def _machines(
        self,
        model: AsicModel | GpuModel,
        lot_units: int,
        lot_mw: float,
        space: Space,
    ) -> tuple[tuple[Order, ...], tuple[Holding, ...]]:
        """Return whole lots that fill each stage when it is ready."""
        orders: list[Order] = []
        holdings: list[Holding] = []
        room, ordered = 0.0, 0
        for stage in space.stages:
            room += stage.mw
            lots = math.floor(room / lot_mw + _ROUNDING) - ordered
            if not lots:
                continue
            ordered += lots
            order, held = self._lots(model, lots, lots * lot_units, stage.ready)
            orders.append(order)
            holdings.append(held)
        return tuple(orders), tuple(holdings)

    def _lots(
        self,
        model: AsicModel | GpuModel,
        lots: int,
        units: int,
        live: int,
        *,
        at_least_until: int = 0,
    ) -> tuple[Order, Holding]:
        n_periods = self.study.time.months
        until = max(self._end(model, live), min(at_least_until, n_periods))
        order = Order(
            model=model.id,
            site=self.site.id,
            period=live - model.delivery_months,
            lots=lots,
        )
        held = Holding(
            model=model.id,
            site=self.site.id,
            cohort_period=live,
            since=live,
            until=until,
            units=units,
            ending="sell" if until < n_periods else "keep",
        )
        return order, held

    def _end(self, model: AsicModel | GpuModel, live: int) -> int:
        """Return when machines that start in a period are sold."""
        key = (model.id, live)
        if key not in self.ends:
            study, site, paths = self.study, self.site, self.paths
            if any(model.id == gpu.id for gpu in study.gpus):
                stream = gpu_stream(study, site, study.gpu(model.id), live, paths)
            else:
                stream = asic_stream(study, site, study.asic(model.id), live, paths)
            latest = min(live + MAX_LIFE_MONTHS, study.time.months)
            self.ends[key] = stream.covers_until(live, latest)
        return self.ends[key]

    # -- offers -------------------------------------------------------------------

    def hosting(self, offer: HostingOffer) -> Iterator[Project]:
        """Yield a hosting client in every space it can have."""
        for start in self._starts():
            wish = Wish(offer.shell, start, wanted_mw=offer.mw)
            for space in spaces(self.study, self.usual, wish):
                since = self._since(offer, space.ready)
                if since is None:
                    continue
                yield project_of(
                    self.study,
                    site=self.site.id,
                    line="hosting",
                    kind=offer.shell,
                    asset=offer.id,
                    space=space.later(since - space.ready),
                    mw=offer.mw,
                    offers=(_accepted(offer, since),),
                )

    def leased_out(self, offer: GpuLeaseOffer) -> Iterator[Project]:
        """Yield own nodes leased out to a client, then on the merchant market."""
        gpu = self.study.gpu(offer.gpu)
        lots = math.ceil(offer.n_gpus / (gpu.gpus_per_node * gpu.lot_nodes) - _ROUNDING)
        mw = lots * gpu.lot_nodes * gpu_facility_mw(self.site, gpu)
        for start in self._starts():
            wish = Wish("hpc", start, wanted_mw=mw)
            for space in spaces(self.study, self.usual, wish):
                earliest = max(space.ready, start + gpu.delivery_months)
                since = self._since(offer, earliest)
                if since is None:
                    continue
                order, held = self._lots(
                    gpu,
                    lots,
                    lots * gpu.lot_nodes,
                    since,
                    at_least_until=since + offer.term_months,
                )
                yield project_of(
                    self.study,
                    site=self.site.id,
                    line="gpu_leasing",
                    kind="hpc",
                    asset=offer.id,
                    model=gpu.id,
                    gpu=gpu.id,
                    space=space.later(since - space.ready),
                    mw=mw,
                    orders=(order,),
                    holdings=(held,),
                    offers=(_accepted(offer, since),),
                )

    def asset_light(
        self, lease: GpuLeaseOffer, leases: list[GpuLeaseOffer]
    ) -> Iterator[Project]:
        """Yield GPUs leased in, on the merchant market or leased out again."""
        clients: list[GpuLeaseOffer | None] = [None]
        clients += [
            other
            for other in leases
            if other.direction == "out"
            and other.gpu == lease.gpu
            and other.n_gpus <= lease.n_gpus
            and other.term_months <= lease.term_months
        ]
        for start in self._starts():
            for client in clients:
                signed = [lease] if client is None else [lease, client]
                since: int | None = start
                # Both must be on offer in the same month.
                for offer in (*signed, *signed):
                    since = None if since is None else self._since(offer, since)
                if since is None:
                    continue
                yield project_of(
                    self.study,
                    site=self.site.id,
                    line="gpu_leasing",
                    kind="",
                    asset="+".join(offer.id for offer in signed),
                    gpu=lease.gpu,
                    space=Space("none", "offer", (Stage(since, 0.0),)),
                    mw=0.0,
                    offers=tuple(_accepted(offer, since) for offer in signed),
                )

    def _since(self, offer: HostingOffer | GpuLeaseOffer, earliest: int) -> int | None:
        """Return the first start of an offer from a period on; None when too late."""
        step = self.study.time.holding_step_months
        first = max(self.study.period_of(offer.earliest_start), earliest, 0)
        since = math.ceil(first / step) * step
        return since if since <= self.study.period_of(offer.latest_start) else None


def _accepted(offer: HostingOffer | GpuLeaseOffer, since: int) -> OfferAcceptance:
    return OfferAcceptance(offer=offer.id, since=since, until=since + offer.term_months)
