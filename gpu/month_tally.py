# SPDX-License-Identifier: Apache-2.0
"""Statistics by month: how often an event has come, and percentiles of levels.

Everything counted is a whole number, so that no result depends on chunks or their
order. What does not belong here: statistics of whole scenarios (`gpu.tally`), and what
the events are (`gpu.liquidity`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.backend import to_host
from gpu.bins import BitBins, widened
from gpu.describe import NUMPY, MonthCells
from gpu.risk import SHARE_TOLERANCE
from gpu.statistics import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.describe import Counter
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
LEADING_BITS: Final = 8
OCTAVES: Final = 20
RELATIVE_ERROR: Final = BitBins(LEADING_BITS, 0, OCTAVES).relative_error
"""Largest error of a level's percentile, as a share of it: 0.195 %."""
# Sizes under which levels are not told apart, by the end of their name.
SMALLEST: Final = {"_frac": 2.0**-14, "_usd_per_btc": 8.0}


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
    """Counts of levels by month in bins that divide every octave.

    Parameters
    ----------
    n_periods : int
        Months. [months]
    smallest : float
        Size under which levels are not told apart, > 0; the power of two at or below
        it counts. [same as levels]
    """

    def __init__(self, n_periods: int, smallest: float) -> None:
        self.bins = BitBins.over(smallest, leading_bits=LEADING_BITS, n_octaves=OCTAVES)
        self.first = 0
        self.cells: IntArray = np.zeros((n_periods, 0), dtype=np.int64)
        self.low: FloatArray = np.full(n_periods, np.inf)
        self.high: FloatArray = np.full(n_periods, -np.inf)

    def add(
        self,
        values: FloatArray,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Add levels (n, n_periods), none of them NaN, with weights in units (n,)."""
        n_periods = values.shape[1]
        low, high = np.full(n_periods, np.inf), np.full(n_periods, -np.inf)
        is_counted = np.zeros(n_periods, dtype=np.bool_)
        while not is_counted.all():
            months = MonthCells(
                self.bins, self.first, self.cells, low, high, is_counted
            )
            counter.count_months(values, units, months)
            if not is_counted.all():
                first, last = float(low.min()), float(high.max())
                self._make_room(self.bins.place(first), self.bins.place(last))
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)

    def merge(self, other: MonthHistogram) -> None:
        """Add the levels of another histogram with the same `smallest`."""
        n_bins = other.cells.shape[1]
        if not n_bins:
            return
        self.low = np.minimum(self.low, other.low)
        self.high = np.maximum(self.high, other.high)
        self._make_room(other.first, other.first + n_bins - 1)
        start = other.first - self.first
        self.cells[:, start : start + n_bins] += other.cells

    def percentiles(self, share: float) -> tuple[float, ...]:
        """Return the percentile of each month, within `RELATIVE_ERROR`."""
        reached = np.cumsum(self.cells, axis=1)
        total = reached[0, -1]
        goal = max(math.ceil((share - SHARE_TOLERANCE) * float(total)), 1)
        places = (reached < min(goal, total)).sum(axis=1) + self.first
        found = self.bins.middles(places)
        return tuple(np.clip(found, self.low, self.high).tolist())

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return filled cells and extremes as arrays; exact."""
        places = np.flatnonzero(self.cells)
        return {
            "places": places,
            "counts": self.cells.reshape(-1)[places],
            "shape": np.array(
                [*self.cells.shape, self.first, self.bins.smallest_exponent]
            ),
            "range": np.array([self.low, self.high]),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> MonthHistogram:
        """Return the histogram that `to_arrays` stored, exactly."""
        n_periods, n_bins, first, exponent = arrays["shape"].tolist()
        found = cls(n_periods, math.ldexp(1.0, exponent))
        found.first = first
        found.cells = np.zeros((n_periods, n_bins), dtype=np.int64)
        found.cells.reshape(-1)[arrays["places"]] = arrays["counts"]
        found.low, found.high = arrays["range"].copy()
        return found

    def _make_room(self, first: int, last: int) -> None:
        """Widen the window to hold some bins, by whole octaves."""
        cells, self.first = widened(self.cells.T, self.first, first, last, self.bins)
        self.cells = np.ascontiguousarray(cells.T)


class MonthTally:
    """What is known by month of the scenarios of one plan so far."""

    def __init__(self) -> None:
        self.total = 0
        self._in_month: dict[str, IntArray] = {}
        self._by_month: dict[str, IntArray] = {}
        self._levels: dict[str, MonthHistogram] = {}

    def take(
        self,
        risk: LiquidityRisk,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Take some scenarios more, with weights in units of shape (n,) or none."""
        taken = 0
        for name, flags in risk.events.items():
            happened = to_host(flags)
            taken = len(happened) if units is None else int(units.sum())
            in_month, by_month = counter.flag_months(happened, units)
            self._in_month[name] = self._in_month.get(name, 0) + in_month
            self._by_month[name] = self._by_month.get(name, 0) + by_month
        for name, level in risk.levels.items():
            values = to_host(level)
            if name not in self._levels:
                size = _smallest(name)
                self._levels[name] = MonthHistogram(values.shape[1], size)
            self._levels[name].add(values, units, counter)
        self.total += taken

    def merge(self, other: MonthTally) -> None:
        """Take the scenarios of another tally of the same plan."""
        for mine, theirs in (
            (self._in_month, other._in_month),
            (self._by_month, other._by_month),
        ):
            for name, counts in theirs.items():
                mine[name] = mine.get(name, 0) + counts
        for name, level in other._levels.items():
            if name not in self._levels:
                size = level.bins.smallest
                self._levels[name] = MonthHistogram(len(level.low), size)
            self._levels[name].merge(level)
        self.total += other.total

    def risk(self, base: LiquidityRisk) -> MonthlyRisk | None:
        """Return what there is to say, given the base path; None where nothing is."""
        if not self.total:
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

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        arrays: dict[str, NDArray[Any]] = {"total": np.array([self.total])}
        arrays |= {f"in_month.{name}": n for name, n in self._in_month.items()}
        arrays |= {f"by_month.{name}": n for name, n in self._by_month.items()}
        for name, level in self._levels.items():
            found = level.to_arrays()
            arrays |= {f"level.{name}.{key}": part for key, part in found.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> MonthTally:
        """Return the tally that `to_arrays` stored, exactly."""
        found = cls()
        found.total = int(arrays["total"][0])
        found._in_month = part_of(arrays, "in_month.")
        found._by_month = part_of(arrays, "by_month.")
        levels = part_of(arrays, "level.")
        for name in dict.fromkeys(key.rpartition(".")[0] for key in levels):
            found._levels[name] = MonthHistogram.from_arrays(
                part_of(levels, f"{name}.")
            )
        return found

    def _shares(self, counts: IntArray) -> tuple[float, ...]:
        return tuple((counts / self.total).tolist())


class RiskMonths:
    """Risks by month of a plan and of its baseline."""

    def __init__(self) -> None:
        self._plan, self._baseline = MonthTally(), MonthTally()

    def take(
        self,
        scored: Scored,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Take some scenarios more, with weights in units of shape (n,) or none."""
        self._plan.take(scored.plan, units, counter)
        if scored.baseline is not None:
            self._baseline.take(scored.baseline, units, counter)

    def merge(self, other: RiskMonths) -> None:
        """Take the scenarios of another tally of the same plans."""
        self._plan.merge(other._plan)
        self._baseline.merge(other._baseline)

    def risks(self, base: Scored) -> dict[str, MonthlyRisk]:
        """Return what there is to say, given the scores of the base path."""
        found = {"plan": self._plan.risk(base.plan)}
        if base.baseline is not None:
            found["baseline"] = self._baseline.risk(base.baseline)
        return {name: risk for name, risk in found.items() if risk is not None}

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        parts = {"plan": self._plan, "baseline": self._baseline}
        return {
            f"{who}.{name}": array
            for who, tally in parts.items()
            for name, array in tally.to_arrays().items()
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> RiskMonths:
        """Return the tally that `to_arrays` stored, exactly."""
        found = cls()
        found._plan = MonthTally.from_arrays(part_of(arrays, "plan."))
        found._baseline = MonthTally.from_arrays(part_of(arrays, "baseline."))
        return found


def _smallest(level: str) -> float:
    return next(size for end, size in SMALLEST.items() if level.endswith(end))
