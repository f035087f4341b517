# SPDX-License-Identifier: Apache-2.0
"""Margin calls, liquidations and covenants over scenarios, month by month.

What does not belong here: what they are (`gpu.liquidity`) and balances on the base path
(`optimizer.report.figures.treasury`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gpu.liquidity import CALL, LIQUIDATION
from gpu.statistics.tally import WITHIN_MONTHS
from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import full_month, percent, sentence, usd, usd_m
from optimizer.report.style import (
    BAND,
    DOWN,
    LIMIT,
    MUTED,
    PLAN,
    TEMPLATE,
    dates,
    plain,
)
from optimizer.report.table import Cell, Column, Table, number, text
from optimizer.risk_tables import event_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.study import Study

__all__ = ["margin_exhibits", "margin_missing"]

_Record = dict[str, Any]
_WHO: Final = {"plan": "Plan", "baseline": "Business as usual"}
_HEIGHT_PX: Final = 620
_PER_CENT: Final = 100.0
_USD_M: Final = 1e-6
_LTV: Final = "low_ltv_frac"
_DISTANCE: Final = "call_distance_usd_per_btc"
_MEANS: Final = (
    ("called_btc_sold", "BTC sold under calls, mean", "BTC", 1.0),
    ("liquidated_btc", "BTC liquidated, mean", "BTC", 1.0),
    ("forced_sale_usd", "Forced sale, mean", "USD m", _USD_M),
)


def margin_exhibits(study: Study, score: Mapping[str, Any]) -> tuple[Exhibit, ...]:
    """Return risk by month, its headline figures, and its range over the opening.

    Parameters
    ----------
    study : Study
        Study.
    score : mapping
        Key ``score`` of the run's summary, see `optimizer.scoring.score_summary`.
    """
    monthly = _monthly(score)
    if not monthly:
        return ()
    note = str((score.get("loan_terms") or {}).get("note", ""))
    exhibits = [_by_month(study, score, monthly, note), _headlines(score, note)]
    opening = score.get("opening_range")
    if isinstance(opening, dict) and opening.get("cases"):
        exhibits.append(_opening(opening, note))
    return tuple(exhibits)


def margin_missing(study: Study, score: Mapping[str, Any]) -> str:
    """Return why there is no risk of a call to show; empty where there is."""
    if _monthly(score):
        return ""
    if study.company.loan.principal_usd <= 0.0 and score:
        return "The plan owes no loan on pledged BTC: there is no margin to call."
    return "Margin calls are not in this run: `wattplan score DIR` plays them out."


def _monthly(score: Mapping[str, Any]) -> dict[str, _Record]:
    """Return risks by month of the plan and its baseline."""
    monthly = score.get("monthly")
    if not isinstance(monthly, dict):
        return {}
    has_call = CALL in monthly.get("plan", {}).get("events", {})
    return {who: monthly[who] for who in _WHO if who in monthly} if has_call else {}


def _by_month(
    study: Study, score: Mapping[str, Any], monthly: dict[str, _Record], note: str
) -> Exhibit:
    error = float(monthly["plan"].get("quantile_error_frac", 0.0))
    return Exhibit(
        id="margin",
        title="Margin calls by month",
        reading=_reading(study, score, monthly["plan"]),
        figure=_figure(study, monthly),
        table=_table(study, monthly),
        note=(
            "Top: share of scenarios in which the loan on pledged BTC has been called, "
            "its pledge liquidated, or a covenant breached, by the end of each month. "
            "Bottom: loan over "
            "pledged BTC at each month's lowest price, before a call is met; the base "
            "path has no price inside a month but its own. A call is met with cash "
            "over the floor, then by pledging free BTC, then by selling pledged BTC; "
            "the lender sells where the price falls through the liquidation level "
            "within the cure time. "
            f"Percentiles within {percent(error, 1)} of their value. "
        )
        + note,
    )


def _reading(study: Study, score: Mapping[str, Any], plan: _Record) -> str:
    shares = score["probabilities"]
    spans = ", ".join(
        f"{percent(shares[f'{CALL}_within_{n}_months_frac'], 0)} within {n}"
        for n in WITHIN_MONTHS
    )
    base = plan["levels"][_DISTANCE]["base"]
    least = min(base)
    # The first month as near as the nearest, rounding apart.
    place = next(k for k, v in enumerate(base) if v <= least + 1e-6 * abs(least))
    forced = float(score["columns"]["forced_sale_usd"]["mean"])
    usual = shares.get(f"baseline_{CALL}_within_12_months_frac")
    beside = "" if usual is None else f" (business as usual {percent(usual, 0)})"
    return sentence(
        f"the loan is called in {spans} months{beside}, and the lender sells in "
        f"{percent(shares[f'{LIQUIDATION}_frac'])} of scenarios by the horizon; on "
        f"the base path the BTC price comes within {usd(least)} of a call, first in "
        f"{full_month(study.months[place])}; calls force a sale of {usd_m(forced, 0)} "
        "on average"
    )


def _figure(study: Study, monthly: dict[str, _Record]) -> go.Figure:
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    figure.update_layout(template=TEMPLATE, height=_HEIGHT_PX)
    when = dates(study.months)
    for who, colour, dash in (("plan", PLAN, "solid"), ("baseline", MUTED, "dash")):
        for event, width in ((CALL, 2.2), (LIQUIDATION, 1.2)):
            if who in monthly:
                shares = monthly[who]["events"][event]["by_month_frac"]
                name = f"{_WHO[who]}: {event_label(event)}"
                style = {"color": colour, "dash": dash, "width": width}
                figure.add_trace(_line(when, shares, name, style), row=1, col=1)
    for event, shares in monthly["plan"]["events"].items():
        if event not in {CALL, LIQUIDATION}:
            style = {"color": DOWN, "dash": "dot", "width": 1.6}
            name = plain(f"Plan: {event_label(event)}")
            line = _line(when, shares["by_month_frac"], name, style)
            figure.add_trace(line, row=1, col=1)
    _add_ltv(figure, study, when, monthly["plan"]["levels"][_LTV])
    figure.update_yaxes(title_text="Scenarios so far, %", range=[0, 100], row=1, col=1)
    figure.update_yaxes(title_text="Loan to value, %", rangemode="tozero", row=2, col=1)
    figure.update_layout(hovermode="x unified", margin={"t": 72})
    return figure


def _add_ltv(
    figure: go.Figure, study: Study, when: list[str], level: dict[str, list[float]]
) -> None:
    """Add loan to value: band, median, base path and the loan's levels."""
    edge = {"width": 0, "color": PLAN}
    low = _line(when, level["p05"], "P5", edge).update(showlegend=False)
    high = _line(when, level["p95"], "P5 to P95", edge)
    figure.add_trace(low, row=2, col=1)
    high.update(fill="tonexty", fillcolor=BAND)
    figure.add_trace(high, row=2, col=1)
    middle = {"color": PLAN, "width": 1, "dash": "dot"}
    figure.add_trace(_line(when, level["p50"], "Median", middle), row=2, col=1)
    base = {"color": PLAN, "width": 2.2}
    figure.add_trace(_line(when, level["base"], "Base path", base), row=2, col=1)
    loan = study.company.loan
    for value, name, colour in (
        (loan.margin_call_ltv_frac, "Margin call", DOWN),
        (loan.liquidation_ltv_frac, "Liquidation", LIMIT),
    ):
        style = {"color": colour, "width": 1.4, "dash": "dash"}
        ends = _line([when[0], when[-1]], [value, value], name, style)
        figure.add_trace(ends, row=2, col=1)


def _line(
    when: list[str], shares: list[float], name: str, style: dict[str, object]
) -> go.Scatter:
    return go.Scatter(
        x=when,
        y=[_PER_CENT * share for share in shares],
        name=name,
        mode="lines",
        line=style,
        hovertemplate="%{y:,.1f}",
    )


def _table(study: Study, monthly: dict[str, _Record]) -> Table:
    columns: list[Column] = [text("month", "Month")]
    series: list[list[Cell]] = [list(study.months)]
    for who, name in _WHO.items():
        for event, shares in monthly.get(who, {}).get("events", {}).items():
            for part, words in (("in_month", "in the month"), ("by_month", "so far")):
                label = f"{name}: {event_label(event)} {words}"
                key = f"{who}_{event}_{part}_frac"
                columns.append(number(key, label, "%", scale=_PER_CENT))
                series.append(list(shares[f"{part}_frac"]))
    shown = (
        (_LTV, "LTV at the low", "%", _PER_CENT, 1),
        (_DISTANCE, "Distance to a call", "USD/BTC", 1.0, 0),
    )
    for level, label, unit, scale, decimals in shown:
        for part in ("base", "p05", "p50", "p95"):
            key, end = f"plan_{part}_{level}", part.replace("p0", "p").upper()
            title = f"{label}, {'base path' if part == 'base' else end}"
            columns.append(number(key, title, unit, scale=scale, decimals=decimals))
            series.append(list(monthly["plan"]["levels"][level][part]))
    rows = tuple(zip(*series, strict=True))
    return Table("margin_risk", "Risk by month", tuple(columns), rows)


def _headlines(score: Mapping[str, Any], note: str) -> Exhibit:
    shares, means = score["probabilities"], score["columns"]
    rows: list[tuple[Cell, ...]] = []
    for event in score["monthly"]["plan"]["events"]:
        spans = WITHIN_MONTHS if event in {CALL, LIQUIDATION} else ()
        keys = [
            (f"{event}_within_{n}_months_frac", f"within {n} months") for n in spans
        ]
        for key, words in (*keys, (f"{event}_frac", "by the horizon")):
            label = f"{event_label(event).capitalize()} {words}"
            values = (shares.get(name) for name in (key, f"baseline_{key}"))
            rows.append((label, "%", *(_scaled(value, _PER_CENT) for value in values)))
    for column, label, unit, scale in _MEANS:
        kept = (means.get(name) for name in (column, f"baseline_{column}"))
        values = (None if one is None else one["mean"] for one in kept)
        rows.append((label, unit, *(_scaled(value, scale) for value in values)))
    column = "least_call_distance_usd_per_btc"
    kept = (means.get(name) for name in (column, f"baseline_{column}"))
    values = (None if one is None else one["quantiles"]["p05"] for one in kept)
    rows.append(("Least distance to a call, P5", "USD/BTC", *values))
    columns = (
        text("measure", ""),
        text("unit", "Unit"),
        number("plan", "Plan"),
        number("baseline", "Business as usual"),
    )
    return Exhibit(
        id="margin_headlines",
        title="Margin and liquidity risk",
        reading=f"Over {score['n_scenarios']:,} scenarios, seed {score['seed']}.",
        table=Table("margin_headlines", "Headline risks", columns, tuple(rows)),
        is_open=True,
        note=note,
    )


def _opening_columns() -> tuple[Column, ...]:
    return (
        text("opening_state", "Opening state"),
        number("cash_usd", "Cash", "USD m", scale=_USD_M),
        number("loan_usd", "Loan", "USD m", scale=_USD_M),
        number("btc_pledged", "Pledged", "BTC", decimals=0),
        number("opening_ltv_frac", "LTV", "%", scale=_PER_CENT),
        number("margin_call_ltv_frac", "Call at", "%", scale=_PER_CENT),
        *(
            number(
                f"{CALL}_within_{n}_months_frac",
                f"Call in {n} months",
                "%",
                scale=_PER_CENT,
            )
            for n in WITHIN_MONTHS
        ),
        number(f"{LIQUIDATION}_frac", "Liquidation", "%", scale=_PER_CENT),
        number("equity_needed_frac", "Emergency equity", "%", scale=_PER_CENT),
        number("npv_negative_frac", "NPV < 0", "%", scale=_PER_CENT),
        number("forced_sale_usd", "Forced sale, mean", "USD m", scale=_USD_M),
    )


def _opening(opening: _Record, note: str) -> Exhibit:
    columns = _opening_columns()
    rows: list[tuple[Cell, ...]] = []
    by_id = {}
    for case in opening["cases"]:
        cells = case | case["figures"]
        rows.append((case["label"], *(cells[column.key] for column in columns[1:])))
        by_id[case["case_id"]] = case["figures"][f"{CALL}_within_3_months_frac"]
    reading = ""
    if {"low", "base", "high"} <= set(by_id):
        reading = sentence(
            "between the good and the bad end of the opening state a call within "
            f"three months has a chance of {percent(by_id['high'], 0)} to "
            f"{percent(by_id['low'], 0)}, in the base case {percent(by_id['base'], 0)}"
        )
    left_out = " ".join(
        f"Left out, {case_id}: {why}." for case_id, why in opening.get("left_out", [])
    )
    return Exhibit(
        id="opening_range",
        title="How far the opening state decides",
        reading=reading,
        table=Table("opening_range", "Opening state", columns, tuple(rows)),
        is_open=True,
        note=(
            f"The plan's decisions stay; {opening['n_scenarios']:,} scenarios, the "
            "same in every row. Low is against the company, high for it: more or less "
            "spent since the last published balance and so drawn on the loan, with "
            "stricter and dearer, or milder and cheaper, terms; below them one input "
            "at a time. "
            f"{left_out} {note}"
        ),
    )


def _scaled(value: object, scale: float) -> float | None:
    return float(value) * scale if isinstance(value, int | float) else None
