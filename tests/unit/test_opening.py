# SPDX-License-Identifier: Apache-2.0
"""Opening balances rolled forward from published ones."""

from __future__ import annotations

import pytest

from models.opening import roll_forward, roll_forward_book_value

ROUND = {
    "btc_held": 500.0,
    "btc_mined": 100.0,
    "cash_cost_usd_per_btc": 80_000.0,
    "months": 2,
    "general_admin_usd_per_month": 1e6,
    "loan_rate_per_year": 0.06,
    "receipts_usd": 3e6,
    "other_cost_usd": 1e6,
    "cash_floor_usd": 5e6,
}


def test_a_shortfall_under_the_floor_is_drawn_on_the_loan():
    # 10 + 3 - 100 x 0.08 - 2 x 1 - 100 x 6 % x 2/12 - 1 = 1 M; floor 5 M: draw 4 M
    balance = roll_forward(10e6, 100e6, **ROUND)
    assert balance.cash_usd == pytest.approx(5e6)
    assert balance.drawn_usd == pytest.approx(4e6)
    assert balance.loan_usd == pytest.approx(104e6)
    assert balance.btc_pledged == 500.0


def test_cash_above_the_floor_stays_and_repays_nothing():
    # 20 + 3 - 8 - 2 - 1 - 1 = 11 M
    balance = roll_forward(20e6, 100e6, **ROUND)
    assert balance.cash_usd == pytest.approx(11e6)
    assert balance.loan_usd == 100e6
    assert balance.drawn_usd == 0.0


def test_no_months_and_no_output_change_nothing():
    still = {**ROUND, "months": 0, "btc_mined": 0.0}
    balance = roll_forward(10e6, 100e6, **{**still, "receipts_usd": 1e6})
    assert balance.cash_usd == 10e6
    assert balance.loan_usd == 100e6


def test_book_value_falls_by_the_published_pace():
    # 30 M a quarter is 10 M a month: 100 - 2 x 10 = 80 M, 8 months left
    book = roll_forward_book_value(100e6, 30e6, months=2)
    assert book.book_value_usd == pytest.approx(80e6)
    assert book.remaining_life_months == pytest.approx(8.0)


def test_book_value_ends_at_zero():
    book = roll_forward_book_value(10e6, 30e6, months=5)
    assert book.book_value_usd == 0.0
    assert book.remaining_life_months == 0.0
