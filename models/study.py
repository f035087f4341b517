# SPDX-License-Identifier: Apache-2.0
"""The study: everything a planning run knows, as one frozen value.

What does not belong here: reading files (see `sites.loader`), provenance of numbers
(see `sites.provenance`) and any formula.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property

from pydantic import Field, model_validator

from models.company import Company
from models.errors import DataError
from models.fields import Identifier, MonthCount, MonthText, Record
from models.hardware import AsicModel, GpuModel
from models.market_parameters import Market
from models.months import add_months, months_between
from models.offers import GpuLeaseOffer, HostingOffer
from models.site import Site
from models.tax import TaxTerms, tax_terms
from models.tax_regime import TaxRegime

__all__ = ["SolverSettings", "Study", "TimeGrid"]


class TimeGrid(Record):
    """The horizon and the steps on which decisions are taken."""

    start_month: MonthText
    months: int = Field(ge=12, le=240, json_schema_extra={"unit": "months"})
    monthly_months: MonthCount
    """Months decided one by one; later ones in quarters."""
    order_step_months: int = Field(ge=1, le=12, json_schema_extra={"unit": "months"})
    holding_step_months: int = Field(ge=1, le=12, json_schema_extra={"unit": "months"})

    @model_validator(mode="after")
    def _steps_fit(self) -> TimeGrid:
        if self.monthly_months > self.months:
            msg = (
                f"monthly_months {self.monthly_months} must not exceed months "
                f"{self.months}"
            )
            raise ValueError(msg)
        if (self.months - self.monthly_months) % 3:
            msg = "months after monthly_months must be whole quarters"
            raise ValueError(msg)
        return self


class SolverSettings(Record):
    """How hard the solver tries."""

    mip_gap_frac: float = Field(ge=0, le=1, json_schema_extra={"unit": "share 0-1"})
    time_limit_s: float = Field(gt=0, le=1e6, json_schema_extra={"unit": "s"})


class Study(Record):
    """All inputs of a run, resolved and validated."""

    schema_version: int = Field(ge=1, le=1)
    id: Identifier
    title: str
    description: str
    as_of_date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    time: TimeGrid
    solver: SolverSettings
    company: Company
    tax_regimes: tuple[TaxRegime, ...]
    market: Market
    sites: tuple[Site, ...] = Field(min_length=1)
    asics: tuple[AsicModel, ...] = ()
    gpus: tuple[GpuModel, ...] = ()
    hosting_offers: tuple[HostingOffer, ...] = ()
    gpu_offers: tuple[GpuLeaseOffer, ...] = ()

    @cached_property
    def months(self) -> tuple[str, ...]:
        """Calendar months of the horizon, ``YYYY-MM``, in order."""
        start = self.time.start_month
        return tuple(add_months(start, period) for period in range(self.time.months))

    def period_of(self, month: str) -> int:
        """Return the period index of a calendar month; negative before the start."""
        return months_between(self.time.start_month, month)

    def site_index(self, site_id: str) -> int:
        """Return the position of a site on the site axis; `DataError` if unknown."""
        return self._position("site", [site.id for site in self.sites], site_id)

    def site(self, site_id: str) -> Site:
        """Return a site by id; `DataError` if unknown."""
        return self.sites[self.site_index(site_id)]

    def asic(self, model_id: str) -> AsicModel:
        """Return an ASIC family by id; `DataError` if unknown."""
        ids = [asic.id for asic in self.asics]
        return self.asics[self._position("ASIC family", ids, model_id)]

    def gpu_index(self, model_id: str) -> int:
        """Return the position of a GPU family on its axis; `DataError` if unknown."""
        return self._position("GPU family", [gpu.id for gpu in self.gpus], model_id)

    def gpu(self, model_id: str) -> GpuModel:
        """Return a GPU family by id; `DataError` if unknown."""
        return self.gpus[self.gpu_index(model_id)]

    def tax_regime(self, site: Site) -> TaxRegime:
        """Return the tax regime of a site; `DataError` if the study lacks it."""
        ids = [regime.id for regime in self.tax_regimes]
        return self.tax_regimes[self._position("tax regime", ids, site.tax_regime)]

    def tax_terms(self, site: Site) -> TaxTerms:
        """Return what a site's regime asks month by month; `DataError` if unknown."""
        time = self.time
        return tax_terms(self.tax_regime(site), time.start_month, time.months)

    def _position(self, kind: str, ids: list[str], wanted: str) -> int:
        if wanted in ids:
            return ids.index(wanted)
        near = get_close_matches(wanted, ids, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        known = ", ".join(ids) or "none"
        msg = f"study {self.id!r} has no {kind} {wanted!r}; it has: {known}.{hint}"
        raise DataError(msg)
