# SPDX-License-Identifier: Apache-2.0
"""The cash of a quarter that has begun: published start, reported months, plan.

Months with reported output are rolled forward from the published balances
(`models.opening`); the months after them come from the monthly engine. What does not
belong here: files, and the engine (`models.cashflow`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from models.cash_lines import CASH_LINES, line_flows
from models.fields import Identifier, Money, Record
from models.opening import roll_forward
from models.units import days_in_month

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.ledger import Ledger
    from models.study import Study

__all__ = [
    "LINE_ROWS",
    "QUARTER_ROWS",
    "CostBasis",
    "QuarterEnd",
    "QuarterMonth",
    "ReportedMonth",
    "planned_months",
    "reported_months",
]

QUARTER_ROWS: Final = {
    "side_receipts": "Side businesses, revenue",
    "site_receipts": "Hosting and other receipts",
    "mining_cost": "Cash cost of mining and sites",
    "side_cost": "Side businesses, cost",
    "general_admin": "General and administrative",
    "taxes": "Profit tax",
    "loan_interest": "Interest on the BTC loan",
    "other_debt": "Other debt, net",
    "capex": "Machines and building",
    "btc_sales": "BTC sales",
    "btc_purchases": "BTC purchases",
    "loan_drawn": "BTC loan drawn",
    "loan_repayment": "BTC loan repaid",
    "equity_raised": "Emergency equity",
}
"""Rows of the quarter and their words; inflow positive. [USD]"""

LINE_ROWS: Final = {
    "hosting_receipts": "site_receipts",
    "gpu_receipts": "site_receipts",
    "side_receipts": "side_receipts",
    "demand_response": "site_receipts",
    "machine_sales": "site_receipts",
    "partner_hosting": "mining_cost",
    "power": "mining_cost",
    "site_costs": "mining_cost",
    "side_payments": "side_cost",
    "payroll": "general_admin",
    "general_admin": "general_admin",
    "taxes": "taxes",
    "loan_interest": "loan_interest",
    "loan_repayment": "loan_repayment",
    "debt_interest": "other_debt",
    "debt_principal": "other_debt",
    "machines": "capex",
    "building": "capex",
    "btc_sales": "btc_sales",
    "btc_purchases": "btc_purchases",
    "loan_drawn": "loan_drawn",
    "debt_drawn": "other_debt",
    "equity_raised": "equity_raised",
}
"""Row of every line of `models.cash_lines`."""


class QuarterEnd(Record):
    """Published balances at the end of a quarter, and lines of that quarter."""

    id: Identifier
    company: Identifier
    quarter: str = Field(pattern=r"^\d{4}Q[1-4]$")
    cash_usd: Money
    loan_usd: Money
    btc_held: Annotated[float, Field(ge=0, le=21e6, json_schema_extra={"unit": "BTC"})]
    btc_collateral_usd: Money
    """Market value of that BTC on the day."""
    cost_of_revenue_usd: Money
    """Of the quarter, without depreciation."""
    other_revenue_usd: Money
    """Revenue of the quarter that is neither mining nor a side business."""
    other_revenue_days: int = Field(ge=1, le=92, json_schema_extra={"unit": "days"})
    """Days in which it was earned."""


@dataclass(frozen=True, slots=True)
class ReportedMonth:
    """A month with reported output.

    Parameters
    ----------
    month : str
        ISO month.
    btc_mined : float
        Output. [BTC]
    hashrate_eh_s : float or None
        Average operating hash rate; None where not reported. [EH/s]
    """

    month: str
    btc_mined: float
    hashrate_eh_s: float | None


@dataclass(frozen=True, slots=True)
class CostBasis:
    """What the reported months are assumed to have cost; all costs >= 0.

    Parameters
    ----------
    mining_usd : mapping of str to float
        Cash cost to mine by ISO month. [USD]
    side_cost_usd_per_month : float
        Cost of the side businesses. [USD/month]
    side_revenue_usd_per_month : float
        Their revenue. [USD/month]
    general_admin_usd_per_month : float
        General and administrative cost. [USD/month]
    loan_rate_per_year : float
        Interest. [per year]
    cash_floor_usd : float
        Least cash kept. [USD]
    """

    mining_usd: Mapping[str, float]
    side_cost_usd_per_month: float
    side_revenue_usd_per_month: float
    general_admin_usd_per_month: float
    loan_rate_per_year: float
    cash_floor_usd: float


@dataclass(frozen=True, slots=True)
class QuarterMonth:
    """One month of the quarter.

    Parameters
    ----------
    month : str
        ISO month.
    is_reported : bool
        Whether output was reported; its cash is an estimate all the same.
    opening_usd, closing_usd : float
        Cash. [USD]
    flows_usd : dict of str to float
        By key of `QUARTER_ROWS`, inflow positive. [USD]
    btc_mined, btc_sold, btc_held, btc_pledged : float
        Mined and sold in the month; held and pledged at its end. [BTC]
    hashrate_eh_s : float or None
        Average operating hash rate; None where not known. [EH/s]
    loan_usd : float
        BTC loan at its end. [USD]
    btc_price_usd : float or None
        Price at its end; None where no input says it. [USD/BTC]
    """

    month: str
    is_reported: bool
    opening_usd: float
    closing_usd: float
    flows_usd: dict[str, float]
    btc_mined: float
    btc_sold: float
    btc_held: float
    btc_pledged: float
    hashrate_eh_s: float | None
    loan_usd: float
    btc_price_usd: float | None

    @property
    def ltv_frac(self) -> float | None:
        """Loan over pledged BTC; None without a price or a pledge. [share 0-1]."""
        if self.btc_price_usd is None or self.btc_pledged <= 0.0:
            return None
        return self.loan_usd / (self.btc_pledged * self.btc_price_usd)

    @property
    def cost_usd_per_btc(self) -> float | None:
        """Cash cost of mining and sites per BTC mined. [USD/BTC]."""
        if self.btc_mined <= 0.0:
            return None
        return -self.flows_usd["mining_cost"] / self.btc_mined


def reported_months(
    start: QuarterEnd, months: Sequence[ReportedMonth], basis: CostBasis
) -> list[QuarterMonth]:
    """Return the reported months, rolled forward from the published balances.

    Parameters
    ----------
    start : QuarterEnd
        End of the quarter before.
    months : sequence of ReportedMonth
        Consecutive months from its end on.
    basis : CostBasis
        Costs.

    Returns
    -------
    list of QuarterMonth
        No BTC is sold and all of it is pledged; what is short of the floor is drawn on
        the loan. The last one's balances are those of `models.opening.roll_forward`
        over all the months; interest is simple on the published principal.
    """
    hosting_usd_per_day = start.other_revenue_usd / start.other_revenue_days
    cash_usd, drawn_usd = start.cash_usd, 0.0
    mined = mining_usd = receipts_usd = 0.0
    found = []
    for count, reported in enumerate(months, start=1):
        site_usd = hosting_usd_per_day * days_in_month(reported.month)
        mined += reported.btc_mined
        mining_usd += basis.mining_usd[reported.month]
        receipts_usd += basis.side_revenue_usd_per_month + site_usd
        balance = roll_forward(
            start.cash_usd,
            start.loan_usd,
            btc_held=start.btc_held + mined,
            btc_mined=mined,
            cash_cost_usd_per_btc=mining_usd / mined if mined else 0.0,
            months=count,
            general_admin_usd_per_month=basis.general_admin_usd_per_month,
            loan_rate_per_year=basis.loan_rate_per_year,
            receipts_usd=receipts_usd,
            other_cost_usd=count * basis.side_cost_usd_per_month,
            cash_floor_usd=basis.cash_floor_usd,
        )
        flows = dict.fromkeys(QUARTER_ROWS, 0.0) | {
            "side_receipts": basis.side_revenue_usd_per_month,
            "site_receipts": site_usd,
            "mining_cost": -basis.mining_usd[reported.month],
            "side_cost": -basis.side_cost_usd_per_month,
            "general_admin": -basis.general_admin_usd_per_month,
            "loan_interest": -start.loan_usd * basis.loan_rate_per_year / 12,
            "loan_drawn": balance.drawn_usd - drawn_usd,
        }
        found.append(
            QuarterMonth(
                month=reported.month,
                is_reported=True,
                opening_usd=cash_usd,
                closing_usd=balance.cash_usd,
                flows_usd=flows,
                btc_mined=reported.btc_mined,
                btc_sold=0.0,
                btc_held=balance.btc_pledged,
                btc_pledged=balance.btc_pledged,
                hashrate_eh_s=reported.hashrate_eh_s,
                loan_usd=balance.loan_usd,
                btc_price_usd=None,
            )
        )
        cash_usd, drawn_usd = balance.cash_usd, balance.drawn_usd
    return found


def planned_months(
    study: Study,
    ledger: Ledger,
    n_months: int,
    btc_price_usd: Sequence[float],
    btc_per_eh_s: Sequence[float],
) -> list[QuarterMonth]:
    """Return the first months of a plan on the base path.

    Parameters
    ----------
    study : Study
        Study; it starts after the last reported month.
    ledger : Ledger
        Ledger of the plan, its first scenario the base path.
    n_months : int
        How many months. [months]
    btc_price_usd : sequence of float, length n_months
        Price by month. [USD/BTC]
    btc_per_eh_s : sequence of float, length n_months
        Output of 1 EH/s by month, before the pool fee. [BTC]

    Returns
    -------
    list of QuarterMonth
        The hash rate is the one that gives the output.
    """
    lines, path = line_flows(study, ledger), ledger.treasury
    keep = 1.0 - study.company.pool_fee_frac
    found = []
    for t in range(n_months):
        flows = dict.fromkeys(QUARTER_ROWS, 0.0)
        for line in CASH_LINES:
            flows[LINE_ROWS[line.key]] += float(lines[line.key][0, t])
        mined = float(ledger.mined_btc[0, :, t].sum())
        found.append(
            QuarterMonth(
                month=study.months[t],
                is_reported=False,
                opening_usd=float(path.cash_usd[0, t]),
                closing_usd=float(path.cash_usd[0, t + 1]),
                flows_usd=flows,
                btc_mined=mined,
                btc_sold=float(path.btc_sold[0, t]),
                btc_held=float(path.btc_free[0, t + 1] + path.btc_pledged[0, t + 1]),
                btc_pledged=float(path.btc_pledged[0, t + 1]),
                hashrate_eh_s=mined / (btc_per_eh_s[t] * keep),
                loan_usd=float(path.loan_usd[0, t + 1]),
                btc_price_usd=btc_price_usd[t],
            )
        )
    return found
