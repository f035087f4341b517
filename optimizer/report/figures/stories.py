# SPDX-License-Identifier: Apache-2.0
"""The plan in named stories, each beside the base path.

What the stories are stands in `optimizer.stress`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import amount, sentence, usd_m
from optimizer.report.style import DOWN, MUTED, PLAN, new_figure, plain
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["stress_exhibit"]

_USD_M = 1e-6


def stress_exhibit(rows: Sequence[dict[str, Any]], terms_note: str = "") -> Exhibit:
    """Return the plan in every story.

    Parameters
    ----------
    rows : sequence of dict
        Fields of `optimizer.stress.StoryResult`, the base path first.
    terms_note : str
        Which terms of the loan on pledged BTC are assumptions.
    """
    columns = (
        text("name", "Story"),
        number("npv_usd", "NPV", "USD m", scale=_USD_M),
        number("delta_npv_usd", "Against base path", "USD m", scale=_USD_M),
        number("incremental_npv_usd", "Over usual business", "USD m", scale=_USD_M),
        number("min_cash_usd", "Least cash", "USD m", scale=_USD_M),
        number("equity_usd", "Emergency equity", "USD m", scale=_USD_M),
        text("first_equity_month", "First in"),
        text("first_call_month", "Loan called in"),
        number("forced_sale_usd", "Forced sale", "USD m", scale=_USD_M),
        number("mined_btc", "BTC mined", "BTC", decimals=0),
        text("description", "What happens"),
    )
    return Exhibit(
        id="stress",
        title="The plan in named stories",
        reading=_reading(rows),
        figure=_figure(rows),
        table=Table(
            "stress",
            "Stories",
            columns,
            tuple(tuple(row.get(c.key) for c in columns) for row in rows),
        ),
        is_open=True,
        note="Decisions are those of the plan; the treasury gives where it must. "
        + terms_note,
    )


def _reading(rows: Sequence[dict[str, Any]]) -> str:
    stories = rows[1:] or rows
    worst = min(stories, key=lambda row: float(row["npv_usd"]))
    words = (
        f"{worst['name']} costs most: NPV falls by "
        f"{usd_m(abs(float(worst['delta_npv_usd'])))} to "
        f"{usd_m(float(worst['npv_usd']))}"
    )
    if float(worst["delta_npv_usd"]) >= 0.0:
        words = "no story lowers the plan's NPV"
    broke = [str(row["name"]) for row in stories if float(row["equity_usd"]) > 1.0]
    if broke:
        words += f"; emergency equity is needed in {len(broke)} of {len(stories)}"
    return sentence(words)


def _figure(rows: Sequence[dict[str, Any]]) -> go.Figure:
    names = [plain(str(row["name"])) for row in rows]
    values = [float(row["npv_usd"]) * _USD_M for row in rows]
    colours = [
        PLAN if k == 0 else DOWN if v < 0.0 else MUTED for k, v in enumerate(values)
    ]
    figure = new_figure(80 + 36 * len(rows), margin={"l": 24, "r": 60, "t": 10})
    figure.add_trace(
        go.Bar(
            orientation="h",
            x=values,
            y=names,
            marker={"color": colours},
            text=[amount(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text} USD m<extra></extra>",
            width=0.6,
            showlegend=False,
        )
    )
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.18 * max(high - low, 1e-9)
    figure.add_vline(x=0, line_width=1, line_color=MUTED)
    figure.update_xaxes(
        title_text="NPV, USD m",
        range=[low - (room if low < 0 else 0), high + (room if high > 0 else 0)],
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure
