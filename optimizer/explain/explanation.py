# SPDX-License-Identifier: Apache-2.0
"""The explanation of a plan: every answer, and what was left out.

It is the file `explain.json` of a run folder. How answers come about stands in the
neighbouring modules.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from optimizer.explain.breakeven import BreakEven
from optimizer.explain.contract_extremes import ContractExtreme
from optimizer.explain.evaluation import Evaluation
from optimizer.explain.forcing import ForcedAnswer
from optimizer.explain.marginal import MarginalValues
from optimizer.explain.questions import Question

__all__ = ["FORMAT", "Explanation"]

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a plan is what it is.

    Parameters
    ----------
    study_id : str
        Study.
    npv_usd : float
        NPV of the plan explained. [USD]
    questions : tuple of Question
        What the plan leaves undone.
    marginal : MarginalValues or None
        What one more MW is worth by site and month.
    why_not : tuple of ForcedAnswer
        What forcing each thing would cost.
    break_evens : tuple of BreakEven
        Prices at which each would be chosen.
    contracts : tuple of ContractExtreme
        The plan under the extremes of the partner contract, itself first.
    evaluations : tuple of Evaluation
        Solves behind the break-evens.
    left_out : tuple of str
        What was not computed for want of time.
    failures : dict of str to str
        What could not be computed, and why.
    seconds_s : dict of str to float
        Solver and building time spent by kind of task, all processes together. [s]
    """

    study_id: str
    npv_usd: float
    questions: tuple[Question, ...] = ()
    marginal: MarginalValues | None = None
    why_not: tuple[ForcedAnswer, ...] = ()
    break_evens: tuple[BreakEven, ...] = ()
    contracts: tuple[ContractExtreme, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    left_out: tuple[str, ...] = ()
    failures: dict[str, str] = field(default_factory=dict)
    seconds_s: dict[str, float] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.left_out

    def to_dict(self) -> dict[str, Any]:
        """Return plain values as `explain.json` holds them; keys carry units."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Explanation:
        """Return an explanation read back from JSON.

        Parameters
        ----------
        entry : dict
            As `to_dict` gives it, keys of later versions passed over.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is no explanation.
        """
        marginal = entry["marginal"]
        return cls(
            study_id=entry["study_id"],
            npv_usd=entry["npv_usd"],
            questions=tuple(Question.from_dict(e) for e in entry["questions"]),
            marginal=None if marginal is None else MarginalValues.from_dict(marginal),
            why_not=tuple(ForcedAnswer.from_dict(e) for e in entry["why_not"]),
            break_evens=tuple(BreakEven(**e) for e in entry["break_evens"]),
            contracts=tuple(ContractExtreme.from_dict(e) for e in entry["contracts"]),
            evaluations=tuple(Evaluation.from_dict(e) for e in entry["evaluations"]),
            left_out=tuple(entry["left_out"]),
            failures=dict(entry["failures"]),
            seconds_s=dict(entry["seconds_s"]),
        )
