# SPDX-License-Identifier: Apache-2.0
"""Discounted sums of flows on lanes: of the flows, and of their sizes.

What does not belong here: what the sums are for (`gpu.kernel.irr`,
`gpu.kernel.irr_seek`).
"""

from __future__ import annotations

from typing import Final

from gpu.kernel.compiled import Doubles, History, L, device
from gpu.kernel.intrinsics import abs_, fma
from gpu.kernel.irr_count import COUNT_ROWS

__all__ = ["SUM_ROWS", "evaluate_both", "evaluate_sum"]

# Rows of the scratch array after those of the count: where lanes stand, as the
# distance u of t = log(1 + rate) from 0 and x = 1 / (1 + rate), the sum f of
# discounted flows and its derivative in x, and the same for q, the sum of sizes.
U: Final = COUNT_ROWS
X: Final = COUNT_ROWS + 1
F: Final = COUNT_ROWS + 2
F_SLOPE: Final = COUNT_ROWS + 3
Q: Final = COUNT_ROWS + 4
Q_SLOPE: Final = COUNT_ROWS + 5
# 1 for a root above zero, -1 for one below; what is done with the lane.
SIDE: Final = COUNT_ROWS + 6
STATE: Final = COUNT_ROWS + 7
# Where above and below zero f is proven to have the other sign than at 0, else 0.
FOUND_ABOVE: Final = COUNT_ROWS + 8
FOUND_BELOW: Final = COUNT_ROWS + 9
SUM_ROWS: Final = COUNT_ROWS + 10

WAITING: Final = 1.0
SOLVED: Final = 2.0
FAILED: Final = 3.0

# Sums outside of this range have lost digits.
LARGEST_SUM: Final = 1e280
SMALLEST_SUM: Final = 1e-280


@device
def evaluate_both(flows: History, first: int, n_flows: int, work: Doubles) -> None:
    """Evaluate f and q and their derivatives in x by Horner's rule."""
    for row in range(F, Q_SLOPE + 1):
        for i in range(L):
            work[row * L + i] = 0.0
    at = first + n_flows * L
    if (n_flows & 1) > 0:
        at -= L
        for i in range(L):
            flow = flows[at + i]
            work[F * L + i] = flow
            work[Q * L + i] = abs_(flow)
    for _ in range(n_flows >> 1):
        at -= 2 * L
        for i in range(L):
            x = work[X * L + i]
            f = work[F * L + i]
            q = work[Q * L + i]
            flow = flows[at + L + i]
            f_slope = fma(work[F_SLOPE * L + i], x, f)
            q_slope = fma(work[Q_SLOPE * L + i], x, q)
            f = fma(f, x, flow)
            q = fma(q, x, abs_(flow))
            flow = flows[at + i]
            work[F_SLOPE * L + i] = fma(f_slope, x, f)
            work[Q_SLOPE * L + i] = fma(q_slope, x, q)
            work[F * L + i] = fma(f, x, flow)
            work[Q * L + i] = fma(q, x, abs_(flow))


@device
def evaluate_sum(flows: History, first: int, n_flows: int, work: Doubles) -> None:
    """Evaluate f and its derivative in x, to the same bits as `evaluate_both`."""
    for i in range(L):
        work[F * L + i] = 0.0
        work[F_SLOPE * L + i] = 0.0
    at = first + n_flows * L
    for _ in range(n_flows & 3):
        at -= L
        for i in range(L):
            x = work[X * L + i]
            f = work[F * L + i]
            work[F_SLOPE * L + i] = fma(work[F_SLOPE * L + i], x, f)
            work[F * L + i] = fma(f, x, flows[at + i])
    for _ in range(n_flows >> 2):
        at -= 4 * L
        for i in range(L):
            x = work[X * L + i]
            f = work[F * L + i]
            f_slope = fma(work[F_SLOPE * L + i], x, f)
            f = fma(f, x, flows[at + 3 * L + i])
            f_slope = fma(f_slope, x, f)
            f = fma(f, x, flows[at + 2 * L + i])
            f_slope = fma(f_slope, x, f)
            f = fma(f, x, flows[at + L + i])
            work[F_SLOPE * L + i] = fma(f_slope, x, f)
            work[F * L + i] = fma(f, x, flows[at + i])
