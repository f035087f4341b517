# SPDX-License-Identifier: Apache-2.0
"""Scoring speed and memory; run by hand: `python tests/benchmarks/bench_score.py`.

Prints, for the base study and business as usual as its own baseline, on NumPy, medians
of several repeats: scenarios/s by number of scenarios, time by stage, batched IRR
against one call per row, peak memory. Ratios of one run are the figures to quote; those
of the compiled engine stand in `bench_engines`.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from gpu.irr_batch import irr as batched_irr
from gpu.numpy_engine import score_paths
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.score import score
from models.business_as_usual import business_as_usual
from models.cashflow import evaluate
from models.finance import irr
from models.market import base_paths
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 5


def median_s(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median wall time of a call [s]."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    study = load_study("base")
    plan = business_as_usual(study)
    ids = np.arange(4096)
    paths = sampled_paths(study, 1, ids)
    drawn = median_s(lambda: sampled_paths(study, 1, ids))
    valued = median_s(lambda: evaluate(study, plan, paths))
    rows = median_s(lambda: score_paths(study, plan, paths, baseline=plan))
    one = median_s(lambda: evaluate(study, plan, base_paths(study)))
    print(f"4,096 scenarios: draw {drawn:.3f} s, one plan {valued:.3f} s, ", end="")
    print(f"plan against baseline with IRRs {rows:.3f} s")
    print(f"one scenario alone {one * 1e3:.2f} ms: ", end="")
    print(f"batching is {one * 4096 / valued:,.0f} times quicker per scenario")

    rng = np.random.default_rng(1)
    flows = rng.normal(1.0, 3.0, (20_000, 121))
    flows[:, 0] = -60.0
    conventional = np.abs(flows)
    conventional[:, 0] = -60.0
    batch = median_s(lambda: batched_irr(conventional), 3)
    single = median_s(lambda: [irr(row) for row in conventional[:200]], 3) * 100
    print(f"IRR of 121 flows, one sign change: {20_000 / batch:,.0f} rows/s, ", end="")
    print(f"{single / batch:,.0f} times one call per row")

    for n in (5_000, 20_000, 100_000):
        begun = time.perf_counter()
        result = score(study, plan, n_scenarios=n, baseline=plan, backend="numpy")
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"score {n:,} x {study.time.months}: {n / seconds:,.0f} scenarios/s, ",
            end="",
        )
        print(f"peak memory {peak:.2f} GB, backend {result.backend}")
    begun = [sys.executable, "-c", "from optimizer.cli import main; main(['--help'])"]
    start = median_s(lambda: subprocess.run(begun, check=True, capture_output=True))
    print(f"wattplan --help: {start:.2f} s")


if __name__ == "__main__":
    main()
