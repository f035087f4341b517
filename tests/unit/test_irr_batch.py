# SPDX-License-Identifier: Apache-2.0
"""Batched IRR: agreement with the scalar routine, shapes, chunks, bad input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import gpu
from models.finance import IRR_STATUS, IrrStatus, irr

if TYPE_CHECKING:
    from types import ModuleType

TOLERANCE = 1e-9


def assert_same_as_scalar(flows: np.ndarray) -> np.ndarray:
    """Every row equals `models.finance.irr`; returns the status codes."""
    rate, n_roots, status = gpu.irr(flows)
    assert rate.dtype == np.float64
    assert n_roots.dtype == np.int64
    assert status.dtype == np.int8
    for k, row in enumerate(flows):
        single = irr(row)
        assert (int(n_roots[k]), IRR_STATUS[status[k]]) == (
            single.n_roots,
            single.status,
        ), row
        if math.isnan(single.rate):
            assert math.isnan(rate[k])
        else:
            bound = TOLERANCE * max(1.0, abs(single.rate))
            assert abs(rate[k] - single.rate) <= bound, row
    return status


def test_ordinary_projects_agree_with_the_scalar_routine(
    rng: np.random.Generator,
) -> None:
    outlay = -100.0 * rng.uniform(0.5, 2.0, (60, 1))
    flows = np.c_[outlay, rng.uniform(0.0, 5.0, (60, 120))]
    status = assert_same_as_scalar(flows)
    assert (status == IrrStatus.OK).all()


def test_rows_that_change_sign_often_agree(rng: np.random.Generator) -> None:
    status = assert_same_as_scalar(rng.normal(size=(60, 40)))
    assert {IrrStatus.OK, IrrStatus.SEVERAL, IrrStatus.NONE} <= set(status.tolist())


def test_projects_with_a_closing_cost_have_two_roots(rng: np.random.Generator) -> None:
    flows = np.c_[np.full((40, 1), -100.0), rng.normal(3.0, 1.0, (40, 60))]
    flows[:, -1] = -30.0
    status = assert_same_as_scalar(flows)
    assert (status == IrrStatus.SEVERAL).all()


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
    (rate,), _, _ = gpu.irr(short[None])
    assert rate == pytest.approx(0.5, abs=TOLERANCE)


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12, 1e200])
def test_extremes_agree(factor: float, rng: np.random.Generator) -> None:
    flows = rng.normal(size=(40, 12)) * 10.0 ** rng.uniform(-8, 8, (40, 12))
    flows[rng.random((40, 12)) < 0.4] = 0.0
    flows[0] = [-1.0, 5000.0, *[0.0] * 10]
    flows[1] = [-1e9, 1e-3, *[0.0] * 10]
    assert_same_as_scalar(factor * flows)


def test_six_hundred_alternating_flows_in_a_batch() -> None:
    flows = np.stack([(-1.0) ** np.arange(600), -((-1.01) ** np.arange(600))])
    assert_same_as_scalar(flows)


def test_leading_zeros_do_not_underflow() -> None:
    # 1/1000^598 is below the smallest number.
    flows = np.zeros((2, 600))
    flows[0, 598:] = [-1.0, 1000.0]
    flows[1, :2] = [-1000.0, 1.0]
    rate, n_roots, _ = gpu.irr(flows)
    np.testing.assert_allclose(rate, [999.0, -0.999], rtol=1e-12)
    assert n_roots.tolist() == [1, 1]


def test_chunks_change_no_bit(rng: np.random.Generator) -> None:
    flows = np.vstack(
        [
            np.c_[np.full((50, 1), -50.0), rng.normal(1.0, 1.5, (50, 60))],
            np.c_[np.full((50, 1), -50.0), rng.uniform(0.0, 2.0, (50, 60))],
        ]
    )
    whole = gpu.irr(flows)
    for chunk_rows in (1, 7, 64):
        split = gpu.irr(flows, chunk_rows=chunk_rows)
        for one, other in zip(whole, split, strict=True):
            np.testing.assert_array_equal(one, other)


def test_no_rows_give_empty_results() -> None:
    rate, n_roots, status = gpu.irr(np.zeros((0, 5)))
    assert rate.shape == n_roots.shape == status.shape == (0,)


def test_whole_numbers_and_other_layouts_are_taken() -> None:
    flows = np.array([[-100, -100], [110, 121]], order="F").T
    rate, _, _ = gpu.irr(flows)
    np.testing.assert_allclose(rate, [0.1, 0.21], rtol=1e-12)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        gpu.irr([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="n_flows >= 1"):
        gpu.irr(np.zeros((3, 0)))
    with pytest.raises(ValueError, match=r"\[2, 1\] = nan"):
        gpu.irr([[1.0, 2.0], [1.0, 2.0], [1.0, math.nan]], chunk_rows=2)
    with pytest.raises(ValueError, match="chunk_rows = 0"):
        gpu.irr([[1.0, 2.0]], chunk_rows=0)


def test_both_array_modules_agree(xp: ModuleType, rng: np.random.Generator) -> None:
    flows = rng.normal(0.2, 1.0, size=(200, 30))
    rate, n_roots, status = gpu.irr(xp.asarray(flows))
    assert type(rate).__module__.startswith(xp.__name__)
    expected = gpu.irr(flows)
    np.testing.assert_allclose(gpu.to_host(rate), expected[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(gpu.to_host(n_roots), expected[1])
    np.testing.assert_array_equal(gpu.to_host(status), expected[2])
