# SPDX-License-Identifier: Apache-2.0
"""Weighted estimators that the calibration is built from.

The past counts the less the older it is: weights halve with every half-life, so that an
estimate follows a market whose volatility falls over the years. What does not belong
here: what is estimated (`models.calibration_price`, `models.calibration_network`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = [
    "exponential_weights",
    "running_mean",
    "slope_through_origin",
    "weighted_correlation",
    "weighted_mean",
    "weighted_median",
    "winsorised",
    "winsorised_rms",
]

_NORMAL_MEDIAN: Final = 0.6744897501960817  # median of |standard normal|
_WINSOR_SD: Final = 3.0


def exponential_weights(n: int, half_life_months: float) -> FloatArray:
    """Return weights of n months that add up to one, the last month the heaviest.

    Parameters
    ----------
    n : int
        Number of months, > 0. [months]
    half_life_months : float
        Age at which a month counts half. [months]

    Returns
    -------
    ndarray of shape (n,)
        Weights, rising. [unitless]
    """
    weights = 0.5 ** (np.arange(n)[::-1] / half_life_months)
    share: FloatArray = weights / weights.sum()
    return share


def weighted_mean(values: FloatArray, weights: FloatArray) -> float:
    """Return the weighted mean.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values. [unit of the values]
    weights : ndarray of shape (n,)
        Weights, >= 0, not all zero. [unitless]
    """
    return float((weights * values).sum() / weights.sum())


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """Return the weighted median: half of the weight lies on either side.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values, n > 0. [unit of the values]
    weights : ndarray of shape (n,)
        Weights, >= 0, not all zero. [unitless]

    Notes
    -----
    Interpolates between the middles of the weights in order of the values, so that
    equal weights give the usual median.
    """
    order = np.argsort(values)
    passed = np.cumsum(weights[order]) - 0.5 * weights[order]
    return float(np.interp(0.5 * weights.sum(), passed, values[order]))


def running_mean(values: FloatArray, half_life_months: float) -> FloatArray:
    """Return the exponentially weighted mean of each value and all before it.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values in order of time. [unit of the values]
    half_life_months : float
        Age at which a value counts half. [months]

    Returns
    -------
    ndarray of shape (n,)
        Entry i uses values 0 to i only. [unit of the values]
    """
    keep = 0.5 ** (1.0 / half_life_months)
    total = weight = 0.0
    means = np.empty(len(values))
    for place, value in enumerate(values):
        total, weight = keep * total + value, keep * weight + 1.0
        means[place] = total / weight
    return means


def winsorised(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return values pulled in to three robust standard deviations from zero.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Residuals around zero. [unit of the values]
    weights : ndarray of shape (n,)
        Weights of the median. [unitless]

    Returns
    -------
    ndarray of shape (n,)
        The scale is the weighted median of the absolute values over that of a
        standard normal, so that one upheaval does not set it. [unit of the values]
    """
    scale = weighted_median(np.abs(values), weights) / _NORMAL_MEDIAN
    return np.clip(values, -_WINSOR_SD * scale, _WINSOR_SD * scale)


def winsorised_rms(values: FloatArray, weights: FloatArray) -> float:
    """Return the weighted root mean square of winsorised residuals.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Residuals around zero. [unit of the values]
    weights : ndarray of shape (n,)
        Weights. [unitless]
    """
    return math.sqrt(weighted_mean(winsorised(values, weights) ** 2, weights))


def slope_through_origin(
    response: FloatArray, driver: FloatArray, weights: FloatArray
) -> float:
    """Return the weighted least-squares slope of a line through the origin.

    Parameters
    ----------
    response, driver : ndarray of shape (n,)
        Pairs. [unit of the values]
    weights : ndarray of shape (n,)
        Weights. [unitless]

    Returns
    -------
    float
        Zero where the driver never moves. [unit of response over driver]
    """
    size = float((weights * driver * driver).sum())
    return float((weights * response * driver).sum()) / size if size > 0.0 else 0.0


def weighted_correlation(
    left: FloatArray, right: FloatArray, weights: FloatArray
) -> float:
    """Return the weighted correlation of two series, about zero.

    Parameters
    ----------
    left, right : ndarray of shape (n,)
        Residuals around zero. [unit of the values]
    weights : ndarray of shape (n,)
        Weights. [unitless]

    Returns
    -------
    float
        In -1 to 1; zero where a series never moves. [unitless]
    """
    size = float((weights * left**2).sum() * (weights * right**2).sum()) ** 0.5
    return float((weights * left * right).sum()) / size if size > 0.0 else 0.0
