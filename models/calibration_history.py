# SPDX-License-Identifier: Apache-2.0
"""A daily history of price and chain, gathered into calendar months.

What does not belong here: reading files (`sites.daily_history`) and estimators
(`models.calibration`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from models.network import HALVING_BLOCKS, HASHES_PER_DIFFICULTY
from models.units import HASHES_PER_EH, SECONDS_PER_DAY, days_in_month

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from models.arrays import FloatArray

__all__ = ["DAYS_PER_MONTH", "DailyHistory", "MonthlyHistory", "monthly_history"]

DAYS_PER_MONTH: Final = 365.25 / 12
_MIXED_DAY_FRAC: Final = 0.01


@dataclass(frozen=True, slots=True)
class DailyHistory:
    """Consecutive UTC days of price and chain.

    Parameters
    ----------
    dates : tuple of datetime.date, length n_days
        Days, rising without gaps.
    price_usd : ndarray of shape (n_days,)
        Price at the day's end. [USD/BTC]
    difficulty : ndarray of shape (n_days,)
        Mean difficulty. [unitless]
    blocks : ndarray of shape (n_days,)
        Blocks found. [blocks]
    fees_btc, issuance_btc : ndarray of shape (n_days,)
        Fees and subsidies of those blocks. [BTC]
    """

    dates: tuple[date, ...]
    price_usd: FloatArray
    difficulty: FloatArray
    blocks: FloatArray
    fees_btc: FloatArray
    issuance_btc: FloatArray


@dataclass(frozen=True, slots=True)
class MonthlyHistory:
    """Whole calendar months of price and chain.

    Parameters
    ----------
    months : tuple of str, length n_months
        ISO months, consecutive.
    end_price_usd, mean_price_usd : ndarray of shape (n_months,)
        Price at the month's end, and its mean. [USD/BTC]
    realised_variance : ndarray of shape (n_months,)
        Sum of squared daily log returns, scaled to a month of mean length. [unitless]
    variance_noise : ndarray of shape (n_months,)
        Sampling variance of the log of that sum; NaN where the price stood still.
        [unitless]
    network_eh_s : ndarray of shape (n_months,)
        Blocks x difficulty x 2^32 over the seconds of the month. [EH/s]
    subsidy_btc_per_block : ndarray of shape (n_months,)
        Mean subsidy. [BTC]
    fee_share_frac : ndarray of shape (n_months,)
        Fees over subsidies. [unitless]
    end_height : ndarray of shape (n_months,)
        Height of the first block after the month; NaN where the history holds no
        halving to count from. [blocks]
    """

    months: tuple[str, ...]
    end_price_usd: FloatArray
    mean_price_usd: FloatArray
    realised_variance: FloatArray
    variance_noise: FloatArray
    network_eh_s: FloatArray
    subsidy_btc_per_block: FloatArray
    fee_share_frac: FloatArray
    end_height: FloatArray

    def before(self, n_months: int) -> MonthlyHistory:
        """Return the first months alone: what was known at their end.

        Parameters
        ----------
        n_months : int
            How many. [months]
        """
        values = {
            entry.name: getattr(self, entry.name)[:n_months] for entry in fields(self)
        }
        return MonthlyHistory(**values)

    @property
    def log_reward_usd(self) -> FloatArray:
        """Log of the block reward at the month's mean price, shape (n_months,)."""
        reward = self.mean_price_usd * self.subsidy_btc_per_block
        log_reward: FloatArray = np.log(reward * (1.0 + self.fee_share_frac))
        return log_reward


def monthly_history(daily: DailyHistory) -> MonthlyHistory:
    """Return the whole months of a daily history; days of part months are left out.

    Parameters
    ----------
    daily : DailyHistory
        Consecutive days.

    Returns
    -------
    MonthlyHistory
        Empty where no month is whole.

    Notes
    -----
    The log of a realised variance ``sum r^2`` has, in large samples, the sampling
    variance ``(2 / 3) sum r^4 / (sum r^2)^2`` [1]_. The first month lacks the return of
    its first day and is scaled up for it.

    References
    ----------
    .. [1] O. E. Barndorff-Nielsen, N. Shephard, "Econometric analysis of realized
       volatility and its use in estimating stochastic volatility models", J. R.
       Statist. Soc. B 64, 2002, section 3, doi:10.1111/1467-9868.00336.
    """
    names = [day.isoformat()[:7] for day in daily.dates]
    months = tuple(
        name for name, count in Counter(names).items() if count == days_in_month(name)
    )
    label = np.array(names)
    where = [np.flatnonzero(label == name) for name in months]
    change = np.diff(np.log(daily.price_usd), prepend=np.nan)
    returns = [change[days][~np.isnan(change[days])] for days in where]
    squares = _each([float((r**2).sum()) for r in returns])
    fourths = _each([float((r**4).sum()) for r in returns])
    counts = _each([len(r) for r in returns])

    def total(values: FloatArray) -> FloatArray:
        return _each([float(values[days].sum()) for days in where])

    blocks, issued = total(daily.blocks), total(daily.issuance_btc)
    seconds = _each([len(days) * SECONDS_PER_DAY for days in where])
    hashes = total(daily.blocks * daily.difficulty) * HASHES_PER_DIFFICULTY
    height = _heights(daily)
    return MonthlyHistory(
        months=months,
        end_price_usd=_each([daily.price_usd[days[-1]] for days in where]),
        mean_price_usd=_each([daily.price_usd[days].mean() for days in where]),
        realised_variance=squares * DAYS_PER_MONTH / counts,
        variance_noise=np.divide(
            2.0 / 3.0 * fourths,
            squares**2,
            out=np.full_like(squares, np.nan),
            where=squares > 0.0,
        ),
        network_eh_s=hashes / seconds / HASHES_PER_EH,
        subsidy_btc_per_block=issued / blocks,
        fee_share_frac=total(daily.fees_btc) / issued,
        end_height=_each([height[days[-1]] for days in where]),
    )


def _each(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _heights(daily: DailyHistory) -> FloatArray:
    """Return the height after each day, counted from the last halving of the days.

    The halving's day has blocks at both subsidies: of b blocks that issued i at the
    lower subsidy s, 2 b - i / s were found after it.
    """
    subsidy = daily.issuance_btc / daily.blocks
    rounded = np.exp2(np.round(np.log2(subsidy / 50.0))) * 50.0
    falls = np.flatnonzero(rounded[1:] < rounded[:-1])
    if not len(falls):
        return np.full(len(subsidy), np.nan)
    after = int(falls[-1]) + 1
    lower = rounded[after]
    era = round(np.log2(50.0 / lower))
    mixed = after
    for day in (after - 1, after):
        if lower * (1 + _MIXED_DAY_FRAC) < subsidy[day] < lower * (2 - _MIXED_DAY_FRAC):
            mixed = day
    found_after = 2.0 * daily.blocks[mixed] - daily.issuance_btc[mixed] / lower
    counted = np.cumsum(daily.blocks)
    start = era * HALVING_BLOCKS + found_after - counted[mixed]
    height: FloatArray = np.round(start + counted)
    return height
