# SPDX-License-Identifier: Apache-2.0
"""Margin calls worked by hand: cash, then free BTC, then a sale, or the lender's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.company import BtcLoan
from models.margin import MarginStep, margin_call_price_usd, margin_step

RTOL = 1e-12
TERMS = BtcLoan(
    principal_usd=6e6,
    rate_per_year=0.0,
    maturity_month="2030-01",
    initial_ltv_frac=0.6,
    margin_call_ltv_frac=0.8,
    liquidation_ltv_frac=0.9,
    cure_days=2.0,
    liquidation_penalty_frac=0.1,
)


def step(
    *,
    price: float = 100_000.0,
    low: float = 70_000.0,
    dip: float = 1.0,
    cash: float = 0.0,
    loan: float = 6e6,
    free: float = 0.0,
    pledged: float = 100.0,
) -> MarginStep:
    def one(value: float) -> np.ndarray:
        return np.array([value])

    return margin_step(
        TERMS,
        selling_cost_frac=0.01,
        price_usd=one(price),
        low_usd=one(low),
        dip_frac=one(dip),
        cash_over_floor_usd=one(cash),
        loan_usd=one(loan),
        btc_free=one(free),
        btc_pledged=one(pledged),
    )


def test_the_call_price_is_loan_over_level_and_pledge() -> None:
    # 6,000,000 / (0.8 x 100) = 75,000 USD per BTC.
    loan, pledged = np.array([6e6, 0.0, 6e6]), np.array([100.0, 100.0, 0.0])
    price = margin_call_price_usd(TERMS, loan, pledged)
    assert price.tolist() == [75_000.0, 0.0, np.inf]


def test_no_call_comes_at_the_level_itself() -> None:
    found = step(low=75_000.0)
    assert found.is_called.tolist() == [0.0]
    assert found.cash_usd.tolist() == [0.0]
    assert found.btc_sold.tolist() == [0.0]
    assert step(low=74_999.0).is_called.tolist() == [1.0]


def test_cash_restores_the_initial_level_first() -> None:
    # At 70,000: 0.6 x 70,000 x 100 = 4.2 M may stay, so 1.8 M is repaid.
    found = step(cash=2e6, free=50.0)
    assert found.cash_usd[0] == pytest.approx(1.8e6, rel=RTOL)
    assert found.btc_pledged.tolist() == [0.0]
    assert found.btc_sold.tolist() == [0.0]


def test_then_free_btc_is_pledged() -> None:
    # 0.54 M in cash leaves 1.26 M short; one more BTC backs 42,000: 30 BTC.
    found = step(cash=0.54e6, free=50.0)
    assert found.cash_usd[0] == pytest.approx(0.54e6, rel=RTOL)
    assert found.btc_pledged[0] == pytest.approx(30.0, rel=RTOL)
    assert found.btc_sold[0] == pytest.approx(0.0, abs=1e-9)


def test_then_pledged_btc_is_sold_and_all_of_it_repays() -> None:
    # s = 70,000 x 0.99 = 69,300, i q = 42,000: x = 1.8 M / 27,300 = 65.934 BTC.
    found = step()
    sold = 1.8e6 / 27_300.0
    assert found.btc_sold[0] == pytest.approx(sold, rel=RTOL)
    assert found.proceeds_usd[0] == pytest.approx(69_300.0 * sold, rel=RTOL)
    # What is left stands at the initial level again.
    left = 6e6 - found.proceeds_usd[0]
    assert left / (70_000.0 * (100.0 - sold)) == pytest.approx(0.6, rel=RTOL)
    assert found.is_liquidated.tolist() == [0.0]


def test_a_fall_through_liquidation_within_the_cure_time_costs_a_penalty() -> None:
    # Called at 75,000; liquidated at 6 M / (0.9 x 100) = 66,667: a dip of 11.1 %.
    assert step(dip=0.90).is_liquidated.tolist() == [0.0]
    found = step(dip=0.88)
    assert found.is_liquidated.tolist() == [1.0]
    # s = 70,000 x 0.9 = 63,000: x = 1.8 M / 21,000 = 85.714 BTC.
    assert found.btc_sold[0] == pytest.approx(1.8e6 / 21_000.0, rel=RTOL)


def test_cash_that_meets_the_call_forestalls_the_lender() -> None:
    assert step(dip=0.5, cash=2e6).is_liquidated.tolist() == [0.0]


def test_free_btc_that_meets_the_call_forestalls_the_lender() -> None:
    # short / (0.6 low) x (0.6 low) is short but for a rounding, upwards in some rows:
    # with BTC to spare nothing is left to sell, however deep the price falls.
    loan = np.linspace(6e6, 6.5e6, 1001)
    ones = np.ones_like(loan)
    met = margin_step(
        TERMS,
        selling_cost_frac=0.01,
        price_usd=90_000.0 * ones,
        low_usd=61_234.5 * ones,
        dip_frac=0.1 * ones,
        cash_over_floor_usd=0.0 * ones,
        loan_usd=loan,
        btc_free=500.0 * ones,
        btc_pledged=100.0 * ones,
    )
    assert (met.is_called == 1.0).all()
    assert (met.btc_pledged > 0.0).all()
    assert not met.is_liquidated.any()
    assert not met.btc_sold.any()


def test_what_a_pledge_under_water_leaves_is_due_in_cash() -> None:
    # At 40,000 all 100 BTC fetch 39,600 each: 3.96 M; 2.04 M is left to pay.
    found = step(low=40_000.0)
    assert found.btc_sold.tolist() == [100.0]
    assert found.proceeds_usd[0] == pytest.approx(3.96e6, rel=RTOL)
    assert found.cash_usd[0] == pytest.approx(2.04e6, rel=RTOL)


@given(
    low=st.floats(1e3, 1e5),
    dip=st.floats(0.5, 1.0),
    cash=st.floats(0.0, 1e7),
    free=st.floats(0.0, 200.0),
    loan=st.floats(0.0, 1e7),
)
def test_a_call_is_always_met(
    low: float, dip: float, cash: float, free: float, loan: float
) -> None:
    found = step(low=low, dip=dip, cash=cash, free=free, loan=loan)
    left = loan - found.cash_usd[0] - found.proceeds_usd[0]
    held = 100.0 + found.btc_pledged[0] - found.btc_sold[0]
    assert left >= -1e-3
    assert held >= -1e-9
    assert found.btc_pledged[0] <= free
    if found.is_called[0]:
        assert left <= 0.6 * low * held + 1e-3
    else:
        assert left == loan
