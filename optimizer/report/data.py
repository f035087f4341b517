# SPDX-License-Identifier: Apache-2.0
"""What the report is made from: a study, its plans and whatever else a run has.

What does not belong here: reading run folders (`optimizer.report.load`) and showing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.study import Study
    from optimizer.drivers_result import Drivers
    from optimizer.explain.explanation import Explanation
    from optimizer.passport import CheckResult, Kpi, SolverFacts
    from optimizer.planning import PlanResult
    from optimizer.report.scores import Scores
    from optimizer.surfaces import SiteSurface
    from sites import InputNumber, SuspiciousInput

__all__ = ["AnyReportData", "ReportData", "RunInfo", "ScreenedData"]

Record = dict[str, Any]
"""One row of a table from another command, keys with units."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What is known of the run itself.

    Parameters
    ----------
    run_id, created_utc : str
        Identity and time; empty outside a run folder.
    commands : sequence of str
        Command lines that made the run.
    versions : mapping of str to str
        Versions of the packages used.
    seed : int or None
        Seed of the scenarios.
    timings_s : mapping of str to float
        Wall time by stage. [s]
    checks : sequence of CheckResult
        Checks of the run beyond those of its plans.
    solver : SolverFacts or None
        How the optimisation ended.
    kpis : mapping of str to Kpi
        Key figures as the run states them; keys carry units.
    left_out : sequence of str
        What was not computed and which command finishes it.
    inputs_sha256 : str
        One hash over all input files.
    backend, device : str
        Where scenarios were computed.
    """

    run_id: str = ""
    created_utc: str = ""
    commands: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    timings_s: Mapping[str, float] = field(default_factory=dict)
    checks: Sequence[CheckResult] = ()
    solver: SolverFacts | None = None
    kpis: Mapping[str, Kpi] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    inputs_sha256: str = ""
    backend: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything the report may show; parts that are missing are left out and named.

    Parameters
    ----------
    study : Study
        Study of the run.
    plan, baseline : PlanResult
        The plan, and business as usual, on the base path.
    others : mapping of str to PlanResult
        Plans compared with: the naive ones by line, ``run-off``...
    provenance : tuple of InputNumber
        Where every number comes from.
    warnings : tuple of SuspiciousInput
        Odd inputs.
    scores : Scores or None
        The plan over sampled scenarios.
    stress : sequence of dict
        One record per story, the base path first; fields of
        `optimizer.stress.StoryResult`.
    screen : sequence of dict
        One record per candidate project, ranked.
    explain : Explanation or None
        Cost of forcing, break-evens and marginal values.
    cash : mapping of str to dict
        Answers to the questions of cash, by kind; see `optimizer.cash`.
    policies : mapping
        What it says of treasury policies compared, see `optimizer.policy_runs`.
    contest : mapping
        Plans and projects held against each other, see `optimizer.contest`.
    drivers : Drivers or None
        What drives the plan.
    surfaces : tuple of SiteSurface
        Margins of each line over four prices, by site.
    run : RunInfo
        The run itself.
    """

    study: Study
    plan: PlanResult
    baseline: PlanResult
    others: Mapping[str, PlanResult] = field(default_factory=dict)
    provenance: tuple[InputNumber, ...] = ()
    warnings: tuple[SuspiciousInput, ...] = ()
    scores: Scores | None = None
    stress: Sequence[Record] = ()
    screen: Sequence[Record] = ()
    explain: Explanation | None = None
    cash: Mapping[str, Record] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    contest: Mapping[str, Any] = field(default_factory=dict)
    drivers: Drivers | None = None
    surfaces: tuple[SiteSurface, ...] = ()
    run: RunInfo = field(default_factory=RunInfo)

    @property
    def score(self) -> Mapping[str, Any]:
        """Return what the summary says of the scores; empty without any."""
        return {} if self.scores is None else self.scores.record

    @property
    def compared(self) -> dict[str, PlanResult]:
        """Return the plan, business as usual and all others, by label for people."""
        named = {"Plan": self.plan, "Business as usual": self.baseline}
        ordered = sorted(self.others, key=_place)
        return named | {plan_name(key): self.others[key] for key in ordered}


@dataclass(frozen=True, slots=True)
class ScreenedData:
    """What the report of a screening without a plan is made from.

    Parameters
    ----------
    study : Study
        Study screened.
    provenance : tuple of InputNumber
        Where every number comes from.
    warnings : tuple of SuspiciousInput
        Odd inputs.
    screen : sequence of dict
        One record per candidate project, ranked.
    contest : mapping
        Projects held against each other, see `optimizer.contest`.
    run : RunInfo
        The run itself.
    """

    study: Study
    provenance: tuple[InputNumber, ...] = ()
    warnings: tuple[SuspiciousInput, ...] = ()
    screen: Sequence[Record] = ()
    contest: Mapping[str, Any] = field(default_factory=dict)
    run: RunInfo = field(default_factory=RunInfo)


AnyReportData: TypeAlias = ReportData | ScreenedData
"""A run with a plan, or a screening alone."""

_NAMES = {
    "run_off": "Run-off",
    "self_mining": "All mining",
    "hosting": "All hosting",
    "gpu_leasing": "All GPU",
}


def _bare(key: str) -> str:
    return key.removeprefix("all ").removeprefix("all_")


def _place(key: str) -> tuple[int, str]:
    known = list(_NAMES)
    bare = _bare(key)
    return (known.index(bare) if bare in known else len(known), key)


def plan_name(key: str) -> str:
    """Return the name of a compared plan for people, from its key or label."""
    if _bare(key) in _NAMES:
        return _NAMES[_bare(key)]
    name = key.replace("_", " ")
    return name[:1].upper() + name[1:]
