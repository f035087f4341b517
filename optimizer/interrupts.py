# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C during long work: the first asks it to stop, the second breaks it off.

What does not belong here: what the work does with the wish to stop.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["stop_on_interrupt"]


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells whether the user has pressed Ctrl-C.

    Inside the block the first interrupt is only noted, so that a solver can end with
    its best plan; a second one raises `KeyboardInterrupt`. In a thread other than the
    main one, which receives no signals, nothing is changed.

    Yields
    ------
    callable
        Returns True once the user has asked to stop.
    """
    asked = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    earlier = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, earlier)
