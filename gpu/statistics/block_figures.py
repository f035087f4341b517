# SPDX-License-Identifier: Apache-2.0
"""Figures of blocks and of parts of them: their spread gives error bars.

Needed where scenarios come in pairs or nets, or carry weights. Blocks never depend on
each other, whatever the rule; the first 256 are kept. Until there are 16 of them, parts
of the first 16 blocks stand in, 256 scenarios each: whole pairs, or scenarios with
their weights, so that parts do not depend on each other either. A part of a Sobol net
does, for the net evens all of them out together: nets are judged by blocks alone. What
does not belong here: the figures (`gpu.statistics.column_figures`), the intervals
(`gpu.statistics.intervals`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.scoring.chunks import BLOCK
from gpu.statistics.intervals import MIN_BLOCKS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.statistics.intervals import Dependence
    from models.arrays import BoolArray, FloatArray, IntArray

__all__ = ["MAX_GROUPS", "PART", "BlockFigures", "in_groups", "means_of_groups"]

MAX_GROUPS: Final = 256
"""Groups whose figures are kept: their spread is then known to 4 %. [unitless]"""
PART: Final = BLOCK // MIN_BLOCKS
"""Scenarios of a part of a block: one block has enough parts. [unitless]"""


class BlockFigures:
    """Figures by name, one set for each of the first 256 blocks, and of their parts.

    Parameters
    ----------
    is_weighted : bool
        Whether scenarios come with weights.
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other.
    has_parts : bool
        Whether parts are judged too; rows that are kept tell more.
    """

    def __init__(
        self, *, is_weighted: bool, dependence: Dependence, has_parts: bool = True
    ) -> None:
        self._sizes: tuple[int, ...] = (BLOCK,)
        if dependence == "rows" and not is_weighted:
            self._sizes = ()
        elif has_parts and dependence != "blocks":
            self._sizes = (BLOCK, PART)
        self._figures: dict[str, FloatArray] = {}

    def sizes(self, first_id: int) -> tuple[int, ...]:
        """Return how long the groups are into which scenarios are to be cut.

        Parameters
        ----------
        first_id : int
            Number of the first scenario of a block. [unitless]

        Returns
        -------
        tuple of int
            None where scenarios are not judged, or not those. [unitless]
        """
        return tuple(size for size in self._sizes if first_id < MAX_GROUPS * size)

    def put(self, name: str, first_id: int, size: int, figures: FloatArray) -> None:
        """Keep the figures of groups that follow each other.

        Parameters
        ----------
        name : str
            What they are of.
        first_id : int
            Number of the first group's first scenario. [unitless]
        size : int
            Scenarios of a group, one of `sizes`. [unitless]
        figures : ndarray of shape (n_groups, n_figures)
            Figures of whole groups, NaN where there is none. [mixed]
        """
        first = first_id // size
        kept = figures[: MAX_GROUPS - first]
        key = f"{size}.{name}"
        if len(kept) and key not in self._figures:
            self._figures[key] = np.full((MAX_GROUPS, kept.shape[1]), np.nan)
        if len(kept):
            self._figures[key][first : first + len(kept)] = kept

    def of(self, name: str, n_scenarios: int) -> tuple[FloatArray, float] | None:
        """Return the figures of the largest groups that there are enough of.

        Parameters
        ----------
        name : str
            What they are of.
        n_scenarios : int
            Scenarios taken so far, from 0 on. [unitless]

        Returns
        -------
        tuple of ndarray of shape (n_seen, n_figures) and float, or None
            Figures of whole groups kept so far, and groups in all, a share of one
            counting as that; None with fewer than 16. [mixed, unitless]
        """
        for size in (BLOCK, PART):
            n_whole, found = n_scenarios // size, self._figures.get(f"{size}.{name}")
            if found is not None and n_whole >= MIN_BLOCKS:
                return found[:n_whole], n_scenarios / size
        return None

    def single(
        self, name: str, place: int, n_scenarios: int
    ) -> tuple[FloatArray | None, float]:
        """Return one figure of the groups of `of`, and groups in all.

        Parameters
        ----------
        name : str
            What the figures are of.
        place : int
            Which of the figures. [unitless]
        n_scenarios : int
            Scenarios taken so far, from 0 on. [unitless]

        Returns
        -------
        tuple of ndarray of shape (n_seen,) or None, and float
            For `gpu.statistics.intervals.share_interval`. [mixed, unitless]
        """
        found = self.of(name, n_scenarios)
        return (None, 0.0) if found is None else (found[0][:, place], found[1])

    def merge(self, other: BlockFigures) -> None:
        """Take the figures of other blocks."""
        for key, theirs in other._figures.items():
            mine = self._figures.get(key)
            self._figures[key] = (
                theirs.copy()
                if mine is None
                else np.where(np.isnan(mine), theirs, mine)
            )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the figures as arrays."""
        return dict(self._figures)

    def restore(self, arrays: dict[str, NDArray[Any]]) -> None:
        """Have the figures that `to_arrays` stored, exactly."""
        self._figures = {key: figures.copy() for key, figures in arrays.items()}


def in_groups(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Return scenarios cut into groups, without those that fill no whole group.

    Parameters
    ----------
    values : ndarray of shape (..., n)
        Numbers by scenario. [any]
    size : int
        Scenarios of a group. [unitless]

    Returns
    -------
    ndarray of shape (..., n_groups, size)
        The same numbers. [any]
    """
    n_groups = values.shape[-1] // size
    return values[..., : n_groups * size].reshape(*values.shape[:-1], n_groups, size)


def means_of_groups(
    values: FloatArray | BoolArray, units: IntArray | None, size: int
) -> FloatArray:
    """Return the means of groups of scenarios.

    Parameters
    ----------
    values : ndarray of shape (..., n)
        Numbers or flags by scenario, none of them NaN. [any]
    units : ndarray of int of shape (n,) or None
        Weights in units. [unitless]
    size : int
        Scenarios of a group. [unitless]

    Returns
    -------
    ndarray of shape (..., n_groups)
        Means; NaN of a group without any weight. [same as `values`]
    """
    cut = in_groups(values, size)
    if units is None:
        plain: FloatArray = cut.mean(axis=-1)
        return plain
    weight = in_groups(units, size).astype(np.float64)
    total = weight.sum(axis=-1)
    sums = (cut * weight).sum(axis=-1)
    found: FloatArray = np.divide(
        sums, total, out=np.full(sums.shape, np.nan), where=total > 0.0
    )
    return found
