# SPDX-License-Identifier: Apache-2.0
"""Elementary functions of the kernel: accuracy, edges, vector instructions."""

from __future__ import annotations

import math
import re
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
import numpy as np
import pytest

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import (
    cosine_of_turn,
    exp_,
    float_of_small,
    floor_,
    larger,
    log_,
    nearest,
    sine_of_turn,
    smaller,
    sqrt_,
    square,
)
from gpu.kernel.intrinsics import (
    abs_,
    bits_of_float,
    float_of_bits,
    float_of_int,
    fma,
    int_of_float,
    multiply_words,
    pointer_to,
)
from gpu.kernel.pipeline import compiled_whole

if TYPE_CHECKING:
    from collections.abc import Callable

ULPS = 2.0
HAS_VECTORS = llvm.get_host_cpu_features().get("avx2", False)


@device
def exp_lanes(x: Doubles, y: Doubles, n: int) -> None:
    """Take exp block by block."""
    for block in range(n):
        for i in range(L):
            y[block * L + i] = exp_(x[block * L + i])


@device
def log_lanes(x: Doubles, y: Doubles, n: int) -> None:
    """Take log block by block."""
    for block in range(n):
        for i in range(L):
            y[block * L + i] = log_(x[block * L + i])


@device
def sine_lanes(x: Doubles, y: Doubles, n: int) -> None:
    """Take the sine block by block."""
    for block in range(n):
        for i in range(L):
            y[block * L + i] = sine_of_turn(x[block * L + i])


@device
def cosine_lanes(x: Doubles, y: Doubles, n: int) -> None:
    """Take the cosine block by block."""
    for block in range(n):
        for i in range(L):
            y[block * L + i] = cosine_of_turn(x[block * L + i])


@device
def root_lanes(x: Doubles, y: Doubles, n: int) -> None:
    """Take root and floor block by block."""
    for block in range(n):
        for i in range(L):
            y[block * L + i] = floor_(sqrt_(x[block * L + i]))


@device
def select_lanes(x: Doubles, y: Doubles, n: int) -> None:
    """Choose by size and sign block by block."""
    for block in range(n):
        for i in range(L):
            a = x[block * L + i]
            b = smaller(larger(a, -1.0), 1.0)
            y[block * L + i] = square(b) if abs_(a) > 0.5 else fma(a, b, 1.0)


def applied(function: Callable[..., Any], x: np.ndarray) -> np.ndarray:
    """The function of every number, by whole blocks of lanes."""
    n = -(-len(x) // L)
    padded = np.full(n * L, 0.5)
    padded[: len(x)] = x
    y = np.empty(n * L)
    function(padded, y, n)
    return y[: len(x)]


def assert_within_ulps(got: np.ndarray, wanted: list[float]) -> None:
    exact = np.array(wanted)
    assert (np.abs(got - exact) <= ULPS * np.spacing(np.abs(exact))).all()


def spread(low: float, high: float) -> np.ndarray:
    """Evenly spaced and random numbers of a range, both ends among them."""
    rng = np.random.default_rng(5)
    return np.concatenate([np.linspace(low, high, 4001), rng.uniform(low, high, 4000)])


@pytest.mark.parametrize("span", [(-708.0, 709.78), (-2.0, 2.0), (-1e-3, 1e-3)])
def test_exp_is_within_two_units_of_the_last_place(span: tuple[float, float]) -> None:
    x = spread(*span)
    assert_within_ulps(applied(exp_lanes, x), [math.exp(v) for v in x])


def test_exp_at_its_ends() -> None:
    x = np.array([0.0, -0.0, 709.782712893384, 709.79, 1e9, np.inf, -709.0, -np.inf])
    got = applied(exp_lanes, np.append(x, np.nan))
    wanted = [1.0, 1.0, math.exp(709.782712893384), np.inf, np.inf, np.inf, 0.0, 0.0]
    np.testing.assert_allclose(got[:-1], wanted, rtol=4e-16)
    assert np.isnan(got[-1])


@pytest.mark.parametrize("span", [(2.3e-308, 1e-300), (0.5, 2.0), (1e-9, 1e9)])
def test_log_is_within_two_units_of_the_last_place(span: tuple[float, float]) -> None:
    x = spread(*span)
    assert_within_ulps(applied(log_lanes, x), [math.log(v) for v in x])


def test_log_near_one_and_at_the_largest_number() -> None:
    x = 1.0 + np.arange(-2000, 2000) * 2.0**-52
    x = np.concatenate([x, [sys.float_info.max, sys.float_info.min, math.sqrt(0.5)]])
    got = applied(log_lanes, x)
    assert_within_ulps(got, [math.log(v) for v in x])
    assert got[2000] == 0.0


def exact_turn(turn: float) -> tuple[float, float]:
    """Cosine and sine of 2 pi turn: the angle from the nearest eighth, exactly.

    2 pi times a turn, rounded, is off by up to half a unit in the last place of 6.28,
    which is many units of a sine near zero. With q the nearest quarter, turn - q / 4
    is exact, and sine and cosine of that small angle are those of the library.
    """
    quarter = round(4 * Fraction(turn))
    angle = 2.0 * math.pi * float(Fraction(turn) - Fraction(quarter, 4))
    s, c = math.sin(angle), math.cos(angle)
    return [(c, s), (-s, c), (-c, -s), (s, -c)][quarter % 4]


def turns() -> np.ndarray:
    eighths = (np.arange(9)[:, None] / 8 + np.arange(-4, 5) * 2.0**-53).ravel()
    return np.concatenate([spread(0.0, 1.0), eighths[(eighths >= 0) & (eighths < 1)]])


@pytest.mark.parametrize(("function", "place"), [(cosine_lanes, 0), (sine_lanes, 1)])
def test_sine_and_cosine_of_a_turn_are_within_two_units(
    function: Callable[..., Any], place: int
) -> None:
    v = turns()
    assert_within_ulps(applied(function, v), [exact_turn(x)[place] for x in v])


def test_quarters_of_a_turn_are_exact() -> None:
    quarters = np.array([0.0, 0.25, 0.5, 0.75])
    np.testing.assert_array_equal(applied(cosine_lanes, quarters), [1, 0, -1, 0])
    np.testing.assert_array_equal(applied(sine_lanes, quarters), [0, 1, 0, -1])


def test_squares_of_sine_and_cosine_add_up_to_one() -> None:
    v = turns()
    total = applied(cosine_lanes, v) ** 2 + applied(sine_lanes, v) ** 2
    np.testing.assert_allclose(total, 1.0, rtol=0.0, atol=4.5e-16)


@device
def small_things(x: Doubles, u: Integers) -> None:
    """Use what has one instruction, or nearly."""
    u[0] = nearest(2.5)
    u[1] = nearest(-3.5)
    u[2] = int_of_float(-3.9)
    u[3] = bits_of_float(-0.0)
    u[4] = multiply_words(0xFFFFFFFF, 0xFFFFFFFF)
    x[0] = float_of_small(4503599627370495)
    x[1] = float_of_int(-9007199254740993)
    x[2] = float_of_bits(0x4009_21FB_5444_2D18)
    x[3] = floor_(-1.5)
    x[4] = sqrt_(2.0)
    x[5] = smaller(1.0, 2.0) + 10.0 * larger(1.0, 2.0)
    x[6] = abs_(-3.0)
    # (1 + e)(1 - e) - 1 is -e^2: nothing but a product that is not rounded shows it.
    x[7] = fma(1.0 + 2.0**-30, 1.0 - 2.0**-30, -1.0)


def test_single_instructions_do_what_they_say() -> None:
    x, u = np.zeros(8), np.zeros(5, np.int64)
    small_things(x, u)
    # 2.5 and -3.5 go to the even neighbour; (2^32 - 1)^2 = 2^64 - 2^33 + 1.
    assert u.tolist() == [2, -4, -3, -(2**63), 1 - 2**33]
    assert x.tolist() == [
        4503599627370495.0,
        -9007199254740992.0,
        math.pi,
        -2.0,
        math.sqrt(2.0),
        21.0,
        3.0,
        -(2.0**-60),
    ]


@device
def shifted_rows(w: Doubles, row: int) -> None:
    """Write a row from the one before, at a place known only when it runs."""
    for i in range(L):
        w[(row + 1) * L + i] = 2.0 * w[row * L + i] + 1.0


def assembly(function: Any) -> str:
    """The machine code of a function that has been called."""
    return str(next(iter(function.inspect_asm().values())))


@pytest.mark.skipif(not HAS_VECTORS, reason="needs AVX2")
@pytest.mark.parametrize(
    ("function", "instruction"),
    [
        (exp_lanes, "vfmadd"),
        (log_lanes, "vdivpd"),
        (sine_lanes, "vfmadd"),
        (cosine_lanes, "vfmadd"),
        (root_lanes, "vsqrtpd"),
        (select_lanes, "vmulpd"),
    ],
)
def test_lane_loops_become_vector_instructions(function: Any, instruction: str) -> None:
    applied(function, np.full(L, 0.75))
    text = assembly(function)
    assert re.search(rf"{instruction}\w*\s.*%[yz]mm", text)
    # Calls of a library would undo it, and so would steps one number at a time.
    assert not re.search(r"\b(exp|log|sin|cos|fma|floor|sqrt)@PLT", text)
    scalar = re.findall(r"\bv(?:mul|add|sub|div|fn?m(?:add|sub)\d*)sd\b", text)
    assert scalar == []


@pytest.mark.skipif(not HAS_VECTORS, reason="needs AVX2")
def test_rows_known_only_when_it_runs_do_not_hinder_vectors() -> None:
    w = np.arange(2.0 * L)
    shifted_rows(w, 0)
    np.testing.assert_array_equal(w[L:], 2.0 * np.arange(L) + 1.0)
    text = assembly(shifted_rows)
    assert re.search(r"vmovupd\s.*%[yz]mm", text)
    assert not re.search(r"\bvaddsd\b", text)


@device
def log_row(w: Doubles) -> None:
    """Take the logarithm of a row."""
    for i in range(L):
        w[i] = log_(w[i])


# Not kept on disk as an `entry` is: what comes from there has no assembly to look at.
@compiled_whole
def log_rows(w: Doubles, n: int) -> None:
    """Take the logarithm of a row several times."""
    for _ in range(n):
        log_row(pointer_to(w))


@pytest.mark.skipif(not HAS_VECTORS, reason="needs AVX2")
def test_lane_loops_of_pieces_work_on_two_vectors_at_a_time() -> None:
    w = np.full(L, math.exp(math.e))
    log_rows(w, 2)
    np.testing.assert_allclose(w, 1.0, rtol=1e-15)
    # One division in the source; the loop is too long to be unrolled.
    assert len(re.findall(r"vdivpd\s.*%[yz]mm", assembly(log_rows))) == 2
