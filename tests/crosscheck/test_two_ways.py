# SPDX-License-Identifier: Apache-2.0
"""Two ways, one number: the model's objective is the engine's NPV of its plan.

The agreement asked is 1e-9 of the study's money (`money_scale_usd`); every other check
of a result must pass too. Named studies make sure that each part of the model is used;
random ones mix them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from study_strategies import studies
from tiny_studies import (
    alpha,
    asics,
    beta,
    company,
    gamma,
    gpu_offers,
    gpus,
    hosting_offers,
    market,
    tariff,
    tax_regimes,
    tiny_study,
)

from models.errors import InfeasibleError
from models.fleet import asic_month
from models.market import base_paths
from models.site import PartnerContract
from models.study import TimeGrid
from optimizer import plan
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.planning import PlanResult

HPC = alpha().shells[1].model_copy(update={"opening_mw": 2.0})


def checked(study: Study, **options: object) -> PlanResult:
    result = plan(study, options=ModelOptions(**options), gap_frac=1e-4)
    assert [check for check in result.checks if not check.passed] == []
    names = {check.name for check in result.checks}
    assert "model objective = engine NPV" in names
    return result


def grid(**changes: object) -> TimeGrid:
    terms = {
        "start_month": "2025-12",
        "months": 24,
        "monthly_months": 24,
        "order_step_months": 3,
        "holding_step_months": 3,
    }
    return TimeGrid(**(terms | changes))


def loan(**changes: object) -> object:
    return company().loan.model_copy(update=changes)


def test_a_loan_that_falls_due_within_the_horizon() -> None:
    result = checked(
        tiny_study(company=company(loan=loan(maturity_month="2026-08"), cash_usd=3e6))
    )
    assert result.ledger.treasury.loan_usd[0, -1] == 0.0
    assert result.ledger.treasury.repayment_usd[0].sum() == pytest.approx(6e6)


def test_emergency_equity_when_cash_is_tight() -> None:
    tight = company(
        cash_usd=1e6,
        btc_free=0.0,
        btc_pledged=0.0,
        loan=loan(maturity_month="2026-02"),
        general_admin_usd_per_month=600e3,
    )
    result = checked(tiny_study(company=tight))
    assert sum(result.plan.emergency_equity_usd) > 1e5


def test_btc_sold_in_quarters_later_on() -> None:
    falling = market(btc_log_drift_per_year=-0.5)
    # A loan of 2 M on 100 BTC stays far from a call down to 38,000 USD.
    light = loan(principal_usd=2e6)
    slow = company(max_btc_sale_frac_per_month=0.05, loan=light)
    result = checked(
        tiny_study(time=grid(monthly_months=9), market=falling, company=slow)
    )
    both = (result.plan.btc_sold_free, result.plan.btc_sold_pledged)
    assert sum(sum(sold[9:]) for sold in both) > 0.0
    for sold in both:
        assert all(sold[t] == sold[t + 1] == sold[t + 2] for t in range(9, 24, 3))


def test_a_horizon_that_steps_do_not_divide() -> None:
    checked(
        tiny_study(
            time=grid(
                months=23,
                monthly_months=17,
                order_step_months=4,
                holding_step_months=5,
            )
        )
    )


def test_partner_contract_under_take_or_pay_and_given_up() -> None:
    dear = PartnerContract(
        hosting_rate_usd_per_mwh=140.0,
        avoidable_frac=0.3,
        min_term_months=6,
        notice_months=4,
    )
    result = checked(tiny_study(sites=(alpha(), beta(partner=dear))))
    (commitment,) = result.plan.commitments
    assert commitment.mw[5] == 12.0
    assert commitment.mw[-1] < 12.0
    assert result.ledger.site_items["partner_commitment"].sum() < 0.0


def test_machines_moved_to_a_cheaper_site() -> None:
    cheap = alpha(contracted_mw=20.0, shells=(_air(20.0), *alpha().shells[1:]))
    dear = PartnerContract(
        hosting_rate_usd_per_mwh=120.0,
        avoidable_frac=1.0,
        min_term_months=0,
        notice_months=0,
    )
    result = checked(tiny_study(sites=(cheap, beta(partner=dear)), asics=asics()[:1]))
    assert result.plan.moves
    assert result.ledger.site_items["moves"].sum() < 0.0


def test_evergreen_client_ended_when_mining_pays_more() -> None:
    cheap = hosting_offers()[0].model_copy(update={"rate_usd_per_mwh": 51.0, "mw": 9.0})
    result = checked(tiny_study(hosting_offers=(cheap,)))
    (taken,) = [t for t in result.plan.offers if t.offer == "alpha_client"]
    assert taken.until < 24


def test_gpus_ordered_leased_in_and_leased_out() -> None:
    node = gpus()[0].model_copy(
        update={"rent_usd_per_gpu_h": 6.0, "lot_nodes": 4, "delivery_months": 2}
    )
    offers = tuple(offer.model_copy(update={"site": "alpha"}) for offer in gpu_offers())
    result = checked(
        tiny_study(
            sites=(alpha(shells=(alpha().shells[0], HPC)), beta()),
            gpus=(node,),
            gpu_offers=offers,
        )
    )
    assert any(order.model == "h100" for order in result.plan.orders)
    assert "rent_in" in {taken.offer for taken in result.plan.offers}


@pytest.mark.parametrize("cap_frac", [0.0, 0.8, 1.0])
def test_tax_losses_carried_forward_under_a_cap(cap_frac: float) -> None:
    taxes = tuple(
        regime.model_copy(update={"loss_use_cap_frac": cap_frac, "rate_frac": 0.3})
        for regime in tax_regimes()
    )
    slow_start = market(btc_price_usd=60_000.0, btc_log_drift_per_year=0.8)
    checked(tiny_study(tax_regimes=taxes, market=slow_start))


def test_greenfield_built_with_conversion_and_client_elsewhere() -> None:
    rich = market(btc_price_usd=150_000.0)
    new = asics()[1].model_copy(update={"price_usd_per_th": 3.0})
    result = checked(
        tiny_study(
            sites=(alpha(), beta(), gamma()), market=rich, asics=(asics()[0], new)
        )
    )
    assert {start.site for start in result.plan.phases} >= {"gamma"}
    assert result.plan.builds


def test_sales_of_machines_slowed_by_the_market() -> None:
    dying = market(
        btc_price_usd=40_000.0,
        btc_log_drift_per_year=-0.5,
        resale_depth_eh_s_per_month=0.03,
    )
    result = checked(tiny_study(market=dying))
    assert any(held.ending == "sell" for held in result.plan.holdings)


@pytest.mark.parametrize("degradation", [0.0, 0.3, 0.97, 1.0])
def test_worn_machines_stand_by_while_newer_ones_run(degradation: float) -> None:
    new = asics()[1].model_copy(
        update={
            "degradation_per_year": degradation,
            "price_usd_per_th": 0.5,
            "scrap_usd_per_th": 0.0,
            "resale_margin_years": 0.0,
            "delivery_months": 0,
            "failure_rate_per_year": 0.0,
        }
    )
    # New machines earn some 140 USD/MWh, so those of a third less output stand by.
    site = alpha(
        power=tariff(
            flexible_usd_per_mwh=110.0, demand_response_usd_per_mw_year=400_000.0
        ),
        mining_opex_usd_per_mw_year=0.0,
        conversions=(),
    )
    study = tiny_study(
        sites=(site, beta()), asics=(asics()[0], new), hosting_offers=(), gpu_offers=()
    )
    result = checked(study)
    held = [h for h in result.plan.holdings if h.model == "new" and h.site == "alpha"]
    assert len({h.cohort_period for h in held}) > 1
    paths = base_paths(study)
    runs = {
        h.cohort_period: asic_month(study, site, new, h.cohort_period, paths)
        .is_running[0, h.cohort_period :]
        .mean()
        for h in held
    }
    if degradation == 0.0:
        assert set(runs.values()) == {1.0}
    else:
        assert 0.0 < min(runs.values()) < 1.0


def test_naive_plans_keep_the_rules_too() -> None:
    result = plan(
        tiny_study(),
        options=ModelOptions(
            lines=("hosting",), filled_line="hosting", enforce_hurdles=False
        ),
        gap_frac=0.01,
    )
    failed = {check.name for check in result.checks if not check.passed}
    assert failed <= {f"{site} clears its hurdle" for site in ("alpha", "gamma")}


def _air(mw: float) -> object:
    return alpha().shells[0].model_copy(update={"opening_mw": mw})


@given(studies())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    # A smaller failing study would take minutes to find and reads no better.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
def test_random_studies(study: Study) -> None:
    try:
        result = plan(study, gap_frac=1e-3, time_limit_s=20.0)
    except InfeasibleError:
        event("infeasible")
        return
    event("equity raised" if sum(result.plan.emergency_equity_usd) > 1.0 else "solvent")
    assert [check for check in result.checks if not check.passed] == []
