# SPDX-License-Identifier: Apache-2.0
"""Statistics that merge: moments, histogram quantiles, summaries."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gpu.statistics.columns import (
    QUANTILES,
    RELATIVE_ERROR,
    ColumnStatistics,
    Histogram,
    Moments,
)
from gpu.statistics.risk import cvar, cvar_of_sorted, quantile


def fed(values: np.ndarray, size: int, *, is_streamed: bool) -> ColumnStatistics:
    column = ColumnStatistics(1.0, is_streamed=is_streamed)
    for start in range(0, len(values), size):
        column.add_block(values[start : start + size])
    return column


def test_moments_of_four_numbers_worked_by_hand() -> None:
    # Mean of 1, 2, 3, 6 is 3; deviations -2, -1, 0, 3 squared add to 14.
    moments = Moments.of(np.array([1.0, 2.0, np.nan, 3.0, 6.0]))
    assert (moments.count, moments.n_missing) == (4, 1)
    assert (moments.mean, moments.squares) == (3.0, 14.0)
    assert moments.sd == pytest.approx(math.sqrt(14 / 3), rel=1e-15)
    assert (moments.low, moments.high) == (1.0, 6.0)


def test_merged_moments_are_those_of_the_whole(rng: np.random.Generator) -> None:
    values = 1e9 + rng.standard_normal(1000)
    merged = Moments.of(values[:300])
    merged.merge(Moments.of(values[300:]))
    whole = Moments.of(values)
    assert merged.mean == pytest.approx(whole.mean, rel=1e-15)
    # Means near 1e9 are known to 1e-7, so their distance of 0.05 is to 2e-6.
    assert merged.sd == pytest.approx(values.std(ddof=1), rel=1e-7)
    assert (merged.low, merged.high) == (whole.low, whole.high)


def test_merging_with_nothing_changes_nothing_but_the_count_of_missing() -> None:
    none = Moments.of(np.array([np.nan]))
    for one, other in (([1.0, 5.0], [np.nan]), ([np.nan], [1.0, 5.0])):
        merged = Moments.of(np.array(one))
        merged.merge(Moments.of(np.array(other)))
        assert (merged.count, merged.n_missing, merged.mean) == (2, 1, 3.0)
        assert (merged.low, merged.high) == (1.0, 5.0)
    assert math.isnan(none.sd)
    assert Moments.of(np.array([7.0])).sd == 0.0


def test_equal_outcomes_have_exactly_that_mean_and_no_spread() -> None:
    column = fed(np.full(10_000, 0.1), 4096, is_streamed=False)
    summary = column.summary(np.full(10_000, 0.1))
    assert (summary.mean, summary.sd) == (0.1, 0.0)
    assert set(summary.quantiles.values()) == {0.1}
    assert summary.cvar_95 == 0.1


def test_kept_rows_give_exact_quantiles(rng: np.random.Generator) -> None:
    values = rng.standard_normal(5000)
    values[::10] = np.nan
    summary = fed(values, 4096, is_streamed=False).summary(values)
    known = values[~np.isnan(values)]
    assert (summary.count, summary.n_missing) == (4500, 500)
    assert summary.quantiles["p05"] == quantile(known, 0.05)
    assert summary.cvar_95 == cvar(known, 0.95)
    assert (summary.quantile_error_frac, summary.quantile_error_abs) == (0.0, 0.0)


@pytest.mark.parametrize("scale", [1e2, 1e6, 1e10])
def test_histogram_quantiles_keep_their_stated_error(
    scale: float, rng: np.random.Generator
) -> None:
    values = scale * (rng.standard_normal(20_000) + 0.3)
    summary = fed(values, 4096, is_streamed=True).summary()
    exact = np.asarray(quantile(values, QUANTILES))
    found = np.array(list(summary.quantiles.values()))
    assert summary.quantile_error_frac == RELATIVE_ERROR
    limit = np.maximum(RELATIVE_ERROR * np.abs(exact), summary.quantile_error_abs)
    assert (np.abs(found - exact) <= limit * (1 + 1e-9)).all()
    tail = cvar(values, 0.95)
    assert summary.cvar_95 == pytest.approx(tail, rel=RELATIVE_ERROR)
    assert summary.minimum == values.min()


def test_histogram_tells_signs_and_zero_apart() -> None:
    histogram = Histogram(1.0)
    histogram.add(np.array([-5.0, -0.2, 0.0, 0.9, 5.0, np.nan, 1e300]))
    assert histogram.counts.sum() == 6
    low, middle, high = histogram.quantiles((0.1, 0.5, 0.8))
    assert low == pytest.approx(-5.0, rel=RELATIVE_ERROR)
    assert middle == 0.0
    assert high == pytest.approx(5.0, rel=RELATIVE_ERROR)


def test_two_histograms_merge_to_that_of_all(rng: np.random.Generator) -> None:
    values = 1e5 * rng.standard_normal(1000)
    whole, left, right = Histogram(1.0), Histogram(1.0), Histogram(1.0)
    whole.add(values)
    left.add(values[:400])
    right.add(values[400:])
    left.merge(right)
    np.testing.assert_array_equal(left.counts, whole.counts)
    assert left.tail_mean(0.9) == pytest.approx(whole.tail_mean(0.9), rel=1e-12)


def test_an_extreme_quantile_stays_within_the_extremes() -> None:
    summary = fed(np.array([100.0, 200.0]), 4096, is_streamed=True).summary()
    assert summary.quantiles["p01"] >= 100.0
    assert summary.quantiles["p99"] <= 200.0


def test_a_column_without_any_outcome_says_so() -> None:
    values = np.full(10, np.nan)
    for is_streamed in (True, False):
        summary = fed(values, 4, is_streamed=is_streamed).summary(values)
        assert (summary.count, summary.n_missing) == (0, 10)
        assert math.isnan(summary.mean)
        assert math.isnan(summary.quantiles["p50"])
        assert math.isnan(summary.cvar_95)


def test_quantiles_need_rows_or_a_histogram() -> None:
    column = fed(np.array([1.0]), 4, is_streamed=False)
    with pytest.raises(ValueError, match="outcomes themselves"):
        column.summary()


@pytest.mark.parametrize("n", [1, 19, 20, 21, 1000, 4097])
def test_a_tail_mean_of_sorted_outcomes_has_the_same_bits(
    n: int, rng: np.random.Generator
) -> None:
    values = rng.normal(1e9, 1e8, n)
    for alpha in (0.0, 0.5, 0.9, 0.95, 0.99):
        assert cvar_of_sorted(np.sort(values), alpha) == cvar(values, alpha)


def test_the_edge_of_a_streamed_tail_keeps_its_error(rng: np.random.Generator) -> None:
    # Twenty outcomes: the tail is one of them, and its bin may hold more.
    for _ in range(50):
        values = rng.uniform(1e6, 1.01e6, 20)
        summary = fed(values, 4096, is_streamed=True).summary()
        assert summary.cvar_95 == pytest.approx(cvar(values, 0.95), rel=0.002)
        assert summary.minimum <= summary.cvar_95 <= summary.mean
