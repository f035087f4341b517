# SPDX-License-Identifier: Apache-2.0
"""Cash lines: which line of the direct cash view each item of the ledger belongs to.

One table; every item of `models.ledger` stands in it once. What does not belong here:
when the lines are paid (`models.payment_terms`) and the view (`models.cash_weeks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from models.payment_terms import DEFAULT_TERMS

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.study import Study

__all__ = [
    "CASH_LINES",
    "ITEM_LINES",
    "NOT_CASH",
    "CashGroup",
    "CashLine",
    "line_flows",
]

CashGroup = Literal[
    "receipts", "payments", "tax", "debt service", "capex", "treasury moves"
]
NOT_CASH: Final = "not_cash"
"""Line of items that move no cash: BTC mined and taken over, claims, end values."""
OPENING: Final = "opening"
"""Line of the opening cash."""


@dataclass(frozen=True, slots=True)
class CashLine:
    """One line of the direct cash view.

    Parameters
    ----------
    key : str
        Name; with ``_usd`` a key in JSON and CSV.
    group : str
        Block of the view, see `CashGroup`.
    label : str
        Words for people.
    term : str
        Field of `models.payment_terms.PaymentTerms`; ``btc_sales`` for the lines
        that follow the sale of BTC.
    """

    key: str
    group: CashGroup
    label: str
    term: str


CASH_LINES: Final = (
    CashLine("hosting_receipts", "receipts", "Hosting clients", "hosting_receipts"),
    CashLine("gpu_receipts", "receipts", "GPU clients, net rent", "gpu_receipts"),
    CashLine("side_receipts", "receipts", "Side businesses", "side_receipts"),
    CashLine("demand_response", "receipts", "Demand response", "other_receipts"),
    CashLine("machine_sales", "receipts", "Machines sold", "other_receipts"),
    CashLine("partner_hosting", "payments", "Partner hosting", "partner_hosting"),
    CashLine("power", "payments", "Power at own sites", "power"),
    CashLine("site_costs", "payments", "Site operation, moves", "site_costs"),
    CashLine("side_payments", "payments", "Side businesses, cost", "side_payments"),
    CashLine("payroll", "payments", "Payroll", "payroll"),
    CashLine("general_admin", "payments", "Other G&A", "general_admin"),
    CashLine("taxes", "tax", "Taxes", "taxes"),
    CashLine("loan_interest", "debt service", "BTC loan, interest", "interest"),
    CashLine("loan_repayment", "debt service", "BTC loan, principal", "btc_sales"),
    CashLine("debt_interest", "debt service", "Other debt, interest", "interest"),
    CashLine(
        "debt_principal",
        "debt service",
        "Other debt, repaid, fees",
        "debt_principal",
    ),
    CashLine("machines", "capex", "Machines, deposits", "machines"),
    CashLine("building", "capex", "Power, shells, conversions", "building"),
    CashLine("btc_sales", "treasury moves", "BTC sales", "btc_sales"),
    CashLine("btc_purchases", "treasury moves", "BTC purchases", "btc_sales"),
    CashLine("loan_drawn", "treasury moves", "BTC loan drawn", "financing"),
    CashLine("debt_drawn", "treasury moves", "Other debt drawn", "financing"),
    CashLine("equity_raised", "treasury moves", "Emergency equity", "financing"),
)
"""Lines in the order of the view."""

ITEM_LINES: Final = {
    "mining_revenue": NOT_CASH,
    "mining_energy": "power",
    "partner_commitment": "partner_hosting",
    "mining_opex": "site_costs",
    "mining_vat": "taxes",
    "demand_response": "demand_response",
    "moves": "site_costs",
    "hosting_revenue": "hosting_receipts",
    "hosting_energy": "power",
    "hosting_opex": "site_costs",
    "gpu_merchant": "gpu_receipts",
    "gpu_contract": "gpu_receipts",
    "gpu_energy": "power",
    "gpu_opex": "site_costs",
    "demand_charge": "power",
    "asic_purchase": "machines",
    "gpu_purchase": "machines",
    "gpu_deposits": "machines",
    "phase_capex": "building",
    "shell_capex": "building",
    "conversion_capex": "building",
    "asic_resale": "machine_sales",
    "gpu_resale": "machine_sales",
    "profit_tax": "taxes",
    "withholding_tax": "taxes",
    "terminal_asics": NOT_CASH,
    "terminal_gpus": NOT_CASH,
    "terminal_plant": NOT_CASH,
    "terminal_hosting": NOT_CASH,
    "terminal_deposits": NOT_CASH,
    "terminal_leases": NOT_CASH,
    "terminal_tax": NOT_CASH,
    "opening_cash": OPENING,
    "general_admin": "general_admin",
    "side_businesses": "side_payments",
    "btc_taken_over": NOT_CASH,
    "btc_sales": "btc_sales",
    "btc_purchases": "btc_purchases",
    "overhead_tax": "taxes",
    "loan_interest": "loan_interest",
    "loan_drawn": "loan_drawn",
    "loan_repayment": "loan_repayment",
    "debt_drawn": "debt_drawn",
    "debt_fees": "debt_principal",
    "debt_interest": "debt_interest",
    "debt_repayment": "debt_principal",
    "equity_raised": "equity_raised",
    "equity_claim": NOT_CASH,
    "terminal_btc": NOT_CASH,
    "terminal_loan": NOT_CASH,
    "terminal_debt": NOT_CASH,
    "terminal_overhead_tax": NOT_CASH,
}
"""Line of every item. At a partner's site ``power`` is his hosting rate; payroll is
split off general and administrative cost, receipts of side businesses off their net."""


def line_flows(study: Study, ledger: Ledger) -> dict[str, FloatArray]:
    """Return the monthly flows of a ledger by cash line.

    Parameters
    ----------
    study : Study
        Study of the ledger.
    ledger : Ledger
        Ledger.

    Returns
    -------
    dict of str to ndarray of shape (n_scenarios, n_periods)
        Every line of `CASH_LINES`; they sum to the change of cash. [USD]

    Raises
    ------
    KeyError
        If the ledger has an item without a line.
    """
    like = ledger.treasury.cash_usd
    flows = {line.key: np.zeros_like(like[:, 1:]) for line in CASH_LINES}
    is_partner = [site.partner is not None for site in study.sites]
    for name, array in ledger.site_items.items():
        line = ITEM_LINES[name]
        if line == NOT_CASH:
            continue
        for index, at_partner in enumerate(is_partner):
            own = "partner_hosting" if at_partner and line == "power" else line
            flows[own] = flows[own] + array[:, index, 1:]
    for name, monthly in ledger.corporate_items.items():
        line = ITEM_LINES[name]
        if line not in (NOT_CASH, OPENING):
            flows[line] = flows[line] + monthly[:, 1:]
    _split(study, flows)
    return flows


def _split(study: Study, flows: dict[str, FloatArray]) -> None:
    """Split payroll off G&A, and receipts of side businesses off their net."""
    company = study.company
    terms = company.payment_terms or DEFAULT_TERMS
    flows["payroll"] = flows["general_admin"] * terms.payroll_frac
    flows["general_admin"] = flows["general_admin"] - flows["payroll"]
    revenue_usd = sum(one.revenue_usd_per_month for one in company.side_businesses)
    flows["side_receipts"] = flows["side_receipts"] + revenue_usd
    flows["side_payments"] = flows["side_payments"] - revenue_usd
