# SPDX-License-Identifier: Apache-2.0
"""Memory for large arrays, used again once nobody looks at them.

A system gives fresh memory page by page and clears every page first: for the months of
a few thousand futures that takes a fifth of the time that scoring them takes.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = ["SpareArrays"]

# Below this, a block is no dearer than the bookkeeping. [numbers]
_LEAST_SIZE: Final = 1 << 16


class SpareArrays:
    """Arrays of about one size, made in memory that the last ones have left.

    Parameters
    ----------
    most_blocks : int
        Blocks kept for the next arrays; a thread needs one. [unitless]
    """

    def __init__(self, most_blocks: int) -> None:
        # Appending and popping are atomic: threads share it without a lock.
        self._blocks: deque[FloatArray] = deque(maxlen=most_blocks)

    def empty(self, shape: tuple[int, ...]) -> FloatArray:
        """Return an array with anything in it, no part of which others look at.

        Parameters
        ----------
        shape : tuple of int
            Shape. [unitless]
        """
        size = math.prod(shape)
        if size < _LEAST_SIZE:
            return np.empty(shape)
        block = self._block(size)
        # A view of an array that owns nothing refers to that array, not to what that
        # refers to, unless it is an array too: `lent` lives as long as its last view.
        lent = np.frombuffer(block.data, count=size)
        weakref.finalize(lent, self._blocks.append, block).atexit = False
        return lent.reshape(shape)

    def _block(self, size: int) -> FloatArray:
        try:
            block = self._blocks.pop()
        except IndexError:
            return np.empty(size)
        return block if block.size >= size else np.empty(size)
