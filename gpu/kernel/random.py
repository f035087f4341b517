# SPDX-License-Identifier: Apache-2.0
"""Random draws on lanes: the numbers of `gpu.sampling` once more.

Words are those of `gpu.sampling.philox` bit for bit, kept in signed 64-bit lanes;
uniform numbers too; normals differ from its by rounding alone. ``u`` is a scratch array
of at least `WORD_ROWS` rows of `L`, ``counters`` holds one Philox counter per lane, at
least 0; ``seed_low`` and ``seed_high`` are the words of the seed. What does not belong
here: which draw is for what, and which scenario takes whose (`gpu.sampling.scenarios`).
"""

from __future__ import annotations

from typing import Final

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import cosine_of_turn, float_of_small, log_, sine_of_turn
from gpu.kernel.intrinsics import (
    bits_of_float,
    float_of_bits,
    multiply_words,
    sqrt_,
)

__all__ = [
    "WORD_ROWS",
    "exponential",
    "mirror",
    "mirror_words",
    "month_low_and_dip",
    "normal_pair",
    "random_words",
    "uniform",
    "uniform_of_word",
]

# Rows of `L` whole numbers that a draw takes from its scratch array.
WORD_ROWS: Final = 4

ROUNDS: Final = 10
# Multipliers and key increments of Philox 4x32, as in `gpu.sampling.philox`.
MULTIPLIER_0: Final = 0xD2511F53
MULTIPLIER_1: Final = 0xCD9E8D57
WEYL_0: Final = 0x9E3779B9
WEYL_1: Final = 0xBB67AE85
MASK_32: Final = 0xFFFFFFFF
QUARTER_TURN: Final = 0x40000000

ONE_BITS: Final = 0x3FF0000000000000
BELOW_ONE: Final = 1.0 - 2.0**-53
WORD_STEP: Final = 2.0**-32


@device
def upper_word(product: int) -> int:
    """Return the upper 32 of 64 bits."""
    return (product >> 32) & MASK_32


@device
def random_words(
    u: Integers,
    seed_low: int,
    seed_high: int,
    counters: Integers,
    month: int,
    stream: int,
) -> None:
    """Write the four words of Philox 4x32-10 of each lane into rows 0 to 3 of u."""
    for i in range(L):
        c0 = counters[i] & MASK_32
        c1 = upper_word(counters[i])
        c2 = month
        c3 = stream
        for k in range(ROUNDS):
            product_0 = multiply_words(c0, MULTIPLIER_0)
            product_1 = multiply_words(c2, MULTIPLIER_1)
            key_low = (seed_low + k * WEYL_0) & MASK_32
            key_high = (seed_high + k * WEYL_1) & MASK_32
            c0 = upper_word(product_1) ^ c1 ^ key_low
            c2 = upper_word(product_0) ^ c3 ^ key_high
            c1 = product_1 & MASK_32
            c3 = product_0 & MASK_32
        u[i] = c0
        u[L + i] = c1
        u[2 * L + i] = c2
        u[3 * L + i] = c3


@device
def uniform(high: int, low: int) -> float:
    """Return ``(2 k + 1) 2^-53``, k from the top 26 bits of two words.

    k in the fraction of 1 is ``1 + k 2^-52``, and what is taken off is exact.
    """
    k = ((high >> 6) << 26) | (low >> 6)
    return float_of_bits(ONE_BITS | k) - BELOW_ONE


@device
def uniform_of_word(word: int) -> float:
    """Return ``(word + 1/2) 2^-32``, exactly."""
    return (float_of_small(word) + 0.5) * WORD_STEP


@device
def normal_pair(
    u: Integers,
    w: Doubles,
    row: int,
    seed_low: int,
    seed_high: int,
    counters: Integers,
    month: int,
    stream: int,
) -> None:
    """Write two standard normals per lane into rows ``row`` and ``row + 1`` of w."""
    random_words(u, seed_low, seed_high, counters, month, stream)
    first = row * L
    second = first + L
    for i in range(L):
        radius = sqrt_(-2.0 * log_(uniform(u[i], u[L + i])))
        turn = uniform(u[2 * L + i], u[3 * L + i])
        w[first + i] = radius * cosine_of_turn(turn)
        w[second + i] = radius * sine_of_turn(turn)


@device
def mirror(w: Doubles, row: int, mirrored: Integers) -> None:
    """Negate the numbers of a row of w in lanes whose ``mirrored`` is 1, not 0."""
    start = row * L
    for i in range(L):
        w[start + i] = float_of_bits(bits_of_float(w[start + i]) ^ (mirrored[i] << 63))


@device
def mirror_words(u: Integers, mirrored: Integers) -> None:
    """Mirror the words behind `month_low_and_dip` in lanes whose ``mirrored`` is 1."""
    for i in range(L):
        flip = mirrored[i] * MASK_32
        u[i] = u[i] ^ flip
        u[L + i] = u[L + i] ^ flip
        u[2 * L + i] = (u[2 * L + i] + mirrored[i] * QUARTER_TURN) & MASK_32


@device
def month_low_and_dip(u: Integers, w: Doubles, row: int) -> None:
    """Write the draws inside the month into rows ``row`` and ``row + 1`` of w.

    The first is exponential with mean 1, the second standard normal, from the words
    that `random_words` has left in u for stream 8, and `mirror_words` has mirrored.
    """
    first = row * L
    second = first + L
    for i in range(L):
        w[first + i] = -log_(uniform_of_word(u[i]))
        radius = sqrt_(-2.0 * log_(uniform_of_word(u[L + i])))
        turn = uniform_of_word(u[2 * L + i])
        w[second + i] = radius * cosine_of_turn(turn)


@device
def exponential(u: Integers, w: Doubles, row: int, mirrored: Integers) -> None:
    """Write an exponential number with mean 1 per lane into row ``row`` of w.

    It is ``-ln u`` of the first uniform number behind the words in u, which is half
    the sum of the squares of the normals made from them; ``-ln(1 - u)`` in lanes whose
    ``mirrored`` is 1.
    """
    start = row * L
    for i in range(L):
        x = uniform(u[i], u[L + i])
        x = x if mirrored[i] == 0 else 1.0 - x
        w[start + i] = -log_(x)
