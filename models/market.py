# SPDX-License-Identifier: Apache-2.0
"""Market processes: from standard normal shocks to paths of every price.

The base path is the path of zero shocks. Drawing the shocks belongs to `gpu`, the
parameters to `models.market_parameters`, Bitcoin's own paths to
`models.market_bitcoin`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.clients import count_client_slots
from models.market_bitcoin import autoregression, bitcoin_paths
from models.market_parameters import FACTORS
from models.mining import expected_btc, hashprice_usd_per_ph_day
from models.paths import MarketPaths
from models.units import (
    MONTHS_PER_YEAR,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    month_hours_h,
)
from models.within_month import cure_dip_frac, lowest_frac

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.market_parameters import Market
    from models.study import Study

__all__ = ["Shocks", "base_paths", "correlated", "correlation_root", "simulate"]

_MAX_UTILISATION = 1.0


@dataclass(frozen=True, slots=True)
class Shocks:
    """Independent draws, standard normal but for two, NumPy or CuPy alike.

    Parameters
    ----------
    monthly : ndarray of shape (n_scenarios, n_factors, n_periods)
        One draw per factor of `FACTORS` and month. [unitless]
    site_power : ndarray of shape (n_scenarios, n_sites, n_periods)
        Draws of the power price of one site alone. [unitless]
    site_build : ndarray of shape (n_scenarios, n_sites, 2)
        Draws of capex overrun and of commissioning delay. [unitless]
    client_fate : ndarray of shape (n_scenarios, n_sites, n_slots)
        Exponential with mean 1: time to default of each contract's client over its
        mean; infinite for the base path. [ratio]
    within_month : ndarray of shape (n_scenarios, 2, n_periods)
        Draws of the month's lowest BTC price, exponential with mean 1, and of its dip
        within the cure time, standard normal. [unitless]
    """

    monthly: FloatArray
    site_power: FloatArray
    site_build: FloatArray
    client_fate: FloatArray
    within_month: FloatArray


def correlation_root(market: Market) -> FloatArray:
    """Return the lower Cholesky root of the factors' correlation matrix.

    Returns
    -------
    ndarray of shape (n_factors, n_factors)
        Root L with L L' = correlation. [unitless]

    Raises
    ------
    ValueError
        If the correlations contradict each other (matrix not positive definite).
    """
    matrix = np.eye(len(FACTORS))
    for pair in market.correlations:
        row, column = FACTORS.index(pair.first), FACTORS.index(pair.second)
        matrix[row, column] = matrix[column, row] = pair.value
    try:
        root: FloatArray = np.linalg.cholesky(matrix).astype(np.float64)
    except np.linalg.LinAlgError as error:
        msg = "market.correlations contradict each other: not positive definite"
        raise ValueError(msg) from error
    return root


def base_paths(study: Study) -> MarketPaths:
    """Return the base path: one scenario, every shock zero, every client pays."""
    n_periods, n_sites = study.time.months, len(study.sites)
    return simulate(
        study,
        Shocks(
            monthly=np.zeros((1, len(FACTORS), n_periods)),
            site_power=np.zeros((1, n_sites, n_periods)),
            site_build=np.zeros((1, n_sites, 2)),
            client_fate=np.full((1, n_sites, count_client_slots(study)), np.inf),
            within_month=np.zeros((1, 2, n_periods)),
        ),
    )


def simulate(study: Study, shocks: Shocks) -> MarketPaths:
    """Return one path per row of shocks.

    Parameters
    ----------
    study : Study
        Study whose market, sites and GPU families set the paths' parameters.
    shocks : Shocks
        Independent draws. [unitless]

    Returns
    -------
    MarketPaths
        Paths on the same array module as the shocks.

    Notes
    -----
    With dt = 1/12 year and e, z, u, n independent or correlated shocks of month t:

    - BTC price: ``ln P_t = ln P_0 + drift t dt + s_0 e_0 + ... + s_t e_t``. The base
      path is the median: the mean lies above it by about exp(variance / 2), and
      without drift the median stays where it is. Month t stands t + 1 months after
      the opening.
    - Its volatility: ``s_t = vol sqrt(dt) exp((x_t + tail u_t) / 2 - (spread^2 +
      tail^2) / 4)`` with ``x_t = keep x_(t-1) + spread sqrt(1 - keep^2) z_t``. Variance
      is lognormal with mean vol^2: x lasts and clusters, u is new every month and
      makes tails fat. ``x + tail u`` is cut at three standard deviations.
    - Network hashrate: ``ln H_t = ln H_(t-1) + g_t + short (r_t - r_(t-1)) +
      (elasticity - short) m_t + vol sqrt(dt) n_t``. r is the log of the block reward in
      USD at last month's price, g the pace of growth, which fades from its opening
      value into the trend. ``m_t`` is what the reward that the network has adapted to
      moves this month: it closes its gap to r with the half-life of its direction.
      As much of H_t runs as earns the break-even hash price at last month's price.
    - Difficulty follows the hashrate by half an epoch; heights accumulate and the
      halving month is split pro rata.
    - Fees, power, GPU rent and utilisation: base path times ``exp(x_t)``, ``x`` an
      autoregression with the stated half-life.
    - The lowest price inside a month and within the cure time of a margin call: see
      `models.within_month`.
    - Capex factor ``exp(vol e)``; delay ``floor(vol |e| + 1/2)`` months.
    """
    market = study.market
    by_name = correlated(market, shocks.monthly)
    seconds = _seconds(study, like=shocks.monthly)
    bitcoin = bitcoin_paths(market, by_name, seconds)
    btc_price_usd = bitcoin.btc_price_usd
    difficulty, fee_share = bitcoin.difficulty, bitcoin.fee_share_frac
    subsidy = bitcoin.subsidy_btc_per_block
    rent, utilisation = _gpu(study, by_name["gpu_rent"], by_name["gpu_utilisation"])
    build = shocks.site_build
    return MarketPaths(
        btc_price_usd=btc_price_usd,
        network_eh_s=bitcoin.network_eh_s,
        btc_per_eh_s=expected_btc(
            np.ones_like(difficulty),
            difficulty,
            seconds=seconds,
            subsidy_btc_per_block=subsidy,
            fee_share_frac=fee_share,
            pool_fee_frac=0.0,
        ),
        hashprice_usd_per_ph_day=hashprice_usd_per_ph_day(
            difficulty,
            btc_price_usd,
            subsidy_btc_per_block=subsidy,
            fee_share_frac=fee_share,
        ),
        power_multiplier=_power(market, by_name["power"], shocks.site_power),
        gpu_rent_usd_per_gpu_h=rent,
        gpu_utilisation_frac=utilisation,
        client_fate=shocks.client_fate,
        capex_factor=np.exp(market.capex_overrun_volatility_frac * build[:, :, 0]),
        delay_months=np.floor(
            market.delay_volatility_months * np.abs(build[:, :, 1]) + 0.5
        ).astype(np.int64),
        btc_low_frac=lowest_frac(
            market.btc_price_usd,
            btc_price_usd,
            bitcoin.btc_log_volatility,
            shocks.within_month[:, 0],
        ),
        btc_dip_frac=cure_dip_frac(
            bitcoin.btc_log_volatility,
            shocks.within_month[:, 1],
            cure_days=study.company.loan.cure_days,
            month_days=seconds / SECONDS_PER_DAY,
        ),
    )


def correlated(market: Market, shocks: FloatArray) -> dict[str, FloatArray]:
    """Return correlated shocks by factor.

    Parameters
    ----------
    market : Market
        Says how they are correlated.
    shocks : ndarray of shape (n_scenarios, n_factors, n_periods)
        Independent standard normals. [unitless]

    Returns
    -------
    dict of str to ndarray of shape (n_scenarios, n_periods)
        One per name of `FACTORS`. [unitless]

    Notes
    -----
    The root is small and mostly zeros: sums term by term cost less than a matrix
    product, and their rounding does not depend on how many scenarios there are.
    """
    root = correlation_root(market)
    by_name = {}
    for row, name in enumerate(FACTORS):
        total = root[row, row] * shocks[:, row]
        for column in range(row):
            if root[row, column] != 0.0:
                total = total + root[row, column] * shocks[:, column]
        by_name[name] = total
    return by_name


def _seconds(study: Study, *, like: FloatArray) -> FloatArray:
    hours = month_hours_h(study.time.start_month, study.time.months)
    return np.asarray(hours * SECONDS_PER_HOUR, like=like)


def _power(market: Market, common: FloatArray, own: FloatArray) -> FloatArray:
    share = market.power_common_frac
    shock = share**0.5 * common[:, None, :] + (1.0 - share) ** 0.5 * own
    return np.exp(
        autoregression(
            shock, market.power_volatility_per_year, market.power_half_life_months
        )
    )


def _gpu(
    study: Study, rent_shock: FloatArray, utilisation_shock: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return rent and utilisation, each (n_scenarios, n_gpus, n_periods)."""
    market = study.market
    years = np.arange(study.time.months) / MONTHS_PER_YEAR
    trend = (1.0 + market.gpu_rent_drift_per_year) ** years
    rents = np.array([gpu.rent_usd_per_gpu_h for gpu in study.gpus])
    used = np.array([gpu.utilisation_frac for gpu in study.gpus])
    base_rent = np.asarray(rents[:, None] * trend, like=rent_shock)
    base_used = np.asarray(used, like=rent_shock)[:, None]
    rent = np.exp(
        autoregression(
            rent_shock,
            market.gpu_rent_volatility_per_year,
            market.gpu_rent_half_life_months,
        )
    )
    deviation = np.exp(
        autoregression(
            utilisation_shock,
            market.gpu_utilisation_volatility_per_year,
            market.gpu_utilisation_half_life_months,
        )
    )
    utilisation = np.minimum(base_used * deviation[:, None, :], _MAX_UTILISATION)
    return base_rent * rent[:, None, :], utilisation
