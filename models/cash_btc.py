# SPDX-License-Identifier: Apache-2.0
"""BTC inside a month: what is there to sell, when it is sold, what is left.

Output and everything else that a month does with BTC but selling moves evenly over its
days. What does not belong here: cash (`models.cash_weeks`) and the monthly treasury
(`models.treasury`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray
    from models.treasury import TreasuryPath

__all__ = ["BtcDays", "MonthSales", "btc_days", "run_starts"]

_NET_TOLERANCE_USD: Final = 1.0
_BTC_TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class BtcDays:
    """A treasury's months spread over days.

    Parameters
    ----------
    months : ndarray of int of shape (n_days,)
        Position of each day's month. [unitless]
    passed_frac : ndarray of shape (n_days,)
        Share of the month that has passed at each day's end. [share 0-1]
    before_btc, grown_btc : ndarray of shape (n_scenarios, n_days)
        BTC held at the start of the day's month, and what the month adds to it before
        sales. [BTC]
    sold_btc : ndarray of shape (n_scenarios, n_days)
        What the whole month sells. [BTC]
    pledged_btc, moved_btc : ndarray of shape (n_scenarios, n_days)
        Pledged at the start of the day's month, and its change over the month. [BTC]
    drawn_frac : ndarray of shape (n_days,)
        Share of the month's draws made by each day's end. [share 0-1]
    """

    months: IntArray
    passed_frac: FloatArray
    before_btc: FloatArray
    grown_btc: FloatArray
    sold_btc: FloatArray
    pledged_btc: FloatArray
    moved_btc: FloatArray
    drawn_frac: FloatArray

    def available_btc(self) -> FloatArray:
        """Return what may have been sold by each day's end, (n_scenarios, n_days)."""
        return self.before_btc + self.grown_btc * self.passed_frac

    def sellable_frac(self) -> FloatArray:
        """Return it as a share of the month's sale, (n_scenarios, n_days)."""
        has_sale = self.sold_btc > _BTC_TOLERANCE
        share = self.available_btc() / np.where(has_sale, self.sold_btc, 1.0)
        return np.where(has_sale, np.clip(share, 0.0, 1.0), 1.0)

    def shared_btc(self, proceeds_usd: FloatArray, price_usd: FloatArray) -> FloatArray:
        """Return the BTC sold each day; a month's days sum to its sale.

        Parameters
        ----------
        proceeds_usd : ndarray of shape (n_scenarios, n_days)
            Proceeds of each day. [USD]
        price_usd : ndarray of shape (n_scenarios, n_days)
            Price of each day. [USD/BTC]

        Returns
        -------
        ndarray of shape (n_scenarios, n_days)
            In proportion to proceeds over the day's price; in proportion to proceeds
            in a month in which that would sell BTC before it is there. [BTC]
        """
        by_price = self._parts(proceeds_usd / price_usd)
        starts = run_starts(self.months)
        over = self._in_month(by_price) > self.available_btc() + _BTC_TOLERANCE
        too_early = np.logical_or.reduceat(over, starts, axis=1)[:, self.months]
        return np.where(too_early, self._parts(proceeds_usd), by_price)

    def balances(self, sold_btc: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return pledged and all BTC at each day's end.

        Parameters
        ----------
        sold_btc : ndarray of shape (n_scenarios, n_days)
            BTC sold each day. [BTC]

        Returns
        -------
        tuple of ndarray of shape (n_scenarios, n_days)
            A pledge grows with draws and shrinks with sales, in a month without any
            evenly. [BTC]
        """
        in_month = self._in_month(sold_btc)
        ratio = np.divide(
            in_month,
            self.sold_btc,
            out=np.broadcast_to(self.passed_frac, sold_btc.shape).copy(),
            where=self.sold_btc > _BTC_TOLERANCE,
        )
        ratio = np.where(self.moved_btc > 0.0, self.drawn_frac, ratio)
        pledged = self.pledged_btc + self.moved_btc * ratio
        return pledged, self.available_btc() - in_month

    def _parts(self, weights: FloatArray) -> FloatArray:
        """Return the month's sale in proportion to weights of its days."""
        total = np.add.reduceat(weights, run_starts(self.months), axis=1)
        has_sale = (self.sold_btc > _BTC_TOLERANCE) & (total[:, self.months] > 0.0)
        safe = np.where(has_sale, total[:, self.months], 1.0)
        return np.where(has_sale, weights / safe * self.sold_btc, 0.0)

    def _in_month(self, sold_btc: FloatArray) -> FloatArray:
        """Return what the month has sold by each day's end."""
        sold = np.cumsum(sold_btc, axis=1)
        before = np.concatenate([np.zeros_like(sold[:, :1]), sold[:, :-1]], axis=1)
        in_month: FloatArray = sold - before[:, run_starts(self.months)][:, self.months]
        return in_month


def btc_days(
    treasury: TreasuryPath, months: IntArray, drawn_frac: FloatArray
) -> BtcDays:
    """Return the months of a treasury, spread over days.

    Parameters
    ----------
    treasury : TreasuryPath
        Balances and sales by month.
    months : ndarray of int of shape (n_days,)
        Position of each day's month, rising from 0. [unitless]
    drawn_frac : ndarray of shape (n_days,)
        Share of its month's draws that is made on each day. [share 0-1]
    """
    held = treasury.btc_free + treasury.btc_pledged
    pledged = treasury.btc_pledged
    sold = treasury.btc_sold
    ends = np.cumsum(drawn_frac)
    return BtcDays(
        months=months,
        passed_frac=np.concatenate(
            [np.arange(1, count + 1) / count for count in np.bincount(months)]
        ),
        before_btc=held[:, months],
        grown_btc=(held[:, 1:] - held[:, :-1] + sold)[:, months],
        sold_btc=sold[:, months],
        pledged_btc=pledged[:, months],
        moved_btc=(pledged[:, 1:] - pledged[:, :-1])[:, months],
        drawn_frac=ends - months,
    )


class MonthSales:
    """A month's proceeds and the loan repaid with them, day by day.

    Parameters
    ----------
    proceeds_usd, repayment_usd : ndarray of shape (n_scenarios,)
        The month's flows, the repayment <= 0. [USD]
    """

    def __init__(self, proceeds_usd: FloatArray, repayment_usd: FloatArray) -> None:
        self.proceeds_usd, self.repayment_usd = proceeds_usd, repayment_usd
        self.done_frac = np.zeros_like(proceeds_usd)

    def sell(
        self, need_usd: FloatArray, sellable_frac: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return proceeds and repayment that bring in what is needed.

        Parameters
        ----------
        need_usd : ndarray of shape (n_scenarios,)
            Cash short of its floor, >= 0. [USD]
        sellable_frac : ndarray of shape (n_scenarios,)
            Most of the month's sale that may be done by now. [share 0-1]

        Returns
        -------
        tuple of ndarray of shape (n_scenarios,)
            Sales that leave nothing after the repayment wait. [USD]
        """
        net_usd = self.proceeds_usd + self.repayment_usd
        pays = net_usd > _NET_TOLERANCE_USD
        wanted = np.where(pays, need_usd / np.where(pays, net_usd, 1.0), 0.0)
        return self._step(np.minimum(wanted, self._left(sellable_frac)))

    def settle(self, sellable_frac: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return all that may be sold by now, see `sell`.

        Parameters
        ----------
        sellable_frac : ndarray of shape (n_scenarios,)
            Most of the month's sale that may be done by now. [share 0-1]
        """
        return self._step(self._left(sellable_frac))

    def _left(self, sellable_frac: FloatArray) -> FloatArray:
        return np.maximum(sellable_frac - self.done_frac, 0.0)

    def _step(self, part_frac: FloatArray) -> tuple[FloatArray, FloatArray]:
        self.done_frac = self.done_frac + part_frac
        return self.proceeds_usd * part_frac, self.repayment_usd * part_frac


def run_starts(labels: IntArray) -> IntArray:
    """Return where runs of equal labels begin.

    Parameters
    ----------
    labels : ndarray of int of shape (n,)
        Labels, equal ones together. [unitless]

    Returns
    -------
    ndarray of int of shape (n_runs,)
        Positions, the first 0. [unitless]
    """
    return np.flatnonzero(np.diff(labels, prepend=labels[0] - 2))
