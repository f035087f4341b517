# SPDX-License-Identifier: Apache-2.0
"""Fleet: what one installed machine earns, costs and is worth, month by month.

The optimiser takes its coefficients from these functions and the engine multiplies
them by the plan's machines, so both speak of the same money. What does not belong
here: contracts (`models.contracts`), build cost (`models.builds`), tax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.mining import energy_cost_usd_per_ph_day
from models.power import avoidable_frac, base_price_usd_per_mwh
from models.units import (
    MONTHS_PER_YEAR,
    TH_PER_EH,
    TH_PER_PH,
    W_PER_MW,
    month_hours_h,
)

if TYPE_CHECKING:
    from models.arrays import BoolArray, FloatArray
    from models.hardware import AsicModel, GpuModel
    from models.paths import MarketPaths
    from models.site import Shell, Site
    from models.study import Study

__all__ = [
    "TRANSIT_MONTHS",
    "AsicMonth",
    "GpuMonth",
    "asic_facility_mw",
    "asic_hashrate_eh_s",
    "asic_month",
    "asic_move_usd",
    "asic_price_usd",
    "asic_resale_usd",
    "gpu_facility_mw",
    "gpu_merchant_usd",
    "gpu_month",
    "gpu_price_usd",
    "gpu_resale_usd",
]

TRANSIT_MONTHS: Final = 1
"""Months in which a machine moved between sites does not run (assumption)."""

_KW_PER_MW = 1e3
_DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class AsicMonth:
    """One installed ASIC, month by month.

    Parameters
    ----------
    is_running : ndarray of shape (n_scenarios, n_periods)
        Whether its revenue after VAT covers its avoidable energy cost. [bool]
    btc : ndarray of shape (n_scenarios, n_periods)
        Output after the pool fee. [BTC]
    revenue_usd : ndarray of shape (n_scenarios, n_periods)
        Output at the period average price, before VAT on it. [USD]
    energy_usd : ndarray of shape (n_scenarios, n_periods)
        Avoidable energy cost, >= 0. [USD]
    energy_mwh : ndarray of shape (n_scenarios, n_periods)
        Energy at the meter. [MWh]
    opex_usd : ndarray of shape (n_periods,)
        Site operation and repairs, owed while installed, >= 0. [USD]
    demand_response_usd : ndarray of shape (n_periods,)
        Credit for curtailable load. [USD]
    """

    is_running: BoolArray
    btc: FloatArray
    revenue_usd: FloatArray
    energy_usd: FloatArray
    energy_mwh: FloatArray
    opex_usd: FloatArray
    demand_response_usd: FloatArray


@dataclass(frozen=True, slots=True)
class GpuMonth:
    """One installed GPU node on the merchant market, month by month.

    Parameters
    ----------
    revenue_usd, energy_usd, opex_usd : ndarray of shape (n_scenarios, n_periods)
        Rent of sold hours; energy at firm price; other operation. All >= 0. [USD]
    energy_mwh : ndarray of shape (n_scenarios, n_periods)
        Energy at the meter. [MWh]
    """

    revenue_usd: FloatArray
    energy_usd: FloatArray
    opex_usd: FloatArray
    energy_mwh: FloatArray


def _ages_months(cohort_period: int, n_periods: int) -> FloatArray:
    return np.maximum(np.arange(n_periods) - cohort_period, 0.0)


def asic_facility_mw(site: Site, asic: AsicModel) -> float:
    """Return the facility power reserved per machine: plug power x gross ratio [MW].

    What it draws is plug power x PUE, see `asic_month`.

    Raises
    ------
    ValueError
        If the site has no shell of the machine's kind.
    """
    return asic.power_w * _asic_shell(site, asic).gross_per_it_ratio / W_PER_MW


def _asic_shell(site: Site, asic: AsicModel) -> Shell:
    shell = site.shell(asic.shell)
    if shell is None:
        msg = f"site {site.id} has no {asic.shell} shell for {asic.id}"
        raise ValueError(msg)
    return shell


def asic_hashrate_eh_s(asic: AsicModel) -> float:
    """Return the nameplate hash rate of one machine [EH/s]."""
    return asic.hashrate_th_s / TH_PER_EH


def asic_month(
    study: Study,
    site: Site,
    asic: AsicModel,
    cohort_period: int,
    paths: MarketPaths,
) -> AsicMonth:
    """Return what one machine of a cohort earns and costs if installed at a site.

    A machine runs in a month when its revenue per MWh, less VAT on mined BTC, covers
    its avoidable cost per MWh; else it stands by. Both sides scale with the same
    energy, so the choice is the closed form ``max(0, revenue - avoidable cost)``.

    Parameters
    ----------
    study : Study
        Study with grid and company.
    site : Site
        Where the machine stands.
    asic : AsicModel
        Its family.
    cohort_period : int
        Period in which its age is zero; negative for the opening fleet. [period]
    paths : MarketPaths
        Futures. [mixed]

    Returns
    -------
    AsicMonth
        Arrays over all periods, as if installed throughout.
    """
    n_periods = study.time.months
    hours = month_hours_h(study.time.start_month, n_periods)
    keep = (1.0 - asic.degradation_per_year) ** (
        _ages_months(cohort_period, n_periods) / MONTHS_PER_YEAR
    )
    operating_eh_s = asic_hashrate_eh_s(asic) * keep * site.uptime_frac
    facility_mw = asic_facility_mw(site, asic)
    drawn_mw = asic.power_w * _asic_shell(site, asic).pue / W_PER_MW
    full_mwh = drawn_mw * site.uptime_frac * hours
    price = base_price_usd_per_mwh(site, "flexible", n_periods)
    avoidable_usd = full_mwh * price * avoidable_frac(site)
    money = paths.btc_price_usd
    btc = (
        paths.btc_per_eh_s
        * np.asarray(operating_eh_s, like=money)
        * (1.0 - study.company.pool_fee_frac)
    )
    revenue = btc * money
    energy = (
        np.asarray(avoidable_usd, like=money)
        * paths.power_multiplier[:, study.site_index(site.id)]
    )
    vat_frac = study.tax_regime(site).mining_vat_frac
    is_running = revenue * (1.0 - vat_frac) > energy
    opex = (
        facility_mw * site.mining_opex_usd_per_mw_year
        + asic.failure_rate_per_year * asic.repair_usd_per_unit
    ) / MONTHS_PER_YEAR
    credit = facility_mw * site.power.demand_response_usd_per_mw_year / MONTHS_PER_YEAR
    return AsicMonth(
        is_running=is_running,
        btc=btc * is_running,
        revenue_usd=revenue * is_running,
        energy_usd=energy * is_running,
        energy_mwh=np.asarray(full_mwh, like=money) * is_running,
        opex_usd=np.full(n_periods, opex),
        demand_response_usd=np.full(n_periods, credit),
    )


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
    n_periods = study.time.months
    years = np.arange(n_periods) / MONTHS_PER_YEAR
    hashprice = paths.hashprice_usd_per_ph_day
    energy = energy_cost_usd_per_ph_day(
        asic.efficiency_j_per_th,
        study.market.resale_power_price_usd_per_mwh,
        pue=1.0,
    )
    margin_usd_per_th_year = (hashprice - energy) * (_DAYS_PER_YEAR / TH_PER_PH)
    new_usd_per_th = asic.price_usd_per_th * (1 - asic.price_decline_per_year) ** years
    value = np.minimum(
        np.asarray(new_usd_per_th, like=hashprice),
        np.maximum(
            asic.scrap_usd_per_th, asic.resale_margin_years * margin_usd_per_th_year
        ),
    )
    keep = (1.0 - asic.degradation_per_year) ** (
        _ages_months(cohort_period, n_periods) / MONTHS_PER_YEAR
    )
    worth: FloatArray = value * np.asarray(asic.hashrate_th_s * keep, like=hashprice)
    return worth


def gpu_facility_mw(site: Site, gpu: GpuModel) -> float:
    """Return the facility power reserved for one node: IT power x gross ratio [MW].

    Raises
    ------
    ValueError
        If the site has no HPC shell.
    """
    shell = site.shell("hpc")
    if shell is None:
        msg = f"site {site.id} has no hpc shell for {gpu.id}"
        raise ValueError(msg)
    return gpu.node_it_kw * shell.gross_per_it_ratio / _KW_PER_MW


def gpu_merchant_usd(
    study: Study, gpu: GpuModel, paths: MarketPaths
) -> tuple[FloatArray, FloatArray]:
    """Return revenue and operating cost of one GPU on the merchant market.

    Returns
    -------
    tuple of ndarray of shape (n_scenarios, n_periods)
        ``hours x utilisation x rent`` and its `opex_frac_of_revenue`. [USD]
    """
    index = study.gpu_index(gpu.id)
    rent = paths.gpu_rent_usd_per_gpu_h[:, index]
    hours = month_hours_h(study.time.start_month, study.time.months)
    revenue = np.asarray(hours, like=rent) * paths.gpu_utilisation_frac[:, index] * rent
    return revenue, gpu.opex_frac_of_revenue * revenue


def gpu_month(study: Study, site: Site, gpu: GpuModel, paths: MarketPaths) -> GpuMonth:
    """Return what one node earns and costs on the merchant market at a site.

    Energy follows utilisation: ``IT power x PUE x hours x (idle + (1 - idle) x
    utilisation)`` at the firm price.

    Returns
    -------
    GpuMonth
        Arrays over all periods, as if installed throughout.
    """
    revenue, opex = gpu_merchant_usd(study, gpu, paths)
    shell = site.shell("hpc")
    if shell is None:
        msg = f"site {site.id} has no hpc shell for {gpu.id}"
        raise ValueError(msg)
    n_periods = study.time.months
    used = paths.gpu_utilisation_frac[:, study.gpu_index(gpu.id)]
    hours = month_hours_h(study.time.start_month, n_periods)
    full_mwh = np.asarray(gpu.node_it_kw / _KW_PER_MW * shell.pue * hours, like=used)
    energy_mwh = full_mwh * (gpu.idle_power_frac + (1.0 - gpu.idle_power_frac) * used)
    price = np.asarray(base_price_usd_per_mwh(site, "firm", n_periods), like=used)
    multiplier = paths.power_multiplier[:, study.site_index(site.id)]
    return GpuMonth(
        revenue_usd=revenue * gpu.gpus_per_node,
        energy_usd=energy_mwh * price * multiplier,
        opex_usd=opex * gpu.gpus_per_node,
        energy_mwh=energy_mwh,
    )


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
    n_periods = study.time.months
    rent = paths.gpu_rent_usd_per_gpu_h[:, study.gpu_index(gpu.id)]
    bought = max(cohort_period - gpu.delivery_months, 0) / MONTHS_PER_YEAR
    price_usd = gpu.price_usd_per_node * (1.0 - gpu.price_decline_per_year) ** bought
    keep = (1.0 - gpu.value_decline_per_year) ** (
        _ages_months(cohort_period, n_periods) / MONTHS_PER_YEAR
    )
    years = np.arange(n_periods) / MONTHS_PER_YEAR
    base_rent = (
        gpu.rent_usd_per_gpu_h * (1.0 + study.market.gpu_rent_drift_per_year) ** years
    )
    worth: FloatArray = rent * np.asarray(price_usd * keep / base_rent, like=rent)
    return worth
