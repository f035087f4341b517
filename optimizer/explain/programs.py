# SPDX-License-Identifier: Apache-2.0
"""Programs for explaining: a plan's integers, uses read off solutions, warm starts.

What is asked stands in `questions`; what the answers mean in `marginal`, `forcing` and
`breakeven`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import highspy
import numpy as np

from models.errors import DataError, SolverError
from optimizer.milp.compile import compile_model, load
from optimizer.milp.model import build_model
from optimizer.milp.solve import fixed_lp, solve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.arrays import BoolArray, FloatArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study
    from optimizer.explain.questions import Question
    from optimizer.milp.compile import Compiled
    from optimizer.milp.model import BuiltModel
    from optimizer.milp.options import ModelOptions
    from optimizer.milp.solve import Progress, Solution

__all__ = [
    "Basis",
    "GoodEnough",
    "Program",
    "decided_anew",
    "held",
    "plan_integers",
    "relaxed_values",
]

_ANEW_GAP_FRAC: Final = 1e-5
_PLANT: Final = frozenset({"phase_started", "shell_modules", "conversion_modules"})


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
        return cls.around(study, built, compile_model(built.pyomo))

    @classmethod
    def around(cls, study: Study, built: BuiltModel, compiled: Compiled) -> Program:
        """Return the program of a model that is compiled already."""
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

    def own(self, question: Question, *, with_orders: bool = True) -> BoolArray:
        """Return the whole decisions that a question is about.

        Plant, offers and (for a line only its) orders, at its site or, for the company,
        anywhere.

        Parameters
        ----------
        question : Question
            Question.
        with_orders : bool
            Whether orders of machines are among them.

        Returns
        -------
        ndarray of shape (n_columns,)
            Whether a column is one of them. [bool]
        """
        gpus = {gpu.id for gpu in self.study.gpus}
        offers = (*self.study.hosting_offers, *self.study.gpu_offers)
        site_of = {offer.id: offer.site for offer in offers}
        is_own = np.zeros(len(self.compiled.columns), dtype=np.bool_)
        for k in np.flatnonzero(self.compiled.is_integer):
            column = self.compiled.columns[k]
            name, index = column.parent_component().local_name, column.index()
            if name in _PLANT:
                place, is_meant = index[0], True
            elif name == "accept":
                place, is_meant = site_of[index[0]], True
            else:
                line = "gpu_leasing" if index[0] in gpus else "self_mining"
                place = index[1]
                is_meant = with_orders and question.line in {"", line}
            is_own[k] = is_meant and question.site in {"", place}
        return is_own


def held(program: Program, integers: FloatArray) -> FloatArray | None:
    """Return the best solution with all whole decisions held; None if there is none.

    Parameters
    ----------
    program : Program
        Program.
    integers : ndarray of shape (n_columns,)
        Values of the integer columns. [mixed]
    """
    try:
        return fixed_lp(program.compiled, integers, program.compiled.is_integer)[
            0
        ].values
    except SolverError:
        return None


def decided_anew(
    program: Program,
    question: Question,
    integers: FloatArray,
    *,
    time_limit_s: float,
    with_orders: bool = True,
) -> Solution | None:
    """Return the best solution in which only a question's own decisions are free.

    Parameters
    ----------
    program : Program
        Program.
    question : Question
        Whose whole decisions are made anew; all others are held.
    integers : ndarray of shape (n_columns,)
        Values of the integer columns. [mixed]
    time_limit_s : float
        Limit of the solve. [s]
    with_orders : bool
        Whether orders of machines are among its decisions.

    Returns
    -------
    Solution or None
        None if there is no solution, or none was found in time.
    """
    compiled = program.compiled
    own = program.own(question, with_orders=with_orders)
    is_held = compiled.is_integer & ~own
    whole = np.round(integers)
    restricted = replace(
        compiled,
        lower=np.where(is_held, whole, compiled.lower),
        upper=np.where(is_held, whole, compiled.upper),
    )
    try:
        return solve(
            restricted, gap_frac=_ANEW_GAP_FRAC, time_limit_s=max(time_limit_s, 1.0)
        )
    except SolverError:
        return None


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
    columns, rows : dict of tuple to highspy.HighsBasisStatus
        Status by name and index.
    """

    columns: dict[tuple[str, object], Any]
    rows: dict[tuple[str, object], Any]

    @classmethod
    def of(cls, compiled: Compiled, solver: Any) -> Basis:
        """Return the basis in which a solver ended."""
        found = solver.getBasis()
        return cls(
            dict(zip(_keys(compiled.columns), found.col_status, strict=True)),
            dict(zip(_keys(compiled.rows), found.row_status, strict=True)),
        )

    def start(self, compiled: Compiled, solver: Any) -> None:
        """Give a solver the statuses known; new columns idle, new rows are slack."""
        status = highspy.HighsBasisStatus
        basis = highspy.HighsBasis()
        basis.col_status = [
            self.columns.get(name, status.kLower) for name in _keys(compiled.columns)
        ]
        basis.row_status = [
            self.rows.get(name, status.kBasic) for name in _keys(compiled.rows)
        ]
        basis.valid = True
        solver.setBasis(basis)


def _keys(components: list[Any]) -> list[tuple[str, object]]:
    """Return name and index of each; cheaper than Pyomo's full names."""
    return [(c.parent_component().local_name, c.index()) for c in components]


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


@dataclass(frozen=True, slots=True)
class GoodEnough:
    """Says when a search may end: at a fine gap soon, at a coarse one after a while.

    Parameters
    ----------
    soon_s : float
        Time after which the coarse gap suffices. [s]
    coarse_gap_frac : float
        Gap that suffices then. [share 0-1]
    """

    soon_s: float
    coarse_gap_frac: float

    def __call__(self, state: Progress) -> bool:
        """Return whether to stop now."""
        return state.elapsed_s > self.soon_s and state.gap_frac <= self.coarse_gap_frac
