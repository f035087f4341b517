# SPDX-License-Identifier: Apache-2.0
"""Treasury policies as rows of a table and in plain words, derived from their scores.

What does not belong here: planning and scoring them (`optimizer.policies`), and the
report's look (`optimizer.report.policies`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.deleveraging import Deleveraging, deleveraging
from optimizer.policies import PolicyScore, mean_price_frac

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.study import Study

__all__ = ["POLICY_HEADINGS", "POLICY_UNITS", "advice", "policy_rows", "short_usd"]

_USD_M: Final = 1e-6
_TINY_USD: Final = 1000.0
"""A limit passed by less is reached, not passed."""
_WIDE_FRAC: Final = 0.05
"""Chances of a call closer than this are not told apart in words."""

POLICY_HEADINGS: Final = (
    "policy",
    "NPV base",
    "mean",
    "CVaR 95",
    "call 3 m",
    "6 m",
    "12 m",
    "liq.",
    "forced BTC",
    "equity",
    "short",
)
POLICY_UNITS: Final = (
    "NPV in USD m; chances in % of scenarios: of a margin call within 3, 6 and 12 "
    "months, of liquidation and of emergency equity by the horizon; BTC sold under "
    "calls on average; USD m short on the base path beyond the limit of emergency "
    "equity."
)


def policy_rows(scores: Sequence[PolicyScore]) -> list[tuple[object, ...]]:
    """Return one row per policy under `POLICY_HEADINGS`. [mixed].

    Parameters
    ----------
    scores : sequence of PolicyScore
        Policies.
    """
    return [
        (
            score.name,
            _round(score.npv_usd * _USD_M),
            _round(score.npv_mean_usd * _USD_M),
            _round(score.npv_cvar_usd * _USD_M),
            _round(100.0 * score.call_within_3_months_frac),
            _round(100.0 * score.call_within_6_months_frac),
            _round(100.0 * score.call_within_12_months_frac),
            _round(100.0 * score.liquidation_frac),
            round(score.forced_btc),
            _round(100.0 * score.equity_needed_frac),
            _round(short_usd(score) * _USD_M) if short_usd(score) else None,
        )
        for score in scores
    ]


def short_usd(score: PolicyScore) -> float:
    """Return what a policy lacks on the base path beyond all equity it may raise [USD].

    Parameters
    ----------
    score : PolicyScore
        Policy.
    """
    short = score.base_equity_usd - score.equity_limit_usd
    return short if short > _TINY_USD else 0.0


def advice(
    study: Study, scores: Sequence[PolicyScore], *, seed: int = 1
) -> tuple[str, ...]:
    """Return what the figures say to do, in sentences; empty with nothing to compare.

    The policy advised is the one that leaves most in the worst 5% of scenarios; what
    it gives up against the best mean is said. All else follows from the scores too.

    Parameters
    ----------
    study : Study
        Study.
    scores : sequence of PolicyScore
        Policies, business as usual among them.
    seed : int
        Seed of their scenarios. [unitless]
    """
    if len(scores) < 2:
        return ()
    safe = max(scores, key=lambda score: score.npv_cvar_usd)
    rich = max(scores, key=lambda score: score.npv_mean_usd)
    words = [*_worst(scores), _safest(safe, rich)]
    if rich is not safe:
        words += [_richest(safe, rich), _mean_price(study, seed)]
    poor = [s.name for s in scores if short_usd(s)]
    if poor:
        words.append(
            f"Cannot be financed on the base path within the limit of emergency "
            f"equity: {', '.join(poor)}."
        )
    now = deleveraging(study)
    if now is not None:
        words.insert(0, _standing(now))
        if now.sold_btc > 0.0:
            words.append(_way_out(study, now))
    return tuple(words)


def _standing(now: Deleveraging) -> str:
    fall = 1.0 - now.call_price_usd / now.price_usd
    place = f"The opening loan stands at {now.ltv_frac:.1%} of the pledged BTC at "
    place += f"{now.price_usd:,.0f} USD: "
    if fall <= 0.0:
        return f"{place}it is called at once."
    return f"{place}it is called at {now.call_price_usd:,.0f} USD, {fall:.1%} lower."


def _worst(scores: Sequence[PolicyScore]) -> tuple[str, ...]:
    worst = max(scores, key=lambda score: score.forced_btc)
    least = min(score.call_within_3_months_frac for score in scores)
    most = max(score.call_within_3_months_frac for score in scores)
    if worst.forced_btc <= 0.0:
        return ()
    words = (
        f"Within three months the lender calls in {least:.0%} to {most:.0%} of "
        "scenarios, depending on the policy; "
    )
    if most - least < _WIDE_FRAC:
        words = (
            f"Within three months the lender calls in about {most:.0%} of scenarios "
            "under every policy; "
        )
    words += (
        f"{_quoted(worst)} loses most to it: {worst.forced_btc:,.0f} BTC sold under "
        f"calls on average ({worst.forced_sale_usd * _USD_M:,.0f} USD m)."
    )
    return (words,)


def _safest(safe: PolicyScore, rich: PolicyScore) -> str:
    words = (
        f"{_quoted(safe)} leaves most in the worst 5% of scenarios "
        f"({_money(safe.npv_cvar_usd)} of NPV on average) and is called within "
        f"twelve months in {safe.call_within_12_months_frac:.0%}"
    )
    if rich is safe:
        words += "; its mean NPV is the highest too"
    return f"{words}: this is what the figures advise."


def _richest(safe: PolicyScore, rich: PolicyScore) -> str:
    return (
        f"{_quoted(rich)} has the highest mean NPV, "
        f"{(rich.npv_mean_usd - safe.npv_mean_usd) * _USD_M:,.1f} USD m more, for a "
        f"tail {(safe.npv_cvar_usd - rich.npv_cvar_usd) * _USD_M:,.1f} USD m worse and "
        f"a call within twelve months in {rich.call_within_12_months_frac:.0%}: the "
        "choice of whoever would rather keep the rise of BTC."
    )


def _mean_price(study: Study, seed: int) -> str:
    rise = mean_price_frac(study, seed) - 1.0
    place = "over" if rise >= 0.0 else "under"
    words = f"Means rest on a BTC price that ends {abs(rise):.0%} {place} the base path"
    words += " on average (the base path is the median)"
    return f"{words}: they favour whoever holds BTC." if rise > 0.0 else f"{words}."


def _way_out(study: Study, now: Deleveraging) -> str:
    fall = 1.0 - now.later_call_price_usd / now.price_usd
    return (
        f"Selling {now.sold_btc:,.0f} pledged BTC now, all proceeds repaying, brings "
        f"the loan to {study.company.loan.initial_ltv_frac:.0%} of its pledge; the "
        f"call is then {fall:.1%} away, at {now.later_call_price_usd:,.0f} USD."
    )


def _round(value: float) -> float:
    return round(value, 1)


def _quoted(score: PolicyScore) -> str:
    return f'"{score.name}"'


def _money(value_usd: float) -> str:
    return f"{value_usd * _USD_M:,.1f} USD m"
