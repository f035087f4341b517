# SPDX-License-Identifier: Apache-2.0
"""Lines and formulas: what is written in a cell and what it gives."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.workbook.expr import Call, Expr, Place, Words, flag
from optimizer.workbook.lines import Scalar, Series, column_name
from optimizer.workbook.sheets import Sheet, corkscrew
from optimizer.workbook.values import work_out

HERE = Place("Calcs", 1, 3)
"""Second month of three: column H; the opening stands in F."""


def _sheet() -> tuple[Sheet, Scalar, Series]:
    sheet = Sheet("Calcs", "Calcs")
    rate = sheet.scalar(Scalar("Rate", "share", given=0.5))
    flow = sheet.series(Series("Flow", "USD", given=np.array([1.0, 2.0, 4.0])))
    sheet.place()
    return sheet, rate, flow


@pytest.mark.parametrize(
    ("column", "name"), [(0, "A"), (6, "G"), (25, "Z"), (26, "AA"), (701, "ZZ")]
)
def test_columns_are_named_as_in_a_spreadsheet(column: int, name: str) -> None:
    assert column_name(column) == name


def test_cells_are_fixed_where_they_must_not_move() -> None:
    _, rate, flow = _sheet()
    elsewhere = Place("Other", 1, 3)
    assert rate.text(HERE) == "$D$6"
    assert rate.text(elsewhere) == "Calcs!$D$6"
    assert flow.text(HERE) == "H7"
    assert flow.before.text(HERE) == "G7"
    assert flow.months.text(HERE) == "$G7:$I7"
    assert flow.so_far.text(HERE) == "$G7:H7"
    assert flow.opening_and_months.text(elsewhere) == "Calcs!$F7:$I7"
    assert flow.last.text(HERE) == "$I7"


def test_brackets_stand_where_the_order_of_operations_needs_them() -> None:
    _, rate, flow = _sheet()
    cases: list[tuple[Expr, str]] = [
        (flow * (1 + rate), "H7*(1+$D$6)"),
        (flow - (rate - 1), "H7-($D$6-1)"),
        (flow / (rate * flow), "H7/($D$6*H7)"),
        (flow + (rate + 1), "H7+$D$6+1"),
        ((1 + rate) ** -flow, "(1+$D$6)^-H7"),
        (-(flow * rate), "-(H7*$D$6)"),
        (flag(flow > rate), "(H7>$D$6)*1"),
        (Call("MAX", -flow, 0), "MAX(-H7,0)"),
    ]
    assert [formula.text(HERE) for formula, _ in cases] == [text for _, text in cases]


def test_a_number_may_not_stand_in_a_formula() -> None:
    _, _, flow = _sheet()
    with pytest.raises(ValueError, match="12 stands in a formula"):
        _ = flow * 12


def test_words_in_a_formula_are_quoted() -> None:
    assert Words('a "b"').text(HERE) == '"a ""b"""'


def test_a_line_that_stands_nowhere_cannot_be_used() -> None:
    with pytest.raises(ValueError, match="stands on no sheet"):
        Series("Lost", "USD", given=np.zeros(3)).text(HERE)


def test_a_circle_is_found() -> None:
    sheet = Sheet("Calcs", "Calcs")
    first, second = Series("First", "USD"), Series("Second", "USD")
    first.define(second + 1)
    second.define(first + 1)
    sheet.add(first)
    sheet.add(second)
    with pytest.raises(ValueError, match="leads back to itself"):
        work_out([sheet], 3)


def test_a_corkscrew_carries_its_balance() -> None:
    # 10 at the opening; +1 -0.5, +2 -1, +4 -2: 10.5, 11.5, 13.5.
    sheet, rate, flow = _sheet()
    out = Series("Out", "USD", flow * rate)
    closing = Series("Closing", "USD", opening=10.0)
    again = Series("In", "USD", flow)
    corkscrew(sheet, "Balance", "USD", closing=closing, adds=[again], takes=[out])
    sheet.place()
    values = work_out([sheet], 3)
    assert values.months(closing).tolist() == [10.5, 11.5, 13.5]
    assert closing.formula is not None
    # Opening, in, out and closing stand one under the other.
    assert closing.formula.text(HERE) == "H8+H9-H10"


def test_only_the_branch_taken_is_worked_out() -> None:
    sheet, rate, _ = _sheet()
    safe = sheet.value("Safe", "ratio", Call("IF", rate > 0, 1 / rate, 1 / (rate * 0)))
    sheet.place()
    assert work_out([sheet], 3).scalar(safe) == 2.0


def test_dates_go_on_by_calendar_months() -> None:
    # 45,992 is 1 December 2025 in a spreadsheet; 46,054 is 1 February 2026.
    sheet = Sheet("Calcs", "Calcs")
    first = sheet.value("First", "date", given=45_992.0)
    two = sheet.value("Two", "months", given=2.0)
    later = sheet.value("Later", "date", Call("EDATE", first, two))
    month = sheet.value("Month", "month", Call("MONTH", later))
    sheet.place()
    values = work_out([sheet], 1)
    assert values.scalar(later) == 46_054.0
    assert values.scalar(month) == 2.0


def test_a_line_is_defined_once() -> None:
    line = Series("Line", "USD")
    line.define(1)
    with pytest.raises(ValueError, match="defined twice"):
        line.define(0)
