# SPDX-License-Identifier: Apache-2.0
"""Break-evens: how far one price alone must move until another line earns most.

What does not belong here: the margins themselves (`optimizer.surfaces`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from optimizer.surfaces import (
    BTC_STEPS,
    NETWORK_STEPS,
    POWER_STEPS,
    RENT_STEPS,
    STEPS_PER_DOUBLING,
)

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray
    from optimizer.surfaces import SiteSurface

__all__ = ["AXIS_NAMES", "Turn", "axis_value", "best_today", "break_evens"]

AXIS_NAMES: Final = {
    "btc_price": "BTC price",
    "network": "network hashrate",
    "power_price": "power price",
    "gpu_rent": "GPU rent",
}
"""Names of the moving prices inside a sentence."""

_AXES: Final = (
    ("btc_price", BTC_STEPS, (1, 0, 0)),
    ("network", NETWORK_STEPS, (-1, 0, 0)),
    ("power_price", POWER_STEPS, (0, 1, 0)),
    ("gpu_rent", RENT_STEPS, (0, 0, 1)),
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where another line becomes the best when one price alone moves.

    Parameters
    ----------
    site : str
        Name of the site.
    axis : str
        Multiplier of `models.path_changes.MULTIPLIERS` that moves.
    from_line, to_line : str
        Best line today; the first other one on the way.
    factor : float
        Multiple of the base path at which they earn the same. [ratio]
    margin_usd_per_mwh : float
        What both earn there, at the site's hurdle. [USD/MWh]
    """

    site: str
    axis: str
    from_line: str
    to_line: str
    factor: float
    margin_usd_per_mwh: float


def best_today(surface: SiteSurface) -> tuple[str, float]:
    """Return the best line on the base path and its margin [USD/MWh]."""
    margins = surface.margins(0, 0, 0)
    best = int(margins.argmax())
    return surface.lines[best].line, float(margins[best])


def break_evens(surface: SiteSurface) -> tuple[Turn, ...]:
    """Return the nearest break-even of each price, down and up.

    Parameters
    ----------
    surface : SiteSurface
        Margins at a site.

    Returns
    -------
    tuple of Turn
        Those within the grid, by price; between two steps margins are taken to be
        straight in the log of the price.
    """
    found = []
    for axis, steps, directions in _AXES:
        for side in (-1, 1):
            last = steps[0] if side < 0 else steps[-1]
            walk = np.arange(0, last + side, side)
            margins = surface.margins(*(walk * way for way in directions))
            turn = _first_turn(surface, axis, walk, margins)
            if turn is not None:
                found.append(turn)
    return tuple(found)


def axis_value(surface: SiteSurface, axis: str, factor: float) -> tuple[float, str]:
    """Return a multiple of a price in its own unit, and the unit.

    Parameters
    ----------
    surface : SiteSurface
        Holds what the prices are today.
    axis : str
        Price that moves.
    factor : float
        Multiple of the base path. [ratio]
    """
    today = {
        "btc_price": (surface.btc_price_usd, "USD/BTC"),
        "network": (surface.network_eh_s, "EH/s"),
        "power_price": (surface.power_usd_per_mwh, "USD/MWh"),
        "gpu_rent": (1.0, "x today's rents"),
    }
    value, unit = today[axis]
    return value * factor, unit


def _first_turn(
    surface: SiteSurface, axis: str, walk: IntArray, margins: FloatArray
) -> Turn | None:
    best = margins.argmax(axis=0)
    changed = np.flatnonzero(best != best[0])
    if not len(changed):
        return None
    after = int(changed[0])
    old, new = int(best[0]), int(best[after])
    gap = margins[new] - margins[old]
    share = float(gap[after - 1] / (gap[after - 1] - gap[after]))
    step = walk[after - 1] + share * (walk[after] - walk[after - 1])
    own = margins[old, after - 1 : after + 1]
    return Turn(
        site=surface.name,
        axis=axis,
        from_line=surface.lines[old].line,
        to_line=surface.lines[new].line,
        factor=float(2.0 ** (step / STEPS_PER_DOUBLING)),
        margin_usd_per_mwh=float(own[0] + share * (own[1] - own[0])),
    )
