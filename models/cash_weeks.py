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
    A month's BTC are shared out by proceeds over the day's price, so that days sum to
    the ledger in BTC as in USD. The loan is repaid with the sales, pro
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
        self.sold_btc = np.zeros_like(price_usd)
        self.cash_usd = np.zeros_like(price_usd)

    def _by_term(self, flow_usd: FloatArray, name: str) -> FloatArray:
        weights = term_weights(getattr(self.terms, name), self.calendar)
        return flow_usd[:, self.calendar.month_of_day] * weights

    def _price_shares(self) -> FloatArray:
        """Return each day's share of its month at equal BTC a day."""
        months = self.calendar.month_of_day
        totals = np.add.reduceat(self.price_usd, _starts(months), axis=1)
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
        self._count_btc()

    def _sell_as_needed(self) -> None:
        """Sell what keeps the floor, and the rest on a month's last working day."""
        months, floor_usd = (
            self.calendar.month_of_day,
            self.study.company.cash_floor_usd,
        )
        other = sum(self.daily.values(), start=np.zeros_like(self.price_usd))
        is_settled = term_weights(_MONTH_END, self.calendar) > 0.0
        cash = self.ledger.treasury.cash_usd[:, 0].copy()
        month: _MonthSales | None = None
        for day in range(len(months)):
            index = int(months[day])
            if month is None or month.index != index:
                usd, repaid = (self.flows[key][:, index] for key in _SALES)
                month = _MonthSales(index, usd, repaid)
            cash = cash + other[:, day]
            if is_settled[day]:
                usd, repaid = month.settle()
            else:
                usd, repaid = month.sell(np.maximum(floor_usd - cash, 0.0))
            self.daily["btc_sales"][:, day] = usd
            self.daily["loan_repayment"][:, day] = repaid
            cash = cash + usd + repaid

    def _count_btc(self) -> None:
        """Share a month's BTC out by proceeds over the day's price."""
        months, treasury = self.calendar.month_of_day, self.ledger.treasury
        units = self.daily["btc_sales"] / self.price_usd
        total = np.add.reduceat(units, _starts(months), axis=1)[:, months]
        sold = treasury.btc_sold[:, months]
        has_sale = (sold > _BTC_TOLERANCE) & (total > 0.0)
        self.sold_btc = np.where(
            has_sale, units / np.where(has_sale, total, 1.0) * sold, 0.0
        )

    def weekly(self) -> WeeklyCash:
        """Return the days gathered into weeks."""
        calendar, treasury = self.calendar, self.ledger.treasury
        week, months = calendar.week_of_day, calendar.month_of_day
        starts, n_in = _starts(week), int((week >= 0).sum())
        n_weeks = len(calendar.weeks)
        starts = starts[:n_weeks]
        last = np.append(starts[1:], n_in) - 1

        def summed(daily: FloatArray) -> FloatArray:
            total: FloatArray = np.add.reduceat(daily[:, :n_in], starts, axis=1)
            return total

        closing = self.cash_usd[:, last]
        opening = np.concatenate([treasury.cash_usd[:, :1], closing[:, :-1]], axis=1)
        days = np.diff(np.append(starts, n_in))
        pledged, held = self._balances()
        loan = treasury.loan_usd[:, :1] + np.cumsum(
            self.daily["loan_repayment"] + self.daily["loan_drawn"], axis=1
        )
        value = pledged[:, last] * self.price_usd[:, last]
        return WeeklyCash(
            calendar=calendar,
            lines={line.key: summed(self.daily[line.key]) for line in CASH_LINES},
            rest={
                line.key: self.daily[line.key][:, n_in:].sum(axis=1)
                for line in CASH_LINES
            },
            month_flows=self.flows,
            month_sums={
                key: np.add.reduceat(daily, _starts(months), axis=1)
                for key, daily in self.daily.items()
            },
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
            ltv_frac=np.divide(
                loan[:, last],
                value,
                out=np.full_like(value, np.nan),
                where=value > 0.0,
            ),
        )

    def _balances(self) -> tuple[FloatArray, FloatArray]:
        """Return pledged and all BTC at each day's end.

        Sales fall on their days; everything else moves evenly over the month.
        """
        treasury, months = self.ledger.treasury, self.calendar.month_of_day
        passed = np.concatenate(
            [np.arange(1, count + 1) / count for count in np.bincount(months)]
        )
        sold = np.cumsum(self.sold_btc, axis=1)
        before = np.concatenate([np.zeros_like(sold[:, :1]), sold[:, :-1]], axis=1)
        in_month = sold - before[:, _starts(months)][:, months]
        total = treasury.btc_sold[:, months]
        ratio = np.divide(
            in_month,
            total,
            out=np.broadcast_to(passed, sold.shape).copy(),
            where=total > _BTC_TOLERANCE,
        )
        held = treasury.btc_free + treasury.btc_pledged
        grown = (held[:, 1:] - held[:, :-1])[:, months] + total
        pledged = treasury.btc_pledged
        moved = (pledged[:, 1:] - pledged[:, :-1])[:, months]
        return (
            pledged[:, months] + moved * ratio,
            held[:, months] + grown * passed - in_month,
        )


class _MonthSales:
    """What a month still has to bring in by selling BTC, less what that repays."""

    def __init__(
        self, index: int, proceeds_usd: FloatArray, repayment_usd: FloatArray
    ) -> None:
        self.index = index
        self.left_usd = proceeds_usd.copy()
        self.left_repayment_usd = repayment_usd.copy()
        net_usd = proceeds_usd + repayment_usd
        # Sales that repay the loan and leave nothing wait for the end of the month.
        self.pays = net_usd > FLOOR_TOLERANCE_USD
        safe = np.where(self.pays, net_usd, 1.0)
        self.gross_per_net = np.where(self.pays, proceeds_usd / safe, 0.0)
        self.repaid_per_net = np.where(self.pays, repayment_usd / safe, 0.0)

    def sell(self, need_usd: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return proceeds and the loan's flow that bring in what is needed."""
        left_usd = np.maximum(self.left_usd + self.left_repayment_usd, 0.0)
        net_usd = np.where(self.pays, np.minimum(need_usd, left_usd), 0.0)
        usd, repaid = net_usd * self.gross_per_net, net_usd * self.repaid_per_net
        self.left_usd = self.left_usd - usd
        self.left_repayment_usd = self.left_repayment_usd - repaid
        return usd, repaid

    def settle(self) -> tuple[FloatArray, FloatArray]:
        """Return what is left of both; nothing is left after it."""
        usd, repaid = self.left_usd, self.left_repayment_usd
        self.left_usd, self.left_repayment_usd = 0.0 * usd, 0.0 * repaid
        return usd, repaid


def _starts(labels: IntArray) -> IntArray:
    """Return where a run of equal labels begins, the first at 0."""
    return np.flatnonzero(np.diff(labels, prepend=labels[0] - 2))
