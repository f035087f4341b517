# SPDX-License-Identifier: Apache-2.0
"""Programs for explaining: a plan's integers, uses read off solutions, warm starts.

What is asked stands in `questions`; solves with most decisions held in `settling`; what
the answers mean in `marginal`, `forcing` and `breakeven`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from models.errors import DataError, SolverError
from optimizer.milp.compile import compile_model
from optimizer.milp.model import build_model
from optimizer.milp.solve import fixed_lp

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
    from optimizer.milp.solve import Progress

__all__ = [
    "GoodEnough",
    "Program",
    "WholeDecisions",
    "held",
    "plan_integers",
]

_PLANT: Final = frozenset({"phase_started", "shell_modules", "conversion_modules"})

WholeDecisions: TypeAlias = dict[tuple[str, object], float]
"""Whole decisions that are not zero, by name and index."""


def _name(column: Any) -> tuple[str, object]:
    """Return name and index; cheaper than Pyomo's full names."""
    return column.parent_component().local_name, column.index()


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
        return {q.id: float(self.use(q) @ values) for q in questions}

    def use(self, question: Question) -> FloatArray:
        """Return what one unit of each column uses of what a question is about.

        Parameters
        ----------
        question : Question
            Question.

        Returns
        -------
        ndarray of shape (n_columns,)
            Its use. [MW-months or MW]
        """
        per_unit = np.zeros(len(self.compiled.columns))
        for coefficient, variable in self._parts(question):
            column = self.column_of.get(id(variable))
            if column is not None:
                per_unit[column] += coefficient
        return per_unit

    def _parts(self, question: Question) -> list[tuple[float, Any]]:
        """Return coefficients and variables of a question's use."""
        if question.kind != "expansion":
            return self.built.sums.line_mw_months.parts(question.key)
        starts, model = self.built.candidates.phase_starts, self.built.pyomo
        place = question.site
        return [
            (phase.mw, model.phase_started[place, phase.id, periods[-1]])
            for phase in self.study.site(place).phases
            if (periods := starts.get((place, phase.id)))
        ]

    def whole_decisions(self, values: FloatArray) -> WholeDecisions:
        """Return the whole decisions of a solution that are not zero, by name.

        Parameters
        ----------
        values : ndarray of shape (n_columns,)
            Solution. [mixed]
        """
        whole = np.where(self.compiled.is_integer, np.round(values), 0.0)
        columns = self.compiled.columns
        return {_name(columns[k]): float(whole[k]) for k in np.flatnonzero(whole)}

    def integers_of(self, decisions: WholeDecisions) -> FloatArray:
        """Return whole decisions as values of integer columns; unknown ones are lost.

        Parameters
        ----------
        decisions : dict of tuple to float
            As `whole_decisions` of a like program gives them. [mixed]

        Returns
        -------
        ndarray of shape (n_columns,)
            Values. [mixed]
        """
        values = np.zeros(len(self.compiled.columns))
        for k in np.flatnonzero(self.compiled.is_integer):
            values[k] = decisions.get(_name(self.compiled.columns[k]), 0.0)
        return values

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
class GoodEnough:
    """Says when a search may end: at a fine gap soon, at a coarse one after a while.

    Parameters
    ----------
    soon_s : float
        Time after which the coarse gap suffices. [s]
    coarse_gap_frac : float
        Gap that suffices then. [share 0-1]
    fine_gap_frac : float
        Gap that suffices at once. [share 0-1]
    limit_usd_m : float
        What no plan can be worth more than, known beforehand. [USD m]
    """

    soon_s: float
    coarse_gap_frac: float
    fine_gap_frac: float = 0.0
    limit_usd_m: float = float("inf")

    def __call__(self, state: Progress) -> bool:
        """Return whether to stop now."""
        value = state.objective_usd_m
        most = min(state.bound_usd_m, self.limit_usd_m)
        is_late = state.elapsed_s > self.soon_s
        allowed = self.coarse_gap_frac if is_late else self.fine_gap_frac
        return most - value <= allowed * abs(value) and abs(value) < float("inf")
