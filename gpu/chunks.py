# SPDX-License-Identifier: Apache-2.0
"""Chunks and blocks: how many scenarios are worked on at once, and how they add up.

A chunk is what fits memory and cache and may be of any size; a block is 4,096
scenario ids, always the same ones. Statistics are taken of whole blocks and merged in
id order, so that no result depends on the chunks. What does not belong here: what is
computed for a chunk (`gpu.numpy_engine`), statistics themselves (`gpu.statistics`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.backend import rows_per_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gpu.backend import ArrayModule
    from models.study import Study

__all__ = ["BLOCK", "BlockBuffer", "bytes_per_scenario", "chunk_rows"]

BLOCK: Final = 4096
"""Scenario ids of one block of statistics."""

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


class BlockBuffer:
    """Collects columns of chunks in id order and hands them out in whole blocks.

    Parameters
    ----------
    n_total : int
        Scenarios to come in all; the last block may be short. [unitless]
    """

    def __init__(self, n_total: int) -> None:
        self._n_total = n_total
        self._n_seen = 0
        self._block: dict[str, NDArray[Any]] = {}

    def add(
        self, columns: dict[str, NDArray[Any]]
    ) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """Take the next chunk; yield first id and columns of each block it fills.

        Parameters
        ----------
        columns : dict of str to ndarray of shape (n_rows,)
            Columns of the ids that follow those seen so far. [mixed]

        Yields
        ------
        tuple of int and dict of str to ndarray of shape (at most 4096,)
            A block; its arrays are used again for the next one.
        """
        n_rows = len(next(iter(columns.values())))
        taken = 0
        while taken < n_rows:
            place = self._n_seen % BLOCK
            part = min(BLOCK - place, n_rows - taken)
            for name, values in columns.items():
                if name not in self._block:
                    self._block[name] = np.empty(BLOCK, dtype=values.dtype)
                self._block[name][place : place + part] = values[taken : taken + part]
            taken += part
            self._n_seen += part
            length = place + part
            if length == BLOCK or self._n_seen == self._n_total:
                first = self._n_seen - length
                yield first, {n: array[:length] for n, array in self._block.items()}
