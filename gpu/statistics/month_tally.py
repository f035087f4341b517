# SPDX-License-Identifier: Apache-2.0
"""Statistics by month: how often an event has come, and percentiles of levels.

Everything counted is a whole number, so that no result depends on chunks or their
order. What does not belong here: statistics of whole scenarios
(`gpu.statistics.tally`), and what the events are (`gpu.liquidity`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.backend import to_host
from gpu.statistics.block_figures import BlockFigures, in_groups
from gpu.statistics.describe import NUMPY
from gpu.statistics.intervals import independent_count, share_interval
from gpu.statistics.month_histogram import RELATIVE_ERROR, MonthHistogram
from gpu.statistics.stored_parts import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.liquidity import LiquidityRisk
    from gpu.numpy_engine import Scored
    from gpu.statistics.counter import Counter
    from gpu.statistics.intervals import Dependence, Interval
    from models.arrays import BoolArray, FloatArray, IntArray

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
_BANDS: Final = ("p05", "p50", "p95")
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
    by_month_low_frac, by_month_high_frac : tuple of float
        Ends of 95 % confidence intervals of the latter. [share 0-1]
    """

    in_month_frac: tuple[float, ...]
    by_month_frac: tuple[float, ...]
    by_month_low_frac: tuple[float, ...] = ()
    by_month_high_frac: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class LevelMonths:
    """A level by month: on the base path, and percentiles over scenarios.

    Parameters
    ----------
    base, p05, p50, p95 : tuple of float
        One value per month, in the unit of the level's name. [mixed]
    low, high : dict of str to tuple of float
        Ends of 95 % confidence intervals under ``p05``, ``p50`` and ``p95``, infinite
        where scenarios are too few. [mixed]
    """

    base: tuple[float, ...]
    p05: tuple[float, ...]
    p50: tuple[float, ...]
    p95: tuple[float, ...]
    low: dict[str, tuple[float, ...]] = field(default_factory=dict)
    high: dict[str, tuple[float, ...]] = field(default_factory=dict)


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


class MonthTally:
    """What is known by month of the scenarios of one plan so far.

    Parameters
    ----------
    is_weighted : bool
        Whether scenarios come with weights.
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.
    """

    def __init__(
        self, *, is_weighted: bool = False, dependence: Dependence = "rows"
    ) -> None:
        self.is_weighted, self.dependence = is_weighted, dependence
        self.n_scenarios, self.total = 0, 0
        self._heaviest = 0 if is_weighted else 1
        self._in_month: dict[str, IntArray] = {}
        self._by_month: dict[str, IntArray] = {}
        self._levels: dict[str, MonthHistogram] = {}
        self._blocks = BlockFigures(is_weighted=is_weighted, dependence=dependence)

    def take(
        self,
        first_id: int,
        risk: LiquidityRisk,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Take one block.

        Parameters
        ----------
        first_id : int
            Number of its first scenario. [unitless]
        risk : LiquidityRisk
            Its events and levels by month.
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        counter : Counter
            How it is counted.
        """
        n_rows = 0
        for name, flags in risk.events.items():
            happened = to_host(flags)
            n_rows = len(happened)
            in_month, by_month = counter.flag_months(happened, units)
            self._add_event(name, in_month, by_month)
            for size in self._blocks.sizes(first_id):
                by_group = by_month[None]
                if size < n_rows:
                    by_group = _flags_by_group(happened, units, counter, size)
                self._judge(name, first_id, by_group, n_rows, units, size)
        for name, level in risk.levels.items():
            values = to_host(level)
            self._level_of(name, values.shape[1]).add(values, units, counter)
        self._note(n_rows, units)

    def _add_event(self, name: str, in_month: IntArray, by_month: IntArray) -> None:
        self._in_month[name] = self._in_month.get(name, 0) + in_month
        self._by_month[name] = self._by_month.get(name, 0) + by_month

    def _judge(
        self,
        name: str,
        first_id: int,
        by_group: IntArray,
        n_rows: int,
        units: IntArray | None,
        size: int,
    ) -> None:
        """Keep the shares of groups of scenarios, whose spread gives error bars."""
        n_groups = n_rows // size
        total = np.full(n_groups, size)
        if units is not None:
            total = in_groups(units, size).sum(axis=-1)
        with np.errstate(invalid="ignore"):
            shares = by_group[:n_groups] / total[:, None]
        self._blocks.put(name, first_id, size, shares)

    def _level_of(self, name: str, n_periods: int) -> MonthHistogram:
        """Return the counts of a level, empty ones when it is new."""
        if name not in self._levels:
            self._levels[name] = MonthHistogram(
                n_periods, _smallest(name), is_weighted=self.is_weighted
            )
        return self._levels[name]

    def _note(self, n_rows: int, units: IntArray | None) -> None:
        """Note how many scenarios a block has and what they weigh."""
        self.n_scenarios += n_rows
        self.total += n_rows if units is None else int(units.sum())
        if units is not None:
            self._heaviest = max(self._heaviest, int(units.max(initial=0)))

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
                self._levels[name] = MonthHistogram(
                    len(level.low), size, is_weighted=level.is_weighted
                )
            self._levels[name].merge(level)
        self.n_scenarios += other.n_scenarios
        self.total += other.total
        self._heaviest = max(self._heaviest, other._heaviest)
        self._blocks.merge(other._blocks)

    def risk(self, base: LiquidityRisk) -> MonthlyRisk | None:
        """Return what there is to say, given the base path; None where nothing is."""
        if not self.n_scenarios:
            return None
        return MonthlyRisk(
            events={name: self._event(name) for name in self._in_month},
            levels={
                name: self._level(seen, to_host(base.levels[name])[0])
                for name, seen in self._levels.items()
            },
        )

    def _event(self, name: str) -> EventMonths:
        shares = (self._by_month[name] / self.total).tolist()
        ranges = [self._range(name, month, share) for month, share in enumerate(shares)]
        return EventMonths(
            in_month_frac=tuple((self._in_month[name] / self.total).tolist()),
            by_month_frac=tuple(shares),
            by_month_low_frac=tuple(one.low for one in ranges),
            by_month_high_frac=tuple(one.high for one in ranges),
        )

    def _range(self, name: str, month: int, share: float) -> Interval:
        seen = self._blocks.single(name, month, self.n_scenarios)
        return share_interval(share, *seen, self._independent_count())

    def _level(self, seen: MonthHistogram, base: FloatArray) -> LevelMonths:
        found = seen.figures(BAND_SHARES, self._independent_count())
        middle, low, high = ([one[part] for one in found] for part in range(3))
        p05, p50, p95 = (tuple(value.tolist()) for value in middle)
        return LevelMonths(
            base=tuple(base.tolist()),
            p05=p05,
            p50=p50,
            p95=p95,
            low=_named(low),
            high=_named(high),
        )

    def _independent_count(self) -> float:
        least = self.total / self._heaviest if self.total else 0.0
        return independent_count(least, self.dependence)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        counts = [self.n_scenarios, self.total, self._heaviest]
        arrays: dict[str, NDArray[Any]] = {
            "counts": np.array([*counts, int(self.is_weighted)], dtype=np.int64),
            "dependence": np.array([self.dependence]),
        }
        arrays |= {f"in_month.{name}": n for name, n in self._in_month.items()}
        arrays |= {f"by_month.{name}": n for name, n in self._by_month.items()}
        arrays |= {f"block.{name}": a for name, a in self._blocks.to_arrays().items()}
        for name, level in self._levels.items():
            found = level.to_arrays()
            arrays |= {f"level.{name}.{key}": part for key, part in found.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> MonthTally:
        """Return the tally that `to_arrays` stored, exactly."""
        n_scenarios, total, heaviest, is_weighted = arrays["counts"].tolist()
        dependence = arrays["dependence"].tolist()[0]
        found = cls(is_weighted=bool(is_weighted), dependence=dependence)
        found.n_scenarios, found.total, found._heaviest = n_scenarios, total, heaviest
        found._in_month = part_of(arrays, "in_month.")
        found._by_month = part_of(arrays, "by_month.")
        found._blocks.restore(part_of(arrays, "block."))
        levels = part_of(arrays, "level.")
        for name in dict.fromkeys(key.rpartition(".")[0] for key in levels):
            stored = part_of(levels, f"{name}.")
            found._levels[name] = MonthHistogram.from_arrays(stored)
        return found


class RiskMonths:
    """Risks by month of a plan and of its baseline.

    Parameters
    ----------
    is_weighted : bool
        Whether scenarios come with weights.
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.
    counts_baseline : bool
        Whether the baseline is counted too; it is the same beside every plan.
    """

    def __init__(
        self,
        *,
        is_weighted: bool = False,
        dependence: Dependence = "rows",
        counts_baseline: bool = True,
    ) -> None:
        self.counts_baseline = counts_baseline
        self._plan, self._baseline = (
            MonthTally(is_weighted=is_weighted, dependence=dependence) for _ in range(2)
        )

    def take(
        self,
        first_id: int,
        scored: Scored,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Take one block, see `MonthTally.take`.

        Parameters
        ----------
        first_id : int
            Number of its first scenario. [unitless]
        scored : Scored
            Its scores.
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        counter : Counter
            How it is counted.
        """
        self._plan.take(first_id, scored.plan, units, counter)
        if scored.baseline is not None and self.counts_baseline:
            self._baseline.take(first_id, scored.baseline, units, counter)

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
        arrays = {
            f"{who}.{name}": array
            for who, tally in parts.items()
            for name, array in tally.to_arrays().items()
        }
        return arrays | {"counts_baseline": np.array([self.counts_baseline])}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> RiskMonths:
        """Return the tally that `to_arrays` stored, exactly."""
        found = cls(counts_baseline=bool(arrays["counts_baseline"][0]))
        found._plan = MonthTally.from_arrays(part_of(arrays, "plan."))
        found._baseline = MonthTally.from_arrays(part_of(arrays, "baseline."))
        return found


def _flags_by_group(
    flags: BoolArray, units: IntArray | None, counter: Counter, size: int
) -> IntArray:
    """Return how often a flag has been up by month (n_groups, n_periods)."""
    parts = [slice(k, k + size) for k in range(0, len(flags) - size + 1, size)]
    found = (
        counter.flag_months(flags[part], None if units is None else units[part])
        for part in parts
    )
    return np.array([by_month for _, by_month in found])


def _named(bands: list[FloatArray]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(one.tolist()) for name, one in zip(_BANDS, bands, strict=True)}


def _smallest(level: str) -> float:
    return next(size for end, size in SMALLEST.items() if level.endswith(end))
