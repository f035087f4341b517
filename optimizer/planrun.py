# SPDX-License-Identifier: Apache-2.0
"""A planning run into a run folder: the plan, and the plans it is compared with.

Scores, stress, explanation and report are added to the finished folder by the functions
behind their own commands. What does not belong here: options of the command line.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from optimizer.kpis import key_figures
from optimizer.passport import CheckResult, SolverFacts
from optimizer.planning import baseline, comparison_plans, plan
from optimizer.policies import PolicyPlan, plan_policies
from optimizer.policy_runs import policies_summary, write_policy_plans
from optimizer.runfolder import RunFacts, RunWriter, check_target
from optimizer.runtables import (
    allocation_table,
    ledger_table,
    schedule_table,
    treasury_table,
)
from optimizer.statementtables import (
    base_statements,
    statement_checks,
    statement_tables,
)
from optimizer.workbook import stage_workbook
from sites import load_bundle, resolved_toml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from models.study import Study
    from optimizer.milp.solve import Progress
    from optimizer.milp.verify import Check
    from optimizer.passport import Kpi
    from optimizer.planning import PlanResult
    from sites import StudyBundle

__all__ = ["PlanRun", "run_plan"]


@dataclass(frozen=True, slots=True)
class PlanRun:
    """What a planning run found and where it stands.

    Parameters
    ----------
    folder : Path
        Run folder.
    run_id : str
        Its id.
    bundle : StudyBundle
        Study with the origin of its numbers.
    result, baseline : PlanResult
        Plan and business as usual.
    others : dict of str to PlanResult
        Run-off and naive plans by label.
    kpis : dict of str to number or str
        Key figures, keys with units.
    policies : tuple of PolicyPlan
        Plans under the treasury policies that the company compares.
    """

    folder: Path
    run_id: str
    bundle: StudyBundle
    result: PlanResult
    baseline: PlanResult
    others: dict[str, PlanResult]
    kpis: dict[str, Kpi]
    policies: tuple[PolicyPlan, ...] = ()


def run_plan(
    study_path: str,
    *,
    out: Path | None = None,
    force: bool = False,
    gap_frac: float | None = None,
    time_limit_s: float | None = None,
    with_comparisons: bool = True,
    command: str = "optimizer.planrun.run_plan",
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> PlanRun:
    """Plan a study and write the run folder.

    Parameters
    ----------
    study_path : str
        Study file or name of a bundled study.
    out : Path or None
        Folder of the run; a new one under ``runs`` by default.
    force : bool
        Replace an earlier run there.
    gap_frac, time_limit_s : float or None
        Limits of the solve; the study's own by default. [share 0-1, s]
    with_comparisons : bool
        Whether to find the run-off, the naive plans and those under other treasury
        policies too.
    command : str
        Command line, for the passport.
    progress, say, should_stop : callable or None
        Told of the solver's state and of each stage; asked whether to stop.

    Returns
    -------
    PlanRun
        Results, as written.

    Raises
    ------
    ConfigError, InfeasibleError, SolverError, ReportError
        As drawn in `models.errors`; nothing is written then.
    """
    say = say or (lambda _: None)
    bundle = load_bundle(study_path)
    study = bundle.study
    if out is not None:
        check_target(out, force=force)
    begun = time.perf_counter()
    say("solving")
    result = plan(
        study,
        gap_frac=gap_frac,
        time_limit_s=time_limit_s,
        with_root_bound=True,
        progress=progress,
        should_stop=should_stop,
    )
    usual = baseline(study)
    is_compared = with_comparisons and result.status != "interrupted"
    others, policies = _compared(study, is_compared, say, should_stop)
    kpis = key_figures(study, result, usual, others.get("run_off"))
    facts = RunFacts(
        kind="plan",
        study_id=study.id,
        study_title=study.title,
        inputs=bundle.files,
        command=command,
    )
    with RunWriter(out, facts, force=force) as writer:
        _write(writer, bundle, result, usual, others)
        writer.status = result.status.replace(" ", "_")
        writer.solver = solver_facts(result)
        writer.timings_s = result.timings_s | {"total": time.perf_counter() - begun}
        writer.checks = [check_result(check) for check in result.checks]
        _write_statements(writer, study, {"plan": result, "baseline": usual})
        writer.kpis = kpis
        if not others:
            writer.left_out.append("comparison with run-off and naive plans")
        write_policy_plans(writer, policies)
        summary = _summary(result, usual, others, kpis) | policies_summary(policies)
        writer.write_json("summary.json", summary)
        stage_workbook(writer, bundle, result.plan, result.ledger)
    return PlanRun(
        folder=writer.folder,
        run_id=writer.run_id,
        bundle=bundle,
        result=result,
        baseline=usual,
        others=others,
        kpis=kpis,
        policies=policies,
    )


def _compared(
    study: Study,
    is_compared: bool,
    say: Callable[[str], None],
    should_stop: Callable[[], bool] | None,
) -> tuple[dict[str, PlanResult], tuple[PolicyPlan, ...]]:
    """Return run-off and naive plans, and plans under other treasury policies."""
    if not is_compared:
        return {}, ()
    return (
        comparison_plans(study, say=say, should_stop=should_stop),
        plan_policies(study, say=say, should_stop=should_stop),
    )


def solver_facts(result: PlanResult) -> SolverFacts:
    """Return how a solve ended, for the passport."""
    return SolverFacts(
        status=result.status,
        objective_usd=result.npv_usd,
        bound_usd=result.bound_usd,
        gap_frac=result.gap_frac,
        gap_usd=max(result.bound_usd - result.npv_usd, 0.0),
    )


def check_result(check: Check) -> CheckResult:
    """Return a check in the passport's words."""
    text = (
        f"{check.measured:.3g} {check.unit}, allowed {check.allowed:.3g} {check.unit}"
    )
    return CheckResult(name=check.name, is_good=check.passed, text=text)


def _write(
    writer: RunWriter,
    bundle: StudyBundle,
    result: PlanResult,
    usual: PlanResult,
    others: dict[str, PlanResult],
) -> None:
    study = bundle.study
    writer.write_text("study.toml", resolved_toml(bundle))
    writer.write_plan(result.plan)
    writer.write_plan(usual.plan, "baseline.json")
    for label, other in others.items():
        writer.write_plan(other.plan, f"others/{label}.json")
    ledgers = {"plan": result.ledger, "baseline": usual.ledger}
    writer.write_table("allocation.parquet", allocation_table(study, result.plan))
    writer.write_table("cashflow.parquet", ledger_table(study, ledgers))
    writer.write_table("treasury.parquet", treasury_table(study, ledgers))
    writer.write_table("schedule.parquet", schedule_table(study, result.plan))


def _write_statements(
    writer: RunWriter, study: Study, plans: dict[str, PlanResult]
) -> None:
    """Write the financial statements and whether those of the plan tie."""
    made = {
        label: base_statements(study, found.plan, found.ledger)
        for label, found in plans.items()
    }
    for stem, columns in statement_tables(study, made).items():
        writer.write_table(f"{stem}.parquet", columns)
        writer.write_csv(f"{stem}.csv", columns)
    writer.checks += statement_checks(made["plan"])


def _summary(
    result: PlanResult,
    usual: PlanResult,
    others: dict[str, PlanResult],
    kpis: dict[str, Kpi],
) -> dict[str, object]:
    """Return summary.json: key figures, size, comparisons and checks."""
    return {
        "kpis": kpis,
        "solver": {
            "status": result.status,
            "bound_usd": result.bound_usd,
            "gap_frac": result.gap_frac,
            "gap_usd": max(result.bound_usd - result.npv_usd, 0.0),
            "root_bound_usd": result.root_bound_usd,
            "rows": result.n_rows,
            "columns": result.n_columns,
            "integers": result.n_integers,
            "timings_s": result.timings_s,
        },
        "comparisons": {
            label: {
                "npv_usd": other.npv_usd,
                "status": other.status,
                "gap_frac": other.gap_frac,
                "emergency_equity_usd": float(other.ledger.treasury.equity_usd.sum()),
                "mined_btc": float(other.ledger.mined_btc.sum()),
            }
            for label, other in {"business_as_usual": usual, **others}.items()
        },
        "checks": [asdict(check) for check in result.checks],
    }
