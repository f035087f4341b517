# SPDX-License-Identifier: Apache-2.0
"""The company: opening balances, loan and corporate costs.

How balances move stands in `models.treasury`; tax regimes in `models.tax_regime`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.debt import DebtFacility
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

__all__ = [
    "Btc",
    "BtcLoan",
    "Company",
    "ComparedPolicy",
    "SideBusiness",
    "TreasuryPolicy",
]

Btc = Annotated[float, Field(ge=0, le=21e6, json_schema_extra={"unit": "BTC"})]


class BtcLoan(Record):
    """The loan on pledged BTC: interest monthly, principal at maturity."""

    principal_usd: Money
    rate_per_year: PerYear
    maturity_month: MonthText
    initial_ltv_frac: Fraction
    """Loan to value of a new draw, and the level that meeting a call restores."""
    margin_call_ltv_frac: Fraction
    liquidation_ltv_frac: Fraction
    draw_limit_usd: Money = 0.0
    """Most principal that further draws may lead to, the opening principal if that is
    more; 0: none are made."""
    cure_days: float = Field(default=0, ge=0, le=31, json_schema_extra={"unit": "days"})
    """Time to meet a margin call."""
    liquidation_penalty_frac: Fraction = 0.0
    """Share of the price lost when the lender sells."""

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
        if self.liquidation_penalty_frac >= 1.0 - self.initial_ltv_frac:
            msg = (
                f"liquidation_penalty_frac {self.liquidation_penalty_frac} must leave "
                f"more than the initial loan to value {self.initial_ltv_frac}: "
                f"under {1.0 - self.initial_ltv_frac:.3g}"
            )
            raise ValueError(msg)
        return self


class TreasuryPolicy(Record):
    """What the plan may do with BTC; a rule on its path, never per scenario."""

    kind: Literal[
        "optimise", "hold_all", "sell_to_cover", "sell_share", "keep_floor"
    ] = "optimise"
    """``hold_all``: nothing is sold before the loan matures; ``sell_to_cover``: sales
    never exceed the month's cash cost before tax; ``sell_share``: a share of each
    month's output; ``keep_floor``: BTC held never falls under a floor."""
    sell_share_frac: Fraction = 1.0
    """Share of output sold under ``sell_share``."""
    btc_floor: Btc = 0.0
    """Least BTC held under ``keep_floor``."""
    max_btc_purchase_usd_per_month: Money = 0.0
    """Most spent on buying BTC back."""
    max_ltv_frac: Fraction = 1.0
    """Highest loan to value that the plan allows itself, under whatever kind."""
    max_ltv_after_months: MonthCount = 0
    """Months until it must be reached."""


class ComparedPolicy(TreasuryPolicy):
    """A treasury policy that a planning run sets beside the company's own."""

    id: Identifier
    name: str
    max_btc_sale_frac_per_month: Fraction | None = None
    """Most of the BTC at hand that its plan may sell in a month; the company's own
    limit where none is given."""

    @property
    def policy(self) -> TreasuryPolicy:
        """Return what the plan may do, without its name."""
        return TreasuryPolicy(
            **self.model_dump(include=set(TreasuryPolicy.model_fields))
        )


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
    treasury_policy: TreasuryPolicy = TreasuryPolicy()
    compared_policies: tuple[ComparedPolicy, ...] = ()
    """Other policies that get a plan of their own, for comparison."""
    debt_facilities: tuple[DebtFacility, ...] = ()
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

    @model_validator(mode="after")
    def _policies_have_names_of_their_own(self) -> Company:
        ids = [policy.id for policy in self.compared_policies]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            msg = f"compared_policies: id used twice: {', '.join(twice)}"
            raise ValueError(msg)
        return self

    @property
    def sale_kept_frac(self) -> float:
        """Share of the price that an orderly sale of BTC brings. [share 0-1]."""
        return 1.0 - self.btc_selling_cost_frac

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
