# SPDX-License-Identifier: Apache-2.0
"""The tax regime of one jurisdiction, as study files describe it.

What does not belong here: tax of a given profit (`models.tax`), write-off of a given
cost (`models.depreciation`), import duty and VAT on machines (`models.site`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field, field_validator, model_validator

from models.fields import Fraction, Identifier, MonthText, Record

__all__ = ["AssetClass", "DepreciationRule", "TaxHoliday", "TaxRegime"]

AssetClass = Literal["asic", "gpu", "plant"]
"""What is written off: mining machines, GPU nodes, power and shells."""

MACRS_YEARS = (3, 5, 7, 10, 15, 20)
"""Recovery periods of 26 CFR 1.168 with declining balance, in years."""


class DepreciationRule(Record):
    """How cost of one class of assets is written off for tax."""

    method: Literal["straight_line", "macrs", "bonus"] = "straight_line"
    """Even over the class's life; by MACRS table; at once with the rest by table."""
    bonus_frac: Fraction = 1.0
    """Share of cost that `bonus` writes off in the tax year of first use."""
    macrs_years: int = Field(
        default=5, ge=3, le=20, json_schema_extra={"unit": "years"}
    )
    """Recovery period of `macrs`, and of what `bonus` leaves."""

    @field_validator("macrs_years")
    @classmethod
    def _has_a_table(cls, value: int) -> int:
        if value not in MACRS_YEARS:
            msg = f"must be one of {', '.join(map(str, MACRS_YEARS))}, got {value}"
            raise ValueError(msg)
        return value


class TaxHoliday(Record):
    """Months in which a share of profit is exempt, both ends included."""

    first_month: MonthText
    last_month: MonthText
    exempt_frac: Fraction

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> TaxHoliday:
        if self.last_month < self.first_month:
            msg = (
                f"last_month {self.last_month} must not be before first_month "
                f"{self.first_month}"
            )
            raise ValueError(msg)
        return self


class TaxRegime(Record):
    """Profit tax of one jurisdiction, and what else it takes of profit and output."""

    id: Identifier
    name: str
    rate_frac: Fraction
    loss_use_cap_frac: Fraction
    """Share of a profit that carried-forward losses may offset."""
    loss_life_months: int | None = Field(
        default=None, ge=1, le=600, json_schema_extra={"unit": "months"}
    )
    """Months after its own in which a loss may be used; without it there is no end."""
    holidays: tuple[TaxHoliday, ...] = ()
    withholding_frac: Fraction = 0.0
    """Tax on profit paid up to the parent; all of it is paid up when earned."""
    mining_vat_frac: Fraction = 0.0
    """VAT owed on BTC mined that no client bears, share of its value."""
    asic_life_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
    """Straight-line life; also the one over which the books write machines off."""
    gpu_life_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
    plant_life_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
    asic_depreciation: DepreciationRule = DepreciationRule()
    gpu_depreciation: DepreciationRule = DepreciationRule()
    plant_depreciation: DepreciationRule = DepreciationRule()

    def life_months(self, kind: AssetClass) -> int:
        """Return the straight-line life of a class of assets [months]."""
        lives = {
            "asic": self.asic_life_months,
            "gpu": self.gpu_life_months,
            "plant": self.plant_life_months,
        }
        return lives[kind]

    def depreciation(self, kind: AssetClass) -> DepreciationRule:
        """Return how a class of assets is written off."""
        rules = {
            "asic": self.asic_depreciation,
            "gpu": self.gpu_depreciation,
            "plant": self.plant_depreciation,
        }
        return rules[kind]

    @field_validator("holidays")
    @classmethod
    def _do_not_overlap(cls, value: tuple[TaxHoliday, ...]) -> tuple[TaxHoliday, ...]:
        spans = sorted(value, key=lambda span: span.first_month)
        clashes = [
            f"{a.first_month} to {a.last_month} and {b.first_month} to {b.last_month}"
            for a, b in pairwise(spans)
            if b.first_month <= a.last_month
        ]
        if clashes:
            msg = f"tax holidays must not overlap: {'; '.join(clashes)}"
            raise ValueError(msg)
        return value
