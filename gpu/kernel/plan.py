# SPDX-License-Identifier: Apache-2.0
"""One month of one plan, for `L` futures at a time: its sites, its tax, its treasury.

The flows that returns are reckoned from go to the history h: of each plan a series for
the company and one for each project, each with the opening as its first row.
"""

from __future__ import annotations

from gpu.kernel.calls import meet_call, note_call, see_level
from gpu.kernel.compiled import Doubles, History, Integers, L, device
from gpu.kernel.cover import keep_available
from gpu.kernel.elementary import larger
from gpu.kernel.layout import (
    ALONE,
    CALLED_BTC,
    CAPEX,
    CASH,
    CASH_FLOW,
    CASH_OPENING,
    COMPANY,
    COVENANT_LENGTH,
    COVER_COLUMNS,
    COVER_FIRST,
    COVER_LEAST,
    DEBT_CASH,
    DEBT_COST,
    EARLY_LEFT,
    EARLY_RELIEF,
    EARLY_RELIEF_SCALED,
    EQUITY,
    FINAL_BTC,
    FINAL_LOAN,
    FIRST_CALL,
    FIRST_EQUITY,
    FIRST_LIQUIDATION,
    FORCED_USD,
    FREE,
    FREE_OPENING,
    GROUP_PROFIT,
    INTEREST,
    LEAST_DISTANCE,
    LIQUIDATED_BTC,
    LOAN,
    LOAN_OPENING,
    LOAN_RATE,
    LOSS_BALANCE,
    MIN_CASH,
    MINED,
    MINED_MONTH,
    N_PERIODS,
    N_PROJECTS,
    N_SITES,
    NEVER,
    NPV,
    OPERATING_CASH,
    OVERHEAD,
    P_ROWS,
    PEAK_LTV,
    PLAN_COVENANTS,
    PLAN_GROUP_LOSSES,
    PLAN_HAS_LOAN,
    PLAN_N_COVENANTS,
    PLAN_SERIES,
    PLAN_TERMINAL_DEBT,
    PLEDGED,
    PLEDGED_OPENING,
    PRICE,
    PROFIT,
    PROJECT_SITES,
    Q_ROWS,
    RELIEF,
    RUNNING_BTC,
    S_ROWS,
    SALE_KEPT,
    SITE_FLOW,
    SITE_IS_IDLE,
    SITE_LOSSES,
    SITE_SCALARS,
    SITE_TAX,
    SITES_FLOW,
    TAX,
    TAX_SITE,
    TAXED,
    TERMINAL,
    WAS_CALLED,
    WITHHELD,
)
from gpu.kernel.places import plan_head, series_row
from gpu.kernel.site import site_horizon, site_month
from gpu.kernel.space import site_head
from gpu.kernel.tax import open_account, tax_month
from gpu.kernel.treasury import (
    EQUITY_TOLERANCE_USD,
    begin_month,
    buy_and_repay,
    close_month,
    mend_floor,
    pledge_and_release,
    sell_and_raise,
)


@device
def open_plan(
    q: Doubles, p: Doubles, c: Doubles, plan: int, data: Doubles, ints: Integers
) -> None:
    """Set a plan's balances and record before the first month."""
    m = ints[COMPANY]
    cash = data[m + CASH_OPENING]
    loan = data[m + LOAN_OPENING]
    free = data[m + FREE_OPENING]
    pledged = data[m + PLEDGED_OPENING]
    b = plan * P_ROWS * L
    for i in range(L):
        p[b + CASH * L + i] = cash
        p[b + LOAN * L + i] = loan
        p[b + FREE * L + i] = free
        p[b + PLEDGED * L + i] = pledged
        p[b + WAS_CALLED * L + i] = 0.0
        p[b + NPV * L + i] = cash
        p[b + MIN_CASH * L + i] = NEVER
        p[b + FIRST_EQUITY * L + i] = NEVER
        p[b + EQUITY * L + i] = 0.0
        p[b + MINED * L + i] = 0.0
        p[b + FIRST_CALL * L + i] = NEVER
        p[b + FIRST_LIQUIDATION * L + i] = NEVER
        p[b + CALLED_BTC * L + i] = 0.0
        p[b + LIQUIDATED_BTC * L + i] = 0.0
        p[b + FORCED_USD * L + i] = 0.0
        p[b + PEAK_LTV * L + i] = 0.0
        p[b + LEAST_DISTANCE * L + i] = NEVER
    n_sites = ints[N_SITES]
    for k in range(n_sites + 1):
        open_account(q, plan * (n_sites + 1) + k)
    head = plan_head(plan, ints)
    for k in range(ints[head + PLAN_N_COVENANTS]):
        row = ints[head + PLAN_COVENANTS] - ints[plan_head(0, ints) + PLAN_COVENANTS]
        e = (row // COVENANT_LENGTH + k) * COVER_COLUMNS * L
        for i in range(L):
            c[e + COVER_FIRST * L + i] = NEVER
            c[e + COVER_LEAST * L + i] = NEVER


@device
def keep_site_flow(
    w: Doubles, h: History, plan: int, site: int, ints: Integers, row: int
) -> None:
    """Write a site's flow into its series if it is a project."""
    for k in range(ints[N_PROJECTS]):
        if ints[ints[PROJECT_SITES] + k] == site:
            at = (series_row(plan, 1 + k, ints) + row) * L
            for i in range(L):
                h[at + i] = w[SITE_FLOW * L + i]


@device
def work_site(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    h: History,
    plan: int,
    head: int,
    tables: int,
    site: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Work and tax one site at which the plan does something."""
    n_sites = ints[N_SITES]
    b = plan * P_ROWS * L
    site_month(w, s, f, tables, site, data, ints, t)
    is_group = 1.0 if site == ints[TAX_SITE] else 0.0
    if site == ints[TAX_SITE]:
        for i in range(L):
            p[b + GROUP_PROFIT * L + i] = w[PROFIT * L + i]
    account = plan * (n_sites + 1) + site
    terms = ints[tables + SITE_TAX]
    losses = ints[tables + SITE_LOSSES]
    tax_month(w, q, h, account, terms, losses, data, t)
    for i in range(L):
        levies = w[TAX * L + i] + w[WITHHELD * L + i]
        untaxed = w[TAXED * L + i] + w[CASH_FLOW * L + i]
        revenue = w[RUNNING_BTC * L + i] * w[PRICE * L + i]
        w[SITE_FLOW * L + i] = untaxed - levies
        p[b + SITES_FLOW * L + i] += untaxed - levies
        paid = untaxed - revenue - (1.0 - is_group) * levies
        p[b + OPERATING_CASH * L + i] += paid
        p[b + MINED_MONTH * L + i] += w[RUNNING_BTC * L + i]
        p[b + ALONE * L + i] += is_group * levies
    keep_site_flow(w, h, plan, site, ints, t + 1)
    keep_available(w, h, head, site, ints, t)


@device
def sites_month(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    h: History,
    plan: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Work and tax every site; what they leave goes to the plan's rows."""
    head = plan_head(plan, ints)
    n_sites = ints[N_SITES]
    for site in range(n_sites):
        tables = site_head(plan, site, ints)
        if ints[tables + SITE_IS_IDLE] == 0:
            work_site(w, s, f, q, p, h, plan, head, tables, site, data, ints, t)
        else:
            for i in range(L):
                w[SITE_FLOW * L + i] = 0.0
            keep_site_flow(w, h, plan, site, ints, t + 1)


@device
def plan_month(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    h: History,
    plan: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Work one month of a plan but for its covenants and the horizon."""
    n = ints[N_PERIODS]
    m = ints[COMPANY]
    head = plan_head(plan, ints)
    overhead = data[m + OVERHEAD]
    rate = data[m + LOAN_RATE]
    principal = data[ints[head + PLAN_SERIES] + DEBT_CASH * n + t]
    cost = data[ints[head + PLAN_SERIES] + DEBT_COST * n + t]
    b = plan * P_ROWS * L
    for i in range(L):
        p[b + OPERATING_CASH * L + i] = overhead + principal
        p[b + MINED_MONTH * L + i] = 0.0
        p[b + SITES_FLOW * L + i] = 0.0
        p[b + ALONE * L + i] = 0.0
    sites_month(w, s, f, q, p, h, plan, data, ints, t)
    n_sites = ints[N_SITES]
    terms = ints[site_head(plan, ints[TAX_SITE], ints) + SITE_TAX]
    for i in range(L):
        interest = p[b + LOAN * L + i] * rate
        w[INTEREST * L + i] = interest
        w[PROFIT * L + i] = p[b + GROUP_PROFIT * L + i] + overhead - cost - interest
    account = plan * (n_sites + 1) + n_sites
    tax_month(w, q, h, account, terms, ints[head + PLAN_GROUP_LOSSES], data, t)
    begin_month(w, p, plan, head, ints, t)
    pledge_and_release(w, p, plan, head, data, ints, t)
    sell_and_raise(w, p, plan, head, data, ints, t)
    buy_and_repay(w, p, plan, head, data, ints, t)
    if ints[head + PLAN_HAS_LOAN] == 1:
        see_level(w, p, plan, data, ints)
        meet_call(w, p, plan, data, ints)
        note_call(w, p, plan, t)
    mend_floor(w, p, plan, head, data, ints)
    close_month(w, p, plan, head, data, ints, t)


@device
def close_site(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    h: History,
    plan: int,
    tables: int,
    site: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Add what one site is worth at the horizon, less tax put off."""
    n = ints[N_PERIODS]
    n_sites = ints[N_SITES]
    b = plan * P_ROWS * L
    site_horizon(w, s, f, tables, site, data, ints)
    scalars = ints[tables + SITE_SCALARS]
    early = data[scalars + EARLY_RELIEF]
    scaled = data[scalars + EARLY_RELIEF_SCALED]
    relief = data[ints[tables + SITE_TAX] + RELIEF]
    a = (plan * (n_sites + 1) + site) * Q_ROWS * L
    g = (plan * (n_sites + 1) + n_sites) * Q_ROWS * L
    e = site * S_ROWS * L
    for i in range(L):
        owed = early + scaled * s[e + CAPEX * L + i]
        alone = larger(owed - relief * q[a + LOSS_BALANCE * L + i], 0.0)
        group = larger(owed - relief * q[g + LOSS_BALANCE * L + i], 0.0)
        w[SITE_FLOW * L + i] = w[TERMINAL * L + i] - alone
        w[CASH_FLOW * L + i] = alone - group
    if site == ints[TAX_SITE]:
        for i in range(L):
            p[b + EARLY_LEFT * L + i] = w[CASH_FLOW * L + i]
    for i in range(L):
        p[b + SITES_FLOW * L + i] += w[SITE_FLOW * L + i]
    for k in range(ints[N_PROJECTS]):
        if ints[ints[PROJECT_SITES] + k] == site:
            at = (series_row(plan, 1 + k, ints) + n) * L
            for i in range(L):
                h[at + i] += w[SITE_FLOW * L + i]


@device
def sites_horizon(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    h: History,
    plan: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Add what sites are worth at the horizon, less tax put off, to their last flow."""
    for site in range(ints[N_SITES]):
        tables = site_head(plan, site, ints)
        if ints[tables + SITE_IS_IDLE] == 0:
            close_site(w, s, f, q, p, h, plan, tables, site, data, ints)


@device
def plan_horizon(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    h: History,
    plan: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Close a plan: sites, BTC, loan and debt at the horizon."""
    sites_horizon(w, s, f, q, p, h, plan, data, ints)
    kept = data[ints[COMPANY] + SALE_KEPT]
    debt = data[ints[plan_head(plan, ints) + PLAN_TERMINAL_DEBT]]
    b = plan * P_ROWS * L
    for i in range(L):
        btc = p[b + FREE * L + i] + p[b + PLEDGED * L + i]
        loan = p[b + LOAN * L + i]
        worth = btc * w[PRICE * L + i] * kept - loan - debt
        p[b + SITES_FLOW * L + i] += worth + p[b + EARLY_LEFT * L + i]
        p[b + FINAL_BTC * L + i] = btc
        p[b + FINAL_LOAN * L + i] = loan if loan > EQUITY_TOLERANCE_USD else 0.0
