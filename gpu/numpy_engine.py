# SPDX-License-Identifier: Apache-2.0
"""The array engine: what a plan scores on market paths, one row per scenario.

It runs the monthly engine on whatever array module the paths lie on, and is the oracle
of every faster engine. What does not belong here: where paths come from
(`gpu.sampling.scenarios`, `gpu.sampling.grid`), chunks and statistics
(`gpu.scoring.score`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.backend import get_array_module, to_host
from gpu.irr_batch import irr
from gpu.liquidity import LiquidityRisk, liquidity_risk
from gpu.returns import (
    MAX_IRR_PER_YEAR,
    increment_usd,
    rate_per_year,
    recovery_months,
)
from models.cashflow import evaluate
from models.finance import IrrStatus
from models.ledger import discount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.arrays import FloatArray
    from models.fields import Record
    from models.ledger import Ledger
    from models.paths import MarketPaths
    from models.plan import (
        BuildStart,
        Commitment,
        ConversionStart,
        Holding,
        Order,
        PhaseStart,
        Plan,
    )
    from models.study import Study

    _Placed = Order | Holding | PhaseStart | BuildStart | ConversionStart | Commitment

__all__ = [
    "Rows",
    "Scored",
    "headline_rows",
    "project_sites",
    "score_all",
    "score_each",
    "score_paths",
    "site_irr_column",
    "site_npv_column",
]

Rows = dict[str, "NDArray[Any]"]
"""Columns by name, each of shape (n_scenarios,), on the host."""

EQUITY_TOLERANCE_USD = 1e-6
"""Emergency equity or debt below this is rounding."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of some scenarios.

    Parameters
    ----------
    rows : dict of str to ndarray of shape (n_scenarios,)
        See `score_paths`. [mixed]
    plan, baseline : LiquidityRisk or None
        Calls, liquidations and breaches by month; None without a baseline.
    """

    rows: Rows
    plan: LiquidityRisk
    baseline: LiquidityRisk | None


@dataclass(frozen=True, slots=True)
class _Flows:
    company_usd: FloatArray
    site_usd: FloatArray


@dataclass(frozen=True, slots=True)
class _Usual:
    """The baseline and what it does on the scenarios."""

    plan: Plan
    flows: _Flows
    risk: LiquidityRisk


def site_npv_column(site_id: str) -> str:
    """Return the name of the column of a site's project NPV at its hurdle rate."""
    return f"site_{site_id}_npv_at_hurdle_usd"


def site_irr_column(site_id: str) -> str:
    """Return the name of the column of a site's project IRR."""
    return f"site_{site_id}_irr_per_year"


def score_paths(
    study: Study, plan: Plan, paths: MarketPaths, *, baseline: Plan | None = None
) -> Rows:
    """Return what a plan scores in each scenario.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan to score.
    paths : MarketPaths
        Scenarios, on any array module. [mixed]
    baseline : Plan or None
        Plan that the increment is counted from, on the same scenarios: business as
        usual. Without one, sites are valued on their whole flows and the columns of
        the company's increment are missing.

    Returns
    -------
    dict of str to ndarray of shape (n_scenarios,)
        On the host, in a fixed order:

        - ``npv_usd`` at the company's discount rate;
        - ``incremental_npv_usd``, ``irr_per_year`` (NaN without one),
          ``irr_n_roots``, ``irr_status`` (codes of `models.finance.IrrStatus`) and
          ``payback_months`` (NaN if never) of the plan less the baseline;
        - ``min_cash_usd`` over all month ends, ``first_equity_period`` (NaN if
          none) and ``equity_usd``, emergency equity in all;
        - ``mined_btc``, ``final_btc`` and ``final_loan_usd`` at the horizon;
        - calls, liquidations and breaches as `gpu.liquidity.liquidity_risk` has them,
          of the baseline too, named ``baseline_...``;
        - of each site of `project_sites` the NPV at its hurdle rate and the IRR of
          its after-tax, unlevered flows, end-of-horizon values included.

    Notes
    -----
    A row depends on its own scenario alone, whatever other rows there are. An IRR over
    `MAX_IRR_PER_YEAR` is shown as that: it only says that hardly any money was out.
    """
    return score_all(study, plan, paths, baseline=baseline).rows


def score_all(
    study: Study, plan: Plan, paths: MarketPaths, *, baseline: Plan | None = None
) -> Scored:
    """Return what a plan scores in each scenario, and its risks month by month.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan to score.
    paths : MarketPaths
        Scenarios, on any array module. [mixed]
    baseline : Plan or None
        See `score_paths`.

    Returns
    -------
    Scored
        The rows of `score_paths`, on the host, and what lies behind them.
    """
    return score_each(study, (plan,), paths, baseline=baseline)[0]


def score_each(
    study: Study,
    plans: Sequence[Plan],
    paths: MarketPaths,
    *,
    baseline: Plan | None = None,
    has_sites: bool = True,
) -> tuple[Scored, ...]:
    """Return what each of several plans scores on the same scenarios.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score.
    paths : MarketPaths
        Scenarios, on any array module. [mixed]
    baseline : Plan or None
        See `score_paths`; valued once for all plans.
    has_sites : bool
        Whether sites are valued as projects; the columns ``site_...`` are missing
        without.

    Returns
    -------
    tuple of Scored
        One per plan, each as if it were scored alone; the baseline's risk is the same
        object in all of them.
    """
    usual = None
    if baseline is not None:
        ledger = evaluate(study, baseline, paths)
        risk = liquidity_risk(study, baseline, ledger, paths)
        usual = _Usual(baseline, _flows(ledger), risk)
    return tuple(
        _scored(study, plan, paths, usual, has_sites=has_sites) for plan in plans
    )


def _scored(
    study: Study,
    plan: Plan,
    paths: MarketPaths,
    usual: _Usual | None,
    *,
    has_sites: bool,
) -> Scored:
    """Return the scores of one plan, given those of its baseline."""
    ledger = evaluate(study, plan, paths)
    flows = _flows(ledger)
    rate = study.company.discount_rate_per_year
    rows: dict[str, Any] = {"npv_usd": discount(flows.company_usd, rate)}
    site_usd = flows.site_usd
    if usual is not None:
        site_usd = increment_usd(site_usd, usual.flows.site_usd)
        more_usd = increment_usd(flows.company_usd, usual.flows.company_usd)
        rows |= _increment(more_usd, rate)
    risk = liquidity_risk(study, plan, ledger, paths)
    rows |= _treasury(ledger) | risk.rows
    if usual is not None:
        rows |= {f"baseline_{name}": row for name, row in usual.risk.rows.items()}
    baseline = None if usual is None else usual.plan
    projects = project_sites(study, plan, baseline) if has_sites else ()
    for site_id in projects:
        index = study.site_index(site_id)
        site, own = study.sites[index], site_usd[:, index]
        rows[site_npv_column(site.id)] = discount(own, site.hurdle_rate_per_year)
        rows[site_irr_column(site.id)], _, _ = _irr_per_year(own)
    host = {name: to_host(column) for name, column in rows.items()}
    return Scored(host, risk, None if usual is None else usual.risk)


def headline_rows(study: Study, plan: Plan, paths: MarketPaths) -> Rows:
    """Return a plan's NPV and the columns of its treasury and its risks alone.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Plan to score.
    paths : MarketPaths
        Scenarios, on any array module. [mixed]

    Returns
    -------
    dict of str to ndarray of shape (n_scenarios,)
        A part of the columns of `score_paths`, on the host.
    """
    ledger = evaluate(study, plan, paths)
    worth = discount(ledger.company_flow_usd(), study.company.discount_rate_per_year)
    rows = {"npv_usd": worth} | _treasury(ledger)
    rows |= liquidity_risk(study, plan, ledger, paths).rows
    return {name: to_host(column) for name, column in rows.items()}


def project_sites(study: Study, plan: Plan, baseline: Plan | None) -> tuple[str, ...]:
    """Return the sites at which a plan decides something else than its baseline.

    Parameters
    ----------
    study : Study
        Study of both plans.
    plan : Plan
        Plan.
    baseline : Plan or None
        Business as usual; None makes every site a project.

    Returns
    -------
    tuple of str
        Site ids in the study's order.
    """
    if baseline is None:
        return tuple(site.id for site in study.sites)
    ours, theirs = _decisions(study, plan), _decisions(study, baseline)
    return tuple(
        site.id for site in study.sites if ours.get(site.id) != theirs.get(site.id)
    )


def _decisions(study: Study, plan: Plan) -> dict[str, set[Record]]:
    """Return the decisions of a plan by site."""
    offers = {o.id: o.site for o in (*study.hosting_offers, *study.gpu_offers)}
    by_site: dict[str, set[Record]] = defaultdict(set)
    for taken in plan.offers:
        by_site[offers[taken.offer]].add(taken)
    for move in plan.moves:
        by_site[move.from_site].add(move)
        by_site[move.to_site].add(move)
    placed: tuple[_Placed, ...] = (
        *plan.orders,
        *plan.holdings,
        *plan.phases,
        *plan.builds,
        *plan.conversions,
        *plan.commitments,
    )
    for decision in placed:
        by_site[decision.site].add(decision)
    return by_site


def _flows(ledger: Ledger) -> _Flows:
    """Return the flows of a ledger and let the rest of it go."""
    site_usd = ledger.site_flow_usd()
    return _Flows(ledger.company_flow_usd(), site_usd)


def _increment(flow_usd: FloatArray, rate_per_year: float) -> dict[str, Any]:
    """Return the columns of the company's increment over the baseline."""
    irr_per_year, n_roots, status = _irr_per_year(flow_usd)
    return {
        "incremental_npv_usd": discount(flow_usd, rate_per_year),
        "irr_per_year": irr_per_year,
        "irr_n_roots": n_roots,
        "irr_status": status,
        "payback_months": recovery_months(flow_usd),
    }


def _irr_per_year(flow_usd: FloatArray) -> tuple[Any, Any, Any]:
    """Return IRR per year, number of roots and status code of monthly flows."""
    xp = get_array_module(flow_usd)
    if not bool(flow_usd.any()):
        n_rows = len(flow_usd)
        return (
            xp.full(n_rows, xp.nan),
            xp.zeros(n_rows, dtype=xp.int64),
            xp.full(n_rows, int(IrrStatus.ALL_ZERO), dtype=xp.int8),
        )
    rate, n_roots, status = irr(flow_usd)
    shown = np.minimum(rate_per_year(rate), MAX_IRR_PER_YEAR)
    return shown, n_roots, status


def _treasury(ledger: Ledger) -> dict[str, Any]:
    """Return the columns of cash, emergency equity, BTC and loan."""
    path = ledger.treasury
    is_raised = path.equity_usd > EQUITY_TOLERANCE_USD
    loan_usd = path.loan_usd[:, -1]
    first = is_raised.argmax(axis=1).astype(np.float64)
    return {
        "min_cash_usd": path.cash_usd[:, 1:].min(axis=1),
        "first_equity_period": np.where(is_raised.any(axis=1), first, np.nan),
        "equity_usd": (path.equity_usd * is_raised).sum(axis=1),
        "mined_btc": ledger.mined_btc.sum(axis=1).sum(axis=1),
        "final_btc": path.btc_free[:, -1] + path.btc_pledged[:, -1],
        "final_loan_usd": loan_usd * (loan_usd > EQUITY_TOLERANCE_USD),
    }
