# SPDX-License-Identifier: Apache-2.0
"""Where a plan's tables and series begin."""

from __future__ import annotations

from gpu.kernel.compiled import Integers, device
from gpu.kernel.layout import (
    N_PERIODS,
    N_PROJECTS,
    PLAN_HEAD,
    PLAN_HEADS,
    USED_SITES,
)


@device
def plan_head(plan: int, ints: Integers) -> int:
    """Return where the tables of a plan begin."""
    return ints[PLAN_HEADS] + plan * PLAN_HEAD


@device
def is_used(site: int, ints: Integers) -> bool:
    """Return whether some plan does something at a site: else nobody looks at it."""
    return ints[ints[USED_SITES] + site] == 1


@device
def series_row(plan: int, k: int, ints: Integers) -> int:
    """Return the first history row of a plan's series: 0 the company, then projects."""
    return (plan * (1 + ints[N_PROJECTS]) + k) * (ints[N_PERIODS] + 1)
