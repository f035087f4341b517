# SPDX-License-Identifier: Apache-2.0
"""Compiled kernels on disk: processes that start together compile once."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu.kernel.compiled import entry

if TYPE_CHECKING:
    from pathlib import Path

    from gpu.kernel.compiled import Doubles

MODULE = """
from __future__ import annotations
from gpu.kernel.compiled import Doubles, entry
from gpu.kernel.elementary import exp_

@entry
def run(x: Doubles, n: int) -> float:
    total = 0.0
    for k in range(n):
        total += exp_(x[k])
    return total
"""
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import kernel_of_two as tested
print("ready", flush=True)
sys.stdin.readline()
assert tested.run(np.zeros(3), 3) == 3.0
print(sum(tested.run.stats.cache_hits.values()))
"""


def test_two_processes_that_start_at_once_compile_once(tmp_path: Path) -> None:
    (tmp_path / "kernel_of_two.py").write_text(MODULE, encoding="utf-8")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path)],
            env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    # Both are let go at once; a process compiles for a second, so they would overlap.
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    hits = sorted(process.communicate()[0].strip() for process in started)
    assert [process.returncode for process in started] == [0, 0]
    assert hits == ["0", "1"]


def test_a_function_that_does_not_compile_keeps_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))

    @entry
    def broken(x: Doubles) -> float:
        return x.no_such_thing  # type: ignore[attr-defined, no-any-return]

    with pytest.raises(Exception, match="no_such_thing"):
        broken(np.zeros(1))
    (lock,) = tmp_path.rglob("*.lock")
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
