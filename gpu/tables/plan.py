# SPDX-License-Identifier: Apache-2.0
"""Company and plans in the kernel's tables: balances, treasury series, covenants.

What does not belong here: what a plan does at a site (`gpu.tables.site`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gpu.kernel import layout as at
from gpu.liquidity import has_btc_loan
from gpu.tables.site import add_site
from models.debt import debt_path
from models.debt_limits import (
    dscr_test_months,
    due_at,
)
from models.treasury import loan_usd_per_pledged_btc
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.tables.site import FateRows
    from gpu.tables.store import Store
    from models.debt import DebtFacility, DebtPath
    from models.plan import Plan
    from models.study import Study

__all__ = ["add_company", "add_plan", "loss_series"]


def add_company(store: Store, study: Study) -> None:
    """Add opening balances and terms."""
    company = study.company
    loan = company.loan
    values = {
        at.CASH_OPENING: company.cash_usd,
        at.CASH_FLOOR: company.cash_floor_usd,
        at.FREE_OPENING: company.btc_free,
        at.PLEDGED_OPENING: company.btc_pledged,
        at.LOAN_OPENING: loan.principal_usd,
        at.LOAN_RATE: loan.rate_per_year / MONTHS_PER_YEAR,
        at.SALE_KEPT: company.sale_kept_frac,
        at.SELLING_COST: company.btc_selling_cost_frac,
        at.EQUITY_PREMIUM: company.emergency_equity_premium_frac,
        at.INITIAL_LTV: loan.initial_ltv_frac,
        at.CALL_LTV: loan.margin_call_ltv_frac,
        at.LIQUIDATION_LTV: loan.liquidation_ltv_frac,
        at.PENALTY: loan.liquidation_penalty_frac,
        at.MOST_DRAWN: max(loan.draw_limit_usd, loan.principal_usd),
        at.OVERHEAD: company.overhead_usd_per_month,
    }
    store.ints[at.COMPANY] = store.add([values[k] for k in range(at.COMPANY_LENGTH)])


def loss_series(
    study: Study, n_plans: int, first_row: int
) -> dict[tuple[int, int], int]:
    """Return the history rows of tax accounts whose losses can expire.

    Parameters
    ----------
    study : Study
        Study with its regimes.
    n_plans : int
        Plans. [unitless]
    first_row : int
        Row that is free. [unitless]

    Returns
    -------
    dict of tuple of int to int
        First row by plan and account: the sites, then the group. [unitless]
    """
    n_sites = len(study.sites)
    group = study.site_index(study.company.tax_site)
    rows: dict[tuple[int, int], int] = {}
    for plan in range(n_plans):
        for account in range(n_sites + 1):
            site = study.sites[account if account < n_sites else group]
            if study.tax_terms(site).expires_within:
                rows[plan, account] = first_row + len(rows) * study.time.months
    return rows


def add_plan(
    store: Store,
    study: Study,
    plans: Sequence[Plan],
    facilities: tuple[tuple[DebtFacility, ...], ...],
    losses: dict[tuple[int, int], int],
    fates: FateRows,
) -> None:
    """Add the heads of all plans and of their sites, and what they point to.

    Parameters
    ----------
    store : Store
        Tables so far.
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans, the baseline first.
    facilities : tuple of tuple of DebtFacility
        Of each plan, those with a covenant that it draws on.
    losses : dict of tuple of int to int
        See `loss_series`. [unitless]
    fates : FateRows
        Rows of clients' fates, shared by all plans.
    """
    n_periods, n_sites = study.time.months, len(study.sites)
    places = _add_covenants(store, study, plans, facilities)
    heads: list[int] = []
    due = study.period_of(study.company.loan.maturity_month)
    for k, plan in enumerate(plans):
        path = debt_path(study.company.debt_facilities, plan.debt_draws, n_periods)
        release = plan.release_usd_per_btc
        if release is None:
            release = loan_usd_per_pledged_btc(study.company)
        head = {
            at.PLAN_SERIES: store.add(_series(plan, path)),
            at.PLAN_MATURITY: due,
            at.PLAN_HAS_LOAN: int(has_btc_loan(study, plan)),
            at.PLAN_RELEASE: store.add([release]),
            at.PLAN_TERMINAL_DEBT: store.add([float(path.balance_usd[:, -1].sum())]),
            at.PLAN_COVENANTS: places[k],
            at.PLAN_N_COVENANTS: len(facilities[k]),
            at.PLAN_GROUP_LOSSES: losses.get((k, n_sites), -1),
        }
        heads += [head[place] for place in range(at.PLAN_HEAD)]
    sites: list[int] = []
    is_used = [0] * n_sites
    for k, plan in enumerate(plans):
        for site in range(n_sites):
            row = losses.get((k, site), -1)
            own = add_site(store, study, plan, site, row, fates)
            sites += own
            is_used[site] |= 1 - own[at.SITE_IS_IDLE]
    store.ints[at.PLAN_HEADS] = store.add_ints(heads)
    store.ints[at.SITE_HEADS] = store.add_ints(sites)
    store.ints[at.USED_SITES] = store.add_ints(is_used)


def _series(plan: Plan, path: DebtPath) -> np.ndarray:
    cost = (path.fees_usd + path.interest_usd).sum(axis=0)
    principal = (path.drawn_usd - path.repayment_usd).sum(axis=0)
    rows = {
        at.SOLD_FREE: plan.btc_sold_free,
        at.SOLD_PLEDGED: plan.btc_sold_pledged,
        at.BOUGHT: plan.btc_bought,
        at.PLEDGED_IN: plan.btc_pledged,
        at.RELEASED: plan.btc_released,
        at.DRAWN: plan.loan_drawn_usd,
        at.REPAID: plan.loan_repaid_usd,
        at.EQUITY_PLANNED: plan.emergency_equity_usd,
        at.DEBT_CASH: principal - cost,
        at.DEBT_COST: cost,
    }
    return np.array([rows[k] for k in range(at.SERIES_ROWS)], dtype=np.float64)


def _add_covenants(
    store: Store,
    study: Study,
    plans: Sequence[Plan],
    facilities: tuple[tuple[DebtFacility, ...], ...],
) -> list[int]:
    """Add the covenants of every plan, one after the other; return where each begin."""
    n_periods = study.time.months
    heads: list[int] = []
    begins: list[int] = []
    for plan, own in zip(plans, facilities, strict=True):
        begins.append(len(heads))
        path = debt_path(study.company.debt_facilities, plan.debt_draws, n_periods)
        for facility in own:
            service = path.service_usd[study.company.debt_facilities.index(facility)]
            due = np.zeros(n_periods)
            for test in dscr_test_months(n_periods):
                due[test] = due_at(service, test)
            heads += [
                study.site_index(facility.site or ""),
                store.add(due),
                store.add([facility.min_dscr or 0.0]),
            ]
    first = store.add_ints(heads)
    return [first + begin for begin in begins]
