# SPDX-License-Identifier: Apache-2.0
"""How long machines are held: as long as they cover their running cost.

They are then sold. The best month to sell is not sought: used prices follow the margin
of the day, so a plan that knows the halving would sell the month before it.
Reckoned on the base path, before tax, from what one machine earns (`models.fleet`).
What does not belong here: value of projects (`optimizer.screening.valuation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.finance import discount_factors
from models.fleet import asic_facility_mw, asic_month, gpu_month
from models.machine_prices import asic_resale_usd, gpu_resale_usd
from models.power import commitment_cost_usd
from models.units import month_hours_h

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.hardware import AsicModel, GpuModel
    from models.paths import MarketPaths
    from models.site import Site
    from models.study import Study

__all__ = ["MAX_LIFE_MONTHS", "Stream", "asic_stream", "gpu_stream"]

MAX_LIFE_MONTHS: Final = 60
"""Longest time new machines are held: five years, as GPU write-off; assumption."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Present values of holding one machine, or one contract, on the base path.

    Parameters
    ----------
    earned_usd : ndarray of shape (n_periods + 1,)
        Margins before period t, discounted to the start, summed. [USD]
    sale_usd : ndarray of shape (n_periods + 1,)
        Proceeds of a sale in period t, discounted to the start. [USD]
    """

    earned_usd: FloatArray
    sale_usd: FloatArray

    @classmethod
    def of(
        cls, margin_usd: FloatArray, sale_usd: FloatArray, rate_per_year: float
    ) -> Stream:
        """Return the stream of monthly margins and sale values.

        Parameters
        ----------
        margin_usd, sale_usd : ndarray of shape (n_periods,)
            Margin of a month, and proceeds of a sale in it. [USD]
        rate_per_year : float
            Discount rate. [per year]
        """
        factors = discount_factors(rate_per_year, len(margin_usd))
        earned = np.concatenate([[0.0], np.cumsum(margin_usd * factors[1:])])
        # A sale at the horizon brings the last month's value at the last index.
        sale = np.append(sale_usd * factors[1:], sale_usd[-1] * factors[-1])
        return cls(earned_usd=earned, sale_usd=sale)

    def worth_usd(self, until: int) -> FloatArray:
        """Return the value of keeping it from each period up to `until`, over selling.

        Returns
        -------
        ndarray of shape (n_periods + 1,)
            Zero from `until` on. [USD]
        """
        kept = self.earned_usd[until] + self.sale_usd[until]
        worth: FloatArray = kept - self.earned_usd - self.sale_usd
        worth[until:] = 0.0
        return worth

    def covers_until(self, since: int, latest: int) -> int:
        """Return the period in which it has stopped covering its running cost.

        The last one after which margins add up to nothing more, however long it is
        held; a machine that never covers is held one month.

        Parameters
        ----------
        since : int
            First period of use. [period]
        latest : int
            Longest it may be held, > `since`. [period]
        """
        return since + 1 + int(self.earned_usd[since + 1 : latest + 1].argmax())


def asic_stream(
    study: Study, site: Site, asic: AsicModel, cohort_period: int, paths: MarketPaths
) -> Stream:
    """Return the stream of one ASIC at a site, discounted at the site's hurdle.

    What a partner is owed for the machine's power counts in full.

    Parameters
    ----------
    study : Study
        Study.
    site : Site
        Where it stands.
    asic : AsicModel
        Family.
    cohort_period : int
        Period in which its age is zero. [period]
    paths : MarketPaths
        Base path, one scenario. [mixed]
    """
    month = asic_month(study, site, asic, cohort_period, paths)
    hours = month_hours_h(study.time.start_month, study.time.months)
    mw = np.full(study.time.months, asic_facility_mw(site, asic))
    owed = commitment_cost_usd(site, mw, hours)
    kept = 1.0 - study.tax_regime(site).mining_vat_frac
    margin = kept * month.revenue_usd[0] - month.energy_usd[0] - month.opex_usd - owed
    resale = asic_resale_usd(study, asic, cohort_period, paths)[0]
    return Stream.of(
        margin + month.demand_response_usd, resale, site.hurdle_rate_per_year
    )


def gpu_stream(
    study: Study, site: Site, gpu: GpuModel, cohort_period: int, paths: MarketPaths
) -> Stream:
    """Return the stream of one merchant GPU node, discounted at the site's hurdle.

    Parameters
    ----------
    study : Study
        Study.
    site : Site
        Where it stands.
    gpu : GpuModel
        Family.
    cohort_period : int
        Period in which its age is zero. [period]
    paths : MarketPaths
        Base path, one scenario. [mixed]
    """
    month = gpu_month(study, site, gpu, paths)
    margin = month.revenue_usd[0] - month.energy_usd[0] - month.opex_usd[0]
    resale = gpu_resale_usd(study, gpu, cohort_period, paths)[0]
    return Stream.of(margin, resale, site.hurdle_rate_per_year)
