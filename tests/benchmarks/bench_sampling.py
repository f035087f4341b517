# SPDX-License-Identifier: Apache-2.0
"""What each draw rule buys; run by hand: `python tests/benchmarks/bench_sampling.py`.

Business as usual of the base and the treasury study, as many blocks of 4,096 scenarios
for every rule. Prints, by figure, the variance between blocks of plain draws over that
of the rule: how many times as many plain scenarios would be needed. With n blocks such
a ratio is itself uncertain by about a factor ``exp(2 / sqrt(n))`` either way (95 %).
Then what draws alone cost. Weighted figures divide by the sum of the weights.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from gpu.numpy_engine import headline_rows
from gpu.sampling.scenarios import (
    DrawRule,
    draw_shocks,
    leading_normals,
    sampled_paths,
    weights,
)
from gpu.sampling.tilt import tilt_toward_shortfall
from gpu.statistics.describe import weight_units
from gpu.statistics.moments import Moments
from gpu.statistics.risk import cvar, quantile
from models.business_as_usual import business_as_usual
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.plan import Plan
    from models.study import Study

BLOCK = 4096
FIGURES = (
    "mean NPV",
    "P05",
    "CVaR95",
    "P(equity)",
    "mean equity",
    "equity CVaR99",
    "P(liquidation)",
)


def block_figures(
    study: Study, plan: Plan, rule: DrawRule, block: int
) -> tuple[list[float], float]:
    """Return the figures of a block and its effective sample size."""
    ids = np.arange(block * BLOCK, (block + 1) * BLOCK)
    parts = [
        headline_rows(study, plan, sampled_paths(study, rule, half))
        for half in np.split(ids, 2)
    ]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    counts = weights(study, rule, ids)
    npv_usd, equity_usd = rows["npv_usd"], rows["equity_usd"]
    is_liquidated = ~np.isnan(rows["first_liquidation_period"])
    found = [
        float(np.average(npv_usd, weights=counts)),
        quantile(npv_usd, 0.05, counts),
        cvar(npv_usd, 0.95, counts),
        float(np.average(equity_usd > 1.0, weights=counts)),
        float(np.average(equity_usd, weights=counts)),
        -cvar(-equity_usd, 0.99, counts),
        float(np.average(is_liquidated, weights=counts)),
    ]
    units = weight_units(counts)
    return found, Moments.of(npv_usd, units).effective_count


def median_ms(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the median wall time of a call [ms]."""
    work()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1e3


def print_study(name: str, n_blocks: int) -> None:
    study = load_study(name)
    plan = business_as_usual(study)
    begun = time.perf_counter()
    tilted = tilt_toward_shortfall(study, plan, seed=1)
    pilot_s = time.perf_counter() - begun
    rules = [DrawRule(1), DrawRule(1, "antithetic"), DrawRule(1, "sobol"), tilted]
    print(f"\n{name}, {study.time.months} months, {n_blocks} blocks of {BLOCK}")
    print("rule".ljust(12) + "".join(figure.rjust(16) for figure in FIGURES))
    plain = np.empty(0)
    for rule in rules:
        blocks, sizes = zip(
            *(block_figures(study, plan, rule, block) for block in range(n_blocks)),
            strict=True,
        )
        variance = np.var(blocks, axis=0, ddof=1)
        plain = variance if rule.method == "plain" else plain
        line = "".join(f"{gain:16.2f}" for gain in plain / variance)
        share = statistics.mean(sizes) / BLOCK
        print(f"{rule.method:12s}{line}   effective {share:.0%}")
    ids = np.arange(BLOCK)
    for rule in rules:
        drawn = median_ms(lambda rule=rule: draw_shocks(study, rule, ids))
        print(f"{rule.method:12s} draws of a block {drawn:6.1f} ms")
    lead = median_ms(lambda: leading_normals(study, rules[2], ids))
    print(
        f"leading normals of a block {lead:.1f} ms, pilot of the tilt {pilot_s:.1f} s"
    )


def main() -> None:
    n_blocks = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    for name in ("base", "treasury"):
        print_study(name, n_blocks)


if __name__ == "__main__":
    main()
