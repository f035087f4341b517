# SPDX-License-Identifier: Apache-2.0
"""Threads: calls made at once, answers handed on in order; a watch over progress.

What does not belong here: what is called (`gpu.scoring.chunk_run`).
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future

__all__ = ["Progress", "Watch", "in_order"]

Given = TypeVar("Given")
Made = TypeVar("Made")

WAITING_PER_WORKER: Final = 2
"""Calls begun or done and not yet taken, per thread: bounds memory. [unitless]"""


class Progress(Protocol):
    """Told after every call how far the work is."""

    def __call__(self, done: int, total: int, scenarios_per_s: float, /) -> None:
        """Take scenarios done, all there are, and the speed so far."""


class Watch:
    """Counts what is done and tells it on.

    Parameters
    ----------
    n_total : int
        Scenarios and grid points in all. [unitless]
    progress : callable or None
        Called as ``progress(done, total, scenarios_per_s)``.
    """

    def __init__(self, n_total: int, progress: Progress | None) -> None:
        self.n_total, self.n_done = n_total, 0
        self._progress = progress
        self._started_s = time.perf_counter()
        self._n_before = 0
        self.prepared_s = 0.0

    def start(self) -> None:
        """Note that all is ready: time before was for preparing."""
        self.prepared_s = self.elapsed_s()
        self._started_s = time.perf_counter()

    def add(self, n_rows: int) -> None:
        """Note that rows have been scored."""
        self.n_done += n_rows
        if self._progress is not None:
            speed = (self.n_done - self._n_before) / self.elapsed_s()
            self._progress(self.n_done, self.n_total, speed)

    def skip(self, n_rows: int) -> None:
        """Note rows that were scored earlier; they count for no speed."""
        self._n_before += n_rows
        self.n_done += n_rows

    def rewind(self, n_done: int) -> None:
        """Note that rows have to be scored again; so many are left as done."""
        self.n_done = n_done

    def elapsed_s(self) -> float:
        """Return the time since the start, never zero [s]."""
        return max(time.perf_counter() - self._started_s, 1e-9)

    def rows_per_s(self) -> float:
        """Return rows scored now, not skipped, over the time [1/s]."""
        return (self.n_done - self._n_before) / self.elapsed_s()


def in_order(
    call: Callable[[Given], Made], given: Iterable[Given], n_workers: int
) -> Generator[Made]:
    """Yield what calls return, in the order given, whoever finishes first.

    Parameters
    ----------
    call : callable
        Done in threads where there is more than one worker.
    given : iterable
        Argument of each call; taken only as threads become free.
    n_workers : int
        Threads. [unitless]

    Notes
    -----
    An error ends the iteration when its turn comes; calls not yet begun are dropped,
    those begun are waited for.
    """
    if n_workers <= 1:
        yield from (call(argument) for argument in given)
        return
    waiting: deque[Future[Made]] = deque()
    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="wattplan-score")
    try:
        for argument in given:
            waiting.append(pool.submit(call, argument))
            if len(waiting) >= WAITING_PER_WORKER * n_workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
