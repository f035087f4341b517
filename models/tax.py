# SPDX-License-Identifier: Apache-2.0
"""Tax: a simple profit tax with loss carry-forward, one group per site.

Machines and plant are written off straight line over the regime's lives whatever
happens to them, and sale proceeds are income (the general asset account method of
26 CFR 1.168(i)-1, simplified). What does not belong here: what profit is made of
(`models.cashflow`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray

__all__ = ["profit_tax_step", "profit_tax_usd"]


def profit_tax_usd(
    profit_usd: FloatArray, rate_frac: float, loss_use_cap_frac: float
) -> FloatArray:
    """Return monthly profit tax, losses carried forward without limit of time.

    ``use_t = min(balance_t, cap x max(profit_t, 0))``,
    ``tax_t = rate x (max(profit_t, 0) - use_t)``,
    ``balance_(t+1) = balance_t - use_t + max(-profit_t, 0)``.

    Parameters
    ----------
    profit_usd : ndarray of shape (n_scenarios, n_periods)
        Taxable profit before losses brought forward. [USD]
    rate_frac : float
        Tax rate. [share 0-1]
    loss_use_cap_frac : float
        Largest share of a profit that losses may offset. [share 0-1]

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods)
        Tax, >= 0, paid in the month it arises. [USD]
    """
    tax = np.zeros_like(profit_usd)
    balance = np.zeros_like(profit_usd[:, 0])
    for period in range(profit_usd.shape[1]):
        tax[:, period], balance = profit_tax_step(
            profit_usd[:, period], balance, rate_frac, loss_use_cap_frac
        )
    return tax


def profit_tax_step(
    profit_usd: FloatArray,
    loss_balance_usd: FloatArray,
    rate_frac: float,
    loss_use_cap_frac: float,
) -> tuple[FloatArray, FloatArray]:
    """Return one month's tax and the loss balance after it.

    Parameters
    ----------
    profit_usd, loss_balance_usd : ndarray of shape (n_scenarios,)
        Taxable profit of the month; losses brought forward, >= 0. [USD]
    rate_frac, loss_use_cap_frac : float
        See `profit_tax_usd`. [share 0-1]

    Returns
    -------
    tuple of ndarray of shape (n_scenarios,)
        Tax and losses carried forward. [USD]
    """
    gain = np.maximum(profit_usd, 0.0)
    use = np.minimum(loss_balance_usd, loss_use_cap_frac * gain)
    carried = loss_balance_usd - use + np.maximum(-profit_usd, 0.0)
    return rate_frac * (gain - use), carried
