# SPDX-License-Identifier: Apache-2.0
"""Figures of single blocks, kept for the first 256: their spread gives error bars.

Needed where scenarios depend on each other or carry weights; whole blocks never depend
on each other. What does not belong here: the intervals themselves
(`gpu.statistics.intervals`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.scoring.chunks import BLOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.arrays import FloatArray

__all__ = ["MAX_BLOCKS", "BlockFigures"]

MAX_BLOCKS: Final = 256
"""Blocks whose figures are kept: their spread is then known to 4 %. [unitless]"""


class BlockFigures:
    """Figures by name, one set for each of the first 256 whole blocks."""

    def __init__(self) -> None:
        self._figures: dict[str, FloatArray] = {}

    def put(self, name: str, first_id: int, figures: FloatArray) -> None:
        """Keep the figures of a block.

        Parameters
        ----------
        name : str
            What they are of.
        first_id : int
            Number of the block's first scenario. [unitless]
        figures : ndarray of shape (n_figures,)
            Figures, NaN where there is none. [mixed]
        """
        number = first_id // BLOCK
        if number >= MAX_BLOCKS:
            return
        if name not in self._figures:
            self._figures[name] = np.full((MAX_BLOCKS, len(figures)), np.nan)
        self._figures[name][number] = figures

    def of(self, name: str, n_scenarios: int) -> FloatArray:
        """Return the figures (n_blocks, n_figures) of whole blocks kept so far [mixed].

        Parameters
        ----------
        name : str
            What they are of.
        n_scenarios : int
            Scenarios taken so far, from 0 on. [unitless]
        """
        return self._figures[name][: min(n_scenarios // BLOCK, MAX_BLOCKS)]

    def merge(self, other: BlockFigures) -> None:
        """Take the figures of other blocks."""
        for name, theirs in other._figures.items():
            mine = self._figures.get(name)
            self._figures[name] = (
                theirs.copy()
                if mine is None
                else np.where(np.isnan(mine), theirs, mine)
            )

    def __contains__(self, name: str) -> bool:
        return name in self._figures

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the figures as arrays."""
        return dict(self._figures)

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> BlockFigures:
        """Return what `to_arrays` stored, exactly."""
        found = cls()
        found._figures = {name: figures.copy() for name, figures in arrays.items()}
        return found
