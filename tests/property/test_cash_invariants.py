# SPDX-License-Identifier: Apache-2.0
"""Whatever the terms: weeks tie to the ledger, and cash, BTC and loan balance."""

from __future__ import annotations

import numpy as np
import pytest
from engine_strategies import STUDY as MIXED
from engine_strategies import futures, plans, quick, seeds
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scored_plans import grown_plan
from tiny_studies import company, tiny_study

from gpu.sampling.philox import normals
from gpu.sampling.scenarios import DAILY_PRICE_STREAM, sampled_paths
from models.cash_calendar import cash_calendar, due_date, term_weights
from models.cash_lines import CASH_LINES
from models.cash_weeks import weekly_cash
from models.cashflow import evaluate
from models.payment_terms import PaymentTerm, PaymentTerms
from models.price_bridge import daily_price_usd

NO_SHRINK = (Phase.explicit, Phase.reuse, Phase.generate)
"""Terms have many parts: making a failing example small takes minutes."""
STUDY = tiny_study(company=company(cash_usd=2e6))
IDS = np.arange(12, dtype=np.int64)
PATHS = sampled_paths(STUDY, 4, IDS)
LEDGER = evaluate(STUDY, grown_plan(STUDY), PATHS)
SCALE_USD = max(
    1e6,
    sum(
        float(np.abs(flow).sum(axis=-1).max())
        for flow in (*LEDGER.site_items.values(), *LEDGER.corporate_items.values())
    ),
)

term = st.builds(
    PaymentTerm,
    rule=st.sampled_from(["daily", "weekly", "biweekly", "monthly"]),
    due_day=st.integers(1, 31),
)
terms = st.builds(
    PaymentTerms,
    payroll_frac=st.floats(0, 1),
    btc_sales=st.sampled_from(["as_needed", "daily"]),
    **{
        name: term
        for name, field in PaymentTerms.model_fields.items()
        if field.annotation is PaymentTerm
    },
)


def weeks(n_weeks: int, own: PaymentTerms):
    calendar = cash_calendar(STUDY.time.start_month, n_weeks)
    drawn = normals(4, IDS, len(calendar.days), DAILY_PRICE_STREAM)[..., 0]
    price = daily_price_usd(
        calendar,
        STUDY.market.btc_price_usd,
        PATHS.btc_price_usd,
        STUDY.market.btc_volatility_per_year,
        drawn,
    )
    return weekly_cash(STUDY, LEDGER, calendar, price, own)


@settings(max_examples=25, deadline=None, phases=NO_SHRINK)
@given(own=terms, n_weeks=st.integers(1, 30))
def test_weeks_tie_whatever_the_terms(own: PaymentTerms, n_weeks: int) -> None:
    weekly = weeks(n_weeks, own)
    assert weekly.tie_error_usd() <= min(0.01, 1e-9 * SCALE_USD)
    for line in CASH_LINES:
        in_weeks = weekly.lines[line.key].sum(axis=1) + weekly.rest[line.key]
        in_months = weekly.month_flows[line.key].sum(axis=1)
        np.testing.assert_allclose(in_weeks, in_months, atol=1e-9 * SCALE_USD)


@settings(max_examples=25, deadline=None, phases=NO_SHRINK)
@given(own=terms, n_weeks=st.integers(1, 30))
def test_cash_btc_and_loan_balance_in_every_week(
    own: PaymentTerms, n_weeks: int
) -> None:
    weekly = weeks(n_weeks, own)
    np.testing.assert_allclose(
        weekly.opening_usd + weekly.net_usd(),
        weekly.closing_usd,
        atol=1e-9 * SCALE_USD,
    )
    assert (weekly.btc_sold >= -1e-9).all()
    assert (weekly.btc_held >= -1e-9).all()
    assert (weekly.btc_pledged >= -1e-9).all()
    assert (weekly.loan_usd >= -1e-6).all()
    assert (weekly.lowest_usd <= weekly.closing_usd + 1e-6).all()


@given(month=st.sampled_from(["2025-12", "2026-02", "2026-05", "2028-02"]), own=term)
def test_payments_fall_on_working_days_of_their_month(
    month: str, own: PaymentTerm
) -> None:
    calendar = cash_calendar(month, 10)
    weights = term_weights(own, calendar)
    sums = np.bincount(calendar.month_of_day, weights=weights)
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    if own.rule != "daily":
        paid = [d for d, w in zip(calendar.days, weights, strict=True) if w > 0]
        assert all(day.weekday() < 5 for day in paid)
    due = due_date(month, own.due_day)
    assert due.isoformat()[:7] == month


@given(plans(), seeds)
@quick
def test_any_plan_in_any_future_ties(plan, seed) -> None:
    paths = futures(seed)
    ledger = evaluate(MIXED, plan, paths)
    calendar = cash_calendar(MIXED.time.start_month, 13)
    ids = np.arange(paths.n_scenarios, dtype=np.int64)
    drawn = normals(7, ids, len(calendar.days), DAILY_PRICE_STREAM)[..., 0]
    opening = MIXED.market.btc_price_usd
    price = daily_price_usd(calendar, opening, paths.btc_price_usd, 0.5, drawn)
    weekly = weekly_cash(MIXED, ledger, calendar, price)
    cash = np.abs(ledger.treasury.cash_usd).max() + 1e6
    assert weekly.tie_error_usd() <= 1e-9 * 12 * cash + 1e-3
    loan = ledger.treasury.loan_usd[:, 3]
    np.testing.assert_allclose(weekly.loan_usd[:, -1], loan, atol=1e-3)
    assert (weekly.btc_held >= -1e-6).all()


def test_the_last_week_of_three_months_closes_on_the_ledgers_cash() -> None:
    weekly = weeks(13, PaymentTerms())
    assert weekly.closing_usd[:, -1] == pytest.approx(
        LEDGER.treasury.cash_usd[:, 3], rel=1e-12
    )
