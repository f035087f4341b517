# SPDX-License-Identifier: Apache-2.0
"""What loans leave to equity: debt flows, and the tax that interest and fees save.

Sizing a draw stands in `models.debt_sizing`, what a draw costs in `models.debt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.debt import DebtPath
from models.tax import profit_levies_usd, terminal_tax_usd
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from models.tax import TaxTerms

__all__ = ["TaxGroup", "equity_flow_usd", "joined_debt", "no_debt"]


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """The tax group that carries the company's interest, as business as usual has it.

    Parameters
    ----------
    terms : TaxTerms
        Terms of the tax site.
    profit_usd : ndarray of shape (n_scenarios, n_periods)
        Profit of the group before the interest of a project's loans. [USD]
    early_relief_usd : ndarray of shape (n_scenarios,)
        Tax saved by write-off ahead of straight line. [USD]
    """

    terms: TaxTerms
    profit_usd: FloatArray
    early_relief_usd: FloatArray

    @classmethod
    def of(
        cls, study: Study, profit_usd: FloatArray, early_relief_usd: FloatArray
    ) -> TaxGroup:
        """Return the group of a company from its tax site under business as usual.

        Interest is that of the opening loan on BTC until it falls due.

        Parameters
        ----------
        study : Study
            Study of the company.
        profit_usd : ndarray of shape (n_scenarios, n_periods)
            Own profit of the tax site. [USD]
        early_relief_usd : ndarray of shape (n_scenarios,)
            Its tax saved by write-off ahead of straight line. [USD]
        """
        company = study.company
        due = study.period_of(company.loan.maturity_month)
        months = np.arange(study.time.months)
        interest = company.loan.principal_usd * company.loan.rate_per_year
        paid = np.where(months <= due, interest / MONTHS_PER_YEAR, 0.0)
        profit = profit_usd + company.overhead_usd_per_month - paid
        terms = study.tax_terms(study.site(company.tax_site))
        return cls(terms, profit, early_relief_usd)

    def less_cost(self, cost_usd: FloatArray) -> FloatArray:
        """Return levies with a monthly cost deducted, (n_scenarios, n_periods) [USD].

        The last month carries the tax put off to the horizon.
        """
        levies = profit_levies_usd(self.profit_usd - cost_usd, self.terms)
        total = levies.total_usd
        total[:, -1] += terminal_tax_usd(
            self.early_relief_usd, levies.loss_left_usd, self.terms
        )
        return total


def equity_flow_usd(
    flow_usd: FloatArray, path: DebtPath, tax_saved_usd: FloatArray
) -> FloatArray:
    """Return what unlevered flows leave to equity.

    ``flow + draws - fees - interest - instalments + tax saved``, and at the horizon
    less what is still owed.

    Parameters
    ----------
    flow_usd : ndarray of shape (n_scenarios, n_periods + 1)
        After tax, unlevered. [USD]
    path : DebtPath
        Debt.
    tax_saved_usd : ndarray of shape (n_scenarios, n_periods)
        By interest and fees. [USD]

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods + 1)
        Flows to equity. [USD]
    """
    own = flow_usd.copy()
    debt = path.drawn_usd - path.fees_usd - path.service_usd
    own[:, 1:] += debt.sum(axis=0) + tax_saved_usd
    own[:, -1] -= path.balance_usd[:, -1].sum()
    return own


def no_debt(n_periods: int) -> DebtPath:
    """Return the path of no facility over a horizon [months]."""
    none = np.zeros((0, n_periods))
    return DebtPath(none, none, none, none, np.zeros((0, n_periods + 1)))


def joined_debt(one: DebtPath, other: DebtPath) -> DebtPath:
    """Return the facilities of two paths as one, in order."""
    return DebtPath(
        drawn_usd=np.vstack([one.drawn_usd, other.drawn_usd]),
        fees_usd=np.vstack([one.fees_usd, other.fees_usd]),
        interest_usd=np.vstack([one.interest_usd, other.interest_usd]),
        repayment_usd=np.vstack([one.repayment_usd, other.repayment_usd]),
        balance_usd=np.vstack([one.balance_usd, other.balance_usd]),
    )
