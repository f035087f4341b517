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
from optimizer.explain.drivers import multiplier_of
from optimizer.explain.memory import Memory
from optimizer.explain.programs import held, plan_integers
from optimizer.explain.relaxations import MATERIAL
from optimizer.explain.settling import rounded, settled
from optimizer.milp.solve import solve
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study
    from optimizer.explain.programs import Program, WholeDecisions
    from optimizer.explain.questions import Question
    from optimizer.explain.relaxations import Relaxation
    from optimizer.milp.solve import Progress

__all__ = ["CONFIRMED_GAP_FRAC", "Evaluation", "evaluate_relaxed", "evaluate_whole"]

CONFIRMED_GAP_FRAC: Final = 0.01
"""Gap to which a plan either side must be solved. [share 0-1]"""
_LEAST_SETTLE_S: Final = 3.0
_SETTLE_S: Final = 14.0
"""Limit of the solves that settle one question. [s]"""
_NEAR_FRAC: Final = 0.05
"""Gap within which a start is good and only its bound is to be found. [share 0-1]"""
_SAME_FRAC: Final = 1e-5
"""Gain of a better plan that is not worth settling anew for. [share 0-1]"""


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
        As the solver ended; ``decided`` when each answer was proven before the gap was
        reached; ``infeasible`` and ``no plan found`` come without uses.
    npv_usd : float or None
        NPV; of a relaxation an upper limit. [USD]
    gap_frac : float or None
        Gap of a whole plan. [share 0-1]
    used : dict of str to float
        Use by question settled (by every one, when relaxed). [MW-months or MW]
    proven : tuple of str
        Questions whose answer holds whatever the gap, see `relaxations.Sides`.
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
    proven: tuple[str, ...] = ()
    seconds_s: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether it says what is chosen; an infeasible study chooses nothing."""
        return self.status != "no plan found"

    def chooses(self, question: Question) -> bool:
        """Return whether the question's least use is reached."""
        return self.used.get(question.id, 0.0) >= question.least * MATERIAL

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Evaluation:
        """Return an evaluation read back from JSON."""
        return cls(**{**entry, "proven": tuple(entry.get("proven", ()))})


def evaluate_relaxed(
    study: Study,
    questions: Sequence[Question],
    driver: str,
    step: int,
    memory: Memory | None = None,
) -> Evaluation:
    """Return the linear relaxation with one price changed.

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
    memory : Memory, optional
        Where to begin from.
    """
    begun = time.perf_counter()
    program, relaxation = (memory or Memory()).relaxed(study, driver, step)
    multiplier = multiplier_of(driver, step)
    if relaxation.values is None:
        return Evaluation(driver, step, True, multiplier, "infeasible")
    return Evaluation(
        driver=driver,
        step=step,
        is_relaxed=True,
        multiplier=multiplier,
        status="optimal",
        npv_usd=relaxation.objective_usd_m * USD_PER_USD_M,
        used=program.amounts(questions, relaxation.values),
        seconds_s=time.perf_counter() - begun,
    )


def evaluate_whole(
    study: Study,
    plan: Plan,
    asked: Sequence[Question],
    driver: str,
    step: int,
    *,
    time_limit_s: float,
    memory: Memory | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Evaluation:
    """Return a whole plan with one price changed that tells what is chosen.

    A plan worth more than any that leaves something proves that the best plan does it,
    and the other way round (`relaxations.Sides`): the search may end there. Otherwise
    it is solved to `CONFIRMED_GAP_FRAC`. Within such a gap a plan may do, or leave,
    what hardly matters; so each question is settled by one more solve: its own whole
    decisions are made anew, and all others are held as in the plan found.

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
    memory : Memory, optional
        Where to begin from.
    should_stop : callable, optional
        Polled; a true value ends the solve.
    """
    begun = time.perf_counter()
    memory = memory or Memory()
    program, relaxation = memory.relaxed(study, driver, step)
    inquiry = _Inquiry(
        program, relaxation, asked, time.perf_counter() + time_limit_s, should_stop
    )
    inquiry.patience = memory.patience
    inquiry.begin(plan, memory.plan_near(driver, step))
    status = inquiry.go()
    multiplier = multiplier_of(driver, step)
    if inquiry.values is None:
        return Evaluation(
            driver=driver,
            step=step,
            is_relaxed=False,
            multiplier=multiplier,
            status=status,
            used={question.id: 0.0 for question in asked},
            seconds_s=time.perf_counter() - begun,
        )
    memory.keep(driver, step, program, inquiry.values)
    best = inquiry.objective_usd_m
    return Evaluation(
        driver=driver,
        step=step,
        is_relaxed=False,
        multiplier=multiplier,
        status=status,
        npv_usd=best * USD_PER_USD_M,
        gap_frac=max(inquiry.bound_usd_m - best, 0.0) / max(abs(best), 1e-9),
        used=inquiry.used,
        proven=tuple(q.id for q in asked if inquiry.is_proven(q)),
        seconds_s=time.perf_counter() - begun,
    )


class _Inquiry:
    """Looks for a plan that settles questions, better ones as it goes on."""

    def __init__(
        self,
        program: Program,
        relaxation: Relaxation,
        asked: Sequence[Question],
        end_s: float,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self._program, self._asked = program, asked
        # Details are answered on the way; nothing more is solved for them.
        self._leading = [q for q in asked if not q.is_detail] or list(asked)
        self._end_s, self._should_stop = end_s, should_stop
        self._sides = {q.id: relaxation.sides(program.use(q), q.least) for q in asked}
        self.values: FloatArray | None = None
        self.objective_usd_m = -float("inf")
        self._relaxed = relaxation.values
        self.bound_usd_m = relaxation.objective_usd_m
        self.used: dict[str, float] = {}
        self.patience = 1.0

    def begin(self, plan: Plan, near: WholeDecisions | None) -> None:
        """Take the best of the plan at unchanged prices, one near by, a rounded one."""
        program = self._program
        self._take(held(program, plan_integers(program, plan)))
        if near is not None:
            self._take(held(program, program.integers_of(near)))
        if self._relaxed is not None and not self._is_done():
            self._take(
                rounded(program.compiled, self._relaxed, is_enough=self._is_shown)
            )

    def go(self) -> str:
        """Settle every question as far as time allows; return how it ended."""
        self._settle_all()
        if self._is_done():
            return self._status("optimal")
        before = self.objective_usd_m
        gap_usd_m = self.bound_usd_m - before
        try:
            found = solve(
                self._program.compiled,
                gap_frac=CONFIRMED_GAP_FRAC,
                time_limit_s=self._left_s(),
                start=self.values,
                should_stop=self._should_stop,
                is_enough=self._is_shown,
                is_start_near=gap_usd_m <= _NEAR_FRAC * abs(before),
            )
        except SolverError as error:
            return "infeasible" if error.status == "infeasible" else "no plan found"
        self.bound_usd_m = min(self.bound_usd_m, found.bound_usd_m)
        self._take(found.values)
        if self.objective_usd_m > before + _SAME_FRAC * abs(before):
            self.used = {}
            self._settle_all()
        return self._status(found.status)

    def _is_done(self) -> bool:
        """Return whether the best plan so far is good enough."""
        gap_usd_m = self.bound_usd_m - self.objective_usd_m
        is_near = gap_usd_m <= CONFIRMED_GAP_FRAC * abs(self.objective_usd_m)
        return is_near or self._is_decided(self.objective_usd_m)

    def _is_shown(self, state: Progress) -> bool:
        return self._is_decided(state.objective_usd_m)

    def _status(self, otherwise: str) -> str:
        """Read uses off the best plan where that settles them; return how it ended."""
        values = self.values
        if values is None:
            return otherwise
        for question in self._asked:
            is_open = question.id not in self.used and question in self._leading
            if is_open or self.is_proven(question):
                self.used |= self._program.amounts([question], values)
        return "decided" if self._is_decided(self.objective_usd_m) else otherwise

    def is_proven(self, question: Question) -> bool:
        """Return whether the answer holds whatever the gap."""
        return self._sides[question.id].is_settled_by(self.objective_usd_m)

    def _is_decided(self, objective_usd_m: float) -> bool:
        return all(
            self._sides[q.id].is_settled_by(objective_usd_m) for q in self._leading
        )

    def _settle_all(self) -> None:
        """Make each question's own decisions anew, the others held."""
        base = self.values
        for question in self._asked:
            if base is None or self._is_decided(self.objective_usd_m):
                return
            if self.is_proven(question) or question.id in self.used:
                continue
            values = settled(
                self._program,
                question,
                base,
                sides=self._sides[question.id],
                end_s=time.perf_counter()
                + min(_SETTLE_S * self.patience, self._left_s()),
                patience=self.patience,
            )
            self.used |= self._program.amounts([question], values)
            self.used |= self._program.amounts(self._parts_of(question, values), values)
            self._take(values)

    def _parts_of(self, question: Question, values: FloatArray) -> list[Question]:
        """Return questions on single sites that are settled with a company's.

        What a company leaves, it leaves at each site; and where it does something, the
        site that does enough of it does it.
        """
        if question.site or not question.line:
            return []
        enough = question.least * MATERIAL
        leaves = float(self._program.use(question) @ values) < enough
        return [
            part
            for part in self._asked
            if part.site
            and part.line == question.line
            and part.least == question.least
            and (leaves or float(self._program.use(part) @ values) >= enough)
        ]

    def _take(self, values: FloatArray | None) -> None:
        """Keep a solution if it is the best so far."""
        if values is None:
            return
        value = self._program.compiled.value_of(values)
        if value > self.objective_usd_m:
            self.values, self.objective_usd_m = values, value

    def _left_s(self) -> float:
        return max(self._end_s - time.perf_counter(), _LEAST_SETTLE_S)
