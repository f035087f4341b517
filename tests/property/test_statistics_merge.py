# SPDX-License-Identifier: Apache-2.0
"""Whatever the outcomes: statistics merge exactly and keep their stated errors."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu.statistics.bins import BitBins
from gpu.statistics.columns import QUANTILES, RELATIVE_ERROR, ColumnStatistics
from gpu.statistics.exact_sum import (
    UNIT_EXPONENT,
    from_bytes,
    ratio,
    to_bytes,
    whole,
    whole_square,
)
from gpu.statistics.risk import cvar, quantile

finite = st.floats(allow_nan=False, allow_infinity=False)
money = st.floats(min_value=-1e15, max_value=1e15)
outcome = st.one_of(money, st.just(math.nan), st.just(0.0))
blocks = st.lists(st.lists(outcome, min_size=1, max_size=40), min_size=1, max_size=6)


def column_of(parts: list[list[float]]) -> ColumnStatistics:
    column = ColumnStatistics(1.0, is_streamed=True)
    for part in parts:
        column.add_block(np.array(part))
    return column


@given(finite)
def test_whole_numbers_hold_a_double_exactly(value: float) -> None:
    unit = Fraction(1, 2**UNIT_EXPONENT)
    assert whole(value) * unit == Fraction(value)
    assert whole_square(value) * unit == Fraction(value) ** 2
    assert ratio(whole(value), 1) == value
    assert from_bytes(to_bytes(whole(value))) == whole(value)


@settings(max_examples=60, deadline=None)
@given(blocks, st.randoms(use_true_random=False))
def test_order_and_grouping_change_no_bit(
    parts: list[list[float]], random: object
) -> None:
    straight = column_of(parts)
    mixed = list(parts)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    middle = len(mixed) // 2
    one, other = column_of(mixed[:middle]), column_of(mixed[middle:])
    other.merge(one)
    stored = ColumnStatistics.from_arrays(other.to_arrays())
    for column in (other, stored):
        assert repr(column.summary()) == repr(straight.summary())


@settings(max_examples=60, deadline=None)
@given(blocks)
def test_figures_keep_their_stated_errors(parts: list[list[float]]) -> None:
    values = np.concatenate([np.array(part) for part in parts])
    known = values[~np.isnan(values)]
    summary = column_of(parts).summary()
    assert (summary.count, summary.n_missing) == (len(known), len(values) - len(known))
    if not len(known):
        assert math.isnan(summary.mean)
        return
    size = np.abs(known).max()
    exact = math.fsum(known) / len(known)
    assert abs(summary.mean - exact) <= 1e-15 * max(size, 1e-300)
    found = np.array(list(summary.quantiles.values()))
    expected = np.asarray(quantile(known, QUANTILES))
    slack = np.maximum(RELATIVE_ERROR * np.abs(expected), 1.0)
    assert (np.abs(found - expected) <= slack * (1 + 1e-9)).all()
    assert (np.diff(found) >= 0.0).all()
    tail = cvar(known, 0.95)
    assert abs(summary.cvar_95 - tail) <= max(1e-9 * size, 1.0)
    assert summary.minimum <= summary.cvar_95 <= summary.mean
    assert all(
        summary.quantiles_low[n] <= q <= summary.quantiles_high[n]
        for n, q in summary.quantiles.items()
    )


@given(
    finite,
    finite,
    st.sampled_from([3, 8, 9]),
    st.integers(min_value=-30, max_value=30),
)
def test_bins_rise_with_the_outcome(
    one: float, other: float, leading_bits: int, exponent: int
) -> None:
    bins = BitBins(leading_bits, exponent, 40)
    low, high = min(one, other), max(one, other)
    assert bins.place(low) <= bins.place(high)
    assert bins.place(-one) == -bins.place(one)
    place = bins.place(one)
    if 0 < abs(place) < bins.side:
        ends = bins.lower_sizes(np.array([place])), bins.upper_sizes(np.array([place]))
        assert ends[0][0] <= abs(one) < ends[1][0]
