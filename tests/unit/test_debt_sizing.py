# SPDX-License-Identifier: Apache-2.0
"""Debt sized for one project, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.debt import DebtFacility, drawn_path
from models.debt_limits import cover_at
from models.debt_sizing import repayment_tests, sized_draws

N = 36


def loan(**changes: object) -> DebtFacility:
    terms: dict[str, object] = {
        "id": "hall",
        "name": "Hall",
        "kind": "project",
        "site": "alpha",
        "advance_frac": 0.8,
        "rate_per_year": 0.0,
        "term_months": 24,
        "grace_months": 0,
        "limit_usd": 1e9,
        "min_dscr": 1.25,
    }
    return DebtFacility(**(terms | changes))  # type: ignore[arg-type]


def cost(amount_usd: float, period: int = 0) -> np.ndarray:
    paid = np.zeros(N)
    paid[period] = amount_usd
    return paid


def test_a_rich_project_draws_its_advance_and_no_more() -> None:
    sized = sized_draws(loan(), cost(1200.0), np.full(N, 1e6))
    # Cover would allow thousands of times the cost; the advance is 80 % of 1,200.
    assert sized.drawn_usd == pytest.approx(960.0)
    assert sized.share_frac == 0.8
    assert sized.bound == "advance"


def test_even_a_full_advance_never_lends_more_than_the_cost() -> None:
    sized = sized_draws(loan(advance_frac=1.0), cost(1200.0), np.full(N, 1e9))
    assert sized.drawn_usd == pytest.approx(1200.0)


def test_cover_bounds_the_draw_in_closed_form() -> None:
    # Without interest a draw D asks D / 24 a month, D / 2 a year. 500 a year of cash
    # at a cover of 1.25 serve 400, so D = 800 of 1,200: two thirds.
    sized = sized_draws(loan(), cost(1200.0), np.full(N, 500.0 / 12.0))
    assert sized.drawn_usd == pytest.approx(800.0)
    assert sized.share_frac == pytest.approx(2.0 / 3.0)
    assert sized.bound == "cover"
    service = sized.path.service_usd[0]
    tests = repayment_tests(sized.path.repayment_usd[0], service)
    # Repaid in months 1 to 24; the year is full in 12, 15, 18, 21 and 24.
    assert tests == [12, 15, 18, 21, 24]
    cover = cover_at(np.full((1, N), 500.0 / 12.0), service, tests)
    assert cover[0] == pytest.approx([1.25] * 5)


def test_interest_falls_with_the_balance_so_the_first_year_binds() -> None:
    # 12 % a year: 1 % of balances 24, 23 .. 13 twenty-fourths of D in the first year,
    # 0.01 x 222 / 24 D = 0.0925 D, and principal of 0.5 D: 0.5925 D x 1.25 = 500.
    sized = sized_draws(
        loan(rate_per_year=0.12), cost(1200.0), np.full(N, 500.0 / 12.0)
    )
    assert sized.drawn_usd == pytest.approx(500.0 / 1.25 / 0.5925)


def test_the_worst_year_decides() -> None:
    cash = np.full(N, 1000.0)
    cash[13:25] = 500.0 / 12.0
    assert sized_draws(loan(), cost(1200.0), cash).drawn_usd == pytest.approx(800.0)


def test_the_limit_bounds_the_balance() -> None:
    sized = sized_draws(loan(limit_usd=300.0), cost(1200.0), np.full(N, 1e6))
    assert sized.path.balance_usd.max() == pytest.approx(300.0)
    assert sized.bound == "limit"


def test_the_limit_is_on_what_is_out_at_once() -> None:
    # 1,200 in month 0 and again in month 30, when the first is long repaid.
    paid = cost(1200.0) + cost(1200.0, 30)
    sized = sized_draws(loan(limit_usd=600.0, min_dscr=None), paid, np.zeros(N))
    assert sized.drawn_usd == pytest.approx(1200.0)


@pytest.mark.parametrize("cash_usd", [0.0, -100.0])
def test_a_project_without_cash_bears_no_covenanted_debt(cash_usd: float) -> None:
    sized = sized_draws(loan(), cost(1200.0), np.full(N, cash_usd))
    assert sized.drawn_usd == 0.0
    assert sized.bound == "cover"
    assert not sized.path.service_usd.any()


def test_without_covenant_cash_does_not_bound_the_draw() -> None:
    sized = sized_draws(loan(min_dscr=None), cost(1200.0), np.full(N, -100.0))
    assert sized.drawn_usd == pytest.approx(960.0)
    assert sized.bound == "advance"


@pytest.mark.parametrize("cost_usd", [0.0, -1200.0])
def test_nothing_bought_nothing_lent(cost_usd: float) -> None:
    sized = sized_draws(loan(), cost(cost_usd), np.full(N, 1e6))
    assert sized.drawn_usd == 0.0
    assert sized.bound == "no cost"
    assert sized.share_frac == 0.0


def test_less_than_a_cent_is_not_drawn() -> None:
    sized = sized_draws(loan(limit_usd=1e-300), cost(1200.0), np.full(N, 1e6))
    assert sized.drawn_usd == 0.0
    assert sized.bound == "limit"


def test_service_of_other_loans_comes_first() -> None:
    # 500 a year at 1.25 serve 400; a first loan of 480 asks 240 a year, so that 160 a
    # year, a draw of 320, are left.
    first = drawn_path((loan(id="first"),), cost(480.0)[None, :])
    sized = sized_draws(loan(), cost(1200.0), np.full(N, 500.0 / 12.0), other=first)
    assert sized.drawn_usd == pytest.approx(320.0)
    crowded = drawn_path((loan(id="first"),), cost(900.0)[None, :])
    none = sized_draws(loan(), cost(1200.0), np.full(N, 500.0 / 12.0), other=crowded)
    assert none.drawn_usd == 0.0


def test_a_cover_asked_by_another_loan_binds_too() -> None:
    free = loan(kind="gpu", site=None, min_dscr=None)
    cash = np.full(N, 500.0 / 12.0)
    sized = sized_draws(free, cost(1200.0), cash, min_cover=1.25)
    assert sized.drawn_usd == pytest.approx(800.0)


def test_a_loan_that_outlives_the_cash_is_not_given() -> None:
    # Cash ends with month 14: the year to month 27 would have none.
    cash = np.full(N, 1e6)
    cash[15:] = 0.0
    assert sized_draws(loan(term_months=30), cost(1200.0), cash).drawn_usd == 0.0


def test_tests_of_short_late_and_absent_loans() -> None:
    service = np.zeros(N)
    service[3:9] = 1.0
    assert repayment_tests(service, service) == [14]
    service = np.zeros(N)
    service[30:] = 1.0
    assert repayment_tests(service, service) == [35]
    assert repayment_tests(np.zeros(N), np.zeros(N)) == []


def test_a_rounding_left_in_a_paid_off_balance_asks_nothing() -> None:
    # Thirty-sevenths do not add up in binary: what is left is below a cent's cent.
    path = drawn_path((loan(term_months=7, rate_per_year=0.1),), cost(1e6 / 3)[None, :])
    service = path.service_usd[0]
    assert repayment_tests(path.repayment_usd[0], service) == [12]
    cover = cover_at(np.full((1, N), -5.0), service, [35])
    assert np.isnan(cover).all()
