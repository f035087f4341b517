# SPDX-License-Identifier: Apache-2.0
"""Builds: what power phases, shells and conversions cost, when, and their worth.

Whether the MW suffice stands in `models.capacity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = ["payments_usd", "plant_value_usd", "straight_line_usd"]


def payments_usd(
    capex_usd: float, start: int, lead_time_months: int, n_periods: int
) -> FloatArray:
    """Return progress payments of a build: equal over its lead time.

    Parameters
    ----------
    capex_usd : float
        Total cost. [USD]
    start : int
        Period in which work starts. [period]
    lead_time_months : int
        Months of work; with zero all is paid at the start. [months]
    n_periods : int
        Horizon; payments past it are not shown. [months]

    Returns
    -------
    ndarray of shape (n_periods,)
        Payments, >= 0. [USD]
    """
    payments = np.zeros(n_periods)
    months = max(lead_time_months, 1)
    payments[start : start + months] = capex_usd / months
    return payments


def straight_line_usd(
    cost_usd: float, first: int, life_months: int, n_periods: int
) -> FloatArray:
    """Return straight-line depreciation by month.

    Parameters
    ----------
    cost_usd : float
        Cost to write off. [USD]
    first : int
        First period of use; may be negative. [period]
    life_months : int
        Length of the schedule, > 0. [months]
    n_periods : int
        Horizon. [months]

    Returns
    -------
    ndarray of shape (n_periods,)
        Depreciation, >= 0. [USD]
    """
    schedule = np.zeros(n_periods)
    schedule[max(first, 0) : max(first + life_months, 0)] = cost_usd / life_months
    return schedule


def plant_value_usd(
    cost_usd: float,
    live: int,
    *,
    life_months: int,
    resale_frac: float,
    n_periods: int,
) -> float:
    """Return the end-of-horizon value of power or shells.

    ``cost x (1 - months in use / life) x resale share``, zero once written off; a build
    still under way is worth the resale share of what has been paid for it.

    Parameters
    ----------
    cost_usd : float
        Cost paid by the horizon. [USD]
    live : int
        First period of use. [period]
    life_months : int
        Depreciation life. [months]
    resale_frac : float
        Value over undepreciated cost. [share 0-1]
    n_periods : int
        Horizon. [months]

    Returns
    -------
    float
        Value at the horizon. [USD]
    """
    used = max(n_periods - live, 0)
    return cost_usd * max(1.0 - used / life_months, 0.0) * resale_frac
