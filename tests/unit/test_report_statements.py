# SPDX-License-Identifier: Apache-2.0
"""The financial statements in the run's tables and in the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reported_runs import numbers, reported_data

from models.segments import SEGMENTS
from models.statement_lines import BALANCE_LINES, CASH_FLOW_LINES, INCOME_LINES
from optimizer.report.figures.balance import quarter_ends
from optimizer.report.sections import sections
from optimizer.report.statements import statement_exhibits
from optimizer.statementtables import (
    STATEMENT_FILES,
    base_statements,
    statement_checks,
    statement_tables,
)
from optimizer.tablefiles import csv_text


@pytest.fixture(scope="module")
def data():
    return reported_data(is_full=False)


@pytest.fixture(scope="module")
def made(data):
    return base_statements(data.study, data.plan.plan, data.plan.ledger)


@pytest.fixture(scope="module")
def shown(data):
    return {e.id: e for e in statement_exhibits(data.study, data.plan)}


# -- tables of the run ------------------------------------------------------------


def test_tables_have_a_row_a_month_and_a_column_a_line(data, made):
    tables = statement_tables(data.study, {"plan": made, "baseline": made})
    assert tuple(tables) == STATEMENT_FILES
    lines = {
        "income_statement": INCOME_LINES,
        "balance_sheet": BALANCE_LINES,
        "cash_flow_statement": CASH_FLOW_LINES,
    }
    for stem, wanted in lines.items():
        table = tables[stem]
        n_rows = 2 * (25 if stem == "balance_sheet" else 24)
        assert {len(column) for column in table.values()} == {n_rows}
        assert {f"{line.name}_usd" for line in wanted} <= set(table)
        assert csv_text(table).count("\n") == n_rows + 1
    assert len(tables["segments"]["month"]) == 2 * 24 * len(SEGMENTS)
    assert tables["balance_sheet"]["month"][0] == "opening"


def test_the_tables_tie_with_each_other(data, made):
    tables = statement_tables(data.study, {"plan": made})
    income, sheet = tables["income_statement"], tables["balance_sheet"]
    cash = tables["cash_flow_statement"]
    assert sheet["retained_usd"][-1] == pytest.approx(sum(income["net_income_usd"]))
    assert cash["closing_cash_usd"] == sheet["cash_usd"][1:]
    assert np.abs(sheet["balance_error_usd"]).max() < 0.01
    segments = tables["segments"]
    assert sum(segments["operating_income_usd"]) == pytest.approx(
        sum(income["operating_income_usd"])
    )


def test_checks_pass_and_fail_by_a_cent(made):
    assert [check.is_good for check in statement_checks(made)] == [True, True]
    made.balance["cash"][0, 5] += 0.02
    try:
        assert [check.is_good for check in statement_checks(made)] == [True, False]
    finally:
        made.balance["cash"][0, 5] -= 0.02


# -- the report -------------------------------------------------------------------


def test_the_report_has_a_section_of_statements(data):
    section = next(s for s in sections(data) if s.id == "statements")
    wanted = ["balance", "income", "cash-flow", "segments", "cost-to-mine"]
    assert [exhibit.id for exhibit in section.exhibits] == wanted
    assert all(exhibit.reading.endswith(".") for exhibit in section.exhibits)


def test_the_section_says_that_the_loan_s_rate_is_assumed(data):
    number = numbers()[0]
    rate = replace(number, key="company.loan.rate_per_year", grade="M")
    for given, is_said in ((number, False), (rate, True)):
        told = sections(replace(data, provenance=(given,)))
        section = next(s for s in told if s.id == "statements")
        assert ("not published" in section.lead) == is_said


def test_years_quarters_and_months_of_a_statement_sum_alike(made, shown):
    total = made.income["net_income"][0].sum()
    exhibit = shown["income"]
    tables = [exhibit.table, *(fold.tables[0] for fold in exhibit.folds)]
    for table in tables:
        row = next(row for row in table.rows if row[1] == "Net income")
        assert row[-1] == pytest.approx(total)
        assert sum(row[2:-1]) == pytest.approx(total)
        assert len(row) == len(table.columns)


def test_quarters_are_those_of_the_calendar(data, shown):
    # December 2025 alone, seven whole quarters, October and November 2027.
    quarters = shown["income"].folds[0].tables[0]
    labels = [column.label for column in quarters.columns][2:-1]
    assert labels[0] == "2025 Q4"
    assert labels[-1] == "2027 Q4"
    assert len(labels) == 9
    assert quarter_ends(data.study) == [0, 1, 4, 7, 10, 13, 16, 19, 22, 24]


def test_lines_that_are_always_zero_are_left_out_but_no_total(shown):
    labels = {row[1] for row in shown["income"].table.rows}
    assert "Fees on debt" not in labels
    assert {"Revenue", "Adjusted EBITDA", "Net income"} <= labels
    strong = [shown["income"].table.rows[k][1] for k in shown["income"].table.strong]
    assert "Net income" in strong


def test_the_picture_stacks_assets_over_debt(made, shown):
    figure = shown["balance"].figure
    bars = [trace for trace in figure.data if trace.type == "bar"]
    last = sum(trace.y[-1] for trace in bars)
    equity = next(trace for trace in figure.data if trace.name == "Equity")
    assert equity.y[-1] == pytest.approx(made.balance["equity"][0, -1] / 1e6)
    assert last == pytest.approx(equity.y[-1])


def test_segments_of_a_year_sum_to_the_company_s(made, shown):
    rows = [r for r in shown["segments"].table.rows if r[1] == "Adjusted EBITDA"]
    total = sum(row[-1] for row in rows)
    assert total == pytest.approx(made.income["adjusted_ebitda"][0].sum())


def test_cost_to_mine_of_the_horizon_is_its_cost_over_its_output(made, shown):
    *_, last = shown["cost-to-mine"].table.rows
    _, mined, _, cost, written, cash, full = last
    assert cash == pytest.approx(cost / mined)
    assert full == pytest.approx((cost + written) / mined)
    assert mined == pytest.approx(made.mined_btc[0].sum())
