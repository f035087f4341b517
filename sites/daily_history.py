# SPDX-License-Identifier: Apache-2.0
"""A user's daily history of price and chain, read and checked for calibration.

Every fault is reported at once. What does not belong here: histories by month
(`sites.history`) and what the figures mean (`models.calibration`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.calibration import LEAST_MONTHS
from models.calibration_history import DailyHistory, monthly_history
from models.errors import ConfigError, Fault
from models.network import HALVING_BLOCKS
from sites.history_checks import check_days, read_days
from sites.tables import Column, read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from models.arrays import FloatArray
    from sites.tables import Row

__all__ = ["COLUMNS", "load_daily_history"]

_MOST_SHOWN: Final = 20
_DIFFICULTY_ADVICE: Final = "Give the plain difficulty: 146.7e12, not 146.7."
COLUMNS: Final = (
    Column("date", is_required=True, is_number=False),
    Column("price_usd", "USD/BTC", is_required=True, excludes_low=True),
    Column(
        "difficulty", is_required=True, low=1e3, advice=_DIFFICULTY_ADVICE, high=1e20
    ),
    Column("blocks", "blocks", is_required=True, excludes_low=True, high=1_000.0),
    Column("fees_btc", "BTC", is_required=True),
    Column("issuance_btc", "BTC", is_required=True, excludes_low=True),
)
"""Columns that a history must have; it may have others."""


def load_daily_history(path: Path, *, until: date | None = None) -> DailyHistory:
    """Return a daily history, checked.

    Parameters
    ----------
    path : pathlib.Path
        CSV file with the columns of `COLUMNS`, one line per UTC day.
    until : datetime.date, optional
        Last day to use; what comes after is neither checked for gaps nor returned.

    Returns
    -------
    DailyHistory
        Consecutive days with at least `models.calibration.LEAST_MONTHS` whole months.

    Raises
    ------
    ConfigError
        With every fault of the file.
    """
    faults: list[Fault] = []
    rows = read_table(path, COLUMNS, faults=faults, allows_unknown=True)
    days = read_days(path, rows, faults)
    if len(days) == len(rows):
        kept = [
            place for place, day in enumerate(days) if until is None or day <= until
        ]
        rows, days = tuple(rows[k] for k in kept), [days[k] for k in kept]
    check_days(path, days, faults)
    if not faults:
        faults += _cover_faults(path, days, until)
    if faults:
        raise ConfigError(_shortened(path, faults))
    daily = DailyHistory(
        dates=tuple(days),
        price_usd=_column(rows, "price_usd"),
        difficulty=_column(rows, "difficulty"),
        blocks=_column(rows, "blocks"),
        fees_btc=_column(rows, "fees_btc"),
        issuance_btc=_column(rows, "issuance_btc"),
    )
    faults = _month_faults(path, daily)
    if faults:
        raise ConfigError(_shortened(path, faults))
    return daily


def _column(rows: Sequence[Row], name: str) -> FloatArray:
    return np.array([row.number[name] for row in rows], dtype=np.float64)


def _cover_faults(path: Path, days: Sequence[date], until: date | None) -> list[Fault]:
    """Return a fault if the file ends before the day asked for."""
    if until is None or (days and days[-1] == until):
        return []
    what = f"must reach {until}."
    seen = f"ends on {days[-1]}" if days else "has no day up to it"
    return [
        Fault(str(path), "date", seen, what, "Give an earlier --until, or more days.")
    ]


def _month_faults(path: Path, daily: DailyHistory) -> list[Fault]:
    """Return faults of whole months: too few, or without anything to estimate from."""
    months = monthly_history(daily)
    faults = []
    n = len(months.months)
    if n < LEAST_MONTHS:
        faults.append(
            Fault(
                str(path),
                "date",
                f"{n} whole months",
                f"must hold at least {LEAST_MONTHS} whole months, a halving cycle.",
                "Give a longer history, or a later --until.",
            )
        )
    for place, month in enumerate(months.months):
        still = months.realised_variance[place] <= 0.0
        free = months.fee_share_frac[place] <= 0.0
        for is_fault, column, problem in (
            (still, "price_usd", "must change within the month."),
            (free, "fees_btc", "must hold some fees."),
        ):
            if is_fault:
                faults.append(
                    Fault(str(path), f"{month}, {column}", "", problem, "Correct it.")
                )
        subsidy = float(months.subsidy_btc_per_block[place])
        if subsidy > 50.0:
            allowed = "must be the subsidy alone, at most 50 BTC a block."
            shown = f"{subsidy:.4g} BTC a block"
            faults.append(
                Fault(
                    str(path), f"{month}, issuance_btc", shown, allowed, "Correct it."
                )
            )
    if n and months.end_height[-1] < 4 * HALVING_BLOCKS:
        faults.append(
            Fault(
                str(path),
                "date",
                f"ends on {daily.dates[-1]}",
                "must reach block 840,000 (20 April 2024), where market files begin.",
                "Give a later --until.",
            )
        )
    return faults


def _shortened(path: Path, faults: list[Fault]) -> list[Fault]:
    """Return the first faults and a count of the rest: a column can be wrong daily."""
    if len(faults) <= _MOST_SHOWN:
        return faults
    rest = len(faults) - _MOST_SHOWN
    return [
        *faults[:_MOST_SHOWN],
        Fault(str(path), "", "", f"has {rest:,} more faults.", "Mend these first."),
    ]
