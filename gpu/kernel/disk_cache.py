# SPDX-License-Identifier: Apache-2.0
"""Compiled kernels on disk: found by later processes, compiled by one at a time.

What does not belong here: in which folder they lie, and how they are compiled
(`gpu.kernel.compiled`).
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numba.core import config
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform != "win32":
    import fcntl

__all__ = ["keep_on_disk"]


def keep_on_disk(compiled: Any, function: Callable[..., Any], folder: Path) -> None:
    """Have a compiled function read from a folder, or written there when compiled.

    Parameters
    ----------
    compiled : Dispatcher
        What Numba made of the function.
    function : callable
        The function.
    folder : Path
        Where compiled functions lie. If it cannot be used, nothing is kept.
    """
    settings: Any = config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(folder)
    try:
        make: Any = _SharedCache
        cache = make(function)
    except (OSError, RuntimeError):
        return
    finally:
        settings.CACHE_DIR = before
    compiled._cache = cache
    compiled.compile = _released(compiled.compile, cache)


def _released(compile_one: Callable[[Any], Any], cache: _SharedCache) -> Any:
    """Return a compile step after which the cache lets others in, even if it fails."""

    def compile_alone(signature: Any) -> Any:
        try:
            return compile_one(signature)
        finally:
            cache.release()

    return compile_alone


class _SharedCache(FunctionCache):
    """Numba's cache, where processes that start together compile once.

    A process that does not find what it needs locks a file and looks again: another
    may have compiled it meanwhile. The system lifts the lock of a process that dies.
    A file that cannot be read, written or locked is no failure.
    """

    def __init__(self, function: Any) -> None:
        FunctionCache.__init__(self, function)
        self._locks: list[int] = []

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function, or None if there is none that can be read."""
        found = self._load(sig, target_context)
        if found is None and self._take_lock():
            found = self._load(sig, target_context)
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled function if that can be done."""
        cache: Any = super()
        with contextlib.suppress(Exception):
            cache.save_overload(sig, data)

    def release(self) -> None:
        """Let other processes compile."""
        # Threads that wait for one compilation all come here: each lock is taken once.
        with contextlib.suppress(IndexError):
            os.close(self._locks.pop())

    def _load(self, sig: Any, target_context: Any) -> Any:
        cache: Any = super()
        try:
            return cache.load_overload(sig, target_context)
        except Exception:
            return None

    def _take_lock(self) -> bool:
        """Wait until no other process compiles this; return whether that was done."""
        if sys.platform == "win32" or self._locks:
            return False
        place = Path(self.cache_path) / f"{Path(self._impl.filename_base).name}.lock"
        handle = -1
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            if handle >= 0:
                os.close(handle)
            return False
        self._locks.append(handle)
        return True
