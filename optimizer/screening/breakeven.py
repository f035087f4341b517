# SPDX-License-Identifier: Apache-2.0
"""Break-evens: the BTC price, power price or GPU rent at which a project is worth zero.

The whole path is multiplied, nothing else answers (`models.path_changes`), and NPV at
the hurdle is looked at on a ladder of multipliers; of several crossings the one nearest
to the base path is refined. Only crossings beyond which a kinder price helps count: a
project that gains from dear power, because dear power ends what it displaces, has no
break-even in it. What does not belong here: which prices are likely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.path_changes import repeated, scaled
from optimizer.screening.horizon import joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import BoolArray, FloatArray
    from models.paths import MarketPaths
    from models.study import Study

__all__ = ["DRIVERS", "KIND_ABOVE", "LADDER", "break_evens", "ladder_paths"]

KIND_ABOVE: Final = {"btc_price": True, "power_price": False, "gpu_rent": True}
"""Multipliers searched, one at a time, and whether more of it is kinder."""

DRIVERS: Final = tuple(KIND_ABOVE)

LADDER: Final[FloatArray] = np.geomspace(0.1, 10.0, 41)
"""Multipliers looked at first; a crossing outside them is none. [ratio]"""

_INSIDE: Final = 9
_ROUNDS: Final = 2


def ladder_paths(study: Study, base: MarketPaths) -> MarketPaths:
    """Return the base path on every rung, driver after driver.

    Parameters
    ----------
    study : Study
        Study of the paths.
    base : MarketPaths
        Base path, one scenario. [mixed]

    Returns
    -------
    MarketPaths
        ``len(DRIVERS) x len(LADDER)`` scenarios.
    """
    return _scaled_paths(study, base, dict.fromkeys(DRIVERS, LADDER))


def break_evens(
    study: Study,
    base: MarketPaths,
    npv_on_ladder_usd: FloatArray,
    npv_of: Callable[[MarketPaths], FloatArray],
) -> dict[str, float | None]:
    """Return the break-even of each driver; None where there is none on the ladder.

    Parameters
    ----------
    study : Study
        Study of the paths.
    base : MarketPaths
        Base path, one scenario. [mixed]
    npv_on_ladder_usd : ndarray of shape (n_drivers * n_rungs,)
        NPV on `ladder_paths`. [USD]
    npv_of : callable
        NPV of further paths, shape (n_scenarios,). [USD]

    Returns
    -------
    dict of str to float or None
        Multiplier by driver, exact to about one part in a million. [ratio]
    """
    by_driver = npv_on_ladder_usd.reshape(len(DRIVERS), len(LADDER))
    brackets: dict[str, tuple[FloatArray, FloatArray]] = {}
    for driver, value in zip(DRIVERS, by_driver, strict=True):
        place = _nearest_crossing(value, is_up=KIND_ABOVE[driver])
        if place is not None:
            brackets[driver] = (LADDER[place : place + 2], value[place : place + 2])
    for _ in range(_ROUNDS if brackets else 0):
        rungs = {
            driver: np.geomspace(ends[0], ends[1], _INSIDE + 2)[1:-1]
            for driver, (ends, _) in brackets.items()
        }
        inside = npv_of(_scaled_paths(study, base, rungs)).reshape(-1, _INSIDE)
        for driver, values in zip(list(brackets), inside, strict=True):
            ends, outer = brackets[driver]
            all_rungs = np.concatenate([ends[:1], rungs[driver], ends[1:]])
            all_values = np.concatenate([outer[:1], values, outer[1:]])
            place = int((_is_up(all_values)[1:] != _is_up(all_values)[:-1]).argmax())
            brackets[driver] = (
                all_rungs[place : place + 2],
                all_values[place : place + 2],
            )
    return {
        driver: _interpolated(*brackets[driver]) if driver in brackets else None
        for driver in DRIVERS
    }


def _scaled_paths(
    study: Study, base: MarketPaths, rungs: dict[str, FloatArray]
) -> MarketPaths:
    return joined(
        [
            scaled(study, repeated(base, len(factors)), {driver: factors})
            for driver, factors in rungs.items()
        ]
    )


def _is_up(values: FloatArray) -> BoolArray:
    return values >= 0.0


def _nearest_crossing(values: FloatArray, *, is_up: bool) -> int | None:
    """Return the rung before the crossing nearest to the base path."""
    above = _is_up(values)
    crosses = above[1:] & ~above[:-1] if is_up else above[:-1] & ~above[1:]
    crossings = np.flatnonzero(crosses)
    if not len(crossings):
        return None
    middle = np.log(LADDER[crossings] * LADDER[crossings + 1])
    return int(crossings[np.abs(middle).argmin()])


def _interpolated(ends: FloatArray, values: FloatArray) -> float:
    low, high = float(values[0]), float(values[1])
    share = low / (low - high)
    return float(ends[0] + share * (ends[1] - ends[0]))
