# SPDX-License-Identifier: Apache-2.0
"""Deleveraging: what brings the opening loan on pledged BTC to its initial level.

What does not belong here: calls that are met along a path (`models.margin`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.margin import (
    btc_to_restore,
    margin_call_price_usd,
    opening_call_price_usd,
    opening_ltv_frac,
)

if TYPE_CHECKING:
    from models.study import Study

__all__ = ["Deleveraging", "deleveraging"]


@dataclass(frozen=True, slots=True)
class Deleveraging:
    """Where the opening loan stands, and what brings it to its initial level.

    Parameters
    ----------
    ltv_frac, price_usd : float
        Loan over pledged BTC at the first month's price; that price. [ratio, USD/BTC]
    call_price_usd : float
        Price at which the loan is called. [USD/BTC]
    sold_btc : float
        Pledged BTC to sell now, all proceeds repaying, for the initial level; 0 if it
        is met. [BTC]
    later_call_price_usd : float
        Price at which the loan is called then. [USD/BTC]
    """

    ltv_frac: float
    price_usd: float
    call_price_usd: float
    sold_btc: float
    later_call_price_usd: float


def deleveraging(study: Study) -> Deleveraging | None:
    """Return how far the opening loan is from a call; None without a loan.

    An orderly sale of `models.margin.btc_to_restore`, all proceeds repaying.

    Parameters
    ----------
    study : Study
        Study of the company; the price is its market's opening price.
    """
    company, loan = study.company, study.company.loan
    if loan.principal_usd <= 0.0 or company.btc_pledged <= 0.0:
        return None
    price = np.array([study.market.btc_price_usd])
    level, fetched = loan.initial_ltv_frac * price, price * company.sale_kept_frac
    pledged = np.array([company.btc_pledged])
    over = np.maximum(loan.principal_usd - level * pledged, 0.0)
    sold = btc_to_restore(over, fetched, level, pledged)
    left = loan.principal_usd - fetched * sold
    return Deleveraging(
        ltv_frac=opening_ltv_frac(company, float(price[0])),
        price_usd=float(price[0]),
        call_price_usd=opening_call_price_usd(company),
        sold_btc=float(sold[0]),
        later_call_price_usd=float(
            margin_call_price_usd(loan, left, pledged - sold)[0]
        ),
    )
