# SPDX-License-Identifier: Apache-2.0
"""The compiled description of a block gives the bits of the NumPy one."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from gpu.liquidity import LiquidityRisk
from gpu.statistics import describe, describe_loops
from gpu.statistics.bins import BitBins
from gpu.statistics.describe import NUMPY, weight_units
from gpu.statistics.describe_cpu import CPU
from gpu.statistics.histogram import Histogram
from gpu.statistics.joint import JointHistogram
from gpu.statistics.month_tally import MonthTally
from gpu.statistics.tally import ScoreTally
from models.finance import IRR_STATUS

LENGTHS = (1, 2, 63, 64, 65, 1000, 4096)


def outcomes(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    values = {
        "normal": rng.normal(1e8, 3e8, n),
        "huge": 1e300 * rng.standard_normal(n),
        "tiny": 1e-310 * rng.standard_normal(n),
        "equal": np.full(n, -0.1),
        "zeros": np.where(rng.random(n) < 0.5, 0.0, -0.0),
        "some missing": np.where(rng.random(n) < 0.5, np.nan, rng.standard_normal(n)),
        "all missing": np.full(n, np.nan),
        "infinite": np.where(rng.random(n) < 0.1, np.inf, rng.standard_normal(n)),
    }
    return values[kind]


KINDS = ("normal", "huge", "tiny", "equal", "zeros", "some missing", "all missing")


def units_of(n: int, is_weighted: bool, rng: np.random.Generator) -> np.ndarray | None:
    if not is_weighted:
        return None
    return weight_units(np.where(rng.random(n) < 0.1, 0.0, rng.lognormal(0.0, 1.0, n)))


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("kind", [*KINDS, "infinite"])
def test_moments_have_the_same_bits(
    kind: str, is_weighted: bool, rng: np.random.Generator
) -> None:
    for n in LENGTHS:
        values, units = outcomes(kind, n, rng), units_of(n, is_weighted, rng)
        with np.errstate(all="ignore"):
            ours, theirs = (astuple(c.moments(values, units)) for c in (CPU, NUMPY))
        assert repr(ours) == repr(theirs), (kind, n)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("kind", [*KINDS, "infinite"])
def test_counts_are_the_same(
    kind: str, is_weighted: bool, rng: np.random.Generator
) -> None:
    for n in LENGTHS:
        values, units = outcomes(kind, n, rng), units_of(n, is_weighted, rng)
        ours, theirs = Histogram(1.0), Histogram(1.0)
        ours.add(values, units, CPU)
        theirs.add(values, units, NUMPY)
        assert ours.first == theirs.first
        np.testing.assert_array_equal(ours.cells, theirs.cells)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_rows", [1, 17, 4096])
def test_months_are_the_same(
    n_rows: int, is_weighted: bool, order: str, rng: np.random.Generator
) -> None:
    shape = (n_rows, 61)
    units = units_of(n_rows, is_weighted, rng)
    levels = {
        "low_ltv_frac": rng.lognormal(-1.0, 0.5, shape),
        "call_distance_usd_per_btc": rng.normal(1e4, 3e4, shape),
    }
    levels["low_ltv_frac"][rng.random(shape) < 0.3] = 0.0
    levels["low_ltv_frac"][0, 3] = np.inf
    levels = {name: np.asarray(v, order=order) for name, v in levels.items()}
    events = {
        "margin_call": np.asarray(rng.random(shape) < 0.05, order=order),
        "liquidation": np.zeros(shape, dtype=np.bool_),
    }
    risk = LiquidityRisk({}, events, levels)
    ours, theirs = (MonthTally(is_weighted=is_weighted) for _ in range(2))
    for _ in range(2):
        ours.take(0, risk, units, CPU)
        theirs.take(0, risk, units, NUMPY)
    found, expected = ours.to_arrays(), theirs.to_arrays()
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, name)


def test_compiled_constants_are_those_of_the_definition() -> None:
    assert describe_loops.LANES == describe.LANES
    assert BitBins(8, -14, 20).side < 2**15
    assert ScoreTally(1.0, counter=CPU).fresh().counter is CPU
    assert len(IRR_STATUS) > 1


@pytest.mark.parametrize("is_weighted", [False, True])
def test_pairs_are_the_same(is_weighted: bool, rng: np.random.Generator) -> None:
    for kind in KINDS:
        x, y = outcomes(kind, 1000, rng), rng.lognormal(-0.5, 0.5, 1000)
        y[::7] = np.nan
        units = units_of(1000, is_weighted, rng)
        pairs = [JointHistogram("npv_usd", "peak_ltv_frac") for _ in range(2)]
        pairs[0].add(x, y, units, CPU)
        pairs[1].add(x, y, units, NUMPY)
        assert pairs[0].n_missing == pairs[1].n_missing > 0
        np.testing.assert_array_equal(pairs[0].counts, pairs[1].counts)
