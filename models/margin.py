# SPDX-License-Identifier: Apache-2.0
"""Margin calls on the loan against pledged BTC: when one comes, and how it is met.

What does not belong here: the plan's own sales and pledges (`models.treasury`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.company import BtcLoan, Company

__all__ = [
    "MAX_LTV_FRAC",
    "MarginStep",
    "btc_to_restore",
    "loan_to_value_frac",
    "margin_call_price_usd",
    "margin_step",
    "opening_call_price_usd",
    "opening_ltv_frac",
]

_ROUNDING: Final = 1e-9
"""A loan this share over the call level is at it."""
_LEAST_LOAN_USD: Final = 0.01
"""A smaller loan is rounding and never called."""

MAX_LTV_FRAC: Final = 10.0
"""Loan to value is said to be this where it is more, or where nothing is pledged."""


@dataclass(frozen=True, slots=True)
class MarginStep:
    """How one month's margin call was met; zeros where none came.

    Parameters
    ----------
    is_called, is_liquidated : ndarray of shape (n_scenarios,)
        1 where a call came, and where the lender sold. [flag]
    cash_usd : ndarray of shape (n_scenarios,)
        Principal repaid out of cash, what pledged BTC no longer covers
        included. [USD]
    btc_pledged : ndarray of shape (n_scenarios,)
        Free BTC pledged. [BTC]
    btc_sold, proceeds_usd : ndarray of shape (n_scenarios,)
        Pledged BTC sold by the company or the lender; all proceeds repay. [BTC, USD]
    """

    is_called: FloatArray
    is_liquidated: FloatArray
    cash_usd: FloatArray
    btc_pledged: FloatArray
    btc_sold: FloatArray
    proceeds_usd: FloatArray


def margin_call_price_usd(
    loan: BtcLoan, loan_usd: FloatArray, btc_pledged: FloatArray
) -> FloatArray:
    """Return the BTC price at which the loan is called.

    ``price = loan / (call level x pledged)``; infinite without a pledge under a loan,
    zero without a loan.

    Parameters
    ----------
    loan : BtcLoan
        Terms.
    loan_usd, btc_pledged : ndarray of any one shape
        Balances. [USD, BTC]

    Returns
    -------
    ndarray of that shape
        Price. [USD/BTC]
    """
    backed = loan.margin_call_ltv_frac * btc_pledged
    safe = np.where(backed > 0.0, backed, 1.0)
    bare = np.where(loan_usd > 0.0, np.inf, 0.0)
    price: FloatArray = np.where(backed > 0.0, loan_usd / safe, bare)
    return price


def loan_to_value_frac(
    loan_usd: FloatArray, btc_pledged: FloatArray, price_usd: FloatArray
) -> FloatArray:
    """Return the loan over the value of what is pledged for it.

    Parameters
    ----------
    loan_usd, btc_pledged : ndarray of any one shape
        Balances. [USD, BTC]
    price_usd : ndarray of that shape
        Price. [USD/BTC]

    Returns
    -------
    ndarray of that shape
        0 without a loan, at most `MAX_LTV_FRAC`. [ratio]
    """
    value = btc_pledged * price_usd
    safe = np.where(value > 0.0, value, 1.0)
    share = np.where(value > 0.0, loan_usd / safe, MAX_LTV_FRAC)
    is_owed = loan_usd > _LEAST_LOAN_USD
    frac: FloatArray = np.where(is_owed, np.minimum(share, MAX_LTV_FRAC), 0.0)
    return frac


def opening_call_price_usd(company: Company) -> float:
    """Return the BTC price at which the opening loan is called [USD/BTC].

    Infinite without a pledge under the loan, zero without a loan.
    """
    owed, held = (
        np.array([x]) for x in (company.loan.principal_usd, company.btc_pledged)
    )
    return float(margin_call_price_usd(company.loan, owed, held)[0])


def opening_ltv_frac(company: Company, price_usd: float) -> float:
    """Return the opening loan over its pledge at a price, see `loan_to_value_frac`."""
    balances = (company.loan.principal_usd, company.btc_pledged, price_usd)
    return float(loan_to_value_frac(*(np.array([x]) for x in balances))[0])


def btc_to_restore(
    short_usd: FloatArray,
    fetched_usd: FloatArray,
    level_usd: FloatArray,
    btc_pledged: FloatArray,
) -> FloatArray:
    """Return the pledged BTC whose sale, all of it repaying, restores a loan's level.

    ``loan - s x = l (pledged - x)`` with s fetched and l backed per BTC, so ``x =
    short / (s - l)`` with ``short = loan - l pledged``; never over the pledge. Terms
    are checked to leave a gap between s and l.

    Parameters
    ----------
    short_usd : ndarray of shape (n_scenarios,)
        Principal over what the pledge backs, >= 0. [USD]
    fetched_usd, level_usd : ndarray of shape (n_scenarios,)
        What one BTC brings, and what it backs. [USD/BTC]
    btc_pledged : ndarray of shape (n_scenarios,)
        Pledge. [BTC]

    Returns
    -------
    ndarray of shape (n_scenarios,)
        BTC to sell. [BTC]
    """
    sold: FloatArray = np.minimum(short_usd / (fetched_usd - level_usd), btc_pledged)
    return sold


def margin_step(
    loan: BtcLoan,
    *,
    selling_cost_frac: float,
    price_usd: FloatArray,
    low_usd: FloatArray,
    dip_frac: FloatArray,
    cash_over_floor_usd: FloatArray,
    loan_usd: FloatArray,
    btc_free: FloatArray,
    btc_pledged: FloatArray,
) -> MarginStep:
    """Return how a month's margin call is met: cash, free BTC, sale, liquidation.

    A call comes if ``loan > call level x low x pledged``. It is met by restoring the
    initial level i at the low price q: first cash above the floor, then free BTC
    pledged, then pledged BTC x sold at s per BTC, all proceeds repaying:
    ``loan - s x = i q (pledged - x)``, so ``x = (loan - i q pledged) / (s - i q)``.
    The company sells at ``s = q (1 - selling cost)``; the lender at ``s = q (1 -
    penalty)`` if, within the cure time after the call, the price fell so far that the
    loan stood at the liquidation level: ``loan >= liquidation level x dip x (price at
    the call) x pledged``. The price at the call is the price that calls the loan, or
    the one that the month starts from if that is lower: in between the price falls
    without a gap. What the pledge no longer covers is due in cash.

    Parameters
    ----------
    loan : BtcLoan
        Levels and penalty.
    selling_cost_frac : float
        Cost of an orderly sale. [share 0-1]
    price_usd, low_usd : ndarray of shape (n_scenarios,)
        Price from which the month starts (its own where it jumps there, without a path
        inside the month), and its lowest price. [USD/BTC]
    dip_frac : ndarray of shape (n_scenarios,)
        Lowest price within the cure time over that at the call. [share 0-1]
    cash_over_floor_usd, loan_usd : ndarray of shape (n_scenarios,)
        Cash that may be used; principal. [USD]
    btc_free, btc_pledged : ndarray of shape (n_scenarios,)
        Balances. [BTC]

    Returns
    -------
    MarginStep
        Arrays of shape (n_scenarios,).
    """
    level = loan.initial_ltv_frac * low_usd
    call_usd = loan.margin_call_ltv_frac * low_usd * btc_pledged
    is_called = loan_usd > np.maximum(call_usd * (1.0 + _ROUNDING), _LEAST_LOAN_USD)
    short = np.where(is_called, np.maximum(loan_usd - level * btc_pledged, 0.0), 0.0)
    cash = np.minimum(np.maximum(cash_over_floor_usd, 0.0), short)
    short = short - cash
    # At a level of zero nothing that is pledged backs a loan.
    wanted = short / np.where(level > 0.0, level, np.inf)
    more = np.minimum(btc_free, wanted)
    # What rounding would leave of a call that free BTC meets is no reason to sell.
    is_met = (level > 0.0) & (wanted <= btc_free)
    short = np.where(is_met, 0.0, np.maximum(short - level * more, 0.0))
    held, owed = btc_pledged + more, loan_usd - cash
    at_call = np.minimum(price_usd, margin_call_price_usd(loan, loan_usd, btc_pledged))
    is_liquidated = (
        is_called
        & (short > 0.0)
        & (owed >= loan.liquidation_ltv_frac * at_call * dip_frac * held)
    )
    lost = np.where(is_liquidated, loan.liquidation_penalty_frac, selling_cost_frac)
    fetched = low_usd * (1.0 - lost)
    sold = btc_to_restore(short, fetched, level, held)
    proceeds = fetched * sold
    bare = np.where(sold >= held, np.maximum(owed - proceeds, 0.0), 0.0)
    return MarginStep(
        is_called=np.where(is_called, 1.0, 0.0),
        is_liquidated=np.where(is_liquidated, 1.0, 0.0),
        cash_usd=cash + np.where(is_called, bare, 0.0),
        btc_pledged=more,
        btc_sold=sold,
        proceeds_usd=proceeds,
    )
