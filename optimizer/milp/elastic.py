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
from optimizer.milp.solve import InfeasibleModelError, solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from models.arrays import FloatArray
    from optimizer.milp.compile import Compiled

__all__ = ["ElasticProgram", "ElasticSolution", "Slack"]

_TINY: Final = 1e-6
_GAP_FRAC: Final = 1e-4


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

    def solve(
        self,
        slacks: Sequence[Slack],
        *,
        time_limit_s: float,
        most: dict[Slack, float] | None = None,
        dropped_rows: Iterable[int] = (),
        freed_columns: Iterable[int] = (),
    ) -> ElasticSolution | None:
        """Return the cheapest way in which the given slacks make the model feasible.

        Parameters
        ----------
        slacks : sequence of Slack
            Rules that may give way.
        time_limit_s : float
            Limit. [s]
        most : dict of Slack to float, optional
            Tighter limits of some slacks. [unit of each]
        dropped_rows, freed_columns : iterable of int
            Rows that do not bind; columns without an upper bound.

        Returns
        -------
        ElasticSolution or None
            None if no amount of these slacks makes it feasible, or none was found in
            time.
        """
        program = self._widened(slacks, most or {}, dropped_rows, freed_columns)
        try:
            found = solve(program, gap_frac=_GAP_FRAC, time_limit_s=time_limit_s)
        except InfeasibleModelError:
            return None
        except SolverError as error:
            if error.status != "time limit":
                raise
            return None
        n_columns = len(self._compiled.lower)
        amounts = found.values[n_columns:]
        return ElasticSolution(
            amounts={
                slack: float(amount)
                for slack, amount in zip(slacks, amounts, strict=True)
                if amount > _TINY
            },
            values=found.values[:n_columns],
        )

    def _widened(
        self,
        slacks: Sequence[Slack],
        most: dict[Slack, float],
        dropped_rows: Iterable[int],
        freed_columns: Iterable[int],
    ) -> Compiled:
        """Return the program with one column per slack and their cost alone."""
        base = self._compiled
        n_rows, n_columns = base.matrix.shape
        entries = [
            (row, k, sign) for k, slack in enumerate(slacks) for row, sign in slack.rows
        ]
        rows, columns, data = zip(*entries, strict=True) if entries else ((), (), ())
        extra = coo_array((data, (rows, columns)), shape=(n_rows, len(slacks)))
        row_lower, row_upper = base.row_lower.copy(), base.row_upper.copy()
        for row in dropped_rows:
            row_lower[row], row_upper[row] = -np.inf, np.inf
        upper = base.upper.copy()
        for column in freed_columns:
            upper[column] = np.inf
        limits = [min(slack.most, most.get(slack, np.inf)) for slack in slacks]
        return replace(
            base,
            matrix=csc_array(hstack([base.matrix, extra])),
            cost=np.append(np.zeros(n_columns), [-s.price_usd_m for s in slacks]),
            offset=0.0,
            row_lower=row_lower,
            row_upper=row_upper,
            lower=np.append(base.lower, np.zeros(len(slacks))),
            upper=np.append(upper, limits),
            is_integer=np.append(base.is_integer, [s.is_whole for s in slacks]).astype(
                bool
            ),
        )


def _positions(parts: Sequence[Any]) -> dict[str, dict[Any, int]]:
    """Return positions of variables or constraints by name and index."""
    found: dict[str, dict[Any, int]] = {}
    for position, part in enumerate(parts):
        name = part.parent_component().local_name
        found.setdefault(name, {})[part.index()] = position
    return found
