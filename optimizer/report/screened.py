# SPDX-License-Identifier: Apache-2.0
"""Screened projects and stress stories as exhibits.

What they are stands in `optimizer.screening` and `optimizer.stress`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import amount, count, sentence, usd_m
from optimizer.report.records import record_table
from optimizer.report.style import DOWN, MUTED, PLAN, new_figure, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optimizer.report.data import ReportData

__all__ = ["screen_exhibits", "stress_exhibit"]

_SHOWN: Final = (
    "rank",
    "project",
    "mw",
    "start_month",
    "live_month",
    "verdict",
    "verdict_text",
    "npv_at_hurdle_usd",
    "irr_per_year",
    "hurdle_rate_per_year",
    "irr_at_hurdle_frac",
    "no_irr_frac",
    "payback_months",
    "invested_usd",
    "terminal_share_frac",
    "flags",
)
_TOP: Final = 25
_STORY_KEYS: Final = (
    "name",
    "npv_usd",
    "delta_npv_usd",
    "incremental_npv_usd",
    "min_cash_usd",
    "equity_usd",
    "first_equity_month",
    "mined_btc",
    "final_btc",
    "description",
)


def screen_exhibits(data: ReportData) -> tuple[Exhibit, ...]:
    """Return the ranking of candidate projects; nothing when none were screened.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    rows = [_worded(row) for row in data.screen]
    if not rows:
        return ()
    verdicts = [str(row.get("verdict", "")) for row in rows]
    words = (
        f"{count(len(rows), 'project')} screened: {verdicts.count('pass')} pass, "
        f"{verdicts.count('only if')} pass only if a price is kinder, "
        f"{verdicts.count('fail')} fail"
    )
    best = rows[0]
    if "npv_at_hurdle_usd" in best and "project" in best:
        words += (
            f"; the first is {best['project']} with "
            f"{usd_m(float(best['npv_at_hurdle_usd']), signed=True)} at its hurdle"
        )
    full = record_table("screen_all", "All projects, all figures", rows)
    return (
        Exhibit(
            id="screen-table",
            title="Candidate projects, ranked",
            reading=sentence(words),
            table=record_table(
                "screen", f"The first {min(_TOP, len(rows))}", rows[:_TOP], _SHOWN
            ),
            note=(
                "Each project on top of business as usual: incremental, after-tax, "
                "unlevered flows; shares are over sampled scenarios."
            ),
            folds=(Fold(f"All {len(rows)} projects", (full,)),),
        ),
    )


def _worded(row: dict[str, Any]) -> dict[str, Any]:
    words = dict(row)
    if "verdict" in words:
        words["verdict"] = str(words["verdict"]).replace("_", " ")
    return words


def stress_exhibit(data: ReportData) -> Exhibit:
    """Return the plan in every story.

    Parameters
    ----------
    data : ReportData
        The run; the first story is the base path.
    """
    rows = list(data.stress)
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
    return Exhibit(
        id="stress",
        title="The plan in named stories",
        reading=sentence(words),
        figure=_figure(rows),
        is_open=True,
        table=record_table("stress", "Stories", rows, _STORY_KEYS),
        note="Decisions are those of the plan; the treasury gives where it must.",
    )


def _figure(rows: Sequence[dict[str, Any]]) -> go.Figure:
    names = [plain(str(row["name"])) for row in rows]
    values = [float(row["npv_usd"]) / 1e6 for row in rows]
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
