# SPDX-License-Identifier: Apache-2.0
"""The CUDA engine on a stand-in device: the compiled engine's bits, whatever the grid.

On a GPU see ``tests/gpu``.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from cuda_stand_in import cuda_stand_in
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.backend import Backend
from gpu.cpu_engine import CpuEngine
from gpu.cuda.engine import CudaEngine
from gpu.cuda.source import module_source, step_header_text
from gpu.numpy_engine import site_npv_column
from gpu.sampling.rule import DrawRule
from models.errors import BackendError

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.numpy_engine import Scored

pytestmark = pytest.mark.compiler

IDS = np.array([*range(1000, 1300), 2**50], np.int64)


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


def engines(
    device: Any, rule: DrawRule | int = 11, *, has_sites: bool = True
) -> tuple[CudaEngine, CpuEngine]:
    study = tiny_study()
    parts = (study, [grown_plan(study)], usual_plan(study), rule)
    place = Backend("cuda", device, "cuda: a stand-in")
    cuda = CudaEngine(place, *parts, has_sites=has_sites)
    return cuda, CpuEngine(*parts, has_sites=has_sites)


def assert_same(ours: tuple[Scored, ...], theirs: tuple[Scored, ...]) -> None:
    assert len(ours) == len(theirs)
    for here, there in zip(ours, theirs, strict=True):
        parts = [(here.rows, there.rows)]
        for one, other in ((here.plan, there.plan), (here.baseline, there.baseline)):
            assert one is not None
            assert other is not None
            parts += [(one.events, other.events), (one.levels, other.levels)]
        for one_rows, other_rows in parts:
            assert one_rows.keys() == other_rows.keys()
            for name, values in one_rows.items():
                np.testing.assert_array_equal(values, other_rows[name], err_msg=name)


@pytest.mark.parametrize("method", ["plain", "sobol"])
def test_the_module_gives_the_compiled_engines_bits(folder: Path, method: str) -> None:
    device = cuda_stand_in(folder, 132)
    cuda, cpu = engines(device, DrawRule(seed=11, method=method))
    assert_same(cuda.score(IDS), cpu.score(IDS))
    assert cuda.name == "cuda"
    assert cuda.reason == "cuda: a stand-in"


def test_threads_go_on_to_further_rows_where_the_device_is_small(folder: Path) -> None:
    """One multiprocessor with room for one block: 128 threads for 301 rows."""
    block_bytes = engines(cuda_stand_in(folder, 1))[0].tables.n_history_rows * 128 * 8
    device = cuda_stand_in(folder, 1, free_bytes=2 * block_bytes)
    cuda, cpu = engines(device)
    assert_same(cuda.score(IDS), cpu.score(IDS))
    assert device.launches == [(1, 128, len(IDS))]


def test_rows_that_do_not_fit_are_run_in_smaller_pieces(folder: Path) -> None:
    device = cuda_stand_in(folder, 2, most_rows=100)
    cuda, cpu = engines(device)
    assert_same(cuda.score(IDS), cpu.score(IDS))
    # 301 is halved to 150 and 75.
    assert [launch[2] for launch in device.launches] == [75, 75, 75, 75, 1]
    assert cuda.rows_at_once == 75


def test_no_room_for_a_single_row_is_said(folder: Path) -> None:
    cuda, _ = engines(cuda_stand_in(folder, 2, most_rows=0))
    with pytest.raises(BackendError, match="does not suffice for one scenario of 24"):
        cuda.score(IDS)


def test_sites_are_spared_where_nobody_asks_for_them(folder: Path) -> None:
    cuda, cpu = engines(cuda_stand_in(folder, 2), has_sites=False)
    got = cuda.score(IDS)
    assert_same(got, cpu.score(IDS))
    everything = engines(cuda_stand_in(folder, 2))[0].score(IDS)
    assert site_npv_column("alpha") in everything[0].rows
    assert site_npv_column("alpha") not in got[0].rows


def test_grids_and_the_base_path_are_those_of_the_compiled_engine(folder: Path) -> None:
    cuda, cpu = engines(cuda_stand_in(folder, 2))
    grid = {"btc_price": np.linspace(0.5, 2.0, 70), "power_price": np.full(70, 1.1)}
    assert_same(cuda.score_grid(grid), cpu.score_grid(grid))
    assert_same(cuda.score_base(), cpu.score_base())


def test_a_kernel_that_does_not_compile_is_said(folder: Path) -> None:
    device = cuda_stand_in(folder, 2)

    def refuse(**_: object) -> None:
        msg = "nvrtc: error: invalid value for --gpu-architecture"
        raise RuntimeError(msg)

    device.RawModule = refuse
    with pytest.raises(BackendError, match=r"does not compile here \(nvrtc: error"):
        engines(device)[0].score(IDS)


class CUDARuntimeError(RuntimeError):
    """Has the name and, below, the module of CuPy's."""


CUDARuntimeError.__module__ = "cupy_backends.cuda.api.runtime"


def test_a_device_that_disappears_is_reported_as_lost(folder: Path) -> None:
    device = cuda_stand_in(folder, 2)

    def lost(shape: Any) -> None:
        raise CUDARuntimeError("cudaErrorDeviceUninitialized")

    device.zeros = lost
    with pytest.raises(BackendError, match="the device has stopped to work"):
        engines(device)[0].score(IDS)
