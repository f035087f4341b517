# SPDX-License-Identifier: Apache-2.0
"""Values of projects: engine differences, scores, break-evens, verdicts, order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_studies import alpha, beta, gamma, market, tiny_study

from models.cashflow import evaluate
from models.ledger import discount
from models.market import base_paths
from models.path_changes import scaled
from optimizer.screening.breakeven import DRIVERS, LADDER, break_evens, ladder_paths
from optimizer.screening.generation import make_candidates
from optimizer.screening.horizon import at_horizon, joined, site_paths
from optimizer.screening.ranking import flags_of, liquid_means_usd, rank_key
from optimizer.screening.scores import (
    BaseScore,
    SampleScore,
    base_score,
    rows_of,
    sample_score,
)
from optimizer.screening.terms import offer_break_even, with_offer_price
from optimizer.screening.usual import empty_plan
from optimizer.screening.valuation import Flows, SiteBench
from optimizer.screening.verdict import Verdict, price_of, verdict_of

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.paths import MarketPaths
    from models.study import Study
    from optimizer.screening.projects import Project

MONTHS = 120


def bench_of(site_id: str, **changes: object) -> tuple[Study, SiteBench, list[Project]]:
    sites = (alpha(), beta(), gamma())
    study = at_horizon(tiny_study(sites=sites, **changes), MONTHS)
    made = make_candidates(study, plan_months=24, start_months=(0, 12))
    projects = [p for p in made.projects if p.site == site_id]
    return study, SiteBench(study, made.usual[site_id]), projects


def paths_of(study: Study, site_id: str) -> MarketPaths:
    return site_paths(base_paths(study), study.site_index(site_id))


# -- engine differences ---------------------------------------------------------------


def test_an_increment_is_the_difference_of_two_plans_of_the_whole_study() -> None:
    study, bench, projects = bench_of("alpha")
    paths = base_paths(study)
    for project in projects[::3]:
        leaving = bench.leaving(project)
        assert leaving is not None
        plan, usual = bench.with_project(project, leaving), bench.usual_plan()
        own = bench.flows(plan, paths_of(study, "alpha")).less(
            bench.flows(usual, paths_of(study, "alpha"))
        )
        whole = (
            evaluate(study, plan, paths).site_flow_usd()
            - evaluate(study, usual, paths).site_flow_usd()
        )
        assert np.array_equal(own.flow_usd, whole[:, 0])
        assert not whole[:, 2].any()


def test_a_project_at_an_empty_site_is_worth_the_same_alone_and_on_top() -> None:
    study, bench, projects = bench_of("gamma")
    assert not bench.has_present_use
    paths = paths_of(study, "gamma")
    for project in projects:
        alone = bench.alone(project, paths)
        top = bench.flows(bench.with_project(project, ()), paths).less(
            bench.flows(bench.usual_plan(), paths)
        )
        assert alone.flow_usd == pytest.approx(top.flow_usd, abs=1e-6)


def test_alone_a_project_has_no_use_of_the_fleets_losses() -> None:
    study, bench, projects = bench_of("alpha")
    project = next(p for p in projects if p.asset == "alpha_tenant")
    flow = bench.alone(project, paths_of(study, "alpha")).flow_usd[0]
    # In the first months of rent: 1000 kW of IT x 110 USD less 20 % operation is
    # 88,000 USD, and the hall (1.35 MW x 3e6 over 180 months) writes off 22,500.
    # Nothing was earned before, so no loss is carried: tax is 25 % of the rest.
    live = project.offers[0].since + 1
    assert flow[live] == pytest.approx(88_000 - 0.25 * (88_000 - 22_500))


def test_stopping_what_loses_money_is_not_credited_to_a_project() -> None:
    study, bench, projects = bench_of("beta", market=market(btc_price_usd=40_000.0))
    paths = paths_of(study, "beta")
    project = next(p for p in projects if p.space.how == "existing")
    leaving = bench.leaving(project)
    assert leaving
    baseline = bench.baseline(leaving, paths)
    rate = bench.usual.site.hurdle_rate_per_year
    usual = discount(bench.flows(bench.usual_plan(), paths).flow_usd, rate)
    counted = discount(bench.flows(baseline, paths).flow_usd, rate)
    # At 40,000 USD the old machines lose money at 70 USD/MWh: without them is better.
    assert baseline != bench.usual_plan()
    assert counted[0] > usual[0]


def test_what_earns_stays_in_the_baseline() -> None:
    study, bench, projects = bench_of("beta", market=market(btc_price_usd=250_000.0))
    paths = paths_of(study, "beta")
    project = next(p for p in projects if p.space.how == "existing")
    leaving = bench.leaving(project)
    assert leaving
    assert bench.baseline(leaving, paths) == bench.usual_plan()


# -- scores ---------------------------------------------------------------------------


def flows(*rows: list[float]) -> Flows:
    array = np.array(rows)
    return Flows(array, np.zeros(len(rows)), np.full(len(rows), 100.0))


def test_scores_of_a_project_that_earns_ten_per_cent() -> None:
    # 100 paid in the first month, 121 back two years later: 10 % a year; at a hurdle of
    # 10 % it is worth nothing, at 5 % 121 / 1.05^(25/12) - 100 / 1.05^(1/12).
    flow = [0.0, -100.0, *[0.0] * 23, 121.0]
    rows = rows_of(np.array([flow]), 0.05)
    assert rows.irr_per_year[0] == pytest.approx(0.10)
    assert rows.npv_usd[0] == pytest.approx(
        121 / 1.05 ** (25 / 12) - 100 / 1.05 ** (1 / 12)
    )
    assert rows.payback_months[0] == 24
    base = base_score(flows(flow), rows, 0.05)
    assert base.peak_need_usd == 100.0
    assert base.irr_status == "ok"


def test_shares_count_every_scenario_and_quantiles_those_with_an_irr() -> None:
    gains = [121.0, 110.25, 100.0, 0.0]
    rows = rows_of(np.array([[-100.0, *[0.0] * 23, gain] for gain in gains]), 0.04)
    sample = sample_score(rows, 0.04)
    # IRRs are 10 %, 5 %, 0 % and none: the last never gets a cent back.
    assert sample.no_irr_frac == 0.25
    assert sample.no_capital_frac == 0.0
    assert sample.irr_at_hurdle_frac == 0.5
    assert sample.npv_positive_frac == 0.5
    assert sample.irr_quantiles_per_year["p50"] == pytest.approx(0.05)
    assert sample.unpaid_frac == 0.25
    assert sample.payback_p50_months == 24


def test_without_capital_tied_up_there_is_no_irr() -> None:
    rows = rows_of(np.array([[10.0, -2.0, 5.0], [10.0, 1.0, 5.0]]), 0.1)
    assert np.isnan(rows.irr_per_year).all()
    sample = sample_score(rows, 0.1)
    assert sample.no_capital_frac == 1.0
    assert sample.npv_positive_frac == 1.0
    assert math.isnan(sample.irr_quantiles_per_year["p50"])
    own = flows([10.0, -2.0, 5.0])
    assert base_score(own, rows, 0.1).irr_status == "no_capital"


def test_a_project_without_flows_scores_nothing() -> None:
    rows = rows_of(np.zeros((2, 13)), 0.1)
    assert base_score(flows([0.0] * 13), rows, 0.1).irr_status == "all_zero"
    assert rows.npv_usd.tolist() == [0.0, 0.0]


def test_the_share_of_terminal_value_is_of_a_positive_npv_only() -> None:
    good = Flows(np.array([[-10.0, 0.0, 30.0]]), np.array([15.0]), np.array([10.0]))
    bad = Flows(np.array([[-30.0, 0.0, 10.0]]), np.array([10.0]), np.array([30.0]))
    score = base_score(good, rows_of(good.flow_usd, 0.0), 0.0)
    assert score.terminal_share_frac == pytest.approx(15 / 20)
    worse = base_score(bad, rows_of(bad.flow_usd, 0.0), 0.0)
    assert math.isnan(worse.terminal_share_frac)


# -- break-evens ----------------------------------------------------------------------


def test_break_evens_solve_a_straight_line() -> None:
    study = at_horizon(tiny_study(), MONTHS)
    base = base_paths(study)

    def npv_of(paths: MarketPaths) -> FloatArray:
        # Worth zero at 1.5 times the BTC price, never helped by cheaper power.
        price = paths.btc_price_usd[:, 0] / base.btc_price_usd[0, 0]
        return 100.0 * price - 150.0 + 0.0 * paths.power_multiplier[:, 0, 0]

    found = break_evens(study, base, npv_of(ladder_paths(study, base)), npv_of)
    assert found["btc_price"] == pytest.approx(1.5, rel=1e-6)
    assert found["power_price"] is None
    assert found["gpu_rent"] is None


def test_of_several_break_evens_the_nearest_kind_one_counts() -> None:
    study = at_horizon(tiny_study(), MONTHS)
    base = base_paths(study)

    def npv_of(paths: MarketPaths) -> FloatArray:
        price = np.log(paths.btc_price_usd[:, 0] / base.btc_price_usd[0, 0])
        power = paths.power_multiplier[:, 0, 0]
        rising = np.sin(2.0 * (price - 0.3))
        return np.where(price != 0.0, rising, power - 2.0)

    found = break_evens(study, base, npv_of(ladder_paths(study, base)), npv_of)
    # sin rises through zero at log price 0.3 and 0.3 +- pi; dear power is not kind.
    assert found["btc_price"] == pytest.approx(math.exp(0.3), rel=1e-6)
    assert found["power_price"] is None


@pytest.mark.parametrize("site_id", ["alpha", "beta", "gamma"])
def test_at_its_break_even_a_project_is_worth_nothing(site_id: str) -> None:
    study, bench, projects = bench_of(site_id)
    base = paths_of(study, site_id)
    rate = bench.usual.site.hurdle_rate_per_year
    for project in projects[::4]:
        plan = bench.with_project(project, bench.leaving(project) or ())
        usual = bench.usual_plan()

        def npv_of(paths: MarketPaths) -> FloatArray:
            added = bench.flows(plan, paths).less(bench.flows(usual, paths))  # noqa: B023
            return discount(added.flow_usd, rate)

        found = break_evens(
            bench.with_fleet, base, npv_of(ladder_paths(bench.with_fleet, base)), npv_of
        )
        for driver in DRIVERS:
            multiplier = found[driver]
            if multiplier is None:
                continue
            at_it = scaled(bench.with_fleet, base, {driver: multiplier})
            near = scaled(bench.with_fleet, base, {driver: multiplier * 1.01})
            there, beyond = npv_of(joined([at_it, near]))
            assert abs(there) < 1e-3 * abs(beyond) + 1.0, (project.id, driver)


def test_the_ladder_holds_the_base_path() -> None:
    assert np.abs(LADDER - 1.0).min() < 1e-12


def test_the_break_even_of_an_offer_is_a_price_at_which_it_is_worth_nothing() -> None:
    study, bench, projects = bench_of("alpha")
    project = next(p for p in projects if p.asset == "alpha_tenant")
    base = paths_of(study, "alpha")
    plan = bench.with_project(project, bench.leaving(project) or ())
    usual = bench.flows(bench.usual_plan(), base).flow_usd

    def npv_of(multiplier: float) -> float:
        terms = with_offer_price(bench.with_fleet, "alpha_tenant", multiplier)
        flow = bench.flows(plan, base, study=terms).flow_usd
        return float(discount(flow - usual, 0.15)[0])

    found = offer_break_even(npv_of, is_paid_by_us=False)
    assert found is not None
    assert npv_of(found) == pytest.approx(0.0, abs=50.0)
    assert npv_of(found * 1.05) > 0.0


def test_what_we_pay_breaks_even_from_above() -> None:
    assert offer_break_even(lambda m: 3.0 - m, is_paid_by_us=True) == pytest.approx(3.0)
    assert offer_break_even(lambda m: 3.0 - m, is_paid_by_us=False) is None
    assert offer_break_even(lambda _: 1.0, is_paid_by_us=False) is None


# -- verdicts and order ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("npv_usd", "share", "found", "kind", "text"),
    [
        (1.0, 0.5, {"btc_price": 0.9}, "pass", "pass"),
        (1.0, 0.4, {"btc_price": 0.9}, "only_if", "only if BTC >= 90,000 USD"),
        (-1.0, 0.6, {"power_price": 0.8}, "only_if", "only if power <= 40.0 USD/MWh"),
        (-1.0, 0.6, {"btc_price": 1.9, "power_price": 0.9}, "only_if", "45.0 USD/MWh"),
        (-1.0, 0.2, {"btc_price": 2.1}, "fail", "fail"),
        (-1.0, 0.2, {"btc_price": None}, "fail", "fail"),
        (1.0, 0.2, {}, "fail", "fail"),
    ],
)
def test_verdict(
    npv_usd: float,
    share: float,
    found: dict[str, float | None],
    kind: str,
    text: str,
) -> None:
    study, _, projects = bench_of("gamma")
    verdict = verdict_of(
        study,
        projects[0],
        npv_at_hurdle_usd=npv_usd,
        npv_positive_frac=share,
        found=found,
    )
    assert verdict.kind == kind
    assert text in verdict.text


def test_prices_of_a_verdict_carry_the_right_unit() -> None:
    study, _, projects = bench_of("alpha")
    tenant = next(p for p in projects if p.asset == "alpha_tenant")
    assert price_of(study, tenant, "offer_price").unit == "USD/kW-month"
    _, _, elsewhere = bench_of("beta")
    light = next(p for p in elsewhere if p.asset == "rent_in")
    both = next(p for p in elsewhere if p.asset == "rent_in+rent_out")
    assert price_of(study, light, "power_price").value == 70.0
    # Alone the price we pay decides, and less is kinder; with a client the client's.
    assert not price_of(study, light, "offer_price").is_kind_above
    assert price_of(study, light, "offer_price").value == 1.5
    assert price_of(study, both, "offer_price").value == 2.2
    assert price_of(study, both, "gpu_rent").value == 2.4


def base_with(
    npv_usd: float, paid_usd: float = 10.0, peak_usd: float = 0.0
) -> BaseScore:
    return BaseScore(npv_usd, 0.1, "ok", 12.0, paid_usd, peak_usd, 0.0, 0.6)


def test_order_is_pass_then_nearest_to_break_even_then_the_rest() -> None:
    entries = {
        "big pass": (Verdict("pass", "", 0.1), base_with(5.0, 100.0)),
        "small pass": (Verdict("pass", "", 0.5), base_with(4.0, 1.0)),
        "near": (Verdict("only_if", "", 0.1), base_with(-9.0)),
        "far": (Verdict("only_if", "", 0.6), base_with(-1.0)),
        "hopeless": (Verdict("fail", "", math.inf), base_with(-1.0)),
        "worse": (Verdict("fail", "", math.inf), base_with(-2.0)),
    }

    def order(rank_by: str) -> list[str]:
        keys = {
            name: rank_key(verdict, base, rank_by, name)  # type: ignore[arg-type]
            for name, (verdict, base) in entries.items()
        }
        return sorted(entries, key=lambda name: keys[name])

    rest = ["near", "far", "hopeless", "worse"]
    assert order("npv") == ["big pass", "small pass", *rest]
    assert order("index") == ["small pass", "big pass", *rest]


def test_flags_name_terminal_value_missing_irrs_and_money_out_of_reach() -> None:
    nothing = dict.fromkeys(("p05", "p25", "p50", "p75", "p95"), 0.1)
    sample = SampleScore(
        0.5, 0.5, 0.3, 0.2, 0.0, nothing, 1.0, 1.0, 1.0, 1.0, 1.0, 12.0, 0.0
    )
    flags = flags_of(base_with(5.0, peak_usd=3e6), sample, means_usd=2e6)
    assert flags == (
        "60% of NPV from terminal value",
        "no IRR in 30% of scenarios, in 20% because no capital is tied up",
        "needs more than the 2 M USD within reach",
    )


def test_means_are_cash_over_the_floor_btc_net_of_the_loan_and_equity() -> None:
    study = tiny_study()
    # 19e6 cash over the floor, 20 BTC free and 100 pledged at 99,800 after selling
    # cost less 6e6 of loan, 20e6 of equity.
    expected = 19e6 + 20 * 99_800 + (100 * 99_800 - 6e6) + 20e6
    assert liquid_means_usd(study.company, study.market) == pytest.approx(expected)


def test_an_empty_plan_earns_nothing_at_an_empty_site() -> None:
    study, bench, _ = bench_of("gamma")
    flow = bench.flows(empty_plan(study, "empty"), paths_of(study, "gamma")).flow_usd
    assert not flow.any()
