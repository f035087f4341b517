# SPDX-License-Identifier: Apache-2.0
"""Steps of describing blocks that lie on a device: cutting, adding up, finding bins.

What does not belong here: what is counted (`gpu.statistics.describe_device`),
definitions (`gpu.statistics.describe`, `gpu.statistics.bins`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.statistics.counter import BlockMoments
from gpu.statistics.describe import LANES

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = ["block_moments", "in_blocks", "lane_sums", "places_of", "sums_by_place"]

HALF_BITS: Final = 26
"""Sums of up to 2**27 numbers of so many bits are exact in a double."""


def in_blocks(columns: Any, block_rows: int, filler: float) -> Any:
    """Return columns cut into blocks of whole lanes, filled up.

    Parameters
    ----------
    columns : ndarray of shape (n_columns, n)
        Numbers. [any]
    block_rows : int
        Length of a block; a multiple of 64 where there are several. [unitless]
    filler : float
        What fills up the last block. [any]

    Returns
    -------
    ndarray of shape (n_columns, n_blocks, n_wide)
        The same numbers. [any]
    """
    n_columns, n_rows = columns.shape
    wide = -(-min(block_rows, n_rows) // LANES) * LANES
    n_blocks = -(-n_rows // wide)
    missing = n_blocks * wide - n_rows
    if missing:
        fill = np.full_like(columns[:, :1], filler)
        fill = np.broadcast_to(fill, (n_columns, missing))
        columns = np.concatenate([columns, fill], axis=1)
    return columns.reshape(n_columns, n_blocks, wide)


def lane_sums(values: Any) -> Any:
    """Return sums over the last axis in the order of `describe.lane_sum`.

    Parameters
    ----------
    values : ndarray of shape (..., n)
        Numbers, whole lanes of them. [any]
    """
    rows = values.reshape(*values.shape[:-1], -1, LANES)
    # A sum of negative zeros has no sign either.
    lanes = rows[..., 0, :] + 0.0
    for row in range(1, rows.shape[-2]):
        lanes = lanes + rows[..., row, :]
    half = LANES // 2
    while half:
        lanes = lanes[..., :half] + lanes[..., half:]
        half //= 2
    return lanes[..., 0]


def places_of(values: Any, shift: Any, base_key: Any, side: Any) -> Any:
    """Return the bins of outcomes by their bits, as `bins.BitBins.places` does.

    Parameters
    ----------
    values : ndarray of any shape
        Outcomes; of NaN the bin means nothing. [any]
    shift, base_key, side : int or ndarray of int of a shape that fits
        See `gpu.statistics.bins.BitBins`. [unitless]

    Returns
    -------
    ndarray of int of the same shape
        ``-side`` to ``side``. [unitless]
    """
    place = np.abs(values).view(np.int64)
    place >>= shift
    place -= base_key - 1
    np.maximum(place, 0, out=place)
    np.minimum(place, side, out=place)
    # All ones for losses: (place ^ -1) + 1 is -place.
    sign = values.view(np.int64) >> 63
    place ^= sign
    place -= sign
    return place


def sums_by_place(places: Any, ones: Any, n_cells: int) -> Any:
    """Return sums of whole numbers by place.

    A device adds weights up as doubles: in two halves, each sum is exact.

    Parameters
    ----------
    places : ndarray of int of shape (n,)
        Place of each, less than `n_cells`, or more cells come back. [unitless]
    ones : ndarray of int of shape (n,) or None
        Numbers, 0 to 2**52; ones without any. [unitless]
    n_cells : int
        Places there are. [unitless]

    Returns
    -------
    ndarray of int of shape (n_cells,)
        Sums. [unitless]
    """
    if ones is None:
        return np.bincount(places, minlength=n_cells).astype(np.int64)
    low, high = (
        np.bincount(places, weights=part.astype(np.float64), minlength=n_cells)
        for part in (ones & ((1 << HALF_BITS) - 1), ones >> HALF_BITS)
    )
    return low.astype(np.int64) + (high.astype(np.int64) << HALF_BITS)


def block_moments(whole: IntArray, floats: FloatArray) -> list[list[BlockMoments]]:
    """Return moments by column and block.

    Parameters
    ----------
    whole : ndarray of int of shape (2, n_columns, n_blocks)
        Counts and weights in units, on the host. [unitless]
    floats : ndarray of shape (5, n_columns, n_blocks)
        Mean, squares, low, high and squared weights, on the host. [mixed]
    """
    n_columns, n_blocks = whole.shape[1:]
    count, units = whole.tolist()
    mean, squares, low, high, square_units = floats.tolist()
    nothing = BlockMoments(0, 0, 0.0, 0.0, math.inf, -math.inf, 0.0)
    return [
        [
            BlockMoments(
                count[k][b],
                units[k][b],
                mean[k][b],
                squares[k][b],
                low[k][b],
                high[k][b],
                square_units[k][b],
            )
            if count[k][b]
            else nothing
            for b in range(n_blocks)
        ]
        for k in range(n_columns)
    ]
