# SPDX-License-Identifier: Apache-2.0
"""Inputs that are allowed but odd: shown as warnings, never refused.

What does not belong here: faults (`sites.checks`) and results that are odd (the
report).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.margin import opening_ltv_frac
from models.months import add_months
from sites.provenance import assumption_share_frac

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.offers import GpuLeaseOffer
    from models.site import Site
    from models.study import Study
    from sites.provenance import InputNumber

__all__ = ["SuspiciousInput", "suspicious_inputs"]

_EFFICIENCY_J_PER_TH: Final = (8.0, 60.0)
_POWER_USD_PER_MWH: Final = (20.0, 150.0)
_RENT_RATIO: Final = 3.0
_ASSUMPTION_SHARE_FRAC: Final = 0.25
_RATE_PER_YEAR: Final = 1.0
_SMALL_FEE_FRAC: Final = 0.05
_UPTIME_FRAC: Final = 0.7
_DUTY_FRAC: Final = 1.0
_CAPEX_USD_PER_MW: Final = {"air": 2e6, "hydro": 3e6, "hpc": 20e6}
_PHASE_CAPEX_USD_PER_MW: Final = 3e6


@dataclass(frozen=True, slots=True)
class SuspiciousInput:
    """One odd input.

    Parameters
    ----------
    code : str
        Kind of oddity.
    key : str
        Place in the study by record names.
    message : str
        What is odd, with the value and what is usual.
    """

    code: str
    key: str
    message: str

    def __str__(self) -> str:
        """Return the warning as one line."""
        return f"{self.key}: {self.message}"


def suspicious_inputs(
    study: Study, numbers: tuple[InputNumber, ...]
) -> tuple[SuspiciousInput, ...]:
    """Return every odd input of a study.

    Parameters
    ----------
    study : Study
        Checked study.
    numbers : tuple of InputNumber
        Where its numbers come from.

    Returns
    -------
    tuple of SuspiciousInput
        Sources first, then company, hardware, sites and offers.
    """
    found = [*_origins(numbers), *_company(study), *_hardware(study)]
    for site in study.sites:
        found += [*_site_prices(study, site), *_site_builds(study, site)]
    found += [*_hosting(study), *_leases(study)]
    return tuple(found)


def _origins(numbers: tuple[InputNumber, ...]) -> Iterator[SuspiciousInput]:
    bare = [number for number in numbers if not number.has_source]
    if bare:
        message = (
            f"{len(bare)} of {len(numbers)} numbers have no source given, the first "
            f"is {bare[0].key} in {bare[0].file}"
        )
        yield SuspiciousInput("no_source", "study", message)
    share = assumption_share_frac(numbers)
    if share > _ASSUMPTION_SHARE_FRAC:
        message = f"{share:.0%} of {len(numbers)} numbers are assumptions"
        yield SuspiciousInput("assumptions", "study", message)
    late = [number for number in numbers if number.is_after_study_date]
    if late:
        message = (
            f"{len(late)} of {len(numbers)} numbers hold for a day after the study's, "
            f"the latest for {max(number.as_of for number in late)}"
        )
        yield SuspiciousInput("after_study_date", "study", message)


def _company(study: Study) -> Iterator[SuspiciousInput]:
    company, loan = study.company, study.company.loan
    if loan.principal_usd > 0:
        ltv = opening_ltv_frac(company, study.market.btc_price_usd)
        if ltv > loan.initial_ltv_frac:
            level = (
                f"above the margin call level of {loan.margin_call_ltv_frac:.0%}"
                if ltv > loan.margin_call_ltv_frac
                else f"above the initial {loan.initial_ltv_frac:.0%} and under the "
                f"margin call level of {loan.margin_call_ltv_frac:.0%}"
            )
            message = f"the opening loan to value is {ltv:.1%}, {level}"
            yield SuspiciousInput("loan_to_value", "company.loan", message)
    drift = study.market.btc_log_drift_per_year
    if drift > loan.rate_per_year > 0.0:
        message = (
            f"BTC drifts up by {drift:.1%} a year, over the loan's "
            f"{loan.rate_per_year:.1%}: a plan would borrow to hold BTC"
        )
        yield SuspiciousInput("drift", "market.btc_log_drift_per_year", message)
    if company.cash_usd < company.cash_floor_usd:
        message = (
            f"opening cash {company.cash_usd:,.0f} USD is under the cash floor "
            f"{company.cash_floor_usd:,.0f} USD"
        )
        yield SuspiciousInput("cash_floor", "company.cash_usd", message)
    rates = {
        "company.discount_rate_per_year": company.discount_rate_per_year,
        "company.loan.rate_per_year": loan.rate_per_year,
        **{
            f"sites.{s.id}.hurdle_rate_per_year": s.hurdle_rate_per_year
            for s in study.sites
        },
    }
    for key, rate in rates.items():
        if rate > _RATE_PER_YEAR:
            message = f"{rate:g} is {rate:.0%} a year; 12 % is 0.12"
            yield SuspiciousInput("rate", key, message)
    for name in ("pool_fee_frac", "btc_selling_cost_frac"):
        share = float(getattr(company, name))
        if share > _SMALL_FEE_FRAC:
            message = f"{share:g} is {share:.0%}; half a percent is 0.005"
            yield SuspiciousInput("fee", f"company.{name}", message)


def _outside(value: float, bounds: tuple[float, float]) -> bool:
    return not bounds[0] <= value <= bounds[1]


def _hardware(study: Study) -> Iterator[SuspiciousInput]:
    low, high = _EFFICIENCY_J_PER_TH
    for asic in study.asics:
        if _outside(asic.efficiency_j_per_th, _EFFICIENCY_J_PER_TH):
            message = (
                f"{asic.power_w:g} W over {asic.hashrate_th_s:g} TH/s is "
                f"{asic.efficiency_j_per_th:.1f} J/TH, usual are {low:g} to {high:g}"
            )
            yield SuspiciousInput("efficiency", f"asics.{asic.id}", message)
        if asic.scrap_usd_per_th > asic.price_usd_per_th:
            message = (
                f"scrap at {asic.scrap_usd_per_th:g} USD/TH is worth more than a new "
                f"machine at {asic.price_usd_per_th:g} USD/TH"
            )
            yield SuspiciousInput("scrap", f"asics.{asic.id}", message)


def _site_prices(study: Study, site: Site) -> Iterator[SuspiciousInput]:
    low, high = _POWER_USD_PER_MWH
    prices = {
        "power.flexible_usd_per_mwh": site.power.flexible_usd_per_mwh,
        "power.firm_usd_per_mwh": site.power.firm_usd_per_mwh,
    }
    if site.partner is not None:
        rate = site.partner.hosting_rate_usd_per_mwh
        prices = {"partner.hosting_rate_usd_per_mwh": rate}
    for name, price in prices.items():
        if _outside(price, _POWER_USD_PER_MWH):
            message = f"{price:g} USD/MWh, usual are {low:g} to {high:g} USD/MWh"
            yield SuspiciousInput("power_price", f"sites.{site.id}.{name}", message)
    discount = study.company.discount_rate_per_year
    if site.is_discretionary and site.hurdle_rate_per_year < discount:
        message = (
            f"the hurdle {site.hurdle_rate_per_year:.1%} is under the discount rate "
            f"{discount:.1%}"
        )
        key = f"sites.{site.id}.hurdle_rate_per_year"
        yield SuspiciousInput("hurdle", key, message)
    if site.uptime_frac < _UPTIME_FRAC:
        message = f"machines run only {site.uptime_frac:.0%} of the hours"
        yield SuspiciousInput("uptime", f"sites.{site.id}.uptime_frac", message)
    for name in ("asic_duty_frac", "gpu_duty_frac"):
        duty = float(getattr(site, name))
        if duty > _DUTY_FRAC:
            message = f"{duty:g} is a duty of {duty:.0%}; 5 % is 0.05"
            yield SuspiciousInput("duty", f"sites.{site.id}.{name}", message)


def _site_builds(study: Study, site: Site) -> Iterator[SuspiciousInput]:
    last = study.time.months - study.company.min_live_months
    dated = [
        (
            f"shells.{shell.kind}.build",
            shell.build.earliest_month,
            shell.build.lead_time_months,
        )
        for shell in site.shells
        if shell.build is not None
    ]
    dated += [
        (f"phases.{p.id}", p.earliest_month, p.lead_time_months) for p in site.phases
    ]
    dated += [
        (f"conversions.{c.id}", c.earliest_month, c.lead_time_months)
        for c in site.conversions
    ]
    for name, month, lead in dated:
        if study.period_of(month) + lead > last:
            message = (
                f"started in {month} it is live in {add_months(month, lead)}, too late "
                f"for a horizon of {study.time.months} months: it cannot be chosen"
            )
            yield SuspiciousInput("too_late", f"sites.{site.id}.{name}", message)
    for shell in site.shells:
        usual = _CAPEX_USD_PER_MW[shell.kind]
        if shell.build is not None and shell.build.capex_usd_per_mw > usual:
            message = (
                f"{shell.build.capex_usd_per_mw:,.0f} USD/MW for {shell.kind} space, "
                f"usual are at most {usual:,.0f} USD/MW"
            )
            key = f"sites.{site.id}.shells.{shell.kind}.build"
            yield SuspiciousInput("capex", key, message)
    for phase in site.phases:
        per_mw = phase.capex_usd / phase.mw
        if per_mw > _PHASE_CAPEX_USD_PER_MW:
            message = (
                f"{per_mw:,.0f} USD/MW of power, usual are at most "
                f"{_PHASE_CAPEX_USD_PER_MW:,.0f} USD/MW"
            )
            key = f"sites.{site.id}.phases.{phase.id}"
            yield SuspiciousInput("capex", key, message)


def _hosting(study: Study) -> Iterator[SuspiciousInput]:
    for offer in study.hosting_offers:
        key = f"hosting_offers.{offer.id}"
        site = study.site(offer.site)
        if (offer.shell == "hpc") != (offer.rent_usd_per_it_kw_month > 0):
            message = f"a client in {offer.shell} space usually pays the other way"
            yield SuspiciousInput("payment", key, message)
        power = site.power.flexible_usd_per_mwh
        if 0 < offer.rate_usd_per_mwh < power:
            message = (
                f"the client pays {offer.rate_usd_per_mwh:g} USD/MWh for power that "
                f"costs {power:g} USD/MWh"
            )
            yield SuspiciousInput("rate_below_power", key, message)
        if offer.take_or_pay_frac < offer.load_frac and offer.shell == "hpc":
            message = "an HPC tenant usually pays for all reserved power"
            yield SuspiciousInput("take_or_pay", key, message)


def _leases(study: Study) -> Iterator[SuspiciousInput]:
    out: dict[tuple[str, str], GpuLeaseOffer] = {}
    for offer in study.gpu_offers:
        key = f"gpu_offers.{offer.id}"
        rent = study.gpu(offer.gpu).rent_usd_per_gpu_h
        price = offer.price_usd_per_gpu_h
        if price > _RENT_RATIO * rent or price * _RENT_RATIO < rent:
            message = (
                f"{price:g} USD/GPU-h, while the merchant rent of {offer.gpu} is "
                f"{rent:g} USD/GPU-h"
            )
            yield SuspiciousInput("rent", key, message)
        if offer.direction == "out":
            place = (offer.site, offer.gpu)
            best = out.get(place)
            if best is None or price > best.price_usd_per_gpu_h:
                out[place] = offer
    for offer in study.gpu_offers:
        sold = out.get((offer.site, offer.gpu))
        if offer.direction == "in" and sold is not None:
            net = sold.price_usd_per_gpu_h * sold.paid_hours_frac
            if offer.price_usd_per_gpu_h * offer.paid_hours_frac > net:
                message = f"costs more than the best lease out, {sold.id}, brings"
                yield SuspiciousInput("lease_margin", f"gpu_offers.{offer.id}", message)
