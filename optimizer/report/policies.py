# SPDX-License-Identifier: Apache-2.0
"""The chapter on treasury policies: what each risks and is worth, and what to do.

The sentences follow from the scores (`optimizer.policy_tables`). What does not belong
here: planning and scoring the policies (`optimizer.policies`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from optimizer.opening_range import assumed_loan_terms
from optimizer.policies import WITHIN_MONTHS
from optimizer.policy_runs import read_scores, unfinanced, unproven
from optimizer.policy_tables import short_usd
from optimizer.report.exhibit import Exhibit, Section
from optimizer.report.formats import percent, sentence, usd_m
from optimizer.report.style import DOWN, MUTED, PLAN, TEMPLATE, plain
from optimizer.report.table import Table, number, text
from optimizer.risk_tables import terms_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optimizer.policies import PolicyScore
    from optimizer.report.data import ReportData
    from optimizer.report.table import Column

__all__ = ["policy_sections"]

_USD_M: Final = 1e-6
_SHADES: Final = ("#C9D3DE", "#7F95AE", PLAN)


def policy_sections(data: ReportData) -> tuple[Section, ...]:
    """Return the chapter on treasury policies; none where the run compares none.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    if not data.policies:
        return ()
    scores = read_scores(data.policies)
    lead = (
        "The same company and the same futures under different treasury policies: a "
        "plan was found under each, then played through the same scenarios."
    )
    said = [str(words) for words in data.policies.get("advice") or ()]
    missing = "" if scores else "Not scored yet: `wattplan score DIR` does it."
    return (
        Section(
            "policies",
            "Hold or sell",
            (_exhibit(data, scores),) if scores else (),
            lead=" ".join((lead, *said, *unfinanced(data.policies))),
            missing=missing,
        ),
    )


def _exhibit(data: ReportData, scores: Sequence[PolicyScore]) -> Exhibit:
    terms = terms_note(assumed_loan_terms(data.provenance))
    n_scenarios = int(data.policies.get("n_scenarios") or 0)
    parts = (
        f"{n_scenarios:,} scenarios, the same for every policy; CVaR is the mean of "
        "the worst 5%. Under each policy all else is decided for value; business as "
        "usual goes on mining. A month's own sales come before its lowest price is "
        "tested for a call.",
        *unproven(data.policies),
        terms,
    )
    return Exhibit(
        id="policies",
        title="Chance of a margin call, and value, by treasury policy",
        reading=_reading(scores),
        figure=_figure(scores),
        table=Table(
            "policies",
            "Treasury policies",
            _columns(),
            tuple(_row(score) for score in scores),
        ),
        is_open=True,
        note=" ".join(part for part in parts if part),
    )


def _reading(scores: Sequence[PolicyScore]) -> str:
    safe = max(scores, key=lambda score: score.npv_cvar_usd)
    worst = max(scores, key=lambda score: score.forced_btc)
    words = (
        f"advised: {safe.name}, which leaves {usd_m(safe.npv_cvar_usd)} in the worst "
        f"5% of scenarios and is called within a year in "
        f"{percent(safe.call_within_12_months_frac, 0)}"
    )
    if worst is not safe:
        words += (
            f"; under {worst.name} those are {usd_m(worst.npv_cvar_usd)} and "
            f"{percent(worst.call_within_12_months_frac, 0)}"
        )
    return sentence(words)


def _columns() -> tuple[Column, ...]:
    chances = (
        number(
            f"call_within_{months}_months_frac",
            f"Call in {months} months",
            "%",
            scale=100.0,
        )
        for months in WITHIN_MONTHS
    )
    return (
        text("name", "Policy"),
        number("npv_usd", "NPV, base path", "USD m", scale=_USD_M),
        number("npv_mean_usd", "NPV, mean", "USD m", scale=_USD_M),
        number("npv_cvar_usd", "NPV, CVaR 95", "USD m", scale=_USD_M),
        *chances,
        number("liquidation_frac", "Liquidation", "%", scale=100.0),
        number("forced_btc", "Sold under calls", "BTC", decimals=0),
        number("forced_sale_usd", "Sold under calls", "USD m", scale=_USD_M),
        number("equity_needed_frac", "Emergency equity", "%", scale=100.0),
        number("short_usd", "Not financed", "USD m", scale=_USD_M),
    )


def _row(score: PolicyScore) -> tuple[float | str | None, ...]:
    values = score.row() | {"short_usd": short_usd(score) or None}
    return tuple(values[column.key] for column in _columns())


def _figure(scores: Sequence[PolicyScore]) -> go.Figure:
    """Return chances of a call on the left, NPV from tail to mean on the right."""
    names = [plain(score.name) for score in scores]
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
        subplot_titles=("Margin call within, % of scenarios", "NPV, USD m"),
    )
    _add_calls(figure, scores, names)
    _add_values(figure, scores, names)
    figure.update_layout(
        template=TEMPLATE,
        height=130 + 52 * len(names),
        margin={"l": 24, "r": 24, "t": 70, "b": 40},
        legend={"y": 1.12},
    )
    figure.update_xaxes(range=[0.0, 100.0], row=1, col=1)
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure


def _add_calls(
    figure: go.Figure, scores: Sequence[PolicyScore], names: list[str]
) -> None:
    for months, shade in zip(WITHIN_MONTHS, _SHADES, strict=True):
        chances = [
            100.0 * score.row()[f"call_within_{months}_months_frac"] for score in scores
        ]
        bar = go.Bar(
            orientation="h",
            x=chances,
            y=names,
            name=f"{months} months",
            marker={"color": shade},
            hovertemplate="%{y}: %{x:.1f} %<extra>" + f"{months} months</extra>",
        )
        figure.add_trace(bar, row=1, col=1)


def _add_values(
    figure: go.Figure, scores: Sequence[PolicyScore], names: list[str]
) -> None:
    for score, name in zip(scores, names, strict=True):
        ends = [score.npv_cvar_usd * _USD_M, score.npv_mean_usd * _USD_M]
        span = go.Scatter(
            x=ends,
            y=[name, name],
            mode="lines",
            line={"color": MUTED, "width": 2},
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_trace(span, row=1, col=2)
    marks = (
        ("worst 5%", "npv_cvar_usd", DOWN, "circle"),
        ("base path", "npv_usd", MUTED, "line-ns-open"),
        ("mean", "npv_mean_usd", PLAN, "circle"),
    )
    for label, key, colour, symbol in marks:
        dots = go.Scatter(
            x=[score.row()[key] * _USD_M for score in scores],
            y=names,
            mode="markers",
            name=f"NPV, {label}",
            marker={"color": colour, "size": 10, "symbol": symbol},
            hovertemplate="%{y}: %{x:,.1f} USD m<extra>" + f"{label}</extra>",
        )
        figure.add_trace(dots, row=1, col=2)
