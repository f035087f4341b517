# SPDX-License-Identifier: Apache-2.0
"""The weekly direct cash view: a monthly ledger spread over days by payment terms.

Every line of every month sums to the ledger's. What does not belong here: the ledger
(`models.cashflow`), lines (`models.cash_lines`), calendar and terms
(`models.cash_calendar`, `models.payment_terms`), prices (`models.price_bridge`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.cash_btc import MonthSales, btc_days, run_starts
from models.cash_calendar import term_weights
from models.cash_lines import CASH_LINES, line_flows
from models.payment_terms import DEFAULT_TERMS, PaymentTerm, PaymentTerms

if TYPE_CHECKING:
    from models.arrays import BoolArray, FloatArray, IntArray
    from models.cash_calendar import CashCalendar
    from models.ledger import Ledger
    from models.study import Study

__all__ = ["FLOOR_TOLERANCE_USD", "WeeklyCash", "payment_terms", "weekly_cash"]

FLOOR_TOLERANCE_USD: Final = 1.0
"""Cash under its floor by less than this is rounding."""
_MONTH_END: Final = PaymentTerm(rule="monthly", due_day=31)
_BTC_TOLERANCE: Final = 1e-9
_SALES: Final = ("btc_sales", "loan_repayment")
_PURCHASES: Final = "btc_purchases"


@dataclass(frozen=True, slots=True)
class WeeklyCash:
    """Cash week by week.

    Parameters
    ----------
    calendar : CashCalendar
        Weeks and days.
    lines : dict of str to ndarray of shape (n_scenarios, n_weeks)
        Flows by key of `models.cash_lines.CASH_LINES`, inflow positive. [USD]
    rest : dict of str to ndarray of shape (n_scenarios,)
        What the last month still has after the last week. [USD]
    month_flows, month_sums : dict of str to ndarray of shape (n_scenarios, n_months)
        The ledger's flows by line, and what its days sum to. [USD]
    month_cash_usd, ledger_cash_usd : ndarray of shape (n_scenarios, n_months)
        Cash at the end of each month's last day, and in the ledger. [USD]
    opening_usd, closing_usd : ndarray of shape (n_scenarios, n_weeks)
        Cash at the start and the end of each week. [USD]
    lowest_usd : ndarray of shape (n_scenarios, n_weeks)
        Least cash at the end of a day of the week. [USD]
    floor_usd : float
        Cash floor. [USD]
    btc_price_usd : ndarray of shape (n_scenarios, n_weeks)
        Average price of the week. [USD/BTC]
    btc_sold, btc_held, btc_pledged : ndarray of shape (n_scenarios, n_weeks)
        Sold in the week; held and pledged at its end. [BTC]
    loan_usd : ndarray of shape (n_scenarios, n_weeks)
        Loan on pledged BTC at the week's end. [USD]
    ltv_frac : ndarray of shape (n_scenarios, n_weeks)
        Loan over pledged BTC at the last day's price; NaN without a pledge.
        [share 0-1]
    call_price_usd : ndarray of shape (n_scenarios, n_weeks)
        BTC price at which the lender would call at the week's end; NaN without a
        pledge. [USD/BTC]
    is_called : ndarray of bool of shape (n_scenarios, n_months)
        Months in which the ledger plays a margin call. [unitless]
    part_flows : dict of str to ndarray of shape (n_scenarios, n_parts)
        Flows by line of the calendar's parts: weeks cut at the ends of months. [USD]
    """

    calendar: CashCalendar
    lines: dict[str, FloatArray]
    rest: dict[str, FloatArray]
    month_flows: dict[str, FloatArray]
    month_sums: dict[str, FloatArray]
    month_cash_usd: FloatArray
    ledger_cash_usd: FloatArray
    opening_usd: FloatArray
    closing_usd: FloatArray
    lowest_usd: FloatArray
    floor_usd: float
    btc_price_usd: FloatArray
    btc_sold: FloatArray
    btc_held: FloatArray
    btc_pledged: FloatArray
    loan_usd: FloatArray
    ltv_frac: FloatArray
    call_price_usd: FloatArray
    is_called: BoolArray
    part_flows: dict[str, FloatArray]

    @property
    def is_under_floor(self) -> BoolArray:
        """Weeks in which a day ends under the floor, (n_scenarios, n_weeks)."""
        return self.lowest_usd < self.floor_usd - FLOOR_TOLERANCE_USD

    def group_usd(self, group: str) -> FloatArray:
        """Return the flows of a group of lines, (n_scenarios, n_weeks) [USD]."""
        keys = [line.key for line in CASH_LINES if line.group == group]
        total: FloatArray = sum(
            (self.lines[key] for key in keys), start=np.zeros_like(self.opening_usd)
        )
        return total

    def net_usd(self) -> FloatArray:
        """Return the sum of all lines, (n_scenarios, n_weeks) [USD]."""
        total = np.zeros_like(self.opening_usd)
        for flow in self.lines.values():
            total = total + flow
        return total

    def tie_error_usd(self) -> float:
        """Return how far days are off the ledger, any line, month or path [USD]."""
        errors = [
            np.abs(self.month_sums[key] - flow).max()
            for key, flow in self.month_flows.items()
        ]
        errors.append(np.abs(self.month_cash_usd - self.ledger_cash_usd).max())
        return float(max(errors))


def payment_terms(study: Study) -> PaymentTerms:
    """Return the company's payment terms, the default ones where it has none."""
    return study.company.payment_terms or DEFAULT_TERMS


def weekly_cash(
    study: Study,
    ledger: Ledger,
    calendar: CashCalendar,
    price_usd: FloatArray,
    terms: PaymentTerms | None = None,
) -> WeeklyCash:
    """Return the cash of a ledger week by week.

    Parameters
    ----------
    study : Study
        Study of the ledger; its company has the payment terms.
    ledger : Ledger
        Ledger, on the host.
    calendar : CashCalendar
        Weeks; its months are the first of the study.
    price_usd : ndarray of shape (n_scenarios, n_days)
        BTC price of every day, see `models.price_bridge`. [USD/BTC]
    terms : PaymentTerms or None
        Other terms than the company's.

    Returns
    -------
    WeeklyCash
        All lines; a month's weeks and `rest` sum to the ledger.

    Notes
    -----
    BTC mined in a month arrives evenly, and none is sold before it is there. A month's
    BTC are shared out by proceeds over the day's price, so that days sum to the ledger
    in BTC as in USD. The loan is repaid with the sales, pro
    rata; in a month without any on its last working day.
    """
    terms = terms or payment_terms(study)
    spread = _Spread(study, ledger, calendar, price_usd, terms)
    spread.run()
    return spread.weekly()


class _Spread:
    """Daily flows of every line, filled day by day where BTC is sold as needed."""

    def __init__(
        self,
        study: Study,
        ledger: Ledger,
        calendar: CashCalendar,
        price_usd: FloatArray,
        terms: PaymentTerms,
    ) -> None:
        self.study, self.ledger, self.calendar = study, ledger, calendar
        self.price_usd = price_usd
        self.terms = terms
        n_months = len(calendar.months)
        self.flows = {
            key: flow[:, :n_months] for key, flow in line_flows(study, ledger).items()
        }
        self.daily = {
            line.key: self._by_term(self.flows[line.key], line.term)
            for line in CASH_LINES
            if line.term != "btc_sales"
        }
        self.daily[_PURCHASES] = (
            self.flows[_PURCHASES][:, calendar.month_of_day] * self._price_shares()
        )
        drawn = term_weights(terms.financing, calendar)
        self.btc = btc_days(ledger.treasury, calendar.month_of_day, drawn)
        self.sold_btc = np.zeros_like(price_usd)
        self.cash_usd = np.zeros_like(price_usd)

    def _by_term(self, flow_usd: FloatArray, name: str) -> FloatArray:
        weights = term_weights(getattr(self.terms, name), self.calendar)
        return flow_usd[:, self.calendar.month_of_day] * weights

    def _price_shares(self) -> FloatArray:
        """Return each day's share of its month at equal BTC a day."""
        months = self.calendar.month_of_day
        totals = np.add.reduceat(self.price_usd, run_starts(months), axis=1)
        return self.price_usd / totals[:, months]

    def run(self) -> None:
        """Sell BTC and repay the loan, day by day."""
        for key in _SALES:
            self.daily[key] = np.zeros_like(self.price_usd)
        if self.terms.btc_sales == "daily":
            shares = self._price_shares()
            months = self.calendar.month_of_day
            for key in _SALES:
                self.daily[key] = self.flows[key][:, months] * shares
        else:
            self._sell_as_needed()
        total = sum(self.daily.values(), start=np.zeros_like(self.price_usd))
        self.cash_usd = self.ledger.treasury.cash_usd[:, :1] + np.cumsum(total, axis=1)
        self.sold_btc = self.btc.shared_btc(self.daily["btc_sales"], self.price_usd)

    def _sell_as_needed(self) -> None:
        """Sell what keeps the floor, and the rest on a month's last working day."""
        months, flows = self.calendar.month_of_day, self.flows
        floor_usd = self.study.company.cash_floor_usd
        other = sum(self.daily.values(), start=np.zeros_like(self.price_usd))
        is_settled = term_weights(_MONTH_END, self.calendar) > 0.0
        is_last = np.diff(months, append=len(self.calendar.months)) > 0
        sellable = np.where(is_last, 1.0, self.btc.sellable_frac())
        cash = self.ledger.treasury.cash_usd[:, 0].copy()
        month = MonthSales(*(flows[key][:, 0] for key in _SALES))
        for day, index in enumerate(months):
            if day and index != months[day - 1]:
                month = MonthSales(*(flows[key][:, index] for key in _SALES))
            cash = cash + other[:, day]
            if is_settled[day] or is_last[day]:
                usd, repaid = month.settle(sellable[:, day])
            else:
                need = np.maximum(floor_usd - cash, 0.0)
                usd, repaid = month.sell(need, sellable[:, day])
            self.daily["btc_sales"][:, day] = usd
            self.daily["loan_repayment"][:, day] = repaid
            cash = cash + usd + repaid

    def weekly(self) -> WeeklyCash:
        """Return the days gathered into weeks."""
        calendar, treasury = self.calendar, self.ledger.treasury
        week, months = calendar.week_of_day, calendar.month_of_day
        starts, n_in = run_starts(week), int((week >= 0).sum())
        n_weeks = len(calendar.weeks)
        starts = starts[:n_weeks]
        last = np.append(starts[1:], n_in) - 1

        def summed(daily: FloatArray) -> FloatArray:
            return _sums(daily[:, :n_in], starts)

        closing = self.cash_usd[:, last]
        opening = np.concatenate([treasury.cash_usd[:, :1], closing[:, :-1]], axis=1)
        days = np.diff(np.append(starts, n_in))
        pledged, held = self.btc.balances(self.sold_btc)
        loan = treasury.loan_usd[:, :1] + np.cumsum(
            self.daily["loan_repayment"] + self.daily["loan_drawn"], axis=1
        )
        pledge_btc = np.where(
            pledged[:, last] > _BTC_TOLERANCE, pledged[:, last], np.nan
        )
        loan_per_btc_usd = loan[:, last] / pledge_btc
        call_frac = self.study.company.loan.margin_call_ltv_frac
        return WeeklyCash(
            calendar=calendar,
            lines={line.key: summed(self.daily[line.key]) for line in CASH_LINES},
            rest={
                line.key: self.daily[line.key][:, n_in:].sum(axis=1)
                for line in CASH_LINES
            },
            month_flows=self.flows,
            month_sums=self._by_line(run_starts(months)),
            month_cash_usd=self.cash_usd[:, np.cumsum(np.bincount(months)) - 1],
            ledger_cash_usd=treasury.cash_usd[:, 1 : len(calendar.months) + 1],
            opening_usd=opening,
            closing_usd=closing,
            lowest_usd=np.minimum.reduceat(self.cash_usd[:, :n_in], starts, axis=1),
            floor_usd=self.study.company.cash_floor_usd,
            btc_price_usd=summed(self.price_usd) / days,
            btc_sold=summed(self.sold_btc),
            btc_held=held[:, last],
            btc_pledged=pledged[:, last],
            loan_usd=loan[:, last],
            ltv_frac=loan_per_btc_usd / self.price_usd[:, last],
            call_price_usd=loan_per_btc_usd / call_frac,
            is_called=treasury.is_called[:, : len(calendar.months)] > 0.0,
            part_flows=self._by_line(calendar.part_starts),
        )

    def _by_line(self, starts: IntArray) -> dict[str, FloatArray]:
        return {key: _sums(daily, starts) for key, daily in self.daily.items()}


def _sums(daily: FloatArray, starts: IntArray) -> FloatArray:
    """Return sums of runs of days."""
    total: FloatArray = np.add.reduceat(daily, starts, axis=1)
    return total
