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
from models.debt_limits import FINANCED_ITEMS
from models.ledger import ITEMS
from models.tax import profit_levies_usd, terminal_tax_usd

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.book import Book
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
    earned_usd : ndarray of shape (n_scenarios, n_sites, n_periods)
        Operating flows and machine sales before tax: what may serve debt. [USD]
    financed_usd : ndarray of shape (n_kinds, n_sites, n_periods)
        Paid in the first scenario for what each kind of debt facility may finance, in
        the order of `models.debt_limits.FINANCED_ITEMS`. [USD]
    """

    before_tax_usd: FloatArray
    profit_usd: FloatArray
    terminal_usd: FloatArray
    invested_usd: FloatArray
    early_relief_usd: FloatArray
    earned_usd: FloatArray
    financed_usd: FloatArray

    def less(self, other: SiteAccounts) -> SiteAccounts:
        """Return these accounts less others of the same shape."""
        return SiteAccounts(
            before_tax_usd=self.before_tax_usd - other.before_tax_usd,
            profit_usd=self.profit_usd - other.profit_usd,
            terminal_usd=self.terminal_usd - other.terminal_usd,
            invested_usd=self.invested_usd - other.invested_usd,
            early_relief_usd=self.early_relief_usd - other.early_relief_usd,
            earned_usd=self.earned_usd - other.earned_usd,
            financed_usd=self.financed_usd - other.financed_usd,
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
        flow, _ = self.taxed_usd(study)
        return flow

    def taxed_usd(self, study: Study) -> tuple[FloatArray, FloatArray]:
        """Return flows, and cash that may serve debt, after each site's own tax.

        Parameters
        ----------
        study : Study
            Study with the sites' tax regimes.

        Returns
        -------
        flow_usd : ndarray of shape (n_scenarios, n_sites, n_periods + 1)
            As `after_tax_usd`. [USD]
        cash_usd : ndarray of shape (n_scenarios, n_sites, n_periods)
            Cash available as in `models.debt_limits.service_cover`. [USD]
        """
        flow, cash = self.before_tax_usd.copy(), self.earned_usd.copy()
        for index, site in enumerate(study.sites):
            terms = study.tax_terms(site)
            levies = profit_levies_usd(self.profit_usd[:, index], terms)
            early = self.early_relief_usd[:, index]
            put_off = terminal_tax_usd(early, levies.loss_left_usd, terms)
            flow[:, index, 1:] -= levies.total_usd
            flow[:, index, -1] -= put_off
            cash[:, index] -= levies.total_usd
        return flow, cash


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
    profit = taxable_profit_usd(book)
    return SiteAccounts(
        before_tax_usd=total,
        profit_usd=profit,
        terminal_usd=terminal,
        invested_usd=invested,
        early_relief_usd=book.early_relief_usd,
        # Profit is what is earned less depreciation, in `taxable_profit_usd` too.
        earned_usd=profit + book.depreciation_usd,
        financed_usd=_financed_usd(book),
    )


def _financed_usd(book: Book) -> FloatArray:
    """Return payments of the first scenario, (n_kinds, n_sites, n_periods) [USD]."""
    paid = np.zeros_like(
        book.mined_btc, shape=(len(FINANCED_ITEMS), *book.mined_btc.shape[1:])
    )
    for kind, names in enumerate(FINANCED_ITEMS.values()):
        for name in names:
            if name in book.items:
                paid[kind] -= book.items[name][0, :, 1:]
    return paid
