# SPDX-License-Identifier: Apache-2.0
"""Market paths: one future per row, as arrays that the engine reads.

How paths come about stands in `models.market`; grids and random draws in `gpu`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = ["MarketPaths"]


@dataclass(frozen=True, slots=True)
class MarketPaths:
    """Futures of every price, NumPy or CuPy arrays alike.

    Parameters
    ----------
    btc_price_usd : ndarray of shape (n_scenarios, n_periods)
        Period average price. [USD/BTC]
    network_eh_s : ndarray of shape (n_scenarios, n_periods)
        Average network hashrate. [EH/s]
    btc_per_eh_s : ndarray of shape (n_scenarios, n_periods)
        Expected output of 1 EH/s over the month, fees included, before the pool
        fee. [BTC]
    hashprice_usd_per_ph_day : ndarray of shape (n_scenarios, n_periods)
        Expected revenue of 1 PH/s over a day. [USD/(PH/s)/day]
    power_multiplier : ndarray of shape (n_scenarios, n_sites, n_periods)
        Power price over the site's base path. [ratio]
    gpu_rent_usd_per_gpu_h : ndarray of shape (n_scenarios, n_gpus, n_periods)
        Merchant rent. [USD/GPU-h]
    gpu_utilisation_frac : ndarray of shape (n_scenarios, n_gpus, n_periods)
        Sold share of merchant hours. [share 0-1]
    client_fate : ndarray of shape (n_scenarios, n_sites, n_slots)
        Time to default of each contract's client over its mean, infinite on the base
        path; places as `models.clients.client_slot` has them. [ratio]
    capex_factor : ndarray of shape (n_scenarios, n_sites)
        Build cost over plan. [ratio]
    delay_months : ndarray of shape (n_scenarios, n_sites)
        Commissioning delay of everything built at the site. [months]
    btc_low_frac : ndarray of shape (n_scenarios, n_periods)
        Month's lowest BTC price over its average; 1 on the base path. [ratio]
    btc_dip_frac : ndarray of shape (n_scenarios, n_periods)
        Lowest BTC price within the cure time of a margin call over that at the call;
        1 on the base path. [share 0-1]
    """

    btc_price_usd: FloatArray
    network_eh_s: FloatArray
    btc_per_eh_s: FloatArray
    hashprice_usd_per_ph_day: FloatArray
    power_multiplier: FloatArray
    gpu_rent_usd_per_gpu_h: FloatArray
    gpu_utilisation_frac: FloatArray
    client_fate: FloatArray
    capex_factor: FloatArray
    delay_months: IntArray
    btc_low_frac: FloatArray
    btc_dip_frac: FloatArray

    @property
    def n_scenarios(self) -> int:
        """Number of futures."""
        return int(self.btc_price_usd.shape[0])
