# SPDX-License-Identifier: Apache-2.0
"""The Bitcoin network: subsidy, halvings, difficulty and retargets.

Consensus rules as array functions and the mean difficulty of a time window. Functions
that take arrays use only operators and array methods, so they run on NumPy and CuPy
arrays alike. What does not belong here: what a miner earns (`models.mining`), random
paths (`models.market`), files.

References
----------
.. [1] Bitcoin developer reference, "Block chain: target nBits and difficulty",
   Bitcoin Project, https://developer.bitcoin.org/reference/block_chain.html
   (2016-block retarget toward 14 days, factor limited to 4 and 1/4).
.. [2] Bitcoin Core, `GetBlockSubsidy` in ``src/validation.cpp``: 50 BTC, halved every
   210,000 blocks in whole satoshis, zero after 64 halvings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.units import HASHES_PER_EH

if TYPE_CHECKING:
    from models.arrays import FloatArray, FloatLike, IntArray

__all__ = [
    "BLOCK_SECONDS",
    "HALVING_BLOCKS",
    "HASHES_PER_DIFFICULTY",
    "MAX_RETARGET_FACTOR",
    "RETARGET_BLOCKS",
    "DifficultyEpochs",
    "average_subsidy_btc_per_block",
    "blocks_expected",
    "difficulty_from_hashrate",
    "difficulty_path",
    "halving_height",
    "harmonic_mean",
    "hashrate_from_difficulty",
    "issuance_btc",
    "max_retarget_factor",
    "subsidy_btc_per_block",
]

HASHES_PER_DIFFICULTY: Final = 2.0**32
BLOCK_SECONDS: Final = 600.0
HALVING_BLOCKS: Final = 210_000
RETARGET_BLOCKS: Final = 2_016
MAX_RETARGET_FACTOR: Final = 4.0
_FIRST_SUBSIDY_BTC: Final = 50.0
_SATOSHI_PER_BTC: Final = 1e8


def halving_height(era: int) -> int:
    """Return the first block height at which a number of halvings has happened.

    Parameters
    ----------
    era : int
        Number of halvings, >= 0: 4 for April 2024, 5 for about April 2028. [unitless]

    Returns
    -------
    int
        840,000 for `era` 4; 1,050,000 for `era` 5. [blocks]
    """
    return era * HALVING_BLOCKS


def subsidy_btc_per_block(height: FloatLike) -> FloatLike:
    """Return the block subsidy at a block height.

    Parameters
    ----------
    height : ndarray of any shape
        Block height >= 0, as float; a fraction counts to the block begun. [blocks]

    Returns
    -------
    ndarray of the same shape
        Subsidy in whole satoshis: 3.125 from 840,000, 1.5625 from 1,050,000. [BTC]

    Notes
    -----
    From the 33rd halving on less than a satoshi is left and the subsidy is zero. NaN
    propagates. Works on NumPy and CuPy arrays alike.
    """
    era = height // HALVING_BLOCKS
    satoshi: FloatLike = (_FIRST_SUBSIDY_BTC * _SATOSHI_PER_BTC * 0.5**era) // 1.0
    return satoshi / _SATOSHI_PER_BTC


def issuance_btc(height: FloatLike) -> FloatLike:
    """Return the subsidies of all blocks below a height, added up.

    Parameters
    ----------
    height : ndarray of any shape
        Block height, >= 0, may be fractional. [blocks]

    Returns
    -------
    ndarray of the same shape
        Total subsidy, satoshi rounding (from the tenth halving on) not applied. [BTC]

    Notes
    -----
    Eras 0 to e-1 issue ``210000 * 50 * 2 * (1 - 2^-e)``. NaN propagates. Works on
    NumPy and CuPy arrays alike.
    """
    era = height // HALVING_BLOCKS
    share: FloatLike = 0.5**era
    whole = 2.0 * HALVING_BLOCKS * _FIRST_SUBSIDY_BTC * (1.0 - share)
    return whole + (height - era * HALVING_BLOCKS) * _FIRST_SUBSIDY_BTC * share


def average_subsidy_btc_per_block(
    start_height: FloatArray, n_blocks: FloatArray
) -> FloatArray:
    """Return the mean subsidy of a run of blocks, a halving inside split pro rata.

    Parameters
    ----------
    start_height : ndarray of shape (..., n_periods)
        Height reached when the period begins, may be fractional. [blocks]
    n_blocks : ndarray of shape (..., n_periods)
        Blocks of the period, > 0, may be fractional. [blocks]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Mean subsidy. [BTC]

    Notes
    -----
    NaN propagates; zero blocks give NaN. Works on NumPy and CuPy arrays alike.
    """
    end_height = start_height + n_blocks
    return (issuance_btc(end_height) - issuance_btc(start_height)) / n_blocks


def difficulty_from_hashrate(network_eh_s: FloatLike) -> FloatLike:
    """Return the difficulty at which a network finds a block every 600 s.

    Parameters
    ----------
    network_eh_s : ndarray of any shape
        Network hash rate. [EH/s]

    Returns
    -------
    ndarray of the same shape
        ``hashrate_h_s * 600 / 2^32``. [unitless]
    """
    return network_eh_s * (HASHES_PER_EH * BLOCK_SECONDS / HASHES_PER_DIFFICULTY)


def hashrate_from_difficulty(difficulty: FloatLike) -> FloatLike:
    """Return the network hash rate that finds a block every 600 s.

    Parameters
    ----------
    difficulty : ndarray of any shape
        Network difficulty. [unitless]

    Returns
    -------
    ndarray of the same shape
        Network hash rate. [EH/s]
    """
    return difficulty * (HASHES_PER_DIFFICULTY / (BLOCK_SECONDS * HASHES_PER_EH))


def blocks_expected(
    network_eh_s: FloatLike, difficulty: FloatLike, *, seconds: FloatLike
) -> FloatLike:
    """Return how many blocks a network is expected to find in a period.

    Parameters
    ----------
    network_eh_s : ndarray of shape (..., n_periods)
        Network hash rate, average of the period. [EH/s]
    difficulty : ndarray of shape (..., n_periods)
        Network difficulty, harmonic mean of the period, > 0. [unitless]
    seconds : ndarray of shape (n_periods,)
        Length of each period. [s]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Expected blocks; the caller accumulates them into heights. [blocks]
    """
    hashes = network_eh_s * HASHES_PER_EH * seconds
    return hashes / (difficulty * HASHES_PER_DIFFICULTY)


def max_retarget_factor(seconds: FloatLike) -> FloatLike:
    """Return by which factor difficulty can rise in a period at most.

    Parameters
    ----------
    seconds : ndarray of any shape
        Length of the period. [s]

    Returns
    -------
    ndarray of the same shape
        Four per 2,016 blocks at 600 s each, so ``4^(seconds / 1,209,600)``; the
        inverse bounds the fall. [unitless]
    """
    factor: FloatLike = MAX_RETARGET_FACTOR ** (
        seconds / (RETARGET_BLOCKS * BLOCK_SECONDS)
    )
    return factor


def difficulty_path(
    network_eh_s: FloatArray,
    *,
    opening_network_eh_s: FloatArray,
    opening_difficulty: FloatArray,
    seconds: FloatArray,
) -> FloatArray:
    """Return monthly difficulty that follows the network with half an epoch's lag.

    Parameters
    ----------
    network_eh_s : ndarray of shape (..., n_periods)
        Network hash rate, average of each period, > 0. [EH/s]
    opening_network_eh_s : ndarray of shape (...)
        Network hash rate of the period before the first. [EH/s]
    opening_difficulty : ndarray of shape (...)
        Difficulty of the period before the first, > 0. [unitless]
    seconds : ndarray of shape (n_periods,)
        Length of each period, each at least half an epoch (7 days). [s]

    Returns
    -------
    ndarray of shape (..., n_periods)
        Mean difficulty of each period. [unitless]

    Raises
    ------
    ValueError
        If a period is shorter than half an epoch.

    Notes
    -----
    A retarget looks back over one epoch, so difficulty stands on average half an epoch
    (7 days) behind. The mean over a period of length s of a hash rate delayed by d is
    taken as ``(1 - d/s) * this period + d/s * the period before``; the change from one
    period to the next is limited by `max_retarget_factor`. NaN propagates. Works on
    NumPy and CuPy arrays alike; no host copy of the path is made.
    """
    lag_s = 0.5 * RETARGET_BLOCKS * BLOCK_SECONDS
    if bool((seconds < lag_s).any()):
        msg = f"seconds: every period must last at least {lag_s:,.0f} s (half an epoch)"
        raise ValueError(msg)
    difficulty = difficulty_from_hashrate(network_eh_s)
    before_eh_s, before = opening_network_eh_s, opening_difficulty
    factor = max_retarget_factor(seconds)
    for period in range(network_eh_s.shape[-1]):
        weight = lag_s / seconds[period]
        now_eh_s = network_eh_s[..., period]
        wanted = difficulty_from_hashrate(
            (1.0 - weight) * now_eh_s + weight * before_eh_s
        )
        limit = factor[period]
        before = wanted.clip(before / limit, before * limit)
        difficulty[..., period] = before
        before_eh_s = now_eh_s
    return difficulty


def harmonic_mean(values: FloatArray, *, weights: FloatArray) -> float:
    """Return the weighted harmonic mean, the right mean for difficulty.

    Expected output goes with 1 / difficulty, so a period at two difficulties earns what
    it would earn at their time-weighted harmonic mean.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values, > 0. [unitless]
    weights : ndarray of shape (n,)
        Lengths, >= 0, not all zero. [unitless]

    Returns
    -------
    float
        ``sum(w) / sum(w / value)``. [unitless]
    """
    return float(weights.sum() / (weights / values).sum())


@dataclass(frozen=True, slots=True)
class DifficultyEpochs:
    """Difficulty epochs in order of time, up to the end of the known chain.

    Parameters
    ----------
    start_day : ndarray of shape (n_epochs,)
        Moment of each retarget, days since 1970-01-01 00:00 UTC, rising. [days]
    difficulty : ndarray of shape (n_epochs,)
        Difficulty from that moment on. [unitless]
    height : ndarray of shape (n_epochs,)
        First block of the epoch. [blocks]
    end_day : float
        Moment up to which the chain is known. [days]
    """

    start_day: FloatArray
    difficulty: FloatArray
    height: IntArray
    end_day: float

    def mean_difficulty(self, from_day: float, to_day: float) -> float:
        """Return the harmonic mean difficulty of a window of time.

        Parameters
        ----------
        from_day, to_day : float
            Window, days since 1970-01-01 00:00 UTC. [days]

        Returns
        -------
        float
            Time-weighted harmonic mean. [unitless]

        Raises
        ------
        ValueError
            If the window is empty or not covered by the epochs.
        """
        if not (self.start_day[0] <= from_day < to_day <= self.end_day):
            msg = (
                f"days {from_day} to {to_day} are not inside the known epochs, "
                f"{self.start_day[0]} to {self.end_day}"
            )
            raise ValueError(msg)
        ends = np.append(self.start_day[1:], self.end_day)
        overlap_day = np.minimum(ends, to_day) - np.maximum(self.start_day, from_day)
        return harmonic_mean(self.difficulty, weights=overlap_day.clip(min=0.0))
