# SPDX-License-Identifier: Apache-2.0
"""Histograms with cumulative curves: the panels of every distribution figure.

What does not belong here: what is distributed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from optimizer.report.formats import percent
from optimizer.report.style import DOWN, INK, MUTED, TEMPLATE

if TYPE_CHECKING:
    from gpu.statistics.distribution import Distribution

__all__ = ["add_distribution", "add_marker", "panels"]

_BINS = 60
_CDF_POINTS = 201
_SHOWN = (0.02, 0.98)
"""Share of outcomes between which an axis runs, so that no tail flattens the rest."""


def panels(titles: list[str]) -> go.Figure:
    """Return empty panels, one below the other, each with a cumulative axis.

    Parameters
    ----------
    titles : list of str
        Title of each panel.
    """
    rows = max(len(titles), 1)
    height = 70 + 250 * rows
    figure = make_subplots(
        rows=rows,
        cols=1,
        subplot_titles=titles,
        vertical_spacing=0.36 / rows,
        specs=[[{"secondary_y": True}] for _ in range(rows)],
    )
    figure.update_layout(
        template=TEMPLATE,
        height=height,
        bargap=0.02,
        showlegend=False,
        margin={"t": 44},
    )
    figure.update_annotations(font={"size": 13}, x=0, xanchor="left")
    return figure


def add_distribution(
    figure: go.Figure,
    row: int,
    spread: Distribution,
    colour: str,
    *,
    scale: float,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> None:
    """Add histogram and cumulative curve, both as shares of all scenarios.

    Parameters
    ----------
    figure : Figure
        Figure of `panels`.
    row : int
        Panel, from 1. [unitless]
    spread : Distribution
        Outcomes; those off the axis count in the outermost bars.
    colour : str
        Colour of the bars.
    scale : float
        Numbers on the axis over outcomes. [ratio]
    bounds : tuple of float
        Widest axis. [same as the axis]
    """
    if not len(spread.low):
        _add_missing(figure, row, 1.0)
        figure.add_trace(go.Bar(x=[], y=[]), row=row, col=1)
        return
    low, high = np.clip(scale * spread.quantiles(np.array(_SHOWN)), *bounds).tolist()
    if high <= low:
        low, high = low - 1.0, high + 1.0
    edges = np.linspace(low, high, _BINS + 1)
    reached = spread.below_frac(edges / scale)
    # The outermost bars hold all beyond the axis.
    reached[0], reached[-1] = 0.0, spread.known_frac
    figure.add_trace(
        go.Bar(
            x=0.5 * (edges[1:] + edges[:-1]),
            y=100.0 * np.diff(reached),
            width=float(edges[1] - edges[0]),
            marker={"color": colour, "opacity": 0.45, "line": {"width": 0}},
            hovertemplate="%{x:,.1f}: %{y:.1f}% of scenarios<extra></extra>",
        ),
        row=row,
        col=1,
    )
    shares = np.linspace(0.0, 1.0, _CDF_POINTS)
    levels = scale * spread.quantiles(shares)
    keep = (levels >= low) & (levels <= high)
    figure.add_trace(
        go.Scatter(
            x=levels[keep],
            y=100.0 * shares[keep] * spread.known_frac,
            mode="lines",
            line={"color": INK, "width": 1.8},
            hovertemplate="%{x:,.1f} or less: %{y:.0f}%<extra></extra>",
        ),
        row=row,
        col=1,
        secondary_y=True,
    )
    _name_axes(figure, row)
    _add_missing(figure, row, 1.0 - spread.known_frac)


def _name_axes(figure: go.Figure, row: int) -> None:
    figure.update_yaxes(
        title_text="Share of scenarios, %", row=row, col=1, secondary_y=False
    )
    figure.update_yaxes(
        title_text="Cumulative, %",
        range=[0, 104],
        tickmode="linear",
        tick0=0,
        dtick=25,
        showgrid=False,
        row=row,
        col=1,
        secondary_y=True,
    )


def _add_missing(figure: go.Figure, row: int, share: float) -> None:
    # Shares are sums of bins: the last digits of 1 may lack.
    if share <= 1e-9:
        return
    figure.add_annotation(
        text=f"no IRR: {percent(share)} of scenarios",
        showarrow=False,
        xref="x domain",
        yref="y domain",
        x=0.995,
        # A line above the title: beside it there is no room on a telephone.
        y=1.0,
        yshift=17,
        xanchor="right",
        yanchor="bottom",
        font={"size": 12, "color": MUTED},
        row=row,
        col=1,
    )


def add_marker(figure: go.Figure, row: int, value: float, words: str) -> None:
    """Add a vertical line with its words.

    Parameters
    ----------
    figure : Figure
        Figure of `panels`.
    row : int
        Panel, from 1. [unitless]
    value : float
        Where it stands. [same as the axis]
    words : str
        What it is.
    """
    figure.add_vline(
        x=value,
        row=row,
        col=1,
        line={"color": DOWN, "width": 1.6, "dash": "dash"},
        annotation_text=words,
        annotation_position="top right",
        annotation_font={"size": 12, "color": DOWN},
        annotation_bgcolor="rgba(255, 255, 255, 0.75)",
    )
