# SPDX-License-Identifier: Apache-2.0
"""What drives the plan: shares of the variance, and each driver drawn alone.

What drivers are and how their indices come about stands in `optimizer.drivers`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gpu.liquidity import CALL
from optimizer.drivers_result import inside
from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import amount, joined, percent, sentence, usd_m
from optimizer.report.style import INK, MUTED, PLAN, SHELL, TEMPLATE, plain
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from gpu.sampling.sobol_indices import Estimate
    from optimizer.drivers_result import Drivers, DriverShare, FigureDrivers

__all__ = ["drivers_exhibit"]

_USD_M: Final = 1e-6
_PER_CENT: Final = 100.0
_SMALL_FRAC: Final = 0.0015
_MOST: Final = 6
_ROW_PX: Final = 34
_HEAD_PX: Final = 92
_EDGES_PX: Final = 126
_LIFT: Final = 0.19
_BAR: Final = 0.34
_RANGE: Final = "#8DA0B8"
_THINGS: Final = {CALL: "whether the loan is called"}


def drivers_exhibit(found: Drivers) -> Exhibit:
    """Return which draws make the plan's figures scatter, and by how much.

    Parameters
    ----------
    found : Drivers
        What drives the plan.
    """
    shown = [figure for figure in found.figures if _moving(figure)]
    return Exhibit(
        id="drivers",
        title="What drives it",
        reading=_reading(shown),
        figure=_figure(shown) if shown else None,
        table=_table(found),
        note=" ".join((_HOW, *_alone_words(found), *found.correlations)),
    )


_HOW: Final = (
    "Sobol indices of the independent draws behind each driver, in scenarios that swap "
    "one driver's draws for another scenario's. First order: the share of the variance "
    "that the driver makes by itself. Total: the share that would be left if all other "
    "drivers were known; what it has beyond the first order it makes together with "
    "others. Whiskers: 95 % confidence. Variance counts gains as it counts losses."
)


def _alone_words(found: Drivers) -> tuple[str, ...]:
    return (
        f"Drawn alone: {found.n_alone:,} scenarios in which everything else stays on "
        "the base path; the bar holds eight of ten of them, the tick is the median and "
        "the line the base path.",
        f"{found.n_scenarios:,} pairs of scenarios, seed {found.seed}.",
        "Network, fees and rents that answer to the BTC price do so through it: that "
        "answer is its doing.",
    )


def _moving(figure: FigureDrivers) -> list[DriverShare]:
    """Return the drivers of a figure that matter, the largest first."""
    return [one for one in figure.shares if one.total_frac.value > _SMALL_FRAC][:_MOST]


def _reading(figures: list[FigureDrivers]) -> str:
    """Return the largest driver of each figure, and the next one of the first."""
    if not figures:
        return sentence("no figure of the plan moves in any scenario")
    leaders: dict[str, list[str]] = {}
    for figure in figures:
        first = figure.shares[0]
        words = f"{percent(first.first_frac.value, 0)} of the variance of "
        words = words if first.name not in leaders else words.split(" the")[0] + " "
        words += _THINGS.get(figure.key, inside(figure.name))
        if first.total_frac.value - first.first_frac.value > 0.01:
            words += f" ({percent(first.total_frac.value, 0)} with others)"
        leaders.setdefault(first.name, []).append(words)
    told = [f"{name} alone makes {joined(words)}" for name, words in leaders.items()]
    words = sentence("; ".join(told))
    # An index whose interval holds zero is noise, however large it looks.
    others = [one for one in _moving(figures[0])[1:] if one.total_frac.low > 0.0]
    if others:
        second = others[0]
        words += " " + sentence(
            f"next for {inside(figures[0].name)} comes {inside(second.name)}, "
            f"{percent(second.total_frac.value)} in all: drawn alone it leaves "
            f"{inside(figures[0].name)} between {usd_m(second.alone.p10)} and "
            f"{usd_m(second.alone.p90)} in eight of ten futures"
        )
    return words


def _figure(figures: list[FigureDrivers]) -> go.Figure:
    """Return two panels per figure: shares of its variance, and drivers alone."""
    sizes = [_HEAD_PX + _ROW_PX * len(_moving(figure)) for figure in figures]
    height = 60 + sum(sizes)
    titles = []
    for figure in figures:
        name = plain(figure.name)
        titles += [name, ""]
    panels = make_subplots(
        rows=len(figures),
        cols=2,
        subplot_titles=titles,
        shared_yaxes=True,
        horizontal_spacing=0.06,
        vertical_spacing=min(80 / (height - _EDGES_PX), 0.8 / max(len(figures) - 1, 1)),
        row_heights=[float(len(_moving(figure)) + 0.4) for figure in figures],
    )
    panels.update_layout(
        template=TEMPLATE,
        height=height,
        barmode="overlay",
        legend={"y": 1.0 + 30 / height, "itemclick": False, "itemdoubleclick": False},
        margin={"l": 24, "r": 30, "t": 78},
    )
    for row, figure in enumerate(figures, start=1):
        _add_shares(panels, figure, row)
        _add_alone(panels, figure, row)
    panels.update_annotations(font={"size": 13})
    return panels


def _add_shares(panels: go.Figure, figure: FigureDrivers, row: int) -> None:
    """Add first-order and total indices with their intervals."""
    shares = _moving(figure)
    names = [plain(one.name) for one in shares]
    for title, colour, lift, found in (
        ("Alone (first order)", PLAN, -_LIFT, [one.first_frac for one in shares]),
        ("With all others (total)", SHELL, _LIFT, [one.total_frac for one in shares]),
    ):
        bars = _index_bars(title, colour, lift, names, found)
        panels.add_trace(bars.update(showlegend=row == 1), row=row, col=1)
    panels.update_xaxes(
        title_text="% of variance", range=[-2.0, 108.0], dtick=50, row=row, col=1
    )
    panels.update_yaxes(
        tickvals=list(range(len(shares))),
        ticktext=names,
        range=[len(shares) - 0.5, -0.5],
        showgrid=False,
        ticks="",
        row=row,
    )


def _index_bars(
    title: str, colour: str, lift: float, names: list[str], found: list[Estimate]
) -> go.Bar:
    """Return one bar per driver, in per cent, with the ends of its interval."""
    ends = [(_PER_CENT * one.low, _PER_CENT * one.high) for one in found]
    return go.Bar(
        orientation="h",
        x=[_PER_CENT * one.value for one in found],
        y=[place + lift for place in range(len(found))],
        width=_BAR,
        name=title,
        legendgroup=title,
        marker={"color": colour},
        error_x={
            "type": "data",
            "array": [_PER_CENT * (one.high - one.value) for one in found],
            "color": INK,
            "thickness": 1,
            "width": 3,
        },
        customdata=[[name, *pair] for name, pair in zip(names, ends, strict=True)],
        hovertemplate=(
            "%{customdata[0]}: %{x:.1f} % (%{customdata[1]:.1f} to "
            "%{customdata[2]:.1f})<extra></extra>"
        ),
    )


def _add_alone(panels: go.Figure, figure: FigureDrivers, row: int) -> None:
    """Add what the figure does when one driver alone is drawn."""
    shares = _moving(figure)
    is_money = figure.unit == "USD"
    scale = _USD_M if is_money else _PER_CENT
    base = figure.base * scale
    # A probability has no tenths: its bar runs from the base path to the share.
    drawn = [
        (one.alone.p10, one.alone.p50, one.alone.p90)
        if is_money
        else (figure.base, one.alone.mean, one.alone.mean)
        for one in shares
    ]
    lows, middles, highs = (
        [scale * end for end in ends] for ends in zip(*drawn, strict=True)
    )
    places = list(range(len(shares)))
    panels.add_trace(
        go.Bar(
            orientation="h",
            base=lows,
            x=[high - low for low, high in zip(lows, highs, strict=True)],
            y=places,
            width=0.5,
            marker={"color": _RANGE},
            showlegend=False,
            customdata=[
                [plain(one.name), f"{amount(low)} to {amount(high)}"]
                for one, low, high in zip(shares, lows, highs, strict=True)
            ],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
        ),
        row=row,
        col=2,
    )
    panels.add_trace(_ticks(middles, places), row=row, col=2)
    panels.add_vline(x=base, line_width=1.2, line_color=MUTED, row=row, col=2)
    low, high = min(base, *lows), max(base, *highs)
    room = 0.06 * max(high - low, 1e-9 + 0.1 * abs(base))
    title = "alone, USD m" if is_money else "alone, %"
    panels.update_xaxes(
        title_text=title, range=[low - room, high + room], row=row, col=2
    )


def _ticks(middles: list[float], places: list[int]) -> go.Scatter:
    """Return the medians as upright ticks."""
    return go.Scatter(
        x=middles,
        y=places,
        mode="markers",
        marker={
            "symbol": "line-ns",
            "size": 17,
            "line": {"color": PLAN, "width": 2.5},
        },
        showlegend=False,
        hoverinfo="skip",
    )


def _table(found: Drivers) -> Table:
    columns = (
        text("figure", "Figure"),
        text("driver", "Driver"),
        number("first_order_frac", "First order", "%", scale=_PER_CENT),
        number("first_order_low_frac", "from", "%", scale=_PER_CENT),
        number("first_order_high_frac", "to", "%", scale=_PER_CENT),
        number("total_frac", "Total", "%", scale=_PER_CENT),
        number("total_low_frac", "from", "%", scale=_PER_CENT),
        number("total_high_frac", "to", "%", scale=_PER_CENT),
        number("alone_p10_usd", "Alone: P10", "USD m", scale=_USD_M),
        number("alone_p50_usd", "P50", "USD m", scale=_USD_M),
        number("alone_p90_usd", "P90", "USD m", scale=_USD_M),
        number("alone_frac", "Alone: in", "% of scenarios", scale=_PER_CENT),
    )
    rows = []
    for figure in found.figures:
        for share in figure.shares:
            alone = (share.alone.p10, share.alone.p50, share.alone.p90)
            is_money = figure.unit == "USD"
            shown = (*alone, None) if is_money else (*(None,) * 3, share.alone.mean)
            indices = (
                *(share.first_frac.value, share.first_frac.low, share.first_frac.high),
                *(share.total_frac.value, share.total_frac.low, share.total_frac.high),
            )
            rows.append(
                (
                    figure.name,
                    share.name,
                    *(value if math.isfinite(value) else None for value in indices),
                    *shown,
                )
            )
    return Table("drivers", "Drivers of every figure", columns, tuple(rows))
