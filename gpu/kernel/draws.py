# SPDX-License-Identifier: Apache-2.0
"""The draws of `L` futures under a rule, lane by lane: see `gpu.sampling.scenarios`.

Of each lane, ``own`` and ``partner`` hold the Philox counters of its scenario and of
its partner, ``mirrored`` whether its draws are mirrored. What does not belong here:
random numbers themselves (`gpu.kernel.random`).
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.layout import (
    DIP_DRAW,
    FATES,
    HAS_LEADING,
    IS_ANTITHETIC,
    IS_DRAWN,
    IS_TILTED,
    KIND_BTC,
    LOG_RATIO,
    LOW_DRAW,
    N_FATES,
    N_PERIODS,
    N_SITES,
    NEVER,
    OWN_DRAW,
    PLAIN_EVERY,
    RULE,
    RUNNING_BTC,
    RUNNING_ENERGY,
    S_ROWS,
    SEED_HIGH,
    SEED_LOW,
    SPARE_DRAW,
    SWAPPED,
    SWAPS_BUILD,
    SWAPS_FATES,
    SWAPS_POWER,
    SWAPS_WITHIN,
    TILT,
    USES_GPUS,
    Z,
)
from gpu.kernel.places import is_used
from gpu.kernel.random import (
    exponential,
    mirror,
    mirror_words,
    month_low_and_dip,
    normal_pair,
    random_words,
)

WITHIN_MONTH_STREAM = 8
SITE_POWER_STREAM = 16
SITE_BUILD_STREAM = 4096
N_FACTORS = 8
# Factors 4 and 5 are rent and use of GPUs.
GPU_PAIR = 2
PARTNER_OFFSET = 4611686018427387904


@device
def open_counters(
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ids: Integers,
    first: int,
    ints: Integers,
) -> None:
    """Find the counters of the scenarios in ``ids`` from ``first`` on."""
    paired = ints[ints[RULE] + IS_ANTITHETIC]
    for i in range(L):
        scenario = ids[first + i]
        # The sum, for ids that have a partner; others must not overflow.
        there = scenario | PARTNER_OFFSET
        own[i] = scenario >> paired
        partner[i] = there >> paired
        mirrored[i] = scenario & paired


@device
def is_swapped(group: int, ints: Integers) -> bool:
    """Return whether a group of draws comes from the partner."""
    return ((ints[ints[RULE] + SWAPPED] >> group) & 1) == 1


@device
def pair_of(
    u: Integers,
    w: Doubles,
    row: int,
    counters: Integers,
    mirrored: Integers,
    ints: Integers,
    month: int,
    stream: int,
) -> None:
    """Write two normals per lane, negated where mirrored."""
    r = ints[RULE]
    normal_pair(
        u, w, row, ints[r + SEED_LOW], ints[r + SEED_HIGH], counters, month, stream
    )
    if ints[r + IS_ANTITHETIC] == 1:
        mirror(w, row, mirrored)
        mirror(w, row + 1, mirrored)


@device
def copy_row(w: Doubles, to: int, of: int) -> None:
    """Copy a row."""
    there = to * L
    here = of * L
    for i in range(L):
        w[there + i] = w[here + i]


@device
def factor_pair(
    u: Integers,
    w: Doubles,
    pair: int,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ints: Integers,
    month: int,
) -> None:
    """Draw two factors of the market, each from its own source."""
    row = Z + 2 * pair
    first = is_swapped(2 * pair, ints)
    second = is_swapped(2 * pair + 1, ints)
    if not (first and second):
        pair_of(u, w, row, own, mirrored, ints, month, pair)
    if first or second:
        pair_of(u, w, RUNNING_BTC, partner, mirrored, ints, month, pair)
        if first:
            copy_row(w, row, RUNNING_BTC)
        if second:
            copy_row(w, row + 1, RUNNING_ENERGY)


@device
def lead(w: Doubles, leading: Doubles, first: int, ints: Integers, month: int) -> None:
    """Take factors 0, 1 and 6 from the host's normals: (n, 3, n_periods)."""
    n = ints[N_PERIODS]
    for i in range(L):
        at = (first + i) * 3 * n + month
        w[Z * L + i] = leading[at]
        w[(Z + 1) * L + i] = leading[at + n]
        w[(Z + 6) * L + i] = leading[at + 2 * n]


@device
def tilt_price(
    w: Doubles,
    ids: Integers,
    first: int,
    data: Doubles,
    ints: Integers,
    month: int,
) -> None:
    """Shift the draw of the BTC price where tilted; add up the density ratio."""
    every = ints[ints[RULE] + PLAIN_EVERY]
    shift = data[ints[TILT] + month]
    for i in range(L):
        added = shift if (ids[first + i] & (every - 1)) != 0 else 0.0
        z = w[Z * L + i] + added
        w[Z * L + i] = z
        w[LOG_RATIO * L + i] += shift * (z - 0.5 * shift)


@device
def site_powers(
    u: Integers,
    w: Doubles,
    s: Doubles,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ints: Integers,
    month: int,
) -> None:
    """Draw what is each site's own in its power price."""
    n_sites = ints[N_SITES]
    for k in range((n_sites + 1) // 2):
        stream = SITE_POWER_STREAM + k
        first = 2 * k
        # The last site of an odd number is its own neighbour.
        second = first + 1 if first + 1 < n_sites else first
        if is_used(first, ints) or is_used(second, ints):
            if is_swapped(SWAPS_POWER, ints):
                pair_of(u, w, RUNNING_BTC, partner, mirrored, ints, month, stream)
            else:
                pair_of(u, w, RUNNING_BTC, own, mirrored, ints, month, stream)
        if is_used(first, ints):
            b = first * S_ROWS * L
            for i in range(L):
                s[b + OWN_DRAW * L + i] = w[RUNNING_BTC * L + i]
        if second > first and is_used(second, ints):
            b = second * S_ROWS * L
            for i in range(L):
                s[b + OWN_DRAW * L + i] = w[RUNNING_ENERGY * L + i]


@device
def within_month(
    u: Integers,
    w: Doubles,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ints: Integers,
    month: int,
) -> None:
    """Draw the month's low and the dip after a call."""
    r = ints[RULE]
    low = ints[r + SEED_LOW]
    high = ints[r + SEED_HIGH]
    if is_swapped(SWAPS_WITHIN, ints):
        random_words(u, low, high, partner, month, WITHIN_MONTH_STREAM)
    else:
        random_words(u, low, high, own, month, WITHIN_MONTH_STREAM)
    if ints[r + IS_ANTITHETIC] == 1:
        mirror_words(u, mirrored)
    month_low_and_dip(u, w, LOW_DRAW)


@device
def draw_month(
    u: Integers,
    w: Doubles,
    s: Doubles,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ids: Integers,
    leading: Doubles,
    first: int,
    data: Doubles,
    ints: Integers,
    month: int,
) -> None:
    """Draw everything of a month; nothing at all on the base path."""
    r = ints[RULE]
    if ints[r + IS_DRAWN] == 1:
        for pair in range(N_FACTORS // 2):
            is_led = pair == 0 and ints[r + HAS_LEADING] == 1
            is_idle = pair == GPU_PAIR and ints[USES_GPUS] == 0
            if not is_led and not is_idle:
                factor_pair(u, w, pair, own, partner, mirrored, ints, month)
        if ints[r + HAS_LEADING] == 1:
            lead(w, leading, first, ints, month)
        if ints[r + IS_TILTED] == 1:
            tilt_price(w, ids, first, data, ints, month)
        site_powers(u, w, s, own, partner, mirrored, ints, month)
        within_month(u, w, own, partner, mirrored, ints, month)
    else:
        # Correlating leaves zeros, so that nothing need be set again but what moves.
        for row in range(Z, Z + N_FACTORS):
            for i in range(L):
                w[row * L + i] = 0.0
        for i in range(L):
            w[LOW_DRAW * L + i] = 0.0
            w[DIP_DRAW * L + i] = 0.0
        for site in range(ints[N_SITES]):
            b = site * S_ROWS * L
            for i in range(L):
                s[b + OWN_DRAW * L + i] = 0.0


@device
def draw_build(
    u: Integers,
    w: Doubles,
    s: Doubles,
    site: int,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ints: Integers,
) -> None:
    """Draw capex overrun and delay of a site: of a mirrored delay, another draw."""
    r = ints[RULE]
    low = ints[r + SEED_LOW]
    high = ints[r + SEED_HIGH]
    stream = SITE_BUILD_STREAM + site
    swapped = is_swapped(SWAPS_BUILD, ints)
    b = site * S_ROWS * L
    if swapped:
        normal_pair(u, w, RUNNING_BTC, low, high, partner, 0, stream)
    else:
        normal_pair(u, w, RUNNING_BTC, low, high, own, 0, stream)
    for i in range(L):
        s[b + OWN_DRAW * L + i] = w[RUNNING_BTC * L + i]
        s[b + SPARE_DRAW * L + i] = w[RUNNING_ENERGY * L + i]
    if ints[r + IS_ANTITHETIC] == 1:
        if swapped:
            normal_pair(u, w, KIND_BTC, low, high, partner, 1, stream)
        else:
            normal_pair(u, w, KIND_BTC, low, high, own, 1, stream)
        for i in range(L):
            cost = s[b + OWN_DRAW * L + i]
            late = s[b + SPARE_DRAW * L + i]
            other = w[(KIND_BTC + 1) * L + i]
            s[b + OWN_DRAW * L + i] = -cost if mirrored[i] == 1 else cost
            s[b + SPARE_DRAW * L + i] = other if mirrored[i] == 1 else late


@device
def draw_once(
    u: Integers,
    w: Doubles,
    s: Doubles,
    f: Doubles,
    own: Integers,
    partner: Integers,
    mirrored: Integers,
    ints: Integers,
) -> None:
    """Draw what a future has once: build cost and delay by site, clients' fates."""
    r = ints[RULE]
    for i in range(L):
        w[LOG_RATIO * L + i] = 0.0
    # Factors that nobody looks at are not drawn, see `draw_month`.
    for row in range(Z, Z + N_FACTORS):
        for i in range(L):
            w[row * L + i] = 0.0
    if ints[r + IS_DRAWN] == 1:
        for site in range(ints[N_SITES]):
            if is_used(site, ints):
                draw_build(u, w, s, site, own, partner, mirrored, ints)
        for k in range(ints[N_FATES]):
            stream = ints[ints[FATES] + k]
            low = ints[r + SEED_LOW]
            high = ints[r + SEED_HIGH]
            if is_swapped(SWAPS_FATES, ints):
                random_words(u, low, high, partner, 0, stream)
            else:
                random_words(u, low, high, own, 0, stream)
            exponential(u, f, k, mirrored)
    else:
        for site in range(ints[N_SITES]):
            b = site * S_ROWS * L
            for i in range(L):
                s[b + OWN_DRAW * L + i] = 0.0
                s[b + SPARE_DRAW * L + i] = 0.0
        for k in range(ints[N_FATES]):
            for i in range(L):
                f[k * L + i] = NEVER
