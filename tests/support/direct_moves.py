# SPDX-License-Identifier: Apache-2.0
"""Moves of bought machines as arrays; see `direct_build`."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from models.fleet import TRANSIT_MONTHS
from optimizer.milp.moved import arrivals_of, move_usd_m, moves_that_may_pay

if TYPE_CHECKING:
    from direct_machines import Machines

    from optimizer.milp.candidates import OrderChoice
    from optimizer.milp.fleet import UnitSeries


@dataclass
class Bought:
    """Machines of one order month at a site: columns that come, go and stand."""

    pick: OrderChoice
    unit: UnitSeries
    kept: int
    """Row that holds the lots ordered."""
    comes: list[tuple[int, int]]
    goes: list[tuple[int, int]] = field(default_factory=list)
    spells: list[tuple[int, int, int]] = field(default_factory=list)


def add_moves(build: Machines, bought: dict[tuple, Bought]) -> None:
    """Add columns of machines that move, and the rows of those that came."""
    p, n = build.program, build.n
    price = build.paths.btc_price_usd[0] / 1e6
    units = {key: group.unit for key, group in bought.items()}
    earned = {k: u.mined_btc * price + u.operating_usd_m for k, u in units.items()}
    resale = {k: u.resale_usd_m for k, u in units.items()}
    moves = moves_that_may_pay(build.study, build.picks, earned, resale)
    for key, group in arrivals_of(moves).items():
        here, size = bought[key], group.choice.lot_units
        place, unit = group.choice.site.id, here.unit
        row_operating, row_mined = build.row_operating[place], build.row_mined[place]
        ends = dict(pairwise([*group.starts, n]))
        stood: list[int] = []
        for start in group.starts:
            columns = []
            if stood:
                stay, sell = p.column(), p.column()
                terms = [(stay, 1.0), (sell, 1.0), *((c, -1.0) for c in stood)]
                p.row(0.0, 0.0, *terms)
                build.sell(group.choice, unit.resale_usd_m, start, sell)
                here.goes.append((start, sell))
                columns.append(stay)
            for move in group.moves.get(start, ()):
                column = p.column()
                left = bought[move.order.key]
                p.single.append((left.kept, column, 1.0))
                left.goes.append((start, column))
                left.spells.append((left.pick.live, start, column))
                here.comes.append((start, column))
                lost = slice(start, start + TRANSIT_MONTHS)
                flow = -unit.operating_usd_m[lost] * size
                flow -= np.eye(1, len(flow))[0] * move_usd_m(build.study, move) * size
                p.fill(row_operating + start, column, flow)
                p.fill(row_mined + start, column, -unit.mined_btc[lost] * size)
                columns.append(column)
            here.spells += [(start, ends[start], column) for column in columns]
            if ends[start] == n:
                worth = unit.resale_usd_m[-1] * size
                build.ends[place] += [(column, worth) for column in columns]
            stood = columns
