# SPDX-License-Identifier: Apache-2.0
"""Compiled IRR: agreement with the scalar and the batched routine, bits, bad input."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from gpu import irr_batch, irr_cpu
from models.finance import IRR_STATUS, IrrStatus, irr

TOLERANCE = 1e-9


def assert_agrees(flows: np.ndarray) -> np.ndarray:
    """Every row equals the batched routine; returns the status codes."""
    rate, n_roots, status = irr_cpu.irr(flows)
    expected, expected_roots, expected_status = irr_batch.irr(flows)
    assert (rate.dtype, n_roots.dtype, status.dtype) == (np.float64, np.int64, np.int8)
    np.testing.assert_array_equal(n_roots, expected_roots)
    np.testing.assert_array_equal(status, expected_status)
    np.testing.assert_allclose(rate, expected, rtol=TOLERANCE, atol=TOLERANCE)
    return status


def assert_same_as_scalar(flows: np.ndarray) -> np.ndarray:
    """Every row equals `models.finance.irr`, too; returns the status codes."""
    rate, n_roots, status = irr_cpu.irr(flows)
    for k, row in enumerate(flows):
        single = irr(row)
        found = (int(n_roots[k]), IRR_STATUS[status[k]])
        assert found == (single.n_roots, single.status), row
        if math.isnan(single.rate):
            assert math.isnan(rate[k])
        else:
            bound = TOLERANCE * max(1.0, abs(single.rate))
            assert abs(rate[k] - single.rate) <= bound, row
    return assert_agrees(flows)


def host_share(flows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> float:
    """Share of rows that the kernel leaves to the host."""
    counted = []
    solve = irr_cpu.irr_rows

    def counting(rows: np.ndarray) -> object:
        counted.append(len(rows))
        return solve(rows)

    monkeypatch.setattr(irr_cpu, "irr_rows", counting)
    irr_cpu.irr(flows)
    return sum(counted) / len(flows)


def test_ordinary_projects_agree_with_the_scalar_routine(
    rng: np.random.Generator,
) -> None:
    outlay = -100.0 * rng.uniform(0.5, 2.0, (100, 1))
    flows = np.c_[outlay, rng.uniform(0.0, 5.0, (100, 120))]
    status = assert_same_as_scalar(flows)
    assert (status == IrrStatus.OK).all()


def test_ordinary_projects_need_no_host(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlay = -100.0 * rng.uniform(0.1, 10.0, (1000, 1))
    flows = np.c_[outlay, rng.uniform(0.0, 5.0, (1000, 120))]
    assert host_share(flows, monkeypatch) == 0.0


def test_rows_that_change_sign_often_agree(rng: np.random.Generator) -> None:
    status = assert_same_as_scalar(rng.normal(size=(100, 40)))
    assert {IrrStatus.OK, IrrStatus.SEVERAL, IrrStatus.NONE} <= set(status.tolist())


def test_projects_with_a_closing_cost_have_two_roots(rng: np.random.Generator) -> None:
    flows = np.c_[np.full((60, 1), -100.0), rng.normal(3.0, 1.0, (60, 60))]
    flows[:, -1] = -30.0
    status = assert_same_as_scalar(flows)
    assert (status == IrrStatus.SEVERAL).all()


def test_noisy_long_rows_agree(rng: np.random.Generator) -> None:
    flows = rng.normal(1.0, 3.0, (2000, 121))
    flows[:, 0] = -60.0
    status = assert_agrees(flows)
    assert {IrrStatus.OK, IrrStatus.SEVERAL} <= set(status.tolist())


def made_projects(rng: np.random.Generator, n_rows: int) -> np.ndarray:
    """A year of building, ten years of a random margin, a sale or a clearing cost."""
    walk = rng.normal(0.0, 0.1, (n_rows, 121)).cumsum(axis=1)
    flows = rng.uniform(1.5, 3.0, (n_rows, 1)) * np.exp(walk) - 1.0
    flows[:, :12] = -rng.uniform(1.0, 6.0, (n_rows, 12))
    flows[:, 0] += rng.normal(0.0, 5.0, n_rows)
    flows[:, -1] += rng.normal(0.0, 15.0, n_rows)
    return flows


def test_real_looking_projects_agree_and_rarely_need_the_host(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows = made_projects(rng, 1500)
    status = assert_agrees(flows)
    assert {IrrStatus.OK, IrrStatus.SEVERAL, IrrStatus.NONE} <= set(status.tolist())
    assert host_share(flows, monkeypatch) < 0.01


def test_pairs_of_roots_on_either_side_are_told_from_none(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # (1 - 2 c x + (c^2 + gap) x^2) (1 + a x + ...) with a, ... >= 0 has a pair of
    # roots at rates c - 1 +- sqrt(-gap) where gap < 0 and none where gap > 0.
    n_rows = 400
    c = rng.uniform(0.6, 1.5, (n_rows, 1))
    gap = rng.choice([-1.0, 1.0], (n_rows, 1)) * 10.0 ** rng.uniform(-3, -1, c.shape)
    pair = np.hstack([np.ones_like(c), -2.0 * c, c * c + gap])
    rest = np.hstack([np.ones_like(c), 0.2 * rng.random((n_rows, 40))])
    flows = np.zeros((n_rows, 43))
    for k in range(3):
        flows[:, k : k + 41] += pair[:, k : k + 1] * rest
    flows *= rng.choice([-1.0, 1.0], (n_rows, 1))
    flows = np.where(rng.random((n_rows, 1)) < 0.5, flows, flows[:, ::-1])
    _, n_roots, _ = irr_cpu.irr(flows)
    np.testing.assert_array_equal(n_roots, np.where(gap[:, 0] < 0.0, 2, 0))
    assert_agrees(flows)
    assert host_share(flows, monkeypatch) < 0.1


def test_leading_and_trailing_zeros_change_nothing(rng: np.random.Generator) -> None:
    core = rng.normal(0.5, 2.0, (64, 20))
    core[:, 0] = -10.0
    flows = np.zeros((64, 40))
    for k in range(64):
        flows[k, k % 20 : k % 20 + 20] = core[k]
    rate, n_roots, status = irr_cpu.irr(flows)
    assert_same_as_scalar(flows)
    expected, expected_roots, expected_status = irr_cpu.irr(core)
    np.testing.assert_allclose(rate, expected, rtol=TOLERANCE, atol=TOLERANCE)
    np.testing.assert_array_equal(n_roots, expected_roots)
    np.testing.assert_array_equal(status, expected_status)


def test_every_status_in_one_batch() -> None:
    flows = np.array(
        [
            [-100.0, 60.0, 60.0, 0.0],
            [-1600.0, 10_000.0, -10_000.0, 0.0],
            [-100.0, 220.0, -121.0, 0.0],
            [1.0, -1.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 0.0],
            [1.0, -2.200000001, 1.2100000011, 0.0],  # roots 1e-9 apart
            [0.0, 0.0, 0.0, 7.0],
            [0.0, -1e-12, 1e12, 0.0],
            [-3.0, 1.0, 2.0, 0.0],
        ]
    )
    status = assert_same_as_scalar(flows)
    assert status.tolist() == [0, 1, 2, 3, 4, 5, 3, 0, 0]


def test_known_rates() -> None:
    # 100 for 110 a period later is 10 %; for 121 two periods later too; for 50 -50 %.
    # A loan of 100 for twice 60: x + x^2 = 5/3, x = (-3 + sqrt(69)) / 6.
    flows = np.array(
        [
            [-100.0, 110.0, 0.0],
            [-100.0, 0.0, 121.0],
            [-100.0, 50.0, 0.0],
            [100.0, -60.0, -60.0],
        ]
    )
    rate, _, _ = irr_cpu.irr(flows)
    lent = 6.0 / (math.sqrt(69.0) - 3.0) - 1.0
    np.testing.assert_allclose(rate, [0.1, 0.1, -0.5, lent], rtol=1e-12)


@pytest.mark.parametrize("gap", [1e-3, 1e-5, 1e-7, 1e-9, 1e-12])
def test_near_double_roots_agree(gap: float) -> None:
    # Roots at rates 0.1 and 0.1 + gap, and the same lifted off zero.
    x, y = 1.0 / 1.1, 1.0 / (1.1 + gap)
    crossing = np.array([x * y, -(x + y), 1.0])
    lifted = crossing + np.array([gap * gap, 0.0, 0.0])
    assert_same_as_scalar(np.stack([crossing, -crossing, lifted, -lifted]))


@pytest.mark.parametrize("excess", [1e-3, 1e-5, 1e-6, 2e-7, 1e-8, 1e-10])
def test_a_root_just_across_zero_is_not_taken_for_the_one_asked_for(
    excess: float,
) -> None:
    # -(g - 1.5) (g - 1 + e) in the growth g: rates of 0.5 and, just under zero, -e.
    # Undiscounted flows sum to 0.5 e > 0, and the root of their sign is 0.5.
    short = np.array([-1.0, 2.5 - excess, -1.5 * (1.0 - excess)])
    long = np.r_[-1e8, np.full(59, 4e6), 0.0]
    long[-1] = -long.sum() + 1e8 * excess
    assert_same_as_scalar(short[None])
    assert_same_as_scalar(long[None])
    (rate,), _, _ = irr_cpu.irr(short[None])
    assert rate == pytest.approx(0.5, abs=TOLERANCE)


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12, 1e200, 1e-150])
def test_extremes_agree(factor: float, rng: np.random.Generator) -> None:
    flows = rng.normal(size=(70, 12)) * 10.0 ** rng.uniform(-8, 8, (70, 12))
    flows[rng.random((70, 12)) < 0.4] = 0.0
    flows[0] = [-1.0, 5000.0, *[0.0] * 10]
    flows[1] = [-1e9, 1e-3, *[0.0] * 10]
    assert_same_as_scalar(factor * flows)


def test_extreme_rates_of_long_rows_agree() -> None:
    # 1/1000^598 is below the smallest number; 400 flows at -99.9 % overflow.
    flows = np.zeros((4, 600))
    flows[0, 598:] = [-1.0, 1000.0]
    flows[1, :2] = [-1000.0, 1.0]
    flows[2, [0, 599]] = [-1.0, 1e-90]
    flows[3, [0, 1, 599]] = [-1.0, 900.0, 1e80]
    assert_same_as_scalar(flows)


@pytest.mark.parametrize("n_flows", [1, 2, 3, 4, 5, 6, 7, 8, 13, 64, 121, 400])
def test_any_length_agrees(n_flows: int, rng: np.random.Generator) -> None:
    flows = rng.normal(0.3, 1.0, (130, n_flows))
    flows[:40] = np.abs(flows[:40])
    flows[:40, 0] *= -0.2 * n_flows
    flows[100:, : n_flows // 3] = 0.0
    assert_agrees(flows)


@given(data=st.data())
@settings(max_examples=60)
def test_arbitrary_rows_agree(data: st.DataObject) -> None:
    n_flows = data.draw(st.integers(1, 9))
    flow = st.one_of(
        st.just(0.0),
        st.integers(-3, 3).map(float),
        st.floats(-1e3, 1e3, allow_subnormal=False),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    )
    row = st.lists(flow, min_size=n_flows, max_size=n_flows)
    flows = np.array(data.draw(st.lists(row, min_size=1, max_size=4)))
    assert_agrees(flows)


def test_rows_and_threads_change_no_bit(rng: np.random.Generator) -> None:
    flows = np.vstack(
        [
            np.c_[np.full((150, 1), -50.0), rng.normal(1.0, 1.5, (150, 60))],
            np.c_[np.full((150, 1), -50.0), rng.uniform(0.0, 2.0, (150, 60))],
        ]
    )
    flows = rng.permutation(flows)
    whole = irr_cpu.irr(flows)
    for n_threads in (2, 3, 400):
        for one, other in zip(
            whole, irr_cpu.irr(flows, n_threads=n_threads), strict=True
        ):
            np.testing.assert_array_equal(one, other)
    for k in range(0, 300, 7):
        for one, other in zip(whole, irr_cpu.irr(flows[k : k + 1]), strict=True):
            assert one[k : k + 1].tobytes() == other.tobytes()


def test_no_rows_give_empty_results() -> None:
    rate, n_roots, status = irr_cpu.irr(np.zeros((0, 5)))
    assert rate.shape == n_roots.shape == status.shape == (0,)


def test_whole_numbers_and_other_layouts_are_taken() -> None:
    flows = np.array([[-100, -100], [110, 121]], order="F").T
    rate, _, _ = irr_cpu.irr(flows)
    np.testing.assert_allclose(rate, [0.1, 0.21], rtol=1e-12)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        irr_cpu.irr([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="n_flows >= 1"):
        irr_cpu.irr(np.zeros((3, 0)))
    with pytest.raises(ValueError, match=r"\[2, 1\] = nan"):
        irr_cpu.irr([[1.0, 2.0], [1.0, 2.0], [1.0, math.nan]])
    with pytest.raises(ValueError, match=r"\[0, 0\] = inf"):
        irr_cpu.irr([[math.inf, 2.0]])
    with pytest.raises(ValueError, match=r"\[1, 0\] = -inf"):
        irr_cpu.irr([[1.0, 2.0], [-math.inf, 2.0]])
    with pytest.raises(ValueError, match="n_threads = 0"):
        irr_cpu.irr([[1.0, 2.0]], n_threads=0)
