# SPDX-License-Identifier: Apache-2.0
"""Sampling that ends by itself when a figure is exact enough.

What does not belong here: the text that says so (`gpu.statistics.accuracy`), chunks
(`gpu.scoring.chunk_run`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpu.statistics.accuracy import Reached
from gpu.statistics.intervals import figure_interval

if TYPE_CHECKING:
    from gpu.scoring.chunk_run import ChunkRun, Sampled
    from gpu.statistics.accuracy import Accuracy

__all__ = ["sample_until"]


def sample_until(work: ChunkRun, goal: Accuracy | None) -> Reached | None:
    """Score chunk after chunk until a figure is exact enough for every plan.

    Parameters
    ----------
    work : ChunkRun
        Scenarios to score, none of them scored yet.
    goal : Accuracy or None
        Figure and half width; None scores every scenario.

    Returns
    -------
    Reached or None
        How exact the figure is, of the plan for which it is least so.
    """
    if goal is None:
        work.run()
        return None
    asked = goal
    work.run(lambda: _state(work, asked).is_reached)
    return _state(work, asked)


def _state(work: ChunkRun, goal: Accuracy) -> Reached:
    """Return how exact the figure is so far."""
    found = [_of_plan(plan, goal, work) for plan in work.plans]
    # A figure that is not defined is never exact enough.
    return min(found, key=lambda one: (one.is_reached, -one.half_width))


def _of_plan(plan: Sampled, goal: Accuracy, work: ChunkRun) -> Reached:
    columns, weight = plan.columns_of(work.n_done)
    found = figure_interval(
        plan.tally, goal.name, goal.statistic, columns=columns, weights=weight
    )
    half_width, allowed = found.half_width, goal.allowed(found.value)
    return Reached(
        goal.text,
        half_width <= allowed,
        found.value,
        half_width,
        allowed,
        work.n_done,
        work.n_scenarios,
    )
