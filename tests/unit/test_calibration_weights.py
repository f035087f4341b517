# SPDX-License-Identifier: Apache-2.0
"""Weighted estimators, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.calibration_weights import (
    exponential_weights,
    running_mean,
    slope_through_origin,
    weighted_correlation,
    weighted_mean,
    weighted_median,
    winsorised,
    winsorised_rms,
)

EVEN = np.ones(5)


def test_weights_halve_with_every_half_life_and_add_up_to_one():
    # Ages 4, 3, 2, 1, 0 months, half-life 2: 1/4, 2^-1.5, 1/2, 2^-0.5, 1 over the sum.
    weights = exponential_weights(5, 2.0)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[4] / weights[2] == pytest.approx(2.0)
    assert weights[2] / weights[0] == pytest.approx(2.0)


def test_the_weighted_mean_follows_the_weights():
    # (1 * 2 + 3 * 6) / 4 = 5
    assert weighted_mean(np.array([2.0, 6.0]), np.array([1.0, 3.0])) == 5.0


def test_equal_weights_give_the_usual_median():
    assert weighted_median(np.array([9.0, 1.0, 4.0, 2.0, 7.0]), EVEN) == 4.0
    assert weighted_median(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4)) == 2.5


def test_a_heavy_value_pulls_the_median():
    # Weight passed at the middles of 1, 2, 3: 0.5, 1.5, 5; half of 8 is 4, which lies
    # 2.5 / 3.5 of the way from 2 to 3.
    found = weighted_median(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 6.0]))
    assert found == pytest.approx(2.0 + 2.5 / 3.5)


def test_the_running_mean_knows_only_the_past():
    # Half-life 1: (2), (1 * 2 + 2 * 5) / 3 = 4, (2 + 2 * 5 + 4 * 9) / 7 = 48 / 7.
    found = running_mean(np.array([2.0, 5.0, 9.0]), 1.0)
    np.testing.assert_allclose(found, [2.0, 4.0, 48 / 7])
    longer = running_mean(np.array([2.0, 5.0, 9.0, 1e6]), 1.0)
    np.testing.assert_array_equal(longer[:3], found)


def test_an_upheaval_is_pulled_in_to_three_robust_deviations():
    # Median of |values| is 1, so a deviation is 1 / 0.67449 = 1.4826; three are 4.4478.
    values = np.array([1.0, -1.0, 1.0, -1.0, -100.0])
    np.testing.assert_allclose(winsorised(values, EVEN)[:4], values[:4])
    assert winsorised(values, EVEN)[4] == pytest.approx(-4.4478, abs=1e-4)
    expected = ((4 + 4.4478**2) / 5) ** 0.5
    assert winsorised_rms(values, EVEN) == pytest.approx(expected, rel=1e-4)


def test_the_slope_goes_through_the_origin():
    # (1 * 2 * 1 + 3 * 1 * 2) / (1 * 4 + 3 * 1) = 8 / 7
    found = slope_through_origin(
        np.array([1.0, 2.0]), np.array([2.0, 1.0]), np.array([1.0, 3.0])
    )
    assert found == pytest.approx(8 / 7)
    assert slope_through_origin(EVEN, np.zeros(5), EVEN) == 0.0


def test_correlation_is_about_zero_and_within_one():
    left = np.array([1.0, -2.0, 3.0])
    assert weighted_correlation(left, 2 * left, np.ones(3)) == pytest.approx(1.0)
    assert weighted_correlation(left, -left, np.ones(3)) == pytest.approx(-1.0)
    assert weighted_correlation(left, np.zeros(3), np.ones(3)) == 0.0
    # (1 * 1 + 0) / sqrt(2 * 1) with pairs (1, 1) and (1, 0)
    found = weighted_correlation(np.ones(2), np.array([1.0, 0.0]), np.ones(2))
    assert found == pytest.approx(0.5**0.5)
