# SPDX-License-Identifier: Apache-2.0
"""The bridge from business as usual to the plan: discounted differences by group.

Every ledger item stands in exactly one group, so the groups sum to the difference of
the two NPVs. What does not belong here: drawing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.ledger import discount

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.planning import PlanResult

__all__ = ["GROUPS", "Step", "npv_bridge"]

PARTNER_GROUP: Final = "Partner hosting contract"

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "Mining revenue": ("mining_revenue", "demand_response"),
    "Hosting revenue": ("hosting_revenue",),
    "GPU revenue, net of leases in": ("gpu_merchant", "gpu_contract"),
    "Power": ("mining_energy", "hosting_energy", "gpu_energy", "demand_charge"),
    PARTNER_GROUP: ("partner_commitment",),
    "Operation and overhead": (
        "mining_opex",
        "mining_vat",
        "hosting_opex",
        "gpu_opex",
        "moves",
        "general_admin",
        "side_businesses",
    ),
    "Machines bought": ("asic_purchase", "gpu_purchase", "gpu_deposits"),
    "Power, shells, conversions": ("phase_capex", "shell_capex", "conversion_capex"),
    "Machines sold": ("asic_resale", "gpu_resale"),
    "Tax": (
        "profit_tax",
        "withholding_tax",
        "overhead_tax",
        "terminal_tax",
        "terminal_overhead_tax",
    ),
    "BTC sold, held, taken over": (
        "opening_cash",
        "btc_taken_over",
        "btc_sales",
        "btc_purchases",
        "terminal_btc",
    ),
    "BTC loan": ("loan_interest", "loan_drawn", "loan_repayment", "terminal_loan"),
    "Asset debt": (
        "debt_drawn",
        "debt_fees",
        "debt_interest",
        "debt_repayment",
        "terminal_debt",
    ),
    "Emergency equity": ("equity_raised", "equity_claim"),
    "Values at the horizon": (
        "terminal_asics",
        "terminal_gpus",
        "terminal_plant",
        "terminal_hosting",
        "terminal_deposits",
        "terminal_leases",
    ),
}
"""Ledger items by step. Energy of partner sites counts as their hosting contract."""

_REST: Final = "Other"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the bridge.

    Parameters
    ----------
    group : str
        Name.
    baseline_usd, plan_usd : float
        Present value in business as usual and in the plan. [USD]
    """

    group: str
    baseline_usd: float
    plan_usd: float

    @property
    def change_usd(self) -> float:
        """Plan less business as usual. [USD]."""
        return self.plan_usd - self.baseline_usd


def npv_bridge(
    study: Study, plan: PlanResult, baseline: PlanResult
) -> tuple[Step, ...]:
    """Return the steps from the NPV of business as usual to the plan's.

    Returns
    -------
    tuple of Step
        In the order of `GROUPS`; their changes sum to the difference of the NPVs.
        Groups that are zero in both are left out.
    """
    ours, theirs = _by_group(study, plan), _by_group(study, baseline)
    steps = (
        Step(group, theirs.get(group, 0.0), ours.get(group, 0.0))
        for group in (*GROUPS, _REST)
    )
    return tuple(step for step in steps if step.baseline_usd or step.plan_usd)


def _by_group(study: Study, result: PlanResult) -> dict[str, float]:
    """Return present values by group [USD]."""
    rate = study.company.discount_rate_per_year
    group_of = {item: group for group, items in GROUPS.items() for item in items}
    values: dict[str, float] = {}
    for name, array in result.ledger.site_items.items():
        for index, site in enumerate(study.sites):
            group = group_of.get(name, _REST)
            if name == "mining_energy" and site.partner is not None:
                group = PARTNER_GROUP
            worth = float(discount(array[0, index], rate))
            values[group] = values.get(group, 0.0) + worth
    for name, array in result.ledger.corporate_items.items():
        group = group_of.get(name, _REST)
        values[group] = values.get(group, 0.0) + float(discount(array[0], rate))
    return values
