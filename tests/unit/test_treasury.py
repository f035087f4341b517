# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from tiny_studies import company

from models.company import BtcLoan
from models.plan import Plan
from models.tax import TaxAccount, TaxTerms
from models.treasury import loan_usd_per_pledged_btc, treasury_path

RTOL = 1e-12


def loan(principal_usd=6e6, rate=0.12):
    return BtcLoan(
        principal_usd=principal_usd,
        rate_per_year=rate,
        maturity_month="2028-04",
        initial_ltv_frac=0.65,
        margin_call_ltv_frac=0.78,
        liquidation_ltv_frac=0.88,
    )


def owner(**changes):
    """1 M USD over a floor of 0.5 M, 10 free and 100 pledged BTC, loan of 6 M."""
    terms = {
        "cash_usd": 1e6,
        "cash_floor_usd": 5e5,
        "btc_free": 10.0,
        "btc_pledged": 100.0,
        "loan": loan(),
        "btc_selling_cost_frac": 0.01,
    }
    return company(**(terms | changes))


def run(
    who,
    *,
    cash=(0.0, 0.0),
    free=(0.0, 0.0),
    pledged=(0.0, 0.0),
    equity=(0.0, 0.0),
    mined=(0.0, 0.0),
    price=(100_000.0, 100_000.0),
    profit=None,
    maturity=99,
    tax_rate=0.0,
):
    plan = Plan(
        label="test",
        study_id="tiny",
        months=len(cash),
        btc_sold_free=free,
        btc_sold_pledged=pledged,
        emergency_equity_usd=equity,
    )
    return treasury_path(
        who,
        plan,
        maturity_period=maturity,
        operating_cash_usd=np.array([cash]),
        corporate_profit_usd=np.array([profit or (0.0,) * len(cash)]),
        taxes=TaxAccount(TaxTerms(tax_rate, 1.0, (1.0,) * len(cash)), np.zeros(1)),
        mined_btc=np.array([mined]),
        btc_price_usd=np.array([price]),
    )


def test_the_loan_per_pledged_btc_is_principal_over_pledge():
    assert loan_usd_per_pledged_btc(owner()) == 60_000.0
    assert loan_usd_per_pledged_btc(owner(btc_pledged=0.0)) == 0.0


def test_balances_open_at_index_zero():
    path = run(owner())
    assert path.cash_usd[0, 0] == 1e6
    assert path.loan_usd[0, 0] == 6e6
    assert path.btc_free[0, 0] == 10.0
    assert path.btc_pledged[0, 0] == 100.0
    assert path.cash_usd.shape == (1, 3)
    assert path.btc_sold.shape == (1, 2)


def test_interest_is_a_twelfth_of_the_rate_on_the_opening_balance():
    path = run(owner())
    # 6 M x 12 % / 12 = 60,000 USD a month.
    assert path.interest_usd[0].tolist() == [60_000.0, 60_000.0]
    assert path.cash_usd[0].tolist() == [1e6, 940_000.0, 880_000.0]


def test_free_btc_sells_at_the_price_less_selling_cost():
    path = run(owner(), free=(4.0, 0.0), mined=(1.0, 0.0))
    # 4 x 100,000 x 0.99 = 396,000; 10 + 1 - 4 BTC are left.
    assert path.btc_sales_usd[0, 0] == pytest.approx(396_000.0, rel=RTOL)
    assert path.cash_usd[0, 1] == pytest.approx(1e6 - 60_000 + 396_000, rel=RTOL)
    assert path.btc_free[0].tolist() == [10.0, 7.0, 7.0]
    assert path.repayment_usd[0, 0] == 0.0


def test_pledged_btc_sold_repays_the_loan_pro_rata_first():
    path = run(owner(), pledged=(5.0, 0.0))
    # 5 x 60,000 = 300,000 repaid out of 495,000; interest then on 5.7 M.
    assert path.repayment_usd[0].tolist() == [300_000.0, 0.0]
    assert path.loan_usd[0].tolist() == [6e6, 5.7e6, 5.7e6]
    assert path.btc_pledged[0].tolist() == [100.0, 95.0, 95.0]
    assert path.cash_usd[0, 1] == pytest.approx(1e6 - 60_000 + 195_000, rel=RTOL)
    assert path.interest_usd[0, 1] == pytest.approx(57_000.0, rel=RTOL)


def test_no_more_btc_is_sold_than_is_there():
    path = run(owner(loan=loan(0.0)), free=(25.0, 0.0), pledged=(150.0, 0.0))
    assert path.btc_sold[0, 0] == 110.0
    assert path.btc_free[0, 1] == 0.0
    assert path.btc_pledged[0, 1] == 0.0


def test_btc_mined_in_a_month_can_be_sold_in_it():
    path = run(owner(btc_free=0.0), free=(3.0, 0.0), mined=(3.0, 0.0))
    assert path.btc_sold[0, 0] == 3.0


def test_at_maturity_the_principal_is_paid_and_the_pledge_is_free():
    path = run(owner(cash_usd=8e6), maturity=1, pledged=(0.0, 5.0))
    # Interest is still owed for the month; pledged sales planned then find no pledge.
    assert path.interest_usd[0].tolist() == [60_000.0, 60_000.0]
    assert path.repayment_usd[0].tolist() == [0.0, 6e6]
    assert path.loan_usd[0].tolist() == [6e6, 6e6, 0.0]
    assert path.btc_free[0].tolist() == [10.0, 10.0, 110.0]
    assert path.btc_pledged[0].tolist() == [100.0, 100.0, 0.0]
    assert path.btc_sold[0, 1] == 0.0
    assert path.cash_usd[0, 2] == pytest.approx(8e6 - 120_000 - 6e6, rel=RTOL)


def test_a_principal_that_cash_cannot_pay_is_paid_by_selling_the_freed_pledge():
    path = run(owner(), maturity=0)
    # Short of the floor: 0.5 M - (1 M - 60,000 - 6 M) = 5.56 M at 99,000 USD each.
    assert path.btc_sold[0, 0] == pytest.approx(5.56e6 / 99_000, rel=RTOL)
    assert path.cash_usd[0, 1] == pytest.approx(5e5, rel=RTOL)
    assert path.equity_usd[0, 0] == 0.0


def test_a_maturity_past_the_horizon_leaves_the_loan_standing():
    assert run(owner(), maturity=2).loan_usd[0, -1] == 6e6


def test_cash_under_the_floor_sells_free_btc_first():
    path = run(owner(loan=loan(0.0)), cash=(-896_000.0, 0.0))
    # 1 M - 896,000 = 104,000: 396,000 short, 4 BTC at 99,000 USD.
    assert path.btc_sold[0, 0] == pytest.approx(4.0, rel=RTOL)
    assert path.btc_free[0, 1] == pytest.approx(6.0, rel=RTOL)
    assert path.btc_pledged[0, 1] == 100.0
    assert path.cash_usd[0, 1] == pytest.approx(5e5, rel=RTOL)


def test_after_free_btc_pledged_btc_mends_the_floor_by_what_it_yields():
    path = run(owner(btc_free=0.0), cash=(-830_000.0, 0.0))
    # 1 M - 60,000 - 830,000 = 110,000: 390,000 short. A pledged BTC yields 99,000 -
    # 60,000 = 39,000 USD: 10 BTC, repaying 600,000.
    assert path.btc_sold[0, 0] == pytest.approx(10.0, rel=RTOL)
    assert path.repayment_usd[0, 0] == pytest.approx(600_000.0, rel=RTOL)
    assert path.cash_usd[0, 1] == pytest.approx(5e5, rel=RTOL)
    assert path.equity_usd[0, 0] == 0.0


def test_equity_is_raised_when_btc_is_gone():
    who = owner(btc_free=1.0, btc_pledged=0.0, loan=loan(0.0))
    path = run(who, cash=(-1e6, 0.0))
    # 500,000 short; 1 BTC brings 99,000; the rest is equity.
    assert path.btc_sold[0, 0] == 1.0
    assert path.equity_usd[0, 0] == pytest.approx(401_000.0, rel=RTOL)
    assert path.cash_usd[0, 1] == pytest.approx(5e5, rel=RTOL)


def test_pledged_btc_under_water_is_not_sold_to_mend_the_floor():
    # At 60,400 USD a pledged BTC fetches 59,190 after a cost of 2 % and repays 60,000:
    # selling it would cost cash. The loan stands at 99.3 %, under a call at 99.5 %.
    high = loan().model_copy(
        update={"margin_call_ltv_frac": 0.995, "liquidation_ltv_frac": 0.999}
    )
    who = owner(btc_free=0.0, btc_selling_cost_frac=0.02, loan=high)
    path = run(who, cash=(-1e6, 0.0), price=(60_400.0, 60_400.0))
    assert path.btc_sold[0, 0] == 0.0
    assert path.equity_usd[0, 0] == pytest.approx(560_000.0, rel=RTOL)


def test_planned_equity_comes_in_whatever_happens():
    path = run(owner(loan=loan(0.0)), equity=(0.0, 7.0))
    assert path.equity_usd[0].tolist() == [0.0, 7.0]
    assert path.cash_usd[0, 2] == 1e6 + 7.0


def test_cash_that_rounds_to_the_floor_needs_no_rescue():
    who = owner(loan=loan(0.0))
    path = run(who, cash=(-5e5 - 1e-5, 0.0))
    assert path.btc_sold[0, 0] == 0.0


def test_interest_lowers_the_tax_of_the_group():
    path = run(owner(), profit=(100_000.0, 50_000.0), tax_rate=0.25)
    # (100,000 - 60,000) x 25 %; then a loss of 10,000.
    assert path.corporate_tax_usd[0] == pytest.approx([10_000.0, 0.0], rel=RTOL)
    assert path.cash_usd[0, 1] == pytest.approx(1e6 - 60_000 - 10_000, rel=RTOL)


def test_losses_of_the_group_are_carried_forward():
    path = run(owner(), profit=(-40_000.0, 200_000.0), tax_rate=0.25)
    # Loss 100,000; then 200,000 - 60,000 - 100,000 = 40,000 taxed.
    assert path.corporate_tax_usd[0] == pytest.approx([0.0, 10_000.0], rel=RTOL)
