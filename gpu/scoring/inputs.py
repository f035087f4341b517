# SPDX-License-Identifier: Apache-2.0
"""What a scoring is asked for, checked: every fault at once, before any work.

What does not belong here: the texts of grids (`gpu.sampling.grid`) and accuracies
(`gpu.statistics.accuracy`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gpu.sampling.grid import Grid, parse_grid
from gpu.sampling.rule import MAX_SEED
from gpu.statistics.accuracy import Accuracy, parse_accuracy
from models.errors import ConfigError, Fault

if TYPE_CHECKING:
    from gpu.scoring.options import ScoreOptions

__all__ = [
    "DEFAULT_SCENARIOS",
    "MAX_KEPT_ROWS",
    "MAX_SCENARIOS",
    "checked_inputs",
]

DEFAULT_SCENARIOS = 100_000
MAX_SCENARIOS = 1_000_000_000
MAX_KEPT_ROWS = 5_000_000
"""Most scenarios whose rows are kept in memory."""


def checked_inputs(
    n_scenarios: int,
    seed: int,
    n_plans: int,
    grid: Grid | str | None,
    *,
    keep_rows: bool,
    options: ScoreOptions,
) -> tuple[Accuracy | None, Grid | None]:
    """Return the accuracy and the grid that are asked for.

    Parameters
    ----------
    n_scenarios, seed, n_plans : int
        Scenarios, seed and number of plans. [unitless]
    grid : Grid or str or None
        Grid or its text.
    keep_rows : bool
        Whether rows are kept in memory.
    options : ScoreOptions
        With the text of the accuracy.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    """
    faults = _faults(n_scenarios, seed, n_plans, keep_rows=keep_rows)
    points, goal = None, None
    try:
        if isinstance(grid, str):
            points = parse_grid(grid, is_confirmed=options.is_confirmed)
        else:
            points = grid
    except ConfigError as error:
        faults += error.faults
    try:
        if options.until is not None:
            goal = parse_accuracy(options.until)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return goal, points


def _faults(
    n_scenarios: int, seed: int, n_plans: int, *, keep_rows: bool
) -> list[Fault]:
    faults = []
    most = MAX_KEPT_ROWS // max(n_plans, 1) if keep_rows else MAX_SCENARIOS
    if not _is_whole(n_scenarios, 1, most):
        is_for_memory = keep_rows and _is_whole(n_scenarios, 1, MAX_SCENARIOS)
        action = "Choose another number."
        if is_for_memory:
            action = (
                f"Choose fewer, or keep no rows: --no-rows allows {MAX_SCENARIOS:,}."
            )
        faults.append(
            Fault(
                "--scenarios",
                "",
                str(n_scenarios),
                f"must be a whole number from 1 to {most:,}.",
                action,
            )
        )
    if not _is_whole(seed, 0, MAX_SEED):
        allowed = f"must be a whole number from 0 to {MAX_SEED:,}."
        faults.append(Fault("--seed", "", str(seed), allowed, "Choose another."))
    return faults


def _is_whole(value: object, low: int, high: int) -> bool:
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return is_integer and low <= int(value) <= high  # type: ignore[call-overload]
