# SPDX-License-Identifier: Apache-2.0
"""Plans against each other in the same futures: how often each is best, and regret.

What is compared and how it is counted stands in `optimizer.contest` and
`gpu.contests.contest`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.style import DOWN, MUTED, PLAN, SHELL, TEMPLATE, plain
from optimizer.report.table import Table, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optimizer.report.table import Cell, Column

__all__ = ["contest_exhibits", "project_exhibits"]

_USD_M: Final = 1e-6
_ROW_PX: Final = 36
_HEAD_PX: Final = 130
_MOST: Final = 14
"""Plans drawn at most; the table has all. [unitless]"""
_HOW: Final = (
    "Every plan lives through the same futures, so that what is luck of the market is "
    "luck of all. Regret: the NPV of the best of these plans in a future less the "
    "plan's own; a plan is best where none is worth more, and plans that tie share the "
    "future. Bars: share of futures, with 95 % confidence. Dominance holds on these "
    "futures: by the first order a plan falls under any amount no more often than the "
    "other, by the second it falls short of any amount by no more on average."
)


def contest_exhibits(found: Mapping[str, Any]) -> tuple[Exhibit, ...]:
    """Return how plans fare against each other; nothing without a contest of several.

    Parameters
    ----------
    found : mapping
        What `optimizer.contest.CONTEST_FILE` holds.
    """
    if len(found.get("plans") or ()) < 2:
        return ()
    column = found["columns"]["npv_usd"]
    words = [str(text) for text in found.get("words") or ()]
    pairs = _pair_table(column)
    return (
        Exhibit(
            id="contest",
            title="Which plan wins, in how many futures",
            reading=" ".join(words[:2]),
            figure=_figure(column["plans"], "plan"),
            table=Table(
                "contest",
                f"Plans in the same {found['n_scenarios']:,} futures",
                _columns("Plan"),
                _rows(column, found.get("events") or {}),
            ),
            note=" ".join((*words[2:], _HOW)),
            folds=(
                Fold("Every plan against every other", (pairs,)),
                Fold("By least cash", (_cash_table(found),)),
            ),
        ),
    )


def project_exhibits(found: Mapping[str, Any]) -> tuple[Exhibit, ...]:
    """Return how screened projects fare against each other; nothing without any.

    Parameters
    ----------
    found : mapping
        What `optimizer.contest.CONTEST_FILE` holds.
    """
    projects = found.get("projects")
    if not projects:
        return ()
    column = projects["columns"]["npv_at_hurdle_usd"]
    words = [str(text) for text in projects.get("words") or ()]
    columns = [one for one in _columns("Project") if not one.key.endswith("_event")]
    return (
        Exhibit(
            id="project-contest",
            title="Which project wins, in how many futures",
            reading=" ".join(words[:2]),
            figure=_figure(column["plans"], "project"),
            table=Table(
                "project-contest",
                f"Projects in the same {projects['n_scenarios']:,} futures",
                tuple(columns),
                tuple(row[: len(columns) - 1] + row[-1:] for row in _rows(column, {})),
            ),
            note=" ".join((*words[2:], _HOW)),
        ),
    )


def _columns(who: str) -> tuple[Column, ...]:
    def money(key: str, label: str) -> Column:
        return number(key, label, "USD m", scale=_USD_M)

    def share(key: str, label: str) -> Column:
        return number(key, label, "%", scale=100.0)

    return (
        text("plan", who),
        money("npv_mean_usd", "NPV, mean"),
        money("npv_p05_usd", "P5"),
        money("npv_p50_usd", "P50"),
        money("npv_p95_usd", "P95"),
        money("npv_cvar_95_usd", "Worst 5 %"),
        share("best_frac", "Best"),
        money("regret_mean_usd", "Regret, mean"),
        money("regret_p50_usd", "P50"),
        money("regret_p95_usd", "P95"),
        money("regret_cvar_95_usd", "Worst 5 %"),
        share("equity_over_limit_event", "Equity over limit"),
        share("margin_call_event", "Margin call"),
        text("dominated_by", "Dominated by"),
    )


def _rows(
    column: Mapping[str, Any], events: Mapping[str, Sequence[float]]
) -> tuple[tuple[Cell, ...], ...]:
    """Return a row per plan; shares of events stand before the last cell."""
    rows: list[tuple[Cell, ...]] = []
    for place, one in enumerate(column["plans"]):
        over = events.get("equity_over_limit_frac")
        called = events.get("margin_call_frac")
        rows.append(
            (
                one["label"],
                *(one[key]["value"] for key in ("mean", "p05", "p50", "p95")),
                one["cvar_95"]["value"],
                one["best_frac"]["value"],
                one["regret_mean"]["value"],
                one["regret_quantiles"]["p50"],
                one["regret_quantiles"]["p95"],
                one["regret_cvar_95"]["value"],
                over[place] if over else None,
                called[place] if called else None,
                _dominators(column, one["label"]),
            )
        )
    return tuple(rows)


def _dominators(column: Mapping[str, Any], label: str) -> str:
    orders = {
        pair["label"]: "1st" if pair["is_first_order"] else "2nd"
        for pair in column["pairs"]
        if pair["other"] == label and pair["is_second_order"]
    }
    ranked = sorted(orders, key=lambda name: orders[name])
    return ", ".join(f"{name} ({orders[name]})" for name in ranked[:2]) + (
        f" and {len(ranked) - 2} more" if len(ranked) > 2 else ""
    )


def _pair_table(column: Mapping[str, Any]) -> Table:
    columns = (
        text("plan", "Plan"),
        text("other", "Against"),
        number("difference_usd", "NPV, mean", "USD m", scale=_USD_M, decimals=2),
        number("low_usd", "From", "USD m, 95 %", scale=_USD_M, decimals=2),
        number("high_usd", "To", "USD m, 95 %", scale=_USD_M, decimals=2),
        number("better_frac", "Better", "%", scale=100.0),
        number("tie_frac", "Equal", "%", scale=100.0),
        number("narrower_ratio", "Narrower than apart", "times"),
        text("dominance", "On these futures"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            pair["label"],
            pair["other"],
            pair["difference"]["value"],
            pair["difference"]["low"],
            pair["difference"]["high"],
            pair["better_frac"],
            pair["tie_frac"],
            pair["narrower_ratio"],
            _dominance(pair),
        )
        for pair in column["pairs"]
    ]
    return Table(
        "contest-pairs",
        "NPV of one plan less that of the other in the same futures",
        columns,
        tuple(rows),
        note="Narrower: how many times wider the interval would be if each plan had "
        "futures of its own.",
    )


def _dominance(pair: Mapping[str, Any]) -> str:
    if pair["is_never_worse"]:
        return "never worse"
    if pair["is_first_order"]:
        return "dominates, 1st order"
    return "dominates, 2nd order" if pair["is_second_order"] else ""


def _cash_table(found: Mapping[str, Any]) -> Table:
    column = found["columns"]["min_cash_usd"]
    needed = (found.get("events") or {}).get("equity_needed_frac")
    rows: list[tuple[Cell, ...]] = [
        (
            one["label"],
            one["p05"]["value"],
            one["p50"]["value"],
            one["mean"]["value"],
            one["best_frac"]["value"],
            needed[place] if needed else None,
            _dominators(column, one["label"]),
        )
        for place, one in enumerate(column["plans"])
    ]
    return Table(
        "contest-cash",
        "Least month-end cash of each plan",
        (
            text("plan", "Plan"),
            number("min_cash_p05_usd", "P5", "USD m", scale=_USD_M),
            number("min_cash_p50_usd", "P50", "USD m", scale=_USD_M),
            number("min_cash_mean_usd", "Mean", "USD m", scale=_USD_M),
            number("best_frac", "Has most", "%", scale=100.0),
            number("equity_needed_frac", "Needs equity", "%", scale=100.0),
            text("dominated_by", "Dominated by"),
        ),
        tuple(rows),
    )


def _figure(plans: Sequence[Mapping[str, Any]], noun: str) -> go.Figure:
    """Return shares of futures on the left, regret on the right."""
    shown = sorted(plans, key=lambda one: -one["best_frac"]["value"])[:_MOST]
    names = [plain(one["label"]) for one in shown]
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
        subplot_titles=(f"Best {noun}, %", "Regret, USD m"),
    )
    # So short and small they stand side by side on a telephone.
    figure.update_annotations(font_size=13)
    _add_shares(figure, shown, names)
    _add_regret(figure, shown, names)
    figure.update_layout(
        template=TEMPLATE,
        height=_HEAD_PX + _ROW_PX * len(names),
        margin={"l": 24, "r": 24, "t": 84, "b": 40},
        legend={"y": 1.0 + 44.0 / (_ROW_PX * len(names))},
    )
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="")
    return figure


def _add_shares(
    figure: go.Figure, plans: Sequence[Mapping[str, Any]], names: list[str]
) -> None:
    best = [one["best_frac"] for one in plans]
    bars = go.Bar(
        orientation="h",
        x=[100.0 * one["value"] for one in best],
        y=names,
        showlegend=False,
        marker={"color": [PLAN if name == "plan" else SHELL for name in names]},
        error_x={
            "type": "data",
            "array": [100.0 * (_end(one, "high") - one["value"]) for one in best],
            "arrayminus": [100.0 * (one["value"] - _end(one, "low")) for one in best],
            "color": MUTED,
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="%{y}: %{x:.1f} % of futures<extra></extra>",
    )
    figure.add_trace(bars, row=1, col=1)


def _add_regret(
    figure: go.Figure, plans: Sequence[Mapping[str, Any]], names: list[str]
) -> None:
    for one, name in zip(plans, names, strict=True):
        quantiles = one["regret_quantiles"]
        span = go.Scatter(
            x=[quantiles["p50"] * _USD_M, quantiles["p95"] * _USD_M],
            y=[name, name],
            mode="lines",
            line={"color": MUTED, "width": 2},
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_trace(span, row=1, col=2)
    marks: tuple[tuple[str, list[float], str, str], ...] = (
        (
            "median",
            [one["regret_quantiles"]["p50"] for one in plans],
            MUTED,
            "line-ns-open",
        ),
        ("mean", [one["regret_mean"]["value"] for one in plans], PLAN, "circle"),
        (
            "exceeded in 5 %",
            [one["regret_quantiles"]["p95"] for one in plans],
            DOWN,
            "circle",
        ),
    )
    for label, values, colour, symbol in marks:
        dots = go.Scatter(
            x=[value * _USD_M for value in values],
            y=names,
            mode="markers",
            name=f"regret: {label}",
            marker={"color": colour, "size": 10, "symbol": symbol},
            hovertemplate="%{y}: %{x:,.1f} USD m<extra>" + f"{label}</extra>",
        )
        figure.add_trace(dots, row=1, col=2)


def _end(interval: Mapping[str, Any], name: str) -> float:
    """Return an end of an interval; the figure itself where scenarios are too few."""
    end = interval[name]
    return float(end) if end is not None and math.isfinite(end) else interval["value"]
