# SPDX-License-Identifier: Apache-2.0
"""BTC prices of days, between the monthly averages of a scenario.

What does not belong here: monthly prices (`models.market`) and draws (`gpu`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.cash_calendar import CashCalendar

__all__ = ["daily_price_usd"]

_DAYS_PER_YEAR: Final = 365.25


def daily_price_usd(
    calendar: CashCalendar,
    opening_price_usd: float,
    month_price_usd: FloatArray,
    volatility_per_year: float,
    normals: FloatArray,
) -> FloatArray:
    """Return the BTC price of every day of a calendar.

    A Brownian bridge of the logarithm: through the opening price at the start of the
    first day and the monthly averages at the middle of their months, with the market's
    volatility in between. Each month is then scaled so that its days average the
    monthly price, as the ledger has it.

    Parameters
    ----------
    calendar : CashCalendar
        Days.
    opening_price_usd : float
        Price at the start. [USD/BTC]
    month_price_usd : ndarray of shape (n_scenarios, n_nodes)
        Average price of each month from the calendar's first on, one month past its
        last where the horizon has it. [USD/BTC]
    volatility_per_year : float
        Volatility of the logarithm. [per year]
    normals : ndarray of shape (n_scenarios, n_days)
        Independent standard normals; zeros give the base path. [unitless]

    Returns
    -------
    ndarray of shape (n_scenarios, n_days)
        Prices; the mean over the days of a month is its monthly price. [USD/BTC]
    """
    counts = np.bincount(calendar.month_of_day)
    ends = np.cumsum(counts)
    middles = [float(end - count / 2) for end, count in zip(ends, counts, strict=True)]
    # The month after the last one: about a month later.
    times = [0.0, *middles, middles[-1] + float(counts[-1])]
    nodes = np.log(month_price_usd[:, : len(middles) + 1])
    times = times[: nodes.shape[1] + 1]
    sigma = volatility_per_year / _DAYS_PER_YEAR**0.5
    log_price = np.empty_like(normals)
    before = np.full_like(normals[:, 0], np.log(opening_price_usd))
    time = 0.0
    for day in range(normals.shape[1]):
        now = day + 0.5
        # A node passed since the day before is where the path is known again.
        passed = [k for k in range(1, len(times)) if time < times[k] <= now]
        if passed:
            time, before = times[passed[-1]], nodes[:, passed[-1] - 1]
        ahead = [k for k in range(1, len(times)) if times[k] > now]
        step = now - time
        if ahead:
            left = times[ahead[0]] - time
            mean = before + (nodes[:, ahead[0] - 1] - before) * (step / left)
            variance = step * (left - step) / left
        else:
            mean, variance = before, step
        before = mean + sigma * variance**0.5 * normals[:, day]
        log_price[:, day], time = before, now
    price = np.exp(log_price)
    for month in range(len(counts)):
        span = slice(int(ends[month] - counts[month]), int(ends[month]))
        scale = month_price_usd[:, month] / price[:, span].mean(axis=1)
        price[:, span] *= scale[:, None]
    return price
