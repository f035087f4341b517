# SPDX-License-Identifier: Apache-2.0
"""Marginal values: what one more MW is worth by site and month, integers fixed.

The plan's whole decisions (phases, modules, lots, offers) are held and everything else
may answer: where machines stand, what is sold when, commitments, BTC and cash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import highspy
import numpy as np

from models.errors import SolverError
from models.market import base_paths
from optimizer.explain.programs import Program, plan_integers
from optimizer.milp.compile import load
from optimizer.milp.options import ModelOptions
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["MarginalRow", "MarginalValues", "marginal_values"]

_TINY_USD_M: Final = 1e-7


@dataclass(frozen=True, slots=True)
class MarginalRow:
    """One more MW at a site, month by month.

    Parameters
    ----------
    site, resource : str
        Where; ``power``, or ``power_and_air`` (``_hydro``, ``_hpc``): powered space.
    usd_per_mw_month : tuple of float
        Gain of NPV by month. [USD per MW and month]
    total_usd_per_mw : float
        Gain of NPV from one more MW in every month, each counted alone. [USD per MW]
    """

    site: str
    resource: str
    usd_per_mw_month: tuple[float, ...]
    total_usd_per_mw: float


@dataclass(frozen=True, slots=True)
class MarginalValues:
    """Marginal values of all sites.

    Parameters
    ----------
    months : tuple of str
        Calendar months.
    rows : tuple of MarginalRow
        By site and resource.
    release_usd_per_mw : dict of str to float
        Gain of NPV from being free to hand back one MW of a partner's locked term, by
        site. [USD per MW]
    npv_usd : float
        NPV with the integers held, to compare with the plan's. [USD]
    n_solves : int
        Linear programs solved.
    """

    months: tuple[str, ...]
    rows: tuple[MarginalRow, ...]
    release_usd_per_mw: dict[str, float]
    npv_usd: float
    n_solves: int

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> MarginalValues:
        """Return values read back from JSON."""
        rows = tuple(
            MarginalRow(**{**row, "usd_per_mw_month": tuple(row["usd_per_mw_month"])})
            for row in entry["rows"]
        )
        return cls(**{**entry, "months": tuple(entry["months"]), "rows": rows})


def marginal_values(study: Study, plan: Plan) -> MarginalValues:
    """Return the value of one more MW by site and month, integers fixed at a plan's.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Its plan.

    Returns
    -------
    MarginalValues
        Values after tax, discounted. At partner sites a MW of power is one that is
        committed without charge.

    Raises
    ------
    SolverError
        If the plan is no solution of its own model.

    Notes
    -----
    Capacity rows stand in every month (`ModelOptions.all_months`). Opening machines
    stay for whole holding steps, so a MW for a single month is worth nothing and the
    duals of a step's months share its value arbitrarily; likewise those of power and
    space where both bind. A step's sum of duals bounds the value of one more MW in all
    its months from above (the value is concave): where it is zero the value is, and
    where it is not the program is solved again with one MW more. The result is spread
    evenly over the step's months.
    """
    paths = base_paths(study)
    program = Program.of(study, ModelOptions(all_months=True), paths)
    held = _HeldProgram(program, plan)
    grid, n_periods = program.built.candidates.grid, study.time.months
    rows: list[MarginalRow] = []
    for site in study.sites:
        power = ("power_limit", site.id)
        resources: dict[str, list[tuple[str, ...]]] = {"power": [power]}
        for shell in site.shells:
            space = ("shell_limit", site.id, shell.kind)
            resources[f"power_and_{shell.kind}"] = [power, space]
        for resource, limits in resources.items():
            values = np.zeros(n_periods)
            for step, since in enumerate(grid.steps):
                months = range(since, grid.step_until(step))
                keys = [(*limit, month) for limit in limits for month in months]
                values[months.start : months.stop] = held.gain(keys) / len(months)
            rows.append(
                MarginalRow(
                    site=site.id,
                    resource=resource,
                    usd_per_mw_month=tuple(float(v) for v in values),
                    total_usd_per_mw=float(values.sum()),
                )
            )
    release = {
        site.id: held.release(site.id)
        for site in study.sites
        if site.partner is not None
    }
    return MarginalValues(
        months=study.months,
        rows=tuple(rows),
        release_usd_per_mw=release,
        npv_usd=held.objective_usd_m * USD_PER_USD_M,
        n_solves=held.n_solves,
    )


class _HeldProgram:
    """The linear program that is left when a plan's integers are held."""

    def __init__(self, program: Program, plan: Plan) -> None:
        compiled = program.compiled
        whole = plan_integers(program, plan)
        lower = np.where(compiled.is_integer, whole, compiled.lower)
        upper = np.where(compiled.is_integer, whole, compiled.upper)
        self._solver = load(compiled, relax=True)
        columns = np.arange(len(lower), dtype=np.int32)
        self._solver.changeColsBounds(len(lower), columns, lower, upper)
        self._lower, self._upper = compiled.row_lower, compiled.row_upper
        self._row_of = {
            (row.parent_component().local_name, *_parts(row.index())): k
            for k, row in enumerate(compiled.rows)
        }
        self._program = program
        self.n_solves = 0
        self.objective_usd_m = self._solve()
        self._dual: FloatArray = np.array(self._solver.getSolution().row_dual)

    def gain(self, keys: Sequence[tuple[object, ...]]) -> float:
        """Return the gain of NPV when rows give one MW more [USD per MW]."""
        rows = [self._row_of[key] for key in keys if key in self._row_of]
        if sum(abs(float(self._dual[row])) for row in rows) < _TINY_USD_M:
            return 0.0
        for row in rows:
            self._change(row, 1.0)
        gained = self._solve() - self.objective_usd_m
        for row in rows:
            self._change(row, 0.0)
        return max(gained, 0.0) * USD_PER_USD_M

    def release(self, place: str) -> float:
        """Return the gain when a partner's locked MW are one fewer [USD per MW]."""
        compiled = self._program.compiled
        locked = []
        for variable in self._program.built.pyomo.committed_mw.values():
            column = self._program.column_of.get(id(variable))
            if column is not None and variable.index()[0] == place:
                floor = float(compiled.lower[column])
                if floor >= 1.0:
                    locked.append((column, floor, float(compiled.upper[column])))
        for column, floor, most in locked:
            self._solver.changeColBounds(column, floor - 1.0, most)
        gained = self._solve() - self.objective_usd_m if locked else 0.0
        for column, floor, most in locked:
            self._solver.changeColBounds(column, floor, most)
        return max(gained, 0.0) * USD_PER_USD_M

    def _change(self, row: int, by: float) -> None:
        """Ease a row, whichever side of it limits."""
        lower, upper = float(self._lower[row]), float(self._upper[row])
        if upper < highspy.kHighsInf:
            upper += by
        else:
            lower -= by
        self._solver.changeRowBounds(row, lower, upper)

    def _solve(self) -> float:
        self.n_solves += 1
        self._solver.run()
        status = self._solver.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            msg = (
                "the plan is no solution of its study's model with its whole decisions "
                "held. Explain a plan with the study it was made from."
            )
            raise SolverError(msg, status=self._solver.modelStatusToString(status))
        return float(self._solver.getInfo().objective_function_value)


def _parts(index: object) -> tuple[object, ...]:
    return index if isinstance(index, tuple) else (index,)
