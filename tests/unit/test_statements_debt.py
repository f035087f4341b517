# SPDX-License-Identifier: Apache-2.0
"""Debt, purchases of BTC and margin calls in the financial statements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths, held, once
from engine_strategies import MONTHS, STUDY, futures, plans, quick, seeds
from hypothesis import given
from hypothesis import strategies as st
from tiny_studies import alpha, beta, company, tiny_study

from models.cashflow import evaluate
from models.debt import DebtFacility
from models.plan import DebtDraw, Order
from models.statements import financial_statements

RIGS = DebtFacility(
    id="rigs",
    name="Machine loan",
    kind="machine",
    advance_frac=0.7,
    rate_per_year=0.12,
    term_months=12,
    fee_frac=0.02,
    limit_usd=1e6,
)


def owing(**loan):
    """The tiny company with a machine loan and room to draw on its BTC loan."""
    base = company()
    terms = {"draw_limit_usd": 8e6, "liquidation_penalty_frac": 0.1} | loan
    return company(loan=base.loan.model_copy(update=terms), debt_facilities=(RIGS,))


BARE = tiny_study(
    sites=(alpha(opening_fleet=()), beta(opening_fleet=())), company=owing()
)


def made(study, paths, **decisions):
    plan = empty_plan(study, **decisions)
    ledger = evaluate(study, plan, paths)
    return ledger, financial_statements(study, plan, paths, ledger)


def assert_ties(statements):
    assert np.abs(statements.balance_error_usd()).max() < 0.01
    assert np.abs(statements.cash_error_usd()).max() < 0.01


def test_a_machine_loan_by_hand():
    order = Order(model="new", site="alpha", period=0, lots=1)
    rigs = held(BARE, model="new", cohort_period=3, since=3)
    draw = DebtDraw(facility="rigs", period=0, amount_usd=120_000.0)
    _, found = made(
        BARE,
        flat_paths(BARE),
        orders=(order,),
        holdings=(rigs,),
        debt_draws=(draw,),
    )
    # 120,000 less 10,000 a month from the next one on.
    owed = found.balance["other_debt"][0]
    assert owed[:4] == pytest.approx([0.0, 120_000.0, 110_000.0, 100_000.0])
    assert found.cash_flow["debt_draws"][0, 0] == 120_000.0
    assert found.cash_flow["debt_repaid"][0, 1] == pytest.approx(-10_000.0)
    # A fee of 2 % at the draw; 1 % a month on what was owed at its start.
    assert found.income["debt_charges"][0, 0] == pytest.approx(-2_400.0)
    interest = found.income["debt_cost"][0]
    assert interest[:3] == pytest.approx([0.0, -1_200.0, -1_100.0])
    assert_ties(found)


def test_buying_pledging_and_drawing_by_hand():
    _, found = made(
        BARE,
        flat_paths(BARE),
        btc_bought=once(BARE, 0, 5.0),
        btc_pledged=once(BARE, 1, 10.0),
        loan_drawn_usd=once(BARE, 1, 600_000.0),
        loan_repaid_usd=once(BARE, 2, 50_000.0),
    )
    # 5 BTC at 100,000; then 10 pledged at 60,000 each, as the 100 before them.
    assert found.cash_flow["btc_bought"][0, 0] == pytest.approx(-500_000.0)
    assert found.balance["btc_free"][0, :3] == pytest.approx([2e6, 2.5e6, 1.5e6])
    assert found.balance["btc_pledged"][0, :3] == pytest.approx([10e6, 10e6, 11e6])
    assert found.cash_flow["loan_draws"][0, 1] == pytest.approx(600_000.0)
    loan = found.balance["btc_loan"][0]
    assert loan[:4] == pytest.approx([6e6, 6e6, 6.6e6, 6.55e6])
    # At a flat price neither gains; buying costs nothing beyond the price.
    gains = found.income["btc_realised"] + found.income["btc_unrealised"]
    assert gains == pytest.approx(np.zeros((1, 24)), abs=1e-6)
    assert found.income["btc_trading"] == pytest.approx(np.zeros((1, 24)), abs=1e-6)
    assert_ties(found)


def test_a_liquidation_costs_its_penalty_below_the_month_s_price():
    # 6 M against 100 BTC that fall to 60,000: the call cannot be met with so
    # little cash over the floor, and the price falls through within the cure time.
    study = BARE.model_copy(
        update={"company": owing().model_copy(update={"cash_usd": 1.2e6})}
    )
    paths = flat_paths(study, btc_price_usd=60_000.0)
    dip = np.full_like(paths.btc_price_usd, 0.5)
    ledger, found = made(study, replace(paths, btc_dip_frac=dip))
    path = ledger.treasury
    assert path.is_liquidated[0, 0] == 1.0
    sold = path.btc_sold[0, 0]
    proceeds = path.btc_sales_usd[0, 0]
    lost = found.income["btc_trading"][0, 0]
    assert lost == pytest.approx(proceeds - sold * 60_000.0)
    assert lost < -0.09 * path.btc_liquidated[0, 0] * 60_000.0
    # Realised against the opening's fair value of 100,000.
    assert found.income["btc_realised"][0, 0] == pytest.approx(-40_000.0 * sold)
    assert_ties(found)


amounts = st.lists(
    st.sampled_from([0.0, 0.0, 0.0, 1.0, 4.0]), min_size=MONTHS, max_size=MONTHS
)


@given(plans(), seeds, amounts, amounts, amounts, amounts)
@quick
def test_statements_tie_whatever_the_treasury_does(plan, seed, buy, pledge, free, owe):
    study = STUDY.model_copy(update={"company": owing()})
    draws = tuple(
        DebtDraw(facility="rigs", period=t, amount_usd=5e4 * value)
        for t, value in enumerate(owe)
        if value
    )
    plan = plan.model_copy(
        update={
            "btc_bought": tuple(buy),
            "btc_pledged": tuple(pledge),
            "btc_released": tuple(free),
            "loan_drawn_usd": tuple(6e4 * value for value in pledge),
            "loan_repaid_usd": tuple(1e4 * value for value in buy),
            "debt_draws": draws,
        }
    )
    paths = futures(seed)
    ledger = evaluate(study, plan, paths)
    found = financial_statements(study, plan, paths, ledger)
    assert_ties(found)
    assert found.income["btc_trading"].max() <= 0.01
