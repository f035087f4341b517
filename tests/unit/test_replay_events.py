# SPDX-License-Identifier: Apache-2.0
"""What happened in a replayed future, worked by hand on flat paths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths, full_commitments, opening_holdings
from scored_plans import grown_plan, usual_plan
from tiny_studies import alpha, beta, company, tiny_study

from models.cashflow import evaluate
from models.debt import DebtFacility
from models.plan import DebtDraw
from optimizer.replay import replay
from optimizer.replay_event_words import event_rows
from optimizer.replay_events import (
    Breach,
    Call,
    Default,
    Events,
    ShortMonth,
    events_of,
)
from optimizer.replay_lines import Valued, money_columns

RTOL = 1e-12
LOAN = {"rate_per_year": 0.0, "liquidation_penalty_frac": 0.1, "cure_days": 2.0}


def valued(study, plan, paths):
    fees = np.full(study.time.months, 0.01)
    return Valued(paths, evaluate(study, plan, paths), fees)


def seen(study, plan, paths):
    """Events of a plan on some paths beside flat ones."""
    base = valued(study, plan, flat_paths(study))
    return events_of(study, plan, valued(study, plan, paths), base)


def bare(**changes):
    """No machines: what is left is overhead, BTC and the loan."""
    sites = (alpha(opening_fleet=()), beta(opening_fleet=()))
    return tiny_study(sites=sites, **changes)


def test_a_call_says_at_what_price_it_came_and_how_it_was_met():
    # 1.5 M in cash, a floor of 1 M; overhead takes 90,000 a month and the demand
    # charge of Alpha 10,000. 6 M on 100 BTC is called at 6 M / (0.78 x 100) = 76,923.
    owner = company(cash_usd=1.5e6, loan=company().loan.model_copy(update=LOAN))
    study = bare(company=owner)
    lows = np.ones((1, study.time.months))
    lows[0, 1] = 0.7
    paths = replace(flat_paths(study), btc_low_frac=lows)
    plan = empty_plan(study)
    events = seen(study, plan, paths)
    [call] = events.calls
    assert call.month == "2026-01"
    assert call.called_at_usd == pytest.approx(6e6 / 78.0, rel=RTOL)
    assert call.low_usd == pytest.approx(70_000.0, rel=RTOL)
    assert call.low_ltv_frac == pytest.approx(6.0 / 7.0, rel=RTOL)
    # Two months leave 300,000 over the floor; then all 20 free BTC back 45,500 each;
    # 6 M - 0.3 M - 45,500 x 120 = 0.24 M is short; a BTC sold at 69,860 closes
    # 69,860 - 45,500.
    assert call.cash_usd == pytest.approx(300_000.0, rel=1e-9)
    assert call.pledged_btc == pytest.approx(20.0, rel=RTOL)
    sold = 240_000.0 / (69_860.0 - 45_500.0)
    assert call.sold_btc == pytest.approx(sold, rel=1e-9)
    assert call.proceeds_usd == pytest.approx(69_860.0 * sold, rel=1e-9)
    assert (call.liquidated_btc, call.is_liquidated) == (0.0, False)


def test_the_lenders_sale_is_told_apart_from_the_companys():
    owner = company(
        cash_usd=1e6, btc_free=0.0, loan=company().loan.model_copy(update=LOAN)
    )
    study = bare(company=owner)
    lows, dips = np.ones((1, study.time.months)), np.ones((1, study.time.months))
    lows[0, 2], dips[0, 2] = 0.7, 0.8
    paths = replace(flat_paths(study), btc_low_frac=lows, btc_dip_frac=dips)
    [call] = seen(study, empty_plan(study), paths).calls
    assert call.is_liquidated
    assert call.sold_btc == 0.0
    assert call.proceeds_usd == pytest.approx(70_000 * 0.9 * call.liquidated_btc)


def test_short_months_are_those_in_which_the_floor_took_more_than_the_plan():
    # 1.12 M in cash, 100,000 a month of overhead and demand charge, a floor of 1 M:
    # the second month ends 80,000 short, the next 100,000. One free BTC brings 99,800,
    # of which 19,800 are left for the third month; the rest, 80,200, is equity.
    free = company().loan.model_copy(update={"principal_usd": 0.0})
    owner = company(cash_usd=1.12e6, btc_free=1.0, btc_pledged=0.0, loan=free)
    study = bare(company=owner)
    paths = flat_paths(study)
    short = seen(study, empty_plan(study), paths).short_months
    assert [one.month for one in short[:2]] == ["2026-01", "2026-02"]
    assert short[0].sold_btc == pytest.approx(80_000.0 / 99_800.0, rel=1e-9)
    assert short[0].equity_usd == 0.0
    assert short[1].sold_btc == pytest.approx(1.0 - 80_000.0 / 99_800.0, rel=1e-9)
    assert short[1].equity_usd == pytest.approx(80_200.0, rel=1e-9)
    assert all(one.cash_usd == pytest.approx(1e6, rel=1e-9) for one in short)
    assert len(short) == study.time.months - 1


def test_planned_equity_is_no_shortage():
    study = bare()
    planned = tuple(1e5 for _ in range(study.time.months))
    plan = empty_plan(study, emergency_equity_usd=planned)
    assert seen(study, plan, flat_paths(study)).short_months == ()


def test_a_client_who_stops_paying_is_dated():
    # 5 % a year: the mean time is -12 / ln 0.95 = 233.95 months; 0.02 of it, 4.68
    # months, is outlived by the fourth month's end alone.
    study = tiny_study()
    client = study.hosting_offers[0].model_copy(update={"default_rate_per_year": 0.05})
    study = study.model_copy(
        update={"hosting_offers": (client, *study.hosting_offers[1:])}
    )
    paths = flat_paths(study)
    fates = np.full_like(paths.client_fate, np.inf)
    fates[0, 0, 0] = 0.02
    events = seen(study, grown_plan(study), replace(paths, client_fate=fates))
    [default] = events.defaults
    assert (default.offer, default.site) == ("alpha_client", "alpha")
    assert (default.month, default.unpaid_months) == ("2026-04", 20)
    assert (default.mw, default.n_gpus) == (2.0, 0.0)


def test_late_and_dear_builds_are_those_of_the_plan():
    # The phase at Alpha costs 1 M, paid within six months: 20 % more is 0.2 M.
    study = tiny_study()
    paths = flat_paths(study, capex_factor=1.2, delay_months=4)
    [build] = seen(study, grown_plan(study), paths).builds
    assert (build.site, build.delay_months) == ("alpha", 4)
    assert build.overrun_usd == pytest.approx(200_000.0, rel=1e-9)


def test_breaches_are_dated_at_their_tests():
    debt = DebtFacility(
        id="hall",
        name="Project debt",
        kind="project",
        site="alpha",
        advance_frac=0.8,
        rate_per_year=0.1,
        term_months=12,
        limit_usd=1e7,
        min_dscr=1.3,
    )
    study = bare(company=company(debt_facilities=(debt,)))
    draw = DebtDraw(facility="hall", period=0, amount_usd=1e6)
    plan = empty_plan(study, debt_draws=(draw,))
    breaches = seen(study, plan, flat_paths(study)).breaches
    assert breaches[0].month == "2026-11"
    assert breaches[0].facility == "hall"
    assert breaches[0].dscr < breaches[0].min_dscr == 1.3
    months = [breach.month for breach in breaches]
    assert months == sorted(months)


@pytest.mark.parametrize(("output", "share"), [(14.0, 0.0), (1e-3, 1.0)])
def test_machines_stand_by_all_or_not_at_all(output, share):
    study = tiny_study()
    plan = empty_plan(
        study,
        holdings=opening_holdings(study),
        commitments=full_commitments(study),
    )
    one = valued(study, plan, flat_paths(study, btc_per_eh_s=output))
    columns = money_columns(study, plan, one, one)
    np.testing.assert_array_equal(columns["standing_by_frac"], share)
    assert (columns["possible_mining_mwh"] > 0.0).all()


def test_what_met_the_calls_and_kept_the_floor_is_in_the_columns_and_the_events():
    owner = company(cash_usd=2e6, general_admin_usd_per_month=4e5)
    study = tiny_study(company=owner)
    plan = usual_plan(study)
    n_calls = n_short = 0
    for number in range(12):
        one = replay(study, plan, scenario_id=number)
        events, columns = one.events, one.columns
        for name, parts in (
            ("call_cash_usd", [call.cash_usd for call in events.calls]),
            ("call_pledged_btc", [call.pledged_btc for call in events.calls]),
            ("liquidated_btc", [call.liquidated_btc for call in events.calls]),
            ("floor_sold_btc", [short.sold_btc for short in events.short_months]),
            ("equity_usd", [short.equity_usd for short in events.short_months]),
        ):
            assert columns[name].sum() == pytest.approx(sum(parts), rel=RTOL, abs=1e-6)
        n_calls += len(events.calls)
        n_short += len(events.short_months)
        told = " ".join(one.why)
        assert ("The first margin call came in" in told) == bool(events.calls)
        assert ("Cash was short first in" in told) == bool(events.short_months)
        assert one.scores["equity_usd"] == pytest.approx(columns["equity_usd"].sum())
    assert n_calls > 0
    assert n_short > 0


def test_events_are_rows_in_order_of_time():
    owner = company(cash_usd=1.2e6, loan=company().loan.model_copy(update=LOAN))
    study = bare(company=owner)
    found = replay(study, empty_plan(study), scenario_id=3)
    call = Call(
        month="2026-05",
        called_at_usd=76_923.0,
        low_usd=70_000.0,
        btc_price_usd=80_000.0,
        base_btc_price_usd=100_000.0,
        low_ltv_frac=0.857,
        cash_usd=1e6,
        pledged_btc=0.0,
        sold_btc=0.0,
        liquidated_btc=3.0,
        proceeds_usd=189_000.0,
        is_liquidated=True,
    )
    events = Events(
        calls=(call,),
        short_months=(
            ShortMonth("2026-03", 2.0, 5e5, 1e6),
            ShortMonth("2026-04", 0.0, 1e5, 1e6),
        ),
        breaches=(Breach("2026-11", "hall", 1.1, 1.3),),
        defaults=(Default("2026-01", "rent_out", "beta", 0.0, 64.0, 1),),
        builds=(),
    )
    rows = event_rows(replace(found, events=events))
    assert rows == (
        (
            "2026-01",
            "client stops paying",
            "rent_out at beta, 64 GPUs: one month unpaid",
        ),
        ("2026-03", "cash short", "2.0 BTC sold, equity 0.50 USD m; first of 2"),
        (
            "2026-05",
            "liquidation",
            "at 76,923 USD, low 70,000, loan to value 86%; met with 1.00 USD m in "
            "cash, 3.0 BTC sold by the lender for 0.19 USD m",
        ),
        ("2026-11", "covenant breached", "hall: cover 1.10 against 1.30"),
    )
