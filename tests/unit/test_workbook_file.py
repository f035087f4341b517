# SPDX-License-Identifier: Apache-2.0
"""The workbook as a file: rules that every formula keeps, and words that stay words."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string, get_column_letter
from recalculation import cells, formulas
from reported_runs import numbers
from workbook_plans import rich_plan, rich_study

from models.cashflow import evaluate
from models.errors import ReportError
from models.market import base_paths
from optimizer.passport import CheckResult
from optimizer.report.data import RunInfo
from optimizer.workbook import build_model, write_model
from optimizer.workbook.lines import MONTH_COLUMN
from optimizer.workbook.sheets import FIRST_ROW

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl import Workbook

    from models.study import Study

BANNED = re.compile(
    r"\b(NPV|XNPV|OFFSET|INDIRECT|XLOOKUP|LET|LAMBDA|CHOOSE|NOW|TODAY|RAND)\("
)
REFERENCE = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d+)")
TEXT = re.compile(r'"[^"]*"')
SHEET = re.compile(r"('[^']*'|[A-Za-z]+)!")
NUMBER = re.compile(r"(?<![A-Z$\d.])\d+(?:\.\d+)?(?:E[+-]?\d+)?")
LONGEST = 200
"""Signs of the longest formula, names of sheets included."""

FIXED = ("Cover", "Inputs", "Plan", "Time", "Market")
LAST = ("Treasury", "Tax", "Books", "Statements", "Segments")
LAST += ("Outputs", "Checks", "Years", "Sources", "Log")
WITHOUT_MONTHS = {"Cover", "Inputs", "Years", "Sources", "Log"}
HOSTILE = (
    '=HYPERLINK("http://example.com","x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "{=1+1}",
    "\t=1+1",
    "http://example.com/x",
    "=cmd|'/c calc'!A1",
)


@functools.cache
def _book(path: Path) -> Workbook:
    return load_workbook(path)


def _write(study: Study, path: Path, run: RunInfo) -> Path:
    plan = rich_plan(study)
    ledger = evaluate(study, plan, base_paths(study))
    model = build_model(study, plan, ledger, numbers())
    write_model(path, model, run)
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("file") / "workbook.xlsx"
    run = RunInfo(run_id="20251130-tiny", created_utc="2025-11-30T12:00:00Z")
    return _write(rich_study(), path, run)


def test_sheets_stand_in_order_and_none_is_hidden(written: Path) -> None:
    book = _book(written)
    names = tuple(sheet.title for sheet in book)
    sites = tuple(f"Site {name}" for name in ("alpha", "beta", "gamma"))
    assert names == (*FIXED, *sites, *LAST)
    assert {sheet.sheet_state for sheet in book} == {"visible"}
    assert len(book.defined_names) == 0


def test_no_formula_uses_what_is_banned(written: Path) -> None:
    used = {place: text for place, text in formulas(written).items() if _banned(text)}
    assert used == {}


def _banned(text: str) -> bool:
    return BANNED.search(text) is not None or "[" in text


def test_no_number_but_zero_and_one_stands_in_a_formula(written: Path) -> None:
    found = {}
    for place, text in formulas(written).items():
        bare = REFERENCE.sub("", SHEET.sub("", TEXT.sub("", text)))
        numbers_in = set(NUMBER.findall(bare)) - {"0", "1"}
        if numbers_in:
            found[place] = text
    assert found == {}


def test_formulas_are_short(written: Path) -> None:
    long = {p: text for p, text in formulas(written).items() if len(text) > LONGEST}
    assert long == {}


def test_a_row_is_one_formula(written: Path) -> None:
    rows: dict[tuple[str, int], set[str]] = defaultdict(set)
    for (sheet, cell), text in formulas(written).items():
        match = re.fullmatch(r"([A-Z]+)(\d+)", cell)
        assert match is not None
        column, row = column_index_from_string(match[1]), int(match[2])
        if column > MONTH_COLUMN and sheet not in WITHOUT_MONTHS:
            rows[sheet, row].add(_relative(text, column))
    assert len(rows) > 300
    assert {place: forms for place, forms in rows.items() if len(forms) > 1} == {}


def _relative(text: str, column: int) -> str:
    """A formula with its moving columns counted from its own."""

    def shifted(match: re.Match[str]) -> str:
        fixed, letters, row_fixed, row = match.groups()
        if fixed:
            return match[0]
        return f"C[{column_index_from_string(letters) - column}]{row_fixed}{row}"

    return REFERENCE.sub(shifted, text)


def test_the_same_column_is_the_same_month_on_every_sheet(written: Path) -> None:
    shown, book = cells(written), _book(written)
    timed = [s for s in book if s.title not in WITHOUT_MONTHS]
    for sheet in timed:
        for period in range(24):
            cell = f"{get_column_letter(MONTH_COLUMN + 1 + period)}{FIRST_ROW}"
            assert shown[sheet.title, cell] == shown["Time", cell]
        assert sheet.freeze_panes == "G6"


def test_years_add_up_to_the_months(written: Path) -> None:
    # 24 months from December 2025: 1, 12 and 11 of them.
    shown = cells(written)
    heads = [shown["Years", f"{column}5"] for column in "EFG"]
    assert heads == [2025.0, 2026.0, 2027.0]
    sheet = _book(written)["Years"]
    rows = {str(sheet.cell(row, 1).value): row for row in range(6, sheet.max_row + 1)}
    outputs = _book(written)["Outputs"]
    totals = {
        str(outputs.cell(row, 1).value): shown.get(("Outputs", f"E{row}"))
        for row in range(6, outputs.max_row + 1)
    }
    for label in ("Hosting revenue", "Mining energy", "BTC sales"):
        by_year = [shown["Years", f"{column}{rows[label]}"] for column in "EFG"]
        assert sum(by_year) == pytest.approx(totals[label])  # type: ignore[arg-type]
    # Balances are those of the last month of each year.
    cash = {str(c.value): c.row for (c,) in outputs.parent["Treasury"]["A6:A400"]}
    row = cash["Cash: closing"]
    assert shown["Years", f"E{rows['Cash']}"] == shown["Treasury", f"G{row}"]
    assert shown["Years", f"F{rows['Cash']}"] == shown["Treasury", f"S{row}"]
    assert shown["Years", f"G{rows['Cash']}"] == shown["Treasury", f"AD{row}"]


def test_every_sheet_shows_the_master_check(written: Path) -> None:
    shown = cells(written)
    sheets = _book(written).sheetnames
    assert {shown[name, "D1"] for name in sheets} == {"all hold"}


def test_every_formula_has_its_value(written: Path) -> None:
    shown = cells(written)
    missing = [place for place in formulas(written) if place not in shown]
    assert missing == []


def test_every_input_stands_once_with_its_value_of_the_run(written: Path) -> None:
    sheet = _book(written)["Inputs"]
    keys = []
    for row in range(FIRST_ROW + 1, sheet.max_row + 1):
        if sheet.cell(row, 4).value is not None:
            keys.append(sheet.cell(row, 3).value)
            assert sheet.cell(row, 4).value == sheet.cell(row, 5).value
    named = [key for key in keys if key]
    assert len(named) == len(set(named)) > 150


def test_an_input_takes_only_what_a_study_may_hold(written: Path) -> None:
    sheet = _book(written)["Inputs"]
    rows = {sheet.cell(row, 3).value: row for row in range(6, sheet.max_row + 1)}
    allowed = {
        str(rule.sqref): (float(rule.formula1), float(rule.formula2))
        for rule in sheet.data_validations.dataValidation
    }
    assert allowed[f"D{rows['company.pool_fee_frac']}"] == (0.0, 1.0)
    assert allowed[f"D{rows['company.cash_usd']}"] == (0.0, 1e13)
    least, most = allowed[f"D{rows['market.network_trend_per_year']}"]
    assert (least, most) == (-1.0, 5.0)


def test_words_from_input_files_never_become_formulas(
    written: Path, tmp_path: Path
) -> None:
    names = iter(HOSTILE * 20)
    study = rich_study(title=HOSTILE[0], description=HOSTILE[1])

    def renamed(records: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(
            one.model_copy(update={"name": next(names)})  # type: ignore[attr-defined]
            for one in records
        )

    company = study.company.model_copy(
        update={
            "name": HOSTILE[2],
            "side_businesses": renamed(study.company.side_businesses),
            "debt_facilities": renamed(study.company.debt_facilities),
        }
    )
    study = study.model_copy(
        update={
            "company": company,
            "sites": renamed(study.sites),
            "asics": renamed(study.asics),
            "gpus": renamed(study.gpus),
            "tax_regimes": renamed(study.tax_regimes),
            "hosting_offers": renamed(study.hosting_offers),
            "gpu_offers": renamed(study.gpu_offers),
        }
    )
    run = RunInfo(
        run_id=HOSTILE[3],
        commands=HOSTILE,
        versions={HOSTILE[0]: HOSTILE[1]},
        checks=(CheckResult(name=HOSTILE[4], is_good=True, text=HOSTILE[5]),),
    )
    path = _write(study, tmp_path / "hostile.xlsx", run)
    assert formulas(path) == formulas(written)
    shown = [value for value in cells(path).values() if isinstance(value, str)]
    assert any(value.startswith("=HYPERLINK") for value in shown)
    book = load_workbook(path)
    links = [
        cell for s in book for row in s.iter_rows() for cell in row if cell.hyperlink
    ]
    assert links == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"nowhere.*cannot be written"):
        _write(rich_study(), tmp_path / "nowhere" / "workbook.xlsx", RunInfo())


def test_the_same_run_gives_the_same_file(written: Path, tmp_path: Path) -> None:
    run = RunInfo(run_id="20251130-tiny", created_utc="2025-11-30T12:00:00Z")
    again = _write(rich_study(), tmp_path / "workbook.xlsx", run)
    assert again.read_bytes() == written.read_bytes()
