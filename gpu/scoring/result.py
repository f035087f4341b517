# SPDX-License-Identifier: Apache-2.0
"""What a scoring says of a plan.

What does not belong here: how it comes about (`gpu.scoring.score`), how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpu.numpy_engine import Rows
    from gpu.sampling.grid import Grid
    from gpu.sampling.rule import DrawRule
    from gpu.statistics.accuracy import Reached
    from gpu.statistics.columns import ColumnSummary
    from gpu.statistics.distribution import Distribution, JointDistribution
    from gpu.statistics.month_tally import MonthlyRisk
    from gpu.statistics.tally import ScoreTally

__all__ = ["GridResult", "ScoreResult"]


@dataclass(frozen=True, slots=True)
class GridResult:
    """Scores at every point of a grid of multipliers of the base path.

    Parameters
    ----------
    grid : Grid
        Axes.
    columns : dict of str to ndarray of shape (n_points,)
        First one column per axis, named ``<axis>_multiplier`` [ratio], then those of
        `gpu.numpy_engine.score_paths`. [mixed]
    """

    grid: Grid
    columns: Rows


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """Scores of one plan.

    Parameters
    ----------
    study_id, plan_label : str
        What was scored.
    baseline_label : str or None
        Plan that increments are counted from.
    seed, n_scenarios : int
        Scenarios 0 to n - 1 of that seed. [unitless]
    backend, backend_reason : str
        Engine, and why that; two names joined by ``+`` where a device failed.
    elapsed_s, scenarios_per_s : float
        Wall time, and the scenarios and grid points scored in it. [s, 1/s]
    base : dict of str to float
        Scores on the base path, by column. [mixed]
    summary : dict of str to ColumnSummary
        Statistics of the sampled scenarios, by column.
    probabilities : dict of str to float
        Shares of scenarios, keys saying of what. [share 0-1]
    irr_status_frac : dict of str to float
        Share of scenarios by status of the increment's IRR; empty without a
        baseline. [share 0-1]
    columns : dict of str to ndarray of shape (n_scenarios,) or None
        Rows in id order; None where they were not kept. [mixed]
    grid : GridResult or None
        Scores at the grid's points.
    monthly : dict of str to MonthlyRisk
        Margin calls, liquidations, covenant breaches and loan to value by month, under
        ``plan`` and ``baseline`` where there is something to say.
    rule : DrawRule or None
        Rule of the draws.
    reached : Reached or None
        How exact the figure asked for is; None where none was asked for.
    probability_ranges : dict of str to tuple of float
        95 % confidence interval of each of `probabilities`. [share 0-1]
    effective_scenarios : float
        Scenarios of equal weight worth as much. [unitless]
    distributions : dict of str to Distribution
        How the outcomes of each column are spread.
    joints : tuple of JointDistribution
        How pairs of outcomes are.
    prepared_s : float
        Wall time before: making the engine, compiling it where that was due. [s]
    tally : ScoreTally or None
        All statistics, joint histograms and first periods among them.
    """

    study_id: str
    plan_label: str
    baseline_label: str | None
    seed: int
    n_scenarios: int
    backend: str
    backend_reason: str
    elapsed_s: float
    scenarios_per_s: float
    base: dict[str, float]
    summary: dict[str, ColumnSummary]
    probabilities: dict[str, float]
    irr_status_frac: dict[str, float]
    columns: Rows | None
    grid: GridResult | None = None
    monthly: dict[str, MonthlyRisk] = field(default_factory=dict)
    rule: DrawRule | None = None
    reached: Reached | None = None
    probability_ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    effective_scenarios: float = 0.0
    distributions: dict[str, Distribution] = field(default_factory=dict)
    joints: tuple[JointDistribution, ...] = ()
    prepared_s: float = 0.0
    tally: ScoreTally | None = None
