# SPDX-License-Identifier: Apache-2.0
"""Typed fields with units, and the frozen base of every input record.

A field's unit stands in its name and, for the JSON Schema and the reports, in its
metadata. What does not belong here: records of a topic (see `models.site` and its
neighbours) and anything that reads files.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Efficiency",
    "Factor",
    "Fraction",
    "GpuHourPrice",
    "Identifier",
    "Kilowatts",
    "Megawatts",
    "Money",
    "MonthCount",
    "MonthText",
    "MwhPrice",
    "PerYear",
    "Record",
    "SignedPerYear",
]


class Record(BaseModel):
    """Frozen record that refuses unknown keys, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _unit(unit: str) -> dict[str, str | int | float | bool | list[str] | None]:
    return {"unit": unit}


Identifier: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=60)
]
"""Lower-case name used as a key, such as ``georgia`` or ``s21_xp``."""

MonthText: TypeAlias = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
"""Calendar month, ISO ``YYYY-MM``."""

MonthCount: TypeAlias = Annotated[
    int, Field(ge=0, le=600, json_schema_extra=_unit("months"))
]
"""Whole number of months, 0 to 600."""

Megawatts: TypeAlias = Annotated[
    float, Field(ge=0, le=1e5, json_schema_extra=_unit("MW"))
]
Kilowatts: TypeAlias = Annotated[
    float, Field(ge=0, le=1e6, json_schema_extra=_unit("kW"))
]
Money: TypeAlias = Annotated[
    float, Field(ge=0, le=1e13, json_schema_extra=_unit("USD"))
]
"""A cost, price or balance: never negative."""

MwhPrice: TypeAlias = Annotated[
    float, Field(ge=0, le=5000, json_schema_extra=_unit("USD/MWh"))
]
GpuHourPrice: TypeAlias = Annotated[
    float, Field(ge=0, le=1000, json_schema_extra=_unit("USD/GPU-h"))
]
Efficiency: TypeAlias = Annotated[
    float, Field(gt=0, le=200, json_schema_extra=_unit("J/TH"))
]
Fraction: TypeAlias = Annotated[
    float, Field(ge=0, le=1, json_schema_extra=_unit("share 0-1"))
]
"""Share between 0 and 1; 15 % is 0.15."""

PerYear: TypeAlias = Annotated[
    float, Field(ge=0, le=5, json_schema_extra=_unit("per year"))
]
SignedPerYear: TypeAlias = Annotated[
    float, Field(gt=-1, le=5, json_schema_extra=_unit("per year"))
]
Factor: TypeAlias = Annotated[
    float, Field(ge=0, le=1000, json_schema_extra=_unit("ratio"))
]
