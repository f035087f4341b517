# SPDX-License-Identifier: Apache-2.0
"""Chunks of any size, blocks of one size."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_studies import tiny_study

from gpu.chunks import BLOCK, BlockBuffer, bytes_per_scenario, chunk_rows


@pytest.mark.parametrize("size", [1000, 4096, 5000, 20_000])
def test_blocks_are_the_same_whatever_the_chunks(size: int) -> None:
    values = np.arange(10_000)
    buffer = BlockBuffer(len(values))
    blocks = [
        (first, block["id"].copy())
        for start in range(0, len(values), size)
        for first, block in buffer.add({"id": values[start : start + size]})
    ]
    assert [first for first, _ in blocks] == [0, BLOCK, 2 * BLOCK]
    assert [len(ids) for _, ids in blocks] == [BLOCK, BLOCK, 10_000 - 2 * BLOCK]
    np.testing.assert_array_equal(np.concatenate([ids for _, ids in blocks]), values)


def test_a_total_of_whole_blocks_ends_with_a_whole_block() -> None:
    buffer = BlockBuffer(BLOCK)
    assert len(list(buffer.add({"id": np.arange(BLOCK - 1)}))) == 0
    [(first, block)] = list(buffer.add({"id": np.array([BLOCK - 1])}))
    assert (first, len(block["id"])) == (0, BLOCK)


def test_chunks_shrink_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    study = tiny_study()
    per_row = bytes_per_scenario(study)
    assert per_row > 24 * 8 * 100
    monkeypatch.setattr("gpu.backend.free_memory_bytes", lambda xp: 20 * per_row)
    # Half of the free memory, twenty rows, is for ten.
    assert chunk_rows(study) == 10
    monkeypatch.setattr("gpu.backend.free_memory_bytes", lambda xp: 0)
    assert chunk_rows(study) == 1
