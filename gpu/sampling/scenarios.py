# SPDX-License-Identifier: Apache-2.0
"""Sampled scenarios: Philox draws of the market's shocks, and the paths they make.

Scenario n is a function of study, draw rule and n alone: it can be drawn again without
its neighbours, in any order. A draw is Philox of (seed, counter, month, stream), the
counter being n for plain draws. The stream says what a draw is for:

=============== ====================================================================
stream          two standard normals per month, but for stream 8
=============== ====================================================================
0, 1, 2, 3      factors (btc_price, network), (fees, power), (gpu_rent,
                gpu_utilisation), (btc_variance, btc_tail), in the order of
                `models.market_parameters.FACTORS`
8               inside the month, from its words 0 to 2 as numbers u, v, w of (0, 1):
                ``-ln u`` for the lowest BTC price, ``sqrt(-2 ln v) cos(2 pi w)`` for
                the dip within the cure time of a margin call
16 + k          power price of sites 2k and 2k + 1 of the study alone
4096 + s        month 0 only: capex overrun and delay of site s of the study
12288           BTC price of the days between months, the day's number in place of the
                month: the weekly view of cash alone (`optimizer.cash_weeks`)
12289           scrambles of Sobol points: the block's first id as counter, months 4 d
                to 4 d + 3 for dimension d (`gpu.sampling.net.scramble_columns`)
65536 s + k     (from s = 1, the first site) month 0 only: two normals a, b whose
                ``(a^2 + b^2) / 2`` is the fate of the client of the site's k-th offer
=============== ====================================================================

What a `DrawRule` changes, in this order; what it does not name stays as it is.

1. ``swapped``: every draw of a group that is named, of whatever method, is that of
   scenario n + 2^62, the partner; ids are then below 2^62. A stream of two factors may
   be read twice, once for each.
2. ``antithetic``: the counter is n // 2; even n are as above, odd n are mirrored:

   - every normal of streams 0 to 3, 16 + k and the capex overrun: its negative;
   - the delay, of which the size alone counts: the second normal of month 1 in place
     of month 0 of its stream, not negated (drawn anew);
   - stream 8: words 0, 1, 2 become ``2^32 - 1 - w_0``, ``2^32 - 1 - w_1`` and
     ``w_2 + 2^30 mod 2^32``, so that u and v become 1 - u and 1 - v, and the angle
     turns by a quarter, which mirrors the size of the dip;
   - client fates: ``-ln u`` becomes ``-ln(1 - u)``, u the first of the two uniform
     numbers behind the normals (``(a^2 + b^2) / 2 = -ln u``).
3. ``sobol``: rows 0, 1 and 6 of `Shocks.monthly` (`LEADING_ROWS`: btc_price, network,
   btc_variance, numbered s = 0, 1, 2) are those of `leading_normals`, made on the host:

   - n is point ``i = n mod 4096`` of a net of its own for every block, id ``n - i``;
   - step m of series s is the normal quantile of ``(x + 1/2) / 2^32``, x the point's
     whole number in dimension 3 m + s (`gpu.sampling.net.net_points`);
   - a Brownian bridge makes months of steps (`gpu.sampling.net.bridged`): in equal
     time for network and btc_variance, for btc_price in time that runs with the
     variance of its months, btc_tail included (`gpu.sampling.leading.leading_draws`).
4. ``importance``: where ``n mod plain_every`` is not 0, ``tilt[t]`` is added to the
   draw of btc_price (row 0 of `Shocks.monthly`, before correlation) in month t. With
   z_t the draw after that, in every scenario, and a = 1 / plain_every, the weight is
   ``1 / (a + (1 - a) exp(sum_t tilt[t] (z_t - tilt[t] / 2)))``: the density of plain
   draws over that of the mixture, at most plain_every.

What does not belong here: what shocks do to prices (`models.market`), choosing a tilt
and judging estimates (`gpu.sampling.tilt`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.backend import get_array_module
from gpu.sampling.draws import Draws, checked_ids, checked_tilt
from gpu.sampling.leading import LEADING, LEADING_ROWS, leading_draws
from gpu.sampling.rule import DrawRule, as_rule
from models.clients import count_client_slots
from models.market import Shocks, simulate

if TYPE_CHECKING:
    from gpu.backend import ArrayModule
    from models.arrays import FloatArray, IntArray
    from models.paths import MarketPaths
    from models.study import Study

__all__ = [
    "DAILY_PRICE_STREAM",
    "LEADING",
    "LEADING_ROWS",
    "DrawRule",
    "draw_factor_shocks",
    "draw_shocks",
    "leading_normals",
    "sampled_paths",
    "weights",
    "weights_of_draws",
]

DAILY_PRICE_STREAM: Final = 12288

# Beyond this the exponential of the weight has no double; the weight is 0 long before.
_MOST_LOG = 700.0


def draw_shocks(
    study: Study,
    rule_or_seed: DrawRule | int,
    scenario_ids: IntArray,
    xp: ArrayModule = np,
) -> Shocks:
    """Return the independent draws of each scenario.

    Parameters
    ----------
    study : Study
        Says how many months and sites there are.
    rule_or_seed : DrawRule or int
        Rule of the draws; a seed, 0 to 2^64 - 1, for plain ones. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1; below 2^62 if the rule swaps groups. [unitless]
    xp : module
        Array module to draw on.

    Returns
    -------
    Shocks
        On that array module.

    Raises
    ------
    ValueError
        If the seed or an id is out of range, or a tilt does not have one number per
        month.
    """
    draws = Draws(as_rule(rule_or_seed), scenario_ids, xp)
    n_sites, n_periods = len(study.sites), study.time.months
    return Shocks(
        monthly=draws.factors(n_periods, study.market),
        site_power=draws.site_power(n_sites, n_periods),
        site_build=draws.build(n_sites),
        client_fate=draws.fates(n_sites, count_client_slots(study)),
        within_month=draws.within_month(n_periods),
    )


def draw_factor_shocks(
    rule_or_seed: DrawRule | int,
    scenario_ids: IntArray,
    n_periods: int,
    xp: ArrayModule = np,
) -> FloatArray:
    """Return the independent normals of the factors alone.

    Parameters
    ----------
    rule_or_seed : DrawRule or int
        Rule of the draws, but not ``sobol``, which needs a study; a seed, 0 to
        2^64 - 1, for plain ones. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1. [unitless]
    n_periods : int
        Months. [months]
    xp : module
        Array module to draw on.

    Returns
    -------
    ndarray of shape (n_scenarios, n_factors, n_periods)
        Those of `draw_shocks`. [unitless]
    """
    return Draws(as_rule(rule_or_seed), scenario_ids, xp).factors(n_periods, None)


def leading_normals(
    study: Study, rule_or_seed: DrawRule | int, scenario_ids: IntArray
) -> FloatArray:
    """Return the draws of the factors of `LEADING` that come from Sobol points.

    Parameters
    ----------
    study : Study
        Says how many months there are and how the variance of the price lasts.
    rule_or_seed : DrawRule or int
        Rule whose method is ``sobol``. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1, on the host; whole blocks of 4,096 cost least. [unitless]

    Returns
    -------
    ndarray of shape (n_scenarios, 3, n_periods)
        On the host: what replaces rows `LEADING_ROWS` of `Shocks.monthly`, the swapped
        taken from the partner. [unitless]

    Raises
    ------
    ValueError
        If the method is another one, or an id is out of range.
    """
    rule = as_rule(rule_or_seed)
    if rule.method != "sobol":
        msg = f"method = {rule.method!r} must be 'sobol' to have leading normals"
        raise ValueError(msg)
    ids = checked_ids(rule, np.asarray(scenario_ids))
    return leading_draws(rule, ids, study.market, study.time.months)


def weights(
    study: Study,
    rule_or_seed: DrawRule | int,
    scenario_ids: IntArray,
    xp: ArrayModule = np,
) -> FloatArray:
    """Return how much each scenario counts in a mean.

    Parameters
    ----------
    study : Study
        Says how many months there are.
    rule_or_seed : DrawRule or int
        Rule of the draws; a seed, 0 to 2^64 - 1, for plain ones. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1. [unitless]
    xp : module
        Array module to draw on.

    Returns
    -------
    ndarray of shape (n_scenarios,)
        Mean 1 over many; all of them 1 but for ``importance``, there at most
        `plain_every`. [ratio]
    """
    rule = as_rule(rule_or_seed)
    draws = Draws(rule, scenario_ids, xp)
    if rule.method != "importance" or not rule.tilt:
        ones: FloatArray = xp.ones(len(draws.ids))
        return ones
    return weights_of_draws(rule, draws.btc_price(study.time.months))


def weights_of_draws(rule: DrawRule, btc_price_normals: FloatArray) -> FloatArray:
    """Return the weights of scenarios whose draws of btc_price are at hand.

    Parameters
    ----------
    rule : DrawRule
        Rule by which they were drawn.
    btc_price_normals : ndarray of shape (n_scenarios, n_periods)
        Row 0 of `Shocks.monthly` under that rule. [unitless]

    Returns
    -------
    ndarray of shape (n_scenarios,)
        Those of `weights`, summed month by month. [ratio]
    """
    xp = get_array_module(btc_price_normals)
    checked_tilt(rule, btc_price_normals.shape[1])
    log_ratio = xp.zeros(len(btc_price_normals))
    for period, tilt in enumerate(rule.tilt):
        log_ratio += tilt * (btc_price_normals[:, period] - 0.5 * tilt)
    plain = 1.0 / rule.plain_every
    tilted = (1.0 - plain) * xp.exp(xp.minimum(log_ratio, _MOST_LOG))
    counted: FloatArray = 1.0 / (plain + tilted)
    return counted


def sampled_paths(
    study: Study,
    rule_or_seed: DrawRule | int,
    scenario_ids: IntArray,
    xp: ArrayModule = np,
) -> MarketPaths:
    """Return the market paths of sampled scenarios.

    Parameters
    ----------
    study : Study
        Study whose market is sampled.
    rule_or_seed : DrawRule or int
        Rule of the draws; a seed, 0 to 2^64 - 1, for plain ones. [unitless]
    scenario_ids : ndarray of int of shape (n_scenarios,)
        0 to 2^63 - 1; below 2^62 if the rule swaps groups. [unitless]
    xp : module
        Array module to compute on.

    Returns
    -------
    MarketPaths
        One row per id; without volatility every row is the base path, bit for bit.

    Raises
    ------
    ValueError
        If the seed or an id is out of range, or a tilt does not have one number per
        month.
    """
    return simulate(study, draw_shocks(study, rule_or_seed, scenario_ids, xp))
