# SPDX-License-Identifier: Apache-2.0
"""Smarter sampling: a tilt toward cash shortfall.

What does not belong here: what a rule does to the draws (`gpu.sampling.scenarios`),
what weighted rows are worth (`gpu.statistics.moments`), confidence intervals
(`gpu.statistics.intervals`).

References
----------
.. [1] R. Y. Rubinstein, D. P. Kroese, "The Cross-Entropy Method", Springer 2004,
   section 3: the tilt of a normal is its mean given the event.
.. [2] E. Veach, L. J. Guibas, "Optimally combining sampling techniques for Monte Carlo
   rendering", SIGGRAPH 1995, doi:10.1145/218380.218498: the balance heuristic.
.. [3] T. Hesterberg, "Weighted average importance sampling and defensive mixture
   distributions", Technometrics 37 (1995) 185, doi:10.1080/00401706.1995.10484303.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.numpy_engine import headline_rows
from gpu.sampling.rule import DrawRule
from gpu.sampling.scenarios import draw_factor_shocks, sampled_paths
from gpu.scoring.chunks import chunk_rows

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "PILOT_FIRST_ID",
    "tilt_by_month",
    "tilt_toward_shortfall",
]

PILOT_FIRST_ID: Final = 2**61
"""Pilot scenarios are numbered from here: no scenario that is counted is among them."""

_MOST_TILT: Final = 4.0


def tilt_toward_shortfall(
    study: Study,
    plan: Plan,
    *,
    seed: int,
    n_pilot: int = 4096,
    tail_frac: float = 0.05,
    plain_every: int = 2,
) -> DrawRule:
    """Return a rule under which scenarios short of cash come up more often.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan whose shortfall is looked for.
    seed : int
        0 to 2^64 - 1. [unitless]
    n_pilot : int
        Plain scenarios that are run first, at least 100. [unitless]
    tail_frac : float
        Share of them that counts as the tail, above 0 to 0.5; at least 20 scenarios.
        [share 0-1]
    plain_every : int
        One scenario in so many is not tilted: see `gpu.sampling.rule.DrawRule`.
        [unitless]

    Returns
    -------
    DrawRule
        Of method ``importance``, the same for the same arguments.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The tail are the pilot scenarios with the most emergency equity, and among equals
    the least NPV: cash itself never ends a month below what equity tops it up to.
    `tilt_by_month` of their draws is the tilt [1]_. Weights are those of the mixture of
    plain and tilted scenarios [2]_, [3]_: bounded, so that a figure is hardly ever less
    exact than the plain scenarios alone make it. Figures of the tail gain; the mean,
    and shares of scenarios that are not rare, lose.
    """
    if n_pilot < 100 or not 0.0 < tail_frac <= 0.5 or n_pilot * tail_frac < 20.0:
        msg = f"n_pilot = {n_pilot} x tail_frac = {tail_frac} must leave 20 scenarios"
        raise ValueError(msg)
    rule = DrawRule(seed)
    ids = np.arange(PILOT_FIRST_ID, PILOT_FIRST_ID + n_pilot)
    worst = ids[_worst_first(study, plan, rule, ids)][: round(n_pilot * tail_frac)]
    drawn = draw_factor_shocks(rule, np.sort(worst), study.time.months)[:, 0]
    tilt = tuple(float(shift) for shift in tilt_by_month(drawn))
    return DrawRule(seed, "importance", tilt=tilt, plain_every=plain_every)


def _worst_first(study: Study, plan: Plan, rule: DrawRule, ids: IntArray) -> IntArray:
    """Return places of scenarios, the one most short of cash first."""
    rows = chunk_rows(study)
    equity_usd, npv_usd = [], []
    for first in range(0, len(ids), rows):
        paths = sampled_paths(study, rule, ids[first : first + rows])
        scored = headline_rows(study, plan, paths)
        equity_usd.append(scored["equity_usd"])
        npv_usd.append(scored["npv_usd"])
    order: IntArray = np.lexsort(
        (ids, np.concatenate(npv_usd), -np.concatenate(equity_usd))
    )
    return order


def tilt_by_month(tail_draws: FloatArray) -> FloatArray:
    """Return the mean draws of a tail, month by month and evened out.

    Parameters
    ----------
    tail_draws : ndarray of shape (n_scenarios, n_periods)
        Draws of btc_price in the scenarios of the tail. [unitless]

    Returns
    -------
    ndarray of shape (n_periods,)
        Mean over months 0, 1, 2 to 3, 4 to 7, 8 to 15 and so on, -4 to 4. [unitless]

    Notes
    -----
    A month's own mean is noise once tails owe little to it, and noise in the tilt costs
    effective sample size; the first months, which a loan falls to, stand alone.
    """
    mean = tail_draws.mean(axis=0)
    tilt = np.empty_like(mean)
    first, end = 0, 1
    while first < len(mean):
        tilt[first:end] = mean[first:end].mean()
        first, end = end, 2 * end
    even: FloatArray = np.clip(tilt, -_MOST_TILT, _MOST_TILT)
    return even
