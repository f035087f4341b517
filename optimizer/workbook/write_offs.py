# SPDX-License-Identifier: Apache-2.0
"""Write-off for tax on a site's sheet, as `models.depreciation` has it.

What does not belong here: tax on what is left (`tax`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.depreciation import macrs_shares
from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.site import spread_evenly

if TYPE_CHECKING:
    from models.tax_regime import AssetClass
    from optimizer.workbook.lines import Scalar, Series
    from optimizer.workbook.site import SiteSheet

__all__ = ["add_write_off"]


def add_write_off(
    place: SiteSheet, kind: AssetClass, cost: Series, delay: Scalar
) -> None:
    """Put the write-off of costs on a site's sheet.

    Parameters
    ----------
    place : SiteSheet
        Sheet.
    kind : {"asic", "gpu", "plant"}
        Class of assets.
    cost : Series
        Cost by month of order or start. [USD]
    delay : Scalar
        Months from there to first use. [months]
    """
    life = place.tax_number(f"{kind}_life_months")
    even = spread_evenly(place.time, cost, delay=delay, months=life)
    if place.regime.depreciation(kind).method == "straight_line":
        place.write_off("Tax depreciation", even)
        return
    by_table = place.write_off("Tax depreciation", _by_table(place, kind, cost, delay))
    straight = place.sheet.row("The same, straight line", "USD", even, total=True)
    place.early.append(
        place.sheet.row("Written off early", "USD", by_table - straight, total=True)
    )


def _by_table(place: SiteSheet, kind: AssetClass, cost: Series, delay: Scalar) -> Expr:
    """Return write-off by calendar tax years."""
    sheet, time = place.sheet, place.time
    per_year = place.draft.inputs.constant("months_per_year")
    in_use = sheet.row(
        "Cost of what comes into use",
        "USD",
        Call("SUMPRODUCT", cost.so_far * (time.index.so_far + delay).same(time.index)),
    )
    shares = _shares(place, kind)
    first = sheet.row(
        "First tax year's share of it, by month",
        "USD",
        in_use * shares[0] / time.months_left_in_year,
    )
    total: Expr = Call("SUMPRODUCT", first.so_far * time.year.so_far.same(time.year))
    for number, share in enumerate(shares[1:], start=1):
        years = place.draft.inputs.ordinal(number)
        later = sheet.row(
            f"Of what came into use {number} tax years before, by month",
            "USD",
            Call(
                "SUMPRODUCT", in_use.so_far * (time.year.so_far + years).same(time.year)
            )
            * share
            / per_year,
        )
        total = total + later
    return total


def _shares(place: SiteSheet, kind: AssetClass) -> list[Scalar]:
    """Put the shares of each tax year on the sheet; none past the horizon."""
    rule = place.regime.depreciation(kind)
    years = place.n_periods // 12 + 2
    shares = []
    for number, share in enumerate(macrs_shares(rule.macrs_years)[:years]):
        table = place.sheet.value(
            f"MACRS, {rule.macrs_years} years: share of tax year {number + 1}",
            "share",
            given=share,
            style="factor",
            role="constant",
        )
        if rule.method == "macrs":
            shares.append(table)
            continue
        bonus = place.tax_number(f"{kind}_depreciation.bonus_frac")
        rest: Expr = (1 - bonus) * table
        if number == 0:
            rest = bonus + rest
        shares.append(
            place.sheet.value("The same with bonus", "share", rest, style="factor")
        )
    return shares
