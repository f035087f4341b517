# SPDX-License-Identifier: Apache-2.0
"""Sheet of cash questions: the answers that a run has kept, week by week or by quarter.

These are figures of the run, not formulas: weeks split months by payment terms that the
other sheets do not carry. What does not belong here: the answers (`optimizer.cash`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from optimizer.workbook.sheets import FIRST_ROW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter.worksheet import Worksheet

    from optimizer.workbook.styles import Styles

__all__ = ["CASH_SHEET", "write_cash"]

CASH_SHEET: Final = "Cash"
_FIRST_COLUMN: Final = 4
_STYLES: Final = {
    "USD": "money",
    "BTC": "btc",
    "USD/BTC": "money",
    "share 0-1": "share",
    "day of month": "integer",
}


def write_cash(
    to: Worksheet, kept: Mapping[str, Mapping[str, Any]], styles: Styles
) -> None:
    """Write every kept answer: its title, its words, its tables.

    Parameters
    ----------
    to : Worksheet
        Sheet being written.
    kept : mapping of str to mapping
        Answers by kind, as `optimizer.cash` keeps them in ``cash.json``.
    styles : Styles
        Formats.
    """
    to.write_string(0, 0, "Cash questions", styles.text(bold=True, font_size=12))
    to.write_string(
        1,
        0,
        "Figures of the run: they do not follow the inputs. Ask again: wattplan cash.",
        styles.text(font_color="#666666"),
    )
    row, widest = FIRST_ROW, _FIRST_COLUMN
    for answer in kept.values():
        title = str(answer.get("title", ""))
        to.write_string(row, 0, title, styles.heading(1))
        row += 1
        for words in answer.get("texts", ()):
            to.write_string(row, 0, str(words), styles.text(is_input=True))
            row += 1
        for table in answer.get("tables", ()):
            row = _table(to, table, row + 1, styles)
            widest = max(widest, _FIRST_COLUMN + len(table["columns"]) - 1)
        row += 1
    to.set_column(0, 0, 52)
    to.set_column(1, 1, 12)
    to.set_column(2, 2, 8)
    to.set_column(3, 3, 12)
    to.set_column(_FIRST_COLUMN, widest, 15)
    to.freeze_panes(FIRST_ROW, 1)
    to.hide_gridlines(2)
    to.set_zoom(90)
    to.set_landscape()
    to.set_paper(9)
    to.fit_to_pages(1, 0)


def _table(to: Worksheet, table: Mapping[str, Any], row: int, styles: Styles) -> int:
    """Write one table under its title; return the next row."""
    to.write_string(row, 0, str(table["title"]), styles.heading(2))
    row += 1
    head = styles.text(is_input=True, bold=True, bottom=1, align="right")
    left = styles.text(bold=True, bottom=1)
    to.write_string(row, 0, "Line", left)
    to.write_string(row, 1, "Unit", left)
    for number, column in enumerate(table["columns"]):
        to.write_string(row, _FIRST_COLUMN + number, str(column["label"]), head)
    for line in table["rows"]:
        row += 1
        is_strong = bool(line["is_strong"])
        words = {"bold": True} if is_strong else {}
        to.write_string(row, 0, str(line["label"]), styles.text(is_input=True, **words))
        to.write_string(row, 1, str(line["unit"]), styles.text(font_color="#777777"))
        style = _STYLES.get(str(line["unit"]), "number")
        look = styles.cell(style, "engine", is_total=is_strong)
        for number, cell in enumerate(line["cells"]):
            column = _FIRST_COLUMN + number
            if isinstance(cell, bool) or cell is None:
                continue
            if isinstance(cell, int | float):
                to.write_number(row, column, cell, look)
            else:
                to.write_string(row, column, str(cell), styles.text(is_input=True))
    row += 1
    note = str(table.get("note", ""))
    if note:
        grey = styles.text(is_input=True, font_color="#666666")
        to.write_string(row, 0, note, grey)
        row += 1
    return row
