# SPDX-License-Identifier: Apache-2.0
"""What holds of the optimum whatever the study: more freedom never lowers it.

A plan of the tighter study is a plan of the looser one, so its value may not pass the
bound proven there; that holds at any gap, so no solve needs to finish.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from study_strategies import studies
from tiny_studies import alpha, beta, company, gamma, market, tariff, tiny_study

from models.errors import SolverError
from models.site import Site
from models.study import Study, TimeGrid
from optimizer import plan
from optimizer.milp.compile import compile_model
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.solve import InfeasibleModelError, solve

if TYPE_CHECKING:
    from optimizer.milp.solve import Solution
    from optimizer.planning import PlanResult

TOLERANCE_USD_M = 1e-5
GAP_FRAC = 1e-3
SHORT = TimeGrid(
    start_month="2025-12",
    months=15,
    monthly_months=15,
    order_step_months=3,
    holding_step_months=3,
)
few = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # A smaller failing study would take minutes to find and reads no better.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


def best(study: Study, **options: object) -> Solution | None:
    """Return the optimum, None if the study has no plan."""
    compiled = compile_model(build_model(study, ModelOptions(**options)).pyomo)
    try:
        return solve(compiled, gap_frac=GAP_FRAC, time_limit_s=3.0)
    except InfeasibleModelError:
        return None
    except SolverError:
        assume(False)
        raise


def assert_never_better(tighter: Solution | None, looser: Solution | None) -> None:
    if tighter is None:
        return
    assert looser is not None
    assert tighter.objective_usd_m <= looser.bound_usd_m + TOLERANCE_USD_M


def with_site(study: Study, site_id: str, **changes: object) -> Study:
    changed = tuple(
        Site(**(dict(site) | changes)) if site.id == site_id else site
        for site in study.sites
    )
    return Study(**(dict(study) | {"sites": changed}))


def with_company(study: Study, **changes: object) -> Study:
    return Study(
        **(dict(study) | {"company": study.company.model_copy(update=changes)})
    )


def free_power(study: Study) -> Study:
    """Alpha without demand charge, so that more power costs nothing."""
    power = study.site("alpha").power.model_copy(
        update={"demand_charge_usd_per_mw_month": 0.0}
    )
    return with_site(study, "alpha", power=power)


@given(studies(), st.sampled_from([0.5, 5.0, 50.0]))
@few
def test_more_power_never_lowers_the_optimum(study: Study, more_mw: float) -> None:
    usual = free_power(study)
    more = with_site(
        usual, "alpha", contracted_mw=usual.site("alpha").contracted_mw + more_mw
    )
    assert_never_better(best(usual), best(more))


@given(studies())
@few
def test_one_more_phase_on_offer_never_lowers_the_optimum(study: Study) -> None:
    usual = free_power(study)
    phases = usual.site("alpha").phases
    extra = phases[0].model_copy(update={"id": "alpha_extra", "mw": 3.0})
    crews = usual.site("alpha").max_parallel_builds
    more = with_site(
        usual, "alpha", phases=(*phases, extra), max_parallel_builds=crews + 1
    )
    assert_never_better(best(usual), best(more))


@given(studies(), st.sampled_from([2e6, 10e6]))
@few
def test_a_higher_cash_floor_never_raises_the_optimum(
    study: Study, more_usd: float
) -> None:
    higher = with_company(study, cash_floor_usd=study.company.cash_floor_usd + more_usd)
    assert_never_better(best(higher), best(study))


@given(studies())
@few
def test_forcing_never_raises_the_optimum(study: Study) -> None:
    usual = best(study)
    forced = best(study, forced_site="alpha", forced_mw_months=20.0)
    if forced is not None and not study.site("alpha").is_discretionary:
        # A forced site's hurdle is set aside, so only then is it plainly tighter.
        assert_never_better(forced, usual)
    assert_never_better(best(study, forced_line="hosting", forced_mw_months=5.0), usual)


@given(studies())
@few
def test_a_line_or_a_site_less_never_raises_the_optimum(study: Study) -> None:
    usual = best(study)
    assert_never_better(best(study, lines=("self_mining",)), usual)
    assert_never_better(best(study, closed_sites=("alpha",)), usual)


@given(studies())
@few
def test_hurdles_never_raise_the_optimum(study: Study) -> None:
    assert_never_better(best(study), best(study, enforce_hurdles=False))


def is_open(result: PlanResult) -> bool:
    return any(start.site == "gamma" for start in result.plan.phases)


@pytest.mark.parametrize("btc_price_usd", [60_000.0, 90_000.0, 140_000.0])
def test_a_higher_hurdle_never_opens_its_site_and_never_raises_the_optimum(
    btc_price_usd: float,
) -> None:
    site = gamma(
        power=tariff(flexible_usd_per_mwh=35.0, demand_charge_usd_per_mw_month=0.0)
    )
    terms = {
        "sites": (alpha(), beta(), site),
        "market": market(btc_price_usd=btc_price_usd),
        "company": company(cash_usd=60e6),
        "time": SHORT,
    }
    results = []
    for hurdle in (0.05, 1.0, 2.5, 5.0):
        study = with_site(tiny_study(**terms), "gamma", hurdle_rate_per_year=hurdle)
        results.append(plan(study, gap_frac=1e-4))
        assert results[-1].is_verified
    for lower, higher in itertools.pairwise(results):
        assert higher.npv_usd <= lower.bound_usd + 1e6 * TOLERANCE_USD_M
        assert is_open(lower) or not is_open(higher)


def test_a_site_opens_under_a_low_hurdle_and_not_under_a_high_one() -> None:
    def opens(hurdle: float) -> bool:
        site = gamma(hurdle_rate_per_year=hurdle)
        study = tiny_study(sites=(alpha(), beta(), site), time=SHORT, **rich)
        return is_open(plan(study, gap_frac=1e-4))

    rich = {"market": market(btc_price_usd=140_000.0)}
    assert opens(0.05)
    assert not opens(5.0)


def test_the_same_study_gives_the_same_plan() -> None:
    study = tiny_study(sites=(alpha(), beta(), gamma()))
    first, second = plan(study), plan(study)
    assert first.plan == second.plan
    assert first.npv_usd == second.npv_usd
    assert first.bound_usd == second.bound_usd
