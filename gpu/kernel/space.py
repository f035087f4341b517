# SPDX-License-Identifier: Apache-2.0
"""Which share of load can run when power and shells come late, for `L` futures."""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, Integers, L, device
from gpu.kernel.elementary import smaller
from gpu.kernel.intrinsics import float_of_int, int_of_float
from gpu.kernel.layout import (
    DELAY,
    N_PERIODS,
    N_SITES,
    S_ROWS,
    SHARE,
    SITE_HEAD,
    SITE_HEADS,
    SITE_LATE,
)

N_KINDS = 3


@device
def site_head(plan: int, site: int, ints: Integers) -> int:
    """Return where the tables of a plan at a site begin."""
    return ints[SITE_HEADS] + (plan * ints[N_SITES] + site) * SITE_HEAD


@device
def kind_share(
    w: Doubles,
    s: Doubles,
    head: int,
    site: int,
    kind: int,
    data: Doubles,
    ints: Integers,
    t: int,
) -> None:
    """Look up the share of load of a kind of shell that can run, by each delay."""
    n = ints[N_PERIODS]
    table = ints[head + SITE_LATE] + kind * n + t
    b = site * S_ROWS * L
    longest = float_of_int(n)
    for i in range(L):
        late = int_of_float(smaller(s[b + DELAY * L + i], longest))
        w[SHARE * L + i] = data[table + late * N_KINDS * n]


@device
def full_share(w: Doubles) -> None:
    """Let all load run."""
    for i in range(L):
        w[SHARE * L + i] = 1.0
