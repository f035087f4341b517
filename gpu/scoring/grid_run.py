# SPDX-License-Identifier: Apache-2.0
"""A grid scored chunk by chunk: from disk where they are finished, else now.

Points of a grid are numbered on after the scenarios, so that chunks of both lie in one
store. What does not belong here: what a point is (`gpu.sampling.grid`), sampled
scenarios (`gpu.scoring.chunk_run`).
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.scoring.chunk_run import ROW
from gpu.scoring.chunks import BLOCK, chunk_ranges
from gpu.scoring.engine_rows import grid_rows
from gpu.scoring.scored_parts import joined_rows
from gpu.scoring.workers import in_order
from gpu.statistics.stored_parts import part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from gpu.numpy_engine import Rows
    from gpu.sampling.grid import Grid
    from gpu.scoring.chunk_run import ChunkRun

__all__ = ["grid_chunks", "score_grid"]


def grid_chunks(grid: Grid | None, n_scenarios: int) -> list[range]:
    """Return the chunks of a grid, numbered on after the scenarios.

    Parameters
    ----------
    grid : Grid or None
        Grid; None has no chunks.
    n_scenarios : int
        Scenarios of the scoring at most. [unitless]
    """
    return [] if grid is None else chunk_ranges(grid.n_points, start=n_scenarios)


def score_grid(work: ChunkRun, grid: Grid) -> list[Rows]:
    """Return axis values and scores at every point of a grid, by plan.

    Parameters
    ----------
    work : ChunkRun
        With the engine, the plans and where finished chunks are kept.
    grid : Grid
        Grid, whose rows fit into memory.

    Returns
    -------
    list of dict of str to ndarray of shape (n_points,)
        One per plan, on the host. [mixed]
    """
    ids = np.arange(grid.n_points, dtype=np.int64)
    axes = {f"{n}_multiplier": v for n, v in grid.multipliers(ids).items()}
    found: list[Rows] = [dict(axes) for _ in work.plans]
    for span in grid_chunks(grid, work.n_scenarios):
        first, stop = span.start - work.n_scenarios, span.stop - work.n_scenarios
        for own, rows in zip(found, _chunk(work, grid, span), strict=True):
            for name, values in rows.items():
                if name not in own:
                    own[name] = np.empty(grid.n_points, dtype=values.dtype)
                own[name][first:stop] = values
    return found


def _chunk(work: ChunkRun, grid: Grid, span: range) -> list[Rows]:
    """Return the rows of a chunk by plan, kept where chunks are."""
    arrays = work.load(span)
    if arrays is not None:
        return [part_of(arrays, f"{place}/{ROW}/") for place in range(len(work.plans))]
    found = work.guarded(lambda: _scored(work, grid, span))
    kept: dict[str, NDArray[Any]] = {}
    for place, rows in enumerate(found):
        kept |= {f"{place}/{ROW}/{name}": values for name, values in rows.items()}
    work.save(span, kept)
    return found


def _scored(work: ChunkRun, grid: Grid, span: range) -> list[Rows]:
    """Score the points of a chunk, in threads."""
    engine, step = work.engine, BLOCK * work.engine.blocks_per_call
    end = span.stop - work.n_scenarios

    def one(first: int) -> list[Rows]:
        ids = np.arange(first, min(first + step, end), dtype=np.int64)
        return grid_rows(engine, grid.multipliers(ids))

    def every() -> Iterator[list[Rows]]:
        firsts = range(span.start - work.n_scenarios, end, step)
        with closing(in_order(one, firsts, engine.n_workers)) as made:
            for found in made:
                work.watch.add(len(found[0]["npv_usd"]))
                yield found

    return [joined_rows(own) for own in zip(*every(), strict=True)]
