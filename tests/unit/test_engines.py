# SPDX-License-Identifier: Apache-2.0
"""Engines behind one call: choice, several plans at once, devices that fail."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

import gpu.array_engine
import gpu.engines
from gpu.backend import Backend, DeviceLostError
from gpu.engines import ArrayEngine, engine_states, make_engine
from gpu.numpy_engine import score_all
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.score import score, score_plans
from models.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

STUDY = tiny_study()
PLAN, USUAL = grown_plan(STUDY), usual_plan(STUDY)
NO_CUDA = "numpy: chosen because cuda does not work: no device"


class FakeCpu:
    """Stands for the compiled engine."""

    def __init__(self, *parts: object, has_sites: bool = True) -> None:
        self.parts, self.has_sites = parts, has_sites
        self.name, self.reason = "cpu", ""


class FakeCuda(FakeCpu):
    """Stands for the kernel on a device."""

    trouble = ""

    def __init__(self, place: Backend, *parts: object, **_: object) -> None:
        super().__init__(*parts)
        self.name, self.reason = place.name, place.reason

    def score_base(self) -> None:
        if self.trouble:
            raise BackendError(self.trouble)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say what the computer has: CUDA, Numba and a compiled kernel, as told."""

    def put(
        *,
        has_numba: bool = True,
        is_compiled: bool = True,
        has_cache: bool = True,
        has_cuda: bool = False,
        trouble: str = "",
    ) -> None:
        monkeypatch.setattr(FakeCuda, "trouble", trouble)

        def place(name: str) -> Backend:
            if has_cuda and name != "numpy":
                return Backend("cuda", np, "cuda: chosen, it works, Device")
            return Backend("numpy", np, NO_CUDA if name == "auto" else "asked for")

        def load(name: str) -> object:
            assert name in {"gpu.cpu_engine", "gpu.cuda.engine"}
            if not has_numba:
                text = "No module named 'numba'"
                raise ModuleNotFoundError(text)
            return types.SimpleNamespace(
                CpuEngine=FakeCpu,
                CudaEngine=FakeCuda,
                is_compiled=lambda: is_compiled,
                has_cache=lambda: has_cache,
            )

        monkeypatch.setattr(gpu.engines, "array_module", place)
        monkeypatch.setattr(gpu.engines.importlib, "import_module", load)

    return put


def chosen(n_rows: int | None) -> tuple[str, str]:
    engine = make_engine("auto", STUDY, (PLAN,), USUAL, 1, n_rows=n_rows)
    assert "\n" not in engine.reason
    return engine.name, engine.reason


def test_a_device_that_works_is_taken_but_for_small_jobs(
    machine: Callable[..., None],
) -> None:
    machine(has_cuda=True)
    assert chosen(5_000) == ("cuda", "cuda: chosen, it works, Device")
    assert chosen(4_999) == (
        "numpy",
        "numpy: chosen because 4,999 scenarios do not repay loading a compiled engine",
    )
    assert make_engine("cuda", STUDY, (PLAN,), None, 1, n_rows=5).name == "cuda"
    machine(has_cuda=True, has_numba=False)
    engine = make_engine("cuda", STUDY, (PLAN,), None, 1)
    assert isinstance(engine, ArrayEngine)
    assert engine.name == "cuda"


def test_a_kernel_that_does_not_compile_on_the_device_is_no_end(
    machine: Callable[..., None],
) -> None:
    machine(has_cuda=True, trouble="the kernel does not compile here")
    name, reason = chosen(5_000)
    assert name == "cpu"
    assert reason.endswith("cuda does not work: the kernel does not compile here")


def test_auto_takes_numpy_for_jobs_that_do_not_repay_compiling(
    machine: Callable[..., None],
) -> None:
    machine()
    assert chosen(4_999)[0] == "numpy"
    assert "do not repay loading" in chosen(4_999)[1]
    assert chosen(4_999)[1].endswith("cuda does not work: no device")
    assert chosen(5_000)[1] == "cpu: chosen; cuda does not work: no device"
    assert chosen(5_000)[0] == chosen(None)[0] == "cpu"
    machine(is_compiled=False)
    assert chosen(99_999)[0] == "numpy"
    assert "do not repay compiling" in chosen(99_999)[1]
    assert chosen(100_000)[0] == "cpu"
    told: list[str] = []
    engine = make_engine("cpu", STUDY, (PLAN,), None, 1, say=told.append)
    assert engine.reason == "cpu: asked for; compiled now, once on this machine"
    assert told == ["Compiling the fast engine, once on this machine: about a minute."]


def test_compiling_that_cannot_be_kept_is_not_called_once_on_this_machine(
    machine: Callable[..., None],
) -> None:
    machine(is_compiled=False, has_cache=False)
    told: list[str] = []
    engine = make_engine("cpu", STUDY, (PLAN,), None, 1, say=told.append)
    for words in (engine.reason, *told, chosen(99_999)[1], engine_states()["cpu"]):
        assert "once on this machine" not in words
        assert "no cache folder can be written: set NUMBA_CACHE_DIR" in words


def test_auto_counts_every_plan(machine: Callable[..., None]) -> None:
    machine()
    plans = (PLAN, USUAL)
    engine = make_engine("auto", STUDY, plans, None, 1, n_rows=2_500)
    assert engine.name == "cpu"
    assert engine.parts == (STUDY, plans, None, 1)  # type: ignore[attr-defined]


def test_without_numba_auto_works_and_cpu_says_what_to_do(
    machine: Callable[..., None],
) -> None:
    machine(has_numba=False)
    name, reason = chosen(10**6)
    assert name == "numpy"
    assert "check Numba" in reason
    with pytest.raises(BackendError, match="No module named 'numba'"):
        make_engine("cpu", STUDY, (PLAN,), None, 1)


def test_cpu_asked_for_is_given(machine: Callable[..., None]) -> None:
    machine()
    assert make_engine("cpu", STUDY, (PLAN,), None, 1).reason == "cpu: asked for"


def test_the_state_of_every_engine_is_told(machine: Callable[..., None]) -> None:
    machine()
    assert engine_states() == {
        "numpy": "works",
        "cpu": "works, compiled",
        "cuda": "no device",
    }
    machine(is_compiled=False)
    assert "when first used" in engine_states()["cpu"]
    machine(has_numba=False)
    assert "check Numba" in engine_states()["cpu"]


def test_unknown_engines_and_no_plans_are_refused() -> None:
    with pytest.raises(ValueError, match="auto, numpy, cpu, cuda"):
        make_engine("tpu", STUDY, (PLAN,), None, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no plan"):
        make_engine("numpy", STUDY, (), None, 1)


def test_several_plans_score_as_each_alone() -> None:
    engine = make_engine("numpy", STUDY, (PLAN, USUAL), USUAL, 7, rows_at_once=60)
    ids = np.arange(100, 250)
    both = engine.score(ids)
    assert both[0].baseline is both[1].baseline
    paths = sampled_paths(STUDY, 7, ids)
    for plan, found in zip((PLAN, USUAL), both, strict=True):
        alone = score_all(STUDY, plan, paths, baseline=USUAL)
        for mine, theirs in (
            (found.rows, alone.rows),
            (found.plan.events, alone.plan.events),
            (found.plan.levels, alone.plan.levels),
        ):
            assert list(mine) == list(theirs)
            for name, values in theirs.items():
                np.testing.assert_array_equal(mine[name], values, name)


def test_several_plans_have_the_results_of_each_alone() -> None:
    both = score_plans(
        STUDY,
        (PLAN, USUAL),
        n_scenarios=500,
        seed=3,
        baseline=USUAL,
        grid="capex=1:2:3",
    )
    for plan, found in zip((PLAN, USUAL), both, strict=True):
        alone = score(
            STUDY, plan, n_scenarios=500, seed=3, baseline=USUAL, grid="capex=1:2:3"
        )
        assert found.plan_label == plan.label
        assert repr(found.summary) == repr(alone.summary)
        assert found.monthly == alone.monthly
        assert found.columns is not None
        assert alone.columns is not None
        assert found.grid is not None
        assert alone.grid is not None
        for mine, theirs in (
            (found.columns, alone.columns),
            (found.grid.columns, alone.grid.columns),
        ):
            assert list(mine) == list(theirs)
            for name, values in theirs.items():
                np.testing.assert_array_equal(mine[name], values, name)


def test_a_device_that_fails_is_told_from_a_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class CUDARuntimeError(RuntimeError):
        """Named as CuPy names it."""

    CUDARuntimeError.__module__ = "cupy_backends.cuda.api.runtime"
    place = Backend("cuda", np, "cuda: pretended")
    engine = ArrayEngine(place, STUDY, (PLAN,), None, 1)

    def fail(*_: object, **__: object) -> None:
        text = "cudaErrorDevicesUnavailable:\n device gone"
        raise CUDARuntimeError(text)

    monkeypatch.setattr(gpu.array_engine, "score_each", fail)
    with pytest.raises(DeviceLostError, match="Unavailable: device gone"):
        engine.score(np.arange(3))

    def wrong(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(gpu.array_engine, "score_each", wrong)
    with pytest.raises(RuntimeError):
        engine.score(np.arange(3))
