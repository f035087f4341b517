# SPDX-License-Identifier: Apache-2.0
"""Maps of which line earns most per MW: over BTC price and network, power and rent.

What margins are and how they come about stands in `optimizer.surfaces`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import (
    LINE_LABELS,
    amount,
    count,
    joined,
    percent,
    sentence,
    usd,
)
from optimizer.report.style import LINE_NAMES
from optimizer.report.surfaces_maps import four_prices, two_maps
from optimizer.report.table import Table, number, text
from optimizer.surfaces_turns import AXIS_NAMES, axis_value, best_today, break_evens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optimizer.surfaces import SiteSurface
    from optimizer.surfaces_turns import Turn

__all__ = ["surface_exhibits"]


def surface_exhibits(surfaces: Sequence[SiteSurface]) -> tuple[Exhibit, ...]:
    """Return which line wins where at each site; nothing without surfaces.

    Parameters
    ----------
    surfaces : sequence of SiteSurface
        Margins by site.
    """
    if not surfaces:
        return ()
    maps = Exhibit(
        id="surfaces",
        title="Which line earns most per MW",
        reading=_reading(surfaces),
        figure=two_maps(surfaces),
        table=_turns(surfaces),
        note=_NOTE,
        folds=(Fold("How much of the map each line wins", (_wins(surfaces),)),),
    )
    contested = [one for one in surfaces if len(one.lines) > 1]
    if not contested:
        return (maps,)
    first, is_one = contested[0].name, len(contested) == 1
    return (
        maps,
        Exhibit(
            id="surfaces_wide",
            title="All four prices at once" + (f": {first}" if is_one else ""),
            reading=_wide_reading(contested),
            figure=four_prices(contested),
            note=(
                "Nine maps of BTC price and network hashrate: to the right GPU rent "
                "grows, upwards the power price, both as multiples of today's; the "
                "star is today's BTC price and network. "
                f"{'' if is_one else 'Choose the site below the maps. '}Every cell is "
                "computed; the whole table stands in surfaces.parquet."
            ),
        ),
    )


_NOTE: Final = (
    "Left: at today's power price and GPU rents; right: at today's BTC price and "
    "network. Margin per MWh of facility power at the site's hurdle rate, of the best "
    "use of each line, valued alone as in the exhibit above: new machines and space at "
    "today's prices, clients on offer, GPUs on the market. Each price moves its whole "
    "base path, the others stay; mining sees BTC price over network alone, so its "
    "break-even is a straight line. Pale: the best line does not clear the hurdle. "
    "Black lines: the two best lines earn the same; dotted: the best one earns just "
    "the hurdle. The star is today."
)


def _reading(surfaces: Sequence[SiteSurface]) -> str:
    """Return who is best today, and what turns that soonest."""
    return " ".join(sentence(_site_words(surface)) for surface in surfaces)


def _site_words(surface: SiteSurface) -> str:
    line, margin = best_today(surface)
    sides = [t for t in break_evens(surface) if t.axis in {"btc_price", "gpu_rent"}]
    if margin > 0.0:
        words = (
            f"at {surface.name} {LINE_LABELS[line]} earns most today, "
            f"USD {amount(margin)}/MWh over the hurdle"
        )
        wanted, verbs = "best", ("overtakes at", "at")
    else:
        words = (
            f"at {surface.name} nothing clears the hurdle today; {LINE_LABELS[line]} "
            f"comes nearest, USD {amount(-margin)}/MWh short"
        )
        wanted, verbs = "clears", ("clears it from", "from")
    turns = [
        f"{LINE_LABELS[turn.line]} {verbs[min(place, 1)]} {_where(surface, turn)}"
        for place, turn in enumerate(t for t in sides if t.kind == wanted)
    ]
    return f"{words}; {joined(turns)}" if turns else words


def _where(surface: SiteSurface, turn: Turn) -> str:
    value, _ = axis_value(surface, turn.axis, turn.factor)
    if turn.axis == "gpu_rent":
        return f"{amount(turn.factor)} times today's GPU rents"
    return usd(round(value, -3)) + " per BTC"


def _wide_reading(surfaces: Sequence[SiteSurface]) -> str:
    parts = []
    for surface in surfaces:
        wins = surface.wins_frac()
        shares = [
            f"{LINE_LABELS[line]} in {percent(share, 0)}"
            for line, (share, _) in wins.items()
        ]
        parts.append(f"at {surface.name} {joined(shares)}")
    points = count(surfaces[0].n_points, "combination")
    return sentence(f"of {points} of four prices, best is {'; '.join(parts)}")


def _turns(surfaces: Sequence[SiteSurface]) -> Table:
    columns = (
        text("site", "Site"),
        text("best_line", "Best today"),
        number("today_usd_per_mwh", "Margin today", "USD/MWh", signed=True),
        text("axis", "If only"),
        number("factor", "is", "x today", decimals=2),
        number("value", "which is", decimals=1),
        text("unit", "Unit"),
        text("then", "From there on"),
        number("margin_usd_per_mwh", "Margin there", "USD/MWh", signed=True),
    )
    rows = []
    for surface in surfaces:
        line, margin = best_today(surface)
        for turn in break_evens(surface):
            value, unit = axis_value(surface, turn.axis, turn.factor)
            rows.append(
                (
                    surface.name,
                    LINE_NAMES[line],
                    margin,
                    AXIS_NAMES[turn.axis],
                    turn.factor,
                    value,
                    unit,
                    _then(turn),
                    turn.margin_usd_per_mwh,
                )
            )
    title = "Break-evens, one price at a time"
    return Table("surfaces", title, columns, tuple(rows))


def _then(turn: Turn) -> str:
    if turn.kind == "fails":
        return "nothing clears the hurdle"
    words = "earns most" if turn.kind == "best" else "clears the hurdle"
    return f"{LINE_NAMES[turn.line]} {words}"


def _wins(surfaces: Sequence[SiteSurface]) -> Table:
    columns = (
        text("site", "Site"),
        text("line", "Line"),
        number("best_frac", "Best", "% of all points", scale=100.0),
        number("clears_frac", "Best and clears", "% of all points", scale=100.0),
    )
    rows = tuple(
        (surface.name, LINE_NAMES[line], best, clears)
        for surface in surfaces
        for line, (best, clears) in surface.wins_frac().items()
    )
    return Table("surfaces_wins", "Share of all combinations", columns, rows)
