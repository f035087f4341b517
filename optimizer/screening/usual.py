# SPDX-License-Identifier: Apache-2.0
"""Business as usual of one site over the long horizon, and who makes room in it.

Existing machines stay up to the plan's own horizon, as in `models.business_as_usual`,
and are sold then; partner commitments end with them. Evergreen contracts end when they
no longer cover their cost.
What does not belong here: what any of it earns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.capacity import usage
from models.contracts import hosting_month
from models.fleet import asic_facility_mw
from models.plan import Commitment, Holding, OfferAcceptance, Plan
from optimizer.screening.life import Stream, asic_stream

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.paths import MarketPaths
    from models.site import OpeningCohort, Site
    from models.study import Study

__all__ = ["Leaving", "Occupant", "Usual", "empty_plan", "usual_of", "with_commitments"]

_TINY_MW = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Occupant:
    """Machines or a contract of business as usual.

    Parameters
    ----------
    name : str
        ASIC family or offer.
    kind : str
        Shell kind it stands in; empty for leases elsewhere.
    mw : float
        Facility power. [MW]
    until : int
        Period in which it ends by itself. [period]
    removable_from : int
        First period in which it may be ended. [period]
    worth_usd_per_mw : ndarray of shape (n_periods + 1,)
        Value of keeping it from each period on, over ending it. [USD/MW]
    cohort_period, units : int, float
        Age and number of machines; no units for a contract. [period, units]
    """

    name: str
    kind: str
    mw: float
    until: int
    removable_from: int
    worth_usd_per_mw: FloatArray
    cohort_period: int = 0
    units: float = 0.0

    @property
    def is_divisible(self) -> bool:
        """Whether a part of it may make room; a contract goes as a whole."""
        return self.units > 0.0


@dataclass(frozen=True, slots=True)
class Leaving:
    """MW of an occupant that make room.

    Parameters
    ----------
    name : str
        ASIC family or offer.
    mw : float
        MW that leave. [MW]
    period : int
        When. [period]
    position : int
        Which occupant. [unitless]
    """

    name: str
    mw: float
    period: int
    position: int


@dataclass(frozen=True, slots=True)
class Usual:
    """Business as usual of one site.

    Parameters
    ----------
    site : Site
        The site.
    months : int
        Horizon. [months]
    occupants : tuple of Occupant
        Who uses its space and power.
    """

    site: Site
    months: int
    occupants: tuple[Occupant, ...]

    def used_mw(self, kind: str | None, period: int) -> float:
        """Return MW in use in a period, of one shell kind or of the whole site [MW]."""
        return sum(o.mw for o in self._standing(kind, period))

    def vacant_mw(self, kind: str | None, since: int) -> float:
        """Return MW of shell (or of power) that stand free from a period on [MW]."""
        if kind is None:
            stock = self.site.contracted_mw
        else:
            shell = self.site.shell(kind)
            stock = 0.0 if shell is None else shell.opening_mw
        # Nobody moves in later: use only falls.
        return max(stock - self.used_mw(kind, min(since, self.months - 1)), 0.0)

    def takeable_mw(self, kind: str | None, since: int, *, keep: str = "") -> float:
        """Return MW free from a period on if whoever may end then ends, but `keep`.

        Parameters
        ----------
        kind : str or None
            Shell kind; None when only power is needed. [unitless]
        since : int
            From which period on. [period]
        keep : str
            Machine family that stays: none is replaced by its like.
        """
        fixed = sum(
            o.mw
            for o in self._standing(kind, since)
            if o.removable_from > since or o.name == keep
        )
        return self.vacant_mw(kind, since) + self.used_mw(kind, since) - fixed

    def leaving(
        self, kind: str | None, mw: float, since: int, *, keep: str = ""
    ) -> tuple[Leaving, ...] | None:
        """Return who makes room, worth least per MW first.

        Parameters
        ----------
        kind : str or None
            Shell kind needed; None when only power is. [unitless]
        mw : float
            MW needed. [MW]
        since : int
            From which period on. [period]
        keep : str
            Machine family that stays: none is replaced by its like.

        Returns
        -------
        tuple of Leaving or None
            Empty when there is room; None when not enough may leave.
        """
        short = mw - self.vacant_mw(kind, since)
        found: list[Leaving] = []
        order = sorted(
            self._standing(kind, since), key=lambda o: float(o.worth_usd_per_mw[since])
        )
        for occupant in order:
            if short <= _TINY_MW:
                break
            if occupant.removable_from > since or occupant.name == keep:
                continue
            part = min(short, occupant.mw) if occupant.is_divisible else occupant.mw
            position = self.occupants.index(occupant)
            found.append(Leaving(occupant.name, part, since, position))
            short -= part
        return tuple(found) if short <= _TINY_MW else None

    def plan(self, study: Study, leaving: tuple[Leaving, ...] = ()) -> Plan:
        """Return business as usual as a plan, without those who make room.

        Parameters
        ----------
        study : Study
            Study of the site, alone or with others.
        leaving : tuple of Leaving
            Who leaves, and when.
        """
        holdings: list[Holding] = []
        offers: list[OfferAcceptance] = []
        for position, occupant in enumerate(self.occupants):
            gone = [part for part in leaving if part.position == position]
            if occupant.units:
                holdings += self._holdings(occupant, gone)
            else:
                until = min([part.period for part in gone], default=occupant.until)
                offers.append(
                    OfferAcceptance(offer=occupant.name, since=0, until=until)
                )
        plan = empty_plan(study, "business as usual")
        plan = plan.model_copy(
            update={"holdings": tuple(holdings), "offers": tuple(offers)}
        )
        return with_commitments(study, plan, is_opening=True)

    def _standing(self, kind: str | None, period: int) -> list[Occupant]:
        return [
            o
            for o in self.occupants
            if o.kind and kind in {None, o.kind} and o.until > period
        ]

    def _holdings(self, occupant: Occupant, gone: list[Leaving]) -> list[Holding]:
        parts = [(part.mw / occupant.mw, part.period) for part in gone]
        stays = 1.0 - sum(share for share, _ in parts)
        if stays > _TINY_MW:
            parts.append((stays, occupant.until))
        return [
            Holding(
                model=occupant.name,
                site=self.site.id,
                cohort_period=occupant.cohort_period,
                since=0,
                until=until,
                units=occupant.units * share,
                ending="sell" if until < self.months else "keep",
            )
            for share, until in parts
        ]


def usual_of(
    study: Study, site: Site, paths: MarketPaths, *, plan_months: int
) -> Usual:
    """Return business as usual of a site.

    Parameters
    ----------
    study : Study
        Study over the horizon of the screening.
    site : Site
        One of its sites.
    paths : MarketPaths
        Base path, one scenario. [mixed]
    plan_months : int
        Horizon of the plan, at which machines are sold. [months]
    """
    machines = [
        _machines(study, site, opening, paths, plan_months)
        for opening in site.opening_fleet
    ]
    clients = [
        _client(study, site, offer, paths)
        for offer in study.hosting_offers
        if offer.site == site.id and offer.is_committed
    ]
    leases = [
        _lease(study, offer)
        for offer in study.gpu_offers
        if offer.site == site.id and offer.is_committed
    ]
    return Usual(
        site=site, months=study.time.months, occupants=(*machines, *clients, *leases)
    )


def _machines(
    study: Study,
    site: Site,
    opening: OpeningCohort,
    paths: MarketPaths,
    plan_months: int,
) -> Occupant:
    asic = study.asic(opening.model)
    mw = asic_facility_mw(site, asic)
    stream = asic_stream(study, site, asic, -opening.age_months, paths)
    until = min(plan_months, study.time.months)
    return Occupant(
        name=opening.model,
        kind=asic.shell,
        mw=mw * opening.units,
        until=until,
        removable_from=0,
        worth_usd_per_mw=stream.worth_usd(until) / mw,
        cohort_period=-opening.age_months,
        units=opening.units,
    )


def _client(
    study: Study, site: Site, offer: HostingOffer, paths: MarketPaths
) -> Occupant:
    n_periods = study.time.months
    month = hosting_month(study, offer, paths)
    margin = month.revenue_usd - month.energy_usd[0] - month.opex_usd
    stream = Stream.of(margin, np.zeros(n_periods), site.hurdle_rate_per_year)
    until = offer.term_months
    if offer.is_evergreen and until < n_periods:
        until = stream.covers_until(until - 1, n_periods)
    return Occupant(
        name=offer.id,
        kind=offer.shell,
        mw=offer.mw,
        until=until,
        removable_from=offer.term_months,
        worth_usd_per_mw=stream.worth_usd(min(until, n_periods)) / offer.mw,
    )


def _lease(study: Study, offer: GpuLeaseOffer) -> Occupant:
    n_periods = study.time.months
    until = offer.term_months
    if offer.is_evergreen:
        until = max(until, n_periods)
    return Occupant(
        name=offer.id,
        kind="",
        mw=0.0,
        until=until,
        removable_from=until,
        worth_usd_per_mw=np.zeros(n_periods + 1),
    )


def empty_plan(study: Study, label: str) -> Plan:
    """Return the plan without any decision."""
    nothing = (0.0,) * study.time.months
    return Plan(
        label=label,
        study_id=study.id,
        months=study.time.months,
        btc_sold_free=nothing,
        btc_sold_pledged=nothing,
        emergency_equity_usd=nothing,
    )


def with_commitments(study: Study, plan: Plan, *, is_opening: bool) -> Plan:
    """Return a plan whose partner commitments cover what its machines use.

    Committed MW never rise: they follow the highest use still to come. With the opening
    contract they are all of it until the minimum term and the notice have passed.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan.
    is_opening : bool
        Whether the opening contract stands behind it.
    """
    used = usage(study, plan).by_line_mw.sum(axis=1)
    found = []
    for index, site in enumerate(study.sites):
        if site.partner is None:
            continue
        mw = np.maximum.accumulate(used[index, ::-1])[::-1].copy()
        if is_opening:
            first = max(site.partner.min_term_months, site.partner.notice_months)
            mw[:first] = np.maximum(mw[:first], site.contracted_mw)
        else:
            # A contract of its own begins with the first machine.
            mw[: int((used[index] > 0.0).argmax())] = 0.0
        found.append(Commitment(site=site.id, mw=tuple(mw.tolist())))
    return plan.model_copy(update={"commitments": tuple(found)})
