# SPDX-License-Identifier: Apache-2.0
"""NPV waterfall from business as usual to the plan.

The steps themselves stand in `optimizer.report.bridge`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from optimizer.report.bridge import npv_bridge
from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import amount, joined, sentence, usd_m
from optimizer.report.style import DOWN, MUTED, TOTAL, UP, new_figure
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.planning import PlanResult
    from optimizer.report.bridge import Step

__all__ = ["waterfall_exhibit"]

_USD_M = 1e-6


def waterfall_exhibit(study: Study, plan: PlanResult, baseline: PlanResult) -> Exhibit:
    """Return where the value of the plan over business as usual comes from.

    Parameters
    ----------
    study : Study
        Study.
    plan, baseline : PlanResult
        The plan; business as usual.
    """
    steps = npv_bridge(study, plan, baseline)
    return Exhibit(
        id="waterfall",
        title="NPV from business as usual to the plan",
        reading=_reading(steps, plan, baseline),
        figure=_figure(steps, plan, baseline),
        table=_table(steps, plan, baseline),
        note=(
            "Differences of cash flows by ledger item, discounted at "
            f"{100 * study.company.discount_rate_per_year:g}% a year. Mined BTC counts "
            "as revenue at the month's price; what the treasury makes of it by selling "
            "or holding, opening BTC included, is a step of its own."
        ),
    )


def _reading(steps: tuple[Step, ...], plan: PlanResult, baseline: PlanResult) -> str:
    gain = plan.npv_usd - baseline.npv_usd
    word = "gains" if gain >= 0 else "loses"
    ranked = sorted(steps, key=lambda step: step.change_usd)
    best = [s for s in reversed(ranked) if s.change_usd > 0][:2]
    worst = [s for s in ranked if s.change_usd < 0][:2]
    text_ = f"The plan {word} {usd_m(abs(gain))} of NPV over business as usual"
    if best:
        text_ += ": most comes from " + joined(
            [f"{_lower(s.group)} ({usd_m(s.change_usd, signed=True)})" for s in best]
        )
    if worst:
        text_ += "; most is given up in " + joined(
            [f"{_lower(s.group)} ({usd_m(s.change_usd, signed=True)})" for s in worst]
        )
    return sentence(text_)


def _lower(words: str) -> str:
    is_acronym = words[:3] in ("BTC", "GPU")
    return words if is_acronym else words[0].lower() + words[1:]


def _figure(
    steps: tuple[Step, ...], plan: PlanResult, baseline: PlanResult
) -> go.Figure:
    names = ["Business as usual", *(s.group for s in steps), "Plan"]
    level = baseline.npv_usd * _USD_M
    bases, heights = [0.0], [level]
    colours, words = [MUTED], [amount(level)]
    levels = [level]
    for step in steps:
        change = step.change_usd * _USD_M
        bases.append(level)
        heights.append(change)
        colours.append(UP if change >= 0 else DOWN)
        words.append(amount(change, signed=True))
        level += change
        levels.append(level)
    last = plan.npv_usd * _USD_M
    bases.append(0.0)
    heights.append(last)
    colours.append(TOTAL)
    words.append(amount(last))
    figure = new_figure(90 + 30 * len(names), margin={"l": 24, "r": 24, "t": 16})
    figure.add_trace(
        go.Bar(
            orientation="h",
            y=names,
            x=heights,
            base=bases,
            marker={"color": colours},
            text=words,
            textposition="outside",
            cliponaxis=False,
            textfont={"size": 12},
            width=0.62,
            hovertemplate="%{y}: %{text} USD m<extra></extra>",
            showlegend=False,
        )
    )
    for index, at in enumerate(levels):
        figure.add_shape(
            type="line",
            x0=at,
            x1=at,
            y0=index - 0.31,
            y1=index + 1.31,
            line={"width": 1, "color": "#B8C0C8"},
            layer="below",
        )
    figure.add_vline(x=0, line_width=1, line_color=MUTED, layer="below")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    figure.update_xaxes(title_text="NPV, USD m", range=_range(levels, last))
    return figure


def _range(levels: list[float], last: float) -> list[float]:
    """Return an axis range with room for the words beside the bars."""
    low, high = min(0.0, last, *levels), max(0.0, last, *levels)
    room = 0.12 * max(high - low, 1e-9)
    return [low - room, high + room]


def _table(steps: tuple[Step, ...], plan: PlanResult, baseline: PlanResult) -> Table:
    columns = (
        text("step", "Step"),
        number("baseline_usd", "Business as usual", "USD m", scale=_USD_M),
        number("plan_usd", "Plan", "USD m", scale=_USD_M),
        number("change_usd", "Change", "USD m", scale=_USD_M, signed=True),
    )
    rows = [
        (step.group, step.baseline_usd, step.plan_usd, step.change_usd)
        for step in steps
    ]
    gain = plan.npv_usd - baseline.npv_usd
    rows.append(("NPV", baseline.npv_usd, plan.npv_usd, gain))
    return Table(
        "waterfall",
        "Present value by group of ledger items",
        columns,
        tuple(rows),
        strong=frozenset({len(rows) - 1}),
    )
