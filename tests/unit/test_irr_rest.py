# SPDX-License-Identifier: Apache-2.0
"""Rows that the kernel leaves: compiled loops and NumPy prove the same counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import gpu.irr_rest
from gpu.irr_rest import irr_rows
from models import finance

if TYPE_CHECKING:
    from models.arrays import FloatArray


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> list[FloatArray]:
    """Rows that go to NumPy after all."""
    seen: list[FloatArray] = []

    def counted(rows: FloatArray) -> object:
        seen.append(rows)
        return finance.irr_rows(rows)

    monkeypatch.setattr(gpu.irr_rest, "irr_rows_of_numpy", counted)
    return seen


def assert_same(flows: FloatArray) -> FloatArray:
    """Assert equal counts and statuses, and rates within the contract of engines."""
    rate, n_roots, status = irr_rows(flows)
    expected, n_expected, status_expected = finance.irr_rows(flows)
    np.testing.assert_array_equal(n_roots, n_expected)
    np.testing.assert_array_equal(status, status_expected)
    np.testing.assert_array_equal(np.isnan(rate), np.isnan(expected))
    off = np.abs(rate - expected) / np.maximum(np.abs(expected), 1.0)
    assert np.nanmax(off, initial=0.0) < 1e-9
    return n_roots


def polynomial(rates: list[float]) -> FloatArray:
    """Return flows whose NPV is zero at these rates: the product of x (1 + r) - 1."""
    flows = np.array([1.0])
    for rate in rates:
        # A period later is a power of x = 1 / (1 + rate) more.
        flows = np.convolve(flows, [-1.0, 1.0 + rate])
    return flows


@pytest.mark.parametrize("n_flows", [2, 3, 5, 24, 25, 26, 61, 121, 241])
def test_noise_of_any_length_agrees(n_flows: int, rng: np.random.Generator) -> None:
    assert_same(rng.standard_normal((300, n_flows)) * 1e6)


def test_several_roots_above_and_below_zero_are_all_counted(
    rng: np.random.Generator, handed_on: list[FloatArray]
) -> None:
    # (x 1.02 - 1)(x 1.10 - 1)(x 1.40 - 1) is zero at 2, 10 and 40 %, no other rate.
    cases = [[0.02, 0.10, 0.40], [-0.30, -0.05, 0.03, 0.20], [-0.5, -0.2, -0.1, 0.1]]
    for rates in cases:
        flows = polynomial(rates)[None]
        found, n_roots, status = irr_rows(flows)
        assert n_roots.tolist() == [len(rates)]
        assert status.tolist() == [finance.IrrStatus.SEVERAL]
        # Of several the one nearest zero on the side of the undiscounted sum's sign.
        side = np.sign(flows.sum())
        own = [rate for rate in rates if rate * side > 0.0]
        assert found[0] == pytest.approx(min(own, key=abs), abs=1e-12)
        assert_same(flows * rng.uniform(1e-3, 1e9, size=(5, 1)))
    assert handed_on == []


def test_projects_with_repairs_and_clearing_agree(
    rng: np.random.Generator, handed_on: list[FloatArray]
) -> None:
    flows = rng.normal(3.0, 4.0, size=(400, 61))
    flows[:, :3] -= rng.uniform(1.0, 10.0, size=(400, 3))
    flows[:, 20] -= rng.uniform(0.0, 200.0, size=400)
    flows[:, -1] -= rng.uniform(-100.0, 100.0, size=400)
    n_roots = assert_same(flows * 1e6)
    # What is tested are rows with no, one, two, three and more roots.
    assert {0, 1, 2, 3} <= set(n_roots.tolist())
    assert sum(len(rows) for rows in handed_on) <= 4


def test_what_loops_cannot_prove_goes_to_numpy(handed_on: list[FloatArray]) -> None:
    double = polynomial([0.05, 0.05])
    rows = np.array(
        [
            np.pad(double, (0, 3)),
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [1.0, 2.0, 3.0, 0.0, 0.0, 0.0],
            [-1.0, 0.5, 0.5, 0.0, 0.0, 0.0],
            [-1e150, 2e150, 0.0, 0.0, 0.0, 0.0],
            [-1.0, 1e-150, 3.0, 0.0, 0.0, 0.0],
            [-1.0, 3.0, 0.0, 0.0, 0.0, 0.0],
        ]
    )
    assert_same(rows)
    np.testing.assert_array_equal(handed_on[0], rows[:-1])


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-8, 1e-10, 1e-13])
def test_near_double_roots_agree(gap: float) -> None:
    above = polynomial([0.05, 0.05 + gap])
    # x^2 (1.05)^2 - 2 x 1.05 + 1 + gap has no root for gap > 0.
    none = polynomial([0.05, 0.05]) + np.array([gap, 0.0, 0.0])
    assert_same(np.array([above, none, -above, -none]))


def test_a_count_that_rounding_almost_hides_is_uncertain_with_both(
    handed_on: list[FloatArray],
) -> None:
    # Five roots so near to each other that the flows' last digits decide: wide
    # intervals would prove them, the narrow ones of NumPy do not.
    row = [
        -1.0,
        5.462797374926762,
        -11.886586683717185,
        12.87050073164907,
        -6.930029816302403,
        1.4831997974447941,
    ]
    assert_same(np.array([row + [0.0] * 8]))
    assert len(handed_on) == 1


def test_zeros_at_either_end_change_nothing(rng: np.random.Generator) -> None:
    flows = rng.standard_normal((50, 30))
    wide = np.pad(flows, ((0, 0), (4, 6)))
    rate, n_roots, _ = irr_rows(flows)
    wide_rate, wide_roots, _ = irr_rows(wide)
    np.testing.assert_array_equal(n_roots, wide_roots)
    np.testing.assert_allclose(rate, wide_rate, rtol=1e-9, atol=1e-12)
    assert_same(wide)


@pytest.mark.parametrize("factor", [1e-95, 1e-30, 1e30, 1e90])
def test_sizes_agree(factor: float, rng: np.random.Generator) -> None:
    assert_same(rng.standard_normal((100, 40)) * factor)


def test_wide_ranges_of_sizes_agree(rng: np.random.Generator) -> None:
    sizes = 10.0 ** rng.uniform(-60.0, 60.0, size=(200, 30))
    assert_same(np.where(rng.random((200, 30)) < 0.5, -1.0, 1.0) * sizes)


@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 40)),
        elements=st.one_of(
            st.floats(-1e9, 1e9), st.integers(-3, 3).map(float), st.just(0.0)
        ),
    )
)
def test_arbitrary_rows_agree(flows: FloatArray) -> None:
    assert_same(flows)


def test_a_row_does_not_depend_on_the_others(rng: np.random.Generator) -> None:
    flows = rng.standard_normal((60, 61))
    together = irr_rows(flows)
    for row in range(0, 60, 7):
        alone = irr_rows(flows[row : row + 1])
        for every, one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(every[row : row + 1], one)


def test_what_is_not_finite_is_refused() -> None:
    flows = np.array([[-1.0, 2.0], [-1.0, np.nan]])
    with pytest.raises(ValueError, match="must be finite"):
        irr_rows(flows)


def test_no_rows_give_empty_results() -> None:
    assert [len(part) for part in irr_rows(np.empty((0, 5)))] == [0, 0, 0]
