# SPDX-License-Identifier: Apache-2.0
"""Made-up histories with known parameters, by month and by day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from models.calibration_history import MonthlyHistory
from models.months import add_months
from models.network import HASHES_PER_DIFFICULTY
from models.units import HASHES_PER_EH, SECONDS_PER_DAY

FIRST_DAY = date(2020, 1, 1)
FIRST_HALVING = date(2020, 5, 11)
SECOND_HALVING = date(2024, 4, 20)
BLOCKS_PER_DAY = 144.0


def monthly(n, **columns):
    """A history of n months; what is not given is constant."""
    still = {
        "months": tuple(add_months("2000-01", k) for k in range(n)),
        "end_price_usd": np.full(n, 50_000.0),
        "mean_price_usd": np.full(n, 50_000.0),
        "realised_variance": np.full(n, 0.02),
        "variance_noise": np.full(n, 2 / 30),
        "network_eh_s": np.full(n, 1000.0),
        "subsidy_btc_per_block": np.full(n, 3.125),
        "fee_share_frac": np.full(n, 0.02),
        "end_height": np.full(n, 900_000.0),
    }
    return MonthlyHistory(**(still | columns))


def clustered_prices(n, rng, *, level, spread, tail, keep, over=1.0):
    """Months of a price whose log variance has a lasting and a passing part."""
    state = np.empty(n)
    state[0] = spread * rng.standard_normal()
    for k in range(1, n):
        shock = rng.standard_normal()
        state[k] = keep * state[k - 1] + spread * (1 - keep**2) ** 0.5 * shock
    log_variance = state + tail * rng.standard_normal(n) - (spread**2 + tail**2) / 2
    variance = level**2 / 12 * np.exp(log_variance)
    change = (over * variance) ** 0.5 * rng.standard_normal(n)
    seen = variance * rng.chisquare(30, n) / 30
    price = 50_000.0 * np.exp(np.cumsum(change) - np.cumsum(change).mean())
    return monthly(n, end_price_usd=price, realised_variance=seen), state


def daily_rows(n_days, rng, *, first=FIRST_DAY, volatility=0.6, growth=0.3):
    """Lines of a daily CSV file without its header: a growing network, two halvings."""
    step = volatility / 365.25**0.5
    price = 20_000.0 * np.exp(np.cumsum(step * rng.standard_normal(n_days)))
    eh_s = 100.0 * np.exp(growth / 365.25 * np.arange(n_days))
    eh_s *= np.exp(np.cumsum(0.002 * rng.standard_normal(n_days)))
    blocks = rng.poisson(BLOCKS_PER_DAY, n_days)
    difficulty = eh_s * HASHES_PER_EH * SECONDS_PER_DAY / BLOCKS_PER_DAY
    difficulty /= HASHES_PER_DIFFICULTY
    rows = []
    for k in range(n_days):
        day = first + timedelta(days=k)
        subsidy = 12.5 if day < FIRST_HALVING else 6.25
        subsidy = 3.125 if day > SECOND_HALVING else subsidy
        issued = subsidy * blocks[k]
        if day in (FIRST_HALVING, SECOND_HALVING):
            # 44 blocks at the lower subsidy, the others at twice that.
            lower = 6.25 if day == FIRST_HALVING else 3.125
            issued = lower * (2 * blocks[k] - 44)
        fees = issued * 0.02 * np.exp(0.3 * rng.standard_normal())
        rows.append(
            f"{day},{price[k]:.2f},{difficulty[k]:.1f},{blocks[k]},{fees:.6f},{issued:.4f}"
        )
    return rows


HEADER = "date,price_usd,difficulty,blocks,fees_btc,issuance_btc"


def write_daily(path, rows):
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


__all__ = [
    "FIRST_DAY",
    "HEADER",
    "clustered_prices",
    "daily_rows",
    "monthly",
    "write_daily",
]
