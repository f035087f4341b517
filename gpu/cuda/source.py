# SPDX-License-Identifier: Apache-2.0
"""Text of the CUDA module and the options to compile it with.

Reading it takes neither Numba nor a GPU. What does not belong here: compiling and
launching (the engine).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = [
    "ENTRY",
    "STEP_HEADER",
    "KernelSizes",
    "compile_options",
    "module_source",
    "step_header_text",
]

_FOLDER: Final = Path(__file__).parent
STEP_HEADER: Final = _FOLDER / "step.cuh"
"""The kernel as C++, which `step_header_text` makes, kept with the sources."""

ENTRY: Final = "score_rows"
"""Name of the entry point that scores rows."""


@dataclass(frozen=True, slots=True)
class KernelSizes:
    """How many of everything a thread keeps scratch for.

    Parameters
    ----------
    n_sites : int
        Sites of the study. [unitless]
    n_plans : int
        Plans that are scored together. [unitless]
    n_fates : int
        Clients whose default is drawn. [unitless]
    n_covenants : int
        Covenants of all plans. [unitless]
    block_threads : int
        Threads of a block. [unitless]
    blocks_per_sm : int
        Blocks that must fit on a multiprocessor at once: it bounds the registers of a
        thread, 128 for four blocks of 128 threads. [unitless]
    """

    n_sites: int
    n_plans: int
    n_fates: int
    n_covenants: int
    block_threads: int = 128
    blocks_per_sm: int = 4


def compile_options(sizes: KernelSizes) -> tuple[str, ...]:
    """Return the options of NVRTC and nvcc.

    Parameters
    ----------
    sizes : KernelSizes
        Counts of the study and the plans.

    Returns
    -------
    tuple of str
        No product is contracted into a sum: every step is rounded as on a CPU.
    """
    counts = {
        "N_SITES": sizes.n_sites,
        "N_PLANS": sizes.n_plans,
        "N_FATES": sizes.n_fates,
        "N_COVENANTS": sizes.n_covenants,
        "BLOCK_THREADS": sizes.block_threads,
        "BLOCKS_PER_SM": sizes.blocks_per_sm,
    }
    defined = (f"-DWATTPLAN_{name}={count}" for name, count in counts.items())
    return ("-fmad=false", *defined)


def module_source(header: str | None = None) -> str:
    """Return the whole module as one text that includes nothing.

    Parameters
    ----------
    header : str, optional
        The kernel as C++; what `STEP_HEADER` holds if left out.
    """
    if header is None:
        header = STEP_HEADER.read_text(encoding="utf-8")
    entries = (_FOLDER / "score.cu").read_text(encoding="utf-8")
    return f"{header}\n{entries}"


def step_header_text() -> str:
    """Return what ``step.cuh`` must hold: the kernel translated anew.

    It imports Numba; whoever runs the kernel reads the file instead.
    """
    # The kernel's modules import Numba, which reading the text must not.
    from gpu.kernel import layout
    from gpu.kernel.irr import IRR_OUT_ROWS, IRR_WORK_ROWS
    from gpu.kernel.random import WORD_ROWS
    from gpu.kernel.scenario import score_lanes
    from gpu.kernel.translate import translate

    sizes = {
        "W_ROWS": layout.W_ROWS,
        "S_ROWS": layout.S_ROWS,
        "Q_ROWS": layout.Q_ROWS,
        "P_ROWS": layout.P_ROWS,
        "COVER_COLUMNS": layout.COVER_COLUMNS,
        "IRR_WORK_ROWS": IRR_WORK_ROWS,
        "IRR_OUT_ROWS": IRR_OUT_ROWS,
        "WORD_ROWS": WORD_ROWS,
    }
    return translate([score_lanes], sizes=sizes).text
