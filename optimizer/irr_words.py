# SPDX-License-Identifier: Apache-2.0
"""What to say where rates of return and values at the hurdle tell different stories.

What does not belong here: rates themselves (`models.finance`), their statistics
(`gpu.statistics`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.numpy_engine import site_irr_column

if TYPE_CHECKING:
    from gpu.scoring.result import ScoreResult
    from models.study import Study

__all__ = ["irr_notes"]

_TOO_FAR_FRAC: Final = 0.10
"""Shares of scenarios further apart than this are named. [share 0-1]"""


def irr_notes(study: Study, result: ScoreResult) -> tuple[str, ...]:
    """Return where an IRR over the hurdle and an NPV at it hardly go together.

    With an outlay first both say the same in every scenario. Where money comes in
    before it goes out, as in a sale followed by payments, a low rate is a good one, and
    many flows have no rate: NPV at the hurdle is what decides.

    Parameters
    ----------
    study : Study
        Study, with hurdles.
    result : ScoreResult
        Scores over business as usual or another baseline.

    Returns
    -------
    tuple of str
        A sentence for the company and for each site where the share of scenarios with
        an NPV that is not negative and that with an IRR of at least the hurdle are more
        than a tenth apart; sites that do nothing are left out.
    """
    asked = [
        (
            site.name,
            site_irr_column(site.id),
            result.probabilities.get(f"site_{site.id}_clears_hurdle_frac", 0.0),
            site.hurdle_rate_per_year,
        )
        for site in study.sites
    ]
    worse = result.probabilities.get("npv_below_baseline_frac", 0.0)
    rate = study.company.discount_rate_per_year
    asked.append(("The company", "irr_per_year", 1.0 - worse, rate))
    found = []
    for name, column, clears_frac, hurdle_per_year in asked:
        spread = result.distributions.get(column)
        # Nothing differs from the baseline: there is nothing to judge.
        if spread is None or spread.known_frac == 0.0:
            continue
        under = float(spread.below_frac(np.array([hurdle_per_year]))[0])
        irr_frac = spread.known_frac - under
        if abs(clears_frac - irr_frac) > _TOO_FAR_FRAC:
            found.append(
                f"{name}: NPV at {100.0 * hurdle_per_year:g}% a year is not negative "
                f"in {clears_frac:.0%} of scenarios, IRR at least that in "
                f"{irr_frac:.0%}. Where they differ money mostly comes in before it "
                "goes out, and a rate is missing or says the opposite: judge by NPV."
            )
    return tuple(found)
