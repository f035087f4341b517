# SPDX-License-Identifier: Apache-2.0
"""Each decision in a plan posts what it should, when it should.

One test takes one decision out of an otherwise empty plan, so that every figure can be
worked by hand. Prices are flat, see `engine_plans.flat_paths`.
"""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import (
    at,
    empty_plan,
    flat_paths,
    held,
    item,
)
from tiny_studies import tiny_study

from models.cashflow import evaluate
from models.contracts import gpu_lease_month, hosting_month, remainder_factor
from models.fleet import asic_month, gpu_month
from models.machine_prices import asic_resale_usd, gpu_resale_usd
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
)

RTOL = 1e-9
ALPHA, BETA = range(2)


# -- machines ---------------------------------------------------------------------


def test_month_t_stands_at_index_t_plus_one():
    study = tiny_study()
    paths = flat_paths(study)
    ledger = evaluate(study, empty_plan(study, holdings=(held(study),)), paths)
    one = asic_month(study, study.site("alpha"), study.asic("old"), -12, paths)
    revenue = item(ledger, "mining_revenue")
    assert revenue[0] == 0.0
    assert revenue[1:] == pytest.approx(100 * one.revenue_usd[0], rel=RTOL)
    energy = item(ledger, "mining_energy")
    assert energy[1:] == pytest.approx(-100 * one.energy_usd[0], rel=RTOL)
    assert item(ledger, "mining_opex")[1:] == pytest.approx(-100 * one.opex_usd)
    assert item(ledger, "demand_response")[1:] == pytest.approx(315.0)
    assert ledger.mined_btc[0, ALPHA] == pytest.approx(100 * one.btc[0], rel=RTOL)
    assert ledger.mining_mwh[0, ALPHA] == pytest.approx(100 * one.energy_mwh[0])


def test_machines_are_sold_in_the_month_after_their_last():
    study = tiny_study()
    paths = flat_paths(study)
    gone = held(study, since=3, until=6, ending="sell")
    ledger = evaluate(study, empty_plan(study, holdings=(gone,)), paths)
    worth = asic_resale_usd(study, study.asic("old"), -12, paths)
    # Running in periods 3, 4, 5 (indices 4 to 6); sold in period 6 (index 7).
    assert (item(ledger, "mining_revenue") > 0).nonzero()[0].tolist() == [4, 5, 6]
    sale = at(7, 100 * worth[0, 6])
    assert item(ledger, "asic_resale") == pytest.approx(sale, rel=RTOL)
    assert "terminal_asics" not in ledger.site_items


@pytest.mark.parametrize("ending", ["keep", "sell"])
def test_machines_at_the_horizon_count_at_the_last_month_s_resale_value(ending):
    study = tiny_study()
    paths = flat_paths(study)
    plan = empty_plan(study, holdings=(held(study, ending=ending),))
    ledger = evaluate(study, plan, paths)
    worth = asic_resale_usd(study, study.asic("old"), -12, paths)
    expected = at(24, 100 * worth[0, 23])
    assert item(ledger, "terminal_asics") == pytest.approx(expected, rel=RTOL)
    assert "asic_resale" not in ledger.site_items


def test_moved_machines_are_not_sold_and_cost_their_move():
    study = tiny_study()
    move = Move(
        model="old",
        cohort_period=-12,
        from_site="alpha",
        to_site="beta",
        period=6,
        units=100.0,
    )
    plan = empty_plan(
        study,
        holdings=(
            held(study, until=6, ending="move"),
            held(study, site="beta", since=7),
        ),
        moves=(move,),
    )
    ledger = evaluate(study, plan, flat_paths(study))
    assert "asic_resale" not in ledger.site_items
    # 100 x 80 USD at the site that takes them in, period 6.
    assert item(ledger, "moves", BETA) == pytest.approx(at(7, -8000.0))
    assert not item(ledger, "moves").any()
    assert not ledger.mined_btc[0, :, 6].any()
    assert ledger.mined_btc[0, BETA, 7] > 0.0
    assert not item(ledger, "terminal_asics").any()


def test_moved_gpu_nodes_are_not_sold_either():
    study = tiny_study()
    gone = held(study, model="h100", cohort_period=0, until=6, ending="move")
    ledger = evaluate(study, empty_plan(study, holdings=(gone,)), flat_paths(study))
    assert "gpu_resale" not in ledger.site_items


def test_an_asic_order_is_paid_when_ordered_and_written_off_once_delivered():
    study = tiny_study()
    order = Order(model="new", site="alpha", period=2, lots=3)
    ledger = evaluate(study, empty_plan(study, orders=(order,)), flat_paths(study))
    # 300 machines x 270 TH/s x 9 USD x 0.8^(2/12) x 1.1.
    cost = 300 * 2673.0 * 0.8 ** (2 / 12)
    paid = at(3, -cost)
    assert item(ledger, "asic_purchase") == pytest.approx(paid, rel=RTOL)
    # The purchase itself is no expense: no tax is saved without any profit.
    assert not item(ledger, "profit_tax").any()


def test_a_gpu_order_is_paid_by_the_lot_of_nodes():
    study = tiny_study()
    order = Order(model="h100", site="alpha", period=0, lots=2)
    ledger = evaluate(study, empty_plan(study, orders=(order,)), flat_paths(study))
    assert item(ledger, "gpu_purchase") == pytest.approx(at(1, -16 * 280_000.0))


def test_gpu_nodes_earn_on_the_merchant_market_and_are_worth_their_resale():
    study = tiny_study()
    paths = flat_paths(study)
    nodes = held(study, model="h100", cohort_period=6, since=6, until=12, units=8.0)
    sold = nodes.model_copy(update={"ending": "sell"})
    kept = nodes.model_copy(update={"since": 12, "until": 24, "ending": "keep"})
    ledger = evaluate(study, empty_plan(study, holdings=(sold, kept)), paths)
    one = gpu_month(study, study.site("alpha"), study.gpu("h100"), paths)
    worth = gpu_resale_usd(study, study.gpu("h100"), 6, paths)
    merchant = item(ledger, "gpu_merchant")
    assert not merchant[:7].any()
    assert merchant[7:] == pytest.approx(8 * one.revenue_usd[0, 6:], rel=RTOL)
    assert item(ledger, "gpu_energy")[7:] == pytest.approx(-8 * one.energy_usd[0, 6:])
    assert item(ledger, "gpu_opex")[7:] == pytest.approx(-8 * one.opex_usd[0, 6:])
    resale = at(13, 8 * worth[0, 12])
    assert item(ledger, "gpu_resale") == pytest.approx(resale, rel=RTOL)
    end = at(24, 8 * worth[0, 23])
    assert item(ledger, "terminal_gpus") == pytest.approx(end, rel=RTOL)


# -- contracts --------------------------------------------------------------------


def test_a_client_pays_while_the_contract_runs():
    study = tiny_study()
    paths = flat_paths(study)
    taken = OfferAcceptance(offer="alpha_client", since=0, until=6)
    ledger = evaluate(study, empty_plan(study, offers=(taken,)), paths)
    offer = study.hosting_offers[0]
    month = hosting_month(study, offer, paths)
    assert item(ledger, "hosting_revenue")[1:7] == pytest.approx(month.revenue_usd[:6])
    assert item(ledger, "hosting_energy")[1:7] == pytest.approx(
        -month.energy_usd[0, :6]
    )
    assert item(ledger, "hosting_opex")[1:7] == pytest.approx(-month.opex_usd[:6])
    assert not item(ledger, "hosting_revenue")[7:].any()
    assert not item(ledger, "terminal_hosting").any()


def test_a_contract_past_the_horizon_is_worth_its_discounted_margin():
    study = tiny_study()
    taken = OfferAcceptance(offer="alpha_tenant", since=12, until=132)
    plan = empty_plan(study, offers=(taken,))
    ledger = evaluate(study, plan, flat_paths(study))
    # 110,000 - 22,000 USD a month less 25 % tax; 132 - 24 = 108 months are left, at
    # Alpha's hurdle of 15 %, which is above the company's 12 %.
    expected = 88_000.0 * 0.75 * remainder_factor(108, 0.15)
    assert item(ledger, "terminal_hosting")[24] == pytest.approx(expected, rel=RTOL)
    assert not item(ledger, "terminal_hosting")[:24].any()
    assert item(ledger, "hosting_revenue")[12] == 0.0
    assert item(ledger, "hosting_revenue")[13] == pytest.approx(110_000.0)


def test_a_lease_in_posts_its_parts_and_its_deposit_comes_back():
    study = tiny_study()
    paths = flat_paths(study)
    taken = OfferAcceptance(offer="rent_in", since=3, until=15)
    ledger = evaluate(study, empty_plan(study, offers=(taken,)), paths)
    month = gpu_lease_month(study, study.gpu_offers[0], paths)
    live = slice(4, 16)
    assert item(ledger, "gpu_contract", BETA)[live] == pytest.approx(
        month.contract_usd[3:15]
    )
    assert item(ledger, "gpu_merchant", BETA)[live] == pytest.approx(
        month.merchant_usd[0, 3:15]
    )
    # 140,160 USD paid in period 3, back in period 15, untaxed.
    flow = at(4, -140_160.0) + at(16, 140_160.0)
    assert item(ledger, "gpu_deposits", BETA) == pytest.approx(flow)
    assert not item(ledger, "terminal_leases", BETA).any()
    assert "terminal_deposits" not in ledger.site_items


def test_a_deposit_still_held_at_the_horizon_comes_back_at_face():
    study = tiny_study()
    taken = OfferAcceptance(offer="rent_in", since=3, until=27)
    paths = flat_paths(study)
    ledger = evaluate(study, empty_plan(study, offers=(taken,)), paths)
    assert item(ledger, "gpu_deposits", BETA) == pytest.approx(at(4, -140_160.0))
    assert item(ledger, "terminal_deposits", BETA) == pytest.approx(at(24, 140_160.0))
    margin = gpu_lease_month(study, study.gpu_offers[0], paths).margin_usd[0, 23]
    # Less 16.5 % tax; Beta has no hurdle, so the company's rate stands.
    left = at(24, margin * 0.835 * remainder_factor(3, 0.12))
    assert item(ledger, "terminal_leases", BETA) == pytest.approx(left, rel=RTOL)


def test_leased_in_and_out_back_to_back_leaves_no_merchant_rent():
    study = tiny_study()
    offers = tuple(
        OfferAcceptance(offer=name, since=0, until=12)
        for name in ("rent_in", "rent_out")
    )
    ledger = evaluate(study, empty_plan(study, offers=offers), flat_paths(study))
    assert item(ledger, "gpu_merchant", BETA) == pytest.approx(np.zeros(25), abs=1e-6)


# -- power and plant --------------------------------------------------------------


def test_demand_charge_follows_energised_mw():
    study = tiny_study()
    phase = PhaseStart(site="alpha", phase="alpha_p1", period=0)
    ledger = evaluate(study, empty_plan(study, phases=(phase,)), flat_paths(study))
    expected = [0.0] + [-10_000.0] * 6 + [-15_000.0] * 18
    assert item(ledger, "demand_charge").tolist() == expected


def test_a_late_phase_pays_its_demand_charge_once_it_is_there():
    study = tiny_study()
    phase = PhaseStart(site="alpha", phase="alpha_p1", period=0)
    paths = flat_paths(study, delay_months=4)
    ledger = evaluate(study, empty_plan(study, phases=(phase,)), paths)
    expected = [0.0] + [-10_000.0] * 10 + [-15_000.0] * 14
    assert item(ledger, "demand_charge").tolist() == expected


def test_a_partner_is_owed_the_unavoidable_share_of_committed_mw():
    study = tiny_study()
    mw = tuple(12.0 if t < 6 else 0.0 for t in range(24))
    plan = empty_plan(study, commitments=(Commitment(site="beta", mw=mw),))
    ledger = evaluate(study, plan, flat_paths(study, power_multiplier=1.5))
    # 12 MW x 744 h x 0.9 x 70 x 0.2 x 1.5 in December.
    owed = item(ledger, "partner_commitment", BETA)
    assert owed[1] == pytest.approx(-12 * 744 * 0.9 * 70 * 0.2 * 1.5)
    assert not owed[7:].any()


def test_a_phase_is_paid_over_its_lead_time_with_its_overrun():
    study = tiny_study()
    phase = PhaseStart(site="alpha", phase="alpha_p1", period=3)
    paths = flat_paths(study, capex_factor=1.2)
    ledger = evaluate(study, empty_plan(study, phases=(phase,)), paths)
    paid = item(ledger, "phase_capex")
    # 1 M USD / 6 x 1.2 in periods 3 to 8.
    assert paid[4:10] == pytest.approx(np.full(6, -200_000.0))
    assert paid.sum() == pytest.approx(-1.2e6)
    # Live in period 9: 15 of 180 months used; half of the planned cost's rest.
    assert item(ledger, "terminal_plant")[24] == pytest.approx(1e6 * 165 / 180 * 0.5)


def test_shells_and_conversions_are_paid_by_the_mw():
    study = tiny_study()
    plan = empty_plan(
        study,
        builds=(BuildStart(site="alpha", kind="air", period=0, modules=2),),
        conversions=(
            ConversionStart(site="alpha", conversion="alpha_hall", period=0, modules=1),
        ),
    )
    ledger = evaluate(study, plan, flat_paths(study))
    # 2 x 2.5 MW x 200,000 over three months; 1.35 MW x 3 M over six.
    assert item(ledger, "shell_capex")[1:4] == pytest.approx(np.full(3, -1e6 / 3))
    assert item(ledger, "conversion_capex")[1:7] == pytest.approx(
        np.full(6, -4.05e6 / 6)
    )
    value = 0.5 * (1e6 * (1 - 21 / 180) + 4.05e6 * (1 - 18 / 180))
    assert item(ledger, "terminal_plant")[24] == pytest.approx(value)


def test_a_build_still_under_way_is_worth_a_share_of_what_was_paid():
    study = tiny_study()
    phase = PhaseStart(site="alpha", phase="alpha_p1", period=22)
    ledger = evaluate(study, empty_plan(study, phases=(phase,)), flat_paths(study))
    # Two of six payments fall inside the horizon.
    assert item(ledger, "phase_capex").sum() == pytest.approx(-1e6 / 3)
    assert item(ledger, "terminal_plant")[24] == pytest.approx(1e6 / 6)


def test_a_shell_that_is_not_offered_cannot_be_built():
    study = tiny_study()
    plan = empty_plan(
        study, builds=(BuildStart(site="beta", kind="air", period=0, modules=1),)
    )
    with pytest.raises(ValueError, match="site beta offers no air shell to build"):
        evaluate(study, plan, flat_paths(study))
