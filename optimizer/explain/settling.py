# SPDX-License-Identifier: Apache-2.0
"""Solves with most whole decisions held: what is best there, and which side it is on.

What does not belong here: solves of whole plans (`evaluation`, `forcing`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import highspy
import numpy as np
from scipy import sparse

from models.errors import SolverError
from optimizer.explain.relaxations import MATERIAL, Relaxation, Sides
from optimizer.milp.solve import solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import BoolArray, FloatArray
    from optimizer.explain.programs import Program
    from optimizer.explain.questions import Question
    from optimizer.milp.compile import Compiled
    from optimizer.milp.solve import Progress, Solution

__all__ = ["decided_anew", "rounded", "settled"]

_GAP_FRAC: Final = 1e-5
"""Gap within which nothing is better. [share 0-1]"""
_ROUNDED_GAP_FRAC: Final = 2e-3
_ROUNDED_S: Final = 5.0
_OPEN_S: Final = 4.0
_SIDE_S: Final = 8.0
"""Limits of one solve. [s]"""
_TURNS: Final = 4
"""Times that the other side may show something better. [solves]"""


def decided_anew(
    program: Program,
    question: Question,
    integers: FloatArray,
    *,
    time_limit_s: float,
    with_orders: bool = True,
) -> Solution | None:
    """Return the best solution in which only a question's own decisions are free.

    Parameters
    ----------
    program : Program
        Program.
    question : Question
        Whose whole decisions are made anew; all others are held.
    integers : ndarray of shape (n_columns,)
        Values of the integer columns. [mixed]
    time_limit_s : float
        Limit of the solve. [s]
    with_orders : bool
        Whether orders of machines are among its decisions.

    Returns
    -------
    Solution or None
        None if there is no solution, or none was found in time.
    """
    own = program.own(question, with_orders=with_orders)
    limit_s = max(time_limit_s, 1.0)
    try:
        return solve(
            _held_but(program.compiled, own, integers),
            gap_frac=_GAP_FRAC,
            time_limit_s=limit_s,
        )
    except SolverError:
        return None


def rounded(
    compiled: Compiled,
    relaxed: FloatArray,
    *,
    is_enough: Callable[[Progress], bool] | None = None,
) -> FloatArray | None:
    """Return the best solution that rounds a relaxation's whole decisions up or down.

    Parameters
    ----------
    compiled : Compiled
        Program.
    relaxed : ndarray of shape (n_columns,)
        Solution of its relaxation. [mixed]
    is_enough : callable, optional
        Told the state of the search; a true value ends it.

    Returns
    -------
    ndarray of shape (n_columns,) or None
        None if there is no solution, or none was found soon. [mixed]
    """
    is_whole, nearly = compiled.is_integer, 1e-6
    floor, ceiling = np.floor(relaxed + nearly), np.ceil(relaxed - nearly)
    upper = np.where(is_whole, ceiling, compiled.upper)
    # If that leaves no room, fewer of what the relaxation takes.
    for least in (floor, compiled.lower):
        near = replace(
            compiled, lower=np.where(is_whole, least, compiled.lower), upper=upper
        )
        try:
            return solve(
                near,
                gap_frac=_ROUNDED_GAP_FRAC,
                time_limit_s=_ROUNDED_S,
                is_enough=is_enough,
            ).values
        except SolverError:
            continue
    return None


def settled(
    program: Program,
    question: Question,
    base: FloatArray,
    *,
    sides: Sides,
    end_s: float,
    patience: float = 1.0,
) -> FloatArray:
    """Return the best solution found with all decisions but a question's own held.

    First the question's own decisions are free. As long as neither a gap nor a bound
    shows which side the best solution is on, the other side is then asked for something
    better.

    Parameters
    ----------
    program : Program
        Program.
    question : Question
        Whose whole decisions are made anew.
    base : ndarray of shape (n_columns,)
        Solution whose other whole decisions are held. [mixed]
    sides : Sides
        Limits of all plans of the program: a solution that settles it ends the search.
    end_s : float
        Time of `time.perf_counter` by which to be done. [s]
    patience : float
        By how much a busy machine stretches work. [ratio]
    """
    compiled = _held_but(program.compiled, program.own(question), base)
    contest = _Contest(
        compiled,
        program.use(question),
        question.least * MATERIAL,
        base,
        end_s,
        patience,
    )
    near = Relaxation(compiled).sides(contest.use, question.least)
    contest.play((sides, near))
    return contest.best


def _held_but(compiled: Compiled, own: BoolArray, integers: FloatArray) -> Compiled:
    """Return a program with all whole decisions held that are not one's own."""
    is_held, whole = compiled.is_integer & ~own, np.round(integers)
    return replace(
        compiled,
        lower=np.where(is_held, whole, compiled.lower),
        upper=np.where(is_held, whole, compiled.upper),
    )


@dataclass(slots=True)
class _Contest:
    """Two sides of a use: the better one is looked for, then the other is asked."""

    compiled: Compiled
    use: FloatArray
    enough: float
    best: FloatArray
    end_s: float
    patience: float

    @property
    def value_usd_m(self) -> float:
        return self.compiled.value_of(self.best)

    def play(self, limits: tuple[Sides, ...]) -> None:
        """Improve the best solution until its side is known or time is up."""

        def is_known(state: Progress) -> bool:
            value = state.objective_usd_m
            return any(sides.is_settled_by(value) for sides in limits)

        try:
            found = solve(
                self.compiled,
                gap_frac=_GAP_FRAC,
                time_limit_s=self._limit_s(_OPEN_S),
                start=self.best,
                is_enough=is_known,
                is_start_near=False,
            )
        except SolverError:
            return
        self._take(found.values)
        if found.status == "optimal":
            return
        for _ in range(_TURNS):
            value = self.value_usd_m
            is_over = any(sides.is_settled_by(value) for sides in limits)
            if is_over or time.perf_counter() > self.end_s or not self._answer():
                return

    def _answer(self) -> bool:
        """Return whether the other side has something better."""
        least = self.value_usd_m + _GAP_FRAC * abs(self.value_usd_m)

        def is_enough(state: Progress) -> bool:
            return state.bound_usd_m <= least or state.objective_usd_m > least

        try:
            found = solve(
                self._other_side(),
                gap_frac=_GAP_FRAC,
                time_limit_s=self._limit_s(_SIDE_S),
                is_enough=is_enough,
            )
        except SolverError:
            return False
        return self._take(found.values)

    def _take(self, values: FloatArray) -> bool:
        is_better = self.compiled.value_of(values) > self.value_usd_m
        if is_better:
            self.best = values
        return is_better

    def _other_side(self) -> Compiled:
        """Return the program of the side that the best solution is not on."""
        whole, row = self.compiled, sparse.csr_array(self.use[None, :])
        leaves = float(self.use @ self.best) >= self.enough
        infinite = highspy.kHighsInf
        # What reaches the least use alone is not taken at all.
        is_single = whole.is_integer & (self.use >= self.enough) & leaves
        is_single &= (whole.lower <= 0.0) & bool((self.use >= 0.0).all())
        return replace(
            whole,
            matrix=sparse.csc_array(sparse.vstack([whole.matrix, row])),
            upper=np.where(is_single, 0.0, whole.upper),
            row_lower=np.append(whole.row_lower, -infinite if leaves else self.enough),
            row_upper=np.append(whole.row_upper, self.enough if leaves else infinite),
        )

    def _limit_s(self, most_s: float) -> float:
        left_s = self.end_s - time.perf_counter()
        return max(min(most_s * self.patience, left_s), 1.0)
