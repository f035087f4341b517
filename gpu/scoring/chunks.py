# SPDX-License-Identifier: Apache-2.0
"""Blocks and pieces: how scenarios are counted, and how many are worked on at once.

A block is 4,096 scenario ids, always the same ones: statistics are taken of whole
blocks, and what is kept of them adds up exactly, so that blocks merge in any order and
no result depends on threads or memory. A chunk is some blocks that are kept on disk
together. A piece is what fits memory and cache at once and may be of any size. What
does not belong here: what is computed (`gpu.numpy_engine`), statistics themselves
(`gpu.statistics.columns`), files (`optimizer.chunk_store`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.backend import rows_per_chunk

if TYPE_CHECKING:
    from gpu.backend import ArrayModule
    from models.study import Study

__all__ = ["BLOCK", "MAX_CHUNKS", "bytes_per_scenario", "chunk_ranges", "chunk_rows"]

BLOCK: Final = 4096
"""Scenario ids of one block of statistics."""

MAX_CHUNKS: Final = 256
"""Most chunks of a run. [unitless]"""
MIN_CHUNK_BLOCKS: Final = 16
"""Least blocks of a chunk: enough for error bars from the blocks' means. [unitless]"""

HOST_CHUNK_ROWS: Final = 2048
"""More rows are no faster on a CPU, their work arrays leave the cache."""
DEVICE_CHUNK_ROWS: Final = 1 << 16
SITE_ARRAYS: Final = 60
"""Arrays (n_scenarios, n_sites, n_periods) alive at once, two ledgers included."""
PATH_ARRAYS: Final = 80
"""Arrays (n_scenarios, n_periods) alive at once, draws and IRR included."""


def bytes_per_scenario(study: Study) -> int:
    """Return the memory that scoring one scenario needs while it is worked on [B]."""
    months = study.time.months + 1
    wide = len(study.sites) * SITE_ARRAYS + PATH_ARRAYS + 4 * len(study.gpus)
    return 8 * months * wide


def chunk_rows(study: Study, xp: ArrayModule = np) -> int:
    """Return how many scenarios to work on at once.

    Parameters
    ----------
    study : Study
        Study to be scored.
    xp : module
        Array module computed on.

    Returns
    -------
    int
        At least 1: what fits half the free memory, and on a CPU the cache. [unitless]
    """
    limit = HOST_CHUNK_ROWS if xp is np else DEVICE_CHUNK_ROWS
    return rows_per_chunk(bytes_per_scenario(study), xp=xp, limit_rows=limit)


def chunk_ranges(n_rows: int, *, start: int = 0) -> list[range]:
    """Return the scenarios, or points of a grid, of each chunk of a run.

    Parameters
    ----------
    n_rows : int
        Scenarios, or points, of the run, > 0; nothing else decides how it is cut.
        [unitless]
    start : int
        Number of the first. [unitless]

    Returns
    -------
    list of range
        At most `MAX_CHUNKS`, each of whole blocks but for the end.
    """
    n_blocks = -(-n_rows // BLOCK)
    step = BLOCK * max(MIN_CHUNK_BLOCKS, -(-n_blocks // MAX_CHUNKS))
    return [
        range(start + first, start + min(first + step, n_rows))
        for first in range(0, n_rows, step)
    ]
