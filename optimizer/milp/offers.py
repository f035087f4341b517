# SPDX-License-Identifier: Apache-2.0
"""Offer block: contracts accepted or refused as a whole, and the GPU pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyomo.environ as pyo

from models.contracts import (
    contract_remainder_factor,
    gpu_deposit_usd,
    gpu_lease_month,
    hosting_month,
)
from models.offers import HostingOffer
from optimizer.milp.capacity import used_by_month
from optimizer.milp.sums import USD_PER_USD_M, Interval, linear

if TYPE_CHECKING:
    from models.offers import GpuLeaseOffer
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.milp.candidates import Candidates, OfferChoice
    from optimizer.milp.sums import Sums

__all__ = ["add_gpu_pool", "add_offers"]


def add_offers(
    model: Any, study: Study, candidates: Candidates, paths: MarketPaths, sums: Sums
) -> None:
    """Add one binary per start (and end) of an offer; at most one of them is chosen.

    Committed contracts run from the first month: exactly one of their ends is chosen.
    """
    choices = {choice.key: choice for choice in candidates.offers}
    by_offer: dict[str, list[tuple[str, int, int]]] = {}
    for key in choices:
        by_offer.setdefault(key[0], []).append(key)
    model.accept = pyo.Var(list(choices), domain=pyo.Binary)
    committed = {
        choice.offer.id for choice in choices.values() if choice.offer.is_committed
    }

    def once(m: Any, offer: str) -> Any:
        total = sum(m.accept[key] for key in by_offer[offer])
        return total == 1 if offer in committed else total <= 1

    model.accepted_once = pyo.Constraint(
        [o for o, keys in by_offer.items() if o in committed or len(keys) > 1],
        rule=once,
    )
    for key, choice in choices.items():
        if isinstance(choice.offer, HostingOffer):
            _add_hosting(model.accept[key], study, choice.offer, choice, paths, sums)
        else:
            _add_lease(model.accept[key], study, choice.offer, choice, paths, sums)


def _remainder(study: Study, choice: OfferChoice) -> float:
    site = study.site(choice.offer.site)
    return contract_remainder_factor(study, site, choice.until)


def _add_hosting(
    accept: Any,
    study: Study,
    offer: HostingOffer,
    choice: OfferChoice,
    paths: MarketPaths,
    sums: Sums,
) -> None:
    month = hosting_month(study, offer, paths)
    margin = (month.revenue_usd - month.energy_usd[0] - month.opex_usd) / USD_PER_USD_M
    live = slice(choice.since, choice.until)
    sums.operating_usd_m.add_series(offer.site, margin[live], accept, choice.since)
    worth = float(margin[-1]) * _remainder(study, choice)
    sums.terminal_usd_m.add(offer.site, worth, accept)
    until = min(choice.until, study.time.months)
    interval = Interval(choice.since, until, offer.mw, accept)
    sums.use(
        offer.site,
        offer.shell,
        "hosting",
        interval,
        study.time.months,
        is_new=not offer.is_committed,
    )


def _add_lease(
    accept: Any,
    study: Study,
    offer: GpuLeaseOffer,
    choice: OfferChoice,
    paths: MarketPaths,
    sums: Sums,
) -> None:
    n_periods = study.time.months
    margin = gpu_lease_month(study, offer, paths).margin_usd[0] / USD_PER_USD_M
    live = slice(choice.since, choice.until)
    sums.operating_usd_m.add_series(offer.site, margin[live], accept, choice.since)
    worth = float(margin[-1]) * _remainder(study, choice)
    sums.terminal_usd_m.add(offer.site, worth, accept)
    deposit = gpu_deposit_usd(study, offer) / USD_PER_USD_M
    sums.capex_usd_m.add((offer.site, choice.since), -deposit, accept)
    if choice.until < n_periods:
        sums.capex_usd_m.add((offer.site, choice.until), deposit, accept)
    else:
        sums.terminal_usd_m.add(offer.site, -deposit, accept)
    until = min(choice.until, n_periods)
    interval = Interval(choice.since, until, offer.n_gpus, accept)
    book = sums.gpu_pool if offer.direction == "in" else sums.gpu_leased
    book[offer.site, offer.gpu].append(interval)


def add_gpu_pool(model: Any, candidates: Candidates, sums: Sums) -> None:
    """Add ``gpu_pool``: GPUs leased out never exceed those owned and leased in.

    Rows stand in months in which a lease out may begin or GPUs may leave.
    """
    n_periods = candidates.grid.n_periods
    terms = {
        (*key, month): (out, pool.get(month, []))
        for key, leases in sums.gpu_leased.items()
        for months in (_pool_months(leases, sums.gpu_pool[key], n_periods),)
        for pool in (used_by_month(sums.gpu_pool[key], months),)
        for month, out in used_by_month(leases, months).items()
    }

    def pool(m: Any, place: str, family: str, month: int) -> Any:
        del m
        leased, at_hand = terms[place, family, month]
        return None, linear([*leased, *((-n, v) for n, v in at_hand)]), 0.0

    model.gpu_pool = pyo.Constraint(list(terms), rule=pool)


def _pool_months(
    leased: list[Interval], at_hand: list[Interval], n_periods: int
) -> list[int]:
    """Return months in which more may be leased out or less be at hand."""
    months = {i.since for i in leased} | {i.until for i in at_hand if i.ends}
    return sorted(month for month in months if month < n_periods)
