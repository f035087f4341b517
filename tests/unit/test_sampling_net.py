# SPDX-License-Identifier: Apache-2.0
"""Scrambled Sobol nets: even in every block, independent between; and the bridge."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu.sampling.leading import leading_draws
from gpu.sampling.net import (
    bridged,
    direction_numbers,
    net_normals,
    net_points,
    scramble_columns,
)
from gpu.sampling.philox import words
from gpu.sampling.rule import DrawRule
from sites import load_study

BLOCK = np.arange(4096)


def test_the_first_dimension_reverses_bits_and_all_are_triangular() -> None:
    numbers = direction_numbers(500)
    np.testing.assert_array_equal(numbers[0], 2 ** (31 - np.arange(12)))
    for bit in range(12):
        lowest = 2 ** (31 - bit)
        assert (numbers[:, bit] % lowest == 0).all()
        assert (numbers[:, bit] // lowest % 2 == 1).all()


def test_published_direction_numbers_of_dimension_3() -> None:
    # Joe and Kuo's d = 3: s = 2, a = 1, m = 1, 3; then by their recurrence
    # m_k = 2 m_(k-1) xor 4 m_(k-2) xor m_(k-2):
    # m_3 = 6 xor 4 xor 1 = 3, m_4 = 6 xor 12 xor 3 = 9.
    m = np.array([1, 3, 3, 9])
    expected = m * 2 ** (32 - np.arange(1, 5))
    np.testing.assert_array_equal(direction_numbers(3)[2, :4], expected)


@pytest.mark.parametrize("first", [0, 4096 * 12_345, 2**62])
def test_every_block_has_one_point_in_each_4096th_of_every_dimension(
    first: int,
) -> None:
    points = net_points(3, BLOCK + first, 180)
    cells = np.sort(points >> np.uint32(20), axis=1)
    np.testing.assert_array_equal(cells, np.tile(BLOCK, (180, 1)))


def test_the_first_two_dimensions_fill_every_box_of_a_4096th_once() -> None:
    points = net_points(9, BLOCK + 8192, 2).astype(np.int64)
    for bits in range(13):
        box = (points[0] >> (32 - bits)) * 2 ** (12 - bits) + (points[1] >> (20 + bits))
        np.testing.assert_array_equal(np.sort(box), BLOCK)


def test_a_point_is_shift_and_columns_of_its_bits() -> None:
    shift, columns = scramble_columns(5, 4096, 7)
    found = net_points(5, np.array([4096 + 0b101000000010]), 7)[:, 0]
    expected = shift ^ columns[:, 1] ^ columns[:, 9] ^ columns[:, 11]
    np.testing.assert_array_equal(found, expected)


def test_the_scramble_is_the_documented_words() -> None:
    shift, columns = scramble_columns(5, 8192, 4)
    drawn = [
        int(words(5, np.array([8192]), 4 * 3 + k // 4, 12289)[k % 4][0])
        for k in range(16)
    ]
    assert shift[3] == drawn[0]
    # A direction number's k-th highest bit becomes 2^(31 - k) + w_(k + 1) below it.
    for bit, number in enumerate(direction_numbers(4)[3]):
        expected = 0
        for k in range(12):
            if int(number) >> (31 - k) & 1:
                expected ^= 2 ** (31 - k) + drawn[k + 1] % 2 ** (31 - k)
        assert columns[3, bit] == expected


def test_a_point_alone_and_out_of_order_is_the_point_in_company() -> None:
    together = net_points(1, np.arange(4000, 9000), 30)
    ids = np.array([8191, 4096, 4095, 8192, 4096])
    np.testing.assert_array_equal(net_points(1, ids, 30), together[:, ids - 4000])
    for place, scenario in enumerate(ids):
        alone = net_points(1, np.array([scenario]), 30)
        np.testing.assert_array_equal(alone[:, 0], together[:, ids[place] - 4000])


def test_one_place_is_uniform_and_independent_over_blocks() -> None:
    points = net_points(2, 4096 * np.arange(600) + 77, 6) / 2.0**32
    assert np.abs(points.mean(axis=1) - 0.5).max() < 4.5 / math.sqrt(12 * 600)
    between = np.corrcoef(np.vstack([points, points[:, ::-1]]))
    np.fill_diagonal(between, 0.0)
    assert np.abs(between).max() < 4.5 / math.sqrt(600)


def test_seeds_give_other_points() -> None:
    one, other = (net_points(seed, BLOCK[:50], 20) for seed in (1, 2))
    assert (one != other).all()


def test_net_normals_are_standard_and_far_more_even_than_random_ones() -> None:
    drawn = net_normals(net_points(1, BLOCK, 48), 2)
    assert drawn.shape == (2, 24, 4096)
    # Random ones would miss the mean by 1 / 64 = 0.016, the variance by 0.022.
    assert np.abs(drawn.mean(axis=2)).max() < 1e-3
    assert np.abs(drawn.var(axis=2) - 1.0).max() < 5e-3


def test_a_bridge_of_4_months_by_hand() -> None:
    # W_4 = 2 g_0; W_2 = W_4 / 2 + g_1; W_1 = W_2 / 2 + g_2 / sqrt 2;
    # W_3 = (W_2 + W_4) / 2 + g_3 / sqrt 2. With g = 1, 2, 3, 4:
    # W_4 = 2, W_2 = 1 + 2 = 3, W_1 = 1.5 + 3 / sqrt 2, W_3 = 2.5 + 4 / sqrt 2.
    w = [0.0, 1.5 + 3 / math.sqrt(2), 3.0, 2.5 + 4 / math.sqrt(2), 2.0]
    found = bridged(np.array([[1.0], [2.0], [3.0], [4.0]]))
    np.testing.assert_allclose(found[:, 0], np.diff(w), rtol=1e-14)


def test_a_bridge_of_unequal_months_by_hand() -> None:
    # v = 4, 5: V_2 = 9. W_2 = 3 g_0; f = 4 / 9; W_1 = f W_2 + sqrt(f 5) g_1.
    # With g = 1, 3: W_2 = 3, W_1 = 4 / 3 + 3 sqrt(20) / 3 = 4 / 3 + sqrt 20.
    # e_0 = W_1 / 2, e_1 = (3 - W_1) / sqrt 5.
    first = 4 / 3 + math.sqrt(20)
    found = bridged(np.array([[1.0], [3.0]]), np.array([[4.0], [5.0]]))
    expected = [first / 2, (3 - first) / math.sqrt(5)]
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-14)


@pytest.mark.parametrize("n_periods", [1, 2, 3, 24, 60, 120])
def test_a_bridge_is_a_rotation_whatever_the_variance(n_periods: int) -> None:
    rng = np.random.default_rng(1)
    variance = np.exp(rng.normal(0.0, 2.0, (n_periods, 1))) * np.ones(n_periods)
    for weight in (None, variance):
        matrix = bridged(np.eye(n_periods), weight)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(n_periods), atol=1e-10)
        sums = np.sqrt(np.ones(n_periods) if weight is None else weight[:, 0]) @ matrix
        # The first step alone says where the walk ends.
        np.testing.assert_allclose(sums[1:], 0.0, atol=1e-10 * abs(sums[0]))


def test_the_first_dimension_of_a_net_sets_how_far_the_price_goes() -> None:
    study = load_study("base")
    drawn = leading_draws(DrawRule(1, "sobol"), BLOCK, study.market, 60)
    series = drawn.transpose(1, 2, 0).reshape(180, 4096)
    assert np.abs(series.mean(axis=1)).max() < 5 / 64
    assert np.abs(series.var(axis=1) - 1.0).max() < 5 * math.sqrt(2) / 64
    between = np.corrcoef(series)
    np.fill_diagonal(between, 0.0)
    assert np.abs(between).max() < 5.5 / 64
    first = net_normals(net_points(1, BLOCK, 180), 3)[:, 0]
    ends = drawn[:, :, :].sum(axis=2).T / math.sqrt(60)
    np.testing.assert_allclose(ends[1:], first[1:], atol=1e-12)
    # The price's clock runs with its variance: steps alone do not add up.
    assert 0.85 < np.corrcoef(ends[0], first[0])[0, 1] < 0.999
