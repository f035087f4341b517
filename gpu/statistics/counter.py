# SPDX-License-Identifier: Apache-2.0
"""How a block of scenarios is counted: the base class, and what goes in and out.

What does not belong here: the counting (`gpu.statistics.describe`,
`gpu.statistics.describe_cpu`), what is kept over blocks (`gpu.statistics.columns`,
`gpu.statistics.month_tally`, `gpu.statistics.joint`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.bins import BitBins
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = ["BlockMoments", "Counter", "MonthCells", "Windows"]


@dataclass(slots=True)
class BlockMoments:
    """Moments of one block; not frozen, for it is made for every column.

    Parameters
    ----------
    count : int
        Outcomes that are not NaN. [unitless]
    units : int
        Their weights in all, in units of weight; the count without weights. [unitless]
    mean, squares : float
        Mean and sum of squared deviations, weighted. [same as outcomes, its square]
    low, high : float
        Extremes; inf and -inf without any outcome. [same as outcomes]
    square_units : float
        Sum of squared weights. [unitless]
    """

    count: int
    units: int
    mean: float
    squares: float
    low: float
    high: float
    square_units: float


@dataclass(frozen=True, slots=True)
class MonthCells:
    """Counts by month, and what a block adds to them.

    Parameters
    ----------
    bins : BitBins
        Bins.
    first : int
        Bin of the first cell. [unitless]
    cells : ndarray of int of shape (n_periods, n_bins)
        Counts, or weights in units. [unitless]
    low, high : ndarray of shape (n_periods,)
        Extremes of the block, written. [same as outcomes]
    is_counted : ndarray of bool of shape (n_periods,)
        Months whose outcomes of the block are in the cells. [flag]
    """

    bins: BitBins
    first: int
    cells: NDArray[Any]
    low: FloatArray
    high: FloatArray
    is_counted: BoolArray


class Windows:
    """Where the counts of several columns lie in one array of cells.

    Parameters
    ----------
    bins : tuple of BitBins
        Bins of each column.
    firsts, starts : tuple of int
        Bin of each column's first cell, and that cell. [unitless]

    Attributes
    ----------
    numbers : ndarray of int of shape (4 n_columns,)
        Shift, base key, bins of a side and cell of bin 0 of each. [unitless]
    """

    def __init__(
        self,
        bins: tuple[BitBins, ...],
        firsts: tuple[int, ...],
        starts: tuple[int, ...],
    ) -> None:
        self.bins, self.firsts, self.starts = bins, firsts, starts
        table = [
            (one.shift, one.base_key, one.side, start - first)
            for one, first, start in zip(bins, firsts, starts, strict=True)
        ]
        self.numbers: IntArray = np.array(table, dtype=np.int64).reshape(-1)


class Counter(ABC):
    """How a block is counted; every form gives the same bits.

    `gpu.statistics.describe.NumpyCounter` is the definition.
    """

    @abstractmethod
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

        Returns
        -------
        list of BlockMoments
            The mean is taken relative to the first outcome, so that equal outcomes
            have exactly that mean.
        """

    @abstractmethod
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

    @abstractmethod
    def count_months(
        self, values: FloatArray, units: IntArray | None, months: MonthCells
    ) -> None:
        """Add outcomes by month to counts.

        A month whose outcomes do not all fit the cells is passed over; a month that is
        marked as counted too.

        Parameters
        ----------
        values : ndarray of shape (n, n_periods)
            Outcomes, none of them NaN; compiled loops are quickest with the periods
            of a scenario far apart in memory. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        months : MonthCells
            Added to.
        """

    @abstractmethod
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
            Scenarios, or weights in units, in which it is up in a month, and in which
            it has been up by that month's end. [unitless]
        """

    @abstractmethod
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

    def moments(self, values: FloatArray, units: IntArray | None) -> BlockMoments:
        """Return the moments of one column, see `moments_of_all`.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Outcomes; NaN is passed over. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units. [unitless]
        """
        return self.moments_of_all(values[None], units)[0]

    def count(
        self,
        values: FloatArray,
        units: IntArray | None,
        bins: BitBins,
        first: int,
        cells: IntArray,
    ) -> None:
        """Add one column to counts, see `count_all`.

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
