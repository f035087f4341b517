# SPDX-License-Identifier: Apache-2.0
"""The report's table of projects with loans."""

from __future__ import annotations

from optimizer.report.screened_loans import loans_exhibits

LENT = {
    "rank": 3,
    "project": "Alpha: hall",
    "start_month": "2026-01",
    "verdict": "fail",
    "loan_usd": 7e6,
    "loan_share_frac": 0.7,
    "irr_per_year": 0.18,
    "equity_irr_per_year": 0.31,
    "equity_irr_status": "ok",
    "equity_clears": True,
    "dscr_min": 1.31,
}
BARE = LENT | {"rank": 4, "loan_usd": 0.0}
WITHOUT_RATE = LENT | {
    "rank": 5,
    "loan_usd": 1e6,
    "equity_irr_per_year": float("nan"),
    "equity_irr_status": "no_capital",
    "equity_clears": False,
}


def test_projects_that_borrow_stand_with_both_rates() -> None:
    (exhibit,) = loans_exhibits([LENT, BARE, WITHOUT_RATE])
    table = exhibit.table
    assert table is not None
    assert [row[0] for row in table.rows] == [3, 5]
    keys = [column.key for column in table.columns]
    shown = dict(zip(keys, table.rows[0], strict=True))
    assert shown["irr_per_year"] == 0.18
    assert shown["equity_irr_per_year"] == 0.31
    assert shown["equity_irr_status"] == ""
    assert "2 kinds of project can borrow" in exhibit.reading
    assert "Alpha: hall" in exhibit.reading
    assert "lift 1 of them over the hurdle" in exhibit.reading


def test_a_missing_rate_is_a_dash_and_a_word() -> None:
    (exhibit,) = loans_exhibits([WITHOUT_RATE])
    assert exhibit.table is not None
    (row,) = exhibit.table.rows
    columns = {column.key: k for k, column in enumerate(exhibit.table.columns)}
    place = columns["equity_irr_per_year"]
    assert "nan" not in exhibit.table.columns[place].shown(row[place]).lower()
    assert row[columns["equity_irr_status"]] == "no capital"


def test_without_loans_there_is_no_table() -> None:
    assert loans_exhibits([BARE]) == ()
    assert loans_exhibits([{"rank": 1, "project": "older screening"}]) == ()
