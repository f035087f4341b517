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
from gpu.statistics.counter import BlockMoments, Counter, Windows
from gpu.statistics.describe import WEIGHT_BITS

if TYPE_CHECKING:
    from gpu.statistics.bins import BitBins
    from gpu.statistics.counter import MonthCells
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = ["CPU", "CpuCounter"]

_NO_UNITS: Final = np.zeros(0, dtype=np.int64)


class CpuCounter(Counter):
    """Counts blocks by compiled loops; see `gpu.statistics.describe.NumpyCounter`."""

    def moments_of_all(
        self, columns: FloatArray, units: IntArray | None
    ) -> list[BlockMoments]:
        """Return the moments of several columns, see `Counter`."""
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

    def count_all(
        self,
        columns: FloatArray,
        units: IntArray | None,
        windows: Windows,
        cells: IntArray,
    ) -> None:
        """Add several columns to counts, see `Counter`."""
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
        """Add outcomes by month to counts, see `Counter`."""
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
        """Return how often a flag is up by month, see `Counter`."""
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
        """Add pairs of outcomes to counts, see `Counter`."""
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
