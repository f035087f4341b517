# SPDX-License-Identifier: Apache-2.0
"""NPV together with the emergency equity that the same scenarios need.

What does not belong here: counting (`gpu.statistics.joint`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go

from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import percent, sentence, usd_m
from optimizer.report.style import DOWN, PLAN, TEMPLATE
from optimizer.report.table import Table, number

if TYPE_CHECKING:
    from gpu.statistics.distribution import JointDistribution
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.report.scores import Scores

__all__ = ["equity_exhibit"]

_USD_M: Final = 1e-6
_PER_CENT: Final = 100.0
_BARS: Final = 40
_SHOWN: Final = (0.02, 0.98)
"""Share of outcomes between which the axis runs, so that no tail flattens the rest."""
_NONE_USD: Final = 65_536.0
"""The finest that the pairs tell apart; less is no equity. [USD]"""
_PALE: Final = "#C9A227"
_HEIGHT_PX: Final = 380
_LEAST_FRAC: Final = 5e-4


def equity_exhibit(study: Study, scores: Scores) -> Exhibit | None:
    """Return which NPVs stand on emergency equity, or on more than can be raised.

    Parameters
    ----------
    study : Study
        Study.
    scores : Scores
        The plan over sampled scenarios.

    Returns
    -------
    Exhibit or None
        None where hardly any scenario needs emergency equity, or the run does not hold
        how the two are spread together.
    """
    pairs = {(one.x_name, one.y_name): one for one in scores.joints}
    pair = pairs.get(("npv_usd", "equity_usd"))
    if pair is None or scores.chance("equity_needed_frac").value < _LEAST_FRAC:
        return None
    limit_usd = study.company.emergency_equity_max_usd
    low, high = scores.spread("npv_usd").quantiles(np.array(_SHOWN)).tolist()
    edges = np.linspace(low, high, _BARS + 1)
    by_need = _by_need(pair, edges, limit_usd)
    names = (
        "no emergency equity",
        f"up to {usd_m(limit_usd, 0)} of it",
        "more than the company can raise",
    )
    return Exhibit(
        id="npv_and_equity",
        title="How much of NPV stands on emergency equity",
        reading=_reading(scores, pair, limit_usd),
        figure=_figure(edges, by_need, names),
        table=_table(edges, by_need),
        note=(
            f"{scores.note} Emergency equity is raised where cash and BTC do not hold "
            "the cash floor; NPV counts it as if it could always be had. The outermost "
            "bars hold all beyond the axis. Amounts of equity are known within a fifth."
        ),
    )


def _by_need(
    pair: JointDistribution, npv_edges_usd: FloatArray, limit_usd: float
) -> FloatArray:
    """Return shares (3, n_bars): without equity, with it, with more than the limit."""
    needs_usd = np.array([0.0, _NONE_USD, max(limit_usd, _NONE_USD), np.inf])
    return pair.on_grid(npv_edges_usd, needs_usd).T


def _figure(
    edges: FloatArray, by_need: FloatArray, names: tuple[str, ...]
) -> go.Figure:
    figure = go.Figure()
    for name, shares, colour in zip(names, by_need, (PLAN, _PALE, DOWN), strict=True):
        figure.add_trace(
            go.Bar(
                x=0.5 * (edges[1:] + edges[:-1]) * _USD_M,
                y=_PER_CENT * shares,
                width=float(edges[1] - edges[0]) * _USD_M,
                name=name,
                marker={"color": colour, "opacity": 0.7, "line": {"width": 0}},
                hovertemplate="NPV about USD %{x:,.0f}m: %{y:.2f}% of scenarios",
            )
        )
    figure.update_layout(
        template=TEMPLATE, height=_HEIGHT_PX, barmode="stack", bargap=0.02
    )
    figure.add_vline(
        x=0.0,
        line={"color": DOWN, "width": 1.6, "dash": "dash"},
        annotation_text="zero",
        annotation_position="top right",
        annotation_font={"size": 12, "color": DOWN},
    )
    figure.update_xaxes(title_text="NPV, USD m")
    figure.update_yaxes(title_text="Share of scenarios, %")
    return figure


def _reading(scores: Scores, pair: JointDistribution, limit_usd: float) -> str:
    _, gain = _by_need(pair, np.array([-np.inf, 0.0, np.inf]), limit_usd).T
    over = scores.chance("equity_over_limit_frac").value
    words = (
        f"NPV is positive in {percent(float(gain.sum()))} of scenarios: in "
        f"{percent(float(gain[0]))} without emergency equity, in "
        f"{percent(float(gain[1]))} with what the company can raise, and in "
        f"{percent(float(gain[2]))} with more than that, where the plan is worth less "
        f"than it looks; at any NPV {percent(over)} need more than can be raised"
    )
    return sentence(words)


def _table(edges: FloatArray, by_need: FloatArray) -> Table:
    columns = (
        number("npv_low_usd", "NPV from", "USD m", scale=_USD_M),
        number("npv_high_usd", "NPV to", "USD m", scale=_USD_M),
        number("no_equity_frac", "No equity", "%", scale=_PER_CENT, decimals=2),
        number("equity_frac", "Equity", "%", scale=_PER_CENT, decimals=2),
        number("over_limit_frac", "Over the limit", "%", scale=_PER_CENT, decimals=2),
    )
    low, high = [None, *edges[1:-1].tolist()], [*edges[1:-1].tolist(), None]
    rows = zip(low, high, *by_need.tolist(), strict=True)
    return Table("npv_and_equity", "NPV and emergency equity", columns, tuple(rows))
