# SPDX-License-Identifier: Apache-2.0
"""Elementary functions as branch-free polynomials, the same on every target.

Numba calls a library for each exp, log, sine and cosine, one number at a time; made of
additions and multiplications instead they run on all lanes of a vector register, and
on a CPU and a GPU they give the same bits. Every step is either rounded correctly by
itself or an explicit `fma`; no compiler may contract or reorder them.

Polynomials are minimax in the argument left after reduction: relative errors below
2^-57, found by exchange (Remez) with 60 digits. Results lie within 2 units in the last
place, measured below 1.1. Those of exp and log are added up in pairs (Estrin): the next
lanes wait for a long chain of steps that need each other.
What does not belong here: random numbers, the model.

References
----------
.. [1] J.-M. Muller, "Elementary Functions", 3rd ed., Birkhaeuser 2016: chapter 3
   (minimax polynomials), section 11.1 (additive reduction in two parts).
"""

from __future__ import annotations

import math
from typing import Final

from gpu.kernel.compiled import device
from gpu.kernel.intrinsics import (
    abs_,
    bits_of_float,
    float_of_bits,
    float_of_int,
    floor_,
    fma,
    sqrt_,
)

__all__ = [
    "abs_",
    "cosine_of_turn",
    "exp_",
    "float_of_int",
    "float_of_small",
    "floor_",
    "fma",
    "larger",
    "log_",
    "nearest",
    "sine_of_turn",
    "smaller",
    "sqrt_",
    "square",
]

# Adding 1.5 * 2^52 rounds to a whole number, which then stands in the lowest bits.
ROUNDER: Final = 6755399441055744.0
ROUNDER_BITS: Final = 0x4338000000000000
# A whole number below 2^52 in the fraction of 2^52 is 2^52 plus that number.
TWO_52: Final = 4503599627370496.0
TWO_52_BITS: Final = 0x4330000000000000
ONE_BITS: Final = 0x3FF0000000000000
FRACTION_MASK: Final = 0x000FFFFFFFFFFFFF
EXPONENT_MASK: Final = 0x7FF0000000000000

INVERSE_LN_2: Final = 1.4426950408889634
# ln 2 in two parts: rounded, and what rounding left.
LN_2: Final = 0.6931471805599453
LN_2_REST: Final = 2.3190468138462996e-17
# ln 2 in 33 bits, so that products with exponents are exact, and the rest.
LN_2_SHORT: Final = 0.6931471803691238
LN_2_SHORT_REST: Final = 1.9082149292705877e-10

# Above this exp overflows; below its negative counterpart it is taken to be zero.
EXP_LARGEST: Final = 709.782712893384
EXP_SMALLEST: Final = -708.0
INFINITY: Final = math.inf

# (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2.
EXP_0: Final = 0.5000000000000011
EXP_1: Final = 0.16666666666666413
EXP_2: Final = 0.041666666666530267
EXP_3: Final = 0.008333333333494343
EXP_4: Final = 0.0013888888943598247
EXP_5: Final = 0.00019841269506754315
EXP_6: Final = 2.48014931356679e-05
EXP_7: Final = 2.755758629041852e-06
EXP_8: Final = 2.763023409633475e-07
EXP_9: Final = 2.5000064441792513e-08

# sqrt(1/2): where the fraction's range is cut.
ROOT_HALF_BITS: Final = 0x3FE6A09E667F3BCD
# (ln((1 + s) / (1 - s)) - 2 s) / s^3 in s^2.
LOG_0: Final = 0.6666666666666734
LOG_1: Final = 0.3999999999941468
LOG_2: Final = 0.2857142874238834
LOG_3: Final = 0.22222198573057161
LOG_4: Final = 0.18183564334074193
LOG_5: Final = 0.15314050326564208
LOG_6: Final = 0.14795952142548588

# 2 pi in two parts, and 2 pi^2.
TAU: Final = 6.283185307179586
TAU_REST: Final = 2.4492935982947064e-16
COS_0: Final = 19.739208802178716
# (sin(2 pi r) / r - 2 pi) / r^2 in r^2 for |r| <= 1/8.
SIN_1: Final = -41.34170224039968
SIN_2: Final = 81.60524927596823
SIN_3: Final = -76.70585970878628
SIN_4: Final = 42.058685506929045
SIN_5: Final = -15.093829331779947
SIN_6: Final = 3.7813665881942073
# (cos(2 pi r) - 1 + 2 pi^2 r^2) / r^4 in r^2.
COS_1: Final = 64.93939402266818
COS_2: Final = -85.45681720660308
COS_3: Final = 60.24464134251958
COS_4: Final = -26.42625211684072
COS_5: Final = 7.903145297378133
COS_6: Final = -1.6977917318005684


@device
def smaller(a: float, b: float) -> float:
    """Return the smaller of two numbers; the second if one is NaN."""
    return a if a < b else b


@device
def larger(a: float, b: float) -> float:
    """Return the larger of two numbers; the second if one is NaN."""
    return a if a > b else b


@device
def kept(x: float) -> float:
    """Return a number as it is, for storing where it may have come from.

    A choice between a new value and the old one would become a masked store, which
    some processors do very slowly; after an addition it is an ordinary one.
    """
    return x + 0.0


@device
def square(x: float) -> float:
    """Return a number times itself."""
    return x * x


@device
def nearest(x: float) -> int:
    """Return the nearest whole number, a half to the even one; |x| below 2^51."""
    return bits_of_float(x + ROUNDER) - ROUNDER_BITS


@device
def float_of_small(n: int) -> float:
    """Return a whole number of 0 to 2^52 - 1 as a float, exactly."""
    return float_of_bits(n | TWO_52_BITS) - TWO_52


@device
def exp_(x: float) -> float:
    """Return e to the power x; 0 below -708, infinity on overflow, NaN of NaN."""
    shifted = fma(x, INVERSE_LN_2, ROUNDER)
    k = shifted - ROUNDER
    r = fma(-k, LN_2_REST, fma(-k, LN_2, x))
    r2 = r * r
    r4 = r2 * r2
    high = fma(r, EXP_9, EXP_8)
    middle = fma(r2, fma(r, EXP_7, EXP_6), fma(r, EXP_5, EXP_4))
    low = fma(r2, fma(r, EXP_3, EXP_2), fma(r, EXP_1, EXP_0))
    p = fma(r4, fma(r4, high, middle), low)
    # Half of 2^k, since 2^1024 has no bits of its own.
    half_power = float_of_bits((bits_of_float(shifted) + 1022) << 52)
    p = fma(r2, p, r) + 1.0
    result = (p + p) * half_power
    result = INFINITY if x > EXP_LARGEST else result
    return 0.0 if x < EXP_SMALLEST else result


@device
def log_(x: float) -> float:
    """Return the natural logarithm of a positive normal number."""
    shifted = bits_of_float(x) + (ONE_BITS - ROOT_HALF_BITS)
    exponent = (shifted & EXPONENT_MASK) >> 52
    k = float_of_bits(exponent | TWO_52_BITS) - (TWO_52 + 1023.0)
    f = float_of_bits((shifted & FRACTION_MASK) + ROOT_HALF_BITS) - 1.0
    s = f / (2.0 + f)
    z = s * s
    z2 = z * z
    high = fma(z2, LOG_6, fma(z, LOG_5, LOG_4))
    p = fma(z2, fma(z2, high, fma(z, LOG_3, LOG_2)), fma(z, LOG_1, LOG_0))
    half_square = 0.5 * f * f
    rest = fma(s, fma(z, p, half_square), k * LN_2_SHORT_REST)
    return fma(k, LN_2_SHORT, f - (half_square - rest))


@device
def _sine_of_part(r: float) -> float:
    """Return sin(2 pi r) for |r| <= 1/8."""
    z = r * r
    p = fma(z, SIN_6, SIN_5)
    p = fma(z, p, SIN_4)
    p = fma(z, p, SIN_3)
    p = fma(z, p, SIN_2)
    p = fma(z, p, SIN_1)
    return fma(r, TAU, r * fma(z, p, TAU_REST))


@device
def _cosine_of_part(r: float) -> float:
    """Return cos(2 pi r) for |r| <= 1/8."""
    z = r * r
    p = fma(z, COS_6, COS_5)
    p = fma(z, p, COS_4)
    p = fma(z, p, COS_3)
    p = fma(z, p, COS_2)
    p = fma(z, p, COS_1)
    return fma(z, fma(z, p, -COS_0), 1.0)


@device
def _of_quarter(r: float, quarter: int) -> float:
    """Return sin(2 pi (r + quarter / 4)) for |r| <= 1/8."""
    s = _sine_of_part(r)
    c = _cosine_of_part(r)
    chosen = s if (quarter & 1) == 0 else c
    return float_of_bits(bits_of_float(chosen) ^ ((quarter & 2) << 62))


@device
def sine_of_turn(v: float) -> float:
    """Return sin(2 pi v) for v of 0 to 1: the argument counts whole turns."""
    shifted = fma(v, 4.0, ROUNDER)
    r = fma(shifted - ROUNDER, -0.25, v)
    return _of_quarter(r, bits_of_float(shifted))


@device
def cosine_of_turn(v: float) -> float:
    """Return cos(2 pi v) for v of 0 to 1: the argument counts whole turns.

    Beside `sine_of_turn` of the same v it costs one selection more.
    """
    shifted = fma(v, 4.0, ROUNDER)
    r = fma(shifted - ROUNDER, -0.25, v)
    return _of_quarter(r, bits_of_float(shifted) + 1)
