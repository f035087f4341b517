# SPDX-License-Identifier: Apache-2.0
"""Choice of the array module, with every way in which CUDA may be missing."""

from __future__ import annotations

import importlib
import types
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu import backend
from models.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def fail(text: str) -> Callable[..., None]:
    def call(*_: object) -> None:
        raise RuntimeError(text)

    return call


def fake_cupy(**changes: object) -> types.SimpleNamespace:
    """Just enough of CuPy for the probe; computes with NumPy."""
    runtime = types.SimpleNamespace(
        getDeviceCount=lambda: 1,
        getDeviceProperties=lambda _: {"name": b"Test Device"},
        memGetInfo=lambda: (1000, 4000),
    )
    cupy = types.SimpleNamespace(
        arange=np.arange,
        cuda=types.SimpleNamespace(runtime=runtime),
        get_default_memory_pool=lambda: types.SimpleNamespace(free_bytes=lambda: 24),
    )
    for name, value in changes.items():
        setattr(cupy if hasattr(cupy, name) else runtime, name, value)
    return cupy


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object], None]]:
    """Make the import of CuPy give a module or raise an error."""
    real = importlib.import_module

    def put(cupy: object) -> None:
        def load(name: str) -> object:
            if name != "cupy":
                return real(name)
            if isinstance(cupy, Exception):
                raise cupy
            return cupy

        monkeypatch.setattr(backend.importlib, "import_module", load)

    backend._probe_cuda.cache_clear()
    yield put
    backend._probe_cuda.cache_clear()


def test_numpy_is_given_without_a_look_at_cuda(install) -> None:
    install(ImportError("must not be tried"))
    chosen = backend.array_module("numpy")
    assert (chosen.name, chosen.xp) == ("numpy", np)
    assert chosen.reason == "numpy: asked for"


def test_working_cuda_is_chosen_and_named(install) -> None:
    cupy = fake_cupy()
    install(cupy)
    chosen = backend.array_module()
    assert (chosen.name, chosen.xp) == ("cuda", cupy)
    assert chosen.reason == "cuda: chosen, it works, Test Device"
    assert backend.array_module("cuda").reason == "cuda: asked for, Test Device"


@pytest.mark.parametrize(
    ("cupy", "part"),
    [
        (
            ModuleNotFoundError("No module", name="cupy"),
            "pip install 'wattplan[cuda13]'",
        ),
        (ImportError("libcuda.so.1\nnot found"), "libcuda.so.1 not found"),
        (ValueError("numpy.dtype size changed"), "numpy.dtype size changed"),
        (fake_cupy(getDeviceCount=fail("driver too old")), "driver too old"),
        (fake_cupy(getDeviceCount=lambda: 0), "no device"),
        (fake_cupy(arange=fail("out of memory")), "out of memory"),
        (fake_cupy(arange=np.zeros_like), "came out wrong"),
    ],
)
def test_cuda_that_does_not_work_is_explained(install, cupy: object, part: str) -> None:
    install(cupy)
    chosen = backend.array_module("auto")
    assert (chosen.name, chosen.xp) == ("numpy", np)
    assert part in chosen.reason
    assert "\n" not in chosen.reason
    with pytest.raises(BackendError) as caught:
        backend.array_module("cuda")
    assert part in str(caught.value)


def test_missing_cupy_names_the_package_to_install(install) -> None:
    install(ModuleNotFoundError("No module named 'cupy'", name="cupy"))
    with pytest.raises(BackendError) as caught:
        backend.array_module("cuda")
    assert str(caught.value) == (
        "GPU scoring needs CuPy: pip install 'wattplan[cuda13]'"
    )


def test_unknown_backend_is_refused() -> None:
    with pytest.raises(ValueError, match="auto, numpy, cuda"):
        backend.array_module("tpu")


def test_host_arrays_belong_to_numpy() -> None:
    values = np.arange(3.0)
    assert backend.get_array_module(values, [1.0], 2) is np
    assert backend.to_host(values) is values
    assert backend.to_host([1.0, 2.0]).tolist() == [1.0, 2.0]


def test_device_arrays_belong_to_cupy(install) -> None:
    class Array:
        pass

    Array.__module__ = "cupy._core.core"
    cupy = fake_cupy()
    cupy.asnumpy = lambda _: np.ones(2)
    install(cupy)
    assert backend.get_array_module(np.ones(1), Array()) is cupy
    assert backend.to_host(Array()).tolist() == [1.0, 1.0]


def test_free_memory_counts_what_the_pool_can_reuse() -> None:
    assert backend.free_memory_bytes() > 0
    assert backend.free_memory_bytes(fake_cupy()) == 1024


def test_chunks_fit_half_of_the_free_memory() -> None:
    assert backend.rows_per_chunk(10, xp=fake_cupy()) == 51  # 1024 / 2 / 10
    assert backend.rows_per_chunk(10, xp=fake_cupy(), limit_rows=8) == 8
    assert backend.rows_per_chunk(10**9, xp=fake_cupy()) == 1
    with pytest.raises(ValueError, match="must be > 0"):
        backend.rows_per_chunk(0)
