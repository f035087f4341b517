# SPDX-License-Identifier: Apache-2.0
"""What waits when power, shells and halls come late, and what does not."""

from __future__ import annotations

import pytest
from engine_plans import (
    empty_plan,
    flat_paths,
    held,
    item,
)
from tiny_studies import tiny_study

from models.cashflow import evaluate
from models.plan import (
    BuildStart,
    ConversionStart,
    OfferAcceptance,
    PhaseStart,
)

RTOL = 1e-9
ALPHA, BETA = range(2)


def test_machines_wait_for_late_power_but_their_opex_does_not():
    study = tiny_study()
    plan = empty_plan(
        study,
        holdings=(held(study, units=4000.0),),
        phases=(PhaseStart(site="alpha", phase="alpha_p1", period=0),),
        builds=(BuildStart(site="alpha", kind="air", period=0, modules=2),),
    )
    late = evaluate(study, plan, flat_paths(study, delay_months=3))
    on_time = evaluate(study, plan, flat_paths(study))
    # 12.6 MW on 10 MW until the phase is live in period 6 + 3.
    for name in ("mining_revenue", "mining_energy", "demand_response"):
        share = item(late, name)[1:] / item(on_time, name)[1:]
        assert share == pytest.approx([10 / 12.6] * 9 + [1.0] * 15)
    assert item(late, "mining_opex").tolist() == item(on_time, "mining_opex").tolist()
    assert late.mined_btc[0, ALPHA, 0] == pytest.approx(
        on_time.mined_btc[0, ALPHA, 0] * 10 / 12.6
    )


HALL = ConversionStart(site="alpha", conversion="alpha_hall", period=0, modules=2)


def test_each_scenario_has_its_own_delay():
    study = tiny_study()
    taken = OfferAcceptance(offer="alpha_tenant", since=6, until=24)
    plan = empty_plan(study, conversions=(HALL,), offers=(taken,))
    paths = flat_paths(study, n_scenarios=3)
    paths.delay_months[:, ALPHA] = [0, 2, 5]
    revenue = evaluate(study, plan, paths).site_items["hosting_revenue"]
    paid_months = (revenue[:, ALPHA] > 0.0).sum(axis=1)
    assert paid_months.tolist() == [18, 16, 13]


def test_a_tenant_waits_for_a_late_hall():
    study = tiny_study()
    taken = OfferAcceptance(offer="alpha_tenant", since=6, until=24)
    plan = empty_plan(study, conversions=(HALL,), offers=(taken,))
    ledger = evaluate(study, plan, flat_paths(study, delay_months=2))
    expected = [0.0] * 9 + [110_000.0] * 16
    assert item(ledger, "hosting_revenue") == pytest.approx(expected)


def lease_at_alpha(study, direction):
    offer = study.gpu_offers[0 if direction == "in" else 1]
    return offer.model_copy(update={"site": "alpha"})


def test_gpus_leased_in_do_not_wait_for_our_hall():
    base = tiny_study()
    study = tiny_study(gpu_offers=(lease_at_alpha(base, "in"),))
    plan = empty_plan(
        study,
        conversions=(HALL,),
        holdings=(held(study, model="h100", cohort_period=6, since=6, units=8.0),),
        offers=(OfferAcceptance(offer="rent_in", since=6, until=18),),
    )
    late = evaluate(study, plan, flat_paths(study, delay_months=3))
    on_time = evaluate(study, plan, flat_paths(study))
    assert item(late, "gpu_contract").tolist() == item(on_time, "gpu_contract").tolist()
    # Own nodes, 64 GPUs of 128, earn nothing for three months.
    share = item(late, "gpu_merchant")[7:11] / item(on_time, "gpu_merchant")[7:11]
    assert share == pytest.approx([0.5, 0.5, 0.5, 1.0])


@pytest.mark.parametrize(("with_lease_in", "share"), [(False, 0.0), (True, 0.5)])
def test_a_lease_out_is_served_by_the_part_of_the_pool_that_runs(with_lease_in, share):
    base = tiny_study()
    study = tiny_study(
        gpu_offers=(lease_at_alpha(base, "in"), lease_at_alpha(base, "out"))
    )
    offers = [OfferAcceptance(offer="rent_out", since=6, until=18)]
    if with_lease_in:
        offers.append(OfferAcceptance(offer="rent_in", since=6, until=18))
    plan = empty_plan(
        study,
        conversions=(HALL,),
        holdings=(held(study, model="h100", cohort_period=6, since=6, units=8.0),),
        offers=tuple(offers),
    )
    late = evaluate(study, plan, flat_paths(study, delay_months=3))
    on_time = evaluate(study, plan, flat_paths(study))
    fixed = -64 * 1.5 * 744 if with_lease_in else 0.0
    # June has 720 h: 64 GPUs x 0.97 x 2.2, less what is paid for those leased in.
    income = 64 * 720 * 0.97 * 2.2
    paid = fixed / 744 * 720
    assert item(on_time, "gpu_contract")[7] == pytest.approx(income + paid)
    assert item(late, "gpu_contract")[7] == pytest.approx(share * income + paid)
