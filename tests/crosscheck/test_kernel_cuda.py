# SPDX-License-Identifier: Apache-2.0
"""The CUDA module, compiled by the real compiler for an H100; nothing is run."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from gpu.cuda.source import (
    ENTRY,
    KernelSizes,
    compile_options,
    module_source,
    step_header_text,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.nvcc

# 65,536 registers over four blocks of 128 threads.
MOST_REGISTERS = 128


@pytest.mark.parametrize(
    "sizes",
    [KernelSizes(4, 2, 4, 1), KernelSizes(1, 1, 0, 0)],
    ids=["four sites, two plans", "one site, one plan"],
)
def test_the_module_compiles_for_sm_90(tmp_path: Path, sizes: KernelSizes) -> None:
    source = tmp_path / "score.cu"
    source.write_text(module_source(step_header_text()), encoding="utf-8")
    options = ["-arch=sm_90", "-cubin", "-Xptxas", "-v", "-Werror", "all-warnings"]
    done = subprocess.run(
        ["nvcc", *options, *compile_options(sizes), str(source)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"Compiling entry function '{ENTRY}' for 'sm_90'" in done.stderr
    used = re.search(r"Used (\d+) registers", done.stderr)
    assert used is not None
    assert int(used.group(1)) <= MOST_REGISTERS
