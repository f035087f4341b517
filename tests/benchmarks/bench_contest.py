# SPDX-License-Identifier: Apache-2.0
"""What an extra plan costs: `python tests/benchmarks/bench_contest.py [RUN]`.

Scores 1 to 16 plans on the same scenarios with one thread of the compiled engine, and
with NumPy, and counts them as a contest. Plans are those of a run folder where one is
named (its plan, business as usual, naive plans, policies), else variants of business as
usual of the base study. An extra plan is compared with the same plan alone, as the IRRs
of some plans' sites take longer. Each row is the median of several rounds that go
through all numbers of plans in turn, so that a busy machine is busy for all of them.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gpu.contests.contest import COLUMNS, Contest
from gpu.engines import make_engine
from gpu.scoring.chunks import BLOCK
from gpu.scoring.counting import counter_of
from models.business_as_usual import business_as_usual
from optimizer.contest_plans import contestants
from optimizer.runreader import open_run
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.engines import Engine
    from models.plan import Plan
    from models.study import Study

COUNTS = (1, 2, 4, 8, 16)
ROUNDS = 7
CASES = (("cpu", BLOCK, False), ("cpu", BLOCK, True), ("numpy", 512, False))


def made_plans(names: list[str]) -> tuple[Study, list[Plan]]:
    """Return a study and 16 plans of it that differ."""
    if names:
        run = open_run(Path(names[0]))
        study = load_study(run.file("study.toml"))
        plans = [one.plan for one in contestants([run], study, has_naive=True)]
    else:
        study = load_study("base")
        plans = [business_as_usual(study)]
    n_own = len(plans)
    for number in range(n_own, COUNTS[-1]):
        sold = (0.01 * number,) * study.time.months
        changed = {"label": f"plan {number}", "btc_sold_free": sold}
        plans.append(plans[number % n_own].model_copy(update=changed))
    return study, plans


def rounds(works: list[Callable[[], object]]) -> list[float]:
    """Return the median wall time of each call, taken in turns [s]."""
    times: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(ROUNDS):
        for own, work in zip(times, works, strict=True):
            begun = time.perf_counter()
            work()
            own.append(time.perf_counter() - begun)
    return [statistics.median(own) for own in times]


def main() -> None:
    study, plans = made_plans(sys.argv[1:])
    for name, n, has_sites in CASES:
        ids = np.arange(n)

        def engine(some: list[Plan], name: str = name, has: bool = has_sites) -> Engine:
            return make_engine(name, study, some, None, 1, has_sites=has)

        engines = [engine(plans[:k]) for k in COUNTS]
        engines += [engine([plan]) for plan in plans]
        found = rounds([lambda e=e, i=ids: e.score(i) for e in engines])
        alone = found[len(COUNTS) :]
        valued = "NPV and IRR of every site" if has_sites else "the company alone"
        months = study.time.months
        print(f"{name}, one thread, {n:,} scenarios, {months} months, {valued}")
        for k, seconds in zip(COUNTS, found[: len(COUNTS)], strict=True):
            line = f"  {k:2d} plans {seconds * 1e6 / n:8.1f} us per scenario"
            if k > 1:
                gain = statistics.mean(alone[1:k]) * (k - 1) / (seconds - found[0])
                line += f", each extra plan {gain:.2f} times cheaper than alone"
            print(line)
    print(f"counting {BLOCK:,} scenarios as a contest")
    rng = np.random.default_rng(1)
    for k in COUNTS:
        outcomes = {name: 1e8 * rng.normal(size=(k, BLOCK)) for name in COLUMNS}
        one = Contest(tuple(str(j) for j in range(k)), counter=counter_of("cpu"))
        [seconds] = rounds([lambda c=one, o=outcomes: c.take(0, o)])
        print(f"  {k:2d} plans {seconds * 1e6 / BLOCK:8.1f} us per scenario")


if __name__ == "__main__":
    main()
