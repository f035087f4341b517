# SPDX-License-Identifier: Apache-2.0
"""One month of one plan at one site, for `L` futures at a time.

What the tables hold per unit of each price, times the prices: `models.book` says what
is posted, `models.fleet` and `models.contracts` what it is worth. Tax stands in
`gpu.kernel.tax`.
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import larger, smaller
from gpu.kernel.intrinsics import float_of_int, int_of_float
from gpu.kernel.layout import (
    AVAILABLE,
    BTC_PER_EH,
    CAPEX,
    CAPEX_PAID,
    CASH_FLOW,
    DELAY,
    FIXED_TAXED,
    FIXED_UNTAXED,
    GROUP,
    GROUP_LENGTH,
    HASHPRICE,
    KIND_BTC,
    KIND_ENERGY,
    MINING_VAT,
    N_PERIODS,
    POWER,
    POWER_COST,
    PRICE,
    PROFIT,
    RUNNING_BTC,
    RUNNING_ENERGY,
    S_ROWS,
    SALE_ENERGY,
    SALE_LENGTH,
    SALE_NEW,
    SALE_SCRAP,
    SALE_SLOPE,
    SALE_UNITS,
    SHARE,
    SITE_ASICS,
    SITE_CREDIT,
    SITE_DEMAND,
    SITE_LATE,
    SITE_RESALE,
    SITE_SCALARS,
    SITE_SERIES,
    TAXED,
    TERMINAL,
    TERMINAL_FIXED,
    VALUE_PER_EH,
    WRITE_OFF,
    WRITE_OFF_SCALED,
)
from gpu.kernel.lines import contracts_month, lines_horizon, pools_month
from gpu.kernel.space import N_KINDS, full_share, kind_share


@device
def running_asics(
    w: Doubles, s: Doubles, group: int, until: int, site: int, data: Doubles
) -> None:
    """Add up output and energy of the machines whose revenue covers their energy.

    Groups of four: what the hash rate must be worth for each to run, its hash rate,
    its energy cost at the base power price.
    """
    b = site * S_ROWS * L
    for i in range(L):
        w[KIND_BTC * L + i] = 0.0
        w[KIND_ENERGY * L + i] = 0.0
    for g in range(group, until):
        at = g * GROUP_LENGTH
        level0 = data[at]
        level1 = data[at + 1]
        level2 = data[at + 2]
        level3 = data[at + 3]
        hash0 = data[at + GROUP]
        hash1 = data[at + GROUP + 1]
        hash2 = data[at + GROUP + 2]
        hash3 = data[at + GROUP + 3]
        energy0 = data[at + 2 * GROUP]
        energy1 = data[at + 2 * GROUP + 1]
        energy2 = data[at + 2 * GROUP + 2]
        energy3 = data[at + 2 * GROUP + 3]
        for i in range(L):
            worth = w[VALUE_PER_EH * L + i]
            power = s[b + POWER * L + i]
            hashes = hash0 if worth > level0 * power else 0.0
            energy = energy0 if worth > level0 * power else 0.0
            hashes += hash1 if worth > level1 * power else 0.0
            energy += energy1 if worth > level1 * power else 0.0
            hashes += hash2 if worth > level2 * power else 0.0
            energy += energy2 if worth > level2 * power else 0.0
            hashes += hash3 if worth > level3 * power else 0.0
            energy += energy3 if worth > level3 * power else 0.0
            w[KIND_BTC * L + i] += hashes
            w[KIND_ENERGY * L + i] += energy


@device
def mining_month(
    w: Doubles,
    s: Doubles,
    head: int,
    site: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Mine: revenue, energy, VAT; CASH_FLOW is what is left without the revenue."""
    n = ints[N_PERIODS]
    starts = ints[head + SITE_ASICS]
    late = ints[head + SITE_LATE]
    for i in range(L):
        w[RUNNING_BTC * L + i] = 0.0
        w[RUNNING_ENERGY * L + i] = 0.0
    for kind in range(N_KINDS):
        first = ints[starts + N_KINDS * t + kind]
        until = ints[starts + N_KINDS * t + kind + 1]
        if until > first:
            running_asics(w, s, first, until, site, data)
            if late >= 0:
                kind_share(w, s, head, site, kind, data, ints, t)
            else:
                full_share(w)
            for i in range(L):
                share = w[SHARE * L + i]
                w[RUNNING_BTC * L + i] += share * w[KIND_BTC * L + i]
                w[RUNNING_ENERGY * L + i] += share * w[KIND_ENERGY * L + i]
    series = ints[head + SITE_SERIES]
    taxed = data[series + FIXED_TAXED * n + t]
    power_cost = data[series + POWER_COST * n + t]
    vat = data[ints[head + SITE_SCALARS] + MINING_VAT]
    b = site * S_ROWS * L
    for i in range(L):
        btc = w[RUNNING_BTC * L + i] * w[BTC_PER_EH * L + i]
        revenue = btc * w[PRICE * L + i]
        power = s[b + POWER * L + i]
        cost = (w[RUNNING_ENERGY * L + i] + power_cost) * power
        w[RUNNING_BTC * L + i] = btc
        w[TAXED * L + i] = revenue + (taxed - cost - vat * revenue)


@device
def credit_month(
    w: Doubles,
    s: Doubles,
    head: int,
    site: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Add credits for load, and what late power and shells change."""
    n = ints[N_PERIODS]
    credit = ints[head + SITE_CREDIT]
    late = ints[head + SITE_LATE]
    if credit >= 0:
        for kind in range(N_KINDS):
            usd = data[credit + kind * n + t]
            if usd != 0.0:
                if late >= 0:
                    kind_share(w, s, head, site, kind, data, ints, t)
                else:
                    full_share(w)
                for i in range(L):
                    w[TAXED * L + i] += usd * w[SHARE * L + i]
    if late >= 0:
        table = ints[head + SITE_DEMAND] + t
        b = site * S_ROWS * L
        longest = float_of_int(n)
        for i in range(L):
            months = int_of_float(smaller(s[b + DELAY * L + i], longest))
            w[SHARE * L + i] = data[table + months * n]
        for i in range(L):
            w[TAXED * L + i] -= w[SHARE * L + i]


@device
def used_machines(
    w: Doubles, row: int, head: int, data: Doubles, ints: Integers, t: int
) -> None:
    """Add what used ASICs are worth to a row; t = n_periods is the horizon."""
    starts = ints[head + SITE_RESALE]
    to = row * L
    for k in range(ints[starts + t], ints[starts + t + 1]):
        at = k * SALE_LENGTH
        new = data[at + SALE_NEW]
        scrap = data[at + SALE_SCRAP]
        slope = data[at + SALE_SLOPE]
        energy = data[at + SALE_ENERGY]
        units = data[at + SALE_UNITS]
        for i in range(L):
            margin = slope * (w[HASHPRICE * L + i] - energy)
            w[to + i] += units * smaller(new, larger(scrap, margin))


@device
def site_month(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    head: int,
    site: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Work one month of a site before tax.

    Leaves operating and resale cash in TAXED, the profit in PROFIT, output in
    RUNNING_BTC and what is paid for assets in CASH_FLOW.
    """
    n = ints[N_PERIODS]
    mining_month(w, s, head, site, data, ints, t)
    credit_month(w, s, head, site, data, ints, t)
    used_machines(w, TAXED, head, data, ints, t)
    pools_month(w, s, head, site, data, ints, t)
    contracts_month(w, s, f, head, site, data, ints, t)
    series = ints[head + SITE_SERIES]
    untaxed = data[series + FIXED_UNTAXED * n + t]
    capex = data[series + CAPEX_PAID * n + t]
    write_off = data[series + WRITE_OFF * n + t]
    scaled = data[series + WRITE_OFF_SCALED * n + t]
    b = site * S_ROWS * L
    for i in range(L):
        cost = s[b + CAPEX * L + i]
        w[AVAILABLE * L + i] = w[TAXED * L + i]
        w[CASH_FLOW * L + i] = untaxed - capex * cost
        w[PROFIT * L + i] = w[TAXED * L + i] - write_off - scaled * cost


@device
def site_horizon(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    head: int,
    site: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Leave what a site's assets and contracts are worth at the horizon in TERMINAL."""
    n = ints[N_PERIODS]
    fixed = data[ints[head + SITE_SCALARS] + TERMINAL_FIXED]
    for i in range(L):
        w[TERMINAL * L + i] = fixed
    used_machines(w, TERMINAL, head, data, ints, n)
    lines_horizon(w, s, f, head, site, data, ints)
