# SPDX-License-Identifier: Apache-2.0
"""Linear relaxations: solved from a basis near by, and what they prove.

What does not belong here: whole plans (`programs`) and prices (`evaluation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import highspy
import numpy as np

from optimizer.milp.compile import load

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from optimizer.milp.compile import Compiled

__all__ = ["MATERIAL", "Basis", "Relaxation", "Sides"]

MATERIAL: Final = 1.0 - 1e-6
"""Share of a least use that counts, for rounding."""
_MARGIN: Final = 1e-6
"""Share by which a plan must beat a bound, for the solver's tolerances."""


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


@dataclass(frozen=True, slots=True)
class Sides:
    """The most that plans are worth that do something, and that leave it.

    A plan worth more than all that leave it must do it, and the other way round; so
    must every better one. Nothing is asked of a gap.

    Parameters
    ----------
    doing_usd_m, leaving_usd_m : float
        Upper limits; minus infinity where no plan can. [USD m]
    """

    doing_usd_m: float
    leaving_usd_m: float

    def is_settled_by(self, objective_usd_m: float) -> bool:
        """Return whether a plan of this value proves which side the best one is on.

        Parameters
        ----------
        objective_usd_m : float
            Value of a plan; minus infinity without one. [USD m]
        """
        limit = min(self.doing_usd_m, self.leaving_usd_m)
        return objective_usd_m > limit + _MARGIN * max(abs(objective_usd_m), 1.0)


class Relaxation:
    """The linear relaxation of a program, solved.

    Parameters
    ----------
    compiled : Compiled
        Program.
    basis : Basis or None
        Where to start.

    Attributes
    ----------
    values : ndarray of shape (n_columns,) or None
        Solution; None when there is none. [mixed]
    objective_usd_m : float
        No plan is worth more. [USD m]
    """

    def __init__(self, compiled: Compiled, basis: Basis | None = None) -> None:
        self._compiled = compiled
        self._solver = load(compiled, relax=True)
        if basis is not None:
            basis.start(compiled, self._solver)
        self.values: FloatArray | None = None
        self.objective_usd_m = self._most(float("inf"))
        if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            self.values = np.array(self._solver.getSolution().col_value)

    def basis(self) -> Basis:
        """Return the basis in which the solver ended."""
        return Basis.of(self._compiled, self._solver)

    def sides(self, use: FloatArray, least: float) -> Sides:
        """Return the most that plans are worth on either side of a use.

        Parameters
        ----------
        use : ndarray of shape (n_columns,)
            What one unit of each column uses. [MW-months or MW]
        least : float
            Least use that counts. [MW-months or MW]

        Notes
        -----
        A whole decision that alone reaches the least use is not taken at all by a plan
        that leaves it; the relaxation could take most of it.
        """
        most = self.objective_usd_m
        if self.values is None:
            return Sides(most, most)
        amount, enough = float(use @ self.values), least * MATERIAL
        columns = np.flatnonzero(use).astype(np.int32)
        is_single = self._compiled.is_integer & (use >= enough)
        is_single &= self._compiled.lower <= 0.0
        single = np.flatnonzero(is_single if (use >= 0.0).all() else is_single & False)
        is_split = bool((self.values[single] > 0.0).any())
        solver, row = self._solver, self._solver.getNumRow()
        solver.addRow(enough, highspy.kHighsInf, len(columns), columns, use[columns])
        doing = self._most(most) if amount < enough else most
        leaving = most
        if amount >= enough or is_split:
            solver.changeRowBounds(row, -highspy.kHighsInf, enough)
            for column in single:
                solver.changeColBounds(column, 0.0, 0.0)
            leaving = self._most(most)
            for column in single:
                upper = float(self._compiled.upper[column])
                solver.changeColBounds(column, 0.0, upper)
        solver.deleteRows(1, np.array([row], dtype=np.int32))
        return Sides(doing, leaving)

    def _most(self, otherwise: float) -> float:
        """Return the optimum; `otherwise` if the solver did not get there."""
        self._solver.run()
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return float(self._solver.getInfo().objective_function_value)
        if status == highspy.HighsModelStatus.kInfeasible:
            return -float("inf")
        return otherwise
