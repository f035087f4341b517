# SPDX-License-Identifier: Apache-2.0
"""Margin call and cash floor on the sheet of treasury, as `models.margin` has them.

On the base path a month's lowest price is its average and nothing dips within the cure
time. What does not belong here: the plan's own path (`treasury`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call, Expr, flag
from optimizer.workbook.treasury import State

if TYPE_CHECKING:
    from optimizer.workbook.lines import Series
    from optimizer.workbook.treasury import Steps

__all__ = ["meet_call", "mend_floor"]


def meet_call(steps: Steps, state: State) -> State:
    """Put how a margin call is met on the sheet: cash, free BTC, sale, liquidation.

    Parameters
    ----------
    steps : Steps
        Sheet of treasury being put together.
    state : State
        Balances after the plan's own path.

    Returns
    -------
    State
        Balances after the call.
    """
    steps.sheet.heading("Step: margin call", 2)
    price = steps.price
    rounding = steps.draft.inputs.constant("rounding")
    call_level = steps.number("loan.margin_call_ltv_frac")
    level = steps.line(
        "Loan that one pledged BTC backs at the initial level",
        "USD/BTC",
        steps.number("loan.initial_ltv_frac") * price,
    )
    most = steps.line(
        "Loan at the call level", "USD", call_level * price * state.pledged
    )
    called = steps.line(
        "Loan is called", "flag", flag(state.loan > most * (1 + rounding)), "flag"
    )
    steps.was_called.define(Call("MAX", called, steps.was_called.before))
    steps.sheet.add(steps.was_called)
    short = steps.line(
        "Short of the initial level",
        "USD",
        called * Call("MAX", state.loan - level * state.pledged, 0),
    )
    cash = steps.line(
        "Met in cash over the floor", "USD", Call("MIN", steps.spare(state.cash), short)
    )
    more = steps.flow(
        "btc_pledged_in",
        "Met by pledging free BTC",
        Call("IF", level > 0, Call("MIN", state.free, (short - cash) / level), 0),
    )
    # What rounding would leave of a call that free BTC meets is no reason to sell.
    enough = Call("IF", level > 0, state.free, 0)
    rest = Call("MAX", short - cash - level * more, 0)
    left = steps.line("Still short", "USD", Call("IF", more < enough, 0, rest))
    return _sell_under_call(steps, state, called, (level, cash, more, left))


def _sell_under_call(
    steps: Steps, state: State, called: Series, met: tuple[Series, ...]
) -> State:
    """Put the sale of pledged BTC under a call on the sheet."""
    level, cash, more, left = met
    held = steps.line("Pledge then", "BTC", state.pledged + more, "btc")
    owed = steps.line("Loan then", "USD", state.loan - cash)
    fetched = _fetched(steps, state, called, (left, held, owed))
    sold = steps.flow(
        "btc_forced",
        "BTC sold under the call",
        Call("MIN", left / (fetched - level), held),
    )
    proceeds = steps.flow("forced_proceeds", "Proceeds", fetched * sold)
    uncovered = steps.line(
        "Due in cash: what the pledge no longer covers",
        "USD",
        called * Call("IF", sold >= held, Call("MAX", owed - proceeds, 0), 0),
    )
    paid = steps.flow("repaid", "Loan repaid in cash", cash + uncovered)
    repaid = steps.flow("repaid", "Loan repaid by the sale", proceeds)
    return steps.state(
        State(
            state.cash - paid + proceeds - repaid,
            state.loan - paid - repaid,
            state.free - more,
            held - sold,
        )
    )


def _fetched(
    steps: Steps, state: State, called: Series, now: tuple[Series, Series, Series]
) -> Series:
    """Put who sells under a call on the sheet; return what one BTC fetches."""
    left, held, owed = now
    price = steps.price
    backed = steps.number("loan.margin_call_ltv_frac") * state.pledged
    bare = Call("IF", state.loan > 0, price, 0)
    at_call = steps.line(
        "Price at the call",
        "USD/BTC",
        Call(
            "IF",
            backed > 0,
            Call("MIN", price, state.loan / _safe(steps, backed)),
            bare,
        ),
    )
    lender_level = steps.number("loan.liquidation_ltv_frac") * at_call * held
    lender = steps.line(
        "Lender sells", "flag", called * (left > 0) * (owed >= lender_level), "flag"
    )
    return steps.line(
        "One BTC sold under the call fetches",
        "USD/BTC",
        price
        * Call(
            "IF",
            lender > 0,
            1 - steps.number("loan.liquidation_penalty_frac"),
            steps.keep,
        ),
    )


def _safe(steps: Steps, amount: Expr) -> Expr:
    """Return an amount that may be divided by. [same unit]."""
    return Call("MAX", amount, steps.draft.inputs.constant("rounding"))


def mend_floor(steps: Steps, state: State) -> State:
    """Put how cash is brought up to its floor on the sheet.

    Parameters
    ----------
    steps : Steps
        Sheet of treasury being put together.
    state : State
        Balances after a margin call.

    Returns
    -------
    State
        Balances at the month's end.
    """
    steps.sheet.heading("Step: cash floor", 2)
    floor, price = steps.number("cash_floor_usd"), steps.price
    rounding = steps.draft.inputs.constant("rounding")
    short = steps.line(
        "Short of the floor",
        "USD",
        Call("IF", state.cash < floor - rounding * (floor + 1), floor - state.cash, 0),
    )
    net = steps.line("One BTC sold fetches", "USD/BTC", price * steps.keep)
    state = steps.sell_free(state, Call("MIN", short / net, state.free))
    sold = steps.flows["btc_sold_free"][-1]
    left = steps.line("Still short", "USD", Call("MAX", short - net * sold, 0))
    each = steps.line(
        "One pledged BTC repays",
        "USD/BTC",
        Call("MIN", steps.release, steps.share(state)),
    )
    gain = steps.line(
        "One pledged BTC sold adds to cash", "USD/BTC", Call("MAX", net - each, 0)
    )
    amount = Call("MIN", left / _safe(steps, gain), state.pledged)
    state = steps.sell_pledged(state, Call("IF", gain > 0, amount, 0), each)
    more = steps.flows["btc_sold_pledged"][-1]
    return steps.raise_equity(state, Call("MAX", left - gain * more, 0))
