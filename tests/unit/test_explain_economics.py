# SPDX-License-Identifier: Apache-2.0
"""What a MW is worth, what forcing costs, what partner terms change: worked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tiny_studies import (
    alpha,
    asics,
    beta,
    company,
    gamma,
    market,
    tax_regimes,
    tiny_study,
)

from models.errors import DataError, InfeasibleError
from models.finance import discount_factors
from models.fleet import asic_facility_mw
from models.market import base_paths
from models.power import base_price_usd_per_mwh
from models.site import OpeningCohort, Shell
from models.units import month_hours_h
from optimizer.explain.contract_extremes import contract_extreme, plan_as_extreme
from optimizer.explain.forcing import force
from optimizer.explain.marginal import marginal_values
from optimizer.explain.questions import questions_of
from optimizer.milp.fleet import asic_unit
from optimizer.milp.options import ModelOptions
from optimizer.planning import PlanResult, plan

if TYPE_CHECKING:
    from models.site import Site
    from models.study import Study
    from optimizer.explain.questions import Question

NO_TAX = tuple(r.model_copy(update={"rate_frac": 0.0}) for r in tax_regimes())
# Mined BTC is sold at once at the path's price: no loan, no cost, no limit.
FREE = company(
    tax_site="alpha",
    btc_free=0.0,
    btc_pledged=0.0,
    loan=company().loan.model_copy(update={"principal_usd": 0.0}),
    max_btc_sale_frac_per_month=1.0,
    btc_selling_cost_frac=0.0,
)
OLD = asics()[0].model_copy(
    update={"scrap_usd_per_th": 0.0, "resale_margin_years": 0.0}
)


def plain_alpha(**changes: object) -> Site:
    """1 MW of power and air shell, nothing to build, 2,000 old machines."""
    fleet = OpeningCohort(
        model="old",
        units=2000.0,
        age_months=12,
        book_value_usd=0.0,
        remaining_life_months=1,
    )
    terms: dict[str, object] = {
        "contracted_mw": 1.0,
        "shells": (
            Shell(kind="air", opening_mw=1.0, pue=1.05, gross_per_it_ratio=1.05),
        ),
        "phases": (),
        "conversions": (),
        "opening_fleet": (fleet,),
    }
    return alpha(**(terms | changes))


def plain_study(*sites: Site, **changes: object) -> Study:
    terms: dict[str, object] = {
        "sites": sites,
        "company": FREE,
        "tax_regimes": NO_TAX,
        "asics": (OLD,),
        "gpus": (),
        "hosting_offers": (),
        "gpu_offers": (),
    }
    return tiny_study(**(terms | changes))


def question(study: Study, found: PlanResult, name: str) -> Question:
    return next(q for q in questions_of(study, found.plan) if q.id == name)


def test_a_mw_more_in_the_first_quarter_is_worth_what_its_machines_earn_in_it() -> None:
    study = plain_study(plain_alpha())
    found = plan(study)
    values = marginal_values(study, found.plan)
    assert values.npv_usd == pytest.approx(found.npv_usd, rel=1e-9)
    by_resource = {row.resource: row for row in values.rows}
    # Space binds as power does: power alone is worth nothing.
    assert by_resource["power"].total_usd_per_mw == 0.0
    # 2,000 machines take 6.6 MW, so 1 MW more is filled in the first step of three
    # months: sum of (BTC x price - cost) x discount factor of a MW of machines. Later
    # steps: a machine that had no space in the first was sold.
    paths, site = base_paths(study), study.sites[0]
    unit = asic_unit(study, site, OLD, -12, paths)
    earned = unit.mined_btc * paths.btc_price_usd[0] / 1e6 + unit.operating_usd_m
    factors = discount_factors(0.12, 24)[1:]
    per_mw = 1e6 * float((earned * factors)[:3].sum()) / asic_facility_mw(site, OLD)
    assert per_mw > 0.0
    expected = np.zeros(24)
    expected[:3] = per_mw / 3.0
    monthly = by_resource["power_and_air"].usd_per_mw_month
    assert monthly == pytest.approx(expected.tolist(), rel=1e-6, abs=1e-6)
    assert by_resource["power_and_air"].total_usd_per_mw == pytest.approx(per_mw)


def test_handing_back_an_idle_mw_saves_what_is_owed_on_it() -> None:
    study = plain_study(plain_alpha(), beta(opening_fleet=()))
    values = marginal_values(study, plan(study).plan)
    # Locked for 3 months: hours x uptime 0.9 x 70 USD/MWh x (1 - 0.8), discounted.
    hours = month_hours_h("2025-12", 3)
    rate = base_price_usd_per_mwh(study.site("beta"), "flexible", 3)
    owed = hours * 0.9 * rate * 0.2 * discount_factors(0.12, 3)[1:]
    assert values.release_usd_per_mw == {
        "beta": pytest.approx(float(owed.sum()), rel=1e-6)
    }


def test_a_mw_nobody_can_use_is_worth_nothing() -> None:
    study = plain_study(plain_alpha(contracted_mw=20.0, opening_fleet=()))
    values = marginal_values(study, plan(study).plan)
    assert all(row.total_usd_per_mw == 0.0 for row in values.rows)


def test_a_plan_of_another_study_is_refused() -> None:
    study = tiny_study(sites=(alpha(), beta(), gamma()))
    ordered = plan(study, gap_frac=0.1).plan
    assert ordered.orders
    with pytest.raises(DataError, match="does not offer"):
        marginal_values(plain_study(plain_alpha(), beta()), ordered)


def closed_and_open() -> tuple[Study, PlanResult, PlanResult]:
    """A study whose hurdle keeps Gamma out, its plan, and the plan without hurdle."""
    study = tiny_study(
        sites=(alpha(conversions=()), beta(), gamma(hurdle_rate_per_year=5.0)),
        gpus=(),
        gpu_offers=(),
        hosting_offers=(),
    )
    free = plan(study, options=ModelOptions(enforce_hurdles=False))
    return study, plan(study), free


def test_forcing_a_site_that_its_hurdle_forbids_shows_the_gain_and_the_rate() -> None:
    study, found, free = closed_and_open()
    asked = question(study, found, "site:gamma")
    assert asked.least == 60.0  # its phase of 5 MW for 12 months
    answer = force(study, found, asked, time_limit_s=60.0)
    assert answer.status == "forced"
    # Its own optimum uses more than is forced, so it is the plan without the hurdle.
    assert answer.npv_lost_usd == pytest.approx(
        found.npv_usd - free.npv_usd, abs=0.003 * free.npv_usd
    )
    assert answer.npv_lost_usd < 0.0
    assert "would add" in answer.text
    assert answer.npv_lost_low_usd <= answer.npv_lost_usd <= answer.npv_lost_high_usd
    assert 0.12 < answer.site_irr_per_year < answer.hurdle_rate_per_year == 5.0
    assert answer.used_mw_months["self_mining"] >= 60.0
    assert answer.capex_usd is not None


def test_what_cannot_be_built_in_time_is_blocked_and_says_by_what() -> None:
    late = gamma()
    shell = late.shells[0]
    build = shell.build.model_copy(update={"earliest_month": "2027-11"})
    late = gamma(shells=(shell.model_copy(update={"build": build}),))
    study = tiny_study(
        sites=(alpha(conversions=()), beta(), late),
        gpus=(),
        gpu_offers=(),
        hosting_offers=(),
    )
    found = plan(study, gap_frac=0.01)
    answer = force(
        study, found, question(study, found, "site:gamma"), time_limit_s=60.0
    )
    assert answer.status == "blocked"
    assert answer.npv_lost_usd is None
    assert answer.blocked_by
    assert "gamma" in answer.text


def test_a_forced_phase_is_built_and_used() -> None:
    study = plain_study(alpha(conversions=()), asics=asics())
    options = ModelOptions(forced_site="alpha", forced_phase="alpha_p1")
    forced = plan(study, options=options, gap_frac=0.01)
    start = forced.plan.phases[0]
    assert (start.site, start.phase) == ("alpha", "alpha_p1")
    # Live after 6 months, filled a holding step later: 10 + 0.9 x 5 MW for 12 months.
    since = start.period + 6 + 3
    held = forced.plan.holdings
    for month in range(since, min(since + 12, 24)):
        mw = sum(
            h.units * asic_facility_mw(study.sites[0], study.asic(h.model))
            for h in held
            if h.since <= month < h.until
        )
        assert mw >= 14.5 - 1e-6


def test_a_forced_phase_that_comes_too_late_is_infeasible() -> None:
    site = alpha(conversions=())
    phase = site.phases[0].model_copy(update={"earliest_month": "2027-11"})
    study = plain_study(site.model_copy(update={"phases": (phase,)}), asics=asics())
    options = ModelOptions(forced_site="alpha", forced_phase="alpha_p1")
    with pytest.raises(InfeasibleError, match="cannot go live early enough"):
        plan(study, options=options)


def test_only_what_is_newly_taken_on_counts_for_a_forced_line() -> None:
    study = plain_study(
        plain_alpha(contracted_mw=8.0, shells=alpha(conversions=()).shells[:1]),
        asics=(OLD, asics()[1]),
        # Too poor a price to buy machines freely.
        market=market(btc_price_usd=30_000.0),
    )
    found = plan(study)
    assert found.plan.orders == ()
    asked = question(study, found, "line:self_mining")
    # One module of 2.5 MW for 12 months.
    assert asked.least == 30.0
    answer = force(study, found, asked, time_limit_s=60.0)
    assert answer.new_mw_months == {"alpha": pytest.approx(30.0, abs=2.0)}
    assert answer.npv_lost_usd > 0.0
    # Forcing only forbids here: it cannot gain more than the plan's own gap.
    assert answer.npv_lost_low_usd >= found.npv_usd - found.bound_usd - 1e-3


def test_a_freer_partner_contract_is_never_worth_less() -> None:
    study = plain_study(
        plain_alpha(), beta(), asics=asics(), market=market(btc_price_usd=70_000.0)
    )
    found = plan(study)
    as_assumed = plan_as_extreme(study, found)
    free = contract_extreme(study, found, 1.0, time_limit_s=60.0)
    bound = contract_extreme(study, found, 0.0, time_limit_s=60.0)
    slack = 0.003 * abs(found.npv_usd) + 1.0
    assert free.npv_usd >= as_assumed.npv_usd - slack
    assert as_assumed.npv_usd >= bound.npv_usd - slack
    assert as_assumed.avoidable_frac == 0.8
    assert (free.label, bound.label) == ("fully avoidable", "fully take-or-pay")
    for entry in (free, as_assumed, bound):
        assert len(entry.committed_mw) == 24
        assert entry.committed_mw[0] == pytest.approx(12.0)
