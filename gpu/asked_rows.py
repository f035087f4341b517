# SPDX-License-Identifier: Apache-2.0
"""How many rows an engine is asked for: at least one, said alike by every engine.

What does not belong here: whether ids and factors are in range
(`gpu.sampling.draws.checked_ids`, `models.path_changes.require_multiplier`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.path_changes import MULTIPLIERS

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray

__all__ = ["count_ids", "count_points"]


def count_ids(ids: IntArray) -> int:
    """Return how many scenarios are asked for [unitless].

    Parameters
    ----------
    ids : ndarray of int of shape (n,)
        Numbers of the scenarios. [unitless]

    Raises
    ------
    ValueError
        If there is none.
    """
    if not len(ids):
        msg = "ids is empty, must name at least one scenario"
        raise ValueError(msg)
    return len(ids)


def count_points(multipliers: dict[str, FloatArray]) -> int:
    """Return how many multiples of the base path are asked for [unitless].

    Parameters
    ----------
    multipliers : dict of str to ndarray of shape (n,)
        Of `models.path_changes.MULTIPLIERS`. [ratio]

    Raises
    ------
    ValueError
        If there is no name, or a name without a factor.
    """
    if not multipliers or not all(map(len, multipliers.values())):
        msg = (
            "multipliers is empty, must hold at least one factor of at least one of "
            f"{', '.join(MULTIPLIERS)}"
        )
        raise ValueError(msg)
    return len(next(iter(multipliers.values())))
