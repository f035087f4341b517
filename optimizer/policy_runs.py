# SPDX-License-Identifier: Apache-2.0
"""Treasury policies of a run folder: plans written and read back, scores added.

What does not belong here: planning and scoring them (`optimizer.policies`).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from optimizer.policies import MAX_SCENARIOS, PolicyScore, score_policies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.plan import Plan
    from models.study import Study
    from optimizer.policies import PolicyPlan
    from optimizer.runfolder import RunWriter
    from optimizer.runreader import Run

__all__ = [
    "POLICIES_KEY",
    "POLICY_FILE",
    "plans_summary",
    "policies_summary",
    "read_scores",
    "score_run_policies",
    "unfinanced",
    "unproven",
    "write_policy_plans",
    "write_policy_scores",
]

POLICIES_KEY: Final = "policies"
"""Key of the summary."""
POLICY_FILE: Final = "policies.csv"
_PROVEN_FRAC: Final = 0.01
"""A plan within this gap counts as the best."""
_OWN: Final = (
    ("optimised", "Optimised"),
    ("business_as_usual", "Business as usual"),
)


def write_policy_plans(writer: RunWriter, policies: Sequence[PolicyPlan]) -> None:
    """Stage the plan of each policy that has one."""
    for policy in policies:
        if policy.result is not None:
            writer.write_plan(policy.result.plan, f"policies/{policy.id}.json")


def policies_summary(policies: Sequence[PolicyPlan]) -> dict[str, Any]:
    """Return what a run's summary says of policies; nothing without any. [mixed]."""
    return {POLICIES_KEY: plans_summary(policies)} if policies else {}


def plans_summary(policies: Sequence[PolicyPlan]) -> dict[str, Any]:
    """Return what `summary.json` says of the plans, under `POLICIES_KEY`. [mixed]."""
    rows = []
    for policy in policies:
        found = policy.result
        row: dict[str, Any] = {
            "id": policy.id,
            "name": policy.name,
            "short_usd": policy.short_usd,
            "short_month": policy.short_month,
            "reason": policy.reason,
            "has_plan": found is not None,
        }
        if found is not None:
            row |= {
                "npv_usd": found.npv_usd,
                "status": found.status,
                "gap_frac": found.gap_frac,
                "is_verified": found.is_verified,
            }
        rows.append(row)
    return {"plans": rows}


def score_run_policies(
    run: Run,
    study: Study,
    summary: Mapping[str, Any],
    *,
    baseline: Plan,
    n_scenarios: int,
    seed: int,
) -> tuple[PolicyScore, ...]:
    """Return the scores of a run's policies beside its plan and business as usual.

    Parameters
    ----------
    run : Run
        Run folder.
    study : Study
        Its study.
    summary : mapping
        Its summary.
    baseline : Plan
        Business as usual.
    n_scenarios, seed : int
        Scenarios 0 to n - 1 of that seed, `MAX_SCENARIOS` at most. [unitless]

    Returns
    -------
    tuple of PolicyScore
        The plan first, business as usual last; empty where the run compares none.
    """
    rows = _rows(summary, "plans")
    plans = {
        (str(row["id"]), str(row["name"])): run.plan(f"policies/{row['id']}.json")
        for row in rows
        if row.get("has_plan")
    }
    if not plans:
        return ()
    first, last = _OWN
    every = {first: run.plan(), **plans, last: baseline}
    n_scenarios = min(n_scenarios, MAX_SCENARIOS)
    return score_policies(study, every, n_scenarios=n_scenarios, seed=seed)


def write_policy_scores(
    writer: RunWriter,
    scores: Sequence[PolicyScore],
    said: Sequence[str],
    summary: dict[str, Any],
    *,
    n_scenarios: int,
    seed: int,
) -> None:
    """Stage `POLICY_FILE` and add the scores to the summary, which is not written."""
    if not scores:
        return
    rows = [asdict(score) for score in scores]
    writer.write_csv(POLICY_FILE, {key: [row[key] for row in rows] for key in rows[0]})
    summary[POLICIES_KEY] = {
        **summary.get(POLICIES_KEY, {}),
        "scores": rows,
        "advice": list(said),
        "n_scenarios": min(n_scenarios, MAX_SCENARIOS),
        "seed": seed,
    }


def read_scores(policies: Mapping[str, Any]) -> tuple[PolicyScore, ...]:
    """Return the scores that a summary holds; empty without any.

    Parameters
    ----------
    policies : mapping
        What stands under `POLICIES_KEY`. [mixed]
    """
    return tuple(PolicyScore(**row) for row in policies.get("scores") or ())


def unfinanced(plans: Mapping[str, Any]) -> tuple[str, ...]:
    """Return in sentences which policies cannot be financed, and by how much.

    Parameters
    ----------
    plans : mapping
        See `plans_summary`. [mixed]
    """
    words = []
    for row in plans.get("plans") or ():
        if row["short_usd"] > 0.0:
            words.append(
                f"{row['name']} cannot be financed: short "
                f"{row['short_usd'] / 1e6:,.1f} USD m beyond the limit of emergency "
                f"equity, from {row['short_month']} on."
            )
        elif row["reason"]:
            words.append(f"{row['name']} has no plan: {row['reason']}")
    return tuple(words)


def unproven(plans: Mapping[str, Any]) -> tuple[str, ...]:
    """Return in sentences which plans were not proven best, and how far they may be.

    Parameters
    ----------
    plans : mapping
        See `plans_summary`. [mixed]
    """
    words = []
    for row in plans.get("plans") or ():
        if row["has_plan"] and row["gap_frac"] > _PROVEN_FRAC:
            words.append(
                f"{row['name']}: the search ended at its time limit; the best plan is "
                f"worth at most {row['gap_frac']:.0%} more than the one shown."
            )
    return tuple(words)


def _rows(summary: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    part = summary.get(POLICIES_KEY)
    rows = part.get(key) if isinstance(part, dict) else None
    return [row for row in rows if isinstance(row, dict)] if rows else []
