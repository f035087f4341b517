# SPDX-License-Identifier: Apache-2.0
"""Whatever the rule, a scenario is the same alone and in company."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_studies import market, tiny_study

from gpu.sampling.rule import GROUPS, PARTNER_OFFSET, DrawRule
from gpu.sampling.scenarios import draw_shocks, sampled_paths, weights
from models.market import Shocks

STUDY = tiny_study()
MONTHS = STUDY.time.months

seeds = st.integers(0, 2**64 - 1)
ids = st.lists(
    st.integers(0, PARTNER_OFFSET - 1) | st.integers(0, 5000), min_size=1, max_size=6
)
groups = st.sets(st.sampled_from(GROUPS)).map(tuple)
tilts = st.just(()) | st.lists(
    st.floats(-2.0, 2.0), min_size=MONTHS, max_size=MONTHS
).map(tuple)
rules = st.builds(
    DrawRule, seeds, st.sampled_from(["plain", "antithetic", "sobol"]), swapped=groups
) | st.builds(
    DrawRule,
    seeds,
    st.just("importance"),
    tilt=tilts,
    plain_every=st.sampled_from([2, 4, 64]),
    swapped=groups,
)
few = settings(max_examples=40)


@few
@given(rule=rules, scenario_ids=ids)
def test_every_draw_and_weight_is_its_scenarios_alone(
    rule: DrawRule, scenario_ids: list[int]
) -> None:
    together = draw_shocks(STUDY, rule, np.array(scenario_ids))
    counted = weights(STUDY, rule, np.array(scenario_ids))
    for place, scenario in enumerate(scenario_ids):
        alone = draw_shocks(STUDY, rule, np.array([scenario]))
        for name in Shocks.__slots__:
            row = getattr(together, name)[place]
            np.testing.assert_array_equal(getattr(alone, name)[0], row, name)
        assert weights(STUDY, rule, np.array([scenario]))[0] == counted[place]


@few
@given(rule=rules, scenario_ids=ids)
def test_weights_are_positive_and_never_above_their_bound(
    rule: DrawRule, scenario_ids: list[int]
) -> None:
    counted = weights(STUDY, rule, np.array(scenario_ids))
    assert (counted >= 0.0).all()
    assert (counted <= rule.plain_every).all()


@few
@given(
    rule=rules,
    scenario_ids=ids,
    spread=st.floats(0.0, 3.0),
    tail=st.floats(0.0, 3.0),
    half_life=st.floats(0.1, 100.0),
    opening=st.none() | st.floats(0.01, 5.0),
)
def test_every_market_gives_finite_draws_and_prices(
    rule: DrawRule,
    scenario_ids: list[int],
    spread: float,
    tail: float,
    half_life: float,
    opening: float | None,
) -> None:
    terms = market(
        btc_variance_spread=spread,
        btc_variance_tail_spread=tail,
        btc_variance_half_life_months=half_life,
        btc_opening_volatility_per_year=opening,
    )
    study = tiny_study(market=terms)
    drawn = draw_shocks(study, rule, np.array(scenario_ids))
    assert np.isfinite(drawn.monthly).all()
    assert np.abs(drawn.monthly).max() < 40.0
    paths = sampled_paths(study, rule, np.array(scenario_ids))
    assert np.isfinite(paths.btc_price_usd).all()
    assert (paths.btc_price_usd > 0.0).all()
