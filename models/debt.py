# SPDX-License-Identifier: Apache-2.0
"""Debt with a schedule: loans on machines, on GPUs and on a site's plant.

What such a loan costs follows from the plan's draws alone, so its flows carry no
scenario. What does not belong here: the loan on pledged BTC (`models.treasury`), and
what may be drawn against what is bought (`models.debt_limits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from models.fields import Fraction, Identifier, Money, MonthCount, PerYear, Record
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.plan import DebtDraw

__all__ = [
    "DebtFacility",
    "DebtPath",
    "debt_path",
    "drawn_path",
    "instalments_usd",
]


class DebtFacility(Record):
    """A loan that finances what is bought, repaid in equal monthly instalments."""

    id: Identifier
    name: str
    kind: Literal["machine", "gpu", "project"]
    """ASIC purchases, GPU purchases, or one site's phases, shells and conversions."""
    site: Identifier | None = None
    """Site of project debt; machine and GPU loans serve every site."""
    advance_frac: Fraction
    """Most that may be drawn per USD of cost; never over the cost."""
    rate_per_year: PerYear
    term_months: int = Field(ge=1, le=600, json_schema_extra={"unit": "months"})
    """Instalments after the grace."""
    grace_months: MonthCount = 0
    """Months after a draw in which only interest is paid."""
    fee_frac: Fraction = 0.0
    """Paid at the draw, share of it."""
    limit_usd: Money
    """Most that may be outstanding."""
    min_dscr: float | None = Field(
        default=None, ge=1, le=10, json_schema_extra={"unit": "ratio"}
    )
    """Least cash flow available for debt service over service, last twelve months."""

    @model_validator(mode="after")
    def _stands_where_it_must(self) -> DebtFacility:
        if (self.kind == "project") != (self.site is not None):
            msg = (
                f"debt facility {self.id}: project debt names its site, "
                "machine and GPU loans name none"
            )
            raise ValueError(msg)
        if self.min_dscr is not None and self.kind != "project":
            msg = (
                f"debt facility {self.id}: min_dscr is a covenant of project debt; "
                "leave it out"
            )
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class DebtPath:
    """Flows and balances of all scheduled debt.

    Parameters
    ----------
    drawn_usd, fees_usd, interest_usd, repayment_usd : ndarray of shape \
(n_facilities, n_periods)
        Flows, all >= 0. [USD]
    balance_usd : ndarray of shape (n_facilities, n_periods + 1)
        Principal outstanding; index 0 the opening, index t + 1 the end of month
        t. [USD]
    """

    drawn_usd: FloatArray
    fees_usd: FloatArray
    interest_usd: FloatArray
    repayment_usd: FloatArray
    balance_usd: FloatArray

    @property
    def service_usd(self) -> FloatArray:
        """Interest and principal by month, (n_facilities, n_periods) [USD]."""
        return self.interest_usd + self.repayment_usd


def instalments_usd(facility: DebtFacility, drawn_usd: FloatArray) -> FloatArray:
    """Return the principal repaid each month.

    A draw D in month s is repaid by ``D / term`` in each of the months
    ``s + grace + 1 .. s + grace + term``.

    Parameters
    ----------
    facility : DebtFacility
        Terms.
    drawn_usd : ndarray of shape (n_periods,)
        Draws. [USD]

    Returns
    -------
    ndarray of shape (n_periods,)
        Instalments that fall within the horizon. [USD]
    """
    first, n_periods = facility.grace_months + 1, len(drawn_usd)
    repaid = np.zeros(n_periods)
    for period in np.flatnonzero(drawn_usd):
        since = min(int(period) + first, n_periods)
        until = min(since + facility.term_months, n_periods)
        repaid[since:until] += drawn_usd[period] / facility.term_months
    return repaid


def debt_path(
    facilities: tuple[DebtFacility, ...], draws: tuple[DebtDraw, ...], n_periods: int
) -> DebtPath:
    """Return what the draws of a plan cost.

    ``balance_(t+1) = balance_t + drawn_t - repaid_t``,
    ``interest_t = rate / 12 x balance_t``, ``fee_t = fee share x drawn_t``.

    Parameters
    ----------
    facilities : tuple of DebtFacility
        Facilities of the company.
    draws : tuple of DebtDraw
        Draws of the plan.
    n_periods : int
        Horizon. [months]

    Returns
    -------
    DebtPath
        NumPy arrays.

    Raises
    ------
    ValueError
        If a draw names an unknown facility.
    """
    place = {facility.id: k for k, facility in enumerate(facilities)}
    drawn = np.zeros((len(facilities), n_periods))
    for draw in draws:
        if draw.facility not in place:
            msg = f"plan draws on unknown debt facility {draw.facility!r}"
            raise ValueError(msg)
        drawn[place[draw.facility], draw.period] += draw.amount_usd
    return drawn_path(facilities, drawn)


def drawn_path(facilities: tuple[DebtFacility, ...], drawn_usd: FloatArray) -> DebtPath:
    """Return what draws by facility and month cost, as `debt_path`.

    Parameters
    ----------
    facilities : tuple of DebtFacility
        Facilities.
    drawn_usd : ndarray of shape (n_facilities, n_periods)
        Draws, >= 0. [USD]

    Returns
    -------
    DebtPath
        NumPy arrays.
    """
    drawn, n_periods = drawn_usd, drawn_usd.shape[1]
    repaid, balance = np.zeros_like(drawn), np.zeros((len(facilities), n_periods + 1))
    interest, fees = np.zeros_like(drawn), np.zeros_like(drawn)
    for k, facility in enumerate(facilities):
        repaid[k] = instalments_usd(facility, drawn[k])
        balance[k, 1:] = np.cumsum(drawn[k] - repaid[k])
        interest[k] = facility.rate_per_year / MONTHS_PER_YEAR * balance[k, :-1]
        fees[k] = facility.fee_frac * drawn[k]
    return DebtPath(
        drawn_usd=drawn,
        fees_usd=fees,
        interest_usd=interest,
        repayment_usd=repaid,
        balance_usd=balance,
    )
