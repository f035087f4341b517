# SPDX-License-Identifier: Apache-2.0
"""CVaR and quantiles on outcomes nobody thought of."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gpu

outcomes = hnp.arrays(np.float64, st.integers(1, 50), elements=st.floats(-1e9, 1e9))
alphas = st.floats(0.0, 0.999)


def slack(values: np.ndarray) -> float:
    return 1e-12 * float(np.abs(values).max()) + 1e-300


@given(outcomes, alphas)
def test_cvar_lies_between_the_worst_and_the_mean(
    values: np.ndarray, alpha: float
) -> None:
    tail = gpu.cvar(values, alpha)
    assert values.min() - slack(values) <= tail <= values.mean() + slack(values)


@given(outcomes, alphas, alphas)
def test_a_smaller_tail_is_no_better(
    values: np.ndarray, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert gpu.cvar(values, high) <= gpu.cvar(values, low) + slack(values)


@given(outcomes, alphas, st.data())
def test_cvar_is_the_optimum_of_its_linear_program(
    values: np.ndarray, alpha: float, data: st.DataObject
) -> None:
    """Rockafellar and Uryasev: CVaR = max over t of t - E[(t - v)+] / (1 - alpha)."""

    def bound(t: float) -> float:
        return float(t - np.maximum(t - values, 0.0).mean() / (1.0 - alpha))

    best = max(bound(t) for t in values)
    tolerance = slack(values) / (1.0 - alpha)
    assert abs(gpu.cvar(values, alpha) - best) <= tolerance
    elsewhere = data.draw(st.floats(-1e9, 1e9))
    rounding = 1e-12 * abs(elsewhere) / (1.0 - alpha)
    assert bound(elsewhere) <= best + tolerance + rounding


@given(
    hnp.arrays(np.float64, st.integers(1, 12), elements=st.floats(-1e6, 1e6)),
    alphas,
    st.data(),
)
def test_whole_weights_are_repetitions(
    values: np.ndarray, alpha: float, data: st.DataObject
) -> None:
    counts = data.draw(
        hnp.arrays(np.int64, len(values), elements=st.integers(0, 4)).filter(np.any)
    )
    spread = np.repeat(values, counts)
    weighted = gpu.cvar(values, alpha, counts)
    assert abs(weighted - gpu.cvar(spread, alpha)) <= slack(values) * 100
    for q in (0.0, 0.3, alpha, 1.0):
        assert gpu.quantile(values, q, counts) == gpu.quantile(spread, q)


@given(outcomes, alphas, st.floats(-1e6, 1e6), st.floats(0.0, 100.0))
def test_cvar_follows_shift_and_scale(
    values: np.ndarray, alpha: float, shift: float, factor: float
) -> None:
    moved = gpu.cvar(factor * values + shift, alpha)
    expected = factor * gpu.cvar(values, alpha) + shift
    assert abs(moved - expected) <= 1e-11 * (
        factor * np.abs(values).max() + abs(shift) + 1e-290
    )


@given(outcomes, st.floats(0.0, 1.0), st.randoms(use_true_random=False))
def test_order_of_the_outcomes_does_not_matter(
    values: np.ndarray, q: float, random: object
) -> None:
    mixed = values.tolist()
    random.shuffle(mixed)
    assert gpu.quantile(mixed, q) == gpu.quantile(values, q)
    assert gpu.cvar(mixed, 0.9) == gpu.cvar(values, 0.9)
