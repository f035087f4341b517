# SPDX-License-Identifier: Apache-2.0
"""`gpu.statistics.describe` compiled: the same counts and sums, to the last bit.

It stands behind the compiled CPU engine, so that nothing else loads Numba; it releases
the interpreter lock. What does not belong here: any definition
(`gpu.statistics.describe`), the loops (`gpu.statistics.describe_loops`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.statistics import describe_loops as loops
from gpu.statistics.bins import REMAINDER_BITS
from gpu.statistics.describe import WEIGHT_BITS, BlockMoments, Windows

if TYPE_CHECKING:
    from gpu.statistics.bins import BitBins
    from gpu.statistics.describe import MonthCells
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = ["CPU", "CpuCounter"]

_NO_UNITS: Final = np.zeros(0, dtype=np.int64)


class CpuCounter:
    """Counts blocks by compiled loops; see `gpu.statistics.describe.NumpyCounter`."""

    def moments(self, values: FloatArray, units: IntArray | None) -> BlockMoments:
        """Return the moments of outcomes.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        """
        return self.moments_of_all(values[None], units)[0]

    def moments_of_all(
        self, columns: FloatArray, units: IntArray | None
    ) -> list[BlockMoments]:
        """Return the moments of several columns.

        Parameters
        ----------
        columns : ndarray of shape (n_columns, n)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        """
        n_columns, n = columns.shape
        found, whole = np.empty((n_columns, 5)), np.empty((n_columns, 2), np.int64)
        flat, work = np.ascontiguousarray(columns).reshape(-1), np.empty(loops.WORK)
        loops.moments(
            flat, n, _given(units), work, found.reshape(-1), whole.reshape(-1)
        )
        return [
            BlockMoments(count, total, mean, squares, low + 0.0, high + 0.0, weights)
            for (count, total), (mean, squares, low, high, weights) in zip(
                whole.tolist(), found.tolist(), strict=True
            )
        ]

    def count(
        self,
        values: FloatArray,
        units: IntArray | None,
        bins: BitBins,
        first: int,
        cells: IntArray,
    ) -> None:
        """Add outcomes to counts.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        bins : BitBins
            Bins.
        first : int
            Bin of the first cell. [unitless]
        cells : ndarray of int of shape (n_bins, 2)
            Counts, or weights in units, and sums of remainders, added to. [unitless]
        """
        self.count_all(values[None], units, Windows((bins,), (first,), (0,)), cells)

    def count_all(
        self,
        columns: FloatArray,
        units: IntArray | None,
        windows: Windows,
        cells: IntArray,
    ) -> None:
        """Add several columns to counts.

        Parameters
        ----------
        columns : ndarray of shape (n_columns, n)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        windows : Windows
            Where the cells of each column lie.
        cells : ndarray of int of shape (n_cells, 2)
            Counts, or weights in units, and sums of remainders, added to. [unitless]
        """
        loops.count(
            np.ascontiguousarray(columns).reshape(-1).view(np.int64),
            columns.shape[1],
            _given(units),
            windows.numbers,
            REMAINDER_BITS,
            WEIGHT_BITS,
            cells.reshape(-1),
        )

    def count_months(
        self, values: FloatArray, units: IntArray | None, months: MonthCells
    ) -> None:
        """Add outcomes by month to counts.

        Parameters
        ----------
        values : ndarray of shape (n, n_periods)
            Outcomes, none of them NaN; quickest with the periods of a scenario far
            apart in memory. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        months : MonthCells
            Added to, see `gpu.statistics.describe.NumpyCounter.count_months`.
        """
        flat = np.ascontiguousarray(values.T).reshape(-1)
        loops.count_months(
            flat,
            flat.view(np.int64),
            _given(units),
            months.bins.shift,
            months.bins.base_key,
            months.bins.side,
            months.first,
            months.cells.reshape(-1),
            months.low,
            months.high,
            months.is_counted.view(np.uint8),
            np.empty(len(values), dtype=np.int16),
            np.empty(loops.WORK),
        )

    def flag_months(
        self, flags: BoolArray, units: IntArray | None
    ) -> tuple[IntArray, IntArray]:
        """Return how often a flag is up by month.

        Parameters
        ----------
        flags : ndarray of bool of shape (n, n_periods)
            Flag of each scenario. [flag]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]

        Returns
        -------
        tuple of ndarray of int of shape (n_periods,)
            See `gpu.statistics.describe.NumpyCounter.flag_months`. [unitless]
        """
        n_rows, n_periods = flags.shape
        in_month = np.zeros(n_periods, dtype=np.int64)
        by_month = np.zeros(n_periods, dtype=np.int64)
        flat = np.ascontiguousarray(flags.T).reshape(-1).view(np.uint8)
        has_been = np.zeros(n_rows, dtype=np.uint8)
        loops.flag_months(flat, _given(units), has_been, in_month, by_month)
        return in_month, by_month

    def count_pair(
        self,
        x: FloatArray,
        y: FloatArray,
        units: IntArray | None,
        bins: tuple[BitBins, BitBins],
        cells: IntArray,
    ) -> int:
        """Add pairs of outcomes to counts.

        Parameters
        ----------
        x, y : ndarray of shape (n,)
            Outcomes; a pair with NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        bins : tuple of BitBins
            Bins of either outcome.
        cells : ndarray of int of shape (n_x_bins, n_y_bins)
            Counts, or weights in units, of all bins, added to. [unitless]

        Returns
        -------
        int
            Pairs passed over, or their weights in units. [unitless]
        """
        numbers = [(one.shift, one.base_key, one.side) for one in bins]
        return int(
            loops.count_pair(
                np.ascontiguousarray(x).view(np.int64),
                np.ascontiguousarray(y).view(np.int64),
                _given(units),
                *numbers[0],
                *numbers[1],
                cells.reshape(-1),
            )
        )


CPU: Final = CpuCounter()


def _given(units: IntArray | None) -> IntArray:
    return _NO_UNITS if units is None else units
