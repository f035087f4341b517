# SPDX-License-Identifier: Apache-2.0
"""The company: opening balances, loan and corporate costs.

How balances move stands in `models.treasury`; tax regimes in `models.tax_regime`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from models.fields import (
    Fraction,
    Identifier,
    Money,
    MonthCount,
    MonthText,
    PerYear,
    Record,
)
from models.payment_terms import PaymentTerms

__all__ = ["Btc", "BtcLoan", "Company", "SideBusiness"]

Btc = Annotated[float, Field(ge=0, le=21e6, json_schema_extra={"unit": "BTC"})]


class BtcLoan(Record):
    """The opening loan on pledged BTC: interest monthly, principal at maturity."""

    principal_usd: Money
    rate_per_year: PerYear
    maturity_month: MonthText
    initial_ltv_frac: Fraction
    margin_call_ltv_frac: Fraction
    liquidation_ltv_frac: Fraction

    @model_validator(mode="after")
    def _levels_are_ordered(self) -> BtcLoan:
        if not (
            self.initial_ltv_frac
            < self.margin_call_ltv_frac
            < self.liquidation_ltv_frac
        ):
            msg = (
                "loan-to-value levels must rise: initial "
                f"{self.initial_ltv_frac} < margin call {self.margin_call_ltv_frac} "
                f"< liquidation {self.liquidation_ltv_frac}"
            )
            raise ValueError(msg)
        return self


class SideBusiness(Record):
    """A business beside the three lines, such as the car-export platform."""

    id: Identifier
    name: str
    revenue_usd_per_month: Money
    cost_usd_per_month: Money


class Company(Record):
    """The owner of the plan."""

    id: Identifier
    name: str
    cash_usd: Money
    cash_floor_usd: Money
    btc_free: Btc
    btc_pledged: Btc
    loan: BtcLoan
    general_admin_usd_per_month: Money
    side_businesses: tuple[SideBusiness, ...] = ()
    discount_rate_per_year: PerYear
    max_btc_sale_frac_per_month: Fraction
    """Most of the BTC at hand that a plan may sell in a month."""
    btc_selling_cost_frac: Fraction
    emergency_equity_max_usd: Money
    """Most emergency equity that a plan may raise in total."""
    emergency_equity_premium_frac: Fraction
    """Value lost by present holders per USD raised."""
    pool_fee_frac: Fraction
    plant_resale_frac: Fraction
    """End-of-horizon value of power and shells, share of undepreciated cost."""
    min_live_months: MonthCount
    """Builds and conversions must be live at least this long before the horizon."""
    tax_site: Identifier
    """Site whose tax group carries corporate costs, interest and side businesses."""
    payment_terms: PaymentTerms | None = None
    """When receipts and payments fall inside a month; None for the default terms."""

    @property
    def side_margin_usd_per_month(self) -> float:
        """Revenue less cost of the side businesses. [USD]."""
        return sum(
            business.revenue_usd_per_month - business.cost_usd_per_month
            for business in self.side_businesses
        )

    @property
    def overhead_usd_per_month(self) -> float:
        """Side businesses less general and administrative cost. [USD]."""
        return self.side_margin_usd_per_month - self.general_admin_usd_per_month
