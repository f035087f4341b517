# SPDX-License-Identifier: Apache-2.0
"""Out-of-sample test of the market model: fit, forecast, compare, month after month.

At the end of every month the model is fitted to the months up to it and simulated as
scoring simulates it; its forecasts of price and hashrate are then held against what
came. What does not belong here: the model (`models.market_bitcoin`), the estimators
(`models.calibration`), the measures (`models.forecast_tests`) and drawing
(`gpu.sampling.scenarios`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.calibration import LEAST_MONTHS, fit_market
from models.forecast_tests import (
    crps_of_normal,
    crps_of_sample,
    effective_windows,
    is_inside_band,
    probability_integral_transform,
    share_interval,
)
from models.market import correlated
from models.market_bitcoin import bitcoin_paths
from models.months import add_months
from models.units import SECONDS_PER_HOUR, month_hours_h

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray
    from models.calibration import MarketFit
    from models.calibration_history import MonthlyHistory
    from models.market_parameters import Market

__all__ = [
    "BANDS",
    "HORIZONS_MONTHS",
    "REQUIRED_COVERAGE",
    "SERIES",
    "STRICT_HORIZON_MONTHS",
    "Coverage",
    "ForecastTest",
    "backtest_forecasts",
]

HORIZONS_MONTHS: Final = (1, 3, 6, 12)
SERIES: Final = ("btc_price", "network")
BANDS: Final = (0.5, 0.8, 0.9)
REQUIRED_COVERAGE: Final = {0.5: (0.42, 0.58), 0.8: (0.72, 0.88), 0.9: (0.85, 0.95)}
"""Coverage that a band must keep where windows hardly overlap."""
STRICT_HORIZON_MONTHS: Final = 3
"""Up to here bands must hold; further ahead they must be compatible."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the outcome lay in a central band.

    Parameters
    ----------
    band_frac : float
        Probability of the band. [share 0-1]
    covered_frac : float
        Share of windows. [share 0-1]
    low_frac, high_frac : float
        Block-bootstrap interval of that probability, 95 %. [share 0-1]
    """

    band_frac: float
    covered_frac: float
    low_frac: float
    high_frac: float

    @property
    def is_required(self) -> bool:
        """Whether the share itself keeps the required distance from the band's."""
        low, high = REQUIRED_COVERAGE[self.band_frac]
        return low <= self.covered_frac <= high

    @property
    def is_compatible(self) -> bool:
        """Whether the interval holds the band's own probability."""
        return self.low_frac <= self.band_frac <= self.high_frac


@dataclass(frozen=True, slots=True)
class ForecastTest:
    """Forecasts of one series at one horizon against what came.

    Parameters
    ----------
    series : str
        One of `SERIES`.
    horizon_months : int
        How far ahead. [months]
    origins : tuple of str
        Last known month of each window, ISO.
    pit : ndarray of shape (n_windows,)
        Forecast probability of less than what came. [share 0-1]
    n_effective : float
        Independent windows that these are worth. [unitless]
    coverage : tuple of Coverage
        By band.
    crps : float
        Mean score of the model, on log changes. [unitless]
    crps_walk, crps_drifting_walk : float
        The same of a normal random walk with the window's historical volatility,
        without drift and with the window's mean drift. [unitless]
    """

    series: str
    horizon_months: int
    origins: tuple[str, ...]
    pit: FloatArray
    n_effective: float
    coverage: tuple[Coverage, ...]
    crps: float
    crps_walk: float
    crps_drifting_walk: float

    @property
    def crps_ratio(self) -> float:
        """Score over that of the random walk without drift: below one is better."""
        return self.crps / self.crps_walk

    @property
    def is_strict(self) -> bool:
        """Whether bands and score must hold, not just be compatible."""
        return self.horizon_months <= STRICT_HORIZON_MONTHS

    @property
    def is_passed(self) -> bool:
        """Whether bands hold; up to 3 months also whether the score is no worse."""
        if self.is_strict:
            return self.crps_ratio <= 1.0 and all(c.is_required for c in self.coverage)
        return all(c.is_compatible for c in self.coverage)


@dataclass(slots=True)
class _Record:
    """What one series at one horizon has gathered so far."""

    origins: list[str]
    pit: list[float]
    scores: list[tuple[float, float, float]]


def backtest_forecasts(
    history: MonthlyHistory,
    template: Market,
    shocks_of: Callable[[int], FloatArray],
    *,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[ForecastTest, ...], tuple[MarketFit, ...]]:
    """Return the test of every series and horizon, and the fit of every window.

    Parameters
    ----------
    history : MonthlyHistory
        More than `LEAST_MONTHS` months.
    template : Market
        What is assumed; the same in every window.
    shocks_of : callable
        Gives independent standard normals of shape (n_scenarios, n_factors, 12) for
        the window of that number. [unitless]
    rng : numpy.random.Generator
        Source of the bootstrap.
    progress : callable or None
        Told how many windows are done, and how many there are.

    Returns
    -------
    tuple of ForecastTest, tuple of MarketFit
        By series and horizon, where there is at least one window; fits by window.

    Notes
    -----
    Scores are of the log of price or hashrate over its value at the window's end. A
    window's draws are used with either sign, which makes the median of the price exact.
    Bootstrap blocks are twice the horizon, as neighbours share most of their future.
    """
    n_months = len(history.months)
    records = {
        (name, ahead): _Record([], [], [])
        for name in SERIES
        for ahead in HORIZONS_MONTHS
    }
    logs = {
        "btc_price": np.log(history.end_price_usd),
        "network": np.log(history.network_eh_s),
    }
    fits = []
    for known in range(LEAST_MONTHS, n_months):
        fit = fit_market(history.before(known), template)
        fits.append(fit)
        paths = _simulated(fit, shocks_of(known - LEAST_MONTHS))
        for (name, ahead), record in records.items():
            if known - 1 + ahead < n_months:
                _judge(record, logs[name], known, ahead, paths[name][:, ahead - 1])
                record.origins.append(fit.last_month)
        if progress is not None:
            progress(known - LEAST_MONTHS + 1, n_months - LEAST_MONTHS)
    tests = [
        _test(name, ahead, record, rng)
        for (name, ahead), record in records.items()
        if record.pit
    ]
    return tuple(tests), tuple(fits)


def _simulated(fit: MarketFit, shocks: FloatArray) -> dict[str, FloatArray]:
    """Return log changes since the window's end, each (n_scenarios, 12)."""
    market = fit.market
    both = np.concatenate([shocks, -shocks])
    first = add_months(fit.last_month, 1)
    seconds = month_hours_h(first, both.shape[2]) * SECONDS_PER_HOUR
    paths = bitcoin_paths(market, correlated(market, both), seconds)
    return {
        "btc_price": np.log(paths.btc_price_usd / market.btc_price_usd),
        "network": np.log(paths.network_eh_s / market.network_eh_s),
    }


def _judge(
    record: _Record, log_level: FloatArray, known: int, ahead: int, sample: FloatArray
) -> None:
    """Hold one forecast, and a random walk's, against what came."""
    outcome = float(log_level[known - 1 + ahead] - log_level[known - 1])
    past = np.diff(log_level[:known])
    sd = float(past.std(ddof=1)) * ahead**0.5
    record.pit.append(probability_integral_transform(sample, outcome))
    record.scores.append(
        (
            crps_of_sample(sample, outcome),
            crps_of_normal(0.0, sd, outcome),
            crps_of_normal(float(past.mean()) * ahead, sd, outcome),
        )
    )


def _test(
    series: str, ahead: int, record: _Record, rng: np.random.Generator
) -> ForecastTest:
    pit = np.array(record.pit)
    n_effective = effective_windows(pit, block=min(2 * ahead, len(pit)), rng=rng)
    coverage = []
    for band in BANDS:
        covered = float(is_inside_band(pit, band).mean())
        coverage.append(Coverage(band, covered, *share_interval(covered, n_effective)))
    scores = np.array(record.scores).mean(axis=0)
    return ForecastTest(
        series=series,
        horizon_months=ahead,
        origins=tuple(record.origins),
        pit=pit,
        n_effective=n_effective,
        coverage=tuple(coverage),
        crps=float(scores[0]),
        crps_walk=float(scores[1]),
        crps_drifting_walk=float(scores[2]),
    )
