# SPDX-License-Identifier: Apache-2.0
"""`gpu.statistics.describe` on a device: the same counts and sums, to the last bit.

Outcomes stay where they are; what comes back is what is known of whole blocks. Whole
numbers add up exactly in any order, which is all that a device's own sums are used for;
sums of outcomes are added step by step in the fixed order of a block. What does not
belong here: any definition (`gpu.statistics.describe`), what is kept
(`gpu.statistics.device_tally`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.statistics.bins import REMAINDER_BITS
from gpu.statistics.counter import BlockMoments, Counter, Windows
from gpu.statistics.describe import WEIGHT_BITS
from gpu.statistics.device_blocks import (
    block_moments,
    in_blocks,
    lane_sums,
    places_of,
    sums_by_place,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.backend import ArrayModule
    from gpu.statistics.bins import BitBins
    from gpu.statistics.counter import MonthCells
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = ["DeviceCounter"]


class DeviceCounter(Counter):
    """Counts blocks on the device that they lie on, as `NumpyCounter` does.

    Outcomes, flags and weights are arrays of the module; cells, extremes and whatever
    is returned lie on the host.

    Parameters
    ----------
    xp : module
        The array module, CuPy.
    """

    def __init__(self, xp: ArrayModule) -> None:
        self._xp: Any = xp

    def moments_of_all(
        self, columns: FloatArray, units: IntArray | None
    ) -> list[BlockMoments]:
        """Return the moments of several columns, see `Counter`."""
        found = self.moments_by_block(columns, units, columns.shape[1])
        return [own[0] for own in found]

    def moments_by_block(
        self, columns: FloatArray, units: IntArray | None, block_rows: int
    ) -> list[list[BlockMoments]]:
        """Return the moments of several columns, block by block.

        Parameters
        ----------
        columns : ndarray of shape (n_columns, n)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        block_rows : int
            Length of a block; a multiple of 64 where there are several.
            [unitless]

        Returns
        -------
        list of list of BlockMoments
            By column the moments of each block, the last one maybe shorter.
        """
        blocks = in_blocks(columns, block_rows, math.nan)
        known = blocks == blocks
        count = known.sum(axis=-1)
        start = np.take_along_axis(blocks, known.argmax(axis=-1)[..., None], axis=-1)
        gaps = np.where(known, blocks - start, 0.0)
        total, square_units, weight = count, count.astype(np.float64), None
        if units is not None:
            inside = np.where(known, in_blocks(units[None], block_rows, 0), 0)
            total, weight = inside.sum(axis=-1), inside.astype(np.float64)
            square_units = lane_sums(weight * weight)
            gaps = gaps * weight
        mean = start[..., 0] + lane_sums(gaps) / np.maximum(total, 1)
        spread = np.where(known, blocks - mean[..., None], 0.0)
        spread = spread * spread
        if weight is not None:
            spread = spread * weight
        # A zero has no sign here.
        low = np.where(known, blocks, math.inf).min(axis=-1) + 0.0
        high = np.where(known, blocks, -math.inf).max(axis=-1) + 0.0
        floats = [mean, lane_sums(spread), low, high, square_units]
        return block_moments(
            self._here(np.stack([count, total])), self._here(np.stack(floats))
        )

    def count_all(
        self,
        columns: FloatArray,
        units: IntArray | None,
        windows: Windows,
        cells: IntArray,
    ) -> None:
        """Add several columns to counts, see `Counter`."""
        numbers = self._xp.asarray(windows.numbers.reshape(-1, 4).T.copy())
        shift, base_key, side, zero = (numbers[k][:, None] for k in range(4))
        size = np.abs(columns).view(np.int64)
        parts = (size >> (shift - REMAINDER_BITS)) & ((1 << REMAINDER_BITS) - 1)
        parts = np.where(size >> shift < base_key, 0, parts)
        places = places_of(columns, shift, base_key, side) + zero
        places = np.where(np.isnan(columns), len(cells), places).reshape(-1)
        ones = None
        if units is not None:
            parts = (parts * units) >> WEIGHT_BITS
            ones = np.broadcast_to(units, columns.shape).reshape(-1)
        for kind, summed in enumerate((ones, parts.reshape(-1))):
            filled, sums = self._filled(places, summed, len(cells) + 1)
            is_known = filled < len(cells)
            cells[filled[is_known], kind] += sums[is_known]

    def count_months(
        self, values: FloatArray, units: IntArray | None, months: MonthCells
    ) -> None:
        """Add outcomes by month to counts, see `Counter`."""
        across, bins = values.T, months.bins
        months.low[:] = self._here(across.min(axis=1)) + 0.0
        months.high[:] = self._here(across.max(axis=1)) + 0.0
        n_bins = months.cells.shape[1]
        is_inside = bins.places(months.low) >= months.first
        is_inside &= bins.places(months.high) < months.first + n_bins
        is_inside &= ~np.isnan(months.low)
        chosen = np.flatnonzero(is_inside & ~months.is_counted)
        months.is_counted[chosen] = True
        if not len(chosen):
            return
        if len(chosen) < len(months.low):
            across = across[self._xp.asarray(chosen)]
        places = places_of(across, bins.shift, bins.base_key, bins.side)
        offsets = n_bins * np.arange(len(chosen)) - months.first
        places += self._xp.asarray(offsets)[:, None]
        ones = None if units is None else np.broadcast_to(units, places.shape)
        filled, sums = self._filled(
            places.reshape(-1),
            None if ones is None else ones.reshape(-1),
            len(chosen) * n_bins,
        )
        row, column = np.divmod(filled, n_bins)
        months.cells[chosen[row], column] += sums.astype(months.cells.dtype)

    def flag_months(
        self, flags: BoolArray, units: IntArray | None
    ) -> tuple[IntArray, IntArray]:
        """Return how often a flag is up by month, see `Counter`."""
        in_month, by_month = self.flags_by_block(flags, units, len(flags))
        return in_month, by_month[0]

    def flags_by_block(
        self, flags: BoolArray, units: IntArray | None, block_rows: int
    ) -> tuple[IntArray, IntArray]:
        """Return how often a flag is up by month, and has been up block by block.

        Parameters
        ----------
        flags : ndarray of bool of shape (n, n_periods)
            Flag of each scenario. [flag]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        block_rows : int
            Length of a block. [unitless]

        Returns
        -------
        tuple of ndarray of int of shape (n_periods,) and (n_blocks, n_periods)
            Scenarios, or weights in units, in which it is up in a month, and of each
            block those in which it has been up by that month's end. [unitless]
        """
        n_rows, n_periods = flags.shape
        across = flags.T
        weighed = across if units is None else np.where(across, units, 0)
        in_month = self._here(weighed.sum(axis=1))
        # What has been up by a month came up first in it or before.
        first = np.where(across.any(axis=0), across.argmax(axis=0), n_periods)
        width = n_periods + 1
        places = first + self._xp.arange(n_rows) // block_rows * width
        n_blocks = -(-n_rows // block_rows)
        came = self._sums(places, units, n_blocks * width).reshape(n_blocks, width)
        return in_month, np.cumsum(came[:, :-1], axis=1)

    def count_pair(
        self,
        x: FloatArray,
        y: FloatArray,
        units: IntArray | None,
        bins: tuple[BitBins, BitBins],
        cells: IntArray,
    ) -> int:
        """Add pairs of outcomes to counts, see `Counter`."""
        row, column = (
            places_of(v, one.shift, one.base_key, one.side) + one.side
            for v, one in zip((x, y), bins, strict=True)
        )
        places = row * cells.shape[1] + column
        places = np.where(np.isnan(x) | np.isnan(y), cells.size, places)
        filled, sums = self._filled(places, units, cells.size + 1)
        is_known = filled < cells.size
        cells.reshape(-1)[filled[is_known]] += sums[is_known]
        return int(sums[~is_known].sum())

    def counted(self, values: NDArray[Any], units: IntArray | None) -> IntArray:
        """Return how often whole numbers >= 0 occur.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Whole numbers; NaN is passed over. [unitless]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]

        Returns
        -------
        ndarray of int of shape (largest + 1,)
            Counts, or weights in units. [unitless]
        """
        numbers = values.astype(np.float64)
        places = np.where(np.isnan(numbers), -1.0, numbers).astype(np.int64) + 1
        return self._sums(places, units, 1)[1:]

    def totals(self, flags: list[BoolArray], units: IntArray | None) -> list[int]:
        """Return in how many scenarios flags are up, or what those weigh in units.

        Parameters
        ----------
        flags : list of ndarray of bool of shape (n,)
            Flags. [flag]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        """
        weighed: Any = np.stack(flags)
        if units is not None:
            weighed = np.where(weighed, units, 0)
        totals: list[int] = self._here(weighed.sum(axis=1)).tolist()
        return totals

    def _sums(self, places: IntArray, ones: IntArray | None, n_cells: int) -> IntArray:
        """Return sums of whole numbers >= 0 by place, or counts, (n_cells,)."""
        return self._here(sums_by_place(places, ones, n_cells))

    def _filled(
        self, places: IntArray, ones: IntArray | None, n_cells: int
    ) -> tuple[IntArray, IntArray]:
        """Return the places whose sum is not zero, and these sums: few of many come."""
        sums = sums_by_place(places, ones, n_cells)
        filled = np.flatnonzero(sums)
        found = sums[filled] if ones is not None else sums[filled].astype(np.int32)
        places_here = self._here(filled.astype(np.int32)).astype(np.int64)
        return places_here, self._here(found).astype(np.int64)

    def _here(self, array: Any) -> NDArray[Any]:
        """Return an array as one on the host."""
        found: NDArray[Any] = self._xp.asnumpy(array)
        return found
