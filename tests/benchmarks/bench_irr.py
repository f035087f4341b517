# SPDX-License-Identifier: Apache-2.0
"""Batched IRR on one thread; run by hand: `python tests/benchmarks/bench_irr.py`.

Prints rows of 121 flows per second of the compiled kernel, of the array form, of one
scalar call per row and of PyXIRR, a Rust library, called per row; and the ratios, which
are the figures to quote. PyXIRR looks for one root; the others count them all and
choose by the rule of `models.finance.irr`. The methods take turns, so that whatever
else the machine does slows all of them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import pyxirr

from gpu import irr_batch, irr_cpu
from models.finance import IRR_STATUS, irr

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray

N_FLOWS = 121
REPEATS = 5
# Rows of the slower methods, whose speed does not depend on how many there are.
BATCH_ROWS, SINGLE_ROWS, SCALAR_ROWS = 20_000, 5_000, 100


def one_change(rng: np.random.Generator, n_rows: int) -> FloatArray:
    """Return an outlay and 120 months of income."""
    flows = np.abs(rng.normal(1.0, 3.0, (n_rows, N_FLOWS)))
    flows[:, 0] = -60.0
    return flows


def projects(rng: np.random.Generator, n_rows: int) -> FloatArray:
    """Return sites built in a year that earn a random margin, with loss months.

    Margins are a log-normal revenue less a fixed cost, with half of a loss avoided by
    switching off; half of the rows renew machines after five years, and all end with
    a sale or a clearing cost.
    """
    months = np.arange(N_FLOWS)
    walk = rng.normal(-0.005, 0.10, (n_rows, N_FLOWS)).cumsum(axis=1)
    margin = rng.uniform(1.5, 3.0, (n_rows, 1)) * np.exp(walk) - 1.0
    flows = np.where(margin < 0.0, 0.5 * margin, margin)
    flows[:, :12] = -rng.uniform(1.0, 6.0, (n_rows, 12))
    flows[:, 60] -= np.where(rng.random(n_rows) < 0.5, 15.0, 0.0)
    flows[:, -1] += rng.normal(10.0, 10.0, n_rows)
    return np.where(months < rng.integers(0, 6, (n_rows, 1)), 0.0, flows)


def noise(rng: np.random.Generator, n_rows: int) -> FloatArray:
    """Return an outlay and months that lose as often as not nearly."""
    flows = rng.normal(1.0, 3.0, (n_rows, N_FLOWS))
    flows[:, 0] = -60.0
    return flows


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compare(name: str, flows: FloatArray) -> None:
    """Print one line of figures for one set of rows."""
    rows = list(flows[:SINGLE_ROWS])
    parts = flows[:BATCH_ROWS]
    works: dict[str, tuple[int, Callable[[], object]]] = {
        "kernel": (len(flows), lambda: irr_cpu.irr(flows)),
        "array": (len(parts), lambda: irr_batch.irr(parts)),
        "pyxirr": (len(rows), lambda: [pyxirr.irr(row, silent=True) for row in rows]),
        "scalar": (SCALAR_ROWS, lambda: [irr(row) for row in rows[:SCALAR_ROWS]]),
    }
    irr_cpu.irr(flows[:1])
    spent: dict[str, list[float]] = {key: [] for key in works}
    for _ in range(REPEATS):
        for key, (_, work) in works.items():
            spent[key].append(_seconds(work))
    speed = {k: works[k][0] / statistics.median(spent[k]) for k in works}
    shown = ", ".join(f"{key} {value:,.0f}" for key, value in speed.items())
    print(f"{name}, rows/s: {shown}")
    ratios = [f"{speed['kernel'] / speed[key]:,.0f} x {key}" for key in works][1:]
    _, _, status = irr_cpu.irr(parts)
    share = np.bincount(status, minlength=len(IRR_STATUS)) / len(status)
    found = [f"{IRR_STATUS[k]} {share[k]:.1%}" for k in np.flatnonzero(share)]
    print(f"  kernel is {', '.join(ratios)}; status {', '.join(found)}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    n_rows = parser.parse_args().rows
    rng = np.random.default_rng(1)
    compare("one sign change", one_change(rng, n_rows))
    compare("projects", projects(rng, n_rows))
    compare("noise", noise(rng, n_rows // 10))


if __name__ == "__main__":
    main()
