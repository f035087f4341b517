# SPDX-License-Identifier: Apache-2.0
"""Tables of a planning run: allocation, ledger, treasury, schedule, as columns.

Column names carry units; each table becomes one Parquet file. What does not belong
here: writing files (`optimizer.runfolder`) and pictures (`optimizer.report`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.capacity import (
    LINES,
    SHELL_KINDS,
    commitment_mw,
    energised_mw,
    shell_mw,
    usage,
)
from models.ledger import CORPORATE_ITEMS, ITEMS

if TYPE_CHECKING:
    from models.ledger import Ledger
    from models.plan import Plan
    from models.study import Study
    from optimizer.tablefiles import Columns

__all__ = ["allocation_table", "ledger_table", "schedule_table", "treasury_table"]


def allocation_table(study: Study, plan: Plan) -> Columns:
    """Return MW by site and month: lines, shells, power and commitments [MW]."""
    used = usage(study, plan)
    power, committed = energised_mw(study, plan), commitment_mw(study, plan)
    shells = shell_mw(study, plan)
    n_sites, n_periods = power.shape
    columns: dict[str, object] = {
        "month": list(study.months) * n_sites,
        "site": [site.id for site in study.sites for _ in range(n_periods)],
    }
    for index, line in enumerate(LINES):
        columns[f"{line}_mw"] = used.by_line_mw[:, index].ravel()
    columns["energised_mw"] = power.ravel()
    columns["committed_mw"] = committed.ravel()
    for index, kind in enumerate(SHELL_KINDS):
        columns[f"{kind}_shell_mw"] = shells[:, index].ravel()
        columns[f"{kind}_used_mw"] = used.by_shell_mw[:, index].ravel()
    return columns  # type: ignore[return-value]


def ledger_table(study: Study, ledgers: dict[str, Ledger]) -> Columns:
    """Return the ledger of each plan on the base path in long form.

    Parameters
    ----------
    study : Study
        Study.
    ledgers : dict of str to Ledger
        By plan label. [USD]

    Returns
    -------
    Columns
        plan, month (``opening`` and ``horizon`` beside calendar months), site
        (``company`` for corporate items), line, item, kind, flow. Rows of zero are
        left out. [USD]
    """
    months = ("opening", *study.months)
    rows: list[tuple[str, str, str, str, str, str, float]] = []
    for label, ledger in ledgers.items():
        for item in (*ITEMS, *CORPORATE_ITEMS):
            if item.name in ledger.site_items:
                flows = ledger.site_items[item.name][0]
                places = [site.id for site in study.sites]
            elif item.name in ledger.corporate_items:
                flows = ledger.corporate_items[item.name]
                places = ["company"]
            else:
                continue
            for place, flow in zip(places, flows, strict=True):
                for index in np.flatnonzero(flow):
                    is_end = item.kind == "terminal" and index == len(months) - 1
                    month = "horizon" if is_end else months[index]
                    rows.append(
                        (
                            label,
                            month,
                            place,
                            item.line,
                            item.name,
                            item.kind,
                            float(flow[index]),
                        )
                    )
    names = ("plan", "month", "site", "line", "item", "kind", "flow_usd")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}


def treasury_table(study: Study, ledgers: dict[str, Ledger]) -> Columns:
    """Return balances at each month's end and flows of each plan's treasury."""
    columns: dict[str, list[object]] = {}
    for label, ledger in ledgers.items():
        path = ledger.treasury
        series = {
            "cash_usd": path.cash_usd[0, 1:],
            "loan_usd": path.loan_usd[0, 1:],
            "free_btc": path.btc_free[0, 1:],
            "pledged_btc": path.btc_pledged[0, 1:],
            "mined_btc": ledger.mined_btc[0].sum(axis=0),
            "sold_btc": path.btc_sold[0],
            "btc_sales_usd": path.btc_sales_usd[0],
            "interest_usd": path.interest_usd[0],
            "repayment_usd": path.repayment_usd[0],
            "emergency_equity_usd": path.equity_usd[0],
        }
        columns.setdefault("plan", []).extend([label] * len(study.months))
        columns.setdefault("month", []).extend(study.months)
        for name, values in series.items():
            columns.setdefault(name, []).extend(float(v) for v in values)
    return columns


def schedule_table(study: Study, plan: Plan) -> Columns:
    """Return orders, builds, conversions, moves, sales and contracts by month."""
    gpus = {gpu.id for gpu in study.gpus}
    months = study.months
    rows: list[tuple[str, str, str, str, float, str]] = []
    for order in plan.orders:
        family = study.gpu(order.model) if order.model in gpus else None
        lot = study.asic(order.model).lot_units if family is None else family.lot_nodes
        unit = "machines" if family is None else "nodes"
        entry = (months[order.period], "order", order.site, order.model)
        rows.append((*entry, float(order.lots * lot), unit))
    for phase in plan.phases:
        entry = (months[phase.period], "start phase", phase.site, phase.phase)
        rows.append((*entry, 1.0, "phase"))
    for build in plan.builds:
        entry = (months[build.period], "start shell", build.site, build.kind)
        rows.append((*entry, float(build.modules), "modules"))
    for change in plan.conversions:
        entry = (months[change.period], "convert", change.site, change.conversion)
        rows.append((*entry, float(change.modules), "modules"))
    for move in plan.moves:
        action = f"move to {move.to_site}"
        entry = (months[move.period], action, move.from_site, move.model)
        rows.append((*entry, move.units, "machines"))
    for held in plan.holdings:
        if held.ending == "sell":
            unit = "nodes" if held.model in gpus else "machines"
            entry = (months[held.until], "sell", held.site, held.model)
            rows.append((*entry, held.units, unit))
    sites = {o.id: o.site for o in (*study.hosting_offers, *study.gpu_offers)}
    for taken in plan.offers:
        entry = (months[taken.since], "accept offer", sites[taken.offer], taken.offer)
        rows.append((*entry, float(taken.until - taken.since), "months"))
    names = ("month", "action", "site", "what", "amount", "unit")
    # Fractions of a machine are how the model balances; nobody ships one.
    rows = sorted(row for row in rows if row[4] >= 0.5)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
