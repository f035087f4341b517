# SPDX-License-Identifier: Apache-2.0
"""A long job with its finished chunks in a run folder: taken up, told about, cleared.

What does not belong here: chunks on a disk (`optimizer.chunk_store`), the jobs
themselves (`optimizer.scoring`, `optimizer.contest`).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from optimizer.chunk_faults import nothing_to_resume
from optimizer.chunk_store import ChunkStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gpu.scoring.options import ScoreOptions

__all__ = ["kept_chunks"]


@contextmanager
def kept_chunks(
    folder: Path, n_chunks: int, options: ScoreOptions, *, command: str
) -> Iterator[tuple[ScoreOptions, ChunkStore | None]]:
    """Give a job a store of chunks, and clear it when the job's files are written.

    A single chunk is kept nowhere, None, unless an earlier job has left chunks: what
    becomes of those is the store's to ask, however short the new job is.

    Parameters
    ----------
    folder : Path
        Folder of the chunks, in the run's.
    n_chunks : int
        Chunks of the job; none for arguments that will be refused. [unitless]
    options : ScoreOptions
        How the job is run.
    command : str
        Command line, which with ``--resume`` goes on.

    Yields
    ------
    tuple of ScoreOptions and ChunkStore or None
        The options with the store in them, and the store.
    """
    store = ChunkStore(folder, say=options.say)
    if n_chunks <= 1 and not (n_chunks and store.is_left_over()):
        if n_chunks and options.resume:
            store.say(nothing_to_resume(store.folder))
        yield replace(options, store=None), None
        return
    with store, _how_to_resume(store, command):
        yield replace(options, store=store), store
        store.discard()


@contextmanager
def _how_to_resume(store: ChunkStore, command: str) -> Iterator[None]:
    """Say after an interrupt how the job can go on."""
    try:
        yield
    except KeyboardInterrupt:
        if not store.n_finished:
            store.say("No chunk was finished yet: nothing is kept.")
            raise
        again = command if command.endswith(" --resume") else f"{command} --resume"
        store.say(
            f"{store.n_finished} of {store.n_chunks} chunks are finished and kept. "
            f"Go on with: {again}"
        )
        raise
