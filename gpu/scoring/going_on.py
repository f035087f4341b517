# SPDX-License-Identifier: Apache-2.0
"""Going on from finished chunks: with which engine, and as what scoring.

Left to choose, a scoring goes on with the engine of its chunks. Chunks of a device are
no end where the device is gone: engines agree within a contract, every chunk's record
names its own, so an engine of the host may go on in its place. What does not belong
here: making engines (`gpu.engines`), a device that fails while it works
(`gpu.scoring.chunk_run`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gpu.engines import ENGINES
from gpu.scoring.identity import in_place_of
from models.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.engines import Engine, EngineName
    from gpu.scoring.chunk_keeper import ChunkKeeper
    from gpu.scoring.options import ScoreOptions

__all__ = ["chosen_engine", "open_store"]

DEVICE: Final = "cuda"


def chosen_engine(
    make: Callable[[EngineName], Engine], backend: EngineName, options: ScoreOptions
) -> Engine:
    """Return the engine asked for or, left to choose, the one that chunks are from.

    Parameters
    ----------
    make : callable
        Makes the engine of a name, or raises `BackendError`.
    backend : {"auto", "numpy", "cpu", "cuda"}
        What was asked for.
    options : ScoreOptions
        Whether chunks are taken over, and from where.

    Returns
    -------
    Engine
        For chunks of a device that does not work here, with ``auto``, the best that
        works, which is told in one line; an engine of the host that was asked for goes
        on after such chunks too.

    Raises
    ------
    BackendError
        If the engine does not work; for a device that was asked for by name, with how
        to go on without it.
    """
    earlier = _earlier(options).get("engine")
    if earlier != DEVICE:
        known: EngineName = next((name for name in ENGINES if name == earlier), "auto")
        if backend != "auto" or known == "auto":
            return make(backend)
        engine = make(known)
        engine.reason = _as_finished(engine)
        return engine
    say = options.say or (lambda _: None)
    if backend not in ("auto", DEVICE):
        engine = make(backend)
        say(f"Going on with the engine {engine.name}, as asked, after chunks of cuda.")
        return engine
    try:
        engine = make(DEVICE)
        engine.score_base()
        if backend == "auto":
            engine.reason = _as_finished(engine)
    except BackendError as error:
        why = str(error).rstrip(".")
        if backend == DEVICE:
            msg = f"{why}. Or go on without the device: --resume --backend auto."
            raise BackendError(msg) from error
        engine = make("auto")
        if engine.name != DEVICE:
            name = engine.name
            say(f"Going on with the engine {name}: cuda does not work here ({why}).")
    return engine


def open_store(
    store: ChunkKeeper,
    identity: dict[str, str],
    options: ScoreOptions,
    *,
    n_chunks: int,
) -> None:
    """Begin a scoring, or go on with it.

    Parameters
    ----------
    store : ChunkKeeper
        Where finished chunks are kept.
    identity : dict of str to str
        What is scored, see `gpu.scoring.identity.identity_of`.
    options : ScoreOptions
        Whether chunks are taken over, and from where.
    n_chunks : int
        Chunks that the whole scoring has. [unitless]
    """
    earlier = _earlier(options)
    is_moved = earlier.get("engine") == DEVICE and identity["engine"] != DEVICE
    kept_as = in_place_of(identity, earlier) if is_moved else identity
    store.open(kept_as, n_chunks=n_chunks, resume=options.resume)


def _as_finished(engine: Engine) -> str:
    """Return the reason for an engine that nobody asked for but finished chunks."""
    device = engine.reason.partition(": asked for, ")[2]
    more = f", {device}" if device else ""
    return f"{engine.name}: as the chunks that are finished{more}"


def _earlier(options: ScoreOptions) -> dict[str, str]:
    """Return what chunks to be taken over are of; nothing where there are none."""
    if not options.resume or options.store is None:
        return {}
    return options.store.earlier()
