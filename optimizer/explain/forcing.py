# SPDX-License-Identifier: Apache-2.0
"""Why not: what the plan loses when it is made to do what it leaves undone.

The least use forced is the question's own (see `questions`); prices at which it would
be chosen freely stand in `breakeven`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from models.capacity import LINES, usage
from models.errors import InfeasibleError, SolverError
from models.finance import annual_rate, irr
from optimizer.explain.programs import (
    GoodEnough,
    Program,
    plan_integers,
)
from optimizer.explain.settling import decided_anew
from optimizer.milp.sums import USD_PER_USD_M
from optimizer.planning import plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.explain.questions import Question
    from optimizer.milp.compile import Compiled
    from optimizer.milp.model import BuiltModel
    from optimizer.planning import PlanResult

__all__ = ["FORCED_GAP_FRAC", "ForcedAnswer", "force"]

FORCED_GAP_FRAC: Final = 0.01
"""Gap to which a forced plan must be solved. [share 0-1]"""
_FINE_GAP_FRAC: Final = 2.5e-3
"""Gap at which it stops at once. [share 0-1]"""
_START_S: Final = 8.0
_SOON_S: Final = 3.0
"""Time after which `FORCED_GAP_FRAC` suffices. [s]"""


@dataclass(frozen=True, slots=True)
class ForcedAnswer:
    """What forcing one thing costs.

    Parameters
    ----------
    question : str
        Id of the question.
    status : str
        ``forced``; ``blocked`` when the rules do not allow it; ``no plan found`` when
        time ran out.
    npv_lost_usd : float or None
        NPV of the plan less that of the forced plan; negative when the plan would gain
        and a hurdle forbids it. [USD]
    npv_lost_low_usd, npv_lost_high_usd : float or None
        Range proven by both bounds. [USD]
    gap_frac : float or None
        Gap of the forced plan. [share 0-1]
    used_mw_months : dict of str to float
        What the forced plan uses there, by line; of a line by site. [MW-months]
    new_mw_months : dict of str to float
        What it newly takes on of a forced line, by site. [MW-months]
    first_month : str
        First month of that use; empty when blocked.
    capex_usd : float or None
        Capex above the plan's. [USD]
    site_irr_per_year, hurdle_rate_per_year : float or None
        IRR of the forced site's own flows and what it must clear. [per year]
    emergency_equity_usd : float or None
        Emergency equity of the forced plan. [USD]
    blocked_by : tuple of str
        Rules that forbid it, in MW, USD and months.
    text : str
        One sentence for people.
    seconds_s : float
        Time taken. [s]
    """

    question: str
    status: str
    text: str
    npv_lost_usd: float | None = None
    npv_lost_low_usd: float | None = None
    npv_lost_high_usd: float | None = None
    gap_frac: float | None = None
    used_mw_months: dict[str, float] = field(default_factory=dict)
    new_mw_months: dict[str, float] = field(default_factory=dict)
    first_month: str = ""
    capex_usd: float | None = None
    site_irr_per_year: float | None = None
    hurdle_rate_per_year: float | None = None
    emergency_equity_usd: float | None = None
    blocked_by: tuple[str, ...] = ()
    seconds_s: float = 0.0

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> ForcedAnswer:
        """Return an answer read back from JSON."""
        return cls(**{**entry, "blocked_by": tuple(entry["blocked_by"])})


def force(
    study: Study,
    result: PlanResult,
    question: Question,
    *,
    time_limit_s: float,
    should_stop: Callable[[], bool] | None = None,
) -> ForcedAnswer:
    """Return what the plan loses when it must do what a question is about.

    Parameters
    ----------
    study : Study
        Study.
    result : PlanResult
        Plan to compare with.
    question : Question
        What is forced.
    time_limit_s : float
        Limit of the solve. [s]
    should_stop : callable, optional
        Polled; a true value ends the solve.

    Returns
    -------
    ForcedAnswer
        Loss with its proven range, or what forbids it.
    """
    begun = time.perf_counter()
    limit_usd_m = _limit_usd(study, result, question) / USD_PER_USD_M
    is_enough = GoodEnough(_SOON_S, FORCED_GAP_FRAC, _FINE_GAP_FRAC, limit_usd_m)

    def start(built: BuiltModel, compiled: Compiled) -> FloatArray | None:
        # What is forced, fitted into the plan as it is: near the best at once.
        program = Program.around(study, built, compiled)
        whole = plan_integers(program, result.plan)
        # A phase can be filled with old machines and clients: far fewer decisions.
        for with_orders in (False, True) if question.phase else (True,):
            found = decided_anew(
                program,
                question,
                whole,
                time_limit_s=_START_S,
                with_orders=with_orders,
            )
            if found is not None:
                return found.values
        return None

    try:
        forced = plan(
            study,
            options=question.options(),
            gap_frac=_FINE_GAP_FRAC,
            time_limit_s=time_limit_s,
            start=start,
            should_stop=should_stop,
            is_enough=is_enough,
        )
    except InfeasibleError as error:
        return ForcedAnswer(
            question=question.id,
            status="blocked",
            text="No plan can do it: " + " ".join(str(c) for c in error.conflicts),
            blocked_by=tuple(str(conflict) for conflict in error.conflicts),
            seconds_s=time.perf_counter() - begun,
        )
    except SolverError as error:
        return ForcedAnswer(
            question=question.id,
            status="no plan found",
            text=f"Not answered: {error}",
            seconds_s=time.perf_counter() - begun,
        )
    return _answer(study, result, question, forced, time.perf_counter() - begun)


def _sets_hurdle_aside(study: Study, question: Question) -> bool:
    """Return whether forcing sets the site's hurdle aside."""
    return bool(question.site) and study.site(question.site).is_discretionary


def _limit_usd(study: Study, result: PlanResult, question: Question) -> float:
    """Return what a forced plan cannot be worth more than [USD].

    Without a hurdle set aside, what is forced only forbids: it cannot beat the bound of
    the plan.
    """
    if _sets_hurdle_aside(study, question) or not math.isfinite(result.bound_usd):
        return math.inf
    return max(result.bound_usd, result.npv_usd)


def _answer(
    study: Study,
    result: PlanResult,
    question: Question,
    forced: PlanResult,
    seconds: float,
) -> ForcedAnswer:
    own_bound = result.bound_usd if math.isfinite(result.bound_usd) else result.npv_usd
    most = min(forced.bound_usd, _limit_usd(study, result, question))
    most = max(most, forced.npv_usd)
    gap = (most - forced.npv_usd) / max(abs(forced.npv_usd), 1.0)
    low = result.npv_usd - most
    high = max(own_bound, result.npv_usd) - forced.npv_usd
    rate = hurdle = None
    if _sets_hurdle_aside(study, question):
        index = study.site_index(question.site)
        found = float(annual_rate(irr(forced.ledger.site_flow_usd()[0, index]).rate))
        rate = found if math.isfinite(found) else None
        hurdle = study.site(question.site).hurdle_rate_per_year
    used, first = _use(study, forced, question)
    lost = result.npv_usd - forced.npv_usd
    return ForcedAnswer(
        question=question.id,
        status="forced",
        text=_sentence(question, lost, low, high, used, rate, hurdle)
        + (f" Solved to {gap:.1%} in the time given." if gap > FORCED_GAP_FRAC else ""),
        npv_lost_usd=lost,
        npv_lost_low_usd=low,
        npv_lost_high_usd=high,
        gap_frac=gap,
        used_mw_months=used,
        new_mw_months=_new_use(study, forced, question.line),
        first_month=first,
        capex_usd=_capex_usd(forced) - _capex_usd(result),
        site_irr_per_year=rate,
        hurdle_rate_per_year=hurdle,
        emergency_equity_usd=float(forced.ledger.treasury.equity_usd.sum()),
        seconds_s=seconds,
    )


def _use(
    study: Study, forced: PlanResult, question: Question
) -> tuple[dict[str, float], str]:
    """Return MW-months by line at a site, or by site of a line, and when they begin."""
    by_line = usage(study, forced.plan).by_line_mw
    if question.kind == "line":
        index = LINES.index(question.line)
        series = {site.id: by_line[k, index] for k, site in enumerate(study.sites)}
        if question.site:
            series = {question.site: series[question.site]}
    else:
        place = study.site_index(question.site)
        series = {line: by_line[place, k] for k, line in enumerate(LINES)}
    used = {name: float(mw.sum()) for name, mw in series.items() if mw.any()}
    begins = [int(mw.argmax()) for mw in (s > 0 for s in series.values()) if mw.any()]
    return used, study.months[min(begins)] if begins else ""


def _new_use(study: Study, forced: PlanResult, line: str) -> dict[str, float]:
    """Return MW-months of a line by site without opening fleet and contracts."""
    if not line:
        return {}
    committed = {offer.id for offer in study.hosting_offers if offer.is_committed}
    only_new = forced.plan.model_copy(
        update={
            "holdings": tuple(h for h in forced.plan.holdings if h.cohort_period >= 0),
            "offers": tuple(t for t in forced.plan.offers if t.offer not in committed),
        }
    )
    mw = usage(study, only_new).by_line_mw[:, LINES.index(line)].sum(axis=1)
    return {site.id: float(mw[k]) for k, site in enumerate(study.sites) if mw[k] > 1e-6}


def _capex_usd(result: PlanResult) -> float:
    return -sum(
        float(flow[0].sum())
        for name, flow in result.ledger.site_items.items()
        if name.endswith(("_capex", "_purchase"))
    )


def _sentence(
    question: Question,
    lost: float,
    low: float,
    high: float,
    used: dict[str, float],
    rate: float | None,
    hurdle: float | None,
) -> str:
    """Return the answer in words."""
    what = f"{question.least:g} {question.unit}"
    if lost >= 0.0:
        text = f"Forcing {what} costs {lost / 1e6:,.2f} USD m of NPV"
    else:
        text = f"Forcing {what} would add {-lost / 1e6:,.2f} USD m of NPV"
    text += f" (proven: {low / 1e6:,.2f} to {high / 1e6:,.2f})"
    if used:
        text += "; best use: " + ", ".join(
            f"{name.replace('_', ' ')} {mw:,.0f} MW-months" for name, mw in used.items()
        )
    if hurdle is not None:
        reached = "has no IRR" if rate is None else f"earns {rate:.1%} a year"
        text += f"; the site {reached} against a hurdle of {hurdle:.1%}"
    return text + "."
