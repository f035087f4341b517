# SPDX-License-Identifier: Apache-2.0
"""Sheet of treasury and debt: the month's steps in the order of `models.treasury`.

The plan's path is followed as far as BTC, pledge, price and cash allow; a margin call
is met; then the cash floor is mended. On the run's own inputs only the plan's path
happens. Corkscrews of all four balances stand at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.lines import Scalar, Series

if TYPE_CHECKING:
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.lines import Style
    from optimizer.workbook.sheets import Sheet

__all__ = ["Balances", "State", "Steps"]


@dataclass(frozen=True, slots=True)
class Balances:
    """Closing balances, opening in the opening column.

    Parameters
    ----------
    cash, loan : Series
        Cash; principal of the loan on BTC. [USD]
    free, pledged : Series
        BTC. [BTC]
    """

    cash: Series
    loan: Series
    free: Series
    pledged: Series


@dataclass(frozen=True, slots=True)
class State:
    """Balances between two steps of a month, as formulas."""

    cash: Expr
    loan: Expr
    free: Expr
    pledged: Expr


class Steps:
    """Puts the steps of a month on the sheet and gathers their flows.

    Parameters
    ----------
    draft : Draft
        Workbook being put together.
    sheet : Sheet
        Sheet of treasury and debt.
    price : Series
        BTC price. [USD/BTC]
    was_called : Series
        1 once a margin call has come, not yet defined. [flag]
    release : Scalar
        Principal that frees one pledged BTC. [USD/BTC]
    """

    def __init__(
        self,
        draft: Draft,
        sheet: Sheet,
        price: Series,
        was_called: Series,
        release: Scalar,
    ) -> None:
        self.draft, self.sheet, self.price = draft, sheet, price
        self.was_called, self.release = was_called, release
        self.flows: dict[str, list[Series]] = {}

    def number(self, key: str) -> Scalar:
        """Return an input of the company."""
        return self.draft.inputs.number(f"company.{key}")

    @property
    def keep(self) -> Expr:
        """What a BTC sold in order fetches, share of its price."""
        return 1 - self.number("btc_selling_cost_frac")

    def line(
        self, label: str, unit: str, formula: Expr, style: Style = "money"
    ) -> Series:
        """Put a line on the sheet."""
        return self.sheet.row(label, unit, formula, style=style)

    def flow(self, name: str, label: str, formula: Expr) -> Series:
        """Put a flow on the sheet and count it, always >= 0."""
        unit, style = _unit(name)
        line = Series(label, unit, formula, style=style, total=True)
        self.flows.setdefault(name, []).append(self.sheet.series(line))
        return line

    def state(self, state: State) -> State:
        """Put the balances after a step on the sheet."""
        return State(
            self.line("Cash after this step", "USD", state.cash),
            self.line("Loan after this step", "USD", state.loan),
            self.line("Free BTC after this step", "BTC", state.free, "btc"),
            self.line("Pledged BTC after this step", "BTC", state.pledged, "btc"),
        )

    def planned(self, field: str, label: str, unit: str) -> Series | None:
        """Put a monthly decision on the sheet of the plan; None where all is zero."""
        values = np.array(getattr(self.draft.plan, field), dtype=float)
        if not values.any():
            return None
        style: Style = "btc" if unit == "BTC" else "money"
        return self.draft.decided(label, unit, values, style)

    def spare(self, cash: Expr) -> Expr:
        """Return cash over the floor. [USD]."""
        return Call("MAX", cash - self.number("cash_floor_usd"), 0)

    def per_btc(self, state: State, called: Expr) -> Expr:
        """Return what one pledged BTC repays when it leaves the pledge. [USD/BTC]."""
        share = self.share(state)
        return Call("IF", called > 0, Call("MIN", self.release, share), self.release)

    def share(self, state: State) -> Expr:
        """Return the loan per pledged BTC, 0 where only rounding is pledged."""
        is_some = state.pledged > self.draft.inputs.constant("rounding")
        return Call("IF", is_some, state.loan / state.pledged, 0)

    # -- the plan's own path ----------------------------------------------------------

    def follow(self, state: State) -> State:
        """Do what the plan says."""
        state = self._pledge_and_draw(state)
        state = self._release(state)
        state = self._sell(state)
        return self._buy_and_repay(state)

    def _pledge_and_draw(self, state: State) -> State:
        wanted = self.planned("btc_pledged", "BTC pledged", "BTC")
        if wanted is None:
            return state
        self.sheet.heading("Step: pledge and draw", 2)
        more = self.flow(
            "btc_pledged_in", "BTC pledged", Call("MIN", wanted, state.free)
        )
        asked = self.planned("loan_drawn_usd", "BTC loan drawn", "USD")
        if asked is None:
            return self.state(
                State(state.cash, state.loan, state.free - more, state.pledged + more)
            )
        level = self.line(
            "Loan that one BTC newly pledged brings",
            "USD/BTC",
            Call(
                "MIN", self.number("loan.initial_ltv_frac") * self.price, self.release
            ),
        )
        most = Call(
            "MAX", self.number("loan.draw_limit_usd"), self.number("loan.principal_usd")
        )
        room = self.line(
            "Room under the limit", "USD", Call("MAX", most - state.loan, 0)
        )
        backed = level * more
        drawn = self.flow("drawn", "Loan drawn", Call("MIN", asked, backed, room))
        return self.state(
            State(
                state.cash + drawn,
                state.loan + drawn,
                state.free - more,
                state.pledged + more,
            )
        )

    def _release(self, state: State) -> State:
        wanted = self.planned("btc_released", "Pledged BTC released", "BTC")
        if wanted is None:
            return state
        self.sheet.heading("Step: release", 2)
        freed = self.flow(
            "btc_released", "BTC released", Call("MIN", wanted, state.pledged)
        )
        each = self.per_btc(state, self.was_called.before)
        repaid = self.flow(
            "repaid", "Loan repaid for it", Call("MIN", each * freed, state.loan)
        )
        return self.state(
            State(
                state.cash - repaid,
                state.loan - repaid,
                state.free + freed,
                state.pledged - freed,
            )
        )

    def _sell(self, state: State) -> State:
        free = self.planned("btc_sold_free", "Free BTC sold", "BTC")
        pledged = self.planned("btc_sold_pledged", "Pledged BTC sold", "BTC")
        raised = self.planned("emergency_equity_usd", "Emergency equity raised", "USD")
        if free is not None:
            self.sheet.heading("Step: sell free BTC", 2)
            state = self.sell_free(state, Call("MIN", free, state.free))
        if pledged is not None:
            self.sheet.heading("Step: sell pledged BTC", 2)
            each = self.per_btc(state, self.was_called.before)
            state = self.sell_pledged(state, Call("MIN", pledged, state.pledged), each)
        if raised is not None:
            self.sheet.heading("Step: emergency equity", 2)
            state = self.raise_equity(state, raised)
        return state

    def sell_free(self, state: State, amount: Expr) -> State:
        """Sell free BTC."""
        sold = self.flow("btc_sold_free", "Free BTC sold", amount)
        proceeds = self.flow("proceeds", "Proceeds", self.price * self.keep * sold)
        return self.state(
            State(state.cash + proceeds, state.loan, state.free - sold, state.pledged)
        )

    def sell_pledged(self, state: State, amount: Expr, each: Expr) -> State:
        """Sell pledged BTC, repaying an amount per BTC first."""
        sold = self.flow("btc_sold_pledged", "Pledged BTC sold", amount)
        proceeds = self.flow("proceeds", "Proceeds", self.price * self.keep * sold)
        repaid = self.flow(
            "repaid", "Loan repaid for it", Call("MIN", each * sold, state.loan)
        )
        return self.state(
            State(
                state.cash + proceeds - repaid,
                state.loan - repaid,
                state.free,
                state.pledged - sold,
            )
        )

    def raise_equity(self, state: State, amount: Expr) -> State:
        """Raise emergency equity."""
        raised = self.flow("equity", "Equity raised", amount)
        return self.state(
            State(state.cash + raised, state.loan, state.free, state.pledged)
        )

    def _buy_and_repay(self, state: State) -> State:
        wanted = self.planned("btc_bought", "BTC bought", "BTC")
        if wanted is not None:
            self.sheet.heading("Step: buy BTC", 2)
            most = self.spare(state.cash) / self.price
            bought = self.flow("btc_bought", "BTC bought", Call("MIN", wanted, most))
            cost = self.flow("purchases", "Cost of BTC bought", self.price * bought)
            state = self.state(
                State(state.cash - cost, state.loan, state.free + bought, state.pledged)
            )
        asked = self.planned("loan_repaid_usd", "BTC loan repaid in cash", "USD")
        if asked is not None:
            self.sheet.heading("Step: repay in cash", 2)
            most = Call("MIN", asked, state.loan, self.spare(state.cash))
            repaid = self.flow("repaid", "Loan repaid", most)
            state = self.state(
                State(
                    state.cash - repaid, state.loan - repaid, state.free, state.pledged
                )
            )
        return state


def _unit(name: str) -> tuple[str, Style]:
    return ("BTC", "btc") if name.startswith("btc_") else ("USD", "money")
