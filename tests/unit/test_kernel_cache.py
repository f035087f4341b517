# SPDX-License-Identifier: Apache-2.0
"""Entries of the kernel: what they make of their pieces, and where they are kept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu.kernel import compiled
from gpu.kernel.compiled import Doubles, cache_folder, entry
from gpu.kernel.elementary import exp_

if TYPE_CHECKING:
    from pathlib import Path


@entry
def total_of(x: Doubles, n: int) -> float:
    """Add up exponentials."""
    total = 0.0
    for k in range(n):
        total += exp_(x[k])
    return total


def test_an_entry_adds_up_what_its_pieces_give() -> None:
    assert total_of(np.zeros(5), 5) == 5.0


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import numpy as np
import kernel_of_a_test as tested
assert tested.run(np.zeros(3), 3) == 3.0
print(sum(tested.run.stats.cache_hits.values()))
"""
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


def run_again(folder: Path, cache: str) -> str:
    """Call an entry in a process of its own; return how often the cache served it."""
    (folder / "kernel_of_a_test.py").write_text(MODULE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(folder=str(folder))],
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_later_process_finds_the_compiled_kernel_unless_its_file_is_broken(
    tmp_path: Path,
) -> None:
    cache = str(tmp_path / "cache")
    assert run_again(tmp_path, cache) == "0"
    assert run_again(tmp_path, cache) == "1"
    for path in (tmp_path / "cache").rglob("*.nb?"):
        path.write_bytes(b"not what was written")
    assert run_again(tmp_path, cache) == "0"


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder", encoding="utf-8")
    assert run_again(tmp_path, str(tmp_path / "taken")) == "0"


def test_the_cache_folder_changes_with_any_source_of_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.py").write_text("1", encoding="utf-8")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    before = cache_folder()
    (tmp_path / "two.py").write_text("2", encoding="utf-8")
    after = cache_folder()
    assert before is not None
    assert after is not None
    assert before.parent == after.parent == tmp_path / "cache"
    assert before != after


def test_kernels_of_versions_long_gone_are_removed_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    now = time.time()
    for name, age_days in (("kernel-old", 91), ("kernel-recent", 89), ("other", 900)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "entry.nbc").write_bytes(b"code")
        then = now - age_days * 86_400
        os.utime(tmp_path / name / "entry.nbc", (then, then))
    made = cache_folder()
    assert made is not None
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"kernel-recent", "other", made.name}


@pytest.mark.parametrize(
    ("platform", "variable", "inside"),
    [
        ("linux", "XDG_CACHE_HOME", ""),
        ("darwin", "HOME", "Library/Caches"),
        ("win32", "LOCALAPPDATA", ""),
    ],
)
def test_the_cache_lies_where_the_system_keeps_caches(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    variable: str,
    inside: str,
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(compiled.sys, "platform", platform)
    folder = cache_folder()
    assert folder is not None
    assert folder.parent == tmp_path / inside / "wattplan"


def test_a_user_without_a_home_does_without_a_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    def homeless() -> Path:
        msg = "Could not determine home directory."
        raise RuntimeError(msg)

    monkeypatch.setattr(compiled.Path, "home", homeless)
    assert cache_folder() is None
