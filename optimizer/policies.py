# SPDX-License-Identifier: Apache-2.0
"""Treasury policies side by side: a plan under each, scored on the same scenarios.

What a policy allows stands in `optimizer.milp.policy`; how a scenario is met in
`models.treasury`. What does not belong here: showing (`optimizer.policy_tables`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.numpy_engine import EQUITY_TOLERANCE_USD, headline_rows
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.headlines import score_headlines
from gpu.statistics.risk import cvar
from models.errors import InfeasibleError, SolverError
from models.market import base_paths
from optimizer.planning import PlanResult, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gpu.engines import EngineName
    from models.company import ComparedPolicy
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "MAX_SCENARIOS",
    "WITHIN_MONTHS",
    "PolicyPlan",
    "PolicyScore",
    "mean_price_frac",
    "plan_policies",
    "score_policies",
    "under_policy",
]

MAX_SCENARIOS: Final = 20_000
"""Most scenarios on which policies are compared."""
WITHIN_MONTHS: Final = (3, 6, 12)
CVAR_ALPHA: Final = 0.95
_PRICE_SCENARIOS: Final = 4096


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """The best plan under a policy, or why there is none.

    Parameters
    ----------
    id, name : str
        Policy.
    result : PlanResult or None
        Its plan; where the policy cannot be financed, the plan that it would have if
        emergency equity had no limit.
    short_usd : float
        Emergency equity needed beyond the company's limit; 0 if financed. [USD]
    short_month : str
        Month in which the limit is passed; empty if it is not.
    reason : str
        Why there is no plan at all; empty if there is one.
    """

    id: str
    name: str
    result: PlanResult | None
    short_usd: float = 0.0
    short_month: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PolicyScore:
    """What a policy's plan comes to over scenarios.

    Parameters
    ----------
    id, name : str
        Policy.
    npv_usd, base_equity_usd, equity_limit_usd : float
        NPV and emergency equity on the base path; most that can be raised. [USD]
    npv_mean_usd, npv_cvar_usd : float
        Mean NPV, and mean of the worst 5 %. [USD]
    call_within_3_months_frac, call_within_6_months_frac, \
call_within_12_months_frac, liquidation_frac : float
        Share of scenarios with a margin call in time, and with a sale by the lender
        before the horizon. [share 0-1]
    forced_btc, forced_sale_usd : float
        Expected sales under calls, to the horizon. [BTC, USD]
    equity_needed_frac, equity_usd : float
        Share of scenarios that need emergency equity; how much is expected. [share
        0-1, USD]
    """

    id: str
    name: str
    npv_usd: float
    base_equity_usd: float
    equity_limit_usd: float
    npv_mean_usd: float
    npv_cvar_usd: float
    call_within_3_months_frac: float
    call_within_6_months_frac: float
    call_within_12_months_frac: float
    liquidation_frac: float
    forced_btc: float
    forced_sale_usd: float
    equity_needed_frac: float
    equity_usd: float

    def row(self) -> dict[str, Any]:
        """Return the fields by name. [mixed]."""
        return asdict(self)


def under_policy(study: Study, compared: ComparedPolicy) -> Study:
    """Return the study with another treasury policy, and nothing left to compare."""
    changes: dict[str, object] = {
        "treasury_policy": compared.policy,
        "compared_policies": (),
    }
    if compared.max_btc_sale_frac_per_month is not None:
        most = compared.max_btc_sale_frac_per_month
        changes["max_btc_sale_frac_per_month"] = most
    company = study.company.model_copy(update=changes)
    return study.model_copy(update={"company": company})


def plan_policies(
    study: Study,
    *,
    gap_frac: float = 0.005,
    time_limit_s: float = 30.0,
    say: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[PolicyPlan, ...]:
    """Return the best plan under each compared policy of the company.

    Parameters
    ----------
    study : Study
        Study; `Company.compared_policies` names the policies.
    gap_frac, time_limit_s : float
        Limits of each solve. [share 0-1, s]
    say, should_stop : callable, optional
        Told of each stage; asked whether to stop (what is missing is left out).

    Returns
    -------
    tuple of PolicyPlan
        In the company's order.
    """
    found: list[PolicyPlan] = []
    for compared in study.company.compared_policies:
        if should_stop is not None and should_stop():
            break
        if say is not None:
            say(f"treasury policy: {compared.name}")
        found.append(_plan(study, compared, gap_frac, time_limit_s))
    return tuple(found)


def _plan(
    study: Study, compared: ComparedPolicy, gap_frac: float, time_limit_s: float
) -> PolicyPlan:
    """Return the plan under one policy, with equity beyond its limit if need be."""
    own = under_policy(study, compared)
    try:
        found = plan(own, gap_frac=gap_frac, time_limit_s=time_limit_s)
        return PolicyPlan(compared.id, compared.name, found)
    except SolverError as error:
        return PolicyPlan(compared.id, compared.name, None, reason=str(error))
    except InfeasibleError as error:
        short = [c for c in error.conflicts if c.rule == "cash_floor"]
        reason = str(error.conflicts[0]) if error.conflicts else str(error)
    if not short:
        return PolicyPlan(compared.id, compared.name, None, reason=reason)
    amount, month = short[0].amount, short[0].month
    limit = own.company.emergency_equity_max_usd
    more = {"emergency_equity_max_usd": limit + 2.0 * amount}
    richer = own.company.model_copy(update=more)
    try:
        result = plan(
            own.model_copy(update={"company": richer}),
            gap_frac=gap_frac,
            time_limit_s=time_limit_s,
        )
    except (InfeasibleError, SolverError):
        return PolicyPlan(compared.id, compared.name, None, amount, month, reason)
    raised = np.cumsum(result.ledger.treasury.equity_usd[0])
    over = np.flatnonzero(raised > limit + EQUITY_TOLERANCE_USD)
    if len(over):
        amount, month = float(raised[-1] - limit), study.months[int(over[0])]
    return PolicyPlan(compared.id, compared.name, result, amount, month)


def score_policies(
    study: Study,
    plans: Mapping[tuple[str, str], Plan],
    *,
    n_scenarios: int = MAX_SCENARIOS,
    seed: int = 1,
    backend: EngineName = "auto",
) -> tuple[PolicyScore, ...]:
    """Return what plans come to over the same scenarios.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : mapping of (str, str) to Plan
        By id and name of the policy.
    n_scenarios, seed : int
        Scenarios 0 to n - 1 of that seed; at most `MAX_SCENARIOS`. [unitless]
    backend : {"auto", "numpy", "cpu", "cuda"}
        Engine; all plans are scored in one pass.

    Returns
    -------
    tuple of PolicyScore
        In the order of the plans; empty without any.
    """
    if not plans:
        return ()
    n_scenarios = min(n_scenarios, MAX_SCENARIOS)
    base = base_paths(study)
    scored = score_headlines(
        study,
        tuple(plans.values()),
        seed,
        n_scenarios=n_scenarios,
        backend=backend,
    )
    return tuple(
        _score(study, key, headline_rows(study, decided, base), rows)
        for (key, decided), rows in zip(plans.items(), scored, strict=True)
    )


def _score(
    study: Study, policy: tuple[str, str], base: dict[str, Any], rows: dict[str, Any]
) -> PolicyScore:
    never = np.full(len(rows["npv_usd"]), np.nan)
    none = np.zeros(len(never))
    called = rows.get("first_margin_call_period", never)
    seized = rows.get("first_liquidation_period", never)
    forced = rows.get("called_btc_sold", none) + rows.get("liquidated_btc", none)
    within = {
        f"call_within_{months}_months_frac": float((called < months).mean())
        for months in WITHIN_MONTHS
    }
    return PolicyScore(
        id=policy[0],
        name=policy[1],
        npv_usd=float(base["npv_usd"][0]),
        base_equity_usd=float(base["equity_usd"][0]),
        equity_limit_usd=study.company.emergency_equity_max_usd,
        npv_mean_usd=float(rows["npv_usd"].mean()),
        npv_cvar_usd=cvar(rows["npv_usd"], CVAR_ALPHA),
        liquidation_frac=float((~np.isnan(seized)).mean()),
        forced_btc=float(forced.mean()),
        forced_sale_usd=float(rows.get("forced_sale_usd", none).mean()),
        equity_needed_frac=float((rows["equity_usd"] > EQUITY_TOLERANCE_USD).mean()),
        equity_usd=float(rows["equity_usd"].mean()),
        **within,
    )


def mean_price_frac(study: Study, seed: int) -> float:
    """Return the mean BTC price of the last month over scenarios, over the base path's.

    The base path is the median, so that the mean lies over it.

    Parameters
    ----------
    study : Study
        Study.
    seed : int
        Seed of the scenarios, of which a few thousand are drawn. [unitless]

    Returns
    -------
    float
        Ratio. [ratio]
    """
    ids = np.arange(_PRICE_SCENARIOS, dtype=np.int64)
    sampled = sampled_paths(study, seed, ids).btc_price_usd[:, -1]
    return float(sampled.mean() / base_paths(study).btc_price_usd[0, -1])
