# SPDX-License-Identifier: Apache-2.0
"""The kernel's C++ header is the translation of the kernel as it is.

``make golden`` (``pytest tests/golden --refresh-golden``) writes it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gpu.cuda.source import (
    ENTRY,
    STEP_HEADER,
    KernelSizes,
    compile_options,
    module_source,
    step_header_text,
)

if TYPE_CHECKING:
    import pytest

# The file that is reviewed; the package in use may be an installed copy.
REVIEWED = Path(__file__).parents[2] / "gpu" / "cuda" / STEP_HEADER.name


def test_the_header_is_the_kernel_translated(pytestconfig: pytest.Config) -> None:
    text = step_header_text()
    if pytestconfig.getoption("--refresh-golden"):
        REVIEWED.write_text(text, encoding="utf-8")
    assert REVIEWED.read_text(encoding="utf-8") == text, (
        f"{REVIEWED.name} is not the kernel as it is now: make golden"
    )


def test_the_module_is_one_text_that_includes_nothing() -> None:
    text = module_source()
    assert "#include" not in text
    assert text.index("namespace wattplan {") < text.index(f" {ENTRY}(")


def test_options_tell_the_counts_and_forbid_contraction() -> None:
    options = compile_options(KernelSizes(3, 2, 5, 1))
    assert "-fmad=false" in options
    assert "-DWATTPLAN_N_SITES=3" in options
    assert "-DWATTPLAN_N_FATES=5" in options
    assert "-DWATTPLAN_BLOCKS_PER_SM=4" in options
