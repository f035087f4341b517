# SPDX-License-Identifier: Apache-2.0
"""NPV, IRR and batched IRR on flows nobody thought of."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gpu
from models import finance
from models.finance import IRR_STATUS, irr

usd = st.floats(-1e9, 1e9, allow_subnormal=False)
rates = st.floats(-0.5, 5.0)
small_flows = st.lists(st.integers(-6, 6), min_size=1, max_size=9)


def exact_root_count(flows: list[int]) -> int:
    """Distinct roots with x > 0 by Sturm's theorem in fractions."""
    values = [Fraction(v) for v in flows]
    while values and not values[-1]:
        values.pop()
    while values and not values[0]:
        values.pop(0)
    if len(values) < 2:
        return 0
    chain = [values, [k * v for k, v in enumerate(values)][1:]]
    while len(chain[-1]) > 1:
        rest, divisor = chain[-2][:], chain[-1]
        while len(rest) >= len(divisor):
            factor = rest[-1] / divisor[-1]
            offset = len(rest) - len(divisor)
            for k, v in enumerate(divisor):
                rest[offset + k] -= factor * v
            rest.pop()
        while rest and not rest[-1]:
            rest.pop()
        if not rest:
            break
        chain.append([-v for v in rest])

    def variations(signs: list[Fraction]) -> int:
        present = [v for v in signs if v]
        return sum(a * b < 0 for a, b in itertools.pairwise(present))

    return variations([p[0] for p in chain]) - variations([p[-1] for p in chain])


def planted(chosen: list[float]) -> np.ndarray:
    flows = np.ones(1)
    for rate in chosen:
        flows = np.convolve(flows, [1.0, -(1.0 + rate)])
    return flows


def by_the_rule(chosen: list[float], total: float) -> float:
    alike = [r for r in chosen if r * total > 0]
    return min(alike or chosen, key=abs)


@given(
    hnp.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 60)), elements=usd),
    st.floats(-100, 100),
    rates,
)
def test_npv_is_linear_in_the_cash_flow(
    flows: np.ndarray, factor: float, rate: float
) -> None:
    first, second = flows
    combined = finance.npv(rate, first + factor * second)
    apart = finance.npv(rate, first) + factor * finance.npv(rate, second)
    size = finance.npv(rate, np.abs(first) + abs(factor) * np.abs(second))
    assert abs(combined - apart) <= 1e-12 * size


@given(
    st.floats(1.0, 1e9),
    hnp.arrays(np.float64, st.integers(1, 80), elements=usd),
)
@settings(max_examples=60)
def test_npv_at_the_irr_is_zero(outlay: float, later: np.ndarray) -> None:
    flows = np.r_[-outlay, later]
    result = irr(flows)
    assert (result.n_roots == 0) == math.isnan(result.rate)
    if result.status == "uncertain" or not -0.999 < result.rate < 1e9:
        return  # Nearer to -1 the rate itself cannot say the root.
    size = finance.npv(result.rate, np.abs(flows))
    # A rate off by half a unit in its last place moves flow k by k half units.
    assert abs(finance.npv(result.rate, flows)) <= 1e-11 * size


@given(small_flows, st.sampled_from([1.0, 2.0**-40, 2.0**40]))
@settings(max_examples=300)
@example([1, -2, 1], 1.0)
@example([-1, 2, -2, -2, -1, 1], 1.0)
@example([1, -4, 6, -4, 1], 1.0)
def test_root_count_is_that_of_exact_arithmetic(
    flows: list[int], factor: float
) -> None:
    result = irr(factor * np.array(flows))
    assert result.status != "uncertain"
    assert result.n_roots == exact_root_count(flows)
    if result.status == "ok":
        ends = [v for v in flows if v]
        assert ends[0] * ends[-1] < 0
    if result.status == "double":
        ends = [v for v in flows if v]
        assert ends[0] * ends[-1] > 0


@given(small_flows, st.lists(st.integers(-3, 3), min_size=2, max_size=3))
@settings(max_examples=150)
def test_squares_are_counted_once(flows: list[int], factor: list[int]) -> None:
    product = np.convolve(np.convolve(factor, factor), flows)
    result = irr(product)
    assert result.status != "uncertain"
    assert result.n_roots == exact_root_count([int(v) for v in product])


@given(
    st.lists(
        st.integers(-18, 60).map(lambda n: n / 20.0),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    st.sampled_from([-1.0, 1.0]),
)
@settings(max_examples=150)
@example([-0.9, 3.0, 0.0], 1.0)
def test_planted_rates_are_all_found_and_one_is_chosen(
    chosen: list[float], sign: float
) -> None:
    flows = sign * planted(chosen)
    # The sum is the product of -r: zero by intent where a rate is zero.
    total = sign * math.prod(-rate for rate in chosen)
    result = irr(flows)
    if 0.0 in chosen:
        # Rounded flows may miss the zero sum; the root then lies beside zero, and
        # the sum's sign beyond rounding says nothing about the choice.
        assert result.n_roots == len(chosen)
        return
    assert (result.n_roots, result.status) == (
        len(chosen),
        "ok" if len(chosen) == 1 else "several",
    )
    assert abs(result.rate - by_the_rule(chosen, total)) <= 1e-7


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.integers(1, 30)),
        elements=st.one_of(usd, st.just(0.0), st.integers(-3, 3).map(float)),
    ),
    st.integers(1, 5),
)
@settings(max_examples=60)
def test_batched_irr_is_the_scalar_one_in_any_chunks(
    flows: np.ndarray, chunk_rows: int
) -> None:
    rate, n_roots, status = gpu.irr(flows)
    again = gpu.irr(flows, chunk_rows=chunk_rows)
    for one, other in zip((rate, n_roots, status), again, strict=True):
        np.testing.assert_array_equal(one, other)
    for k, row in enumerate(flows):
        single = irr(row)
        if "uncertain" in (single.status, IRR_STATUS[status[k]]):
            continue
        assert (n_roots[k], IRR_STATUS[status[k]]) == (single.n_roots, single.status)
        np.testing.assert_allclose(rate[k], single.rate, rtol=1e-9, atol=1e-9)


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=usd), st.integers(0, 30))
@settings(max_examples=40)
def test_waiting_changes_neither_rate_nor_count(flows: np.ndarray, wait: int) -> None:
    assert irr(np.r_[np.zeros(wait), flows]) == irr(flows)


@given(
    hnp.arrays(np.float64, st.integers(2, 12), elements=usd),
    st.floats(-0.4, 3.0),
)
def test_mirr_ends_where_reinvestment_says(flows: np.ndarray, rate: float) -> None:
    value = finance.mirr(flows, 0.08, rate)
    inflow, outflow = np.maximum(flows, 0.0), np.maximum(-flows, 0.0)
    if not inflow.any() or not outflow.any():
        assert math.isnan(value)
        return
    n = len(flows) - 1
    grown = finance.npv(rate, inflow) * (1.0 + rate) ** n
    start = finance.npv(0.08, outflow)
    assume(grown > 0.0 and start > 0.0)
    expected = (grown / start) ** (1.0 / n) - 1.0
    np.testing.assert_allclose(1.0 + value, 1.0 + expected, rtol=1e-9)


@given(st.floats(-0.99, 50.0))
def test_rate_conversions_are_inverse(rate: float) -> None:
    back = finance.annual_rate(finance.monthly_rate(rate))
    np.testing.assert_allclose(1.0 + back, 1.0 + rate, rtol=1e-13)
