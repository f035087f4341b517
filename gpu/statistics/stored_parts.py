# SPDX-License-Identifier: Apache-2.0
"""Small helpers of tallies: counts of whole numbers, and parts of stored arrays.

What does not belong here: what is counted (`gpu.statistics.row_tally`), files
(`optimizer.chunk_store`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.arrays import IntArray

__all__ = ["added", "compact", "counted", "nested", "part_of"]


def counted(values: NDArray[Any], units: IntArray | None) -> IntArray:
    """Return how often whole numbers >= 0 occur, weights in units.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Whole numbers. [unitless]
    units : ndarray of int of shape (n,) or None
        Weights in units. [unitless]

    Returns
    -------
    ndarray of int of shape (largest + 1,)
        Counts, or weights in units. [unitless]
    """
    places = values.astype(np.int64)
    if units is None:
        return np.bincount(places)
    found = np.zeros(int(places.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(found, places, units)
    return found


def added(one: IntArray | None, other: IntArray) -> IntArray:
    """Return the sum of two arrays of counts, the shorter filled up by zeros."""
    if one is None:
        return other
    total = np.zeros(max(len(one), len(other)), dtype=np.int64)
    total[: len(one)] += one
    total[: len(other)] += other
    return total


def compact(counts: NDArray[Any]) -> NDArray[Any]:
    """Return counts >= 0 in the fewest bytes each that hold them all.

    Parameters
    ----------
    counts : ndarray of int of any shape
        Counts. [unitless]

    Returns
    -------
    ndarray of unsigned int of the same shape
        The same numbers. [unitless]
    """
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


def part_of(arrays: dict[str, NDArray[Any]], start: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names start so, by the rest of their names.

    Parameters
    ----------
    arrays : dict of str to ndarray of any shape
        Arrays by name. [any]
    start : str
        First letters.
    """
    return {
        name.removeprefix(start): array
        for name, array in arrays.items()
        if name.startswith(start)
    }


def nested(
    arrays: dict[str, NDArray[Any]], start: str
) -> dict[str, dict[str, NDArray[Any]]]:
    """Return stored parts by name, out of ``<start><name>/<key>``."""
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for path, array in part_of(arrays, start).items():
        name, _, key = path.partition("/")
        found.setdefault(name, {})[key] = array
    return found
