# SPDX-License-Identifier: Apache-2.0
"""The conductor: which task comes next, what is known, what is left out.

What a task computes stands in `tasks`; how tasks run side by side in `workers`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from optimizer.explain.breakeven import Search
from optimizer.explain.contract_extremes import (
    EXTREMES,
    ContractExtreme,
    plan_as_extreme,
)
from optimizer.explain.drivers import driver_title, multiplier_of
from optimizer.explain.evaluation import Evaluation
from optimizer.explain.explanation import Explanation
from optimizer.explain.forcing import FORCED_GAP_FRAC, ForcedAnswer
from optimizer.explain.marginal import MarginalValues
from optimizer.explain.tasks import Failure, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optimizer.explain.questions import Question
    from optimizer.explain.tasks import Answer, Context

__all__ = ["Conductor"]


class Conductor:
    """Keeps the answers of one explanation and says what is to be asked next.

    Parameters
    ----------
    context : Context
        Study, plan and questions.
    known : Explanation or None
        Answers found earlier for the same plan; they are kept, unless time cut them
        short of their gap and there is more of it now.
    is_budgeted : bool
        Whether time is limited now.
    """

    def __init__(
        self,
        context: Context,
        known: Explanation | None = None,
        *,
        is_budgeted: bool = True,
    ) -> None:
        self.context = context
        self._marginal = None if known is None else known.marginal
        ids = {question.id for question in context.questions}
        earlier = () if known is None else known.why_not
        self._forced = {
            a.question: a
            for a in earlier
            if a.question in ids and self._is_kept("force", a, is_budgeted=is_budgeted)
        }
        self._extremes = {
            c.avoidable_frac: c for c in (() if known is None else known.contracts[1:])
        }
        self._evaluations = [
            e
            for e in (() if known is None else known.evaluations)
            if e.is_relaxed or self._is_kept("whole", e, is_budgeted=is_budgeted)
        ]
        self._failures: dict[Task, str] = {}
        self._seconds = {} if known is None else dict(known.seconds_s)

    def _is_kept(
        self, kind: str, answer: ForcedAnswer | Evaluation, *, is_budgeted: bool
    ) -> bool:
        """Return whether an answer is as good as time allows, or proven."""
        if answer.status == "decided":
            return True
        most_s = Task(kind).most_s(is_budgeted=is_budgeted)
        is_short = (answer.gap_frac or 0.0) > FORCED_GAP_FRAC
        if answer.status == "no plan found" or is_short:
            return answer.seconds_s >= 0.8 * most_s
        return True

    def wanted(self) -> Iterator[Task]:
        """Yield what is worth asking now, the most telling first."""
        for task in self._all():
            if task not in self._failures:
                yield task

    def _all(self) -> Iterator[Task]:
        wide = [q for q in self.context.questions if not q.is_detail]
        if self._marginal is None:
            yield Task("marginal")
        yield from self._force(q for q in wide if q.kind == "site")
        yield from self._contracts()
        yield from self._force(wide)
        yield from self._break_evens(wide)
        fine = [q for q in self.context.questions if q.is_detail]
        yield from self._force(fine)
        yield from self._break_evens(fine)

    def _force(self, questions: Iterator[Question] | list[Question]) -> Iterator[Task]:
        for question in questions:
            if question.id in self._forced:
                continue
            same = self._answered_by_wider(question)
            if same is None:
                yield Task("force", question.id)
            else:
                self._forced[question.id] = same

    def _answered_by_wider(self, question: Question) -> ForcedAnswer | None:
        """Return the company's answer if its forced plan used only this site.

        A plan forced at one site is also forced for the company, so what is best for
        the company and stands at that site is best there too.
        """
        if not question.is_detail:
            return None
        wider = self._forced.get(f"line:{question.line}")
        if wider is None or set(wider.new_mw_months) != {question.site}:
            return None
        asked = next(q for q in self.context.questions if q.id == wider.question)
        if asked.least != question.least:
            return None
        return replace(wider, question=question.id, seconds_s=0.0)

    def _contracts(self) -> Iterator[Task]:
        if any(site.partner is not None for site in self.context.study.sites):
            for share in EXTREMES:
                if share not in self._extremes:
                    yield Task("extreme", str(share))

    def _break_evens(self, questions: list[Question]) -> Iterator[Task]:
        """Yield searches: every question's first price, then its second, and so on."""
        for rank in range(max((len(q.drivers) for q in questions), default=0)):
            yield from self._next_steps(
                [
                    self._search(q, q.drivers[rank])
                    for q in questions
                    if rank < len(q.drivers)
                ]
            )

    def _next_steps(self, searches: list[Search]) -> Iterator[Task]:
        """Yield relaxations before whole plans; one of these settles all who ask."""
        for search in searches:
            step = search.next_relaxed()
            if step is not None:
                # Step 0 is the same for every driver.
                yield Task("relaxed", search.driver if step else "", step)
        wanted: dict[tuple[str, int], None] = {}
        for search in searches:
            step = search.next_whole()
            if step is not None:
                wanted[search.driver, step] = None
        for driver, step in wanted:
            yield Task("whole", driver, step, self._asking(driver, step))

    def _asking(self, driver: str, step: int) -> tuple[str, ...]:
        """Return every question that a whole plan at a step helps next."""
        return tuple(
            question.id
            for question in self.context.questions
            if driver in question.drivers
            and self._search(question, driver).next_whole() == step
        )

    def _search(self, question: Question, driver: str) -> Search:
        return Search(question, driver, self._evaluations)

    def describe(self, task: Task) -> str:
        """Return a task in words."""
        study = self.context.study
        if task.kind == "force":
            asked = next(q for q in self.context.questions if q.id == task.subject)
            return f"why not: {asked.title}"
        if task.kind == "extreme":
            return f"partner rates {float(task.subject):.0%} avoidable"
        if task.kind == "marginal":
            return "value of a MW by site and month"
        if not task.step:
            return "break-evens: the study as it is"
        price = driver_title(study, task.subject)
        how = "relaxed" if task.kind == "relaxed" else "whole plan"
        return (
            f"break-even {price} x {multiplier_of(task.subject, task.step):.3g}, {how}"
        )

    def note(self, task: Task, answer: Answer, seconds: float) -> None:
        """Keep an answer.

        Parameters
        ----------
        task : Task
            What was asked.
        answer : Answer
            What came back.
        seconds : float
            How long it took. [s]
        """
        self._seconds[task.kind] = self._seconds.get(task.kind, 0.0) + seconds
        if isinstance(answer, Failure):
            self._failures[task] = answer.reason
        elif isinstance(answer, MarginalValues):
            self._marginal = answer
        elif isinstance(answer, ForcedAnswer):
            self._forced[answer.question] = answer
        elif isinstance(answer, ContractExtreme):
            self._extremes[answer.avoidable_frac] = answer
        elif isinstance(answer, Evaluation):
            self._evaluations.append(answer)

    def explanation(self) -> Explanation:
        """Return all that is known by now, and what is not."""
        study, result = self.context.study, self.context.result
        questions = self.context.questions
        searches = [self._search(q, d) for q in questions for d in q.drivers]
        has_partner = any(site.partner is not None for site in study.sites)
        shares = [share for share in EXTREMES if share in self._extremes]
        return Explanation(
            study_id=study.id,
            npv_usd=result.npv_usd,
            questions=questions,
            marginal=self._marginal,
            why_not=tuple(
                self._forced[q.id] for q in questions if q.id in self._forced
            ),
            break_evens=tuple(search.answer(study) for search in searches),
            contracts=(
                plan_as_extreme(study, result),
                *(self._extremes[share] for share in shares),
            )
            if has_partner
            else (),
            evaluations=tuple(self._evaluations),
            left_out=tuple(self._left_out(searches)),
            failures={
                " ".join((task.kind, task.subject)).strip(): reason
                for task, reason in self._failures.items()
            },
            seconds_s=dict(self._seconds),
        )

    def _left_out(self, searches: list[Search]) -> Iterator[str]:
        failed = self._failures
        if self._marginal is None and Task("marginal") not in failed:
            yield "marginal value of a MW"
        for question in self.context.questions:
            answer = self._forced.get(question.id)
            is_failed = Task("force", question.id) in failed
            if answer is None and not is_failed:
                yield f"NPV lost by forcing: {question.title}"
            elif answer and not self._is_kept("force", answer, is_budgeted=False):
                yield f"NPV lost by forcing, to 1 %: {question.title}"
        for task in self._contracts():
            if task not in failed:
                yield f"plan with {float(task.subject):.0%} of partner rates avoidable"
        for search in searches:
            status = search.answer(self.context.study).status
            what = {"open": "break-even", "relaxation only": "two plans either side of"}
            if status in what:
                yield f"{what[status]} {search.driver}: {search.question.title}"
