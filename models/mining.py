# SPDX-License-Identifier: Apache-2.0
"""Mining: what a hash rate needs in power, yields in BTC, earns and costs.

One pure function per rule, in expected values: luck belongs to `models.market`, the
network's own rules to `models.network`, who pays which power bill to `models.power`.
Every function uses only operators, so scalars, NumPy and CuPy arrays broadcast alike
and no host copy is made; NaN propagates. Arguments of one call must broadcast against
each other in the axis order (plan, scenario, site, line, period).

One joule per terahash is one MW per EH/s, one kW per PH/s and 0.024 MWh per PH/s per
day; all conversions below follow from that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.network import HASHES_PER_DIFFICULTY
from models.units import HASHES_PER_EH, HOURS_PER_DAY, KWH_PER_MWH, SECONDS_PER_DAY

if TYPE_CHECKING:
    from models.arrays import FloatLike

__all__ = [
    "break_even_btc_price_usd",
    "break_even_power_price_usd_per_mwh",
    "cost_to_mine_usd_per_btc",
    "energy_cost_usd_per_ph_day",
    "energy_mwh",
    "expected_btc",
    "facility_mw",
    "hashprice_usd_per_ph_day",
    "hashrate_eh_s",
    "hashrate_for_btc_eh_s",
    "revenue_usd_per_mwh",
]

_HASHES_PER_PH_DAY: Final = 1e15 * SECONDS_PER_DAY
# 1 PH/s at 1 J/TH draws 1 kW.
_MWH_PER_PH_DAY_PER_J_PER_TH: Final = HOURS_PER_DAY / KWH_PER_MWH


def hashrate_eh_s(
    facility_mw: FloatLike, efficiency_j_per_th: FloatLike, *, pue: FloatLike | float
) -> FloatLike:
    """Return the hash rate that a power at the meter runs.

    Parameters
    ----------
    facility_mw : ndarray of shape (..., n_periods)
        Power at the site's meter. [MW]
    efficiency_j_per_th : ndarray of shape (..., n_periods)
        Efficiency of the machines at the plug, > 0. [J/TH]
    pue : ndarray of shape (..., n_periods)
        Power usage effectiveness, >= 1: facility energy over machine energy. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        ``facility_mw / (pue * efficiency)``: 1 MW at 1 J/TH is 1 EH/s. [EH/s]
    """
    return facility_mw / (pue * efficiency_j_per_th)


def facility_mw(
    hashrate_eh_s: FloatLike, efficiency_j_per_th: FloatLike, *, pue: FloatLike | float
) -> FloatLike:
    """Return the power at the meter that a hash rate needs.

    Parameters
    ----------
    hashrate_eh_s : ndarray of shape (..., n_periods)
        Hash rate of the machines. [EH/s]
    efficiency_j_per_th : ndarray of shape (..., n_periods)
        Efficiency of the machines at the plug. [J/TH]
    pue : ndarray of shape (..., n_periods)
        Power usage effectiveness, >= 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Power, the inverse of `hashrate_eh_s`. [MW]
    """
    return hashrate_eh_s * (pue * efficiency_j_per_th)


def energy_mwh(
    hashrate_eh_s: FloatLike,
    efficiency_j_per_th: FloatLike,
    *,
    hours_h: FloatLike | float,
    pue: FloatLike | float,
) -> FloatLike:
    """Return the energy at the meter of a hash rate over a period.

    Parameters
    ----------
    hashrate_eh_s : ndarray of shape (..., n_periods)
        Average hash rate of the period. [EH/s]
    efficiency_j_per_th : ndarray of shape (..., n_periods)
        Efficiency of the machines at the plug. [J/TH]
    hours_h : ndarray of shape (n_periods,)
        Length of the period. [h]
    pue : ndarray of shape (..., n_periods)
        Power usage effectiveness, >= 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Energy. [MWh]
    """
    return facility_mw(hashrate_eh_s, efficiency_j_per_th, pue=pue) * hours_h


def expected_btc(
    hashrate_eh_s: FloatLike,
    difficulty: FloatLike,
    *,
    seconds: FloatLike | float,
    subsidy_btc_per_block: FloatLike | float,
    fee_share_frac: FloatLike | float,
    pool_fee_frac: FloatLike | float,
) -> FloatLike:
    """Return the expected output of a hash rate over one period.

    Parameters
    ----------
    hashrate_eh_s : ndarray of shape (..., n_periods)
        Hash rate, average of the period. [EH/s]
    difficulty : ndarray of shape (..., n_periods)
        Network difficulty, harmonic mean of the period, > 0. [unitless]
    seconds : ndarray of shape (n_periods,)
        Length of the period. [s]
    subsidy_btc_per_block : ndarray of shape (..., n_periods)
        Block subsidy, mean of the period. [BTC]
    fee_share_frac : ndarray of shape (..., n_periods)
        Fees divided by subsidy, >= 0. [unitless]
    pool_fee_frac : ndarray of shape (..., n_periods)
        Share of output kept by the pool, 0 to 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Output credited to the miner. [BTC]

    Notes
    -----
    A hash finds a block with probability ``1 / (difficulty * 2^32)``, so the expected
    blocks are ``hashes / (difficulty * 2^32)``, each worth
    ``subsidy * (1 + fee_share)``.
    """
    hashes = hashrate_eh_s * HASHES_PER_EH * seconds
    reward_btc = subsidy_btc_per_block * (1.0 + fee_share_frac)
    return (
        hashes
        / (difficulty * HASHES_PER_DIFFICULTY)
        * reward_btc
        * (1.0 - pool_fee_frac)
    )


def hashrate_for_btc_eh_s(
    btc: FloatLike,
    difficulty: FloatLike,
    *,
    seconds: FloatLike | float,
    subsidy_btc_per_block: FloatLike | float,
    fee_share_frac: FloatLike | float,
    pool_fee_frac: FloatLike | float,
) -> FloatLike:
    """Return the average hash rate whose expected output is a given amount.

    Parameters
    ----------
    btc : ndarray of shape (..., n_periods)
        Output credited to the miner. [BTC]
    difficulty : ndarray of shape (..., n_periods)
        Network difficulty, harmonic mean of the period, > 0. [unitless]
    seconds : ndarray of shape (n_periods,)
        Length of the period, > 0. [s]
    subsidy_btc_per_block : ndarray of shape (..., n_periods)
        Block subsidy, mean of the period, > 0. [BTC]
    fee_share_frac : ndarray of shape (..., n_periods)
        Fees divided by subsidy, >= 0. [unitless]
    pool_fee_frac : ndarray of shape (..., n_periods)
        Share of output kept by the pool, at least 0 and under 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Hash rate, the inverse of `expected_btc`. [EH/s]
    """
    reward_btc = subsidy_btc_per_block * (1.0 + fee_share_frac)
    credited_btc = reward_btc * (1.0 - pool_fee_frac)
    blocks = btc / credited_btc
    return blocks * (difficulty * HASHES_PER_DIFFICULTY) / (seconds * HASHES_PER_EH)


def hashprice_usd_per_ph_day(
    difficulty: FloatLike,
    btc_price_usd: FloatLike,
    *,
    subsidy_btc_per_block: FloatLike | float,
    fee_share_frac: FloatLike | float,
) -> FloatLike:
    """Return what one PH/s earns per day before pool fee and cost.

    Parameters
    ----------
    difficulty : ndarray of shape (..., n_periods)
        Network difficulty, harmonic mean of the period, > 0. [unitless]
    btc_price_usd : ndarray of shape (..., n_periods)
        Average BTC price of the period, nominal. [USD/BTC]
    subsidy_btc_per_block : ndarray of shape (..., n_periods)
        Block subsidy, mean of the period. [BTC]
    fee_share_frac : ndarray of shape (..., n_periods)
        Fees divided by subsidy, >= 0. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Hash price. [USD/PH/s/day]
    """
    reward_btc = subsidy_btc_per_block * (1.0 + fee_share_frac)
    btc_per_ph_day = (
        _HASHES_PER_PH_DAY / (difficulty * HASHES_PER_DIFFICULTY) * reward_btc
    )
    return btc_per_ph_day * btc_price_usd


def energy_cost_usd_per_ph_day(
    efficiency_j_per_th: FloatLike,
    power_price_usd_per_mwh: FloatLike,
    *,
    pue: FloatLike | float,
) -> FloatLike:
    """Return what the energy of one PH/s costs per day.

    Parameters
    ----------
    efficiency_j_per_th : ndarray of shape (..., n_periods)
        Efficiency of the machines at the plug. [J/TH]
    power_price_usd_per_mwh : ndarray of shape (..., n_periods)
        Energy price, or all-in hosting rate. [USD/MWh]
    pue : ndarray of shape (..., n_periods)
        Power usage effectiveness, >= 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Energy cost; the machine runs while its hash price covers it. [USD/PH/s/day]
    """
    mwh_per_ph_day = efficiency_j_per_th * pue * _MWH_PER_PH_DAY_PER_J_PER_TH
    return mwh_per_ph_day * power_price_usd_per_mwh


def revenue_usd_per_mwh(
    hashprice_usd_per_ph_day: FloatLike,
    efficiency_j_per_th: FloatLike,
    *,
    pue: FloatLike | float,
    pool_fee_frac: FloatLike | float,
) -> FloatLike:
    """Return what a MWh at the meter earns when it mines.

    Parameters
    ----------
    hashprice_usd_per_ph_day : ndarray of shape (..., n_periods)
        Hash price before pool fee. [USD/PH/s/day]
    efficiency_j_per_th : ndarray of shape (..., n_periods)
        Efficiency of the machines at the plug, > 0. [J/TH]
    pue : ndarray of shape (..., n_periods)
        Power usage effectiveness, >= 1. [unitless]
    pool_fee_frac : ndarray of shape (..., n_periods)
        Share of output kept by the pool, 0 to 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Revenue after pool fee; also the highest power price worth paying. [USD/MWh]
    """
    net_usd_per_ph_day = hashprice_usd_per_ph_day * (1.0 - pool_fee_frac)
    return net_usd_per_ph_day / (
        efficiency_j_per_th * pue * _MWH_PER_PH_DAY_PER_J_PER_TH
    )


def break_even_power_price_usd_per_mwh(
    hashprice_usd_per_ph_day: FloatLike,
    efficiency_j_per_th: FloatLike,
    *,
    pue: FloatLike | float,
    pool_fee_frac: FloatLike | float,
) -> FloatLike:
    """Return the power price at which mining earns exactly its energy.

    Parameters
    ----------
    hashprice_usd_per_ph_day : ndarray of shape (..., n_periods)
        Hash price before pool fee. [USD/PH/s/day]
    efficiency_j_per_th : ndarray of shape (..., n_periods)
        Efficiency of the machines at the plug, > 0. [J/TH]
    pue : ndarray of shape (..., n_periods)
        Power usage effectiveness, >= 1. [unitless]
    pool_fee_frac : ndarray of shape (..., n_periods)
        Share of output kept by the pool, 0 to 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Shut-down power price, the same number as `revenue_usd_per_mwh`. [USD/MWh]
    """
    return revenue_usd_per_mwh(
        hashprice_usd_per_ph_day,
        efficiency_j_per_th,
        pue=pue,
        pool_fee_frac=pool_fee_frac,
    )


def cost_to_mine_usd_per_btc(cost_usd: FloatLike, btc: FloatLike) -> FloatLike:
    """Return the cost of one mined BTC.

    Parameters
    ----------
    cost_usd : ndarray of shape (..., n_periods)
        Cost of mining, >= 0. [USD]
    btc : ndarray of shape (..., n_periods)
        BTC mined with it. [BTC]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Cost per BTC. [USD/BTC]

    Notes
    -----
    Zero output gives infinity or NaN in an array and `ZeroDivisionError` for floats.
    """
    return cost_usd / btc


def break_even_btc_price_usd(
    energy_cost_usd_per_ph_day: FloatLike,
    difficulty: FloatLike,
    *,
    subsidy_btc_per_block: FloatLike | float,
    fee_share_frac: FloatLike | float,
    pool_fee_frac: FloatLike | float,
) -> FloatLike:
    """Return the BTC price at which mining earns exactly its energy.

    Parameters
    ----------
    energy_cost_usd_per_ph_day : ndarray of shape (..., n_periods)
        Energy cost, see `energy_cost_usd_per_ph_day`. [USD/PH/s/day]
    difficulty : ndarray of shape (..., n_periods)
        Network difficulty, harmonic mean of the period, > 0. [unitless]
    subsidy_btc_per_block : ndarray of shape (..., n_periods)
        Block subsidy, mean of the period, > 0. [BTC]
    fee_share_frac : ndarray of shape (..., n_periods)
        Fees divided by subsidy, >= 0. [unitless]
    pool_fee_frac : ndarray of shape (..., n_periods)
        Share of output kept by the pool, at least 0 and under 1. [unitless]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Shut-down BTC price. [USD/BTC]
    """
    reward_btc = subsidy_btc_per_block * (1.0 + fee_share_frac)
    credited_btc = reward_btc * (1.0 - pool_fee_frac)
    blocks_per_ph_day = _HASHES_PER_PH_DAY / (difficulty * HASHES_PER_DIFFICULTY)
    return energy_cost_usd_per_ph_day / (blocks_per_ph_day * credited_btc)
