# SPDX-License-Identifier: Apache-2.0
"""The market's part of the kernel's tables: constants of the processes, by month too.

What does not belong here: the processes (`models.market`, `gpu.kernel.market`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gpu.kernel import layout as at
from models.market import correlation_root
from models.market_bitcoin import (
    NetworkResponse,
    autoregression_terms,
    break_even_log_eh_s,
    growth_per_month,
    opening_fee_deviation,
    opening_log_variance,
    variance_terms,
)
from models.network import (
    BLOCK_SECONDS,
    RETARGET_BLOCKS,
    difficulty_from_hashrate,
    max_retarget_factor,
)
from models.units import (
    HASHES_PER_EH,
    MONTHS_PER_YEAR,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    month_hours_h,
)

if TYPE_CHECKING:
    from gpu.tables.store import Store
    from models.market_parameters import Market
    from models.study import Study

__all__ = ["add_gpus", "add_market"]

# No break-even bounds a log hashrate like this.
_UNBOUNDED = 1e30


def add_market(store: Store, study: Study) -> None:
    """Add constants of the market, its months and the root of its correlations."""
    market = study.market
    variance = variance_terms(market)
    response = NetworkResponse(market, np.ones(1))
    values = _deviations(market) | {
        at.OPENING_PRICE: market.btc_price_usd,
        at.VARIANCE_KEEP: variance.keep,
        at.VARIANCE_STEP: variance.step,
        at.VARIANCE_OPENING: opening_log_variance(market),
        at.TAIL_SPREAD: variance.tail,
        at.MOST_VARIANCE: variance.most,
        at.QUARTER_VARIANCE: 0.25 * variance.both,
        at.VOLATILITY: variance.level,
        at.FEE_SHARE: market.fee_share_frac,
        at.FEE_OPENING: opening_fee_deviation(market),
        at.LOG_NETWORK: float(np.log(market.network_eh_s)),
        at.OPENING_NETWORK: market.network_eh_s,
        at.OPENING_DIFFICULTY: difficulty_from_hashrate(market.network_eh_s),
        at.OPENING_HEIGHT: float(market.block_height),
        at.NETWORK_STEP: market.network_volatility_per_year / MONTHS_PER_YEAR**0.5,
        at.AT_ONCE: response.at_once,
        at.SLOWLY: response.slowly,
        at.SPEED_UP: response.up,
        at.SPEED_DOWN: response.down,
        at.ADAPTED_OPENING: float(response.adapted[0]),
        at.REWARD_OPENING: float(response.before[0]),
        at.DIFFICULTY_PER_EH: difficulty_from_hashrate(1.0),
        at.POWER_COMMON: market.power_common_frac**0.5,
        at.POWER_OWN: (1.0 - market.power_common_frac) ** 0.5,
        at.OVERRUN: market.capex_overrun_volatility_frac,
        at.DELAY_SCALE: market.delay_volatility_months,
    }
    store.ints[at.MARKET] = store.add([values[k] for k in range(at.MARKET_LENGTH)])
    store.ints[at.ROOT] = store.add(correlation_root(market).ravel())
    _add_months(store, study)


def _deviations(market: Market) -> dict[int, float]:
    """Return what is kept of each deviation from month to month, and its step."""
    terms = {
        (at.FEE_KEEP, at.FEE_STEP): (
            market.fee_volatility_per_year,
            market.fee_half_life_months,
        ),
        (at.POWER_KEEP, at.POWER_STEP): (
            market.power_volatility_per_year,
            market.power_half_life_months,
        ),
        (at.RENT_KEEP, at.RENT_STEP): (
            market.gpu_rent_volatility_per_year,
            market.gpu_rent_half_life_months,
        ),
        (at.USE_KEEP, at.USE_STEP): (
            market.gpu_utilisation_volatility_per_year,
            market.gpu_utilisation_half_life_months,
        ),
    }
    found: dict[int, float] = {}
    for places, process in terms.items():
        found |= dict(zip(places, autoregression_terms(*process), strict=True))
    return found


def _add_months(store: Store, study: Study) -> None:
    market, n_periods = study.market, study.time.months
    seconds = month_hours_h(study.time.start_month, n_periods) * SECONDS_PER_HOUR
    limit = break_even_log_eh_s(market, n_periods)
    lag_s = 0.5 * RETARGET_BLOCKS * BLOCK_SECONDS
    cure_days = study.company.loan.cure_days
    rows = {
        at.LOG_DRIFT: market.btc_log_drift_per_year
        * (np.arange(n_periods) / MONTHS_PER_YEAR),
        at.GROWTH: growth_per_month(market, n_periods),
        at.BREAK_EVEN: [_UNBOUNDED] * n_periods if limit is None else limit,
        at.LAG_WEIGHT: lag_s / seconds,
        at.RETARGET: max_retarget_factor(seconds),
        at.HASHES: HASHES_PER_EH * seconds,
        at.CURE_SHARE: np.sqrt(cure_days / (seconds / SECONDS_PER_DAY)),
    }
    table = np.array([rows[k] for k in range(at.MONTHLY_ROWS)])
    store.ints[at.MONTHLY] = store.add(table)


def add_gpus(store: Store, study: Study) -> None:
    """Add base utilisation by GPU family, then base rent by family and month."""
    years = np.arange(study.time.months) / MONTHS_PER_YEAR
    trend = (1.0 + study.market.gpu_rent_drift_per_year) ** years
    used = [gpu.utilisation_frac for gpu in study.gpus]
    place = store.add(np.array(used, dtype=np.float64))
    for gpu in study.gpus:
        store.add(gpu.rent_usd_per_gpu_h * trend)
    store.ints[at.GPU_BASE] = place
