# SPDX-License-Identifier: Apache-2.0
"""Margin calls, liquidations and covenant breaches in scores, and by month."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths
from scored_plans import grown_plan, usual_plan
from tiny_studies import alpha, beta, company, tiny_study

from gpu.liquidity import covenants, has_btc_loan, liquidity_risk
from gpu.sampling.scenarios import sampled_paths
from gpu.scoring.score import ScoreOptions, ScoreResult, score
from gpu.statistics.month_tally import RELATIVE_ERROR, MonthHistogram
from models.cashflow import evaluate
from models.debt import DebtFacility
from models.debt_limits import dscr_test_months, service_cover
from models.margin import MAX_LTV_FRAC, loan_to_value_frac
from models.plan import DebtDraw

SITE_DEBT = DebtFacility(
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


def owing(*, cash_usd: float = 20e6, **loan: float):
    terms = {"cure_days": 2.0, "liquidation_penalty_frac": 0.1} | loan
    base = company()
    return company(cash_usd=cash_usd, loan=base.loan.model_copy(update=terms))


def bare(**changes):
    sites = (alpha(opening_fleet=()), beta(opening_fleet=()))
    return tiny_study(sites=sites, company=owing(**changes))


def risk_of(study, paths, **decisions):
    plan = empty_plan(study, **decisions)
    ledger = evaluate(study, plan, paths)
    return ledger, liquidity_risk(study, plan, ledger, paths)


def fallen(study, low, *, dip=1.0, period=2):
    """Flat paths at 100,000 with a low in one month."""
    paths = flat_paths(study, btc_price_usd=100_000.0)
    lows = np.ones_like(paths.btc_low_frac)
    lows[:, period] = low
    dips = np.full_like(lows, dip)
    return replace(paths, btc_low_frac=lows, btc_dip_frac=dips)


def test_a_call_is_dated_and_its_distance_worked_by_hand():
    # 6 M on 100 BTC: 60 % at 100,000; called under 6 M / (0.78 x 100) = 76,923. A low
    # of 70,000 lies 6,923 under that, at 6 / 7 = 85.7 %.
    study = bare()
    _, risk = risk_of(study, fallen(study, 0.7))
    row = {name: column[0] for name, column in risk.rows.items()}
    assert row["first_margin_call_period"] == 2.0
    assert np.isnan(row["first_liquidation_period"])
    assert row["peak_ltv_frac"] == pytest.approx(6.0 / 7.0, rel=1e-12)
    low = 70_000.0 - 6e6 / 78.0
    assert row["least_call_distance_usd_per_btc"] == pytest.approx(low, rel=1e-9)
    # Cash meets it: nothing is sold.
    assert row["called_btc_sold"] == row["forced_sale_usd"] == 0.0
    called = risk.events["margin_call"][0]
    np.testing.assert_array_equal(np.flatnonzero(called), [2])
    ltv, distance = (risk.levels[name][0] for name in risk.levels)
    assert ltv[:2] == pytest.approx([0.6, 0.6], rel=1e-12)
    assert distance[0] == pytest.approx(100_000.0 - 6e6 / 78.0, rel=1e-9)
    # What the call repaid: 65 % of 7 M is left, 45.5 % at 100,000.
    assert ltv[3] == pytest.approx(0.455, rel=1e-12)


def test_forced_sales_are_what_the_ledger_sells():
    study = bare(cash_usd=1.2e6)
    ledger, risk = risk_of(study, fallen(study, 0.6, period=0))
    path = ledger.treasury
    row = {name: column[0] for name, column in risk.rows.items()}
    assert row["called_btc_sold"] == path.btc_forced[0, 0] > 0.0
    assert row["liquidated_btc"] == 0.0
    # Nothing else is sold in the first month: cash is at its floor after the call.
    assert path.btc_sold[0, 0] == path.btc_forced[0, 0]
    assert row["forced_sale_usd"] == pytest.approx(path.btc_sales_usd[0, 0], rel=1e-12)


def lent_out(price, low, dip=1.0):
    """Flags of the second month of a company with next to no cash over its floor."""
    study = bare(cash_usd=1.2e6)
    paths = flat_paths(study, btc_price_usd=100_000.0)
    prices = paths.btc_price_usd.copy()
    prices[:, 1:] = price
    lows, dips = np.ones_like(prices), np.ones_like(prices)
    lows[:, 1], dips[:, 1] = low, dip
    fallen = replace(paths, btc_price_usd=prices, btc_low_frac=lows, btc_dip_frac=dips)
    _, risk = risk_of(study, fallen)
    return [bool(risk.events[name][0, 1]) for name in ("margin_call", "liquidation")]


def test_a_fall_over_the_month_is_not_one_within_the_cure_time():
    # From 100,000 down to 50,000 along a path, the call comes on the way at 76,923. All
    # 120 BTC are then pledged; 6 M, less a little cash, stand at 88 % of them where the
    # price falls to 6 M / (0.88 x 120) = 56,818, 73.9 % of 76,923, in the cure time.
    assert lent_out(50_000.0, 0.99) == [True, False]
    assert lent_out(50_000.0, 0.99, dip=0.75) == [True, False]
    assert lent_out(50_000.0, 0.99, dip=0.70) == [True, True]
    # Where the price jumps to 50,000 there is no time to cure: 6 M on 6 M.
    assert lent_out(50_000.0, 1.0) == [True, True]


def test_a_liquidation_fetches_less_its_penalty():
    study = bare(cash_usd=1.2e6)
    _, risk = risk_of(study, fallen(study, 0.6, dip=0.5, period=0))
    row = {name: column[0] for name, column in risk.rows.items()}
    assert row["first_liquidation_period"] == 0.0
    assert row["called_btc_sold"] == 0.0
    fetched = row["liquidated_btc"] * 60_000.0 * 0.9
    assert row["forced_sale_usd"] == pytest.approx(fetched, rel=1e-12)


def test_loan_to_value_without_a_loan_or_a_pledge():
    found = loan_to_value_frac(
        np.array([6e6, 0.0, 1e-6, 5.0, 1e12]),
        np.array([100.0, 0.0, 0.0, 0.0, 1.0]),
        np.array([1e5, 1e5, 1e5, 1e5, 1e5]),
    )
    assert found.tolist() == [0.6, 0.0, 0.0, MAX_LTV_FRAC, MAX_LTV_FRAC]


def test_a_company_without_a_loan_has_nothing_to_say():
    study = tiny_study(company=owing(principal_usd=0.0))
    plan = usual_plan(study)
    assert not has_btc_loan(study, plan)
    scored = score(study, plan, n_scenarios=20, seed=1, baseline=plan)
    assert scored.monthly == {}
    assert not [name for name in scored.summary if "call" in name or "ltv" in name]
    drawing = plan.model_copy(
        update={
            "loan_drawn_usd": (1.0, *plan.loan_drawn_usd[1:]),
        }
    )
    assert has_btc_loan(study, drawing)


def covenant_study():
    owner = owing().model_copy(update={"debt_facilities": (SITE_DEBT,)})
    return tiny_study(company=owner)


def test_breaches_are_where_the_cover_is_short():
    study = covenant_study()
    plan = grown_plan(study)
    assert covenants(study, plan) == ()
    draw = DebtDraw(facility="hall", period=0, amount_usd=2e6)
    plan = plan.model_copy(update={"debt_draws": (draw,)})
    assert covenants(study, plan) == (SITE_DEBT,)
    paths = sampled_paths(study, 5, np.arange(200))
    ledger = evaluate(study, plan, paths)
    risk = liquidity_risk(study, plan, ledger, paths)
    cover = service_cover(study, ledger, SITE_DEBT)
    breached = risk.events["covenant_hall"]
    tests = list(dscr_test_months(24))
    np.testing.assert_array_equal(breached[:, tests], cover < 1.3)
    assert 0 < breached.sum() == (cover < 1.3).sum() < cover.size
    first = risk.rows["first_covenant_hall_period"]
    assert set(first[~np.isnan(first)]) <= set(tests)
    least = risk.rows["least_covenant_hall_dscr"]
    np.testing.assert_array_equal(least < 1.3, ~np.isnan(first))


def test_a_covenant_on_which_nothing_falls_due_is_not_defined():
    later = SITE_DEBT.model_copy(update={"grace_months": 30, "rate_per_year": 0.0})
    owner = owing().model_copy(update={"debt_facilities": (later,)})
    study = tiny_study(company=owner)
    draw = DebtDraw(facility="hall", period=0, amount_usd=2e6)
    plan = grown_plan(study).model_copy(update={"debt_draws": (draw,)})
    paths = sampled_paths(study, 5, np.arange(3))
    risk = liquidity_risk(study, plan, evaluate(study, plan, paths), paths)
    assert np.isnan(risk.rows["least_covenant_hall_dscr"]).all()
    assert not risk.events["covenant_hall"].any()


@pytest.fixture(scope="module")
def scored() -> ScoreResult:
    study = tiny_study()
    return score(
        study, grown_plan(study), n_scenarios=3000, seed=9, baseline=usual_plan(study)
    )


def test_months_and_rows_say_the_same(scored: ScoreResult) -> None:
    assert scored.columns is not None
    for who, prefix in (("plan", ""), ("baseline", "baseline_")):
        events = scored.monthly[who].events
        for event in ("margin_call", "liquidation"):
            first = scored.columns[f"{prefix}first_{event}_period"]
            by_month = events[event].by_month_frac
            assert by_month[-1] == scored.probabilities[f"{prefix}{event}_frac"]
            for months in (3, 6, 12):
                share = scored.probabilities[
                    f"{prefix}{event}_within_{months}_months_frac"
                ]
                assert share == by_month[months - 1] == (first < months).mean()
            assert list(by_month) == sorted(by_month)
        assert scored.probabilities[f"{prefix}margin_call_frac"] > 0.02
        # A call in a month is a low under the call price, in the same scenarios.
        months = scored.monthly[who]
        low = np.array(months.levels["call_distance_usd_per_btc"].p05)
        called = np.array(months.events["margin_call"].in_month_frac)
        assert (called[low < 0.0] >= 0.05).all()
        assert (called[low > 0.0] <= 0.05).all()
        ltv = months.levels["low_ltv_frac"]
        assert (np.array(ltv.p95) > np.array(ltv.p50)).all()
        # 6 M on 100 BTC at a flat 100,000 on the base path, to the horizon.
        assert ltv.base == pytest.approx([0.6] * 24, rel=1e-9)


def test_chunks_change_no_month(scored: ScoreResult) -> None:
    study = tiny_study()
    for rows in (700, 3000):
        other = score(
            study,
            grown_plan(study),
            n_scenarios=3000,
            seed=9,
            baseline=usual_plan(study),
            options=ScoreOptions(rows_at_once=rows),
            keep_rows=False,
        )
        assert other.monthly == scored.monthly


def test_percentiles_of_months_are_within_their_error(rng) -> None:
    values = rng.normal(2e4, 3e4, (5001, 3))
    values[:, 2] = 0.761
    seen = MonthHistogram(3, 1.0)
    for part in np.array_split(values, 7):
        seen.add(part)
    for share in (0.05, 0.5, 0.95):
        exact = np.quantile(values, share, axis=0, method="inverted_cdf")
        found = np.array(seen.percentiles(share))
        np.testing.assert_allclose(found, exact, rtol=1.001 * RELATIVE_ERROR)
        # One value in every scenario is found to the bit.
        assert found[2] == 0.761


def test_small_and_huge_levels_keep_their_sign_and_bounds() -> None:
    seen = MonthHistogram(1, 1.0)
    seen.add(np.array([[-1e12], [-0.5], [0.0], [0.5], [1e12]]))
    found = [seen.percentiles(share)[0] for share in (0.1, 0.5, 1.0)]
    assert found[0] < -9e5
    assert found[1] == 0.0
    assert found[2] > 9e5
