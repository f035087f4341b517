# SPDX-License-Identifier: Apache-2.0
"""Contests of any plans: what must hold whatever the outcomes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu.contests.contest import contest_of

# Thousands of whole dollars to 200: bins of 0.2 % tell any two of them apart.
WHOLE = st.integers(-200, 200)


@st.composite
def outcomes(draw):
    n_plans, n = draw(st.integers(2, 4)), draw(st.integers(1, 12))
    rows = draw(
        st.lists(
            st.lists(WHOLE, min_size=n, max_size=n),
            min_size=n_plans,
            max_size=n_plans,
        )
    )
    return 1e3 * np.array(rows, dtype=np.float64)


def standings(values):
    labels = tuple(str(k) for k in range(len(values)))
    return contest_of(labels, {"npv_usd": values}).columns["npv_usd"]


@settings(deadline=None, max_examples=60)
@given(outcomes())
def test_regret_is_never_negative_and_shares_add_up(values):
    found = standings(values)
    regret = values.max(axis=0) - values
    for place, plan in enumerate(found.plans):
        assert plan.regret_mean.value >= 0.0
        assert min(plan.regret_quantiles.values()) >= 0.0
        assert plan.regret_max == regret[place].max()
        assert plan.regret_cvar_95.value >= plan.regret_mean.value - 1e-6
        assert abs(plan.regret_mean.value - regret[place].mean()) < 1e-6
        assert plan.best_alone_frac <= plan.best_frac.value + 1e-15
    assert abs(sum(plan.best_frac.value for plan in found.plans) - 1.0) < 1e-12


@settings(deadline=None, max_examples=60)
@given(outcomes())
def test_dominance_is_that_of_sorted_outcomes_and_orders_means(values):
    found = standings(values)
    ordered = np.sort(values, axis=1)
    for pair in found.pairs:
        mine, theirs = ordered[int(pair.label)], ordered[int(pair.other)]
        is_other = bool((mine != theirs).any())
        assert pair.is_first_order == (is_other and bool((mine >= theirs).all()))
        more = np.cumsum(mine) - np.cumsum(theirs)
        assert pair.is_second_order == (is_other and bool((more >= 0.0).all()))
        if pair.is_first_order:
            assert pair.is_second_order
        if pair.is_second_order:
            assert pair.difference.value >= -1e-9
            assert not found.pair(pair.other, pair.label).is_second_order
        if pair.is_never_worse:
            assert pair.is_first_order
        assert abs(pair.better_frac + pair.worse_frac + pair.tie_frac - 1.0) < 1e-12


@settings(deadline=None, max_examples=30)
@given(outcomes(), st.randoms(use_true_random=False))
def test_the_order_of_plans_and_scenarios_changes_nothing(values, random):
    places = list(range(len(values)))
    random.shuffle(places)
    scenarios = list(range(values.shape[1]))
    random.shuffle(scenarios)
    found = standings(values)
    shuffled = standings(values[places][:, scenarios])
    for place, plan in zip(places, shuffled.plans, strict=True):
        assert plan.best_frac == found.plans[place].best_frac
        assert plan.regret_max == found.plans[place].regret_max
    for pair in shuffled.pairs:
        other = found.pair(str(places[int(pair.label)]), str(places[int(pair.other)]))
        assert pair.better_frac == other.better_frac
        assert pair.is_second_order == other.is_second_order
