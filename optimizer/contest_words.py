# SPDX-License-Identifier: Apache-2.0
"""A contest in plain words, all derived from its figures.

What does not belong here: tables (`optimizer.contest_tables`) and the report's look
(`optimizer.report.figures.contest`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.contests.result import (
        ColumnStandings,
        ContestResult,
        PairStanding,
    )
    from optimizer.contest_plans import Contestant

__all__ = [
    "contest_words",
    "project_words",
]

_USD_M: Final = 1e-6
_RARE_FRAC: Final = 0.005
"""Events in fewer scenarios are not put in words."""
_NAMED: Final = 4
"""Plans named in one sentence at most. [unitless]"""


def contest_words(
    plans: Sequence[Contestant], result: ContestResult
) -> tuple[str, ...]:
    """Return what the figures say, in sentences.

    Parameters
    ----------
    plans : sequence of Contestant
        Who competed.
    result : ContestResult
        How they fared.
    """
    column = result.columns["npv_usd"]
    words = _leaders(column, "plan") if len(column.plans) > 1 else []
    words += _lead(column)
    words += _dominated(column, result.n_scenarios, "NPV")
    words += _financing(result)
    for one in plans:
        if one.also:
            words.append(
                f"not counted twice: {_list(one.also)}, deciding the same as {one.name}"
            )
    return tuple(_sentence(text) for text in (*words, *_equal(column)))


def project_words(result: ContestResult) -> tuple[str, ...]:
    """Return what a contest of projects says, in sentences.

    Parameters
    ----------
    result : ContestResult
        Contest of projects.
    """
    column = next(iter(result.columns.values()))
    words = _leaders(column, "project")
    words += _dominated(column, result.n_scenarios, "what each adds")
    words.append(
        "each project stands by itself on top of business as usual, at its site's "
        "hurdle rate, as if only one could be done; which belong together is the "
        "question of a plan"
    )
    return tuple(_sentence(text) for text in words)


def _leaders(column: ColumnStandings, noun: str) -> list[str]:
    """Say who is best on average, most often, and regretted least."""
    rich = max(column.plans, key=lambda one: one.mean.value)
    often = max(column.plans, key=lambda one: one.best_frac.value)
    safe = min(column.plans, key=lambda one: one.regret_cvar_95.value)
    words = f"highest mean NPV: {rich.label}, {_money(rich.mean.value)}"
    share = f"in {often.best_frac.value:.0%} of scenarios"
    if often is rich:
        words += f"; it is also the best {noun} most often, {share}"
    else:
        words += f"; the best {noun} most often is {often.label}, {share}"
    knowing = (
        f"to know the future before choosing would be worth "
        f"{_money(rich.regret_mean.value)} on average, the mean regret of "
        f"{rich.label}; in its worst 5% of scenarios it regrets "
        f"{_money(rich.regret_cvar_95.value)}"
    )
    if safe is not rich:
        knowing += (
            f"; the smallest such regret is that of {safe.label}, "
            f"{_money(safe.regret_cvar_95.value)}, for "
            f"{_money(rich.mean.value - safe.mean.value)} less of mean NPV"
        )
    return [words, knowing]


def _lead(column: ColumnStandings) -> list[str]:
    """Say how sure the lead of the best mean over the next is, and why so sure."""
    if len(column.plans) < 2:
        return []
    ordered = sorted(column.plans, key=lambda one: -one.mean.value)
    pairs = (column.pair(ordered[0].label, one.label) for one in ordered[1:])
    pair = next((pair for pair in pairs if pair.tie_frac < 1.0), None)
    if pair is None:
        return []
    gap = pair.difference
    words = (
        f"the lead of {pair.label} over {pair.other} is {_money(gap.value)} "
        f"({gap.low * _USD_M:,.2f} to {gap.high * _USD_M:,.2f}, 95%); it is better in "
        f"{'only ' if pair.better_frac < 0.5 else ''}{pair.better_frac:.0%} of "
        "scenarios"
    )
    if gap.low <= 0.0:
        words += ": these scenarios do not tell the two apart"
    return [f"{words}; {_narrower(pair)}"]


def _narrower(pair: PairStanding) -> str:
    apart = f"+-{pair.independent_half_width * _USD_M:,.2f} USD m"
    if math.isinf(pair.narrower_ratio):
        return "the difference is the same in every scenario"
    if pair.narrower_ratio < 1.05:
        return f"two runs on scenarios of their own would know it as well, to {apart}"
    return (
        f"two runs on scenarios of their own would know it to {apart}, "
        f"{pair.narrower_ratio:,.1f} times wider"
    )


def _dominated(column: ColumnStandings, n_scenarios: int, what: str) -> list[str]:
    """Say whom nobody would choose, on these scenarios."""
    first, second = [], []
    for one in column.plans:
        orders = {order for _, order in column.dominated_by(one.label)}
        if "first" in orders:
            first.append(one.label)
        elif orders:
            second.append(one.label)
    words = []
    where = f"on these {n_scenarios:,} scenarios, by {what},"
    if first:
        words.append(
            f"{where} nobody who prefers more to less would choose {_list(first)}: "
            "another falls under any amount no more often"
        )
    if second:
        words.append(
            f"{where} nobody who also shuns risk would choose {_list(second)}: another "
            "falls short of any amount by no more on average"
        )
    return words


def _financing(result: ContestResult) -> list[str]:
    """Say whose NPV rests on equity that the company cannot raise."""
    shares = zip(result.labels, result.events["equity_over_limit_frac"], strict=True)
    poor = [f"{name} {share:.0%}" for name, share in shares if share > _RARE_FRAC]
    if not poor:
        return []
    return [
        "NPV counts emergency equity as if it could be raised; scenarios that need "
        f"more than the company's limit: {_list(poor)}"
    ]


def _equal(column: ColumnStandings) -> list[str]:
    """Say which plans decide differently and earn the same."""
    groups: list[list[str]] = []
    for one in column.plans:
        for group in groups:
            if column.pair(group[0], one.label).tie_frac == 1.0:
                group.append(one.label)
                break
        else:
            groups.append([one.label])
    return [
        f"equal in every scenario: {_list(group)}; they share what is best"
        for group in groups
        if len(group) > 1
    ]


def _list(names: Sequence[str]) -> str:
    shown = list(names[:_NAMED])
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _money(value_usd: float) -> str:
    return f"{value_usd * _USD_M:,.1f} USD m"
