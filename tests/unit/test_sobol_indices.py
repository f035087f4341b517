# SPDX-License-Identifier: Apache-2.0
"""Sobol indices by pick-freeze, on functions whose indices are known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gpu.sampling.sobol_indices import BATCH, MIN_BATCHES, PairSums, SobolIndices

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray

    Function = Callable[[FloatArray], FloatArray]


def pairs(
    function: Function, own: FloatArray, partner: FloatArray, centre: float = 0.0
) -> PairSums:
    """Sums of a function whose groups are the columns of its argument."""
    mixed = []
    for column in range(own.shape[1]):
        swapped = own.copy()
        swapped[:, column] = partner[:, column]
        mixed.append(function(swapped))
    return PairSums.of(function(own), function(partner), np.stack(mixed), centre)


def uniform_pairs(function: Function, seed: int, n: int, k: int) -> SobolIndices:
    rng = np.random.default_rng(seed)
    own, partner = rng.uniform(-math.pi, math.pi, (2, n, k))
    return pairs(function, own, partner).indices()


def normal_pairs(function: Function, seed: int, n: int, k: int) -> SobolIndices:
    own, partner = np.random.default_rng(seed).standard_normal((2, n, k))
    return pairs(function, own, partner).indices()


def ishigami(x: FloatArray) -> FloatArray:
    """The Ishigami function with a = 7, b = 0.1; a fourth input does nothing."""
    first = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2
    return first + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


# Its variances, with a = 7, b = 0.1 and x uniform on -pi to pi:
#   V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V3 = 0, V13 = 8 b^2 pi^8 / 225;
#   V = V1 + V2 + V13. S = (V1, V2, 0) / V, T = (V1 + V13, V2, V13) / V.
V1 = 0.5 * (1.0 + 0.1 * math.pi**4 / 5.0) ** 2
V2 = 49.0 / 8.0
V13 = 8.0 * 0.01 * math.pi**8 / 225.0
V = V1 + V2 + V13
FIRST = (V1 / V, V2 / V, 0.0, 0.0)
TOTAL = ((V1 + V13) / V, V2 / V, V13 / V, 0.0)


def test_ishigami_has_its_known_indices() -> None:
    found = uniform_pairs(ishigami, 1, 65_536, 4)
    assert [e.value for e in found.first] == pytest.approx(FIRST, abs=0.015)
    assert [e.value for e in found.total] == pytest.approx(TOTAL, abs=0.015)
    assert found.first_sum.value == pytest.approx(sum(FIRST), abs=0.02)
    assert found.mean == pytest.approx(3.5, abs=0.05)
    assert found.std == pytest.approx(math.sqrt(V), rel=0.01)
    assert found.n_scenarios == 65_536


def test_an_input_that_does_nothing_has_indices_of_exactly_zero() -> None:
    found = uniform_pairs(ishigami, 2, 1024, 4)
    for index in (found.first[3], found.total[3]):
        assert (index.value, index.low, index.high) == (0.0, 0.0, 0.0)


def test_an_only_input_that_matters_has_indices_of_exactly_one() -> None:
    found = normal_pairs(lambda x: x[:, 0] ** 3, 3, 2048, 2)
    assert found.first[0].value == pytest.approx(1.0, abs=1e-12)
    assert found.total[0].high == pytest.approx(1.0, abs=0.15)
    assert found.first[1].value == found.total[1].value == 0.0


def test_a_sum_has_no_interactions() -> None:
    # x + 2 y + 3 z of independent standard normals: variances 1, 4, 9 of 14.
    weights = np.array([1.0, 2.0, 3.0])
    found = normal_pairs(lambda x: x @ weights, 4, 32_768, 3)
    shares = [1 / 14, 4 / 14, 9 / 14]
    assert [e.value for e in found.first] == pytest.approx(shares, abs=0.01)
    assert [e.value for e in found.total] == pytest.approx(shares, abs=0.015)
    assert found.first_sum.low <= 1.0 <= found.first_sum.high


def test_a_product_is_all_interaction() -> None:
    # x y of independent standard normals: E(x y | x) = 0, so S = 0 and T = 1.
    found = normal_pairs(lambda x: x[:, 0] * x[:, 1], 5, 32_768, 2)
    assert [e.value for e in found.first] == pytest.approx([0.0, 0.0], abs=0.03)
    assert [e.value for e in found.total] == pytest.approx([1.0, 1.0], abs=0.05)


def test_the_share_of_an_event_is_found_from_its_flag() -> None:
    # 1 where x < 0 and y < 0: p = 1/4, V = 3/16, E(f | x) is 0 or 1/2: V1 = 1/16.
    def flag(x: FloatArray) -> FloatArray:
        return ((x[:, 0] < 0.0) & (x[:, 1] < 0.0)).astype(np.float64)

    found = normal_pairs(flag, 6, 32_768, 2)
    assert found.mean == pytest.approx(0.25, abs=0.01)
    assert [e.value for e in found.first] == pytest.approx([1 / 3] * 2, abs=0.02)
    assert [e.value for e in found.total] == pytest.approx([2 / 3] * 2, abs=0.03)


def test_intervals_cover_the_truth_nineteen_times_of_twenty() -> None:
    n_runs, truth = 300, (*FIRST[:3], *TOTAL[:3], sum(FIRST))
    hits = np.zeros(len(truth))
    for seed in range(n_runs):
        found = uniform_pairs(ishigami, 1000 + seed, 2048, 3)
        every = (*found.first, *found.total, found.first_sum)
        hits += [e.low <= t <= e.high for e, t in zip(every, truth, strict=True)]
    # Four standard errors of a share of 0.95 of 300 are 0.05; a jackknife of 32
    # batches may miss a little more often than 1 in 20.
    assert (hits / n_runs > 0.89).all()
    assert (hits / n_runs < 0.99).all()


def test_parts_joined_are_the_whole() -> None:
    own, partner = np.random.default_rng(7).standard_normal((2, 4096, 3))
    whole = pairs(ishigami, own, partner, 3.5)
    cut = 20 * BATCH
    parts = [
        pairs(ishigami, own[piece], partner[piece], 3.5)
        for piece in (slice(0, cut), slice(cut, None))
    ]
    assert np.array_equal(PairSums.joined(parts).sums, whole.sums)
    assert PairSums.joined(parts).indices() == whole.indices()


def test_an_offset_of_a_billion_leaves_the_indices_as_they_are() -> None:
    own, partner = np.random.default_rng(8).standard_normal((2, 2048, 3))
    near = pairs(ishigami, own, partner).indices()
    far = pairs(lambda x: ishigami(x) + 1e9, own, partner, 1e9).indices()
    for one, other in zip(near.first + near.total, far.first + far.total, strict=True):
        assert other.value == pytest.approx(one.value, abs=1e-6)
    assert far.mean - 1e9 == pytest.approx(near.mean, abs=1e-5)


def test_a_figure_that_never_moves_has_no_indices() -> None:
    found = normal_pairs(lambda x: np.full(len(x), 3.0), 9, 2048, 2)
    assert found.std == pytest.approx(0.0, abs=1e-9)
    still = PairSums.of(np.ones(2048), np.ones(2048), np.ones((2, 2048)), 1.0)
    assert math.isnan(still.indices().first[0].value)
    assert math.isnan(still.indices().total[1].high)


def test_an_event_seen_once_is_not_explained() -> None:
    own, partner = np.zeros(4096), np.zeros(4096)
    partner[77] = 1.0
    mixed = np.stack([partner, own])
    once = PairSums.of(own, partner, mixed, 0.0).indices()
    assert once.mean == pytest.approx(1 / 8192)
    assert math.isnan(once.first[0].value)
    # In one of every 64 scenarios it is: the first group does it, the second nothing.
    partner[::64] = 1.0
    often = PairSums.of(own, partner, np.stack([partner, own]), 0.0).indices()
    assert often.first[0].value == pytest.approx(1.0, abs=1e-12)
    assert often.first[1].value == often.total[1].value == 0.0


def test_too_few_batches_and_unlike_parts_are_refused() -> None:
    few = BATCH * (MIN_BATCHES - 1)
    with pytest.raises(ValueError, match="at least 16"):
        normal_pairs(ishigami, 10, few, 3)
    one = PairSums.of(np.ones(64), np.ones(64), np.ones((1, 64)), 0.0)
    two = PairSums.of(np.ones(64), np.ones(64), np.ones((1, 64)), 1.0)
    with pytest.raises(ValueError, match="same centre"):
        PairSums.joined([one, two])
    with pytest.raises(ValueError, match="at least one"):
        PairSums.joined([])


def test_few_batches_are_judged_by_students_distribution() -> None:
    # 17 batches: the spread of the indices without one of them, as the jackknife has
    # it, times the upper 2.5 % point of Student's with 16 degrees of freedom, 2.1199;
    # the normal's 1.96 would hold the truth in 92 of 100 samples.
    own, partner = np.random.default_rng(11).standard_normal((2, 17 * BATCH, 2))
    whole = pairs(lambda x: np.exp(x[:, 0] + 0.5 * x[:, 1]), own, partner)
    found = whole.indices()
    rows = np.arange(17)
    without = [PairSums(0.0, whole.sums[rows != k]).indices() for k in rows]
    for kind in ("first", "total"):
        for group in range(2):
            own_of = [getattr(one, kind)[group].value for one in without]
            error = math.sqrt(16.0 * np.var(own_of))
            estimate = getattr(found, kind)[group]
            half = 0.5 * (estimate.high - estimate.low)
            assert half == pytest.approx(2.1199 * error, rel=1e-4)
            assert estimate.high - estimate.value == pytest.approx(half, rel=1e-9)
