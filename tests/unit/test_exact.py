# SPDX-License-Identifier: Apache-2.0
"""Exact square-free parts of whole-number polynomials."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models import _exact
from models.finance import irr


def product(*factors: list[int]) -> list[int]:
    result = [1]
    for factor in factors:
        out = [0] * (len(result) + len(factor) - 1)
        for i, a in enumerate(result):
            for j, b in enumerate(factor):
                out[i + j] += a * b
        result = out
    return result


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ([[1, -2], [1, -2]], [[1, -2]]),
        ([[1, -2], [1, -2], [1, -2]], [[1, -2]]),
        ([[1, 1, 1], [1, 1, 1], [3, -5]], [[1, 1, 1], [3, -5]]),
        ([[7, 2], [7, 2], [1, 0, 5], [1, 0, 5]], [[7, 2], [1, 0, 5]]),
        # A factor too long for one prime goes to Euclid's algorithm.
        ([[1, 10**12 + 39], [1, 10**12 + 39], [2, 3]], [[1, 10**12 + 39], [2, 3]]),
    ],
)
def test_multiple_factors_are_kept_once(
    factors: list[list[int]], expected: list[list[int]]
) -> None:
    found = _exact.square_free(product(*factors))
    wanted = product(*expected)
    assert found in (wanted, [-v for v in wanted])


@pytest.mark.parametrize(
    "polynomial", [[1, -2], [5], [1, -3, 2], product([1, -2], [1, 2], [3, 4, 5])]
)
def test_square_free_polynomials_give_none(polynomial: list[int]) -> None:
    assert _exact.square_free(polynomial) is None


def test_a_lead_that_vanishes_modulo_the_prime_is_still_solved() -> None:
    square = product([1, -_exact.PRIME], [1, -_exact.PRIME])
    assert _exact.square_free(square) in ([1, -_exact.PRIME], [-1, _exact.PRIME])


def test_degrees_beyond_the_limit_give_none() -> None:
    long = product([1, -1], [1, -1], [1, *[0] * _exact.MAX_DEGREE, 1])
    assert _exact.square_free(long) is None


def test_readings_are_the_stored_the_written_and_the_scaled_flows() -> None:
    stored, written, ratios = _exact.readings([-0.1, 0.22, -0.121])
    assert written == [-100, 220, -121]
    assert ratios == written
    # 0.1 is stored as 0x1.999999999999ap-4 = 3602879701896397 / 2^55.
    assert stored[0] * 2**55 % 3602879701896397 == 0
    assert len(list(_exact.readings([-1.0, math.pi]))) == 2


def test_a_double_root_of_six_hundred_flows_is_proven(
    rng: np.random.Generator,
) -> None:
    # Positive flows have no root of their own; (100 - 101 x)^2 has a double one.
    flows = np.convolve([10_000, -20_200, 10_201], rng.integers(1, 50, 598))
    result = irr(flows)
    assert (result.n_roots, result.status) == (1, "double")
    assert result.rate == pytest.approx(0.01, rel=1e-10)
