# SPDX-License-Identifier: Apache-2.0
"""What a contest of plans says: standings of plans, pairs of plans, dominance.

What does not belong here: how it is counted (`gpu.contests.contest`,
`gpu.contests.column`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpu.numpy_engine import Rows
    from gpu.sampling.rule import DrawRule
    from gpu.statistics.intervals import Interval

__all__ = ["ColumnStandings", "ContestResult", "PairStanding", "PlanStanding"]


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """How one plan stands among all of them, in one column.

    Parameters
    ----------
    label : str
        Plan.
    mean, p05, p50, p95, cvar_95 : Interval
        Of its own outcomes; the last is the mean of the worst 5 %. [same as outcomes]
    regret_mean : Interval
        Mean regret: best outcome of all plans in a scenario less its own. [same]
    regret_quantiles : dict of str to float
        ``p50`` to ``p99`` of regret. [same]
    regret_cvar_95 : Interval
        Mean of the largest 5 % of regrets. [same]
    regret_max : float
        Largest regret of all scenarios. [same]
    best_frac : Interval
        Share of scenarios in which it is best; m plans that tie get 1 / m each. [share
        0-1]
    best_alone_frac : float
        Share of scenarios in which it is best and no other ties. [share 0-1]
    """

    label: str
    mean: Interval
    p05: Interval
    p50: Interval
    p95: Interval
    cvar_95: Interval
    regret_mean: Interval
    regret_quantiles: dict[str, float]
    regret_cvar_95: Interval
    regret_max: float
    best_frac: Interval
    best_alone_frac: float


@dataclass(frozen=True, slots=True)
class PairStanding:
    """One plan against another on the same scenarios, in one column.

    Parameters
    ----------
    label, other : str
        Plan, and the plan that it is held against.
    difference : Interval
        Mean of its outcomes less the other's, scenario by scenario. [same as outcomes]
    difference_sd : float
        Standard deviation of the difference. [same]
    independent_half_width : float
        Half the interval that two runs on scenarios of their own would give. [same]
    narrower_ratio : float
        That over the half-width of `difference`; infinite where the plans differ by
        the same amount in every scenario. [ratio]
    better_frac, worse_frac, tie_frac : float
        Shares of scenarios, 1 together; a tie is a difference within the contest's
        `tie`. [share 0-1]
    is_never_worse : bool
        Whether it is worse in no scenario, and better in some.
    is_first_order, is_second_order : bool
        Whether it dominates the other on these scenarios: whoever likes more better
        prefers it; whoever is also averse to risk does. Not where all of them tie.
    first_order_breach_frac : float
        How far it is from first-order dominance: the most by which its share of
        outcomes under an amount exceeds the other's. [share 0-1]
    """

    label: str
    other: str
    difference: Interval
    difference_sd: float
    independent_half_width: float
    narrower_ratio: float
    better_frac: float
    worse_frac: float
    tie_frac: float
    is_never_worse: bool
    is_first_order: bool
    is_second_order: bool
    first_order_breach_frac: float


@dataclass(frozen=True, slots=True)
class ColumnStandings:
    """All plans in one column.

    Parameters
    ----------
    column : str
        Column, such as ``npv_usd``; more is better.
    tie : float
        Outcomes that differ by no more count as equal. [same as outcomes]
    tied_frac : float
        Share of scenarios in which several plans are best. [share 0-1]
    plans : tuple of PlanStanding
        In the order given.
    pairs : tuple of PairStanding
        Every plan against every other, both ways round.
    """

    column: str
    tie: float
    tied_frac: float
    plans: tuple[PlanStanding, ...]
    pairs: tuple[PairStanding, ...]

    def pair(self, label: str, other: str) -> PairStanding:
        """Return one plan against another.

        Raises
        ------
        KeyError
            If there is no such pair.
        """
        for pair in self.pairs:
            if (pair.label, pair.other) == (label, other):
                return pair
        raise KeyError((label, other))

    def dominated_by(self, label: str) -> tuple[tuple[str, str], ...]:
        """Return what dominates a plan, and by which order (``first``, ``second``)."""
        return tuple(
            (pair.label, "first" if pair.is_first_order else "second")
            for pair in self.pairs
            if pair.other == label and pair.is_second_order
        )


@dataclass(frozen=True, slots=True)
class ContestResult:
    """A contest.

    Parameters
    ----------
    labels : tuple of str
        Plans.
    n_scenarios : int
        Scenarios 0 to n - 1 of the rule. [unitless]
    effective_scenarios : float
        Scenarios of equal weight worth as much. [unitless]
    columns : dict of str to ColumnStandings
        By column.
    events : dict of str to tuple of float
        Share of scenarios with each event, by plan. [share 0-1]
    rule : DrawRule or None
        How scenarios were drawn; None where the outcomes were given.
    backend, backend_reason : str
        Engine, and why.
    elapsed_s, scenarios_per_s : float
        Time, and scenarios over it, each scored for all plans. [s, 1/s]
    rows : dict of str to ndarray of shape (n_plans, n_scenarios) or None
        Outcomes by column where they were kept. [same as outcomes]
    """

    labels: tuple[str, ...]
    n_scenarios: int
    effective_scenarios: float
    columns: dict[str, ColumnStandings]
    events: dict[str, tuple[float, ...]] = field(default_factory=dict)
    rule: DrawRule | None = None
    backend: str = ""
    backend_reason: str = ""
    elapsed_s: float = 0.0
    scenarios_per_s: float = 0.0
    rows: Rows | None = field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return all of it but the rows as plain values [mixed]."""
        return {
            "plans": list(self.labels),
            "n_scenarios": self.n_scenarios,
            "effective_scenarios": self.effective_scenarios,
            "rule": None if self.rule is None else self.rule.as_json(),
            "backend": self.backend,
            "backend_reason": self.backend_reason,
            "elapsed_s": self.elapsed_s,
            "scenarios_per_s": self.scenarios_per_s,
            "columns": {name: asdict(found) for name, found in self.columns.items()},
            "events": {name: list(shares) for name, shares in self.events.items()},
        }
