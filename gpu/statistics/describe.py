# SPDX-License-Identifier: Apache-2.0
"""One block of scenarios described: sums in a fixed order and counts in bins.

This NumPy form is the definition; `gpu.statistics.describe_cpu` is the same compiled,
to the last bit. What does not belong here: what is kept over blocks
(`gpu.statistics.columns`, `gpu.statistics.month_tally`, `gpu.statistics.joint`), which
bins there are (`gpu.statistics.bins`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics.counter import BlockMoments, Counter, MonthCells, Windows

if TYPE_CHECKING:
    from gpu.statistics.bins import BitBins
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = [
    "LANES",
    "MAX_WEIGHT",
    "NUMPY",
    "WEIGHT_BITS",
    "NumpyCounter",
    "lane_sum",
    "weight_units",
    "weighted_parts",
]

LANES: Final = 64
"""Partial sums of a block, added up as a tree at its end."""


class NumpyCounter(Counter):
    """The definition, on NumPy."""

    def _moments(self, values: FloatArray, units: IntArray | None) -> BlockMoments:
        """Return the moments of one column."""
        known = ~np.isnan(values)
        count = int(np.count_nonzero(known))
        if not count:
            return BlockMoments(0, 0, 0.0, 0.0, math.inf, -math.inf, 0.0)
        start = values[int(known.argmax())]
        gaps = np.where(known, values - start, 0.0)
        total, square_units = count, float(count)
        if units is not None:
            weight = np.where(known, units, 0).astype(np.float64)
            total = int(np.where(known, units, 0).sum())
            square_units = lane_sum(weight * weight)
            gaps = gaps * weight
        mean = float(start + lane_sum(gaps) / max(total, 1))
        spread = np.where(known, values - mean, 0.0)
        spread = spread * spread
        if units is not None:
            spread = spread * weight
        return BlockMoments(
            count=count,
            units=total,
            mean=mean,
            squares=lane_sum(spread),
            # A zero has no sign here.
            low=float(np.nanmin(values)) + 0.0,
            high=float(np.nanmax(values)) + 0.0,
            square_units=square_units,
        )

    def moments_of_all(
        self, columns: FloatArray, units: IntArray | None
    ) -> list[BlockMoments]:
        """Return the moments of several columns, see `Counter`."""
        return [self._moments(values, units) for values in columns]

    def count_all(
        self,
        columns: FloatArray,
        units: IntArray | None,
        windows: Windows,
        cells: IntArray,
    ) -> None:
        """Add several columns to counts, see `Counter`."""
        places = zip(windows.bins, windows.firsts, windows.starts, strict=True)
        for values, (bins, first, start) in zip(columns, places, strict=True):
            self._count(values, units, bins, first, cells[start:])

    def _count(
        self,
        values: FloatArray,
        units: IntArray | None,
        bins: BitBins,
        first: int,
        cells: IntArray,
    ) -> None:
        """Add one column to counts."""
        known = ~np.isnan(values)
        seen = values[known]
        places, parts = bins.places(seen) - first, bins.remainders(seen)
        if units is None:
            ones = np.ones(len(seen), dtype=np.int64)
        else:
            ones = units[known]
            parts = weighted_parts(parts, ones)
        np.add.at(cells[:, 0], places, ones)
        np.add.at(cells[:, 1], places, parts)

    def count_months(
        self, values: FloatArray, units: IntArray | None, months: MonthCells
    ) -> None:
        """Add outcomes by month to counts, see `Counter`."""
        months.low[:] = values.min(axis=0) + 0.0
        months.high[:] = values.max(axis=0) + 0.0
        n_bins = months.cells.shape[1]
        is_inside = months.bins.places(months.low) >= months.first
        is_inside &= months.bins.places(months.high) < months.first + n_bins
        is_inside &= ~np.isnan(months.low)
        chosen = np.flatnonzero(is_inside & ~months.is_counted)
        months.is_counted[chosen] = True
        if not len(chosen):
            return
        inside = values if len(chosen) == len(months.low) else values[:, chosen]
        places = months.bins.places(inside)
        places += n_bins * np.arange(len(chosen)) - months.first
        found = np.zeros(len(chosen) * n_bins, dtype=np.int64)
        if units is None:
            found += np.bincount(places.ravel(), minlength=len(found))
        else:
            each = np.broadcast_to(units[:, None], places.shape)
            np.add.at(found, places.ravel(), each.ravel())
        months.cells[chosen] += found.reshape(-1, n_bins).astype(months.cells.dtype)

    def flag_months(
        self, flags: BoolArray, units: IntArray | None
    ) -> tuple[IntArray, IntArray]:
        """Return how often a flag is up by month, see `Counter`."""
        if not flags.any():
            none = np.zeros(flags.shape[1], dtype=np.int64)
            return none, none.copy()
        reached = np.logical_or.accumulate(flags, axis=1)
        if units is None:
            return flags.sum(axis=0), reached.sum(axis=0)
        return units @ flags, units @ reached

    def count_pair(
        self,
        x: FloatArray,
        y: FloatArray,
        units: IntArray | None,
        bins: tuple[BitBins, BitBins],
        cells: IntArray,
    ) -> int:
        """Add pairs of outcomes to counts, see `Counter`."""
        known = ~(np.isnan(x) | np.isnan(y))
        rows = bins[0].places(x[known]) + bins[0].side
        places = rows * cells.shape[1] + bins[1].places(y[known]) + bins[1].side
        ones = np.ones(len(x), dtype=np.int64) if units is None else units
        np.add.at(cells.reshape(-1), places, ones[known])
        return int(ones[~known].sum())


NUMPY: Final = NumpyCounter()


def lane_sum(values: FloatArray) -> float:
    """Return a sum in the fixed order of a block.

    Lane j adds values j, j + 64, j + 128, ... one after the other; then the upper half
    of the lanes is added to the lower until one is left.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers. [any]
    """
    n_rows = -(-len(values) // LANES)
    padded = np.zeros(n_rows * LANES)
    padded[: len(values)] = values
    lanes: FloatArray = np.add.reduce(padded.reshape(n_rows, LANES), axis=0) + 0.0
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = lanes[:half] + lanes[half:]
    return float(lanes[0])


def weighted_parts(parts: IntArray, units: IntArray) -> IntArray:
    """Return remainders times weights, in units of weight; shape (n,) kept."""
    return (parts * units) >> WEIGHT_BITS


WEIGHT_BITS: Final = 22
"""A unit of weight is 2**-22: weights add up exactly, up to 2**41 in all."""
MAX_WEIGHT: Final = 4096.0


def weight_units(weights: FloatArray) -> IntArray:
    """Return weights as whole numbers of units.

    Parameters
    ----------
    weights : ndarray of shape (n,)
        Likelihood ratios, about 1 on average, 0 to 4,096. [ratio]

    Raises
    ------
    ValueError
        If a weight is out of range or not a number.
    """
    fits = (weights >= 0.0) & (weights <= MAX_WEIGHT)
    if not fits.all():
        msg = f"weights must be 0 to {MAX_WEIGHT:.0f}: {weights[~fits][0]} is not"
        raise ValueError(msg)
    return np.rint(weights * 2.0**WEIGHT_BITS).astype(np.int64)
