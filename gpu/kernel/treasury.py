# SPDX-License-Identifier: Apache-2.0
"""One month of a plan's treasury, for `L` futures at a time.

The order of the month, calls and the mending of the floor are those of
`models.treasury` and `models.margin`, which say why. Every step is done in every
future: where nothing is wanted or called, what it moves is zero.
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import kept, larger, smaller
from gpu.kernel.intrinsics import float_of_int
from gpu.kernel.layout import (
    ALONE,
    BOUGHT,
    CASH,
    CASH_FLOOR,
    COMPANY,
    DEBT_CASH,
    DRAWN,
    DRAWN_USD,
    EQUITY,
    EQUITY_PLANNED,
    EQUITY_PREMIUM,
    FIRST_EQUITY,
    FREE,
    INITIAL_LTV,
    INTEREST,
    LOAN,
    MIN_CASH,
    MINED,
    MINED_MONTH,
    MOST_DRAWN,
    N_PERIODS,
    NEVER,
    OPERATING_CASH,
    OVERHEAD,
    P_ROWS,
    PLAN_MATURITY,
    PLAN_RELEASE,
    PLAN_SERIES,
    PLEDGED,
    PLEDGED_IN,
    PRICE,
    RAISED_USD,
    RELEASED,
    REPAID,
    REPAID_USD,
    SALE_KEPT,
    SITES_FLOW,
    SOLD_FREE,
    SOLD_PLEDGED,
    SOLD_USD,
    SPENT_USD,
    TAX,
    WAS_CALLED,
    WITHHELD,
)

ROUNDING = 1e-9
EQUITY_TOLERANCE_USD = 1e-6
LEAST_PLEDGE_BTC = 1e-9


@device
def per_btc_usd(release: float, loan: float, pledged: float, called: float) -> float:
    """Return what one pledged BTC repays when it leaves the pledge [USD/BTC]."""
    share = loan / larger(pledged, LEAST_PLEDGE_BTC)
    return smaller(release, share) if called > 0.0 else release


@device
def begin_month(
    w: Doubles, p: Doubles, plan: int, head: int, ints: Integers, t: int
) -> None:
    """Take over cash and output after interest and tax; a loan that matures is paid."""
    b = plan * P_ROWS * L
    matures = 1.0 if ints[head + PLAN_MATURITY] == t else 0.0
    for i in range(L):
        loan = p[b + LOAN * L + i]
        pledged = p[b + PLEDGED * L + i]
        cash = p[b + CASH * L + i] + (
            p[b + OPERATING_CASH * L + i]
            - w[INTEREST * L + i]
            - w[TAX * L + i]
            - w[WITHHELD * L + i]
        )
        due = matures * loan
        freed = matures * pledged
        p[b + CASH * L + i] = cash - due
        p[b + LOAN * L + i] = loan - due
        p[b + FREE * L + i] = p[b + FREE * L + i] + p[b + MINED_MONTH * L + i] + freed
        p[b + PLEDGED * L + i] = pledged - freed
        w[REPAID_USD * L + i] = due
        w[SOLD_USD * L + i] = 0.0
        w[SPENT_USD * L + i] = 0.0
        w[DRAWN_USD * L + i] = 0.0
        w[RAISED_USD * L + i] = 0.0


@device
def pledge_and_release(
    w: Doubles, p: Doubles, plan: int, head: int, data: Doubles, ints: Integers, t: int
) -> None:
    """Pledge free BTC and draw on it, then release pledged BTC against principal."""
    n = ints[N_PERIODS]
    series = ints[head + PLAN_SERIES]
    pledge = data[series + PLEDGED_IN * n + t]
    wanted = data[series + DRAWN * n + t]
    release = data[series + RELEASED * n + t]
    if pledge > 0.0 or release > 0.0:
        c = ints[COMPANY]
        initial = data[c + INITIAL_LTV]
        most = data[c + MOST_DRAWN]
        per_release = data[ints[head + PLAN_RELEASE]]
        b = plan * P_ROWS * L
        for i in range(L):
            free = p[b + FREE * L + i]
            loan = p[b + LOAN * L + i]
            more = smaller(pledge, free)
            pledged = p[b + PLEDGED * L + i] + more
            backed = smaller(initial * w[PRICE * L + i], per_release) * more
            drawn = smaller(smaller(wanted, backed), larger(most - loan, 0.0))
            loan = loan + drawn
            freed = smaller(release, pledged)
            per_btc = per_btc_usd(per_release, loan, pledged, p[b + WAS_CALLED * L + i])
            repaid = smaller(per_btc * freed, loan)
            p[b + FREE * L + i] = free - more + freed
            p[b + PLEDGED * L + i] = pledged - freed
            p[b + LOAN * L + i] = loan - repaid
            p[b + CASH * L + i] = p[b + CASH * L + i] + drawn - repaid
            w[DRAWN_USD * L + i] = drawn
            w[REPAID_USD * L + i] += repaid


@device
def sell_as_planned(
    w: Doubles,
    p: Doubles,
    plan: int,
    head: int,
    data: Doubles,
    ints: Integers,
    sell_free: float,
    sell_pledged: float,
    raised: float,
) -> None:
    """Sell what there is of the BTC that the plan sells, and take in its equity."""
    kept = data[ints[COMPANY] + SALE_KEPT]
    release = data[ints[head + PLAN_RELEASE]]
    b = plan * P_ROWS * L
    for i in range(L):
        fetched = w[PRICE * L + i] * kept
        free = p[b + FREE * L + i]
        loan = p[b + LOAN * L + i]
        pledged = p[b + PLEDGED * L + i]
        out = smaller(sell_free, free)
        sold = smaller(sell_pledged, pledged)
        per_btc = per_btc_usd(release, loan, pledged, p[b + WAS_CALLED * L + i])
        repaid = smaller(per_btc * sold, loan)
        proceeds = fetched * out + fetched * sold
        p[b + FREE * L + i] = free - out
        p[b + PLEDGED * L + i] = pledged - sold
        p[b + LOAN * L + i] = loan - repaid
        p[b + CASH * L + i] = p[b + CASH * L + i] + (proceeds - repaid + raised)
        w[SOLD_USD * L + i] = proceeds
        w[REPAID_USD * L + i] += repaid
        w[RAISED_USD * L + i] = raised


@device
def sell_and_raise(
    w: Doubles, p: Doubles, plan: int, head: int, data: Doubles, ints: Integers, t: int
) -> None:
    """Sell free and pledged BTC and raise equity, as the plan says."""
    n = ints[N_PERIODS]
    series = ints[head + PLAN_SERIES]
    sell_free = data[series + SOLD_FREE * n + t]
    sell_pledged = data[series + SOLD_PLEDGED * n + t]
    raised = data[series + EQUITY_PLANNED * n + t]
    if sell_free > 0.0 or sell_pledged > 0.0 or raised > 0.0:
        sell_as_planned(w, p, plan, head, data, ints, sell_free, sell_pledged, raised)


@device
def buy_and_repay(
    w: Doubles, p: Doubles, plan: int, head: int, data: Doubles, ints: Integers, t: int
) -> None:
    """Buy BTC and repay principal out of cash over the floor, as the plan says."""
    n = ints[N_PERIODS]
    series = ints[head + PLAN_SERIES]
    buy = data[series + BOUGHT * n + t]
    repay = data[series + REPAID * n + t]
    if buy > 0.0 or repay > 0.0:
        floor = data[ints[COMPANY] + CASH_FLOOR]
        b = plan * P_ROWS * L
        for i in range(L):
            cash = p[b + CASH * L + i]
            loan = p[b + LOAN * L + i]
            price = w[PRICE * L + i]
            bought = smaller(buy, larger(cash - floor, 0.0) / price)
            spent = price * bought
            cash = cash - spent
            repaid = smaller(smaller(repay, loan), larger(cash - floor, 0.0))
            p[b + CASH * L + i] = cash - repaid
            p[b + FREE * L + i] = p[b + FREE * L + i] + bought
            p[b + LOAN * L + i] = loan - repaid
            w[SPENT_USD * L + i] = spent
            w[REPAID_USD * L + i] += repaid


@device
def mend_floor(
    w: Doubles, p: Doubles, plan: int, head: int, data: Doubles, ints: Integers
) -> None:
    """Sell free BTC, then pledged BTC, then raise equity, up to the cash floor."""
    c = ints[COMPANY]
    floor = data[c + CASH_FLOOR]
    kept = data[c + SALE_KEPT]
    release = data[ints[head + PLAN_RELEASE]]
    least = floor - ROUNDING * (floor + 1.0)
    b = plan * P_ROWS * L
    for i in range(L):
        cash = p[b + CASH * L + i]
        free = p[b + FREE * L + i]
        loan = p[b + LOAN * L + i]
        pledged = p[b + PLEDGED * L + i]
        fetched = w[PRICE * L + i] * kept
        short = floor - cash if cash < least else 0.0
        out = smaller(short / fetched, free)
        proceeds = fetched * out
        short = larger(short - proceeds, 0.0)
        share = loan / larger(pledged, LEAST_PLEDGE_BTC)
        per_btc = smaller(release, share)
        gain = larger(fetched - per_btc, 0.0)
        sold = smaller(short / larger(gain, LEAST_PLEDGE_BTC), pledged)
        sold = sold if gain > 0.0 else 0.0
        repaid = smaller(per_btc * sold, loan)
        raised = larger(short - gain * sold, 0.0)
        proceeds = proceeds + fetched * sold
        p[b + CASH * L + i] = cash + (proceeds - repaid + raised)
        p[b + FREE * L + i] = free - out
        p[b + PLEDGED * L + i] = pledged - sold
        p[b + LOAN * L + i] = loan - repaid
        w[SOLD_USD * L + i] += proceeds
        w[REPAID_USD * L + i] += repaid
        w[RAISED_USD * L + i] += raised


@device
def close_month(
    w: Doubles, p: Doubles, plan: int, head: int, data: Doubles, ints: Integers, t: int
) -> None:
    """Add the month to the plan's record; the company's flow goes to SITES_FLOW."""
    n = ints[N_PERIODS]
    c = ints[COMPANY]
    overhead = data[c + OVERHEAD]
    premium = data[c + EQUITY_PREMIUM]
    debt = data[ints[head + PLAN_SERIES] + DEBT_CASH * n + t]
    month = float_of_int(t)
    b = plan * P_ROWS * L
    for i in range(L):
        raised = w[RAISED_USD * L + i]
        counted = raised if raised > EQUITY_TOLERANCE_USD else 0.0
        when = month if counted > 0.0 else NEVER
        p[b + FIRST_EQUITY * L + i] = kept(smaller(p[b + FIRST_EQUITY * L + i], when))
        p[b + EQUITY * L + i] += counted
        cash = p[b + CASH * L + i]
        p[b + MIN_CASH * L + i] = kept(smaller(p[b + MIN_CASH * L + i], cash))
        mined = p[b + MINED_MONTH * L + i]
        p[b + MINED * L + i] += mined
        treasury = w[SOLD_USD * L + i] - w[SPENT_USD * L + i]
        treasury = treasury - mined * w[PRICE * L + i]
        tax = p[b + ALONE * L + i] - w[TAX * L + i] - w[WITHHELD * L + i]
        loan = w[DRAWN_USD * L + i] - w[REPAID_USD * L + i] - w[INTEREST * L + i]
        own = overhead + debt + treasury + tax + loan - premium * raised
        p[b + SITES_FLOW * L + i] += own
