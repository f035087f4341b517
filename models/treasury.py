# SPDX-License-Identifier: Apache-2.0
"""Treasury: cash, BTC and the loan, month by month, path by path.

The plan's BTC sales are followed as far as BTC is there; if cash would end a month
under its floor, free BTC is sold, then pledged BTC, then emergency equity is raised.
On the plan's own base path none of this happens. What does not belong here: what sites
earn (`models.cashflow`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.tax import profit_tax_step
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.company import Company
    from models.plan import Plan

__all__ = ["TreasuryPath", "loan_usd_per_pledged_btc", "treasury_path"]


@dataclass(frozen=True, slots=True)
class TreasuryPath:
    """Balances and flows of the treasury.

    Balances have ``n_periods + 1`` entries, index 0 the opening, index t + 1 the end of
    month t; flows have ``n_periods``.

    Parameters
    ----------
    cash_usd, loan_usd : ndarray of shape (n_scenarios, n_periods + 1)
        Balances. [USD]
    btc_free, btc_pledged : ndarray of shape (n_scenarios, n_periods + 1)
        Balances. [BTC]
    btc_sold : ndarray of shape (n_scenarios, n_periods)
        Free and pledged BTC sold. [BTC]
    btc_sales_usd, interest_usd, repayment_usd, equity_usd : ndarray of shape \
(n_scenarios, n_periods)
        Proceeds after selling cost; loan interest and principal paid; emergency
        equity raised. All >= 0. [USD]
    corporate_tax_usd : ndarray of shape (n_scenarios, n_periods)
        Tax of the group that carries corporate costs and interest. [USD]
    """

    cash_usd: FloatArray
    loan_usd: FloatArray
    btc_free: FloatArray
    btc_pledged: FloatArray
    btc_sold: FloatArray
    btc_sales_usd: FloatArray
    interest_usd: FloatArray
    repayment_usd: FloatArray
    equity_usd: FloatArray
    corporate_tax_usd: FloatArray


def loan_usd_per_pledged_btc(company: Company) -> float:
    """Return the loan that a sale of one pledged BTC repays, constant by construction.

    Returns
    -------
    float
        Opening principal over opening pledged BTC; 0 without either. [USD/BTC]
    """
    if company.btc_pledged <= 0.0:
        return 0.0
    return company.loan.principal_usd / company.btc_pledged


def treasury_path(
    company: Company,
    plan: Plan,
    *,
    maturity_period: int,
    operating_cash_usd: FloatArray,
    corporate_profit_usd: FloatArray,
    tax_rate_frac: float,
    loss_use_cap_frac: float,
    mined_btc: FloatArray,
    btc_price_usd: FloatArray,
) -> TreasuryPath:
    """Return balances and flows of cash, BTC and loan.

    Parameters
    ----------
    company : Company
        Opening balances and terms.
    plan : Plan
        BTC sales and emergency equity planned.
    maturity_period : int
        Period in which the principal falls due, before that month's sales; pledged BTC
        is then free. At or past the horizon: not within it. [period]
    operating_cash_usd : ndarray of shape (n_scenarios, n_periods)
        Cash of sites and company before interest, loan, BTC and the tax of the group
        that carries corporate costs. [USD]
    corporate_profit_usd : ndarray of shape (n_scenarios, n_periods)
        Taxable profit of that group before interest. [USD]
    tax_rate_frac, loss_use_cap_frac : float
        Its tax terms, see `models.tax`. [share 0-1]
    mined_btc : ndarray of shape (n_scenarios, n_periods)
        Output taken over. [BTC]
    btc_price_usd : ndarray of shape (n_scenarios, n_periods)
        Price at which BTC is sold. [USD/BTC]

    Returns
    -------
    TreasuryPath
        Arrays on the same module as the inputs.

    Notes
    -----
    A sale of pledged BTC repays ``loan / pledged`` per BTC first. Where that exceeds
    the proceeds, pledged BTC is not sold to mend the floor (it would cost cash).
    """
    n_periods = mined_btc.shape[1]
    track = {
        name: np.zeros_like(mined_btc, shape=(mined_btc.shape[0], n_periods + extra))
        for name, extra in _TRACKS.items()
    }
    ones = np.ones_like(mined_btc[:, 0])
    cash, loan = company.cash_usd * ones, company.loan.principal_usd * ones
    free, pledged = company.btc_free * ones, company.btc_pledged * ones
    losses = np.zeros_like(cash)
    per_btc = loan_usd_per_pledged_btc(company)
    keep = 1.0 - company.btc_selling_cost_frac
    _record(track, 0, cash, loan, free, pledged)
    for period in range(n_periods):
        price = btc_price_usd[:, period] * keep
        interest = loan * (company.loan.rate_per_year / MONTHS_PER_YEAR)
        tax, losses = profit_tax_step(
            corporate_profit_usd[:, period] - interest,
            losses,
            tax_rate_frac,
            loss_use_cap_frac,
        )
        cash = cash + operating_cash_usd[:, period] - interest - tax
        free = free + mined_btc[:, period]
        due = np.zeros_like(cash)
        if period == maturity_period:
            due, loan = loan, np.zeros_like(loan)
            free, pledged = free + pledged, np.zeros_like(pledged)
        sold_free, sold_pledged, equity = _sales_and_equity(
            plan,
            period,
            cash_usd=cash - due,
            floor_usd=company.cash_floor_usd,
            price_usd=price,
            loan_per_btc_usd=per_btc,
            free=free,
            pledged=pledged,
        )
        repaid = per_btc * sold_pledged
        free, pledged, loan = free - sold_free, pledged - sold_pledged, loan - repaid
        proceeds = price * (sold_free + sold_pledged)
        cash = cash - due + proceeds - repaid + equity
        track["btc_sold"][:, period] = sold_free + sold_pledged
        track["btc_sales_usd"][:, period] = proceeds
        track["interest_usd"][:, period] = interest
        track["repayment_usd"][:, period] = due + repaid
        track["equity_usd"][:, period] = equity
        track["corporate_tax_usd"][:, period] = tax
        _record(track, period + 1, cash, loan, free, pledged)
    return TreasuryPath(**track)


def _sales_and_equity(
    plan: Plan,
    period: int,
    *,
    cash_usd: FloatArray,
    floor_usd: float,
    price_usd: FloatArray,
    loan_per_btc_usd: float,
    free: FloatArray,
    pledged: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return free BTC sold, pledged BTC sold and equity: as planned, and what mends."""
    sold_free = np.minimum(plan.btc_sold_free[period], free)
    sold_pledged = np.minimum(plan.btc_sold_pledged[period], pledged)
    equity = plan.emergency_equity_usd[period]
    after = (
        cash_usd
        + price_usd * sold_free
        + (price_usd - loan_per_btc_usd) * sold_pledged
        + equity
    )
    # Rounding within 1e-9 of the floor must not trigger a rescue nobody needs.
    is_short = after < floor_usd - 1e-9 * (floor_usd + 1.0)
    more_free, more_pledged, rescue = _rescue(
        short_usd=np.where(is_short, floor_usd - after, 0.0),
        price_usd=price_usd,
        loan_per_btc_usd=loan_per_btc_usd,
        free=free - sold_free,
        pledged=pledged - sold_pledged,
    )
    return sold_free + more_free, sold_pledged + more_pledged, equity + rescue


def _rescue(
    *,
    short_usd: FloatArray,
    price_usd: FloatArray,
    loan_per_btc_usd: float,
    free: FloatArray,
    pledged: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return free BTC, pledged BTC and equity that mend a shortfall, in that order."""
    more_free = np.minimum(short_usd / price_usd, free)
    short_usd = short_usd - price_usd * more_free
    gain_usd = np.maximum(price_usd - loan_per_btc_usd, 0.0)
    more_pledged = np.where(
        gain_usd > 0.0, np.minimum(short_usd / np.maximum(gain_usd, 1e-9), pledged), 0.0
    )
    return more_free, more_pledged, np.maximum(short_usd - gain_usd * more_pledged, 0.0)


_TRACKS = {
    "cash_usd": 1,
    "loan_usd": 1,
    "btc_free": 1,
    "btc_pledged": 1,
    "btc_sold": 0,
    "btc_sales_usd": 0,
    "interest_usd": 0,
    "repayment_usd": 0,
    "equity_usd": 0,
    "corporate_tax_usd": 0,
}


def _record(
    track: dict[str, FloatArray],
    index: int,
    cash: FloatArray,
    loan: FloatArray,
    free: FloatArray,
    pledged: FloatArray,
) -> None:
    track["cash_usd"][:, index] = cash
    track["loan_usd"][:, index] = loan
    track["btc_free"][:, index] = free
    track["btc_pledged"][:, index] = pledged
