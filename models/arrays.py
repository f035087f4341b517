# SPDX-License-Identifier: Apache-2.0
"""Array types and shape checks used by every package.

Axis order is fixed product-wide: (plan, scenario, site, line, period); an array that
lacks an axis keeps the order of the rest. What does not belong here: economics.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BoolArray",
    "FloatArray",
    "FloatLike",
    "IntArray",
    "UIntArray",
    "assert_shape",
]

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
UIntArray: TypeAlias = NDArray[np.uint32]
BoolArray: TypeAlias = NDArray[np.bool_]
# A pure formula serves scalars and arrays alike and returns what it was given.
FloatLike = TypeVar("FloatLike", float, FloatArray)


def assert_shape(name: str, array: NDArray[Any], shape: tuple[int | None, ...]) -> None:
    """Raise when an array does not have the shape its docstring promises.

    Parameters
    ----------
    name : str
        Name used in the message.
    array : ndarray of any shape
        Array to look at. [unitless]
    shape : tuple of int or None
        Expected lengths; None stands for any length. [unitless]

    Raises
    ------
    ValueError
        If the number of axes or a fixed length differs.
    """
    fits = len(array.shape) == len(shape) and all(
        want is None or want == have
        for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = tuple("any" if n is None else n for n in shape)
        msg = f"{name} has shape {array.shape}, expected {wanted}"
        raise ValueError(msg)
