# SPDX-License-Identifier: Apache-2.0
"""Blocks described on a device's arrays: the bits of the NumPy form, none mixed."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from foreign_arrays import FOREIGN, ForeignArray

from gpu.statistics.bins import BitBins
from gpu.statistics.describe import NUMPY, weight_units
from gpu.statistics.describe_device import DeviceCounter
from gpu.statistics.histogram import Histogram
from gpu.statistics.joint import JointHistogram
from gpu.statistics.month_histogram import MonthHistogram
from gpu.statistics.stored_parts import counted

LENGTHS = (1, 2, 63, 64, 65, 1000, 4096)
KINDS = (
    *("normal", "huge", "tiny", "equal", "zeros", "some missing"),
    *("all missing", "infinite"),
)
THERE = DeviceCounter(FOREIGN)
there = FOREIGN.asarray


def drawn(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    normal = rng.standard_normal(n)
    values = {
        "normal": 1e8 + 3e8 * normal,
        "huge": 1e300 * normal,
        "tiny": 1e-310 * normal,
        "equal": np.full(n, -0.1),
        "zeros": np.where(normal < 0.0, 0.0, -0.0),
        "some missing": np.where(rng.random(n) < 0.5, np.nan, normal),
        "all missing": np.full(n, np.nan),
        "infinite": np.where(rng.random(n) < 0.1, np.inf, normal),
    }
    return values[kind]


def weights_in_units(
    n: int, is_weighted: bool, rng: np.random.Generator
) -> tuple[np.ndarray | None, ForeignArray | None]:
    """Weights of up to 4,096, the largest there may be, here and on the device."""
    if not is_weighted:
        return None, None
    most = np.minimum(rng.lognormal(0.0, 2.0, n), 4096.0)
    most[rng.random(n) < 0.1] = 0.0
    most[-1] = 4096.0
    units = weight_units(most)
    return units, there(units)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_devices_moments_have_the_same_bits(
    kind: str, is_weighted: bool, rng: np.random.Generator
) -> None:
    for n in LENGTHS:
        values = drawn(kind, n, rng)
        units, units_there = weights_in_units(n, is_weighted, rng)
        with np.errstate(all="ignore"):
            ours = astuple(THERE.moments(there(values), units_there))
            theirs = astuple(NUMPY.moments(values, units))
        assert repr(ours) == repr(theirs), (kind, n)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_blocks_of_a_call_have_the_moments_of_each_alone(
    is_weighted: bool, rng: np.random.Generator
) -> None:
    n, block = 3 * 128 + 77, 128
    columns = np.array([drawn(kind, n, rng) for kind in KINDS[:-1]])
    columns[0, 128:256] = np.nan
    units, units_there = weights_in_units(n, is_weighted, rng)
    with np.errstate(all="ignore"):
        found = THERE.moments_by_block(there(columns), units_there, block)
        for values, own in zip(columns, found, strict=True):
            for k, moments in enumerate(own):
                part = slice(k * block, (k + 1) * block)
                inside = None if units is None else units[part]
                alone = NUMPY.moments(values[part], inside)
                assert repr(moments) == repr(alone)
    assert [len(own) for own in found] == [4] * len(columns)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_devices_counts_are_the_same(
    kind: str, is_weighted: bool, rng: np.random.Generator
) -> None:
    for n in LENGTHS:
        values = drawn(kind, n, rng)
        if np.isnan(values).all():
            continue
        units, units_there = weights_in_units(n, is_weighted, rng)
        ends = float(np.nanmin(values)), float(np.nanmax(values))
        ours, theirs = Histogram(1.0), Histogram(1.0)
        for _ in range(2):
            ours.add_within(there(values), units_there, *ends, THERE)
            theirs.add_within(values, units, *ends, NUMPY)
        assert ours.first == theirs.first
        np.testing.assert_array_equal(ours.cells, theirs.cells)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("n_rows", [1, 17, 4096])
def test_a_devices_months_are_the_same(
    n_rows: int, is_weighted: bool, order: str, rng: np.random.Generator
) -> None:
    shape = (n_rows, 13)
    units, units_there = weights_in_units(n_rows, is_weighted, rng)
    levels = np.asarray(rng.normal(1e4, 3e4, shape), order=order)
    levels[rng.random(shape) < 0.3] = 0.0
    levels[0, 3] = np.inf
    flags = np.asarray(rng.random(shape) < 0.05, order=order)
    ours, theirs = (MonthHistogram(13, 8.0, is_weighted=is_weighted) for _ in range(2))
    for scale in (1.0, 1e-3, 1e4):
        # The last scale fits the cells in some months only: those are counted first.
        ours.add(there(scale * levels), units_there, THERE)
        theirs.add(scale * levels, units, NUMPY)
    for name, array in theirs.to_arrays().items():
        np.testing.assert_array_equal(ours.to_arrays()[name], array, name)
    found = THERE.flag_months(there(flags), units_there)
    for one, other in zip(found, NUMPY.flag_months(flags, units), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_level_that_is_not_a_number_is_refused() -> None:
    levels = np.ones((3, 2))
    levels[1, 1] = np.nan
    with pytest.raises(ValueError, match="must not be NaN"):
        MonthHistogram(2, 8.0).add(there(levels), None, THERE)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_flags_block_by_block_are_those_of_each_alone(
    is_weighted: bool, rng: np.random.Generator
) -> None:
    flags = rng.random((200, 7)) < 0.1
    units, units_there = weights_in_units(200, is_weighted, rng)
    in_month, by_block = THERE.flags_by_block(there(flags), units_there, 64)
    assert by_block.shape == (4, 7)
    alone = [
        NUMPY.flag_months(flags[k : k + 64], None if units is None else units[k:][:64])
        for k in range(0, 200, 64)
    ]
    np.testing.assert_array_equal(in_month, sum(one for one, _ in alone))
    np.testing.assert_array_equal(by_block, [by_month for _, by_month in alone])


@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_devices_pairs_periods_and_totals_are_the_same(
    is_weighted: bool, rng: np.random.Generator
) -> None:
    n = 3000
    x, y = (1e8 * drawn("some missing", n, rng) for _ in range(2))
    units, units_there = weights_in_units(n, is_weighted, rng)
    ours, theirs = (JointHistogram("npv_usd", "equity_usd") for _ in range(2))
    ours.add(there(x), there(y), units_there, THERE)
    theirs.add(x, y, units, NUMPY)
    assert ours.n_missing == theirs.n_missing > 0
    np.testing.assert_array_equal(ours.counts, theirs.counts)
    periods = np.where(rng.random(n) < 0.4, np.nan, rng.integers(2, 60, n))
    known = ~np.isnan(periods)
    expected = counted(periods[known], None if units is None else units[known])
    np.testing.assert_array_equal(THERE.counted(there(periods), units_there), expected)
    status = rng.integers(0, 4, n).astype(np.int8)
    np.testing.assert_array_equal(
        THERE.counted(there(status), units_there), counted(status, units)
    )
    never = there(np.full(4, np.nan))
    assert not len(THERE.counted(never, None))
    flags = rng.random((2, n)) < 0.3
    ones = np.ones(n, dtype=np.int64) if units is None else units
    assert THERE.totals([there(own) for own in flags], units_there) == [
        int(ones[own].sum()) for own in flags
    ]


def test_weights_too_large_for_a_doubles_sum_still_add_up_exactly() -> None:
    """65,536 outcomes of weight 4,096 = 2**34 units, remainders of 2**28 - 1.

    A remainder counts (2**28 - 1) * 2**34 / 2**22 = 2**40 - 2**12, so that the sum is
    2**56 - 2**28: more than the 53 bits of a double, and none may be lost.
    """
    n = 2**16
    bins = BitBins(9, 0, 54)
    # All ones below the 9 leading bits and the 28 after them: 52 - 37 = 15 left.
    value = (np.array([1.0]).view(np.int64) + ((2**28 - 1) << 15)).view(np.float64)
    units = np.full(n, 2**34, dtype=np.int64)
    units[0] += 1 << 22
    cells = np.zeros((2, 2), dtype=np.int64)
    THERE.count(there(np.full(n, value[0])), there(units), bins, 1, cells)
    assert cells[0].tolist() == [
        2**50 + 2**22,
        (n - 1) * (2**40 - 2**12) + (2**28 - 1) * (2**12 + 1),
    ]
