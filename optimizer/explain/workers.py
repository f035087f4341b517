# SPDX-License-Identifier: Apache-2.0
"""Worker processes that answer tasks side by side.

Each is a Python of its own (``python -m optimizer.explain.worker``) that is fed through
its standard input and never imports the caller's script, so a notebook and a plain
script may call it alike. What does not belong here: the order of tasks.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from optimizer.explain.tasks import Failure, run_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from optimizer.explain.tasks import Answer, Context, Task

__all__ = ["InlineWorker", "WorkerPool", "Workers", "read_message", "write_message"]

_LENGTH: Final = struct.Struct(">Q")


class Workers(Protocol):
    """Something that answers tasks."""

    n_workers: int

    def submit(self, task: Task, limit_s: float) -> Future[Answer]:
        """Start a task, or answer it at once."""

    def close(self, *, at_once: bool = False) -> None:
        """End the workers; `at_once` without waiting for what they do."""


def write_message(pipe: IO[bytes], value: object) -> None:
    """Write one value with its length in front."""
    body = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(body)))
    pipe.write(body)
    pipe.flush()


def read_message(pipe: IO[bytes]) -> Any:
    """Return the next value of a pipe between us and our own process.

    Raises
    ------
    EOFError
        If the other end is gone.
    """
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        msg = "the other end of the pipe is closed"
        raise EOFError(msg)
    body = pipe.read(_LENGTH.unpack(head)[0])
    return pickle.loads(body)  # noqa: S301  (written by our own process)


class InlineWorker:
    """Answers tasks in this process, one after another.

    Parameters
    ----------
    context : Context
        Study and plan.
    should_stop : callable or None
        Polled during solves.
    """

    n_workers = 1

    def __init__(
        self, context: Context, should_stop: Callable[[], bool] | None = None
    ) -> None:
        self._context = context
        self._should_stop = should_stop

    def submit(self, task: Task, limit_s: float) -> Future[Answer]:
        """Answer a task now."""
        future: Future[Answer] = Future()
        future.set_result(run_task(self._context, task, limit_s, self._should_stop))
        return future

    def close(self, *, at_once: bool = False) -> None:
        """Do nothing: there is nothing to end."""


class WorkerPool:
    """Answers tasks in processes of their own, side by side.

    Parameters
    ----------
    context : Context
        Study and plan, sent to each worker once.
    n_workers : int
        Processes. [processes]

    Attributes
    ----------
    processes : list of subprocess.Popen
        All that were started, lost ones included.
    """

    def __init__(self, context: Context, n_workers: int) -> None:
        self.n_workers = n_workers
        self._is_closing = False
        self.processes: list[subprocess.Popen[bytes]] = []
        self._idle: SimpleQueue[subprocess.Popen[bytes]] = SimpleQueue()
        self._context = context
        for _ in range(n_workers):
            self._idle.put(self._begin())
        self._threads = ThreadPoolExecutor(n_workers)

    def _begin(self) -> subprocess.Popen[bytes]:
        process = _start()
        self.processes.append(process)
        # One that is lost already says so at its first task.
        with contextlib.suppress(BrokenPipeError):
            write_message(_pipe(process.stdin), self._context)
        return process

    def submit(self, task: Task, limit_s: float) -> Future[Answer]:
        """Start a task in the next idle worker."""
        return self._threads.submit(self._ask, task, limit_s)

    def _ask(self, task: Task, limit_s: float) -> Answer:
        process = self._idle.get()
        try:
            write_message(_pipe(process.stdin), (task, limit_s))
            answer = read_message(_pipe(process.stdout))
        except (EOFError, BrokenPipeError):
            reason = (
                f"its worker process ended (exit code {process.wait()}), perhaps for "
                "want of memory. Run wattplan explain to try again."
            )
            if not self._is_closing:
                _close_pipes(process)
                process = self._begin()
            return Failure(task, reason)
        finally:
            self._idle.put(process)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    def close(self, *, at_once: bool = False) -> None:
        """End the worker processes."""
        self._is_closing = True
        for process in self.processes:
            if at_once:
                process.terminate()
            else:
                _close(process.stdin)
        self._threads.shutdown(cancel_futures=True)
        for process in self.processes:
            process.wait()
            _close_pipes(process)


def _close(pipe: IO[bytes] | None) -> None:
    """Close our end; what a lost worker did not read is lost with it."""
    if pipe is not None:
        with contextlib.suppress(BrokenPipeError):
            pipe.close()


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    _close(process.stdin)
    _close(process.stdout)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        msg = "a worker was started without pipes"
        raise RuntimeError(msg)
    return pipe


def _start() -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "PYTHONSAFEPATH": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "optimizer.explain.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
