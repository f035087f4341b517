# SPDX-License-Identifier: Apache-2.0
"""`L` futures from their draws to their columns: the kernel's outermost stage.

Scratch arrays, in rows of `L`: w market and month's work (`W_ROWS`), s sites (`S_ROWS`
each), f clients' fates, q tax accounts (`Q_ROWS` for each plan and site, the group
behind the sites), p plans (`P_ROWS` each), c covenants (`COVER_COLUMNS` each), h
history, u random words, work and answer those of the IRR.
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Flags, History, Integers, L, device
from gpu.kernel.cover import TEST_FROM, TEST_STEP, test_cover
from gpu.kernel.draws import draw_month, draw_once, open_counters
from gpu.kernel.finish import finish, write_flags, write_row
from gpu.kernel.layout import (
    CALLED,
    COVENANT_LENGTH,
    DISCOUNT,
    DISTANCE,
    LIQUIDATED,
    LTV,
    N_PERIODS,
    N_PLANS,
    N_SITES,
    NPV,
    P_ROWS,
    PLAN_COVENANTS,
    PLAN_HAS_LOAN,
    PLAN_N_COVENANTS,
    SCALE_PRICE,
    SITE_FLOW,
    SITES_FLOW,
    USES_GPUS,
)
from gpu.kernel.market import (
    correlate,
    gpu_month,
    network_month,
    open_market,
    open_site,
    power_month,
    price_month,
)
from gpu.kernel.places import is_used, plan_head, series_row
from gpu.kernel.plan import (
    open_plan,
    plan_horizon,
    plan_month,
)

N_SCALES = 7


@device
def market_month(w: Doubles, s: Doubles, data: Doubles, ints: Integers, t: int) -> None:
    """Move the whole market on by a month."""
    correlate(w, data, ints)
    price_month(w, data, ints, t)
    network_month(w, data, ints, t)
    if ints[USES_GPUS] == 1:
        gpu_month(w, data, ints)
    for site in range(ints[N_SITES]):
        if is_used(site, ints):
            power_month(w, s, site, data, ints)


@device
def note_month(
    w: Doubles,
    h: History,
    c: Doubles,
    levels: Doubles,
    events: Flags,
    n_rows: int,
    first: int,
    plan: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Write events and levels of a month, and test the covenants that are due."""
    n = ints[N_PERIODS]
    head = plan_head(plan, ints)
    if ints[head + PLAN_HAS_LOAN] == 1:
        write_row(levels, 2 * plan * n + t, n_rows, first, w, LTV)
        write_row(levels, (2 * plan + 1) * n + t, n_rows, first, w, DISTANCE)
        write_flags(events, 2 * plan * n + t, n_rows, first, w, CALLED)
        write_flags(events, (2 * plan + 1) * n + t, n_rows, first, w, LIQUIDATED)
    if t >= TEST_FROM and (t - TEST_FROM) % TEST_STEP == 0:
        begin = ints[plan_head(0, ints) + PLAN_COVENANTS]
        for j in range(ints[head + PLAN_N_COVENANTS]):
            at = ints[head + PLAN_COVENANTS] + j * COVENANT_LENGTH
            k = (at - begin) // COVENANT_LENGTH
            test_cover(w, h, c, k, at, data, ints, t)
            row = (2 * ints[N_PLANS] + k) * n + t
            write_flags(events, row, n_rows, first, w, SITE_FLOW)


@device
def close_flow(
    p: Doubles, h: History, plan: int, data: Doubles, ints: Integers, t: int
) -> None:
    """Write the company's flow of a month to its series and count it in the NPV."""
    factor = data[ints[DISCOUNT] + t + 1]
    at = (series_row(plan, 0, ints) + t + 1) * L
    b = plan * P_ROWS * L
    for i in range(L):
        flow = p[b + SITES_FLOW * L + i]
        h[at + i] = flow
        p[b + NPV * L + i] += factor * flow


@device
def score_lanes(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    q: Doubles,
    p: Doubles,
    c: Doubles,
    h: History,
    u: Integers,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    work: Doubles,
    answer: Doubles,
    ids: Integers,
    leading: Doubles,
    scales: Doubles,
    out: Doubles,
    levels: Doubles,
    events: Flags,
    flows: Doubles,
    n_rows: int,
    first: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Score the scenarios ``first`` to ``first + L - 1`` of ``ids``.

    ``scales`` holds the multipliers of prices, (7, n_rows) in the order of
    `models.path_changes.MULTIPLIERS`; ``leading`` the host's normals, if any.
    """
    n = ints[N_PERIODS]
    for k in range(N_SCALES):
        for i in range(L):
            w[(SCALE_PRICE + k) * L + i] = scales[k * n_rows + first + i]
    open_counters(own, partner, mirrored, ids, first, ints)
    draw_once(u, w, s, f, own, partner, mirrored, ints)
    open_market(w, data, ints)
    for site in range(ints[N_SITES]):
        if is_used(site, ints):
            open_site(w, s, site, data, ints)
    for plan in range(ints[N_PLANS]):
        open_plan(q, p, c, plan, data, ints)
        for k in range(series_row(1, 0, ints) // (n + 1)):
            at = series_row(plan, k, ints) * L
            for i in range(L):
                h[at + i] = 0.0
    for t in range(n):
        draw_month(u, w, s, own, partner, mirrored, ids, leading, first, data, ints, t)
        market_month(w, s, data, ints, t)
        for plan in range(ints[N_PLANS]):
            plan_month(w, s, f, q, p, h, plan, data, ints, t)
            if t == n - 1:
                plan_horizon(w, s, f, q, p, h, plan, data, ints)
            close_flow(p, h, plan, data, ints, t)
            note_month(w, h, c, levels, events, n_rows, first, plan, data, ints, t)
    finish(w, p, c, h, work, answer, out, flows, n_rows, first, data, ints)
