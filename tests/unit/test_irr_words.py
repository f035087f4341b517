# SPDX-License-Identifier: Apache-2.0
"""Where rates of return and NPV at the hurdle tell different stories."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from tiny_studies import alpha, beta, tiny_study

from gpu.statistics.distribution import Distribution
from optimizer.irr_words import irr_notes


def spread(low: float, high: float, share_frac: float) -> Distribution:
    """Rates evenly spread in one bin."""
    return Distribution(np.array([low]), np.array([high]), np.array([share_frac]))


def test_only_what_lies_far_apart_is_named() -> None:
    study = tiny_study(sites=(alpha(hurdle_rate_per_year=0.2), beta()))
    rate = study.company.discount_rate_per_year
    # Alpha: a quarter of the rates, 0.1 to 0.5 a year, lies under 0.2: 75 % clear by
    # IRR, 40 % by NPV. Beta does nothing. The company: NPV is not negative in 90 %,
    # half of the scenarios have a rate, all of them over the discount rate.
    result: Any = SimpleNamespace(
        probabilities={
            "site_alpha_clears_hurdle_frac": 0.4,
            "site_beta_clears_hurdle_frac": 1.0,
            "npv_below_baseline_frac": 0.1,
        },
        distributions={
            "site_alpha_irr_per_year": spread(0.1, 0.5, 1.0),
            "site_beta_irr_per_year": Distribution(*np.zeros((3, 0))),
            "irr_per_year": spread(rate + 0.1, rate + 0.2, 0.5),
        },
    )
    first, second = irr_notes(study, result)
    assert first.startswith("Alpha: NPV at 20% a year is not negative in 40% of")
    assert "IRR at least that in 75%." in first
    assert second.startswith(f"The company: NPV at {100 * rate:g}% a year")
    assert "in 90% of scenarios, IRR at least that in 50%." in second
    result.probabilities["site_alpha_clears_hurdle_frac"] = 0.7
    result.probabilities["npv_below_baseline_frac"] = 0.45
    assert irr_notes(study, result) == ()


def test_without_a_baseline_there_is_nothing_to_judge() -> None:
    result: Any = SimpleNamespace(probabilities={}, distributions={})
    assert irr_notes(tiny_study(), result) == ()
