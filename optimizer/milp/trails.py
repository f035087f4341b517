# SPDX-License-Identifier: Apache-2.0
"""Trails: where machines stand from month to month, read off a solution.

A solution says how many machines stay, move or are sold; a plan says which ones:
first in, first out. What does not belong here: any other decision
(`optimizer.milp.extract`).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from models.fleet import TRANSIT_MONTHS
from models.plan import Holding, Move, Order

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.milp.candidates import Candidates, Cohort, OrderChoice

__all__ = ["TINY", "SolutionReader", "bought_machines", "opening_machines"]

TINY: Final = 1e-9
"""Amounts under this are noise of a solve, in the variable's unit."""


@dataclass(frozen=True, slots=True)
class SolutionReader:
    """Looks solution values up by variable name and index."""

    values: dict[str, dict[Any, float]]

    def items(self, name: str) -> list[tuple[Any, float]]:
        """Return index and value of the entries that are not zero, in order."""
        return sorted((k, v) for k, v in self.values.get(name, {}).items() if v > TINY)

    def get(self, name: str, index: object) -> float:
        """Return one value; 0 when the variable is not in the program."""
        return self.values.get(name, {}).get(index, 0.0)


class _Trail:
    """Where the machines of one cohort stand; batches by arrival."""

    def __init__(
        self, model: str, cohort_period: int, opening_units: dict[str, float]
    ) -> None:
        self.model, self.cohort_period = model, cohort_period
        self.holdings: list[Holding] = []
        self.moves: list[Move] = []
        self._batches: dict[str, deque[tuple[int, float]]] = {
            place: deque([(0, units)]) for place, units in opening_units.items()
        }

    def arrive(self, place: str, period: int, units: float) -> None:
        """Add machines that start running in a period."""
        self._batches.setdefault(place, deque()).append((period, units))

    def leave(
        self,
        place: str,
        units: float,
        until: int,
        ending: Literal["sell", "move", "keep"],
    ) -> float:
        """Take machines off the oldest batches; return how many there were."""
        taken = 0.0
        queue = self._batches.get(place, deque())
        while queue and units - taken > TINY:
            since, there = queue.popleft()
            part = min(there, units - taken)
            taken += part
            if there - part > TINY:
                queue.appendleft((since, there - part))
            if part > TINY:
                self.stand(place, since, max(until, since), part, ending)
        return taken

    def stand(
        self,
        place: str,
        since: int,
        until: int,
        units: float,
        ending: Literal["sell", "move", "keep"],
    ) -> None:
        """Record machines that stood at a site from a period up to another."""
        self.holdings.append(
            Holding(
                model=self.model,
                site=place,
                cohort_period=self.cohort_period,
                since=since,
                until=until,
                units=units,
                ending=ending,
            )
        )

    def move(self, origin: str, place: str, period: int, units: float) -> None:
        """Record machines on their way."""
        self.moves.append(
            Move(
                model=self.model,
                cohort_period=self.cohort_period,
                from_site=origin,
                to_site=place,
                period=period,
                units=units,
            )
        )


def opening_machines(
    study: Study, candidates: Candidates, read: SolutionReader
) -> tuple[list[Holding], list[Move]]:
    """Return holdings and moves of opening machines, first in, first out."""
    holdings: list[Holding] = []
    moves: list[Move] = []
    for cohort in candidates.cohorts:
        trail = _Trail(cohort.model.id, cohort.cohort_period, cohort.opening_units)
        for step, period in enumerate(candidates.grid.steps):
            _follow_step(read, trail, cohort, step, period)
        for site in cohort.sites:
            trail.leave(site.id, math.inf, study.time.months, "keep")
        holdings += trail.holdings
        moves += trail.moves
    return holdings, moves


def _follow_step(
    read: SolutionReader, trail: _Trail, cohort: Cohort, step: int, period: int
) -> None:
    """Sell and move machines of a cohort at the start of a step."""
    arrivals: list[tuple[str, float]] = []
    for site in cohort.sites:
        sold = 1e3 * read.get("sell_thousands", (cohort.key, site.id, step))
        trail.leave(site.id, sold, period, "sell")
        for other in cohort.sites:
            index = (cohort.key, site.id, other.id, step)
            wanted = 1e3 * read.get("move_thousands", index)
            if other.id == site.id or wanted <= TINY:
                continue
            moved = trail.leave(site.id, wanted, period, "move")
            arrivals.append((other.id, moved))
            trail.move(site.id, other.id, period, moved)
    for place, units in arrivals:
        trail.arrive(place, period + TRANSIT_MONTHS, units)


def bought_machines(
    study: Study, candidates: Candidates, read: SolutionReader
) -> tuple[list[Order], list[Holding], list[Move]]:
    """Return orders, holdings and moves; holdings add up to the lots ordered."""
    n_periods = study.time.months
    orders: list[Order] = []
    trails: dict[tuple[str, int], _Trail] = {}
    arrivals: dict[tuple[str, int], list[tuple[int, str, float]]] = {}
    moves = _moves_by_order(read)
    for choice in candidates.orders:
        lots = round(read.get("order_lots", choice.key))
        if not lots:
            continue
        model, place, period = choice.key
        orders.append(Order(model=model, site=place, period=period, lots=lots))
        cohort = (model, period)
        trail = trails.setdefault(cohort, _Trail(model, choice.live, {}))
        held = {e: read.get("hold_lots", (*choice.key, e)) for e in choice.ends}
        moved = moves.get(choice.key, {})
        units = lots / (sum(held.values()) + sum(moved.values())) * choice.lot_units
        for end, amount in held.items():
            if amount > TINY:
                ending: Literal["sell", "keep"] = "sell" if end < n_periods else "keep"
                trail.stand(place, choice.live, end, amount * units, ending)
        for (other, end), amount in moved.items():
            trail.stand(place, choice.live, end, amount * units, "move")
            trail.move(place, other, end, amount * units)
            arrivals.setdefault(cohort, []).append((end, other, amount * units))
    for choice in candidates.orders:
        cohort = (choice.model.id, choice.period)
        came = [
            (period, units)
            for period, place, units in arrivals.get(cohort, ())
            if place == choice.site.id
        ]
        if came:
            _follow_moved(read, trails[cohort], choice, came, n_periods)
    found = trails.values()
    return (
        orders,
        [held for trail in found for held in trail.holdings],
        [move for trail in found for move in trail.moves],
    )


def _moves_by_order(
    read: SolutionReader,
) -> dict[tuple[str, str, int], dict[tuple[str, int], float]]:
    """Return lots moved by order, then by new site and period."""
    found: dict[tuple[str, str, int], dict[tuple[str, int], float]] = {}
    for (model, origin, place, ordered, period), lots in read.items("moved_lots"):
        found.setdefault((model, origin, ordered), {})[place, period] = lots
    return found


def _follow_moved(
    read: SolutionReader,
    trail: _Trail,
    choice: OrderChoice,
    came: list[tuple[int, float]],
    n_periods: int,
) -> None:
    """Sell or keep machines of one order month that came to a site."""
    place = choice.site.id
    for period in choice.ends[:-1]:
        sold = read.get("moved_sell_lots", (*choice.key, period)) * choice.lot_units
        trail.leave(place, sold, period, "sell")
        for _, units in (arrival for arrival in came if arrival[0] == period):
            trail.arrive(place, period + TRANSIT_MONTHS, units)
    trail.leave(place, math.inf, n_periods, "keep")
