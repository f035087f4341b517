# SPDX-License-Identifier: Apache-2.0
"""How kernel functions are compiled: the decorators, the lanes and the cache folder.

`device` marks the pieces, `entry` what Python calls. The language is a small part of
Python that also becomes C++, see `gpu.kernel.translate`. What does not belong here:
Numba's inner workings (`gpu.kernel.pipeline`), arithmetic (`gpu.kernel.elementary`),
and any function of the model.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeAlias, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from gpu.kernel.disk_cache import keep_on_disk
from gpu.kernel.pipeline import OPTIONS, Piece, PieceCompiler, compiled_whole

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Doubles",
    "Flags",
    "History",
    "Integers",
    "L",
    "cache_folder",
    "device",
    "entry",
]

# Scenarios that go through the stages together on a CPU.
L: Final = 128

Doubles: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
# What happened or not, 1 or 0, a byte each.
Flags: TypeAlias = NDArray[np.uint8]
# Rows kept for the whole horizon; a GPU strides through them by thread.
History: TypeAlias = NDArray[np.float64]

_P = ParamSpec("_P")
_R = TypeVar("_R")

# A kernel's folder that is older is removed when another version makes its own. [days]
UNUSED_DAYS: Final = 90

_ARRAYS: Final = frozenset({"Doubles", "Flags", "History", "Integers"})


def device(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a piece of the kernel; `entry` functions compile it into themselves.

    A function without array parameters is always expanded where it is called, so that
    lane loops over it vectorise; one with arrays is left to the compiler's judgement.

    Parameters
    ----------
    function : callable
        Written in the language of `gpu.kernel.translate`.

    Returns
    -------
    callable
        Compiled on the first call, in every process anew.

    Notes
    -----
    No fast-math flag is set: reassociation would undo the rounding steps of the
    elementary functions. An index must not be negative, and no two array arguments of
    a call may overlap: loops over several arrays are vectorised on that promise.
    """
    kinds = {str(kind) for kind in function.__annotations__.values()}
    make: Any = Piece
    piece: Callable[_P, _R] = make(
        function,
        targetoptions={
            **OPTIONS,
            "nopython": True,
            "forceinline": not kinds & _ARRAYS,
            "no_cpython_wrapper": True,
            "no_cfunc_wrapper": True,
            # The caller holds the arrays: a piece need not count who uses them.
            "_nrt": False,
        },
        pipeline_class=PieceCompiler,
    )
    return functools.update_wrapper(piece, function)


def entry(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a function that Python calls, with all pieces it uses, once per machine.

    Parameters
    ----------
    function : callable
        Written in the language of `gpu.kernel.translate`.

    Returns
    -------
    callable
        Compiled on the first call unless it lies in `cache_folder`; it releases the
        interpreter lock while it runs.
    """
    compiled = compiled_whole(function)
    folder = cache_folder()
    if folder is not None:
        keep_on_disk(compiled, function, folder)
    made: Callable[_P, _R] = compiled
    return made


def cache_folder() -> Path | None:
    """Return where compiled kernels are kept; None if nothing can be written there.

    Returns
    -------
    Path or None
        Below ``NUMBA_CACHE_DIR`` if that is set, else below the user's cache folder.
        Its name holds a hash of every source of this package and of Numba's version:
        Numba itself looks only at the file of the function that is called, not at
        those of the functions expanded into it.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    try:
        place = Path(given) if given else _user_cache()
        folder = place / f"kernel-{_sources_hash()}"
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _remove_unused(folder)
    except (OSError, RuntimeError):
        # A user without a home, as in a container, is a RuntimeError.
        return None
    return folder if os.access(folder, os.W_OK) else None


def _remove_unused(folder: Path) -> None:
    """Remove kernels of other versions that nobody has compiled for long."""
    since = time.time() - UNUSED_DAYS * 86_400
    for other in folder.parent.glob("kernel-*"):
        newest = max((path.stat().st_mtime for path in other.rglob("*")), default=since)
        if other != folder and newest < since:
            shutil.rmtree(other, ignore_errors=True)


def _user_cache() -> Path:
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "wattplan"


def _sources_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
