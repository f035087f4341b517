# SPDX-License-Identifier: Apache-2.0
"""Margin calls, liquidations and covenant breaches as rows and columns of tables.

What does not belong here: what they are (`gpu.liquidity`), the opening's range
(`optimizer.opening_range`), the report's look (`optimizer.report.margin`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gpu.liquidity import CALL, LIQUIDATION
from gpu.statistics.tally import WITHIN_MONTHS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gpu.scoring.score import ScoreResult
    from gpu.statistics.month_tally import MonthlyRisk
    from optimizer.opening_range import OpeningRange

__all__ = [
    "OPENING_HEADINGS",
    "call_rows",
    "event_label",
    "monthly_columns",
    "monthly_rows",
    "opening_rows",
    "risk_sentence",
    "terms_note",
]

_MILLION: Final = 1e6
_SHOWN_MONTHS: Final = (1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60, 84, 120)
_TERM_NAMES: Final = {
    "rate_per_year": "interest",
    "initial_ltv_frac": "initial loan to value",
    "margin_call_ltv_frac": "margin-call level",
    "liquidation_ltv_frac": "liquidation level",
    "draw_limit_usd": "size of the facility",
    "cure_days": "cure time",
    "liquidation_penalty_frac": "liquidation penalty",
}
OPENING_HEADINGS: Final = (
    "opening state",
    "loan, USD m",
    "LTV, %",
    "call in 3 months, %",
    "6 months, %",
    "12 months, %",
    "liquidation, %",
    "equity, %",
    "NPV < 0, %",
    "forced sale, USD m",
)
_OPENING_FIGURES: Final = (
    ("margin_call_within_3_months_frac", 0.01),
    ("margin_call_within_6_months_frac", 0.01),
    ("margin_call_within_12_months_frac", 0.01),
    ("liquidation_frac", 0.01),
    ("equity_needed_frac", 0.01),
    ("npv_negative_frac", 0.01),
    ("forced_sale_usd", _MILLION),
)


def terms_note(assumed_terms: Sequence[str]) -> str:
    """Return the sentence that names undisclosed loan terms; empty without any.

    Parameters
    ----------
    assumed_terms : sequence of str
        See `optimizer.opening_range.assumed_loan_terms`.
    """
    if not assumed_terms:
        return ""
    names = ", ".join(_TERM_NAMES.get(term, term) for term in assumed_terms)
    return f"Loan terms are assumptions, not published: {names}."


def event_label(event: str) -> str:
    """Return an event of `gpu.liquidity` in words."""
    known = {CALL: "margin call", LIQUIDATION: "liquidation"}
    return known.get(event, f"covenant of {event.removeprefix('covenant_')} breached")


def call_rows(result: ScoreResult) -> list[tuple[object, ...]]:
    """Return headline risks: label, plan, baseline.

    Parameters
    ----------
    result : ScoreResult
        Scores; without calls, liquidations and covenants there are no rows.
    """
    if "plan" not in result.monthly:
        return []
    rows: list[tuple[object, ...]] = []
    for event in result.monthly["plan"].events:
        spans = WITHIN_MONTHS if event in {CALL, LIQUIDATION} else ()
        for months in spans:
            text = f"{event_label(event)} within {months} months, %"
            rows.append(_share(result, text, f"{event}_within_{months}_months_frac"))
        text = f"{event_label(event)} by the horizon, %"
        rows.append(_share(result, text, f"{event}_frac"))
    means = (
        ("BTC sold under calls, mean", "called_btc_sold", 1.0),
        ("BTC liquidated, mean", "liquidated_btc", 1.0),
        ("forced sale, mean, USD m", "forced_sale_usd", _MILLION),
    )
    rows += [_mean(result, *row) for row in means]
    column = "least_call_distance_usd_per_btc"
    rows.append(_quantile(result, "least distance to a call, P5, USD per BTC", column))
    rows.append(_base(result, "... on the base path, USD per BTC", column))
    return [row for row in rows if any(cell is not None for cell in row[1:])]


def monthly_rows(
    months: Sequence[str], risks: Mapping[str, MonthlyRisk]
) -> list[tuple[object, ...]]:
    """Return chosen months: month, P(call), P(liquidation), LTV and distance.

    Parameters
    ----------
    months : sequence of str
        Calendar months.
    risks : mapping of str to MonthlyRisk
        By month of the plan and its baseline.
    """
    plan, usual = risks.get("plan"), risks.get("baseline")
    if plan is None or CALL not in plan.events:
        return []
    rows: list[tuple[object, ...]] = []
    for number in (n for n in _SHOWN_MONTHS if n <= len(months)):
        place = number - 1
        ltv = plan.levels["low_ltv_frac"]
        far = plan.levels["call_distance_usd_per_btc"]
        by = [
            None if risk is None else 100.0 * risk.events[event].by_month_frac[place]
            for risk in (plan, usual)
            for event in (CALL, LIQUIDATION)
        ]
        rows.append(
            (
                f"{months[place]} ({number})",
                *by,
                *(100.0 * level[place] for level in (ltv.base, ltv.p50, ltv.p95)),
                *(level[place] for level in (far.base, far.p05, far.p50)),
            )
        )
    return rows


def monthly_columns(
    months: Sequence[str], risks: Mapping[str, MonthlyRisk]
) -> dict[str, list[object]]:
    """Return every month's risks as columns.

    Parameters
    ----------
    months : sequence of str
        Calendar months.
    risks : mapping of str to MonthlyRisk
        By month of the plan and its baseline.

    Returns
    -------
    dict of str to list
        ``month``, then by plan, ``<who>_<event>_in_month_frac`` and ``..._by_month_
        frac``, ``<who>_<base|p05|p50|p95>_<level>``. [mixed]
    """
    columns: dict[str, list[object]] = {"month": list(months)}
    for who, risk in risks.items():
        for event, shares in risk.events.items():
            columns[f"{who}_{event}_in_month_frac"] = list(shares.in_month_frac)
            columns[f"{who}_{event}_by_month_frac"] = list(shares.by_month_frac)
        for name, level in risk.levels.items():
            for part in ("base", "p05", "p50", "p95"):
                columns[f"{who}_{part}_{name}"] = list(getattr(level, part))
    return columns


def opening_rows(opening: OpeningRange) -> list[tuple[object, ...]]:
    """Return the cases of an opening range, under `OPENING_HEADINGS`."""
    return [
        (
            case.label,
            case.loan_usd / _MILLION,
            100.0 * case.opening_ltv_frac,
            *(case.figures[name] / unit for name, unit in _OPENING_FIGURES),
        )
        for case in opening.cases
    ]


def risk_sentence(result: ScoreResult) -> str:
    """Return the chances of a call, a liquidation and a forced sale in one sentence.

    Parameters
    ----------
    result : ScoreResult
        Scores; without a loan on pledged BTC the sentence is empty.
    """
    shares = result.probabilities
    if f"{CALL}_frac" not in shares:
        return ""
    spans = ", ".join(
        f"{shares[f'{CALL}_within_{n}_months_frac']:.0%} in {n}" for n in WITHIN_MONTHS
    )
    forced_usd = result.summary["forced_sale_usd"].mean
    return (
        f"Margin call: {spans} months; liquidation by the horizon: "
        f"{shares[f'{LIQUIDATION}_frac']:.1%}; forced sale on average "
        f"{forced_usd / _MILLION:,.0f} USD m."
    )


def _share(result: ScoreResult, text: str, key: str) -> tuple[object, ...]:
    found = (result.probabilities.get(name) for name in (key, f"baseline_{key}"))
    return (text, *(None if share is None else 100.0 * share for share in found))


def _mean(
    result: ScoreResult, text: str, column: str, unit: float
) -> tuple[object, ...]:
    found = (result.summary.get(name) for name in (column, f"baseline_{column}"))
    return (text, *(None if one is None else one.mean / unit for one in found))


def _quantile(result: ScoreResult, text: str, column: str) -> tuple[object, ...]:
    found = (result.summary.get(name) for name in (column, f"baseline_{column}"))
    return (text, *(None if one is None else one.quantiles["p05"] for one in found))


def _base(result: ScoreResult, text: str, column: str) -> tuple[object, ...]:
    names = (column, f"baseline_{column}")
    return (text, *(result.base.get(name) for name in names))
