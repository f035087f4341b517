# SPDX-License-Identifier: Apache-2.0
"""The best projects valued in the best plan: the whole study solved with and without.

``With`` forces the project's orders and offers, at the first decision month from its
own on, and lets the solver find space, power and money for them; ``without`` forbids
its family and offers at that site. Both leave hurdles aside and look no further than
the study's own horizon. What does not belong here: values by the engine alone
(`optimizer.screening.valuation`).
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.errors import SolverError
from optimizer.milp.compile import compile_model
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import InfeasibleModelError, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.milp.compile import Compiled
    from optimizer.screening.projects import Project
    from optimizer.screening.result import ProjectResult, ScreenResult

__all__ = ["Reoptimised", "Window", "forbidden_bounds", "forced_bounds", "reoptimise"]

GAP_FRAC: Final = 0.001
TIME_LIMIT_S: Final = 120.0

STAGE: Final = "projects re-optimised"

_USD_PER_USD_M = 1e6
_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Reoptimised:
    """Value of a project in the best plan.

    Parameters
    ----------
    value_usd : float
        NPV of the best plan with it less that of the best plan without; NaN without
        an answer. [USD]
    uncertainty_usd : float
        Sum of what both solves left between plan and bound. [USD]
    is_chosen : bool
        Whether the best plan holds it of its own accord.
    status : str
        ``solved``, ``does not fit the study's horizon``, ``no plan affords it`` or
        ``not solved``.
    seconds_s : float
        Time of its solves. [s]
    """

    value_usd: float
    uncertainty_usd: float
    is_chosen: bool
    status: str
    seconds_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """Bounds of columns that force or forbid a project.

    Parameters
    ----------
    lower, upper : ndarray of shape (n_columns,)
        Bounds. [mixed]
    """

    lower: FloatArray
    upper: FloatArray

    def holds(self, values: FloatArray) -> bool:
        """Return whether a solution lies within the bounds."""
        inside = (values >= self.lower - _SLACK) & (values <= self.upper + _SLACK)
        return bool(inside.all())


@dataclass(frozen=True, slots=True)
class _Solved:
    """Objective and bound of one solve, and when it took how long."""

    npv_usd: float
    left_usd: float
    seconds_s: float
    status: str = "solved"


def reoptimise(
    study: Study,
    result: ScreenResult,
    *,
    top: int,
    progress: Callable[[str, int, int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    gap_frac: float = GAP_FRAC,
    time_limit_s: float = TIME_LIMIT_S,
    n_workers: int = 2,
) -> ScreenResult:
    """Return a screening in which the best projects carry their value in the best plan.

    Parameters
    ----------
    study : Study
        Study, over its own horizon.
    result : ScreenResult
        Screening.
    top : int
        How many, one of each family. [unitless]
    progress : callable, optional
        Called as ``progress(stage, done, total)``.
    should_stop : callable, optional
        Polled; a true value ends the work and the rest is named as left out.
    gap_frac, time_limit_s : float
        Limits of each solve. [share 0-1, s]
    n_workers : int
        Solves at once. [unitless]

    Returns
    -------
    ScreenResult
        Copy.
    """
    begun = time.perf_counter()
    chosen = result.best_of_family()[:top]
    if not chosen:
        return result
    if progress is not None:
        progress(STAGE, 0, len(chosen))
    solver = _Solver(study, gap_frac, time_limit_s, should_stop)
    solver.solve_freely()
    values: dict[str, Reoptimised] = {}
    with ThreadPoolExecutor(max_workers=n_workers) as pool:
        found = pool.map(lambda one: solver.value(one.project), chosen)
        for done, (one, value) in enumerate(zip(chosen, found, strict=True), start=1):
            values[one.project.id] = value
            if progress is not None:
                progress(STAGE, done, len(chosen))
    left_out = tuple(
        f"{name}: not re-optimised ({value.status})"
        for name, value in values.items()
        if value.status == "not solved"
    )
    seconds = time.perf_counter() - begun
    return replace(
        result,
        projects=tuple(_with_value(one, values) for one in result.projects),
        left_out=(*result.left_out, *left_out),
        timings_s={**result.timings_s, "reoptimisation": seconds},
    )


def _with_value(one: ProjectResult, values: dict[str, Reoptimised]) -> ProjectResult:
    value = values.get(one.project.id)
    return one if value is None else replace(one, reoptimised=value)


class _Solver:
    """Solves one compiled study again and again under other bounds."""

    def __init__(
        self,
        study: Study,
        gap_frac: float,
        time_limit_s: float,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        options = ModelOptions(label="screen", enforce_hurdles=False)
        self.study = study
        self.compiled = compile_model(build_model(study, options).pyomo)
        self.keys = column_keys(self.compiled)
        self.gap_frac, self.time_limit_s = gap_frac, time_limit_s
        self.should_stop = should_stop
        self.free = _Solved(np.nan, np.nan, 0.0, "not solved")
        self.free_values: FloatArray = np.zeros(0)

    def solve_freely(self) -> None:
        """Find the best plan without any wish; it answers many questions already."""
        self.free, self.free_values = self._solve(None)

    def value(self, project: Project) -> Reoptimised:
        """Return the value of a project."""
        forced = forced_bounds(self.study, self.compiled, self.keys, project)
        if forced is None:
            return _unsolved("does not fit the study's horizon")
        forbidden = forbidden_bounds(self.compiled, self.keys, project)
        is_chosen = len(self.free_values) > 0 and forced.holds(self.free_values)
        with_it = self._under(forced)
        without = self._under(forbidden)
        seconds = with_it.seconds_s + without.seconds_s
        for one in (with_it, without):
            if one.status != "solved":
                return _unsolved(one.status, seconds)
        return Reoptimised(
            value_usd=with_it.npv_usd - without.npv_usd,
            uncertainty_usd=with_it.left_usd + without.left_usd,
            is_chosen=is_chosen,
            status="solved",
            seconds_s=seconds,
        )

    def _under(self, window: Window) -> _Solved:
        if len(self.free_values) and window.holds(self.free_values):
            return replace(self.free, seconds_s=0.0)
        return self._solve(window)[0]

    def _solve(self, window: Window | None) -> tuple[_Solved, FloatArray]:
        nothing = np.zeros(0)
        if self.should_stop is not None and self.should_stop():
            return _Solved(np.nan, np.nan, 0.0, "not solved"), nothing
        compiled = self.compiled
        if window is not None:
            compiled = replace(compiled, lower=window.lower, upper=window.upper)
        try:
            found = solve(
                compiled,
                gap_frac=self.gap_frac,
                time_limit_s=self.time_limit_s,
                should_stop=self.should_stop,
            )
        except InfeasibleModelError:
            return _Solved(np.nan, np.nan, 0.0, "no plan affords it"), nothing
        except SolverError:
            return _Solved(np.nan, np.nan, 0.0, "not solved"), nothing
        left = abs(found.bound_usd_m - found.objective_usd_m)
        solved = _Solved(
            found.objective_usd_m * _USD_PER_USD_M,
            left * _USD_PER_USD_M,
            found.seconds_s,
        )
        return solved, found.values


def _unsolved(status: str, seconds_s: float = 0.0) -> Reoptimised:
    return Reoptimised(
        value_usd=float("nan"),
        uncertainty_usd=float("nan"),
        is_chosen=False,
        status=status,
        seconds_s=seconds_s,
    )


def column_keys(compiled: Compiled) -> dict[tuple[str, Any], int]:
    """Return the position of each column by variable name and index."""
    return {
        (column.parent_component().local_name, column.index()): place
        for place, column in enumerate(compiled.columns)
    }


def forced_bounds(
    study: Study,
    compiled: Compiled,
    keys: dict[tuple[str, Any], int],
    project: Project,
) -> Window | None:
    """Return bounds that force a project's orders and offers.

    Parameters
    ----------
    study : Study
        Study of the program.
    compiled : Compiled
        Program.
    keys : dict
        Positions by variable and index.
    project : Project
        Project.

    Returns
    -------
    Window or None
        None when an order or an offer has no place in the program.
    """
    lower, upper = compiled.lower.copy(), compiled.upper.copy()
    step = study.time.order_step_months
    for order in project.orders:
        period = -(-order.period // step) * step
        place = keys.get(("order_lots", (order.model, order.site, period)))
        if place is None:
            return None
        lower[place] += order.lots
    for taken in project.offers:
        place = keys.get(("accept", (taken.offer, taken.since, taken.until)))
        if place is None:
            return None
        lower[place] = 1.0
    if (lower > upper).any():
        return None
    return Window(lower, upper)


def forbidden_bounds(
    compiled: Compiled, keys: dict[tuple[str, Any], int], project: Project
) -> Window:
    """Return bounds that forbid a project's family and offers at its site.

    Machines of the family that are bought elsewhere do not move there either.

    Parameters
    ----------
    compiled : Compiled
        Program.
    keys : dict
        Positions by variable and index.
    project : Project
        Project.

    Returns
    -------
    Window
        Bounds.
    """
    upper = compiled.upper.copy()
    offers = {taken.offer for taken in project.offers}
    for (name, index), place in keys.items():
        is_order = name == "order_lots" and index[:2] == (project.model, project.site)
        is_move = name == "moved_lots" and (index[0], index[2]) == (
            project.model,
            project.site,
        )
        is_offer = name == "accept" and index[0] in offers
        if is_order or is_move or is_offer:
            upper[place] = 0.0
    return Window(compiled.lower.copy(), upper)
