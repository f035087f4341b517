# SPDX-License-Identifier: Apache-2.0
"""Opening balances: published ones rolled forward to the day of a study.

What does not belong here: how balances move inside the horizon (`models.treasury`)
and the published figures themselves (they stand in the company file).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.units import MONTHS_PER_YEAR

__all__ = [
    "BookRollForward",
    "OpeningBalance",
    "roll_forward",
    "roll_forward_book_value",
]

_MONTHS_PER_QUARTER: Final = 3


@dataclass(frozen=True, slots=True)
class OpeningBalance:
    """Balances on the day of a study.

    Parameters
    ----------
    cash_usd : float
        Cash. [USD]
    loan_usd : float
        Principal of the loan on pledged BTC. [USD]
    btc_pledged : float
        BTC pledged for it. [BTC]
    drawn_usd : float
        Drawn on the loan since the published balance. [USD]
    """

    cash_usd: float
    loan_usd: float
    btc_pledged: float
    drawn_usd: float


def roll_forward(
    cash_usd: float,
    loan_usd: float,
    *,
    btc_held: float,
    btc_mined: float,
    cash_cost_usd_per_btc: float,
    months: int,
    general_admin_usd_per_month: float,
    loan_rate_per_year: float,
    receipts_usd: float,
    other_cost_usd: float,
    cash_floor_usd: float,
) -> OpeningBalance:
    """Return published balances rolled forward some months.

    ``cash = cash_0 + receipts - other cost - BTC mined x cash cost - G&A - interest``;
    interest is simple on the opening principal. What is short of the cash floor is
    drawn on the loan. No BTC is sold and all of it is pledged at the end.

    Parameters
    ----------
    cash_usd, loan_usd : float
        Published cash and principal. [USD]
    btc_held : float
        BTC held at the end, all of it pledged. [BTC]
    btc_mined : float
        BTC mined in the months between. [BTC]
    cash_cost_usd_per_btc : float
        Cash cost to mine one. [USD/BTC]
    months : int
        Months between. [months]
    general_admin_usd_per_month : float
        General and administrative cost. [USD/month]
    loan_rate_per_year : float
        Interest. [per year]
    receipts_usd, other_cost_usd : float
        Receipts and cash cost of the other lines over all the months. [USD]
    cash_floor_usd : float
        Least cash kept. [USD]

    Returns
    -------
    OpeningBalance
        Balances at the end; cash is never under the floor.

    Notes
    -----
    NaN propagates. A loan is never repaid out of cash above the floor.
    """
    interest_usd = loan_usd * loan_rate_per_year * months / MONTHS_PER_YEAR
    spent_usd = (
        btc_mined * cash_cost_usd_per_btc
        + general_admin_usd_per_month * months
        + interest_usd
        + other_cost_usd
    )
    unfunded_usd = cash_usd + receipts_usd - spent_usd
    drawn_usd = max(cash_floor_usd - unfunded_usd, 0.0)
    return OpeningBalance(
        cash_usd=unfunded_usd + drawn_usd,
        loan_usd=loan_usd + drawn_usd,
        btc_pledged=btc_held,
        drawn_usd=drawn_usd,
    )


@dataclass(frozen=True, slots=True)
class BookRollForward:
    """Book value of machines on the day of a study.

    Parameters
    ----------
    book_value_usd : float
        Net book value. [USD]
    remaining_life_months : float
        Months until it is written off at the published pace. [months]
    """

    book_value_usd: float
    remaining_life_months: float


def roll_forward_book_value(
    book_value_usd: float, depreciation_usd_per_quarter: float, *, months: int
) -> BookRollForward:
    """Return a published book value after some more months of even depreciation.

    Parameters
    ----------
    book_value_usd : float
        Published net book value. [USD]
    depreciation_usd_per_quarter : float
        Published depreciation of a quarter, must be positive. [USD]
    months : int
        Months since. [months]

    Returns
    -------
    BookRollForward
        Never under zero.
    """
    monthly_usd = depreciation_usd_per_quarter / _MONTHS_PER_QUARTER
    left_usd = max(book_value_usd - monthly_usd * months, 0.0)
    return BookRollForward(left_usd, left_usd / monthly_usd)
