# SPDX-License-Identifier: Apache-2.0
"""For every rule of the investment model, a smallest study in which it appears."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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
    tax_regimes,
    tiny_study,
)

from models.site import OpeningCohort, Shell, Site
from models.study import SolverSettings, Study, TimeGrid
from models.tax_regime import DepreciationRule, TaxHoliday
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from models.hardware import AsicModel

Case = Callable[[], tuple[Study, ModelOptions]]

AIR = Shell(kind="air", opening_mw=10.0, pue=1.05, gross_per_it_ratio=1.05)
HPC = Shell(kind="hpc", opening_mw=2.0, pue=1.2, gross_per_it_ratio=1.35)
NO_LOAN = company().loan.model_copy(update={"principal_usd": 0.0})


def bare(**changes: object) -> Site:
    """A site with 10 MW of air shell and nothing else."""
    terms: dict[str, object] = {
        "shells": (AIR,),
        "phases": (),
        "conversions": (),
        "opening_fleet": (),
    }
    return alpha(**(terms | changes))


def partner(**changes: object) -> Site:
    """A partner site with 12 MW of air shell and no machines."""
    return beta(**({"opening_fleet": ()} | changes))


def small(
    *sites: Site, step: int = 12, orders: int = 12, **changes: object
) -> tuple[Study, ModelOptions]:
    """Twelve months, decisions once a year, a company without a loan."""
    terms: dict[str, object] = {
        "time": TimeGrid(
            start_month="2025-12",
            months=12,
            monthly_months=12,
            order_step_months=orders,
            holding_step_months=step,
        ),
        "solver": SolverSettings(mip_gap_frac=1e-6, time_limit_s=10.0),
        "sites": sites or (bare(),),
        "company": firm(),
        "asics": (),
        "gpus": (),
        "hosting_offers": (),
        "gpu_offers": (),
    }
    options = changes.pop("options", ModelOptions())
    assert isinstance(options, ModelOptions)
    return tiny_study(**(terms | changes)), options


def firm(**changes: object) -> object:
    terms: dict[str, object] = {
        "tax_site": "alpha",
        "loan": NO_LOAN,
        "btc_pledged": 0.0,
        "min_live_months": 0,
        "side_businesses": (),
    }
    return company(**(terms | changes))


def machine(**changes: object) -> AsicModel:
    return asics()[1].model_copy(update={"delivery_months": 0} | changes)


def old_machines(units: float = 1000.0) -> tuple[OpeningCohort, ...]:
    return (
        OpeningCohort(
            model="old",
            units=units,
            age_months=12,
            book_value_usd=1e6,
            remaining_life_months=24,
        ),
    )


def two_places() -> tuple[Site, Site]:
    """Machines at one site that may move to another."""
    return bare(opening_fleet=old_machines()), bare(id="omega")


def with_loan() -> tuple[Study, ModelOptions]:
    """A loan on pledged BTC that falls due within the year."""
    loan = company().loan.model_copy(update={"maturity_month": "2026-03"})
    return small(company=firm(loan=loan, btc_pledged=100.0))


def with_tax_losses() -> tuple[Study, ModelOptions]:
    return small(bare(opening_fleet=old_machines()), asics=asics()[:1])


def with_old_losses() -> tuple[Study, ModelOptions]:
    """Losses expire after four months, some of them in a holiday at half rate."""
    holiday = TaxHoliday(first_month="2026-03", last_month="2026-06", exempt_frac=0.5)
    terms = {"loss_life_months": 4, "holidays": (holiday,)}
    taxes = tuple(regime.model_copy(update=terms) for regime in tax_regimes())
    site = bare(opening_fleet=old_machines())
    return small(site, asics=asics()[:1], tax_regimes=taxes)


def with_early_write_off() -> tuple[Study, ModelOptions]:
    bonus = DepreciationRule(method="bonus", bonus_frac=0.8)
    terms = {"asic_depreciation": bonus}
    taxes = tuple(regime.model_copy(update=terms) for regime in tax_regimes())
    return small(step=6, orders=6, asics=(machine(),), tax_regimes=taxes)


def with_phases() -> tuple[Study, ModelOptions]:
    phase = alpha().phases[0]
    twin = phase.model_copy(update={"id": "alpha_p2", "lead_time_months": 9})
    site = bare(phases=(phase, twin), max_parallel_builds=1)
    return small(site, orders=3)


def with_builds() -> tuple[Study, ModelOptions]:
    return small(bare(shells=(alpha().shells[0],)), orders=6)


def with_conversions() -> tuple[Study, ModelOptions]:
    site = bare(
        shells=(AIR, HPC.model_copy(update={"opening_mw": 0.0})),
        conversions=alpha().conversions,
    )
    return small(site, orders=3)


def with_offers() -> tuple[Study, ModelOptions]:
    client = hosting_offers()[0].model_copy(update={"latest_start": "2026-06"})
    optional = client.model_copy(
        update={"id": "other", "is_committed": False, "is_evergreen": False}
    )
    return small(step=3, hosting_offers=(client, optional))


def with_leases() -> tuple[Study, ModelOptions]:
    node = gpus()[0].model_copy(update={"delivery_months": 0, "lot_nodes": 1})
    leases = tuple(offer.model_copy(update={"site": "alpha"}) for offer in gpu_offers())
    return small(bare(shells=(AIR, HPC)), gpus=(node,), gpu_offers=leases)


def with_orders() -> tuple[Study, ModelOptions]:
    return small(step=6, orders=6, asics=(machine(),))


def with_moves() -> tuple[Study, ModelOptions]:
    """Machines bought at one site may go on to another, and back."""
    return small(bare(), bare(id="omega"), step=3, asics=(machine(),))


def with_everything_in_mw() -> tuple[Study, ModelOptions]:
    """Machines, a client, a phase, a module and a conversion share one site."""
    site = bare(
        shells=(alpha().shells[0], HPC),
        phases=alpha().phases,
        conversions=alpha().conversions,
        opening_fleet=old_machines(),
    )
    return small(
        site,
        step=6,
        orders=6,
        asics=(asics()[0], machine()),
        hosting_offers=hosting_offers()[:1],
    )


def with_a_hurdle() -> tuple[Study, ModelOptions]:
    return small(bare(), gamma(), step=3, asics=(machine(delivery_months=3),))


def with_a_partner() -> tuple[Study, ModelOptions]:
    return small(bare(), partner(), step=3)


def with_resale_depth() -> tuple[Study, ModelOptions]:
    shallow = market(resale_depth_eh_s_per_month=0.05)
    return small(
        bare(opening_fleet=old_machines()),
        step=6,
        asics=(asics()[0], machine()),
        market=shallow,
    )


def forced(**options: object) -> Case:
    def case() -> tuple[Study, ModelOptions]:
        phase = alpha().phases[0].model_copy(update={"lead_time_months": 3})
        site = bare(phases=(phase,))
        asked = ModelOptions(**options)  # type: ignore[arg-type]
        return small(
            site,
            orders=3,
            step=3,
            asics=(machine(),),
            company=firm(min_live_months=6),
            options=asked,
        )

    return case


CASES: dict[str, Case] = {
    "phase_stays": with_phases,
    "crews": with_phases,
    "shell_room": with_builds,
    "conversion_room": with_conversions,
    "commitment_falls": with_a_partner,
    "lots_are_held": with_orders,
    "bought_stand": with_orders,
    "bought_wear": with_orders,
    "moved_are_kept": with_moves,
    "machines_are_kept": lambda: small(*two_places(), step=6, asics=asics()[:1]),
    "arrivals_stay": lambda: small(*two_places(), step=6, asics=asics()[:1]),
    "accepted_once": with_offers,
    "gpu_pool": with_leases,
    "space": with_everything_in_mw,
    "shell_limit": with_everything_in_mw,
    "power_limit": with_everything_in_mw,
    "resale_depth": with_resale_depth,
    "mining": with_tax_losses,
    "operation": with_everything_in_mw,
    "spending": with_everything_in_mw,
    "profit": with_tax_losses,
    "loss_use_cap": with_tax_losses,
    "loss_carried": with_tax_losses,
    "loss_from_balance": with_tax_losses,
    "loss_made": with_old_losses,
    "loss_is_young": with_old_losses,
    "gain_if_earned": with_old_losses,
    "loss_if_not_earned": with_old_losses,
    "tax_put_off": with_early_write_off,
    "free_stock": with_loan,
    "pledged_stock": with_loan,
    "loan_left": with_loan,
    "sale_share": with_loan,
    "cash_balance": with_loan,
    "cash_floor": small,
    "equity_limit": small,
    "hurdle": with_a_hurdle,
    "forced_use": forced(forced_site="alpha", forced_mw_months=20.0),
    "forced_phase": forced(forced_site="alpha", forced_phase="alpha_p1"),
    "forced_phase_use": forced(forced_site="alpha", forced_phase="alpha_p1"),
    "objective": with_loan,
}
"""Rule, or ``objective``, to the study that shows it."""
