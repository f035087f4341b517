# SPDX-License-Identifier: Apache-2.0
"""Sheet of tax: one account a site, and one of the group that carries interest.

As `models.tax`: losses carried forward as a balance, their cap and expiry, holidays,
withholding. What does not belong here: what profit is made of (`site_ledger`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.sheets import Sheet, corkscrew

if TYPE_CHECKING:
    from models.tax_regime import TaxRegime
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.timeline import Timeline

__all__ = ["TaxAccount", "TaxSheet"]

_DAY_ZERO = date(1899, 12, 30)


@dataclass(slots=True)
class TaxAccount:
    """Lines of one tax account.

    Parameters
    ----------
    profit : Series
        Taxable profit before losses brought forward. [USD]
    tax, withheld : Series
        Profit tax and tax on profit paid up, >= 0. [USD]
    losses : Series
        Losses that may still be used, at the month's end. [USD]
    """

    profit: Series
    tax: Series
    withheld: Series
    losses: Series


class TaxSheet:
    """The sheet of tax being put together.

    Parameters
    ----------
    draft : Draft
        Workbook being put together.
    time : Timeline
        Sheet of time.
    """

    def __init__(self, draft: Draft, time: Timeline) -> None:
        self.sheet = Sheet("Tax", "Tax: profit, losses carried forward, tax")
        self._draft, self._time = draft, time
        self._taxable: dict[str, Series] = {}

    def number(self, regime: TaxRegime, key: str) -> Scalar:
        """Return an input of a tax regime."""
        return self._draft.inputs.number(f"tax_regimes.{regime.id}.{key}")

    def taxable_share(self, regime: TaxRegime) -> Series | None:
        """Return the share of profit outside holidays; None without holidays."""
        if not regime.holidays:
            return None
        if regime.id not in self._taxable:
            self.sheet.heading(f"Holidays: {regime.name}")
            exempt: Expr | int = 0
            for number, holiday in enumerate(regime.holidays):
                first = self._day(f"Holiday {number + 1}: first", holiday.first_month)
                last = self._day(f"Holiday {number + 1}: last", holiday.last_month)
                inside = (first <= self._time.day) * (self._time.day <= last)
                share = self.number(regime, f"holidays.{number}.exempt_frac")
                exempt = exempt + inside * share
            self._taxable[regime.id] = self.sheet.row(
                "Share of profit taxed", "share", 1 - exempt, style="share"
            )
        return self._taxable[regime.id]

    def account(self, name: str, regime: TaxRegime, profit: Expr) -> TaxAccount:
        """Put a tax account on the sheet: profit, losses, tax, withholding.

        Parameters
        ----------
        name : str
            Whose account.
        regime : TaxRegime
            Its terms.
        profit : Expr
            Taxable profit of a month. [USD]
        """
        sheet = self.sheet
        share = self.taxable_share(regime)
        sheet.heading(f"Tax account: {name}")
        earned = sheet.row("Taxable profit", "USD", profit, total=True)
        gain: Expr = Call("MAX", earned, 0)
        lost: Expr = Call("MAX", -earned, 0)
        gains = sheet.row("Gain", "USD", gain)
        taxed: Expr = gains
        if share is not None:
            taxed, lost = gains * share, lost * share
        losses = Series("Losses carried forward: closing", "USD", opening=0.0)
        use = Series(
            "Losses used",
            "USD",
            Call(
                "MIN", losses.before, self.number(regime, "loss_use_cap_frac") * taxed
            ),
        )
        loss = Series("Losses of the month", "USD", lost)
        takes = [use, *self._expired(regime, losses, use, loss)]
        corkscrew(
            sheet,
            "Losses carried forward",
            "USD",
            closing=losses,
            adds=[loss],
            takes=takes,
        )
        rate = self.number(regime, "rate_frac")
        tax = sheet.row("Profit tax", "USD", rate * (taxed - use), total=True)
        withholding = self.number(regime, "withholding_frac")
        withheld = sheet.row(
            "Tax on profit paid up",
            "USD",
            withholding * (gains - use - tax),
            total=True,
        )
        return TaxAccount(earned, tax, withheld, losses)

    def put_off(
        self, regime: TaxRegime, early: list[Series], account: TaxAccount
    ) -> Expr:
        """Return the tax put off to the horizon by early write-off, as a flow.

        Parameters
        ----------
        regime : TaxRegime
            Terms.
        early : list of Series
            Write-off ahead of straight line, at least one. [USD]
        account : TaxAccount
            The account whose losses pay for it first.
        """
        sheet, time = self.sheet, self._time
        share = self.taxable_share(regime)
        rate = self.number(regime, "rate_frac")
        withholding = self.number(regime, "withholding_frac")
        taxed: Expr = rate if share is None else rate * share
        ahead: Expr = early[0]
        for line in early[1:]:
            ahead = ahead + line
        saved = Series("Tax saved early, so far", "USD", opening=0.0)
        saved.define(saved.before + ahead * (taxed + withholding * (1 - taxed)))
        sheet.add(saved)
        relief = rate + withholding * (1 - rate)
        owed = sheet.row(
            "Tax put off to the horizon",
            "USD",
            Call("MAX", saved - relief * account.losses, 0) * time.is_last,
            total=True,
        )
        return -owed

    def _expired(
        self, regime: TaxRegime, losses: Series, use: Series, loss: Series
    ) -> list[Series]:
        """Return the line of losses that expire, none where they never do."""
        life = regime.loss_life_months
        if life is None or life >= self._draft.n_periods:
            return []
        index = self._time.index
        recent = Series(
            "Losses young enough to be used",
            "USD",
            Call(
                "SUMPRODUCT",
                loss.so_far
                * (index.so_far + self.number(regime, "loss_life_months") > index),
            ),
        )
        self.sheet.add(loss)
        self.sheet.add(recent)
        expired = Call("MAX", losses.before - use + loss - recent, 0)
        return [Series("Losses expired", "USD", expired)]

    def _day(self, label: str, month: str) -> Scalar:
        """Put the first day of a calendar month on the sheet."""
        day = (date.fromisoformat(f"{month}-01") - _DAY_ZERO).days
        return self.sheet.value(
            label, "date", given=float(day), style="date", role="constant"
        )
