# SPDX-License-Identifier: Apache-2.0
"""Threads: blocks of scenarios scored at once and handed on in id order.

What does not belong here: what is done with a block (`gpu.score`).
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import numpy as np

from gpu.chunks import BLOCK
from gpu.scored_parts import blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from gpu.engines import Engine
    from gpu.numpy_engine import Scored
    from models.arrays import IntArray

__all__ = ["Progress", "Watch", "in_order", "scored_blocks"]

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

    def elapsed_s(self) -> float:
        """Return the time since the start, never zero [s]."""
        return max(time.perf_counter() - self._started_s, 1e-9)

    def rows_per_s(self) -> float:
        """Return rows scored now, not skipped, over the time [1/s]."""
        return (self.n_done - self._n_before) / self.elapsed_s()


def in_order(
    call: Callable[[Given], Made], given: Iterable[Given], n_workers: int
) -> Iterator[Made]:
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


def scored_blocks(
    score: Callable[[IntArray], tuple[Scored, ...]],
    engine: Engine,
    stop: int,
    start: int = 0,
) -> Iterator[tuple[int, tuple[Scored, ...]]]:
    """Yield first id and scores by plan of each block, in id order.

    Parameters
    ----------
    score : callable
        Scores ids, in several threads at once.
    engine : Engine
        Says how many threads, and blocks per call.
    stop, start : int
        Ids from start, a multiple of 4,096, to stop - 1. [unitless]
    """
    step = BLOCK * engine.blocks_per_call

    def one(first: int) -> list[tuple[int, tuple[Scored, ...]]]:
        ids = np.arange(first, min(first + step, stop), dtype=np.int64)
        by_plan = [blocks_of(found, len(ids)) for found in score(ids)]
        blocks = zip(*by_plan, strict=True)
        return [(first + BLOCK * k, block) for k, block in enumerate(blocks)]

    for made in in_order(one, range(start, stop, step), engine.n_workers):
        yield from made
