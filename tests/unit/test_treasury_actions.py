# SPDX-License-Identifier: Apache-2.0
"""Pledges, draws, releases, purchases and margin calls along a treasury path."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_studies import company

from models.company import BtcLoan, Company
from models.plan import Plan
from models.tax import TaxAccount, TaxTerms
from models.treasury import TreasuryPath, treasury_path

RTOL = 1e-12
NOTHING = (0.0, 0.0, 0.0)
LOAN = BtcLoan(
    principal_usd=6e6,
    rate_per_year=0.0,
    maturity_month="2028-04",
    initial_ltv_frac=0.65,
    margin_call_ltv_frac=0.78,
    liquidation_ltv_frac=0.88,
    draw_limit_usd=7e6,
    liquidation_penalty_frac=0.1,
)


def owner(**changes: object) -> Company:
    """1 M USD over a floor of 0.5 M, 10 free and 100 pledged BTC, loan of 6 M."""
    terms = {
        "cash_usd": 1e6,
        "cash_floor_usd": 5e5,
        "btc_free": 10.0,
        "btc_pledged": 100.0,
        "loan": LOAN,
        "btc_selling_cost_frac": 0.01,
    }
    return company(**(terms | changes))


def run(
    who: Company,
    *,
    price: tuple[float, ...] = (100_000.0,) * 3,
    cash: tuple[float, ...] = NOTHING,
    low: tuple[float, ...] | None = None,
    dip: tuple[float, ...] | None = None,
    **plan: tuple[float, ...] | float,
) -> TreasuryPath:
    empty = {
        "btc_sold_free": NOTHING,
        "btc_sold_pledged": NOTHING,
        "emergency_equity_usd": NOTHING,
    }
    decided = Plan(label="test", study_id="tiny", months=3, **(empty | plan))  # type: ignore[arg-type]
    return treasury_path(
        who,
        decided,
        maturity_period=99,
        operating_cash_usd=np.array([cash]),
        corporate_profit_usd=np.zeros((1, 3)),
        taxes=TaxAccount(TaxTerms(0.0, 1.0, (1.0,) * 3), np.zeros(1)),
        mined_btc=np.zeros((1, 3)),
        btc_price_usd=np.array([price]),
        btc_low_frac=None if low is None else np.array([low]),
        btc_dip_frac=None if dip is None else np.array([dip]),
    )


def test_a_draw_brings_cash_against_btc_newly_pledged() -> None:
    path = run(
        owner(), btc_pledged=(10.0, 0.0, 0.0), loan_drawn_usd=(500_000.0, 0.0, 0.0)
    )
    assert path.btc_free[0].tolist() == [10.0, 0.0, 0.0, 0.0]
    assert path.btc_pledged[0].tolist() == [100.0, 110.0, 110.0, 110.0]
    assert path.loan_usd[0].tolist() == [6e6, 6.5e6, 6.5e6, 6.5e6]
    assert path.cash_usd[0, 1] == 1.5e6
    assert path.drawn_usd[0].tolist() == [500_000.0, 0.0, 0.0]


def test_a_lower_price_cuts_a_draw_to_what_the_pledge_backs() -> None:
    # 0.65 x 80,000 = 52,000 per BTC: 10 BTC back 520,000 of the 600,000 planned.
    pledge, draw = (10.0, 0.0, 0.0), (600_000.0, 0.0, 0.0)
    prices = (80_000.0,) * 3
    path = run(owner(), price=prices, btc_pledged=pledge, loan_drawn_usd=draw)
    assert path.drawn_usd[0, 0] == pytest.approx(520_000.0, rel=RTOL)


def test_a_draw_brings_no_more_than_frees_a_btc_and_keeps_the_limit() -> None:
    # At 100,000 the initial level allows 65,000, but 60,000 free a BTC: 600,000.
    pledge, draw = (10.0, 0.0, 0.0), (9e6, 0.0, 0.0)
    path = run(owner(), btc_pledged=pledge, loan_drawn_usd=draw)
    assert path.drawn_usd[0, 0] == pytest.approx(600_000.0, rel=RTOL)
    tight = owner(loan=LOAN.model_copy(update={"draw_limit_usd": 6.2e6}))
    path = run(tight, btc_pledged=pledge, loan_drawn_usd=draw)
    assert path.drawn_usd[0, 0] == pytest.approx(200_000.0, rel=RTOL)


def test_a_released_btc_repays_what_frees_it() -> None:
    path = run(owner(), btc_released=(5.0, 0.0, 0.0))
    # 5 x 60,000 = 300,000 in cash.
    assert path.repayment_usd[0].tolist() == [300_000.0, 0.0, 0.0]
    assert path.cash_usd[0, 1] == 700_000.0
    assert path.btc_free[0, 1] == 15.0
    assert path.btc_pledged[0, 1] == 95.0


def test_btc_is_bought_and_principal_repaid_only_with_cash_over_the_floor() -> None:
    # 0.5 M over the floor: 3 BTC for 300,000, and then 200,000 of the 400,000 wanted.
    path = run(
        owner(), btc_bought=(3.0, 0.0, 0.0), loan_repaid_usd=(400_000.0, 0.0, 0.0)
    )
    assert path.btc_purchases_usd[0, 0] == 300_000.0
    assert path.btc_free[0, 1] == 13.0
    assert path.repayment_usd[0, 0] == pytest.approx(200_000.0, rel=RTOL)
    assert path.cash_usd[0, 1] == pytest.approx(5e5, rel=RTOL)
    assert not path.equity_usd.any()


def test_a_call_is_met_and_later_sales_repay_their_share_of_the_loan() -> None:
    # At 70,000: 6 M / 7 M = 86 % is called. 500,000 in cash and 10 BTC pledged leave
    # 5.5 M - 0.65 x 70,000 x 110 = 495,000 short; a BTC sold closes 69,300 - 45,500.
    path = run(
        owner(),
        price=(100_000.0, 70_000.0, 70_000.0),
        btc_sold_pledged=(0.0, 0.0, 4.0),
    )
    sold = 495_000.0 / (69_300.0 - 45_500.0)
    assert path.is_called[0].tolist() == [0.0, 1.0, 0.0]
    assert path.is_liquidated[0].tolist() == [0.0, 0.0, 0.0]
    assert path.btc_forced[0, 1] == pytest.approx(sold, rel=RTOL)
    assert path.btc_pledged_in[0, 1] == pytest.approx(10.0, rel=RTOL)
    left, held = path.loan_usd[0, 2], path.btc_pledged[0, 2]
    assert left == pytest.approx(45_500.0 * held, rel=RTOL)
    # 4 of the pledge repay their share, 45,500 each, not 60,000.
    assert path.repayment_usd[0, 2] == pytest.approx(4 * 45_500.0, rel=RTOL)


def test_the_low_of_a_month_calls_though_its_average_does_not() -> None:
    path = run(owner(), low=(1.0, 0.75, 1.0))
    assert path.is_called[0].tolist() == [0.0, 1.0, 0.0]


def test_the_lender_sells_when_the_price_falls_on_within_the_cure_time() -> None:
    poor = owner(cash_usd=5e5, btc_free=0.0)
    path = run(poor, low=(0.75, 1.0, 1.0), dip=(0.8, 1.0, 1.0))
    assert path.is_liquidated[0].tolist() == [1.0, 0.0, 0.0]
    assert path.btc_liquidated[0, 0] == path.btc_forced[0, 0] > 0.0
    # The penalty: 75,000 x 0.9 each.
    assert path.btc_sales_usd[0, 0] == pytest.approx(
        67_500.0 * path.btc_sold[0, 0], rel=RTOL
    )


def test_btc_and_cash_close_in_every_month() -> None:
    path = run(
        owner(),
        price=(100_000.0, 60_000.0, 90_000.0),
        cash=(-2e5, -9e5, 3e5),
        btc_pledged=(4.0, 0.0, 1.0),
        loan_drawn_usd=(2e5, 0.0, 1e5),
        btc_sold_free=(1.0, 2.0, 3.0),
    )
    held = path.btc_free + path.btc_pledged
    assert np.diff(held[0]) == pytest.approx(
        (path.btc_bought - path.btc_sold)[0], abs=1e-9
    )
    flow = (
        np.array([-2e5, -9e5, 3e5])
        + path.btc_sales_usd[0]
        + path.drawn_usd[0]
        + path.equity_usd[0]
        - path.repayment_usd[0]
    )
    assert np.diff(path.cash_usd[0]) == pytest.approx(flow, abs=1e-6)
    owed = path.drawn_usd - path.repayment_usd
    assert np.diff(path.loan_usd[0]) == pytest.approx(owed[0], abs=1e-6)
