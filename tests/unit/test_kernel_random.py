# SPDX-License-Identifier: Apache-2.0
"""Draws of the kernel against `gpu.sampling.philox` and `gpu.sampling.scenarios`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_studies import tiny_study

from gpu.kernel.compiled import L, device
from gpu.kernel.random import (
    WORD_ROWS,
    exponential,
    mirror,
    mirror_words,
    month_low_and_dip,
    normal_pair,
    random_words,
    uniform,
    uniform_of_word,
)
from gpu.sampling import philox
from gpu.sampling.scenarios import DrawRule, draw_shocks

if TYPE_CHECKING:
    from gpu.kernel.compiled import Doubles, Integers

NORMAL_TOLERANCE = 4e-15
MASK = 0xFFFFFFFF
SEED = 0xFEDCBA9876543210
PLAIN = np.zeros(L, np.int64)


@device
def uniforms_of(u: Integers, w: Doubles) -> None:
    """Turn words into uniform numbers: rows 0, 1 of pairs, 2 to 5 of single words."""
    for i in range(L):
        w[i] = uniform(u[i], u[L + i])
        w[L + i] = uniform(u[2 * L + i], u[3 * L + i])
        w[2 * L + i] = uniform_of_word(u[i])
        w[3 * L + i] = uniform_of_word(u[L + i])
        w[4 * L + i] = uniform_of_word(u[2 * L + i])
        w[5 * L + i] = uniform_of_word(u[3 * L + i])


def words(
    seed: int, counters: np.ndarray, month: int, stream: int, mirrored: object = None
) -> np.ndarray:
    """The kernel's words, (4, L)."""
    u = np.zeros(WORD_ROWS * L, np.int64)
    random_words(u, seed & MASK, seed >> 32, counters, month, stream)
    if mirrored is not None:
        mirror_words(u, mirrored)
    return u.reshape(WORD_ROWS, L)


def some_counters(seed: int, most: int = 2**63 - 1) -> np.ndarray:
    edges = [0, 1, 2**31, 2**32 - 1, 2**32, most]
    drawn = np.random.default_rng(seed).integers(0, most, L - len(edges))
    return np.array([*edges, *drawn], np.int64)


WHOLE_32 = st.integers(0, 2**32 - 1)


@settings(max_examples=60)
@given(st.integers(0, 2**64 - 1), st.integers(0, 99), WHOLE_32, WHOLE_32)
def test_words_are_those_of_philox_bit_for_bit(
    seed: int, drawn: int, month: int, stream: int
) -> None:
    counters = some_counters(drawn)
    wanted = philox.words(seed, counters, month, stream)
    got = words(seed, counters, month, stream)
    np.testing.assert_array_equal(got.astype(np.uint64), np.stack(wanted))


def test_uniform_numbers_are_those_of_philox_bit_for_bit() -> None:
    counters = some_counters(1)
    u = words(SEED, counters, 7, 3)
    w = np.zeros(6 * L)
    uniforms_of(u.ravel(), w)
    got = w.reshape(6, L)
    np.testing.assert_array_equal(got[:2].T, philox.uniforms(SEED, counters, 7, 3))
    np.testing.assert_array_equal(got[2:], (u + 0.5) * 2.0**-32)


def test_uniform_numbers_never_reach_their_ends() -> None:
    """Words of nothing but zeros or ones give 2^-53 and 1 - 2^-53."""
    u = np.zeros(WORD_ROWS * L, np.int64)
    u[1::2] = MASK
    w = np.zeros(6 * L)
    uniforms_of(u, w)
    assert w[0] == 2.0**-53
    assert w[1] == 1.0 - 2.0**-53
    assert w[2 * L] == 2.0**-33
    assert w[2 * L + 1] == 1.0 - 2.0**-33


@pytest.mark.parametrize("stream", [0, 3, 17, 4098])
def test_normals_are_those_of_philox_but_for_rounding(stream: int) -> None:
    n_months = 60
    counters = some_counters(stream)
    wanted = philox.normals(SEED, counters, n_months, stream)
    u, w = np.zeros(WORD_ROWS * L, np.int64), np.zeros(4 * L)
    for month in range(n_months):
        normal_pair(u, w, 1, SEED & MASK, SEED >> 32, counters, month, stream)
        got = w.reshape(4, L)
        assert np.abs(got[1:3].T - wanted[:, month]).max() <= NORMAL_TOLERANCE
        assert (got[0] == 0.0).all()
        assert (got[3] == 0.0).all()


def test_a_lane_does_not_depend_on_the_others() -> None:
    counters = some_counters(4)
    alone = np.full(L, counters[9])
    u, w, v = np.zeros(WORD_ROWS * L, np.int64), np.zeros(2 * L), np.zeros(2 * L)
    normal_pair(u, w, 0, 1, 0, counters, 5, 2)
    normal_pair(u, v, 0, 1, 0, alone, 5, 2)
    np.testing.assert_array_equal(w.reshape(2, L)[:, 9], v.reshape(2, L)[:, 33])


def test_mirroring_negates_the_chosen_lanes_alone() -> None:
    w = np.linspace(-1.0, 2.0, 3 * L)
    before = w.reshape(3, L).copy()
    chosen = np.arange(L, dtype=np.int64) % 2
    mirror(w, 1, chosen)
    after = w.reshape(3, L)
    np.testing.assert_array_equal(after[::2], before[::2])
    np.testing.assert_array_equal(after[1], np.where(chosen == 1, -1, 1) * before[1])


@pytest.mark.parametrize("method", ["plain", "antithetic"])
def test_draws_within_the_month_are_those_of_the_scenarios(method: str) -> None:
    study = tiny_study()
    ids = np.arange(1000, 1000 + L, dtype=np.int64)
    shocks = draw_shocks(study, DrawRule(seed=SEED, method=method), ids)
    is_paired = method == "antithetic"
    counters, mirrored = (ids >> 1, ids & 1) if is_paired else (ids, PLAIN)
    w = np.zeros(3 * L)
    for month in range(study.time.months):
        u = words(SEED, counters, month, 8, mirrored)
        month_low_and_dip(u.ravel(), w, 1)
        wanted = shocks.within_month[:, :, month]
        # -ln u near u = 1 is as exact as u itself, which is the same bit for bit.
        np.testing.assert_allclose(
            w.reshape(3, L)[1:].T, wanted, rtol=2e-15, atol=NORMAL_TOLERANCE
        )


@pytest.mark.parametrize("mirrored", [0, 1])
def test_fates_are_those_of_the_normals_behind_them(mirrored: int) -> None:
    """Half of a^2 + b^2 is -ln u; mirrored it is -ln(1 - u)."""
    counters = some_counters(6)
    stream = 65536 * 2 + 1
    u, w = words(SEED, counters, 0, stream), np.zeros(2 * L)
    exponential(u.ravel(), w, 1, np.full(L, mirrored))
    pair = philox.normals(SEED, counters, 1, stream)[:, 0]
    plain = 0.5 * (pair**2).sum(axis=1)
    wanted = -np.log(-np.expm1(-plain)) if mirrored else plain
    np.testing.assert_allclose(w[L:], wanted, rtol=1e-13, atol=1e-15)


def test_many_normals_have_the_moments_of_normals() -> None:
    """Of 64 x 500 x 2 = 64,000 draws the mean errs by 0.004, the variance by 0.0056."""
    u, w, kept = np.zeros(WORD_ROWS * L, np.int64), np.zeros(2 * L), []
    counters = np.arange(L, dtype=np.int64)
    for month in range(500):
        normal_pair(u, w, 0, 7, 0, counters, month, 0)
        kept.append(w.copy())
    z = np.concatenate(kept)
    assert abs(z.mean()) < 4 * 0.004
    assert abs(z.var() - 1.0) < 4 * 0.0056
    assert abs((z**4).mean() - 3.0) < 4 * (96 / z.size) ** 0.5
