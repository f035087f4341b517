# SPDX-License-Identifier: Apache-2.0
"""Rows of scores alone, for whoever has no use for months.

What does not belong here: statistics (`gpu.statistics.tally`), what stays on a device
and is described there (`gpu.statistics.device_tally`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpu.engines import Engine
    from gpu.numpy_engine import Rows
    from models.arrays import FloatArray, IntArray

__all__ = ["grid_rows", "sampled_rows"]


def sampled_rows(engine: Engine, ids: IntArray) -> list[Rows]:
    """Return the rows of each plan in sampled scenarios.

    Parameters
    ----------
    engine : Engine
        Engine; one with a device leaves the months there.
    ids : ndarray of int of shape (n,)
        Numbers of the scenarios. [unitless]

    Returns
    -------
    list of dict of str to ndarray of shape (n,)
        On the host. [mixed]
    """
    stays = getattr(engine, "score_there", None)
    scored = engine.score(ids) if stays is None else stays(ids, has_rows=True)
    return [own.rows for own in scored]


def grid_rows(engine: Engine, multipliers: dict[str, FloatArray]) -> list[Rows]:
    """Return the rows of each plan at multiples of the base path.

    Parameters
    ----------
    engine : Engine
        Engine; one with a device leaves the months there.
    multipliers : dict of str to ndarray of shape (n,)
        Of `models.path_changes.MULTIPLIERS`, at least one. [ratio]

    Returns
    -------
    list of dict of str to ndarray of shape (n,)
        On the host. [mixed]
    """
    stays = getattr(engine, "grid_there", engine.score_grid)
    return [own.rows for own in stays(multipliers)]
