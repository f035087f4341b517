# SPDX-License-Identifier: Apache-2.0
"""What holds for every market, every seed and every split of the scenarios."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_studies import market, tiny_study

from gpu.sampling.scenarios import sampled_paths
from models.market import base_paths
from models.market_parameters import Market
from models.path_changes import MULTIPLIERS, repeated, scaled
from models.paths import MarketPaths
from models.units import month_hours_h

NAMES = tuple(MarketPaths.__slots__)
STILL = {
    name: 0.0
    for name in Market.model_fields
    if "volatility" in name or name == "delay_volatility_months"
}
seeds = st.integers(0, 2**64 - 1)
ids = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=9)
few = settings(max_examples=25)


def assert_same_bits(
    left: MarketPaths, right: MarketPaths, names: tuple[str, ...] = NAMES
) -> None:
    for name in names:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), name)


shapes = st.fixed_dictionaries(
    {
        "btc_log_drift_per_year": st.floats(-0.5, 0.5),
        "btc_variance_spread": st.floats(0.0, 1.5),
        "btc_variance_tail_spread": st.floats(0.0, 1.5),
        "btc_variance_half_life_months": st.floats(0.5, 24.0),
        "earlier_btc_price_usd": st.floats(3e4, 3e5),
        "network_elasticity": st.floats(0.0, 1.0),
        "network_short_elasticity": st.floats(0.0, 1.0),
        "network_trend_per_year": st.floats(-0.3, 0.5),
        "network_opening_growth_per_year": st.floats(-0.3, 1.0),
        "network_break_even_usd_per_ph_day": st.none() | st.floats(1.0, 100.0),
        "network_break_even_decline_per_year": st.floats(0.0, 0.3),
        "opening_fee_share_frac": st.none() | st.floats(1e-4, 0.5),
    }
)


@few
@given(seed=seeds, scenario_ids=ids, shape=shapes)
def test_zero_volatility_is_the_base_path(
    seed: int, scenario_ids: list[int], shape: dict[str, float]
) -> None:
    still = market(**(shape | STILL))
    study = tiny_study(market=still)
    paths = sampled_paths(study, seed, np.array(scenario_ids))
    base = repeated(base_paths(study), len(scenario_ids))
    prices = tuple(name for name in NAMES if name != "client_fate")
    assert_same_bits(paths, base, prices)


@few
@given(seed=seeds, scenario_ids=ids)
def test_a_scenario_is_the_same_alone_and_in_company(
    seed: int, scenario_ids: list[int]
) -> None:
    study = tiny_study()
    together = sampled_paths(study, seed, np.array(scenario_ids))
    for place, scenario_id in enumerate(scenario_ids):
        alone = sampled_paths(study, seed, np.array([scenario_id]))
        for name in NAMES:
            row = getattr(together, name)[place : place + 1]
            np.testing.assert_array_equal(getattr(alone, name), row, name)


@few
@given(seed=seeds, scenario_ids=ids, shape=shapes, volatility=st.floats(0.0, 2.0))
def test_sampled_prices_are_positive_and_fit_each_other(
    seed: int, scenario_ids: list[int], shape: dict[str, float], volatility: float
) -> None:
    terms = market(btc_volatility_per_year=volatility, **shape)
    study = tiny_study(market=terms)
    paths = sampled_paths(study, seed, np.array(scenario_ids))
    for name in NAMES:
        values = getattr(paths, name)
        assert np.isfinite(values).all()
        assert (values >= 0.0 if name == "delay_months" else values > 0.0).all()
    days = month_hours_h("2025-12", 24) / 24
    worth = paths.btc_per_eh_s * paths.btc_price_usd / days / 1000
    np.testing.assert_allclose(paths.hashprice_usd_per_ph_day, worth, rtol=1e-12)


@few
@given(
    first=st.dictionaries(st.sampled_from(sorted(MULTIPLIERS)), st.floats(0.1, 10.0)),
    seed=seeds,
)
def test_multipliers_of_one_change_nothing_and_inverses_undo(
    first: dict[str, float], seed: int
) -> None:
    study = tiny_study()
    paths = sampled_paths(study, seed, np.arange(3))
    assert_same_bits(scaled(study, paths, dict.fromkeys(MULTIPLIERS, 1.0)), paths)
    # Fees multiply a share and utilisation is capped: these two have no inverse.
    undone = {n: f for n, f in first.items() if n not in {"fees", "gpu_utilisation"}}
    there = scaled(study, paths, undone)
    back = scaled(study, there, {name: 1.0 / f for name, f in undone.items()})
    for name in NAMES:
        np.testing.assert_allclose(
            getattr(back, name), getattr(paths, name), rtol=1e-12
        )
