# SPDX-License-Identifier: Apache-2.0
"""Build Gantt: power, shells, conversions, orders, contracts and fleet by site.

What the events are stands in `optimizer.report.schedule`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import (
    count,
    full_month,
    joined,
    megawatts,
    sentence,
    short_month,
    usd_m,
)
from optimizer.report.schedule import month_at, schedule
from optimizer.report.style import (
    LINE_COLOURS,
    LINE_NAMES,
    POWER,
    new_figure,
    plain,
)
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.planning import PlanResult
    from optimizer.report.schedule import Event

__all__ = ["gantt_exhibit"]

_ROW_PX = 26
_LEAD = "Lead time"
_DOWN = "Old space out of use"
_PLANT = "Power and space in use"
_COLOURS = {_LEAD: "#C9D1D9", _DOWN: "#8D99A6", _PLANT: POWER}
_KINDS = {
    "power": "power",
    "shell": "shell",
    "conversion": "conversion",
    "order": "order",
    "offer": "contract",
    "move": "move",
    "fleet": "opening fleet",
}


@dataclass(frozen=True, slots=True)
class _Bar:
    row: str
    since: int
    until: int
    group: str
    hover: str


def gantt_exhibit(study: Study, plan: PlanResult) -> Exhibit:
    """Return when every build, order and contract starts, is live and ends.

    Parameters
    ----------
    study : Study
        Study.
    plan : PlanResult
        The plan.
    """
    events = schedule(study, plan.plan)
    bars = [bar for event in events for bar in _bars(study, event)]
    return Exhibit(
        id="gantt",
        title="Builds, orders, contracts and the present fleet",
        reading=_reading(study, events),
        figure=_figure(study, bars) if bars else None,
        table=_table(study, events),
        note="Pale bars are lead time: paid and under way, not yet earning.",
    )


def _label(study: Study, event: Event) -> str:
    name = study.site(event.site).name
    what = event.what
    if event.kind == "fleet":
        what = what.replace("Run, then sell", "Present").replace("Keep", "Present")
        what = what.replace("Run, then move", "Present")
    return f"{name}: {what}"


def _bars(study: Study, event: Event) -> list[_Bar]:
    """Return the bars of one event; nothing for machines sold at once."""
    last = study.time.months
    row = _label(study, event)
    live, end = min(event.live, last), min(event.end, last)
    group = LINE_NAMES.get(event.line, _PLANT)
    hover = "<br>".join(plain(part) for part in _hover(study, event))
    down = max(live - event.downtime_months, event.start)
    spans = [
        (event.start, down if event.downtime_months else live, _LEAD),
        (down if event.downtime_months else live, live, _DOWN),
        (live, end, group),
    ]
    return [_Bar(row, a, b, name, hover) for a, b, name in spans if b > a]


def _hover(study: Study, event: Event) -> list[str]:
    lines = [event.what, f"{event.quantity:,.0f} {event.unit}"]
    if event.mw:
        lines[-1] += f", {megawatts(event.mw)}"
    if event.live > event.start:
        lines.append(f"start {short_month(month_at(study, event.start))}")
    lines.append(f"live {short_month(month_at(study, event.live))}")
    if event.end != study.time.months:
        lines.append(f"until {short_month(month_at(study, event.end))}")
    if event.capex_usd:
        lines.append(f"cost {usd_m(event.capex_usd)}")
    return lines


def _figure(study: Study, bars: list[_Bar]) -> go.Figure:
    rows = list(dict.fromkeys(bar.row for bar in bars))
    figure = new_figure(
        110 + _ROW_PX * len(rows),
        barmode="overlay",
        bargap=0.35,
        legend={"y": 1.0, "yanchor": "bottom"},
    )
    groups = [_LEAD, _DOWN, _PLANT, *LINE_NAMES.values()]
    colours = _COLOURS | {LINE_NAMES[k]: LINE_COLOURS[k] for k in LINE_NAMES}
    for group in groups:
        own = [bar for bar in bars if bar.group == group]
        if not own:
            continue
        figure.add_trace(
            go.Bar(
                orientation="h",
                base=[f"{month_at(study, bar.since)}-01" for bar in own],
                x=[_span_ms(study, bar) for bar in own],
                y=[plain(bar.row) for bar in own],
                customdata=[bar.hover for bar in own],
                hovertemplate="%{customdata}<extra></extra>",
                name=group,
                marker={
                    "color": colours[group],
                    "line": {"width": 0.5, "color": "white"},
                },
                opacity=1.0 if group in (_LEAD, _DOWN, _PLANT) else 0.85,
            )
        )
    figure.update_yaxes(
        autorange="reversed",
        categoryorder="array",
        categoryarray=[plain(row) for row in rows],
        tickfont={"size": 12},
        showgrid=False,
        ticks="",
    )
    figure.update_xaxes(
        type="date",
        range=[f"{study.months[0]}-01", f"{month_at(study, study.time.months)}-01"],
    )
    return figure


def _span_ms(study: Study, bar: _Bar) -> int:
    from datetime import date

    first = date.fromisoformat(f"{month_at(study, bar.since)}-01")
    last = date.fromisoformat(f"{month_at(study, bar.until)}-01")
    return (last - first).days * 86_400_000


def _reading(study: Study, events: tuple[Event, ...]) -> str:
    built = [e for e in events if e.kind in ("power", "shell", "conversion")]
    orders = [e for e in events if e.kind == "order"]
    offers = [e for e in events if e.kind == "offer"]
    parts = []
    if built:
        first = min(built, key=lambda e: e.start)
        site = study.site(first.site).name
        parts.append(
            f"{count(len(built), 'build')} worth "
            f"{usd_m(sum(e.capex_usd for e in built))}, the first at {site} from "
            f"{full_month(month_at(study, first.start))}, live by "
            f"{full_month(month_at(study, first.live))}"
        )
    else:
        parts.append("nothing is built")
    if orders:
        machines = joined(sorted({e.what.removeprefix("Order ") for e in orders}))
        paid = usd_m(sum(event.capex_usd for event in orders))
        parts.append(f"{count(len(orders), 'order')} for {paid} ({machines})")
    else:
        parts.append("no machine is ordered")
    if offers:
        parts.append(f"{count(len(offers), 'contract')} running")
    return sentence("; ".join(parts))


def _table(study: Study, events: tuple[Event, ...]) -> Table:
    columns = (
        text("site", "Site"),
        text("kind", "Kind"),
        text("what", "What"),
        number("quantity", "Quantity", decimals=0),
        text("unit", "Unit"),
        number("facility_mw", "Power", "MW"),
        text("start_month", "Start or order"),
        number("lead_time_months", "Lead time", "months", decimals=0),
        text("live_month", "Live"),
        text("end_month", "End"),
        number("capex_usd", "Cost", "USD m", scale=1e-6),
    )
    rows = tuple(
        (
            study.site(event.site).name,
            _KINDS[event.kind],
            event.what,
            event.quantity,
            event.unit,
            event.mw or None,
            month_at(study, event.start),
            event.live - event.start,
            month_at(study, event.live),
            month_at(study, event.end)
            if event.end < study.time.months or event.kind == "offer"
            else "horizon",
            event.capex_usd or None,
        )
        for event in events
    )
    return Table("schedule", "Build and order schedule", columns, rows)
