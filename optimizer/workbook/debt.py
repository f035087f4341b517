# SPDX-License-Identifier: Apache-2.0
"""Debt with a schedule on the sheet of treasury and debt, as `models.debt` has it.

What does not belong here: the loan on pledged BTC (`treasury`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from optimizer.workbook.lines import Series
from optimizer.workbook.sheets import Sheet, corkscrew
from optimizer.workbook.site import spread_evenly

if TYPE_CHECKING:
    from models.debt import DebtFacility
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.lines import Scalar
    from optimizer.workbook.timeline import Timeline

__all__ = ["Debt", "add_debt"]


@dataclass(slots=True)
class Debt:
    """Flows and balances of all facilities, one entry each, all >= 0. [USD]."""

    drawn: list[Series] = field(default_factory=list)
    fees: list[Series] = field(default_factory=list)
    interest: list[Series] = field(default_factory=list)
    repaid: list[Series] = field(default_factory=list)
    balance: list[Series] = field(default_factory=list)


def add_debt(draft: Draft, time: Timeline, sheet: Sheet) -> Debt:
    """Put every facility that the plan draws on on the sheet.

    Parameters
    ----------
    draft : Draft
        Workbook being put together.
    time : Timeline
        Sheet of time.
    sheet : Sheet
        Sheet of treasury and debt.
    """
    debt = Debt()
    for facility in draft.study.company.debt_facilities:
        drawn = np.zeros(draft.n_periods)
        for draw in draft.plan.debt_draws:
            if draw.facility == facility.id:
                drawn[draw.period] += draw.amount_usd
        if drawn.any():
            line = draft.decided(f"{facility.name}, drawn", "USD", drawn, "money")
            _add_facility(draft, time, sheet, facility, line, debt)
    return debt


def _add_facility(
    draft: Draft,
    time: Timeline,
    sheet: Sheet,
    facility: DebtFacility,
    decided: Series,
    debt: Debt,
) -> None:
    """Put one facility's corkscrew, interest and fee on the sheet."""

    def term(key: str) -> Scalar:
        return draft.inputs.number(f"company.debt_facilities.{facility.id}.{key}")

    sheet.heading(f"Debt: {facility.name}")
    drawn = Series("Drawn", "USD", decided, total=True)
    repaid = Series(
        "Instalments",
        "USD",
        spread_evenly(
            time, decided, delay=term("grace_months") + 1, months=term("term_months")
        ),
        total=True,
    )
    balance = Series("Principal: closing", "USD", opening=0.0)
    opening = corkscrew(
        sheet, "Principal", "USD", closing=balance, adds=[drawn], takes=[repaid]
    )
    rate = term("rate_per_year") / draft.inputs.constant("months_per_year")
    interest = sheet.row("Interest", "USD", opening * rate, total=True)
    fees = sheet.row("Fee", "USD", decided * term("fee_frac"), total=True)
    debt.drawn.append(drawn)
    debt.repaid.append(repaid)
    debt.balance.append(balance)
    debt.interest.append(interest)
    debt.fees.append(fees)
