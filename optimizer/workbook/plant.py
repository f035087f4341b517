# SPDX-License-Identifier: Apache-2.0
"""Power and plant on a site's sheet, as `models.power` and `models.builds` have them.

What does not belong here: what stands in the plant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.capacity import commitment_mw
from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.site import SiteSheet, Work, in_last_month, spread_evenly
from optimizer.workbook.write_offs import add_write_off

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from optimizer.workbook.lines import Scalar, Series

__all__ = ["add_plant"]


@dataclass(slots=True)
class _Work:
    """Everything of one kind that a plan builds at a site."""

    item: str
    space: str
    name: str
    unit: str
    each_usd: Expr
    lead: Scalar
    started: FloatArray
    mw: Scalar | None = None


def add_plant(place: SiteSheet) -> None:
    """Put builds, demand charges and partner commitments on a site's sheet."""
    energised: Expr = place.number("contracted_mw")
    for work in _works(place):
        live = _add_work(place, work)
        if work.mw is not None:
            energised = energised + live * work.mw
    place.sheet.heading("Demand charge")
    mw = place.sheet.row("Energised power", "MW", energised, style="number")
    rate = place.number("power.demand_charge_usd_per_mw_month")
    place.flow("demand_charge", "Demand charge", -(mw * rate))
    if place.site.partner is not None:
        _add_commitment(place)


def _works(place: SiteSheet) -> list[_Work]:
    """Return what a plan builds at a site: phases, shells, conversions."""
    plan, site = place.draft.plan, place.site
    works: dict[str, _Work] = {}

    def modules(key: str, item: str, space: str, name: str) -> _Work:
        if key not in works:
            size = place.number(f"{key}.module_mw")
            each = place.number(f"{key}.capex_usd_per_mw") * size
            works[key] = _work(place, key, (item, space, name, "modules"), each)
        return works[key]

    for start in plan.phases:
        if start.site == site.id:
            key = f"phases.{start.phase}"
            words = "phase_capex", "power", f"Phase {start.phase}", "starts"
            cost = place.number(f"{key}.capex_usd")
            one = works.setdefault(key, _work(place, key, words, cost))
            one.mw = place.number(f"{key}.mw")
            one.started[start.period] += 1.0
    for built in plan.builds:
        if built.site == site.id:
            key, name = f"shells.{built.kind}.build", f"Shell {built.kind}"
            one = modules(key, "shell_capex", built.kind, name)
            one.started[built.period] += built.modules
    for change in plan.conversions:
        if change.site == site.id:
            kind = next(c for c in site.conversions if c.id == change.conversion)
            key, name = f"conversions.{kind.id}", f"Conversion {kind.id}"
            one = modules(key, "conversion_capex", kind.to_kind, name)
            one.started[change.period] += change.modules
    return list(works.values())


def _work(
    place: SiteSheet, key: str, words: tuple[str, str, str, str], each_usd: Expr
) -> _Work:
    """Return a work of which nothing is begun yet."""
    lead = place.number(f"{key}.lead_time_months")
    return _Work(*words, each_usd, lead, np.zeros(place.n_periods))


def _add_work(place: SiteSheet, work: _Work) -> Series:
    """Put payments, write-off and end value of builds on the sheet.

    Returns how many are live, by month.
    """
    sheet, time = place.sheet, place.time
    sheet.heading(f"Build: {work.name}")
    started = place.decided(f"{work.name}, {work.unit} begun", work.unit, work.started)
    months = sheet.value(
        "Months of payment", "months", Call("MAX", work.lead, 1), style="integer"
    )
    planned = sheet.row("Cost as planned", "USD", started * work.each_usd, total=True)
    cost = sheet.row(
        "Cost with overrun",
        "USD",
        planned * place.draft.inputs.factor("capex"),
        total=True,
    )
    place.flow(
        work.item, "Payments", -spread_evenly(time, cost, delay=0, months=months)
    )
    place.works.append(Work(work.space, cost, work.lead))
    add_write_off(place, "plant", cost, work.lead)
    left = time.n_months - time.index
    used = Call("MAX", left - work.lead, 0) / place.tax_number("plant_life_months")
    value = sheet.row(
        "Worth at the horizon of what is begun this month",
        "USD",
        planned
        * Call("MIN", 1, left / months)
        * Call("MAX", 1 - used, 0)
        * place.draft.inputs.number("company.plant_resale_frac"),
        total=True,
    )
    place.flow(
        "terminal_plant", "Plant at the horizon", in_last_month(time, value.total)
    )
    return sheet.row(
        "Live",
        work.unit,
        Call(
            "SUMPRODUCT", started.so_far * (time.index.so_far + work.lead <= time.index)
        ),
        style="integer",
    )


def _add_commitment(place: SiteSheet) -> None:
    """Put what committed MW cost whether machines run or not on the sheet."""
    study, plan = place.draft.study, place.draft.plan
    committed = commitment_mw(study, plan)[study.site_index(place.site.id)]
    if not committed.any():
        return
    place.sheet.heading("Hosting take-or-pay")
    mw = place.decided("power committed to the partner", "MW", committed)
    rate = place.sheet.row(
        "Rate owed in any case",
        "USD/MWh",
        place.flexible * (1 - place.number("partner.avoidable_frac")),
        style="price",
    )
    place.flow(
        "partner_commitment",
        "Take-or-pay",
        -(mw * place.time.hours * place.number("uptime_frac") * rate),
    )
