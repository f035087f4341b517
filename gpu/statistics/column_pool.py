# SPDX-License-Identifier: Apache-2.0
"""Histograms of many columns in one array, so that a block is counted in one call.

What does not belong here: what a histogram says (`gpu.statistics.histogram`), how a
block is counted (`gpu.statistics.describe`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gpu.statistics.counter import Windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.statistics.columns import ColumnStatistics
    from gpu.statistics.counter import Counter
    from gpu.statistics.histogram import Histogram
    from models.arrays import FloatArray, IntArray

__all__ = ["ColumnPool"]


class ColumnPool:
    """The cells of some histograms, one after the other.

    Histograms that grow take cells of their own; before the next count all are moved
    together again.
    """

    def __init__(self) -> None:
        self._cells: IntArray = np.zeros((0, 2), dtype=np.int64)
        self._parts: list[IntArray] = []
        self._windows = Windows((), (), ())

    def take(
        self,
        statistics: Sequence[ColumnStatistics],
        columns: FloatArray,
        units: IntArray | None,
        counter: Counter,
    ) -> None:
        """Add a block to the statistics of its columns.

        Parameters
        ----------
        statistics : sequence of ColumnStatistics
            One per column, always the same ones; all with a histogram, or none.
        columns : ndarray of shape (n_columns, n)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        counter : Counter
            How the block is counted.
        """
        heaviest = 1 if units is None else int(units.max())
        found = counter.moments_of_all(columns, units)
        for one, block in zip(statistics, found, strict=True):
            low, high = one.moments.take(block, columns.shape[1], heaviest)
            if one.histogram is not None and low <= high:
                one.histogram.make_room(low, high)
        histograms = [one.histogram for one in statistics if one.histogram is not None]
        if histograms:
            self.count(histograms, columns, units, counter)

    def count(
        self,
        histograms: Sequence[Histogram],
        columns: FloatArray,
        units: IntArray | None,
        counter: Counter,
    ) -> None:
        """Add a block to histograms that have room for it.

        Parameters
        ----------
        histograms : sequence of Histogram
            One per column, always the same ones.
        columns : ndarray of shape (n_columns, n)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        counter : Counter
            How the block is counted.
        """
        is_kept = len(self._parts) == len(histograms) and all(
            one.cells is part for one, part in zip(histograms, self._parts, strict=True)
        )
        if not is_kept:
            self._gather(histograms)
        counter.count_all(columns, units, self._windows, self._cells)

    def _gather(self, histograms: Sequence[Histogram]) -> None:
        self._cells = np.concatenate([one.cells for one in histograms])
        lengths = [len(one.cells) for one in histograms]
        starts = (np.cumsum(lengths) - lengths).tolist()
        self._parts = []
        for one, start, length in zip(histograms, starts, lengths, strict=True):
            one.cells = self._cells[start : start + length]
            self._parts.append(one.cells)
        self._windows = Windows(
            tuple(one.bins for one in histograms),
            tuple(one.first for one in histograms),
            tuple(starts),
        )
