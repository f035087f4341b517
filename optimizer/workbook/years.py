# SPDX-License-Identifier: Apache-2.0
"""Sheet of years: flows added up and balances at year-end, by calendar year.

The one sheet whose columns are years. Every figure is a formula over a row of months.
What does not belong here: those rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from optimizer.workbook.expr import Place
from optimizer.workbook.lines import MONTH_COLUMN, Series, column_name
from optimizer.workbook.sheets import FIRST_ROW

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.worksheet import Worksheet

    from optimizer.workbook.model import Model
    from optimizer.workbook.styles import Styles
    from optimizer.workbook.values import Values

__all__ = ["YEARS_SHEET", "write_years"]

YEARS_SHEET: Final = "Years"
_HEAD_ROW = FIRST_ROW - 1
_FIRST_COLUMN = 4
_STATEMENTS: Final = {
    "Income statement": (
        "revenue",
        "cost_of_revenue",
        "ebitda_before_btc",
        "adjusted_ebitda",
        "operating_income",
        "profit_before_tax",
        "net_income",
    ),
    "Cash-flow statement": (
        "operating_cash",
        "investing_cash",
        "financing_cash",
        "change_in_cash",
    ),
    "Balance sheet at year-end": (
        "cash",
        "btc_free",
        "btc_pledged",
        "assets",
        "btc_loan",
        "other_debt",
        "equity",
    ),
}
_USD_M: Final = {"name": "USD m", "num_format": "#,##0,,"}
_SMALL: Final = {"size": 11}
_CHART_SIZE: Final = {"width": 620, "height": 300}


def write_years(
    book: xlsxwriter.Workbook,
    to: Worksheet,
    model: Model,
    values: Values,
    styles: Styles,
) -> None:
    """Write the sheet of years with its pictures.

    Parameters
    ----------
    book, to
        File and sheet being written.
    model : Model
        Every line.
    values : Values
        What each cell shows. [mixed]
    styles : Styles
        Formats.
    """
    writer = _Years(to, model, values, styles)
    writer.head()
    results = model.outputs
    groups: dict[str, list[Series]] = {
        "Cash flow by item: sites": [*results.site_items.values(), results.by_item],
        "Cash flow by item: company": list(results.corporate_items.values()),
        "Mining": [model.company.mined],
        "Segments": model.segments.ebitda,
    }
    for title, lines in groups.items():
        writer.group(title, lines, is_balance=False)
    for title, names in _STATEMENTS.items():
        lines = [model.statements.lines[name] for name in names]
        writer.group(title, lines, is_balance=title.startswith("Balance"))
    writer.layout()
    _add_charts(book, to, model, writer)


class _Years:
    """Writes rows by calendar year."""

    def __init__(
        self, to: Worksheet, model: Model, values: Values, styles: Styles
    ) -> None:
        self._to, self._model, self._values = to, model, values
        self._styles = styles
        self._year_of = values.months(model.time.year)
        self._years = [float(year) for year in np.unique(self._year_of)]
        self.rows: dict[str, int] = {}
        self.row = FIRST_ROW

    @property
    def last_column(self) -> int:
        """Column of the last year."""
        return _FIRST_COLUMN + len(self._years) - 1

    def head(self) -> None:
        """Write title and years."""
        styles, to = self._styles, self._to
        to.write_string(0, 0, "Calendar years", styles.text(bold=True, font_size=12))
        note = "Flows added up, balances at year-end; first and last year may be part."
        to.write_string(1, 0, note, styles.text(font_color="#666666"))
        for column, word in enumerate(("Line", "Unit")):
            to.write_string(_HEAD_ROW, column, word, styles.text(bold=True, bottom=1))
        look = styles.make(num_format="0", bold=True, bottom=1)
        first = self._range(self._model.time.year).split(":")[0]
        for number, year in enumerate(self._years):
            column = _FIRST_COLUMN + number
            before = f"{column_name(column - 1)}{_HEAD_ROW + 1}"
            formula = f"={before}+1" if number else f"={first}"
            to.write_formula(_HEAD_ROW, column, formula, look, year)

    def group(self, title: str, lines: list[Series], *, is_balance: bool) -> None:
        """Write a heading and a row for each line."""
        self.row += 1 if self.row > FIRST_ROW else 0
        self._to.write_string(self.row, 0, title, self._styles.heading(1))
        self.row += 1
        for line in lines:
            self._line(line, is_balance=is_balance)

    def _line(self, line: Series, *, is_balance: bool) -> None:
        styles, to, time = self._styles, self._to, self._model.time
        words = {"bold": True} if line.is_total else {}
        to.write_string(self.row, 0, line.label, styles.text(is_input=True, **words))
        to.write_string(self.row, 1, line.unit, styles.text(font_color="#777777"))
        look = styles.cell(line.style, "formula", is_total=line.is_total)
        months, years = self._values.months(line), self._range(time.year)
        ends = self._values.months(time.is_year_end)
        for number, year in enumerate(self._years):
            column = _FIRST_COLUMN + number
            wanted = f"{column_name(column)}${_HEAD_ROW + 1}"
            inside = self._year_of == year
            if is_balance:
                formula = f"=SUMIFS({self._range(line)},{years},{wanted},"
                formula += f"{self._range(time.is_year_end)},1)"
                inside = inside & (ends > 0.0)
            else:
                formula = f"=SUMIF({years},{wanted},{self._range(line)})"
            value = float(months[inside].sum())
            to.write_formula(self.row, column, formula, look, value)
        self.rows.setdefault(line.label, self.row)
        self.row += 1

    def _range(self, line: Series) -> str:
        """Return the months of a line, with its sheet."""
        place = Place(YEARS_SHEET, 0, self._values.n_periods)
        return line.months.text(place)

    def layout(self) -> None:
        """Set widths and print settings."""
        to = self._to
        to.set_column(0, 0, 52)
        to.set_column(1, 1, 10)
        to.set_column(2, 2, 8)
        to.set_column(3, 3, 12)
        to.set_column(_FIRST_COLUMN, self.last_column, 15)
        to.freeze_panes(FIRST_ROW, _FIRST_COLUMN)
        to.hide_gridlines(2)
        to.set_zoom(90)
        to.set_landscape()
        to.set_paper(9)
        to.fit_to_pages(1, 0)
        to.repeat_rows(0, _HEAD_ROW)


def _add_charts(
    book: xlsxwriter.Workbook, to: Worksheet, model: Model, writer: _Years
) -> None:
    """Draw cash and loan by month, and adjusted EBITDA and net income by year."""
    balances = model.company.balances
    last = MONTH_COLUMN + model.draft.n_periods - 1
    lines = book.add_chart({"type": "line"})
    for line, name in ((balances.cash, "Cash"), (balances.loan, "BTC loan")):
        lines.add_series(
            {
                "name": name,
                "categories": [
                    model.time.sheet.name,
                    model.time.day.row,
                    MONTH_COLUMN,
                    model.time.day.row,
                    last,
                ],
                "values": [line.sheet, line.row, MONTH_COLUMN, line.row, last],
            }
        )
    lines.set_title(
        {"name": "Cash and BTC loan at month-end", "name_font": {"size": 11}}
    )
    lines.set_y_axis(_USD_M)
    lines.set_x_axis({"date_axis": True, "num_format": "yyyy", "major_unit": 12})
    columns = book.add_chart({"type": "column"})
    for name in ("adjusted_ebitda", "net_income"):
        label = model.statements.lines[name].label
        row = writer.rows[label]
        columns.add_series(
            {
                "name": label,
                "categories": [
                    YEARS_SHEET,
                    _HEAD_ROW,
                    _FIRST_COLUMN,
                    _HEAD_ROW,
                    writer.last_column,
                ],
                "values": [YEARS_SHEET, row, _FIRST_COLUMN, row, writer.last_column],
            }
        )
    columns.set_title({"name": "By calendar year", "name_font": _SMALL})
    columns.set_y_axis(_USD_M)
    columns.set_x_axis({"label_position": "low"})
    for number, chart in enumerate((lines, columns)):
        chart.set_size(_CHART_SIZE)
        chart.set_legend({"position": "bottom"})
        place = FIRST_ROW + 17 * number
        to.insert_chart(place, writer.last_column + 2, chart)
