# SPDX-License-Identifier: Apache-2.0
"""Changed market paths: named multipliers, a given hash price, late builds.

Each change is direct: nothing else answers to it, but what follows from it by identity
(hash price, output of 1 EH/s) is recomputed. Paths in which the network answers come
from `models.market`; which changes belong to a grid or a story is not said here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from models.paths import MarketPaths

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.arrays import FloatArray, IntArray
    from models.study import Study

__all__ = [
    "MULTIPLIERS",
    "MUST_BE_POSITIVE",
    "delayed",
    "repeated",
    "require_multiplier",
    "scaled",
    "with_hashprice",
]

MULTIPLIERS: Final = {
    "btc_price": "BTC price; the network does not answer",
    "network": "network hashrate and difficulty",
    "fees": "transaction fees over subsidy",
    "power_price": "power price at every site",
    "gpu_rent": "merchant rent of every GPU family",
    "gpu_utilisation": "sold share of merchant hours, at most 1 after it",
    "capex": "build cost of phases, shells and conversions",
}
"""What each named multiplier multiplies."""

MUST_BE_POSITIVE: Final = frozenset({"btc_price", "network"})
"""Multipliers that may not be zero."""

_FULL: Final = 1.0


def repeated(paths: MarketPaths, n_scenarios: int) -> MarketPaths:
    """Return one path as if it were many.

    Parameters
    ----------
    paths : MarketPaths
        One scenario, shape (1, ...). [mixed]
    n_scenarios : int
        How many, >= 1. [unitless]

    Returns
    -------
    MarketPaths
        Read-only views; nothing is copied.

    Raises
    ------
    ValueError
        If there is more than one path already.
    """
    if paths.n_scenarios != 1:
        msg = f"paths holds {paths.n_scenarios} scenarios, only 1 can be repeated"
        raise ValueError(msg)

    def many(array: FloatArray) -> FloatArray:
        return np.broadcast_to(array, (n_scenarios, *array.shape[1:]))

    return MarketPaths(
        btc_price_usd=many(paths.btc_price_usd),
        network_eh_s=many(paths.network_eh_s),
        btc_per_eh_s=many(paths.btc_per_eh_s),
        hashprice_usd_per_ph_day=many(paths.hashprice_usd_per_ph_day),
        power_multiplier=many(paths.power_multiplier),
        gpu_rent_usd_per_gpu_h=many(paths.gpu_rent_usd_per_gpu_h),
        gpu_utilisation_frac=many(paths.gpu_utilisation_frac),
        client_fate=many(paths.client_fate),
        capex_factor=many(paths.capex_factor),
        delay_months=np.broadcast_to(
            paths.delay_months, (n_scenarios, *paths.delay_months.shape[1:])
        ),
        btc_low_frac=many(paths.btc_low_frac),
        btc_dip_frac=many(paths.btc_dip_frac),
    )


def scaled(
    study: Study, paths: MarketPaths, multipliers: Mapping[str, float | FloatArray]
) -> MarketPaths:
    """Return paths with named prices multiplied.

    Parameters
    ----------
    study : Study
        Study of the paths.
    paths : MarketPaths
        Paths to change, shape (n_scenarios, ...). [mixed]
    multipliers : mapping of str to float or ndarray of shape (n_scenarios, ...)
        Factors by name of `MULTIPLIERS`: one number, one per scenario of shape
        (n_scenarios,) or one per scenario and month of shape (n_scenarios, n_periods)
        (not for ``capex``). [ratio]

    Returns
    -------
    MarketPaths
        New paths; a factor of 1 changes no bit.

    Raises
    ------
    ValueError
        If a name is unknown, or a factor is negative, not finite, zero where that
        makes no sense, or of the wrong shape.

    Notes
    -----
    Difficulty goes with the network hash rate, so output per EH/s and hash price go
    with its inverse; heights and the halving month stay. ``fees`` multiplies the fee
    share f of the base case: rewards go with ``(1 + m f) / (1 + f)``, exact on paths
    with that fee share, such as the base path.
    """
    factors = {
        name: _checked(paths, name, factor) for name, factor in multipliers.items()
    }
    changes: dict[str, FloatArray] = {}
    price = factors.get("btc_price", _FULL)
    network = factors.get("network", _FULL)
    share = study.market.fee_share_frac
    reward = (1.0 + factors.get("fees", _FULL) * share) / (1.0 + share)
    if "btc_price" in factors:
        changes["btc_price_usd"] = paths.btc_price_usd * price
    if "network" in factors:
        changes["network_eh_s"] = paths.network_eh_s * network
    if {"network", "fees"} & set(factors):
        changes["btc_per_eh_s"] = paths.btc_per_eh_s * reward / network
    if {"network", "fees", "btc_price"} & set(factors):
        changes["hashprice_usd_per_ph_day"] = (
            paths.hashprice_usd_per_ph_day * price * reward / network
        )
    if "power_price" in factors:
        by_site = factors["power_price"][:, None, :]
        changes["power_multiplier"] = paths.power_multiplier * by_site
    if "gpu_rent" in factors:
        by_gpu = factors["gpu_rent"][:, None, :]
        changes["gpu_rent_usd_per_gpu_h"] = paths.gpu_rent_usd_per_gpu_h * by_gpu
    if "gpu_utilisation" in factors:
        sold = paths.gpu_utilisation_frac * factors["gpu_utilisation"][:, None, :]
        changes["gpu_utilisation_frac"] = np.minimum(sold, _FULL)
    if "capex" in factors:
        changes["capex_factor"] = paths.capex_factor * factors["capex"]
    return replace(paths, **changes)  # type: ignore[arg-type]


def with_hashprice(
    paths: MarketPaths, hashprice_usd_per_ph_day: FloatArray
) -> MarketPaths:
    """Return paths on which the network has the size that gives a hash price.

    BTC price and rewards stay; network hash rate and difficulty go with old over new
    hash price, output per EH/s with its inverse.

    Parameters
    ----------
    paths : MarketPaths
        Paths to change, shape (n_scenarios, ...). [mixed]
    hashprice_usd_per_ph_day : ndarray of shape (n_periods,) or (n_scenarios, n_periods)
        Wanted hash price, > 0. [USD/(PH/s)/day]

    Returns
    -------
    MarketPaths
        New paths.

    Raises
    ------
    ValueError
        If a hash price is not positive and finite.
    """
    wanted = np.asarray(hashprice_usd_per_ph_day, like=paths.btc_price_usd)
    if not bool((np.isfinite(wanted) & (wanted > 0.0)).all()):
        msg = "hashprice_usd_per_ph_day must be positive and finite in every month"
        raise ValueError(msg)
    ratio = paths.hashprice_usd_per_ph_day / wanted
    return replace(
        paths,
        network_eh_s=paths.network_eh_s * ratio,
        btc_per_eh_s=paths.btc_per_eh_s / ratio,
        hashprice_usd_per_ph_day=paths.hashprice_usd_per_ph_day / ratio,
    )


def delayed(paths: MarketPaths, months_by_site: IntArray) -> MarketPaths:
    """Return paths on which everything built at a site comes later still.

    Parameters
    ----------
    paths : MarketPaths
        Paths to change, shape (n_scenarios, ...). [mixed]
    months_by_site : ndarray of shape (n_sites,)
        Further delay, >= 0. [months]

    Returns
    -------
    MarketPaths
        New paths.

    Raises
    ------
    ValueError
        If a delay is negative or the shape does not fit.
    """
    extra = np.asarray(months_by_site)
    n_sites = paths.delay_months.shape[1]
    if extra.shape != (n_sites,) or bool((extra < 0).any()):
        msg = f"months_by_site = {extra.tolist()} must be {n_sites} numbers >= 0"
        raise ValueError(msg)
    more = np.asarray(extra.astype(np.int64), like=paths.delay_months)
    return replace(paths, delay_months=paths.delay_months + more)


def require_multiplier(name: str, values: FloatArray) -> None:
    """Raise when multipliers of a name cannot be applied.

    Parameters
    ----------
    name : str
        One of `MULTIPLIERS`.
    values : ndarray of any shape
        Factors. [ratio]

    Raises
    ------
    ValueError
        If the name is unknown, or a factor is negative, not finite, or zero where that
        makes no sense.
    """
    if name not in MULTIPLIERS:
        msg = f"multiplier {name!r} is none of {', '.join(MULTIPLIERS)}"
        raise ValueError(msg)
    least = "> 0" if name in MUST_BE_POSITIVE else ">= 0"
    is_low = values <= 0.0 if name in MUST_BE_POSITIVE else values < 0.0
    if bool(is_low.any()) or not bool(np.isfinite(values).all()):
        msg = f"multiplier {name} must be finite and {least} everywhere"
        raise ValueError(msg)


def _checked(paths: MarketPaths, name: str, factor: float | FloatArray) -> FloatArray:
    """Return a multiplier as (n_scenarios or 1, n_periods or 1)."""
    array = np.asarray(factor, dtype=np.float64, like=paths.btc_price_usd)
    n_scenarios, n_periods = paths.btc_price_usd.shape
    if array.ndim < 2:
        array = array.reshape(-1, 1)
    rows_fit = array.shape[0] in {1, n_scenarios}
    months_fit = array.shape[1] == 1 or (
        name != "capex" and array.shape[1] == n_periods
    )
    if array.ndim > 2 or not rows_fit or not months_fit:
        msg = (
            f"multiplier {name} has shape {array.shape}, expected one number, "
            f"({n_scenarios},) or, except for capex, ({n_scenarios}, {n_periods})"
        )
        raise ValueError(msg)
    require_multiplier(name, array)
    return array
