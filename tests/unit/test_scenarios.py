# SPDX-License-Identifier: Apache-2.0
"""Draws of shocks: streams, replay, independence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_studies import alpha, beta, gamma, tiny_study

from gpu.backend import to_host
from gpu.sampling.philox import normals
from gpu.sampling.scenarios import draw_shocks, sampled_paths
from models.market_parameters import FACTORS

if TYPE_CHECKING:
    from types import ModuleType


def test_streams_are_the_documented_ones() -> None:
    study = tiny_study(sites=(alpha(), beta(), gamma()))
    ids = np.array([5, 2**40])
    shocks = draw_shocks(study, 7, ids)
    assert shocks.monthly.shape == (2, 8, 24)
    assert shocks.site_power.shape == (2, 3, 24)
    assert shocks.site_build.shape == (2, 3, 2)
    # Factors 2 and 3 (fees, power) are the two numbers of stream 1.
    fees_power = normals(7, ids, 24, 1)
    np.testing.assert_array_equal(shocks.monthly[:, 2], fees_power[..., 0])
    np.testing.assert_array_equal(shocks.monthly[:, 3], fees_power[..., 1])
    # Factors 6 and 7 (variance that lasts, variance that passes) are stream 3.
    variance = normals(7, ids, 24, 3)
    np.testing.assert_array_equal(shocks.monthly[:, 6], variance[..., 0])
    np.testing.assert_array_equal(shocks.monthly[:, 7], variance[..., 1])
    # Site 2 is the first of stream 16 + 1; its builds are month 0 of 4096 + 2.
    third = normals(7, ids, 24, 17)[..., 0]
    np.testing.assert_array_equal(shocks.site_power[:, 2], third)
    np.testing.assert_array_equal(
        shocks.site_build[:, 2], normals(7, ids, 1, 4098)[:, 0]
    )


def test_one_more_site_at_the_end_leaves_the_others_draws() -> None:
    two, three = tiny_study(), tiny_study(sites=(alpha(), beta(), gamma()))
    few, more = (draw_shocks(study, 1, np.arange(3)) for study in (two, three))
    np.testing.assert_array_equal(few.monthly, more.monthly)
    np.testing.assert_array_equal(few.site_power, more.site_power[:, :2])
    np.testing.assert_array_equal(few.site_build, more.site_build[:, :2])


def test_all_series_are_independent_standard_normals() -> None:
    study = tiny_study()
    shocks = draw_shocks(study, 3, np.arange(4000))
    series = np.concatenate(
        [
            shocks.monthly.reshape(4000, -1),
            shocks.site_power.reshape(4000, -1),
            shocks.site_build.reshape(4000, -1),
        ],
        axis=1,
    )
    assert np.abs(series.mean(axis=0)).max() < 5 / math.sqrt(4000)
    assert np.abs(series.var(axis=0) - 1.0).max() < 5 * math.sqrt(2 / 4000)
    between = np.corrcoef(series[:, : len(FACTORS) * 24 : 7].T)
    np.fill_diagonal(between, 0.0)
    assert np.abs(between).max() < 5 / math.sqrt(4000)


def test_seeds_and_scenarios_differ() -> None:
    study = tiny_study()
    one, other = (sampled_paths(study, seed, np.arange(2)) for seed in (1, 2))
    assert (one.btc_price_usd != other.btc_price_usd).all()
    assert (one.btc_price_usd[0] != one.btc_price_usd[1]).all()


def test_paths_lie_on_the_array_module_asked_for(xp: ModuleType) -> None:
    study = tiny_study()
    paths = sampled_paths(study, 1, np.arange(4), xp)
    assert isinstance(paths.btc_price_usd, xp.ndarray)
    assert isinstance(paths.delay_months, xp.ndarray)
    host = sampled_paths(study, 1, np.arange(4))
    np.testing.assert_allclose(
        to_host(paths.btc_price_usd), host.btc_price_usd, rtol=1e-12
    )


@pytest.mark.parametrize(("seed", "ids"), [(-1, [0]), (2**64, [0]), (0, [-1])])
def test_seeds_and_ids_out_of_range_are_refused(seed: int, ids: list[int]) -> None:
    with pytest.raises(ValueError, match="must"):
        sampled_paths(tiny_study(), seed, np.array(ids))
