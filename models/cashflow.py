# SPDX-License-Identifier: Apache-2.0
"""The monthly cash-flow engine: what a plan earns in every scenario.

This is the only place that adds a plan up: `models.book` multiplies the plan's
machines, builds and contracts by what one of each earns, and this module taxes
(`models.tax`), runs the treasury (`models.treasury`) and closes. Prices come in as
`MarketPaths`; the arrays may be NumPy or CuPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.book import Book
from models.debt import debt_path
from models.ledger import ITEMS, Ledger
from models.plan_fit import require_fit
from models.tax import TaxAccount, profit_levies_usd, terminal_tax_usd
from models.treasury import treasury_path

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.debt import DebtPath
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study
    from models.treasury import TreasuryPath

__all__ = ["evaluate", "filled_book", "taxable_profit_usd"]

_KINDS: Final = {item.name: item.kind for item in ITEMS}


def evaluate(study: Study, plan: Plan, paths: MarketPaths) -> Ledger:
    """Return the ledger of a plan in every scenario.

    Parameters
    ----------
    study : Study
        Study the plan belongs to, or another that has all it names.
    plan : Plan
        Decisions.
    paths : MarketPaths
        Futures, shape (n_scenarios, ...). [mixed]

    Returns
    -------
    Ledger
        Flows by item, site and month, on the array module of the paths.

    Raises
    ------
    ValueError
        If the plan's months differ from the study's.
    DataError
        If the plan names what the study does not have.
    """
    return _close(filled_book(study, plan, paths))


def filled_book(study: Study, plan: Plan, paths: MarketPaths) -> Book:
    """Return the book of a plan with everything posted but tax and treasury.

    Raises
    ------
    ValueError
        If the plan's months differ from the study's.
    DataError
        If the plan names what the study does not have.
    """
    require_fit(study, plan)
    book = Book(study, plan, paths)
    book.add_asics()
    book.add_gpus()
    book.add_orders()
    book.add_contracts()
    book.add_power()
    book.add_builds()
    return book


def taxable_profit_usd(book: Book) -> FloatArray:
    """Return each site's own profit, (n_scenarios, n_sites, n_periods) [USD]."""
    profit = -book.depreciation_usd
    for name, flow in book.items.items():
        if _is_taxed(name):
            profit = profit + flow[:, :, 1:]
    return profit


def _close(book: Book) -> Ledger:
    """Tax, run the treasury and return the ledger."""
    study, company = book.study, book.study.company
    tax_site = study.site_index(company.tax_site)
    profit = taxable_profit_usd(book)
    for site in range(len(study.sites)):
        if site != tax_site:
            _post_levies(book, site, profit[:, site])
    debt = debt_path(company.debt_facilities, book.plan.debt_draws, book.n_periods)
    terms = study.tax_terms(study.sites[tax_site])
    group = TaxAccount(terms, profit[:, tax_site, 0])
    treasury = _treasury(book, debt, group, profit[:, tax_site])
    # Posted after the treasury ran: it reckons the whole group's tax itself.
    alone, put_off = _post_levies(book, tax_site, profit[:, tax_site])
    corporate = _corporate(book, treasury, debt)
    corporate["overhead_tax"][:, 1:] += alone - treasury.corporate_tax_usd
    corporate["terminal_overhead_tax"][:, -1] += put_off - terminal_tax_usd(
        book.early_relief_usd[:, tax_site], group.loss_balance_usd, terms
    )
    return Ledger(
        site_items=book.items,
        corporate_items=corporate,
        treasury=treasury,
        debt=debt,
        mined_btc=book.mined_btc,
        mining_mwh=book.mining_mwh,
    )


def _post_levies(
    book: Book, site: int, profit_usd: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Post tax on a site's own profit; return it by month and as put off [USD]."""
    terms = book.study.tax_terms(book.study.sites[site])
    levies = profit_levies_usd(profit_usd, terms)
    early = book.early_relief_usd[:, site]
    put_off = terminal_tax_usd(early, levies.loss_left_usd, terms)
    book.post("profit_tax", site, -levies.tax_usd)
    if terms.withholding_frac:
        book.post("withholding_tax", site, -levies.withheld_usd)
    if early.any():
        book.post_terminal("terminal_tax", site, -put_off)
    return levies.total_usd, put_off


def _treasury(
    book: Book, debt: DebtPath, taxes: TaxAccount, profit_usd: FloatArray
) -> TreasuryPath:
    """Run cash, BTC, loan and the tax of the group that carries interest and fees."""
    study = book.study
    company = study.company
    overhead = company.overhead_usd_per_month
    paid = (debt.fees_usd + debt.interest_usd).sum(axis=0)
    principal = (debt.drawn_usd - debt.repayment_usd).sum(axis=0)
    like = book.mined_btc
    cash = (
        np.zeros_like(like[:, 0]) + overhead + np.asarray(principal - paid, like=like)
    )
    for name, flow in book.items.items():
        if name != "mining_revenue" and not name.startswith("terminal_"):
            cash = cash + flow[:, :, 1:].sum(axis=1)
    return treasury_path(
        company,
        book.plan,
        maturity_period=study.period_of(company.loan.maturity_month),
        operating_cash_usd=cash,
        corporate_profit_usd=profit_usd + overhead - np.asarray(paid, like=like),
        taxes=taxes,
        mined_btc=book.mined_btc.sum(axis=1),
        btc_price_usd=book.paths.btc_price_usd,
        btc_low_frac=book.paths.btc_low_frac,
        btc_dip_frac=book.paths.btc_dip_frac,
        opening_price_usd=study.market.btc_price_usd,
    )


def _corporate(
    book: Book, treasury: TreasuryPath, debt: DebtPath
) -> dict[str, FloatArray]:
    """Return flows of the company by item, (n_scenarios, n_periods + 1)."""
    company, price = book.study.company, book.paths.btc_price_usd
    none = np.zeros_like(treasury.cash_usd)

    def monthly(flow: FloatArray | float) -> FloatArray:
        array = none.copy()
        array[:, 1:] += np.asarray(flow, like=none)
        return array

    opening, last_btc = none.copy(), none.copy()
    last_loan, last_debt = none.copy(), none.copy()
    opening[:, 0] = company.cash_usd
    keep = company.sale_kept_frac
    held = treasury.btc_free[:, -1] + treasury.btc_pledged[:, -1]
    last_btc[:, -1] = held * price[:, -1] * keep
    last_loan[:, -1] = -treasury.loan_usd[:, -1]
    last_debt[:, -1] = -float(debt.balance_usd[:, -1].sum())
    claim = 1.0 + company.emergency_equity_premium_frac
    return {
        "opening_cash": opening,
        "general_admin": monthly(-company.general_admin_usd_per_month),
        "side_businesses": monthly(company.side_margin_usd_per_month),
        "btc_taken_over": monthly(-book.mined_btc.sum(axis=1) * price),
        "btc_sales": monthly(treasury.btc_sales_usd),
        "btc_purchases": monthly(-treasury.btc_purchases_usd),
        "overhead_tax": none.copy(),
        "loan_interest": monthly(-treasury.interest_usd),
        "loan_drawn": monthly(treasury.drawn_usd),
        "loan_repayment": monthly(-treasury.repayment_usd),
        "debt_drawn": monthly(debt.drawn_usd.sum(axis=0)),
        "debt_fees": monthly(-debt.fees_usd.sum(axis=0)),
        "debt_interest": monthly(-debt.interest_usd.sum(axis=0)),
        "debt_repayment": monthly(-debt.repayment_usd.sum(axis=0)),
        "equity_raised": monthly(treasury.equity_usd),
        "equity_claim": monthly(-claim * treasury.equity_usd),
        "terminal_overhead_tax": none.copy(),
        "terminal_btc": last_btc,
        "terminal_loan": last_loan,
        "terminal_debt": last_debt,
    }


def _is_taxed(item: str) -> bool:
    return _KINDS[item] in {"operating", "resale"}
