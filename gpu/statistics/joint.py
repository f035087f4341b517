# SPDX-License-Identifier: Apache-2.0
"""Joint histograms: how often two outcomes of a scenario fall in the same cell.

Edges are exact and the same for every study, so that histograms add up. What does not
belong here: how bins are found (`gpu.statistics.bins`), how they are drawn
(`optimizer.report`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.statistics.bins import BitBins
from gpu.statistics.describe import NUMPY
from gpu.statistics.stored_parts import compact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.numpy_engine import Rows
    from gpu.statistics.counter import Counter
    from models.arrays import FloatArray, IntArray

__all__ = ["JOINT_PAIRS", "JointHistogram", "JointHistograms"]

JOINT_PAIRS: Final = (("npv_usd", "equity_usd"), ("npv_usd", "peak_ltv_frac"))
"""Columns whose joint distribution is kept."""

# 65,536 USD to 69 billion in 32 or 4 bins an octave, 0.4 % to 400 % in 4.
_BINS: Final = {
    "npv_usd": BitBins(5, 16, 20),
    "equity_usd": BitBins(2, 16, 20),
    "peak_ltv_frac": BitBins(2, -8, 10),
}


class JointHistogram:
    """Counts of scenarios by two outcomes; NaN in either is counted apart.

    Parameters
    ----------
    x_name, y_name : str
        Columns among `JOINT_PAIRS`.
    """

    def __init__(self, x_name: str, y_name: str) -> None:
        self.x_name, self.y_name = x_name, y_name
        self._x, self._y = _BINS[x_name], _BINS[y_name]
        shape = (2 * self._x.side + 1, 2 * self._y.side + 1)
        self.counts: IntArray = np.zeros(shape, dtype=np.int64)
        self.n_missing = 0

    @property
    def x_edges(self) -> FloatArray:
        """Edges of the bins of the first outcome, shape (n_x_bins + 1,) [any]."""
        return _edges(self._x)

    @property
    def y_edges(self) -> FloatArray:
        """Edges of the bins of the second outcome, shape (n_y_bins + 1,) [any]."""
        return _edges(self._y)

    def add(
        self,
        x: FloatArray,
        y: FloatArray,
        units: IntArray | None = None,
        counter: Counter = NUMPY,
    ) -> None:
        """Add scenarios.

        Parameters
        ----------
        x, y : ndarray of shape (n,)
            Outcomes. [any]
        units : ndarray of int of shape (n,) or None
            Weights in units, see `gpu.statistics.describe.weight_units`. [unitless]
        counter : Counter
            How they are counted.
        """
        self.n_missing += counter.count_pair(
            x, y, units, (self._x, self._y), self.counts
        )

    def merge(self, other: JointHistogram) -> None:
        """Add the scenarios of another histogram of the same columns."""
        self.counts += other.counts
        self.n_missing += other.n_missing

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the filled cells as arrays; exact."""
        places = np.flatnonzero(self.counts)
        return {
            "places": compact(places),
            "counts": compact(self.counts.reshape(-1)[places]),
            "n_missing": np.array([self.n_missing]),
            "names": np.array([self.x_name, self.y_name]),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> JointHistogram:
        """Return the histogram that `to_arrays` stored, exactly."""
        found = cls(*arrays["names"].tolist())
        found.counts.reshape(-1)[arrays["places"]] = arrays["counts"]
        found.n_missing = int(arrays["n_missing"][0])
        return found


class JointHistograms:
    """Joint histograms of every one of `JOINT_PAIRS` that scenarios have.

    `by_name` holds them under the names of their columns with a dot between.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, JointHistogram] = {}

    def of(self, x_name: str, y_name: str) -> JointHistogram:
        """Return the histogram of two columns, an empty one at first."""
        name = f"{x_name}.{y_name}"
        if name not in self.by_name:
            self.by_name[name] = JointHistogram(x_name, y_name)
        return self.by_name[name]

    def add(self, rows: Rows, units: IntArray | None, counter: Counter) -> None:
        """Add the pairs of a block of rows, see `JointHistogram.add`."""
        for x, y in JOINT_PAIRS:
            if x in rows and y in rows:
                self.of(x, y).add(rows[x], rows[y], units, counter)

    def merge(self, other: JointHistograms) -> None:
        """Add the scenarios of others."""
        for joint in other.by_name.values():
            self.of(joint.x_name, joint.y_name).merge(joint)


def _edges(bins: BitBins) -> FloatArray:
    """Return the edges of all bins, rising; the outermost are infinite."""
    inner = bins.lower_sizes(np.arange(1, bins.side + 1))
    outer = np.array([np.inf])
    return np.concatenate([-outer, -inner[::-1], inner, outer])
