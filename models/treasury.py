# SPDX-License-Identifier: Apache-2.0
"""Treasury: cash, BTC and the loan on it, month by month, path by path.

The plan's treasury path is followed as far as BTC, pledge and price allow. A margin
call is met first (`models.margin`); then, if cash would end a month under its floor,
free BTC is sold, then pledged BTC, then emergency equity is raised. On the plan's own
base path none of this happens. What does not belong here: what sites earn
(`models.cashflow`), debt with a schedule (`models.debt`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from models.margin import loan_to_value_frac, margin_step
from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.company import Company
    from models.plan import Plan
    from models.tax import TaxAccount

__all__ = ["TreasuryPath", "loan_usd_per_pledged_btc", "treasury_path"]


@dataclass(frozen=True, slots=True)
class TreasuryPath:
    """Balances and flows of the treasury.

    Balances have ``n_periods + 1`` entries, index 0 the opening, index t + 1 the end of
    month t; flows have ``n_periods``.

    Parameters
    ----------
    cash_usd, loan_usd : ndarray of shape (n_scenarios, n_periods + 1)
        Balances. [USD]
    btc_free, btc_pledged : ndarray of shape (n_scenarios, n_periods + 1)
        Balances. [BTC]
    btc_sold : ndarray of shape (n_scenarios, n_periods)
        Free and pledged BTC sold, for whatever reason. [BTC]
    btc_bought, btc_pledged_in, btc_released : ndarray of shape (n_scenarios, n_periods)
        BTC bought; free BTC pledged, for a draw or under a call; pledged BTC
        released. [BTC]
    btc_forced, btc_liquidated : ndarray of shape (n_scenarios, n_periods)
        Part of the sales made under a margin call; part of these by the lender. [BTC]
    call_btc_pledged, floor_btc_sold : ndarray of shape (n_scenarios, n_periods)
        Free BTC pledged under a call; BTC sold beyond the plan to keep the cash
        floor. [BTC]
    call_cash_usd : ndarray of shape (n_scenarios, n_periods)
        Principal repaid out of cash under a call. [USD]
    btc_sales_usd, forced_sales_usd, btc_purchases_usd : ndarray of shape \
(n_scenarios, n_periods)
        Proceeds after selling cost or penalty; part of them under a margin call; cost
        of BTC bought. [USD]
    interest_usd, drawn_usd, repayment_usd, equity_usd : ndarray of shape \
(n_scenarios, n_periods)
        Loan interest, draws and principal paid; emergency equity raised. All >=
        0. [USD]
    corporate_tax_usd : ndarray of shape (n_scenarios, n_periods)
        Tax, withheld tax included, of the group that carries corporate costs and
        interest. [USD]
    is_called, is_liquidated : ndarray of shape (n_scenarios, n_periods)
        1 where the loan was called, and where the lender sold. [flag]
    low_ltv_frac : ndarray of shape (n_scenarios, n_periods)
        Loan over pledged BTC at the month's lowest price, before a call is met; 0
        without a loan, at most `models.margin.MAX_LTV_FRAC`. [ratio]
    """

    cash_usd: FloatArray
    loan_usd: FloatArray
    btc_free: FloatArray
    btc_pledged: FloatArray
    btc_sold: FloatArray
    btc_bought: FloatArray
    btc_pledged_in: FloatArray
    btc_released: FloatArray
    btc_forced: FloatArray
    btc_liquidated: FloatArray
    call_btc_pledged: FloatArray
    floor_btc_sold: FloatArray
    call_cash_usd: FloatArray
    btc_sales_usd: FloatArray
    forced_sales_usd: FloatArray
    btc_purchases_usd: FloatArray
    interest_usd: FloatArray
    drawn_usd: FloatArray
    repayment_usd: FloatArray
    equity_usd: FloatArray
    corporate_tax_usd: FloatArray
    is_called: FloatArray
    is_liquidated: FloatArray
    low_ltv_frac: FloatArray


_BALANCES = ("cash_usd", "loan_usd", "btc_free", "btc_pledged")


def loan_usd_per_pledged_btc(company: Company) -> float:
    """Return the principal that frees one pledged BTC unless a plan says otherwise.

    Returns
    -------
    float
        Opening principal over opening pledged BTC; 0 without either. [USD/BTC]
    """
    if company.btc_pledged <= 0.0:
        return 0.0
    return company.loan.principal_usd / company.btc_pledged


def treasury_path(
    company: Company,
    plan: Plan,
    *,
    maturity_period: int,
    operating_cash_usd: FloatArray,
    corporate_profit_usd: FloatArray,
    taxes: TaxAccount,
    mined_btc: FloatArray,
    btc_price_usd: FloatArray,
    btc_low_frac: FloatArray | None = None,
    btc_dip_frac: FloatArray | None = None,
    opening_price_usd: float | None = None,
) -> TreasuryPath:
    """Return balances and flows of cash, BTC and loan.

    Parameters
    ----------
    company : Company
        Opening balances and terms.
    plan : Plan
        Treasury path and emergency equity planned.
    maturity_period : int
        Period in which the principal falls due, before that month's sales; pledged BTC
        is then free. At or past the horizon: not within it. [period]
    operating_cash_usd : ndarray of shape (n_scenarios, n_periods)
        Cash of sites, company and scheduled debt before the loan, BTC and the tax of
        the group that carries corporate costs. [USD]
    corporate_profit_usd : ndarray of shape (n_scenarios, n_periods)
        Taxable profit of that group before interest on the loan. [USD]
    taxes : TaxAccount
        Its tax account, not yet begun; it is carried through the months.
    mined_btc : ndarray of shape (n_scenarios, n_periods)
        Output taken over. [BTC]
    btc_price_usd : ndarray of shape (n_scenarios, n_periods)
        Price at which BTC is sold and bought. [USD/BTC]
    btc_low_frac, btc_dip_frac : ndarray of shape (n_scenarios, n_periods), optional
        See `models.paths.MarketPaths`. [ratio]
    opening_price_usd : float or None
        Price a month before the first; None: that of the first month. [USD/BTC]

    Returns
    -------
    TreasuryPath
        Arrays on the same module as the inputs.

    Notes
    -----
    In a month: interest, tax, operating cash and output come first; the loan falls due
    at maturity; then the plan's pledges, draws, releases, sales, equity, purchases and
    repayments, a margin call, and the cash floor. A released or sold pledged BTC repays
    the plan's amount per BTC; once a call has changed the loan, its share of the loan
    if that is less. Where that exceeds the proceeds, pledged BTC is not sold to mend
    the floor (it would cost cash).
    """
    state = _Treasury(company, plan, np.ones_like(mined_btc[:, 0]))
    n_periods = mined_btc.shape[1]
    shape = (mined_btc.shape[0], n_periods + 1)
    names = [field.name for field in fields(TreasuryPath)]
    track = {name: np.zeros_like(mined_btc, shape=shape) for name in names}
    state.record(track, -1, {})
    first_usd = btc_price_usd[:, 0]
    state.price = (
        first_usd if opening_price_usd is None else opening_price_usd + 0.0 * first_usd
    )
    for period in range(n_periods):
        interest = state.loan * (company.loan.rate_per_year / MONTHS_PER_YEAR)
        tax, withheld = taxes.step(corporate_profit_usd[:, period] - interest)
        state.begin(
            operating_cash_usd[:, period] - interest - tax - withheld,
            mined_btc[:, period],
            btc_price_usd[:, period],
        )
        if period == maturity_period:
            state.mature()
        state.follow(period)
        ones = np.ones_like(interest)
        state.meet_call(
            ones if btc_low_frac is None else btc_low_frac[:, period],
            ones if btc_dip_frac is None else btc_dip_frac[:, period],
        )
        state.mend_floor()
        flows = {"interest_usd": interest, "corporate_tax_usd": tax + withheld}
        state.record(track, period, flows)
    return TreasuryPath(
        **{
            name: array if name in _BALANCES else array[:, 1:]
            for name, array in track.items()
        }
    )


class _Treasury:
    """Balances as one month passes, each of shape (n_scenarios,)."""

    def __init__(self, company: Company, plan: Plan, ones: FloatArray) -> None:
        self.company, self.plan = company, plan
        self.cash = company.cash_usd * ones
        self.loan = company.loan.principal_usd * ones
        self.free, self.pledged = company.btc_free * ones, company.btc_pledged * ones
        self.was_called = 0.0 * ones
        self.price = ones
        release = plan.release_usd_per_btc
        if release is None:
            release = loan_usd_per_pledged_btc(company)
        self.release_usd_per_btc = release
        self.flows: dict[str, FloatArray] = {}

    def begin(
        self, cash_usd: FloatArray, mined_btc: FloatArray, price: FloatArray
    ) -> None:
        """Take over a month's cash and output."""
        self.flows = {}
        self.start_usd, self.price = self.price, price
        self.cash = self.cash + cash_usd
        self.free = self.free + mined_btc

    def add(self, name: str, flow: FloatArray) -> None:
        """Add to a flow of the month."""
        self.flows[name] = self.flows[name] + flow if name in self.flows else flow

    def mature(self) -> None:
        """Repay the loan; its pledge is free."""
        self.add("repayment_usd", self.loan)
        self.cash = self.cash - self.loan
        self.free = self.free + self.pledged
        self.loan, self.pledged = 0.0 * self.loan, 0.0 * self.pledged

    def follow(self, period: int) -> None:
        """Do what the plan says, as far as BTC, pledge, price and cash allow."""
        plan = self.plan
        if plan.btc_pledged[period] > 0.0:
            more = np.minimum(plan.btc_pledged[period], self.free)
            self._pledge(more)
            self._draw(plan.loan_drawn_usd[period], more)
        if plan.btc_released[period] > 0.0:
            freed = np.minimum(plan.btc_released[period], self.pledged)
            self._repay(np.minimum(self._per_btc() * freed, self.loan))
            self.pledged, self.free = self.pledged - freed, self.free + freed
            self.add("btc_released", freed)
        self._sell_free(np.minimum(plan.btc_sold_free[period], self.free))
        sold = np.minimum(plan.btc_sold_pledged[period], self.pledged)
        self._sell_pledged(sold, self._per_btc())
        self._raise(plan.emergency_equity_usd[period] + 0.0 * self.cash)
        if plan.btc_bought[period] > 0.0:
            bought = np.minimum(plan.btc_bought[period], self._spare() / self.price)
            cost = self.price * bought
            self.cash, self.free = self.cash - cost, self.free + bought
            self.add("btc_bought", bought)
            self.add("btc_purchases_usd", cost)
        if plan.loan_repaid_usd[period] > 0.0:
            wanted = np.minimum(plan.loan_repaid_usd[period], self.loan)
            self._repay(np.minimum(wanted, self._spare()))

    def meet_call(self, low_frac: FloatArray, dip_frac: FloatArray) -> None:
        """Meet a margin call, if one comes."""
        company = self.company
        low_usd = self.price * low_frac
        self.add("low_ltv_frac", loan_to_value_frac(self.loan, self.pledged, low_usd))
        step = margin_step(
            company.loan,
            selling_cost_frac=company.btc_selling_cost_frac,
            price_usd=np.where(low_frac < 1.0, self.start_usd, self.price),
            low_usd=low_usd,
            dip_frac=dip_frac,
            cash_over_floor_usd=self.cash - company.cash_floor_usd,
            loan_usd=self.loan,
            btc_free=self.free,
            btc_pledged=self.pledged,
        )
        if not step.is_called.any():
            return
        self._pledge(step.btc_pledged)
        self._repay(step.cash_usd)
        self.cash = self.cash + step.proceeds_usd
        self._repay(step.proceeds_usd)
        self.pledged = self.pledged - step.btc_sold
        self.was_called = np.maximum(step.is_called, self.was_called)
        self.add("btc_sold", step.btc_sold)
        self.add("btc_forced", step.btc_sold)
        self.add("call_btc_pledged", step.btc_pledged)
        self.add("call_cash_usd", step.cash_usd)
        self.add("btc_liquidated", step.is_liquidated * step.btc_sold)
        self.add("btc_sales_usd", step.proceeds_usd)
        self.add("forced_sales_usd", step.proceeds_usd)
        self.add("is_called", step.is_called)
        self.add("is_liquidated", step.is_liquidated)

    def mend_floor(self) -> None:
        """Sell free BTC, then pledged BTC, then raise equity, up to the floor."""
        floor = self.company.cash_floor_usd
        # Rounding within 1e-9 of the floor must not trigger a rescue nobody needs.
        is_short = self.cash < floor - 1e-9 * (floor + 1.0)
        if not is_short.any():
            return
        keep = self.company.sale_kept_frac
        short = np.where(is_short, floor - self.cash, 0.0)
        more = np.minimum(short / (self.price * keep), self.free)
        self._sell_free(more)
        self.add("floor_btc_sold", more)
        short = np.maximum(short - self.price * keep * more, 0.0)
        share = self.loan / np.maximum(self.pledged, 1e-9)
        per_btc = np.minimum(self._per_btc(), share)
        gain = np.maximum(self.price * keep - per_btc, 0.0)
        more = np.where(
            gain > 0.0, np.minimum(short / np.maximum(gain, 1e-9), self.pledged), 0.0
        )
        self._sell_pledged(more, per_btc)
        self.add("floor_btc_sold", more)
        self._raise(np.maximum(short - gain * more, 0.0))

    def record(
        self, track: dict[str, FloatArray], period: int, more: dict[str, FloatArray]
    ) -> None:
        """Write down balances and flows at the end of a month; -1 is the opening."""
        for name, balance in zip(
            _BALANCES, (self.cash, self.loan, self.free, self.pledged), strict=True
        ):
            track[name][:, period + 1] = balance
        for name, flow in (self.flows | more).items():
            track[name][:, period + 1] = flow

    def _spare(self) -> FloatArray:
        """Return cash over the floor."""
        return np.maximum(self.cash - self.company.cash_floor_usd, 0.0)

    def _per_btc(self) -> FloatArray:
        """Return what one pledged BTC repays when it leaves the pledge."""
        share = self.loan / np.maximum(self.pledged, 1e-9)
        return np.where(
            self.was_called > 0.0,
            np.minimum(self.release_usd_per_btc, share),
            self.release_usd_per_btc,
        )

    def _pledge(self, btc: FloatArray) -> None:
        self.free, self.pledged = self.free - btc, self.pledged + btc
        self.add("btc_pledged_in", btc)

    def _draw(self, wanted_usd: float, pledged_btc: FloatArray) -> None:
        """Draw what the pledge made for it and the limit allow."""
        loan = self.company.loan
        level = np.minimum(loan.initial_ltv_frac * self.price, self.release_usd_per_btc)
        backed = level * pledged_btc
        most = max(loan.draw_limit_usd, loan.principal_usd)
        room = np.maximum(most - self.loan, 0.0)
        drawn = np.minimum(np.minimum(wanted_usd, backed), room)
        self.loan, self.cash = self.loan + drawn, self.cash + drawn
        self.add("drawn_usd", drawn)

    def _repay(self, usd: FloatArray) -> None:
        self.loan, self.cash = self.loan - usd, self.cash - usd
        self.add("repayment_usd", usd)

    def _raise(self, usd: FloatArray) -> None:
        self.cash = self.cash + usd
        self.add("equity_usd", usd)

    def _sell_free(self, btc: FloatArray) -> None:
        self.free = self.free - btc
        self._cash_in(btc)

    def _sell_pledged(self, btc: FloatArray, per_btc_usd: FloatArray) -> None:
        repaid = np.minimum(per_btc_usd * btc, self.loan)
        self.pledged = self.pledged - btc
        self._cash_in(btc)
        self._repay(repaid)

    def _cash_in(self, btc: FloatArray) -> None:
        keep = self.company.sale_kept_frac
        proceeds = self.price * keep * btc
        self.cash = self.cash + proceeds
        self.add("btc_sold", btc)
        self.add("btc_sales_usd", proceeds)
