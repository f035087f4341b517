# SPDX-License-Identifier: Apache-2.0
"""Statistics by month: how often an event has come, and percentiles of levels.

Everything counted is a whole number, so that no result depends on chunks or their
order. What does not belong here: statistics of whole scenarios (`gpu.tally`), and what
the events are (`gpu.liquidity`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.backend import to_host

if TYPE_CHECKING:
    from gpu.liquidity import LiquidityRisk
    from gpu.numpy_engine import Scored
    from models.arrays import FloatArray, IntArray

__all__ = [
    "BAND_SHARES",
    "RELATIVE_ERROR",
    "EventMonths",
    "LevelMonths",
    "MonthHistogram",
    "MonthTally",
    "MonthlyRisk",
    "RiskMonths",
]

BAND_SHARES: Final = (0.05, 0.50, 0.95)
RELATIVE_ERROR: Final = 0.002
"""Largest error of a level's percentile, as a share of it."""
# Bins from x to GROWTH x, whose middle in size is off by at most the error above.
GROWTH: Final = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR)
MAGNITUDES: Final = 1e6
SIDE_BINS: Final = math.ceil(math.log(MAGNITUDES) / math.log(GROWTH))
# Sizes under which levels are not told apart, by the end of their name.
SMALLEST: Final = {"_frac": 1e-4, "_usd_per_btc": 10.0}


@dataclass(frozen=True, slots=True)
class EventMonths:
    """How often an event comes.

    Parameters
    ----------
    in_month_frac, by_month_frac : tuple of float
        Share of scenarios in which it comes in a month, and in which it has come by
        that month's end. [share 0-1]
    """

    in_month_frac: tuple[float, ...]
    by_month_frac: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LevelMonths:
    """A level by month: on the base path, and percentiles over scenarios.

    Parameters
    ----------
    base, p05, p50, p95 : tuple of float
        One value per month, in the unit of the level's name. [mixed]
    """

    base: tuple[float, ...]
    p05: tuple[float, ...]
    p50: tuple[float, ...]
    p95: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MonthlyRisk:
    """Risk of a plan by month.

    Parameters
    ----------
    events : dict of str to EventMonths
        By name of the event, see `gpu.liquidity`.
    levels : dict of str to LevelMonths
        By name of the level.
    quantile_error_frac : float
        Largest error of percentiles, as a share of them. [share 0-1]
    """

    events: dict[str, EventMonths]
    levels: dict[str, LevelMonths]
    quantile_error_frac: float = RELATIVE_ERROR


class MonthHistogram:
    """Counts of a level by month, in bins that grow by a fixed factor.

    Parameters
    ----------
    n_periods : int
        Months. [months]
    smallest : float
        Size under which levels are not told apart, > 0. [same as level]
    """

    def __init__(self, n_periods: int, smallest: float) -> None:
        self.smallest = smallest
        self.counts: IntArray = np.zeros((n_periods, 2 * SIDE_BINS + 1), dtype=np.int64)
        self.low: FloatArray = np.full(n_periods, np.inf)
        self.high: FloatArray = np.full(n_periods, -np.inf)

    def add(self, values: FloatArray) -> None:
        """Add levels of shape (n_scenarios, n_periods), none of them NaN."""
        self.low = np.minimum(self.low, values.min(axis=0))
        self.high = np.maximum(self.high, values.max(axis=0))
        size = np.maximum(np.abs(values) * (1.0 / self.smallest), 1.0)
        place = (np.log(size) * (1.0 / math.log(GROWTH))).astype(np.int64) + 1
        np.minimum(place, SIDE_BINS, out=place)
        place[np.abs(values) < self.smallest] = 0
        n_periods, n_bins = self.counts.shape
        bins = np.where(values < 0.0, SIDE_BINS - place, SIDE_BINS + place)
        flat = (bins + n_bins * np.arange(n_periods)).ravel()
        counted = np.bincount(flat, minlength=self.counts.size)
        self.counts += counted.reshape(self.counts.shape)

    def percentiles(self, share: float) -> tuple[float, ...]:
        """Return the percentile of each month, within `RELATIVE_ERROR`."""
        reached = np.cumsum(self.counts, axis=1)
        goal = max(math.ceil(share * int(reached[0, -1]) - 1e-9), 1)
        place = (reached < goal).sum(axis=1) - SIDE_BINS
        # Of low..GROWTH low, this is as far from either end in relative terms.
        middle = 2.0 * GROWTH / (1.0 + GROWTH)
        size = self.smallest * GROWTH ** (np.abs(place) - 1.0) * middle
        found = np.where(place == 0, 0.0, np.sign(place) * size)
        return tuple(np.clip(found, self.low, self.high).tolist())


class MonthTally:
    """What is known by month of the scenarios of one plan so far."""

    def __init__(self) -> None:
        self.n_scenarios = 0
        self._in_month: dict[str, IntArray] = {}
        self._by_month: dict[str, IntArray] = {}
        self._levels: dict[str, MonthHistogram] = {}

    def take(self, risk: LiquidityRisk) -> None:
        """Take some scenarios more."""
        taken = 0
        for name, flags in risk.events.items():
            happened = to_host(flags)
            taken = len(happened)
            in_month = happened.sum(axis=0)
            by_month = in_month
            if in_month.any():
                by_month = np.logical_or.accumulate(happened, axis=1).sum(axis=0)
            self._in_month[name] = self._in_month.get(name, 0) + in_month
            self._by_month[name] = self._by_month.get(name, 0) + by_month
        for name, level in risk.levels.items():
            values = to_host(level)
            if name not in self._levels:
                size = _smallest(name)
                self._levels[name] = MonthHistogram(values.shape[1], size)
            self._levels[name].add(values)
        self.n_scenarios += taken

    def risk(self, base: LiquidityRisk) -> MonthlyRisk | None:
        """Return what there is to say, given the base path; None where nothing is."""
        if not self.n_scenarios:
            return None
        return MonthlyRisk(
            events={
                name: EventMonths(
                    self._shares(self._in_month[name]),
                    self._shares(self._by_month[name]),
                )
                for name in self._in_month
            },
            levels={
                name: LevelMonths(
                    tuple(to_host(base.levels[name])[0].tolist()),
                    *(seen.percentiles(share) for share in BAND_SHARES),
                )
                for name, seen in self._levels.items()
            },
        )

    def _shares(self, counts: IntArray) -> tuple[float, ...]:
        return tuple((counts / self.n_scenarios).tolist())


class RiskMonths:
    """Risks by month of a plan and of its baseline."""

    def __init__(self) -> None:
        self._plan, self._baseline = MonthTally(), MonthTally()

    def take(self, scored: Scored) -> None:
        """Take some scenarios more."""
        self._plan.take(scored.plan)
        if scored.baseline is not None:
            self._baseline.take(scored.baseline)

    def risks(self, base: Scored) -> dict[str, MonthlyRisk]:
        """Return what there is to say, given the scores of the base path."""
        found = {"plan": self._plan.risk(base.plan)}
        if base.baseline is not None:
            found["baseline"] = self._baseline.risk(base.baseline)
        return {name: risk for name, risk in found.items() if risk is not None}


def _smallest(level: str) -> float:
    return next(size for end, size in SMALLEST.items() if level.endswith(end))
