# SPDX-License-Identifier: Apache-2.0
"""The program of one worker process; see `optimizer.explain.workers`.

What does not belong here: anything but reading tasks and writing answers.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from optimizer.explain.tasks import run_task
from optimizer.explain.workers import read_message, write_message

if TYPE_CHECKING:
    from typing import IO

__all__ = ["main", "serve"]


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Answer tasks until the source ends.

    Parameters
    ----------
    source, target : binary files
        Where the context and tasks come from, and answers go.
    """
    try:
        context = read_message(source)
        while True:
            task, limit_s = read_message(source)
            try:
                answer: object = run_task(context, task, limit_s)
            except Exception as error:  # a fault of the program: shown by the caller
                answer = RuntimeError(f"{task}: {type(error).__name__}: {error}")
            write_message(target, answer)
    except (EOFError, BrokenPipeError):
        return


def main() -> None:
    """Serve on the standard streams; what solvers print goes to standard error."""
    # Ctrl-C reaches the whole group: the caller decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
