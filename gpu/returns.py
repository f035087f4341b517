# SPDX-License-Identifier: Apache-2.0
"""Returns on increments: what counts as a flow, rates a year, recovery of an outlay.

What does not belong here: the root search (`gpu.irr_batch`, `models.finance`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = [
    "MAX_IRR_PER_YEAR",
    "increment_usd",
    "rate_per_year",
    "recovery_months",
]

MAX_IRR_PER_YEAR = 10.0
"""Rates of a thousand per cent a year and over are not told apart."""

# Differences up to this are rounding: of any flow, and of large ones.
SNAP_USD = 1e-6
SNAP_SHARE = 1e-12


def increment_usd(flow_usd: FloatArray, usual_usd: FloatArray) -> FloatArray:
    """Return flows less those of the baseline; what is rounding counts as nothing.

    Two plans that do the same in a month differ by what rounding leaves of sums in
    another order. Taken for money, it would add roots to an IRR or start a payback. A
    small flow may be what large parts leave that cancel, so rounding is measured by
    the largest flow.

    Parameters
    ----------
    flow_usd, usual_usd : ndarray of shape (..., n_flows)
        Flows of a plan and of its baseline. [USD]

    Returns
    -------
    ndarray of that shape
        Difference; 0 where it is at most 1e-6 USD and 1e-12 of the largest flow of
        both series. [USD]
    """
    more = flow_usd - usual_usd
    sizes = np.maximum(np.abs(flow_usd), np.abs(usual_usd))
    size = sizes.max(axis=-1, keepdims=True)
    is_none = np.abs(more) <= SNAP_USD + SNAP_SHARE * size
    increment: FloatArray = np.where(is_none, 0.0, more)
    return increment


def rate_per_year(rate_per_month: FloatArray) -> FloatArray:
    """Return the effective annual rate of monthly rates, shape kept, NaN kept."""
    # Beyond exp(700) the double is full; the shown rates end long before.
    growth = np.minimum(MONTHS_PER_YEAR * np.log1p(rate_per_month), 700.0)
    rate: FloatArray = np.expm1(growth)
    return rate


def recovery_months(cash_flow_usd: FloatArray) -> FloatArray:
    """Return when the money put in has first come back.

    The rule of `models.finance.payback_months`, on any array module; a balance that is
    zero but for the rounding of an engine's flows (see `increment_usd`) is zero.

    Parameters
    ----------
    cash_flow_usd : ndarray of shape (n_scenarios, n_flows)
        Monthly flows, index 0 the opening. [USD]

    Returns
    -------
    ndarray of shape (n_scenarios,)
        0 where cumulative flow is never negative, NaN where it never recovers.
        [months]
    """
    balance = np.cumsum(cash_flow_usd, axis=1)
    slack = SNAP_USD + SNAP_SHARE * np.cumsum(np.abs(cash_flow_usd), axis=1)
    was_negative = np.cumsum(balance < -slack, axis=1) > 0
    is_back = was_negative & (balance >= -slack)
    months = np.where(
        is_back.any(axis=1), is_back.argmax(axis=1).astype(np.float64), np.nan
    )
    return np.where(was_negative[:, -1], months, 0.0)
