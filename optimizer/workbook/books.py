# SPDX-License-Identifier: Apache-2.0
"""Sheet of book values: machines and plant as `models.book_values` has them.

Straight line over accounting lives; what is sold or retired leaves at book value. What
does not belong here: BTC (`statements`), write-off for tax (`write_offs`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.book_values import kept_frac
from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.sheets import Sheet, corkscrew, sum_of
from optimizer.workbook.site import spread_evenly

if TYPE_CHECKING:
    from models.site import OpeningCohort
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.outputs import Outputs
    from optimizer.workbook.site import Purchase, SiteSheet
    from optimizer.workbook.site_ledger import SiteLedger
    from optimizer.workbook.timeline import Timeline

__all__ = ["Books", "books"]

_CLASSES = {
    "asics": ("Mining machines", "asic_purchase"),
    "gpus": ("GPUs", "gpu_purchase"),
    "plant": ("Power and shells", "phase_capex", "shell_capex", "conversion_capex"),
}
"""Name of each class of assets, and the ledger items that pay for it."""


@dataclass(slots=True)
class _Class:
    """What has been put on the sheet of one class of assets."""

    opening: list[Scalar] = field(default_factory=list)
    depreciation: list[Series] = field(default_factory=list)
    disposed: list[Series] = field(default_factory=list)
    of_plant: list[tuple[SiteSheet, str, Series]] = field(default_factory=list)


@dataclass(slots=True)
class Books:
    """Lines of the sheet of book values, by class of assets.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    balance, depreciation, disposed : dict of str to Series
        Net book value; depreciation; book value of what left. All >= 0. [USD]
    of_plant : list of tuple of SiteSheet, str and Series
        Depreciation of plant by site and the space that it made. [USD]
    """

    sheet: Sheet
    balance: dict[str, Series]
    depreciation: dict[str, Series]
    disposed: dict[str, Series]
    of_plant: list[tuple[SiteSheet, str, Series]]


def books(
    draft: Draft, time: Timeline, sites: list[SiteLedger], results: Outputs
) -> Books:
    """Return the sheet of book values.

    Parameters
    ----------
    draft, time
        What all sheets share.
    sites : list of SiteLedger
        Ledgers of all sites.
    results : Outputs
        Flows by ledger item.
    """
    sheet = Sheet("Books", "Book values of machines and plant")
    classes = {name: _Class() for name in _CLASSES}
    shares = _Shares(draft)
    for one in sites:
        _add_opening(draft, time, sheet, one.place, shares, classes)
        for purchase in one.place.purchases:
            kind = "asics" if purchase.kind == "asic" else "gpus"
            _add_purchase(
                draft, time, sheet, one.place, purchase, shares, classes[kind]
            )
        _add_plant(time, sheet, one.place, classes["plant"])
    found = Books(sheet, {}, {}, {}, classes["plant"].of_plant)
    for name, (label, *items) in _CLASSES.items():
        bought = [
            results.site_items[item] for item in items if item in results.site_items
        ]
        _add_account(sheet, found, name, label, classes[name], bought)
    return found


class _Shares:
    """Puts the share of a pool's machines still owned on the sheet of the plan."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._made: dict[tuple[str, int], Series] = {}
        self._units: dict[tuple[str, int], float] = defaultdict(float)
        study = draft.study
        lots = {asic.id: (asic.lot_units, asic.delivery_months) for asic in study.asics}
        lots |= {gpu.id: (gpu.lot_nodes, gpu.delivery_months) for gpu in study.gpus}
        for site in study.sites:
            for opening in site.opening_fleet:
                self._units[opening.model, -opening.age_months] += opening.units
        for order in draft.plan.orders:
            size, delivery = lots[order.model]
            pool = order.model, order.period + delivery
            self._units[pool] += float(order.lots * size)

    def of(self, model: str, cohort: int) -> Series:
        """Return the share of a pool that is still owned."""
        pool = model, cohort
        if pool not in self._made:
            draft = self._draft
            share = kept_frac(draft.study, draft.plan, pool, self._units[pool])
            line = Series(
                f"Owned still: {model}, month {cohort}",
                "share",
                given=share,
                opening=1.0,
                style="share",
                role="solver",
            )
            draft.decisions.add(line)
            self._made[pool] = line
        return self._made[pool]


def _add_opening(
    draft: Draft,
    time: Timeline,
    sheet: Sheet,
    place: SiteSheet,
    shares: _Shares,
    classes: dict[str, _Class],
) -> None:
    """Put machines and plant that stood at the start on the sheet."""
    site = place.site
    models = [opening.model for opening in site.opening_fleet]
    for number, opening in enumerate(site.opening_fleet):
        is_alone = models.count(opening.model) == 1
        key = f"opening_fleet.{opening.model if is_alone else number}"
        sheet.heading(f"{site.name}: opening fleet, {_name(draft, opening)}", 2)
        value = sheet.value(
            "Book value at the opening",
            "USD",
            place.number(f"{key}.book_value_usd"),
            style="money",
        )
        life = Call("MAX", place.number(f"{key}.remaining_life_months"), 1)
        left = Call("MAX", 1 - time.index / life, 0)
        book = sheet.row("Book value if all were kept", "USD", value * left)
        share = shares.of(opening.model, -opening.age_months)
        gross = value / life * (time.index < life)
        _add_pool(sheet, book, gross, share, classes["asics"])
        classes["asics"].opening.append(value)
    if site.plant_book_value_usd:
        sheet.heading(f"{site.name}: plant at the opening", 2)
        value = sheet.value(
            "Book value at the opening",
            "USD",
            place.number("plant_book_value_usd"),
            style="money",
        )
        life = Call("MAX", place.number("plant_remaining_life_months"), 1)
        written = value / life * (time.index < life)
        plant = classes["plant"]
        line = sheet.row("Depreciation", "USD", written, total=True)
        plant.depreciation.append(line)
        plant.opening.append(value)
        plant.of_plant.append((place, "power", line))


def _name(draft: Draft, opening: OpeningCohort) -> str:
    return draft.study.asic(opening.model).name


def _add_pool(
    sheet: Sheet, book: Series, gross: Expr, share: Series, made: _Class
) -> None:
    """Put depreciation and disposal of a pool on the sheet.

    Machines leave at the start of their month, before its depreciation.
    """
    written = sheet.row("Depreciation", "USD", gross * share, total=True)
    gone = sheet.row(
        "Book value of what left", "USD", (share.before - share) * book, total=True
    )
    made.depreciation.append(written)
    made.disposed.append(gone)


def _add_purchase(
    draft: Draft,
    time: Timeline,
    sheet: Sheet,
    place: SiteSheet,
    purchase: Purchase,
    shares: _Shares,
    made: _Class,
) -> None:
    """Put machines bought on the sheet, order by order."""
    life = place.tax_number(f"{purchase.kind}_life_months")
    for period in np.flatnonzero(purchase.lots):
        month = draft.study.months[period]
        sheet.heading(f"{place.site.name}: {purchase.model} ordered {month}", 2)
        label = f"{place.site.name}: {purchase.model}, order of {month}"
        ordered = draft.decided_once(f"{label}, month number", "period", float(period))
        cohort = int(period) + purchase.delivery_months
        live = draft.decided_once(f"{label}, first month of use", "period", cohort)
        cost = sheet.value(
            "Cost",
            "USD",
            Call("SUMPRODUCT", purchase.cost.months * time.index.months.same(ordered)),
            style="money",
        )
        used = Call("MIN", Call("MAX", time.index - live, 0) / life, 1)
        book = sheet.row(
            "Book value if all were kept",
            "USD",
            cost * ((time.index >= ordered) - used),
        )
        in_use = (time.index >= live) * (time.index < live + life)
        share = shares.of(purchase.model, cohort)
        _add_pool(sheet, book, cost / life * in_use, share, made)


def _add_plant(time: Timeline, sheet: Sheet, place: SiteSheet, made: _Class) -> None:
    """Put depreciation of what is built on the sheet."""
    if not place.works:
        return
    sheet.heading(f"{place.site.name}: plant built", 2)
    life = place.tax_number("plant_life_months")
    for work in place.works:
        written = spread_evenly(time, work.cost, delay=work.lead, months=life)
        line = sheet.row("Depreciation", "USD", written, total=True)
        made.depreciation.append(line)
        made.of_plant.append((place, work.space, line))


def _add_account(
    sheet: Sheet,
    found: Books,
    name: str,
    label: str,
    made: _Class,
    bought: list[Series],
) -> None:
    """Put the corkscrew of a class of assets on the sheet."""
    sheet.heading(f"Book value: {label}")
    opening: Expr | int = 0
    for value in made.opening:
        opening = value if isinstance(opening, int) else opening + value
    paid: Expr | int = 0
    for line in bought:
        paid = -line if isinstance(paid, int) else paid - line
    balance = Series(f"{label}: closing", "USD", opening=opening)
    added = Series(f"{label}: bought", "USD", paid, total=True)
    written = Series(
        f"{label}: depreciation", "USD", sum_of(made.depreciation), total=True
    )
    gone = Series(
        f"{label}: book value of what left", "USD", sum_of(made.disposed), total=True
    )
    corkscrew(sheet, label, "USD", closing=balance, adds=[added], takes=[written, gone])
    found.balance[name] = balance
    found.depreciation[name] = written
    found.disposed[name] = gone
