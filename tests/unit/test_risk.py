# SPDX-License-Identifier: Apache-2.0
"""CVaR and quantiles: hand-worked atoms, weights, refusals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

import gpu

if TYPE_CHECKING:
    from types import ModuleType

RTOL = 1e-12


def test_cvar_averages_the_worst_share(xp: ModuleType) -> None:
    # Worst 20 per cent of ten values: the two lowest, (1 + 2)/2.
    values = xp.asarray([10.0, 1.0, 9.0, 2.0, 8.0, 3.0, 7.0, 4.0, 6.0, 5.0])
    assert gpu.cvar(values, 0.8) == pytest.approx(1.5, rel=RTOL)


def test_cvar_splits_the_atom_at_the_edge() -> None:
    # Worst 30 per cent of four equal atoms of 25: all of 1 and 5 of the atom at 2:
    # (0.25 * 1 + 0.05 * 2) / 0.30 = 0.35 / 0.30.
    assert gpu.cvar([4.0, 3.0, 2.0, 1.0], 0.7) == pytest.approx(7 / 6, rel=RTOL)


def test_cvar_inside_one_atom_is_that_value() -> None:
    assert gpu.cvar([4.0, 3.0, 2.0, 1.0], 0.9) == 1.0
    assert gpu.cvar([5.0], 0.99) == 5.0


def test_cvar_with_ties_at_the_edge() -> None:
    # Worst half of 1, 2, 2, 2: (1 + 2)/2.
    assert gpu.cvar([2.0, 1.0, 2.0, 2.0], 0.5) == pytest.approx(1.5, rel=RTOL)


def test_cvar_at_zero_is_the_mean() -> None:
    assert gpu.cvar([1.0, 2.0, 6.0], 0.0) == pytest.approx(3.0, rel=RTOL)
    weighted = gpu.cvar([1.0, 2.0, 6.0], 0.0, [1.0, 1.0, 2.0])
    assert weighted == pytest.approx(15 / 4, rel=RTOL)


def test_cvar_with_weights(xp: ModuleType) -> None:
    # Shares 0.1, 0.5, 0.4 at -10, 0, 10; worst 20 per cent: (0.1 * -10 + 0.1 * 0)/0.2.
    values, weights = xp.asarray([10.0, -10.0, 0.0]), xp.asarray([4.0, 1.0, 5.0])
    assert gpu.cvar(values, 0.8, weights) == pytest.approx(-5.0, rel=1e-11)


def test_weights_of_zero_leave_values_out() -> None:
    assert gpu.cvar([-1e9, 1.0, 3.0], 0.5, [0.0, 1.0, 1.0]) == 1.0
    assert gpu.quantile([-1e9, 1.0, 3.0], 0.0, [0.0, 1.0, 1.0]) == 1.0


def test_cvar_keeps_digits_on_a_high_level() -> None:
    values = 1e12 + np.array([0.0, 1.0, 2.0, 3.0])
    assert gpu.cvar(values, 0.5) == 1e12 + 0.5


def test_cvar_with_ruin_in_the_tail_is_minus_infinity() -> None:
    assert gpu.cvar([-math.inf, 1.0, 2.0], 0.5) == -math.inf


def test_quantile_is_the_first_value_to_reach_the_share(xp: ModuleType) -> None:
    values = xp.asarray([40.0, 10.0, 30.0, 20.0])
    expected = {0.0: 10.0, 0.25: 10.0, 0.26: 20.0, 0.5: 20.0, 0.75: 30.0, 1.0: 40.0}
    for q, value in expected.items():
        assert gpu.quantile(values, q) == value


def test_quantile_forgives_the_rounding_of_a_share() -> None:
    # 1 - 0.95 is 0.050000000000000044; the worst 5 of 100 end at the fifth value.
    assert gpu.quantile(np.arange(1.0, 101.0), 1.0 - 0.95) == 5.0
    assert gpu.quantile(np.arange(1.0, 11.0), 0.1 + 0.2) == 3.0


def test_quantile_agrees_with_numpy_off_the_steps(rng: np.random.Generator) -> None:
    values, weights = rng.normal(size=37), rng.uniform(0.1, 1.0, 37)
    q = rng.uniform(0.0, 1.0, 50)
    np.testing.assert_array_equal(
        gpu.quantile(values, q, weights),
        np.quantile(values, q, weights=weights, method="inverted_cdf"),
    )


def test_quantile_edges_the_tail_of_cvar(rng: np.random.Generator) -> None:
    values = rng.normal(size=1000)
    edge = gpu.quantile(values, 1.0 - 0.95)
    assert gpu.cvar(values, 0.95) == pytest.approx(values[values <= edge].mean())


@pytest.mark.parametrize("alpha", [-0.1, 1.0, 95.0, math.nan])
def test_alpha_outside_its_range_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        gpu.cvar([1.0], alpha)


@pytest.mark.parametrize(
    ("values", "weights", "match"),
    [
        ([], None, "n >= 1"),
        ([[1.0]], None, "shape"),
        ([1.0, math.nan, math.nan], None, "2 NaN"),
        ([1.0, 2.0], [1.0], "weights has shape"),
        ([1.0, 2.0], [1.0, -1.0], ">= 0"),
        ([1.0, 2.0], [1.0, math.nan], "finite"),
        ([1.0, 2.0], [0.0, 0.0], "positive sum"),
    ],
)
def test_bad_values_and_weights_are_refused(
    values: list[float], weights: list[float] | None, match: str
) -> None:
    with pytest.raises(ValueError, match=match):
        gpu.cvar(values, 0.5, weights)
    with pytest.raises(ValueError, match=match):
        gpu.quantile(values, 0.5, weights)


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan, [[0.5]]])
def test_bad_shares_are_refused(q: float) -> None:
    with pytest.raises(ValueError, match="q = "):
        gpu.quantile([1.0], q)
