# SPDX-License-Identifier: Apache-2.0
"""The kernel's elementary functions and draws against NumPy's, on one thread.

``python tests/benchmarks/bench_kernel_arithmetic.py`` prints nanoseconds per number and
the ratio; both take turns, and the best of many turns counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.kernel.compiled import Doubles, Integers, L, entry
from gpu.kernel.elementary import cosine_of_turn, exp_, log_, sine_of_turn
from gpu.kernel.random import WORD_ROWS, normal_pair, random_words
from gpu.sampling import philox

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = 200
# Numbers that stay in the caches: what is timed is arithmetic.
N_BLOCKS = 64
N_MONTHS = 64


@entry
def exp_blocks(x: Doubles, y: Doubles, n: int) -> None:
    """Take exp block by block."""
    for block in range(n):
        for i in range(L):
            y[block * L + i] = exp_(x[block * L + i])


@entry
def log_blocks(x: Doubles, y: Doubles, n: int) -> None:
    """Take log block by block."""
    for block in range(n):
        for i in range(L):
            y[block * L + i] = log_(x[block * L + i])


@entry
def turn_blocks(x: Doubles, y: Doubles, n: int) -> None:
    """Take sine and cosine block by block; their product keeps both."""
    for block in range(n):
        for i in range(L):
            v = x[block * L + i]
            y[block * L + i] = sine_of_turn(v) * cosine_of_turn(v)


@entry
def words_by_month(u: Integers, counters: Integers, n: int) -> None:
    """Draw words month by month."""
    for month in range(n):
        random_words(u, 1, 2, counters, month, 0)


@entry
def normals_by_month(u: Integers, w: Doubles, counters: Integers, n: int) -> None:
    """Draw pairs of normals month by month."""
    for month in range(n):
        normal_pair(u, w, 0, 1, 2, counters, month, 0)


def main() -> None:
    """Print a line for each."""
    x = np.random.default_rng(1).random(N_BLOCKS * L)
    y = np.empty_like(x)
    u, w = np.zeros(WORD_ROWS * L, np.int64), np.zeros(2 * L)
    ids, months = np.arange(L), np.arange(N_MONTHS)
    turn = 2.0 * np.pi * x

    def numpy_words() -> Any:
        return philox.words(1, ids[:, None], months[None, :], 0)

    def numpy_turn() -> Any:
        return np.sin(turn) * np.cos(turn)

    cases: list[tuple[str, int, Callable[[], Any], Callable[[], Any]]] = [
        ("exp", x.size, lambda: exp_blocks(x, y, N_BLOCKS), lambda: np.exp(x)),
        ("log", x.size, lambda: log_blocks(x, y, N_BLOCKS), lambda: np.log(x)),
        (
            "sine and cosine of a turn",
            x.size,
            lambda: turn_blocks(x, y, N_BLOCKS),
            numpy_turn,
        ),
        (
            "Philox 4x32-10, four words",
            L * N_MONTHS,
            lambda: words_by_month(u, ids, N_MONTHS),
            numpy_words,
        ),
        (
            "two normals",
            L * N_MONTHS,
            lambda: normals_by_month(u, w, ids, N_MONTHS),
            lambda: philox.normals(1, ids, N_MONTHS, 0),
        ),
    ]
    print("| | kernel | NumPy | ratio |")
    print("| --- | --- | --- | --- |")
    for name, count, ours, theirs in cases:
        best = best_seconds(ours, theirs)
        here, there = (1e9 * seconds / count for seconds in best)
        print(f"| {name} | {here:.1f} ns | {there:.1f} ns | {there / here:.1f} |")


def best_seconds(*functions: Callable[[], Any]) -> list[float]:
    """Return the shortest time of each, taking turns."""
    best = [float("inf")] * len(functions)
    for function in functions:
        function()
    for _ in range(TURNS):
        for place, function in enumerate(functions):
            start = time.perf_counter()
            function()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


if __name__ == "__main__":
    main()
