# SPDX-License-Identifier: Apache-2.0
"""Estimators of the BTC price's volatility: level, clustering, tails, opening state.

Model (`models.market.simulate`): the log variance of a month is a level, plus a part x
that lasts from month to month, plus a part u that is new every month. Realised
variance, the sum of a month's squared daily returns, measures it with a known sampling
noise. What does not belong here: drift, which is an assumption, and the network
(`models.calibration_network`).

References
----------
.. [1] T. G. Andersen, T. Bollerslev, F. X. Diebold, P. Labys, "Modeling and forecasting
   realized volatility", Econometrica 71(2), 2003, doi:10.1111/1468-0262.00418 (log
   realised variance is near normal and long-lasting; returns over their realised
   volatility are near normal).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.calibration_weights import exponential_weights, weighted_mean
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.calibration_history import MonthlyHistory

__all__ = [
    "VARIANCE_HALF_LIFE_MONTHS",
    "VolatilityFit",
    "filtered_state",
    "fit_volatility",
    "log_variance_parts",
    "months_over_days",
]

VARIANCE_HALF_LIFE_MONTHS: Final = 24.0
"""Age at which a month counts half: three quarters of the weight lie in the latest
four years, a halving cycle, because volatility fell from cycle to cycle."""
_LEAST_KEEP, _MOST_KEEP = 0.5, 0.95
_LEAST_SPREAD: Final = 0.05


@dataclass(frozen=True, slots=True)
class VolatilityFit:
    """Fitted volatility, in the terms of `models.market_parameters.Market`.

    Parameters
    ----------
    volatility_per_year : float
        Root of the mean variance in the long run. [1/year]
    opening_volatility_per_year : float
        Root of the mean variance of a month in the last month's state. [1/year]
    spread, tail_spread : float
        Standard deviations of the lasting and the passing part of log variance.
        [unitless]
    half_life_months : float
        Months in which the lasting part halves. [months]
    months_over_days : float
        Variance of a month's return over the sum of its days' variances. [ratio]
    """

    volatility_per_year: float
    opening_volatility_per_year: float
    spread: float
    tail_spread: float
    half_life_months: float
    months_over_days: float


def fit_volatility(
    history: MonthlyHistory,
    *,
    half_life_months: float = VARIANCE_HALF_LIFE_MONTHS,
    log_drift_per_year: float = 0.0,
) -> VolatilityFit:
    """Return the fitted volatility of a history.

    Parameters
    ----------
    history : MonthlyHistory
        At least 24 months.
    half_life_months : float
        Age at which a month counts half. [months]
    log_drift_per_year : float
        Drift that monthly returns are taken about. [1/year]

    Returns
    -------
    VolatilityFit
        Method of moments: see `log_variance_parts` for spread and persistence,
        `filtered_state` for the opening state, `months_over_days` for the step from
        days to months; the level is the weighted mean of realised variance.
    """
    variance, noise = history.realised_variance, history.variance_noise
    weights = exponential_weights(len(variance), half_life_months)
    log_variance = np.log(variance)
    centre = weighted_mean(log_variance, weights)
    spread, tail, keep = log_variance_parts(
        log_variance - centre, noise=weighted_mean(noise, weights), weights=weights
    )
    ratio = months_over_days(history, weights, log_drift_per_year=log_drift_per_year)
    level = ratio * weighted_mean(variance, weights)
    state = filtered_state(
        log_variance - centre, spread=spread, keep=keep, noise=noise + tail**2
    )
    opening = level * math.exp(state - 0.5 * spread**2)
    return VolatilityFit(
        volatility_per_year=(MONTHS_PER_YEAR * level) ** 0.5,
        opening_volatility_per_year=(MONTHS_PER_YEAR * opening) ** 0.5,
        spread=spread,
        tail_spread=tail,
        half_life_months=math.log(0.5) / math.log(keep),
        months_over_days=ratio,
    )


def log_variance_parts(
    deviation: FloatArray, *, noise: float, weights: FloatArray
) -> tuple[float, float, float]:
    """Return spread of the lasting part, spread of the passing part, and persistence.

    Parameters
    ----------
    deviation : ndarray of shape (n_months,)
        Log of realised variance about its centre. [unitless]
    noise : float
        Mean sampling variance of it. [unitless]
    weights : ndarray of shape (n_months,)
        Weights. [unitless]

    Returns
    -------
    tuple of float
        Spread, tail spread and monthly persistence. [unitless]

    Notes
    -----
    With autocovariances c_k of an autoregression plus noise that is new every month,
    ``c_k = spread^2 keep^k`` for k >= 1 and ``c_0 = spread^2 + tail^2 + noise``. So
    ``keep = (c_2 + c_3) / (c_1 + c_2)``, held within 0.5 to 0.95 (half-lives of 1 to
    13.5 months), ``spread^2 = c_1 / keep``, and the tail takes what is left of c_0.
    """
    covariance = [
        weighted_mean(
            deviation[lag:] * deviation[: len(deviation) - lag], weights[lag:]
        )
        for lag in range(4)
    ]
    near, far = covariance[1] + covariance[2], covariance[2] + covariance[3]
    keep = min(max(far / near, _LEAST_KEEP), _MOST_KEEP) if near > 0.0 else _LEAST_KEEP
    true = max(covariance[0] - noise, _LEAST_SPREAD**2)
    lasting = min(max(covariance[1] / keep, _LEAST_SPREAD**2), true)
    return lasting**0.5, (true - lasting) ** 0.5, keep


def filtered_state(
    deviation: FloatArray, *, spread: float, keep: float, noise: FloatArray
) -> float:
    """Return the best estimate of the lasting part in the last month.

    Parameters
    ----------
    deviation : ndarray of shape (n_months,)
        Log of realised variance about its centre. [unitless]
    spread, keep : float
        Standard deviation and monthly persistence of the lasting part. [unitless]
    noise : ndarray of shape (n_months,)
        Variance of all else in it: the passing part and sampling. [unitless]

    Returns
    -------
    float
        Mean of the state given all months (Kalman filter of an autoregression seen
        with noise). [unitless]
    """
    state, variance = 0.0, spread**2
    for seen, doubt in zip(deviation, noise, strict=True):
        state *= keep
        variance = keep**2 * variance + (1.0 - keep**2) * spread**2
        gain = variance / (variance + doubt)
        state += gain * (float(seen) - state)
        variance *= 1.0 - gain
    return float(state)


def months_over_days(
    history: MonthlyHistory, weights: FloatArray, *, log_drift_per_year: float = 0.0
) -> float:
    """Return the variance of a month's return over that of its days added up.

    Parameters
    ----------
    history : MonthlyHistory
        Months.
    weights : ndarray of shape (n_months,)
        Weights. [unitless]
    log_drift_per_year : float
        Drift that returns are taken about. [1/year]

    Returns
    -------
    float
        Weighted mean of squared monthly return over realised variance: above one where
        days follow each other or the price drifts more than stated, held within 0.5 to
        2. [ratio]
    """
    change = np.diff(np.log(history.end_price_usd))
    surprise = change - log_drift_per_year / MONTHS_PER_YEAR
    ratio = weighted_mean(surprise**2 / history.realised_variance[1:], weights[1:])
    return min(max(ratio, 0.5), 2.0)
