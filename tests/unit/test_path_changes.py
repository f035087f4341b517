# SPDX-License-Identifier: Apache-2.0
"""Changes of market paths: multipliers, hash price, delays."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
from engine_plans import flat_paths
from tiny_studies import tiny_study

from gpu.backend import to_host
from models.market import base_paths
from models.path_changes import (
    MULTIPLIERS,
    delayed,
    repeated,
    scaled,
    with_hashprice,
)
from models.paths import MarketPaths
from sites.stories import PathChange

if TYPE_CHECKING:
    from types import ModuleType

STUDY = tiny_study()
BASE = base_paths(STUDY)


def assert_only_changed(changed: MarketPaths, *names: str) -> None:
    for name in MarketPaths.__slots__:
        same = np.array_equal(getattr(changed, name), getattr(BASE, name))
        assert same == (name not in names), name


def test_price_moves_hash_price_and_not_the_network() -> None:
    paths = scaled(STUDY, BASE, {"btc_price": 0.5})
    assert_only_changed(paths, "btc_price_usd", "hashprice_usd_per_ph_day")
    np.testing.assert_array_equal(paths.btc_price_usd, 0.5 * BASE.btc_price_usd)
    np.testing.assert_array_equal(
        paths.hashprice_usd_per_ph_day, 0.5 * BASE.hashprice_usd_per_ph_day
    )


def test_a_larger_network_leaves_less_for_each_exahash() -> None:
    paths = scaled(STUDY, BASE, {"network": 2.0})
    assert_only_changed(
        paths, "network_eh_s", "btc_per_eh_s", "hashprice_usd_per_ph_day"
    )
    np.testing.assert_array_equal(paths.network_eh_s, 2.0 * BASE.network_eh_s)
    np.testing.assert_array_equal(paths.btc_per_eh_s, BASE.btc_per_eh_s / 2.0)


def test_fees_multiply_the_share_and_not_the_reward() -> None:
    # Fee share 1 %: tenfold fees make rewards 1.10 / 1.01 of what they were.
    paths = scaled(STUDY, BASE, {"fees": 10.0})
    assert_only_changed(paths, "btc_per_eh_s", "hashprice_usd_per_ph_day")
    ratio = paths.btc_per_eh_s / BASE.btc_per_eh_s
    np.testing.assert_allclose(ratio, 1.10 / 1.01, rtol=1e-12)


def test_power_rent_and_build_cost_move_alone() -> None:
    by_name = {
        "power_price": "power_multiplier",
        "gpu_rent": "gpu_rent_usd_per_gpu_h",
        "capex": "capex_factor",
    }
    for name, field in by_name.items():
        paths = scaled(STUDY, BASE, {name: 3.0})
        assert_only_changed(paths, field)
        np.testing.assert_array_equal(getattr(paths, field), 3 * getattr(BASE, field))


def test_utilisation_is_capped_at_one() -> None:
    paths = scaled(STUDY, BASE, {"gpu_utilisation": 2.0})
    np.testing.assert_array_equal(paths.gpu_utilisation_frac, 1.0)
    assert_only_changed(paths, "gpu_utilisation_frac")


def test_a_factor_per_scenario_and_per_month() -> None:
    many = repeated(BASE, 3)
    by_row = scaled(STUDY, many, {"btc_price": np.array([0.5, 1.0, 2.0])})
    assert by_row.btc_price_usd[:, 0].tolist() == [5e4, 1e5, 2e5]
    month = np.ones((1, 24))
    month[0, 6:18] = 2.0
    spike = scaled(STUDY, many, {"power_price": month})
    np.testing.assert_array_equal(spike.power_multiplier[1, :, 5:7], [[1, 2], [1, 2]])
    assert spike.power_multiplier.sum() == 3 * 2 * (24 + 12)


def test_the_changes_run_on_every_array_module(xp: ModuleType) -> None:
    paths = flat_paths(STUDY, n_scenarios=2)
    there = MarketPaths(
        **{n: xp.asarray(getattr(paths, n)) for n in MarketPaths.__slots__}
    )
    changed = scaled(STUDY, there, dict.fromkeys(MULTIPLIERS, 0.5))
    changed = with_hashprice(changed, np.full(24, 30.0))
    changed = delayed(changed, np.array([0, 12]))
    assert type(changed.network_eh_s) is type(there.network_eh_s)
    assert to_host(changed.btc_price_usd)[0, 0] == 50_000.0
    assert to_host(changed.delay_months).tolist() == [[0, 12], [0, 12]]


def test_a_given_hash_price_sizes_the_network() -> None:
    paths = with_hashprice(BASE, np.full((1, 24), 30.0))
    np.testing.assert_allclose(paths.hashprice_usd_per_ph_day, 30.0, rtol=1e-14)
    np.testing.assert_array_equal(paths.btc_price_usd, BASE.btc_price_usd)
    np.testing.assert_allclose(
        paths.network_eh_s * paths.btc_per_eh_s,
        BASE.network_eh_s * BASE.btc_per_eh_s,
        rtol=1e-14,
    )


def test_repeating_copies_nothing() -> None:
    many = repeated(BASE, 1000)
    assert many.n_scenarios == 1000
    assert np.shares_memory(many.btc_price_usd, BASE.btc_price_usd)
    with pytest.raises(ValueError, match="holds 1000 scenarios"):
        repeated(many, 2)


@pytest.mark.parametrize(
    ("multipliers", "complaint"),
    [
        ({"btc": 1.0}, "multiplier 'btc' is none of"),
        ({"btc_price": 0.0}, "btc_price must be finite and > 0"),
        ({"capex": -0.1}, "capex must be finite and >= 0"),
        ({"fees": float("nan")}, "fees must be finite"),
        ({"fees": float("inf")}, "fees must be finite"),
        ({"network": np.ones(2)}, r"shape \(2, 1\)"),
        ({"capex": np.ones((1, 24))}, "except for capex"),
        ({"fees": np.ones((1, 1, 24))}, r"shape \(1, 1, 24\)"),
    ],
)
def test_bad_multipliers_are_named(
    multipliers: dict[str, float], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        scaled(STUDY, BASE, multipliers)


def test_bad_hash_prices_and_delays_are_named() -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        with_hashprice(BASE, np.zeros(24))
    with pytest.raises(ValueError, match="must be 2 numbers >= 0"):
        delayed(BASE, np.array([1, -1]))
    with pytest.raises(ValueError, match="must be 2 numbers >= 0"):
        delayed(BASE, np.array([1]))


def test_stories_know_every_multiplier() -> None:
    named = get_args(PathChange.model_fields["multiplier"].annotation)
    assert set(named) == set(MULTIPLIERS)
