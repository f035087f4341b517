# SPDX-License-Identifier: Apache-2.0
"""Offers: contracts that are accepted or refused as a whole.

What an accepted offer earns stands in `models.contracts`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from models.fields import (
    Fraction,
    GpuHourPrice,
    Identifier,
    Megawatts,
    MonthCount,
    MonthText,
    MwhPrice,
    Record,
)
from models.hardware import ShellKind

__all__ = ["GpuLeaseOffer", "HostingOffer"]


class _Offer(Record):
    id: Identifier
    name: str
    site: Identifier
    term_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
    earliest_start: MonthText
    latest_start: MonthText
    """Starts are offered every holding step between the two months."""
    is_committed: bool = False
    """An existing contract, live from the start; `term_months` is what is left."""
    is_evergreen: bool = False
    """After its term the contract runs on at the same terms until we end it."""
    default_rate_per_year: float = Field(
        default=0.0, ge=0, le=0.9, json_schema_extra={"unit": "share 0-1"}
    )
    """Chance that the client stops paying within a year; sampled in scenarios, never on
    the base path."""

    @model_validator(mode="after")
    def _window_is_ordered(self) -> _Offer:
        if self.latest_start < self.earliest_start:
            msg = (
                f"latest_start {self.latest_start} must not be before "
                f"earliest_start {self.earliest_start}"
            )
            raise ValueError(msg)
        return self


class HostingOffer(_Offer):
    """A client who brings machines and rents powered space.

    Miners pay `rate_usd_per_mwh` with power inside; HPC tenants pay
    `rent_usd_per_it_kw_month` with power passed through. One of the two is zero.
    """

    shell: ShellKind
    mw: Megawatts = Field(gt=0)
    """Facility MW reserved for the client."""
    rate_usd_per_mwh: MwhPrice = 0.0
    rent_usd_per_it_kw_month: float = Field(
        default=0.0, ge=0, le=5000, json_schema_extra={"unit": "USD/kW-month"}
    )
    take_or_pay_frac: Fraction
    """Share of full-load payment owed whatever the client uses."""
    load_frac: Fraction
    """Expected use of the reserved power."""
    opex_frac_of_revenue: Fraction

    @model_validator(mode="after")
    def _one_price(self) -> HostingOffer:
        if (self.rate_usd_per_mwh > 0) == (self.rent_usd_per_it_kw_month > 0):
            msg = (
                "exactly one of rate_usd_per_mwh and rent_usd_per_it_kw_month must be "
                f"positive, got {self.rate_usd_per_mwh} and "
                f"{self.rent_usd_per_it_kw_month}"
            )
            raise ValueError(msg)
        return self


class GpuLeaseOffer(_Offer):
    """GPUs leased in (asset-light) or leased out at a fixed rent.

    Direction ``in``: we pay `price_usd_per_gpu_h` for every hour, all-in (space and
    power are the owner's); the GPUs join our pool at the site. Direction ``out``: a
    client pays for `paid_hours_frac` of all hours of GPUs taken from that pool.
    """

    direction: Literal["in", "out"]
    gpu: Identifier
    n_gpus: int = Field(ge=1, le=1_000_000, json_schema_extra={"unit": "GPU"})
    price_usd_per_gpu_h: GpuHourPrice
    paid_hours_frac: Fraction
    """Share of hours paid: 1 for leases in; the take-or-pay share for leases out."""
    deposit_months: MonthCount = 0
    """Months of payment held as deposit from start to end (paid by us on leases in,
    received on leases out)."""

    @model_validator(mode="after")
    def _we_pay(self) -> GpuLeaseOffer:
        if self.direction == "in" and self.default_rate_per_year > 0.0:
            msg = (
                "default_rate_per_year is of a client: on a lease in we pay, so it "
                f"must be 0, got {self.default_rate_per_year}"
            )
            raise ValueError(msg)
        return self
