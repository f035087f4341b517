# SPDX-License-Identifier: Apache-2.0
"""Sheets without a time axis: cover, inputs, sources, log.

What does not belong here: sheets of lines (`write`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from optimizer.workbook.expr import Place
from optimizer.workbook.lines import CONSTANT_COLUMN, TOTAL_COLUMN, Scalar
from optimizer.workbook.sheets import FIRST_ROW, Heading
from optimizer.workbook.styles import ROLE_WORDS, TAB_COLOURS

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from optimizer.report.data import RunInfo
    from optimizer.workbook.model import Model
    from optimizer.workbook.styles import Styles
    from optimizer.workbook.values import Values

__all__ = ["write_cover", "write_inputs", "write_log", "write_sources"]

_HEAD_ROW = FIRST_ROW - 1

_LIVE: Final = (
    "Live: every formula, from the inputs to the value. Prices, rates, fees, costs, "
    "tax, loan terms, lead times and lives may be changed on sheet Inputs.",
    "The network answers to a changed opening BTC price or market parameter as it does "
    "in the engine; a sensitivity changes its own price alone.",
    "A machine runs in a month when its output is worth more than the energy it then "
    "takes: this choice is live, cohort by cohort. So are margin calls, sales that "
    "keep the cash floor, and emergency equity.",
    "Solver results (sheet Plan): machines, contracts, builds, BTC sold, draws, as the "
    "run decided them. The workbook values this plan again; it does not plan again. "
    "For that, change the study and run wattplan plan.",
    "Not live: the first month, the number of months, dates of maturity and holidays, "
    "sizes of lots and delivery times (the plan's cohorts follow from them).",
    "The base path only: probabilities come from wattplan score, not from here.",
)

_SIGNS: Final = (
    "Cash flow: inflow positive, outflow negative (in brackets), on every sheet.",
    "Lines of a balance, of the treasury's steps and of tax accounts are amounts >= 0; "
    "the label says whether they add or take.",
    "Nominal USD. Month t of the plan stands in the same column on every sheet; flows "
    "count at the month's end. Column Opening is the day before the first month.",
    "End-of-horizon values stand in the last month.",
    "The only numbers inside formulas are 0 and 1; all others stand on Inputs once.",
)


_SIGNS_PER_LINE: Final = 105
_LINE_HEIGHT: Final = 13
"""Room for words on the cover, and the height of a line. [signs, points]"""

_INPUT_HEADS: Final = (
    "Input",
    "Unit",
    "Key",
    "Value",
    "As run",
    "Low",
    "High",
    "Grade",
    "As of",
    "Source",
    "Note",
)


def write_cover(
    to: Worksheet, model: Model, values: Values, run: RunInfo, styles: Styles
) -> None:
    """Write what the workbook is, how to read it and what it says."""
    study = model.draft.study
    to.set_column(0, 0, 44)
    to.set_column(1, 1, 100)
    to.set_column(2, 2, 10)
    to.set_column(3, 3, 14)
    to.hide_gridlines(2)
    to.set_landscape()
    to.fit_to_pages(1, 0)
    strong, plain = styles.text(bold=True), styles.text(is_input=True, text_wrap=True)
    title = styles.text(is_input=True, bold=True, font_size=14)
    to.write_string(0, 0, study.title, title)
    to.write_string(1, 0, study.description, styles.text(is_input=True))
    row = 3
    facts = {
        "Run": run.run_id or "not in a run folder",
        "Made": run.created_utc,
        "Plan": model.draft.plan.label,
        "As of": study.as_of_date,
        "Months": f"{study.months[0]} to {study.months[-1]}",
    }
    for label, text in facts.items():
        to.write_string(row, 0, label, strong)
        to.write_string(row, 1, text, plain)
        row += 1
    row = _headlines(to, model, values, styles, row + 1)
    row = _paragraphs(to, styles, row + 1, "What is live", _LIVE)
    row = _paragraphs(to, styles, row + 1, "Signs and time", _SIGNS)
    row += 1
    to.write_string(row, 0, "Colours", styles.heading(1))
    for role, words in ROLE_WORDS.items():
        row += 1
        to.write_string(row, 0, role, styles.cell("text", role))
        to.write_string(row, 1, words, plain)
    row = _terms(to, model, styles, row + 2)
    to.write_string(row + 1, 0, "Sheets", styles.heading(1))
    for number, sheet in enumerate(model.sheets):
        to.write_string(row + 2 + number, 0, sheet.name, plain)
        to.write_string(row + 2 + number, 1, sheet.title, plain)


def _headlines(
    to: Worksheet, model: Model, values: Values, styles: Styles, row: int
) -> int:
    """Show the headlines of the outputs, live; return the next row."""
    to.write_string(row, 0, "Headlines", styles.heading(1))
    place = Place("Cover", 0, model.draft.n_periods)
    costs = model.segments.cost_to_mine, model.segments.all_in
    for line in (*model.outputs.headlines, *costs):
        row += 1
        to.write_string(row, 0, line.label, styles.text(is_input=True))
        look = styles.cell(line.style, "formula")
        look = styles.make(num_format=look.num_format, align="left", bold=True)
        formula = "=" + line.text(place)
        value = values.scalar(line)
        shown = "none" if math.isnan(value) else value
        to.write_formula(row, 1, formula, look, shown)
    return row + 1


def _paragraphs(
    to: Worksheet, styles: Styles, row: int, title: str, lines: tuple[str, ...]
) -> int:
    """Write a title and a row for each sentence; return the next row."""
    to.write_string(row, 0, title, styles.heading(1))
    for line in lines:
        row += 1
        _wrapped(to, row, line, styles)
    return row + 1


def _wrapped(to: Worksheet, row: int, text: str, styles: Styles) -> None:
    """Write a long text into a row high enough for it."""
    lines = -(-len(text) // _SIGNS_PER_LINE)
    to.set_row(row, _LINE_HEIGHT * lines)
    to.write_string(
        row, 1, text, styles.text(text_wrap=True, is_input=True, valign="top")
    )


def _terms(to: Worksheet, model: Model, styles: Styles, row: int) -> int:
    """Name the loan terms that are assumptions; return the next row."""
    assumed = model.assumed_loan_terms
    if not assumed:
        return row
    to.write_string(row, 0, "Terms not published", styles.heading(1))
    words = "Assumptions, on which cash, margin calls and value depend: "
    text = words + ", ".join(assumed) + "."
    _wrapped(to, row + 1, text, styles)
    return row + 2


def write_inputs(to: Worksheet, model: Model, styles: Styles) -> None:
    """Write every number that a formula asks for, live and as in the run."""
    inputs = model.draft.inputs
    sheet = next(one for one in model.sheets if not one.has_months)
    to.write_string(0, 0, sheet.title, styles.text(bold=True, font_size=12))
    to.write_string(
        1,
        0,
        "Change column Value; column As run keeps what the run had.",
        styles.text(font_color="#666666"),
    )
    for column, word in enumerate(_INPUT_HEADS):
        to.write_string(_HEAD_ROW, column, word, styles.text(bold=True, bottom=1))
    row = FIRST_ROW
    for entry in sheet.entries:
        if isinstance(entry, Heading):
            row += 1 if row > FIRST_ROW else 0
            to.write_string(row, 0, entry.text, styles.heading(entry.depth))
            row += 1
        elif isinstance(entry, Scalar):
            _input_row(to, entry, styles)
            _validate(to, entry, inputs.bounds.get(entry.note))
            origin = inputs.origin.get(entry.note)
            if origin is not None:
                texts = (origin.grade, origin.as_of, origin.source_title, origin.note)
                for column, text in enumerate(texts, start=7):
                    to.write_string(entry.row, column, text, styles.text(is_input=True))
                for column, bound in ((5, origin.low), (6, origin.high)):
                    if bound is not None:
                        look = styles.cell(entry.style, "constant")
                        to.write_number(entry.row, column, bound, look)
            row = entry.row + 1
    for column, width in enumerate((44, 16, 52, 14, 14, 12, 12, 7, 11, 46, 60)):
        to.set_column(column, column, width)
    to.freeze_panes(FIRST_ROW, CONSTANT_COLUMN + 1)
    to.hide_gridlines(2)
    to.set_zoom(90)
    to.set_landscape()
    to.set_paper(9)
    to.fit_to_pages(1, 0)
    to.repeat_rows(0, _HEAD_ROW)
    to.print_area(0, 0, row, 10)
    to.set_tab_color(TAB_COLOURS["Inputs"])


def _input_row(to: Worksheet, line: Scalar, styles: Styles) -> None:
    """Write one input: words, live value, value of the run."""
    grey = styles.text(is_input=True, font_color="#777777")
    to.write_string(line.row, 0, line.label, styles.text(is_input=True))
    to.write_string(line.row, 1, line.unit, grey)
    to.write_string(line.row, 2, line.note, grey)
    value = 0.0 if line.given is None else line.given
    to.write_number(
        line.row, CONSTANT_COLUMN, value, styles.cell(line.style, line.role)
    )
    to.write_number(line.row, TOTAL_COLUMN, value, styles.cell(line.style, "engine"))


def _validate(to: Worksheet, line: Scalar, bounds: tuple[float, float] | None) -> None:
    """Let an input take no number that a study may not hold."""
    if bounds is None or line.role != "input":
        return
    least, most = bounds
    to.data_validation(
        line.row,
        CONSTANT_COLUMN,
        line.row,
        CONSTANT_COLUMN,
        {
            "validate": "decimal",
            "criteria": "between",
            "minimum": least,
            "maximum": most,
            "error_title": "Not allowed",
            "error_message": f"From {least:g} to {most:g}.",
        },
    )


def write_sources(to: Worksheet, model: Model, styles: Styles) -> None:
    """Write every source that an input cites."""
    to.write_string(0, 0, "Sources", styles.text(bold=True, font_size=12))
    heads = ("Source", "Publisher", "Date", "Title", "Address", "Note", "Inputs")
    for column, word in enumerate(heads):
        to.write_string(_HEAD_ROW, column, word, styles.text(bold=True, bottom=1))
    cited: dict[str, list[str]] = {}
    found = {}
    for key in model.draft.inputs.lines:
        origin = model.draft.inputs.origin.get(key)
        if origin is not None and origin.source is not None:
            found[origin.source_id] = origin.source
            cited.setdefault(origin.source_id, []).append(key)
    look = styles.text(is_input=True)
    for row, name in enumerate(sorted(found), start=FIRST_ROW):
        source = found[name]
        texts = (name, source.publisher, source.date, source.title, source.url)
        for column, text in enumerate((*texts, source.note)):
            to.write_string(row, column, text, look)
        to.write_number(row, 6, len(cited[name]), styles.make(num_format="0"))
    for column, width in enumerate((26, 26, 12, 60, 60, 60, 8)):
        to.set_column(column, column, width)
    _plain_page(to)


def write_log(to: Worksheet, model: Model, run: RunInfo, styles: Styles) -> None:
    """Write where the workbook comes from: run, commands, versions, checks."""
    to.write_string(0, 0, "Log", styles.text(bold=True, font_size=12))
    to.set_column(0, 0, 44)
    to.set_column(1, 1, 110)
    to.set_column(2, 2, 10)
    to.set_column(3, 3, 14)
    study = model.draft.study
    rows = [
        ("Run", run.run_id),
        ("Made", run.created_utc),
        ("Study", f"{study.id}: {study.title}"),
        ("Inputs, SHA-256", run.inputs_sha256),
        ("Scenarios, seed", "" if run.seed is None else str(run.seed)),
    ]
    rows += [("Command", command) for command in run.commands]
    if run.solver is not None:
        rows.append(("Solver", run.solver.status))
    rows += [(f"Version of {name}", text) for name, text in run.versions.items()]
    for check in run.checks:
        verdict = "good" if check.is_good else "BAD"
        rows.append((f"Check of the run: {check.name}", f"{verdict}: {check.text}"))
    look = styles.text(is_input=True)
    for row, (label, text) in enumerate(rows, start=FIRST_ROW):
        to.write_string(row, 0, label, look)
        to.write_string(row, 1, text, look)
    _plain_page(to)


def _plain_page(to: Worksheet) -> None:
    to.freeze_panes(FIRST_ROW, 0)
    to.hide_gridlines(2)
    to.set_landscape()
    to.set_paper(9)
    to.fit_to_pages(1, 0)
