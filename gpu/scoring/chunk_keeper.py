# SPDX-License-Identifier: Apache-2.0
"""What scoring asks of whoever keeps its finished chunks.

What does not belong here: files; `optimizer.chunk_store` keeps chunks on a disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["ChunkKeeper"]


class ChunkKeeper(Protocol):
    """Keeps the arrays of finished chunks, so that a scoring can go on from them."""

    def open(
        self, identity: Mapping[str, str], *, n_chunks: int, resume: bool | None
    ) -> None:
        """Begin one scoring, or go on with it.

        Parameters
        ----------
        identity : mapping of str to str
            What is scored, by name of the part; equal parts give equal results.
        n_chunks : int
            Chunks that the whole scoring has. [unitless]
        resume : bool or None
            Whether finished chunks are taken over (True) or removed (False); None
            refuses where there are any.
        """

    def earlier(self) -> dict[str, str]:
        """Return the identity of the scoring that left chunks; empty where none did."""

    def load(self, first: int, stop: int) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a finished chunk; None where there is no sound one.

        Parameters
        ----------
        first, stop : int
            Rows first to stop - 1: scenarios by number, points of a grid from the
            number of scenarios on. [unitless]
        """

    def engine_of(self, first: int) -> str:
        """Return the engine that scored the finished chunk from a row on."""

    def save(
        self, first: int, stop: int, engine: str, arrays: Mapping[str, NDArray[Any]]
    ) -> None:
        """Keep a finished chunk.

        Parameters
        ----------
        first, stop : int
            Rows first to stop - 1: scenarios by number, points of a grid from the
            number of scenarios on. [unitless]
        engine : str
            Engine that scored it.
        arrays : mapping of str to ndarray of any shape
            Its arrays. [mixed]
        """
