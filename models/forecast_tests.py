# SPDX-License-Identifier: Apache-2.0
"""Tests of forecasts as distributions: PIT, coverage of bands, CRPS, block bootstrap.

Pure functions on arrays of what was forecast and what came. What does not belong here:
making forecasts (`models.forecast_backtest`).

References
----------
.. [1] T. Gneiting, A. E. Raftery, "Strictly proper scoring rules, prediction, and
   estimation", J. Am. Stat. Assoc. 102(477), 2007, section 4.2,
   doi:10.1198/016214506000001437 (CRPS as a difference of two mean distances, and its
   closed form for a normal).
.. [2] H. R. Kuensch, "The jackknife and the bootstrap for general stationary
   observations", Ann. Statist. 17(3), 1989, doi:10.1214/aos/1176347265.
.. [3] E. B. Wilson, "Probable inference, the law of succession, and statistical
   inference", J. Am. Stat. Assoc. 22(158), 1927, doi:10.1080/01621459.1927.10502953.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = [
    "block_bootstrap_sd",
    "crps_of_normal",
    "crps_of_sample",
    "effective_windows",
    "is_inside_band",
    "pit_counts",
    "probability_integral_transform",
    "share_interval",
]


def probability_integral_transform(sample: FloatArray, outcome: float) -> float:
    """Return the forecast probability of less than what came.

    Parameters
    ----------
    sample : ndarray of shape (n,)
        Draws of the forecast. [unit of the outcome]
    outcome : float
        What came. [unit of the outcome]

    Returns
    -------
    float
        Share of draws below, ties counted half: uniform if the forecast is right.
        [share 0-1]
    """
    below = float((sample < outcome).mean())
    return below + 0.5 * float((sample == outcome).mean())


def pit_counts(pit: FloatArray, n_bins: int = 10) -> IntArray:
    """Return the histogram of PIT values over equal bins of 0 to 1.

    Parameters
    ----------
    pit : ndarray of shape (n_windows,)
        PIT values. [share 0-1]
    n_bins : int
        Number of bins. [unitless]

    Returns
    -------
    ndarray of int of shape (n_bins,)
        Windows in each bin. [unitless]
    """
    return np.histogram(pit, bins=n_bins, range=(0.0, 1.0))[0].astype(np.int64)


def is_inside_band(pit: FloatArray, band_frac: float) -> FloatArray:
    """Return 1 where the outcome lay in the central band of its forecast, else 0.

    Parameters
    ----------
    pit : ndarray of shape (n_windows,)
        PIT values. [share 0-1]
    band_frac : float
        Probability of the band: 0.9 for the band from 5 to 95 %. [share 0-1]

    Returns
    -------
    ndarray of shape (n_windows,)
        Ones and zeros; their mean is the coverage. [unitless]
    """
    inside: FloatArray = (np.abs(pit - 0.5) <= 0.5 * band_frac).astype(np.float64)
    return inside


def crps_of_sample(sample: FloatArray, outcome: float) -> float:
    """Return the continuous ranked probability score of draws, the lower the better.

    Parameters
    ----------
    sample : ndarray of shape (n,)
        Draws of the forecast. [unit of the outcome]
    outcome : float
        What came. [unit of the outcome]

    Returns
    -------
    float
        Mean distance of draws from the outcome less half the mean distance between
        two draws [1]_. [unit of the outcome]
    """
    ordered = np.sort(sample)
    n = len(ordered)
    rank = 2.0 * np.arange(1, n + 1) - n - 1.0
    between = float((rank * ordered).sum()) * 2.0 / n**2
    return float(np.abs(ordered - outcome).mean()) - 0.5 * between


def crps_of_normal(mean: float, sd: float, outcome: float) -> float:
    """Return the continuous ranked probability score of a normal forecast.

    Parameters
    ----------
    mean, sd : float
        Forecast; sd > 0. [unit of the outcome]
    outcome : float
        What came. [unit of the outcome]

    Returns
    -------
    float
        ``sd (z (2 F(z) - 1) + 2 f(z) - 1 / sqrt(pi))`` [1]_. [unit of the outcome]
    """
    z = (outcome - mean) / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    spread = z * (2.0 * float(ndtr(z)) - 1.0) + 2.0 * density
    return sd * (spread - 1.0 / math.sqrt(math.pi))


def block_bootstrap_sd(
    values: FloatArray, *, block: int, rng: np.random.Generator, n_draws: int = 2_000
) -> float:
    """Return the standard error of the mean of values that depend on neighbours.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values in order of time. [unit of the values]
    block : int
        Length of the runs of neighbours drawn together, 1 to n. [unitless]
    rng : numpy.random.Generator
        Source of the draws.
    n_draws : int
        Bootstrap samples. [unitless]

    Returns
    -------
    float
        Standard deviation of the mean over the samples [2]_. Runs may go on at the
        beginning after the end, so that every value is drawn equally often. [unit of
        the values]
    """
    n = len(values)
    n_blocks = -(-n // block)
    starts = rng.integers(0, n, size=(n_draws, n_blocks))
    places = (starts[:, :, None] + np.arange(block)) % n
    means = values[places.reshape(n_draws, -1)[:, :n]].mean(axis=1)
    return float(means.std())


def effective_windows(
    pit: FloatArray, *, block: int, rng: np.random.Generator
) -> float:
    """Return how many independent windows are worth as much as these.

    Parameters
    ----------
    pit : ndarray of shape (n_windows,)
        PIT values in order of time. [share 0-1]
    block : int
        Length of the bootstrap's blocks, 1 to n_windows. [unitless]
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    float
        Variance of ``|2 pit - 1|``, from which every central band is read, over the
        block-bootstrap variance of its mean; within 1 to n_windows. [unitless]
    """
    folded = np.abs(2.0 * pit - 1.0)
    sd = block_bootstrap_sd(folded, block=block, rng=rng)
    if sd == 0.0:
        return 1.0
    return min(max(float(folded.var()) / sd**2, 1.0), float(len(pit)))


def share_interval(
    share_frac: float, n_windows: float, *, level_frac: float = 0.95
) -> tuple[float, float]:
    """Return an interval of a probability given a share of windows.

    Parameters
    ----------
    share_frac : float
        Share observed. [share 0-1]
    n_windows : float
        Independent windows it stands for, need not be whole. [unitless]
    level_frac : float
        Probability of the interval. [share 0-1]

    Returns
    -------
    tuple of float
        Lower and upper end [3]_: sound also where the share is near 0 or 1, where
        resampled shares would hardly vary. [share 0-1]
    """
    z = float(ndtri(0.5 + 0.5 * level_frac))
    shrink = 1.0 + z**2 / n_windows
    middle = (share_frac + 0.5 * z**2 / n_windows) / shrink
    spread = share_frac * (1.0 - share_frac) / n_windows + (0.5 * z / n_windows) ** 2
    half = z * spread**0.5 / shrink
    return middle - half, middle + half
