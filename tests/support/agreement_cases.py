# SPDX-License-Identifier: Apache-2.0
"""Named studies for the agreement of engines, each with something odd about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agreement_plans import harsher
from tiny_offers import gpu_offers, hosting_offers
from tiny_studies import alpha, beta, company, gamma, market, taxed_hard, tiny_study

from models.business_as_usual import business_as_usual
from models.debt import DebtFacility
from models.plan import (
    ConversionStart,
    Holding,
    OfferAcceptance,
    Order,
    PhaseStart,
    Plan,
)
from models.study import TimeGrid

if TYPE_CHECKING:
    from models.study import Study


def lenders() -> tuple[DebtFacility, ...]:
    """Machine debt, GPU debt and project debt with a covenant at Alpha."""
    terms: dict[str, Any] = {
        "advance_frac": 0.8,
        "rate_per_year": 0.12,
        "term_months": 18,
        "grace_months": 2,
        "fee_frac": 0.01,
        "limit_usd": 1e7,
    }
    return (
        DebtFacility(id="rigs", name="Rigs", kind="machine", **terms),
        DebtFacility(id="nodes", name="Nodes", kind="gpu", **terms),
        DebtFacility(
            id="plant",
            name="Plant",
            kind="project",
            site="alpha",
            min_dscr=1.3,
            **terms,
        ),
    )


def full_study(**changes: object) -> Study:
    """Three sites under hard tax, every kind of debt, clients who default."""
    offers = tuple(
        offer.model_copy(update={"default_rate_per_year": 0.3})
        for offer in hosting_offers()
    )
    terms: dict[str, object] = {
        "sites": (alpha(), beta(), gamma()),
        "tax_regimes": taxed_hard(),
        "company": company(debt_facilities=lenders()),
        "hosting_offers": offers,
    }
    return tiny_study(**(terms | changes))


def horizon(months: int, **changes: object) -> Study:
    """The full study over some months, be they fewer than a study may have."""
    grid = TimeGrid.model_construct(
        start_month="2025-12",
        months=months,
        monthly_months=months,
        order_step_months=3,
        holding_step_months=3,
    )
    return full_study(time=grid, **changes)


def many_sites(count: int) -> Study:
    """As many sites as asked for, every third with works to start."""
    kinds = (alpha, beta, gamma)
    made = []
    for k in range(count):
        name = f"site{k}"
        site = kinds[k % 3](id=name, name=name)
        phases = tuple(
            phase.model_copy(update={"id": f"{name}_{phase.id}"})
            for phase in site.phases
        )
        works = tuple(
            work.model_copy(update={"id": f"{name}_{work.id}"})
            for work in site.conversions
        )
        made.append(site.model_copy(update={"phases": phases, "conversions": works}))
    moved = {offer.id: offer for offer in (*hosting_offers(), *gpu_offers())}
    place = {"alpha": "site0", "beta": "site1" if count > 1 else "site0"}
    offers = {
        name: offer.model_copy(update={"site": place[offer.site]})
        for name, offer in moved.items()
    }
    return full_study(
        sites=tuple(made),
        company=company(tax_site=place["beta"]),
        hosting_offers=tuple(offers[o.id] for o in hosting_offers()),
        gpu_offers=tuple(offers[o.id] for o in gpu_offers()),
    )


def called_study() -> Study:
    """A loan at the call level's edge and a price that swings: calls, liquidations."""
    study = full_study()
    loan = study.company.loan.model_copy(
        update={
            "principal_usd": 7.5e6,
            "maturity_month": "2029-01",
            "cure_days": 3.0,
            "liquidation_penalty_frac": 0.05,
            "draw_limit_usd": 2e7,
        }
    )
    owner = study.company.model_copy(update={"loan": loan, "cash_usd": 2e6})
    prices = market(btc_volatility_per_year=0.9, btc_variance_spread=0.6)
    return study.model_copy(update={"company": owner, "market": prices})


def losing_study() -> Study:
    """A company that loses money in every month, whatever the price does."""
    owner = company(general_admin_usd_per_month=9e6, cash_usd=400e6)
    return full_study(company=owner, market=market(btc_price_usd=20_000.0))


def late_study() -> Study:
    """Works that may be later than the horizon, and cost what they like."""
    prices = market(delay_volatility_months=18.0, capex_overrun_volatility_frac=0.8)
    return full_study(market=prices)


def curtailed_study() -> Study:
    """Power that is dearer than what old machines earn in most months."""
    prices = market(power_volatility_per_year=1.5, btc_price_usd=60_000.0)
    return full_study(market=prices)


def wild_network_study() -> Study:
    """A hashrate that jumps further than difficulty can follow, near a halving."""
    prices = market(network_volatility_per_year=3.0, block_height=1_040_000)
    return full_study(market=prices)


def shared_hall_case() -> tuple[Study, Plan]:
    """GPUs leased out from a pool that is in part own, in a hall that may be late."""
    into, out = (o.model_copy(update={"site": "alpha"}) for o in gpu_offers())
    out = out.model_copy(update={"default_rate_per_year": 0.3})
    study = full_study(gpu_offers=(into, out))
    own = Holding(
        model="h100",
        site="alpha",
        cohort_period=6,
        since=6,
        until=study.time.months,
        units=16.0,
        ending="keep",
    )
    plan = business_as_usual(study)
    return study, plan.model_copy(
        update={
            "orders": (Order(model="h100", site="alpha", period=0, lots=2),),
            "holdings": (*plan.holdings, own),
            "conversions": (
                ConversionStart(
                    site="alpha", conversion="alpha_hall", period=0, modules=1
                ),
            ),
            "offers": (
                OfferAcceptance(offer="rent_in", since=3, until=15),
                OfferAcceptance(offer="rent_out", since=3, until=15),
            ),
        }
    )


def limited_draws_case() -> tuple[Study, Plan]:
    """Draws on the BTC loan that reach its limit, and repayments out of spare cash."""
    study = full_study()
    loan = study.company.loan.model_copy(
        update={"draw_limit_usd": 8e6, "maturity_month": "2031-01"}
    )
    owner = study.company.model_copy(update={"loan": loan})
    months = study.time.months
    plan = business_as_usual(study).model_copy(
        update={
            "btc_pledged": (15.0,) * months,
            "loan_drawn_usd": (9e5,) * months,
            "loan_repaid_usd": (0.0, 0.0, 7e5) * (months // 3),
            "btc_bought": (0.0, 3.0) * (months // 2),
        }
    )
    return study.model_copy(update={"company": owner}), plan


def harsh_study() -> Study:
    """Everything at once."""
    return harsher(full_study(), 11)


def eager_plan(study: Study) -> Plan:
    """A plan as an optimiser may make one, for any study, bundled ones included.

    It sells opening machines in turn, starts every work and signs every offer that can
    be had at once, orders one lot of each machine for the first site that takes it, and
    sells BTC steadily.
    """
    usual = business_as_usual(study)
    months = study.time.months
    holdings: list[Holding] = []
    for k, held in enumerate(usual.holdings):
        until = min(3 * k, months)
        ending = "keep" if until == months else "sell"
        holdings.append(held.model_copy(update={"until": until, "ending": ending}))
    orders = []
    for model in (*study.asics, *study.gpus):
        is_asic = model in study.asics
        kind = model.shell if is_asic else "hpc"
        place = next((site for site in study.sites if site.shell(kind)), None)
        if place is None or not model.is_orderable:
            continue
        orders.append(Order(model=model.id, site=place.id, period=0, lots=1))
        live = model.delivery_months
        if live < months:
            held = Holding(
                model=model.id,
                site=place.id,
                cohort_period=live,
                since=live,
                until=months,
                units=float(model.lot_units if is_asic else model.lot_nodes),
                ending="keep",
            )
            holdings.append(held)
    return usual.model_copy(
        update={
            "label": "eager",
            "orders": tuple(orders),
            "holdings": tuple(holdings),
            "phases": tuple(
                PhaseStart(site=site.id, phase=phase.id, period=0)
                for site in study.sites
                for phase in site.phases
            ),
            "conversions": tuple(
                ConversionStart(site=site.id, conversion=work.id, period=0, modules=1)
                for site in study.sites
                for work in site.conversions
            ),
            "offers": tuple(
                OfferAcceptance(offer=o.id, since=0, until=o.term_months)
                for o in (*study.hosting_offers, *study.gpu_offers)
            ),
            "btc_sold_free": tuple(
                study.company.btc_free / months for _ in range(months)
            ),
        }
    )
