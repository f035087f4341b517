# SPDX-License-Identifier: Apache-2.0
"""The tax regime of one jurisdiction, as study files describe it.

What does not belong here: tax of a given profit (`models.tax`).
"""

from __future__ import annotations

from pydantic import Field

from models.fields import Fraction, Identifier, Record

__all__ = ["TaxRegime"]


class TaxRegime(Record):
    """Simple profit tax of one jurisdiction."""

    id: Identifier
    name: str
    rate_frac: Fraction
    loss_use_cap_frac: Fraction
    """Share of a profit that carried-forward losses may offset."""
    asic_life_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
    gpu_life_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
    plant_life_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
