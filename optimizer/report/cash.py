# SPDX-License-Identifier: Apache-2.0
"""The finance team's standing questions of cash, as a run has kept their answers.

What does not belong here: answering them (`optimizer.cash`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import plotly.graph_objects as go

from models.cash_lines import CASH_LINES
from optimizer.report.exhibit import Exhibit, Fold
from optimizer.report.formats import sentence
from optimizer.report.style import BAND, DOWN, LINE_COLOURS, MUTED, PLAN, new_figure
from optimizer.report.table import Cell, Column, Table, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["cash_exhibits", "cash_missing"]

_Record = dict[str, Any]
_USD_M: Final = 1e-6
_SHOWN: Final = {
    "USD": ("USD m", _USD_M, 2),
    "BTC": ("BTC", 1.0, 0),
    "USD/BTC": ("USD/BTC", 1.0, 0),
    "share 0-1": ("%", 100.0, 1),
    "EH/s": ("EH/s", 1.0, 2),
    "days": ("days", 1.0, 2),
    "quarters": ("quarters", 1.0, 1),
    "day of month": ("day", 1.0, 0),
}
_COLOURS: Final = {
    "receipts": LINE_COLOURS["gpu_leasing"],
    "payments": LINE_COLOURS["self_mining"],
    "tax": "#8C6BB1",
    "debt service": "#7B4B94",
    "capex": MUTED,
    "treasury moves": LINE_COLOURS["hosting"],
}
_MORE: Final = {"segment": "Shares and times"}
"""Name of the rows in other units than USD, where it is not the usual one."""
_READ: Final = 3
"""Sentences that stand above the table; the rest stand below it."""
_QUESTIONS: Final = {
    "weeks": ("Cash week by week", "--weeks 13"),
    "quarter": ("A quarter that has begun", "--quarter 2025Q4"),
    "segment": ("A side business beside depreciation", "--segment auto"),
}


def cash_exhibits(
    kept: Mapping[str, _Record], cash_floor_usd: float
) -> tuple[Exhibit, ...]:
    """Return an exhibit for every question that the run has an answer to.

    Parameters
    ----------
    kept : mapping of str to dict
        Answers by kind, as `optimizer.cash` keeps them in ``cash.json``.
    cash_floor_usd : float
        Least cash kept. [USD]
    """
    return tuple(
        _exhibit(kind, kept[kind], cash_floor_usd)
        for kind in _QUESTIONS
        if _is_answer(kept.get(kind))
    )


def cash_missing(kept: Mapping[str, _Record]) -> str:
    """Return which questions have no answer in the run, and how to ask them."""
    return " ".join(
        f"{title} is not in this run: `wattplan cash DIR {option}` shows it."
        for kind, (title, option) in _QUESTIONS.items()
        if not _is_answer(kept.get(kind))
    )


def _is_answer(value: object) -> bool:
    return isinstance(value, dict) and bool(value.get("tables"))


def _exhibit(kind: str, answer: _Record, floor_usd: float) -> Exhibit:
    main, *others = answer["tables"]
    texts = [str(words) for words in answer.get("texts", [])]
    first, *more = _by_unit(main)
    return Exhibit(
        id=f"cash-{kind}",
        title=str(answer.get("title", _QUESTIONS[kind][0])),
        reading=" ".join(sentence(words) for words in texts[:_READ]),
        figure=_figure(main, others, floor_usd) if kind == "weeks" else None,
        table=first,
        is_open=True,
        note=" ".join(
            sentence(words) for words in (*texts[_READ:], main.get("note", "")) if words
        ),
        folds=tuple(
            Fold(title, tables)
            for title, tables in (
                (_MORE.get(kind, "BTC, prices and loan to value"), tuple(more)),
                *((str(other["title"]), _by_unit(other)) for other in others),
            )
            if tables
        ),
    )


def _by_unit(table: _Record) -> tuple[Table, ...]:
    """Return a table for every unit of the rows, the first unit first."""
    units = list(dict.fromkeys(row["unit"] for row in table["rows"]))
    return tuple(_table(table, unit, is_only=len(units) == 1) for unit in units)


def _table(table: _Record, unit: str, *, is_only: bool) -> Table:
    shown, scale, decimals = _SHOWN.get(unit, (unit, 1.0, 2))
    rows = [row for row in table["rows"] if row["unit"] == unit]
    columns: list[Column] = [text("line", "")]
    for column in table["columns"]:
        key, label = column["key"], column["label"].replace(" ", "\u00a0")
        columns.append(
            text(key, label)
            if column["is_text"]
            else number(key, label, shown, decimals=decimals, scale=scale)
        )
    cells: list[tuple[Cell, ...]] = [(row["label"], *row["cells"]) for row in rows]
    stem = unit.lower().replace("/", "_").replace(" ", "_")
    return Table(
        table["id"] if is_only or unit == "USD" else f"{table['id']}_{stem}",
        table["title"] if is_only else f"{table['title']}, {shown}",
        tuple(columns),
        tuple(cells),
        strong=frozenset(k for k, row in enumerate(rows) if row["is_strong"]),
    )


def _figure(main: _Record, others: Sequence[_Record], floor_usd: float) -> go.Figure:
    """Return flows by group as bars and closing cash as a line, week by week."""
    weeks = [c["label"] for c in main["columns"] if c["key"] != "total"]
    rows = {row["key"]: row["cells"][: len(weeks)] for row in main["rows"]}
    figure = new_figure(420, barmode="relative", hovermode="x unified")
    for group, colour in _COLOURS.items():
        keys = [f"{one.key}_usd" for one in CASH_LINES if one.group == group]
        flows = [rows[key] for key in keys if key in rows]
        totals = [sum(values) * _USD_M for values in zip(*flows, strict=True)]
        if any(totals):
            figure.add_trace(
                go.Bar(
                    x=weeks,
                    y=totals,
                    name=group.capitalize(),
                    marker={"color": colour},
                    hovertemplate="%{y:,.2f}",
                )
            )
    for table in others:
        if table["id"] == "cash_bands":
            _add_band(figure, weeks, table)
    for key, name, colour, dash in (
        ("closing_usd", "Closing cash", PLAN, "solid"),
        ("", "Cash floor", DOWN, "dot"),
    ):
        values = rows.get(key, [floor_usd] * len(weeks))
        figure.add_trace(
            go.Scatter(
                x=weeks,
                y=[value * _USD_M for value in values],
                name=name,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2},
                hovertemplate="%{y:,.2f}",
            )
        )
    figure.update_xaxes(title_text="Week that begins on", type="category")
    figure.update_yaxes(title_text="USD m")
    return figure


def _add_band(figure: go.Figure, weeks: list[str], table: _Record) -> None:
    """Add the scenarios' band of closing cash."""
    rows = {row["key"]: row["cells"][: len(weeks)] for row in table["rows"]}
    for key, fill in (("p5_closing_usd", None), ("p95_closing_usd", "tonexty")):
        if key not in rows:
            return
        figure.add_trace(
            go.Scatter(
                x=weeks,
                y=[value * _USD_M for value in rows[key]],
                mode="lines",
                line={"width": 0, "color": PLAN},
                fill=fill,
                fillcolor=BAND,
                name="Closing cash, P5 to P95",
                legendgroup="band",
                showlegend=fill is not None,
                hovertemplate="%{y:,.2f}",
            )
        )
