# SPDX-License-Identifier: Apache-2.0
"""What is said of `L` futures once their months are done: NPVs, payback, IRR.

Rules are those of `gpu.numpy_engine` and `gpu.kernel.irr`. Column k of lane i goes to
``out[k * n_rows + first + i]``.
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Flags, History, Integers, L, device
from gpu.kernel.elementary import abs_, float_of_int, kept, larger, smaller
from gpu.kernel.irr import IRR_RATE, IRR_ROOTS, IRR_STATUS, irr_lanes
from gpu.kernel.layout import (
    CASH_FLOW,
    COVER_COLUMNS,
    DISCOUNT,
    FIRST_COLUMN,
    HAS_BASELINE,
    HURDLE_DISCOUNT,
    KEEPS_FLOWS,
    LOG_RATIO,
    N_COVENANTS,
    N_PERIODS,
    N_PLAN_COLUMNS,
    N_PLANS,
    N_PROJECTS,
    NEVER,
    P_ROWS,
    PROFIT,
    PROJECT_WANTED,
    RULE,
    SERIES_COLUMNS,
    SERIES_NPV,
    SERIES_PAYBACK,
    SERIES_RATE,
    SERIES_ROOTS,
    SERIES_STATUS,
    SITE_FLOW,
    TAXED,
    TERMINAL,
)
from gpu.kernel.places import series_row

SNAP_USD = 1e-6
SNAP_SHARE = 1e-12


@device
def subtract_baseline(w: Doubles, h: History, plan: int, ints: Integers) -> None:
    """Turn a plan's series into increments over plan 0; rounding counts as nothing."""
    rows = ints[N_PERIODS] + 1
    for k in range(1 + ints[N_PROJECTS]):
        ours = series_row(plan, k, ints)
        theirs = series_row(0, k, ints)
        for i in range(L):
            w[PROFIT * L + i] = 0.0
        for row in range(rows):
            a = (ours + row) * L
            b = (theirs + row) * L
            for i in range(L):
                size = larger(abs_(h[a + i]), abs_(h[b + i]))
                w[PROFIT * L + i] = larger(w[PROFIT * L + i], size)
        for row in range(rows):
            a = (ours + row) * L
            b = (theirs + row) * L
            for i in range(L):
                more = h[a + i] - h[b + i]
                is_none = abs_(more) <= SNAP_USD + SNAP_SHARE * w[PROFIT * L + i]
                h[a + i] = 0.0 if is_none else more


@device
def present_value(
    w: Doubles, h: History, first: int, factors: int, data: Doubles, ints: Integers
) -> None:
    """Leave the present value of a series in TAXED."""
    for i in range(L):
        w[TAXED * L + i] = 0.0
    for row in range(ints[N_PERIODS] + 1):
        factor = data[factors + row]
        at = (first + row) * L
        for i in range(L):
            w[TAXED * L + i] += factor * h[at + i]


@device
def payback(w: Doubles, h: History, first: int, ints: Integers) -> None:
    """Leave the month in which the money put in has come back in TERMINAL.

    0 where none was ever out, `NEVER` where it does not come back.
    """
    for i in range(L):
        w[CASH_FLOW * L + i] = 0.0
        w[PROFIT * L + i] = 0.0
        w[SITE_FLOW * L + i] = 0.0
        w[TERMINAL * L + i] = NEVER
    for row in range(ints[N_PERIODS] + 1):
        month = float_of_int(row)
        at = (first + row) * L
        for i in range(L):
            flow = h[at + i]
            balance = w[CASH_FLOW * L + i] + flow
            size = w[PROFIT * L + i] + abs_(flow)
            slack = SNAP_USD + SNAP_SHARE * size
            was_out = w[SITE_FLOW * L + i]
            out = 1.0 if balance < -slack else was_out
            back = month if balance >= -slack else NEVER
            back = back if out > 0.0 else NEVER
            w[CASH_FLOW * L + i] = balance
            w[PROFIT * L + i] = size
            w[SITE_FLOW * L + i] = kept(out)
            w[TERMINAL * L + i] = kept(smaller(w[TERMINAL * L + i], back))
    for i in range(L):
        found = w[TERMINAL * L + i]
        back = found if w[SITE_FLOW * L + i] > 0.0 else 0.0
        w[TERMINAL * L + i] = kept(back)


@device
def write_row(
    out: Doubles, column: int, n_rows: int, first: int, of: History, row: int
) -> None:
    """Copy a row of lanes into a column."""
    to = column * n_rows + first
    at = row * L
    for i in range(L):
        out[to + i] = of[at + i]


@device
def write_flags(
    events: Flags, row: int, n_rows: int, first: int, of: Doubles, flag: int
) -> None:
    """Write whether lanes are above zero."""
    to = row * n_rows + first
    at = flag * L
    for i in range(L):
        events[to + i] = 1 if of[at + i] > 0.0 else 0


@device
def write_flows(
    flows: Doubles,
    h: History,
    n_rows: int,
    first: int,
    plan: int,
    k: int,
    ints: Integers,
) -> None:
    """Copy a series to where the host can look at it."""
    begin = series_row(plan, k, ints)
    for row in range(ints[N_PERIODS] + 1):
        write_row(flows, begin + row, n_rows, first, h, begin + row)


@device
def finish_series(
    w: Doubles,
    h: History,
    work: Doubles,
    answer: Doubles,
    out: Doubles,
    flows: Doubles,
    n_rows: int,
    first: int,
    plan: int,
    k: int,
    column: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Value one series: NPV, payback, IRR."""
    row = series_row(plan, k, ints)
    factors = ints[DISCOUNT]
    if k > 0:
        factors = ints[HURDLE_DISCOUNT] + (k - 1) * (ints[N_PERIODS] + 1)
    present_value(w, h, row, factors, data, ints)
    write_row(out, column + SERIES_NPV, n_rows, first, w, TAXED)
    if k == 0:
        payback(w, h, row, ints)
        write_row(out, column + SERIES_PAYBACK, n_rows, first, w, TERMINAL)
    irr_lanes(h, row * L, ints[N_PERIODS] + 1, work, answer)
    write_row(out, column + SERIES_RATE, n_rows, first, answer, IRR_RATE)
    write_row(out, column + SERIES_ROOTS, n_rows, first, answer, IRR_ROOTS)
    write_row(out, column + SERIES_STATUS, n_rows, first, answer, IRR_STATUS)
    if ints[ints[RULE] + KEEPS_FLOWS] == 1:
        write_flows(flows, h, n_rows, first, plan, k, ints)


@device
def finish(
    w: Doubles,
    p: Doubles,
    c: Doubles,
    h: History,
    work: Doubles,
    answer: Doubles,
    out: Doubles,
    flows: Doubles,
    n_rows: int,
    first: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Write every column of the lanes."""
    n_series = 1 + ints[N_PROJECTS]
    per_plan = N_PLAN_COLUMNS + n_series * SERIES_COLUMNS
    baseline = ints[HAS_BASELINE]
    for plan in range(ints[N_PLANS]):
        for k in range(N_PLAN_COLUMNS):
            row = plan * P_ROWS + FIRST_COLUMN + k
            write_row(out, plan * per_plan + k, n_rows, first, p, row)
        if plan >= baseline:
            if baseline == 1:
                subtract_baseline(w, h, plan, ints)
            for k in range(n_series):
                if ints[ints[PROJECT_WANTED] + plan * n_series + k] == 1:
                    column = plan * per_plan + N_PLAN_COLUMNS + k * SERIES_COLUMNS
                    finish_series(
                        w,
                        h,
                        work,
                        answer,
                        out,
                        flows,
                        n_rows,
                        first,
                        plan,
                        k,
                        column,
                        data,
                        ints,
                    )
    column = ints[N_PLANS] * per_plan
    for k in range(ints[N_COVENANTS] * COVER_COLUMNS):
        write_row(out, column + k, n_rows, first, c, k)
    column = column + ints[N_COVENANTS] * COVER_COLUMNS
    write_row(out, column, n_rows, first, w, LOG_RATIO)
