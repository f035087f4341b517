# SPDX-License-Identifier: Apache-2.0
"""Key figures as the report needs them, typed, with depreciation beside cash cost.

The figures themselves come from `optimizer.kpis` and the engine. What does not belong
here: how they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.capacity import LINES
from optimizer.kpis import key_figures as figures_of

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.passport import Kpi
    from optimizer.planning import PlanResult
    from optimizer.report.data import ReportData

__all__ = ["KeyFigures", "flow_months", "key_figures"]


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """What a plan comes to on the base path.

    Parameters
    ----------
    npv_usd, change_usd : float
        NPV; NPV less that of business as usual. [USD]
    capex_usd : float
        Machines, power, shells and conversions, undiscounted. [USD]
    irr_per_year, payback_months : float
        Of the flows of all sites less those of the run-off (of business as usual where
        there is no run-off); NaN without one. [per year, months]
    irr_status, irr_over : str
        Status of `models.finance.irr`; what the increment is counted from.
    peak_need_usd, peak_need_month : float, str
        Deepest cumulated cash before BTC sales, loan and equity; its month. [USD]
    min_cash_usd, min_cash_month : float, str
        Least cash at a month's end; its month. [USD]
    equity_usd, first_equity_month : float, str
        Emergency equity raised; month of the first, empty if none. [USD]
    mined_btc, final_btc : float
        BTC mined, and held at the horizon. [BTC]
    final_loan_usd : float
        Loan left at the horizon. [USD]
    cash_cost_usd_per_btc, full_cost_usd_per_btc : float
        Cost to mine without and with depreciation in the accounts; NaN without
        output. [USD/BTC]
    terminal_share_frac : float
        Discounted end-of-horizon values over the size of NPV. [share 0-1]
    line_mw : dict of str to float
        Facility MW by line in the last month. [MW]
    """

    npv_usd: float
    change_usd: float
    capex_usd: float
    irr_per_year: float
    payback_months: float
    irr_status: str
    irr_over: str
    peak_need_usd: float
    peak_need_month: str
    min_cash_usd: float
    min_cash_month: str
    equity_usd: float
    first_equity_month: str
    mined_btc: float
    final_btc: float
    final_loan_usd: float
    cash_cost_usd_per_btc: float
    full_cost_usd_per_btc: float
    terminal_share_frac: float
    line_mw: dict[str, float]


def flow_months(study: Study) -> tuple[str, ...]:
    """Return the label of every entry of a flow vector: ``opening``, then months."""
    return ("opening", *study.months)


def key_figures(data: ReportData, result: PlanResult) -> KeyFigures:
    """Return the key figures of one of the report's plans on the base path.

    Parameters
    ----------
    data : ReportData
        Study, business as usual and, among the others, the run-off.
    result : PlanResult
        Plan to describe.
    """
    study, run_off = data.study, data.others.get("run_off")
    named = figures_of(study, result, data.baseline, run_off)
    other = "baseline" if run_off is None else "run_off"
    equity = result.ledger.treasury.equity_usd[0]
    raised = np.flatnonzero(equity > 1.0)
    return KeyFigures(
        npv_usd=result.npv_usd,
        change_usd=_number(named["npv_over_baseline_usd"]),
        capex_usd=_number(named["capex_usd"]),
        irr_per_year=_number(named[f"irr_over_{other}_per_year"]),
        payback_months=_number(named[f"payback_over_{other}_months"]),
        irr_status=str(named[f"irr_over_{other}_status"]),
        irr_over="run-off" if run_off is not None else "business as usual",
        peak_need_usd=_number(named["peak_cash_need_usd"]),
        peak_need_month=str(named["peak_cash_need_month"]),
        min_cash_usd=_number(named["min_cash_usd"]),
        min_cash_month=str(named["min_cash_month"]),
        equity_usd=float(equity[raised].sum()),
        first_equity_month=study.months[int(raised[0])] if len(raised) else "",
        mined_btc=_number(named["mined_btc"]),
        final_btc=_number(named["final_btc"]),
        final_loan_usd=_number(named["final_loan_usd"]),
        cash_cost_usd_per_btc=_number(named["cost_to_mine_usd_per_btc"]),
        full_cost_usd_per_btc=_number(named["all_in_cost_to_mine_usd_per_btc"]),
        terminal_share_frac=_number(named["terminal_share_frac"]),
        line_mw={line: _number(named[f"final_{line}_mw"]) for line in LINES},
    )


def _number(value: Kpi) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
