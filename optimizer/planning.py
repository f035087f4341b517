# SPDX-License-Identifier: Apache-2.0
"""The planning run: build, solve, clean, verify; business as usual and naive plans.

One function per use case, called alike by command line, notebook and batch jobs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.business_as_usual import business_as_usual
from models.capacity import LINES
from models.cashflow import evaluate
from models.errors import InfeasibleError, SolverError
from models.market import base_paths
from optimizer.milp.compile import compile_model
from optimizer.milp.diagnose import diagnose
from optimizer.milp.extract import clean_values, extract_plan
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import InfeasibleModelError, relaxation, solve
from optimizer.milp.verify import Check, verify_plan, verify_solution

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.plan import Plan
    from models.study import Study
    from optimizer.milp.compile import Compiled
    from optimizer.milp.model import BuiltModel
    from optimizer.milp.solve import Progress

__all__ = ["PlanResult", "baseline", "comparison_plans", "evaluate_plan", "plan"]


@dataclass(frozen=True, slots=True)
class PlanResult:
    """A plan with its ledger on the base path and how it was found.

    Parameters
    ----------
    plan : Plan
        Decisions.
    ledger : Ledger
        Flows on the base path, shape (1, ...). [USD]
    npv_usd : float
        After-tax NPV to present holders. [USD]
    status : str
        Solver status; ``given`` for plans that were not optimised.
    bound_usd, gap_frac, root_bound_usd : float
        Proven bound, relative gap, bound of the linear relaxation. [USD, share, USD]
    n_rows, n_columns, n_integers : int
        Size of the model. [rows, columns, columns]
    timings_s : dict of str to float
        Seconds by stage. [s]
    checks : tuple of Check
        Everything counted again.
    """

    plan: Plan
    ledger: Ledger
    npv_usd: float
    status: str
    bound_usd: float = float("nan")
    gap_frac: float = float("nan")
    root_bound_usd: float = float("nan")
    n_rows: int = 0
    n_columns: int = 0
    n_integers: int = 0
    timings_s: dict[str, float] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()

    @property
    def is_verified(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def evaluate_plan(study: Study, decided: Plan) -> PlanResult:
    """Return a given plan with its ledger on the base path, checked but not solved."""
    ledger = evaluate(study, decided, base_paths(study))
    return PlanResult(
        plan=decided,
        ledger=ledger,
        npv_usd=float(ledger.npv_usd(study.company.discount_rate_per_year)[0]),
        status="given",
        checks=verify_plan(study, decided, ledger, is_optimised=False),
    )


def plan(
    study: Study,
    *,
    options: ModelOptions | None = None,
    gap_frac: float | None = None,
    time_limit_s: float | None = None,
    with_root_bound: bool = False,
    start: Callable[[BuiltModel, Compiled], FloatArray | None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    is_enough: Callable[[Progress], bool] | None = None,
) -> PlanResult:
    """Return the best plan of a study on its base path.

    Parameters
    ----------
    study : Study
        Study.
    options : ModelOptions, optional
        Lines and sites allowed or forced; the whole study by default.
    gap_frac, time_limit_s : float, optional
        Limits of the solve; the study's own by default. [share 0-1, s]
    with_root_bound : bool
        Whether to solve the linear relaxation too and report its bound.
    start : callable, optional
        Returns a solution to begin from, given the model and its arrays.
    progress : callable, optional
        Called with `optimizer.milp.solve.Progress` while the solver works.
    should_stop : callable, optional
        Polled; a true value ends the solve with the best plan so far.
    is_enough : callable, optional
        Like `should_stop`, but told the state of the search.

    Returns
    -------
    PlanResult
        Plan, ledger, bound, gap, timings and checks.

    Raises
    ------
    InfeasibleError
        If no plan meets the rules; carries what conflicts.
    SolverError
        If the solver ended without a plan.
    """
    options = options or ModelOptions()
    marks = [time.perf_counter()]
    paths = base_paths(study)
    built = build_model(study, options, paths)
    marks.append(time.perf_counter())
    compiled = compile_model(built.pyomo)
    marks.append(time.perf_counter())
    settings = study.solver
    limit_s = settings.time_limit_s if time_limit_s is None else time_limit_s
    try:
        root = relaxation(compiled).objective_usd_m if with_root_bound else float("nan")
        marks.append(time.perf_counter())
        found = solve(
            compiled,
            gap_frac=settings.mip_gap_frac if gap_frac is None else gap_frac,
            time_limit_s=limit_s,
            start=None if start is None else start(built, compiled),
            progress=progress,
            should_stop=should_stop,
            is_enough=is_enough,
        )
    except InfeasibleModelError as error:
        raise diagnose(study, built, compiled) from error
    marks.append(time.perf_counter())
    values = clean_values(compiled, found.values)
    decided = extract_plan(study, built, compiled, values, options.label)
    ledger = evaluate(study, decided, paths)
    npv = float(ledger.npv_usd(study.company.discount_rate_per_year)[0])
    is_value = options.filled_line is None
    held = options.enforce_hurdles and options.forced_site is None
    checks = (
        *verify_solution(compiled, found, values, ledger, npv if is_value else None),
        *verify_plan(study, decided, ledger, with_hurdles=held),
    )
    marks.append(time.perf_counter())
    n_rows, n_columns = compiled.matrix.shape
    return PlanResult(
        plan=decided,
        ledger=ledger,
        npv_usd=npv,
        status=found.status,
        bound_usd=found.bound_usd_m * 1e6 if is_value else float("nan"),
        gap_frac=found.gap_frac,
        root_bound_usd=root * 1e6,
        n_rows=n_rows,
        n_columns=n_columns,
        n_integers=int(compiled.is_integer.sum()),
        timings_s=_seconds_by_stage(marks),
        checks=checks,
    )


def _seconds_by_stage(marks: list[float]) -> dict[str, float]:
    names = ("build", "compile", "root", "solve", "verify")
    return {name: marks[k + 1] - marks[k] for k, name in enumerate(names)}


def comparison_plans(
    study: Study,
    *,
    gap_frac: float = 0.01,
    time_limit_s: float = 20.0,
    say: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, PlanResult]:
    """Return the plans that show what the optimised plan adds.

    ``run_off`` takes on nothing new: it may only sell or move machines, end contracts
    and give notice. ``all_<line>`` are naive: each fills as many MW-months with its
    line as power, shells and cash allow and only then looks at value, other lines take
    on nothing new and hurdles are set aside.

    Parameters
    ----------
    study : Study
        Study.
    gap_frac, time_limit_s : float
        Limits of each solve; naive plans need no proof. [share 0-1, s]
    say, should_stop : callable, optional
        Told of each stage; asked whether to stop (what is missing is left out).

    Returns
    -------
    dict of str to PlanResult
        By label; a plan that no rule allows is left out.
    """
    wanted = [ModelOptions(label="run_off", lines=(), closed_sites=_all(study))]
    wanted += [
        ModelOptions(
            label=f"all_{line}",
            lines=(line,),
            filled_line=line,
            enforce_hurdles=False,
        )
        for line in LINES
    ]
    results: dict[str, PlanResult] = {}
    for options in wanted:
        if should_stop is not None and should_stop():
            break
        if say is not None:
            say(f"comparing with {options.label.replace('_', ' ')}")
        try:
            results[options.label] = plan(
                study, options=options, gap_frac=gap_frac, time_limit_s=time_limit_s
            )
        except (InfeasibleError, SolverError):
            # A comparison that cannot exist is a finding, not a failure of the run.
            continue
    return results


def _all(study: Study) -> tuple[str, ...]:
    return tuple(site.id for site in study.sites)


def baseline(study: Study) -> PlanResult:
    """Return business as usual, evaluated on the base path."""
    return evaluate_plan(study, business_as_usual(study))
