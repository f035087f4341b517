# SPDX-License-Identifier: Apache-2.0
"""Memory for large arrays, used again once nobody looks at them.

A system gives fresh memory page by page and clears every page first: for the months of
a few thousand futures that takes a fifth of the time that scoring them takes.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SpareArrays"]

Kind = TypeVar("Kind", bound=np.generic)

# Below this, a block is no dearer than the bookkeeping. [bytes]
_LEAST_SIZE: Final = 1 << 19


class SpareArrays(Generic[Kind]):
    """Arrays of about one size, made in memory that the last ones have left.

    Parameters
    ----------
    kind : type
        Kind of the numbers.
    most_blocks : int
        Blocks kept for the next arrays; a thread needs one. [unitless]
    """

    def __init__(self, kind: type[Kind], most_blocks: int) -> None:
        self._kind = np.dtype(kind)
        # Appending and popping are atomic: threads share it without a lock.
        self._blocks: deque[NDArray[Kind]] = deque(maxlen=most_blocks)

    def empty(self, shape: tuple[int, ...]) -> NDArray[Kind]:
        """Return an array with anything in it, no part of which others look at.

        Parameters
        ----------
        shape : tuple of int
            Shape. [unitless]
        """
        size = math.prod(shape)
        if size * self._kind.itemsize < _LEAST_SIZE:
            return np.empty(shape, dtype=self._kind)
        block = self._block(size)
        # A view of an array that owns nothing refers to that array, not to what that
        # refers to, unless it is an array too: `lent` lives as long as its last view.
        lent = np.frombuffer(block.data, dtype=self._kind, count=size)
        weakref.finalize(lent, self._blocks.append, block).atexit = False
        return lent.reshape(shape)

    def _block(self, size: int) -> NDArray[Kind]:
        try:
            block = self._blocks.pop()
        except IndexError:
            return np.empty(size, dtype=self._kind)
        return block if block.size >= size else np.empty(size, dtype=self._kind)
