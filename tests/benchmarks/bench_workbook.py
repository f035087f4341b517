# SPDX-License-Identifier: Apache-2.0
"""Workbook: seconds to write; run by hand: `python tests/benchmarks/bench_workbook.py`.

Takes run folders as arguments (``python tests/benchmarks/bench_workbook.py runs/base``)
and writes each folder's workbook again several times into the folder. Prints medians,
and the ratio to valuing the plan once with the engine, which is the figure to quote.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl

from models.cashflow import evaluate
from models.market import base_paths
from models.plan import Plan
from optimizer.runreader import open_run
from optimizer.workbook import write_workbook
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

REPEATS = 5


def median_s(work: Callable[[], object]) -> float:
    """Return the median wall time of a call [s]."""
    times = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def n_formulas(path: Path) -> int:
    """Return how many cells hold a formula."""
    book = openpyxl.load_workbook(path, read_only=True)
    return sum(
        isinstance(value, str) and value.startswith("=")
        for sheet in book
        for row in sheet.iter_rows(values_only=True)
        for value in row
    )


def main() -> None:
    """Write the workbook of each folder named."""
    for name in sys.argv[1:]:
        folder = Path(name)
        study = load_study(str(folder / "study.toml"))
        plan = Plan.model_validate(open_run(folder).json("plan.json"))
        paths = base_paths(study)
        valued = median_s(lambda s=study, p=plan, f=paths: evaluate(s, p, f))
        written = median_s(lambda f=folder: write_workbook(f))
        path = folder / "workbook.xlsx"
        size_kb = path.stat().st_size / 1e3
        print(
            f"{study.id}, {study.time.months} months: {written:.2f} s "
            f"({written / valued:,.0f} times valuing the plan), {size_kb:,.0f} kB, "
            f"{n_formulas(path):,} formulas"
        )


if __name__ == "__main__":
    main()
