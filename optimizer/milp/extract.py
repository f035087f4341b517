# SPDX-License-Identifier: Apache-2.0
"""From a solution to a plan: clean the decisions, then say them in the plan's words.

Integers are rounded and tiny amounts dropped; everything that follows from decisions
(cash, tax, loan) is recomputed by the engine and not read from the solution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.errors import SolverError
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    OfferAcceptance,
    PhaseStart,
    Plan,
)
from optimizer.milp.solve import fixed_lp
from optimizer.milp.trails import (
    TINY,
    SolutionReader,
    bought_machines,
    opening_machines,
)
from optimizer.milp.treasury_read import treasury_fields

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.milp.compile import Compiled
    from optimizer.milp.model import BuiltModel

__all__ = ["DECISIONS", "clean_values", "extract_plan"]

DECISIONS: Final = frozenset(
    {
        "phase_started",
        "shell_modules",
        "conversion_modules",
        "committed_mw",
        "order_lots",
        "hold_lots",
        "moved_lots",
        "moved_stay_lots",
        "moved_sell_lots",
        "stay_thousands",
        "sell_thousands",
        "move_thousands",
        "accept",
        "earns_profit",
        "sold_free_btc",
        "sold_pledged_btc",
        "sold_to_repay_btc",
        "bought_btc",
        "pledge_btc",
        "release_btc",
        "draw_usd_m",
        "repay_usd_m",
        "debt_drawn_usd_m",
        "debt_is_used",
        "has_need",
        "equity_usd_m",
    }
)
"""Variables that are decisions; all others follow from them."""

_TOLERANCE: Final = 1e-9


def clean_values(compiled: Compiled, values: FloatArray) -> FloatArray:
    """Return a solution with integers rounded and all else solved again for them.

    A search for integers stops within 1e-6 of the rules and uses that room; the linear
    program that is left once they are whole keeps the rules to 1e-9.

    Parameters
    ----------
    compiled : Compiled
        Program.
    values : ndarray of shape (n_columns,)
        Solution as the solver gave it. [mixed]

    Returns
    -------
    ndarray of shape (n_columns,)
        Cleaned copy. [mixed]
    """
    cleaned = np.where(compiled.is_integer, np.round(values), values)
    try:
        settled, _ = fixed_lp(
            compiled, cleaned, compiled.is_integer, tolerance=_TOLERANCE
        )
    except SolverError:
        # The rules hold only within the search's room: verification will say so.
        pass
    else:
        cleaned = np.where(compiled.is_integer, cleaned, settled.values)
    cleaned = np.where(np.abs(cleaned) < TINY, 0.0, cleaned)
    clipped: FloatArray = np.clip(cleaned, compiled.lower, compiled.upper)
    return clipped


def extract_plan(
    study: Study,
    built: BuiltModel,
    compiled: Compiled,
    values: FloatArray,
    label: str,
) -> Plan:
    """Return the plan that cleaned values stand for.

    Parameters
    ----------
    study : Study
        Study.
    built : BuiltModel
        Model the values belong to.
    compiled : Compiled
        Its arrays, for the order of columns.
    values : ndarray of shape (n_columns,)
        Cleaned solution. [mixed]
    label : str
        Name of the plan.

    Returns
    -------
    Plan
        Decisions.
    """
    by_name: dict[str, dict[Any, float]] = {}
    for column, value in zip(compiled.columns, values, strict=True):
        name = column.parent_component().local_name
        by_name.setdefault(name, {})[column.index()] = float(value)
    read = SolutionReader(by_name)
    old_holdings, old_moves = opening_machines(study, built.candidates, read)
    orders, holdings, moves = bought_machines(study, built.candidates, read)
    n_periods = study.time.months
    return Plan(
        label=label,
        study_id=study.id,
        months=n_periods,
        orders=tuple(orders),
        holdings=(*old_holdings, *holdings),
        moves=(*old_moves, *moves),
        phases=_phases(built, read),
        builds=tuple(
            BuildStart(site=s, kind=k, period=t, modules=round(v))
            for (s, k, t), v in read.items("shell_modules")
        ),
        conversions=tuple(
            ConversionStart(site=s, conversion=c, period=t, modules=round(v))
            for (s, c, t), v in read.items("conversion_modules")
        ),
        offers=tuple(
            OfferAcceptance(offer=o, since=since, until=until)
            for (o, since, until), v in read.items("accept")
        ),
        commitments=_commitments(study, built, read),
        **treasury_fields(study, read, built.paths),
    )


def _phases(built: BuiltModel, read: SolutionReader) -> tuple[PhaseStart, ...]:
    starts = []
    for (site, phase), periods in sorted(built.candidates.phase_starts.items()):
        done = [p for p in periods if read.get("phase_started", (site, phase, p)) > 0.5]
        if done:
            starts.append(PhaseStart(site=site, phase=phase, period=done[0]))
    return tuple(starts)


def _commitments(
    study: Study, built: BuiltModel, read: SolutionReader
) -> tuple[Commitment, ...]:
    grid = built.candidates.grid
    found = []
    for site in study.sites:
        if site.partner is None:
            continue
        mw: list[float] = []
        for step, since in enumerate(grid.steps):
            level = read.get("committed_mw", (site.id, step))
            mw += [level] * (grid.step_until(step) - since)
        found.append(Commitment(site=site.id, mw=tuple(mw)))
    return tuple(found)
