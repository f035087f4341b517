# SPDX-License-Identifier: Apache-2.0
"""How each fitted parameter is estimated, in a few words beside its number.

The words go into market files, reports and JSON. What does not belong here: the
estimators themselves (`models.calibration_price`, `models.calibration_network`).
"""

from __future__ import annotations

from typing import Final

__all__ = ["METHODS"]

METHODS: Final = {
    "btc_price_usd": "price at the end of the last month",
    "btc_volatility_per_year": "root of weighted mean realised variance (daily returns,"
    " half-life 24 months) x months-over-days variance ratio",
    "btc_opening_volatility_per_year": "Kalman-filtered state of log realised variance"
    " in the last month",
    "btc_variance_spread": "weighted autocovariances of log realised variance: what"
    " lasts",
    "btc_variance_half_life_months": "weighted autocovariances of log realised"
    " variance, lags 1 to 3",
    "btc_variance_tail_spread": "what the lasting part and sampling noise leave of the"
    " variance of log realised variance",
    "earlier_btc_price_usd": "price whose reward stands to the last as the month before"
    " to the last month, on means",
    "reference_btc_price_usd": "price of the reward that the network has adapted to,"
    " with the fitted half-life",
    "network_eh_s": "blocks x difficulty x 2^32 over the last month",
    "block_height": "counted from the last halving of the history",
    "network_opening_growth_per_year": "weighted mean growth (half-life 12 months) less"
    " the fitted response to the reward",
    "network_short_elasticity": "weighted slope (half-life 48 months) of growth beyond"
    " its pace on last month's change of the reward, winsorised",
    "network_half_life_up_months": "of 6, 9, 12, 18, 24 months the one with the"
    " smallest weighted squares; the same both ways",
    "network_half_life_down_months": "of 6, 9, 12, 18, 24 months the one with the"
    " smallest weighted squares; the same both ways",
    "network_volatility_per_year": "winsorised root mean square of monthly surprises"
    " (half-life 12 months)",
    "fee_share_frac": "weighted mean of the log (half-life 12 months)",
    "opening_fee_share_frac": "fees over subsidies of the last month",
    "fee_half_life_months": "weighted first-order autoregression of the log",
    "fee_volatility_per_year": "weighted root mean square of its surprises",
    "correlations": "weighted correlation of monthly surprises (half-life 48 months),"
    " winsorised",
}
"""By field of `models.market_parameters.Market`."""
