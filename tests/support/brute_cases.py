# SPDX-License-Identifier: Apache-2.0
"""Tiny studies whose every combination of decisions can be listed.

They are made so that only whole decisions are left: no opening fleet, no BTC sold, no
loan, no equity, partner commitments fixed, capacities whole lots, and one end per
holding wherever tax or a want of cash would make a split worth while.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from tiny_studies import (
    alpha,
    asics,
    beta,
    company,
    gamma,
    gpu_offers,
    gpus,
    hosting_offers,
    market,
    tariff,
    tiny_study,
)

from models.plan import (
    BuildStart,
    ConversionStart,
    Holding,
    OfferAcceptance,
    Order,
    PhaseStart,
)
from models.site import Phase, Shell, ShellBuild
from models.study import SolverSettings, TimeGrid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.study import Study
    from models.tax_regime import TaxRegime

LOT_MW = 0.378
"""100 machines of 3.6 kW at a PUE of 1.05."""

Decisions = dict[str, tuple[object, ...]]
Axes = list[list[Decisions]]
"""One list of choices per decision; a plan takes one of each."""


# -- choices ----------------------------------------------------------------------


def order(
    model: str, site: str, period: int, live: int, lot: int, ends: dict[int, int]
) -> Decisions:
    """Lots ordered together, by the end of their holding."""
    lots = sum(ends.values())
    if not lots:
        return {}
    last = max(ends)
    return {
        "orders": (Order(model=model, site=site, period=period, lots=lots),),
        "holdings": tuple(
            Holding(
                model=model,
                site=site,
                cohort_period=live,
                since=live,
                until=end,
                units=float(count * lot),
                ending="keep" if end == last else "sell",
            )
            for end, count in ends.items()
            if count
        ),
    }


def splits(most: int, ends: tuple[int, ...]) -> Iterator[dict[int, int]]:
    for counts in itertools.product(range(most + 1), repeat=len(ends)):
        if sum(counts) <= most:
            yield dict(zip(ends, counts, strict=True))


def phase(site: str, name: str, periods: tuple[int, ...]) -> list[Decisions]:
    starts = [
        {"phases": (PhaseStart(site=site, phase=name, period=p),)} for p in periods
    ]
    return [{}, *starts]


def build(site: str, kind: str, periods: tuple[int, ...]) -> list[Decisions]:
    return [
        {},
        *(
            {"builds": (BuildStart(site=site, kind=kind, period=p, modules=1),)}
            for p in periods
        ),
    ]


def offer(name: str, spans: tuple[tuple[int, int], ...]) -> list[Decisions]:
    return [
        {"offers": (OfferAcceptance(offer=name, since=a, until=b),)} for a, b in spans
    ]


# -- studies ----------------------------------------------------------------------


def firm(cash_usd: float) -> object:
    """A company without loan, equity or BTC sales."""
    return company(
        cash_usd=cash_usd,
        cash_floor_usd=0.2e6,
        btc_free=0.0,
        btc_pledged=0.0,
        loan=company().loan.model_copy(
            update={"principal_usd": 0.0, "maturity_month": "2035-01"}
        ),
        general_admin_usd_per_month=20_000.0,
        side_businesses=(),
        max_btc_sale_frac_per_month=0.0,
        emergency_equity_max_usd=0.0,
        min_live_months=0,
        tax_site="alpha",
    )


def study_of(rng: np.random.Generator, **changes: object) -> Study:
    terms: dict[str, object] = {
        "company": firm(float(rng.choice([0.9e6, 3e6, 30e6]))),
        "solver": SolverSettings(mip_gap_frac=0.0, time_limit_s=60.0),
        "market": market(
            btc_price_usd=float(rng.uniform(50e3, 160e3)),
            btc_log_drift_per_year=float(rng.uniform(-0.4, 0.4)),
            gpu_rent_drift_per_year=float(rng.uniform(-0.3, 0.0)),
        ),
        "hosting_offers": (),
        "gpu_offers": (),
        "gpus": (),
    }
    return tiny_study(**(terms | changes))


def grid(months: int, order_step: int, holding_step: int) -> TimeGrid:
    return TimeGrid(
        start_month="2025-12",
        months=months,
        monthly_months=months,
        order_step_months=order_step,
        holding_step_months=holding_step,
    )


def untaxed() -> tuple[TaxRegime, ...]:
    return tuple(
        regime.model_copy(update={"rate_frac": 0.0})
        for regime in tiny_study().tax_regimes
    )


def machines_and_plant(seed: int) -> tuple[Study, Axes]:
    """When to order, how long to hold, which power and shells to add; no tax."""
    rng = np.random.default_rng(seed)
    new = asics()[1].model_copy(
        update={
            "delivery_months": 0,
            "price_usd_per_th": float(rng.uniform(1.0, 12.0)),
            "price_decline_per_year": float(rng.uniform(0.0, 0.5)),
        }
    )
    site = alpha(
        contracted_mw=2 * LOT_MW,
        power=tariff(flexible_usd_per_mwh=float(rng.uniform(20.0, 90.0))),
        shells=(
            Shell(
                kind="air",
                opening_mw=2 * LOT_MW,
                pue=1.05,
                gross_per_it_ratio=1.05,
                build=ShellBuild(
                    capex_usd_per_mw=float(rng.uniform(2e4, 4e5)),
                    module_mw=LOT_MW,
                    max_modules=2,
                    lead_time_months=2,
                    earliest_month="2025-12",
                ),
            ),
        ),
        phases=(
            Phase(
                id="p1",
                mw=LOT_MW,
                capex_usd=float(rng.uniform(1e3, 2e5)),
                lead_time_months=3,
                earliest_month="2026-02",
            ),
        ),
        conversions=(),
        opening_fleet=(),
    )
    study = study_of(
        rng,
        # Short of cash, part of a lot would be sold: no whole decision.
        company=firm(30e6),
        time=grid(12, 6, 6),
        sites=(site,),
        asics=(new,),
        tax_regimes=untaxed(),
    )
    # Both kinds of build may start in period 6; the phase not before period 2.
    modules = [
        {
            "builds": tuple(
                BuildStart(site="alpha", kind="air", period=p, modules=count)
                for p, count in zip((0, 6), counts, strict=True)
                if count
            )
        }
        for counts in itertools.product(range(3), repeat=2)
        if sum(counts) <= 2
    ]
    return study, [
        [order("new", "alpha", 0, 0, 100, ends) for ends in splits(3, (6, 12))],
        [order("new", "alpha", 6, 6, 100, ends) for ends in splits(3, (12,))],
        phase("alpha", "p1", (6,)),
        modules,
    ]


def three_sites(seed: int) -> tuple[Study, Axes]:
    """Conversion to GPUs, a client, a GPU lease, a greenfield site; taxed."""
    rng = np.random.default_rng(100 + seed)
    node = gpus()[0].model_copy(
        update={
            "delivery_months": 3,
            "lot_nodes": 80,
            "rent_usd_per_gpu_h": float(rng.uniform(1.0, 6.0)),
            "price_usd_per_node": float(rng.uniform(5e4, 3e5)),
        }
    )
    new = asics()[1].model_copy(
        update={
            "delivery_months": 3,
            "price_usd_per_th": float(rng.uniform(1.0, 10.0)),
        }
    )
    owned = alpha(
        contracted_mw=1.9,
        shells=(
            Shell(kind="air", opening_mw=1.9, pue=1.05, gross_per_it_ratio=1.05),
            Shell(kind="hpc", opening_mw=0.0, pue=1.2, gross_per_it_ratio=1.35),
        ),
        phases=(),
        conversions=tuple(
            work.model_copy(
                update={
                    "lead_time_months": 3,
                    "downtime_months": 1,
                    "max_modules": 1,
                    "capex_usd_per_mw": float(rng.uniform(1e4, 1e6)),
                }
            )
            for work in alpha().conversions
        ),
        opening_fleet=(),
    )
    hosted = beta(
        opening_fleet=(),
        partner=beta().partner.model_copy(update={"min_term_months": 24}),
        shells=(Shell(kind="air", opening_mw=0.1, pue=1.0, gross_per_it_ratio=1.0),),
    )
    (shell,) = gamma().shells
    lot = shell.build.model_copy(update={"module_mw": LOT_MW})
    bare = gamma(
        hurdle_rate_per_year=float(rng.choice([0.1, 0.5, 2.0])),
        shells=(shell.model_copy(update={"build": lot}),),
    )
    client = hosting_offers()[0].model_copy(
        update={
            "id": "client",
            "is_committed": False,
            "is_evergreen": False,
            "mw": 1.0,
            "rate_usd_per_mwh": float(rng.uniform(55.0, 90.0)),
            "term_months": int(rng.choice([9, 40])),
        }
    )
    lease = gpu_offers()[1].model_copy(
        update={
            "site": "alpha",
            "term_months": int(rng.choice([2, 30])),
            "price_usd_per_gpu_h": float(rng.uniform(1.0, 4.0)),
            "deposit_months": 2,
            "earliest_start": "2026-12",
            "latest_start": "2026-12",
        }
    )
    study = study_of(
        rng,
        time=grid(15, 3, 12),
        sites=(owned, hosted, bare),
        asics=(new,),
        gpus=(node,),
        hosting_offers=(client,),
        gpu_offers=(lease,),
    )
    works = [
        {
            "conversions": (
                ConversionStart(
                    site="alpha", conversion="alpha_hall", period=p, modules=1
                ),
            )
        }
        for p in (0, 6)
    ]
    return study, [
        [{}, *works],
        [order("h100", "alpha", 0, 3, 80, ends) for ends in splits(1, (15,))],
        [order("new", "alpha", 0, 3, 100, ends) for ends in splits(5, (15,))],
        [order("new", "gamma", 0, 3, 100, ends) for ends in splits(1, (15,))],
        [{}, *offer("client", ((0, client.term_months),))],
        [{}, *offer("rent_out", ((12, 12 + lease.term_months),))],
        phase("gamma", "gamma_p1", (0, 6)),
        build("gamma", "air", (0, 6)),
    ]


def contracts(seed: int) -> tuple[Study, Axes]:
    """An evergreen client to end, GPUs to lease in and out, crews for one phase."""
    rng = np.random.default_rng(200 + seed)
    twin = alpha().phases[0].model_copy(update={"mw": 2.0, "lead_time_months": 4})
    site = alpha(
        contracted_mw=2.5,
        power=tariff(flexible_usd_per_mwh=float(rng.uniform(40.0, 80.0))),
        shells=(Shell(kind="air", opening_mw=5.0, pue=1.05, gross_per_it_ratio=1.05),),
        phases=(twin, twin.model_copy(update={"id": "alpha_p2", "capex_usd": 2e5})),
        conversions=(),
        opening_fleet=(),
        max_parallel_builds=1,
    )
    old, another = hosting_offers()[0], hosting_offers()[0]
    another = another.model_copy(
        update={
            "id": "another",
            "is_committed": False,
            "is_evergreen": False,
            "mw": 4.0,
            "rate_usd_per_mwh": float(rng.uniform(55.0, 100.0)),
            "latest_start": "2026-12",
        }
    )
    lease_in, lease_out = (
        lease.model_copy(
            update={
                "site": "alpha",
                "term_months": int(rng.choice([5, 12])),
                "price_usd_per_gpu_h": float(rng.uniform(0.8, 2.5)),
                "latest_start": "2026-06",
            }
        )
        for lease in gpu_offers()
    )
    study = study_of(
        rng,
        time=grid(12, 3, 3),
        sites=(site,),
        asics=(),
        gpus=(gpus()[0].model_copy(update={"is_orderable": False}),),
        hosting_offers=(old, another),
        gpu_offers=(lease_in, lease_out),
    )
    starts = (0, 3, 6)
    crews = [
        {"phases": (*a.get("phases", ()), *b.get("phases", ()))}
        for a in phase("alpha", "alpha_p1", starts)
        for b in phase("alpha", "alpha_p2", starts)
        if crews_suffice(a, b, lead=4)
    ]
    return study, [
        crews,
        offer("alpha_client", ((0, 6), (0, 9), (0, 12))),
        [{}, *offer("another", tuple((s, s + 6) for s in (0, 3, 6, 9)))],
        [{}, *offer("rent_in", tuple((s, s + lease_in.term_months) for s in starts))],
        [{}, *offer("rent_out", tuple((s, s + lease_out.term_months) for s in starts))],
    ]


def crews_suffice(first: Decisions, second: Decisions, lead: int) -> bool:
    """Whether two phases do not overlap in time."""
    starts = [part.period for x in (first, second) for part in x.get("phases", ())]
    return len(starts) < 2 or abs(starts[0] - starts[1]) >= lead
