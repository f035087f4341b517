# SPDX-License-Identifier: Apache-2.0
"""Array modules and devices: the only place that imports CuPy.

Everything else asks here for an array module (NumPy or CuPy), for the module of an
array it was given, for copies back to the host and for free memory. What does not
belong here: any computation.
"""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from models.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "ArrayModule",
    "Backend",
    "BackendName",
    "DeviceLostError",
    "array_module",
    "free_memory_bytes",
    "get_array_module",
    "is_device_loss",
    "rows_per_chunk",
    "to_host",
]

ArrayModule: TypeAlias = ModuleType
BackendName: TypeAlias = Literal["auto", "numpy", "cuda"]

INSTALL_HINT = "GPU scoring needs CuPy: pip install 'wattplan[cuda13]'"
# Chunks leave this share of the free memory to everything else.
MEMORY_SHARE = 0.5
# Where the operating system does not say how much memory is free.
FALLBACK_BYTES = 1 << 30
# What CuPy raises when CUDA's runtime or driver fails.
_DEVICE_ERRORS = frozenset({"CUDARuntimeError", "CUDADriverError"})


class DeviceLostError(BackendError):
    """A device that worked has stopped to."""

    @classmethod
    def of(cls, error: BaseException) -> DeviceLostError:
        """Return the error that says which one ended the device's work."""
        return cls(f"cuda: the device has stopped to work ({_one_line(error)}).")


@dataclass(frozen=True, slots=True)
class Backend:
    """An array module and why it was chosen.

    Parameters
    ----------
    name : str
        ``numpy`` or ``cuda``.
    xp : module
        The array module, `numpy` or `cupy`.
    reason : str
        One line for the user.
    """

    name: Literal["numpy", "cuda"]
    xp: ArrayModule
    reason: str


def array_module(name: BackendName = "auto") -> Backend:
    """Return the array module to compute with, and why.

    Parameters
    ----------
    name : str
        ``numpy``; ``cuda`` for CuPy on a CUDA device; ``auto`` for CUDA where it
        works, else NumPy.

    Returns
    -------
    Backend
        Name, module and one line of explanation.

    Raises
    ------
    BackendError
        If ``cuda`` is asked for and does not work; the message names the mend.
    ValueError
        If the name is none of the three.
    """
    if name == "numpy":
        return Backend("numpy", np, "numpy: asked for")
    if name not in ("auto", "cuda"):
        msg = f"backend = {name!r} must be one of auto, numpy, cuda"
        raise ValueError(msg)
    device, trouble = _probe_cuda()
    if not trouble:
        how = "asked for" if name == "cuda" else "chosen, it works"
        return Backend(
            "cuda", importlib.import_module("cupy"), f"cuda: {how}, {device}"
        )
    if name == "cuda":
        raise BackendError(trouble)
    return Backend("numpy", np, f"numpy: chosen because cuda does not work: {trouble}")


def get_array_module(*arrays: object) -> ArrayModule:
    """Return `cupy` if any of the arrays lies on a CUDA device, else `numpy`.

    Parameters
    ----------
    *arrays : ndarray of any shape
        Arrays, or anything NumPy takes for one. [any]

    Returns
    -------
    module
        The array module. CuPy is not imported unless one of the arrays needs it.
    """
    for array in arrays:
        if type(array).__module__.partition(".")[0] == "cupy":
            return importlib.import_module("cupy")
    return np


def to_host(array: Any) -> NDArray[Any]:
    """Return an array as a NumPy array, copied from the device where it lies there.

    Parameters
    ----------
    array : ndarray of any shape
        NumPy or CuPy array. [any]

    Returns
    -------
    ndarray of the same shape
        On the host. [same]
    """
    xp = get_array_module(array)
    return np.asarray(array if xp is np else xp.asnumpy(array))


def is_device_loss(error: BaseException) -> bool:
    """Return whether an error says that the device or its driver failed.

    Parameters
    ----------
    error : BaseException
        What CuPy raised; shortage of memory is none of these.
    """
    if isinstance(error, MemoryError):
        return False
    kind = type(error)
    is_cupys = kind.__module__.partition(".")[0] in {"cupy", "cupy_backends"}
    return is_cupys and kind.__name__ in _DEVICE_ERRORS


def free_memory_bytes(xp: ArrayModule = np) -> int:
    """Return the memory now free for new arrays.

    Parameters
    ----------
    xp : module
        Array module.

    Returns
    -------
    int
        Free bytes on the current device, or of the computer for NumPy. [B]
    """
    if xp is np:
        try:
            return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, OSError, ValueError):
            return FALLBACK_BYTES
    free, _ = xp.cuda.runtime.memGetInfo()
    # Memory that CuPy's pool holds but does not use is free to us too.
    return int(free) + int(xp.get_default_memory_pool().free_bytes())


def rows_per_chunk(
    bytes_per_row: int, *, xp: ArrayModule = np, limit_rows: int = 1 << 16
) -> int:
    """Return how many rows fit in half of the free memory.

    Parameters
    ----------
    bytes_per_row : int
        Memory that one row needs, work arrays included, > 0. [B]
    xp : module
        Array module.
    limit_rows : int
        Never more than this. [unitless]

    Returns
    -------
    int
        At least 1. [unitless]

    Raises
    ------
    ValueError
        If `bytes_per_row` or `limit_rows` is not positive.
    """
    if bytes_per_row <= 0 or limit_rows <= 0:
        msg = f"bytes_per_row = {bytes_per_row}, limit_rows = {limit_rows} must be > 0"
        raise ValueError(msg)
    fit = int(free_memory_bytes(xp) * MEMORY_SHARE) // bytes_per_row
    return max(1, min(limit_rows, fit))


@lru_cache(maxsize=1)
def _probe_cuda() -> tuple[str, str]:
    """Return the device's name and, where CUDA does not work, what to do about it."""
    # CuPy reports what does not fit it by many kinds of exception, some of its own: a
    # NumPy it was not built for by a ValueError as it is imported.
    try:
        cupy = importlib.import_module("cupy")
    except Exception as err:
        absent = isinstance(err, ModuleNotFoundError) and err.name == "cupy"
        return "", INSTALL_HINT if absent else f"{INSTALL_HINT} ({_one_line(err)})"
    count, trouble = _attempt(cupy.cuda.runtime.getDeviceCount)
    if trouble:
        return "", f"the CUDA driver does not answer ({trouble}); install or update it"
    if not count:
        return "", "CUDA finds no device; check nvidia-smi and CUDA_VISIBLE_DEVICES"
    total, trouble = _attempt(lambda: float(cupy.arange(4.0).sum()))
    if trouble or total != 6.0:
        why = trouble or "a sum of four numbers came out wrong"
        return "", f"a first CUDA computation failed ({why}); check driver and CuPy"
    properties, _ = _attempt(lambda: cupy.cuda.runtime.getDeviceProperties(0))
    name = properties["name"] if isinstance(properties, dict) else b"device 0"
    return name.decode() if isinstance(name, bytes) else str(name), ""


def _attempt(call: Callable[[], Any]) -> tuple[Any, str]:
    """Return the result of a call and, where it fails, why in one line."""
    try:
        return call(), ""
    except Exception as err:
        return None, _one_line(err)


def _one_line(err: BaseException) -> str:
    """Return an exception as one line of text."""
    text = " ".join(str(err).split()) or type(err).__name__
    return text[:200]
