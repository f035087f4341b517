# SPDX-License-Identifier: Apache-2.0
"""The file: lines into cells, with their values, so that it shows before it computes.

Words never become formulas, links or numbers: every one is written as text. What does
not belong here: what the lines are (`model`).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter
import xlsxwriter.exceptions
from xlsxwriter.worksheet import Worksheet

from models.errors import ReportError
from optimizer.workbook.cash import CASH_SHEET, write_cash
from optimizer.workbook.expr import Place
from optimizer.workbook.lines import (
    CONSTANT_COLUMN,
    MONTH_COLUMN,
    OPENING_COLUMN,
    TOTAL_COLUMN,
    Line,
    Scalar,
    Series,
    column_name,
)
from optimizer.workbook.sheets import FIRST_ROW, Heading
from optimizer.workbook.styles import TAB_COLOURS, Styles
from optimizer.workbook.texts import write_cover, write_inputs, write_log, write_sources
from optimizer.workbook.years import YEARS_SHEET, write_years

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xlsxwriter.format import Format

    from optimizer.report.data import RunInfo
    from optimizer.workbook.model import Model
    from optimizer.workbook.sheets import Sheet
    from optimizer.workbook.values import Values

__all__ = ["write_model"]

_OPTIONS = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_HEAD_ROW = FIRST_ROW - 1
_WIDTHS = (54, 13, 8, 14, 16, 16)
_MONTH_WIDTH = 13
_PAPER_A4 = 9


def write_model(
    path: Path,
    model: Model,
    run: RunInfo,
    cash: Mapping[str, Mapping[str, Any]] | None = None,
) -> Values:
    """Write a workbook and return what its cells show.

    Parameters
    ----------
    path : Path
        File to write.
    model : Model
        Every line.
    run : RunInfo
        What is known of the run.
    cash : mapping of str to mapping, optional
        Answers to the cash questions, as `optimizer.cash` keeps them.

    Returns
    -------
    Values
        Worked out for the inputs of the run. [mixed]

    Raises
    ------
    ReportError
        If the file cannot be written.
    """
    try:
        return _write(path, model, run, cash or {})
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        msg = f"{path}: cannot be written ({error}). Choose another place."
        raise ReportError(msg) from error


def _write(
    path: Path, model: Model, run: RunInfo, cash: Mapping[str, Mapping[str, Any]]
) -> Values:
    values = model.values()
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        styles = Styles(book)
        _describe(book, model, run)
        cover = book.add_worksheet("Cover")
        sheets = {
            sheet.name: book.add_worksheet(sheet.name, _PlainSheet)
            for sheet in model.sheets
        }
        years = book.add_worksheet(YEARS_SHEET)
        others = {"Cover": cover, YEARS_SHEET: years}
        if cash:
            others[CASH_SHEET] = book.add_worksheet(CASH_SHEET)
            write_cash(others[CASH_SHEET], cash, styles)
        for name in ("Sources", "Log"):
            others[name] = book.add_worksheet(name)
        for sheet in model.sheets:
            writer = _SheetWriter(sheets[sheet.name], sheet, model, values, styles)
            if sheet.has_months:
                writer.write()
            else:
                write_inputs(sheets[sheet.name], model, styles)
            _master(sheets[sheet.name], model, values, styles, sheet.name)
        write_years(book, years, model, values, styles)
        write_cover(cover, model, values, run, styles)
        write_sources(others["Sources"], model, styles)
        write_log(others["Log"], model, run, styles)
        for name, worksheet in others.items():
            _master(worksheet, model, values, styles, name)
        cover.activate()
    return values


class _PlainSheet(Worksheet):  # type: ignore[misc]
    """A sheet whose formulas hold no function younger than the file format.

    XlsxWriter looks for thirty of them in every formula; that takes a third of the
    time of writing, and a test forbids them.
    """

    def _prepare_formula(
        self, formula: str, expand_future_functions: bool = False
    ) -> str:
        del expand_future_functions
        return formula.removeprefix("=")


def _describe(book: xlsxwriter.Workbook, model: Model, run: RunInfo) -> None:
    """Set the file's properties; its date is the run's, so that bytes repeat."""
    made = datetime(2000, 1, 1, tzinfo=UTC)
    if run.created_utc:
        made = datetime.fromisoformat(run.created_utc)
    book.set_properties(
        {
            "title": model.draft.study.title,
            "subject": f"Plan {model.draft.plan.label}",
            "author": "Wattplan",
            "comments": run.run_id,
            "created": made.replace(tzinfo=None),
        }
    )
    book.set_calc_mode("auto")


def _master(
    worksheet: Worksheet, model: Model, values: Values, styles: Styles, name: str
) -> None:
    """Show the master check at the top of a sheet."""
    master = model.checks.master
    place = Place(name, 0, model.draft.n_periods)
    fails = values.scalar(master) > 0.0
    worksheet.write_string(0, 2, "Checks", styles.text(align="right"))
    worksheet.write_formula(
        0,
        CONSTANT_COLUMN,
        f'=IF({master.text(place)}=0,"all hold","FAILS")',
        styles.text(bold=True, bg_color="#E6F4E6", align="center"),
        "FAILS" if fails else "all hold",
    )
    worksheet.conditional_format(
        0,
        CONSTANT_COLUMN,
        0,
        CONSTANT_COLUMN,
        {
            "type": "cell",
            "criteria": "==",
            "value": '"FAILS"',
            "format": styles.text(bold=True, bg_color="#F4C7C3", font_color="#9C0006"),
        },
    )


class _SheetWriter:
    """Writes one sheet with a time axis."""

    def __init__(
        self,
        worksheet: Worksheet,
        sheet: Sheet,
        model: Model,
        values: Values,
        styles: Styles,
    ) -> None:
        self._to, self._sheet, self._model = worksheet, sheet, model
        self._values, self._styles = values, styles
        self._n_periods = model.draft.n_periods
        self._last_column = MONTH_COLUMN + self._n_periods - 1

    def write(self) -> None:
        """Write head, lines, widths, groups and print settings."""
        self._head()
        last_row = FIRST_ROW
        row = FIRST_ROW
        for entry in self._sheet.entries:
            if isinstance(entry, Heading):
                row += 1 if row > FIRST_ROW else 0
                words = self._styles.heading(entry.depth)
                self._to.write_string(row, 0, entry.text, words)
                row += 1
            else:
                self._line(entry)
                row = entry.row + 1
            last_row = max(last_row, row)
        self._layout(last_row)

    def _head(self) -> None:
        styles, to = self._styles, self._to
        to.write_string(0, 0, self._sheet.title, styles.text(bold=True, font_size=12))
        note = self._model.notes.get(self._sheet.name, "")
        to.write_string(
            1, 0, note, styles.text(font_color="#666666", quote_prefix=True)
        )
        bold = styles.text(bold=True, bottom=1, align="right")
        for column, word in enumerate(
            ("Line", "Unit", "Kind", "Value", "Total", "Opening")
        ):
            left = styles.text(bold=True, bottom=1)
            to.write_string(_HEAD_ROW, column, word, left if column < 3 else bold)
        time = self._model.time
        for row, words, line, style in (
            (2, "Calendar year", time.year, "year"),
            (3, "Month number", time.index, "integer"),
            (_HEAD_ROW, "", time.day, "date"),
        ):
            look = self._styles.make(
                num_format={"year": "0", "integer": "0", "date": "mmm yyyy"}[style],
                bold=row == _HEAD_ROW,
                bottom=int(row == _HEAD_ROW),
                font_color="#000000" if row == _HEAD_ROW else "#777777",
            )
            if words:
                to.write_string(row, 0, words, styles.text(font_color="#777777"))
            for period in range(self._n_periods):
                formula = "=" + line.text(self._place(period))
                value = self._values.month(line, period)
                to.write_formula(row, MONTH_COLUMN + period, formula, look, value)

    def _place(self, period: int) -> Place:
        return Place(self._sheet.name, period, self._n_periods)

    def _line(self, line: Line) -> None:
        styles, to = self._styles, self._to
        is_total = line.is_total
        words = {"bold": True} if is_total else {}
        to.write_string(line.row, 0, line.label, styles.text(is_input=True, **words))
        grey = styles.text(is_input=True, font_color="#777777")
        to.write_string(line.row, 1, line.unit, grey)
        kind = "" if line.role == "formula" else line.role
        to.write_string(line.row, 2, kind, grey)
        look = styles.cell(line.style, line.role, is_total=is_total)
        if isinstance(line, Scalar):
            self._scalar(line, look)
        elif isinstance(line, Series):
            self._series(line, look)

    def _scalar(self, line: Scalar, look: Format) -> None:
        value = self._values.scalar(line)
        if line.formula is None:
            self._to.write_number(line.row, CONSTANT_COLUMN, value, look)
        else:
            formula = "=" + line.formula.text(self._place(0))
            shown = "none" if math.isnan(value) else value
            self._to.write_formula(line.row, CONSTANT_COLUMN, formula, look, shown)

    def _series(self, line: Series, look: Format) -> None:
        to, values = self._to, self._values
        row = line.row
        if line.opening_given is not None:
            to.write_number(row, OPENING_COLUMN, line.opening_given, look)
        elif line.opening_formula is not None:
            formula = "=" + line.opening_formula.text(self._place(-1))
            to.write_formula(row, OPENING_COLUMN, formula, look, values.month(line, -1))
        for period in range(self._n_periods):
            value = values.month(line, period)
            if line.formula is None:
                to.write_number(row, MONTH_COLUMN + period, value, look)
            else:
                formula = "=" + line.formula.text(self._place(period))
                to.write_formula(row, MONTH_COLUMN + period, formula, look, value)
        if line.has_total:
            first, last = column_name(MONTH_COLUMN), column_name(self._last_column)
            formula = f"=SUM({first}{row + 1}:{last}{row + 1})"
            bold = self._styles.cell(line.style, "formula", is_total=True)
            total = float(values.months(line).sum())
            to.write_formula(row, TOTAL_COLUMN, formula, bold, total)

    def _layout(self, last_row: int) -> None:
        to = self._to
        for column, width in enumerate(_WIDTHS):
            to.set_column(column, column, width)
        months = self._model.draft.study.months
        for period, month in enumerate(months):
            # Folded up, a year shows as its last month: balances, not sums.
            is_year_end = month.endswith("-12") or period == len(months) - 1
            column = MONTH_COLUMN + period
            options = {} if is_year_end else {"level": 1}
            to.set_column(column, column, _MONTH_WIDTH, None, options)
        to.freeze_panes(FIRST_ROW, MONTH_COLUMN)
        to.hide_gridlines(2)
        to.set_zoom(90)
        to.set_landscape()
        to.set_paper(_PAPER_A4)
        to.repeat_rows(0, _HEAD_ROW)
        to.repeat_columns(0, 1)
        to.print_area(0, 0, last_row, self._last_column)
        to.set_print_scale(55)
        to.set_footer("&L&A&RPage &P of &N")
        colour = TAB_COLOURS.get(self._sheet.name)
        if colour is not None:
            to.set_tab_color(colour)
