# SPDX-License-Identifier: Apache-2.0
"""The engine as a whole: each decision in a plan posts what it should, when it should.

One test takes one decision out of an otherwise empty plan, so that every figure can be
worked by hand. Prices are flat, see `engine_plans.flat_paths`.
"""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import (
    empty_plan,
    flat_paths,
    full_commitments,
    once,
    opening_holdings,
)
from tiny_studies import alpha, beta, company, gpus, tariff, tiny_study

from models.cashflow import evaluate
from models.contracts import gpu_lease_month, hosting_month, remainder_factor
from models.fleet import asic_month, asic_resale_usd, gpu_month, gpu_resale_usd
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Holding,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
)

RTOL = 1e-9
ALPHA, BETA = range(2)


def held(study, **changes):
    """100 old machines at alpha over the whole horizon."""
    terms = {
        "model": "old",
        "site": "alpha",
        "cohort_period": -12,
        "since": 0,
        "until": study.time.months,
        "units": 100.0,
        "ending": "keep",
    }
    return Holding(**(terms | changes))


def item(ledger, name, site=ALPHA):
    return ledger.site_items[name][0, site]


def at(index, value, length=25):
    flow = np.zeros(length)
    flow[index] = value
    return flow


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
    # 110,000 - 22,000 USD a month; 132 - 24 = 108 months are left.
    expected = 88_000.0 * remainder_factor(108, 0.12)
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
    left = at(24, margin * remainder_factor(3, 0.12))
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


# -- delays -----------------------------------------------------------------------


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


# -- tax --------------------------------------------------------------------------


def test_a_site_pays_tax_on_its_margin_less_depreciation():
    study = tiny_study()
    plan = empty_plan(study, holdings=(held(study, units=1000.0),))
    paths = flat_paths(study, btc_price_usd=120_000.0)
    ledger = evaluate(study, plan, paths)
    one = asic_month(study, study.site("alpha"), study.asic("old"), -12, paths)
    margin = 1000 * (
        one.revenue_usd[0, 0]
        - one.energy_usd[0, 0]
        - one.opex_usd[0]
        + one.demand_response_usd[0]
    )
    # Demand charge 10,000; opening machines: 1 M USD over 24 months.
    profit = margin - 10_000 - 1e6 / 24
    assert profit > 0.0
    assert item(ledger, "profit_tax")[1] == pytest.approx(-0.25 * profit)


def tax_saved_by(study, paths, **decisions):
    """Tax that alpha saves by some decisions, its whole profit being a client's margin.

    That margin is 106,020 - 70,680 - 5,301 = 30,039 USD in December.
    """
    taken = OfferAcceptance(offer="alpha_client", since=0, until=24)
    without = evaluate(study, empty_plan(study, offers=(taken,)), paths)
    plan = empty_plan(study, offers=(taken,), **decisions)
    ledger = evaluate(study, plan, paths)
    return item(ledger, "profit_tax") - item(without, "profit_tax")


def study_of_a_client(**changes):
    site = alpha(opening_fleet=(), power=tariff(demand_charge_usd_per_mw_month=0.0))
    return tiny_study(sites=(site, beta()), **changes)


def test_new_asics_are_written_off_from_delivery_over_their_life():
    study = study_of_a_client()
    order = Order(model="new", site="alpha", period=0, lots=1)
    saved = tax_saved_by(study, flat_paths(study), orders=(order,))
    # 100 x 2,673 USD / 36 months x 25 %, from period 3 (index 4).
    assert saved[:4].tolist() == [0.0] * 4
    assert saved[4:] == pytest.approx(np.full(21, 267_300 / 36 * 0.25))


def test_new_gpu_nodes_are_written_off_from_delivery_over_their_life():
    cheap = gpus()[0].model_copy(update={"price_usd_per_node": 28_000.0})
    study = study_of_a_client(gpus=(cheap,))
    order = Order(model="h100", site="alpha", period=0, lots=1)
    saved = tax_saved_by(study, flat_paths(study), orders=(order,))
    # 8 x 28,000 USD / 60 months x 25 %, from period 6 (index 7).
    assert saved[:7].tolist() == [0.0] * 7
    assert saved[7:] == pytest.approx(np.full(18, 224_000 / 60 * 0.25))


def test_plant_is_written_off_with_its_overrun_once_it_is_live():
    study = study_of_a_client()
    build = BuildStart(site="alpha", kind="air", period=2, modules=1)
    paths = flat_paths(study, capex_factor=1.2)
    saved = tax_saved_by(study, paths, builds=(build,))
    # 2.5 MW x 200,000 x 1.2 / 180 months x 25 %, from period 5 (index 6).
    assert saved[:6].tolist() == [0.0] * 6
    assert saved[6:] == pytest.approx(np.full(19, 600_000 / 180 * 0.25))


def test_sale_proceeds_are_taxed():
    site = alpha(opening_fleet=(), power=tariff(demand_charge_usd_per_mw_month=0.0))
    study = tiny_study(sites=(site, beta(opening_fleet=())))
    sold = held(study, since=6, until=6, ending="sell")
    ledger = evaluate(study, empty_plan(study, holdings=(sold,)), flat_paths(study))
    resale = item(ledger, "asic_resale")[7]
    assert resale > 0.0
    assert item(ledger, "profit_tax") == pytest.approx(at(7, -0.25 * resale))


def test_deposits_and_capex_are_no_expense():
    base = tiny_study()
    terms = {"direction": "out", "deposit_months": 3, "price_usd_per_gpu_h": 9.0}
    offer = base.gpu_offers[1].model_copy(update=terms)
    free = offer.model_copy(update={"deposit_months": 0})
    taken = OfferAcceptance(offer="rent_out", since=0, until=12)
    taxes = []
    for lease in (offer, free):
        study = tiny_study(gpu_offers=(lease,))
        ledger = evaluate(study, empty_plan(study, offers=(taken,)), flat_paths(study))
        taxes.append(item(ledger, "profit_tax", BETA).tolist())
    assert taxes[0] == taxes[1]
    assert min(taxes[0]) < 0.0


def test_overhead_and_interest_change_corporate_tax_not_the_site_s():
    # Beta carries overhead; 90,000 USD of overhead and 40,000 of interest a month.
    study = tiny_study()
    plan = empty_plan(
        study,
        holdings=opening_holdings(study),
        commitments=full_commitments(study),
    )
    paths = flat_paths(study, btc_price_usd=150_000.0)
    ledger = evaluate(study, plan, paths)
    free_of_it = tiny_study(
        company=company(general_admin_usd_per_month=0.0, side_businesses=())
    )
    other = evaluate(free_of_it, plan, paths)
    assert item(ledger, "profit_tax", BETA)[1] < 0.0
    assert (
        item(ledger, "profit_tax", BETA).tolist()
        == item(other, "profit_tax", BETA).tolist()
    )
    # Relief 16.5 % x (100,000 - 10,000 + 6 M x 8 % / 12).
    assert ledger.corporate_items["overhead_tax"][0, 1:] == pytest.approx(
        np.full(24, 0.165 * 130_000.0)
    )
    total = item(ledger, "profit_tax", BETA)[1:]
    total = total + ledger.corporate_items["overhead_tax"][0, 1:]
    assert total == pytest.approx(-ledger.treasury.corporate_tax_usd[0])


# -- company ----------------------------------------------------------------------


def test_an_idle_company_by_hand():
    study = tiny_study(
        sites=(
            alpha(opening_fleet=(), power=tariff(demand_charge_usd_per_mw_month=0.0)),
            beta(opening_fleet=()),
        )
    )
    ledger = evaluate(study, empty_plan(study), flat_paths(study))
    corporate = {name: flow[0] for name, flow in ledger.corporate_items.items()}
    assert corporate["opening_cash"].tolist() == at(0, 20e6).tolist()
    assert corporate["general_admin"].tolist() == [0.0] + [-100_000.0] * 24
    assert corporate["side_businesses"].tolist() == [0.0] + [10_000.0] * 24
    assert corporate["loan_interest"][1:] == pytest.approx(np.full(24, -40_000.0))
    # 120 BTC x 100,000 x 0.998; the loan of 6 M is owed in full.
    assert corporate["terminal_btc"] == pytest.approx(at(24, 11_976_000.0))
    assert corporate["terminal_loan"].tolist() == at(24, -6e6).tolist()
    assert not ledger.site_flow_usd().any()
    # 20 M - 24 x 130,000 of cash are left.
    assert ledger.treasury.cash_usd[0, -1] == pytest.approx(16_880_000.0)
    total = 20e6 - 24 * 130_000 + 11_976_000 - 6e6
    assert ledger.company_flow_usd().sum() == pytest.approx(total)


def test_the_loan_matures_inside_the_horizon_when_its_month_does():
    base = company()
    loan = base.loan.model_copy(update={"maturity_month": "2026-03"})
    study = tiny_study(company=base.model_copy(update={"loan": loan}))
    ledger = evaluate(study, empty_plan(study), flat_paths(study))
    # March 2026 is period 3, index 4.
    expected = at(4, -6e6)
    assert ledger.corporate_items["loan_repayment"][0].tolist() == expected.tolist()
    assert not ledger.corporate_items["loan_interest"][0, 5:].any()
    assert not ledger.corporate_items["terminal_loan"].any()


def test_btc_goes_to_the_treasury_at_the_price_of_its_month():
    study = tiny_study()
    plan = empty_plan(study, holdings=(held(study),), btc_sold_free=once(study, 2, 5.0))
    ledger = evaluate(study, plan, flat_paths(study))
    assert ledger.corporate_items["btc_taken_over"][0] == pytest.approx(
        -item(ledger, "mining_revenue")
    )
    sales = at(3, 5 * 100_000 * 0.998)
    assert ledger.corporate_items["btc_sales"][0] == pytest.approx(sales)


def test_emergency_equity_costs_present_holders_its_premium():
    study = tiny_study()
    raised = empty_plan(study, emergency_equity_usd=once(study, 4, 1e6))
    paths = flat_paths(study)
    difference = (
        evaluate(study, raised, paths).company_flow_usd()
        - evaluate(study, empty_plan(study), paths).company_flow_usd()
    )[0]
    assert difference == pytest.approx(at(5, -250_000.0))


def test_a_plan_of_another_length_is_refused():
    study = tiny_study()
    other = tiny_study(
        time=study.time.model_copy(update={"months": 36, "monthly_months": 36})
    )
    with pytest.raises(ValueError, match="plan has 36 months, study 24"):
        evaluate(study, empty_plan(other), flat_paths(study))
