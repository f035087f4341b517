# SPDX-License-Identifier: Apache-2.0
"""Size and speed of the investment model: `python tests/benchmarks/bench_milp.py`.

For horizons of 12, 60 and 120 months of the bundled company study: rows, columns,
integers, nonzeros; time to build, compile and load, and its ratio to the same program
written straight into arrays; linear relaxation; time to a proven gap of 0.1 % and
0.01 % for some solver seeds; bound of the relaxation over the best plan; peak memory.
``--stay`` leaves out moves of bought machines; ``--btc-price 2`` doubles the BTC price.
Every time is processor time of one thread, so that other work on the computer hardly
counts. Each horizon runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import numpy as np
from direct_build import direct_program

from optimizer.milp.compile import compile_model, load
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import relaxation
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.study import Study
    from optimizer.milp.compile import Compiled

GAPS = (1e-3, 1e-4)


def study_of(months: int, btc_price: float = 1.0) -> Study:
    """Return the bundled study of a horizon; 120 months go by quarters later on."""
    study = load_study("long" if months == 120 else "base")
    price_usd = study.market.btc_price_usd * btc_price
    market = study.market.model_copy(update={"btc_price_usd": price_usd})
    study = study.model_copy(update={"market": market})
    if months == 120:
        return study
    grid = study.time.model_copy(update={"months": months, "monthly_months": months})
    return study.model_copy(update={"time": grid})


def timed_s(work: Callable[[], object], repeats: int = 5) -> float:
    """Return the median time of a call after a first one [s]."""
    work()
    times = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times)


def proven_s(compiled: Compiled, seed: int, limit_s: float) -> dict[str, float]:
    """Return seconds until each gap is proven, and the best plan found."""
    solver = load(compiled)
    for name, value in (
        ("random_seed", seed),
        ("mip_rel_gap", min(GAPS)),
        ("time_limit", limit_s),
    ):
        solver.setOptionValue(name, value)
    reached: dict[str, float] = {}
    begun = time.process_time()

    def note(event: object) -> None:
        for gap in GAPS:
            if event.data_out.mip_gap <= gap:
                reached.setdefault(str(gap), time.process_time() - begun)

    solver.cbMipLogging.subscribe(note)
    solver.cbMipImprovingSolution.subscribe(note)
    solver.run()
    info = solver.getInfo()
    seconds = time.process_time() - begun
    for gap in GAPS:
        if info.mip_gap <= gap:
            reached.setdefault(str(gap), seconds)
    return reached | {
        "seconds": seconds,
        "best": float(info.objective_function_value),
        "bound": float(info.mip_dual_bound),
        "nodes": int(info.mip_node_count),
    }


def measure(asked: argparse.Namespace) -> dict[str, object]:
    """Return every figure of one horizon."""
    (months,) = asked.months
    study = study_of(months, asked.btc_price)
    options = ModelOptions(moves_bought=not asked.stay)
    built = build_model(study, options)
    compiled = compile_model(built.pyomo)
    n_rows, n_columns = compiled.matrix.shape
    facts: dict[str, object] = {
        "months": months,
        "rows": n_rows,
        "columns": n_columns,
        "integers": int(compiled.is_integer.sum()),
        "nonzeros": int(compiled.matrix.nnz),
        "build_s": timed_s(lambda: build_model(study, options)),
        "compile_s": timed_s(lambda: compile_model(built.pyomo)),
        "load_s": timed_s(lambda: load(compiled)),
    }
    # The direct build does not know losses that expire within the horizon.
    if not any(study.tax_terms(site).expires_within for site in study.sites):
        facts["direct_s"] = timed_s(lambda: load(direct_program(study, options)))
    begun = time.process_time()
    root = relaxation(compiled)
    facts["lp_s"] = time.process_time() - begun
    solves = [proven_s(compiled, seed, asked.limit) for seed in range(asked.seeds)]
    best = max(solve["best"] for solve in solves)
    facts |= {
        "best_usd_m": best,
        "root_over_best": root.objective_usd_m / best,
        "gap_frac": min(solve["bound"] for solve in solves) / best - 1.0,
        "to_0.1_percent_s": [solve.get("0.001") for solve in solves],
        "to_0.01_percent_s": [solve.get("0.0001") for solve in solves],
        "nodes": [solve["nodes"] for solve in solves],
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
    }
    return facts


def show(facts: dict[str, object]) -> None:
    """Print one horizon."""
    whole = facts["build_s"] + facts["compile_s"] + facts["load_s"]
    print(
        f"{facts['months']} months: {facts['rows']:,} rows, {facts['columns']:,} "
        f"columns, {facts['integers']:,} integers, {facts['nonzeros']:,} nonzeros"
    )
    beside = (
        f"{whole / facts['direct_s']:.1f} times a direct build "
        f"({facts['direct_s']:.2f} s)"
        if "direct_s" in facts
        else "no direct build knows losses that expire"
    )
    print(
        f"  build {facts['build_s']:.2f} s, compile {facts['compile_s']:.2f} s, load "
        f"{facts['load_s']:.2f} s: {beside}"
    )
    print(
        f"  relaxation {facts['lp_s']:.1f} s; root bound / best "
        f"{facts['root_over_best']:.4f}; best {facts['best_usd_m']:,.2f} M USD, proven "
        f"to {max(facts['gap_frac'], 0.0):.2%}"
    )
    for name in ("to_0.1_percent_s", "to_0.01_percent_s"):
        shown = ["-" if s is None else f"{s:.0f}" for s in facts[name]]
        print(f"  {name.replace('_', ' ')}: {', '.join(shown)} (by seed)")
    print(f"  nodes {facts['nodes']}, peak memory {facts['peak_gb']:.2f} GB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("months", type=int, nargs="*", default=[12, 60, 120])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600.0, help="seconds a solve")
    parser.add_argument("--stay", action="store_true", help="no moves of bought ones")
    parser.add_argument("--btc-price", type=float, default=1.0, help="multiplier")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.json:
        print(json.dumps(measure(asked)))
        return
    print(f"NumPy {np.__version__}, one solver thread, {asked.seeds} seeds")
    for months in asked.months:
        words = [str(months), "--json", "--seeds", str(asked.seeds)]
        words += ["--btc-price", str(asked.btc_price), *(["--stay"] * asked.stay)]
        done = subprocess.run(
            [sys.executable, __file__, *words, "--limit", str(asked.limit)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        show(json.loads(done.stdout))


if __name__ == "__main__":
    main()
