# SPDX-License-Identifier: Apache-2.0
"""Tax of one group for one month, for `L` futures at a time; `models.tax` has the law.

The account's rows lie in q; where losses expire, their running totals by month lie in
the history h.
"""

from __future__ import annotations

from gpu.kernel.compiled import Doubles, History, L, device
from gpu.kernel.elementary import kept, larger, smaller
from gpu.kernel.intrinsics import int_of_float
from gpu.kernel.layout import (
    LOSS_BALANCE,
    LOSS_CAP,
    LOSS_LIFE,
    LOSS_TOTAL,
    PROFIT,
    Q_ROWS,
    TAX,
    TAX_RATE,
    TAX_SHARES,
    WITHHELD,
    WITHHOLDING,
)


@device
def open_account(q: Doubles, account: int) -> None:
    """Begin an account without losses."""
    b = account * Q_ROWS * L
    for i in range(L):
        q[b + LOSS_BALANCE * L + i] = 0.0
        q[b + LOSS_TOTAL * L + i] = 0.0


@device
def tax_month(
    w: Doubles,
    q: Doubles,
    h: History,
    account: int,
    terms: int,
    losses: int,
    data: Doubles,
    t: int,
) -> None:
    """Tax the profit in PROFIT; tax and tax withheld go to TAX and WITHHELD.

    ``losses`` is the first history row of running totals, negative where no loss can
    expire within the horizon.
    """
    rate = data[terms + TAX_RATE]
    cap = data[terms + LOSS_CAP]
    withholding = data[terms + WITHHOLDING]
    share = data[terms + TAX_SHARES + t]
    b = account * Q_ROWS * L
    for i in range(L):
        profit = w[PROFIT * L + i]
        gain = larger(profit, 0.0)
        loss = share * (gain - profit)
        taxable = share * gain
        balance = q[b + LOSS_BALANCE * L + i]
        use = smaller(balance, cap * taxable)
        tax = rate * (taxable - use)
        w[TAX * L + i] = tax
        w[WITHHELD * L + i] = withholding * (gain - use - tax)
        q[b + LOSS_BALANCE * L + i] = balance - use + loss
        q[b + LOSS_TOTAL * L + i] = q[b + LOSS_TOTAL * L + i] + loss
    if losses >= 0:
        expire(q, h, b, losses, int_of_float(data[terms + LOSS_LIFE]), t)


@device
def expire(q: Doubles, h: History, b: int, losses: int, life: int, t: int) -> None:
    """Keep no more losses than those of the last months of their life."""
    now = (losses + t) * L
    for i in range(L):
        h[now + i] = q[b + LOSS_TOTAL * L + i]
    if t + 1 > life:
        then = (losses + t - life) * L
        for i in range(L):
            recent = q[b + LOSS_TOTAL * L + i] - h[then + i]
            balance = q[b + LOSS_BALANCE * L + i]
            q[b + LOSS_BALANCE * L + i] = kept(smaller(balance, recent))
