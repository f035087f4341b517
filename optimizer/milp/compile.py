# SPDX-License-Identifier: Apache-2.0
"""From a Pyomo model to arrays, and from arrays to HiGHS.

Pyomo's standard-form compiler is called once per model; what follows works on sparse
arrays. What does not belong here: options and limits of a solve (see `solve`).
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

if TYPE_CHECKING:
    from collections.abc import Generator

    from models.arrays import BoolArray, FloatArray

__all__ = ["Compiled", "compile_model", "load", "no_collection"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A mixed-integer program ``max c x + c0, row_lower <= A x <= row_upper``.

    Parameters
    ----------
    matrix : scipy.sparse.csc_array of shape (n_rows, n_columns)
        Coefficients. [mixed]
    cost : ndarray of shape (n_columns,)
        Objective coefficients, to be maximised. [USD m per unit]
    offset : float
        Constant of the objective. [USD m]
    row_lower, row_upper : ndarray of shape (n_rows,)
        Row bounds. [mixed]
    lower, upper : ndarray of shape (n_columns,)
        Column bounds. [mixed]
    is_integer : ndarray of shape (n_columns,)
        Integer columns. [bool]
    columns, rows : list
        Pyomo variables and constraints in order.
    """

    matrix: Any
    cost: FloatArray
    offset: float
    row_lower: FloatArray
    row_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    is_integer: BoolArray
    columns: list[Any]
    rows: list[Any]

    def value_of(self, solution: FloatArray) -> float:
        """Return the objective of a solution [USD m]."""
        return float(self.cost @ solution + self.offset)

    def worst_violation(self, solution: FloatArray) -> float:
        """Return the largest breach of a row or bound, in the row's own unit."""
        activity = self.matrix @ solution
        breaches = (
            self.row_lower - activity,
            activity - self.row_upper,
            self.lower - solution,
            solution - self.upper,
        )
        return max(float(b.max(initial=0.0)) for b in breaches)


@contextmanager
def no_collection() -> Generator[None]:
    """Keep the garbage collector off: a model is many small objects and no garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def compile_model(model: Any) -> Compiled:
    """Return the arrays of a Pyomo model with one maximised objective.

    Parameters
    ----------
    model : pyomo.environ.ConcreteModel
        Linear model.

    Returns
    -------
    Compiled
        Arrays; rows without variables are dropped by the compiler.
    """
    with no_collection():
        form = LinearStandardFormCompiler().write(
            model, mixed_form=True, set_sense=None
        )
    rhs = np.asarray(form.rhs, dtype=np.float64)
    senses = np.array([row.bound_type for row in form.rows])
    columns = list(form.columns)
    bounds = [column.bounds for column in columns]
    infinite = highspy.kHighsInf
    return Compiled(
        matrix=form.A.tocsc(),
        cost=np.asarray(form.c.todense(), dtype=np.float64).ravel(),
        offset=float(form.c_offset[0]),
        row_lower=np.where(senses <= 0, rhs, -infinite),
        row_upper=np.where(senses >= 0, rhs, infinite),
        lower=np.array([-infinite if b[0] is None else b[0] for b in bounds]),
        upper=np.array([infinite if b[1] is None else b[1] for b in bounds]),
        is_integer=np.array([not column.is_continuous() for column in columns]),
        columns=columns,
        rows=[row.constraint for row in form.rows],
    )


def load(compiled: Compiled, *, relax: bool = False) -> Any:
    """Return a HiGHS instance holding the program.

    Parameters
    ----------
    compiled : Compiled
        Arrays.
    relax : bool
        Whether to drop integrality.

    Returns
    -------
    highspy.Highs
        Ready to run, silent, one thread.
    """
    n_rows, n_columns = compiled.matrix.shape
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n_columns, n_rows
    lp.col_cost_ = compiled.cost
    lp.offset_ = compiled.offset
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_lower_, lp.col_upper_ = compiled.lower, compiled.upper
    lp.row_lower_, lp.row_upper_ = compiled.row_lower, compiled.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = compiled.matrix.indptr
    lp.a_matrix_.index_ = compiled.matrix.indices
    lp.a_matrix_.value_ = compiled.matrix.data
    if not relax:
        kind = highspy.HighsVarType
        lp.integrality_ = [
            kind.kInteger if flag else kind.kContinuous for flag in compiled.is_integer
        ]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.passModel(lp)
    return solver
