# SPDX-License-Identifier: Apache-2.0
"""Measures of forecasts as distributions, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.forecast_tests import (
    block_bootstrap_sd,
    crps_of_normal,
    crps_of_sample,
    effective_windows,
    is_inside_band,
    pit_counts,
    probability_integral_transform,
    share_interval,
)


def test_the_pit_counts_what_lies_below_and_half_of_what_is_equal():
    sample = np.array([1.0, 2.0, 2.0, 3.0])
    assert probability_integral_transform(sample, 2.0) == 0.5
    assert probability_integral_transform(sample, 2.5) == 0.75
    assert probability_integral_transform(sample, 0.0) == 0.0


def test_the_histogram_has_equal_bins():
    pit = np.array([0.0, 0.05, 0.15, 0.95, 1.0])
    np.testing.assert_array_equal(pit_counts(pit), [2, 1, 0, 0, 0, 0, 0, 0, 0, 2])


def test_a_central_band_leaves_both_tails_out():
    pit = np.array([0.04, 0.06, 0.5, 0.94, 0.96])
    np.testing.assert_array_equal(is_inside_band(pit, 0.9), [0, 1, 1, 1, 0])
    np.testing.assert_array_equal(is_inside_band(pit, 0.5), [0, 0, 1, 0, 0])


def test_the_score_of_draws_is_two_mean_distances():
    # Draws 0 and 2, outcome 3: mean distance 2; between two draws 0, 2, 2, 0: mean 1,
    # half of it 0.5. Of one draw it is the distance.
    assert crps_of_sample(np.array([2.0, 0.0]), 3.0) == pytest.approx(1.5)
    assert crps_of_sample(np.array([1.0]), 4.0) == 3.0


def test_the_score_of_a_normal_is_that_of_many_draws():
    rng = np.random.default_rng(1)
    draws = 0.3 + 2.0 * rng.standard_normal(200_000)
    for outcome in (-3.0, 0.3, 1.0):
        expected = crps_of_normal(0.3, 2.0, outcome)
        assert crps_of_sample(draws, outcome) == pytest.approx(expected, rel=0.01)
    # In the middle: sd (2 / sqrt(2 pi) - 1 / sqrt(pi)).
    middle = 2 / math.sqrt(2 * math.pi) - 1 / math.sqrt(math.pi)
    assert crps_of_normal(0.0, 1.0, 0.0) == pytest.approx(middle)


def test_the_true_distribution_scores_best():
    rng = np.random.default_rng(2)
    outcomes = rng.standard_normal(5000)
    score = {
        sd: np.mean([crps_of_normal(0.0, sd, y) for y in outcomes])
        for sd in (0.6, 1.0, 1.6)
    }
    assert score[1.0] < score[0.6]
    assert score[1.0] < score[1.6]


def test_blocks_of_one_give_the_usual_standard_error():
    values = np.random.default_rng(3).standard_normal(400)
    sd = block_bootstrap_sd(values, block=1, rng=np.random.default_rng(4))
    assert sd == pytest.approx(values.std() / 20, rel=0.08)


def test_neighbours_that_are_alike_are_worth_fewer_windows():
    rng = np.random.default_rng(5)
    alone = rng.uniform(size=240)
    alike = np.repeat(rng.uniform(size=20), 12)
    free = effective_windows(alone, block=24, rng=np.random.default_rng(6))
    tied = effective_windows(alike, block=24, rng=np.random.default_rng(6))
    assert free > 120
    assert 10 < tied < 40
    same = effective_windows(np.full(9, 0.5), block=2, rng=np.random.default_rng(6))
    assert same == 1.0


def test_the_interval_of_a_share_is_wilsons():
    # 8 of 10, z = 1.959964: middle (0.8 + 0.192073) / 1.384146 = 0.716739, half-width
    # 1.959964 / 1.384146 * sqrt(0.016 + 0.0096036) = 0.226575.
    low, high = share_interval(0.8, 10.0)
    assert low == pytest.approx(0.490162, abs=1e-5)
    assert high == pytest.approx(0.943316, abs=1e-5)
    # All of few windows still allow much less than all.
    low, high = share_interval(1.0, 5.0)
    assert low < 0.6
    assert high == pytest.approx(1.0)
