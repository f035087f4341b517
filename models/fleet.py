# SPDX-License-Identifier: Apache-2.0
"""Fleet: what one installed machine earns, costs and is worth, month by month.

The optimiser takes its coefficients from these functions and the engine multiplies
them by the plan's machines, so both speak of the same money. What does not belong
here: contracts (`models.contracts`), what they cost and fetch
(`models.machine_prices`), build cost
(`models.builds`), tax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.power import avoidable_frac, base_price_usd_per_mwh
from models.units import (
    MONTHS_PER_YEAR,
    TH_PER_EH,
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
    "AsicRates",
    "GpuMonth",
    "GpuRates",
    "ages_months",
    "asic_facility_mw",
    "asic_hashrate_eh_s",
    "asic_month",
    "asic_rates",
    "gpu_facility_mw",
    "gpu_merchant_usd",
    "gpu_month",
    "gpu_rates",
]

TRANSIT_MONTHS: Final = 1
"""Months in which a machine moved between sites does not run (assumption)."""

_KW_PER_MW = 1e3


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
class AsicRates:
    """What one installed ASIC does per unit of every price, month by month.

    Parameters
    ----------
    operating_eh_s : ndarray of shape (n_periods,)
        Hash rate while it runs, uptime included. [EH/s]
    keep_frac : float
        Share of output left by the pool. [share 0-1]
    vat_frac : float
        VAT owed on the value of output. [share 0-1]
    energy_usd : ndarray of shape (n_periods,)
        Avoidable energy cost at the base power price, >= 0. [USD]
    energy_mwh : ndarray of shape (n_periods,)
        Energy at the meter. [MWh]
    opex_usd_per_month, demand_response_usd_per_month : float
        Operation and repairs owed while installed; credit for load. [USD]
    """

    operating_eh_s: FloatArray
    keep_frac: float
    vat_frac: float
    energy_usd: FloatArray
    energy_mwh: FloatArray
    opex_usd_per_month: float
    demand_response_usd_per_month: float


@dataclass(frozen=True, slots=True)
class GpuRates:
    """What one installed node does per unit of every price, month by month.

    Parameters
    ----------
    hours_h : ndarray of shape (n_periods,)
        Length of each month. [h]
    full_mwh : ndarray of shape (n_periods,)
        Energy at the meter at full use. [MWh]
    idle_frac : float
        Share of it drawn when idle. [share 0-1]
    price_usd_per_mwh : ndarray of shape (n_periods,)
        Base firm power price. [USD/MWh]
    """

    hours_h: FloatArray
    full_mwh: FloatArray
    idle_frac: float
    price_usd_per_mwh: FloatArray


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


def ages_months(cohort_period: int, n_periods: int) -> FloatArray:
    """Return the age of a cohort by month, 0 before its first, (n_periods,) [months].

    Parameters
    ----------
    cohort_period : int
        Period in which its age is zero. [period]
    n_periods : int
        Months. [months]
    """
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
    rates = asic_rates(study, site, asic, cohort_period)
    money = paths.btc_price_usd
    btc = (
        paths.btc_per_eh_s
        * np.asarray(rates.operating_eh_s, like=money)
        * rates.keep_frac
    )
    revenue = btc * money
    energy = (
        np.asarray(rates.energy_usd, like=money)
        * paths.power_multiplier[:, study.site_index(site.id)]
    )
    is_running = revenue * (1.0 - rates.vat_frac) > energy
    n_periods = study.time.months
    return AsicMonth(
        is_running=is_running,
        btc=btc * is_running,
        revenue_usd=revenue * is_running,
        energy_usd=energy * is_running,
        energy_mwh=np.asarray(rates.energy_mwh, like=money) * is_running,
        opex_usd=np.full(n_periods, rates.opex_usd_per_month),
        demand_response_usd=np.full(n_periods, rates.demand_response_usd_per_month),
    )


def asic_rates(
    study: Study, site: Site, asic: AsicModel, cohort_period: int
) -> AsicRates:
    """Return what one machine of a cohort does at a site, whatever the prices.

    `asic_month` puts prices to it, and so do the tables of the fast engines.

    Parameters
    ----------
    study : Study
        Study with company and tax regimes.
    site : Site
        Where the machine stands.
    asic : AsicModel
        Its family.
    cohort_period : int
        Period in which its age is zero; negative for the opening fleet. [period]
    """
    n_periods = study.time.months
    hours = month_hours_h(study.time.start_month, n_periods)
    keep = (1.0 - asic.degradation_per_year) ** (
        ages_months(cohort_period, n_periods) / MONTHS_PER_YEAR
    )
    facility_mw = asic_facility_mw(site, asic)
    drawn_mw = asic.power_w * _asic_shell(site, asic).pue / W_PER_MW
    full_mwh = drawn_mw * site.uptime_frac * hours
    price = base_price_usd_per_mwh(site, "flexible", n_periods)
    opex = (
        facility_mw * site.mining_opex_usd_per_mw_year
        + asic.failure_rate_per_year * asic.repair_usd_per_unit
    ) / MONTHS_PER_YEAR
    credit = facility_mw * site.power.demand_response_usd_per_mw_year / MONTHS_PER_YEAR
    return AsicRates(
        operating_eh_s=asic_hashrate_eh_s(asic) * keep * site.uptime_frac,
        keep_frac=1.0 - study.company.pool_fee_frac,
        vat_frac=study.tax_regime(site).mining_vat_frac,
        energy_usd=full_mwh * price * avoidable_frac(site),
        energy_mwh=full_mwh,
        opex_usd_per_month=opex,
        demand_response_usd_per_month=credit,
    )


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
    rates = gpu_rates(study, site, gpu)
    used = paths.gpu_utilisation_frac[:, study.gpu_index(gpu.id)]
    full_mwh = np.asarray(rates.full_mwh, like=used)
    energy_mwh = full_mwh * (rates.idle_frac + (1.0 - rates.idle_frac) * used)
    price = np.asarray(rates.price_usd_per_mwh, like=used)
    multiplier = paths.power_multiplier[:, study.site_index(site.id)]
    return GpuMonth(
        revenue_usd=revenue * gpu.gpus_per_node,
        energy_usd=energy_mwh * price * multiplier,
        opex_usd=opex * gpu.gpus_per_node,
        energy_mwh=energy_mwh,
    )


def gpu_rates(study: Study, site: Site, gpu: GpuModel) -> GpuRates:
    """Return what one node does at a site, whatever the prices.

    Raises
    ------
    ValueError
        If the site has no HPC shell.
    """
    shell = site.shell("hpc")
    if shell is None:
        msg = f"site {site.id} has no hpc shell for {gpu.id}"
        raise ValueError(msg)
    n_periods = study.time.months
    hours = month_hours_h(study.time.start_month, n_periods)
    return GpuRates(
        hours_h=hours,
        full_mwh=gpu.node_it_kw / _KW_PER_MW * shell.pue * hours,
        idle_frac=gpu.idle_power_frac,
        price_usd_per_mwh=base_price_usd_per_mwh(site, "firm", n_periods),
    )
