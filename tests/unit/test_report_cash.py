# SPDX-License-Identifier: Apache-2.0
"""The cash questions in the report: as kept by a run, or named as missing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from reported_runs import reported_data

from optimizer.cash import answer_cash
from optimizer.cash_source import open_cash_source
from optimizer.report import render_report
from optimizer.report.cash import cash_exhibits, cash_missing
from optimizer.tablefiles import json_text


@pytest.fixture(scope="module")
def kept() -> dict[str, dict]:
    source = open_cash_source("base")
    answers = (
        answer_cash(source, weeks=13, n_scenarios=20),
        answer_cash(source, quarter="2025Q4"),
        answer_cash(source, segment="auto"),
    )
    # As a run folder holds them: written and read back
    return json.loads(json_text({answer.kind: answer.kept() for answer in answers}))


def test_every_answer_is_an_exhibit_with_its_tables(kept):
    weeks, quarter, segment = cash_exhibits(kept, 20e6)
    assert weeks.figure is not None
    assert weeks.table.id == "cash_weeks"
    assert "First week under the floor" in weeks.reading
    assert [fold.title for fold in weeks.folds] == [
        "BTC, prices and loan to value",
        "Cases and scenarios",
        "Cash week by week, low case",
        "Cash week by week, high case",
        "Weeks beside the monthly ledger, base case",
        "Payment terms",
    ]
    assert quarter.table.title.startswith("2025Q4, base case")
    assert "take no cash" in segment.reading
    assert cash_missing(kept) == ""


def test_bars_and_closing_line_are_the_tables_figures(kept):
    weeks, _, _ = cash_exhibits(kept, 20e6)
    rows = {row[0]: row[1:14] for row in weeks.table.rows}
    bars = [trace for trace in weeks.figure.data if trace.type == "bar"]
    net = [sum(trace.y[k] for trace in bars) for k in range(13)]
    assert net == pytest.approx([v * 1e-6 for v in rows["Net cash flow"]], abs=1e-9)
    (line,) = (trace for trace in weeks.figure.data if trace.name == "Closing cash")
    assert list(line.y) == pytest.approx([v * 1e-6 for v in rows["Closing cash"]])


def test_no_two_tables_share_a_name_and_units_are_never_mixed(kept):
    tables = [
        table
        for exhibit in cash_exhibits(kept, 20e6)
        for table in (
            exhibit.table,
            *(table for fold in exhibit.folds for table in fold.tables),
        )
    ]
    names = [table.id for table in tables]
    assert len(names) == len(set(names))
    for table in tables:
        assert len({c.unit for c in table.columns if c.kind == "number"}) == 1


def test_the_page_shows_answers_and_names_the_missing_ones(kept):
    data = reported_data(is_full=False)
    bare = render_report(data)
    assert "<code>wattplan cash DIR --weeks 13</code>" in bare
    assert "<code>wattplan cash DIR --quarter 2025Q4</code>" in bare
    page = render_report(replace(data, cash={"weeks": kept["weeks"]}))
    assert page.count('id="plot-cash-weeks"') == 1
    assert "wattplan cash DIR --weeks 13" not in page
    assert "<code>wattplan cash DIR --segment auto</code>" in page


def test_a_damaged_answer_counts_as_missing():
    assert cash_exhibits({"weeks": {"tables": []}, "quarter": 3}, 1.0) == ()
    assert "--weeks 13" in cash_missing({"weeks": {}})
