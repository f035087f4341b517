# SPDX-License-Identifier: Apache-2.0
"""Break-evens: the price at which something would be chosen, as an interval.

A search on a grid of multipliers: bisection on linear relaxations, which are quick and
choose too early, then whole plans either side. One evaluation of a driver at a step
answers every question about that driver. What is asked stands in `questions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from optimizer.explain.drivers import (
    MOST,
    N_STEPS,
    base_values,
    driver_title,
    multiplier_of,
    price_text,
)
from optimizer.explain.evaluation import CONFIRMED_GAP_FRAC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.study import Study
    from optimizer.explain.evaluation import Evaluation
    from optimizer.explain.questions import Question

__all__ = [
    "BreakEven",
    "Search",
]

_WIDTH_STEPS: Final = 2
"""Interval at which the search with whole plans ends. [steps]"""
_LOOKS: Final = (N_STEPS // 4, N_STEPS // 2, 3 * N_STEPS // 4, N_STEPS)
"""Where relaxations are looked at before bisecting: most answers lie low, and the
farther from the study as it is, the longer a solve takes."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The interval of a price in which something begins to be chosen.

    Parameters
    ----------
    question, driver : str
        What, and the price that is changed.
    status : str
        ``interval``: confirmed by whole plans either side; ``none``: not chosen
        anywhere from 1 to the limit; ``unproven``: a plan either side ended above the
        gap asked for; ``relaxation only``: not yet confirmed; ``open``: not yet found.
    not_chosen_multiplier, chosen_multiplier : float or None
        Ends of the interval. [ratio]
    relaxed_multiplier : float or None
        Where the linear relaxation begins to choose it. [ratio]
    base_values : dict of str to float
        What a multiplier of 1 stands for, names with units. [mixed]
    text : str
        One sentence for people.
    """

    question: str
    driver: str
    status: str
    text: str
    not_chosen_multiplier: float | None = None
    chosen_multiplier: float | None = None
    relaxed_multiplier: float | None = None
    base_values: dict[str, float] = field(default_factory=dict)


class Search:
    """Where the search for one break-even stands, given what has been evaluated.

    Parameters
    ----------
    question : Question
        What is to be chosen.
    driver : str
        Price that is changed.
    evaluations : iterable of Evaluation
        All that is known; those of other drivers are passed over.

    Notes
    -----
    The relaxation is evaluated at every fourth of the way to the limit until it chooses
    (choices need not be monotone), then bisected to one step. Whole
    plans start at that step and step away from it, doubling, until one chooses and one
    does not; between them they are bisected to two steps. At step 0 the plan itself
    does not choose, by the question's own making.
    """

    def __init__(
        self, question: Question, driver: str, evaluations: Iterable[Evaluation]
    ) -> None:
        self.question, self.driver = question, driver
        self._relaxed: dict[int, bool] = {}
        self._whole: dict[int, bool] = {0: False}
        self._gaps: dict[int, float] = {}
        self._lost: set[int] = set()
        for entry in evaluations:
            # Step 0 is the study as it is, whatever the driver.
            if entry.driver != driver and entry.step > 0:
                continue
            if not entry.is_relaxed and question.id not in entry.used:
                continue
            if entry.is_relaxed:
                self._relaxed[entry.step] = entry.chooses(question)
            elif not entry.is_known:
                self._lost.add(entry.step)
            elif entry.step > 0:
                self._whole[entry.step] = entry.chooses(question)
                is_proven = question.id in entry.proven
                self._gaps[entry.step] = 0.0 if is_proven else entry.gap_frac or 0.0

    def next_relaxed(self) -> int | None:
        """Return the step at which the relaxation must be known next; None if done."""
        if 0 not in self._relaxed:
            return 0
        if self._relaxed[0]:
            return None
        for step in _LOOKS:
            if any(is_chosen and s <= step for s, is_chosen in self._relaxed.items()):
                break
            if step not in self._relaxed:
                return step
        low, high = self._relaxed_ends()
        if high is None or high - low <= 1:
            return None
        return (low + high) // 2

    def _relaxed_ends(self) -> tuple[int, int | None]:
        """Return the last step that does not choose before the first that does."""
        chosen = [step for step, is_chosen in self._relaxed.items() if is_chosen]
        if not chosen:
            return max(self._relaxed, default=0), None
        high = min(chosen)
        return max((s for s in self._relaxed if s < high), default=0), high

    def next_whole(self) -> int | None:
        """Return the step at which a whole plan must be known next; None if done."""
        if self.next_relaxed() is not None:
            return None
        step = self._wanted_whole()
        return None if step in self._lost else step

    def _wanted_whole(self) -> int | None:
        relaxed = self._relaxed_ends()[1]
        start = N_STEPS if relaxed is None else max(relaxed, 1)
        low, high = self._whole_ends()
        if start not in self._whole:
            return start
        if high is None:
            away = max(_WIDTH_STEPS, low - start)
            return None if low >= N_STEPS else min(low + away, N_STEPS)
        if high - low <= _WIDTH_STEPS:
            return None
        below = high - max(_WIDTH_STEPS, start - high)
        return below if low == 0 and below > 0 else (low + high) // 2

    def _whole_ends(self) -> tuple[int, int | None]:
        """Return the last step that does not choose before the first that does."""
        chosen = [step for step, is_chosen in self._whole.items() if is_chosen]
        if not chosen:
            return max(self._whole), None
        high = min(chosen)
        return max(s for s in self._whole if s < high), high

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to be evaluated."""
        return self.next_relaxed() is None and self.next_whole() is None

    def answer(self, study: Study) -> BreakEven:
        """Return what is known by now."""
        low, high = self._whole_ends()
        relaxed = self._relaxed_ends()[1]
        status = self._status(low, high)
        return BreakEven(
            question=self.question.id,
            driver=self.driver,
            status=status,
            text=self._sentence(study, status, low, high, relaxed),
            not_chosen_multiplier=multiplier_of(self.driver, low),
            chosen_multiplier=None
            if high is None
            else multiplier_of(self.driver, high),
            relaxed_multiplier=None
            if relaxed is None
            else multiplier_of(self.driver, relaxed),
            base_values=base_values(study, self.driver),
        )

    def _status(self, low: int, high: int | None) -> str:
        if self.next_relaxed() is not None:
            return "open"
        if self.next_whole() is not None:
            return "relaxation only"
        ends = [step for step in (low, high) if step is not None]
        worst = max(self._gaps.get(step, 0.0) for step in ends)
        if worst > CONFIRMED_GAP_FRAC * 1.001 or self._wanted_whole() is not None:
            return "unproven"
        return "none" if high is None else "interval"

    def _sentence(
        self, study: Study, status: str, low: int, high: int | None, relaxed: int | None
    ) -> str:
        title = driver_title(study, self.driver)
        prices = base_values(study, self.driver)
        limit = multiplier_of(self.driver, N_STEPS)
        if status == "open":
            return f"{title}: not searched to the end."
        if status == "none":
            return f"{title}: not within {1 / MOST:g}x to {MOST:g}x of the base path."
        if high is not None:
            proof = "" if status == "interval" else f" ({status})"
            start, end = self._at(low, prices), self._at(high, prices)
            return f"{title}: chosen from between {start} and {end}{proof}."
        if relaxed is None:
            return f"{title}: not chosen up to {limit:g} times, relaxed ({status})."
        begins = self._at(relaxed, prices)
        return f"{title}: the linear relaxation begins at {begins} ({status})."

    def _at(self, step: int, prices: dict[str, float]) -> str:
        """Return a multiplier, with the price where there is one."""
        multiplier = multiplier_of(self.driver, step)
        text = f"{multiplier:.3g} times"
        if prices:
            name, price = next(iter(prices.items()))
            money = price_text(name, price * multiplier)
            # Of several prices one is named as an example.
            what = name[: name.rindex("usd")].strip("_").replace("_", " ")
            text += f" ({money})" if len(prices) == 1 else f" ({what} {money})"
        return text
