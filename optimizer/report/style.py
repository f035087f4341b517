# SPDX-License-Identifier: Apache-2.0
"""Look of the figures: colours, template, and helpers that every figure uses.

One accent per business line, told apart also by colour-blind readers (after Okabe and
Ito). The look of the page stands in `page/report.css`. What does not belong here: data.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BAND",
    "DOWN",
    "FONT",
    "GRID",
    "INK",
    "LIMIT",
    "LINE_COLOURS",
    "LINE_NAMES",
    "MUTED",
    "PLAN",
    "POWER",
    "SHELL",
    "TOTAL",
    "UP",
    "dates",
    "new_figure",
    "plain",
]

LINE_COLOURS: Final = {
    "self_mining": "#D55E00",
    "hosting": "#0072B2",
    "gpu_leasing": "#009E73",
}
LINE_NAMES: Final = {
    "self_mining": "Self-mining",
    "hosting": "Hosting",
    "gpu_leasing": "GPU leasing",
}
INK: Final = "#1B2733"
MUTED: Final = "#5B6875"
GRID: Final = "#E3E7EB"
LIMIT: Final = "#1B2733"
POWER: Final = "#7A8794"
SHELL: Final = "#A9B4BE"
PLAN: Final = "#1F3A5F"
TOTAL: Final = "#1F3A5F"
UP: Final = "#4C8C6B"
DOWN: Final = "#B4544A"
BAND: Final = "rgba(31, 58, 95, 0.14)"
FONT: Final = '"Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, sans-serif'


def _axis() -> dict[str, object]:
    return {
        "showline": True,
        "linecolor": "#9AA5B0",
        "gridcolor": GRID,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": "#9AA5B0",
        "tickfont": {"size": 12, "color": MUTED},
        "title": {"font": {"size": 12, "color": INK}, "standoff": 8},
        "automargin": True,
        "exponentformat": "none",
        "separatethousands": True,
    }


TEMPLATE: Final = go.layout.Template(
    layout={
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "colorway": [*LINE_COLOURS.values(), PLAN, MUTED],
        "xaxis": _axis(),
        "yaxis": _axis(),
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yanchor": "bottom",
            "font": {"size": 12},
            "traceorder": "normal",
        },
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "bgcolor": "white"},
        "margin": {"l": 64, "r": 24, "t": 40, "b": 48},
        "separators": ".,",
    }
)


def new_figure(height_px: int = 380, **layout: object) -> go.Figure:
    """Return an empty figure in the report's look.

    Parameters
    ----------
    height_px : int
        Height on the page. [px]
    **layout : object
        Further Plotly layout.
    """
    figure = go.Figure()
    figure.update_layout(template=TEMPLATE, height=height_px, **layout)
    return figure


def plain(words: str) -> str:
    """Return text from input files so that a figure shows it and nothing more."""
    return html.escape(words, quote=False)


def dates(months: Sequence[str]) -> list[str]:
    """Return the first day of calendar months, as Plotly's date axes take them."""
    return [f"{month}-01" for month in months]
