# SPDX-License-Identifier: Apache-2.0
"""How many scenarios are worked on at once, and how a run is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiny_studies import tiny_study

from gpu.chunks import bytes_per_scenario, chunk_rows

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
