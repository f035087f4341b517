# SPDX-License-Identifier: Apache-2.0
"""Market processes: from standard normal shocks to paths of every price.

The base path is the path of zero shocks. Drawing the shocks belongs to `gpu`, the
parameters to `models.market_parameters`, the network's rules to `models.network`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.market_parameters import FACTORS
from models.mining import expected_btc, hashprice_usd_per_ph_day
from models.network import (
    average_subsidy_btc_per_block,
    blocks_expected,
    difficulty_from_hashrate,
    difficulty_path,
    subsidy_btc_per_block,
)
from models.paths import MarketPaths
from models.units import MONTHS_PER_YEAR, SECONDS_PER_HOUR, month_hours_h

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.market_parameters import Market
    from models.study import Study

__all__ = ["Shocks", "base_paths", "correlation_root", "simulate"]

_MAX_UTILISATION = 1.0


@dataclass(frozen=True, slots=True)
class Shocks:
    """Independent standard normal draws, NumPy or CuPy alike.

    Parameters
    ----------
    monthly : ndarray of shape (n_scenarios, n_factors, n_periods)
        One draw per factor of `FACTORS` and month. [unitless]
    site_power : ndarray of shape (n_scenarios, n_sites, n_periods)
        Draws of the power price of one site alone. [unitless]
    site_build : ndarray of shape (n_scenarios, n_sites, 2)
        Draws of capex overrun and of commissioning delay. [unitless]
    """

    monthly: FloatArray
    site_power: FloatArray
    site_build: FloatArray


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
    """Return the base path: one scenario, every shock zero."""
    n_periods, n_sites = study.time.months, len(study.sites)
    return simulate(
        study,
        Shocks(
            monthly=np.zeros((1, len(FACTORS), n_periods)),
            site_power=np.zeros((1, n_sites, n_periods)),
            site_build=np.zeros((1, n_sites, 2)),
        ),
    )


def simulate(study: Study, shocks: Shocks) -> MarketPaths:
    """Return one path per row of shocks.

    Parameters
    ----------
    study : Study
        Study whose market, sites and GPU families set the paths' parameters.
    shocks : Shocks
        Independent standard normals. [unitless]

    Returns
    -------
    MarketPaths
        Paths on the same array module as the shocks.

    Notes
    -----
    With dt = 1/12 year and e the correlated shocks:

    - BTC price: ``ln P_t = ln P_0 + drift t dt + vol sqrt(dt) (e_0 + ... + e_t)``.
    - Network hashrate: resting level ``ln H*_t = ln H_0 + ln(1 + trend) (t + 1) dt +
      elasticity (ln R_t - ln R_ref)``, R the block reward in USD at last month's
      price; ``ln H_t`` closes the gap to it with the half-life of its direction.
    - Difficulty follows the hashrate by half an epoch; heights accumulate and the
      halving month is split pro rata.
    - Fees, power, GPU rent and utilisation: base path times ``exp(x_t)``, ``x`` an
      autoregression with the stated half-life.
    - Capex factor ``exp(vol e)``; delay ``floor(vol |e| + 1/2)`` months.
    """
    market = study.market
    by_name = _correlated(market, shocks.monthly)
    like = shocks.monthly

    months = np.arange(study.time.months) / MONTHS_PER_YEAR
    drift = np.asarray(market.btc_log_drift_per_year * months, like=like)
    volatility = market.btc_volatility_per_year / MONTHS_PER_YEAR**0.5
    btc_price_usd = market.btc_price_usd * np.exp(
        drift + volatility * np.cumsum(by_name["btc_price"], axis=1)
    )
    fee_share = market.fee_share_frac * np.exp(
        _autoregression(
            by_name["fees"], market.fee_volatility_per_year, market.fee_half_life_months
        )
    )
    network_eh_s, subsidy, difficulty = _network(
        study, btc_price_usd, fee_share, by_name["network"]
    )
    seconds = _seconds(study, like=like)
    rent, utilisation = _gpu(study, by_name["gpu_rent"], by_name["gpu_utilisation"])
    build = shocks.site_build
    return MarketPaths(
        btc_price_usd=btc_price_usd,
        network_eh_s=network_eh_s,
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
        capex_factor=np.exp(market.capex_overrun_volatility_frac * build[:, :, 0]),
        delay_months=np.floor(
            market.delay_volatility_months * np.abs(build[:, :, 1]) + 0.5
        ).astype(np.int64),
    )


def _correlated(market: Market, shocks: FloatArray) -> dict[str, FloatArray]:
    """Return correlated shocks by factor, each (n_scenarios, n_periods).

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


def _autoregression(
    shock: FloatArray, volatility_per_year: float, half_life_months: float
) -> FloatArray:
    """Return x_t = keep x_(t-1) + vol sqrt(1/12) e_t along the last axis."""
    keep = 0.5 ** (1.0 / half_life_months)
    step = volatility_per_year / MONTHS_PER_YEAR**0.5 * shock
    deviation = np.empty_like(step)
    deviation[..., 0] = step[..., 0]
    for period in range(1, step.shape[-1]):
        deviation[..., period] = keep * deviation[..., period - 1] + step[..., period]
    return deviation


def _network(
    study: Study,
    btc_price_usd: FloatArray,
    fee_share_frac: FloatArray,
    shock: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return hashrate, mean subsidy and difficulty, each (n_scenarios, n_periods)."""
    market = study.market
    up = 1.0 - 0.5 ** (1.0 / market.network_half_life_up_months)
    down = 1.0 - 0.5 ** (1.0 / market.network_half_life_down_months)
    trend = np.log1p(market.network_trend_per_year) / MONTHS_PER_YEAR
    volatility = market.network_volatility_per_year / MONTHS_PER_YEAR**0.5
    seconds = _seconds(study, like=shock)
    ones = np.ones_like(shock[:, 0])
    log_opening = float(np.log(market.network_eh_s))
    log_hashrate = log_opening * ones
    height = market.block_height * ones
    reference = np.log(
        market.reference_btc_price_usd
        * subsidy_btc_per_block(height)
        * (1.0 + market.fee_share_frac)
    )
    before_eh_s = market.network_eh_s * ones
    before_difficulty = difficulty_from_hashrate(before_eh_s)
    network_eh_s, subsidy = np.empty_like(shock), np.empty_like(shock)
    difficulty = np.empty_like(shock)
    price_before = market.btc_price_usd * ones
    for period in range(shock.shape[1]):
        reward = price_before * subsidy_btc_per_block(height)
        reward = np.log(reward * (1.0 + fee_share_frac[:, period]))
        resting = (
            log_opening
            + trend * (period + 1)
            + market.network_elasticity * (reward - reference)
        )
        gap = resting - log_hashrate
        log_hashrate = (
            log_hashrate
            + np.where(gap > 0.0, up, down) * gap
            + volatility * shock[:, period]
        )
        now_eh_s = np.exp(log_hashrate)
        now_difficulty = difficulty_path(
            now_eh_s[:, None],
            opening_network_eh_s=before_eh_s,
            opening_difficulty=before_difficulty,
            seconds=seconds[period : period + 1],
        )[:, 0]
        blocks = blocks_expected(now_eh_s, now_difficulty, seconds=seconds[period])
        network_eh_s[:, period], difficulty[:, period] = now_eh_s, now_difficulty
        subsidy[:, period] = average_subsidy_btc_per_block(height, blocks)
        height = height + blocks
        before_eh_s, before_difficulty = now_eh_s, now_difficulty
        price_before = btc_price_usd[:, period]
    return network_eh_s, subsidy, difficulty


def _power(market: Market, common: FloatArray, own: FloatArray) -> FloatArray:
    share = market.power_common_frac
    shock = share**0.5 * common[:, None, :] + (1.0 - share) ** 0.5 * own
    return np.exp(
        _autoregression(
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
        _autoregression(
            rent_shock,
            market.gpu_rent_volatility_per_year,
            market.gpu_rent_half_life_months,
        )
    )
    deviation = np.exp(
        _autoregression(
            utilisation_shock,
            market.gpu_utilisation_volatility_per_year,
            market.gpu_utilisation_half_life_months,
        )
    )
    utilisation = np.minimum(base_used * deviation[:, None, :], _MAX_UTILISATION)
    return base_rent * rent[:, None, :], utilisation
