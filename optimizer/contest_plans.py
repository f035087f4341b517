# SPDX-License-Identifier: Apache-2.0
"""Which plans compete: those of run folders of one study, each under a name.

What does not belong here: scoring them (`optimizer.contest`) and making them
(`optimizer.planning`, `optimizer.policies`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.errors import ConfigError, Fault
from models.study import Study
from optimizer.policy_runs import POLICIES_KEY
from optimizer.runreader import STUDY_FILE
from optimizer.scoring import SUMMARY_FILE, baseline_of
from sites.loader import load_study

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.plan import Plan
    from optimizer.runreader import Run

__all__ = ["Contestant", "contestants"]

_OWN: Final = "plan"
_NOT_OF_FUTURES: Final = frozenset(
    {"schema_version", "id", "title", "description", "solver"}
)
"""Fields of a study that change no flow."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A plan that competes.

    Parameters
    ----------
    name : str
        Name for people, one for each plan.
    kind : str
        ``plan`` of the first run, ``run`` of another, ``usual``, ``naive`` or
        ``policy``.
    plan : Plan
        Decisions.
    also : tuple of str
        Names of plans left out because they decide the same.
    """

    name: str
    kind: str
    plan: Plan
    also: tuple[str, ...] = ()


def contestants(
    runs: Sequence[Run], study: Study, *, has_naive: bool
) -> tuple[Contestant, ...]:
    """Return the plans of some runs, the first run's own first.

    Parameters
    ----------
    runs : sequence of Run
        Run folders with a plan, at least one.
    study : Study
        Study of the first.
    has_naive : bool
        Whether business as usual, run-off, naive plans and treasury policies of the
        first run compete too.

    Returns
    -------
    tuple of Contestant
        Plans that decide the same count once.

    Raises
    ------
    ConfigError
        If a run is of another study; says in which fields.
    DataError
        If a plan is missing or damaged.
    """
    _check_same_study(runs, study)
    found = [Contestant(_OWN, "plan", runs[0].plan())]
    found += [Contestant(_run_name(run), "run", run.plan()) for run in runs[1:]]
    if has_naive:
        found += _naive(runs[0], study)
    return _distinct(found)


def _naive(run: Run, study: Study) -> list[Contestant]:
    """Return what planning has made beside the plan."""
    found = [Contestant("business as usual", "usual", baseline_of(run, study))]
    for path in sorted((run.folder / "others").glob("*.json")):
        name = path.stem.replace("_", " ")
        found.append(Contestant(name, "naive", run.plan(f"others/{path.name}")))
    names = _policy_names(run)
    for path in sorted((run.folder / "policies").glob("*.json")):
        name = f'policy "{names.get(path.stem, path.stem)}"'
        found.append(Contestant(name, "policy", run.plan(f"policies/{path.name}")))
    return found


def _policy_names(run: Run) -> dict[str, str]:
    if not (run.folder / SUMMARY_FILE).is_file():
        return {}
    summary = run.json(SUMMARY_FILE)
    part = summary.get(POLICIES_KEY) if isinstance(summary, dict) else None
    rows = part.get("plans") if isinstance(part, dict) else None
    return {
        str(row["id"]): str(row["name"])
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    }


def _run_name(run: Run) -> str:
    return f"run {run.folder.name or run.passport.run_id}"


def _distinct(found: Sequence[Contestant]) -> tuple[Contestant, ...]:
    """Return plans that decide differently, under names that differ."""
    kept: list[Contestant] = []
    for one in found:
        same = [k for k, other in enumerate(kept) if _is_same(one.plan, other.plan)]
        if same:
            first = kept[same[0]]
            also = (*first.also, one.name)
            kept[same[0]] = Contestant(first.name, first.kind, first.plan, also)
            continue
        names = {other.name for other in kept}
        name, number = one.name, 2
        while name in names:
            name, number = f"{one.name} ({number})", number + 1
        kept.append(Contestant(name, one.kind, one.plan))
    return tuple(kept)


def _is_same(one: Plan, other: Plan) -> bool:
    """Return whether two plans decide the same, whatever they are called."""
    return one == other.model_copy(update={"label": one.label})


def _check_same_study(runs: Sequence[Run], study: Study) -> None:
    faults = []
    for run in runs[1:]:
        place = run.file(STUDY_FILE)
        fields = _differing(study, load_study(place))
        if fields:
            faults.append(_fault(run.folder, runs[0].folder, fields))
    if faults:
        raise ConfigError(faults)


def _differing(study: Study, other: Study) -> list[str]:
    return [
        name
        for name in Study.model_fields
        if name not in _NOT_OF_FUTURES and getattr(study, name) != getattr(other, name)
    ]


def _fault(folder: Path, first: Path, fields: Sequence[str]) -> Fault:
    return Fault(
        str(folder),
        "",
        ", ".join(fields),
        f"must be as in {first}: plans compete in the same futures of one study only.",
        f"`wattplan runs compare {first} {folder}` names what differs.",
    )
