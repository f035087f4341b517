# SPDX-License-Identifier: Apache-2.0
"""A contest as rows of tables, for the terminal.

What does not belong here: sentences (`optimizer.contest_words`) and the report's look
(`optimizer.report.figures.contest`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gpu.contests.result import ColumnStandings, ContestResult, PairStanding

__all__ = [
    "CASH_HEADINGS",
    "PLAN_HEADINGS",
    "PROJECT_HEADINGS",
    "VERSUS_HEADINGS",
    "beats_rows",
    "cash_rows",
    "dominance",
    "dominators",
    "plan_rows",
    "project_rows",
    "versus_rows",
]

_USD_M: Final = 1e-6

PLAN_HEADINGS: Final = (
    "Plan",
    "NPV mean",
    "+-",
    "P5",
    "P50",
    "P95",
    "worst 5%",
    "best, %",
    "regret mean",
    "P95",
    "worst 5%",
    "over limit, %",
    "call, %",
)
VERSUS_HEADINGS: Final = (
    "against",
    "mean",
    "from",
    "to",
    "better, %",
    "equal, %",
    "narrower x",
    "on these scenarios",
)
CASH_HEADINGS: Final = (
    "Plan",
    "least cash P5",
    "P50",
    "mean",
    "most, %",
    "equity, %",
    "dominated by",
)
PROJECT_HEADINGS: Final = (
    "Project",
    "NPV mean",
    "+-",
    "P5",
    "worst 5%",
    "best, %",
    "regret mean",
    "worst 5%",
    "dominated by",
)


def plan_rows(result: ContestResult) -> list[tuple[object, ...]]:
    """Return a row per plan under `PLAN_HEADINGS`; money in USD m.

    Parameters
    ----------
    result : ContestResult
        Contest.
    """
    over = result.events["equity_over_limit_frac"]
    called = result.events["margin_call_frac"]
    return [
        (
            one.label,
            _usd_m(one.mean.value),
            _usd_m(one.mean.half_width, 2),
            _usd_m(one.p05.value),
            _usd_m(one.p50.value),
            _usd_m(one.p95.value),
            _usd_m(one.cvar_95.value),
            _percent(one.best_frac.value),
            _usd_m(one.regret_mean.value),
            _usd_m(one.regret_quantiles["p95"]),
            _usd_m(one.regret_cvar_95.value),
            _percent(over[place]),
            _percent(called[place]),
        )
        for place, one in enumerate(result.columns["npv_usd"].plans)
    ]


def versus_rows(result: ContestResult) -> list[tuple[object, ...]]:
    """Return the first plan against each other under `VERSUS_HEADINGS`; in USD m.

    Parameters
    ----------
    result : ContestResult
        Contest.
    """
    column = result.columns["npv_usd"]
    first = result.labels[0]
    rows: list[tuple[object, ...]] = []
    for other in result.labels[1:]:
        pair = column.pair(first, other)
        rows.append(
            (
                other,
                _usd_m(pair.difference.value, 2),
                _usd_m(pair.difference.low, 2),
                _usd_m(pair.difference.high, 2),
                _percent(pair.better_frac),
                _percent(pair.tie_frac),
                _ratio(pair.narrower_ratio),
                dominance(column, first, other),
            )
        )
    return rows


def cash_rows(result: ContestResult) -> list[tuple[object, ...]]:
    """Return a row per plan under `CASH_HEADINGS`: its least month-end cash, in USD m.

    Parameters
    ----------
    result : ContestResult
        Contest.
    """
    column = result.columns["min_cash_usd"]
    needed = result.events["equity_needed_frac"]
    return [
        (
            one.label,
            _usd_m(one.p05.value),
            _usd_m(one.p50.value),
            _usd_m(one.mean.value),
            _percent(one.best_frac.value),
            _percent(needed[place]),
            dominators(column, one.label),
        )
        for place, one in enumerate(column.plans)
    ]


def project_rows(result: ContestResult, top: int) -> list[tuple[object, ...]]:
    """Return the projects that are best most often under `PROJECT_HEADINGS`; in USD m.

    Parameters
    ----------
    result : ContestResult
        Contest of projects.
    top : int
        Rows at most. [unitless]
    """
    column = next(iter(result.columns.values()))
    ordered = sorted(column.plans, key=lambda one: -one.best_frac.value)
    return [
        (
            one.label,
            _usd_m(one.mean.value),
            _usd_m(one.mean.half_width, 2),
            _usd_m(one.p05.value),
            _usd_m(one.cvar_95.value),
            _percent(one.best_frac.value),
            _usd_m(one.regret_mean.value),
            _usd_m(one.regret_cvar_95.value),
            dominators(column, one.label),
        )
        for one in ordered[:top]
    ]


def beats_rows(column: ColumnStandings) -> list[tuple[object, ...]]:
    """Return in how many per cent of scenarios each plan beats each other.

    Parameters
    ----------
    column : ColumnStandings
        Plans in one column.

    Returns
    -------
    list of tuple
        Number and name of a plan, then a share by the number of the other; None on the
        diagonal. [per cent]
    """
    labels = [one.label for one in column.plans]
    rows: list[tuple[object, ...]] = []
    for number, label in enumerate(labels, start=1):
        shares = [
            None
            if other == label
            else round(100.0 * column.pair(label, other).better_frac)
            for other in labels
        ]
        rows.append((f"{number} {label}", *shares))
    return rows


def dominance(column: ColumnStandings, label: str, other: str) -> str:
    """Return in a few words whether one of two plans dominates the other.

    Parameters
    ----------
    column : ColumnStandings
        Plans in one column.
    label, other : str
        Plans.
    """
    ours, theirs = column.pair(label, other), column.pair(other, label)
    if ours.tie_frac == 1.0:
        return "equal in all"
    word = _order(ours)
    if word:
        return word
    word = _order(theirs)
    return word.replace("never worse", "never better").replace("dominates", "dominated")


def _order(pair: PairStanding) -> str:
    if pair.is_never_worse:
        return "never worse"
    if pair.is_first_order:
        return "dominates, 1st order"
    return "dominates, 2nd order" if pair.is_second_order else ""


def dominators(column: ColumnStandings, label: str) -> str:
    """Return who dominates a plan, the strongest order first; empty for none.

    Parameters
    ----------
    column : ColumnStandings
        Plans in one column.
    label : str
        Plan.
    """
    found = sorted(column.dominated_by(label), key=lambda one: one[1])
    names = [
        f"{name} ({'1st' if order == 'first' else '2nd'})" for name, order in found
    ]
    more = len(names) - 1
    return "".join(names[:1]) + (f" and {more} more" if more > 0 else "")


def _usd_m(value_usd: float, digits: int = 1) -> float:
    return round(value_usd * _USD_M, digits)


def _percent(share_frac: float) -> float:
    return round(100.0 * share_frac, 1)


def _ratio(value: float) -> float | None:
    return round(value, 1) if math.isfinite(value) else None
