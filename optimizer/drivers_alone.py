# SPDX-License-Identifier: Apache-2.0
"""One driver drawn alone: everything else stays exactly on the base path.

What does not belong here: which draws make a driver (`optimizer.drivers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.numpy_engine import headline_rows
from gpu.sampling.rule import DrawRule
from gpu.sampling.scenarios import draw_shocks
from gpu.scoring.chunks import chunk_rows
from models.market import Shocks, simulate
from models.market_parameters import FACTORS

if TYPE_CHECKING:
    from collections.abc import Collection

    from gpu.numpy_engine import Rows
    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["ALONE_SCENARIOS", "Alone", "drawn_alone", "shocks_alone"]

ALONE_SCENARIOS: Final = 2_048
"""Scenarios of each driver alone: a tenth lies within about 1 % of its place."""


@dataclass(frozen=True, slots=True)
class Alone:
    """A figure when one driver alone is drawn.

    Parameters
    ----------
    p10, p50, p90, mean : float
        Of the scenarios; the mean of a probability is the probability. [of the figure]
    """

    p10: float
    p50: float
    p90: float
    mean: float

    @classmethod
    def of(cls, values: FloatArray) -> Alone:
        """Return the figures of values of shape (n_scenarios,) [of the figure]."""
        p10, p50, p90 = (float(np.quantile(values, q)) for q in (0.1, 0.5, 0.9))
        return cls(p10, p50, p90, float(values.mean()))


def shocks_alone(drawn: Shocks, groups: Collection[str]) -> Shocks:
    """Return draws of some groups, all others those of the base path.

    Parameters
    ----------
    drawn : Shocks
        Draws of every group. [unitless]
    groups : collection of str
        Names of `gpu.sampling.rule.GROUPS` that stay drawn.

    Returns
    -------
    Shocks
        Zero shocks, clients who pay and months without lows for the others.
    """
    is_kept = np.array([name in groups for name in FACTORS])
    still = np.zeros_like
    return Shocks(
        monthly=np.where(is_kept[:, None], drawn.monthly, 0.0),
        site_power=(
            drawn.site_power if "site_power" in groups else still(drawn.site_power)
        ),
        site_build=(
            drawn.site_build if "site_build" in groups else still(drawn.site_build)
        ),
        client_fate=(
            drawn.client_fate
            if "client_fate" in groups
            else np.full_like(drawn.client_fate, np.inf)
        ),
        within_month=(
            drawn.within_month
            if "within_month" in groups
            else still(drawn.within_month)
        ),
    )


def drawn_alone(
    study: Study,
    plan: Plan,
    groups: Collection[str],
    *,
    n_scenarios: int,
    seed: int,
) -> Rows:
    """Return a plan's headline figures when some groups alone are drawn.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan to score.
    groups : collection of str
        Names of `gpu.sampling.rule.GROUPS`.
    n_scenarios : int
        Scenarios 0 to n - 1. [unitless]
    seed : int
        Of the draws. [unitless]

    Returns
    -------
    dict of str to ndarray of shape (n_scenarios,)
        Those of `gpu.numpy_engine.headline_rows`, by the engine that is the oracle of
        all others: none of them can hold a group still. [mixed]
    """
    rule, size = DrawRule(seed), chunk_rows(study)
    pieces = []
    for first in range(0, n_scenarios, size):
        ids = np.arange(first, min(first + size, n_scenarios))
        shocks = shocks_alone(draw_shocks(study, rule, ids), groups)
        pieces.append(headline_rows(study, plan, simulate(study, shocks)))
    return {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]}
