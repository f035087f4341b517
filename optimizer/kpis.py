# SPDX-License-Identifier: Apache-2.0
"""Key figures of a plan, each key carrying its unit.

Sums and ratios of the ledger; the ledger itself is the engine's (`models.cashflow`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.capacity import LINES, usage
from models.finance import annual_rate, irr, payback_months
from models.ledger import CORPORATE_ITEMS, ITEMS
from models.units import MONTHS_PER_YEAR
from optimizer.statementtables import base_statements

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.ledger import Ledger
    from models.statements import Statements
    from models.study import Study
    from optimizer.passport import Kpi
    from optimizer.planning import PlanResult

__all__ = ["accounting_figures", "key_figures", "operating_cash_usd"]

_OWN_MEANS: Final = frozenset(
    {"mining_revenue"} | {item.name for item in ITEMS if item.kind == "terminal"}
)


def accounting_figures(statements: Statements) -> dict[str, Kpi]:
    """Return cost to mine and earnings as the company reports them, base path.

    Cost to mine is the average over the horizon, and over the first twelve months under
    ``_12m_``; NaN without output. Adjusted EBITDA holds the gain on BTC at fair value;
    EBITDA before it is the same without.

    Parameters
    ----------
    statements : Statements
        Statements of the plan. [USD]
    """
    year = slice(0, MONTHS_PER_YEAR)
    figures: dict[str, Kpi] = {}
    for name, span in {"": slice(None), "12m_": year}.items():
        for prefix, is_all in {"": False, "all_in_": True}.items():
            cost = statements.cost_to_mine_usd_per_btc(span, with_depreciation=is_all)
            figures[f"{prefix}cost_to_mine_{name}usd_per_btc"] = float(cost[0])
    for line in ("revenue", "adjusted_ebitda", "ebitda_before_btc", "net_income"):
        figures[f"{line}_12m_usd"] = float(statements.income[line][0, year].sum())
    return figures


def operating_cash_usd(ledger: Ledger) -> FloatArray:
    """Return cash of each month before BTC sales, loan and equity, base path.

    Mined BTC is not cash until sold; end-of-horizon values are not cash at all.

    Returns
    -------
    ndarray of shape (n_periods,)
        Cash of sites and company, capex and tax included. [USD]
    """
    total = np.zeros(ledger.mined_btc.shape[-1])
    for name, flow in ledger.site_items.items():
        if name not in _OWN_MEANS:
            total = total + flow[0, :, 1:].sum(axis=0)
    for item in CORPORATE_ITEMS:
        if item.kind in {"operating", "tax"} and item.name in ledger.corporate_items:
            total = total + ledger.corporate_items[item.name][0, 1:]
    return total


def key_figures(
    study: Study,
    result: PlanResult,
    baseline: PlanResult,
    run_off: PlanResult | None = None,
) -> dict[str, Kpi]:
    """Return the key figures of a plan beside business as usual.

    ``peak_cash_need_usd`` is the deepest point of cumulated cash before BTC sales,
    loan and equity: what the treasury had to find. IRR and payback are those of all
    sites' unlevered after-tax flows (BTC at value when mined) less those of business as
    usual, and less those of the run-off, which isolates what is newly invested; null
    when there is no such rate.

    Parameters
    ----------
    study : Study
        Study.
    result, baseline : PlanResult
        Plan and business as usual.
    run_off : PlanResult or None
        Orderly run-off, when it was found.

    Returns
    -------
    dict of str to number or str
        Key figures. [mixed]
    """
    ledger = result.ledger
    cumulated = np.cumsum(operating_cash_usd(ledger))
    deepest = int(np.argmin(cumulated))
    cash = ledger.treasury.cash_usd[0, 1:]
    lowest = int(np.argmin(cash))
    factor = (1 + study.company.discount_rate_per_year) ** (-study.time.months / 12)
    by_line = usage(study, result.plan).by_line_mw.sum(axis=0)
    capex = -sum(
        float(flow[0].sum())
        for name, flow in ledger.site_items.items()
        if name.endswith(("_capex", "_purchase"))
    )
    figures: dict[str, Kpi] = {
        "npv_usd": result.npv_usd,
        "npv_over_baseline_usd": result.npv_usd - baseline.npv_usd,
        "baseline_npv_usd": baseline.npv_usd,
        **_returns("baseline", ledger, baseline.ledger),
        "capex_usd": capex,
        "peak_cash_need_usd": max(-float(cumulated[deepest]), 0.0),
        "peak_cash_need_month": study.months[deepest],
        "min_cash_usd": float(cash[lowest]),
        "min_cash_month": study.months[lowest],
        "emergency_equity_usd": float(ledger.treasury.equity_usd[0].sum()),
        "baseline_emergency_equity_usd": float(
            baseline.ledger.treasury.equity_usd[0].sum()
        ),
        "mined_btc": float(ledger.mined_btc[0].sum()),
        "sold_btc": float(ledger.treasury.btc_sold[0].sum()),
        "final_btc": float(
            ledger.treasury.btc_free[0, -1] + ledger.treasury.btc_pledged[0, -1]
        ),
        "final_loan_usd": float(ledger.treasury.loan_usd[0, -1]),
        **accounting_figures(base_statements(study, result.plan, ledger)),
        "terminal_value_usd": float(ledger.terminal_usd()[0]),
        "terminal_share_frac": float(ledger.terminal_usd()[0])
        * factor
        / max(abs(result.npv_usd), 1.0),
    }
    if run_off is not None:
        figures["run_off_npv_usd"] = run_off.npv_usd
        figures |= _returns("run_off", ledger, run_off.ledger)
    for index, line in enumerate(LINES):
        figures[f"final_{line}_mw"] = float(by_line[index, -1])
        figures[f"peak_{line}_mw"] = float(by_line[index].max())
    return figures


def _returns(name: str, ledger: Ledger, other: Ledger) -> dict[str, Kpi]:
    """Return IRR and payback of all sites' flows less those of another plan."""
    mine = ledger.site_flow_usd()[0].sum(axis=0)
    increment = mine - other.site_flow_usd()[0].sum(axis=0)
    rate = irr(increment)
    return {
        f"irr_over_{name}_per_year": float(annual_rate(rate.rate)),
        f"irr_over_{name}_status": rate.status,
        f"payback_over_{name}_months": float(payback_months(increment)),
    }
