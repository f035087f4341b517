# SPDX-License-Identifier: Apache-2.0
"""Scores left on a stand-in device: the compiled engine's statistics, to the last bit.

On a GPU see ``tests/gpu``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cuda_stand_in import cuda_stand_in
from foreign_arrays import ForeignArray
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.backend import Backend
from gpu.cpu_engine import CpuEngine
from gpu.cuda.engine import CudaEngine
from gpu.cuda.source import module_source, step_header_text
from gpu.kernel import layout as at
from gpu.returns import rate_per_year
from gpu.sampling.rule import DrawRule
from gpu.scoring.chunks import BLOCK
from gpu.scoring.engine_rows import grid_rows, sampled_rows
from gpu.scoring.score import score_plans
from gpu.statistics.device_tally import ScoredThere, take
from gpu.statistics.tally import ScoreTally
from models.errors import BackendError

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.numpy_engine import Scored
    from gpu.scoring.score import ScoreResult
    from gpu.tables.rows import KernelResult

pytestmark = pytest.mark.compiler

IDS = np.arange(301)
LIMIT_USD = 1e6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("module")


@pytest.fixture(autouse=True)
def kernel_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the file that is kept is up to date is another test's question."""
    text = module_source(_header())
    monkeypatch.setattr("gpu.cuda.engine.module_source", lambda: text)


@functools.cache
def _header() -> str:
    return step_header_text()


def engines(device: Any, rule: DrawRule | int = 11) -> tuple[CudaEngine, CpuEngine]:
    study = tiny_study()
    parts = (study, [grown_plan(study), usual_plan(study)], usual_plan(study), rule)
    place = Backend("cuda", device, "cuda: a stand-in")
    return CudaEngine(place, *parts), CpuEngine(*parts)


def described(scored: tuple[Scored, ...]) -> list[dict[str, np.ndarray]]:
    found = []
    for one in scored:
        tally = ScoreTally(LIMIT_USD)
        take(tally, 0, one)
        found.append(tally.to_arrays())
    return found


def assert_same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, name)


@pytest.mark.parametrize("has_rows", [False, True])
@pytest.mark.parametrize("method", ["plain", "sobol"])
def test_what_is_left_there_is_described_to_the_compiled_engines_bits(
    folder: Path, method: str, has_rows: bool
) -> None:
    rule = DrawRule(seed=11, method=method)
    cuda, cpu = engines(cuda_stand_in(folder, 132), rule)
    left, scored = cuda.score_there(IDS, has_rows=has_rows), cpu.score(IDS)
    for one, other in zip(left, scored, strict=True):
        assert isinstance(one, ScoredThere)
        kinds = {type(values) for values in one.rows.values()}
        assert kinds == {np.ndarray if has_rows else ForeignArray}
        for months in (one.plan, one.baseline):
            assert months is not None
            both = (*months.events.values(), *months.levels.values())
            assert {type(values) for values in both} == {ForeignArray}
        if has_rows:
            assert_same(one.rows, other.rows)
    assert left[0].baseline is left[1].baseline
    for ours, theirs in zip(described(left), described(scored), strict=True):
        assert_same(ours, theirs)


def test_rates_by_the_year_are_the_hosts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device's logarithms differ in the last bit; one scenario has one rate."""
    seen = []

    def noted(rates: np.ndarray) -> np.ndarray:
        seen.append(type(rates))
        return rate_per_year(rates)

    monkeypatch.setattr("gpu.tables.rows.rate_per_year", noted)
    cuda, _ = engines(cuda_stand_in(folder, 132))
    for has_rows in (False, True):
        cuda.score_there(IDS, has_rows=has_rows)
    assert set(seen) == {np.ndarray}


@pytest.mark.parametrize("method", ["plain", "sobol"])
def test_rates_that_the_kernel_leaves_open_are_solved_before_describing(
    folder: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rows are marked open after every run; their flows give the rates back."""
    cuda, cpu = engines(cuda_stand_in(folder, 132), DrawRule(seed=11, method=method))
    runs, run = [], cuda._run_there
    place = cuda.tables.n_columns_per_plan + at.N_PLAN_COLUMNS

    def opened(
        piece: slice, ids: np.ndarray, *arguments: Any, **more: Any
    ) -> KernelResult:
        found = run(piece, ids, *arguments, **more)
        runs.append(len(ids))
        for row in np.flatnonzero(np.isin(ids[piece], (7, 250))).tolist():
            found.out[place + at.SERIES_STATUS, row] = -1.0
            found.out[place + at.SERIES_RATE, row] = 99.0
        return found

    monkeypatch.setattr(cuda, "_run_there", opened)
    got = cuda.score_there(IDS, has_rows=True)[0].rows
    assert runs == [301, 2]
    wanted = cpu.score(IDS)[0].rows
    np.testing.assert_allclose(
        got.pop("irr_per_year"), wanted.pop("irr_per_year"), rtol=1e-11
    )
    assert_same(got, wanted)


def test_rows_of_a_grid_and_of_scenarios_are_the_compiled_engines(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all fit the device months stay there; else they come in pieces."""
    cuda, cpu = engines(cuda_stand_in(folder, 2))
    grid = {"btc_price": np.linspace(0.5, 2.0, 70), "power_price": np.full(70, 1.1)}
    for ours, theirs in (
        (grid_rows(cuda, grid), grid_rows(cpu, grid)),
        (sampled_rows(cuda, IDS), sampled_rows(cpu, IDS)),
    ):
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
    assert isinstance(cuda.grid_there(grid)[0], ScoredThere)
    monkeypatch.setattr(cuda, "rows_at_once", 32)
    assert not isinstance(cuda.grid_there(grid)[0], ScoredThere)
    assert_same(grid_rows(cuda, grid)[0], grid_rows(cpu, grid)[0])


def test_what_does_not_fit_the_device_comes_to_the_host_in_pieces(folder: Path) -> None:
    cuda, cpu = engines(cuda_stand_in(folder, 2, most_rows=100))
    for _ in range(2):
        scored = cuda.score_there(IDS, has_rows=False)
        assert not any(isinstance(one, ScoredThere) for one in scored)
        for ours, theirs in zip(
            described(scored), described(cpu.score(IDS)), strict=True
        ):
            assert_same(ours, theirs)
    assert cuda.rows_at_once == 75


def result_on(
    engine: str, monkeypatch: pytest.MonkeyPatch, device: Any, **how: Any
) -> tuple[ScoreResult, ...]:
    place = Backend("cuda", device, "cuda: a stand-in")
    monkeypatch.setattr("gpu.engines.array_module", lambda _: place)
    study = tiny_study()
    plans = (grown_plan(study), usual_plan(study))
    return score_plans(study, plans, baseline=usual_plan(study), backend=engine, **how)


@pytest.mark.parametrize("keep_rows", [False, True])
@pytest.mark.parametrize("method", ["plain", "antithetic", "importance"])
def test_a_whole_scoring_gives_the_compiled_engines_tallies(
    folder: Path, method: str, keep_rows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tilt = {"tilt": (0.02,) * 24} if method == "importance" else {}
    rule = DrawRule(seed=5, method=method, **tilt)
    how = {"n_scenarios": BLOCK + 300, "rule": rule, "keep_rows": keep_rows}
    device = cuda_stand_in(folder, 132)
    ours, theirs = (
        result_on(name, monkeypatch, device, **how) for name in ("cuda", "cpu")
    )
    for one, other in zip(ours, theirs, strict=True):
        assert one.backend == "cuda"
        assert one.monthly == other.monthly
        assert one.probabilities == other.probabilities
        assert one.tally is not None
        assert other.tally is not None
        assert_same(one.tally.to_arrays(), other.tally.to_arrays())
        if keep_rows:
            assert one.columns is not None
            assert other.columns is not None
            # Weights by NumPy and compiled ones differ in the last bit.
            assert one.columns.keys() == other.columns.keys()
            for name in one.columns.keys() - {"weight"}:
                np.testing.assert_array_equal(one.columns[name], other.columns[name])


class CUDARuntimeError(RuntimeError):
    """Has the name and, below, the module of CuPy's."""


CUDARuntimeError.__module__ = "cupy_backends.cuda.api.runtime"


def test_a_device_lost_before_or_while_describing_is_reported(folder: Path) -> None:
    device = cuda_stand_in(folder, 2)
    cuda, _ = engines(device)
    (left, _) = cuda.score_there(IDS, has_rows=False)

    def lost(*_: Any) -> None:
        raise CUDARuntimeError("cudaErrorDeviceUninitialized")

    device.asnumpy = lost
    with pytest.raises(BackendError, match="the device has stopped to work"):
        take(ScoreTally(LIMIT_USD), 0, left)
    with pytest.raises(BackendError, match="the device has stopped to work"):
        cuda.score_there(IDS, has_rows=False)
