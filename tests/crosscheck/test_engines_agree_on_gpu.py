# SPDX-License-Identifier: Apache-2.0
"""The engine on a CUDA device agrees with the oracle: the odd cases once more.

What each case is stands in `agreement_cases`; the compiled engine on a CPU goes
through them, and more, in ``test_engines_agree``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from agreement import compare
from agreement_cases import (
    called_study,
    curtailed_study,
    eager_plan,
    full_study,
    harsh_study,
    horizon,
    late_study,
    losing_study,
    many_sites,
    wild_network_study,
)
from agreement_plans import random_plan

from gpu.sampling.rule import GROUPS
from gpu.sampling.scenarios import DrawRule
from models.business_as_usual import business_as_usual
from models.path_changes import MULTIPLIERS
from sites import load_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.study import Study

pytestmark = pytest.mark.gpu

# Some blocks of threads, the last of them not full.
IDS = np.arange(4_000, 5_000)
CASES: dict[str, Callable[[], Study]] = {
    "full": full_study,
    "harsh": harsh_study,
    "called": called_study,
    "losing": losing_study,
    "late": late_study,
    "curtailed": curtailed_study,
    "wild_network": wild_network_study,
    "seven_sites": lambda: many_sites(7),
    "one_month": lambda: horizon(1),
    "ten_years": lambda: horizon(120),
    "base": lambda: load_study("base"),
    "treasury": lambda: load_study("treasury"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_device_agrees_on(case: str) -> None:
    study = CASES[case]()
    usual = business_as_usual(study)
    plans = [eager_plan(study), random_plan(study, 3), usual]
    spared = compare(study, plans, usual, 1, "cuda", ids=IDS)
    assert spared.n_events == 0
    assert spared.n_paybacks <= 0.02 * spared.n_scenarios
    compare(study, plans, None, 1, "cuda", ids=IDS, has_sites=False)


@pytest.mark.parametrize(
    "rule",
    [
        DrawRule(5, method="antithetic"),
        DrawRule(5, method="sobol", swapped=("btc_price", "site_build")),
        DrawRule(5, method="importance", tilt=(-0.3,) * 24, plain_every=4),
        DrawRule(2**64 - 1, swapped=GROUPS),
    ],
)
def test_the_device_agrees_under_every_rule_of_draws(rule: DrawRule) -> None:
    study = harsh_study()
    usual = business_as_usual(study)
    compare(study, [random_plan(study, 3)], usual, rule, "cuda", ids=IDS)


def test_the_device_agrees_on_a_grid_and_on_the_base_path() -> None:
    study = full_study()
    rng = np.random.default_rng(6)
    factors = {name: rng.uniform(0.2, 3.0, 700) for name in MULTIPLIERS}
    usual, plans = business_as_usual(study), [random_plan(study, 4)]
    compare(study, plans, usual, 1, "cuda", multipliers=factors)
    compare(study, plans, usual, 1, "cuda")
