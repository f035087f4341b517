# SPDX-License-Identifier: Apache-2.0
"""Screened candidate projects as exhibits.

What they are stands in `optimizer.screening`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import count, sentence, usd_m
from optimizer.report.screened_loans import loans_exhibits
from optimizer.report.style import DOWN, MUTED, PLAN, new_figure, plain
from optimizer.report.table import Cell, Column, Table, number, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.study import Study
    from optimizer.report.data import AnyReportData

__all__ = ["screen_exhibits", "screen_reading", "worded"]

_USD_M = 1e-6
_TOP: Final = 25
_DRAWN: Final = 15
_AXIS: Final = (-60.0, 80.0)
_LABEL_LETTERS: Final = 54
_BANDS: Final = (
    ("irr_p05_per_year", "irr_p95_per_year", "P5 to P95", 0.22, 0.25),
    ("irr_p25_per_year", "irr_p75_per_year", "P25 to P75", 0.5, 0.5),
)
_FAMILY: Final = ("site", "space", "shell", "asset")
_COLUMNS: Final = (
    number("rank", "Rank", decimals=0),
    text("project", "Project"),
    number("mw", "Power", "MW"),
    text("start_month", "Start"),
    Column("verdict", "Verdict", kind="tag"),
    text("verdict_text", "In words"),
    number("npv_at_hurdle_usd", "NPV at hurdle", "USD m", scale=_USD_M),
    number("irr_per_year", "IRR", "% a year", scale=100.0),
    number("hurdle_rate_per_year", "Hurdle", "% a year", scale=100.0, decimals=0),
    number("irr_at_hurdle_frac", "P(IRR \u2265 hurdle)", "%", scale=100.0, decimals=0),
    number("npv_positive_frac", "P(NPV \u2265 0)", "%", scale=100.0, decimals=0),
    number("no_irr_frac", "No IRR", "%", scale=100.0, decimals=0),
    number("payback_months", "Payback", "months", decimals=0),
    number("invested_usd", "Invested", "USD m", scale=_USD_M),
    number("terminal_share_frac", "From end values", "%", scale=100.0, decimals=0),
    text("flags", "Flags"),
)
_SPACES: Final = {
    "existing": "in standing {shell} space",
    "new": "in new {shell} space",
    "conversion": "in converted {shell} space",
    "swap": "in converted {shell} space, clients displaced",
    "none": "asset-light",
}


def screen_exhibits(data: AnyReportData) -> tuple[Exhibit, ...]:
    """Return the ranking of candidate projects; nothing when none were screened.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    rows = [worded(data.study, row) for row in data.screen]
    if not rows:
        return ()
    best: dict[tuple[object, ...], dict[str, Any]] = {}
    for row in rows:
        best.setdefault(tuple(row.get(key) for key in _FAMILY), row)
    families = list(best.values())
    shown = families[:_TOP]
    return (
        Exhibit(
            id="screen-table",
            title="Candidate projects, ranked",
            reading=screen_reading(rows),
            figure=_figure(families),
            table=_table(
                "screen",
                f"The best size and start of the first {len(shown)} kinds of project",
                shown,
            ),
            is_open=True,
            note=(
                "Each project on top of business as usual: incremental, after-tax, "
                "unlevered flows; shares are over sampled scenarios. Bars span "
                "percentiles of IRR, the dot is the median, the tick the hurdle; what "
                "lies beyond the axis is cut."
            ),
            folds=(
                Fold(
                    f"All {len(rows)} projects",
                    (_table("screen_all", "All projects", rows),),
                ),
            ),
        ),
        *loans_exhibits(families),
    )


def worded(study: Study, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with words for people in place of ids.

    Parameters
    ----------
    study : Study
        Study screened.
    row : dict
        One candidate project.
    """
    words = dict(row)
    words["verdict"] = str(row.get("verdict", "")).replace("_", " ")
    told = str(row.get("verdict_text", "")).replace(">=", "\u2265")
    told = told.replace("<=", "\u2264")
    words["verdict_text"] = "" if told == words["verdict"] else told
    names = {site.id: site.name for site in study.sites}
    names |= {asic.id: asic.name for asic in study.asics}
    names |= {gpu.id: gpu.name for gpu in study.gpus}
    names |= {offer.id: offer.name for offer in study.hosting_offers}
    names |= {offer.id: offer.name for offer in study.gpu_offers}
    if "site" in row and "asset" in row:
        asset = " + ".join(names.get(i, i) for i in str(row["asset"]).split("+"))
        shell = {"hpc": "HPC"}.get(str(row.get("shell")), str(row.get("shell")))
        how = _SPACES.get(str(row.get("space")), str(row.get("space", "")))
        site = names.get(str(row["site"]), str(row["site"]))
        words["project"] = f"{site}: {asset}, {how.format(shell=shell)}"
    return words


def _table(table_id: str, title: str, rows: Sequence[dict[str, Any]]) -> Table:
    cells: tuple[tuple[Cell, ...], ...] = tuple(
        tuple(row.get(column.key) for column in _COLUMNS) for row in rows
    )
    return Table(table_id, title, _COLUMNS, cells)


def screen_reading(rows: Sequence[dict[str, Any]]) -> str:
    """Return the line that reads a ranking.

    Parameters
    ----------
    rows : sequence of dict
        At least one project, worded, best first.
    """
    verdicts = [row["verdict"] for row in rows]
    words = (
        f"of {count(len(rows), 'project')} {verdicts.count('pass')} pass, "
        f"{verdicts.count('only if')} pass only if a price is kinder, "
        f"{verdicts.count('fail')} fail"
    )
    first = rows[0]
    worth = first.get("npv_at_hurdle_usd")
    if isinstance(worth, int | float):
        words += (
            f"; the first is {first.get('project', '')}, worth "
            f"{usd_m(float(worth), signed=True)} at its hurdle"
        )
    return sentence(words)


def _figure(families: Sequence[dict[str, Any]]) -> go.Figure | None:
    """Return the range of IRR of the first kinds of project that have one."""
    known = [row for row in families if _irr(row, "irr_p50_per_year") is not None]
    known = known[:_DRAWN]
    if not known:
        return None
    names = [_short(f"{row.get('rank')}. {row['project']}") for row in known]
    figure = new_figure(
        110 + 27 * len(known), margin={"l": 24, "r": 24, "t": 30}, barmode="overlay"
    )
    for low_key, high_key, name, width, opacity in _BANDS:
        low = [_clipped(_irr(row, low_key)) for row in known]
        high = [_clipped(_irr(row, high_key)) for row in known]
        figure.add_trace(
            go.Bar(
                orientation="h",
                base=low,
                x=[b - a for a, b in zip(low, high, strict=True)],
                y=names,
                width=width,
                marker={"color": f"rgba(31, 58, 95, {opacity})"},
                name=name,
                hoverinfo="skip",
            )
        )
    _add_marks(figure, known, names)
    figure.add_vline(x=0, line_width=1, line_color=MUTED, layer="below")
    figure.update_xaxes(title_text="IRR, % per year", range=list(_AXIS))
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure


def _add_marks(
    figure: go.Figure, rows: Sequence[dict[str, Any]], names: list[str]
) -> None:
    """Add the median as a dot and the hurdle as a tick."""
    tick = {
        "color": DOWN,
        "size": 16,
        "symbol": "line-ns",
        "line": {"width": 2.5, "color": DOWN},
    }
    for key, name, marker in (
        ("irr_p50_per_year", "Median IRR", {"color": PLAN, "size": 9}),
        ("hurdle_rate_per_year", "Hurdle", tick),
    ):
        figure.add_trace(
            go.Scatter(
                x=[_clipped(_irr(row, key)) for row in rows],
                y=names,
                mode="markers",
                name=name,
                marker=marker,
                hovertemplate=f"{name} %{{x:.1f}}%<extra></extra>",
            )
        )


def _short(words: str) -> str:
    """Return a label that leaves room for the figure beside it."""
    is_long = len(words) > _LABEL_LETTERS
    return plain(words[: _LABEL_LETTERS - 1].rstrip() + "\u2026" if is_long else words)


def _irr(row: dict[str, Any], key: str) -> float | None:
    """Return a rate of a row, None where it has none [per year]."""
    value = row.get(key)
    is_rate = isinstance(value, int | float) and value == value
    return float(value) if is_rate and value is not None else None


def _clipped(rate_per_year: float | None) -> float:
    """Return a rate in per cent, inside the axis."""
    low, high = _AXIS
    percent = low if rate_per_year is None else 100.0 * rate_per_year
    return min(max(percent, low), high)
