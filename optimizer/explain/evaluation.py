# SPDX-License-Identifier: Apache-2.0
"""Evaluations: the best plan, or its relaxation, with one price changed.

One evaluation of a driver at a step answers every question about that driver; the
search over steps stands in `breakeven`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from models.errors import SolverError
from models.market import base_paths
from optimizer.explain.drivers import (
    changed,
    multiplier_of,
)
from optimizer.explain.programs import (
    Program,
    decided_anew,
    held,
    plan_integers,
    relaxed_values,
)
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import solve
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.plan import Plan
    from models.study import Study
    from optimizer.explain.programs import Basis
    from optimizer.explain.questions import Question

__all__ = ["CONFIRMED_GAP_FRAC", "Evaluation", "evaluate_relaxed", "evaluate_whole"]

CONFIRMED_GAP_FRAC: Final = 0.01
"""Gap to which a plan either side must be solved. [share 0-1]"""
_LEAST_SETTLE_S: Final = 3.0
_SETTLE_S: Final = 20.0
"""Limit of a solve that settles one question. [s]"""
_MATERIAL: Final = 1.0 - 1e-6
"""Share of the least use that counts, for rounding."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The best plan, or its relaxation, with one price changed.

    Parameters
    ----------
    driver : str
        Price.
    step : int
        Step of the grid, see `drivers.multiplier_of`.
    is_relaxed : bool
        Whether lots, phases, modules and offers may be split.
    multiplier : float
        Factor on the price. [ratio]
    status : str
        As the solver ended; ``infeasible`` and ``no plan found`` come without uses.
    npv_usd : float or None
        NPV; of a relaxation an upper limit. [USD]
    gap_frac : float or None
        Gap of a whole plan. [share 0-1]
    used : dict of str to float
        Use by question settled (by every one, when relaxed). [MW-months or MW]
    seconds_s : float
        Time taken. [s]
    """

    driver: str
    step: int
    is_relaxed: bool
    multiplier: float
    status: str
    npv_usd: float | None = None
    gap_frac: float | None = None
    used: dict[str, float] = field(default_factory=dict)
    seconds_s: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether it says what is chosen; an infeasible study chooses nothing."""
        return self.status != "no plan found"

    def chooses(self, question: Question) -> bool:
        """Return whether the question's least use is reached."""
        return self.used.get(question.id, 0.0) >= question.least * _MATERIAL

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Evaluation:
        """Return an evaluation read back from JSON."""
        return cls(**entry)


def evaluate_relaxed(
    study: Study,
    questions: Sequence[Question],
    driver: str,
    step: int,
    basis: Basis | None = None,
) -> tuple[Evaluation, Basis | None]:
    """Return the linear relaxation with one price changed, and the basis it ended in.

    Parameters
    ----------
    study : Study
        Study.
    questions : sequence of Question
        Whose uses are read off.
    driver : str
        Price to change.
    step : int
        Step of the grid. [steps]
    basis : Basis or None
        Where to start.
    """
    begun = time.perf_counter()
    program, multiplier = _program(study, driver, step)
    found = relaxed_values(program.compiled, basis)
    if found is None:
        return Evaluation(driver, step, True, multiplier, "infeasible"), basis
    values, objective, ended = found
    evaluation = Evaluation(
        driver=driver,
        step=step,
        is_relaxed=True,
        multiplier=multiplier,
        status="optimal",
        npv_usd=objective * USD_PER_USD_M,
        used=program.amounts(questions, values),
        seconds_s=time.perf_counter() - begun,
    )
    return evaluation, ended


def evaluate_whole(
    study: Study,
    plan: Plan,
    asked: Sequence[Question],
    driver: str,
    step: int,
    *,
    time_limit_s: float,
    should_stop: Callable[[], bool] | None = None,
) -> Evaluation:
    """Return the best whole plan with one price changed, to `CONFIRMED_GAP_FRAC`.

    Within such a gap a plan may do, or leave, what hardly matters. So each question is
    settled by one more solve: its own whole decisions are made anew, with no gap, and
    all others are held as in the plan found.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan at unchanged prices, to begin from.
    asked : sequence of Question
        What is to be settled.
    driver : str
        Price to change.
    step : int
        Step of the grid. [steps]
    time_limit_s : float
        Limit of all solves together. [s]
    should_stop : callable, optional
        Polled; a true value ends the solve.
    """
    begun = time.perf_counter()
    program, multiplier = _program(study, driver, step)
    ready = time.perf_counter()
    try:
        found = solve(
            program.compiled,
            gap_frac=CONFIRMED_GAP_FRAC,
            time_limit_s=time_limit_s,
            start=held(program, plan_integers(program, plan)),
            should_stop=should_stop,
        )
    except SolverError as error:
        status = "infeasible" if error.status == "infeasible" else "no plan found"
        return Evaluation(
            driver=driver,
            step=step,
            is_relaxed=False,
            multiplier=multiplier,
            status=status,
            used={question.id: 0.0 for question in asked},
            seconds_s=time.perf_counter() - begun,
        )
    used: dict[str, float] = {}
    best = found.objective_usd_m
    for question in asked:
        left = max(ready + time_limit_s - time.perf_counter(), _LEAST_SETTLE_S)
        anew = decided_anew(
            program, question, found.values, time_limit_s=min(_SETTLE_S, left)
        )
        values = found.values if anew is None else anew.values
        used |= program.amounts([question], values)
        best = max(best, program.compiled.value_of(values))
    return Evaluation(
        driver=driver,
        step=step,
        is_relaxed=False,
        multiplier=multiplier,
        status=found.status,
        npv_usd=best * USD_PER_USD_M,
        gap_frac=max(found.bound_usd_m - best, 0.0) / max(abs(best), 1e-9),
        used=used,
        seconds_s=time.perf_counter() - begun,
    )


def _program(study: Study, driver: str, step: int) -> tuple[Program, float]:
    """Return the program with one price changed, and its multiplier."""
    multiplier, paths = multiplier_of(driver, step), base_paths(study)
    if step > 0:
        study, paths = changed(study, paths, driver, multiplier)
    return Program.of(study, ModelOptions(), paths), multiplier
