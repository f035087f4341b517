# SPDX-License-Identifier: Apache-2.0
"""Break-even heatmap: BTC price against power price, the best line in each cell.

What a block of power is and earns stands in `optimizer.report.blocks`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from models.capacity import LINES
from models.market import base_paths
from models.path_changes import repeated, scaled
from models.power import base_price_usd_per_mwh
from optimizer.report.blocks import blocks_at, margin_usd_per_mwh
from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import LINE_LABELS, amount, joined, sentence, usd
from optimizer.report.marks import today_mark
from optimizer.report.style import (
    INK,
    LINE_COLOURS,
    LINE_NAMES,
    TEMPLATE,
    plain,
)
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.site import Site
    from models.study import Study
    from optimizer.report.blocks import Block

__all__ = ["SiteMargins", "breakeven_exhibit", "site_margins", "uses_table"]

PRICE_FACTORS: Final = tuple(round(0.4 + 0.1 * k, 1) for k in range(17))
POWER_FACTORS: Final = tuple(round(0.4 + 0.1 * k, 1) for k in range(13))
_NONE_COLOUR: Final = "#E4E8EC"
_ROW_PX = 300


@dataclass(frozen=True, slots=True)
class SiteMargins:
    """What each use of a site's power earns over a grid of prices.

    Parameters
    ----------
    site : Site
        Site.
    blocks : tuple of Block
        Uses of its power.
    btc_price_usd, power_usd_per_mwh : ndarray of shape (n_prices,), (n_powers,)
        Axes: price in the first month. [USD/BTC, USD/MWh]
    margin : ndarray of shape (n_blocks, n_powers, n_prices)
        Margin of each use at the site's hurdle. [USD/MWh]
    """

    site: Site
    blocks: tuple[Block, ...]
    btc_price_usd: FloatArray
    power_usd_per_mwh: FloatArray
    margin: FloatArray

    def best(self, line: str) -> tuple[FloatArray, list[int]]:
        """Return the best margin of a line, and which uses belong to the line.

        Returns
        -------
        tuple
            Margins of shape (n_powers, n_prices), -inf where the site has no use of
            the line [USD/MWh], and positions among the blocks.
        """
        own = [k for k, block in enumerate(self.blocks) if block.line == line]
        if not own:
            return np.full(self.margin.shape[1:], -np.inf), own
        return self.margin[own].max(axis=0), own

    def here(self) -> tuple[int, int]:
        """Return the cell of the base case, (power, price)."""
        return POWER_FACTORS.index(1.0), PRICE_FACTORS.index(1.0)


def site_margins(study: Study) -> tuple[SiteMargins, ...]:
    """Return margins over the grid for every site with a use of its power.

    Parameters
    ----------
    study : Study
        Study.
    """
    prices = np.tile(PRICE_FACTORS, len(POWER_FACTORS))
    powers = np.repeat(POWER_FACTORS, len(PRICE_FACTORS))
    paths = scaled(
        study,
        repeated(base_paths(study), len(prices)),
        {"btc_price": prices, "power_price": powers},
    )
    shape = (len(POWER_FACTORS), len(PRICE_FACTORS))
    found = []
    for site in study.sites:
        blocks = blocks_at(study, site)
        if not blocks:
            continue
        margin = np.stack(
            [margin_usd_per_mwh(study, b, paths).reshape(shape) for b in blocks]
        )
        power = float(base_price_usd_per_mwh(site, "flexible", 1)[0])
        found.append(
            SiteMargins(
                site=site,
                blocks=blocks,
                btc_price_usd=study.market.btc_price_usd * np.array(PRICE_FACTORS),
                power_usd_per_mwh=power * np.array(POWER_FACTORS),
                margin=margin,
            )
        )
    return tuple(found)


def breakeven_exhibit(study: Study) -> Exhibit:
    """Return which line is best at each BTC and power price, by site.

    Parameters
    ----------
    study : Study
        Study.
    """
    margins = site_margins(study)
    return Exhibit(
        id="breakeven",
        title="Best use of a megawatt at each BTC price and power price",
        reading=_reading(margins),
        figure=_figure(margins) if margins else None,
        table=_table(margins),
        note=(
            "Each use is one block of power valued alone by the monthly engine: "
            "after tax, machines, space and end values included, per MWh of facility "
            "power, at the site's hurdle rate; above zero it clears the hurdle. "
            "Prices move the whole base path, the network hashrate stays. Present "
            "machines are compared with their sale today. Firm power for GPUs moves "
            "with the price shown. The star is the base case."
        ),
        folds=(
            Fold("Every use of a block of power, base case", (uses_table(margins),)),
        ),
    )


def _figure(margins: tuple[SiteMargins, ...]) -> go.Figure:
    columns = 2 if len(margins) > 1 else 1
    rows = -(-len(margins) // columns)
    height = 100 + _ROW_PX * rows
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[plain(one.site.name) for one in margins],
        horizontal_spacing=0.12,
        vertical_spacing=90 / height,
    )
    figure.update_layout(template=TEMPLATE, height=height)
    for index, one in enumerate(margins):
        row, column = index // columns + 1, index % columns + 1
        _add_site(figure, one, row, column)
    for colour, name in (
        *((LINE_COLOURS[line], f"{LINE_NAMES[line]} best") for line in LINES),
        (_NONE_COLOUR, "Nothing clears the hurdle"),
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
        legend={"y": 1.0 + 34 / height, "itemclick": False, "itemdoubleclick": False},
        margin={"t": 84},
    )
    figure.update_annotations(font={"size": 13})
    return figure


def _winner(one: SiteMargins) -> tuple[FloatArray, FloatArray]:
    """Return the best line (0 none, 1... by `LINES`) and its margin by cell."""
    by_line = np.stack([one.best(line)[0] for line in LINES])
    top: FloatArray = by_line.max(axis=0)
    return np.where(top > 0.0, by_line.argmax(axis=0) + 1, 0).astype(float), top


def _add_site(figure: go.Figure, one: SiteMargins, row: int, column: int) -> None:
    winner, top = _winner(one)
    x = one.btc_price_usd / 1e3
    figure.add_trace(_cells(one, winner), row=row, col=column)
    if top.min() < 0.0 < top.max():
        figure.add_trace(
            go.Contour(
                x=x,
                y=one.power_usd_per_mwh,
                z=top,
                contours={"start": 0, "end": 0, "size": 1, "coloring": "none"},
                line={"color": INK, "width": 1.6},
                showscale=False,
                showlegend=False,
                hoverinfo="skip",
            ),
            row=row,
            col=column,
        )
    power, price = one.here()
    mark = today_mark(x[price], one.power_usd_per_mwh[power])
    figure.add_trace(mark, row=row, col=column)
    what = "Hosting rate" if one.site.partner is not None else "Power"
    figure.update_xaxes(
        title_text="BTC price, USD k", showgrid=False, row=row, col=column
    )
    figure.update_yaxes(
        title_text=f"{what}, USD/MWh", showgrid=False, row=row, col=column
    )


def _cells(one: SiteMargins, winner: FloatArray) -> go.Heatmap:
    """Return the coloured cells of a site, one colour per line."""
    colours = [_NONE_COLOUR, *(LINE_COLOURS[line] for line in LINES)]
    steps: list[list[object]] = []
    for k, colour in enumerate(colours):
        steps += [[k / 4, colour], [(k + 1) / 4, colour]]
    return go.Heatmap(
        x=one.btc_price_usd / 1e3,
        y=one.power_usd_per_mwh,
        z=winner,
        zmin=-0.5,
        zmax=3.5,
        colorscale=steps,
        showscale=False,
        xgap=1,
        ygap=1,
        opacity=0.9,
        customdata=_hover(one),
        hovertemplate=(
            "BTC at USD %{x:.0f}k, power at USD %{y:.0f}/MWh<br>"
            "%{customdata}<extra></extra>"
        ),
    )


def _hover(one: SiteMargins) -> list[list[str]]:
    n_powers, n_prices = one.margin.shape[1:]
    words = [["" for _ in range(n_prices)] for _ in range(n_powers)]
    for line in LINES:
        best, own = one.best(line)
        if not own:
            continue
        which = one.margin[own].argmax(axis=0)
        for y in range(n_powers):
            for x in range(n_prices):
                label = plain(one.blocks[own[int(which[y, x])]].label)
                margin = amount(float(best[y, x]), signed=True)
                words[y][x] += f"{LINE_NAMES[line]}: {margin} USD/MWh ({label})<br>"
    return words


def _reading(margins: tuple[SiteMargins, ...]) -> str:
    """Return what is best today, and from which BTC price mining would be."""
    if not margins:
        return ""
    price = float(margins[0].btc_price_usd[margins[0].here()[1]])
    parts, idle = [], []
    for one in margins:
        margin, line = max(
            (float(one.best(line)[0][one.here()]), line) for line in LINES
        )
        if margin > 0.0:
            parts.append(
                f"{LINE_LABELS[line]} is the best use at {one.site.name} "
                f"({amount(margin, signed=True)} USD/MWh above the hurdle)"
            )
        else:
            idle.append(one.site.name)
    if idle:
        parts.append(f"no use of a new block clears the hurdle at {joined(idle)}")
    words = sentence(f"at {usd(price)} per BTC {'; '.join(parts)}")
    later = [
        f"{usd(found)} at {one.site.name}"
        for one in margins
        if (found := _mining_from_usd(one)) > price
    ]
    if later:
        words += " " + sentence(f"self-mining is the best from about {joined(later)}")
    return words


def _mining_from_usd(one: SiteMargins) -> float:
    """Return from which BTC price mining is best at today's power price, or NaN [USD].

    The lowest grid price from which it stays the best and clears the hurdle.
    """
    power, _ = one.here()
    best, own = one.best("self_mining")
    if not own:
        return float("nan")
    others = [one.best(line)[0][power] for line in LINES if line != "self_mining"]
    loses = best[power] <= np.maximum(np.max(others, axis=0), 0.0)
    first = int(np.flatnonzero(loses)[-1]) + 1 if loses.any() else 0
    if first == len(one.btc_price_usd):
        return float("nan")
    return float(one.btc_price_usd[first])


def _table(margins: tuple[SiteMargins, ...]) -> Table:
    columns = (
        text("site", "Site"),
        number("btc_price_usd", "BTC price", "USD", decimals=0),
        number("power_usd_per_mwh", "Power", "USD/MWh"),
        *(number(f"{line}_usd_per_mwh", LINE_NAMES[line], "USD/MWh") for line in LINES),
        text("best", "Best"),
    )
    rows = []
    for one in margins:
        by_line = [one.best(line)[0] for line in LINES]
        winner, _ = _winner(one)
        for y, power in enumerate(one.power_usd_per_mwh):
            for x, price in enumerate(one.btc_price_usd):
                cells = [float(best[y, x]) for best in by_line]
                best = int(winner[y, x])
                rows.append(
                    (
                        one.site.name,
                        float(price),
                        float(power),
                        *(c if np.isfinite(c) else None for c in cells),
                        LINE_NAMES[LINES[best - 1]] if best else "none",
                    )
                )
    return Table(
        "breakeven",
        "Margin at the hurdle, by site, BTC price and power price",
        columns,
        tuple(rows),
    )


def uses_table(margins: tuple[SiteMargins, ...]) -> Table:
    """Return every use of a block of power with its margin in the base case."""
    columns = (
        text("site", "Site"),
        text("line", "Line"),
        text("use", "Use"),
        number("facility_mw", "Block", "MW"),
        number("margin_usd_per_mwh", "Margin at the hurdle", "USD/MWh", signed=True),
    )
    rows = []
    for one in margins:
        power, price = one.here()
        own = [
            (
                one.site.name,
                LINE_NAMES[block.line],
                block.label,
                block.mw,
                float(one.margin[k, power, price]),
            )
            for k, block in enumerate(one.blocks)
        ]
        rows += sorted(own, key=lambda row: -row[4])
    return Table("uses", "Uses of a block of power today", columns, tuple(rows))
