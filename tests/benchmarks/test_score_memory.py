# SPDX-License-Identifier: Apache-2.0
"""Memory that scoring the default study takes, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import resource
from gpu.scoring.score import DEFAULT_SCENARIOS, score
from models.business_as_usual import business_as_usual
from sites import load_study
study = load_study("base")
plan = business_as_usual(study)
result = score(study, plan, n_scenarios=2 * 2048 + 1, seed=1, baseline=plan)
row_bytes = sum(column.itemsize for column in result.columns.values())
peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(peak_bytes, DEFAULT_SCENARIOS * row_bytes)
"""


def test_the_default_score_stays_under_one_gigabyte() -> None:
    # Chunks are of one size, so only the kept rows grow with the scenarios; sorting
    # them for quantiles takes a few columns more, counted as all of them once again.
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    peak_bytes, kept_bytes = (int(word) for word in ended.stdout.split())
    assert peak_bytes + 2 * kept_bytes < 1e9
