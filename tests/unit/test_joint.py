# SPDX-License-Identifier: Apache-2.0
"""Joint histograms: exact edges, counts by hand, merging."""

from __future__ import annotations

import numpy as np

from gpu.statistics.bins import BitBins
from gpu.statistics.describe import weight_units
from gpu.statistics.joint import JointHistogram


def cell(pair: JointHistogram, x: float, y: float) -> tuple[int, int]:
    return (
        int(np.searchsorted(pair.x_edges, x, side="right")) - 1,
        int(np.searchsorted(pair.y_edges, y, side="right")) - 1,
    )


def test_edges_divide_powers_of_two_evenly() -> None:
    edges = JointHistogram("npv_usd", "equity_usd").x_edges
    # From 2^16 USD 32 bins an octave: 65,536, then 2,048 more each.
    first = int(np.searchsorted(edges, 65_536.0))
    assert edges[first : first + 3].tolist() == [65_536.0, 67_584.0, 69_632.0]
    assert edges[first - 1] == -65_536.0
    assert edges[first + 32] == 131_072.0
    assert (np.diff(edges) > 0.0).all()
    assert (edges[0], edges[-1]) == (-np.inf, np.inf)


def test_outcomes_fall_between_the_edges_of_their_cell(
    rng: np.random.Generator,
) -> None:
    x, y = rng.normal(1e8, 3e8, 2000), rng.lognormal(-0.7, 0.8, 2000)
    pair = JointHistogram("npv_usd", "peak_ltv_frac")
    pair.add(x, y)
    # NumPy counts a loss at an edge with the smaller size; none lies at one here.
    expected, _, _ = np.histogram2d(x, y, [pair.x_edges, pair.y_edges])
    np.testing.assert_array_equal(pair.counts, expected)


def test_an_outcome_at_an_edge_belongs_to_the_larger_size() -> None:
    pair = JointHistogram("npv_usd", "equity_usd")
    pair.add(np.array([65_536.0, 0.0, -0.0]), np.array([81_920.0, 65_535.9, 1.0]))
    assert pair.counts[cell(pair, 65_536.0, 81_920.0)] == 1
    assert pair.counts[cell(pair, 0.0, 0.0)] == 2
    pair.add(np.array([-65_536.0]), np.array([1e99]))
    below = cell(pair, 0.0, 0.0)[0] - 1
    assert pair.counts[below, -1] == 1


def test_missing_outcomes_are_counted_apart() -> None:
    pair = JointHistogram("npv_usd", "peak_ltv_frac")
    pair.add(np.array([1e6, np.nan, 1e6]), np.array([np.nan, 0.5, 0.5]))
    assert (pair.counts.sum(), pair.n_missing) == (1, 2)


def test_weights_count_in_units_and_histograms_add_up(rng: np.random.Generator) -> None:
    x, y = rng.normal(0.0, 1e8, 500), rng.normal(1e8, 1e8, 500)
    units = weight_units(rng.lognormal(0.0, 1.0, 500))
    whole, one, other = (JointHistogram("npv_usd", "equity_usd") for _ in range(3))
    whole.add(x, y, units)
    one.add(x[:200], y[:200], units[:200])
    other.add(x[200:], y[200:], units[200:])
    other.merge(JointHistogram.from_arrays(one.to_arrays()))
    np.testing.assert_array_equal(other.counts, whole.counts)
    assert whole.counts.sum() == units.sum()


def test_bins_have_the_error_they_state(rng: np.random.Generator) -> None:
    bins = BitBins(8, 0, 20)
    # A bin from 256/256 to 257/256 has its middle within 1/513 of either end.
    assert bins.relative_error == 1 / 513
    values = rng.choice([-1.0, 1.0], 5000) * np.exp(rng.uniform(0.0, 13.0, 5000))
    places = bins.places(values)
    error = np.abs(bins.middles(places) / values - 1.0)
    assert error.max() <= bins.relative_error * (1 + 1e-12)
    assert error.max() > 0.8 * bins.relative_error
    assert (bins.lower_ends(places) <= values).all()
    assert (values <= bins.upper_ends(places)).all()
    assert [bins.place(value) for value in values[:200]] == places[:200].tolist()


def test_small_and_huge_outcomes_have_bins_of_their_own() -> None:
    bins = BitBins.over(1.5, leading_bits=3, n_octaves=4)
    assert bins.smallest == 1.0
    values = np.array([-np.inf, -17.0, -1.0, -0.99, 0.0, 5e-324, 1.0, 16.0, np.inf])
    side = bins.side
    assert side == 32
    assert bins.places(values).tolist() == [-side, -side, -1, 0, 0, 0, 1, side, side]
