# SPDX-License-Identifier: Apache-2.0
"""The smallest studies in which each rule of treasury, debt and policy appears."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lp_studies import bare, firm, machine, old_machines, small
from tiny_studies import alpha, asics, company

from models.company import TreasuryPolicy
from models.debt import DebtFacility

if TYPE_CHECKING:
    from lp_studies import Case

    from models.study import Study
    from optimizer.milp.options import ModelOptions

DUE_IN_MARCH = company().loan.model_copy(update={"maturity_month": "2026-03"})
OPEN_TO_DRAWS = DUE_IN_MARCH.model_copy(update={"draw_limit_usd": 8e6})
PLANT_LOAN = DebtFacility(
    id="hall",
    name="Hall of Alpha",
    kind="project",
    site="alpha",
    advance_frac=0.8,
    rate_per_year=0.09,
    term_months=4,
    grace_months=2,
    fee_frac=0.01,
    limit_usd=5e6,
    min_dscr=1.3,
)
MACHINE_LOAN = DebtFacility(
    id="rigs",
    name="Machines",
    kind="machine",
    advance_frac=0.7,
    rate_per_year=0.1,
    term_months=6,
    limit_usd=2e6,
)


def with_draws() -> tuple[Study, ModelOptions]:
    """A loan that may be drawn further until it falls due."""
    return small(company=firm(loan=OPEN_TO_DRAWS, btc_pledged=100.0))


def with_purchases() -> tuple[Study, ModelOptions]:
    policy = TreasuryPolicy(max_btc_purchase_usd_per_month=1e5)
    return small(company=firm(treasury_policy=policy))


def with_machine_loan() -> tuple[Study, ModelOptions]:
    owner = firm(debt_facilities=(MACHINE_LOAN,))
    return small(bare(), orders=6, step=6, asics=(machine(),), company=owner)


def with_plant_loan() -> tuple[Study, ModelOptions]:
    """Project debt on one phase, of a site that does not carry the company's tax."""
    phase = alpha().phases[0].model_copy(update={"lead_time_months": 3})
    owner = firm(debt_facilities=(PLANT_LOAN,), tax_site="omega")
    sites = bare(phases=(phase,)), bare(id="omega")
    return small(*sites, orders=3, step=3, asics=(machine(),), company=owner)


def under(kind: str) -> Case:
    """A miner with a loan due in March, under a treasury policy."""

    def case() -> tuple[Study, ModelOptions]:
        policy = TreasuryPolicy(kind=kind, sell_share_frac=0.4, btc_floor=30.0)  # type: ignore[arg-type]
        owner = firm(loan=DUE_IN_MARCH, btc_pledged=100.0, treasury_policy=policy)
        site = bare(opening_fleet=old_machines())
        return small(site, asics=asics()[:1], company=owner)

    return case


def with_ltv_target() -> tuple[Study, ModelOptions]:
    """A loan to value to be reached a month after the start, due in March."""
    policy = TreasuryPolicy(max_ltv_frac=0.5, max_ltv_after_months=1)
    owner = firm(loan=DUE_IN_MARCH, btc_pledged=100.0, treasury_policy=policy)
    return small(company=owner)


TREASURY_CASES: dict[str, Case] = {
    "bought_is_kept": with_purchases,
    "draw_backed": with_draws,
    "draw_limit": with_draws,
    "margin_call": with_draws,
    "drawn_within_cost": with_machine_loan,
    "debt_instalments": with_machine_loan,
    "debt_left": with_machine_loan,
    "debt_taken_on": with_plant_loan,
    "dscr": with_plant_loan,
    "held_btc": under("hold_all"),
    "sold_share": under("sell_share"),
    "sold_to_cover": under("sell_to_cover"),
    "sold_in_need": under("sell_to_cover"),
    "btc_floor": under("keep_floor"),
    "ltv_target": with_ltv_target,
}
