# SPDX-License-Identifier: Apache-2.0
"""Marks that mean the same on every map of the report."""

from __future__ import annotations

import plotly.graph_objects as go

from optimizer.report.style import INK

__all__ = ["today_mark"]


def today_mark(x: float, y: float) -> go.Scatter:
    """Return the star that shows where the study stands today.

    Parameters
    ----------
    x, y : float
        Place in the units of the axes. [mixed]
    """
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={
            "symbol": "star",
            "size": 15,
            "color": "white",
            "line": {"color": INK, "width": 1.5},
        },
        showlegend=False,
        hoverinfo="skip",
    )
