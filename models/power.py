# SPDX-License-Identifier: Apache-2.0
"""Power: what a megawatt-hour and an energised megawatt cost at a site.

The energy that machines draw stands in `models.fleet`; which MW are energised in
`models.capacity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.site import Site

__all__ = [
    "avoidable_frac",
    "base_price_usd_per_mwh",
    "commitment_cost_usd",
    "demand_charge_usd",
]

LoadKind = Literal["flexible", "firm"]


def base_price_usd_per_mwh(site: Site, load: LoadKind, n_periods: int) -> FloatArray:
    """Return the energy price path of a site before scenario multipliers.

    A partner site charges its all-in hosting rate for either load.

    Parameters
    ----------
    site : Site
        Site with its tariff.
    load : {"flexible", "firm"}
        Kind of load.
    n_periods : int
        Months. [months]

    Returns
    -------
    ndarray of shape (n_periods,)
        ``price * (1 + escalation)^(t / 12)``, t from 0. [USD/MWh]
    """
    if site.partner is not None:
        price = site.partner.hosting_rate_usd_per_mwh
    elif load == "flexible":
        price = site.power.flexible_usd_per_mwh
    else:
        price = site.power.firm_usd_per_mwh
    years = np.arange(n_periods) / MONTHS_PER_YEAR
    path: FloatArray = price * (1.0 + site.power.escalation_per_year) ** years
    return path


def avoidable_frac(site: Site) -> float:
    """Return the share of the energy price not owed when machines stand by.

    Returns
    -------
    float
        1 at owned sites; the partner contract's avoidable share elsewhere. The rest is
        owed on committed MW, see `commitment_cost_usd`. [share 0-1]
    """
    return 1.0 if site.partner is None else site.partner.avoidable_frac


def commitment_cost_usd(
    site: Site, committed_mw: FloatArray, hours_h: FloatArray
) -> FloatArray:
    """Return what committed MW cost whether machines run or not.

    ``committed MW x hours x uptime x rate x (1 - avoidable share)``: together with the
    avoidable share on energy taken, machines that run all their uptime pay the full
    rate once.

    Parameters
    ----------
    site : Site
        Partner site; an owned site costs nothing here.
    committed_mw : ndarray of shape (n_periods,)
        MW under contract. [MW]
    hours_h : ndarray of shape (n_periods,)
        Length of each month. [h]

    Returns
    -------
    ndarray of shape (n_periods,)
        Cost before scenario multipliers, >= 0. [USD]
    """
    rate = base_price_usd_per_mwh(site, "flexible", len(hours_h))
    unavoidable = 1.0 - avoidable_frac(site)
    cost: FloatArray = committed_mw * hours_h * site.uptime_frac * rate * unavoidable
    return cost


def demand_charge_usd(site: Site, energised_mw: FloatArray) -> FloatArray:
    """Return the fixed charge on energised MW.

    Parameters
    ----------
    site : Site
        Site with its tariff.
    energised_mw : ndarray of shape (..., n_periods)
        MW connected. [MW]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Cost, >= 0. [USD]
    """
    cost: FloatArray = energised_mw * site.power.demand_charge_usd_per_mw_month
    return cost
