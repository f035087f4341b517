# SPDX-License-Identifier: Apache-2.0
"""What holds for the financial statements of every plan in every future."""

from __future__ import annotations

import numpy as np
import pytest
from engine_strategies import MONTHS, STUDY, futures, plans, quick, seeds
from hypothesis import given

from models.cashflow import evaluate
from models.segments import SEGMENTS
from models.statements import financial_statements

RTOL = 1e-9
CENT = 0.01


def made(plan, seed):
    paths = futures(seed)
    ledger = evaluate(STUDY, plan, paths)
    return paths, ledger, financial_statements(STUDY, plan, paths, ledger)


def scale(statements):
    return max(float(np.abs(statements.balance["assets"]).max()), 1e6)


@given(plans(), seeds)
@quick
def test_the_balance_sheet_balances_every_month(plan, seed):
    *_, statements = made(plan, seed)
    error = np.abs(statements.balance_error_usd())
    assert error.shape == (3, MONTHS + 1)
    assert error.max() <= min(CENT, RTOL * scale(statements))


@given(plans(), seeds)
@quick
def test_the_cash_flow_statement_ends_in_the_cash_held(plan, seed):
    *_, statements = made(plan, seed)
    error = np.abs(statements.cash_error_usd())
    assert error.max() <= min(CENT, RTOL * scale(statements))


@given(plans(), seeds)
@quick
def test_segments_sum_to_operating_income_and_adjusted_ebitda(plan, seed):
    *_, statements = made(plan, seed)
    total = sum(part.sum(axis=1) for part in statements.segments.values())
    tolerance = RTOL * scale(statements)
    assert statements.income["operating_income"] == pytest.approx(total, abs=tolerance)
    assert statements.income["adjusted_ebitda"] == pytest.approx(
        statements.segment_ebitda_usd().sum(axis=1), abs=tolerance
    )


@given(plans(), seeds)
@quick
def test_the_gain_on_btc_is_opening_btc_times_the_change_of_price(plan, seed):
    paths, ledger, statements = made(plan, seed)
    path = ledger.treasury
    opening = (path.btc_free + path.btc_pledged)[:, :-1]
    first = np.full((3, 1), STUDY.market.btc_price_usd)
    change = np.diff(np.concatenate((first, paths.btc_price_usd), axis=1), axis=1)
    gain = statements.income["btc_realised"] + statements.income["btc_unrealised"]
    assert gain == pytest.approx(opening * change, abs=RTOL * scale(statements))


@given(plans(), seeds)
@quick
def test_book_values_never_fall_under_zero_nor_rise_but_by_what_is_paid(plan, seed):
    *_, statements = made(plan, seed)
    for name in ("asics", "gpus", "plant"):
        value = statements.balance[name]
        assert value.min() >= -CENT
    paid = statements.cash_flow["asics_bought"]
    rise = np.diff(statements.balance["asics"], axis=1)
    assert (rise <= -paid + CENT).all()


@given(plans(), seeds)
@quick
def test_only_what_is_owned_by_a_segment_bears_its_depreciation(plan, seed):
    *_, statements = made(plan, seed)
    written = statements.segments["depreciation"]
    assert (written <= 0.0).all()
    side = SEGMENTS.index("side_businesses")
    assert (written[:, side] == 0.0).all()
    if not any(order.model == "h100" for order in plan.orders):
        assert (written[:, SEGMENTS.index("gpu_leasing")] == 0.0).all()


@given(plans(), seeds)
@quick
def test_book_value_leaves_only_in_months_of_a_sale(plan, seed):
    *_, statements = made(plan, seed)
    sold = {held.until for held in plan.holdings if held.ending == "sell"}
    for name in ("asic_disposals", "gpu_disposals"):
        months = np.flatnonzero(np.abs(statements.income[name]).max(axis=0) > CENT)
        assert set(months.tolist()) <= sold
