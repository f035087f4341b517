# SPDX-License-Identifier: Apache-2.0
"""Compiled leading draws are those of the definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri
from tiny_studies import market

from gpu.kernel.compiled import Doubles, entry
from gpu.sampling import leading as sampling_leading
from gpu.sampling import leading_cpu as sampling_cpu
from gpu.sampling import net as sampling_net
from gpu.sampling.leading import LEADING
from gpu.sampling.leading_cpu import normal_quantile
from gpu.sampling.rule import DrawRule
from sites import load_study

BASE = load_study("base").market
SCATTERED = np.array([8191, 5, 4095, 4096, 2**61 + 7, 5])


@entry
def quantiles(u: Doubles, z: Doubles, n: int) -> None:
    """Quantile by quantile."""
    for i in range(n):
        z[i] = normal_quantile(u[i])


def test_numbers_written_twice_are_the_same() -> None:
    assert LEADING == ("btc_price", "network", "btc_variance")
    assert len(LEADING) == sampling_cpu.N_LEADING
    assert sampling_net.BLOCK_BITS == sampling_cpu.BITS
    assert sampling_leading._TAIL_STREAM == sampling_cpu.TAIL_STREAM
    assert sampling_leading._TAIL_PLACE == 1
    assert sampling_leading._MOST_LOG_VARIANCE == sampling_cpu.MOST_LOG_VARIANCE


def test_quantiles_are_those_of_the_normal_distribution() -> None:
    whole = np.concatenate(
        [
            np.arange(1000),
            2**32 - 1 - np.arange(1000),
            np.linspace(0, 2**32 - 1, 20_001).astype(np.int64),
        ]
    )
    u = (whole + 0.5) * 2.0**-32
    z = np.empty_like(u)
    quantiles(u, z, len(u))
    np.testing.assert_allclose(z, ndtri(u), rtol=4e-15)


@pytest.mark.parametrize("n_periods", [1, 2, 24, 60])
@pytest.mark.parametrize("ids", [np.arange(4096, 8192), SCATTERED])
def test_compiled_draws_are_the_defined_ones(ids: np.ndarray, n_periods: int) -> None:
    rule = DrawRule(2**63 + 11, "sobol")
    ours = sampling_cpu.leading_draws(rule, ids, BASE, n_periods)
    theirs = sampling_leading.leading_draws(rule, ids, BASE, n_periods)
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize(
    "swapped", [("network",), ("btc_price", "btc_variance"), LEADING]
)
def test_compiled_draws_swap_alike(swapped: tuple[str, ...]) -> None:
    rule = DrawRule(3, "sobol", swapped=swapped)
    ours = sampling_cpu.leading_draws(rule, SCATTERED, BASE, 24)
    theirs = sampling_leading.leading_draws(rule, SCATTERED, BASE, 24)
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-12)


@pytest.mark.parametrize(
    "terms",
    [
        {"btc_variance_spread": 0.0, "btc_variance_tail_spread": 0.0},
        {"btc_variance_spread": 3.0, "btc_variance_tail_spread": 3.0},
        {"btc_opening_volatility_per_year": 5.0, "btc_volatility_per_year": 0.01},
        {"btc_volatility_per_year": 0.0},
    ],
)
def test_compiled_draws_follow_the_market(terms: dict[str, float]) -> None:
    rule = DrawRule(3, "sobol")
    ours = sampling_cpu.leading_draws(rule, SCATTERED, market(**terms), 36)
    theirs = sampling_leading.leading_draws(rule, SCATTERED, market(**terms), 36)
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-7)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    rule = DrawRule(3, "sobol")
    together = sampling_cpu.leading_draws(rule, np.arange(200), BASE, 24)
    for scenario in (0, 63, 64, 199):
        alone = sampling_cpu.leading_draws(rule, np.array([scenario]), BASE, 24)
        np.testing.assert_array_equal(alone[0], together[scenario])


def test_no_scenarios_are_no_rows() -> None:
    empty = np.array([], dtype=np.int64)
    drawn = sampling_cpu.leading_draws(DrawRule(1, "sobol"), empty, BASE, 24)
    assert drawn.shape == (0, 3, 24)
