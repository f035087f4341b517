# SPDX-License-Identifier: Apache-2.0
"""Kernel functions translated to C++, compiled with g++ and called from Python."""

from __future__ import annotations

import ctypes
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.kernel.translate import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gpu.kernel.translate_expressions import Signature

# No contraction: engines agree to the last bit.
FLAGS = ["-O2", "-std=c++14", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function"]
FLAGS += ["-Wno-unused-parameter", "-ffp-contract=off", "-shared", "-fPIC"]

_PASSED = {
    "double": ctypes.c_double,
    "int64": ctypes.c_longlong,
    "bool": ctypes.c_bool,
    "void": None,
    "double*": np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS"),
    "unsigned char*": np.ctypeslib.ndpointer(np.uint8, flags="C_CONTIGUOUS"),
    "History": np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS"),
    "int64*": np.ctypeslib.ndpointer(np.int64, flags="C_CONTIGUOUS"),
}


def compiled_cpp(
    functions: Sequence[Callable[..., Any]], folder: Path, lanes: int = 1
) -> dict[str, Callable[..., Any]]:
    """Translate functions, compile them, and return them by name."""
    translation = translate(functions, lanes)
    source, library = folder / "kernel.cpp", folder / "kernel.so"
    wrappers = [_wrapper(name, made) for name, made in translation.signatures.items()]
    source.write_text(translation.text + "\n".join(wrappers), encoding="utf-8")
    subprocess.run(
        ["g++", *FLAGS, str(source), "-o", str(library)], check=True, timeout=120
    )
    loaded = ctypes.CDLL(str(library))
    found: dict[str, Callable[..., Any]] = {}
    for name, made in translation.signatures.items():
        function = getattr(loaded, f"call_{name}")
        function.argtypes = [_PASSED[kind] for kind in made.parameters]
        function.restype = _PASSED[made.result]
        found[name] = function
    return found


def _wrapper(name: str, made: Signature) -> str:
    """Return a C function that calls a translated one."""
    kinds = [kind.replace("History", "double*") for kind in made.parameters]
    kinds = [kind.replace("int64", "long long") for kind in kinds]
    listed = ", ".join(f"{kind} a{i}" for i, kind in enumerate(kinds))
    passed = ", ".join(f"a{i}" for i in range(len(kinds)))
    result = made.result.replace("int64", "long long")
    begin = "" if result == "void" else "return "
    head = f'extern "C" {result} call_{name}({listed})'
    return f"{head} {{ {begin}wattplan::{made.name}({passed}); }}\n"
