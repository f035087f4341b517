# SPDX-License-Identifier: Apache-2.0
"""What stands in for CuPy where there is no GPU: foreign arrays, and modules by g++.

The CUDA module is compiled as plain C++; a launch goes through the threads of the grid
one after the other. It shows that entry point, arguments, history and grid are right,
and nothing about a GPU.
"""

from __future__ import annotations

import ctypes
import functools
import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from foreign_arrays import FOREIGN, ForeignArray
from kernel_cpp import FLAGS

if TYPE_CHECKING:
    from pathlib import Path

SHIM = """
#define __global__
#define __launch_bounds__(threads, blocks)
static struct { unsigned x; } gridDim, blockDim, blockIdx, threadIdx;
"""
LAUNCHER = """
extern "C" void launch(unsigned grid, unsigned block, void** a) {
    typedef double* D;
    typedef long long* I;
    typedef unsigned char* B;
    gridDim.x = grid;
    blockDim.x = block;
    for (blockIdx.x = 0; blockIdx.x < grid; ++blockIdx.x)
        for (threadIdx.x = 0; threadIdx.x < block; ++threadIdx.x)
            score_rows((D)a[0], (I)a[1], (D)a[2], (D)a[3], (D)a[4], (D)a[5], (B)a[6],
                       (D)a[7], *(I)a[8], (D)a[9], (I)a[10]);
}
"""


def cuda_stand_in(
    folder: Path,
    n_sms: int,
    *,
    free_bytes: int = 1 << 34,
    most_rows: int = 1 << 20,
    flags: tuple[str, ...] = (),
) -> Any:
    """A module that `CudaEngine` takes for CuPy, with a device of `n_sms`.

    A launch of more than `most_rows` rows finds no memory; g++ gets `flags` too.
    """
    launches: list[tuple[int, int, int]] = []

    class RawModule:
        def __init__(self, code: str, options: tuple[str, ...]) -> None:
            self._library = _compiled(folder, code, (*options, *flags))

        def get_function(self, name: str) -> Any:
            assert name == "score_rows"
            return self._run

        def _run(
            self, grid: tuple[int], block: tuple[int], arguments: tuple[Any, ...]
        ) -> None:
            n_rows = int(arguments[8])
            if n_rows > most_rows:
                raise MemoryError
            launches.append((grid[0], block[0], n_rows))
            here = [_under(value) for value in arguments]
            held = [np.atleast_1d(value) for value in here]
            assert all(array.flags.c_contiguous for array in held)
            kinds = [array.dtype.kind for array in held]
            assert "".join(kinds) == "fiffffufifi"
            passed = (ctypes.c_void_p * len(held))(*(a.ctypes.data for a in held))
            self._library.launch(grid[0], block[0], passed)

    pool = SimpleNamespace(free_bytes=lambda: 0)
    runtime = SimpleNamespace(memGetInfo=lambda: (free_bytes, free_bytes))
    device = SimpleNamespace(attributes={"MultiProcessorCount": n_sms})
    return SimpleNamespace(
        RawModule=RawModule,
        **vars(FOREIGN),
        get_default_memory_pool=lambda: pool,
        cuda=SimpleNamespace(Device=lambda: device, runtime=runtime),
        launches=launches,
    )


def _under(value: Any) -> Any:
    """What a launch is given: numbers, and arrays that lie on the device."""
    assert isinstance(value, ForeignArray | np.int64)
    return value.host if isinstance(value, ForeignArray) else value


@functools.cache
def _compiled(folder: Path, code: str, options: tuple[str, ...]) -> Any:
    number = len(list(folder.glob("*.so")))
    source, library = folder / f"module{number}.cpp", folder / f"module{number}.so"
    source.write_text(SHIM + code + LAUNCHER, encoding="utf-8")
    # What g++ does not know: CUDA's word against contraction.
    defined = [option for option in options if option != "-fmad=false"]
    command = ["g++", *FLAGS, *defined, str(source), "-o", str(library)]
    subprocess.run(command, check=True, timeout=120)
    return ctypes.CDLL(str(library))
