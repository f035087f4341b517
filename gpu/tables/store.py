# SPDX-License-Identifier: Apache-2.0
"""A growing pair of flat arrays, numbers and places, of which tables are made.

What does not belong here: what is stored (`gpu.tables.build`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray

__all__ = ["Store"]


class Store:
    """Numbers and whole numbers, each in one array; what is added keeps its place.

    Parameters
    ----------
    header : int
        Whole numbers set aside at the start. [unitless]
    """

    def __init__(self, header: int) -> None:
        self.ints: list[int] = [0] * header
        self._parts: list[FloatArray] = []
        self._length = 0

    def add(self, values: Sequence[float] | FloatArray) -> int:
        """Add numbers; return the place of the first.

        Parameters
        ----------
        values : array_like of any shape
            Numbers, flattened row by row. [mixed]
        """
        array = np.ascontiguousarray(values, dtype=np.float64).ravel()
        place = self._length
        self._parts.append(array)
        self._length += len(array)
        return place

    def add_ints(self, values: Sequence[int]) -> int:
        """Add whole numbers; return the place of the first.

        Parameters
        ----------
        values : sequence of int
            Whole numbers. [unitless]
        """
        place = len(self.ints)
        self.ints.extend(int(value) for value in values)
        return place

    def floats(self) -> FloatArray:
        """Return all numbers, shape (n,) [mixed]."""
        return np.concatenate([*self._parts, np.zeros(1)])
