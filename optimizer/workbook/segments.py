# SPDX-License-Identifier: Apache-2.0
"""Sheet of segments and of the cost to mine, as `models.statements` has them.

Lines of one segment are its own; demand charges and depreciation of plant are split by
the power that each segment reserves. What does not belong here: the statements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.segments import SEGMENT_LABELS, SEGMENTS
from models.statement_lines import COST_TO_MINE_LINES, INCOME_LINES
from models.statements import SEGMENT_SECTIONS
from optimizer.workbook.expr import Call, Expr, Words, flag
from optimizer.workbook.sheets import Sheet, sum_of

if TYPE_CHECKING:
    from optimizer.workbook.books import Books
    from optimizer.workbook.company import Company
    from optimizer.workbook.lines import Scalar, Series
    from optimizer.workbook.site import SiteSheet
    from optimizer.workbook.site_ledger import SiteLedger
    from optimizer.workbook.statements import Statements

__all__ = ["Segments", "segments"]

_WORDS: Final = {
    "revenue": "Revenue",
    "cost": "Cost of revenue",
    "overhead": "Overhead",
    "btc": "Gain on BTC",
    "depreciation": "Depreciation",
    "disposals": "Gain on disposals",
}


@dataclass(slots=True)
class Segments:
    """Lines of the sheet of segments.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    lines : dict of tuple of str to Series
        By section and segment, income positive. [USD]
    ebitda : list of Series
        Adjusted EBITDA by segment. [USD]
    cost, depreciation : Series
        Cash cost of mining; depreciation of mining machines. [USD]
    cost_to_mine, all_in : Scalar
        Average over the horizon, without and with depreciation. [USD/BTC]
    """

    sheet: Sheet
    lines: dict[tuple[str, str], Series]
    ebitda: list[Series]
    cost: Series
    depreciation: Series
    cost_to_mine: Scalar
    all_in: Scalar


def segments(
    sites: list[SiteLedger], made: Company, stated: Statements, values: Books
) -> Segments:
    """Return the sheet of segments.

    Parameters
    ----------
    sites : list of SiteLedger
        Ledgers of all sites.
    made : Company
        Sheet of treasury and debt.
    stated : Statements
        Sheet of statements.
    values : Books
        Book values.
    """
    sheet = Sheet("Segments", "Segments, and what one BTC costs to mine")
    shares = _Shares(sheet)
    shared: dict[tuple[str, str], list[Expr]] = {}
    for one in sites:
        if "demand_charge" in one.items:
            for name in SEGMENTS:
                part = one.items["demand_charge"] * shares.of(one.place, "power", name)
                shared.setdefault(("demand_charges", name), []).append(part)
    for place, space, line in values.of_plant:
        for name in SEGMENTS:
            part = -(line * shares.of(place, space, name))
            shared.setdefault(("plant_depreciation", name), []).append(part)
    sheet.heading("Lines that segments share")
    split = {
        key: sheet.row(
            f"{SEGMENT_LABELS[key[1]]}: {stated.lines[key[0]].label}",
            "USD",
            _added(parts),
            total=True,
        )
        for key, parts in shared.items()
    }
    lines, ebitda = _sections(sheet, stated, split)
    cost, worn, average, all_in = _cost_to_mine(sheet, made, stated, split)
    return Segments(sheet, lines, ebitda, cost, worn, average, all_in)


class _Shares:
    """Puts the share of a site's space that a segment uses on the sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._made: dict[tuple[str, str], dict[str, Series]] = {}

    def of(self, place: SiteSheet, space: str, segment: str) -> Series:
        """Return a segment's share; space that nobody uses is corporate."""
        key = place.site.id, space
        if key not in self._made:
            self._made[key] = self._all(place, space)
        return self._made[key][segment]

    def _all(self, place: SiteSheet, space: str) -> dict[str, Series]:
        """Put power reserved and shares of all segments on the sheet."""
        sheet = self._sheet
        sheet.heading(f"{place.site.name}: use of {space}", 2)
        used: dict[str, Series] = {}
        for segment, label in SEGMENT_LABELS.items():
            lines = [
                one.mw
                for one in place.used
                if one.segment == segment and space in ("power", one.space)
            ]
            if lines:
                words = f"{label}, power reserved"
                used[segment] = sheet.row(words, "MW", sum_of(lines), style="number")
        total = sheet.row(
            "All, power reserved", "MW", sum_of([*used.values()]), style="number"
        )
        shares: dict[str, Series] = {}
        for segment, label in SEGMENT_LABELS.items():
            share: Expr | int = 0
            if segment in used:
                share = used[segment] / Call("IF", total > 0, total, 1)
            elif segment == "corporate":
                share = flag(total <= 0)
            shares[segment] = sheet.row(
                f"{label}, share", "share", share, style="share"
            )
        return shares


def _added(parts: list[Expr]) -> Expr:
    """Return the sum of at least one formula."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _sections(
    sheet: Sheet, stated: Statements, split: dict[tuple[str, str], Series]
) -> tuple[dict[tuple[str, str], Series], list[Series]]:
    """Put the sections of the income statement by segment on the sheet."""
    found: dict[tuple[str, str], Series] = {}
    totals: list[Series] = []
    for name in SEGMENTS:
        sheet.heading(f"Segment: {SEGMENT_LABELS[name]}")
        for section in SEGMENT_SECTIONS:
            parts = [
                stated.lines[line.name]
                for line in INCOME_LINES
                if line.section == section and line.segment == name
            ]
            parts += [
                split[line.name, name]
                for line in INCOME_LINES
                if line.section == section and (line.name, name) in split
            ]
            found[section, name] = sheet.row(
                _WORDS.get(section, section), "USD", sum_of(parts), total=True
            )
        ebitda = [found[part, name] for part in ("revenue", "cost", "overhead", "btc")]
        label = f"{SEGMENT_LABELS[name]}: adjusted EBITDA"
        total = sheet.row(label, "USD", sum_of(ebitda), total=True)
        total.is_total = True
        totals.append(total)
    return found, totals


def _cost_to_mine(
    sheet: Sheet,
    made: Company,
    stated: Statements,
    split: dict[tuple[str, str], Series],
) -> tuple[Series, Series, Scalar, Scalar]:
    """Put what one BTC costs to mine on the sheet, by month and over all."""
    sheet.heading("Cost to mine")
    parts: list[Series] = [
        stated.lines[name] for name in COST_TO_MINE_LINES if name != "demand_charges"
    ]
    if ("demand_charges", "mining") in split:
        parts.append(split["demand_charges", "mining"])
    cost = sheet.row("Cash cost of mining", "USD", -_added([*parts]), total=True)
    worn = sheet.row(
        "Depreciation of mining machines",
        "USD",
        -stated.lines["asic_depreciation"],
        total=True,
    )
    mined = sheet.row("BTC mined", "BTC", made.mined, style="btc", total=True)
    each = Call("IF", mined > 0, cost / Call("IF", mined > 0, mined, 1), 0)
    sheet.row("Cash cost of one BTC", "USD/BTC", each)
    none, some = Words("none"), mined.total > 0
    average = sheet.value(
        "Cash cost to mine one BTC",
        "USD/BTC",
        Call("IF", some, cost.total / mined.total, none),
        style="money",
    )
    all_in = sheet.value(
        "All-in cost to mine one BTC, with depreciation",
        "USD/BTC",
        Call("IF", some, (cost.total + worn.total) / mined.total, none),
        style="money",
    )
    return cost, worn, average, all_in
