# SPDX-License-Identifier: Apache-2.0
"""The leading factors' draws from Sobol points, by a bridge in the price's own clock.

What does not belong here: the points and the bridge themselves (`gpu.sampling.net`),
all other draws (`gpu.sampling.draws`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from gpu.sampling.net import bridged, net_normals, net_points
from gpu.sampling.philox import normals
from gpu.sampling.rule import PARTNER_OFFSET
from models.market_bitcoin import opening_log_variance
from models.market_parameters import FACTORS

if TYPE_CHECKING:
    from gpu.sampling.rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.market_parameters import Market

__all__ = ["LEADING", "LEADING_ROWS", "Finished", "leading_draws"]

LEADING: Final = ("btc_price", "network", "btc_variance")
"""Factors whose draws come from Sobol points, in the order of their dimensions."""
LEADING_ROWS: Final = tuple(FACTORS.index(name) for name in LEADING)
"""Their rows of `models.market.Shocks.monthly`."""

_TAIL_STREAM: Final = FACTORS.index("btc_tail") // 2
_TAIL_PLACE: Final = FACTORS.index("btc_tail") % 2
_MOST_LOG_VARIANCE: Final = 10.0
# Work arrays of this many scenarios stay in the cache; it changes no draw.
_BATCH_ROWS: Final = 1024


class Finished(Protocol):
    """Draws scenarios as numbered, nothing swapped."""

    def __call__(
        self, seed: int, scenario_ids: IntArray, market: Market, n_periods: int, /
    ) -> FloatArray:
        """Return (n_scenarios, n_leading, n_periods) draws."""


def leading_draws(
    rule: DrawRule,
    scenario_ids: IntArray,
    market: Market,
    n_periods: int,
    *,
    finished: Finished | None = None,
) -> FloatArray:
    """Return the draws of the leading factors.

    Parameters
    ----------
    rule : DrawRule
        Its seed and its swapped groups count.
    scenario_ids : ndarray of int of shape (n_scenarios,)
        In range, on the host. [unitless]
    market : Market
        Says how the variance of the price lasts.
    n_periods : int
        Months. [months]
    finished : callable or None
        Another way to the same draws: `gpu.sampling.leading_cpu` has a compiled one.

    Returns
    -------
    ndarray of shape (n_scenarios, 3, n_periods)
        In the order of `LEADING`. [unitless]

    Notes
    -----
    Of a scenario, swapped or not: ``z`` of btc_variance and the draws of network are
    `gpu.sampling.net.bridged` steps as they are. With u the Philox draws of btc_tail,
    ``x_t = keep x_(t-1) + step z_t`` as in `models.market.simulate` (opening included)
    and ``v_t = exp(x_t + tail u_t)``, its log cut at -10 and 10, the draws of btc_price
    are the steps bridged with variance v: step 0 is then nearly the price at the end,
    however volatile the months. A swapped factor takes its row from the partner's
    finished draws.
    """
    draw = _finished if finished is None else finished
    is_swapped = [name in rule.swapped for name in LEADING]
    if not any(is_swapped):
        return draw(rule.seed, scenario_ids, market, n_periods)
    drawn = draw(rule.seed, scenario_ids + PARTNER_OFFSET, market, n_periods)
    if not all(is_swapped):
        own = draw(rule.seed, scenario_ids, market, n_periods)
        drawn = np.where(np.array(is_swapped)[:, None], drawn, own)
    return drawn


def _finished(
    seed: int, scenario_ids: IntArray, market: Market, n_periods: int
) -> FloatArray:
    """Return (n_scenarios, n_leading, n_periods) draws of scenarios as numbered."""
    points = net_points(seed, scenario_ids, len(LEADING) * n_periods)
    drawn = np.empty((len(scenario_ids), len(LEADING), n_periods))
    for first in range(0, len(scenario_ids), _BATCH_ROWS):
        rows = slice(first, first + _BATCH_ROWS)
        price, network, lasting = net_normals(points[:, rows], len(LEADING))
        lasting = bridged(lasting)
        tail = normals(seed, scenario_ids[rows], n_periods, _TAIL_STREAM)
        variance = _variance(market, lasting, tail[..., _TAIL_PLACE].T)
        for place, row in enumerate(
            (bridged(price, variance), bridged(network), lasting)
        ):
            drawn[rows, place] = row.T
    return drawn


def _variance(market: Market, lasting: FloatArray, passing: FloatArray) -> FloatArray:
    """Return (n_periods, n_scenarios) variances of the price up to a factor."""
    keep = 0.5 ** (1.0 / market.btc_variance_half_life_months)
    step = market.btc_variance_spread * (1.0 - keep**2) ** 0.5
    state = np.full(lasting.shape[1], opening_log_variance(market))
    log_variance = market.btc_variance_tail_spread * passing
    for period, shock in enumerate(lasting):
        state = keep * state + step * shock
        log_variance[period] += state
    cut = np.clip(log_variance, -_MOST_LOG_VARIANCE, _MOST_LOG_VARIANCE)
    variance: FloatArray = np.exp(cut)
    return variance
