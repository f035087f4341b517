# SPDX-License-Identifier: Apache-2.0
"""Programs for explaining: a plan's integers, uses read off solutions, warm starts.

What is asked stands in `questions`; what the answers mean in `marginal`, `forcing` and
`breakeven`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np

from models.errors import DataError
from optimizer.milp.compile import compile_model, load
from optimizer.milp.model import build_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from models.arrays import FloatArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study
    from optimizer.explain.questions import Question
    from optimizer.milp.compile import Compiled
    from optimizer.milp.model import BuiltModel
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.solve import Progress

__all__ = ["Basis", "GoodEnough", "Program", "plan_integers", "relaxed_values"]


@dataclass(frozen=True, slots=True)
class Program:
    """A model, its arrays, and where each variable stands.

    Parameters
    ----------
    study : Study
        Study.
    built : BuiltModel
        Its model.
    compiled : Compiled
        Arrays.
    column_of : dict of int to int
        Column by identity of the Pyomo variable.
    """

    study: Study
    built: BuiltModel
    compiled: Compiled
    column_of: dict[int, int]

    @classmethod
    def of(cls, study: Study, options: ModelOptions, paths: MarketPaths) -> Program:
        """Return the program of a study on one path."""
        built = build_model(study, options, paths)
        compiled = compile_model(built.pyomo)
        columns = {id(column): k for k, column in enumerate(compiled.columns)}
        return cls(study, built, compiled, columns)

    def amounts(
        self, questions: Iterable[Question], values: FloatArray
    ) -> dict[str, float]:
        """Return how much a solution uses of what each question is about.

        Parameters
        ----------
        questions : iterable of Question
            Questions.
        values : ndarray of shape (n_columns,)
            Solution. [mixed]

        Returns
        -------
        dict of str to float
            By question; in its unit. [MW-months or MW]
        """
        return {
            question.id: self._phases_mw(question.site, values)
            if question.kind == "expansion"
            else self.mw_months(question.key, values)
            for question in questions
        }

    def mw_months(self, key: tuple[str, ...], values: FloatArray) -> float:
        """Return MW-months of a key of `Sums.line_mw_months` [MW-months]."""
        return sum(
            coefficient * float(values[self.column_of[id(variable)]])
            for coefficient, variable in self.built.sums.line_mw_months.parts(key)
            if id(variable) in self.column_of
        )

    def _phases_mw(self, place: str, values: FloatArray) -> float:
        """Return the MW of phases of a site that are started by the end [MW]."""
        total = 0.0
        for phase in self.study.site(place).phases:
            periods = self.built.candidates.phase_starts.get((place, phase.id))
            if periods:
                last = self.built.pyomo.phase_started[place, phase.id, periods[-1]]
                total += phase.mw * float(values[self.column_of[id(last)]])
        return total


def plan_integers(program: Program, plan: Plan) -> FloatArray:
    """Return a plan's whole decisions as values of integer columns, zero elsewhere.

    Parameters
    ----------
    program : Program
        Program of the plan's study.
    plan : Plan
        Plan found by a model of the same study.

    Returns
    -------
    ndarray of shape (n_columns,)
        Values. [mixed]

    Raises
    ------
    DataError
        If a decision of the plan is none that the model offers.
    """
    model, starts = program.built.pyomo, program.built.candidates.phase_starts
    wanted: list[tuple[str, tuple[object, ...], float]] = []
    for phase in plan.phases:
        wanted += [
            ("phase_started", (phase.site, phase.phase, period), 1.0)
            for period in starts.get((phase.site, phase.phase), ())
            if period >= phase.period
        ]
    wanted += [
        ("shell_modules", (b.site, b.kind, b.period), b.modules) for b in plan.builds
    ]
    wanted += [
        ("conversion_modules", (c.site, c.conversion, c.period), c.modules)
        for c in plan.conversions
    ]
    wanted += [("order_lots", (o.model, o.site, o.period), o.lots) for o in plan.orders]
    wanted += [("accept", (a.offer, a.since, a.until), 1.0) for a in plan.offers]
    values = np.zeros(len(program.compiled.columns))
    for name, index, amount in wanted:
        variables = getattr(model, name)
        if index not in variables:
            what = ", ".join(str(part) for part in index)
            msg = (
                f"the plan holds {name} of ({what}), which its study does not offer. "
                "Explain a plan with the study it was made from."
            )
            raise DataError(msg)
        values[program.column_of[id(variables[index])]] += amount
    return values


@dataclass(frozen=True, slots=True)
class Basis:
    """A basis by names, to start a program of nearly the same shape.

    Parameters
    ----------
    columns, rows : dict of str to highspy.HighsBasisStatus
        Status by name.
    """

    columns: dict[str, Any]
    rows: dict[str, Any]

    @classmethod
    def of(cls, compiled: Compiled, solver: Any) -> Basis:
        """Return the basis in which a solver ended."""
        found = solver.getBasis()
        return cls(
            dict(zip(_names(compiled.columns), found.col_status, strict=True)),
            dict(zip(_names(compiled.rows), found.row_status, strict=True)),
        )

    def start(self, compiled: Compiled, solver: Any) -> None:
        """Give a solver the statuses known; new columns idle, new rows are slack."""
        status = highspy.HighsBasisStatus
        basis = highspy.HighsBasis()
        basis.col_status = [
            self.columns.get(name, status.kLower) for name in _names(compiled.columns)
        ]
        basis.row_status = [
            self.rows.get(name, status.kBasic) for name in _names(compiled.rows)
        ]
        basis.valid = True
        solver.setBasis(basis)


def _names(components: list[Any]) -> list[str]:
    return [component.name for component in components]


def relaxed_values(
    compiled: Compiled, basis: Basis | None
) -> tuple[FloatArray, float, Basis] | None:
    """Return the solution of the linear relaxation, started from a basis.

    Parameters
    ----------
    compiled : Compiled
        Program.
    basis : Basis or None
        Where to start.

    Returns
    -------
    tuple or None
        Solution of shape (n_columns,), objective and basis; None when there is no
        solution. [mixed, USD m]
    """
    solver = load(compiled, relax=True)
    if basis is not None:
        basis.start(compiled, solver)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    values = np.array(solver.getSolution().col_value)
    objective = float(solver.getInfo().objective_function_value)
    return values, objective, Basis.of(compiled, solver)


class GoodEnough:
    """Ends a search that is good enough: a fine gap soon, a coarse one after a while.

    Parameters
    ----------
    soon_s : float
        Time after which the coarse gap suffices. [s]
    coarse_gap_frac : float
        Gap that suffices then. [share 0-1]
    should_stop : callable, optional
        A further wish to stop.
    """

    def __init__(
        self,
        *,
        soon_s: float,
        coarse_gap_frac: float,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self._soon_s = soon_s
        self._coarse = coarse_gap_frac
        self._ask = should_stop
        self._begun = time.perf_counter()
        self._gap = float("inf")

    def watch(self, state: Progress) -> None:
        """Note the solver's gap."""
        self._gap = state.gap_frac

    def __call__(self) -> bool:
        """Return whether to stop now."""
        if self._ask is not None and self._ask():
            return True
        is_late = time.perf_counter() - self._begun > self._soon_s
        return is_late and self._gap <= self._coarse
