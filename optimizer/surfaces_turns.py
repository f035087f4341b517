# SPDX-License-Identifier: Apache-2.0
"""Break-evens: how far one price alone must move until another line earns most.

Beside that, until the best line begins or ceases to clear the site's hurdle rate.

What does not belong here: the margins themselves (`optimizer.surfaces`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

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

Kind: TypeAlias = Literal["best", "clears", "fails"]

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
    """Where something changes when one price alone moves.

    Parameters
    ----------
    site : str
        Name of the site.
    axis : str
        Multiplier of `models.path_changes.MULTIPLIERS` that moves.
    kind : {"best", "clears", "fails"}
        Another line becomes the best; the best line begins to clear the site's hurdle;
        it ceases to.
    line : str
        The line that does, on the far side.
    factor : float
        Multiple of the base path at which it happens. [ratio]
    margin_usd_per_mwh : float
        What the best line earns there over the hurdle. [USD/MWh]
    """

    site: str
    axis: str
    kind: Kind
    line: str
    factor: float
    margin_usd_per_mwh: float


def best_today(surface: SiteSurface) -> tuple[str, float]:
    """Return the best line on the base path and its margin [USD/MWh]."""
    margins = surface.margins(0, 0, 0)
    best = int(margins.argmax())
    return surface.lines[best].line, float(margins[best])


def break_evens(surface: SiteSurface) -> tuple[Turn, ...]:
    """Return the nearest break-evens of each price, down and up.

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
            for turn in (
                _overtaken(surface, axis, walk, margins),
                _hurdle(surface, axis, walk, margins),
            ):
                found += [] if turn is None else [turn]
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


def _overtaken(
    surface: SiteSurface, axis: str, walk: IntArray, margins: FloatArray
) -> Turn | None:
    """Return where another line becomes the best; None if none does."""
    best = margins.argmax(axis=0)
    changed = np.flatnonzero(best != best[0])
    if not len(changed):
        return None
    after = int(changed[0])
    old, new = int(best[0]), int(best[after])
    factor, margin = _crossing(margins[new] - margins[old], margins[old], walk, after)
    return Turn(surface.name, axis, "best", surface.lines[new].line, factor, margin)


def _hurdle(
    surface: SiteSurface, axis: str, walk: IntArray, margins: FloatArray
) -> Turn | None:
    """Return where the best line begins or ceases to clear the hurdle, or None."""
    top = margins.max(axis=0)
    changed = np.flatnonzero((top > 0.0) != (top[0] > 0.0))
    if not len(changed):
        return None
    after = int(changed[0])
    kind: Kind = "fails" if top[0] > 0.0 else "clears"
    there = after if kind == "clears" else after - 1
    line = surface.lines[int(margins[:, there].argmax())].line
    factor, _ = _crossing(top, top, walk, after)
    return Turn(surface.name, axis, kind, line, factor, 0.0)


def _crossing(
    gap: FloatArray, margin: FloatArray, walk: IntArray, after: int
) -> tuple[float, float]:
    """Return factor and margin where a gap is zero, just before a place."""
    before, behind = float(gap[after - 1]), float(gap[after])
    share = before / (before - behind) if before != behind else 0.0
    step = walk[after - 1] + share * (walk[after] - walk[after - 1])
    here, there = float(margin[after - 1]), float(margin[after])
    return float(2.0 ** (step / STEPS_PER_DOUBLING)), here + share * (there - here)
