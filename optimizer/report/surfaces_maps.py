# SPDX-License-Identifier: Apache-2.0
"""Drawing of the maps of `optimizer.report.surfaces`.

What does not belong here: what the maps say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from models.capacity import LINES
from optimizer.report.marks import today_mark
from optimizer.report.style import (
    INK,
    LINE_COLOURS,
    LINE_NAMES,
    TEMPLATE,
    plain,
)
from optimizer.surfaces import (
    BTC_STEPS,
    NETWORK_STEPS,
    POWER_STEPS,
    RENT_STEPS,
    factors,
)
from optimizer.surfaces_borders import borders, chained, hurdle_borders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray
    from optimizer.surfaces import SiteSurface

__all__ = ["four_prices", "two_maps"]

_ROW_PX: Final = 300
_PALE: Final = {
    "self_mining": "#F3CDAF",
    "hosting": "#B0D1E6",
    "gpu_leasing": "#B0DECF",
}
_WIDE_POWERS: Final = (7, 0, -6)
_WIDE_RENTS: Final = (0, 13, 15)
_N_COLOURS: Final = 2 * len(LINES)


@dataclass(frozen=True, slots=True)
class _Map:
    """Axes and margins of one map, x fastest, and where today is."""

    x: FloatArray
    y: FloatArray
    margins: FloatArray
    lines: tuple[str, ...]
    today: tuple[float, float] | None


def two_maps(surfaces: Sequence[SiteSurface]) -> go.Figure:
    """Return two maps per site: BTC price and network; power price and GPU rent.

    Parameters
    ----------
    surfaces : sequence of SiteSurface
        Margins by site.
    """
    n_rows = len(surfaces)
    height = 110 + _ROW_PX * n_rows
    titles = []
    for surface in surfaces:
        name = plain(surface.name)
        titles += [name, name]
    figure = make_subplots(
        rows=n_rows,
        cols=2,
        subplot_titles=titles,
        horizontal_spacing=0.12,
        vertical_spacing=92 / height,
    )
    figure.update_layout(template=TEMPLATE, height=height, margin={"t": 84})
    for row, surface in enumerate(surfaces, start=1):
        _draw(figure, _btc_map(surface), (row, 1))
        _draw(figure, _rent_map(surface), (row, 2))
        _bitcoin_axes(figure, surface, (row, 1))
        what = "Hosting rate" if surface.has_partner else "Power price"
        powers = surface.power_usd_per_mwh * factors(POWER_STEPS)
        _log_axis(figure, "x", f"{what}, USD/MWh", powers, (row, 2))
        _log_axis(figure, "y", "GPU rent, x today", factors(RENT_STEPS), (row, 2))
    _legend(figure, surfaces, height)
    return figure


def four_prices(surfaces: Sequence[SiteSurface]) -> go.Figure:
    """Return nine maps of BTC price and network for one site, chosen by a button.

    Parameters
    ----------
    surfaces : sequence of SiteSurface
        Margins by site.
    """
    foot = 110 if len(surfaces) > 1 else 48
    height = 670 + foot
    figure = make_subplots(
        rows=len(_WIDE_POWERS),
        cols=len(_WIDE_RENTS),
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        vertical_spacing=0.05,
        subplot_titles=[f"GPU rent x {_short(rent)}" for rent in _WIDE_RENTS],
    )
    figure.update_layout(template=TEMPLATE, height=height, margin={"t": 84, "b": foot})
    spans = []
    for which, surface in enumerate(surfaces):
        start = len(figure.data)
        for row, power in enumerate(_WIDE_POWERS, start=1):
            for column, rent in enumerate(_WIDE_RENTS, start=1):
                place = (row, column)
                one = _btc_map(surface, power, rent)
                _draw(figure, one, place, has_words=False)
        spans.append(range(start, len(figure.data)))
        for index in spans[-1]:
            figure.data[index].visible = which == 0
    for row in range(1, len(_WIDE_POWERS) + 1):
        for column in range(1, len(_WIDE_RENTS) + 1):
            _bitcoin_axes(
                figure,
                surfaces[0],
                (row, column),
                power=_short(_WIDE_POWERS[row - 1]) if column == 1 else "",
                is_low=row == len(_WIDE_POWERS),
            )
    _legend(figure, surfaces, height)
    _buttons(figure, surfaces, spans)
    return figure


def _buttons(
    figure: go.Figure, surfaces: Sequence[SiteSurface], spans: Sequence[range]
) -> None:
    """Add a button per site that shows its traces and hides the others'."""
    if len(surfaces) < 2:
        return
    n_traces = len(figure.data)
    first_free = spans[-1].stop
    buttons = [
        {
            "label": plain(surface.name),
            "method": "restyle",
            "args": [
                {
                    "visible": [
                        index in span or index >= first_free
                        for index in range(n_traces)
                    ]
                }
            ],
        }
        for surface, span in zip(surfaces, spans, strict=True)
    ]
    menu = {
        "type": "buttons",
        "direction": "right",
        "buttons": buttons,
        "x": 0,
        "xanchor": "left",
        "y": -58 / 586,
        "yanchor": "top",
        "showactive": True,
        "font": {"size": 12},
    }
    figure.update_layout(updatemenus=[menu])


def _btc_map(surface: SiteSurface, power_step: int = 0, rent_step: int = 0) -> _Map:
    return _Map(
        x=surface.btc_price_usd * factors(BTC_STEPS) / 1e3,
        y=surface.network_eh_s * factors(NETWORK_STEPS),
        margins=surface.btc_by_network(power_step, rent_step),
        lines=tuple(line.line for line in surface.lines),
        today=(surface.btc_price_usd / 1e3, surface.network_eh_s),
    )


def _rent_map(surface: SiteSurface) -> _Map:
    return _Map(
        x=surface.power_usd_per_mwh * factors(POWER_STEPS),
        y=factors(RENT_STEPS),
        margins=surface.rent_by_power(),
        lines=tuple(line.line for line in surface.lines),
        today=(surface.power_usd_per_mwh, 1.0),
    )


def _draw(
    figure: go.Figure, one: _Map, place: tuple[int, int], *, has_words: bool = True
) -> None:
    """Add the cells of a map, the lines between its regions and today's point."""
    row, column = place
    figure.add_trace(_cells(one, has_words=has_words), row=row, col=column)
    for segments, dash in (
        (borders(one.margins), "solid"),
        (hurdle_borders(one.margins), "dot"),
    ):
        if len(segments):
            figure.add_trace(_drawn(one, segments, dash), row=row, col=column)
    if one.today is not None:
        figure.add_trace(today_mark(*one.today), row=row, col=column)


def _drawn(one: _Map, segments: FloatArray, dash: str) -> go.Scatter:
    """Return a border in the units of the map; its axes are logarithmic."""
    gap = np.full((1, 2), np.nan)
    path = np.concatenate(
        [piece for line in chained(segments) for piece in (line, gap)]
    )
    ends = [
        np.exp(np.interp(at, np.arange(len(axis)), np.log(axis))).round(4)
        for at, axis in ((path[:, 1], one.x), (path[:, 0], one.y))
    ]
    return go.Scatter(
        x=ends[0],
        y=ends[1],
        mode="lines",
        line={"color": INK, "width": 1.6 if dash == "solid" else 1.1, "dash": dash},
        showlegend=False,
        hoverinfo="skip",
    )


def _cells(one: _Map, *, has_words: bool) -> go.Heatmap:
    """Return cells coloured by the best line, pale where it misses the hurdle."""
    best, top = one.margins.argmax(axis=0), one.margins.max(axis=0)
    codes = np.array([LINES.index(line) for line in one.lines])[best]
    colours = [*LINE_COLOURS.values(), *(_PALE[line] for line in LINE_COLOURS)]
    steps: list[list[object]] = []
    for k, colour in enumerate(colours):
        steps += [[k / _N_COLOURS, colour], [(k + 1) / _N_COLOURS, colour]]
    cells = go.Heatmap(
        x=one.x,
        y=one.y,
        z=codes + np.where(top > 0.0, 0, len(LINES)),
        zmin=-0.5,
        zmax=_N_COLOURS - 0.5,
        colorscale=steps,
        showscale=False,
        hoverinfo="skip",
    )
    if has_words:
        names = np.array([LINE_NAMES[line] for line in one.lines])[best]
        cells.update(
            hoverinfo=None,
            customdata=np.stack([names, np.char.mod("%+.1f", top)], axis=-1),
            hovertemplate=(
                "%{x:,.3~f}, %{y:,.3~f}<br>%{customdata[0]}: %{customdata[1]} USD/MWh"
                "<extra></extra>"
            ),
        )
    return cells


def _bitcoin_axes(
    figure: go.Figure,
    surface: SiteSurface,
    place: tuple[int, int],
    *,
    power: str | None = None,
    is_low: bool = True,
) -> None:
    title = "Network, EH/s"
    if power is not None:
        title = f"Power x {power}<br>{title}" if power else ""
    prices = surface.btc_price_usd * factors(BTC_STEPS) / 1e3
    networks = surface.network_eh_s * factors(NETWORK_STEPS)
    _log_axis(figure, "x", "BTC price, USD k" if is_low else "", prices, place)
    _log_axis(figure, "y", title, networks, place)


def _log_axis(
    figure: go.Figure,
    which: str,
    title: str,
    values: FloatArray,
    place: tuple[int, int],
) -> None:
    """Make an axis logarithmic, with round numbers on it."""
    low, high = float(values[0]), float(values[-1])
    ticks = [
        digit * 10.0**power
        for power in range(-2, 6)
        for digit in (1, 1.5, 2, 3, 4, 5, 7)
        if low <= digit * 10.0**power <= high
    ]
    if len(ticks) > 6:
        ticks = [tick for tick in ticks if f"{tick:.0e}"[0] in "1235"]
        ticks = [tick for tick in ticks if f"{tick:e}"[2] != "5"]
    half = 0.5 * float(np.log10(values[1] / values[0]))
    change = figure.update_xaxes if which == "x" else figure.update_yaxes
    change(
        type="log",
        title_text=title or None,
        tickvals=ticks,
        ticktext=[f"{tick:,.6g}" for tick in ticks],
        range=[float(np.log10(low)) - half, float(np.log10(high)) + half],
        showgrid=False,
        row=place[0],
        col=place[1],
    )


def _short(step: int) -> str:
    factor = float(factors([step])[0])
    return f"{factor:.2g}"


def _legend(figure: go.Figure, surfaces: Sequence[SiteSurface], height_px: int) -> None:
    """Name the colours of the lines that some site has a use for."""
    known = {line.line for surface in surfaces for line in surface.lines}
    for line in (one for one in LINES if one in known):
        for colour, name in (
            (LINE_COLOURS[line], f"{LINE_NAMES[line]} best"),
            (_PALE[line], "below the hurdle"),
        ):
            figure.add_trace(
                go.Scatter(
                    x=[None],
                    y=[None],
                    mode="markers",
                    name=name,
                    marker={"symbol": "square", "size": 13, "color": colour},
                )
            )
    figure.update_layout(
        legend={
            "y": 1.0 + 34 / height_px,
            "itemclick": False,
            "itemdoubleclick": False,
        }
    )
    figure.update_annotations(font={"size": 13})
