# SPDX-License-Identifier: Apache-2.0
"""Income statement, balance sheet and cash-flow statement of a plan, month by month.

Accounting, not valuation: BTC at fair value, machines and plant at depreciated cost,
current tax as it arises. The balance sheet is measured (balances of the treasury, book
values, fair values) and the flows come from the ledger, so that the two tie is a check.
What does not belong here: which lines there are (`models.statement_lines`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from models.book_values import book_values
from models.btc_account import btc_account
from models.contracts import gpu_deposit_usd
from models.segments import POWER, SEGMENTS, segment_share_frac
from models.statement_lines import (
    BALANCE_LINES,
    CASH_FLOW_LINES,
    COST_TO_MINE_LINES,
    INCOME_LINES,
    LINES,
)

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.book_values import BookValues
    from models.btc_account import BtcAccount
    from models.ledger import Ledger
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.statement_lines import LineItem
    from models.study import Study

__all__ = ["SEGMENT_SECTIONS", "Statements", "financial_statements"]

SEGMENT_SECTIONS: Final = (
    "revenue",
    "cost",
    "overhead",
    "btc",
    "depreciation",
    "disposals",
)
"""Sections of the income statement down to operating income, by segment."""

_MINING: Final = SEGMENTS.index("mining")


@dataclass(frozen=True, slots=True)
class Statements:
    """Financial statements of one plan in every scenario.

    Parameters
    ----------
    income, cash_flow : dict of str to ndarray of shape (n_scenarios, n_periods)
        Lines by name, in report order; income and inflow positive. [USD]
    balance : dict of str to ndarray of shape (n_scenarios, n_periods + 1)
        Lines by name; index 0 the opening, index t + 1 the end of month t. [USD]
    segments : dict of str to ndarray of shape (n_scenarios, n_segments, n_periods)
        `SEGMENT_SECTIONS` by segment, in the order of `models.segments.SEGMENTS`. [USD]
    mining_cost_usd, mining_depreciation_usd : ndarray of shape (n_scenarios, n_periods)
        Cash cost of mining; depreciation of mining machines, >= 0. [USD]
    mined_btc : ndarray of shape (n_scenarios, n_periods)
        Output after pool fee. [BTC]
    """

    income: dict[str, FloatArray]
    cash_flow: dict[str, FloatArray]
    balance: dict[str, FloatArray]
    segments: dict[str, FloatArray]
    mining_cost_usd: FloatArray
    mining_depreciation_usd: FloatArray
    mined_btc: FloatArray

    def segment_ebitda_usd(self) -> FloatArray:
        """Return adjusted EBITDA, (n_scenarios, n_segments, n_periods) [USD]."""
        parts = self.segments
        return parts["revenue"] + parts["cost"] + parts["overhead"] + parts["btc"]

    def balance_error_usd(self) -> FloatArray:
        """Return assets less liabilities and equity at each month's end.

        Returns
        -------
        ndarray of shape (n_scenarios, n_periods + 1)
            Zero but for rounding. [USD]
        """
        return self.balance["assets"] - self.balance["liabilities_and_equity"]

    def cash_error_usd(self) -> FloatArray:
        """Return the change of cash held less that of the cash-flow statement.

        Returns
        -------
        ndarray of shape (n_scenarios, n_periods)
            Zero but for rounding. [USD]
        """
        cash = self.balance["cash"]
        return cash[:, 1:] - cash[:, :-1] - self.cash_flow["change_in_cash"]

    def cost_to_mine_usd_per_btc(
        self, months: slice = slice(None), *, with_depreciation: bool
    ) -> FloatArray:
        """Return the average cost to mine one BTC over some months.

        Without depreciation: energy, hosting and operation less demand response,
        mining's part of demand charges and VAT on output included. With it: plus
        depreciation of mining machines, which is what the company's all-in cost adds
        [1]_; power and shells are in neither.

        Parameters
        ----------
        months : slice
            Periods to average over; all by default. [period]
        with_depreciation : bool
            Whether it is the all-in cost.

        Returns
        -------
        ndarray of shape (n_scenarios,)
            Cost; NaN where nothing is mined. [USD/BTC]

        References
        ----------
        .. [1] Cango Inc., results of the third quarter of 2025: "average cost to mine,
           excluding depreciation of mining machines"; (99,383 - 81,072) USD x 1,930.8
           BTC = 35.4 M USD, the depreciation of the quarter.
        """
        cost = self.mining_cost_usd[:, months].sum(axis=1)
        if with_depreciation:
            cost = cost + self.mining_depreciation_usd[:, months].sum(axis=1)
        mined = self.mined_btc[:, months].sum(axis=1)
        is_some = mined > 0.0
        per_btc: FloatArray = np.where(
            is_some, cost / np.where(is_some, mined, 1.0), np.nan
        )
        return per_btc


def financial_statements(
    study: Study, plan: Plan, paths: MarketPaths, ledger: Ledger
) -> Statements:
    """Return the financial statements of a plan in every scenario.

    Parameters
    ----------
    study : Study
        Study the plan belongs to.
    plan : Plan
        Decisions.
    paths : MarketPaths
        Futures. [mixed]
    ledger : Ledger
        What the engine made of them, `models.cashflow.evaluate`. [USD]

    Returns
    -------
    Statements
        On the array module of the ledger.

    Notes
    -----
    Deferred tax is not recognised: tax is expensed and paid in the month it arises, so
    a write-off that tax law allows sooner shows as lower tax then. Fees on debt are
    expensed when paid. Nothing is impaired. NaN propagates.
    """
    btc = _btc(study, paths, ledger)
    values = book_values(
        study,
        plan,
        paths,
        asics_paid_usd=_paid_usd(ledger, "asics"),
        gpus_paid_usd=_paid_usd(ledger, "gpus"),
        plant_paid_usd=_paid_usd(ledger, "plant"),
    )
    monthly = _measured_flows(study, ledger, btc, values)
    income = _filled(INCOME_LINES, ledger, monthly)
    cash_flow = _filled(CASH_FLOW_LINES, ledger, monthly | income)
    held = _balances(study, plan, paths, ledger, values, income)
    balance = _filled(BALANCE_LINES, ledger, held)
    segments, demand = _segments(study, plan, ledger, values, income)
    cost = demand[:, _MINING]
    for name in COST_TO_MINE_LINES:
        if name != "demand_charges":
            cost = cost + income[name]
    return Statements(
        income=income,
        cash_flow=cash_flow,
        balance=balance,
        segments=segments,
        mining_cost_usd=-cost,
        mining_depreciation_usd=values.asics.depreciation_usd,
        mined_btc=ledger.mined_btc.sum(axis=1),
    )


# -- lines ------------------------------------------------------------------------


def _item_usd(ledger: Ledger, item: str) -> FloatArray:
    """Return a ledger item of the whole company, (n_scenarios, n_periods) [USD]."""
    if item in ledger.site_items:
        total: FloatArray = ledger.site_items[item][:, :, 1:].sum(axis=1)
        return total
    if item in ledger.corporate_items:
        return ledger.corporate_items[item][:, 1:]
    return np.zeros_like(ledger.mined_btc[:, 0])


def _filled(
    lines: tuple[LineItem, ...], ledger: Ledger, known: dict[str, FloatArray]
) -> dict[str, FloatArray]:
    """Return lines by name in report order, measured ones taken from `known`."""
    values = dict(known)
    for line in lines:
        if line.is_measured:
            continue
        parts = [line.sign * _item_usd(ledger, item) for item in line.items]
        parts += [values[name] for name in line.plus]
        parts += [-values[name] for name in line.less]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        values[line.name] = total
    return {line.name: values[line.name] for line in lines}


def _paid_usd(ledger: Ledger, asset: str) -> FloatArray:
    """Return what was paid for a class of assets, (n_scenarios, n_sites, n_periods)."""
    paid = np.zeros_like(ledger.mined_btc)
    for line in LINES:
        if line.asset == asset:
            for item in line.items:
                if item in ledger.site_items:
                    paid = paid - ledger.site_items[item][:, :, 1:]
    return paid


# -- accounts ---------------------------------------------------------------------


def _btc(study: Study, paths: MarketPaths, ledger: Ledger) -> BtcAccount:
    path = ledger.treasury
    return btc_account(
        path.btc_free + path.btc_pledged,
        ledger.mined_btc.sum(axis=1),
        path.btc_bought,
        opening_price_usd=study.market.btc_price_usd,
        price_usd=paths.btc_price_usd,
    )


def _measured_flows(
    study: Study, ledger: Ledger, btc: BtcAccount, values: BookValues
) -> dict[str, FloatArray]:
    """Return the measured lines of the income statement."""
    revenue = sum(b.revenue_usd_per_month for b in study.company.side_businesses)
    paid = _item_usd(ledger, "btc_sales") + _item_usd(ledger, "btc_purchases")
    return {
        "side_revenue": np.full_like(btc.mined_usd, revenue),
        "btc_realised": btc.realised_usd,
        "btc_unrealised": btc.unrealised_usd,
        # What trading brought in cash beyond the fair value of the BTC that moved.
        "btc_trading": paid - btc.sold_usd + btc.bought_usd,
        "asic_depreciation": -values.asics.depreciation_usd,
        "gpu_depreciation": -values.gpus.depreciation_usd,
        "plant_depreciation": -values.plant.depreciation_usd,
        "asic_disposals": _item_usd(ledger, "asic_resale") - values.asics.disposed_usd,
        "gpu_disposals": _item_usd(ledger, "gpu_resale") - values.gpus.disposed_usd,
    }


def _balances(
    study: Study,
    plan: Plan,
    paths: MarketPaths,
    ledger: Ledger,
    values: BookValues,
    income: dict[str, FloatArray],
) -> dict[str, FloatArray]:
    """Return the measured lines of the balance sheet."""
    path = ledger.treasury
    price = np.zeros_like(path.cash_usd)
    price[:, 0] = study.market.btc_price_usd
    price[:, 1:] = paths.btc_price_usd
    paid, received = _deposits_usd(study, plan)
    none = np.zeros_like(path.cash_usd)
    held = {
        "cash": path.cash_usd,
        "btc_free": path.btc_free * price,
        "btc_pledged": path.btc_pledged * price,
        "asics": values.asics.balance_usd,
        "gpus": values.gpus.balance_usd,
        "plant": values.plant.balance_usd,
        "deposits_paid": none + np.asarray(paid, like=none),
        "btc_loan": path.loan_usd,
        "other_debt": none + np.asarray(ledger.debt.balance_usd.sum(axis=0), like=none),
        "deposits_held": none + np.asarray(received, like=none),
    }
    owed = {"btc_loan", "other_debt", "deposits_held"}
    worth = sum(-v[:, :1] if k in owed else v[:, :1] for k, v in held.items())
    return held | {
        "opening_equity": none + worth,
        "new_equity": _cumulated(_item_usd(ledger, "equity_raised")),
        "retained": _cumulated(income["net_income"]),
    }


def _cumulated(flow: FloatArray) -> FloatArray:
    """Return a balance that starts at zero, (n_scenarios, n_periods + 1) [USD]."""
    n_scenarios, n_periods = flow.shape
    balance = np.zeros_like(flow, shape=(n_scenarios, n_periods + 1))
    balance[:, 1:] = np.cumsum(flow, axis=1)
    return balance


def _deposits_usd(study: Study, plan: Plan) -> tuple[FloatArray, FloatArray]:
    """Return deposits paid and received at each month's end, (n_periods + 1,) [USD]."""
    n_periods = study.time.months
    paid, received = np.zeros(n_periods + 1), np.zeros(n_periods + 1)
    leases = {offer.id: offer for offer in study.gpu_offers}
    for taken in plan.offers:
        if taken.offer in leases and taken.since < taken.until:
            first = gpu_deposit_usd(study, leases[taken.offer])
            span = slice(taken.since + 1, min(taken.until, n_periods) + 1)
            if first < 0.0:
                paid[span] -= first
            else:
                received[span] += first
    return paid, received


# -- segments ---------------------------------------------------------------------


def _segments(
    study: Study,
    plan: Plan,
    ledger: Ledger,
    values: BookValues,
    income: dict[str, FloatArray],
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return sections by segment, and demand charges by segment."""
    n_scenarios, n_periods = ledger.mined_btc.shape[0], study.time.months
    shape = (n_scenarios, len(SEGMENTS), n_periods)
    demand = np.zeros_like(ledger.mined_btc, shape=shape)
    if "demand_charge" in ledger.site_items:
        share = segment_share_frac(study, plan)[:, POWER]
        charge = ledger.site_items["demand_charge"][:, :, 1:]
        for site in range(len(study.sites)):
            used = np.asarray(share[site], like=demand)
            demand = demand + charge[:, site, None, :] * used[None]
    split = {
        "demand_charges": demand,
        "plant_depreciation": -values.plant_depreciation_usd,
    }
    found = {
        section: np.zeros_like(ledger.mined_btc, shape=shape)
        for section in SEGMENT_SECTIONS
    }
    for line in INCOME_LINES:
        if line.segment == "shared":
            found[line.section] += split[line.name]
        elif line.segment:
            found[line.section][:, SEGMENTS.index(line.segment)] += income[line.name]
    return found, demand
