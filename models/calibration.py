# SPDX-License-Identifier: Apache-2.0
"""Calibration: the market model's parameters from a history, by documented estimators.

Puts together the estimators of price, network and fees. Fitted are volatilities, their
clustering and tails, the network's quick response, pace and noise, the fee share, and
the correlation of the shocks of the three. Assumed stay the drift of the price, the
network's trend and final elasticity, and all that no Bitcoin history tells. What does
not belong here: files (`optimizer.calibration`), how good the fit is
(`models.forecast_backtest`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.calibration_network import (
    RESPONSE_HALF_LIFE_MONTHS,
    fit_fees,
    fit_network,
)
from models.calibration_price import fit_volatility
from models.calibration_weights import (
    exponential_weights,
    weighted_correlation,
    winsorised,
)
from models.market_parameters import Correlation

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.calibration_history import MonthlyHistory
    from models.calibration_network import FeeFit, NetworkFit
    from models.calibration_price import VolatilityFit
    from models.market_parameters import Market

__all__ = ["FITTED_PAIRS", "LEAST_MONTHS", "MarketFit", "fit_market"]

LEAST_MONTHS: Final = 48
"""A halving cycle: fewer months are no basis for a fit."""

FITTED_PAIRS: Final = (("btc_price", "network"), ("btc_price", "fees"))
"""Correlations of `Market` that the calibration estimates."""


@dataclass(frozen=True, slots=True)
class MarketFit:
    """A fitted market.

    Parameters
    ----------
    market : Market
        The template with every fitted parameter in its place.
    last_month : str
        Last month of the history, ISO.
    n_months : int
        Months of the history. [months]
    price : VolatilityFit
        The price's part.
    network : NetworkFit
        The network's part.
    fees : FeeFit
        The fee share's part.
    """

    market: Market
    last_month: str
    n_months: int
    price: VolatilityFit
    network: NetworkFit
    fees: FeeFit


def fit_market(history: MonthlyHistory, template: Market) -> MarketFit:
    """Return the market model fitted to a history.

    Parameters
    ----------
    history : MonthlyHistory
        At least `LEAST_MONTHS` months.
    template : Market
        Gives all that is assumed rather than fitted.

    Returns
    -------
    MarketFit
        Opening state as of the end of the last month: price, height and network of
        the history, not of the template.

    Raises
    ------
    ValueError
        If the history is too short.
    """
    if len(history.months) < LEAST_MONTHS:
        msg = (
            f"the history has {len(history.months)} whole months, at least "
            f"{LEAST_MONTHS} are needed"
        )
        raise ValueError(msg)
    price = fit_volatility(history, log_drift_per_year=template.btc_log_drift_per_year)
    network = fit_network(
        history,
        elasticity=template.network_elasticity,
        trend_per_year=template.network_trend_per_year,
        growth_half_life_months=template.network_growth_half_life_months,
    )
    fees = fit_fees(history)
    changes = {
        **_opening(history, template, network, fees),
        "btc_volatility_per_year": price.volatility_per_year,
        "btc_opening_volatility_per_year": price.opening_volatility_per_year,
        "btc_variance_spread": price.spread,
        "btc_variance_half_life_months": price.half_life_months,
        "btc_variance_tail_spread": price.tail_spread,
        "network_opening_growth_per_year": network.growth_per_year,
        "network_short_elasticity": network.short_elasticity,
        "network_half_life_up_months": network.half_life_months,
        "network_half_life_down_months": network.half_life_months,
        "network_volatility_per_year": network.volatility_per_year,
        "fee_share_frac": fees.share_frac,
        "opening_fee_share_frac": fees.opening_share_frac,
        "fee_half_life_months": fees.half_life_months,
        "fee_volatility_per_year": fees.volatility_per_year,
        "correlations": _correlations(history, template, network, fees),
    }
    return MarketFit(
        market=template.model_copy(update=changes),
        last_month=history.months[-1],
        n_months=len(history.months),
        price=price,
        network=network,
        fees=fees,
    )


def _opening(
    history: MonthlyHistory, template: Market, network: NetworkFit, fees: FeeFit
) -> dict[str, object]:
    """Return the state at the end of the history.

    The model answers to the reward at its opening price; so the earlier price and the
    one adapted to are put such that both responses are those to the last month's mean.
    """
    height = float(history.end_height[-1])
    price_usd = float(history.end_price_usd[-1])
    log_mean = float(history.log_reward_usd[-1])
    log_before = float(history.log_reward_usd[-2])
    return {
        "btc_price_usd": price_usd,
        "network_eh_s": float(history.network_eh_s[-1]),
        "block_height": template.block_height if math.isnan(height) else int(height),
        "earlier_btc_price_usd": price_usd * math.exp(log_before - log_mean),
        "reference_btc_price_usd": price_usd
        * math.exp(network.adapted_log_reward - log_mean)
        * (1.0 + fees.opening_share_frac)
        / (1.0 + fees.share_frac),
    }


def _correlations(
    history: MonthlyHistory, template: Market, network: NetworkFit, fees: FeeFit
) -> tuple[Correlation, ...]:
    """Return the template's correlations with those of price, network and fees."""
    change = np.diff(np.log(history.end_price_usd))
    calm = change / np.sqrt(history.realised_variance[1:])
    found = {
        FITTED_PAIRS[0]: _correlation(calm, network.surprises),
        FITTED_PAIRS[1]: _correlation(calm, fees.surprises),
    }
    fitted = tuple(
        Correlation(first=first, second=second, value=value)
        for (first, second), value in found.items()
    )
    kept = tuple(
        pair
        for pair in template.correlations
        if (pair.first, pair.second) not in found
        and (pair.second, pair.first) not in found
    )
    return (*kept, *fitted)


def _correlation(left: FloatArray, right: FloatArray) -> float:
    """Return the weighted correlation of two series that end together."""
    n = min(len(left), len(right))
    weights = exponential_weights(n, RESPONSE_HALF_LIFE_MONTHS)
    left, right = winsorised(left[-n:], weights), winsorised(right[-n:], weights)
    return round(weighted_correlation(left, right, weights), 2)
