# SPDX-License-Identifier: Apache-2.0
"""Debt service cover of a plan, for `L` futures; `models.debt_limits` has the rule."""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, History, Integers, L, device
from gpu.kernel.elementary import float_of_int, kept, smaller
from gpu.kernel.layout import (
    AVAILABLE,
    CASH_FLOW,
    COVENANT_DUE,
    COVENANT_LEAST,
    COVENANT_LENGTH,
    COVENANT_ROWS,
    COVENANT_SITE,
    COVER_COLUMNS,
    COVER_FIRST,
    COVER_LEAST,
    N_PERIODS,
    NEVER,
    PLAN_COVENANTS,
    PLAN_N_COVENANTS,
    SITE_FLOW,
    TAX,
    WITHHELD,
)
from gpu.kernel.places import plan_head

COVER_SLACK = 1e-9
TEST_FROM = 11
TEST_STEP = 3


@device
def keep_available(
    w: Doubles, h: History, head: int, site: int, ints: Integers, t: int
) -> None:
    """Write the cash available for debt service where a covenant looks at it."""
    first = ints[plan_head(0, ints) + PLAN_COVENANTS]
    for k in range(ints[head + PLAN_N_COVENANTS]):
        at = ints[head + PLAN_COVENANTS] + k * COVENANT_LENGTH
        if ints[at + COVENANT_SITE] == site:
            place = (at - first) // COVENANT_LENGTH * ints[N_PERIODS]
            to = (ints[COVENANT_ROWS] + place + t) * L
            for i in range(L):
                kept = w[AVAILABLE * L + i] - w[TAX * L + i] - w[WITHHELD * L + i]
                h[to + i] = kept


@device
def test_cover(
    w: Doubles,
    h: History,
    c: Doubles,
    k: int,
    at: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Test the debt service cover of a covenant over the last twelve months.

    ``k`` counts the covenants of all plans; w[SITE_FLOW] is left 1 where breached.
    """
    n = ints[N_PERIODS]
    due = data[ints[at + COVENANT_DUE] + t]
    for i in range(L):
        w[SITE_FLOW * L + i] = 0.0
    if due > 0.0:
        least = data[ints[at + COVENANT_LEAST]] * (1.0 - COVER_SLACK)
        month = float_of_int(t)
        for i in range(L):
            w[CASH_FLOW * L + i] = 0.0
        for back in range(TEST_FROM + 1):
            of = (ints[COVENANT_ROWS] + k * n + t - TEST_FROM + back) * L
            for i in range(L):
                w[CASH_FLOW * L + i] += h[of + i]
        e = k * COVER_COLUMNS * L
        for i in range(L):
            cover = w[CASH_FLOW * L + i] / due
            breached = 1.0 if cover < least else 0.0
            when = month if breached > 0.0 else NEVER
            c[e + COVER_FIRST * L + i] = kept(smaller(c[e + COVER_FIRST * L + i], when))
            c[e + COVER_LEAST * L + i] = kept(
                smaller(c[e + COVER_LEAST * L + i], cover)
            )
            w[SITE_FLOW * L + i] = breached
