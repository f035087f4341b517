# SPDX-License-Identifier: Apache-2.0
"""Explaining a plan within a budget of time, in one process or several.

Order: marginal values, sites not built, partner contracts, lines and expansion, then
break-evens. What each answer is stands in the neighbouring modules.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Final

from optimizer.explain.conductor import Conductor
from optimizer.explain.questions import questions_of
from optimizer.explain.tasks import Context
from optimizer.explain.workers import InlineWorker, WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.study import Study
    from optimizer.explain.explanation import Explanation
    from optimizer.explain.tasks import Answer, Task
    from optimizer.explain.workers import Workers
    from optimizer.planning import PlanResult

__all__ = ["explain"]

_GRACE_S: Final = 15.0
"""Time past the budget after which running tasks are broken off. [s]"""


def explain(
    study: Study,
    result: PlanResult,
    *,
    budget_s: float | None = None,
    progress: Callable[[str], None] | None = None,
    known: Explanation | None = None,
    n_workers: int | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Explanation:
    """Return why a plan is what it is, as far as the budget allows.

    Parameters
    ----------
    study : Study
        Study.
    result : PlanResult
        Its optimised plan.
    budget_s : float or None
        Wall time; None answers everything. [s]
    progress : callable, optional
        Told in words what is being done.
    known : Explanation, optional
        Answers found earlier for the same plan; they are kept.
    n_workers : int, optional
        Processes; 0 solves in this one. Two by default, or one per processor if there
        are fewer. [processes]
    should_stop : callable, optional
        Polled; a true value ends the work with what is known.

    Returns
    -------
    Explanation
        Answers, and what was left out.

    Raises
    ------
    DataError
        If the plan was not made from this study.
    RuntimeError
        If a worker met a fault of the program.
    """
    context = Context(study, result, questions_of(study, result.plan))
    conductor = Conductor(context, known, is_budgeted=budget_s is not None)
    if next(conductor.wanted(), None) is None:
        return conductor.explanation()
    if n_workers is None:
        n_workers = min(2, os.cpu_count() or 1)
    workers: Workers = (
        WorkerPool(context, n_workers)
        if n_workers
        else InlineWorker(context, should_stop)
    )
    run = _Run(conductor, workers, budget_s, progress, should_stop)
    try:
        run.go()
    finally:
        workers.close(at_once=bool(run.running))
    return conductor.explanation()


class _Run:
    """Keeps workers busy until there is nothing left to ask or the time is spent."""

    def __init__(
        self,
        conductor: Conductor,
        workers: Workers,
        budget_s: float | None,
        progress: Callable[[str], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self._conductor, self._workers = conductor, workers
        self._say = progress or (lambda _: None)
        self._should_stop = should_stop or (lambda: False)
        self._is_budgeted = budget_s is not None
        self._end = time.perf_counter() + (
            float("inf") if budget_s is None else budget_s
        )
        self.running: dict[Future[Answer], tuple[Task, float]] = {}
        self._n_done = 0

    def go(self) -> None:
        """Ask and wait until done."""
        while not self._should_stop():
            while self._start_one():
                pass
            if not self.running:
                return
            if time.perf_counter() > self._end + _GRACE_S:
                return
            done, _ = wait(self.running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in done:
                task, begun = self.running.pop(future)
                self._n_done += 1
                answer = future.result()
                self._conductor.note(task, answer, time.perf_counter() - begun)

    def _start_one(self) -> bool:
        """Start the next task if a worker is idle and there is time for it."""
        if len(self.running) >= self._workers.n_workers or self._should_stop():
            return False
        left = self._end - time.perf_counter()
        busy = {task for task, _ in self.running.values()}
        for task in self._conductor.wanted():
            if task in busy or task.least_s > left:
                continue
            self._say(f"{self._conductor.describe(task)} ({self._n_done} done)")
            begun = time.perf_counter()
            most_s = task.most_s(is_budgeted=self._is_budgeted)
            future = self._workers.submit(task, min(most_s, left))
            self.running[future] = (task, begun)
            return True
        return False
