# SPDX-License-Identifier: Apache-2.0
"""The plan beside business as usual, naive plans and run-off.

What the figures are stands in `optimizer.report.kpis`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from models.capacity import LINES
from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import amount, joined, sentence, usd_m
from optimizer.report.kpis import key_figures
from optimizer.report.style import DOWN, LINE_NAMES, MUTED, PLAN, new_figure, plain
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optimizer.planning import PlanResult
    from optimizer.report.data import ReportData
    from optimizer.report.table import Column

__all__ = ["comparison_exhibit", "equity_usd"]

_USD_M = 1e-6


def comparison_exhibit(data: ReportData) -> Exhibit:
    """Return NPV and the rest of every plan compared.

    Parameters
    ----------
    data : ReportData
        Plan, business as usual and the others.
    """
    rows = [(name, *_row(data, result)) for name, result in data.compared.items()]
    return Exhibit(
        id="comparison",
        title="The plan beside the alternatives",
        reading=_reading(data),
        figure=_figure(data.compared),
        is_open=True,
        table=Table(
            "comparison",
            "Plans on the base path",
            _columns(),
            tuple(rows),
            strong=frozenset({0}),
            note=(
                "Naive plans fill as many MW-months with one line as power, space and "
                "cash allow. The change is counted from business as usual, the IRR "
                "from the run-off (from business as usual where there is none). A plan "
                "that needs emergency equity is not fundable from cash and BTC alone."
            ),
        ),
    )


def _columns() -> tuple[Column, ...]:
    return (
        text("plan", "Plan"),
        number("npv_usd", "NPV", "USD m", scale=_USD_M),
        number("change_usd", "Change", "USD m", scale=_USD_M, signed=True),
        number("irr_per_year", "IRR", "% a year", scale=100.0),
        number("capex_usd", "Capex", "USD m", scale=_USD_M),
        number("min_cash_usd", "Least cash", "USD m", scale=_USD_M),
        number("equity_usd", "Emergency equity", "USD m", scale=_USD_M),
        number("mined_btc", "BTC mined", "BTC", decimals=0),
        number("final_btc", "BTC at horizon", "BTC", decimals=0),
        *(number(f"{line}_mw", f"{LINE_NAMES[line]} at end", "MW") for line in LINES),
    )


def _row(data: ReportData, result: PlanResult) -> tuple[float | None, ...]:
    figures = key_figures(data, result)
    return (
        figures.npv_usd,
        figures.change_usd,
        figures.irr_per_year,
        figures.capex_usd,
        figures.min_cash_usd,
        figures.equity_usd,
        figures.mined_btc,
        figures.final_btc,
        *(figures.line_mw[line] for line in LINES),
    )


def _reading(data: ReportData) -> str:
    rest = {n: r for n, r in data.compared.items() if n != "Plan"}
    best = max(rest, key=lambda name: rest[name].npv_usd)
    gap = data.plan.npv_usd - rest[best].npv_usd
    words = (
        f"the plan is worth {usd_m(data.plan.npv_usd)}, "
        f"{usd_m(abs(gap))} {'more' if gap >= 0 else 'less'} than the next best, "
        f"{_lower(best)}"
    )
    raised = {name: equity_usd(result) for name, result in data.compared.items()}
    broke = [
        f"{_lower(name)} ({usd_m(equity)})" for name, equity in raised.items() if equity
    ]
    if broke:
        words += f"; emergency equity is needed by {joined(broke)}"
    return sentence(words)


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def equity_usd(result: PlanResult) -> float:
    """Return the emergency equity a plan raises on the base path [USD]."""
    raised = result.ledger.treasury.equity_usd[0]
    return float(raised[raised > 1.0].sum())


def _figure(plans: Mapping[str, PlanResult]) -> go.Figure:
    names = list(plans)
    values = [plans[name].npv_usd * _USD_M for name in names]
    colours = [PLAN if name == "Plan" else MUTED for name in names]
    figure = new_figure(70 + 40 * len(names), margin={"l": 24, "r": 60, "t": 10})
    figure.add_trace(
        go.Bar(
            orientation="h",
            x=values,
            y=[plain(name) for name in names],
            marker={"color": colours},
            text=[amount(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text} USD m<extra></extra>",
            width=0.6,
            showlegend=False,
        )
    )
    figure.add_vline(x=0, line_width=1, line_color=DOWN if min(values) < 0 else MUTED)
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.18 * max(high - low, 1e-9)
    figure.update_xaxes(
        title_text="NPV, USD m",
        range=[low - (room if low < 0 else 0), high + (room if high > 0 else 0)],
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure
