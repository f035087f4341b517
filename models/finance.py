# SPDX-License-Identifier: Apache-2.0
"""Money over time: NPV, IRR, payback, annuities and rate conversions.

Inflow is positive everywhere, and the flow at index 0 is not discounted. The root
search behind `irr` and `xirr` lives in `models._irr`. What does not belong here: what
a plan earns (`models.cashflow`), tax, debt schedules, risk over many scenarios (`gpu`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from models._irr import IRR_STATUS, IrrResult, IrrStatus, irr, irr_rows, xirr

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from models.arrays import FloatArray

__all__ = [
    "IRR_STATUS",
    "IrrResult",
    "IrrStatus",
    "annual_rate",
    "annuity",
    "annuity_factor",
    "discount_factors",
    "irr",
    "irr_rows",
    "mirr",
    "monthly_rate",
    "npv",
    "payback_months",
    "xirr",
]

MONTHS_PER_YEAR = 12
ROUNDING = 1e-15


def npv(rate_per_period: float, cash_flow_usd: ArrayLike) -> float:
    """Return the net present value of equally spaced flows.

    Parameters
    ----------
    rate_per_period : float
        Discount rate, > -1. [1/period]
    cash_flow_usd : array_like of shape (n_flows,)
        Flows, inflow positive; index 0 is not discounted. [USD]

    Returns
    -------
    float
        Sum of ``cash_flow_usd[k] / (1 + rate_per_period)**k``. [USD]

    Raises
    ------
    ValueError
        If the rate is not a finite number above -1, or the flows are not a
        one-dimensional list of finite numbers.

    Notes
    -----
    No flows are worth 0. The terms are added without intermediate rounding. A value
    beyond the range of floating point is inf or -inf, and NaN where such terms of
    both signs meet.
    """
    growth = 1.0 + _checked_rate("rate_per_period", rate_per_period)
    flows = _checked_flows(cash_flow_usd)
    period = np.arange(len(flows))
    with np.errstate(all="ignore"):
        value = np.divide(flows, growth**period, where=flows != 0.0, out=flows * 0.0)
        if not np.isfinite(value).all():
            return float(value.sum())
    try:
        return math.fsum(value)
    except OverflowError:
        with np.errstate(all="ignore"):
            return float(value.sum())


def mirr(cash_flow_usd: ArrayLike, finance_rate: float, reinvest_rate: float) -> float:
    """Return the modified internal rate of return per period.

    Parameters
    ----------
    cash_flow_usd : array_like of shape (n_flows,)
        Equally spaced flows, inflow positive, at least two. [USD]
    finance_rate : float
        Rate at which outflows are discounted to index 0, > -1. [1/period]
    reinvest_rate : float
        Rate at which inflows grow to the last index, > -1. [1/period]

    Returns
    -------
    float
        ``(future value of inflows / -present value of outflows)**(1 / n) - 1`` with
        n = n_flows - 1; NaN without an inflow or without an outflow. [1/period]

    Raises
    ------
    ValueError
        If a rate is not above -1, a flow is not finite, or there are fewer than two.
    """
    finance_rate = _checked_rate("finance_rate", finance_rate)
    reinvest_rate = _checked_rate("reinvest_rate", reinvest_rate)
    flows = _checked_flows(cash_flow_usd)
    n_periods = len(flows) - 1
    if n_periods < 1:
        msg = f"cash_flow_usd has {len(flows)} flows, mirr needs at least 2"
        raise ValueError(msg)
    inflow, outflow = np.maximum(flows, 0.0), np.maximum(-flows, 0.0)
    if not inflow.any() or not outflow.any():
        return math.nan
    # In logarithms: a future value of 5,000 periods may overflow, its root does not.
    period = np.arange(n_periods + 1.0)
    future = _log_sum(inflow, (n_periods - period) * math.log1p(reinvest_rate))
    present = _log_sum(outflow, -period * math.log1p(finance_rate))
    return math.expm1((future - present) / n_periods)


def annual_rate(rate_per_month: ArrayLike) -> FloatArray | float:
    """Return the effective annual rate of a monthly rate.

    Parameters
    ----------
    rate_per_month : array_like of any shape
        Rate, >= -1; NaN stays NaN (a cash flow without an IRR). [1/month]

    Returns
    -------
    float or ndarray of the same shape
        ``(1 + rate_per_month)**12 - 1``. [1/year]

    Raises
    ------
    ValueError
        If a rate is below -1.
    """
    return _compounded("rate_per_month", rate_per_month, MONTHS_PER_YEAR)


def monthly_rate(rate_per_year: ArrayLike) -> FloatArray | float:
    """Return the monthly rate that compounds to an effective annual rate.

    Parameters
    ----------
    rate_per_year : array_like of any shape
        Rate, >= -1; NaN stays NaN. [1/year]

    Returns
    -------
    float or ndarray of the same shape
        ``(1 + rate_per_year)**(1/12) - 1``. [1/month]

    Raises
    ------
    ValueError
        If a rate is below -1.
    """
    return _compounded("rate_per_year", rate_per_year, 1.0 / MONTHS_PER_YEAR)


def discount_factors(rate_per_year: float, n_months: int) -> FloatArray:
    """Return the present value of one dollar at the opening and after each month.

    Parameters
    ----------
    rate_per_year : float
        Effective annual discount rate, > -1. [1/year]
    n_months : int
        Months in the horizon, >= 0. [months]

    Returns
    -------
    ndarray of shape (n_months + 1,)
        Index 0 is 1; index k is ``(1 + rate_per_year)**(-k/12)``. [USD/USD]

    Raises
    ------
    ValueError
        If the rate is not above -1 or `n_months` is negative.
    """
    growth = 1.0 + _checked_rate("rate_per_year", rate_per_year)
    if n_months < 0:
        msg = f"n_months = {n_months} must be >= 0"
        raise ValueError(msg)
    return growth ** (-np.arange(n_months + 1) / MONTHS_PER_YEAR)


def annuity_factor(rate_per_period: float, n_periods: float) -> float:
    """Return the present value of one dollar at the end of each period.

    Parameters
    ----------
    rate_per_period : float
        Discount rate, > -1; 0 is allowed. [1/period]
    n_periods : float
        Number of payments, > 0; inf is a perpetuity. [periods]

    Returns
    -------
    float
        ``(1 - (1 + r)**-n) / r``; n where r is 0; for a perpetuity 1 / r, and inf
        where r is not positive. [USD per USD/period]

    Raises
    ------
    ValueError
        If the rate is not above -1 or `n_periods` is not positive.
    """
    rate = _checked_rate("rate_per_period", rate_per_period)
    if not n_periods > 0.0:
        msg = f"n_periods = {n_periods} must be > 0"
        raise ValueError(msg)
    if math.isinf(n_periods):
        return 1.0 / rate if rate > 0.0 else math.inf
    if rate == 0.0:
        return float(n_periods)
    return -math.expm1(-n_periods * math.log1p(rate)) / rate


def annuity(principal_usd: float, *, rate_per_period: float, n_periods: float) -> float:
    """Return the level payment at each period's end that repays a principal.

    Parameters
    ----------
    principal_usd : float
        Amount lent or invested at the start. [USD]
    rate_per_period : float
        Interest rate, > -1; 0 is allowed. [1/period]
    n_periods : float
        Number of payments, > 0; inf pays interest for ever. [periods]

    Returns
    -------
    float
        Payment, with the sign of the principal. [USD/period]

    Raises
    ------
    ValueError
        If the principal is not finite, the rate is not above -1, or `n_periods` is
        not positive.
    """
    if not math.isfinite(principal_usd):
        msg = f"principal_usd = {principal_usd} must be finite"
        raise ValueError(msg)
    return principal_usd / annuity_factor(rate_per_period, n_periods)


def payback_months(
    cash_flow_usd: ArrayLike, *, is_interpolated: bool = False
) -> FloatArray | float:
    """Return when the money put in has first come back.

    Parameters
    ----------
    cash_flow_usd : array_like of shape (..., n_flows)
        Monthly flows, inflow positive; the last axis is time and index 0 the
        opening. [USD]
    is_interpolated : bool
        Take the flow of the payback month as evenly spread over that month.

    Returns
    -------
    float or ndarray of shape (...)
        First index at which the cumulative flow is >= 0 after having been negative;
        0 where it is never negative (nothing to pay back); NaN where it turns
        negative and never recovers. Later falls below zero do not count, and zero to
        rounding (1e-15 of the flows so far) counts as zero. [months]

    Raises
    ------
    ValueError
        If there are no flows or one is not finite.
    """
    flows = np.asarray(cash_flow_usd, dtype=np.float64)
    if flows.ndim == 0 or flows.shape[-1] == 0:
        msg = f"cash_flow_usd has shape {flows.shape}, expected (..., n_flows >= 1)"
        raise ValueError(msg)
    if not np.isfinite(flows).all():
        msg = "cash_flow_usd holds a value that is not finite"
        raise ValueError(msg)
    balance = np.cumsum(flows, axis=-1)
    slack = ROUNDING * np.cumsum(np.abs(flows), axis=-1)
    was_negative = np.logical_or.accumulate(balance < -slack, axis=-1)
    is_back = was_negative & (balance >= -slack)
    k = is_back.argmax(axis=-1)
    months = k.astype(np.float64)
    if is_interpolated:
        here = np.take_along_axis(balance, k[..., None], axis=-1)[..., 0]
        gain = np.take_along_axis(flows, k[..., None], axis=-1)[..., 0]
        months = months - here / np.where(gain > 0.0, gain, np.inf)
    result = np.where(is_back.any(axis=-1), months, np.nan)
    result = np.where(was_negative[..., -1], result, 0.0)
    return float(result) if result.ndim == 0 else result


def _checked_rate(name: str, rate: float) -> float:
    """Return a discount rate that is finite and above -1."""
    if not (math.isfinite(rate) and rate > -1.0):
        msg = f"{name} = {rate} must be a finite number > -1 (0.15 for 15 per cent)"
        raise ValueError(msg)
    return float(rate)


def _checked_flows(cash_flow_usd: ArrayLike) -> FloatArray:
    """Return the flows as one finite vector."""
    flows = np.asarray(cash_flow_usd, dtype=np.float64)
    if flows.ndim != 1:
        msg = f"cash_flow_usd has shape {flows.shape}, expected (n_flows,)"
        raise ValueError(msg)
    if not np.isfinite(flows).all():
        k = int((~np.isfinite(flows)).argmax())
        msg = f"cash_flow_usd[{k}] = {flows[k]} must be finite"
        raise ValueError(msg)
    return flows


def _compounded(name: str, rate: ArrayLike, periods: float) -> FloatArray | float:
    """Return the rate over a number of periods."""
    values = np.asarray(rate, dtype=np.float64)
    if (values < -1.0).any():
        msg = f"{name} = {float(values.min())} must be >= -1"
        raise ValueError(msg)
    with np.errstate(divide="ignore", over="ignore"):
        result: FloatArray = np.expm1(periods * np.log1p(values))
    return float(result) if values.ndim == 0 else result


def _log_sum(amount: FloatArray, log_factor: NDArray[np.floating]) -> float:
    """Return ``log(sum(amount * exp(log_factor)))`` without overflow."""
    present = amount > 0.0
    log_amount = np.log(amount[present]) + log_factor[present]
    top = float(log_amount.max())
    with np.errstate(under="ignore"):
        return top + math.log(float(np.exp(log_amount - top).sum()))
