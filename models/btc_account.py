# SPDX-License-Identifier: Apache-2.0
"""BTC at fair value: what is held, and the gain of each month, realised and not.

Fair value is the month's average price, at which BTC is also mined, bought and sold;
the opening stands at the market's opening price. Cost is average cost, the opening's
being its fair value, since what it once cost is not published. What does not belong
here: how much is sold (`models.treasury`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = ["BtcAccount", "btc_account"]


@dataclass(frozen=True, slots=True)
class BtcAccount:
    """Fair value, cost and gains of BTC held.

    ``fair value_(t+1) = fair value_t + mined + bought - sold + realised + unrealised``
    with sales at their fair value less `realised`, that is at cost.

    Parameters
    ----------
    fair_value_usd, cost_usd : ndarray of shape (n_scenarios, n_periods + 1)
        Balances; index 0 the opening. [USD]
    mined_usd, bought_usd, sold_usd : ndarray of shape (n_scenarios, n_periods)
        BTC in and out at the month's fair value, all >= 0. [USD]
    realised_usd : ndarray of shape (n_scenarios, n_periods)
        Fair value of BTC sold less its average cost. [USD]
    unrealised_usd : ndarray of shape (n_scenarios, n_periods)
        Change of fair value less cost of BTC held. [USD]
    """

    fair_value_usd: FloatArray
    cost_usd: FloatArray
    mined_usd: FloatArray
    bought_usd: FloatArray
    sold_usd: FloatArray
    realised_usd: FloatArray
    unrealised_usd: FloatArray

    @property
    def gain_usd(self) -> FloatArray:
        """Realised and unrealised gain, (n_scenarios, n_periods) [USD]."""
        return self.realised_usd + self.unrealised_usd


def btc_account(
    held_btc: FloatArray,
    mined_btc: FloatArray,
    bought_btc: FloatArray,
    *,
    opening_price_usd: float,
    price_usd: FloatArray,
) -> BtcAccount:
    """Return the account of BTC held, free and pledged alike.

    Parameters
    ----------
    held_btc : ndarray of shape (n_scenarios, n_periods + 1)
        BTC held; index 0 the opening. [BTC]
    mined_btc, bought_btc : ndarray of shape (n_scenarios, n_periods)
        BTC in; what is not held at a month's end has been sold in it. [BTC]
    opening_price_usd : float
        Fair value of the opening BTC. [USD/BTC]
    price_usd : ndarray of shape (n_scenarios, n_periods)
        Fair value of each month. [USD/BTC]

    Returns
    -------
    BtcAccount
        On the array module of the inputs.

    Notes
    -----
    The month's gain is opening BTC times the change of price, whatever is sold: BTC in
    and out of a month stands at its price. NaN propagates.
    """
    n_scenarios, n_periods = mined_btc.shape
    sold_btc = held_btc[:, :-1] + mined_btc + bought_btc - held_btc[:, 1:]
    fair = np.zeros_like(mined_btc, shape=(n_scenarios, n_periods + 1))
    fair[:, 0] = held_btc[:, 0] * opening_price_usd
    fair[:, 1:] = held_btc[:, 1:] * price_usd
    cost, realised = np.zeros_like(fair), np.zeros_like(mined_btc)
    cost[:, 0] = fair[:, 0]
    for period in range(n_periods):
        came = mined_btc[:, period] + bought_btc[:, period]
        stock = held_btc[:, period] + came
        basis = cost[:, period] + came * price_usd[:, period]
        per_btc = basis / np.where(stock > 0.0, stock, 1.0)
        sold = sold_btc[:, period]
        cost[:, period + 1] = basis - sold * per_btc
        realised[:, period] = sold * (price_usd[:, period] - per_btc)
    surplus = fair - cost
    return BtcAccount(
        fair_value_usd=fair,
        cost_usd=cost,
        mined_usd=mined_btc * price_usd,
        bought_usd=bought_btc * price_usd,
        sold_usd=sold_btc * price_usd,
        realised_usd=realised,
        unrealised_usd=surplus[:, 1:] - surplus[:, :-1],
    )
