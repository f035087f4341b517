# SPDX-License-Identifier: Apache-2.0
"""MW by line per site over time, against contracted and energised power.

How MW come about stands in `models.capacity`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from models.capacity import LINES, commitment_mw, energised_mw, usage
from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import (
    LINE_LABELS,
    full_month,
    joined,
    megawatts,
    sentence,
)
from optimizer.report.style import (
    LIMIT,
    LINE_COLOURS,
    LINE_NAMES,
    POWER,
    TEMPLATE,
    dates,
    plain,
)
from optimizer.report.table import Cell, Table, number, text

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.planning import PlanResult

__all__ = ["capacity_exhibit", "capacity_reading"]

_SEEN_MW = 0.05
_ROW_PX = 210


def capacity_exhibit(study: Study, plan: PlanResult, baseline: PlanResult) -> Exhibit:
    """Return MW by line per site and month, with power as a line.

    Parameters
    ----------
    study : Study
        Study.
    plan, baseline : PlanResult
        The plan; business as usual, whose first month is today.
    """
    used = usage(study, plan.plan).by_line_mw
    power = energised_mw(study, plan.plan)
    committed = commitment_mw(study, plan.plan)
    return Exhibit(
        id="capacity",
        title="Power by business line at each site",
        reading=capacity_reading(study, plan, baseline),
        figure=_figure(study, used, power, committed),
        table=_table(study, used, power, committed),
        note=(
            "Facility MW reserved for machines, also those that stand by, and clients. "
            "Energised: contracted at "
            "the start plus phases that are live. At partner sites the dotted line is "
            "the MW under the hosting contract. GPUs leased in stand in their owner's "
            "hall and take no MW here."
        ),
    )


def capacity_reading(study: Study, plan: PlanResult, baseline: PlanResult) -> str:
    """Return what each site's MW do, in one sentence per site that changes."""
    used = usage(study, plan.plan).by_line_mw
    today = usage(study, baseline.plan).by_line_mw[:, :, 0]
    idle, parts = [], []
    for index, site in enumerate(study.sites):
        if used[index].max(initial=0.0) < _SEEN_MW and today[index].max() < _SEEN_MW:
            idle.append(site.name)
            continue
        parts.append(_site_words(study, site.name, used[index], today[index]))
    if idle:
        verb = "stays" if len(idle) == 1 else "stay"
        parts.append(f"{joined(idle)} {verb} unbuilt")
    return " ".join(sentence(part) for part in parts)


def _site_words(
    study: Study, name: str, used_mw: FloatArray, today_mw: FloatArray
) -> str:
    """Return how one site changes from today to the horizon, and in between."""
    words = _change_words(study, name, used_mw, today_mw)
    passing = [
        f"{megawatts(used_mw[k].max())} of {LINE_LABELS[LINES[k]]}"
        for k in range(len(LINES))
        if used_mw[k].max() > max(used_mw[k, -1], today_mw[k]) + _SEEN_MW
        and max(used_mw[k, -1], today_mw[k]) < _SEEN_MW
    ]
    return f"{words}, with {joined(passing)} for a time" if passing else words


def _change_words(
    study: Study, name: str, used_mw: FloatArray, today_mw: FloatArray
) -> str:
    change = used_mw[:, -1] - today_mw
    down = [k for k in range(len(LINES)) if change[k] < -_SEEN_MW]
    up = [k for k in range(len(LINES)) if change[k] > _SEEN_MW]
    if not down and not up:
        held = [
            f"{megawatts(used_mw[k, -1])} of {LINE_LABELS[LINES[k]]}"
            for k in range(len(LINES))
            if used_mw[k, -1] > _SEEN_MW
        ]
        return f"{name} keeps {joined(held)}" if held else f"{name} ends empty"
    settled = max(_settled(used_mw[k]) for k in (*down, *up))
    by = f"by {full_month(study.months[settled])}"
    if up and down:
        moved = min(-change[down].sum(), change[up].sum())
        words = (
            f"{name} moves {megawatts(moved)} from {_lines(down)} to {_lines(up)} {by}"
        )
        rest = change[up].sum() + change[down].sum()
        if rest > _SEEN_MW:
            words += f" and adds {megawatts(rest)} more"
        elif rest < -_SEEN_MW:
            words += f" and leaves {megawatts(-rest)} unused"
        return words
    if up:
        return f"{name} adds {megawatts(change[up].sum())} of {_lines(up)} {by}"
    return f"{name} winds down {megawatts(-change[down].sum())} of {_lines(down)} {by}"


def _lines(indices: list[int]) -> str:
    return joined([LINE_LABELS[LINES[k]] for k in indices])


def _settled(series_mw: FloatArray) -> int:
    """Return the first period from which a series stays at its last value."""
    moving = np.flatnonzero(np.abs(series_mw - series_mw[-1]) > _SEEN_MW)
    return int(moving[-1]) + 1 if len(moving) else 0


def _shown_sites(used: FloatArray, power: FloatArray) -> list[int]:
    busy = (used.max(axis=(1, 2)) > _SEEN_MW) | (power.max(axis=1) > _SEEN_MW)
    return [int(k) for k in np.flatnonzero(busy)]


def _figure(
    study: Study, used: FloatArray, power: FloatArray, committed: FloatArray
) -> go.Figure:
    shown = _shown_sites(used, power)
    rows = max(len(shown), 1)
    height = 104 + _ROW_PX * rows
    figure = make_subplots(
        rows=rows,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=44 / height,
        subplot_titles=[plain(study.sites[k].name) for k in shown],
    )
    figure.update_layout(template=TEMPLATE, height=height)
    when = dates(study.months)
    for row, site in enumerate(shown, start=1):
        for index, line in enumerate(LINES):
            area = _area(when, used[site, index], line, is_first=row == 1)
            figure.add_trace(area, row=row, col=1)
        is_partner = study.sites[site].partner is not None
        limits = [("Energised power", power[site], "solid", LIMIT)]
        if is_partner:
            limits = [
                ("Hosting contract of the plan", committed[site], "dot", LIMIT),
                ("Partner power at the start", power[site], "dash", POWER),
            ]
        for name, series, dash, colour in limits:
            figure.add_trace(
                go.Scatter(
                    x=when,
                    y=series,
                    name=name,
                    mode="lines",
                    line={"shape": "hv", "width": 2, "dash": dash, "color": colour},
                    legendgroup=name,
                    showlegend=all(trace.name != name for trace in figure.data),
                    hovertemplate="%{y:,.1f} MW",
                ),
                row=row,
                col=1,
            )
        figure.update_yaxes(title_text="MW", rangemode="tozero", row=row, col=1)
    figure.update_layout(
        hovermode="x unified",
        legend={"y": 1.0 + 30 / height, "yanchor": "bottom"},
        margin={"t": 92},
    )
    figure.update_annotations(font={"size": 13}, x=0, xanchor="left")
    return figure


def _area(
    when: list[str], series_mw: FloatArray, line: str, *, is_first: bool
) -> go.Scatter:
    return go.Scatter(
        x=when,
        y=series_mw,
        name=LINE_NAMES[line],
        legendgroup=line,
        showlegend=is_first,
        stackgroup="lines",
        mode="lines",
        line={"shape": "hv", "width": 0, "color": LINE_COLOURS[line]},
        fillcolor=_tint(LINE_COLOURS[line]),
        hovertemplate="%{y:,.1f} MW",
    )


def _tint(colour: str) -> str:
    """Return a line's accent, light enough for limits to show on top of it."""
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.78)"


def _table(
    study: Study, used: FloatArray, power: FloatArray, committed: FloatArray
) -> Table:
    columns = (
        text("month", "Month"),
        text("site", "Site"),
        *(number(f"{line}_mw", LINE_NAMES[line], "MW") for line in LINES),
        number("energised_mw", "Energised", "MW"),
        number("committed_mw", "Partner contract", "MW"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            month,
            site.name,
            *(float(used[index, k, period]) for k in range(len(LINES))),
            float(power[index, period]),
            float(committed[index, period]),
        )
        for index, site in enumerate(study.sites)
        for period, month in enumerate(study.months)
    )
    return Table("capacity", "MW by site, line and month", columns, rows)
