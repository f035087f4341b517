# SPDX-License-Identifier: Apache-2.0
"""The plan under both extremes of the partner contract.

Which part of the all-in rate is owed when machines stand by is an assumption; this
shows what hangs on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.planning import evaluate_plan
from optimizer.report.exhibit import Exhibit
from optimizer.report.figures.comparison import equity_usd
from optimizer.report.formats import percent, sentence, usd_m
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from models.plan import Plan
    from models.study import Study
    from optimizer.planning import PlanResult
    from optimizer.report.data import ReportData

__all__ = ["partner_exhibit"]

_USD_M = 1e-6
_EXTREMES = {"fully avoidable": 1.0, "fully take-or-pay": 0.0}
_KEPT = "plan kept"

_Row = tuple[str, str, float, float, float, float]
"""Contract, plan, NPV, that of business as usual, change, emergency equity."""


def partner_exhibit(data: ReportData) -> Exhibit | None:
    """Return the plan under both extremes of the partner contract.

    Parameters
    ----------
    data : ReportData
        Plan and business as usual; plans made for an extreme come from the
        explanation.

    Returns
    -------
    Exhibit or None
        None when the study has no partner site.
    """
    rows = _rows(data)
    if not rows:
        return None
    kept = [row for row in rows if row[1] == _KEPT]
    low, high = min(kept, key=lambda r: r[2]), max(kept, key=lambda r: r[2])
    columns = (
        text("contract", "Share of the rate avoidable"),
        text("plan", "Plan"),
        number("npv_usd", "NPV", "USD m", scale=_USD_M),
        number("baseline_npv_usd", "Business as usual", "USD m", scale=_USD_M),
        number("change_usd", "Change", "USD m", scale=_USD_M, signed=True),
        number("equity_usd", "Emergency equity", "USD m", scale=_USD_M),
    )
    return Exhibit(
        id="partner",
        title="The plan under both extremes of the partner contract",
        reading=sentence(
            f"the plan is worth {usd_m(low[2])} when the rate is {low[0]} and "
            f"{usd_m(high[2])} when it is {high[0]}"
        ),
        table=Table(
            "partner",
            "Which part of the all-in hosting rate is owed when machines stand by",
            columns,
            tuple(rows),
            note=(
                "Plan kept: the same decisions; machines still stand by whenever that "
                "is cheaper. What is unavoidable is owed on committed MW."
            ),
        ),
    )


def _rows(data: ReportData) -> list[_Row]:
    """Return the plan as assumed and at both ends; nothing without a partner site."""
    shares = [s.partner.avoidable_frac for s in data.study.sites if s.partner]
    if not shares:
        return []
    again = data.explain.contracts if data.explain is not None else ()
    cases = {f"as assumed ({percent(shares[0], 0)} avoidable)": data.study}
    cases |= {name: _with_share(data.study, frac) for name, frac in _EXTREMES.items()}
    rows = []
    for name, study in cases.items():
        base = evaluate_plan(study, data.baseline.plan)
        rows.append(_row(study, name, data.plan.plan, base))
        rows += [
            (
                name,
                "plan made for it",
                one.npv_usd,
                base.npv_usd,
                one.npv_usd - base.npv_usd,
                one.emergency_equity_usd,
            )
            for one in again
            if one.label == name
        ]
    return rows


def _with_share(study: Study, avoidable_frac: float) -> Study:
    sites = tuple(
        site
        if site.partner is None
        else site.model_copy(
            update={
                "partner": site.partner.model_copy(
                    update={"avoidable_frac": avoidable_frac}
                )
            }
        )
        for site in study.sites
    )
    return study.model_copy(update={"sites": sites})


def _row(study: Study, case: str, plan: Plan, base: PlanResult) -> _Row:
    result = evaluate_plan(study, plan)
    return (
        case,
        _KEPT,
        result.npv_usd,
        base.npv_usd,
        result.npv_usd - base.npv_usd,
        equity_usd(result),
    )
