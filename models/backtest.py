# SPDX-License-Identifier: Apache-2.0
"""Backtest of mining output: the formula against what a miner reported.

Pure functions on records: expected output per month from average operating hash rate,
difficulty and fees; months without a published hash rate filled from output; the pool
fee that the differences imply. What does not belong here: the cost side
(`models.cost_backtest`), reading files (`sites.history`).
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from models.mining import expected_btc, hashrate_for_btc_eh_s
from models.units import SECONDS_PER_DAY, day_number, days_in_month, parse_month

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.network import DifficultyEpochs

__all__ = [
    "BacktestMonth",
    "NetworkMonth",
    "PoolFeeEstimate",
    "ProductionMonth",
    "backtest_production",
    "implied_pool_fee",
]


@dataclass(frozen=True, slots=True)
class ProductionMonth:
    """What a miner reported for one month; at least one of the two figures is given.

    Parameters
    ----------
    month : str
        ISO month.
    avg_operating_hashrate_eh_s : float or None
        Average operating hash rate over the days operating. [EH/s]
    btc_produced : float or None
        Reported output. [BTC]
    days_operating : float or None
        Days with operation; None means the whole month. [days]
    derived_fields : tuple of str
        Columns that were worked out from other published figures.
    """

    month: str
    avg_operating_hashrate_eh_s: float | None
    btc_produced: float | None
    days_operating: float | None = None
    derived_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkMonth:
    """What the network was in one month.

    Parameters
    ----------
    month : str
        ISO month.
    difficulty : float
        Harmonic mean over the month. [unitless]
    fee_share_frac : float
        Fees divided by subsidy. [unitless]
    subsidy_btc_per_block : float
        Mean block subsidy. [BTC]
    """

    month: str
    difficulty: float
    fee_share_frac: float
    subsidy_btc_per_block: float


@dataclass(frozen=True, slots=True)
class BacktestMonth:
    """One month of a backtest.

    Parameters
    ----------
    month : str
        ISO month.
    expected_btc : float
        Output that the formula gives. [BTC]
    reported_btc : float or None
        Output that the miner reported. [BTC]
    error_frac : float or None
        ``expected / reported - 1``; None without a positive reported figure; zero by
        construction where `is_filled`. [unitless]
    hashrate_eh_s : float
        Hash rate used, over the days operating. [EH/s]
    days_operating : float
        Days with operation. [days]
    difficulty : float
        Harmonic mean over the days operating. [unitless]
    fee_share_frac : float
        Fees divided by subsidy. [unitless]
    subsidy_btc_per_block : float
        Mean block subsidy. [BTC]
    is_filled : bool
        The hash rate was worked out from output and difficulty.
    is_partial : bool
        Operation covered a part of the month only.
    derived_fields : tuple of str
        Input columns that were not published themselves.
    """

    month: str
    expected_btc: float
    reported_btc: float | None
    error_frac: float | None
    hashrate_eh_s: float
    days_operating: float
    difficulty: float
    fee_share_frac: float
    subsidy_btc_per_block: float
    is_filled: bool
    is_partial: bool
    derived_fields: tuple[str, ...]

    @property
    def is_check(self) -> bool:
        """Whether the error says something: a whole month with a given hash rate."""
        return (
            not self.is_filled and not self.is_partial and self.error_frac is not None
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """Return what a reader must know about this month, in words."""
        filled = ("filled",) if self.is_filled else ()
        partial = ("partial",) if self.is_partial else ()
        derived = tuple(f"derived:{name}" for name in self.derived_fields)
        return filled + partial + derived


def backtest_production(
    production: Sequence[ProductionMonth],
    network: Mapping[str, NetworkMonth],
    *,
    pool_fee_frac: float,
    epochs: DifficultyEpochs | None = None,
) -> tuple[BacktestMonth, ...]:
    """Return expected against reported output, month by month.

    Parameters
    ----------
    production : sequence of ProductionMonth
        What the miner reported.
    network : mapping of str to NetworkMonth
        Network by ISO month; must have every month of `production`.
    pool_fee_frac : float
        Share of output kept by the pool, at least 0 and under 1. [unitless]
    epochs : DifficultyEpochs, optional
        Retargets; when given, the difficulty is their harmonic mean over the exact
        window of operation instead of the monthly figure.

    Returns
    -------
    tuple of BacktestMonth
        In the order of `production`.

    Raises
    ------
    ValueError
        If the pool fee is out of range or a month has neither hash rate nor output.
    KeyError
        If the network lacks a month.

    Notes
    -----
    A partial month is a start: its days are the last ones of the month. A hash rate
    that is not given is the one whose expected output is the reported one.
    """
    if not 0.0 <= pool_fee_frac < 1.0:
        msg = f"pool_fee_frac = {pool_fee_frac} must be at least 0 and under 1"
        raise ValueError(msg)
    return tuple(
        _backtest_month(row, network[row.month], pool_fee_frac, epochs)
        for row in production
    )


def _backtest_month(
    row: ProductionMonth,
    network: NetworkMonth,
    pool_fee_frac: float,
    epochs: DifficultyEpochs | None,
) -> BacktestMonth:
    month_days = days_in_month(row.month)
    days = float(month_days if row.days_operating is None else row.days_operating)
    difficulty = network.difficulty
    if epochs is not None:
        year, number = parse_month(row.month)
        end_day = float(day_number(date(year, number, 1)) + month_days)
        difficulty = epochs.mean_difficulty(end_day - days, end_day)
    hashrate_eh_s = row.avg_operating_hashrate_eh_s
    is_filled = hashrate_eh_s is None
    if hashrate_eh_s is None:
        if row.btc_produced is None:
            msg = f"{row.month} has neither a hash rate nor an output"
            raise ValueError(msg)
        hashrate_eh_s = hashrate_for_btc_eh_s(
            row.btc_produced,
            difficulty,
            seconds=days * SECONDS_PER_DAY,
            subsidy_btc_per_block=network.subsidy_btc_per_block,
            fee_share_frac=network.fee_share_frac,
            pool_fee_frac=pool_fee_frac,
        )
    expected = expected_btc(
        hashrate_eh_s,
        difficulty,
        seconds=days * SECONDS_PER_DAY,
        subsidy_btc_per_block=network.subsidy_btc_per_block,
        fee_share_frac=network.fee_share_frac,
        pool_fee_frac=pool_fee_frac,
    )
    reported = row.btc_produced
    return BacktestMonth(
        month=row.month,
        expected_btc=expected,
        reported_btc=reported,
        error_frac=expected / reported - 1.0 if reported else None,
        hashrate_eh_s=hashrate_eh_s,
        days_operating=days,
        difficulty=difficulty,
        fee_share_frac=network.fee_share_frac,
        subsidy_btc_per_block=network.subsidy_btc_per_block,
        is_filled=is_filled,
        is_partial=days < month_days,
        derived_fields=row.derived_fields,
    )


@dataclass(frozen=True, slots=True)
class PoolFeeEstimate:
    """The pool fee that would make expected output equal to reported output.

    Parameters
    ----------
    mean_frac : float
        Mean over the months. [unitless]
    sd_frac : float or None
        Standard deviation over the months (n - 1); None for one month. [unitless]
    months : tuple of str
        Months used: whole months with a given hash rate and a reported output.
    """

    mean_frac: float
    sd_frac: float | None
    months: tuple[str, ...]


def implied_pool_fee(
    months: Sequence[BacktestMonth], *, pool_fee_frac: float
) -> PoolFeeEstimate | None:
    """Return the pool fee implied by a backtest, or None without a month to judge.

    Parameters
    ----------
    months : sequence of BacktestMonth
        Result of `backtest_production`.
    pool_fee_frac : float
        Pool fee with which they were made; it is taken out first. [unitless]

    Returns
    -------
    PoolFeeEstimate or None
        Shown beside the result and never fed back into it: rounding of the published
        hash rate, downtime credited or not, and the pool's own fee share look alike.
    """
    used = [row for row in months if row.is_check and row.expected_btc > 0.0]
    if not used:
        return None
    fees = [
        1.0 - (row.reported_btc or 0.0) * (1.0 - pool_fee_frac) / row.expected_btc
        for row in used
    ]
    return PoolFeeEstimate(
        mean_frac=statistics.fmean(fees),
        sd_frac=statistics.stdev(fees) if len(fees) > 1 else None,
        months=tuple(row.month for row in used),
    )
