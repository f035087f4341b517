# SPDX-License-Identifier: Apache-2.0
"""Margin calls, liquidations and covenant breaches of a plan, scenario by scenario.

What does not belong here: how a call is met (`models.margin`, `models.treasury`), what
cover debt must keep (`models.debt_limits`), statistics (`gpu.statistics.month_tally`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from models.debt_limits import dscr_test_months, service_cover

if TYPE_CHECKING:
    from models.debt import DebtFacility
    from models.ledger import Ledger
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "CALL",
    "LEVELS",
    "LIQUIDATION",
    "LiquidityRisk",
    "covenant_event",
    "covenants",
    "has_btc_loan",
    "liquidity_risk",
]

CALL: Final = "margin_call"
LIQUIDATION: Final = "liquidation"
LEVELS: Final = ("low_ltv_frac", "call_distance_usd_per_btc")
"""Levels by month: loan to value and distance to a call, both at the month's low."""
_COVER_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class LiquidityRisk:
    """What endangers the company in each scenario.

    Parameters
    ----------
    rows : dict of str to ndarray of shape (n_scenarios,)
        Columns, see `liquidity_risk`. [mixed]
    events : dict of str to ndarray of shape (n_scenarios, n_periods)
        Whether an event happens in a month: `CALL`, `LIQUIDATION` and breaches, see
        `covenant_event`. [flag]
    levels : dict of str to ndarray of shape (n_scenarios, n_periods)
        Those of `LEVELS`. [mixed]
    """

    rows: dict[str, Any]
    events: dict[str, Any]
    levels: dict[str, Any]


def has_btc_loan(study: Study, plan: Plan) -> bool:
    """Return whether a plan ever owes a loan on pledged BTC."""
    return study.company.loan.principal_usd > 0.0 or any(plan.loan_drawn_usd)


def covenants(study: Study, plan: Plan) -> tuple[DebtFacility, ...]:
    """Return the facilities that a plan draws on and that test debt service cover."""
    drawn = {draw.facility for draw in plan.debt_draws if draw.amount_usd > 0.0}
    return tuple(
        facility
        for facility in study.company.debt_facilities
        if facility.min_dscr is not None and facility.id in drawn
    )


def covenant_event(facility_id: str) -> str:
    """Return the name of the event that a facility's cover is breached."""
    return f"covenant_{facility_id}"


def liquidity_risk(
    study: Study, plan: Plan, ledger: Ledger, paths: MarketPaths
) -> LiquidityRisk:
    """Return margin calls, liquidations and covenant breaches of a plan.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan.
    ledger : Ledger
        Its ledger on the paths.
    paths : MarketPaths
        Scenarios. [mixed]

    Returns
    -------
    LiquidityRisk
        On the array module of the paths. Columns with a loan on pledged BTC:

        - ``first_margin_call_period`` and ``first_liquidation_period``, NaN if none;
        - ``called_btc_sold`` by the company under calls, ``liquidated_btc`` by the
          lender, and ``forced_sale_usd``, the proceeds of both;
        - ``peak_ltv_frac`` and ``least_call_distance_usd_per_btc``, the highest loan
          to value and the least distance of the price to a call, at the months' lows.

        For each of `covenants`: ``first_<event>_period``, ``least_<event>_dscr`` (NaN
        where nothing is due).
    """
    rows: dict[str, Any] = {}
    events: dict[str, Any] = {}
    levels: dict[str, Any] = {}
    if has_btc_loan(study, plan):
        _add_loan(study, ledger, paths, rows, events, levels)
    for facility in covenants(study, plan):
        _add_covenant(study, ledger, facility, rows, events)
    return LiquidityRisk(rows, events, levels)


def _add_loan(
    study: Study,
    ledger: Ledger,
    paths: MarketPaths,
    rows: dict[str, Any],
    events: dict[str, Any],
    levels: dict[str, Any],
) -> None:
    path, company = ledger.treasury, study.company
    events[CALL], events[LIQUIDATION] = path.is_called > 0.0, path.is_liquidated > 0.0
    low_usd = paths.btc_price_usd * paths.btc_low_frac
    ltv = path.low_ltv_frac
    distance = low_usd * (1.0 - ltv / company.loan.margin_call_ltv_frac)
    for event in (CALL, LIQUIDATION):
        rows[f"first_{event}_period"] = _first_period(events[event])
    rows["called_btc_sold"] = (path.btc_forced - path.btc_liquidated).sum(axis=1)
    rows["liquidated_btc"] = path.btc_liquidated.sum(axis=1)
    rows["forced_sale_usd"] = path.forced_sales_usd.sum(axis=1)
    rows["peak_ltv_frac"] = ltv.max(axis=1)
    rows["least_call_distance_usd_per_btc"] = distance.min(axis=1)
    levels |= dict(zip(LEVELS, (ltv, distance), strict=True))


def _add_covenant(
    study: Study,
    ledger: Ledger,
    facility: DebtFacility,
    rows: dict[str, Any],
    events: dict[str, Any],
) -> None:
    cover = service_cover(study, ledger, facility)
    least = facility.min_dscr or 0.0
    is_short = cover < least * (1.0 - _COVER_SLACK)
    breached = np.zeros_like(ledger.treasury.is_called) > 0.0
    for column, period in enumerate(dscr_test_months(breached.shape[1])):
        breached[:, period] = is_short[:, column]
    event = covenant_event(facility.id)
    events[event] = breached
    rows[f"first_{event}_period"] = _first_period(breached)
    # A short horizon has no test at all, and CuPy's `min` takes no `initial`.
    never = np.full_like(cover, np.inf, shape=(len(cover), 1))
    known = np.where(np.isnan(cover), np.inf, cover)
    lowest = np.concatenate([never, known], axis=1).min(axis=1)
    rows[f"least_{event}_dscr"] = np.where(np.isfinite(lowest), lowest, np.nan)


def _first_period(flags: Any) -> Any:
    """Return the first period of a flag by scenario, NaN if none."""
    first = flags.argmax(axis=1).astype(np.float64)
    return np.where(flags.any(axis=1), first, np.nan)
