# SPDX-License-Identifier: Apache-2.0
"""Backtest of mining cost: hosting rate and cost to mine from published quarters.

The partner hosting rate is not published. It is estimated from published cost per BTC:
cost = output x cost per BTC, energy = operating hash rate x efficiency x hours. What
does not belong here: the output side (`models.backtest`), revenue and fleet life
(`models.company_checks`), files (`sites.history`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.mining import energy_mwh
from models.units import HOURS_PER_DAY, format_month

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.backtest import BacktestMonth

__all__ = [
    "CostToMine",
    "QuarterCost",
    "QuarterFacts",
    "months_of_quarter",
    "partner_hosting_rate_usd_per_mwh",
    "predict_cost_to_mine",
    "quarter_costs",
]


@dataclass(frozen=True, slots=True)
class QuarterFacts:
    """What a miner published for one quarter; None where it did not.

    Parameters
    ----------
    quarter : str
        Quarter as ``YYYY-Qn``.
    btc_produced : float
        Output. [BTC]
    cash_cost_usd_per_btc : float
        Average cost to mine without depreciation. [USD/BTC]
    fleet_efficiency_j_per_th : float or None
        Efficiency of the operating fleet; None carries the last one. [J/TH]
    all_in_cost_usd_per_btc : float or None
        Average cost to mine with depreciation. [USD/BTC]
    mining_revenue_usd : float or None
        Mining revenue. [USD]
    depreciation_usd : float or None
        Depreciation of the quarter. [USD]
    machines_book_value_usd : float or None
        Net book value of the machines at its end. [USD]
    """

    quarter: str
    btc_produced: float
    cash_cost_usd_per_btc: float
    fleet_efficiency_j_per_th: float | None = None
    all_in_cost_usd_per_btc: float | None = None
    mining_revenue_usd: float | None = None
    depreciation_usd: float | None = None
    machines_book_value_usd: float | None = None


@dataclass(frozen=True, slots=True)
class QuarterCost:
    """Energy, cost and implied hosting rate of one quarter.

    Parameters
    ----------
    quarter : str
        Quarter as ``YYYY-Qn``.
    btc_produced : float
        Published output. [BTC]
    cash_cost_usd_per_btc : float
        Published cost to mine without depreciation. [USD/BTC]
    cost_usd : float
        Their product. [USD]
    efficiency_j_per_th : float
        Fleet efficiency used. [J/TH]
    is_efficiency_carried : bool
        Whether it was published for an earlier quarter only.
    energy_mwh : float
        Operating hash rate x efficiency x hours, added over the months. [MWh]
    rate_usd_per_mwh : float
        All-in hosting rate that explains the cost. [USD/MWh]
    filled_months : tuple of str
        Months whose hash rate was filled from output.
    """

    quarter: str
    btc_produced: float
    cash_cost_usd_per_btc: float
    cost_usd: float
    efficiency_j_per_th: float
    is_efficiency_carried: bool
    energy_mwh: float
    rate_usd_per_mwh: float
    filled_months: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CostToMine:
    """A quarter's cost to mine, predicted from the quarters before it.

    Parameters
    ----------
    quarters : tuple of QuarterCost
        All quarters, the predicted one last.
    fit_rate_usd_per_mwh : float
        Rate over the quarters before the last: their cost over their energy. [USD/MWh]
    predicted_usd_per_btc : float
        `fit_rate` x energy of the last quarter over its output. [USD/BTC]
    published_usd_per_btc : float
        What was published for the last quarter. [USD/BTC]
    residual_frac : float
        ``predicted / published - 1``. [unitless]
    efficiency_if_rate_held_j_per_th : float
        Fleet efficiency at which the fitted rate gives the published cost; the data
        cannot tell a lower rate from a better fleet. [J/TH]
    base_rate_usd_per_mwh : float
        Rate over all quarters, for the base case. [USD/MWh]
    base_rate_low_usd_per_mwh : float
        Lowest quarter. [USD/MWh]
    base_rate_high_usd_per_mwh : float
        Highest quarter. [USD/MWh]
    """

    quarters: tuple[QuarterCost, ...]
    fit_rate_usd_per_mwh: float
    predicted_usd_per_btc: float
    published_usd_per_btc: float
    residual_frac: float
    efficiency_if_rate_held_j_per_th: float
    base_rate_usd_per_mwh: float
    base_rate_low_usd_per_mwh: float
    base_rate_high_usd_per_mwh: float


def months_of_quarter(quarter: str) -> tuple[str, str, str]:
    """Return the three months of a quarter.

    Parameters
    ----------
    quarter : str
        Quarter as ``YYYY-Qn``, n from 1 to 4.

    Returns
    -------
    tuple of str
        ISO months.

    Raises
    ------
    ValueError
        If the text has another form.
    """
    year, mark, number = quarter[:4], quarter[4:6], quarter[6:]
    if not (year.isdecimal() and mark == "-Q" and number in {"1", "2", "3", "4"}):
        msg = f"quarter {quarter!r} must be written YYYY-Qn, such as 2025-Q3"
        raise ValueError(msg)
    first = 3 * int(number) - 2
    names = [format_month(int(year), first + k) for k in range(3)]
    return names[0], names[1], names[2]


def quarter_costs(
    quarters: Sequence[QuarterFacts], months: Sequence[BacktestMonth]
) -> tuple[QuarterCost, ...]:
    """Return energy, cost and implied hosting rate of each quarter.

    Parameters
    ----------
    quarters : sequence of QuarterFacts
        In order of time; the first must have an efficiency.
    months : sequence of BacktestMonth
        Backtest that has every month of every quarter.

    Returns
    -------
    tuple of QuarterCost
        One per quarter.

    Raises
    ------
    ValueError
        If the first quarter has no efficiency.
    KeyError
        If a month is missing.

    Notes
    -----
    The efficiency is the fleet's at the plug and the rate is all-in on that energy, so
    no PUE enters: it is part of the rate.
    """
    by_month = {row.month: row for row in months}
    efficiency: float | None = None
    costs: list[QuarterCost] = []
    for facts in quarters:
        is_carried = facts.fleet_efficiency_j_per_th is None
        efficiency = efficiency if is_carried else facts.fleet_efficiency_j_per_th
        if efficiency is None:
            msg = f"{facts.quarter}: the first quarter needs a fleet efficiency"
            raise ValueError(msg)
        rows = [by_month[month] for month in months_of_quarter(facts.quarter)]
        energy = sum(
            energy_mwh(
                row.hashrate_eh_s,
                efficiency,
                hours_h=row.days_operating * HOURS_PER_DAY,
                pue=1.0,
            )
            for row in rows
        )
        cost_usd = facts.btc_produced * facts.cash_cost_usd_per_btc
        costs.append(
            QuarterCost(
                quarter=facts.quarter,
                btc_produced=facts.btc_produced,
                cash_cost_usd_per_btc=facts.cash_cost_usd_per_btc,
                cost_usd=cost_usd,
                efficiency_j_per_th=efficiency,
                is_efficiency_carried=is_carried,
                energy_mwh=energy,
                rate_usd_per_mwh=cost_usd / energy,
                filled_months=tuple(row.month for row in rows if row.is_filled),
            )
        )
    return tuple(costs)


def partner_hosting_rate_usd_per_mwh(costs: Sequence[QuarterCost]) -> float:
    """Return the all-in partner hosting rate over some quarters.

    Parameters
    ----------
    costs : sequence of QuarterCost
        Quarters to use: all of them for the base case.

    Returns
    -------
    float
        Their cost added up over their energy added up. [USD/MWh]
    """
    cost_usd = sum(quarter.cost_usd for quarter in costs)
    return cost_usd / sum(quarter.energy_mwh for quarter in costs)


def predict_cost_to_mine(costs: Sequence[QuarterCost]) -> CostToMine:
    """Return the last quarter's cost to mine predicted from those before it.

    Parameters
    ----------
    costs : sequence of QuarterCost
        At least two quarters, the one to predict last.

    Returns
    -------
    CostToMine
        Prediction, residual, and the base case rate over all quarters.

    Raises
    ------
    ValueError
        If there are fewer than two quarters.
    """
    if len(costs) <= 1:
        msg = "a cost prediction needs at least two quarters"
        raise ValueError(msg)
    last = costs[-1]
    fit_rate = partner_hosting_rate_usd_per_mwh(costs[:-1])
    predicted = fit_rate * last.energy_mwh / last.btc_produced
    residual_frac = predicted / last.cash_cost_usd_per_btc - 1.0
    rates = [quarter.rate_usd_per_mwh for quarter in costs]
    return CostToMine(
        quarters=tuple(costs),
        fit_rate_usd_per_mwh=fit_rate,
        predicted_usd_per_btc=predicted,
        published_usd_per_btc=last.cash_cost_usd_per_btc,
        residual_frac=residual_frac,
        efficiency_if_rate_held_j_per_th=last.efficiency_j_per_th
        / (1.0 + residual_frac),
        base_rate_usd_per_mwh=partner_hosting_rate_usd_per_mwh(costs),
        base_rate_low_usd_per_mwh=min(rates),
        base_rate_high_usd_per_mwh=max(rates),
    )
