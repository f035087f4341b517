# SPDX-License-Identifier: Apache-2.0
"""The compiled engine agrees with the oracle on random studies, plans and draws.

The contract is that of `agreement`, in `tests/support`.
"""

from __future__ import annotations

import numpy as np
from agreement import compare
from agreement_plans import harsh_studies, random_plan, seeds
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpu.sampling.rule import GROUPS
from gpu.sampling.scenarios import DrawRule
from models.business_as_usual import business_as_usual
from models.path_changes import MULTIPLIERS

# One group of lanes that is full, and one that is not.
N_SCENARIOS = 70
settled = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@st.composite
def rules(draw: st.DrawFn, months: int) -> DrawRule:
    """Any method, any swapped groups."""
    method = draw(st.sampled_from(["plain", "antithetic", "sobol", "importance"]))
    terms: dict[str, object] = {}
    if method == "importance":
        tilt = st.floats(-2.0, 2.0)
        terms["tilt"] = tuple(draw(tilt) for _ in range(months))
        terms["plain_every"] = draw(st.sampled_from([2, 8]))
    swapped = draw(st.sets(st.sampled_from(GROUPS)))
    return DrawRule(draw(seeds), method=method, swapped=tuple(swapped), **terms)


@given(st.data())
@settled
def test_engines_agree_on_any_study_plan_and_rule(data: st.DataObject) -> None:
    study = data.draw(harsh_studies())
    plans = [
        random_plan(study, seed)
        for seed in data.draw(st.lists(seeds, min_size=1, max_size=3))
    ]
    baseline = business_as_usual(study) if data.draw(st.booleans()) else None
    rule = data.draw(rules(study.time.months))
    first = data.draw(st.sampled_from([0, 4090, 2**40]))
    ids = np.arange(first, first + N_SCENARIOS)
    spared = compare(study, plans, baseline, rule, ids=ids)
    assert spared.n_events <= 1
    assert spared.n_paybacks <= 0.02 * spared.n_scenarios


@given(harsh_studies(), seeds)
@settings(settled, max_examples=10)
def test_engines_agree_on_any_grid_and_on_the_base_path(
    study: object, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    plans = [random_plan(study, seed)]
    baseline = business_as_usual(study)
    names = [name for name in MULTIPLIERS if rng.random() < 0.6] or ["capex"]
    factors = {name: rng.uniform(0.2, 3.0, N_SCENARIOS) for name in names}
    spared = compare(study, plans, baseline, 1, multipliers=factors)
    spared += compare(study, plans, baseline, 1)
    assert spared.n_events == 0
    assert spared.n_paybacks <= 0.02 * spared.n_scenarios
