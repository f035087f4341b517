# SPDX-License-Identifier: Apache-2.0
"""Sampled scenarios scored chunk by chunk: from disk where they are finished, else now.

What does not belong here: grids (`gpu.scoring.grid_run`), what becomes of a chunk
(`gpu.scoring.chunk_work`), statistics (`gpu.statistics.tally`), threads
(`gpu.scoring.workers`).
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.scoring.chunk_work import ChunkWork
from gpu.scoring.chunks import BLOCK, chunk_ranges
from gpu.scoring.counting import weights_of
from gpu.scoring.scored_parts import joined_rows
from gpu.scoring.workers import in_order
from gpu.statistics.device_tally import scorer, take
from gpu.statistics.stored_parts import part_of
from gpu.statistics.tally import ScoreTally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from gpu.engines import Engine
    from gpu.numpy_engine import Rows, Scored
    from gpu.sampling.rule import DrawRule
    from gpu.scoring.chunk_keeper import ChunkKeeper
    from gpu.scoring.workers import Watch
    from models.arrays import FloatArray
    from models.study import Study

__all__ = ["ROW", "WEIGHT_COLUMN", "ChunkRun", "Sampled"]

WEIGHT_COLUMN: Final = "weight"
"""Column of the rows that says how much a scenario counts, with importance sampling."""

ROW: Final = "row"
TALLY: Final = "tally"
"""What arrays of a chunk begin with, after the place of their plan."""

DESCRIBING: Final = 4
"""Threads that count what a device has scored; each holds a call's rows. [unitless]"""


@dataclass(slots=True)
class Sampled:
    """What is known of one plan's scenarios.

    Parameters
    ----------
    tally : ScoreTally
        Statistics.
    rows : dict of str to ndarray of shape (n_scenarios,) or None
        Rows in id order, `WEIGHT_COLUMN` among them where there are weights; None
        where they are not kept. [mixed]
    """

    tally: ScoreTally
    rows: Rows | None = None

    def columns_of(self, n_done: int) -> tuple[Rows | None, FloatArray | None]:
        """Return the columns of the scenarios done, and their weights.

        Parameters
        ----------
        n_done : int
            How many of the rows are filled. [unitless]

        Returns
        -------
        tuple of dict of str to ndarray of shape (n_done,) and ndarray of that shape
            None for either where there is none. [mixed, ratio]
        """
        if self.rows is None:
            return None, None
        columns = {name: values[:n_done] for name, values in self.rows.items()}
        return columns, columns.pop(WEIGHT_COLUMN, None)


class ChunkRun(ChunkWork):
    """Scores scenarios 0 to n - 1 for several plans.

    Parameters
    ----------
    study : Study
        Study of the plans.
    rule : DrawRule
        Rule of the draws.
    engine : Engine
        What scores first; see `without_device`.
    tallies : sequence of ScoreTally
        One per plan, empty.
    n_scenarios : int
        Scenarios at most; they decide how the run is cut. [unitless]
    watch : Watch
        Told of every block.
    keep_rows : bool
        Whether rows are kept in memory.
    store : ChunkKeeper or None
        Where finished chunks are kept, opened.
    rows_on_disk : bool
        Whether they hold rows too.
    without_device : callable or None
        Makes the engine that goes on; None ends the work.
    say : callable or None
        Told in one line what a user should know at once.
    """

    def __init__(
        self,
        study: Study,
        rule: DrawRule,
        engine: Engine,
        tallies: Sequence[ScoreTally],
        *,
        n_scenarios: int,
        watch: Watch,
        keep_rows: bool = False,
        store: ChunkKeeper | None = None,
        rows_on_disk: bool = False,
        without_device: Callable[[], Engine] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(
            engine, watch, store=store, without_device=without_device, say=say
        )
        self.n_done = 0
        self.plans = [Sampled(tally) for tally in tallies]
        self.rule, self.n_scenarios = rule, n_scenarios
        self._study = study
        self._keep_rows = keep_rows
        self._rows_on_disk = rows_on_disk and store is not None

    def run(self, is_enough: Callable[[], bool] = lambda: False) -> None:
        """Score chunk after chunk.

        Parameters
        ----------
        is_enough : callable
            Asked after every chunk but the last whether sampling ends.
        """
        for span in chunk_ranges(self.n_scenarios):
            chunk = self._finished(span)
            if chunk is None:
                chunk = self._scored(span)
            for total, part in zip(self.plans, chunk, strict=True):
                total.tally.merge(part.tally)
                if self._keep_rows and part.rows is not None:
                    self._keep(total, part.rows, span)
            self.n_done = span.stop
            if span.stop < self.n_scenarios and is_enough():
                break
        for total in self.plans:
            if total.rows is not None:
                total.rows = {n: v[: self.n_done] for n, v in total.rows.items()}

    def _finished(self, span: range) -> list[Sampled] | None:
        """Return a chunk from disk; None where there is no sound one."""
        arrays = self.load(span)
        if arrays is None:
            return None
        return [self._of_arrays(arrays, place) for place in range(len(self.plans))]

    def _of_arrays(self, arrays: dict[str, NDArray[Any]], place: int) -> Sampled:
        counter = self.plans[place].tally.counter
        tally = ScoreTally.from_arrays(part_of(arrays, f"{place}/{TALLY}/"), counter)
        rows = part_of(arrays, f"{place}/{ROW}/")
        return Sampled(tally, rows or None)

    def _scored(self, span: range) -> list[Sampled]:
        """Score a chunk, anew on another engine if the device fails."""
        chunk = self.guarded(lambda: self._on_engine(span))
        if self.store is not None:
            arrays: dict[str, NDArray[Any]] = {}
            for place, part in enumerate(chunk):
                state = part.tally.to_arrays()
                rows = part.rows if self._rows_on_disk and part.rows else {}
                arrays |= {f"{place}/{TALLY}/{name}": a for name, a in state.items()}
                arrays |= {f"{place}/{ROW}/{name}": a for name, a in rows.items()}
            self.save(span, arrays)
        return chunk

    def _on_engine(self, span: range) -> list[Sampled]:
        """Score a chunk: threads score and describe, rows are joined in id order.

        Tallies merge exactly, so each thread fills whichever is free: which block went
        into which changes no bit. An engine on a device takes one call after the other,
        each of many blocks: other threads describe what it has scored meanwhile.
        """
        n_scoring, n_blocks = self.engine.n_workers, self.engine.blocks_per_call
        is_device = self.engine.name == "cuda"
        n_threads = max(n_scoring, DESCRIBING if is_device else 1)
        step, gate = BLOCK * n_blocks, BoundedSemaphore(n_scoring)
        free: list[list[ScoreTally]] = []
        has_rows = self._keep_rows or self._rows_on_disk
        score = scorer(self.engine, has_rows=has_rows)

        def one(first: int) -> tuple[int, list[Rows]]:
            ids = np.arange(first, min(first + step, span.stop), dtype=np.int64)
            with gate:
                found = score(ids)
            weight = weights_of(self.engine.name, self._study, self.rule, ids)
            try:
                tallies = free.pop()
            except IndexError:
                tallies = [total.tally.fresh() for total in self.plans]
            for tally, own in zip(tallies, found, strict=True):
                take(tally, first, own, weight)
            free.append(tallies)
            return len(ids), [_rows(own, weight) for own in found] if has_rows else []

        parts: list[list[Rows]] = []
        firsts = range(span.start, span.stop, step)
        with closing(in_order(one, firsts, n_threads)) as made:
            for n_rows, rows in made:
                parts.append(rows)
                self.watch.add(n_rows)
        chunk = [Sampled(total.tally.fresh()) for total in self.plans]
        for tallies in free:
            for part, tally in zip(chunk, tallies, strict=True):
                part.tally.merge(tally)
        for part, own in zip(chunk, zip(*parts, strict=True), strict=False):
            part.rows = joined_rows(own)
        return chunk

    def _keep(self, total: Sampled, rows: Rows, span: range) -> None:
        if total.rows is None:
            total.rows = {
                name: np.empty(self.n_scenarios, dtype=values.dtype)
                for name, values in rows.items()
            }
        for name, values in rows.items():
            total.rows[name][span.start : span.stop] = values


def _rows(scored: Scored, weight: FloatArray | None) -> Rows:
    return scored.rows if weight is None else scored.rows | {WEIGHT_COLUMN: weight}
