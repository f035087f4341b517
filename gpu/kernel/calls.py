# SPDX-License-Identifier: Apache-2.0
"""Margin calls of one plan in one month, for `L` futures at a time.

When one comes and how it is met stands in `models.margin`.
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import kept, larger, smaller
from gpu.kernel.intrinsics import float_of_int
from gpu.kernel.layout import (
    CALL_LTV,
    CALLED,
    CALLED_BTC,
    CASH,
    CASH_FLOOR,
    COMPANY,
    DIP,
    DISTANCE,
    FIRST_CALL,
    FIRST_LIQUIDATION,
    FORCED_USD,
    FREE,
    INITIAL_LTV,
    LEAST_DISTANCE,
    LIQUIDATED,
    LIQUIDATED_BTC,
    LIQUIDATION_LTV,
    LOAN,
    LOW_FRAC,
    LOW_USD,
    LTV,
    NEVER,
    P_ROWS,
    PEAK_LTV,
    PENALTY,
    PLEDGED,
    PRICE,
    REPAID_USD,
    SELLING_COST,
    SOLD_BTC,
    SOLD_USD,
    START_PRICE,
    WAS_CALLED,
)

ROUNDING = 1e-9
LEAST_LOAN_USD = 0.01
MAX_LTV = 10.0


@device
def left_short_usd(short: float, level: float, free: float, wanted: float) -> float:
    """Return what free BTC leaves of a call that wants some of it, without rounding."""
    is_met = level > 0.0 and wanted <= free
    rest = larger(short - level * free, 0.0)
    return 0.0 if is_met else rest


@device
def call_price_usd(loan: float, backed: float) -> float:
    """Return the price at which a loan is called, ``backed`` at a price of 1."""
    safe = backed if backed > 0.0 else 1.0
    bare = NEVER if loan > 0.0 else 0.0
    price = loan / safe
    return price if backed > 0.0 else bare


@device
def see_level(w: Doubles, p: Doubles, plan: int, data: Doubles, ints: Integers) -> None:
    """Note loan to value at the month's low, and how far the price is from a call."""
    call = data[ints[COMPANY] + CALL_LTV]
    b = plan * P_ROWS * L
    for i in range(L):
        loan = p[b + LOAN * L + i]
        low = w[LOW_USD * L + i]
        value = p[b + PLEDGED * L + i] * low
        share = loan / (value if value > 0.0 else 1.0)
        share = share if value > 0.0 else MAX_LTV
        ltv = smaller(share, MAX_LTV) if loan > LEAST_LOAN_USD else 0.0
        distance = low * (1.0 - ltv / call)
        w[LTV * L + i] = ltv
        w[DISTANCE * L + i] = distance
        p[b + PEAK_LTV * L + i] = kept(larger(p[b + PEAK_LTV * L + i], ltv))
        least = p[b + LEAST_DISTANCE * L + i]
        p[b + LEAST_DISTANCE * L + i] = kept(smaller(least, distance))


@device
def meet_call(w: Doubles, p: Doubles, plan: int, data: Doubles, ints: Integers) -> None:
    """Meet a margin call: cash, free BTC pledged, a sale, or the lender's."""
    c = ints[COMPANY]
    initial = data[c + INITIAL_LTV]
    call = data[c + CALL_LTV]
    liquidation = data[c + LIQUIDATION_LTV]
    penalty = data[c + PENALTY]
    selling = data[c + SELLING_COST]
    floor = data[c + CASH_FLOOR]
    b = plan * P_ROWS * L
    for i in range(L):
        loan = p[b + LOAN * L + i]
        pledged = p[b + PLEDGED * L + i]
        free = p[b + FREE * L + i]
        cash = p[b + CASH * L + i]
        low = w[LOW_USD * L + i]
        level = initial * low
        called_at = larger(call * low * pledged * (1.0 + ROUNDING), LEAST_LOAN_USD)
        called = 1.0 if loan > called_at else 0.0
        short = called * larger(loan - level * pledged, 0.0)
        paid = smaller(larger(cash - floor, 0.0), short)
        short = short - paid
        backing = level if level > 0.0 else NEVER
        more = smaller(free, short / backing)
        short = left_short_usd(short, level, free, short / backing)
        held = pledged + more
        owed = loan - paid
        trigger = call_price_usd(loan, call * pledged)
        start_usd = w[START_PRICE * L + i]
        price = w[PRICE * L + i]
        from_usd = start_usd if w[LOW_FRAC * L + i] < 1.0 else price
        at_call = smaller(from_usd, trigger)
        worth = liquidation * at_call * w[DIP * L + i] * held
        seized = called if owed >= worth else 0.0
        seized = seized if short > 0.0 else 0.0
        lost = penalty if seized > 0.0 else selling
        fetched = low * (1.0 - lost)
        sold = smaller(short / (fetched - level), held)
        proceeds = fetched * sold
        uncovered = larger(owed - proceeds, 0.0)
        bare = uncovered if sold >= held else 0.0
        paid = paid + called * bare
        p[b + LOAN * L + i] = loan - paid - proceeds
        p[b + CASH * L + i] = cash - paid
        p[b + FREE * L + i] = free - more
        p[b + PLEDGED * L + i] = held - sold
        w[CALLED * L + i] = called
        w[LIQUIDATED * L + i] = seized
        w[SOLD_BTC * L + i] = sold
        w[SOLD_USD * L + i] += proceeds
        w[REPAID_USD * L + i] += paid + proceeds
        p[b + FORCED_USD * L + i] += proceeds


@device
def note_call(w: Doubles, p: Doubles, plan: int, t: int) -> None:
    """Add a month's call to the plan's record."""
    month = float_of_int(t)
    b = plan * P_ROWS * L
    for i in range(L):
        called = w[CALLED * L + i]
        seized = w[LIQUIDATED * L + i]
        sold = w[SOLD_BTC * L + i]
        by_lender = seized * sold
        p[b + WAS_CALLED * L + i] = kept(larger(called, p[b + WAS_CALLED * L + i]))
        p[b + LIQUIDATED_BTC * L + i] += by_lender
        p[b + CALLED_BTC * L + i] += sold - by_lender
        when = month if called > 0.0 else NEVER
        p[b + FIRST_CALL * L + i] = kept(smaller(p[b + FIRST_CALL * L + i], when))
        when = month if seized > 0.0 else NEVER
        first = p[b + FIRST_LIQUIDATION * L + i]
        p[b + FIRST_LIQUIDATION * L + i] = kept(smaller(first, when))
