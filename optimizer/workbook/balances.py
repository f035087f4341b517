# SPDX-License-Identifier: Apache-2.0
"""Corkscrews of cash, loan and BTC at the end of the sheet of treasury.

What does not belong here: the steps that move them (`treasury`, `margin`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.workbook.lines import Series
from optimizer.workbook.sheets import corkscrew

if TYPE_CHECKING:
    from optimizer.workbook.expr import Expr
    from optimizer.workbook.sheets import Sheet
    from optimizer.workbook.treasury import Balances, State, Steps

__all__ = ["add_balances", "added"]


def added(lines: list[Series]) -> Expr:
    """Return the sum of at least one line."""
    total: Expr = lines[0]
    for line in lines[1:]:
        total = total + line
    return total


def add_balances(
    sheet: Sheet,
    balances: Balances,
    steps: Steps,
    end: State,
    came: tuple[Series, Series],
) -> list[Series]:
    """Put the corkscrews of all balances on the sheet.

    Parameters
    ----------
    sheet : Sheet
        Sheet of treasury and debt.
    balances : Balances
        Closing balances, not yet defined.
    steps : Steps
        Flows of the month's steps.
    end : State
        Balances after the last step.
    came : tuple of Series
        Cash before BTC and loan principal; BTC mined. [USD, BTC]

    Returns
    -------
    list of Series
        Corkscrew less steps, which must be zero. [mixed]
    """
    after, mined = came
    flow = _Flows(steps)
    _add_usd(sheet, balances, flow, after)
    _add_btc(sheet, balances, flow, mined)
    pairs = (
        (balances.cash, end.cash),
        (balances.loan, end.loan),
        (balances.free, end.free),
        (balances.pledged, end.pledged),
    )
    sheet.heading("Balances less those of the steps: zero")
    return [
        sheet.row(f"Gap: {line.label}", line.unit, line - state, style="number")
        for line, state in pairs
    ]


class _Flows:
    """Adds a flow of all steps up, as a new line."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def __call__(self, name: str, label: str) -> list[Series]:
        lines = self._steps.flows.get(name, [])
        if not lines:
            return []
        unit, style = lines[0].unit, lines[0].style
        return [Series(label, unit, added(lines), style=style, total=True)]


def _add_usd(sheet: Sheet, balances: Balances, flow: _Flows, after: Series) -> None:
    """Put cash and loan on the sheet."""
    drawn = flow("drawn", "BTC loan drawn")
    repaid = flow("repaid", "BTC loan repaid")
    sheet.heading("Balance of cash")
    corkscrew(
        sheet,
        "Cash",
        "USD",
        closing=balances.cash,
        adds=[
            _again(after),
            *_again_all(drawn),
            *flow("proceeds", "BTC sold"),
            *flow("forced_proceeds", "BTC sold under a call, proceeds"),
            *flow("equity", "Emergency equity"),
        ],
        takes=[*_again_all(repaid), *flow("purchases", "BTC bought, cost")],
    )
    sheet.heading("Balance of the BTC loan")
    corkscrew(sheet, "BTC loan", "USD", closing=balances.loan, adds=drawn, takes=repaid)


def _add_btc(sheet: Sheet, balances: Balances, flow: _Flows, mined: Series) -> None:
    """Put free and pledged BTC on the sheet."""
    pledged = flow("btc_pledged_in", "BTC pledged")
    released = [*flow("btc_released", "BTC released"), *flow("btc_freed", "BTC freed")]
    sold = [
        *flow("btc_sold_pledged", "Pledged BTC sold"),
        *flow("btc_forced", "BTC sold under a call"),
    ]
    sheet.heading("Balance of free BTC")
    corkscrew(
        sheet,
        "Free BTC",
        "BTC",
        closing=balances.free,
        adds=[_again(mined), *flow("btc_bought", "BTC bought"), *_again_all(released)],
        takes=[*_again_all(pledged), *flow("btc_sold_free", "Free BTC sold")],
        style="btc",
    )
    sheet.heading("Balance of pledged BTC")
    corkscrew(
        sheet,
        "Pledged BTC",
        "BTC",
        closing=balances.pledged,
        adds=pledged,
        takes=[*released, *sold],
        style="btc",
    )


def _again(line: Series) -> Series:
    """Return a line that repeats another one."""
    return Series(line.label, line.unit, line, style=line.style, total=True)


def _again_all(lines: list[Series]) -> list[Series]:
    return [_again(line) for line in lines]
