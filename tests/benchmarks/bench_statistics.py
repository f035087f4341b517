# SPDX-License-Identifier: Apache-2.0
"""Time to describe a block of scenarios, by the NumPy and the compiled form.

Run: python tests/benchmarks/bench_statistics.py [months]. Scores are made up: 36
columns, two events and two levels by month of a plan and of its baseline.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from gpu.liquidity import LiquidityRisk
from gpu.numpy_engine import Scored
from gpu.scoring.chunks import BLOCK
from gpu.statistics.describe import NUMPY
from gpu.statistics.describe_cpu import CPU
from gpu.statistics.tally import ScoreTally

if TYPE_CHECKING:
    from gpu.statistics.counter import Counter

N_COLUMNS = 36
REPEATS = 12


def risk_of(n_periods: int, rng: np.random.Generator) -> LiquidityRisk:
    """Return calls in 0.4 % of months, loan to value, and distances of either sign."""
    shape = (n_periods, BLOCK)
    ltv = rng.lognormal(-0.9, 0.4, shape)
    ltv[n_periods // 2 :][rng.random((n_periods - n_periods // 2, BLOCK)) < 0.5] = 0.0
    levels = {
        "low_ltv_frac": ltv.T,
        "call_distance_usd_per_btc": rng.normal(4e4, 4e4, shape).T,
    }
    events = {
        "margin_call": (rng.random(shape) < 0.004).T,
        "liquidation": (rng.random(shape) < 0.001).T,
    }
    return LiquidityRisk({}, events, levels)


def scored_of(n_periods: int, rng: np.random.Generator) -> Scored:
    """Return made-up scores of one block."""
    rows = {
        "npv_usd": rng.normal(3e8, 3e8, BLOCK),
        "equity_usd": np.where(rng.random(BLOCK) < 0.1, 1e7, 0.0),
        "min_cash_usd": rng.lognormal(16.0, 1.0, BLOCK),
        "peak_ltv_frac": rng.lognormal(-0.7, 0.5, BLOCK),
        "first_margin_call_period": np.where(
            rng.random(BLOCK) < 0.3, rng.integers(0, n_periods, BLOCK), np.nan
        ),
    }
    for number in range(N_COLUMNS - len(rows)):
        wide = rng.normal(1e8, 2e8, BLOCK), rng.lognormal(16.0, 0.3, BLOCK)
        rows[f"other_{number}_usd"] = wide[number % 2]
    return Scored(rows, risk_of(n_periods, rng), risk_of(n_periods, rng))


def seconds(counter: Counter, blocks: list[Scored]) -> tuple[float, float]:
    """Return the least time of rows and of months, per block."""
    tally = ScoreTally(1e8, counter=counter)
    tally.take(0, blocks[0])
    rows, months = [], []
    for number in range(1, REPEATS):
        block = blocks[number % len(blocks)]
        start = time.perf_counter()
        tally.rows.take(number * BLOCK, block.rows, None, counter)
        middle = time.perf_counter()
        tally.months.take(number * BLOCK, block, None, counter)
        rows.append(middle - start)
        months.append(time.perf_counter() - middle)
    return min(rows), min(months)


def main() -> None:
    n_periods = int(sys.argv[1]) if len(sys.argv) > 1 else 120
    rng = np.random.default_rng(1)
    blocks = [scored_of(n_periods, rng) for _ in range(3)]
    print(f"{N_COLUMNS} columns, {n_periods} months; us per scenario")
    for name, counter in (("NumPy", NUMPY), ("compiled", CPU)):
        rows, months = (1e6 * s / BLOCK for s in seconds(counter, blocks))
        print(f"{name:10s} rows {rows:6.2f}  months {months:6.2f}")


if __name__ == "__main__":
    main()
