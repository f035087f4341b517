# SPDX-License-Identifier: Apache-2.0
"""Work that is done chunk by chunk: kept where it is finished, moved off a lost device.

What does not belong here: what a chunk holds (`gpu.scoring.chunk_run`,
`gpu.scoring.grid_run`, `gpu.contests.run`), files (`gpu.scoring.chunk_keeper`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gpu.backend import DeviceLostError
from models.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from gpu.engines import Engine
    from gpu.scoring.chunk_keeper import ChunkKeeper
    from gpu.scoring.options import ScoreOptions
    from gpu.scoring.workers import Watch

Made = TypeVar("Made")

__all__ = ["ChunkWork", "without_device"]


class ChunkWork:
    """An engine at work on chunks.

    Parameters
    ----------
    engine : Engine
        What works first; see `without_device`.
    watch : Watch
        Told of every block.
    store : ChunkKeeper or None
        Where finished chunks are kept, opened.
    without_device : callable or None
        Makes the engine that goes on; None ends the work.
    say : callable or None
        Told in one line what a user should know at once.
    """

    def __init__(
        self,
        engine: Engine,
        watch: Watch,
        *,
        store: ChunkKeeper | None = None,
        without_device: Callable[[], Engine] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.engine, self.watch, self.store = engine, watch, store
        self.engines_used: list[str] = []
        self._without_device = without_device
        self._say = say or (lambda _: None)

    def guarded(self, work: Callable[[], Made]) -> Made:
        """Return what a work on `engine` gives, done anew if the device fails.

        Parameters
        ----------
        work : callable
            Uses `engine` of this object.

        Raises
        ------
        BackendError
            If the device fails and nothing takes its place.
        """
        n_before = self.watch.n_done
        try:
            made = work()
        except DeviceLostError as error:
            kept = "" if self.store is None else " Go on with --resume."
            if self._without_device is None:
                msg = f"{error}{kept}"
                raise BackendError(msg) from error
            self.watch.rewind(n_before)
            self.engine, self._without_device = self._without_device(), None
            self._say(f"{error} Going on with the engine {self.engine.name}.")
            made = work()
        self._note_engine(self.engine.name)
        return made

    def load(self, span: range) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a finished chunk; None where there is no sound one.

        Parameters
        ----------
        span : range
            Its rows. [unitless]
        """
        arrays = self.store and self.store.load(span.start, span.stop)
        if not arrays or self.store is None:
            return None
        self._note_engine(self.store.engine_of(span.start))
        self.watch.skip(len(span))
        return arrays

    def save(self, span: range, arrays: dict[str, NDArray[Any]]) -> None:
        """Keep a chunk that `engine` has finished, where chunks are kept.

        Parameters
        ----------
        span : range
            Its rows. [unitless]
        arrays : dict of str to ndarray of any shape
            Its arrays. [mixed]
        """
        if self.store is not None:
            self.store.save(span.start, span.stop, self.engine.name, arrays)

    def _note_engine(self, name: str) -> None:
        if name not in self.engines_used:
            self.engines_used.append(name)


def without_device(
    engine: Engine, options: ScoreOptions, make: Callable[[], Engine]
) -> Callable[[], Engine] | None:
    """Return what makes the engine that takes the place of a lost device, if any.

    Parameters
    ----------
    engine : Engine
        What works first.
    options : ScoreOptions
        Whether work goes on without a device that has failed.
    make : callable
        Makes an engine of the host.
    """
    can_move = engine.name == "cuda" and options.on_device_loss == "cpu"
    return make if can_move else None
