# SPDX-License-Identifier: Apache-2.0
"""Statistics made on a GPU: the bits of those that NumPy makes of the same scores."""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scored_plans import grown_plan, usual_plan
from tiny_studies import tiny_study

from gpu.backend import array_module
from gpu.cuda.engine import CudaEngine
from gpu.scoring.chunks import BLOCK
from gpu.scoring.score import score
from gpu.statistics.describe import NUMPY, weight_units
from gpu.statistics.describe_device import DeviceCounter
from gpu.statistics.device_tally import ScoredThere, take
from gpu.statistics.histogram import Histogram
from gpu.statistics.joint import JointHistogram
from gpu.statistics.month_histogram import MonthHistogram
from gpu.statistics.tally import ScoreTally

if TYPE_CHECKING:
    from gpu.backend import ArrayModule

pytestmark = pytest.mark.gpu

N = 3 * BLOCK + 77


@pytest.fixture(scope="module")
def xp() -> ArrayModule:
    return array_module("cuda").xp


def columns_of(rng: np.random.Generator) -> np.ndarray:
    normal = rng.standard_normal(N)
    return np.array(
        [
            1e8 + 3e8 * normal,
            1e300 * normal,
            1e-310 * normal,
            np.full(N, -0.1),
            np.where(normal < 0.0, 0.0, -0.0),
            np.where(rng.random(N) < 0.5, np.nan, normal),
            np.full(N, np.nan),
            np.where(rng.random(N) < 0.1, np.inf, normal),
        ]
    )


def units_for(is_weighted: bool, rng: np.random.Generator) -> np.ndarray | None:
    if not is_weighted:
        return None
    weights = np.minimum(rng.lognormal(0.0, 2.0, N), 4096.0)
    weights[:9] = 4096.0
    return weight_units(weights)


def on_device(xp: Any, units: np.ndarray | None) -> Any:
    return None if units is None else xp.asarray(units)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_gpu_gives_the_bits_of_numpys_moments_and_counts(
    xp: Any, is_weighted: bool, rng: np.random.Generator
) -> None:
    columns, units = columns_of(rng), units_for(is_weighted, rng)
    there, counter = on_device(xp, units), DeviceCounter(xp)
    blocks = counter.moments_by_block(xp.asarray(columns), there, BLOCK)
    for values, own in zip(columns, blocks, strict=True):
        for k, found in enumerate(own):
            part = slice(k * BLOCK, (k + 1) * BLOCK)
            inside = None if units is None else units[part]
            with np.errstate(all="ignore"):
                expected = NUMPY.moments(values[part], inside)
            assert repr(astuple(found)) == repr(astuple(expected))
        if np.isnan(values).all():
            continue
        ends = float(np.nanmin(values)), float(np.nanmax(values))
        ours, theirs = Histogram(1.0), Histogram(1.0)
        ours.add_within(xp.asarray(values), there, *ends, counter)
        theirs.add_within(values, units, *ends, NUMPY)
        np.testing.assert_array_equal(ours.cells, theirs.cells)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_gpu_gives_numpys_months_pairs_and_flags(
    xp: Any, is_weighted: bool, order: str, rng: np.random.Generator
) -> None:
    units, counter = units_for(is_weighted, rng), DeviceCounter(xp)
    there = on_device(xp, units)
    levels = np.asarray(rng.normal(1e4, 3e4, (N, 61)), order=order)
    ours, theirs = (MonthHistogram(61, 8.0, is_weighted=is_weighted) for _ in range(2))
    for scale in (1.0, 1e-3, 1e4):
        ours.add(xp.asarray(scale * levels, order=order), there, counter)
        theirs.add(scale * levels, units, NUMPY)
    for name, array in theirs.to_arrays().items():
        np.testing.assert_array_equal(ours.to_arrays()[name], array, name)
    flags = np.asarray(rng.random((N, 61)) < 0.02, order=order)
    found = counter.flag_months(xp.asarray(flags, order=order), there)
    for one, other in zip(found, NUMPY.flag_months(flags, units), strict=True):
        np.testing.assert_array_equal(one, other)
    x, y = columns_of(rng)[[0, 5]] * 1e8
    one, other = (JointHistogram("npv_usd", "min_cash_usd") for _ in range(2))
    one.add(xp.asarray(x), xp.asarray(y), there, counter)
    other.add(x, y, units, NUMPY)
    assert one.n_missing == other.n_missing
    np.testing.assert_array_equal(one.counts, other.counts)


@pytest.mark.parametrize("has_rows", [False, True])
def test_scores_left_on_a_gpu_are_described_as_those_copied_to_the_host(
    has_rows: bool,
) -> None:
    study = tiny_study()
    parts = (study, [grown_plan(study)], usual_plan(study), 29)
    engine = CudaEngine(array_module("cuda"), *parts)
    ids = np.arange(N)
    (left,), (copied,) = engine.score_there(ids, has_rows=has_rows), engine.score(ids)
    assert isinstance(left, ScoredThere)
    ours, theirs = ScoreTally(1e6), ScoreTally(1e6)
    take(ours, 0, left)
    theirs.take(0, copied)
    found, expected = ours.to_arrays(), theirs.to_arrays()
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, name)


@pytest.mark.parametrize("keep_rows", [False, True])
def test_a_run_on_a_gpu_gives_the_same_bits_again(keep_rows: bool) -> None:
    study = tiny_study()
    one, other = (
        score(
            study,
            grown_plan(study),
            baseline=usual_plan(study),
            backend="cuda",
            n_scenarios=20 * BLOCK + 5,
            keep_rows=keep_rows,
        )
        for _ in range(2)
    )
    assert one.tally is not None
    assert other.tally is not None
    expected = other.tally.to_arrays()
    for name, array in one.tally.to_arrays().items():
        np.testing.assert_array_equal(array, expected[name], name)
