# SPDX-License-Identifier: Apache-2.0
"""Which keys a study file and its catalogue files hold, and what record each is.

What does not belong here: reading files (`sites.catalogue`) and merging them
(`sites.assembly`).
"""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import Field, field_validator

from models.company import Company
from models.fields import Identifier, Record
from models.hardware import AsicModel, GpuModel
from models.market_parameters import Market
from models.offers import GpuLeaseOffer, HostingOffer
from models.site import Site
from models.study import SolverSettings, TimeGrid
from models.tax_regime import TaxRegime

__all__ = [
    "CHANGES",
    "FOLDERS",
    "INCLUDED_LISTS",
    "LISTS",
    "SETTINGS",
    "SINGLES",
    "STUDY_KEYS",
    "TEXTS",
    "StudyTexts",
]


class StudyTexts(Record):
    """What a study file says about itself."""

    schema_version: int = Field(ge=1, le=1, json_schema_extra={"unit": "version"})
    id: Identifier
    title: str
    description: str
    as_of_date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")

    @field_validator("as_of_date")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        try:
            date.fromisoformat(value)
        except ValueError as err:
            msg = f"{value} is no day of the calendar"
            raise ValueError(msg) from err
        return value


TEXTS: Final = tuple(StudyTexts.model_fields)
SETTINGS: Final[dict[str, type[Record]]] = {"time": TimeGrid, "solver": SolverSettings}
"""Choices of the planner, not facts: they need no source."""
SINGLES: Final[dict[str, type[Record]]] = {"company": Company, "market": Market}
LISTS: Final[dict[str, type[Record]]] = {
    "tax_regimes": TaxRegime,
    "sites": Site,
    "asics": AsicModel,
    "gpus": GpuModel,
    "hosting_offers": HostingOffer,
    "gpu_offers": GpuLeaseOffer,
}
CHANGES: Final = ("keep", "drop", "override")
"""Tables of a study file that change what it includes, in this order."""
STUDY_KEYS: Final = (
    *TEXTS,
    *SETTINGS,
    *SINGLES,
    *LISTS,
    "include",
    *CHANGES,
    "note",
)
FOLDERS: Final = {
    "study": "studies",
    "company": "company",
    "market": "market",
    "tax": "tax",
    "offers": "offers",
    "sites": "sites",
    "hardware": "hardware",
}
"""Folder of each kind of file, by its key in `[include]`."""
INCLUDED_LISTS: Final = {
    "tax": ("tax_regimes",),
    "offers": ("hosting_offers", "gpu_offers"),
    "hardware": ("asics", "gpus"),
}
"""Lists that a catalogue file of a kind may hold."""
