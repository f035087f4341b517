# SPDX-License-Identifier: Apache-2.0
"""Tasks: one solve each, alike in this process and in a worker.

A task is a small value that can be sent; the study and plan it is about are sent once.
Which tasks are worth doing, and in what order, is said in `conductor`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from models.errors import WattplanError
from optimizer.explain.contract_extremes import ContractExtreme, contract_extreme
from optimizer.explain.evaluation import Evaluation, evaluate_relaxed, evaluate_whole
from optimizer.explain.forcing import ForcedAnswer, force
from optimizer.explain.marginal import MarginalValues, marginal_values
from optimizer.explain.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.study import Study
    from optimizer.explain.questions import Question
    from optimizer.planning import PlanResult

__all__ = ["Answer", "Context", "Failure", "Task", "run_task"]

_BUILD_S: Final = 3.0
"""Time that a task needs beside its solve. [s]"""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to compute.

    Parameters
    ----------
    kind : str
        ``marginal``, ``force``, ``extreme``, ``relaxed`` or ``whole``.
    subject : str
        Question, avoidable share, or driver.
    step : int
        Step of a driver's grid. [steps]
    asked : tuple of str
        Questions that a whole plan is to settle.
    """

    kind: str
    subject: str = ""
    step: int = 0
    asked: tuple[str, ...] = ()

    @property
    def least_s(self) -> float:
        """Time under which it is not worth starting [s]."""
        return 3.0 if self.kind in {"marginal", "relaxed"} else 10.0

    def most_s(self, *, is_budgeted: bool) -> float:
        """Return the time it may take, less when others wait for it [s]."""
        if is_budgeted:
            return 60.0
        return 240.0 if self.kind in {"force", "extreme"} else 120.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that could not be answered.

    Parameters
    ----------
    task : Task
        What was asked.
    reason : str
        Why, in words.
    """

    task: Task
    reason: str


Answer: TypeAlias = (
    MarginalValues | ForcedAnswer | ContractExtreme | Evaluation | Failure
)


@dataclass(slots=True)
class Context:
    """What all tasks of one explanation share.

    Parameters
    ----------
    study : Study
        Study.
    result : PlanResult
        Plan that is explained.
    questions : tuple of Question
        All questions.
    memory : Memory
        What evaluations of prices leave to the next ones.
    """

    study: Study
    result: PlanResult
    questions: tuple[Question, ...]
    memory: Memory = field(default_factory=Memory)


def run_task(
    context: Context,
    task: Task,
    limit_s: float,
    should_stop: Callable[[], bool] | None = None,
) -> Answer:
    """Return the answer of one task; a mendable error becomes a `Failure`.

    Parameters
    ----------
    context : Context
        Study and plan.
    task : Task
        What to compute.
    limit_s : float
        Time for it, building included. [s]
    should_stop : callable, optional
        Polled during solves.
    """
    solve_s = max(limit_s - _BUILD_S, 1.0)
    study, questions = context.study, context.questions
    try:
        if task.kind == "marginal":
            return marginal_values(study, context.result.plan)
        if task.kind == "force":
            asked = next(q for q in questions if q.id == task.subject)
            return force(
                study,
                context.result,
                asked,
                time_limit_s=solve_s,
                should_stop=should_stop,
            )
        if task.kind == "extreme":
            return contract_extreme(
                study,
                context.result,
                float(task.subject),
                time_limit_s=solve_s,
                should_stop=should_stop,
            )
        if task.kind == "relaxed":
            return evaluate_relaxed(
                study, questions, task.subject, task.step, context.memory
            )
        return evaluate_whole(
            study,
            context.result.plan,
            [q for q in questions if q.id in task.asked],
            task.subject,
            task.step,
            time_limit_s=solve_s,
            memory=context.memory,
            should_stop=should_stop,
        )
    except WattplanError as error:
        return Failure(task, str(error))
