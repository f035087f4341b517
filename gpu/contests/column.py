# SPDX-License-Identifier: Apache-2.0
"""One column of a contest: outcomes of K plans in the same scenarios, counted.

Only whole numbers and exact sums are kept over blocks, so that merging in any order and
grouping gives the same bits. More is better in every column. What does not belong here:
where outcomes come from (`gpu.contests.contest`), what dominance means
(`gpu.contests.dominance`).
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.contests.dominance import Distributions
from gpu.contests.result import ColumnStandings, PairStanding, PlanStanding
from gpu.statistics.block_figures import BlockFigures, means_of_groups
from gpu.statistics.column_figures import (
    QUANTILE_NAMES,
    figures_of_groups,
    judged_by_blocks,
)
from gpu.statistics.column_pool import ColumnPool
from gpu.statistics.columns import ColumnStatistics
from gpu.statistics.describe import NUMPY
from gpu.statistics.intervals import (
    Interval,
    block_interval,
    independent_count,
    normal_interval,
    share_interval,
)
from gpu.statistics.moments import Moments
from gpu.statistics.stored_parts import counted, part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.counter import Counter
    from gpu.statistics.intervals import Dependence
    from models.arrays import FloatArray, IntArray

__all__ = ["ColumnContest"]

_SMALLEST: Final = 1.0
"""Resolution of histograms near zero: a dollar."""
_ROUNDING: Final = 1e-9
"""Differences that scatter by less than this share of the outcomes are constant."""
_REGRET_SHARES: Final = ("p50", "p75", "p90", "p95", "p99")


class ColumnContest:
    """Counts of one column.

    Parameters
    ----------
    n_plans : int
        Plans. [unitless]
    tie : float
        Outcomes that differ by no more count as equal. [same as outcomes]
    is_weighted : bool
        Whether scenarios come with weights.
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.
    """

    def __init__(
        self,
        n_plans: int,
        *,
        tie: float,
        is_weighted: bool = False,
        dependence: Dependence = "rows",
    ) -> None:
        self.n_plans, self.tie = n_plans, tie
        self.is_weighted, self.dependence = is_weighted, dependence
        self.pairs = tuple(combinations(range(n_plans), 2))
        self.n_scenarios, self.total = 0, 0
        # Plan by plan; a shortfall is the outcome less the best one, -regret.
        self._own = [self._statistics() for _ in range(n_plans)]
        self._shortfall = [self._statistics() for _ in range(n_plans)]
        self._more = [Moments(is_weighted=is_weighted) for _ in self.pairs]
        # Plan x number of plans that share the scenario, less one.
        self._best = np.zeros((n_plans, n_plans), dtype=np.int64)
        self._beats = np.zeros((n_plans, n_plans), dtype=np.int64)
        self._pool = ColumnPool()
        self._blocks = BlockFigures(is_weighted=is_weighted, dependence=dependence)

    def _statistics(self) -> ColumnStatistics:
        return ColumnStatistics(
            _SMALLEST, is_streamed=True, is_weighted=self.is_weighted
        )

    def take(
        self,
        first_id: int,
        outcomes: FloatArray,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Take the outcomes of one block.

        Parameters
        ----------
        first_id : int
            Number of its first scenario. [unitless]
        outcomes : ndarray of shape (n_plans, n)
            Outcomes. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        counter : Counter
            How the block is counted.

        Raises
        ------
        ValueError
            If an outcome is NaN: such a scenario has no best plan.
        """
        if np.isnan(outcomes).any():
            msg = "an outcome is NaN: a scenario without it has no best plan"
            raise ValueError(msg)
        n = outcomes.shape[1]
        shortfall = outcomes - outcomes.max(axis=0)
        self.n_scenarios += n
        self.total += n if units is None else int(units.sum())
        every = np.concatenate([outcomes, shortfall])
        self._pool.take((*self._own, *self._shortfall), every, units, counter)
        self._take_differences(outcomes, units, counter)
        is_best = shortfall >= -self.tie
        n_best = np.count_nonzero(is_best, axis=0)
        least = outcomes + self.tie
        for plan, mine in enumerate(is_best):
            inside = None if units is None else units[mine]
            seen = counted(n_best[mine] - 1, inside)
            self._best[plan, : len(seen)] += seen
            beats = outcomes[plan] > least
            self._beats[plan] += (
                np.count_nonzero(beats, axis=1) if units is None else beats @ units
            )
        for size in self._blocks.sizes(first_id):
            self._judge(first_id, (outcomes, shortfall), units, size)

    def _take_differences(
        self, outcomes: FloatArray, units: IntArray | None, counter: Counter
    ) -> None:
        """Take the differences of each pair of plans."""
        if not self.pairs:
            return
        gaps = np.stack([outcomes[one] - outcomes[other] for one, other in self.pairs])
        heaviest = 1 if units is None else int(units.max())
        found = counter.moments_of_all(gaps, units)
        for moments, block in zip(self._more, found, strict=True):
            moments.take(block, outcomes.shape[1], heaviest)

    def _judge(
        self,
        first_id: int,
        rows: tuple[FloatArray, FloatArray],
        units: IntArray | None,
        size: int,
    ) -> None:
        """Keep the figures of groups of scenarios, whose spread gives error bars."""
        outcomes, shortfall = rows
        for kind, values in (("own", outcomes), ("shortfall", shortfall)):
            found = figures_of_groups(values, units, size)
            for plan, figures in enumerate(found):
                self._blocks.put(f"{kind}.{plan}", first_id, size, figures)
        is_best = shortfall >= -self.tie
        best = means_of_groups(is_best / is_best.sum(axis=0), units, size)
        self._blocks.put("best", first_id, size, best.T)
        mean = means_of_groups(outcomes, units, size)
        # One after the other: the difference of means is the mean of differences.
        more = [mean[one] - mean[other] for one, other in self.pairs]
        if more:
            self._blocks.put("more", first_id, size, np.array(more).T)

    def merge(self, other: ColumnContest) -> None:
        """Take the scenarios of another set of the same plans."""
        self.n_scenarios += other.n_scenarios
        self.total += other.total
        for mine, theirs in zip(self._own, other._own, strict=True):
            mine.merge(theirs)
        for mine, theirs in zip(self._shortfall, other._shortfall, strict=True):
            mine.merge(theirs)
        for moments, more in zip(self._more, other._more, strict=True):
            moments.merge(more)
        self._best += other._best
        self._beats += other._beats
        self._blocks.merge(other._blocks)

    @property
    def effective_count(self) -> float:
        """Scenarios of equal weight worth as much: (sum w)^2 / sum w^2."""
        return self._own[0].moments.effective_count

    def standings(self, column: str, labels: tuple[str, ...]) -> ColumnStandings:
        """Return what the counts say.

        Parameters
        ----------
        column : str
            Name of the column.
        labels : tuple of str
            Plans, in their order.
        """
        spread = Distributions.of(
            [one.histogram for one in self._own if one.histogram is not None],
            [one.moments.mean for one in self._own],
        )
        n_shared = int(self.total - self._best[:, 0].sum())
        plans = tuple(self._plan(k, label) for k, label in enumerate(labels))
        return ColumnStandings(
            column=column,
            tie=self.tie,
            tied_frac=n_shared / self.total,
            plans=plans,
            pairs=tuple(
                self._pair(one, other, plans, spread)
                for one in range(self.n_plans)
                for other in range(self.n_plans)
                if one != other
            ),
        )

    def _plan(self, plan: int, label: str) -> PlanStanding:
        own = self._figures("own", plan)
        less = self._figures("shortfall", plan)
        moments = self._shortfall[plan].moments
        return PlanStanding(
            label=label,
            **{name: own[name] for name in ("mean", "p05", "p50", "p95", "cvar_95")},
            regret_mean=_negated(less["mean"]),
            regret_quantiles={
                name: _negated(less[_mirrored(name)]).value for name in _REGRET_SHARES
            },
            regret_cvar_95=_negated(less["cvar_95"]),
            regret_max=-moments.low + 0.0,
            best_frac=self._best_frac(plan),
            best_alone_frac=int(self._best[plan, 0]) / self.total,
        )

    def _figures(self, kind: str, plan: int) -> dict[str, Interval]:
        column = (self._own if kind == "own" else self._shortfall)[plan]
        figures = column.figures(dependence=self.dependence)
        seen = self._blocks.of(f"{kind}.{plan}", self.n_scenarios)
        if seen is None:
            return figures
        return judged_by_blocks(figures, *seen, column.histogram)

    def _best_frac(self, plan: int) -> Interval:
        """Return the share of scenarios in which a plan is best, ties shared."""
        shared = math.fsum(
            int(units) / (m + 1) for m, units in enumerate(self._best[plan])
        )
        share = shared / self.total
        seen = self._blocks.single("best", plan, self.n_scenarios)
        return share_interval(share, *seen, self._independent_count())

    def _independent_count(self) -> float:
        least = self._own[0].moments.least_count
        return independent_count(least, self.dependence)

    def _difference(self, one: int, other: int) -> tuple[Interval, float]:
        """Return the mean difference of two plans, and its standard deviation."""
        sign = 1.0 if one < other else -1.0
        place = self.pairs.index((min(one, other), max(one, other)))
        moments, count = self._more[place], self._independent_count()
        mean = sign * moments.mean
        seen, n_seen = self._blocks.single("more", place, self.n_scenarios)
        # The spread has no sign.
        found = None if seen is None else block_interval(mean, seen, n_seen)
        if found is None:
            error = moments.sd / math.sqrt(count)
            found = normal_interval(mean, error, count - 1.0)
        return found, moments.sd

    def _pair(
        self,
        one: int,
        other: int,
        plans: tuple[PlanStanding, ...],
        spread: Distributions,
    ) -> PairStanding:
        difference, sd = self._difference(one, other)
        ours, theirs = plans[one], plans[other]
        apart = math.hypot(ours.mean.half_width, theirs.mean.half_width)
        half = difference.half_width
        better, worse = int(self._beats[one, other]), int(self._beats[other, one])
        # Plans that tie in every scenario are equal, whatever a cent says.
        is_apart = better + worse > 0
        return PairStanding(
            label=ours.label,
            other=theirs.label,
            difference=difference,
            difference_sd=sd,
            independent_half_width=apart,
            narrower_ratio=apart / half if half > _ROUNDING * apart else math.inf,
            better_frac=better / self.total,
            worse_frac=worse / self.total,
            tie_frac=(self.total - better - worse) / self.total,
            is_never_worse=worse == 0 < better,
            is_first_order=is_apart and spread.is_first_order(one, other),
            is_second_order=is_apart and spread.is_second_order(one, other),
            first_order_breach_frac=spread.breach_frac(one, other),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        arrays: dict[str, NDArray[Any]] = {
            "tie": np.array([self.tie]),
            "counts": np.array([int(self.is_weighted), self.n_scenarios, self.total]),
            "dependence": np.array([self.dependence]),
            "best": self._best,
            "beats": self._beats,
        }
        arrays |= {f"block.{name}": a for name, a in self._blocks.to_arrays().items()}
        for kind, parts in (("own", self._own), ("shortfall", self._shortfall)):
            for plan, part in enumerate(parts):
                found = part.to_arrays()
                arrays |= {f"{kind}.{plan}/{name}": a for name, a in found.items()}
        for place, moments in enumerate(self._more):
            kept = moments.to_arrays()
            arrays |= {f"more.{place}/{name}": a for name, a in kept.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> ColumnContest:
        """Return the counts that `to_arrays` stored, exactly."""
        is_weighted, n_scenarios, total = arrays["counts"].tolist()
        n_plans = len(arrays["best"])
        found = cls(
            n_plans,
            tie=float(arrays["tie"][0]),
            is_weighted=bool(is_weighted),
            dependence=arrays["dependence"].tolist()[0],
        )
        found.n_scenarios, found.total = n_scenarios, total
        found._best, found._beats = arrays["best"].copy(), arrays["beats"].copy()
        found._blocks.restore(part_of(arrays, "block."))
        for kind, parts in (("own", found._own), ("shortfall", found._shortfall)):
            for plan in range(n_plans):
                own = part_of(arrays, f"{kind}.{plan}/")
                parts[plan] = ColumnStatistics.from_arrays(own)
        for place in range(len(found.pairs)):
            kept = part_of(arrays, f"more.{place}/")
            found._more[place] = Moments.from_arrays(kept)
        return found


def _mirrored(name: str) -> str:
    """Return the quantile of shortfalls that is a quantile of regrets."""
    share = f"p{100 - int(name[1:]):02d}"
    return QUANTILE_NAMES[QUANTILE_NAMES.index(share)]


def _negated(interval: Interval) -> Interval:
    # Not -0.0 where nothing is lost.
    low, high = 0.0 - interval.high, 0.0 - interval.low
    return Interval(0.0 - interval.value, low, high)
