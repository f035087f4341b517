# SPDX-License-Identifier: Apache-2.0
"""Payment terms: on which days of a month each kind of cash moves.

The monthly ledger has every flow in the month in which it arises. Terms move cash
between the days of that month, never into another month: an invoice of the month
before, paid on the 20th, stands on the 20th at this month's amount. Terms are data of
the company file. What does not belong here: calendars (`models.cash_calendar`) and the
weekly view (`models.cash_weeks`).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from models.fields import Fraction, Record

__all__ = ["DEFAULT_TERMS", "INFLOW_TERMS", "PaymentTerm", "PaymentTerms"]

DueDay = Annotated[int, Field(ge=1, le=31, json_schema_extra={"unit": "day of month"})]


class PaymentTerm(Record):
    """When the amount of a month is paid.

    ``daily``: an equal part every day; ``weekly``: an equal part every Friday of the
    month; ``biweekly``: every second Friday, counted from Friday 5 December 2025;
    ``monthly``: all of it on `due_day`, or on the month's last day where that comes
    first. A payment due at a weekend moves to Monday, and to the Friday before where
    that Monday lies in the next month.
    """

    rule: Literal["daily", "weekly", "biweekly", "monthly"]
    due_day: DueDay = 31
    """Day of the month, 31 for its end; read only where the rule is ``monthly``."""


def _on(day: int) -> PaymentTerm:
    return PaymentTerm(rule="monthly", due_day=day)


class PaymentTerms(Record):
    """Terms of every kind of receipt and payment."""

    hosting_receipts: PaymentTerm = _on(15)
    gpu_receipts: PaymentTerm = _on(31)
    other_receipts: PaymentTerm = _on(31)
    """Demand response and machines sold."""
    side_receipts: PaymentTerm = PaymentTerm(rule="weekly")
    side_payments: PaymentTerm = PaymentTerm(rule="weekly")
    partner_hosting: PaymentTerm = _on(10)
    power: PaymentTerm = _on(20)
    site_costs: PaymentTerm = _on(31)
    payroll: PaymentTerm = PaymentTerm(rule="biweekly")
    payroll_frac: Fraction = 0.5
    """Share of general and administrative cost that is payroll."""
    general_admin: PaymentTerm = _on(31)
    taxes: PaymentTerm = _on(15)
    interest: PaymentTerm = _on(31)
    debt_principal: PaymentTerm = _on(31)
    """Principal that is not repaid out of BTC sales, and fees."""
    machines: PaymentTerm = _on(15)
    building: PaymentTerm = _on(31)
    financing: PaymentTerm = _on(1)
    """Draws on loans, and equity raised."""
    btc_sales: Literal["as_needed", "daily"] = "as_needed"
    """``as_needed``: the month's BTC are sold on the days on which cash would fall
    under its floor, what is left on the last day; ``daily``: an equal part every
    day."""


DEFAULT_TERMS: Final = PaymentTerms()
"""Terms of a company whose file has none."""

INFLOW_TERMS: Final = (
    "hosting_receipts",
    "gpu_receipts",
    "other_receipts",
    "side_receipts",
    "financing",
)
"""Fields whose flows come in: late is the unkind end of their range."""
