# SPDX-License-Identifier: Apache-2.0
"""A plan in which every kind of flow occurs, for the tests of the workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine_plans import empty_plan, full_commitments, once, opening_holdings
from tiny_offers import gpu_offers
from tiny_studies import alpha, beta, company, gamma, tiny_study

from models.company import BtcLoan
from models.debt import DebtFacility
from models.plan import (
    BuildStart,
    ConversionStart,
    DebtDraw,
    Holding,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
)
from models.tax_regime import DepreciationRule, TaxHoliday, TaxRegime

if TYPE_CHECKING:
    from models.plan import Plan
    from models.study import Study


def rich_study(**changes: object) -> Study:
    """Three sites under three regimes that between them use every rule of tax."""
    terms: dict[str, object] = {
        "sites": (
            alpha(asic_vat_frac=0.02, gpu_vat_frac=0.03),
            beta(),
            gamma(),
        ),
        "tax_regimes": _regimes(),
        "company": company(loan=_loan(), debt_facilities=_facilities()),
        "gpu_offers": tuple(
            offer.model_copy(update={"deposit_months": 2}) for offer in gpu_offers()
        ),
    }
    return tiny_study(**(terms | changes))


def _loan() -> BtcLoan:
    return BtcLoan(
        principal_usd=6e6,
        rate_per_year=0.08,
        maturity_month="2027-10",
        initial_ltv_frac=0.65,
        margin_call_ltv_frac=0.78,
        liquidation_ltv_frac=0.88,
        draw_limit_usd=9e6,
        cure_days=2,
        liquidation_penalty_frac=0.02,
    )


def _facilities() -> tuple[DebtFacility, ...]:
    return (
        DebtFacility(
            id="rigs",
            name="Loan on machines",
            kind="machine",
            advance_frac=0.7,
            rate_per_year=0.11,
            term_months=12,
            grace_months=2,
            fee_frac=0.01,
            limit_usd=5e6,
        ),
        DebtFacility(
            id="plant",
            name="Project debt at Alpha",
            kind="project",
            site="alpha",
            advance_frac=0.6,
            rate_per_year=0.09,
            term_months=60,
            limit_usd=5e6,
            min_dscr=1.2,
        ),
    )


def _regimes() -> tuple[TaxRegime, ...]:
    lives = {"asic_life_months": 36, "gpu_life_months": 60, "plant_life_months": 180}
    bonus = DepreciationRule(method="bonus", bonus_frac=0.6, macrs_years=5)
    table = DepreciationRule(method="macrs", macrs_years=3)
    return (
        TaxRegime(
            id="us",
            name="us",
            rate_frac=0.25,
            loss_use_cap_frac=0.8,
            withholding_frac=0.05,
            asic_depreciation=bonus,
            gpu_depreciation=table,
            **lives,
        ),
        TaxRegime(
            id="group",
            name="group",
            rate_frac=0.165,
            loss_use_cap_frac=1.0,
            loss_life_months=4,
            mining_vat_frac=0.01,
            asic_depreciation=table,
            **lives,
        ),
        TaxRegime(
            id="oman",
            name="oman",
            rate_frac=0.15,
            loss_use_cap_frac=1.0,
            holidays=(
                TaxHoliday(
                    first_month="2026-03", last_month="2028-06", exempt_frac=0.5
                ),
            ),
            **lives,
        ),
    )


def rich_plan(study: Study) -> Plan:
    """Buys, sells, moves, builds, converts, hosts, leases, draws, pledges, repays."""
    months = study.time.months
    kept, partner = opening_holdings(study)
    return empty_plan(
        study,
        label="rich",
        holdings=(
            kept.model_copy(update={"until": 3, "ending": "sell"}),
            partner.model_copy(update={"units": 2500.0}),
            partner.model_copy(update={"units": 1000.0, "until": 6, "ending": "sell"}),
            partner.model_copy(update={"units": 500.0, "until": 9, "ending": "move"}),
            partner.model_copy(update={"site": "alpha", "units": 500.0, "since": 10}),
            *_bought(months),
        ),
        orders=(
            Order(model="new", site="alpha", period=3, lots=4),
            Order(model="new", site="beta", period=2, lots=1),
            Order(model="h100", site="alpha", period=2, lots=2),
        ),
        moves=(
            Move(
                model="old",
                cohort_period=-12,
                from_site="beta",
                to_site="alpha",
                period=9,
                units=500.0,
            ),
            Move(
                model="new",
                cohort_period=5,
                from_site="beta",
                to_site="alpha",
                period=14,
                units=100.0,
            ),
        ),
        phases=(
            PhaseStart(site="alpha", phase="alpha_p1", period=0),
            PhaseStart(site="gamma", phase="gamma_p1", period=months - 2),
        ),
        builds=(
            BuildStart(site="alpha", kind="air", period=1, modules=1),
            BuildStart(site="gamma", kind="air", period=4, modules=1),
        ),
        conversions=(
            ConversionStart(site="alpha", conversion="alpha_hall", period=1, modules=1),
        ),
        offers=(
            OfferAcceptance(offer="alpha_client", since=0, until=months),
            OfferAcceptance(offer="alpha_tenant", since=7, until=127),
            OfferAcceptance(offer="rent_in", since=2, until=14),
            OfferAcceptance(offer="rent_out", since=3, until=months + 6),
        ),
        commitments=full_commitments(study),
        btc_sold_free=once(study, 4, 15.0),
        btc_sold_pledged=once(study, 6, 10.0),
        btc_bought=once(study, 16, 3.0),
        btc_pledged=once(study, 2, 12.0),
        btc_released=once(study, 8, 5.0),
        loan_drawn_usd=once(study, 2, 500_000.0),
        loan_repaid_usd=once(study, 9, 250_000.0),
        emergency_equity_usd=once(study, 3, 2e6),
        debt_draws=(
            DebtDraw(facility="rigs", period=3, amount_usd=400_000.0),
            DebtDraw(facility="plant", period=1, amount_usd=900_000.0),
        ),
    )


def _bought(months: int) -> tuple[Holding, ...]:
    """Machines bought: some kept, some moved on, nodes sold and kept."""

    def held(model: str, site: str, cohort: int, **terms: object) -> Holding:
        known = {"model": model, "site": site, "until": months, "ending": "keep"}
        born = {"cohort_period": cohort, "since": cohort}
        return Holding(**(known | born | terms))  # type: ignore[arg-type]

    return (
        held("new", "alpha", 6, units=400.0),
        held("new", "beta", 5, until=14, units=100.0, ending="move"),
        held("new", "alpha", 5, since=15, units=100.0),
        held("h100", "alpha", 8, until=18, units=6.0, ending="sell"),
        held("h100", "alpha", 8, units=10.0),
    )
