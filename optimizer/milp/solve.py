# SPDX-License-Identifier: Apache-2.0
"""Solving: HiGHS on compiled arrays, with progress, limits and the best plan so far.

What a solution means stands in `optimizer.milp.extract`; whether to trust it in
`optimizer.milp.verify`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import highspy
import numpy as np

from models.errors import SolverError
from optimizer.milp.compile import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import BoolArray, FloatArray
    from optimizer.milp.compile import Compiled

__all__ = [
    "InfeasibleModelError",
    "Progress",
    "Solution",
    "fixed_lp",
    "relaxation",
    "solve",
]

_STATUS_NAMES = {
    highspy.HighsModelStatus.kOptimal: "optimal",
    highspy.HighsModelStatus.kTimeLimit: "time limit",
    highspy.HighsModelStatus.kInterrupt: "interrupted",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
    highspy.HighsModelStatus.kSolutionLimit: "solution limit",
    highspy.HighsModelStatus.kUnknown: "unknown",
}

_LOST: Final = frozenset(
    {
        highspy.HighsModelStatus.kUnknown,
        highspy.HighsModelStatus.kNotset,
        highspy.HighsModelStatus.kSolveError,
        highspy.HighsModelStatus.kPostsolveError,
    }
)
"""How a run ends that says nothing about the program."""

_PRIMAL_SIMPLEX: Final = 4
"""HiGHS's number for it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a running solve.

    Parameters
    ----------
    elapsed_s : float
        Wall time so far. [s]
    objective_usd_m, bound_usd_m : float
        Best plan and bound; infinite before there is one. [USD m]
    gap_frac : float
        Relative gap; infinite before there is a plan. [share 0-1]
    nodes : int
        Nodes of the search tree done. [nodes]
    """

    elapsed_s: float
    objective_usd_m: float
    bound_usd_m: float
    gap_frac: float
    nodes: int


@dataclass(frozen=True, slots=True)
class Solution:
    """What the solver said; nothing here is trusted before `verify`.

    Parameters
    ----------
    values : ndarray of shape (n_columns,)
        Solution. [mixed]
    objective_usd_m, bound_usd_m : float
        Objective of the solution and proven bound. [USD m]
    gap_frac : float
        ``(bound - objective) / |objective|``. [share 0-1]
    status : str
        ``optimal``, ``time limit`` or ``interrupted``.
    seconds_s : float
        Wall time of the solve. [s]
    nodes, iterations : int
        Work done. [nodes, iterations]
    """

    values: FloatArray
    objective_usd_m: float
    bound_usd_m: float
    gap_frac: float
    status: str
    seconds_s: float
    nodes: int
    iterations: int


class InfeasibleModelError(SolverError):
    """The solver proved that no solution exists; `diagnose` says why."""


def solve(
    compiled: Compiled,
    *,
    gap_frac: float,
    time_limit_s: float,
    start: FloatArray | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    is_enough: Callable[[Progress], bool] | None = None,
    is_start_near: bool = True,
) -> Solution:
    """Return the best solution found within gap and time.

    Parameters
    ----------
    compiled : Compiled
        Program.
    gap_frac : float
        Relative gap at which to stop. [share 0-1]
    time_limit_s : float
        Wall-time limit. [s]
    start : ndarray of shape (n_columns,), optional
        A solution to begin from. [mixed]
    progress : callable, optional
        Called with `Progress` as the search goes on.
    should_stop : callable, optional
        Polled; a true value stops the search and keeps the best solution.
    is_enough : callable, optional
        Like `should_stop`, but told the state of the search.
    is_start_near : bool
        Whether a start is so good that the search need not look for plans around the
        root relaxation.

    Returns
    -------
    Solution
        Best solution found.

    Raises
    ------
    InfeasibleModelError
        If there is none.
    SolverError
        If the solver ended without a solution for another reason.
    """
    solver = load(compiled)
    solver.setOptionValue("mip_rel_gap", gap_frac)
    solver.setOptionValue("mip_abs_gap", 1e-6)
    solver.setOptionValue("time_limit", time_limit_s)
    if start is not None:
        guess = highspy.HighsSolution()
        guess.col_value = start.tolist()
        solver.setSolution(guess)
        # With a plan at hand, looking for one around the root costs more than it gives.
        solver.setOptionValue("mip_heuristic_run_rens", not is_start_near)
        solver.setOptionValue("mip_heuristic_run_root_reduced_cost", not is_start_near)
    begun = time.perf_counter()
    _watch(solver, begun, progress, should_stop, is_enough)
    _run(solver)
    seconds = time.perf_counter() - begun
    status = _status(solver)
    info = solver.getInfo()
    if status == "infeasible":
        msg = "no plan meets the rules"
        raise InfeasibleModelError(msg, status=status)
    feasible = (
        info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    )
    if not feasible:
        msg = (
            f"the solver ended after {seconds:.0f} s without a plan ({status}). "
            "Give it more time (--time-limit) or a smaller study."
        )
        raise SolverError(msg, status=status)
    values = np.array(solver.getSolution().col_value)
    is_mip = bool(compiled.is_integer.any())
    objective = float(info.objective_function_value)
    bound = float(info.mip_dual_bound) if is_mip else objective
    return Solution(
        values=values,
        objective_usd_m=objective,
        bound_usd_m=bound,
        gap_frac=abs(bound - objective) / max(abs(objective), 1e-9),
        status=status,
        seconds_s=seconds,
        nodes=int(info.mip_node_count) if is_mip else 0,
        iterations=int(info.simplex_iteration_count),
    )


def _run(solver: Any) -> None:
    """Run a solver, also in a process where another used other threads before.

    HiGHS keeps one pool of threads for a process and ends with status "not set" when a
    solve asks for another number of them; the pool is then made anew.
    """
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kNotset:
        highspy.Highs.resetGlobalScheduler(True)
        solver.run()


def _status(solver: Any) -> str:
    """Return how a run ended, in words."""
    status = solver.getModelStatus()
    return _STATUS_NAMES.get(status) or str(solver.modelStatusToString(status)).lower()


def _watch(
    solver: Any,
    begun: float,
    progress: Callable[[Progress], None] | None,
    should_stop: Callable[[], bool] | None,
    is_enough: Callable[[Progress], bool] | None,
) -> None:
    """Subscribe to the solver's own events."""

    def state(event: Any) -> Progress:
        out = event.data_out
        return Progress(
            elapsed_s=time.perf_counter() - begun,
            objective_usd_m=float(out.mip_primal_bound),
            bound_usd_m=float(out.mip_dual_bound),
            gap_frac=float(out.mip_gap),
            nodes=int(out.mip_node_count),
        )

    if progress is not None:

        def report(event: Any) -> None:
            progress(state(event))

        solver.cbMipLogging.subscribe(report)
        solver.cbMipImprovingSolution.subscribe(report)
    if should_stop is not None:

        def interrupt(event: Any) -> None:
            if should_stop():
                event.data_in.user_interrupt = True

        solver.cbMipInterrupt.subscribe(interrupt)
        solver.cbSimplexInterrupt.subscribe(interrupt)
    if is_enough is not None:

        def end(event: Any) -> None:
            if is_enough(state(event)):
                event.data_in.user_interrupt = True

        solver.cbMipInterrupt.subscribe(end)


def relaxation(compiled: Compiled) -> Solution:
    """Return the solution with integrality dropped, its bound being the root bound.

    Raises
    ------
    InfeasibleModelError
        If even the relaxation has no solution.
    """
    return _solve_lp(compiled, compiled.lower, compiled.upper)[0]


def fixed_lp(
    compiled: Compiled,
    values: FloatArray,
    is_fixed: BoolArray,
    *,
    tolerance: float | None = None,
) -> tuple[Solution, FloatArray]:
    """Return the best solution with some columns held at given values, and row duals.

    Parameters
    ----------
    compiled : Compiled
        Program.
    values : ndarray of shape (n_columns,)
        Values to hold. [mixed]
    is_fixed : ndarray of shape (n_columns,)
        Columns held. [bool]
    tolerance : float, optional
        Breach of rows, bounds and dual signs that counts as none; the solver's own
        (1e-7) by default. [row unit]

    Returns
    -------
    tuple
        Solution, and duals of shape (n_rows,): gain of objective per unit of
        right-hand side. [USD m per unit]
    """
    lower = np.where(is_fixed, values, compiled.lower)
    upper = np.where(is_fixed, values, compiled.upper)
    return _solve_lp(compiled, lower, upper, tolerance)


def _solve_lp(
    compiled: Compiled,
    lower: FloatArray,
    upper: FloatArray,
    tolerance: float | None = None,
) -> tuple[Solution, FloatArray]:
    solver = load(compiled, relax=True)
    if tolerance is not None:
        solver.setOptionValue("primal_feasibility_tolerance", tolerance)
        solver.setOptionValue("dual_feasibility_tolerance", tolerance)
    columns = np.arange(len(lower), dtype=np.int32)
    solver.changeColsBounds(len(lower), columns, lower, upper)
    begun = time.perf_counter()
    _run(solver)
    # At the edge of feasibility the dual simplex can lose its way: then the primal one,
    # then the interior point method.
    for option, value in (("simplex_strategy", _PRIMAL_SIMPLEX), ("solver", "ipm")):
        if solver.getModelStatus() in _LOST:
            solver.clearSolver()
            solver.setOptionValue(option, value)
            _run(solver)
    seconds = time.perf_counter() - begun
    status = _status(solver)
    if status == "infeasible":
        msg = "no plan meets the rules"
        raise InfeasibleModelError(msg, status=status)
    if status != "optimal":
        msg = f"the solver ended a linear program with status {status!r}"
        raise SolverError(msg, status=status)
    found = solver.getSolution()
    objective = float(solver.getInfo().objective_function_value)
    solution = Solution(
        values=np.array(found.col_value),
        objective_usd_m=objective,
        bound_usd_m=objective,
        gap_frac=0.0,
        status=status,
        seconds_s=seconds,
        nodes=0,
        iterations=int(solver.getInfo().simplex_iteration_count),
    )
    return solution, np.array(found.row_dual)
