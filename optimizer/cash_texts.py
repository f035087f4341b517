# SPDX-License-Identifier: Apache-2.0
"""Sentences that read the cash tables.

What does not belong here: the tables (`optimizer.cash_tables`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from models.cash_weeks import FLOOR_TOLERANCE_USD
from optimizer.cash_cases import CASES

if TYPE_CHECKING:
    from models.cash_calendar import CashWeek
    from models.cash_weeks import WeeklyCash
    from optimizer.cash_quarter import CashQuarter
    from optimizer.cash_weeks import CashWeeks, CashWeeksBands

__all__ = ["quarter_texts", "weeks_texts"]

_M: Final = 1e-6


def weeks_texts(result: CashWeeks) -> tuple[str, ...]:
    """Return what the weekly view says, the floor first.

    Parameters
    ----------
    result : CashWeeks
        View.
    """
    base = result.base
    last = result.calendar.weeks[-1]
    texts = [
        f"Cash opens at {_usd(base.opening_usd[0, 0])} and closes at "
        f"{_usd(base.closing_usd[0, -1])} on {_day(last)}; "
        f"{base.btc_sold[0].sum():,.0f} BTC are sold.",
        _floor_text(result),
        _evenly_text(result),
    ]
    if result.base.loan_usd.any():
        texts.append(_call_weeks_text(result))
    bands = result.bands
    if bands is not None:
        week = result.first_likely_under()
        under = (
            "in no week does cash fall under its floor in one of twenty"
            if week is None
            else f"week {week.number} ({_span(week)}) is the first in which cash falls "
            "under its floor in one of twenty, "
            f"{_usd(_missing(result, bands, week))} short at P5"
        )
        words = f"Of {bands.n_scenarios:,} scenarios (seed {bands.seed}) {under}"
        low, high = (float(bands.quantiles["ltv_frac"][k, -1]) for k in (0, 2))
        if math.isfinite(low):
            words += (
                f"; the loan stands at {low:.0%} to {high:.0%} of its pledge at the "
                "end (P5 to P95)"
            )
        texts.append(f"{words}.")
    texts.append(
        "Every line sums to the month of the ledger: largest difference "
        f"{result.tie_error_usd():.6f} USD."
    )
    texts.append(
        "Payment terms are not published: assumptions, with their ranges. They move "
        "cash inside a month only."
    )
    return tuple(texts)


def _floor_text(result: CashWeeks) -> str:
    floor = _usd(result.base.floor_usd)
    found = {case: result.first_under(case) for case in CASES}
    if not any(found.values()):
        return f"No week falls under the floor of {floor}: low, base and high case."
    parts = [
        f"{case}: none"
        if week is None
        else f"{case}: week {week.number} ({_span(week)}), "
        f"{_shortfall(result.cases[case], week)}"
        for case, week in found.items()
    ]
    return f"First week under the floor of {floor}: {'; '.join(parts)}."


def _call_weeks_text(result: CashWeeks) -> str:
    """Return when the lender calls, by the ledger's monthly test."""
    months = result.calendar.months
    parts = []
    for case, weekly in result.cases.items():
        called = weekly.is_called[0]
        month = months[int(called.argmax())] if called.any() else "none"
        parts.append(f"{case} {month}")
    words = f"First margin call: {', '.join(parts)}"
    if result.bands is not None:
        shares = [
            f"{share:.0%} by the end of {month}"
            for month, share in zip(months, result.bands.called_frac, strict=True)
        ]
        words += f"; of the scenarios {', '.join(shares)}"
    return f"{words}. The loan's levels are assumptions."


def _evenly_text(result: CashWeeks) -> str:
    week = result.first_under_evenly()
    if np.array_equal(result.evenly.closing_usd, result.base.closing_usd):
        return "BTC is sold evenly over the days of a month."
    if week is None:
        return "Sold evenly over the days, the same BTC would hold the floor as well."
    return (
        "Sold evenly over the days instead of as needed, the same BTC would leave cash "
        f"under its floor from week {week.number} ({_span(week)}), "
        f"{_shortfall(result.evenly, week)}."
    )


def quarter_texts(result: CashQuarter) -> tuple[str, ...]:
    """Return what the projection of a quarter says.

    Parameters
    ----------
    result : CashQuarter
        Projection.
    """
    base = result.cases["base"]
    ends = {case: result.cases[case].months[-1] for case in CASES}
    loans = [_usd(ends[case].loan_usd) for case in CASES]
    held = [f"{ends[case].btc_held:,.0f}" for case in CASES]
    return (
        _closing_text(result),
        f"{base.btc_mined:,.1f} BTC mined, {_usd(base.total_usd('loan_drawn'))} drawn "
        f"and {_usd(-base.total_usd('loan_repayment'))} repaid; at the end the loan is "
        f"{loans[1]} (low case {loans[0]}, high case {loans[2]}) and {held[1]} BTC are "
        f"held (low case {held[0]}, high case {held[2]}).",
        *_call_text(result),
        *_cost_text(result),
        f"After the reported months the base case stands {_usd(base.tie_cash_usd)} of "
        f"cash and {_usd(base.tie_loan_usd)} of loan from the study's opening.",
        "Output of the reported months is published; their cash, the loan and its "
        "terms are not: assumptions.",
    )


def _closing_text(result: CashQuarter) -> str:
    opening = _usd(result.cases["base"].months[0].opening_usd)
    closing = [result.cases[case].months[-1].closing_usd for case in CASES]
    if max(closing) - min(closing) < FLOOR_TOLERANCE_USD:
        return (
            f"Cash goes from {opening} to {_usd(closing[1])} in every case, its floor: "
            "what is short is drawn on the loan or raised by selling BTC."
        )
    return (
        f"Cash goes from {opening} to {_usd(closing[1])} (low case "
        f"{_usd(closing[0])}, high case {_usd(closing[2])})."
    )


def _call_text(result: CashQuarter) -> tuple[str, ...]:
    call = result.margin_call_ltv_frac
    for case in CASES:
        worst = result.cases[case].highest_ltv_frac
        if worst is not None and worst > call:
            return (
                f"In the {case} case the loan reaches {worst:.1%} of its pledge, past "
                f"the margin call at {call:.0%}, a level that is assumed.",
            )
    return ()


def _cost_text(result: CashQuarter) -> tuple[str, ...]:
    first, last = (result.cases["base"].months[k] for k in (0, -1))
    if last.is_reported or not (first.cost_usd_per_btc and last.cost_usd_per_btc):
        return ()
    return (
        f"The plan's {last.month} costs {last.cost_usd_per_btc:,.0f} USD of cash per "
        f"BTC mined, the reported months are taken at {first.cost_usd_per_btc:,.0f}: "
        "machines cost by the hour, whatever they mine.",
    )


def _usd(value_usd: float) -> str:
    text = f"{abs(value_usd) * _M:,.1f}"
    sign = "-" if value_usd < 0.0 and text.strip("0.,") else ""
    return f"{sign}USD {text}m"


def _missing(result: CashWeeks, bands: CashWeeksBands, week: CashWeek) -> float:
    lowest = float(bands.quantiles["lowest_usd"][0, week.number - 1])
    return result.base.floor_usd - lowest


def _shortfall(weekly: WeeklyCash, week: CashWeek) -> str:
    """Return how much is missing in a week, and in the worst of all."""
    missing = weekly.floor_usd - weekly.lowest_usd[0]
    first, worst = float(missing[week.number - 1]), float(missing.max())
    words = f"{_usd(first)} short"
    if worst > first + FLOOR_TOLERANCE_USD:
        words += f", {_usd(worst)} in the worst week"
    return words


def _day(week: CashWeek) -> str:
    return f"{week.end.day} {week.end:%b %Y}"


def _span(week: CashWeek) -> str:
    return f"{week.start.day} {week.start:%b} to {_day(week)}"
