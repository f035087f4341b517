# SPDX-License-Identifier: Apache-2.0
"""How a scoring is run: where chunks are kept, when it may stop, what if a device dies.

None of it changes a score. What does not belong here: what is scored
(`gpu.scoring.score`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.scoring.chunk_keeper import ChunkKeeper

__all__ = ["USUAL_OPTIONS", "OnDeviceLoss", "ScoreOptions"]

OnDeviceLoss: TypeAlias = Literal["stop", "cpu"]


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """How a scoring is run.

    Parameters
    ----------
    until : str or None
        Accuracy at which sampling ends, see `gpu.statistics.accuracy.parse_accuracy`;
        None scores every scenario.
    store : ChunkKeeper or None
        Where finished chunks are kept; it is opened and, when the scores have been
        written elsewhere, to be discarded. None keeps none.
    resume : bool or None
        See `gpu.scoring.chunk_keeper.ChunkKeeper.open`.
    rows_on_disk : bool
        Whether chunks hold the rows too.
    on_device_loss : {"cpu", "stop"}
        Whether work goes on without a device that has failed, with the chunk in hand
        begun again, or ends.
    is_confirmed : bool
        Whether a very large grid has been agreed to.
    rows_at_once : int or None
        Scenarios in work arrays of the array engine at once; None for what suits
        memory. [unitless]
    say : callable or None
        Told in one line what a user should know at once.
    """

    until: str | None = None
    store: ChunkKeeper | None = None
    resume: bool | None = False
    rows_on_disk: bool = False
    on_device_loss: OnDeviceLoss = "cpu"
    is_confirmed: bool = False
    rows_at_once: int | None = None
    say: Callable[[str], None] | None = None


USUAL_OPTIONS: Final = ScoreOptions()
"""How a scoring is run unless something else is asked for."""
