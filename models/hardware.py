# SPDX-License-Identifier: Apache-2.0
"""Hardware families: what an ASIC and a GPU node are.

What they earn stands in `models.fleet`; what does not belong here is a price path
(see `models.market`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from models.fields import (
    Factor,
    Fraction,
    GpuHourPrice,
    Identifier,
    Kilowatts,
    Money,
    MonthCount,
    Record,
    SignedPerYear,
)

__all__ = ["AsicModel", "GpuModel", "ShellKind"]

ShellKind = Literal["air", "hydro", "hpc"]
"""Kind of fitted-out space."""


class AsicModel(Record):
    """A family of mining machines."""

    id: Identifier
    name: str
    shell: Literal["air", "hydro"]
    """Kind of shell the machine needs."""
    hashrate_th_s: float = Field(gt=0, le=5000, json_schema_extra={"unit": "TH/s"})
    power_w: float = Field(gt=0, le=50_000, json_schema_extra={"unit": "W"})
    """Power at the plug; efficiency is `power_w / hashrate_th_s`."""
    price_usd_per_th: float = Field(ge=0, le=1000, json_schema_extra={"unit": "USD/TH"})
    """Purchase price in the first month, before duty and freight."""
    price_decline_per_year: SignedPerYear
    """Yearly fall of the purchase price (negative: it rises)."""
    lot_units: int = Field(ge=1, le=100_000, json_schema_extra={"unit": "units"})
    """Machines in one order lot."""
    delivery_months: MonthCount
    """From order (paid) to first running month."""
    degradation_per_year: Fraction
    failure_rate_per_year: Fraction
    """Share of machines that need a repair in a year."""
    repair_usd_per_unit: Money
    scrap_usd_per_th: float = Field(ge=0, le=100, json_schema_extra={"unit": "USD/TH"})
    """Floor of the resale value."""
    resale_margin_years: Factor
    """Years of mining margin that a used machine fetches."""
    is_orderable: bool = True
    """False for families that only stand in the opening fleet."""

    @property
    def efficiency_j_per_th(self) -> float:
        """Energy per terahash at the plug [J/TH]."""
        return self.power_w / self.hashrate_th_s


class GpuModel(Record):
    """A family of GPU nodes, sold and powered node by node."""

    id: Identifier
    name: str
    gpus_per_node: int = Field(ge=1, le=576, json_schema_extra={"unit": "GPU"})
    node_it_kw: Kilowatts
    """IT power of a node with its share of network and storage, at full load."""
    idle_power_frac: Fraction
    """Share of full power drawn by an idle node."""
    price_usd_per_node: Money
    price_decline_per_year: SignedPerYear
    value_decline_per_year: Fraction
    """Yearly fall of a used node's value."""
    rent_usd_per_gpu_h: GpuHourPrice = Field(gt=0)
    """Merchant (on-demand) rent in the first month."""
    utilisation_frac: Fraction
    """Sold share of merchant hours in the base case."""
    opex_frac_of_revenue: Fraction
    """Non-power operating cost as a share of revenue."""
    lot_nodes: int = Field(ge=1, le=10_000, json_schema_extra={"unit": "nodes"})
    delivery_months: MonthCount
    is_orderable: bool = True
