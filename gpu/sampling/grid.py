# SPDX-License-Identifier: Apache-2.0
"""Grids: every combination of chosen multipliers of the base path.

Written as ``"btc_price=0.5:1.5:11, power_price=0.8:1.2:5"``, each axis being
``name=low:high:count``, both ends included. What does not belong here: what a
multiplier does (`models.path_changes`).
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.backend import free_memory_bytes
from models.errors import ConfigError, Fault
from models.path_changes import MULTIPLIERS, MUST_BE_POSITIVE

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = ["MAX_POINTS", "ROW_BYTES", "Grid", "GridAxis", "parse_grid"]

MAX_POINTS: Final = 2_000_000
"""Most points of a grid that is scored unasked; its rows are kept in memory."""

FILE: Final = "--grid"
EXAMPLE: Final = "btc_price=0.5:1.5:11, power_price=0.8:1.2:5"
MAX_COUNT: Final = 10**9
MAX_FACTOR: Final = 1000.0
ROW_BYTES: Final = 350
"""About 40 columns of a scenario or grid point. [B]"""
# For the statement of time only; the measured speed is in the results.
POINTS_PER_SECOND: Final = 5000.0
SNAP: Final = 1e-12


@dataclass(frozen=True, slots=True)
class GridAxis:
    """One multiplier and the values it takes.

    Parameters
    ----------
    name : str
        Name of `models.path_changes.MULTIPLIERS`.
    low, high : float
        First and last value, both included. [ratio]
    count : int
        Number of values. [unitless]
    """

    name: str
    low: float
    high: float
    count: int

    @property
    def values(self) -> FloatArray:
        """Evenly spaced values, shape (count,); one that rounds to 1 is 1 [ratio]."""
        values = np.linspace(self.low, self.high, self.count)
        return np.where(np.abs(values - 1.0) < SNAP, 1.0, values)


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination of the values of its axes, the last axis fastest.

    Parameters
    ----------
    axes : tuple of GridAxis
        At least one, each name once.
    """

    axes: tuple[GridAxis, ...]

    @property
    def n_points(self) -> int:
        """Number of combinations."""
        return math.prod(axis.count for axis in self.axes)

    @property
    def text(self) -> str:
        """The grid as `parse_grid` reads it, every digit of the ends included."""
        return ", ".join(
            f"{axis.name}={float(axis.low)}:{float(axis.high)}:{axis.count}"
            for axis in self.axes
        )

    def multipliers(self, point_ids: IntArray) -> dict[str, FloatArray]:
        """Return the multipliers of some points.

        Parameters
        ----------
        point_ids : ndarray of int of shape (n,)
            0 to `n_points` - 1. [unitless]

        Returns
        -------
        dict of str to ndarray of shape (n,)
            Value of each axis, by name. [ratio]
        """
        places = np.unravel_index(point_ids, [axis.count for axis in self.axes])
        return {
            axis.name: axis.values[place]
            for axis, place in zip(self.axes, places, strict=True)
        }


def parse_grid(text: str, *, is_confirmed: bool = False) -> Grid:
    """Return the grid that a text describes.

    Parameters
    ----------
    text : str
        ``name=low:high:count`` parts with commas between them.
    is_confirmed : bool
        Whether more than `MAX_POINTS` points have been agreed to.

    Returns
    -------
    Grid
        One whose rows fit half of the free memory.

    Raises
    ------
    ConfigError
        With every fault of the text.
    """
    faults: list[Fault] = []
    axes: list[GridAxis] = []
    for part in text.split(","):
        axis = _parse_axis(part.strip(), faults)
        if axis is not None:
            if axis.name in {earlier.name for earlier in axes}:
                faults.append(
                    _fault(axis.name, "", "stands twice.", "Give each name once.")
                )
            axes.append(axis)
    if not faults:
        grid = Grid(tuple(axes))
        room_bytes = int(0.5 * free_memory_bytes())
        fits = grid.n_points * ROW_BYTES <= room_bytes
        if fits and (is_confirmed or grid.n_points <= MAX_POINTS):
            return grid
        faults.append(_too_large(grid, room_bytes))
    raise ConfigError(faults)


def _parse_axis(part: str, faults: list[Fault]) -> GridAxis | None:
    """Return one axis; add what is wrong with it to the faults and return None."""
    n_before = len(faults)
    name, equals, numbers = (piece.strip() for piece in part.partition("="))
    fields = [piece.strip() for piece in numbers.split(":")]
    if not equals or len(fields) != 3:
        faults.append(
            _fault("", part, "must be name=low:high:count.", f"Example: {EXAMPLE}.")
        )
        return None
    if name not in MULTIPLIERS:
        near = difflib.get_close_matches(name, MULTIPLIERS, n=1)
        action = f"Did you mean {near[0]}?" if near else "Choose one of them."
        allowed = f"must be one of {', '.join(MULTIPLIERS)}."
        faults.append(_fault("name", name, allowed, action))
    low = _number(name, "low", fields[0], faults)
    high = _number(name, "high", fields[1], faults)
    count = _count(name, fields[2], faults)
    if low > high:
        faults.append(
            _fault(f"{name}.low", fields[0], f"must be <= high {high:g}.", "Swap.")
        )
    elif len(faults) == n_before and (count == 1) != (low == high):
        faults.append(
            _fault(
                f"{name}.count",
                fields[2],
                f"does not fit {low:g} to {high:g}.",
                "Give 1 value if low is high, else at least 2.",
            )
        )
    is_good = len(faults) == n_before
    return GridAxis(name, low, high, count) if is_good else None


def _number(name: str, side: str, text: str, faults: list[Fault]) -> float:
    """Return a factor; a fault if it is none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    above = value > 0.0 if name in MUST_BE_POSITIVE else value >= 0.0
    if not (above and value <= MAX_FACTOR):
        least = "above 0" if name in MUST_BE_POSITIVE else "at least 0"
        faults.append(
            _fault(
                f"{name}.{side}",
                text,
                f"must be a number {least} and at most {MAX_FACTOR:g}.",
                "Give a multiple of the base path: 0.5 is half of it.",
            )
        )
    return value


def _count(name: str, text: str, faults: list[Fault]) -> int:
    """Return a number of values; a fault if it is none."""
    value = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    if not 1 <= value <= MAX_COUNT:
        faults.append(
            _fault(
                f"{name}.count",
                text,
                f"must be a whole number from 1 to {MAX_COUNT:,}.",
                "Give how many values the axis takes, both ends included.",
            )
        )
    return value


def _too_large(grid: Grid, room_bytes: int) -> Fault:
    n_points = grid.n_points
    gigabytes = n_points * ROW_BYTES / 1e9
    hours = n_points / POINTS_PER_SECOND / 3600.0
    sizes = " x ".join(f"{axis.count:,}" for axis in grid.axes)
    said = (
        f"would need about {gigabytes:,.1f} GB of memory, as much on the disk and "
        f"{hours:,.1f} hours at {POINTS_PER_SECOND:,.0f} points/s"
    )
    if n_points * ROW_BYTES > room_bytes:
        limit = f"here {room_bytes // ROW_BYTES:,} points at most fit."
        action = "Use fewer values or fewer axes."
    else:
        limit = f"more than {MAX_POINTS:,} points are scored only when asked twice."
        action = "Use fewer values or axes, or go ahead with --yes."
    return _fault("", f"{sizes} = {n_points:,} points", f"{said}; {limit}", action)


def _fault(field: str, value: str, allowed: str, action: str) -> Fault:
    return Fault(FILE, field, value, allowed, action)
