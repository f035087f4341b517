# SPDX-License-Identifier: Apache-2.0
"""How many scenarios are worked on at once, and how a run is cut."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tiny_studies import tiny_study

from gpu.scoring.chunks import BLOCK, bytes_per_scenario, chunk_ranges, chunk_rows

if TYPE_CHECKING:
    import pytest


def test_chunks_shrink_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    study = tiny_study()
    per_row = bytes_per_scenario(study)
    assert per_row > 24 * 8 * 100
    monkeypatch.setattr("gpu.backend.free_memory_bytes", lambda xp: 20 * per_row)
    # Half of the free memory, twenty rows, is for ten.
    assert chunk_rows(study) == 10
    monkeypatch.setattr("gpu.backend.free_memory_bytes", lambda xp: 0)
    assert chunk_rows(study) == 1


def test_chunks_are_a_function_of_the_number_alone() -> None:
    assert chunk_ranges(1) == [range(1)]
    spans = chunk_ranges(32 * BLOCK + 5000)
    assert [len(span) for span in spans] == [16 * BLOCK, 16 * BLOCK, 5000]
    # 244,141 blocks in at most 256 chunks are 954 blocks each.
    many = chunk_ranges(10**9)
    assert len(many) == 256
    assert {len(span) for span in many[:-1]} == {954 * BLOCK}
    assert many[-1].stop == 10**9
    assert all(a.stop == b.start for a, b in pairwise(many))
