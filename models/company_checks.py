# SPDX-License-Identifier: Apache-2.0
"""Checks of a miner's published quarter: remaining fleet life, mining revenue.

What does not belong here: output (`models.backtest`), cost (`models.cost_backtest`),
files (`sites.history`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.cost_backtest import months_of_quarter
from models.units import days_in_month, month_of_date

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from models.arrays import FloatArray
    from models.backtest import BacktestMonth
    from models.cost_backtest import QuarterFacts

__all__ = [
    "DailyPrices",
    "FleetLife",
    "RevenueCheck",
    "check_revenue",
    "fleet_life",
    "mean_price_by_month",
]

_QUARTERS_PER_YEAR: Final = 4


@dataclass(frozen=True, slots=True)
class DailyPrices:
    """Daily BTC prices of consecutive days.

    Parameters
    ----------
    dates : tuple of datetime.date, length n_days
        UTC days, rising without gaps.
    price_usd : ndarray of shape (n_days,)
        Price of each day. [USD/BTC]
    """

    dates: tuple[date, ...]
    price_usd: FloatArray


@dataclass(frozen=True, slots=True)
class FleetLife:
    """Remaining life of the machines that book value and depreciation imply.

    Parameters
    ----------
    quarter : str
        Quarter as ``YYYY-Qn``.
    machines_book_value_usd : float
        Net book value at its end. [USD]
    depreciation_usd : float
        Depreciation of the quarter. [USD]
    remaining_quarters : float
        Their ratio, straight line to zero. [quarters]
    remaining_years : float
        The same in years: a calibration, not a prediction. [years]
    """

    quarter: str
    machines_book_value_usd: float
    depreciation_usd: float
    remaining_quarters: float
    remaining_years: float


@dataclass(frozen=True, slots=True)
class RevenueCheck:
    """Mining revenue of a quarter against output at market price.

    Parameters
    ----------
    quarter : str
        Quarter as ``YYYY-Qn``.
    published_usd : float
        Published mining revenue. [USD]
    btc_produced : float
        Published output. [BTC]
    realised_usd_per_btc : float
        Their ratio: an identity. [USD/BTC]
    predicted_usd : float or None
        Monthly output x monthly mean price; None without a price history. [USD]
    residual_frac : float or None
        ``predicted / published - 1``; None without a price history. [unitless]
    kind : str
        ``check``, or ``identity, not a check`` without a price history.
    """

    quarter: str
    published_usd: float
    btc_produced: float
    realised_usd_per_btc: float
    predicted_usd: float | None
    residual_frac: float | None
    kind: str


def mean_price_by_month(prices: DailyPrices) -> dict[str, float]:
    """Return the mean price of every calendar month that is wholly covered.

    Parameters
    ----------
    prices : DailyPrices
        Daily prices.

    Returns
    -------
    dict of str to float
        Arithmetic mean over the days, by ISO month. [USD/BTC]
    """
    by_month: dict[str, list[float]] = {}
    for day, price_usd in zip(prices.dates, prices.price_usd, strict=True):
        by_month.setdefault(month_of_date(day), []).append(float(price_usd))
    return {
        month: sum(values) / len(values)
        for month, values in by_month.items()
        if len(values) == days_in_month(month)
    }


def fleet_life(facts: QuarterFacts) -> FleetLife:
    """Return the remaining machine life implied by book value and depreciation.

    Parameters
    ----------
    facts : QuarterFacts
        Quarter with book value and depreciation.

    Returns
    -------
    FleetLife
        Straight line to zero at the quarter's pace: a calibration of the model's
        depreciation, not a prediction of when machines stop.

    Raises
    ------
    ValueError
        If either figure is not published for the quarter.
    """
    book_usd, depreciation_usd = facts.machines_book_value_usd, facts.depreciation_usd
    if book_usd is None or depreciation_usd is None:
        msg = f"{facts.quarter} has no book value or no depreciation"
        raise ValueError(msg)
    quarters = book_usd / depreciation_usd
    return FleetLife(
        quarter=facts.quarter,
        machines_book_value_usd=book_usd,
        depreciation_usd=depreciation_usd,
        remaining_quarters=quarters,
        remaining_years=quarters / _QUARTERS_PER_YEAR,
    )


def check_revenue(
    facts: QuarterFacts,
    months: Sequence[BacktestMonth],
    *,
    avg_price_usd: Mapping[str, float] | None,
) -> RevenueCheck:
    """Return mining revenue against reported output at the mean market price.

    Parameters
    ----------
    facts : QuarterFacts
        Quarter with a published mining revenue.
    months : sequence of BacktestMonth
        Backtest with the reported output of the quarter's months.
    avg_price_usd : mapping of str to float, or None
        Mean BTC price by ISO month; None makes the row an identity. [USD/BTC]

    Returns
    -------
    RevenueCheck
        With a residual only when prices are given.

    Raises
    ------
    ValueError
        If the revenue is not published or a month has no reported output.
    KeyError
        If prices are given but lack a month of the quarter.
    """
    if facts.mining_revenue_usd is None:
        msg = f"{facts.quarter} has no mining revenue"
        raise ValueError(msg)
    predicted: float | None = None
    if avg_price_usd is not None:
        by_month = {row.month: row.reported_btc for row in months}
        predicted = 0.0
        for month in months_of_quarter(facts.quarter):
            btc = by_month[month]
            if btc is None:
                msg = f"{month} has no reported output"
                raise ValueError(msg)
            predicted += btc * avg_price_usd[month]
    return RevenueCheck(
        quarter=facts.quarter,
        published_usd=facts.mining_revenue_usd,
        btc_produced=facts.btc_produced,
        realised_usd_per_btc=facts.mining_revenue_usd / facts.btc_produced,
        predicted_usd=predicted,
        residual_frac=None
        if predicted is None
        else predicted / facts.mining_revenue_usd - 1.0,
        kind="identity, not a check" if predicted is None else "check",
    )
