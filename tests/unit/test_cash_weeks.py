# SPDX-License-Identifier: Apache-2.0
"""The weekly cash view of tiny studies: hand-worked weeks, ties to the ledger."""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import empty_plan, full_commitments, opening_holdings
from scored_plans import grown_plan, usual_plan
from tiny_studies import company, tiny_study
from workbook_plans import rich_plan, rich_study

from gpu.sampling.philox import normals
from gpu.sampling.scenarios import DAILY_PRICE_STREAM, sampled_paths
from models.cash_calendar import cash_calendar
from models.cash_lines import CASH_LINES, ITEM_LINES, NOT_CASH, line_flows
from models.cash_quarter import LINE_ROWS, QUARTER_ROWS
from models.cash_weeks import weekly_cash
from models.cashflow import evaluate
from models.ledger import CORPORATE_ITEMS, ITEMS
from models.market import base_paths
from models.payment_terms import DEFAULT_TERMS, PaymentTerm, PaymentTerms
from models.price_bridge import daily_price_usd

DAILY = DEFAULT_TERMS.model_copy(update={"btc_sales": "daily"})


def flat(study, calendar, n=1):
    return np.full((n, len(calendar.days)), study.market.btc_price_usd)


def base_weeks(study, plan, n_weeks=13, terms=None):
    calendar = cash_calendar(study.time.start_month, n_weeks)
    ledger = evaluate(study, plan, base_paths(study))
    return ledger, weekly_cash(study, ledger, calendar, flat(study, calendar), terms)


def sampled(study, plan, n_weeks=13, terms=None, n=40):
    ids = np.arange(n, dtype=np.int64)
    calendar = cash_calendar(study.time.start_month, n_weeks)
    paths = sampled_paths(study, 1, ids)
    price = daily_price_usd(
        calendar,
        study.market.btc_price_usd,
        paths.btc_price_usd,
        study.market.btc_volatility_per_year,
        normals(1, ids, len(calendar.days), DAILY_PRICE_STREAM)[..., 0],
    )
    ledger = evaluate(study, plan, paths)
    return ledger, weekly_cash(study, ledger, calendar, price, terms)


# --- lines ----------------------------------------------------------------------------


def test_every_item_of_the_ledger_has_one_line():
    names = [item.name for item in (*ITEMS, *CORPORATE_ITEMS)]
    assert [name for name in names if name not in ITEM_LINES] == []
    keys = {line.key for line in CASH_LINES}
    special = {NOT_CASH, "opening"}
    assert set(ITEM_LINES.values()) <= keys | special
    assert len(keys) == len(CASH_LINES)


def test_items_that_are_not_cash_are_values_and_the_mined_btc_taken_over():
    kinds = {item.name: item.kind for item in (*ITEMS, *CORPORATE_ITEMS)}
    for name, line in ITEM_LINES.items():
        if name in kinds and kinds[name] == "terminal":
            assert line == NOT_CASH, name
    rest = {
        name
        for name, line in ITEM_LINES.items()
        if line == NOT_CASH and kinds.get(name, "terminal") != "terminal"
    }
    assert rest == {"mining_revenue", "btc_taken_over", "equity_claim"}


def test_every_line_has_a_term_and_a_row_of_the_quarter():
    fields = set(PaymentTerms.model_fields)
    assert {line.term for line in CASH_LINES} <= fields
    assert set(LINE_ROWS) == {line.key for line in CASH_LINES}
    assert set(LINE_ROWS.values()) == set(QUARTER_ROWS)


@pytest.mark.parametrize("plan_of", [usual_plan, grown_plan])
def test_lines_sum_to_the_change_of_cash(plan_of):
    study = tiny_study()
    ledger = evaluate(study, plan_of(study), base_paths(study))
    total = sum(line_flows(study, ledger).values())
    change = np.diff(ledger.treasury.cash_usd, axis=1)
    scale = np.abs(total).sum() + 1e6
    np.testing.assert_allclose(total, change, atol=1e-9 * scale)


def test_a_partners_hosting_is_told_from_power_at_own_sites():
    study = tiny_study()
    ledger = evaluate(study, usual_plan(study), base_paths(study))
    flows = line_flows(study, ledger)
    alpha, beta = study.site_index("alpha"), study.site_index("beta")
    energy = ledger.site_items["mining_energy"][0]
    own = sum(
        ledger.site_items[name][0, alpha, 1]
        for name in ("mining_energy", "hosting_energy", "demand_charge")
        if name in ledger.site_items
    )
    assert flows["power"][0, 0] == pytest.approx(own)
    commitment = ledger.site_items.get("partner_commitment")
    hosting = energy[beta, 1] + (0.0 if commitment is None else commitment[0, beta, 1])
    assert flows["partner_hosting"][0, 0] == pytest.approx(hosting)
    # 50,000 in and 40,000 out a month; half of 100,000 is payroll
    assert flows["side_receipts"][0, 0] == 50_000.0
    assert flows["side_payments"][0, 0] == -40_000.0
    assert flows["payroll"][0, 0] == flows["general_admin"][0, 0] == -50_000.0


# --- weeks ----------------------------------------------------------------------------


def test_december_2025_by_hand():
    # Nothing runs: G&A 100,000 a month, cars 50,000 in and 40,000 out, interest 40,000
    # (6 M at 8 % / 12). Fridays of December: 5, 12, 19, 26; paydays 5 and 19;
    # month-end payments on Wednesday 31, in week 5.
    study = tiny_study()
    plan = empty_plan(study)
    _, weekly = base_weeks(study, plan, 5)
    lines = {key: flow[0] for key, flow in weekly.lines.items()}
    np.testing.assert_allclose(
        lines["side_receipts"], [12_500, 12_500, 12_500, 12_500, 0]
    )
    np.testing.assert_allclose(
        lines["side_payments"], [-10_000, -10_000, -10_000, -10_000, 0]
    )
    np.testing.assert_allclose(lines["payroll"], [-25_000, 0, -25_000, 0, 0])
    np.testing.assert_allclose(lines["general_admin"], [0, 0, 0, 0, -50_000])
    np.testing.assert_allclose(lines["loan_interest"], [0, 0, 0, 0, -40_000])
    # Demand charge of 10 MW, 10,000, due on Saturday 20, paid on Monday 22
    np.testing.assert_allclose(lines["power"], [0, 0, 0, -10_000, 0])
    # 12,500 - 10,000 - 25,000; 2,500; the first again; 2,500 - 10,000; month end
    # -50,000 - 40,000
    net = [-22_500, 2_500, -22_500, -7_500, -90_000]
    np.testing.assert_allclose(weekly.net_usd()[0], net, atol=1e-6)
    closing = 20e6 + np.cumsum(net)
    np.testing.assert_allclose(weekly.closing_usd[0], closing, atol=1e-6)


def test_a_week_over_the_end_of_a_month_holds_days_of_both():
    # Week 5 is 29 December to 4 January: December's month-end payments, and of January
    # only what falls on 1 to 4, with daily terms 4/31 of it.
    study = tiny_study()
    even = PaymentTerms(general_admin=PaymentTerm(rule="daily"))
    _, weekly = base_weeks(study, empty_plan(study), 6, terms=even)
    week = weekly.calendar.weeks[4]
    assert (week.start.isoformat(), week.end.isoformat()) == (
        "2025-12-29",
        "2026-01-04",
    )
    # Other G&A is 50,000 a month: 3 days of December and 4 of January, each 1/31
    expected = -50_000 * (3 / 31 + 4 / 31)
    assert weekly.lines["general_admin"][0, 4] == pytest.approx(expected)


@pytest.mark.parametrize("terms", [DEFAULT_TERMS, DAILY])
@pytest.mark.parametrize("plan_of", [usual_plan, grown_plan])
@pytest.mark.parametrize("n_weeks", [1, 2, 5, 13, 20])
def test_weeks_tie_to_the_month_to_a_cent_and_to_scale(plan_of, n_weeks, terms):
    study = tiny_study()
    for ledger, weekly in (
        base_weeks(study, plan_of(study), n_weeks, terms),
        sampled(study, plan_of(study), n_weeks, terms, n=8),
    ):
        flows = line_flows(study, ledger)
        scale = max(1e6, sum(float(np.abs(flow).sum()) for flow in flows.values()))
        n_months = len(weekly.calendar.months)
        for key, flow in flows.items():
            weeks = weekly.lines[key].sum(axis=1) + weekly.rest[key]
            months = flow[:, :n_months].sum(axis=1)
            np.testing.assert_allclose(weeks, months, atol=min(0.01, 1e-9 * scale))
            np.testing.assert_allclose(
                weekly.month_sums[key], flow[:, :n_months], atol=0.01
            )
        cash = ledger.treasury.cash_usd[:, 1 : n_months + 1]
        np.testing.assert_allclose(weekly.month_cash_usd, cash, atol=0.01)


def test_a_plan_with_every_kind_of_flow_ties():
    study = rich_study()
    plan = rich_plan(study)
    early = (0.0, 0.5, *plan.btc_bought[2:])
    plan = plan.model_copy(update={"btc_bought": early})
    for ledger, weekly in (
        base_weeks(study, plan, 40),
        sampled(study, plan, 40, n=30),
    ):
        assert weekly.tie_error_usd() < 0.01
        used = {key for key, flow in weekly.lines.items() if flow.any()}
        assert {"loan_drawn", "debt_drawn", "debt_interest", "btc_purchases"} <= used
        month = len(weekly.calendar.months)
        np.testing.assert_allclose(
            weekly.loan_usd[:, -1], ledger.treasury.loan_usd[:, month], atol=0.01
        )
        np.testing.assert_allclose(
            weekly.btc_pledged[:, -1],
            ledger.treasury.btc_pledged[:, month],
            atol=1e-6,
        )


def test_opening_and_flows_make_closing_in_every_week():
    study = tiny_study()
    _, weekly = sampled(study, grown_plan(study))
    np.testing.assert_allclose(
        weekly.opening_usd + weekly.net_usd(), weekly.closing_usd, atol=1e-3
    )
    np.testing.assert_allclose(
        weekly.opening_usd[:, 1:], weekly.closing_usd[:, :-1], atol=1e-9
    )
    assert (weekly.lowest_usd <= weekly.closing_usd + 1e-6).all()


def test_btc_and_loan_tie_to_the_treasury_at_the_end_of_february():
    study = tiny_study()
    for plan in (usual_plan(study), grown_plan(study)):
        ledger, weekly = sampled(study, plan, 13)
        path = ledger.treasury
        np.testing.assert_allclose(
            weekly.btc_sold.sum(axis=1), path.btc_sold[:, :3].sum(axis=1), atol=1e-9
        )
        held = path.btc_free[:, 3] + path.btc_pledged[:, 3]
        np.testing.assert_allclose(weekly.btc_held[:, -1], held, atol=1e-8)
        np.testing.assert_allclose(
            weekly.btc_pledged[:, -1], path.btc_pledged[:, 3], atol=1e-8
        )
        np.testing.assert_allclose(
            weekly.loan_usd[:, -1], path.loan_usd[:, 3], rtol=1e-9
        )


def short_study():
    """Cash at its floor: everything paid out must come from BTC."""
    return tiny_study(company=company(cash_usd=1e6, btc_free=500.0))


def short_plan(study):
    return empty_plan(
        study, holdings=opening_holdings(study), commitments=full_commitments(study)
    )


def test_btc_is_sold_as_needed_so_that_no_day_ends_under_the_floor():
    study = short_study()
    _, weekly = base_weeks(study, short_plan(study), 13)
    assert weekly.btc_sold.sum() > 0
    assert not weekly.is_under_floor.any()
    # Partner hosting is due on Wednesday 10 December: week 2 sells most
    assert int(weekly.btc_sold[0, :4].argmax()) == 1


def test_sold_evenly_the_same_month_falls_under_the_floor_in_between():
    study = short_study()
    _, weekly = base_weeks(study, short_plan(study), 13, DAILY)
    _, needed = base_weeks(study, short_plan(study), 13)
    assert weekly.is_under_floor[0, 1]
    np.testing.assert_allclose(weekly.month_cash_usd, needed.month_cash_usd, atol=0.01)
    # An equal part of the BTC every day at a flat price: 7 of 31 days in week 1
    first = weekly.month_sums["btc_sales"][0, 0] * 7 / 31
    assert weekly.lines["btc_sales"][0, 0] == pytest.approx(first)


def test_no_btc_is_sold_before_it_is_mined():
    # Without BTC at the start, and hosting due on 1 December, the month's output cannot
    # pay in its first week: 7 of 31 days of it are there. The floor is broken in week
    # 1, not at the month's end.
    loan = company().loan.model_copy(update={"principal_usd": 0.0})
    study = tiny_study(
        company=company(cash_usd=1e6, btc_free=0.0, btc_pledged=0.0, loan=loan)
    )
    early = PaymentTerms(partner_hosting=PaymentTerm(rule="monthly", due_day=1))
    ledger, weekly = base_weeks(study, short_plan(study), 5, early)
    mined = float(ledger.mined_btc[0, :, 0].sum())
    assert weekly.btc_sold[0, 0] == pytest.approx(
        min(mined * 7 / 31, ledger.treasury.btc_sold[0, 0])
    )
    assert (weekly.btc_held >= -1e-9).all()
    assert weekly.is_under_floor[0, 0]
    assert not weekly.is_under_floor[0, 4]


def test_later_terms_leave_more_cash_in_between_and_the_same_at_month_ends():
    study = tiny_study()
    plan = usual_plan(study)
    early = PaymentTerms(partner_hosting=PaymentTerm(rule="monthly", due_day=1))
    late = PaymentTerms(partner_hosting=PaymentTerm(rule="monthly", due_day=31))
    _, first = base_weeks(study, plan, 13, early)
    _, last = base_weeks(study, plan, 13, late)
    assert first.closing_usd[0, 0] < last.closing_usd[0, 0]
    np.testing.assert_allclose(first.month_cash_usd, last.month_cash_usd, atol=0.01)


# --- prices of days -------------------------------------------------------------------


def test_days_average_the_monthly_price_and_stand_still_on_a_flat_path():
    study = tiny_study()
    calendar = cash_calendar("2025-12", 13)
    months = np.full((1, 12), 100_000.0)
    none = np.zeros((1, len(calendar.days)))
    price = daily_price_usd(calendar, 100_000.0, months, 0.5, none)
    np.testing.assert_allclose(price, 100_000.0, rtol=1e-12)
    ids = np.arange(50, dtype=np.int64)
    drawn = normals(3, ids, len(calendar.days), DAILY_PRICE_STREAM)[..., 0]
    paths = sampled_paths(study, 3, ids).btc_price_usd
    price = daily_price_usd(calendar, 100_000.0, paths, 0.5, drawn)
    for month in range(3):
        inside = calendar.month_of_day == month
        np.testing.assert_allclose(
            price[:, inside].mean(axis=1), paths[:, month], rtol=1e-12
        )


def test_a_bridge_has_the_markets_daily_volatility():
    # 2,000 paths between flat months: daily log returns of 0.5 / sqrt(365.25)
    calendar = cash_calendar("2025-12", 13)
    ids = np.arange(2_000, dtype=np.int64)
    drawn = normals(5, ids, len(calendar.days), DAILY_PRICE_STREAM)[..., 0]
    months = np.full((len(ids), 12), 100_000.0)
    price = daily_price_usd(calendar, 100_000.0, months, 0.5, drawn)
    inside = calendar.month_of_day == 1
    steps = np.diff(np.log(price[:, inside]), axis=1)
    assert steps.std() == pytest.approx(0.5 / 365.25**0.5, rel=0.05)
