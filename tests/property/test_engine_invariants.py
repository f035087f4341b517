# SPDX-License-Identifier: Apache-2.0
"""What holds for every plan in every future: nothing is lost, nothing overdrawn."""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import flat_paths
from engine_strategies import MONTHS, STUDY, changed, few, futures, plans, quick, seeds
from hypothesis import assume, given
from hypothesis import strategies as st

from models.capacity import energised_mw, running_share, shell_mw, usage
from models.cashflow import evaluate
from models.fleet import asic_month
from models.machine_prices import asic_resale_usd
from models.mining import energy_cost_usd_per_ph_day
from models.power import base_price_usd_per_mwh
from models.treasury import loan_usd_per_pledged_btc
from models.units import month_hours_h

RTOL = 1e-9
HOURS = month_hours_h(STUDY.time.start_month, MONTHS)
NON_CASH = {"btc_taken_over", "equity_claim", "opening_cash"}


# -- conservation -----------------------------------------------------------------


@given(plans(), seeds)
@quick
def test_btc_opening_and_mined_less_sold_is_closing(plan, seed):
    ledger = evaluate(STUDY, plan, futures(seed))
    path = ledger.treasury
    stock = path.btc_free + path.btc_pledged
    mined = ledger.mined_btc.sum(axis=1)
    assert stock[:, 1:] == pytest.approx(
        stock[:, :-1] + mined - path.btc_sold, rel=RTOL, abs=1e-9
    )
    assert path.btc_free.min() >= -1e-9
    assert path.btc_pledged.min() >= -1e-9


@given(plans(), seeds)
@quick
def test_cash_opening_and_cash_items_is_closing_every_month(plan, seed):
    ledger = evaluate(STUDY, plan, futures(seed))
    # BTC mined is no cash: it goes to the treasury, which is paid when it sells.
    flows = [
        flow.sum(axis=1)
        for name, flow in ledger.site_items.items()
        if name != "mining_revenue" and not name.startswith("terminal_")
    ]
    flows += [
        flow
        for name, flow in ledger.corporate_items.items()
        if name not in NON_CASH and not name.startswith("terminal_")
    ]
    cash = ledger.treasury.cash_usd
    total = sum(flows)
    scale = sum(np.abs(flow) for flow in flows).max() + 20e6
    assert np.abs(np.diff(cash, axis=1) - total[:, 1:]).max() <= RTOL * scale
    assert (total[:, 0] == 0.0).all()
    assert (cash[:, 0] == STUDY.company.cash_usd).all()


@given(plans(), seeds)
@quick
def test_cash_never_ends_a_month_under_its_floor(plan, seed):
    cash = evaluate(STUDY, plan, futures(seed)).treasury.cash_usd
    assert cash.min() >= STUDY.company.cash_floor_usd * (1 - 1e-8)


@given(plans(), seeds)
@quick
def test_the_loan_falls_by_what_is_repaid_and_bears_interest(plan, seed):
    path = evaluate(STUDY, plan, futures(seed)).treasury
    loan = path.loan_usd
    owed = path.drawn_usd - path.repayment_usd
    assert np.diff(loan, axis=1) == pytest.approx(owed, abs=1e-3)
    rate = STUDY.company.loan.rate_per_year
    assert path.interest_usd == pytest.approx(loan[:, :-1] * rate / 12, rel=1e-12)
    # Loan and pledge fall together until a call is met, and no BTC owes more after it.
    most = path.btc_pledged * loan_usd_per_pledged_btc(STUDY.company)
    assert (loan <= most * (1 + 1e-6) + 1e-3).all()
    is_calm = np.cumsum(path.is_called, axis=1) == 0.0
    assert loan[:, 1:][is_calm] == pytest.approx(
        most[:, 1:][is_calm], rel=1e-6, abs=1e-3
    )


@given(plans(), seeds)
@quick
def test_emergency_equity_is_raised_only_when_no_btc_can_pay(plan, seed):
    paths = futures(seed)
    path = evaluate(STUDY, plan, paths).treasury
    keep = 1.0 - STUDY.company.btc_selling_cost_frac
    is_raised = path.equity_usd > 1e-6
    is_under_water = paths.btc_price_usd * keep <= loan_usd_per_pledged_btc(
        STUDY.company
    )
    assert (path.btc_free[:, 1:][is_raised] <= 1e-9).all()
    assert ((path.btc_pledged[:, 1:] <= 1e-9) | is_under_water)[is_raised].all()


@given(plans())
@quick
def test_machines_bought_and_opening_are_held_or_sold(plan):
    """Counted from the money: opex tells machines held, proceeds machines sold."""
    study = STUDY.model_copy(update={"hosting_offers": (), "gpu_offers": ()})
    plan = plan.model_copy(update={"offers": ()})
    paths = flat_paths(study)
    for model, opening in (("old", 5000.0), ("new", 0.0)):
        holdings = tuple(held for held in plan.holdings if held.model == model)
        if not holdings:
            continue
        ledger = evaluate(study, plan.model_copy(update={"holdings": holdings}), paths)
        asic = study.asic(model)
        cohort = holdings[0].cohort_period
        worth = asic_resale_usd(study, asic, cohort, paths)[0]
        sold = np.zeros(MONTHS + 1)
        if "asic_resale" in ledger.site_items:
            sold[:-1] = ledger.site_items["asic_resale"][0].sum(axis=0)[1:] / worth
        if "terminal_asics" in ledger.site_items:
            end = ledger.site_items["terminal_asics"][0].sum(axis=0)[-1]
            sold[-1] = end / worth[-1]
        # Alpha's opex by machine; beta's is repairs alone.
        held = np.zeros(MONTHS)
        for index, site in enumerate(study.sites):
            one = asic_month(study, site, asic, cohort, paths).opex_usd
            held += -ledger.site_items["mining_opex"][0, index, 1:] / one
        orders = sum(o.lots * asic.lot_units for o in plan.orders if o.model == model)
        arrived = np.where(np.arange(MONTHS) >= max(cohort, 0), opening + orders, 0.0)
        transit = np.zeros(MONTHS)
        for move in plan.moves if model == "old" else ():
            transit[move.period] = move.units
        assert held + transit + np.cumsum(sold)[:-1] == pytest.approx(arrived)
        assert sold.sum() == pytest.approx(opening + orders)


# -- capacity ---------------------------------------------------------------------


@given(plans(), st.integers(0, 12))
@quick
def test_load_that_runs_fits_power_and_shells_however_late(plan, late):
    used = usage(STUDY, plan)
    assert (used.by_shell_mw <= shell_mw(STUDY, plan) + 1e-9).all()
    assert (used.by_line_mw.sum(axis=1) <= energised_mw(STUDY, plan) + 1e-9).all()
    share = running_share(STUDY, plan, late)
    running = used.by_shell_mw * share
    assert ((share >= 0.0) & (share <= 1.0)).all()
    assert (running <= np.maximum(shell_mw(STUDY, plan, late), 0.0) + 1e-9).all()
    assert (running.sum(axis=1) <= energised_mw(STUDY, plan, late) + 1e-9).all()


@given(plans(), st.integers(0, 12))
@quick
def test_more_delay_never_runs_more_load(plan, late):
    used = usage(STUDY, plan).by_shell_mw
    sooner = (used * running_share(STUDY, plan, late)).sum(axis=1)
    later = (used * running_share(STUDY, plan, late + 1)).sum(axis=1)
    assert (later <= sooner + 1e-9).all()


@given(plans(), seeds)
@quick
def test_energy_of_machines_is_within_energised_hours(plan, seed):
    paths = futures(seed)
    ledger = evaluate(STUDY, plan, paths)
    for row in range(paths.n_scenarios):
        for site in range(len(STUDY.sites)):
            late = int(paths.delay_months[row, site])
            power = energised_mw(STUDY, plan, late)[site]
            assert (ledger.mining_mwh[row, site] <= power * HOURS + 1e-6).all()


# -- curtailment ------------------------------------------------------------------


@given(
    seeds,
    st.sampled_from(["alpha", "beta"]),
    st.sampled_from(["old", "new"]),
    st.integers(-24, 12),
    st.floats(0.1, 3.0),
)
@quick
def test_curtailment_never_hurts(seed, place, model, cohort, dearer):
    paths = futures(seed)
    price = paths.power_multiplier * dearer
    paths = changed(paths, "power_multiplier", price)
    site, asic = STUDY.site(place), STUDY.asic(model)
    month = asic_month(STUDY, site, asic, cohort, paths)
    # The same machine that always runs: free energy never makes it stand by.
    free = changed(paths, "power_multiplier", np.zeros_like(price))
    always = asic_month(STUDY, site, asic, cohort, free)
    avoidable = 1.0 if site.partner is None else site.partner.avoidable_frac
    tariff_usd = base_price_usd_per_mwh(site, "flexible", MONTHS) * avoidable
    cost = always.energy_mwh * tariff_usd * price[:, STUDY.site_index(place)]
    margin = month.revenue_usd - month.energy_usd
    assert margin.min() >= 0.0
    assert margin == pytest.approx(
        np.maximum(always.revenue_usd - cost, 0.0), rel=RTOL, abs=1e-6
    )


@given(seeds)
@few
def test_a_machine_runs_while_hash_price_covers_its_energy(seed):
    paths = futures(seed)
    site, asic = STUDY.site("alpha"), STUDY.asic("old")
    month = asic_month(STUDY, site, asic, 0, paths)
    keep = (1 - asic.degradation_per_year) ** (np.arange(MONTHS) / 12)
    earned = paths.hashprice_usd_per_ph_day * keep * (1 - STUDY.company.pool_fee_frac)
    cost = energy_cost_usd_per_ph_day(
        asic.efficiency_j_per_th,
        base_price_usd_per_mwh(site, "flexible", MONTHS) * paths.power_multiplier[:, 0],
        pue=site.shell("air").pue,
    )
    assume((np.abs(earned / cost - 1) > 1e-9).all())
    assert np.array_equal(month.is_running, earned > cost)
