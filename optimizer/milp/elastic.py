# SPDX-License-Identifier: Apache-2.0
"""Elastic programs: the compiled model with business rules that may give way.

A slack is one number by which a rule gives way (USD of cash, MW of shell, MW released
from a contract), with a price. What a conflict means in words, and how to mend it,
stands in `optimizer.milp.diagnose`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from scipy.sparse import coo_array, csc_array, hstack, vstack

from models.errors import SolverError
from optimizer.milp.solve import InfeasibleModelError, relaxation, solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.arrays import BoolArray, FloatArray
    from optimizer.milp.compile import Compiled
    from optimizer.milp.solve import Solution

__all__ = ["ElasticProgram", "ElasticSolution", "Slack"]

_TINY: Final = 1e-6
_NEW: Final = frozenset(
    {"phase_started", "shell_modules", "conversion_modules", "order_lots"}
)
_GAP_FRAC: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Slack:
    """One number by which a rule may give way.

    Parameters
    ----------
    rule, where : str
        Rule, and site, contract or account.
    unit : str
        Unit of the amount.
    price_usd_m : float
        What one unit costs in the elastic objective. [USD m per unit]
    rows : tuple of (int, float)
        Rows it enters and its coefficient there. [row, mixed]
    most : float
        Largest amount. [unit]
    period : int
        First month in which it acts. [period]
    is_whole : bool
        Whether it gives way whole or not at all. [bool]
    """

    rule: str
    where: str
    unit: str
    price_usd_m: float
    rows: tuple[tuple[int, float], ...]
    most: float = np.inf
    period: int = 0
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class ElasticSolution:
    """How much each slack gave way, and the solution that goes with it.

    Parameters
    ----------
    amounts : dict of Slack to float
        Slacks in use and by how much. [unit of each]
    values : ndarray of shape (n_columns,)
        Solution without the slacks. [mixed]
    """

    amounts: dict[Slack, float]
    values: FloatArray


class ElasticProgram:
    """A compiled model in which chosen rules may give way at a price.

    Lower bounds of committed MW stand as rows here, so that they can give way too.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.row_of = _positions(compiled.rows)
        self.column_of = _positions(compiled.columns)
        self.held_rows: dict[Any, int] = {}
        self._compiled = self._with_held_rows(compiled)
        self._by_row = self._compiled.matrix.tocsr()
        self._is_new = np.array([_takes_on_new(column) for column in compiled.columns])

    def _with_held_rows(self, compiled: Compiled) -> Compiled:
        """Turn positive lower bounds of ``committed_mw`` into rows."""
        columns = {
            index: j
            for index, j in self.column_of.get("committed_mw", {}).items()
            if compiled.lower[j] > 0.0
        }
        n_rows, n_columns = compiled.matrix.shape
        positions = np.array(list(columns.values()), dtype=np.int64)
        self.held_rows = {index: n_rows + k for k, index in enumerate(columns)}
        extra = coo_array(
            (np.ones(len(positions)), (np.arange(len(positions)), positions)),
            shape=(len(positions), n_columns),
        )
        lower = compiled.lower.copy()
        lower[positions] = 0.0
        return replace(
            compiled,
            matrix=csc_array(vstack([compiled.matrix, extra])),
            row_lower=np.append(compiled.row_lower, compiled.lower[positions]),
            row_upper=np.append(compiled.row_upper, np.full(len(positions), np.inf)),
            lower=lower,
        )

    def easing(self, rows: Iterable[int]) -> tuple[tuple[int, float], ...]:
        """Return rows with the sign by which a positive slack eases each."""
        return tuple(
            (row, 1.0 if np.isfinite(self._compiled.row_lower[row]) else -1.0)
            for row in rows
        )

    def coefficient(self, row: int, column: int) -> float:
        """Return one entry of the matrix."""
        return float(self._by_row[row, column])

    def first_breach(self, slack: Slack, values: FloatArray) -> int:
        """Return the first month in which a slack's rules give way [period]."""
        base = self._compiled
        activity = base.matrix @ values
        months = [0]
        for row, _ in slack.rows:
            over = activity[row] - base.row_upper[row]
            under = base.row_lower[row] - activity[row]
            if max(over, under) > _TINY:
                months.append(self._period_of(row))
        return min(months[1:], default=0)

    def _period_of(self, row: int) -> int:
        index = self._compiled.rows[row].index()
        last = index[-1] if isinstance(index, tuple) else index
        return last if isinstance(last, int) else 0

    def entries(self, row: int) -> list[tuple[str, Any, float, int]]:
        """Return the entries of a row: variable, index, coefficient, column."""
        part = slice(self._by_row.indptr[row], self._by_row.indptr[row + 1])
        found = []
        for j, value in zip(
            self._by_row.indices[part], self._by_row.data[part], strict=True
        ):
            column = self._compiled.columns[j]
            name = column.parent_component().local_name
            found.append((name, column.index(), float(value), int(j)))
        return found

    def upper(self, row: int) -> float:
        """Return the upper bound of a row."""
        return float(self._compiled.row_upper[row])

    def solve(
        self,
        slacks: Sequence[Slack],
        *,
        time_limit_s: float,
        dropped_rows: Iterable[int] = (),
        freed_columns: Iterable[int] = (),
        new_rows: dict[int, FloatArray] | None = None,
    ) -> ElasticSolution | None:
        """Return the cheapest way in which the given slacks make the model feasible.

        Parameters
        ----------
        slacks : sequence of Slack
            Rules that may give way.
        time_limit_s : float
            Limit. [s]
        dropped_rows, freed_columns : iterable of int
            Rows that do not bind; columns without an upper bound.
        new_rows : dict of int to ndarray of shape (n_entries,), optional
            Other coefficients of some rows, in the order of `entries`. [mixed]

        Returns
        -------
        ElasticSolution or None
            None if no amount of these slacks makes it feasible, or none was found in
            time.
        """
        program = self._widened(slacks, dropped_rows, freed_columns, new_rows or {})
        found = _best(program, self._is_new, time_limit_s)
        if found is None:
            return None
        n_columns = len(self._compiled.lower)
        return ElasticSolution(
            amounts={
                slack: float(amount)
                for slack, amount in zip(slacks, found[n_columns:], strict=True)
                if amount > _TINY
            },
            values=found[:n_columns],
        )

    def _widened(
        self,
        slacks: Sequence[Slack],
        dropped_rows: Iterable[int],
        freed_columns: Iterable[int],
        new_rows: dict[int, FloatArray],
    ) -> Compiled:
        """Return the program with one column per slack and their cost alone."""
        base = self._compiled
        n_rows, n_columns = base.matrix.shape
        by_row = self._by_row.copy() if new_rows else self._by_row
        for row, data in new_rows.items():
            by_row.data[by_row.indptr[row] : by_row.indptr[row + 1]] = data
        entries = [
            (row, k, sign) for k, slack in enumerate(slacks) for row, sign in slack.rows
        ]
        where = np.array([entry[:2] for entry in entries], dtype=np.int64)
        signs = np.array([entry[2] for entry in entries])
        extra = coo_array(
            (signs, tuple(where.reshape(-1, 2).T)), shape=(n_rows, len(slacks))
        )
        row_lower, row_upper = base.row_lower.copy(), base.row_upper.copy()
        for row in dropped_rows:
            row_lower[row], row_upper[row] = -np.inf, np.inf
        upper = base.upper.copy()
        for column in freed_columns:
            upper[column] = np.inf
        return replace(
            base,
            matrix=csc_array(hstack([by_row, extra])),
            cost=np.append(np.zeros(n_columns), [-s.price_usd_m for s in slacks]),
            offset=0.0,
            row_lower=row_lower,
            row_upper=row_upper,
            lower=np.append(base.lower, np.zeros(len(slacks))),
            upper=np.append(upper, [slack.most for slack in slacks]),
            is_integer=np.append(base.is_integer, [s.is_whole for s in slacks]).astype(
                bool
            ),
        )


def _best(
    program: Compiled, is_new: BoolArray, time_limit_s: float
) -> FloatArray | None:
    """Return a cheapest solution, None without any.

    What takes on nothing new is found at once and is mostly the cheapest; the linear
    relaxation tells whether a search for better is worth its time.
    """
    upper = program.upper.copy()
    upper[: len(is_new)][is_new] = 0.0
    still = _solved(replace(program, upper=upper), time_limit_s)
    if still is not None and still.objective_usd_m > -_TINY:
        return still.values
    try:
        bound = relaxation(program).objective_usd_m
    except InfeasibleModelError:
        return None
    if still is not None and still.objective_usd_m > bound * (1.0 + _GAP_FRAC) - _TINY:
        return still.values
    start = None if still is None else still.values
    found = _solved(program, time_limit_s, start) or still
    return None if found is None else found.values


def _solved(
    program: Compiled, time_limit_s: float, start: FloatArray | None = None
) -> Solution | None:
    """Return the solution of an elastic program, None if there is or was found none."""
    try:
        return solve(
            program, gap_frac=_GAP_FRAC, time_limit_s=time_limit_s, start=start
        )
    except InfeasibleModelError:
        return None
    except SolverError as error:
        if error.status != "time limit":
            raise
        return None


def _positions(parts: Sequence[Any]) -> dict[str, dict[Any, int]]:
    """Return positions of variables or constraints by name and index."""
    found: dict[str, dict[Any, int]] = {}
    for position, part in enumerate(parts):
        name = part.parent_component().local_name
        found.setdefault(name, {})[part.index()] = position
    return found


def _takes_on_new(column: Any) -> bool:
    """Whether a variable orders, builds or signs something new."""
    name, index = column.parent_component().local_name, column.index()
    return name in _NEW or (name == "accept" and index[1] > 0)
