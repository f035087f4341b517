# SPDX-License-Identifier: Apache-2.0
"""A scored run, and what `summary.json` and ``--json`` say of it.

What does not belong here: how it comes about (`optimizer.scoring`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from optimizer.risk_tables import terms_note

if TYPE_CHECKING:
    from gpu.scoring.score import ScoreResult
    from optimizer.opening_range import OpeningRange
    from optimizer.policies import PolicyScore

__all__ = ["ScoredRun", "score_summary"]


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """Scores of a run's plan, and what they rest on.

    Parameters
    ----------
    result : ScoreResult
        Scores.
    months : tuple of str
        Calendar months of the study.
    opening : OpeningRange or None
        Risks over the range of the opening state, where it has one.
    assumed_terms : tuple of str
        Terms of the loan on pledged BTC that are assumptions; empty where the plan
        has no such loan.
    policies : tuple of PolicyScore
        The plan, plans under other treasury policies, and business as usual; empty
        where the run compares none.
    policy_advice : tuple of str
        What their figures say to do, in sentences.
    irr_notes : tuple of str
        Where rates of return mislead, see `optimizer.irr_words`.
    site_names : dict of str to str
        Name of each site of the study, by its id.
    """

    result: ScoreResult
    months: tuple[str, ...]
    opening: OpeningRange | None = None
    assumed_terms: tuple[str, ...] = ()
    policies: tuple[PolicyScore, ...] = ()
    policy_advice: tuple[str, ...] = ()
    irr_notes: tuple[str, ...] = ()
    site_names: dict[str, str] = field(default_factory=dict)


def score_summary(scored: ScoredRun) -> dict[str, object]:
    """Return a score without its rows, as `summary.json` and ``--json`` show it."""
    result = scored.result
    shown: dict[str, object] = {
        "plan_label": result.plan_label,
        "baseline_label": result.baseline_label,
        "seed": result.seed,
        "n_scenarios": result.n_scenarios,
        "effective_scenarios": result.effective_scenarios,
        "rule": None if result.rule is None else result.rule.as_json(),
        "backend": result.backend,
        "backend_reason": result.backend_reason,
        "prepared_s": result.prepared_s,
        "elapsed_s": result.elapsed_s,
        "scenarios_per_s": result.scenarios_per_s,
        "base": result.base,
        "probabilities": result.probabilities,
        "probability_ranges": result.probability_ranges,
        "irr_status_frac": result.irr_status_frac,
        "irr_notes": list(scored.irr_notes),
        "columns": {name: asdict(column) for name, column in result.summary.items()},
    }
    if result.reached is not None:
        shown["until"] = asdict(result.reached)
    if result.monthly:
        shown["months"] = list(scored.months)
        shown["monthly"] = {who: asdict(risk) for who, risk in result.monthly.items()}
        shown["loan_terms"] = {
            "are_assumptions": bool(scored.assumed_terms),
            "assumed": list(scored.assumed_terms),
            "note": terms_note(scored.assumed_terms),
        }
    if scored.opening is not None:
        shown["opening_range"] = asdict(scored.opening)
    if result.grid is not None:
        shown["grid"] = {
            "n_points": result.grid.grid.n_points,
            "axes": [asdict(axis) for axis in result.grid.grid.axes],
        }
    return shown
