# SPDX-License-Identifier: Apache-2.0
"""The lines of the financial statements: one table says what each adds up.

Every ledger item stands in exactly one line (or in `VALUATION_ITEMS`: those that value
the company and are no flow of a month), so a new item is one new word here. Amounts
are signed as in the ledger: inflow and income positive, outflow and cost negative. What
does not belong here: computing them (`models.statements`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from models.ledger import CORPORATE_ITEMS, ITEMS

__all__ = [
    "BALANCE_LINES",
    "CASH_FLOW_LINES",
    "COST_TO_MINE_LINES",
    "INCOME_LINES",
    "LINES",
    "VALUATION_ITEMS",
    "AssetClass",
    "LineItem",
    "Statement",
]

Statement = Literal["income", "cash_flow", "balance"]
AssetClass = Literal["", "asics", "gpus", "plant"]


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of a statement: ledger items, other lines, or a measured amount.

    ``amount = sign x sum of items + sum of plus - sum of less``; a line without any of
    them is measured (book values, fair values, balances).

    Parameters
    ----------
    name : str
        Key, unique over all statements.
    label : str
        Words for people.
    statement : {"income", "cash_flow", "balance"}
        Statement it stands in.
    section : str
        Part of the statement.
    segment : str
        Segment that it belongs to, ``shared`` if split by use of the site, empty for
        lines outside the segment report.
    items : tuple of str
        Ledger items it adds up.
    plus, less : tuple of str
        Other lines it adds and takes off.
    sign : float
        Factor of the ledger items. [1 or -1]
    asset : str
        Class of assets that it pays for, capitalised at what is paid.
    """

    name: str
    label: str
    statement: Statement
    section: str
    segment: str = ""
    items: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    sign: float = 1.0
    asset: AssetClass = ""

    @property
    def is_measured(self) -> bool:
        """Whether the amount comes from accounts of assets rather than the ledger."""
        return not (self.items or self.plus or self.less)

    @property
    def is_total(self) -> bool:
        """Whether the line only adds up other lines."""
        return bool(self.plus) and not self.items and not self.less


def _income(section: str, segment: str, name: str, label: str, *items: str) -> LineItem:
    return LineItem(name, label, "income", section, segment, items)


def _total(statement: Statement, name: str, label: str, *plus: str) -> LineItem:
    return LineItem(name, label, statement, "total", plus=plus)


def _cash(
    section: str, name: str, label: str, *items: str, asset: AssetClass = ""
) -> LineItem:
    return LineItem(name, label, "cash_flow", section, items=items, asset=asset)


def _back(name: str, label: str, *less: str) -> LineItem:
    return LineItem(name, label, "cash_flow", "operating", less=less)


def _balance(section: str, name: str, label: str) -> LineItem:
    return LineItem(name, label, "balance", section)


_REVENUE: Final = (
    _income("revenue", "mining", "mined", "BTC mined, at fair value", "mining_revenue"),
    _income("revenue", "hosting", "hosting", "Hosting", "hosting_revenue"),
    _income(
        "revenue",
        "gpu_leasing",
        "gpu_rent",
        "GPU leasing, net of rent for GPUs leased in",
        "gpu_merchant",
        "gpu_contract",
    ),
    _income("revenue", "side_businesses", "side_revenue", "Side businesses"),
)

_COST: Final = (
    _income("cost", "mining", "mining_power", "Mining energy", "mining_energy"),
    _income(
        "cost",
        "mining",
        "take_or_pay",
        "Hosting owed on committed MW",
        "partner_commitment",
    ),
    _income("cost", "mining", "mining_operation", "Mining operation", "mining_opex"),
    _income("cost", "mining", "output_vat", "VAT on BTC mined", "mining_vat"),
    _income("cost", "mining", "response", "Demand response", "demand_response"),
    _income("cost", "mining", "moving", "Moving machines", "moves"),
    _income("cost", "hosting", "hosting_power", "Energy for hosting", "hosting_energy"),
    _income(
        "cost", "hosting", "hosting_operation", "Hosting operation", "hosting_opex"
    ),
    _income("cost", "gpu_leasing", "gpu_power", "Energy for GPUs", "gpu_energy"),
    _income("cost", "gpu_leasing", "gpu_operation", "GPU operation", "gpu_opex"),
    _income("cost", "shared", "demand_charges", "Demand charges", "demand_charge"),
    LineItem(
        "side_cost",
        "Cost of side businesses",
        "income",
        "cost",
        "side_businesses",
        items=("side_businesses",),
        less=("side_revenue",),
    ),
)

_BTC: Final = (
    _income("btc", "corporate", "btc_realised", "Gain on BTC sold, realised"),
    _income("btc", "corporate", "btc_unrealised", "Gain on BTC held, unrealised"),
    _income("btc", "corporate", "btc_trading", "Selling cost and penalties on BTC"),
)

_WRITTEN_OFF: Final = (
    _income(
        "depreciation", "mining", "asic_depreciation", "Depreciation of mining machines"
    ),
    _income("depreciation", "gpu_leasing", "gpu_depreciation", "Depreciation of GPUs"),
    _income(
        "depreciation",
        "shared",
        "plant_depreciation",
        "Depreciation of power and shells",
    ),
)

_DISPOSALS: Final = (
    _income(
        "disposals", "mining", "asic_disposals", "Gain on mining machines disposed of"
    ),
    _income("disposals", "gpu_leasing", "gpu_disposals", "Gain on GPUs disposed of"),
)

_FINANCE: Final = (
    _income("finance", "", "loan_cost", "Interest on the BTC loan", "loan_interest"),
    _income("finance", "", "debt_cost", "Interest on other debt", "debt_interest"),
    _income("finance", "", "debt_charges", "Fees on debt", "debt_fees"),
)

_TAX: Final = (
    _income("tax", "", "site_tax", "Profit tax of sites, each alone", "profit_tax"),
    _income("tax", "", "withheld_tax", "Tax on profit paid up", "withholding_tax"),
    _income("tax", "", "group_tax", "Effect of overhead and interest", "overhead_tax"),
)


def _names(lines: tuple[LineItem, ...]) -> tuple[str, ...]:
    return tuple(line.name for line in lines)


INCOME_LINES: Final = (
    *_REVENUE,
    _total("income", "revenue", "Revenue", *_names(_REVENUE)),
    *_COST,
    _total("income", "cost_of_revenue", "Cost of revenue", *_names(_COST)),
    _income(
        "overhead",
        "corporate",
        "overhead",
        "General and administrative",
        "general_admin",
    ),
    _total(
        "income",
        "ebitda_before_btc",
        "EBITDA before gains on BTC",
        "revenue",
        "cost_of_revenue",
        "overhead",
    ),
    *_BTC,
    _total(
        "income",
        "adjusted_ebitda",
        "Adjusted EBITDA",
        "ebitda_before_btc",
        *_names(_BTC),
    ),
    *_WRITTEN_OFF,
    *_DISPOSALS,
    _total(
        "income",
        "operating_income",
        "Operating income",
        "adjusted_ebitda",
        *_names(_WRITTEN_OFF),
        *_names(_DISPOSALS),
    ),
    *_FINANCE,
    _total(
        "income",
        "profit_before_tax",
        "Profit before tax",
        "operating_income",
        *_names(_FINANCE),
    ),
    *_TAX,
    _total("income", "net_income", "Net income", "profit_before_tax", *_names(_TAX)),
)
"""Income statement, in report order."""

_OPERATING: Final = (
    LineItem("profit", "Net income", "cash_flow", "operating", plus=("net_income",)),
    _back("depreciation_back", "Depreciation, no cash", *_names(_WRITTEN_OFF)),
    _back("disposals_back", "Gain on disposals, no cash", *_names(_DISPOSALS)),
    _cash("operating", "mined_back", "BTC mined, no cash", "btc_taken_over"),
    _back("btc_back", "Gain on BTC, no cash", *_names(_BTC)),
)

_INVESTING: Final = (
    _cash(
        "investing", "asics_bought", "Mining machines", "asic_purchase", asset="asics"
    ),
    _cash("investing", "gpus_bought", "GPUs", "gpu_purchase", asset="gpus"),
    _cash(
        "investing",
        "plant_built",
        "Power, shells and conversions",
        "phase_capex",
        "shell_capex",
        "conversion_capex",
        asset="plant",
    ),
    _cash("investing", "asics_sold", "Sale of mining machines", "asic_resale"),
    _cash("investing", "gpus_sold", "Sale of GPUs", "gpu_resale"),
    _cash("investing", "deposits_moved", "Deposits on GPU leases", "gpu_deposits"),
    _cash("investing", "btc_sold", "Sale of BTC", "btc_sales"),
    _cash("investing", "btc_bought", "Purchase of BTC", "btc_purchases"),
)

_FINANCING: Final = (
    _cash("financing", "loan_draws", "BTC loan drawn", "loan_drawn"),
    _cash("financing", "loan_repaid", "BTC loan repaid", "loan_repayment"),
    _cash("financing", "debt_draws", "Other debt drawn", "debt_drawn"),
    _cash("financing", "debt_repaid", "Other debt repaid", "debt_repayment"),
    _cash("financing", "equity_issued", "Equity raised", "equity_raised"),
)

CASH_FLOW_LINES: Final = (
    *_OPERATING,
    _total("cash_flow", "operating_cash", "Operating cash flow", *_names(_OPERATING)),
    *_INVESTING,
    _total("cash_flow", "investing_cash", "Investing cash flow", *_names(_INVESTING)),
    *_FINANCING,
    _total("cash_flow", "financing_cash", "Financing cash flow", *_names(_FINANCING)),
    _total(
        "cash_flow",
        "change_in_cash",
        "Change in cash",
        "operating_cash",
        "investing_cash",
        "financing_cash",
    ),
)
"""Cash-flow statement, indirect, in report order."""

_ASSETS: Final = (
    _balance("assets", "cash", "Cash"),
    _balance("assets", "btc_free", "BTC, free"),
    _balance("assets", "btc_pledged", "BTC, pledged (collateral receivable)"),
    _balance("assets", "asics", "Mining machines"),
    _balance("assets", "gpus", "GPUs"),
    _balance("assets", "plant", "Power and shells"),
    _balance("assets", "deposits_paid", "Deposits paid on GPU leases"),
)

_LIABILITIES: Final = (
    _balance("liabilities", "btc_loan", "BTC loan"),
    _balance("liabilities", "other_debt", "Other debt"),
    _balance("liabilities", "deposits_held", "Deposits received on GPU leases"),
)

_EQUITY: Final = (
    _balance("equity", "opening_equity", "Equity at the opening"),
    _balance("equity", "new_equity", "Equity raised since"),
    _balance("equity", "retained", "Net income since"),
)

BALANCE_LINES: Final = (
    *_ASSETS,
    _total("balance", "assets", "Assets", *_names(_ASSETS)),
    *_LIABILITIES,
    _total("balance", "liabilities", "Liabilities", *_names(_LIABILITIES)),
    *_EQUITY,
    _total("balance", "equity", "Equity", *_names(_EQUITY)),
    _total(
        "balance",
        "liabilities_and_equity",
        "Liabilities and equity",
        "liabilities",
        "equity",
    ),
)
"""Balance sheet, in report order."""

LINES: Final = (*INCOME_LINES, *CASH_FLOW_LINES, *BALANCE_LINES)
"""Lines of all statements."""

COST_TO_MINE_LINES: Final = (
    "mining_power",
    "take_or_pay",
    "mining_operation",
    "output_vat",
    "response",
    "demand_charges",
)
"""Cash cost of mining as the company counts it; mining's part of shared lines."""

VALUATION_ITEMS: Final = (
    "opening_cash",
    "equity_claim",
    *(item.name for item in (*ITEMS, *CORPORATE_ITEMS) if item.kind == "terminal"),
)
"""Ledger items that value the company: the opening, and what is left at the horizon."""
