# SPDX-License-Identifier: Apache-2.0
"""Machines, GPUs and contracts of a plan at one site, in the kernel's tables.

What does not belong here: money that follows one price alone (`gpu.tables.site`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from gpu.kernel import layout as at
from models.capacity import SHELL_KINDS
from models.contracts import (
    contract_remainder_factor,
    hosting_rates,
    lease_rates,
)
from models.fleet import asic_rates, gpu_rates
from models.machine_prices import asic_resale, gpu_worth_usd_per_rent
from models.plan_items import cohort_units, own_pool_frac
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.tables.store import Store
    from models.arrays import FloatArray
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.plan import OfferAcceptance, Plan
    from models.site import Site
    from models.study import Study

    FateRow = Callable[[HostingOffer | GpuLeaseOffer], int]

__all__ = ["add_asics", "add_contracts", "add_pools", "add_used_asics"]


def add_asics(store: Store, study: Study, plan: Plan, place: Site) -> int:
    """Add what ASICs need to run, yield and cost, by month and kind of shell.

    Groups of four machines: least value of a hash rate [USD per EH/s and month, at the
    base power price], hash rate [EH/s], energy cost [USD]. A machine runs where ``value
    x hash rate x kept x (1 - VAT) > energy x power price over base``.

    Returns
    -------
    int
        Where the first groups stand, by month and kind, and one after the last.
    """
    entries: dict[tuple[int, int], list[tuple[float, float, float]]] = defaultdict(list)
    cohorts = cohort_units(study, plan, gpus=False)
    for (model, site_id, cohort), units in cohorts.items():
        if site_id != place.id:
            continue
        asic = study.asic(model)
        rates = asic_rates(study, place, asic, cohort)
        output = rates.operating_eh_s * rates.keep_frac
        kind = SHELL_KINDS.index(asic.shell)
        for period in np.flatnonzero(units).tolist():
            each, energy = float(output[period]), float(rates.energy_usd[period])
            kept = each * (1.0 - rates.vat_frac)
            least = energy / kept if kept > 0.0 else at.NEVER
            count = float(units[period])
            entries[period, kind].append((least, each * count, energy * count))
    starts: list[int] = []
    blocks: list[FloatArray] = []
    for period in range(study.time.months):
        for kind in range(len(SHELL_KINDS)):
            starts.append(len(blocks))
            found = sorted(entries[period, kind])
            for first in range(0, len(found), at.GROUP):
                group = np.zeros((3, at.GROUP))
                group[0] = at.NEVER
                part = np.array(found[first : first + at.GROUP]).T
                group[:, : part.shape[1]] = part
                blocks.append(group)
    begin = store.add(np.array(blocks).ravel())
    padding = -begin % at.GROUP_LENGTH
    if padding:
        # Groups are counted from the start of the table: begin on a whole one.
        store.add(np.zeros(padding))
        begin = store.add(np.array(blocks).ravel())
    starts.append(len(blocks))
    shift = begin // at.GROUP_LENGTH
    return store.add_ints([start + shift for start in starts])


def add_used_asics(store: Store, study: Study, plan: Plan, place: Site) -> int:
    """Add what sets the price of ASICs sold, by month, and kept, at the horizon.

    Returns
    -------
    int
        Where the first sales stand, by month, of the horizon, and one after the last.
    """
    n_periods = study.time.months
    gpu_ids = {gpu.id for gpu in study.gpus}
    sales: dict[tuple[int, str], list[float]] = {}
    for held in plan.holdings:
        if held.model in gpu_ids or held.ending == "move" or held.site != place.id:
            continue
        terms = asic_resale(study, study.asic(held.model), held.cohort_period)
        then = min(held.until, n_periods - 1)
        entry = sales.setdefault(
            (held.until, held.model),
            [
                float(terms.new_usd_per_th[then]),
                terms.scrap_usd_per_th,
                terms.usd_per_th_per_hashprice,
                terms.energy_usd_per_ph_day,
                0.0,
            ],
        )
        entry[at.SALE_UNITS] += held.units * float(terms.th_s[then])
    starts: list[int] = []
    rows: list[list[float]] = []
    for period in range(n_periods + 1):
        starts.append(len(rows))
        rows += [row for (when, _), row in sorted(sales.items()) if when == period]
    starts.append(len(rows))
    table = np.array(rows).ravel()
    begin = store.add(table)
    padding = -begin % at.SALE_LENGTH
    if padding:
        store.add(np.zeros(padding))
        begin = store.add(table)
    return store.add_ints([start + begin // at.SALE_LENGTH for start in starts])


def add_pools(store: Store, study: Study, plan: Plan, place: Site) -> tuple[int, int]:
    """Add own GPUs on the merchant market by family.

    Returns
    -------
    tuple of int
        Where the heads stand, and how many there are.
    """
    n_periods = study.time.months
    heads: list[int] = []
    n_pools = 0
    cohorts = cohort_units(study, plan, gpus=True)
    for gpu in study.gpus:
        series, terminal = np.zeros((at.POOL_ROWS, n_periods)), 0.0
        for (model, site_id, _), nodes in cohorts.items():
            if model != gpu.id or site_id != place.id:
                continue
            rates = gpu_rates(study, place, gpu)
            hours = rates.hours_h * nodes * gpu.gpus_per_node
            power = rates.full_mwh * rates.price_usd_per_mwh * nodes
            series[at.POOL_REVENUE] += hours * (1.0 - gpu.opex_frac_of_revenue)
            series[at.POOL_IDLE] += power * rates.idle_frac
            series[at.POOL_USED] += power * (1.0 - rates.idle_frac)
        for held in plan.holdings:
            if (held.model, held.site) != (gpu.id, place.id) or held.ending == "move":
                continue
            worth = gpu_worth_usd_per_rent(study, gpu, held.cohort_period)
            if held.until < n_periods:
                series[at.POOL_SALE, held.until] += worth[held.until] * held.units
            else:
                terminal += float(worth[-1]) * held.units
        if series.any() or terminal:
            place_of_gpu = study.gpu_index(gpu.id)
            heads += [place_of_gpu, store.add(series), store.add([terminal])]
            n_pools += 1
    return store.add_ints(heads), n_pools


def add_contracts(
    store: Store, study: Study, plan: Plan, place: Site, fate_row: FateRow
) -> tuple[int, int]:
    """Add hosting contracts and GPU leases.

    Returns
    -------
    tuple of int
        Where the heads stand, and how many there are.
    """
    hosting = {offer.id: offer for offer in study.hosting_offers}
    leases = {offer.id: offer for offer in study.gpu_offers}
    heads: list[int] = []
    n_contracts = 0
    for taken in plan.offers:
        offer = hosting.get(taken.offer) or leases[taken.offer]
        if offer.site != place.id:
            continue
        if taken.offer in hosting:
            series, kind, gpu = _hosting(study, hosting[taken.offer])
        else:
            series, kind, gpu = _lease(study, plan, place, leases[taken.offer])
        heads += [
            kind,
            gpu,
            fate_row(offer),
            taken.since,
            taken.until,
            store.add(series),
            store.add(_terms(study, place, offer, taken)),
        ]
        n_contracts += 1
    return store.add_ints(heads), n_contracts


def _terms(
    study: Study,
    place: Site,
    offer: HostingOffer | GpuLeaseOffer,
    taken: OfferAcceptance,
) -> list[float]:
    """Return mean time to default, and what is left at the horizon, in months."""
    mean = 0.0
    if offer.default_rate_per_year > 0.0:
        mean = -MONTHS_PER_YEAR / math.log1p(-offer.default_rate_per_year)
    return [mean, contract_remainder_factor(study, place, taken.until)]


def _hosting(study: Study, offer: HostingOffer) -> tuple[FloatArray, int, int]:
    """Return series, kind of shell and no GPU of a hosting contract."""
    rates = hosting_rates(study, offer)
    series = np.zeros((at.CONTRACT_ROWS, study.time.months))
    series[at.CONTRACT_FIXED] = rates.revenue_usd - rates.opex_usd
    series[at.CONTRACT_POWER] = -rates.energy_usd
    return series, SHELL_KINDS.index(offer.shell), -1


def _lease(
    study: Study, plan: Plan, place: Site, offer: GpuLeaseOffer
) -> tuple[FloatArray, int, int]:
    """Return series, share that it goes with and GPU family of a lease."""
    rates = lease_rates(study, offer)
    gpu = study.gpu_index(offer.gpu)
    series = np.zeros((at.CONTRACT_ROWS, study.time.months))
    merchant = rates.gpu_hours * (1.0 - rates.opex_frac)
    if offer.direction == "in":
        series[at.CONTRACT_FIXED] = -rates.contract_usd
        series[at.CONTRACT_RENT] = merchant
        return series, at.ALWAYS, gpu
    series[at.CONTRACT_FIXED] = rates.contract_usd * (1.0 - rates.opex_frac)
    series[at.CONTRACT_RENT] = -merchant
    series[at.CONTRACT_POWER] = -rates.energy_usd * rates.paid_hours_frac
    series[at.CONTRACT_USE] = rates.energy_usd
    series[at.CONTRACT_OWN] = own_pool_frac(study, plan, place.id, offer.gpu)
    kind = at.ALWAYS if place.shell("hpc") is None else at.POOL_SHARE
    return series, kind, gpu
