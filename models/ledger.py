# SPDX-License-Identifier: Apache-2.0
"""The ledger: named cash flows by site and month, and what they sum to.

Index 0 of the time axis is the opening; month t stands at index t + 1; the last index
also carries end-of-horizon values. Inflow is positive. What does not belong here: how a
flow comes about (`models.cashflow`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from models.finance import discount_factors

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.debt import DebtPath
    from models.treasury import TreasuryPath

__all__ = [
    "CORPORATE_ITEMS",
    "ITEMS",
    "ItemKind",
    "Ledger",
    "LedgerItem",
    "discount",
]

ItemKind = Literal[
    "operating", "investment", "resale", "tax", "terminal", "financing", "treasury"
]


@dataclass(frozen=True, slots=True)
class LedgerItem:
    """A kind of cash flow.

    Parameters
    ----------
    name : str
        Key of the item.
    line : str
        Business line, or ``site`` or ``corporate``.
    kind : str
        What the flow is, see `ItemKind`.
    label : str
        Words for people.
    """

    name: str
    line: str
    kind: ItemKind
    label: str


ITEMS: Final = (
    LedgerItem("mining_revenue", "self_mining", "operating", "BTC mined, at value"),
    LedgerItem("mining_energy", "self_mining", "operating", "Mining energy"),
    LedgerItem("partner_commitment", "self_mining", "operating", "Hosting take-or-pay"),
    LedgerItem("mining_opex", "self_mining", "operating", "Mining operation"),
    LedgerItem("mining_vat", "self_mining", "operating", "VAT on BTC mined"),
    LedgerItem("demand_response", "self_mining", "operating", "Demand response"),
    LedgerItem("moves", "self_mining", "operating", "Moving machines"),
    LedgerItem("hosting_revenue", "hosting", "operating", "Hosting revenue"),
    LedgerItem("hosting_energy", "hosting", "operating", "Hosting energy"),
    LedgerItem("hosting_opex", "hosting", "operating", "Hosting operation"),
    LedgerItem("gpu_merchant", "gpu_leasing", "operating", "GPU merchant revenue"),
    LedgerItem("gpu_contract", "gpu_leasing", "operating", "GPU contracts, net rent"),
    LedgerItem("gpu_energy", "gpu_leasing", "operating", "GPU energy"),
    LedgerItem("gpu_opex", "gpu_leasing", "operating", "GPU operation"),
    LedgerItem("demand_charge", "site", "operating", "Demand charges"),
    LedgerItem("asic_purchase", "self_mining", "investment", "ASIC purchases"),
    LedgerItem("gpu_purchase", "gpu_leasing", "investment", "GPU purchases"),
    LedgerItem("gpu_deposits", "gpu_leasing", "investment", "GPU lease deposits"),
    LedgerItem("phase_capex", "site", "investment", "Power phases"),
    LedgerItem("shell_capex", "site", "investment", "Shells"),
    LedgerItem("conversion_capex", "site", "investment", "Conversions"),
    LedgerItem("asic_resale", "self_mining", "resale", "ASIC sales"),
    LedgerItem("gpu_resale", "gpu_leasing", "resale", "GPU sales"),
    LedgerItem("profit_tax", "site", "tax", "Profit tax"),
    LedgerItem("withholding_tax", "site", "tax", "Tax on profit paid up"),
    LedgerItem("terminal_asics", "self_mining", "terminal", "ASICs at horizon"),
    LedgerItem("terminal_gpus", "gpu_leasing", "terminal", "GPUs at horizon"),
    LedgerItem("terminal_plant", "site", "terminal", "Power and shells at horizon"),
    LedgerItem("terminal_hosting", "hosting", "terminal", "Hosting contracts left"),
    LedgerItem("terminal_deposits", "gpu_leasing", "terminal", "Deposits at horizon"),
    LedgerItem("terminal_leases", "gpu_leasing", "terminal", "GPU contracts left"),
    LedgerItem("terminal_tax", "site", "terminal", "Tax put off to the horizon"),
)
"""Flows of sites, in report order."""

CORPORATE_ITEMS: Final = (
    LedgerItem("opening_cash", "corporate", "treasury", "Opening cash"),
    LedgerItem("general_admin", "corporate", "operating", "General and admin"),
    LedgerItem("side_businesses", "corporate", "operating", "Side businesses"),
    LedgerItem("btc_taken_over", "corporate", "treasury", "BTC taken into treasury"),
    LedgerItem("btc_sales", "corporate", "treasury", "BTC sales"),
    LedgerItem("btc_purchases", "corporate", "treasury", "BTC bought"),
    LedgerItem("overhead_tax", "corporate", "tax", "Tax effect of overhead, interest"),
    LedgerItem("loan_interest", "corporate", "financing", "BTC loan interest"),
    LedgerItem("loan_drawn", "corporate", "financing", "BTC loan drawn"),
    LedgerItem("loan_repayment", "corporate", "financing", "BTC loan repayment"),
    LedgerItem("debt_drawn", "corporate", "financing", "Asset debt drawn"),
    LedgerItem("debt_fees", "corporate", "financing", "Asset debt fees"),
    LedgerItem("debt_interest", "corporate", "financing", "Asset debt interest"),
    LedgerItem("debt_repayment", "corporate", "financing", "Asset debt repayment"),
    LedgerItem("equity_raised", "corporate", "financing", "Emergency equity raised"),
    LedgerItem("equity_claim", "corporate", "financing", "Claim of new equity"),
    LedgerItem(
        "terminal_overhead_tax", "corporate", "terminal", "Group effect on tax put off"
    ),
    LedgerItem("terminal_btc", "corporate", "terminal", "BTC at horizon"),
    LedgerItem("terminal_loan", "corporate", "terminal", "BTC loan at horizon"),
    LedgerItem("terminal_debt", "corporate", "terminal", "Asset debt at horizon"),
)
"""Flows of the company, in report order."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All flows of one plan in every scenario.

    Parameters
    ----------
    site_items : dict of str to ndarray of shape (n_scenarios, n_sites, n_periods + 1)
        Flows of `ITEMS`; items that never occur are missing. [USD]
    corporate_items : dict of str to ndarray of shape (n_scenarios, n_periods + 1)
        Flows of `CORPORATE_ITEMS`. [USD]
    treasury : TreasuryPath
        Balances of cash, BTC and loan. [mixed]
    debt : DebtPath
        Machine, GPU and project debt, alike in every scenario. [USD]
    mined_btc : ndarray of shape (n_scenarios, n_sites, n_periods)
        Output after pool fee. [BTC]
    mining_mwh : ndarray of shape (n_scenarios, n_sites, n_periods)
        Energy of running ASICs. [MWh]
    """

    site_items: dict[str, FloatArray]
    corporate_items: dict[str, FloatArray]
    treasury: TreasuryPath
    debt: DebtPath
    mined_btc: FloatArray
    mining_mwh: FloatArray

    def site_flow_usd(self) -> FloatArray:
        """Return unlevered after-tax flows of each site.

        BTC counts at the period average price when mined, and tax is what each site
        would pay alone (the effect of overhead and interest on the group that carries
        them is corporate), so the flows do not depend on treasury policy.

        Returns
        -------
        ndarray of shape (n_scenarios, n_sites, n_periods + 1)
            Flows, end-of-horizon values included. [USD]
        """
        arrays = list(self.site_items.values())
        total = np.zeros_like(arrays[0])
        for array in arrays:
            total = total + array
        return total

    def company_flow_usd(self) -> FloatArray:
        """Return flows to the present holders of the company.

        Opening cash stands at index 0 at face; every later movement of cash counts when
        it arises (so cash at the horizon is not counted again); BTC, debt, machines,
        plant and contracts left at the horizon count at the last index; emergency
        equity counts as the claim its buyers get.

        Returns
        -------
        ndarray of shape (n_scenarios, n_periods + 1)
            Flows. [USD]
        """
        total: FloatArray = self.site_flow_usd().sum(axis=1)
        for array in self.corporate_items.values():
            total = total + array
        return total

    def npv_usd(self, discount_rate_per_year: float) -> FloatArray:
        """Return the plan's NPV, shape (n_scenarios,) [USD]."""
        return discount(self.company_flow_usd(), discount_rate_per_year)

    def terminal_usd(self) -> FloatArray:
        """Return end-of-horizon values, undiscounted, shape (n_scenarios,) [USD]."""
        kinds = {item.name: item.kind for item in (*ITEMS, *CORPORATE_ITEMS)}
        total = np.zeros_like(self.treasury.cash_usd[:, 0])
        for name, array in self.site_items.items():
            if kinds[name] == "terminal":
                total = total + array[:, :, -1].sum(axis=1)
        for name, array in self.corporate_items.items():
            if kinds[name] == "terminal":
                total = total + array[:, -1]
        return total


def discount(flow_usd: FloatArray, rate_per_year: float) -> FloatArray:
    """Return the present value of monthly flows.

    Parameters
    ----------
    flow_usd : ndarray of shape (..., n_periods + 1)
        Flows, index 0 undiscounted. [USD]
    rate_per_year : float
        Annual rate, > -1. [per year]

    Returns
    -------
    ndarray of shape (...)
        ``sum of flow_k (1 + r)^(-k / 12)``. [USD]
    """
    factors = discount_factors(rate_per_year, flow_usd.shape[-1] - 1)
    # Not a matrix product: its rounding depends on how many rows there are.
    value: FloatArray = (flow_usd * np.asarray(factors, like=flow_usd)).sum(axis=-1)
    return value
