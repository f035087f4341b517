# SPDX-License-Identifier: Apache-2.0
"""Moves of bought machines: they leave a site at the end of a step for another.

A machine bought moves once at most. It takes up space at the new site from the month
of the move, misses `TRANSIT_MONTHS` of running and stays for the rest of the step, as
machines of the opening fleet do. Which moves may be tried stands in
`optimizer.milp.candidates`; what machines earn where they stand in
`optimizer.milp.bought`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo

from models.finance import discount_factors
from models.fleet import TRANSIT_MONTHS, asic_hashrate_eh_s
from models.machine_prices import asic_move_usd
from optimizer.milp.sums import USD_PER_USD_M

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.milp.bought import BoughtCohort
    from optimizer.milp.candidates import Candidates, MoveChoice, OrderChoice
    from optimizer.milp.sums import Sums

__all__ = ["Arrivals", "add_moves", "arrivals_of", "move_usd_m", "moves_that_may_pay"]

OrderKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Machines of one order month that come to a site from others.

    Parameters
    ----------
    choice : OrderChoice
        Order of the same family and month for the site.
    moves : dict of int to list of MoveChoice
        Moves by period.
    starts : tuple of int
        Starts of the steps from the first arrival on. [period]
    """

    choice: OrderChoice
    moves: dict[int, list[MoveChoice]]
    starts: tuple[int, ...]


def move_usd_m(study: Study, move: MoveChoice) -> float:
    """Return what moving one machine costs [USD m]."""
    order = move.order
    cost = asic_move_usd(
        study,
        order.model,  # type: ignore[arg-type]
        order.live,
        order.site,
        move.to.site,
    )
    return float(cost[move.period]) / USD_PER_USD_M


def moves_that_may_pay(
    study: Study,
    candidates: Candidates,
    earned_usd_m: dict[OrderKey, FloatArray],
    resale_usd_m: dict[OrderKey, FloatArray],
) -> tuple[MoveChoice, ...]:
    """Return the moves that can be worth more than a sale on the day.

    Left out is a move whose machine, were it untaxed at the new site, did it stand by
    for nothing in bad months and were it sold there on its best day, would still be
    worth less than the taxed sale.

    Parameters
    ----------
    study : Study
        Study.
    candidates : Candidates
        Its candidates.
    earned_usd_m : dict of OrderKey to ndarray of shape (n_periods,)
        What one machine earns a month where it was ordered for. [USD m]
    resale_usd_m : dict of OrderKey to ndarray of shape (n_periods,)
        What one machine fetches. [USD m]

    Returns
    -------
    tuple of MoveChoice
        Moves that become columns.
    """
    factors = discount_factors(study.company.discount_rate_per_year, study.time.months)[
        1:
    ]
    most = {}
    for key, earned in earned_usd_m.items():
        gain = np.cumsum((np.maximum(earned, 0.0) * factors)[::-1])[::-1]
        sale = np.maximum.accumulate((resale_usd_m[key] * factors)[::-1])[::-1]
        most[key] = gain + sale

    def may_pay(move: MoveChoice) -> bool:
        period, order = move.period, move.order
        taxed = [1.0 - study.tax_terms(x.site).relief_frac for x in (order, move.to)]
        sold = float(resale_usd_m[order.key][period]) * taxed[0]
        cost = move_usd_m(study, move) * taxed[1]
        later = float(most[move.to.key][period + TRANSIT_MONTHS])
        return later > (sold + cost) * float(factors[period])

    return tuple(move for move in candidates.moves if may_pay(move))


def arrivals_of(moves: tuple[MoveChoice, ...]) -> dict[OrderKey, Arrivals]:
    """Return moves by the order whose machines they join."""
    found: dict[OrderKey, Arrivals] = {}
    for move in moves:
        key = move.to.key
        if key not in found:
            found[key] = Arrivals(move.to, {}, ())
        found[key].moves.setdefault(move.period, []).append(move)
    return {
        key: Arrivals(
            group.choice,
            group.moves,
            tuple(end for end in group.choice.ends[:-1] if end >= min(group.moves)),
        )
        for key, group in found.items()
    }


def add_moves(
    model: Any,
    study: Study,
    moves: tuple[MoveChoice, ...],
    cohorts: dict[OrderKey, BoughtCohort],
    sums: Sums,
) -> None:
    """Add machines that move, stay at the new site or are sold there, in lots.

    ``stay[q] = stay[q - 1] + moved in[q - 1] - sold[q]`` (``moved_are_kept``): machines
    stand where they came to for the rest of the step without being counted as staying.
    """
    groups = arrivals_of(moves)
    later = [
        (*key, start) for key, group in groups.items() for start in group.starts[1:]
    ]
    model.moved_lots = pyo.Var([m.key for m in moves], domain=pyo.NonNegativeReals)
    model.moved_stay_lots = pyo.Var(later, domain=pyo.NonNegativeReals)
    model.moved_sell_lots = pyo.Var(later, domain=pyo.NonNegativeReals)
    before = {
        (*key, start): last
        for key, group in groups.items()
        for last, start in pairwise(group.starts)
    }

    def moved_are_kept(m: Any, *index: Any) -> Any:
        key, last = index[:-1], before[index]
        came = groups[key].moves.get(last, ())
        stood = [m.moved_lots[move.key] for move in came]
        if (*key, last) in before:
            stood.append(m.moved_stay_lots[(*key, last)])
        return m.moved_stay_lots[index] + m.moved_sell_lots[index] == sum(stood)

    model.moved_are_kept = pyo.Constraint(later, rule=moved_are_kept)
    for key, group in groups.items():
        ends = dict(pairwise([*group.starts, study.time.months]))
        for period, came in group.moves.items():
            for move in came:
                _add_move(model, study, move, ends[period], cohorts, sums)
        for start in group.starts[1:]:
            _add_step(model, cohorts[key], start, ends[start], study.time.months, sums)


def _add_move(
    model: Any,
    study: Study,
    move: MoveChoice,
    until: int,
    cohorts: dict[OrderKey, BoughtCohort],
    sums: Sums,
) -> None:
    """Add one move: what it costs, and machines that leave, come and wait to run."""
    moved, since = model.moved_lots[move.key], move.period
    left, joined = cohorts[move.order.key], cohorts[move.to.key]
    left.goes.append((since, moved))
    left.spells.append((left.choice.live, since, moved))
    joined.comes.append((since, moved))
    joined.spells.append((since, until, moved))
    place, size = move.to.site.id, move.to.lot_units
    lost = slice(since, since + TRANSIT_MONTHS)
    missed = -joined.unit.mined_btc[lost] * size
    sums.mined_btc.add_series(place, missed, moved, since)
    idle = -joined.unit.operating_usd_m[lost] * size
    idle[0] -= move_usd_m(study, move) * size
    sums.operating_usd_m.add_series(place, idle, moved, since)
    if until == study.time.months:
        worth = joined.unit.resale_usd_m[-1] * size
        sums.terminal_usd_m.add(place, worth, moved)


def _add_step(
    model: Any,
    cohort: BoughtCohort,
    since: int,
    until: int,
    n_periods: int,
    sums: Sums,
) -> None:
    """Add a step after arrival: machines that stay, and those sold at its start."""
    choice, unit = cohort.choice, cohort.unit
    place, size = choice.site.id, choice.lot_units
    stay = model.moved_stay_lots[(*choice.key, since)]
    sell = model.moved_sell_lots[(*choice.key, since)]
    cohort.goes.append((since, sell))
    cohort.spells.append((since, until, stay))
    sums.operating_usd_m.add((place, since), unit.resale_usd_m[since] * size, sell)
    sold = asic_hashrate_eh_s(choice.model) * size  # type: ignore[arg-type]
    sums.sold_eh_s.add(since, sold, sell)
    if until == n_periods:
        sums.terminal_usd_m.add(place, unit.resale_usd_m[-1] * size, stay)
