# SPDX-License-Identifier: Apache-2.0
"""A site: its power, shells, phases, conversions and opening fleet.

Power, shell and machines are separate stocks. What a site earns stands in
`models.fleet` and `models.contracts`; what it costs to build in `models.builds`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from models.fields import (
    Factor,
    Fraction,
    Identifier,
    Megawatts,
    Money,
    MonthCount,
    MonthText,
    MwhPrice,
    PerYear,
    Record,
    SignedPerYear,
)
from models.hardware import ShellKind

__all__ = [
    "Conversion",
    "OpeningCohort",
    "PartnerContract",
    "Phase",
    "PowerTariff",
    "Shell",
    "ShellBuild",
    "Site",
]


class PowerTariff(Record):
    """What a megawatt-hour costs at a site in the first month."""

    flexible_usd_per_mwh: MwhPrice
    """Price for load that may be switched off (self-mining, miner hosting)."""
    firm_usd_per_mwh: MwhPrice
    """Price for load that must not be interrupted (GPU)."""
    escalation_per_year: SignedPerYear
    demand_charge_usd_per_mw_month: Money
    """Fixed charge on every energised MW, used or not."""
    demand_response_usd_per_mw_year: Money
    """Credit for curtailable mining load, per installed MW."""
    flexible_low_usd_per_mwh: MwhPrice | None = None
    flexible_high_usd_per_mwh: MwhPrice | None = None


class PartnerContract(Record):
    """All-in hosting bought from a site's owner."""

    hosting_rate_usd_per_mwh: MwhPrice
    """All-in rate on energy taken; replaces the power tariff."""
    avoidable_frac: Fraction
    """Share of the rate not owed when machines stand by; the rest is owed on
    committed MW."""
    min_term_months: MonthCount
    """Months before committed MW may first be reduced."""
    notice_months: MonthCount
    """Months between notice and reduction."""


class ShellBuild(Record):
    """New fitted-out space that may be built."""

    capex_usd_per_mw: Money
    module_mw: Megawatts = Field(gt=0)
    max_modules: int = Field(ge=0, le=10_000, json_schema_extra={"unit": "modules"})
    lead_time_months: MonthCount
    earliest_month: MonthText


class Shell(Record):
    """Fitted-out space of one kind, in MW of facility power."""

    kind: ShellKind
    opening_mw: Megawatts
    pue: float = Field(ge=1, le=3, json_schema_extra={"unit": "ratio"})
    """Facility energy over IT energy."""
    gross_per_it_ratio: float = Field(ge=1, le=3, json_schema_extra={"unit": "ratio"})
    """Facility MW that must be reserved per MW of IT load."""
    build: ShellBuild | None = None

    @model_validator(mode="after")
    def _capacity_covers_energy(self) -> Shell:
        if self.gross_per_it_ratio < self.pue:
            msg = (
                f"gross_per_it_ratio {self.gross_per_it_ratio} must be at least the "
                f"pue {self.pue}: capacity reserved cannot be under energy drawn"
            )
            raise ValueError(msg)
        return self


class Phase(Record):
    """A discrete block of power."""

    id: Identifier
    mw: Megawatts = Field(gt=0)
    capex_usd: Money
    lead_time_months: MonthCount
    earliest_month: MonthText


class Conversion(Record):
    """Irreversible change of shell MW from one kind to another, in modules."""

    id: Identifier
    from_kind: ShellKind
    to_kind: ShellKind
    module_mw: Megawatts = Field(gt=0)
    max_modules: int = Field(ge=1, le=1000, json_schema_extra={"unit": "modules"})
    capex_usd_per_mw: Money
    """Cost per MW of facility power converted."""
    downtime_months: MonthCount
    """Last part of the lead time in which the old space is already out of use."""
    lead_time_months: MonthCount
    earliest_month: MonthText

    @model_validator(mode="after")
    def _downtime_inside_lead_time(self) -> Conversion:
        if self.from_kind == self.to_kind:
            msg = f"to_kind must differ from from_kind {self.from_kind!r}"
            raise ValueError(msg)
        if self.downtime_months > self.lead_time_months:
            msg = (
                f"downtime_months {self.downtime_months} must not exceed "
                f"lead_time_months {self.lead_time_months}"
            )
            raise ValueError(msg)
        return self


class OpeningCohort(Record):
    """Machines that stand at a site when the study starts."""

    model: Identifier
    units: float = Field(gt=0, le=1e7, json_schema_extra={"unit": "units"})
    age_months: MonthCount
    book_value_usd: Money
    remaining_life_months: MonthCount
    """Months over which the book value is still depreciated."""


class Site(Record):
    """A place with a grid connection."""

    id: Identifier
    name: str
    country: str
    status: Literal["operating", "pilot", "greenfield", "partner"]
    tax_regime: Identifier
    contracted_mw: Megawatts
    """Facility MW energised at the start."""
    hurdle_rate_per_year: PerYear
    """IRR that a discretionary site must clear."""
    power: PowerTariff
    partner: PartnerContract | None = None
    uptime_frac: Fraction
    """Share of hours in which installed machines can run."""
    mining_opex_usd_per_mw_year: Money
    """Staff, repairs of plant, insurance, on installed mining MW."""
    asic_duty_frac: Factor
    """Import duty and freight on machines bought for the site, share of price."""
    gpu_duty_frac: Factor
    asic_vat_frac: Fraction = 0.0
    """VAT or sales tax on machines bought for the site that is not recovered, share of
    price and duty."""
    gpu_vat_frac: Fraction = 0.0
    move_in_usd_per_unit: Money
    """Freight and installation of a machine moved to the site."""
    shells: tuple[Shell, ...]
    phases: tuple[Phase, ...] = ()
    conversions: tuple[Conversion, ...] = ()
    max_parallel_builds: int = Field(
        default=2, ge=1, le=100, json_schema_extra={"unit": "builds"}
    )
    """Phases that construction crews can work on at once."""
    opening_fleet: tuple[OpeningCohort, ...] = ()
    plant_book_value_usd: Money = 0.0
    """Net book value of power and shells that stand at the start."""
    plant_remaining_life_months: MonthCount = 0
    """Months over which it is still depreciated in the accounts."""
    latitude_deg: float = Field(ge=-90, le=90, json_schema_extra={"unit": "deg"})
    longitude_deg: float = Field(ge=-180, le=180, json_schema_extra={"unit": "deg"})
    grid_carbon_g_per_kwh: Factor = 0.0

    @property
    def is_discretionary(self) -> bool:
        """Whether the site is built only if it clears its hurdle."""
        return self.status in {"pilot", "greenfield"}

    def shell(self, kind: str) -> Shell | None:
        """Return the shell of a kind, or None when the site has none."""
        return next((shell for shell in self.shells if shell.kind == kind), None)

    @model_validator(mode="after")
    def _plant_has_a_life(self) -> Site:
        if self.plant_book_value_usd > 0.0 and self.plant_remaining_life_months < 1:
            msg = (
                f"plant_book_value_usd {self.plant_book_value_usd:,.0f} needs "
                "plant_remaining_life_months of at least 1"
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _partner_terms_match_status(self) -> Site:
        if (self.partner is not None) != (self.status == "partner"):
            msg = "a site has a [partner] table if and only if its status is 'partner'"
            raise ValueError(msg)
        kinds = [shell.kind for shell in self.shells]
        if len(set(kinds)) != len(kinds):
            msg = f"each shell kind may stand once, got {kinds}"
            raise ValueError(msg)
        return self
