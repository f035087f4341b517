# SPDX-License-Identifier: Apache-2.0
"""Margin and liquidity risk in the report."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from reported_runs import reported_data

from optimizer.report import ReportData, render_report
from optimizer.report.margin import margin_exhibits, margin_missing
from optimizer.tablefiles import json_text

if TYPE_CHECKING:
    from models.study import Study

OPENING = {
    "n_scenarios": 4096,
    "seed": 1,
    "left_out": [["levels low", "levels must rise"]],
    "cases": [
        {
            "case_id": case_id,
            "label": case_id,
            "cash_usd": 20e6,
            "loan_usd": 6e6,
            "btc_pledged": 100.0,
            "margin_call_ltv_frac": 0.78,
            "opening_ltv_frac": 0.6,
            "figures": {
                "margin_call_within_3_months_frac": share,
                "margin_call_within_6_months_frac": share,
                "margin_call_within_12_months_frac": share,
                "liquidation_frac": 0.01,
                "equity_needed_frac": 0.02,
                "npv_negative_frac": 0.03,
                "forced_sale_usd": 2e6,
                "forced_sale_btc": 20.0,
            },
        }
        for case_id, share in (("low", 0.75), ("base", 0.5), ("high", 0.25))
    ],
}
TERMS = {
    "are_assumptions": True,
    "assumed": ["cure_days"],
    "note": "Loan terms are assumptions, not published: cure time.",
}


@pytest.fixture(scope="module")
def data() -> ReportData:
    made = reported_data()
    score = made.score | {"opening_range": OPENING, "loan_terms": TERMS}
    # As a run folder holds it: written and read back
    kept = replace(made.scores, record=json.loads(json_text(score)))
    return replace(made, scores=kept)


def test_picture_reading_and_table_say_the_same(data: ReportData) -> None:
    months, headlines, opening = margin_exhibits(data.study, data.score)
    calls = data.score["monthly"]["plan"]["events"]["margin_call"]["by_month_frac"]
    (line,) = (t for t in months.figure.data if t.name == "Plan: margin call")
    assert list(line.y) == [100.0 * share for share in calls]
    (base,) = (t for t in months.figure.data if t.name == "Base path")
    assert base.y[0] == pytest.approx(60.0, rel=1e-9)
    keys = [column.key for column in months.table.columns]
    place = keys.index("plan_margin_call_by_month_frac")
    assert [row[place] for row in months.table.rows] == calls
    assert len(months.table.rows) == data.study.time.months
    assert f"{100 * calls[11]:.0f}% within 12 months" in months.reading
    shown = {row[0]: row[2] for row in headlines.table.rows}
    assert shown["Margin call within 12 months"] == 100.0 * calls[11]
    assert opening.reading.startswith("Between the good and the bad end")
    assert "25% to 75%, in the base case 50%" in opening.reading
    assert "Left out, levels low" in opening.note


def test_every_exhibit_says_that_loan_terms_are_assumptions(data: ReportData) -> None:
    for exhibit in margin_exhibits(data.study, data.score):
        assert "Loan terms are assumptions" in exhibit.note


def test_the_page_has_the_section_with_its_csv(data: ReportData) -> None:
    page = render_report(data)
    assert page.count('<section id="margin-section">') == 1
    assert page.count('id="plot-margin"') == 1
    for table in ("margin_risk", "margin_headlines", "opening_range"):
        assert page.count(f'data-csv="{table}"') == 1


def test_what_is_missing_is_named(data: ReportData) -> None:
    assert margin_missing(data.study, data.score) == ""
    assert margin_exhibits(data.study, {}) == ()
    assert "wattplan score DIR" in margin_missing(data.study, {})
    # Scores of a company that owes nothing
    scored = {key: v for key, v in data.score.items() if key != "monthly"}
    assert margin_exhibits(debt_free(data.study), scored) == ()
    assert "no loan on pledged BTC" in margin_missing(debt_free(data.study), scored)


def debt_free(study: Study) -> Study:
    loan = study.company.loan.model_copy(update={"principal_usd": 0.0})
    company = study.company.model_copy(update={"loan": loan})
    return study.model_copy(update={"company": company})
