# SPDX-License-Identifier: Apache-2.0
"""How much debt one project bears: the largest draws that break no rule.

Draws are a share of what is paid each month; the share is one number, in closed form,
and never over the advance share of the facility, so that debt never exceeds cost
however rich the cash flow. Where a cover is asked, it bounds the share on one given
cash flow; a cash flow that bears no debt gets none.
What does not belong here: what a plan may draw month by month (`models.debt_limits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from models.debt import DebtPath, drawn_path
from models.debt_limits import DSCR_STEP_MONTHS, DSCR_WINDOW_MONTHS

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.debt import DebtFacility

__all__ = ["SizedDebt", "repayment_tests", "sized_draws"]

_ROUNDING: Final = 1e-12
_CENT_USD: Final = 0.01

Bound = Literal["advance", "limit", "cover", "no cost"]


@dataclass(frozen=True, slots=True)
class SizedDebt:
    """Debt of one facility, sized for one project.

    Parameters
    ----------
    path : DebtPath
        Flows and balance of the facility alone, one row.
    share_frac : float
        Drawn per USD of eligible cost, 0 to the advance share. [share 0-1]
    bound : str
        What keeps it from being larger: ``advance``, ``limit``, ``cover`` or
        ``no cost``.
    """

    path: DebtPath
    share_frac: float
    bound: Bound

    @property
    def drawn_usd(self) -> float:
        """All draws together [USD]."""
        return float(self.path.drawn_usd.sum())


def repayment_tests(repayment_usd: FloatArray, service_usd: FloatArray) -> list[int]:
    """Return the periods at whose end the cover of a project's debt is tested.

    Every quarter from the twelfth month of repayment on, as long as anything is due;
    once, a year after repayment began or at the horizon, where less than a year is.

    Parameters
    ----------
    repayment_usd, service_usd : ndarray of shape (n_periods,)
        Principal, and interest and principal, of all its debt. [USD]

    Returns
    -------
    list of int
        Periods; none where nothing is repaid. [period]
    """
    repaid = np.flatnonzero(repayment_usd)
    # A loan paid off may leave a rounding in its balance: nothing is due on that.
    due = np.flatnonzero(service_usd > _ROUNDING * service_usd.sum())
    if not len(repaid):
        return []
    first = int(repaid[0]) + DSCR_WINDOW_MONTHS - 1
    tests = list(range(first, int(due[-1]) + 1, DSCR_STEP_MONTHS))
    return tests or [min(first, len(repayment_usd) - 1)]


def sized_draws(
    facility: DebtFacility,
    cost_usd: FloatArray,
    cash_usd: FloatArray,
    *,
    min_cover: float | None = None,
    other: DebtPath | None = None,
) -> SizedDebt:
    """Return the largest draws of a facility that a project bears.

    With share x of the cost of each month drawn, balance and service are x times those
    of a draw of all cost, B and S. So, closed form::

        x = min(advance, limit / max(B), (cash / cover - other service) / S per test)

    and not under zero; tests are those of all debt together, a test in which the
    facility itself asks nothing does not bind. Less than a cent is not drawn.

    Parameters
    ----------
    facility : DebtFacility
        Facility, unused before.
    cost_usd : ndarray of shape (n_periods,)
        What it may finance, paid by month; what is negative counts as nothing. [USD]
    cash_usd : ndarray of shape (n_periods,)
        Cash available for debt service. [USD]
    min_cover : float or None
        Least cover of all debt in every test; the covenant of the facility where
        left out, and none where that has none. [ratio]
    other : DebtPath or None
        Debt that the project has already.

    Returns
    -------
    SizedDebt
        Zero draws where nothing can be drawn.
    """
    cost = np.maximum(cost_usd, 0.0)
    asked = facility.min_dscr if min_cover is None else min_cover
    full = drawn_path((facility,), cost[None, :])
    peak = float(full.balance_usd.max())
    bound: Bound = "advance"
    share = facility.advance_frac
    if peak <= 0.0:
        return SizedDebt(full, 0.0, "no cost")
    if share * peak > facility.limit_usd:
        share, bound = facility.limit_usd / peak, "limit"
    if asked is not None:
        most = _share_covered(full, cash_usd, asked, other)
        if share > most:
            share, bound = most, "cover"
    if share * float(cost.sum()) < _CENT_USD:
        share = 0.0
    return SizedDebt(drawn_path((facility,), share * cost[None, :]), share, bound)


def _share_covered(
    full: DebtPath, cash_usd: FloatArray, asked: float, other: DebtPath | None
) -> float:
    """Return the largest share of a full draw whose service is covered [share]."""
    own = full.service_usd[0]
    repaid, before = full.repayment_usd[0], np.zeros_like(own)
    if other is not None:
        before = other.service_usd.sum(axis=0)
        repaid = repaid + other.repayment_usd.sum(axis=0)
    most = np.inf
    for test in repayment_tests(repaid, own + before):
        window = slice(max(test - DSCR_WINDOW_MONTHS + 1, 0), test + 1)
        due = float(own[window].sum())
        if due > _ROUNDING * float(own.sum()):
            left = float(cash_usd[window].sum()) / asked - float(before[window].sum())
            most = min(most, left / due)
    return max(most, 0.0)
