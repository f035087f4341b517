# SPDX-License-Identifier: Apache-2.0
"""The compiled engine against JAX; run by hand: `python tests/benchmarks/bench_jax.py`.

Prints scenarios/s of both on two processor cores, which the script binds itself to, and
their ratio, which is the figure to quote. They take turns; each round has a ratio of
its own, of which the median counts, so that whatever else the machine does slows both.
The ratio of processor time says the same with less noise.

JAX has what helps it: two host devices with half of the scenarios each and one thread
for each, the best of several batch sizes in every round, vector registers of full
width. Both draw all they need, score plan and baseline, and leave columns and months
behind; JAX counts no roots of an IRR and settles no row that has several. With
`--plain` JAX runs as it comes: one device, its own threads, no flags, large batches.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

N_CORES = 2
# Flags are read when JAX starts.
IS_PLAIN = "--plain" in sys.argv
FLAGS = (
    f"--xla_force_host_platform_device_count={N_CORES}",
    "--xla_cpu_prefer_vector_width=512",
    "--xla_cpu_multi_thread_eigen=false",
)
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:N_CORES])
if not IS_PLAIN:
    os.environ["XLA_FLAGS"] = " ".join((os.environ.get("XLA_FLAGS", ""), *FLAGS))
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import numpy as np  # noqa: E402
from jax_model import JaxModel  # noqa: E402
from jax_tables import read_tables  # noqa: E402

from gpu.cpu_engine import CpuEngine  # noqa: E402
from gpu.tables.build import make_tables  # noqa: E402
from models.business_as_usual import business_as_usual  # noqa: E402
from optimizer.screening.horizon import at_horizon  # noqa: E402
from sites import load_study  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from models.plan import Plan
    from models.study import Study

BLOCK, BLOCKS = 4096, 8
BATCHES = (1024, 2048, 4096, 16384) if IS_PLAIN else (1024, 2048, 4096)
LEAST = 16384
REPEATS = 9


def cases() -> Iterator[tuple[str, Study, Plan]]:
    """Yield name, study and plan; the baseline is business as usual."""
    study = load_study("base")
    usual = business_as_usual(study)
    yield "base study, business as usual", study, usual
    sold = tuple(
        held.model_copy(update={"until": 18, "ending": "sell"})
        if held.model == "t21"
        else held
        for held in usual.holdings
    )
    plan = usual.model_copy(update={"holdings": sold})
    yield "base study, machines sold early (increments, IRR)", study, plan
    regimes = tuple(
        regime.model_copy(update={"loss_life_months": None})
        for regime in study.tax_regimes
    )
    lasting = study.model_copy(update={"tax_regimes": regimes})
    longer = at_horizon(lasting, 120)
    name = "120 months, losses that never expire, business as usual"
    yield name, longer, business_as_usual(longer)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return seconds on the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def engine_work(engine: CpuEngine) -> object:
    """Score blocks of scenarios in threads."""
    blocks = [np.arange(k * BLOCK, (k + 1) * BLOCK) for k in range(BLOCKS)]
    with ThreadPoolExecutor(N_CORES) as pool:
        return list(pool.map(lambda ids: len(engine.score(ids)), blocks))


def jax_work(model: JaxModel, batch: int) -> int:
    """Score batches on all devices; return how many scenarios."""
    n_devices = 1 if IS_PLAIN else N_CORES
    calls = max(1, LEAST // (batch * n_devices))
    for call in range(calls):
        key = jax.random.key(call)
        if IS_PLAIN:
            found = model.score(key, batch)
        else:
            found = model.score_on_devices(jax.random.split(key, n_devices), batch)
        jax.block_until_ready(found)
    return calls * batch * n_devices


def compare(name: str, study: Study, plan: Plan, repeats: int) -> None:
    """Print the speeds of a case and their ratio."""
    usual = business_as_usual(study)
    engine = CpuEngine(study, [plan], usual, 1)
    model = JaxModel(read_tables(make_tables(study, [plan], usual)))
    engine_s, _ = timed(lambda: engine.score(np.arange(BLOCK)))
    first_s, sizes = {}, {}
    for batch in BATCHES:
        first_s[batch], _ = timed(lambda n=batch: jax_work(model, n))
        sizes[batch] = jax_work(model, batch)
    ours: list[tuple[float, float]] = []
    theirs: dict[int, list[tuple[float, float]]] = {batch: [] for batch in BATCHES}
    n_ours = BLOCK * BLOCKS
    for _ in range(repeats):
        ours.append(tuple(s / n_ours for s in timed(lambda: engine_work(engine))))
        for batch, rounds in theirs.items():
            spent = timed(lambda n=batch: jax_work(model, n))
            rounds.append(tuple(s / sizes[batch] for s in spent))
    print(f"{name}:")
    print(f"  first call: engine {engine_s:.1f} s, JAX {min(first_s.values()):.1f} s")
    for label, rounds in (("engine", ours), *theirs.items()):
        wall, processor = (statistics.median(r[k] for r in rounds) for k in (0, 1))
        shown = label if label == "engine" else f"JAX, batches of {label:,}"
        print(
            f"  {shown}: {1.0 / wall:,.0f} scenarios/s, {processor * 1e6:.1f} us each"
        )
    for k, kind in enumerate(("wall", "processor")):
        best = [min(r[k] for r in of) for of in zip(*theirs.values(), strict=True)]
        ratios = [b / o[k] for b, o in zip(best, ours, strict=True)]
        middle, spread = statistics.median(ratios), (min(ratios), max(ratios))
        print(
            f"  ratio to the best JAX of each round, {kind} time: {middle:.1f} "
            f"({spread[0]:.1f} to {spread[1]:.1f}), "
            f"fastest rounds {min(best) / min(o[k] for o in ours):.1f}"
        )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--plain", action="store_true")
    repeats = parser.parse_args().repeats
    for name, study, plan in cases():
        compare(name, study, plan, repeats)


if __name__ == "__main__":
    main()
