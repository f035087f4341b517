# SPDX-License-Identifier: Apache-2.0
"""Loans on projects: equity flows by hand, covers, tax saved, and the screening."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lp_treasury import MACHINE_LOAN, PLANT_LOAN
from tiny_studies import alpha, beta, company, gamma, tiny_study

import optimizer
from models.cashflow import evaluate
from models.debt import DebtFacility, drawn_path
from models.debt_limits import service_cover
from models.leverage import TaxGroup, equity_flow_usd
from models.plan import DebtDraw
from models.tax import tax_terms
from optimizer.screening import bench
from optimizer.screening.bench import PathTable
from optimizer.screening.financed_scores import financed_score, returned
from optimizer.screening.financing import (
    Lender,
    Levered,
    Loan,
)
from optimizer.screening.generation import make_candidates
from optimizer.screening.horizon import at_horizon, site_paths
from optimizer.screening.scores import base_score, rows_of
from optimizer.screening.valuation import Flows, SiteBench

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.screening.result import ScreenResult

N = 24
YEARLY = 1.01**12 - 1.0


def bullet(rate_per_year: float, **changes: object) -> DebtFacility:
    """Interest for 22 months, all principal in the 23rd after the draw."""
    terms: dict[str, object] = {
        "id": "hall",
        "name": "Hall",
        "kind": "project",
        "site": "alpha",
        "advance_frac": 0.5,
        "rate_per_year": rate_per_year,
        "term_months": 1,
        "grace_months": 22,
        "limit_usd": 1e9,
    }
    return DebtFacility(**(terms | changes))  # type: ignore[arg-type]


def one_per_cent_a_month() -> np.ndarray:
    """1,000 paid in the first month, 10 a month back, and the 1,000 at the end."""
    flow = np.zeros((1, N + 1))
    flow[0, 1], flow[0, 2:] = -1000.0, 10.0
    flow[0, -1] += 1000.0
    return flow


def borrowed(facility: DebtFacility, flow_usd: np.ndarray) -> np.ndarray:
    drawn = np.zeros((1, N))
    drawn[0, 0] = 500.0
    path = drawn_path((facility,), drawn)
    return equity_flow_usd(flow_usd, path, np.zeros((1, N)))


def test_a_loan_at_the_projects_own_rate_leaves_its_irr() -> None:
    # Both earn and cost 1 % a month, on 1,000 and on 500: equity earns 5 on 500.
    own = borrowed(bullet(0.12), one_per_cent_a_month())
    assert own[0, 1:4] == pytest.approx([-500.0, 5.0, 5.0])
    assert rows_of(own, 0.1).irr_per_year[0] == pytest.approx(YEARLY)


def test_a_cheaper_loan_lifts_equity_by_what_it_leaves() -> None:
    # 10 a month less 0.5 % of 500: 7.5 on 500 is 1.5 % a month.
    own = borrowed(bullet(0.06), one_per_cent_a_month())
    assert rows_of(own, 0.1).irr_per_year[0] == pytest.approx(1.015**12 - 1.0)
    # A dearer one, 2 % a month, leaves nothing: 10 less 10 on 500.
    own = borrowed(bullet(0.24), one_per_cent_a_month())
    assert rows_of(own, 0.1).irr_per_year[0] == pytest.approx(0.0, abs=1e-12)


def test_fees_and_what_is_owed_at_the_horizon_are_equitys() -> None:
    facility = bullet(0.0, fee_frac=0.02, grace_months=60)
    own = borrowed(facility, np.zeros((1, N + 1)))
    # 500 less a fee of 10 come in, and 500 go back at the horizon, not later.
    assert own[0, 1] == 490.0
    assert own[0, -1] == -500.0
    assert own.sum() == pytest.approx(-10.0)


def test_without_a_change_of_sign_there_is_a_word_and_no_rate() -> None:
    study, lender = lender_of(lossy=True)
    flow = np.full((2, N + 1), 5.0)
    flow[:, 0] = 0.0
    own = levered_of(lender, flow)
    assert not own.loans
    assert not own.equity_usd.size
    rows = rows_of(flow, 0.1)
    score = financed_score(own, flows_of(flow), rows, 0.1)
    assert math.isnan(score.base.irr_per_year)
    assert score.base.irr_status == "no_capital"
    assert math.isnan(score.dscr_min)
    assert score.loan_usd == 0.0
    assert study.company.debt_facilities


def lender_of(*, lossy: bool, **changes: object) -> tuple[Study, Lender]:
    owner = company(
        debt_facilities=(bullet(**({"rate_per_year": 0.12} | changes)), MACHINE_LOAN)
    )
    study = tiny_study(company=owner)
    terms = study.tax_terms(study.site("beta"))
    profit = np.full((2, N), -1e3 if lossy else 1e3)
    return study, Lender(study, "alpha", TaxGroup(terms, profit, np.zeros(2)))


def flows_of(
    flow_usd: np.ndarray, cash_usd: np.ndarray | None = None, cost_usd: float = 0.0
) -> Flows:
    """Flows with cost of plant in the first month."""
    financed = np.zeros((3, N))
    financed[2, 0] = cost_usd
    n_rows = len(flow_usd)
    return Flows(
        flow_usd,
        np.zeros(n_rows),
        np.full(n_rows, cost_usd),
        flow_usd[:, 1:] if cash_usd is None else cash_usd,
        np.zeros((n_rows, N)),
        np.zeros(n_rows),
        financed,
    )


def levered_of(lender: Lender, flow_usd: np.ndarray, **terms: object) -> Levered:
    added = flows_of(flow_usd, **terms)  # type: ignore[arg-type]
    return lender.levered(added, added, np.arange(len(flow_usd)))


def test_interest_saves_tax_where_the_group_earns_and_only_there() -> None:
    flow = np.repeat(one_per_cent_a_month(), 2, axis=0)
    for lossy, saved in ((False, 0.165), (True, 0.0)):
        _, lender = lender_of(lossy=lossy)
        own = levered_of(lender, flow, cost_usd=1000.0)
        # Half of 1,000 is drawn and costs 5 a month; the group's rate is 16.5 %.
        assert own.drawn_usd == pytest.approx(500.0)
        assert own.equity_usd[0, 1] == pytest.approx(-500.0)
        assert own.equity_usd[0, 2] == pytest.approx(5.0 + saved * 5.0)


def test_the_tax_saved_is_what_the_engine_saves() -> None:
    owner = company(
        debt_facilities=(MACHINE_LOAN,),
        loan=company().loan.model_copy(update={"principal_usd": 0.0}),
        tax_site="beta",
    )
    study = at_horizon(tiny_study(company=owner), 120)
    made = make_candidates(study, plan_months=24, start_months=(0,))
    table = PathTable(study, None, 2, 1)
    site = SiteBench(study, made.usual["beta"])
    base = site_paths(table.base, study.site_index("beta"))
    whole = site.flows(site.usual_plan(), base)
    rows = np.arange(1)
    group = TaxGroup.of(study, whole.profit_usd[rows], whole.early_relief_usd[rows])
    draw = DebtDraw(facility="rigs", period=3, amount_usd=1e6)
    # The engine on the same one site, its overhead, and the same plan with a draw.
    bare = evaluate(site.with_fleet, site.usual_plan(), base)
    plan = site.usual_plan().model_copy(update={"debt_draws": (draw,)})
    lent = evaluate(site.with_fleet, plan, base)
    cost = (lent.debt.interest_usd + lent.debt.fees_usd).sum(axis=0)
    saved = group.less_cost(0.0 * cost) - group.less_cost(cost)
    tax = lent.corporate_items["overhead_tax"] - bare.corporate_items["overhead_tax"]
    put_off = (
        lent.corporate_items["terminal_overhead_tax"]
        - bare.corporate_items["terminal_overhead_tax"]
    )
    assert saved[0] == pytest.approx((tax + put_off)[0, 1:], abs=1e-6)


def test_a_root_of_flows_that_lose_money_is_no_return() -> None:
    # -1 + 2.5 x - 1.54 x^2 is zero at x = 1 / 1.4 and 1 / 1.1: rates of 40 and 10 % a
    # month on flows that lose 0.04 of 1 in all. -1 + 1.1 x earns 10 %.
    flow = np.array([[-1.0, 2.5, -1.54], [-1.0, 1.1, 0.0], [-1.0, 0.5, 0.0]])
    rows = rows_of(flow, 0.1)
    assert rows.irr_per_year[0] == pytest.approx(1.1**12 - 1.0)
    kept = returned(rows, flow)
    assert math.isnan(kept.irr_per_year[0])
    assert kept.irr_per_year[1:].tolist() == rows.irr_per_year[1:].tolist()
    score = base_score(flows_of(flow), kept, 0.1)
    assert score.irr_status == "none"


def test_scenarios_without_a_rate_keep_their_place_among_percentiles() -> None:
    # Twenty scenarios: one earns 121 on 100 in two years, 10 % a year; the rest pay 100
    # and get nothing, which is no rate. Only the best twentieth has one.
    flow = np.zeros((21, N + 2))
    flow[:, 1] = -100.0
    flow[:2, -1] = 121.0
    rows = rows_of(flow, 0.1)
    one = np.ones((21, 1))
    owed = Levered((Loan("hall", 1.0, "advance"),), flow, one)
    score = financed_score(owed, flows_of(flow), rows, 0.1)
    spread = score.sample.irr_quantiles_per_year
    assert score.sample.no_irr_frac == 0.95
    assert [name for name, rate in spread.items() if math.isfinite(rate)] == []
    flow[2, -1] = 121.0
    score = financed_score(owed, flows_of(flow), rows_of(flow, 0.1), 0.1)
    spread = score.sample.irr_quantiles_per_year
    assert spread["p95"] == pytest.approx(0.1)
    assert math.isnan(spread["p75"])


def test_the_sites_cover_is_that_of_the_engine() -> None:
    hall = PLANT_LOAN.model_copy(update={"term_months": 60, "min_dscr": 1.0})
    study = at_horizon(tiny_study(company=company(debt_facilities=(hall,))), 120)
    made = make_candidates(study, plan_months=24, start_months=(0,))
    table = PathTable(study, None, 2, 1)
    site = SiteBench(study, made.usual["alpha"])
    base = site_paths(table.base, study.site_index("alpha"))
    terms = study.tax_terms(study.site("beta"))
    group = TaxGroup(terms, np.zeros((1, 120)), np.zeros(1))
    lender = Lender(study, "alpha", group)
    n_checked = 0
    for project in made.projects:
        leaving = site.leaving(project) if project.site == "alpha" else None
        if leaving is None:
            continue
        plan = site.with_project(project, leaving)
        whole = site.flows(plan, base)
        added = whole.less(site.flows(site.usual_plan(), base))
        own = lender.levered(added, whole, np.arange(1))
        if not own.drawn_usd:
            continue
        cost = np.maximum(added.financed_usd[2], 0.0)
        drawn = own.drawn_usd / cost.sum() * cost
        draws = tuple(
            DebtDraw(facility="hall", period=int(t), amount_usd=float(drawn[t]))
            for t in np.flatnonzero(drawn)
        )
        lent = plan.model_copy(update={"debt_draws": draws})
        cover = service_cover(
            site.with_fleet, evaluate(site.with_fleet, lent, base), hall
        )
        assert own.site_cover == pytest.approx(np.nanmin(cover))
        n_checked += 1
    assert n_checked


def test_cover_is_counted_in_scenarios_on_the_draws_of_the_base_path() -> None:
    # Plant of 1,200; twelve instalments without interest: 500 at 1.25 bear 400.
    terms = {"term_months": 12, "grace_months": 0, "rate_per_year": 0.0}
    _, lender = lender_of(lossy=True, **terms, advance_frac=0.9, min_dscr=1.25)
    flow = np.zeros((3, N + 1))
    flow[:, 1] = -1200.0
    cash = np.zeros((3, N))
    # Base path, a good and a bad year: 500, 600 and 300 in the year of repayment.
    cash[:, 1:13] = np.array([[500.0], [600.0], [300.0]]) / 12.0
    flow[:, 1:] += cash
    lender = Lender(
        lender.study,
        "alpha",
        TaxGroup(lender.group.terms, np.zeros((3, N)), np.zeros(3)),
    )
    own = levered_of(lender, flow, cash_usd=cash, cost_usd=1200.0)
    assert own.drawn_usd == pytest.approx(400.0)
    assert own.cover[:, 0] == pytest.approx([1.25, 1.5, 0.75])
    rows = rows_of(own.equity_usd, 0.1)
    added = flows_of(own.equity_usd, cash_usd=cash, cost_usd=1200.0)
    score = financed_score(own, added, rows, 0.1)
    assert score.dscr_min == pytest.approx(1.25)
    assert score.dscr_average == pytest.approx(1.25)
    assert score.dscr_covenant == 1.25
    assert score.dscr_under_covenant_frac == 0.5
    assert score.dscr_under_one_frac == 0.5
    assert score.loan_share_frac == pytest.approx(1.0 / 3.0)


def test_the_cheapest_loan_comes_first_and_no_cost_is_lent_on_twice() -> None:
    dear = bullet(0.2, id="dear", advance_frac=1.0)
    cheap = bullet(0.1, id="cheap", advance_frac=0.6)
    elsewhere = bullet(0.01, id="elsewhere", site="beta")
    study = tiny_study(company=company(debt_facilities=(dear, elsewhere, cheap)))
    terms = tax_terms(study.tax_regimes[0], "2025-12", N)
    group = TaxGroup(terms, np.zeros((1, N)), np.zeros(1))
    lender = Lender(study, "alpha", group)
    own = levered_of(lender, one_per_cent_a_month(), cost_usd=1000.0)
    assert [(one.facility, one.drawn_usd) for one in own.loans] == [
        ("cheap", pytest.approx(600.0)),
        ("dear", pytest.approx(400.0)),
    ]


# -- the screening --------------------------------------------------------------------


def screen_with(*facilities: DebtFacility) -> ScreenResult:
    owner = company(debt_facilities=facilities)
    return optimizer.screen(
        tiny_study(sites=(alpha(), beta(), gamma()), company=owner),
        n_scenarios=30,
        seed=3,
        grid=None,
        start_months=(0,),
        reoptimise_top=0,
    )


@pytest.fixture(scope="module")
def screened() -> ScreenResult:
    return screen_with(PLANT_LOAN, MACHINE_LOAN)


def test_loans_stay_within_cost_limit_and_cover(screened: ScreenResult) -> None:
    lent = [one for one in screened.projects if one.financed.loan_usd > 0.0]
    assert lent
    for one in lent:
        own = one.financed
        assert own.loan_share_frac <= 0.8 + 1e-12
        for loan in own.loans:
            assert loan.drawn_usd >= 0.0
            assert loan.facility in {"hall", "rigs"}
            assert loan.facility == "rigs" or one.project.site == "alpha"
        if not math.isnan(own.dscr_covenant):
            assert own.dscr_min >= own.dscr_covenant * (1.0 - 1e-9)


def test_a_project_without_loan_has_the_scores_of_its_own(
    screened: ScreenResult,
) -> None:
    without = [one for one in screened.projects if one.financed.loan_usd == 0.0]
    assert without
    for one in without:
        assert repr(one.financed.base) == repr(one.base)
        assert (one.financed.sampled_npv_usd == one.sampled_npv_usd).all()


def test_a_study_without_facilities_ranks_as_one_with_them(
    screened: ScreenResult,
) -> None:
    bare = screen_with()
    ranked = [one.project.id for one in bare.projects]
    assert ranked == [one.project.id for one in screened.projects]
    assert all(not one.financed.loans for one in bare.projects)
    for one, other in zip(bare.projects, screened.projects, strict=True):
        assert one.verdict == other.verdict
        assert one.base.npv_at_hurdle_usd == other.base.npv_at_hurdle_usd


def test_rows_carry_both_rates_and_the_service(screened: ScreenResult) -> None:
    table = screened.table()
    for name in (
        "irr_per_year",
        "equity_irr_per_year",
        "equity_irr_status",
        "equity_npv_at_hurdle_usd",
        "loan_usd",
        "loan_share_frac",
        "dscr_min",
        "dscr_average",
        "dscr_under_covenant_frac",
        "equity_irr_p05_per_year",
    ):
        assert len(table[name]) == len(screened.projects)
    for rate, word in zip(
        table["equity_irr_per_year"], table["equity_irr_status"], strict=True
    ):
        known = isinstance(rate, float) and math.isfinite(rate)
        assert known == (word in {"ok", "several", "double", "uncertain"})


def test_rates_of_equity_are_looked_for_in_the_first_scenarios_only(
    screened: ScreenResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "IRR_SCENARIOS", 12)
    few = screen_with(PLANT_LOAN, MACHINE_LOAN)
    for one, other in zip(few.projects, screened.projects, strict=True):
        less, more = one.financed, other.financed
        assert (less.sampled_npv_usd == more.sampled_npv_usd).all()
        assert less.dscr_min_p50 == more.dscr_min_p50 or math.isnan(more.dscr_min_p50)
        assert less.sample.npv_positive_frac == more.sample.npv_positive_frac
        if less.loan_usd:
            found = less.sampled_irr_per_year
            assert np.isnan(found[12:]).all()
            assert found[:12] == pytest.approx(
                more.sampled_irr_per_year[:12], nan_ok=True
            )
            assert less.sample.no_irr_frac == np.isnan(found[:12]).mean()
