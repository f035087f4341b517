# SPDX-License-Identifier: Apache-2.0
"""Site accounts: a plan's flows site by site, without the company's treasury.

The same book as `models.cashflow.evaluate` closes, for projects that are valued on
unlevered flows. Two accounts may be taken from one another; the rest is then taxed as a
company of its own. What does not belong here: which projects there are
(`optimizer.screening`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.cashflow import filled_book, taxable_profit_usd
from models.ledger import ITEMS
from models.tax import profit_levies_usd, terminal_tax_usd

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

__all__ = ["SiteAccounts", "site_accounts"]

_KINDS: Final = {item.name: item.kind for item in ITEMS}


@dataclass(frozen=True, slots=True)
class SiteAccounts:
    """Flows of each site before tax, and what is taxed.

    Parameters
    ----------
    before_tax_usd : ndarray of shape (n_scenarios, n_sites, n_periods + 1)
        Flows, end-of-horizon values included. [USD]
    profit_usd : ndarray of shape (n_scenarios, n_sites, n_periods)
        Taxable profit before losses brought forward. [USD]
    terminal_usd : ndarray of shape (n_scenarios, n_sites)
        End-of-horizon values, part of the last flow. [USD]
    invested_usd : ndarray of shape (n_scenarios, n_sites)
        Everything paid for builds, machines and deposits, >= 0. [USD]
    early_relief_usd : ndarray of shape (n_scenarios, n_sites)
        Tax saved by write-off ahead of straight line. [USD]
    """

    before_tax_usd: FloatArray
    profit_usd: FloatArray
    terminal_usd: FloatArray
    invested_usd: FloatArray
    early_relief_usd: FloatArray

    def less(self, other: SiteAccounts) -> SiteAccounts:
        """Return these accounts less others of the same shape."""
        return SiteAccounts(
            before_tax_usd=self.before_tax_usd - other.before_tax_usd,
            profit_usd=self.profit_usd - other.profit_usd,
            terminal_usd=self.terminal_usd - other.terminal_usd,
            invested_usd=self.invested_usd - other.invested_usd,
            early_relief_usd=self.early_relief_usd - other.early_relief_usd,
        )

    def after_tax_usd(self, study: Study) -> FloatArray:
        """Return flows after the tax that each site would pay alone.

        Parameters
        ----------
        study : Study
            Study with the sites' tax regimes.

        Returns
        -------
        ndarray of shape (n_scenarios, n_sites, n_periods + 1)
            What `models.ledger.Ledger.site_flow_usd` returns. [USD]
        """
        flow = self.before_tax_usd.copy()
        for index, site in enumerate(study.sites):
            terms = study.tax_terms(site)
            levies = profit_levies_usd(self.profit_usd[:, index], terms)
            early = self.early_relief_usd[:, index]
            put_off = terminal_tax_usd(early, levies.loss_left_usd, terms)
            flow[:, index, 1:] -= levies.total_usd
            flow[:, index, -1] -= put_off
        return flow


def site_accounts(study: Study, plan: Plan, paths: MarketPaths) -> SiteAccounts:
    """Return the accounts of every site under a plan.

    Parameters
    ----------
    study : Study
        Study the plan belongs to.
    plan : Plan
        Decisions; those on treasury are not looked at.
    paths : MarketPaths
        Futures, shape (n_scenarios, ...). [mixed]

    Returns
    -------
    SiteAccounts
        On the array module of the paths.

    Raises
    ------
    ValueError
        If the plan's months differ from the study's.
    """
    book = filled_book(study, plan, paths)
    n_scenarios, n_sites, n_periods = book.mined_btc.shape
    total = np.zeros_like(book.mined_btc, shape=(n_scenarios, n_sites, n_periods + 1))
    terminal = np.zeros_like(book.mined_btc[:, :, 0])
    invested = np.zeros_like(terminal)
    for name, flow in book.items.items():
        total += flow
        if _KINDS[name] == "terminal":
            terminal += flow[:, :, -1]
        elif _KINDS[name] == "investment":
            invested -= np.minimum(flow, 0.0).sum(axis=2)
    return SiteAccounts(
        before_tax_usd=total,
        profit_usd=taxable_profit_usd(book),
        terminal_usd=terminal,
        invested_usd=invested,
        early_relief_usd=book.early_relief_usd,
    )
