# SPDX-License-Identifier: Apache-2.0
"""A grid that is broken off and goes on: chunks of it are kept as scenarios' are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from quick_engine import CHUNK, N_BLOCKS, PLAN, STUDY, USUAL, Broken, Quick, run, same

import gpu.scoring.chunks
import gpu.scoring.score
from gpu.backend import DeviceLostError
from gpu.engines import make_engine
from gpu.sampling.grid import parse_grid
from gpu.scoring.chunks import BLOCK
from gpu.scoring.grid_run import grid_chunks
from models.errors import ConfigError
from optimizer.chunk_store import file_of

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.numpy_engine import Scored
    from gpu.scoring.score import ScoreResult

# Two whole chunks of points and a third of one, on one axis and a constant one.
N_POINTS = 2 * CHUNK + 700
GRID = f"btc_price=0.5:1.5:{N_POINTS}, capex=1.1:1.1:1"
N = 300
PER_CHUNK = N_BLOCKS


@pytest.fixture(scope="module")
def pattern() -> tuple[Scored, ...]:
    return make_engine("numpy", STUDY, (PLAN,), USUAL, 5).score(np.arange(BLOCK))


@pytest.fixture
def quick(pattern: tuple[Scored, ...], monkeypatch: pytest.MonkeyPatch) -> Quick:
    engine = Quick(pattern)
    monkeypatch.setattr(gpu.scoring.chunks, "MIN_CHUNK_BLOCKS", N_BLOCKS)
    monkeypatch.setattr(gpu.scoring.score, "make_engine", lambda *_, **__: engine)
    return engine


def broken_off(quick: Quick, folder: Path, *, keep_rows: bool = True) -> None:
    """Leave the scenarios and the first chunk of the grid, and a sound engine."""
    quick.grid_calls = []
    quick.fails_on_grid_call = PER_CHUNK + 2
    with pytest.raises(Broken):
        run(folder, n_scenarios=N, grid=GRID, keep_rows=keep_rows)
    quick.fails_on_grid_call, quick.calls, quick.grid_calls = None, [], []


def same_grid(one: ScoreResult, other: ScoreResult) -> None:
    same(one, other)
    assert one.grid is not None
    assert other.grid is not None
    assert list(one.grid.columns) == list(other.grid.columns)
    for name, values in one.grid.columns.items():
        np.testing.assert_array_equal(values, other.grid.columns[name], name)


def test_points_are_numbered_on_after_the_scenarios() -> None:
    assert grid_chunks(None, 10) == []
    [one] = grid_chunks(parse_grid("fees=1:2:7"), 10)
    assert (one.start, one.stop) == (10, 17)
    two, rest = grid_chunks(parse_grid("fees=1:2:70000"), 10)
    assert (two.start, two.stop) == (10, 10 + 16 * BLOCK)
    assert (rest.start, rest.stop) == (10 + 16 * BLOCK, 70_010)


def test_rows_stand_at_their_points(quick: Quick) -> None:
    found = run(n_scenarios=N, grid=GRID).grid
    assert found is not None
    factor = np.linspace(0.5, 1.5, N_POINTS)
    np.testing.assert_allclose(found.columns["btc_price_multiplier"], factor)
    assert set(found.columns["capex_multiplier"]) == {1.1}
    # The engine of the test multiplies the pattern of a block by the factor.
    own = quick.score_grid({"btc_price": np.ones(BLOCK)})[0].rows["npv_usd"]
    expected = np.resize(own, N_POINTS) * factor
    np.testing.assert_allclose(found.columns["npv_usd"], expected, rtol=1e-12)


@pytest.mark.parametrize("keep_rows", [True, False])
def test_a_broken_grid_goes_on_and_ends_the_same(
    quick: Quick, tmp_path: Path, keep_rows: bool
) -> None:
    whole = run(n_scenarios=N, grid=GRID, keep_rows=keep_rows)
    broken_off(quick, tmp_path, keep_rows=keep_rows)
    found = run(tmp_path, n_scenarios=N, grid=GRID, keep_rows=keep_rows)
    same_grid(found, whole)
    assert quick.calls == []
    assert len(quick.grid_calls) == PER_CHUNK + 1
    quick.grid_calls = []
    same_grid(run(tmp_path, n_scenarios=N, grid=GRID, keep_rows=keep_rows), whole)
    assert quick.grid_calls == []


@pytest.mark.parametrize("other", [None, GRID.replace("0.5", "0.6"), "fees=1:2:9000"])
def test_another_grid_is_another_scoring(
    quick: Quick, tmp_path: Path, other: str | None
) -> None:
    broken_off(quick, tmp_path)
    with pytest.raises(ConfigError, match="changed: grid") as refused:
        run(tmp_path, n_scenarios=N, grid=other)
    assert "draws" not in str(refused.value)
    assert quick.calls == quick.grid_calls == []


def test_a_damaged_chunk_of_a_grid_is_scored_again(
    quick: Quick, tmp_path: Path
) -> None:
    whole = run(n_scenarios=N, grid=GRID)
    broken_off(quick, tmp_path)
    place = tmp_path / file_of(N)
    place.write_bytes(place.read_bytes()[:-1])
    told: list[str] = []
    found = run(tmp_path, n_scenarios=N, grid=GRID, options={"say": told.append})
    same_grid(found, whole)
    assert len(quick.grid_calls) == 2 * PER_CHUNK + 1
    [line] = told
    assert line.endswith(
        f"does not match its checksum; its {CHUNK:,} rows are scored again."
    )


def test_a_device_that_dies_on_the_grid_costs_a_chunk(
    quick: Quick,
    pattern: tuple[Scored, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = run(n_scenarios=N, grid=GRID)
    host = Quick(pattern)
    host.name = "cpu"
    monkeypatch.setattr(gpu.scoring.score, "make_host_engine", lambda *_: host)
    quick.name, quick.grid_calls = "cuda", []
    quick.failure = DeviceLostError("cuda: gone.")
    quick.fails_on_grid_call = PER_CHUNK + 2
    told: list[str] = []
    found = run(tmp_path, n_scenarios=N, grid=GRID, options={"say": told.append})
    same_grid(found, whole)
    assert found.backend == "cuda+cpu"
    assert len(host.grid_calls) == PER_CHUNK + 1
    assert "cuda: gone. Going on with the engine cpu." in told
