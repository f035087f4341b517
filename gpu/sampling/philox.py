# SPDX-License-Identifier: Apache-2.0
"""Counter-based random numbers: Philox 4x32-10 on NumPy or CuPy arrays.

A draw is a function of (seed, scenario, month, stream) and of nothing else, so that
every scenario can be replayed alone, on any engine, in any order. What does not belong
here: what the draws mean (`gpu.sampling.scenarios`).

Layout, fixed by design. Key: the 64-bit seed as (low word, high word). Counter:
(scenario low word, scenario high word, month, stream).

References
----------
.. [1] J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as
   easy as 1, 2, 3", SC11, 2011, section 3.3, doi:10.1145/2063384.2063405.
.. [2] Random123 1.14, known-answer file ``kat_vectors``, D. E. Shaw Research.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.backend import get_array_module

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from models.arrays import FloatArray, UIntArray

__all__ = ["normals", "philox4x32", "uniforms", "words"]

ROUNDS = 10
# Multipliers and key increments of Philox 4x32 [1]_.
MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
WEYL_0 = 0x9E3779B9
WEYL_1 = 0xBB67AE85
MASK_32 = 0xFFFFFFFF

UNIFORM_STEP = 2.0**-53
MAX_SCENARIO = 2**63 - 1


def philox4x32(counter: ArrayLike, key: ArrayLike) -> UIntArray:
    """Return Philox 4x32-10 of each counter.

    Parameters
    ----------
    counter : array_like of shape (..., 4)
        Counter words, 0 to 2^32 - 1; a NumPy or CuPy array, or a sequence of four
        arrays of one shape becomes one by stacking on the last axis. [unitless]
    key : array_like of shape (2,)
        Key words, 0 to 2^32 - 1. [unitless]

    Returns
    -------
    ndarray of uint32 of shape (..., 4)
        Random words. [unitless]

    Raises
    ------
    ValueError
        If the last axis is not 4 long or the key is not two words.
    """
    xp = get_array_module(counter)
    counters = xp.asarray(counter)
    if counters.ndim == 0 or counters.shape[-1] != 4:
        msg = f"counter has shape {counters.shape}, expected (..., 4)"
        raise ValueError(msg)
    key_words = np.asarray(key)
    if key_words.shape != (2,):
        msg = f"key has shape {key_words.shape}, expected (2,)"
        raise ValueError(msg)
    columns = [counters[..., k].astype(xp.uint64) for k in range(4)]
    drawn = _rounds(columns, int(key_words[0]), int(key_words[1]))
    return xp.stack(drawn, axis=-1).astype(xp.uint32)  # type: ignore[no-any-return]


def words(
    seed: int, scenario_ids: ArrayLike, month: ArrayLike, stream: int
) -> list[NDArray[np.uint64]]:
    """Return the four random words of each scenario and month.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : array_like of int of shape (...)
        0 to 2^63 - 1; a CuPy array keeps the work on its device. [unitless]
    month : array_like of int of shape (...)
        0 to 2^32 - 1; broadcast against the scenarios. [months]
    stream : int
        0 to 2^32 - 1: one number per independent use. [unitless]

    Returns
    -------
    list of 4 ndarray of uint64 of shape (...)
        Words, each below 2^32. [unitless]

    Raises
    ------
    ValueError
        If a number is not whole or lies outside its range.
    """
    seed = _checked_word("seed", seed, 2**64 - 1)
    stream = _checked_word("stream", stream, MASK_32)
    xp = get_array_module(scenario_ids)
    scenario = _checked_words("scenario_ids", scenario_ids, MAX_SCENARIO, xp)
    months = _checked_words("month", month, MASK_32, xp)
    scenario, months = xp.broadcast_arrays(scenario, months)
    mask, shift = xp.uint64(MASK_32), xp.uint64(32)
    counter = [
        scenario & mask,
        scenario >> shift,
        months,
        xp.full(scenario.shape, stream, dtype=xp.uint64),
    ]
    return _rounds(counter, seed & MASK_32, seed >> 32)


def uniforms(
    seed: int, scenario_ids: ArrayLike, month: ArrayLike, stream: int
) -> FloatArray:
    """Return two uniform numbers in the open interval (0, 1) per scenario.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : array_like of int of shape (n,)
        0 to 2^63 - 1. [unitless]
    month : int
        0 to 2^32 - 1, or an array that broadcasts against the scenarios. [months]
    stream : int
        0 to 2^32 - 1. [unitless]

    Returns
    -------
    ndarray of shape (n, 2)
        First from words 0 and 1, second from words 2 and 3. [unitless]

    Raises
    ------
    ValueError
        If a number is not whole or lies outside its range.

    Notes
    -----
    Of a word pair (a, b), the top 26 bits of each make the 52-bit number
    ``k = (a >> 6) * 2**26 + (b >> 6)``; the result is ``(2 k + 1) * 2**-53``, an odd
    53-bit number, hence exact in double precision, never 0 or 1, and symmetric
    about 1/2.
    """
    w = words(seed, scenario_ids, month, stream)
    xp = get_array_module(w[0])
    pair = [_unit_interval(w[0], w[1], xp), _unit_interval(w[2], w[3], xp)]
    return xp.stack(pair, axis=-1)  # type: ignore[no-any-return]


def normals(
    seed: int, scenario_ids: ArrayLike, n_months: int, stream: int
) -> FloatArray:
    """Return two standard normal numbers per scenario and month.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1. [unitless]
    scenario_ids : array_like of int of shape (n_scenarios,)
        0 to 2^63 - 1. [unitless]
    n_months : int
        Months 0 to n_months - 1 are drawn. [months]
    stream : int
        0 to 2^32 - 1. [unitless]

    Returns
    -------
    ndarray of shape (n_scenarios, n_months, 2)
        Independent, by Box and Muller from the two numbers (u, v) of `uniforms`:
        ``sqrt(-2 log u)`` times cosine and sine of ``2 pi v``. [unitless]

    Raises
    ------
    ValueError
        If a number is not whole or lies outside its range.

    Notes
    -----
    No value exceeds 8.6 in size (u is at least 2^-53). Memory at the peak is about
    100 bytes per scenario and month: pass ids in chunks.
    """
    n_months = _checked_word("n_months", n_months, MASK_32 + 1)
    xp = get_array_module(scenario_ids)
    ids = xp.asarray(scenario_ids)
    if ids.ndim != 1:
        msg = f"scenario_ids has shape {ids.shape}, expected (n_scenarios,)"
        raise ValueError(msg)
    month = xp.arange(n_months, dtype=xp.int64)
    w = words(seed, ids[:, None], month[None, :], stream)
    radius = xp.sqrt(-2.0 * xp.log(_unit_interval(w[0], w[1], xp)))
    angle = (2.0 * math.pi) * _unit_interval(w[2], w[3], xp)
    pair = [radius * xp.cos(angle), radius * xp.sin(angle)]
    return xp.stack(pair, axis=-1)  # type: ignore[no-any-return]


def _rounds(counter: list[Any], key_low: int, key_high: int) -> list[Any]:
    """Return the four words after ten rounds; all arrays are uint64 below 2^32."""
    c0, c1, c2, c3 = counter
    xp = get_array_module(c0)
    mask, shift = xp.uint64(MASK_32), xp.uint64(32)
    first, second = xp.uint64(MULTIPLIER_0), xp.uint64(MULTIPLIER_1)
    for _ in range(ROUNDS):
        # The product of two 32-bit words fits 64 bits: no overflow.
        product_0, product_1 = c0 * first, c2 * second
        c0 = (product_1 >> shift) ^ c1 ^ xp.uint64(key_low)
        c2 = (product_0 >> shift) ^ c3 ^ xp.uint64(key_high)
        c1, c3 = product_1 & mask, product_0 & mask
        key_low = (key_low + WEYL_0) & MASK_32
        key_high = (key_high + WEYL_1) & MASK_32
    return [c0, c1, c2, c3]


def _unit_interval(high: Any, low: Any, xp: Any) -> Any:
    """Return ``(2 k + 1) * 2**-53`` with k from the top 26 bits of two words."""
    drop = xp.uint64(6)
    k = ((high >> drop) << xp.uint64(26)) | (low >> drop)
    return ((k << xp.uint64(1)) | xp.uint64(1)).astype(xp.float64) * UNIFORM_STEP


def _checked_word(name: str, value: int, largest: int) -> int:
    """Return a whole number within its range."""
    if isinstance(value, bool) or value != int(value) or not 0 <= value <= largest:
        msg = f"{name} = {value} must be a whole number from 0 to {largest}"
        raise ValueError(msg)
    return int(value)


def _checked_words(name: str, values: ArrayLike, largest: int, xp: Any) -> Any:
    """Return whole numbers within their range as uint64."""
    array = xp.asarray(values)
    if array.dtype.kind not in "iu":
        msg = f"{name} has dtype {array.dtype}, expected whole numbers"
        raise ValueError(msg)
    if array.size and (int(array.min()) < 0 or int(array.max()) > largest):
        msg = f"{name} must lie in 0 to {largest}"
        raise ValueError(msg)
    return array.astype(xp.uint64)
