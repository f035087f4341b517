# SPDX-License-Identifier: Apache-2.0
"""Cash, BTC and loan over time, with the cash floor and bands where scored.

How balances move stands in `models.treasury`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from models.months import add_months
from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import btc, full_month, percent, sentence, usd_m
from optimizer.report.kpis import flow_months
from optimizer.report.style import (
    BAND,
    DOWN,
    LINE_COLOURS,
    MUTED,
    PLAN,
    TEMPLATE,
    dates,
)
from optimizer.report.table import Cell, Table, number, text

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.planning import PlanResult
    from optimizer.report.fan import TreasuryFan

__all__ = ["treasury_exhibit"]

_USD_M = 1e-6
_HEIGHT_PX = 700
_LOAN_COLOUR = "#7B4B94"


def treasury_exhibit(
    study: Study,
    plan: PlanResult,
    baseline: PlanResult,
    fan: TreasuryFan | None = None,
) -> Exhibit:
    """Return balances of cash, BTC and loan at every month's end.

    Parameters
    ----------
    study : Study
        Study.
    plan, baseline : PlanResult
        The plan; business as usual.
    fan : TreasuryFan or None
        Bands over sampled scenarios.
    """
    note = (
        "Balances at the end of each month on the base path; the first is the opening."
    )
    if fan is not None:
        note += (
            f" Bands: 5th to 95th percentile of {fan.n_scenarios:,} sampled scenarios, "
            "in which the treasury sells BTC and, as a last resort, raises emergency "
            "equity to keep the cash floor."
        )
    return Exhibit(
        id="treasury",
        title="Balances at each month's end",
        reading=_reading(study, plan, fan),
        figure=_figure(study, plan, baseline, fan),
        table=_table(study, plan, fan),
        note=note,
    )


def _reading(study: Study, plan: PlanResult, fan: TreasuryFan | None) -> str:
    treasury = plan.ledger.treasury
    cash = treasury.cash_usd[0, 1:]
    least = full_month(study.months[int(cash.argmin())])
    parts = [
        f"cash is least in {least} at {usd_m(float(cash.min()))}, against a floor of "
        f"{usd_m(study.company.cash_floor_usd)}"
    ]
    held = treasury.btc_free[0] + treasury.btc_pledged[0]
    sold = float(treasury.btc_sold[0].sum())
    left = "none is" if held[-1] < 0.05 else f"{btc(float(held[-1]))} are"
    parts.append(f"{btc(sold)} are sold, {left} left at the horizon")
    loan = treasury.loan_usd[0]
    if loan[0] > 0.0:
        paid = [k for k in range(len(loan)) if loan[k] < 1.0]
        if paid and paid[0] > 0:
            month = full_month(study.months[paid[0] - 1])
            parts.append(f"the loan of {usd_m(loan[0])} is repaid by {month}")
        else:
            parts.append(f"the loan ends at {usd_m(loan[-1])}")
    words = sentence("; ".join(parts))
    if fan is not None:
        low = fan.cash_usd[0, 1:]
        at_floor = float((low <= study.company.cash_floor_usd * (1 + 1e-9)).mean())
        words += " " + sentence(
            f"in one scenario of twenty cash stands at its floor in "
            f"{percent(at_floor, 0)} of the months or more"
            if at_floor > 0.0
            else "the 5th percentile of cash never falls under "
            f"{usd_m(float(low.min()))}"
        )
    return words


def _figure(
    study: Study, plan: PlanResult, baseline: PlanResult, fan: TreasuryFan | None
) -> go.Figure:
    figure = make_subplots(rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    figure.update_layout(template=TEMPLATE, height=_HEIGHT_PX)
    # The balance at a month's end stands on the first day of the next month.
    when = dates((*study.months, add_months(study.months[-1], 1)))
    panels = _panels(plan, baseline, fan)
    for row, (series, other, band, colour, title) in enumerate(panels, start=1):
        if band is not None:
            _add_band(figure, when, band, row)
        figure.add_trace(
            _line(when, other, "Business as usual", MUTED, "dash", row), row=row, col=1
        )
        figure.add_trace(_line(when, series, "Plan", colour, "solid", row), row, 1)
        figure.update_yaxes(title_text=title, rangemode="tozero", row=row, col=1)
    floor = study.company.cash_floor_usd * _USD_M
    figure.add_trace(
        go.Scatter(
            x=[when[0], when[-1]],
            y=[floor, floor],
            mode="lines",
            name="Cash floor",
            line={"color": DOWN, "width": 1.5, "dash": "dot"},
            hovertemplate="%{y:,.1f}",
        ),
        row=1,
        col=1,
    )
    figure.update_layout(hovermode="x unified", margin={"t": 48})
    return figure


def _panels(
    plan: PlanResult, baseline: PlanResult, fan: TreasuryFan | None
) -> tuple[tuple[FloatArray, FloatArray, FloatArray | None, str, str], ...]:
    """Return plan, business as usual, band, colour and axis title of each panel."""
    own, base = plan.ledger.treasury, baseline.ledger.treasury
    return (
        (
            own.cash_usd[0] * _USD_M,
            base.cash_usd[0] * _USD_M,
            None if fan is None else fan.cash_usd * _USD_M,
            PLAN,
            "Cash, USD m",
        ),
        (
            own.btc_free[0] + own.btc_pledged[0],
            base.btc_free[0] + base.btc_pledged[0],
            None if fan is None else fan.held_btc,
            LINE_COLOURS["self_mining"],
            "BTC held",
        ),
        (
            own.loan_usd[0] * _USD_M,
            base.loan_usd[0] * _USD_M,
            None if fan is None else fan.loan_usd * _USD_M,
            _LOAN_COLOUR,
            "Loan, USD m",
        ),
    )


def _line(
    when: list[str], series: FloatArray, name: str, colour: str, dash: str, row: int
) -> go.Scatter:
    return go.Scatter(
        x=when,
        y=series,
        name=name,
        mode="lines",
        legendgroup=name,
        showlegend=row == 1,
        line={"color": colour, "dash": dash, "width": 2.2 if dash == "solid" else 1.4},
        hovertemplate="%{y:,.1f}",
    )


def _add_band(figure: go.Figure, when: list[str], band: FloatArray, row: int) -> None:
    edge = {"width": 0, "color": PLAN}
    figure.add_trace(
        go.Scatter(
            x=when,
            y=band[0],
            mode="lines",
            line=edge,
            showlegend=False,
            name="P5",
            hovertemplate="%{y:,.1f}",
        ),
        row=row,
        col=1,
    )
    figure.add_trace(
        go.Scatter(
            x=when,
            y=band[2],
            mode="lines",
            line=edge,
            fill="tonexty",
            fillcolor=BAND,
            name="P5 to P95",
            legendgroup="band",
            showlegend=row == 1,
            hovertemplate="%{y:,.1f}",
        ),
        row=row,
        col=1,
    )
    figure.add_trace(
        go.Scatter(
            x=when,
            y=band[1],
            mode="lines",
            name="Median of scenarios",
            legendgroup="median",
            showlegend=row == 1,
            line={"color": PLAN, "width": 1, "dash": "dot"},
            hovertemplate="%{y:,.1f}",
        ),
        row=row,
        col=1,
    )


def _table(study: Study, plan: PlanResult, fan: TreasuryFan | None) -> Table:
    treasury = plan.ledger.treasury
    columns = [
        text("month_end", "End of"),
        number("cash_usd", "Cash", "USD m", scale=_USD_M),
        number("btc_free", "BTC free", "BTC", decimals=0),
        number("btc_pledged", "BTC pledged", "BTC", decimals=0),
        number("loan_usd", "Loan", "USD m", scale=_USD_M),
        number("btc_sold", "BTC sold", "BTC", decimals=0),
        number("equity_usd", "Emergency equity", "USD m", scale=_USD_M),
    ]
    if fan is not None:
        columns += [
            number("cash_p05_usd", "Cash P5", "USD m", scale=_USD_M),
            number("cash_p50_usd", "Cash P50", "USD m", scale=_USD_M),
            number("cash_p95_usd", "Cash P95", "USD m", scale=_USD_M),
        ]
    rows: list[tuple[Cell, ...]] = []
    for index, month in enumerate(flow_months(study)):
        is_opening = index == 0
        row: list[Cell] = [
            month,
            float(treasury.cash_usd[0, index]),
            float(treasury.btc_free[0, index]),
            float(treasury.btc_pledged[0, index]),
            float(treasury.loan_usd[0, index]),
            None if is_opening else float(treasury.btc_sold[0, index - 1]),
            None if is_opening else float(treasury.equity_usd[0, index - 1]),
        ]
        if fan is not None:
            row += [float(value) for value in fan.cash_usd[:, index]]
        rows.append(tuple(row))
    return Table(
        "treasury", "Balances at each month's end", tuple(columns), tuple(rows)
    )
