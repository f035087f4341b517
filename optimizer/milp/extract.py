# SPDX-License-Identifier: Apache-2.0
"""From a solution to a plan: clean the decisions, then say them in the plan's words.

Integers are rounded and tiny amounts dropped; everything that follows from decisions
(cash, tax, loan) is recomputed by the engine and not read from the solution.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from models.errors import SolverError
from models.fleet import TRANSIT_MONTHS
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Holding,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
    Plan,
)
from optimizer.milp.solve import fixed_lp
from optimizer.milp.treasury import sale_blocks

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.milp.candidates import Cohort
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
        "stay_thousands",
        "sell_thousands",
        "move_thousands",
        "accept",
        "sold_free_btc",
        "sold_pledged_btc",
        "equity_usd_m",
    }
)
"""Variables that are decisions; all others follow from them."""

_TINY: Final = 1e-9
"""Amounts under this are noise of a solve to `_TOLERANCE`, in the variable's unit."""

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
    cleaned = np.where(np.abs(cleaned) < _TINY, 0.0, cleaned)
    clipped: FloatArray = np.clip(cleaned, compiled.lower, compiled.upper)
    return clipped


@dataclass(frozen=True, slots=True)
class _Reader:
    """Looks solution values up by variable name and index."""

    values: dict[str, dict[Any, float]]

    def items(self, name: str) -> list[tuple[Any, float]]:
        """Return index and value of the entries that are not zero, in order."""
        return sorted((k, v) for k, v in self.values.get(name, {}).items() if v > _TINY)

    def get(self, name: str, index: object) -> float:
        """Return one value; 0 when the variable is not in the program."""
        return self.values.get(name, {}).get(index, 0.0)


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
    read = _Reader(by_name)
    fleet_holdings, moves = _opening_fleet(study, built, read)
    orders, order_holdings = _orders(study, built, read)
    n_periods = study.time.months
    blocks = sale_blocks(study)
    return Plan(
        label=label,
        study_id=study.id,
        months=n_periods,
        orders=orders,
        holdings=(*fleet_holdings, *order_holdings),
        moves=moves,
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
        btc_sold_free=_sales(blocks, read, "sold_free_btc"),
        btc_sold_pledged=_sales(blocks, read, "sold_pledged_btc"),
        emergency_equity_usd=tuple(
            read.get("equity_usd_m", t) * 1e6 for t in range(n_periods)
        ),
    )


def _sales(
    blocks: tuple[tuple[int, ...], ...], read: _Reader, name: str
) -> tuple[float, ...]:
    return tuple(
        read.get(name, b) / len(block) for b, block in enumerate(blocks) for _ in block
    )


def _phases(built: BuiltModel, read: _Reader) -> tuple[PhaseStart, ...]:
    starts = []
    for (site, phase), periods in sorted(built.candidates.phase_starts.items()):
        done = [p for p in periods if read.get("phase_started", (site, phase, p)) > 0.5]
        if done:
            starts.append(PhaseStart(site=site, phase=phase, period=done[0]))
    return tuple(starts)


def _commitments(
    study: Study, built: BuiltModel, read: _Reader
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


def _orders(
    study: Study, built: BuiltModel, read: _Reader
) -> tuple[tuple[Order, ...], tuple[Holding, ...]]:
    """Return orders and their holdings; holdings add up to the lots ordered."""
    orders: list[Order] = []
    holdings: list[Holding] = []
    for choice in built.candidates.orders:
        lots = round(read.get("order_lots", choice.key))
        if not lots:
            continue
        model, site, period = choice.key
        orders.append(Order(model=model, site=site, period=period, lots=lots))
        held = {e: read.get("hold_lots", (*choice.key, e)) for e in choice.ends}
        scale = lots / sum(held.values())
        for end, amount in held.items():
            if amount <= _TINY:
                continue
            holdings.append(
                Holding(
                    model=model,
                    site=site,
                    cohort_period=choice.live,
                    since=choice.live,
                    until=end,
                    units=amount * scale * choice.lot_units,
                    ending="sell" if end < study.time.months else "keep",
                )
            )
    return tuple(orders), tuple(holdings)


def _opening_fleet(
    study: Study, built: BuiltModel, read: _Reader
) -> tuple[tuple[Holding, ...], tuple[Move, ...]]:
    """Return holdings and moves of opening machines, first in, first out."""
    holdings: list[Holding] = []
    moves: list[Move] = []
    for cohort in built.candidates.cohorts:
        trace = _Trace(cohort)
        for step, period in enumerate(built.candidates.grid.steps):
            _trace_step(read, trace, step, period)
        for site in cohort.sites:
            trace.leave(site.id, math.inf, study.time.months, "keep")
        holdings += trace.holdings
        moves += trace.moves
    return tuple(holdings), tuple(moves)


class _Trace:
    """Where the machines of one opening cohort stand; batches by arrival."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.holdings: list[Holding] = []
        self.moves: list[Move] = []
        self._batches: dict[str, deque[tuple[int, float]]] = {
            site.id: deque([(0, cohort.opening_units.get(site.id, 0.0))])
            for site in cohort.sites
        }

    def arrive(self, place: str, period: int, units: float) -> None:
        """Add machines that start running in a period."""
        self._batches[place].append((period, units))

    def leave(
        self,
        place: str,
        units: float,
        until: int,
        ending: Literal["sell", "move", "keep"],
    ) -> float:
        """Take machines off the oldest batches; return how many there were."""
        taken = 0.0
        queue = self._batches[place]
        while queue and units - taken > _TINY:
            since, there = queue.popleft()
            part = min(there, units - taken)
            taken += part
            if there - part > _TINY:
                queue.appendleft((since, there - part))
            if part > _TINY:
                self._end(place, since, max(until, since), part, ending)
        return taken

    def _end(
        self,
        place: str,
        since: int,
        until: int,
        units: float,
        ending: Literal["sell", "move", "keep"],
    ) -> None:
        self.holdings.append(
            Holding(
                model=self.cohort.model.id,
                site=place,
                cohort_period=self.cohort.cohort_period,
                since=since,
                until=until,
                units=units,
                ending=ending,
            )
        )


def _trace_step(read: _Reader, trace: _Trace, step: int, period: int) -> None:
    """Sell and move machines of a cohort at the start of a step."""
    cohort = trace.cohort
    arrivals: list[tuple[str, float]] = []
    for site in cohort.sites:
        sold = 1e3 * read.get("sell_thousands", (cohort.key, site.id, step))
        trace.leave(site.id, sold, period, "sell")
        for other in cohort.sites:
            index = (cohort.key, site.id, other.id, step)
            wanted = 1e3 * read.get("move_thousands", index)
            if other.id == site.id or wanted <= _TINY:
                continue
            moved = trace.leave(site.id, wanted, period, "move")
            arrivals.append((other.id, moved))
            trace.moves.append(
                Move(
                    model=cohort.model.id,
                    cohort_period=cohort.cohort_period,
                    from_site=site.id,
                    to_site=other.id,
                    period=period,
                    units=moved,
                )
            )
    for place, units in arrivals:
        trace.arrive(place, period + TRANSIT_MONTHS, units)
