# SPDX-License-Identifier: Apache-2.0
"""The CUDA module under sanitizers: nothing is touched that is not its own.

A thread's scratch has exactly the rows that a study needs, and so have the tables: a
step beyond them would go unseen on a CPU and end a device's work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.compiler

SANITIZERS = ("libasan.so", "libubsan.so")
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from cuda_stand_in import cuda_stand_in
from scored_plans import grown_plan, usual_plan
from tiny_studies import company, tiny_study
from gpu.backend import Backend
from gpu.cuda.engine import CudaEngine
from models.debt import DebtFacility
from models.plan import DebtDraw

hall = DebtFacility(
    id="hall", name="Project debt", kind="project", site="alpha", advance_frac=0.8,
    rate_per_year=0.1, term_months=12, limit_usd=1e7, min_dscr=1.3,
)
study = tiny_study(company=company(debt_facilities=(hall,)))
draw = DebtDraw(facility="hall", period=0, amount_usd=2e6)
plan = grown_plan(study).model_copy(update={"debt_draws": (draw,)})
flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wno-error")
device = cuda_stand_in(Path(sys.argv[1]), 1, flags=flags)
place = Backend("cuda", device, "cuda: a stand-in")
engine = CudaEngine(place, study, [plan, usual_plan(study)], usual_plan(study), 1)
(first, _) = engine.score(np.array([*range(40), 2**40, 2**62, 2**63 - 1]))
assert "first_covenant_hall_period" in first.rows
engine.score_grid({"btc_price": np.linspace(0.5, 2.0, 9)})
print("clean")
"""


def test_the_module_keeps_to_its_scratch_and_tables(tmp_path: Path) -> None:
    found = [
        subprocess.run(
            ["g++", f"-print-file-name={name}"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for name in SANITIZERS
    ]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env=os.environ
        | {
            "LD_PRELOAD": " ".join(found),
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests/support")]),
        },
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.stdout.strip() == "clean", done.stderr[-3000:]
