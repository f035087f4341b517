# SPDX-License-Identifier: Apache-2.0
"""Contracts: what an accepted hosting or GPU-lease offer earns, month by month.

Which offers are accepted is the plan's; what machines earn without a contract stands
in `models.fleet`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.finance import discount_factors
from models.fleet import gpu_merchant_usd
from models.months import add_months
from models.power import base_price_usd_per_mwh
from models.tax import tax_terms
from models.units import month_hours_h

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.paths import MarketPaths
    from models.site import Site
    from models.study import Study

__all__ = [
    "GpuLeaseMonth",
    "HostingMonth",
    "HostingRates",
    "LeaseRates",
    "contract_remainder_factor",
    "gpu_deposit_usd",
    "gpu_lease_month",
    "hosting_month",
    "hosting_rates",
    "lease_rates",
    "remainder_factor",
    "remainder_rate_per_year",
]

_KW_PER_MW = 1e3


@dataclass(frozen=True, slots=True)
class HostingRates:
    """An accepted hosting offer per unit of the power price, month by month.

    Parameters
    ----------
    revenue_usd, opex_usd : ndarray of shape (n_periods,)
        See `HostingMonth`. [USD]
    energy_usd : ndarray of shape (n_periods,)
        Energy bought for the client at the base power price. [USD]
    """

    revenue_usd: FloatArray
    opex_usd: FloatArray
    energy_usd: FloatArray


@dataclass(frozen=True, slots=True)
class LeaseRates:
    """An accepted GPU lease per unit of every price, month by month.

    Parameters
    ----------
    contract_usd : ndarray of shape (n_periods,)
        Fixed rent, without sign. [USD]
    gpu_hours : ndarray of shape (n_periods,)
        Hours of its GPUs. [GPU-h]
    opex_frac : float
        Operating cost of own GPUs, share of revenue. [share 0-1]
    paid_hours_frac : float
        Share of hours that own nodes work under contract. [share 0-1]
    energy_usd : ndarray of shape (n_periods,)
        What an hour more of use costs in energy at the base power price, times all
        hours; zero for leases in and where no own nodes stand. [USD]
    """

    contract_usd: FloatArray
    gpu_hours: FloatArray
    opex_frac: float
    paid_hours_frac: float
    energy_usd: FloatArray


@dataclass(frozen=True, slots=True)
class HostingMonth:
    """An accepted hosting offer, month by month, all >= 0.

    Parameters
    ----------
    revenue_usd, opex_usd : ndarray of shape (n_periods,)
        Payment of the client; operation. [USD]
    energy_usd : ndarray of shape (n_scenarios, n_periods)
        Energy bought for the client; zero where power is passed through. [USD]
    """

    revenue_usd: FloatArray
    energy_usd: FloatArray
    opex_usd: FloatArray


@dataclass(frozen=True, slots=True)
class GpuLeaseMonth:
    """An accepted GPU lease, month by month, signed: inflow positive.

    Parameters
    ----------
    contract_usd : ndarray of shape (n_periods,)
        Fixed rent received (leases out) or paid (leases in). [USD]
    merchant_usd : ndarray of shape (n_scenarios, n_periods)
        Merchant revenue gained (in) or given up (out). [USD]
    opex_usd : ndarray of shape (n_scenarios, n_periods)
        Change of operating cost. [USD]
    energy_usd : ndarray of shape (n_scenarios, n_periods)
        Change of energy cost of own nodes, which work more under contract. [USD]
    """

    contract_usd: FloatArray
    merchant_usd: FloatArray
    opex_usd: FloatArray
    energy_usd: FloatArray

    @property
    def margin_usd(self) -> FloatArray:
        """Sum of the parts, shape (n_scenarios, n_periods) [USD]."""
        contract = np.asarray(self.contract_usd, like=self.merchant_usd)
        total: FloatArray = (
            contract + self.merchant_usd + self.opex_usd + self.energy_usd
        )
        return total


def hosting_month(
    study: Study, offer: HostingOffer, paths: MarketPaths
) -> HostingMonth:
    """Return what a hosting offer earns and costs while it runs.

    Miners: ``MW x hours x rate x max(load, take-or-pay share)`` with energy at the
    flexible price on our account. HPC tenants: ``IT kW x monthly rent`` times the same
    share, energy passed through, IT kW being facility MW over the shell's gross ratio.

    Parameters
    ----------
    study : Study
        Study with the offer's site.
    offer : HostingOffer
        Offer. [mixed]
    paths : MarketPaths
        Futures. [mixed]

    Returns
    -------
    HostingMonth
        Arrays over all periods, as if running throughout.
    """
    rates = hosting_rates(study, offer)
    multiplier = paths.power_multiplier[:, study.site_index(offer.site)]
    return HostingMonth(
        revenue_usd=rates.revenue_usd,
        energy_usd=np.asarray(rates.energy_usd, like=multiplier) * multiplier,
        opex_usd=rates.opex_usd,
    )


def hosting_rates(study: Study, offer: HostingOffer) -> HostingRates:
    """Return what a hosting offer earns and costs, whatever the price of power."""
    site = study.site(offer.site)
    n_periods = study.time.months
    hours = month_hours_h(study.time.start_month, n_periods)
    paid_frac = max(offer.load_frac, offer.take_or_pay_frac)
    if offer.rate_usd_per_mwh > 0:
        revenue = offer.mw * hours * paid_frac * offer.rate_usd_per_mwh
        price = base_price_usd_per_mwh(site, "flexible", n_periods)
        energy_usd = offer.mw * hours * offer.load_frac * price
    else:
        shell = site.shell(offer.shell)
        ratio = 1.0 if shell is None else shell.gross_per_it_ratio
        it_kw = offer.mw * _KW_PER_MW / ratio
        rent = it_kw * offer.rent_usd_per_it_kw_month
        revenue = np.full(n_periods, rent * paid_frac)
        energy_usd = np.zeros(n_periods)
    return HostingRates(revenue, offer.opex_frac_of_revenue * revenue, energy_usd)


def gpu_lease_month(
    study: Study, offer: GpuLeaseOffer, paths: MarketPaths
) -> GpuLeaseMonth:
    """Return what a GPU lease adds to a site's pool while it runs.

    A lease in pays ``GPUs x hours x price`` and puts the GPUs on the merchant market; a
    lease out receives ``GPUs x hours x paid share x price`` and takes them off it. Own
    nodes under contract work ``paid share`` of the hours instead of the merchant
    utilisation; a site without an HPC shell has no own nodes and no such cost.

    Parameters
    ----------
    study : Study
        Study with the offer's site and GPU family.
    offer : GpuLeaseOffer
        Offer. [mixed]
    paths : MarketPaths
        Futures. [mixed]

    Returns
    -------
    GpuLeaseMonth
        Arrays over all periods, as if running throughout.
    """
    gpu = study.gpu(offer.gpu)
    rates = lease_rates(study, offer)
    revenue, opex = gpu_merchant_usd(study, gpu, paths)
    merchant, merchant_opex = offer.n_gpus * revenue, offer.n_gpus * opex
    if offer.direction == "in":
        return GpuLeaseMonth(
            contract_usd=-rates.contract_usd,
            merchant_usd=merchant,
            opex_usd=-merchant_opex,
            energy_usd=np.zeros_like(merchant),
        )
    used = paths.gpu_utilisation_frac[:, study.gpu_index(gpu.id)]
    energy = (
        np.asarray(rates.energy_usd, like=used)
        * (rates.paid_hours_frac - used)
        * paths.power_multiplier[:, study.site_index(offer.site)]
    )
    contract_opex = np.asarray(rates.opex_frac * rates.contract_usd, like=merchant)
    return GpuLeaseMonth(
        contract_usd=rates.contract_usd,
        merchant_usd=-merchant,
        opex_usd=merchant_opex - contract_opex,
        energy_usd=-energy,
    )


def lease_rates(study: Study, offer: GpuLeaseOffer) -> LeaseRates:
    """Return what a GPU lease does, whatever the prices of rent and power."""
    site, gpu = study.site(offer.site), study.gpu(offer.gpu)
    n_periods = study.time.months
    hours = month_hours_h(study.time.start_month, n_periods)
    shell = site.shell("hpc")
    energy = np.zeros(n_periods)
    if offer.direction == "out" and shell is not None:
        it_mw = offer.n_gpus / gpu.gpus_per_node * gpu.node_it_kw / _KW_PER_MW
        price = base_price_usd_per_mwh(site, "firm", n_periods)
        energy = it_mw * shell.pue * (1.0 - gpu.idle_power_frac) * hours * price
    return LeaseRates(
        contract_usd=offer.n_gpus
        * hours
        * offer.paid_hours_frac
        * offer.price_usd_per_gpu_h,
        gpu_hours=offer.n_gpus * hours,
        opex_frac=gpu.opex_frac_of_revenue,
        paid_hours_frac=offer.paid_hours_frac,
        energy_usd=energy,
    )


def gpu_deposit_usd(study: Study, offer: GpuLeaseOffer) -> float:
    """Return the deposit of a GPU lease, signed as its first flow.

    Returns
    -------
    float
        ``deposit months x mean monthly payment``; negative when we pay it (leases in).
        It comes back in full when the lease ends, or at the horizon. [USD]
    """
    hours = float(month_hours_h(study.time.start_month, study.time.months).mean())
    monthly = offer.n_gpus * hours * offer.paid_hours_frac * offer.price_usd_per_gpu_h
    sign = -1.0 if offer.direction == "in" else 1.0
    return sign * offer.deposit_months * monthly


def remainder_factor(months_left: int, discount_rate_per_year: float) -> float:
    """Return how many of its last monthly margins a contract is worth at the horizon.

    Parameters
    ----------
    months_left : int
        Months of the contract beyond the horizon; zero or less gives 0. [months]
    discount_rate_per_year : float
        Annual rate, > -1. [per year]

    Returns
    -------
    float
        ``sum of (1 + r)^(-k / 12) for k = 1 .. months_left``. [months]
    """
    if months_left <= 0:
        return 0.0
    return float(discount_factors(discount_rate_per_year, months_left)[1:].sum())


def remainder_rate_per_year(study: Study, site: Site) -> float:
    """Return the rate at which a site's contracts are discounted past the horizon.

    Returns
    -------
    float
        The company's discount rate or the site's hurdle rate, whichever is higher: a
        verdict at the hurdle must not rest on years discounted more gently. [per year]
    """
    return max(study.company.discount_rate_per_year, site.hurdle_rate_per_year)


def contract_remainder_factor(study: Study, site: Site, until: int) -> float:
    """Return how many last monthly margins a contract is worth at the horizon, taxed.

    Parameters
    ----------
    study : Study
        Study.
    site : Site
        Site of the contract; tax and withholding apply in full outside holidays, since
        depreciation left past the horizon is not tracked.
    until : int
        First period after the contract. [period]

    Returns
    -------
    float
        Sum over months k past the horizon of ``(1 - levies of the month) x
        (1 + remainder rate)^(-k / 12)``. [months]
    """
    months_left = until - study.time.months
    if months_left <= 0:
        return 0.0
    after = add_months(study.time.start_month, study.time.months)
    terms = tax_terms(study.tax_regime(site), after, months_left)
    kept = [1.0 - terms.levy_frac(month) for month in range(months_left)]
    rate = remainder_rate_per_year(study, site)
    return float(discount_factors(rate, months_left)[1:] @ np.array(kept))
