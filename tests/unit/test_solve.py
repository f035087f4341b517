# SPDX-License-Identifier: Apache-2.0
"""Solving: limits, starts, interruption and what becomes of a solver's odd endings."""

from __future__ import annotations

import highspy
import numpy as np
import pytest
from tiny_studies import alpha, beta, gamma, tiny_study

from models.errors import SolverError
from optimizer.milp.compile import compile_model, load
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import InfeasibleModelError, fixed_lp, relaxation, solve


@pytest.fixture(scope="module")
def compiled():
    study = tiny_study(sites=(alpha(), beta(), gamma()))
    return compile_model(build_model(study, ModelOptions()).pyomo)


def solve_with_two_threads() -> float:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 2)
    x = solver.addIntegral(lb=0, ub=10, obj=1.0)
    solver.addConstr(2 * x <= 5)
    solver.maximize()
    return solver.getInfo().objective_function_value


def test_a_solve_after_one_on_other_threads_still_finds_the_plan(compiled) -> None:
    before = solve(compiled, gap_frac=1e-4, time_limit_s=30.0)
    highspy.Highs.resetGlobalScheduler(True)
    assert solve_with_two_threads() == 2.0
    after = solve(compiled, gap_frac=1e-4, time_limit_s=30.0)
    assert after.objective_usd_m == before.objective_usd_m


def test_relaxation_bounds_the_plan_and_no_time_is_no_plan(compiled) -> None:
    found = solve(compiled, gap_frac=1e-4, time_limit_s=30.0)
    root = relaxation(compiled).objective_usd_m
    assert found.objective_usd_m <= found.bound_usd_m <= root + 1e-6
    assert found.gap_frac <= 1e-4
    assert compiled.value_of(found.values) == pytest.approx(found.objective_usd_m)
    with pytest.raises(SolverError, match="without a plan"):
        solve(compiled, gap_frac=1e-4, time_limit_s=1e-6)


def test_an_interrupted_solve_keeps_its_best_plan(compiled) -> None:
    seen = []
    found = solve(
        compiled,
        gap_frac=0.0,
        time_limit_s=30.0,
        progress=seen.append,
        should_stop=lambda: any(np.isfinite(p.objective_usd_m) for p in seen),
    )
    assert found.status in {"interrupted", "optimal"}
    assert compiled.worst_violation(found.values) <= 1e-5


def test_a_start_is_never_made_worse(compiled) -> None:
    first = solve(compiled, gap_frac=1e-2, time_limit_s=30.0)
    again = solve(compiled, gap_frac=1.0, time_limit_s=30.0, start=first.values)
    assert again.objective_usd_m >= first.objective_usd_m - 1e-6


def test_columns_held_where_rules_forbid_have_no_solution(compiled) -> None:
    # Cash of 1e6 M USD in the first month cannot be.
    names = [c.parent_component().local_name for c in compiled.columns]
    is_cash = np.array([name == "cash_usd_m" for name in names])
    with pytest.raises(InfeasibleModelError):
        fixed_lp(compiled, np.where(is_cash, 1e6, 0.0), is_cash)


def test_duals_are_the_gain_of_one_more_usd_of_opening_cash(compiled) -> None:
    found = solve(compiled, gap_frac=1e-4, time_limit_s=30.0)
    held, duals = fixed_lp(compiled, found.values, compiled.is_integer)
    rows = [(r.parent_component().local_name, r.index()) for r in compiled.rows]
    first = rows.index(("cash_balance", 0))
    more = compiled.row_lower.copy()
    more[first] += 1e-3
    richer = compiled.__class__(
        **{
            name: getattr(compiled, name)
            for name in compiled.__slots__
            if name not in {"row_lower", "row_upper"}
        },
        row_lower=more,
        row_upper=np.where(
            np.arange(len(more)) == first, more[first], compiled.row_upper
        ),
    )
    gain, _ = fixed_lp(richer, found.values, compiled.is_integer)
    # Between 0 (cash lies idle: NPV counts it only when it moves) and what it saves.
    assert gain.objective_usd_m - held.objective_usd_m == pytest.approx(
        duals[first] * 1e-3, abs=1e-9
    )


def test_a_loaded_program_is_silent_and_on_one_thread(compiled, capfd) -> None:
    solver = load(compiled, relax=True)
    assert solver.getOptionValue("threads")[1] == 1
    solver.run()
    assert capfd.readouterr().out == ""
