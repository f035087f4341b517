# SPDX-License-Identifier: Apache-2.0
"""Own GPU nodes on a site's sheet, as `models.fleet` and `models.book` have them.

Nodes of one family earn alike whatever their age, so they stand together; what they
fetch when sold depends on their age. What does not belong here: leases (`contracts`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from optimizer.workbook.expr import Call, Expr
from optimizer.workbook.machines import ended_units, standing_units
from optimizer.workbook.site import Purchase
from optimizer.workbook.write_offs import add_write_off

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.hardware import GpuModel
    from models.plan import Holding
    from optimizer.workbook.lines import Scalar, Series
    from optimizer.workbook.site import SiteSheet

__all__ = ["add_nodes"]


def add_nodes(place: SiteSheet) -> None:
    """Put everything about own GPU nodes on a site's sheet."""
    draft = place.draft
    families = {gpu.id for gpu in draft.study.gpus}
    held: dict[str, list[Holding]] = defaultdict(list)
    for one in draft.plan.holdings:
        if one.site == place.site.id and one.model in families:
            held[one.model].append(one)
    for model, holdings in sorted(held.items()):
        gpu = draft.study.gpu(model)
        place.sheet.heading(f"GPU nodes: {gpu.name}")
        nodes = place.decided(
            f"{gpu.name}, nodes standing",
            "nodes",
            standing_units(holdings, place.n_periods),
        )
        _add_merchant(place, gpu, nodes)
        cohorts: dict[int, list[Holding]] = defaultdict(list)
        for one in holdings:
            cohorts[one.cohort_period].append(one)
        for cohort, mine in sorted(cohorts.items()):
            _add_endings(place, gpu, cohort, mine)
    _add_orders(place)


def _gpu(place: SiteSheet, gpu: GpuModel, key: str) -> Scalar:
    return place.draft.inputs.number(f"gpus.{gpu.id}.{key}")


def _add_merchant(place: SiteSheet, gpu: GpuModel, nodes: Series) -> None:
    """Put merchant revenue, operation and energy of nodes on the sheet."""
    used, rent = place.market.gpu_used[gpu.id], place.market.gpu_rent[gpu.id]
    revenue = place.flow(
        "gpu_merchant",
        "Merchant revenue",
        nodes * _gpu(place, gpu, "gpus_per_node") * place.time.hours * used * rent,
    )
    place.flow(
        "gpu_opex", "Operation", -(revenue * _gpu(place, gpu, "opex_frac_of_revenue"))
    )
    ratio = place.number("shells.hpc.gross_per_it_ratio")
    kw_per_mw = place.draft.inputs.constant("kw_per_mw")
    facility = _gpu(place, gpu, "node_it_kw") * ratio / kw_per_mw
    place.use("hpc", "gpu_leasing", nodes * facility)
    idle = _gpu(place, gpu, "idle_power_frac")
    energy = place.sheet.row(
        "Energy of GPU nodes",
        "MWh",
        nodes
        * _gpu(place, gpu, "node_it_kw")
        / place.draft.inputs.constant("kw_per_mw")
        * place.number("shells.hpc.pue")
        * place.time.hours
        * (idle + (1 - idle) * used),
        style="number",
        total=True,
    )
    place.flow("gpu_energy", "Energy", -(energy * place.firm))


def _add_endings(
    place: SiteSheet, gpu: GpuModel, cohort: int, holdings: list[Holding]
) -> None:
    """Put what nodes of one cohort fetch when sold or at the horizon on the sheet."""
    sold, left = ended_units(holdings, place.n_periods)
    if not (sold.any() or left.any()):
        return
    name = f"{gpu.name}, running from month {cohort}"
    began = place.draft.decided_once(
        f"{place.site.name}: {name}, month number of age zero", "period", float(cohort)
    )
    per_year = place.draft.inputs.constant("months_per_year")
    bought = Call("MAX", began - _gpu(place, gpu, "delivery_months"), 0) / per_year
    fall = _gpu(place, gpu, "price_decline_per_year")
    age = Call("MAX", place.time.index - began, 0) / per_year
    new = place.sheet.row(
        f"{name}: one node, price when new",
        "USD",
        _gpu(place, gpu, "price_usd_per_node") * (1 - fall) ** bought,
    )
    worth = place.sheet.row(
        f"{name}: one node, resale value",
        "USD",
        new
        * (1 - _gpu(place, gpu, "value_decline_per_year")) ** age
        * place.market.gpu_rent[gpu.id]
        / place.market.base_rent[gpu.id],
    )
    if sold.any():
        gone = place.decided(f"{name}, nodes sold", "nodes", sold)
        place.flow("gpu_resale", "Nodes sold", gone * worth)
    if left.any():
        stays = place.decided(f"{name}, nodes left at the horizon", "nodes", left)
        place.flow("terminal_gpus", "Nodes at the horizon", stays * worth)


def _add_orders(place: SiteSheet) -> None:
    """Put orders of nodes on the sheet: lots, payment, write-off."""
    draft = place.draft
    families = {gpu.id for gpu in draft.study.gpus}
    lots: dict[str, FloatArray] = {}
    for order in draft.plan.orders:
        if order.site == place.site.id and order.model in families:
            row = lots.setdefault(order.model, np.zeros(place.n_periods))
            row[order.period] += order.lots
    for model, row in sorted(lots.items()):
        gpu = draft.study.gpu(model)
        place.sheet.heading(f"Orders: {gpu.name}")
        ordered = place.decided(f"{gpu.name}, lots ordered", "lots", row)
        fall = _gpu(place, gpu, "price_decline_per_year")
        price: Expr = (
            _gpu(place, gpu, "price_usd_per_node")
            * (1 - fall) ** place.time.elapsed_years
            * (1 + place.number("gpu_duty_frac"))
            * (1 + place.number("gpu_vat_frac"))
        )
        each = place.sheet.row("One node, landed", "USD", price)
        cost = place.sheet.row(
            "Cost of nodes ordered",
            "USD",
            ordered * _gpu(place, gpu, "lot_nodes") * each,
            total=True,
        )
        place.flow("gpu_purchase", "Nodes paid", -cost)
        place.purchases.append(
            Purchase(model, "gpu", cost, row, gpu.lot_nodes, gpu.delivery_months)
        )
        add_write_off(place, "gpu", cost, _gpu(place, gpu, "delivery_months"))
