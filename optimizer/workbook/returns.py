# SPDX-License-Identifier: Apache-2.0
"""Return and payback of a flow on the sheet of outputs.

A rate is shown where the cumulated flow is first negative and comes back once and for
all: then there is one positive rate and no other. Any other flow shows none, as a flow
without an investment has no return. What does not belong here: the flows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call, Words, flag
from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.sheets import Sheet, sum_of

if TYPE_CHECKING:
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.timeline import Timeline

__all__ = ["add_return", "sheet_flow"]


def sheet_flow(sheet: Sheet, flows: list[Series]) -> Series:
    """Put the sum of flows on a sheet.

    Parameters
    ----------
    sheet : Sheet
        Sheet.
    flows : list of Series
        Flows. [USD]
    """
    sheet.heading("Flow of all sites, unlevered, each after its own tax")
    return sheet.row("All sites", "USD", sum_of(flows), opening=0.0, total=True)


def add_return(
    draft: Draft,
    time: Timeline,
    sheet: Sheet,
    name: str,
    flow: Series,
    guess_per_year: Scalar,
) -> None:
    """Put payback and return of a flow on a sheet.

    Parameters
    ----------
    draft, time
        What all sheets share.
    sheet : Sheet
        Sheet.
    name : str
        Whose flow.
    flow : Series
        Flow, nothing in the opening column but a zero. [USD]
    guess_per_year : Scalar
        Rate at which the search begins. [per year]
    """
    sheet.heading(f"Return: {name}, unlevered, after tax", 2)
    slack = draft.inputs.constant("tolerance_usd")
    so_far = Series("Cumulated flow", "USD", opening=0.0)
    so_far.define(so_far.before + flow)
    sheet.add(so_far)
    was = Series("Has been negative", "flag", opening=0.0, style="flag")
    was.define(Call("MAX", was.before, flag(so_far < -slack)))
    sheet.add(was)
    back = Series("Has come back", "flag", opening=0.0, style="flag")
    back.define(Call("MAX", back.before, was * (so_far >= -slack)))
    sheet.add(back)
    odd = sheet.row(
        "Positive before it is negative, or negative again",
        "flag",
        (so_far > slack) * (1 - was) + back * (so_far < -slack),
        style="flag",
        total=True,
    )
    since = Call("SUM", back.months)
    none = Call("IF", was.last > 0, Words("none"), 0)
    sheet.value(
        "Payback",
        "months",
        Call("IF", since > 0, time.n_months + 1 - since, none),
        style="integer",
    )
    per_year = draft.inputs.constant("months_per_year")
    guess = sheet.value(
        "Rate at which the search begins",
        "per month",
        (1 + guess_per_year) ** (1 / per_year) - 1,
        style="factor",
    )
    rate = (1 + Call("IRR", flow.opening_and_months, guess)) ** per_year - 1
    is_plain = back.last * odd.total.same(0)
    sheet.value(
        "IRR",
        "per year",
        Call(
            "IF",
            is_plain > 0,
            Call("IFERROR", rate, Words("none")),
            Words("none"),
        ),
        style="share",
    )
