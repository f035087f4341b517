# SPDX-License-Identifier: Apache-2.0
"""Tax on profit, one group per site: losses, holidays and withholding.

Tax is reckoned and paid by the month. In a month with profit P and taxable share s
(1 outside holidays), gain g = max(P, 0) and loss l = max(-P, 0)::

    use      = min(balance, cap x s x g)
    tax      = rate x (s x g - use)
    withheld = withholding share x (g - use - tax)
    balance  = balance - use + s x l

and, where losses expire after K months, balance = min(balance, s x l of the last K
months), which is exact for losses used first in, first out. Of an exempt share of
profit neither gains nor losses count for tax, and its gains are paid up like others.

Machines and plant are written off by their schedule whatever happens to them, and sale
proceeds are income (the general asset account method of 26 CFR 1.168(i)-1, simplified).
What does not belong here: what profit is made of (`models.cashflow`), schedules
(`models.depreciation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.months import months_between

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.tax_regime import TaxRegime

__all__ = [
    "Levies",
    "TaxAccount",
    "TaxTerms",
    "profit_levies_usd",
    "tax_terms",
    "taxable_shares",
    "terminal_tax_usd",
]


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """What a regime asks of a profit, month by month.

    Parameters
    ----------
    rate_frac, loss_use_cap_frac, withholding_frac : float
        Tax rate, largest share of a taxable profit that losses may offset, tax on
        profit paid up. [share 0-1]
    loss_life_months : int or None
        Months after its own in which a loss may be used. [months]
    taxable_frac : tuple of float, length n_periods
        Share of a month's profit outside holidays. [share 0-1]
    """

    rate_frac: float
    loss_use_cap_frac: float
    taxable_frac: tuple[float, ...]
    withholding_frac: float = 0.0
    loss_life_months: int | None = None

    @property
    def relief_frac(self) -> float:
        """What each USD of loss used saves: ``rate + withholding x (1 - rate)``."""
        return self.rate_frac + self.withholding_frac * (1.0 - self.rate_frac)

    def levy_frac(self, period: int) -> float:
        """Return tax and withholding per USD of profit without losses to use.

        ``rate x s + withholding x (1 - rate x s)`` [share 0-1]. It is never under
        ``s x relief``, so that a gain and a loss made up together never pay.
        """
        taxed = self.rate_frac * self.taxable_frac[period]
        return taxed + self.withholding_frac * (1.0 - taxed)

    @property
    def expires_within(self) -> bool:
        """Whether a loss of the horizon can expire within it."""
        life = self.loss_life_months
        return life is not None and life < len(self.taxable_frac)


def taxable_shares(
    regime: TaxRegime, start_month: str, n_periods: int
) -> tuple[float, ...]:
    """Return the share of profit outside holidays, length n_periods [share 0-1].

    Parameters
    ----------
    regime : TaxRegime
        Holidays.
    start_month : str
        Calendar month of the first period, ISO ``YYYY-MM``.
    n_periods : int
        Months wanted. [months]
    """
    shares = [1.0] * n_periods
    for holiday in regime.holidays:
        first = max(months_between(start_month, holiday.first_month), 0)
        until = min(months_between(start_month, holiday.last_month) + 1, n_periods)
        for period in range(first, until):
            shares[period] = 1.0 - holiday.exempt_frac
    return tuple(shares)


def tax_terms(regime: TaxRegime, start_month: str, n_periods: int) -> TaxTerms:
    """Return what a regime asks over a horizon.

    Parameters
    ----------
    regime : TaxRegime
        Regime of a site.
    start_month : str
        Calendar month of the first period, ISO ``YYYY-MM``.
    n_periods : int
        Horizon. [months]
    """
    return TaxTerms(
        rate_frac=regime.rate_frac,
        loss_use_cap_frac=regime.loss_use_cap_frac,
        withholding_frac=regime.withholding_frac,
        loss_life_months=regime.loss_life_months,
        taxable_frac=taxable_shares(regime, start_month, n_periods),
    )


class TaxAccount:
    """The tax account of one group: give it each month's profit in order."""

    def __init__(self, terms: TaxTerms, like_usd: FloatArray) -> None:
        self._terms = terms
        self.loss_balance_usd: FloatArray = np.zeros_like(like_usd)
        """Losses that may still be used, shape (n_scenarios,). [USD]"""
        self._nothing = self.loss_balance_usd
        self._losses: list[FloatArray] = [self._nothing]
        self._period = 0

    def step(self, profit_usd: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return tax and tax withheld of the next month, and carry losses on.

        Parameters
        ----------
        profit_usd : ndarray of shape (n_scenarios,)
            Taxable profit of the month before losses brought forward. [USD]

        Returns
        -------
        tuple of ndarray of shape (n_scenarios,)
            Tax and tax withheld, >= 0. [USD]
        """
        terms, balance = self._terms, self.loss_balance_usd
        share = terms.taxable_frac[self._period]
        gain = np.maximum(profit_usd, 0.0)
        loss = gain - profit_usd
        taxable = gain
        if share != 1.0:
            taxable, loss = share * gain, share * loss
        use = np.minimum(balance, terms.loss_use_cap_frac * taxable)
        tax = terms.rate_frac * (taxable - use)
        withheld = self._nothing
        if terms.withholding_frac:
            withheld = terms.withholding_frac * (gain - use - tax)
        balance = balance - use + loss
        if terms.expires_within:
            # Running total of losses, so that the last K are one difference.
            self._losses.append(self._losses[-1] + loss)
            life = terms.loss_life_months or 0
            if len(self._losses) > life + 1:
                recent = self._losses[-1] - self._losses[-1 - life]
                balance = np.minimum(balance, recent)
        self.loss_balance_usd = balance
        self._period += 1
        return tax, withheld


@dataclass(frozen=True, slots=True)
class Levies:
    """What a profit cost in tax.

    Parameters
    ----------
    tax_usd, withheld_usd : ndarray of shape (n_scenarios, n_periods)
        Profit tax and tax withheld, >= 0, paid in the month they arise. [USD]
    loss_left_usd : ndarray of shape (n_scenarios,)
        Losses that may still be used at the end, >= 0. [USD]
    """

    tax_usd: FloatArray
    withheld_usd: FloatArray
    loss_left_usd: FloatArray

    @property
    def total_usd(self) -> FloatArray:
        """Tax and tax withheld, (n_scenarios, n_periods) [USD]."""
        return self.tax_usd + self.withheld_usd


def profit_levies_usd(profit_usd: FloatArray, terms: TaxTerms) -> Levies:
    """Return monthly profit tax and tax withheld, and the losses left.

    Parameters
    ----------
    profit_usd : ndarray of shape (n_scenarios, n_periods)
        Taxable profit before losses brought forward. [USD]
    terms : TaxTerms
        Terms over the same months.

    Returns
    -------
    Levies
        Arrays on the same module as the profit.
    """
    tax, withheld = np.zeros_like(profit_usd), np.zeros_like(profit_usd)
    account = TaxAccount(terms, profit_usd[:, 0])
    for period in range(profit_usd.shape[1]):
        tax[:, period], paid_up = account.step(profit_usd[:, period])
        if terms.withholding_frac:
            withheld[:, period] = paid_up
    return Levies(tax, withheld, account.loss_balance_usd)


def terminal_tax_usd(
    early_relief_usd: FloatArray, loss_left_usd: FloatArray, terms: TaxTerms
) -> FloatArray:
    """Return the tax put off to the horizon by write-off ahead of straight line.

    ``max(saved early - relief of the losses left, 0)``: end values stand untaxed beside
    cost not yet written off straight line, so what was written off sooner is owed;
    losses left, often its very result, pay for it first.

    Parameters
    ----------
    early_relief_usd, loss_left_usd : ndarray of shape (n_scenarios,)
        See `models.depreciation.WriteOff` and `Levies`. [USD]
    terms : TaxTerms
        Terms of the group.

    Returns
    -------
    ndarray of shape (n_scenarios,)
        Owed at the horizon, >= 0. [USD]
    """
    owed = early_relief_usd - terms.relief_frac * loss_left_usd
    return np.maximum(owed, 0.0)
