# SPDX-License-Identifier: Apache-2.0
"""Engines side by side; run by hand: `python tests/benchmarks/bench_engines.py`.

Prints scenarios/s by engine and threads, months, sites, plans and number of scenarios,
the share of time of each stage of the kernel, and memory. Engines take turns, medians
count, so that whatever else the machine does slows all of them; the ratios are the
figures to quote. With a GPU (`--cuda`) the same table has its column.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from gpu.cpu_engine import CpuEngine
from gpu.engines import make_engine
from gpu.kernel import layout as at
from gpu.kernel.compiled import Doubles, Integers, L, entry
from gpu.kernel.draws import draw_month, draw_once, open_counters
from gpu.kernel.intrinsics import pointer_to
from gpu.kernel.market import open_market, open_site
from gpu.kernel.scenario import market_month
from models.business_as_usual import business_as_usual
from optimizer.screening.horizon import at_horizon
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.plan import Plan
    from models.study import Study

BLOCK = 4096
REPEATS = 5


def timed(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each work; they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(repeats):
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - begun)
    return {name: statistics.median(times) for name, times in seconds.items()}


def in_threads(engine: CpuEngine, n_threads: int, n_blocks: int) -> object:
    """Score blocks in threads, without statistics."""
    blocks = [np.arange(k * BLOCK, (k + 1) * BLOCK) for k in range(n_blocks)]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(lambda ids: len(engine.score(ids)), blocks))


def same_plans(plan: Plan, count: int) -> list[Plan]:
    """Return a plan several times; the engine does not notice."""
    return [plan] * count


@entry
def draw_only(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    u: Integers,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ids: Integers,
    leading: Doubles,
    data: Doubles,
    ints: Integers,
    with_market: int,
) -> None:
    """Draw, and if asked for move the market, for every group of lanes."""
    a = pointer_to(w)
    b = pointer_to(s)
    c = pointer_to(f)
    words = pointer_to(u)
    here = pointer_to(own)
    there = pointer_to(partner)
    flipped = pointer_to(mirrored)
    numbers = pointer_to(data)
    places = pointer_to(ints)
    scenario = pointer_to(ids)
    lead = pointer_to(leading)
    for k in range(7):
        for i in range(L):
            w[(at.SCALE_PRICE + k) * L + i] = 1.0
    for group in range(len(ids) // L):
        first = group * L
        open_counters(here, there, flipped, scenario, first, places)
        draw_once(words, a, b, c, here, there, flipped, places)
        open_market(a, numbers, places)
        for site in range(ints[at.N_SITES]):
            open_site(a, b, site, numbers, places)
        for t in range(ints[at.N_PERIODS]):
            draw_month(
                words,
                a,
                b,
                here,
                there,
                flipped,
                scenario,
                lead,
                first,
                numbers,
                places,
                t,
            )
            if with_market == 1:
                market_month(a, b, numbers, places, t)


def stages(study: Study, plan: Plan, usual: Plan, repeats: int) -> None:
    """Print the share of time of draws, market, plans and returns."""
    engine = CpuEngine(study, [plan], usual, 1)
    bare = CpuEngine(study, [], usual, 1)
    tables = engine.tables
    data, ints = engine._drawn
    floats = [np.empty(n * L) for n in (at.W_ROWS, tables.n_sites * at.S_ROWS)]
    fates = np.empty(max(tables.n_fates, 1) * L)
    whole = [np.empty(n * L, dtype=np.int64) for n in (4, 1, 1, 1)]
    ids = np.arange(BLOCK)
    arguments = (*floats, fates, *whole, ids, np.zeros(1), data, ints)
    none = np.zeros(1)
    found = timed(
        {
            "draws": lambda: draw_only(*arguments, 0),
            "market": lambda: draw_only(*arguments, 1),
            "one plan": lambda: bare._run(ids, none, {}, bare._drawn, none),
            "all": lambda: engine._run(ids, none, {}, engine._drawn, none),
            "scores": lambda: engine.score(ids),
        },
        repeats,
    )
    whole_s = found["scores"]
    parts = {
        "draws": found["draws"],
        "market": found["market"] - found["draws"],
        "first plan": found["one plan"] - found["market"],
        "second plan, increments and returns": found["all"] - found["one plan"],
        "rows and open IRRs on the host": found["scores"] - found["all"],
    }
    for name, seconds in parts.items():
        print(f"  {name}: {seconds / whole_s:.0%}, {seconds / BLOCK * 1e6:.2f} us")


def engines(study: Study, plan: Plan, usual: Plan, *, cuda: bool, repeats: int) -> None:
    """Print scenarios/s of the engines, and how threads scale."""
    ids = np.arange(BLOCK)
    array = make_engine("numpy", study, [plan], usual, 1)
    compiled = CpuEngine(study, [plan], usual, 1)
    works: dict[str, Callable[[], object]] = {
        "numpy": lambda: array.score(ids),
        "cpu, 1 thread": lambda: in_threads(compiled, 1, 4),
        "cpu, 2 threads": lambda: in_threads(compiled, 2, 8),
        "cpu, 4 threads": lambda: in_threads(compiled, 4, 16),
    }
    blocks = {"numpy": 1, "cpu, 1 thread": 4, "cpu, 2 threads": 8, "cpu, 4 threads": 16}
    if cuda:
        device = make_engine("cuda", study, [plan], usual, 1)
        many = np.arange(BLOCK * device.blocks_per_call)
        works["cuda"] = lambda: device.score(many)
        blocks["cuda"] = device.blocks_per_call
    found = timed(works, repeats)
    speeds = {name: blocks[name] * BLOCK / found[name] for name in works}
    for name, speed in speeds.items():
        ratio = speed / speeds["numpy"]
        print(f"  {name}: {speed:,.0f} scenarios/s, {ratio:.1f} times numpy")


def sizes(study: Study, repeats: int) -> None:
    """Print the time of a scenario by months, sites and plans."""
    ids = np.arange(BLOCK)
    for months in (12, 60, 120):
        other = study if study.time.months == months else at_horizon(study, months)
        usual = business_as_usual(other)
        engine = CpuEngine(other, [usual], usual, 1)
        seconds = timed({"": lambda e=engine: e.score(ids)}, repeats)[""]
        print(f"  {months} months: {BLOCK / seconds:,.0f} scenarios/s")
    usual = business_as_usual(study)
    one = 0.0
    for count in (1, 2, 4, 8):
        engine = CpuEngine(study, same_plans(usual, count), usual, 1)
        seconds = timed({"": lambda e=engine: e.score(ids)}, repeats)[""]
        one = one or seconds
        extra = ""
        if count > 1:
            extra = f", a further plan {(seconds - one) / (count - 1) / one:.2f} of it"
        print(f"  {count} plans and the baseline: {seconds / one:.2f} times one{extra}")


def memory(study: Study, usual: Plan) -> None:
    """Print how memory grows with the number of scenarios when no rows are kept."""
    from gpu.scoring.score import score

    for n_scenarios in (65_536, 262_144, 1_048_576):
        begun = time.perf_counter()
        score(
            study,
            usual,
            n_scenarios=n_scenarios,
            baseline=usual,
            backend="cpu",
            keep_rows=False,
        )
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(
            f"  {n_scenarios:,} scenarios with statistics: "
            f"{n_scenarios / seconds:,.0f}/s, {peak:.2f} GB at the peak so far"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuda", action="store_true")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    given = parser.parse_args()
    study = load_study("base")
    usual = business_as_usual(study)
    begun = time.perf_counter()
    CpuEngine(study, [usual], usual, 1).score(np.arange(BLOCK))
    print(f"kernel ready after {time.perf_counter() - begun:.1f} s")
    print("Business as usual against itself, base study:")
    engines(study, usual, usual, cuda=given.cuda, repeats=given.repeats)
    print("Stages, one thread:")
    stages(study, usual, usual, given.repeats)
    print("Sizes, one thread:")
    sizes(study, given.repeats)
    print("Memory and the whole of scoring:")
    memory(study, usual)


if __name__ == "__main__":
    main()
