# SPDX-License-Identifier: Apache-2.0
"""Own GPUs and contracts of one plan at one site, for `L` futures at a time."""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import kept, smaller
from gpu.kernel.intrinsics import float_of_int
from gpu.kernel.layout import (
    ALWAYS,
    CONTRACT_FATE,
    CONTRACT_FIXED,
    CONTRACT_GPU,
    CONTRACT_KIND,
    CONTRACT_LEFT,
    CONTRACT_LENGTH,
    CONTRACT_MEAN,
    CONTRACT_OWN,
    CONTRACT_POWER,
    CONTRACT_RENT,
    CONTRACT_SCALARS,
    CONTRACT_SERIES,
    CONTRACT_SINCE,
    CONTRACT_UNTIL,
    CONTRACT_USE,
    GPU_BASE,
    KIND_BTC,
    N_GPUS,
    N_PERIODS,
    POOL_GPU,
    POOL_IDLE,
    POOL_LENGTH,
    POOL_REVENUE,
    POOL_SALE,
    POOL_SERIES,
    POOL_SHARE,
    POOL_TERMINAL,
    POOL_USED,
    POWER,
    RENT,
    S_ROWS,
    SCALE_USE,
    SHARE,
    SITE_CONTRACTS,
    SITE_LATE,
    SITE_N_CONTRACTS,
    SITE_N_POOLS,
    SITE_POOLS,
    TAXED,
    TERMINAL,
    USE,
)
from gpu.kernel.space import full_share, kind_share

HPC = 2


@device
def gpu_use(w: Doubles, gpu: int, data: Doubles, ints: Integers) -> None:
    """Leave the sold share of merchant hours of a GPU family in SHARE."""
    base = data[ints[GPU_BASE] + gpu]
    for i in range(L):
        sold = smaller(base * w[USE * L + i], 1.0)
        w[SHARE * L + i] = smaller(sold * w[SCALE_USE * L + i], 1.0)


@device
def pools_month(
    w: Doubles,
    s: Doubles,
    head: int,
    site: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Add own GPUs on the merchant market, and those sold."""
    n = ints[N_PERIODS]
    late = ints[head + SITE_LATE]
    b = site * S_ROWS * L
    for k in range(ints[head + SITE_N_POOLS]):
        at = ints[head + SITE_POOLS] + k * POOL_LENGTH
        gpu = ints[at + POOL_GPU]
        series = ints[at + POOL_SERIES]
        trend = data[ints[GPU_BASE] + ints[N_GPUS] + gpu * n + t]
        revenue = data[series + POOL_REVENUE * n + t] * trend
        idle = data[series + POOL_IDLE * n + t]
        used = data[series + POOL_USED * n + t]
        sale = data[series + POOL_SALE * n + t] * trend
        if revenue != 0.0 or idle != 0.0:
            gpu_use(w, gpu, data, ints)
            for i in range(L):
                share = w[SHARE * L + i]
                cost = (idle + used * share) * s[b + POWER * L + i]
                w[KIND_BTC * L + i] = revenue * share * w[RENT * L + i] - cost
            if late >= 0:
                kind_share(w, s, head, site, HPC, data, ints, t)
            else:
                full_share(w)
            for i in range(L):
                w[TAXED * L + i] += w[SHARE * L + i] * w[KIND_BTC * L + i]
        if sale != 0.0:
            for i in range(L):
                w[TAXED * L + i] += sale * w[RENT * L + i]


@device
def contract_margin(
    w: Doubles,
    s: Doubles,
    at: int,
    site: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Leave what a contract earns in a month, its client paying, in KIND_BTC."""
    n = ints[N_PERIODS]
    series = ints[at + CONTRACT_SERIES]
    gpu = ints[at + CONTRACT_GPU]
    fixed = data[series + CONTRACT_FIXED * n + t]
    power = data[series + CONTRACT_POWER * n + t]
    b = site * S_ROWS * L
    for i in range(L):
        w[KIND_BTC * L + i] = fixed + power * s[b + POWER * L + i]
    if gpu >= 0:
        trend = data[ints[GPU_BASE] + ints[N_GPUS] + gpu * n + t]
        rent = data[series + CONTRACT_RENT * n + t] * trend
        use = data[series + CONTRACT_USE * n + t]
        gpu_use(w, gpu, data, ints)
        for i in range(L):
            sold = w[SHARE * L + i]
            earned = rent * w[RENT * L + i] + use * s[b + POWER * L + i]
            w[KIND_BTC * L + i] += sold * earned


@device
def still_pays(
    w: Doubles, f: Doubles, at: int, data: Doubles, ints: Integers, months: int
) -> None:
    """Set to zero what a client no longer pays after so many months of contract."""
    row = ints[at + CONTRACT_FATE]
    if row >= 0:
        mean = data[ints[at + CONTRACT_SCALARS] + CONTRACT_MEAN]
        ends = float_of_int(months)
        b = row * L
        for i in range(L):
            due = w[KIND_BTC * L + i]
            paid = due if ends <= f[b + i] * mean else 0.0
            w[KIND_BTC * L + i] = kept(paid)


@device
def contracts_month(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    head: int,
    site: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Add contracts with hosting clients and GPU leases."""
    n = ints[N_PERIODS]
    late = ints[head + SITE_LATE]
    for k in range(ints[head + SITE_N_CONTRACTS]):
        at = ints[head + SITE_CONTRACTS] + k * CONTRACT_LENGTH
        since = ints[at + CONTRACT_SINCE]
        if since <= t and t < ints[at + CONTRACT_UNTIL]:
            contract_margin(w, s, at, site, data, ints, t)
            still_pays(w, f, at, data, ints, t + 1 - since)
            kind = ints[at + CONTRACT_KIND]
            if late < 0 or kind == ALWAYS:
                full_share(w)
            elif kind == POOL_SHARE:
                own = data[ints[at + CONTRACT_SERIES] + CONTRACT_OWN * n + t]
                kind_share(w, s, head, site, HPC, data, ints, t)
                for i in range(L):
                    w[SHARE * L + i] = 1.0 - own * (1.0 - w[SHARE * L + i])
            else:
                kind_share(w, s, head, site, kind, data, ints, t)
            for i in range(L):
                w[TAXED * L + i] += w[SHARE * L + i] * w[KIND_BTC * L + i]


@device
def lines_horizon(
    w: Doubles,
    s: Doubles,
    f: Doubles,
    head: int,
    site: int,
    data: Doubles,
    ints: Integers,
) -> None:
    """Add own GPUs and contracts left at the horizon to TERMINAL."""
    n = ints[N_PERIODS]
    for k in range(ints[head + SITE_N_POOLS]):
        at = ints[head + SITE_POOLS] + k * POOL_LENGTH
        gpu = ints[at + POOL_GPU]
        trend = data[ints[GPU_BASE] + ints[N_GPUS] + gpu * n + n - 1]
        sale = data[ints[at + POOL_TERMINAL]] * trend
        for i in range(L):
            w[TERMINAL * L + i] += sale * w[RENT * L + i]
    for k in range(ints[head + SITE_N_CONTRACTS]):
        at = ints[head + SITE_CONTRACTS] + k * CONTRACT_LENGTH
        left = data[ints[at + CONTRACT_SCALARS] + CONTRACT_LEFT]
        if left != 0.0:
            contract_margin(w, s, at, site, data, ints, n - 1)
            still_pays(w, f, at, data, ints, n - ints[at + CONTRACT_SINCE])
            for i in range(L):
                w[TERMINAL * L + i] += left * w[KIND_BTC * L + i]
