# SPDX-License-Identifier: Apache-2.0
"""Drivers: the prices whose change may turn a decision, as multipliers of a study.

A driver is ``btc_price``, ``gpu_rent``, ``power_price``, ``power_price@site``,
``hosting_rate`` or ``hosting_rate@site``. What belongs to a scoring grid stands in
`models.path_changes`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from models.path_changes import scaled

if TYPE_CHECKING:
    from models.paths import MarketPaths
    from models.study import Study

__all__ = [
    "MOST",
    "N_STEPS",
    "base_values",
    "changed",
    "driver_title",
    "multiplier_of",
    "price_text",
]

MOST: Final = 4.0
"""Largest multiplier; the smallest is its inverse. [ratio]"""
N_STEPS: Final = 32
"""Steps from 1 to `MOST` (or its inverse), equal in ratio: 4.4 % each."""

_TITLES: Final = {
    "btc_price": "BTC price",
    "power_price": "power price",
    "gpu_rent": "GPU rent",
    "hosting_rate": "hosting rate",
}


def multiplier_of(driver: str, step: int) -> float:
    """Return the multiplier of a step: power gets cheaper, everything else dearer.

    Parameters
    ----------
    driver : str
        Driver.
    step : int
        0 is the study as it is, `N_STEPS` the limit. [steps]

    Returns
    -------
    float
        ``MOST^(step / N_STEPS)``, inverted for power prices. [ratio]
    """
    power = step / N_STEPS
    return float(MOST ** (-power if driver.startswith("power_price") else power))


def driver_title(study: Study, driver: str) -> str:
    """Return a driver in words."""
    kind, _, place = driver.partition("@")
    where = f" at {study.site(place).name}" if place else ""
    return f"{_TITLES[kind]}{where}"


def changed(
    study: Study, paths: MarketPaths, driver: str, multiplier: float
) -> tuple[Study, MarketPaths]:
    """Return a study and its paths with one price multiplied.

    Parameters
    ----------
    study : Study
        Study.
    paths : MarketPaths
        Its base path. [mixed]
    driver : str
        Price to multiply: the BTC price (the network does not answer), the merchant
        rent of every GPU family (contracts stay as offered), the power price of one or
        all sites (a partner's all-in rate too), or the rates and rents of hosting
        offers that may be refused.
    multiplier : float
        Factor in every month, > 0. [ratio]

    Returns
    -------
    tuple of Study and MarketPaths
        Changed copies.
    """
    kind, _, place = driver.partition("@")
    if kind == "hosting_rate":
        offers = tuple(
            offer
            if offer.is_committed or (place and offer.site != place)
            else offer.model_copy(
                update={
                    "rate_usd_per_mwh": offer.rate_usd_per_mwh * multiplier,
                    "rent_usd_per_it_kw_month": offer.rent_usd_per_it_kw_month
                    * multiplier,
                }
            )
            for offer in study.hosting_offers
        )
        return study.model_copy(update={"hosting_offers": offers}), paths
    if kind == "power_price" and place:
        power = paths.power_multiplier.copy()
        power[:, study.site_index(place)] *= multiplier
        return study, replace(paths, power_multiplier=power)
    return study, scaled(study, paths, {kind: multiplier})


def base_values(study: Study, driver: str) -> dict[str, float]:
    """Return what a multiplier of 1 stands for, in the first month.

    Returns
    -------
    dict of str to float
        Prices by name; names carry the unit. [mixed]
    """
    kind, _, place = driver.partition("@")
    if kind == "btc_price":
        return {"btc_price_usd": study.market.btc_price_usd}
    if kind == "gpu_rent":
        return {
            f"{gpu.id}_rent_usd_per_gpu_h": gpu.rent_usd_per_gpu_h
            for gpu in study.gpus
            if gpu.is_orderable
        }
    values: dict[str, float] = {}
    if kind == "power_price":
        for site in study.sites:
            if place and site.id != place:
                continue
            if site.partner is not None:
                name = f"{site.id}_hosting_rate_usd_per_mwh"
                values[name] = site.partner.hosting_rate_usd_per_mwh
                continue
            values[f"{site.id}_flexible_usd_per_mwh"] = site.power.flexible_usd_per_mwh
            values[f"{site.id}_firm_usd_per_mwh"] = site.power.firm_usd_per_mwh
        return values
    for offer in study.hosting_offers:
        if offer.is_committed or (place and offer.site != place):
            continue
        if offer.rate_usd_per_mwh > 0:
            values[f"{offer.id}_usd_per_mwh"] = offer.rate_usd_per_mwh
        else:
            values[f"{offer.id}_usd_per_it_kw_month"] = offer.rent_usd_per_it_kw_month
    return values


def price_text(name: str, value: float) -> str:
    """Return a price with its unit, as people write it.

    Parameters
    ----------
    name : str
        Key of `base_values`; it ends in its unit.
    value : float
        Price. [as named]
    """
    unit = name[name.rindex("usd") :].replace("usd_per_", "USD/")
    unit = unit.replace("usd", "USD").replace("gpu_h", "GPU-h").replace("mwh", "MWh")
    unit = unit.replace("it_kw_month", "kW IT and month")
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"
