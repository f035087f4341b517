# SPDX-License-Identifier: Apache-2.0
"""What a plan holds, buys and builds, whatever the future brings.

`models.book` posts it on every path, and the tables of the fast engines are made of
it. What does not belong here: what machines earn (`models.fleet`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.builds import payments_usd, plant_value_usd
from models.machine_prices import asic_price_usd, gpu_price_usd

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study
    from models.tax_regime import AssetClass

__all__ = [
    "PlantBuild",
    "Purchase",
    "build_payments_usd",
    "built_worth_usd",
    "cohort_units",
    "own_pool_frac",
    "plant_builds",
    "purchases",
]


@dataclass(frozen=True, slots=True)
class Purchase:
    """Machines ordered and paid.

    Parameters
    ----------
    item : str
        Name of the flow in `models.ledger.ITEMS`.
    kind : {"asic", "gpu"}
        Class of assets.
    site : str
        Site.
    period : int
        Month of order and payment. [period]
    cost_usd : float
        Paid, duty and VAT included. [USD]
    live : int
        First period of use. [period]
    """

    item: str
    kind: AssetClass
    site: str
    period: int
    cost_usd: float
    live: int


@dataclass(frozen=True, slots=True)
class PlantBuild:
    """A power phase, shell modules or a conversion under way.

    Parameters
    ----------
    item : str
        Name of the flow in `models.ledger.ITEMS`.
    site : str
        Site.
    cost_usd : float
        Cost as planned. [USD]
    start, lead_time_months : int
        Month in which work starts; months of work. [period, months]
    """

    item: str
    site: str
    cost_usd: float
    start: int
    lead_time_months: int

    @property
    def live(self) -> int:
        """First period of use as planned."""
        return self.start + self.lead_time_months


def cohort_units(
    study: Study, plan: Plan, *, gpus: bool
) -> dict[tuple[str, str, int], FloatArray]:
    """Return the machines of each cohort at each site by month.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan.
    gpus : bool
        GPU nodes, or else ASICs.

    Returns
    -------
    dict of tuple to ndarray of shape (n_periods,)
        Units by model, site and cohort period, in order. [units]
    """
    gpu_ids = {gpu.id for gpu in study.gpus}
    units: dict[tuple[str, str, int], FloatArray] = defaultdict(
        lambda: np.zeros(study.time.months)
    )
    for held in plan.holdings:
        if (held.model in gpu_ids) == gpus:
            key = (held.model, held.site, held.cohort_period)
            units[key][held.since : held.until] += held.units
    return dict(sorted(units.items()))


def own_pool_frac(study: Study, plan: Plan, site: str, gpu: str) -> FloatArray:
    """Return which share of a site's pool of a GPU family are own GPUs.

    Own nodes wait for a late hall; GPUs leased in stand in their owner's.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan.
    site, gpu : str
        Ids.

    Returns
    -------
    ndarray of shape (n_periods,)
        1 where there are none at all. [share 0-1]
    """
    own, leased = np.zeros(study.time.months), np.zeros(study.time.months)
    for (model, place, _), nodes in cohort_units(study, plan, gpus=True).items():
        if model == gpu and place == site:
            own += nodes * study.gpu(gpu).gpus_per_node
    offers = {offer.id: offer for offer in study.gpu_offers}
    for taken in plan.offers:
        offer = offers.get(taken.offer)
        if offer is not None and (
            (offer.gpu, offer.site, offer.direction) == (gpu, site, "in")
        ):
            leased[taken.since : taken.until] += offer.n_gpus
    share: FloatArray = np.divide(
        own, own + leased, out=np.ones_like(own), where=own + leased > 0.0
    )
    return share


def purchases(study: Study, plan: Plan) -> list[Purchase]:
    """Return what a plan's orders cost, in their order."""
    n_periods = study.time.months
    gpu_ids = {gpu.id for gpu in study.gpus}
    found = []
    for order in plan.orders:
        place, kind, item = study.site(order.site), "asic", "asic_purchase"
        if order.model in gpu_ids:
            gpu = study.gpu(order.model)
            units = order.lots * gpu.lot_nodes
            cost = units * gpu_price_usd(place, gpu, n_periods)[order.period]
            kind, item = "gpu", "gpu_purchase"
            live = order.period + gpu.delivery_months
        else:
            asic = study.asic(order.model)
            units = order.lots * asic.lot_units
            cost = units * asic_price_usd(place, asic, n_periods)[order.period]
            live = order.period + asic.delivery_months
        found.append(
            Purchase(item, kind, order.site, order.period, float(cost), live)  # type: ignore[arg-type]
        )
    return found


def plant_builds(study: Study, plan: Plan) -> list[PlantBuild]:
    """Return the phases, shells and conversions of a plan, in this order.

    Raises
    ------
    ValueError
        If a site does not offer the shell.
    """
    found = []
    for start in plan.phases:
        place = study.site(start.site)
        phase = next(p for p in place.phases if p.id == start.phase)
        lead = phase.lead_time_months
        found.append(
            PlantBuild("phase_capex", start.site, phase.capex_usd, start.period, lead)
        )
    for built in plan.builds:
        shell = study.site(built.site).shell(built.kind)
        if shell is None or shell.build is None:
            msg = f"site {built.site} offers no {built.kind} shell to build"
            raise ValueError(msg)
        cost = shell.build.capex_usd_per_mw * shell.build.module_mw * built.modules
        lead = shell.build.lead_time_months
        found.append(PlantBuild("shell_capex", built.site, cost, built.period, lead))
    for change in plan.conversions:
        place = study.site(change.site)
        work = next(c for c in place.conversions if c.id == change.conversion)
        cost = work.capex_usd_per_mw * work.module_mw * change.modules
        lead = work.lead_time_months
        found.append(
            PlantBuild("conversion_capex", change.site, cost, change.period, lead)
        )
    return found


def build_payments_usd(study: Study, build: PlantBuild) -> FloatArray:
    """Return progress payments as planned, shape (n_periods,) [USD]."""
    lead = build.lead_time_months
    return payments_usd(build.cost_usd, build.start, lead, study.time.months)


def built_worth_usd(study: Study, build: PlantBuild) -> float:
    """Return what a build is worth at the horizon; overruns add nothing [USD]."""
    n_periods = study.time.months
    is_whole = build.live <= n_periods
    paid = float(build_payments_usd(study, build).sum())
    return plant_value_usd(
        build.cost_usd if is_whole else paid,
        build.live,
        life_months=study.tax_regime(study.site(build.site)).plant_life_months,
        resale_frac=study.company.plant_resale_frac,
        n_periods=n_periods,
    )
