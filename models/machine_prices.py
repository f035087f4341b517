# SPDX-License-Identifier: Apache-2.0
"""Prices of machines: new and landed, moved, and used.

What does not belong here: what machines earn while they run (`models.fleet`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.fleet import ages_months
from models.mining import energy_cost_usd_per_ph_day
from models.units import MONTHS_PER_YEAR, TH_PER_PH

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.hardware import AsicModel, GpuModel
    from models.paths import MarketPaths
    from models.site import Site
    from models.study import Study

__all__ = [
    "AsicResale",
    "asic_move_usd",
    "asic_price_usd",
    "asic_resale",
    "asic_resale_usd",
    "gpu_price_usd",
    "gpu_resale_usd",
    "gpu_worth_usd_per_rent",
]

_DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class AsicResale:
    """What sets the price of one used machine, month by month.

    Parameters
    ----------
    new_usd_per_th : ndarray of shape (n_periods,)
        Price of a new one before duty. [USD/(TH/s)]
    scrap_usd_per_th : float
        Least price. [USD/(TH/s)]
    margin_years : float
        Years of the marginal buyer's margin that he pays. [year]
    energy_usd_per_ph_day : float
        His energy cost. [USD/(PH/s)/day]
    th_s : ndarray of shape (n_periods,)
        Hash rate left. [TH/s]
    """

    new_usd_per_th: FloatArray
    scrap_usd_per_th: float
    margin_years: float
    energy_usd_per_ph_day: float
    th_s: FloatArray

    @property
    def usd_per_th_per_hashprice(self) -> float:
        """What a higher hash price adds to the price, (USD/TH/s) per USD/PH/s/day."""
        return self.margin_years * (_DAYS_PER_YEAR / TH_PER_PH)


def asic_price_usd(site: Site, asic: AsicModel, n_periods: int) -> FloatArray:
    """Return the price of one new machine landed at a site, by month of order.

    Returns
    -------
    ndarray of shape (n_periods,)
        ``TH/s x price x (1 - decline)^(t / 12) x (1 + duty) x (1 + VAT)``. [USD]
    """
    years = np.arange(n_periods) / MONTHS_PER_YEAR
    price_usd_per_th = asic.price_usd_per_th * (1 - asic.price_decline_per_year) ** (
        years
    )
    taxed = (1.0 + site.asic_duty_frac) * (1.0 + site.asic_vat_frac)
    landed: FloatArray = asic.hashrate_th_s * price_usd_per_th * taxed
    return landed


def asic_move_usd(
    study: Study, asic: AsicModel, cohort_period: int, from_site: Site, to_site: Site
) -> FloatArray:
    """Return what moving one machine between two sites costs, by month of the move.

    Freight and installation at the new site. A machine bought within the study also
    owes the duty and VAT that the new site asks beyond the old one's, on the price of
    a new machine that month: buying where they are low and moving on saves none. Older
    machines were imported before the study and move without (assumption).

    Returns
    -------
    ndarray of shape (n_periods,)
        Cost, >= 0. [USD]
    """
    n_periods = study.time.months
    cost = np.full(n_periods, to_site.move_in_usd_per_unit)
    if cohort_period < 0:
        return cost
    owed = asic_price_usd(to_site, asic, n_periods)
    paid = asic_price_usd(from_site, asic, n_periods)
    landed: FloatArray = cost + np.maximum(owed - paid, 0.0)
    return landed


def gpu_price_usd(site: Site, gpu: GpuModel, n_periods: int) -> FloatArray:
    """Return the price of one new node landed at a site, by month of order.

    Returns
    -------
    ndarray of shape (n_periods,)
        ``price x (1 - decline)^(t / 12) x (1 + duty) x (1 + VAT)``. [USD]
    """
    years = np.arange(n_periods) / MONTHS_PER_YEAR
    path = gpu.price_usd_per_node * (1.0 - gpu.price_decline_per_year) ** years
    landed: FloatArray = path * (1.0 + site.gpu_duty_frac) * (1.0 + site.gpu_vat_frac)
    return landed


def asic_resale(study: Study, asic: AsicModel, cohort_period: int) -> AsicResale:
    """Return what sets the price of one used machine of a cohort.

    Parameters
    ----------
    study : Study
        Study with the market.
    asic : AsicModel
        Its family.
    cohort_period : int
        Period in which its age is zero; negative for the opening fleet. [period]
    """
    n_periods = study.time.months
    years = np.arange(n_periods) / MONTHS_PER_YEAR
    keep = (1.0 - asic.degradation_per_year) ** (
        ages_months(cohort_period, n_periods) / MONTHS_PER_YEAR
    )
    return AsicResale(
        new_usd_per_th=asic.price_usd_per_th
        * (1 - asic.price_decline_per_year) ** years,
        scrap_usd_per_th=asic.scrap_usd_per_th,
        margin_years=asic.resale_margin_years,
        energy_usd_per_ph_day=energy_cost_usd_per_ph_day(
            asic.efficiency_j_per_th,
            study.market.resale_power_price_usd_per_mwh,
            pue=1.0,
        ),
        th_s=asic.hashrate_th_s * keep,
    )


def asic_resale_usd(
    study: Study, asic: AsicModel, cohort_period: int, paths: MarketPaths
) -> FloatArray:
    """Return what one used machine fetches, by month of sale.

    ``TH/s x min(new price, max(scrap, k x margin per TH and year))``: used prices
    follow the margin of the marginal buyer (`resale_power_price_usd_per_mwh`) and never
    pass the price of a new machine before duty, not even as scrap.

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods)
        Resale value. [USD]
    """
    terms = asic_resale(study, asic, cohort_period)
    hashprice = paths.hashprice_usd_per_ph_day
    margin_usd_per_th_year = (hashprice - terms.energy_usd_per_ph_day) * (
        _DAYS_PER_YEAR / TH_PER_PH
    )
    value = np.minimum(
        np.asarray(terms.new_usd_per_th, like=hashprice),
        np.maximum(terms.scrap_usd_per_th, terms.margin_years * margin_usd_per_th_year),
    )
    worth: FloatArray = value * np.asarray(terms.th_s, like=hashprice)
    return worth


def gpu_resale_usd(
    study: Study, gpu: GpuModel, cohort_period: int, paths: MarketPaths
) -> FloatArray:
    """Return what one used node fetches, by month of sale.

    ``price when new x (1 - decline of value)^(age / 12) x rent over base rent``: used
    nodes lose a steady share a year and follow the rental market.

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods)
        Resale value before any duty. [USD]
    """
    rent = paths.gpu_rent_usd_per_gpu_h[:, study.gpu_index(gpu.id)]
    per_rent = gpu_worth_usd_per_rent(study, gpu, cohort_period)
    worth: FloatArray = rent * np.asarray(per_rent, like=rent)
    return worth


def gpu_worth_usd_per_rent(
    study: Study, gpu: GpuModel, cohort_period: int
) -> FloatArray:
    """Return what one used node fetches per USD of hourly rent, by month of sale.

    Returns
    -------
    ndarray of shape (n_periods,)
        See `gpu_resale_usd`. [USD/(USD/GPU-h)]
    """
    n_periods = study.time.months
    bought = max(cohort_period - gpu.delivery_months, 0) / MONTHS_PER_YEAR
    price_usd = gpu.price_usd_per_node * (1.0 - gpu.price_decline_per_year) ** bought
    keep = (1.0 - gpu.value_decline_per_year) ** (
        ages_months(cohort_period, n_periods) / MONTHS_PER_YEAR
    )
    years = np.arange(n_periods) / MONTHS_PER_YEAR
    base_rent = (
        gpu.rent_usd_per_gpu_h * (1.0 + study.market.gpu_rent_drift_per_year) ** years
    )
    per_rent: FloatArray = price_usd * keep / base_rent
    return per_rent
