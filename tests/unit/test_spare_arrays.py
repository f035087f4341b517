# SPDX-License-Identifier: Apache-2.0
"""Memory is used again when nobody looks at it, and not before."""

from __future__ import annotations

import numpy as np

from gpu.tables.spare import SpareArrays

SHAPE = (4, 60, 4096)


def place(values: np.ndarray) -> int:
    """Return where an array's first number lies."""
    return int(values.__array_interface__["data"][0])


def test_memory_that_nobody_looks_at_is_used_again() -> None:
    spare = SpareArrays(np.float64, 2)
    first = spare.empty(SHAPE)
    there = place(first)
    del first
    assert place(spare.empty(SHAPE)) == there


def test_a_view_of_a_view_keeps_the_memory() -> None:
    spare = SpareArrays(np.float64, 2)
    first = spare.empty(SHAPE)
    first[...] = 1.0
    view = first[1, :, :100].T[3:][::2]
    del first
    for _ in range(3):
        spare.empty(SHAPE).fill(2.0)
    assert (view == 1.0).all()
    del view
    second, third = spare.empty(SHAPE), spare.empty(SHAPE)
    assert not np.shares_memory(second, third)


def test_fewer_and_more_numbers_than_last_time() -> None:
    spare = SpareArrays(np.float64, 2)
    there = place(spare.empty(SHAPE))
    assert place(spare.empty((3, 60, 4096))) == there
    larger = spare.empty((5, 60, 4096))
    larger.fill(1.0)
    assert larger.shape == (5, 60, 4096)
    assert larger.flags.writeable


def test_a_small_array_keeps_no_large_block() -> None:
    spare = SpareArrays(np.float64, 2)
    spare.empty(SHAPE)
    assert spare.empty((4, 60, 64)).base is None


def test_no_more_blocks_are_kept_than_asked_for() -> None:
    spare = SpareArrays(np.float64, 2)
    arrays = [spare.empty(SHAPE) for _ in range(5)]
    arrays.clear()
    assert len(spare._blocks) == 2
