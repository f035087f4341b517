# SPDX-License-Identifier: Apache-2.0
"""The first page: key figures as tiles, and what must not be overlooked.

What the figures are stands in `optimizer.report.kpis`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from gpu.liquidity import CALL
from models.capacity import LINES
from models.margin import opening_call_price_usd
from optimizer.opening_range import assumed_loan_terms
from optimizer.report.figures.comparison import equity_usd
from optimizer.report.formats import (
    NOTHING,
    amount,
    count,
    full_month,
    months_long,
    percent,
    sentence,
    short_month,
    usd,
    usd_m,
)
from optimizer.report.kpis import key_figures
from optimizer.report.scores import range_words
from optimizer.report.style import LINE_NAMES

if TYPE_CHECKING:
    from optimizer.report.data import ReportData
    from optimizer.report.kpis import KeyFigures

__all__ = ["Alert", "Tile", "alerts", "tiles"]

_CALL_MONTHS: Final = 3

Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Tile:
    """One key figure.

    Parameters
    ----------
    label, value, detail : str
        What it is; the figure; one line below.
    tone : str
        How it is coloured.
    """

    label: str
    value: str
    detail: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a reader must not overlook.

    Parameters
    ----------
    title, text : str
        In few words; in full.
    tone : str
        ``bad`` or ``warn``.
    """

    title: str
    text: str
    tone: Tone = "bad"


def tiles(data: ReportData) -> tuple[Tile, ...]:
    """Return the key figures of the plan.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    figures = key_figures(data, data.plan)
    found = [
        *_value_tiles(data, figures),
        *_money_tiles(data, figures),
        *_mining_tiles(figures),
        Tile(
            f"MW in {short_month(data.study.months[-1])}",
            f"{amount(sum(figures.line_mw.values()), 0)} MW",
            ", ".join(
                f"{LINE_NAMES[line]} {amount(figures.line_mw[line], 0)}"
                for line in LINES
            ),
        ),
        _gap_tile(data),
        *_chance_tiles(data),
    ]
    return tuple(found)


def _value_tiles(data: ReportData, figures: KeyFigures) -> list[Tile]:
    rate = data.study.company.discount_rate_per_year
    change = figures.change_usd
    return [
        Tile(
            "NPV",
            usd_m(figures.npv_usd),
            f"after tax, at {100 * rate:g}% a year",
            "good" if figures.npv_usd >= 0 else "bad",
        ),
        Tile(
            "NPV over business as usual",
            usd_m(change, signed=True),
            f"business as usual {usd_m(data.baseline.npv_usd)}",
            "good" if change >= 0 else "bad",
        ),
        _irr_tile(figures),
        _payback_tile(data, figures),
    ]


def _payback_tile(data: ReportData, figures: KeyFigures) -> Tile:
    if figures.payback_months == 0.0:
        return Tile("Payback", "at once", f"never behind {figures.irr_over}")
    over = f"of the increment over {figures.irr_over}"
    if figures.payback_months >= data.study.time.months:
        over += "; only with end-of-horizon values"
    return Tile("Payback", months_long(figures.payback_months), over)


def _irr_tile(figures: KeyFigures) -> Tile:
    over = f"of the increment over {figures.irr_over}"
    if math.isfinite(figures.irr_per_year):
        if figures.irr_status == "several":
            over += "; one of several roots"
        return Tile("IRR", f"{percent(figures.irr_per_year)} a year", over)
    reason = (
        "no money goes out before it comes in"
        if figures.payback_months == 0.0
        else "the increment has no internal rate of return"
    )
    return Tile("IRR", "none", f"{reason}, over {figures.irr_over}")


def _money_tiles(data: ReportData, figures: KeyFigures) -> list[Tile]:
    floor = data.study.company.cash_floor_usd
    found = [
        Tile("Capex", usd_m(figures.capex_usd), "machines, power, space; undiscounted"),
        Tile(
            "Peak cash need",
            usd_m(figures.peak_need_usd),
            f"{short_month(figures.peak_need_month)}; before BTC sales, loan, equity",
        ),
        Tile(
            "Least cash",
            usd_m(figures.min_cash_usd),
            f"{short_month(figures.min_cash_month)}; floor {usd_m(floor)}",
            "warn" if figures.min_cash_usd <= floor * (1 + 1e-9) else "plain",
        ),
    ]
    if figures.equity_usd > 0.0:
        found.append(
            Tile(
                "Emergency equity",
                usd_m(figures.equity_usd),
                f"from {short_month(figures.first_equity_month)}: not fundable without",
                "bad",
            )
        )
    return found


def _mining_tiles(figures: KeyFigures) -> list[Tile]:
    cost = figures.cash_cost_usd_per_btc
    return [
        Tile(
            "BTC mined",
            amount(figures.mined_btc, 0),
            f"{amount(figures.final_btc, 0)} held at the horizon",
        ),
        Tile(
            "Cost to mine",
            usd(cost) if math.isfinite(cost) else NOTHING,
            f"per BTC; {usd(figures.full_cost_usd_per_btc)} with depreciation"
            if math.isfinite(cost)
            else "nothing is mined",
        ),
    ]


def _gap_tile(data: ReportData) -> Tile:
    """Return how far the plan may be from the best one."""
    facts, plan = data.run.solver, data.plan
    gap = plan.gap_frac if facts is None else facts.gap_frac
    bound = plan.bound_usd if facts is None else facts.bound_usd
    status = plan.status if facts is None else facts.status
    if gap is None or bound is None or not math.isfinite(gap):
        return Tile("Proven gap", NOTHING, f"status: {status}")
    lost = max(bound - plan.npv_usd, 0.0)
    return Tile(
        "Proven gap",
        percent(gap, 3),
        f"at most {usd_m(lost, 2)} from the best; {status.replace('_', ' ')}",
        "plain" if gap <= 0.01 else "warn",
    )


def _chance_tiles(data: ReportData) -> list[Tile]:
    if data.scores is None:
        return []
    scores = data.scores
    loss = scores.chance("npv_negative_frac")
    found = [
        Tile(
            "P(NPV under zero)",
            percent(loss.value),
            f"{scores.n_scenarios:,} scenarios, seed {scores.seed}; "
            f"{range_words(loss)}",
        )
    ]
    if scores.has("incremental_npv_usd"):
        worse = scores.chance("npv_below_baseline_frac")
        found.append(
            Tile(
                "P(worse than business as usual)",
                percent(worse.value),
                f"same scenarios; {range_words(worse)}",
            )
        )
    needed = scores.chance("equity_needed_frac")
    found.append(
        Tile(
            "P(emergency equity needed)",
            percent(needed.value),
            f"cash floor not held otherwise; {range_words(needed)}",
            "warn" if needed.value > 0.05 else "plain",
        )
    )
    return [*found, *_call_tiles(data)]


def _call_tiles(data: ReportData) -> list[Tile]:
    """Return how likely the BTC loan is called, and how far the price is from it."""
    company = data.study.company
    if data.scores is None or company.loan.principal_usd <= 0.0:
        return []
    event = f"{CALL}_within_{_CALL_MONTHS}_months_frac"
    if event not in data.scores.record["probabilities"]:
        return []
    called = data.scores.chance(event)
    terms = (
        "loan terms are assumptions"
        if assumed_loan_terms(data.provenance)
        else "loan terms as published"
    )
    call_usd = opening_call_price_usd(company)
    price_usd = data.study.market.btc_price_usd
    return [
        Tile(
            f"P(margin call in {_CALL_MONTHS} months)",
            percent(called.value),
            f"{terms}; {range_words(called)}",
            "warn" if called.value > 0.05 else "plain",
        ),
        Tile(
            "Distance to a call",
            usd(price_usd - call_usd),
            f"per BTC, at the start: called under {usd(call_usd)}",
        ),
    ]


def alerts(data: ReportData) -> tuple[Alert, ...]:
    """Return what a reader must not overlook, the worst first.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    found = []
    figures = key_figures(data, data.plan)
    if figures.equity_usd > 0.0:
        found.append(
            Alert(
                f"The plan raises {usd_m(figures.equity_usd)} of emergency equity",
                sentence(
                    f"from {full_month(figures.first_equity_month)} cash and BTC do "
                    "not hold the cash floor; its cost to present holders is in the NPV"
                ),
            )
        )
    failed = [check.name for check in data.run.checks if not check.is_good]
    failed += [check.name for check in data.plan.checks if not check.passed]
    if failed:
        unique = list(dict.fromkeys(failed))
        found.append(
            Alert(
                f"{count(len(unique), 'check')} of the plan failed",
                sentence(f"do not rely on this plan: {'; '.join(unique)}"),
            )
        )
    usual = equity_usd(data.baseline)
    if usual > 0.0:
        raised = data.baseline.ledger.treasury.equity_usd[0]
        first = data.study.months[int(np.flatnonzero(raised > 1.0)[0])]
        found.append(
            Alert(
                f"Business as usual cannot be funded: {usd_m(usual)} of new equity",
                sentence(
                    f"from {full_month(first)} it keeps the cash floor only with "
                    "emergency equity, priced into its NPV; part of the plan's gain is "
                    "not needing it"
                ),
                "warn",
            )
        )
    facts = data.run.solver
    status = data.plan.status if facts is None else facts.status
    if status not in ("optimal", "given"):
        found.append(
            Alert(
                f"The search ended early: {status.replace('_', ' ')}",
                "The plan is the best found, with the gap shown; a longer run may do "
                "better.",
                "warn",
            )
        )
    return tuple(found)
