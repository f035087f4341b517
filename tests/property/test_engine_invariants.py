# SPDX-License-Identifier: Apache-2.0
"""What holds for every plan in every future: conservation, linearity, independence."""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths, one_row, opening_holdings, rows
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tiny_studies import company, tiny_study

from models.capacity import energised_mw, running_share, shell_mw, usage
from models.cashflow import evaluate
from models.fleet import asic_month, asic_resale_usd
from models.ledger import discount
from models.market import Shocks, simulate
from models.mining import energy_cost_usd_per_ph_day
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
from models.power import base_price_usd_per_mwh
from models.treasury import loan_usd_per_pledged_btc
from models.units import month_hours_h

RTOL = 1e-9
STUDY = tiny_study()
MONTHS = STUDY.time.months
HOURS = month_hours_h(STUDY.time.start_month, MONTHS)
NON_CASH = {"btc_taken_over", "equity_claim", "opening_cash"}
quick = settings(
    max_examples=30, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
few = settings(quick, max_examples=12)

seeds = st.integers(0, 2**32 - 1)
steps = st.integers(0, MONTHS // 3 - 1).map(lambda k: 3 * k)


def futures(seed, n_scenarios=3):
    rng = np.random.default_rng(seed)
    sites = len(STUDY.sites)
    return simulate(
        STUDY,
        Shocks(
            monthly=rng.standard_normal((n_scenarios, 6, MONTHS)),
            site_power=rng.standard_normal((n_scenarios, sites, MONTHS)),
            site_build=rng.standard_normal((n_scenarios, sites, 2)),
        ),
    )


def bought(model, lots, lot_units, period, live, until):
    """An order and what becomes of its machines."""
    order = Order(model=model, site="alpha", period=period, lots=lots)
    ending = "keep" if until == MONTHS else "sell"
    held = Holding(
        model=model,
        site="alpha",
        cohort_period=live,
        since=live,
        until=until,
        units=float(lots * lot_units),
        ending=ending,
    )
    return order, held


@st.composite
def plans(draw):
    """Feasible plans of the tiny study: at most 8.2 MW of air and 1.35 MW of hall."""
    orders, holdings, moves = [], [], []
    opening = {held.site: held for held in opening_holdings(STUDY)}
    leave = draw(steps)
    fate = draw(st.sampled_from(["keep", "sell", "move"]))
    holdings.append(opening["beta"])
    if fate == "keep":
        holdings.append(opening["alpha"])
    else:
        first = opening["alpha"].model_copy(update={"until": leave, "ending": fate})
        holdings.append(first)
    if fate == "move":
        beta = opening["beta"]
        holdings[0] = beta.model_copy(update={"units": 3000.0})
        holdings.append(
            beta.model_copy(update={"units": 1000.0, "ending": "sell", "until": leave})
        )
        arrived = {"site": "beta", "since": min(leave + 1, MONTHS), "until": MONTHS}
        holdings.append(opening["alpha"].model_copy(update=arrived))
        moves.append(
            Move(
                model="old",
                cohort_period=-12,
                from_site="alpha",
                to_site="beta",
                period=leave,
                units=1000.0,
            )
        )
    lots = draw(st.integers(0, 8))
    if lots:
        period = draw(st.integers(0, 6)) * 3
        until = draw(st.sampled_from([period + 3 + 3, MONTHS]))
        order, held = bought("new", lots, 100, period, period + 3, until)
        orders.append(order)
        holdings.append(held)
    conversions = []
    if draw(st.booleans()):
        conversions.append(
            ConversionStart(site="alpha", conversion="alpha_hall", period=0, modules=1)
        )
        gpu_lots = draw(st.integers(0, 11))
        if gpu_lots:
            order, held = bought("h100", gpu_lots, 8, 0, 6, MONTHS)
            orders.append(order)
            holdings.append(held)
    offers = [OfferAcceptance(offer="alpha_client", since=0, until=6)]
    if draw(st.booleans()):
        since = draw(st.sampled_from([0, 3]))
        for name in ("rent_in", "rent_out"):
            offers.append(OfferAcceptance(offer=name, since=since, until=since + 12))
    builds = draw(st.integers(0, 2))
    share = st.floats(0.0, 3.0)
    return empty_plan(
        STUDY,
        orders=tuple(orders),
        holdings=tuple(holdings),
        moves=tuple(moves),
        conversions=tuple(conversions),
        offers=tuple(offers),
        phases=tuple(
            PhaseStart(site="alpha", phase="alpha_p1", period=draw(steps))
            for _ in range(draw(st.integers(0, 1)))
        ),
        builds=(BuildStart(site="alpha", kind="air", period=3, modules=builds),)
        if builds
        else (),
        commitments=(Commitment(site="beta", mw=(12.0,) * MONTHS),),
        btc_sold_free=tuple(draw(share) for _ in range(MONTHS)),
        btc_sold_pledged=tuple(draw(share) for _ in range(MONTHS)),
    )


def same_ledger(whole, part, place):
    """Whether a ledger is bit for bit a part of another."""
    nothing = np.zeros(1)
    for group in ("site_items", "corporate_items"):
        every, some = getattr(whole, group), getattr(part, group)
        for name in every.keys() | some.keys():
            left = every[name][place] if name in every else nothing
            right = some.get(name, nothing)
            assert (left == right).all(), name
    for name in ("cash_usd", "loan_usd", "btc_free", "btc_pledged", "equity_usd"):
        left = getattr(whole.treasury, name)[place]
        assert np.array_equal(left, getattr(part.treasury, name)), name
    assert np.array_equal(whole.npv_usd(0.12)[place], part.npv_usd(0.12))


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
    assert np.diff(loan, axis=1) == pytest.approx(-path.repayment_usd, abs=1e-3)
    rate = STUDY.company.loan.rate_per_year
    assert path.interest_usd == pytest.approx(loan[:, :-1] * rate / 12, rel=1e-12)
    per_btc = loan_usd_per_pledged_btc(STUDY.company)
    assert loan == pytest.approx(path.btc_pledged * per_btc, rel=1e-6, abs=1e-3)


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
    price = np.asarray(paths.power_multiplier) * dearer
    paths = type(paths)(
        **{
            name: price if name == "power_multiplier" else getattr(paths, name)
            for name in type(paths).__slots__
        }
    )
    site, asic = STUDY.site(place), STUDY.asic(model)
    month = asic_month(STUDY, site, asic, cohort, paths)
    # The same machine that always runs: free energy never makes it stand by.
    free = type(paths)(
        **{
            name: np.zeros_like(price)
            if name == "power_multiplier"
            else getattr(paths, name)
            for name in type(paths).__slots__
        }
    )
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


# -- linearity and scale ----------------------------------------------------------


flows = st.lists(st.floats(-1e9, 1e9), min_size=25, max_size=25).map(np.array)


@given(flows, flows, st.floats(-10, 10), st.floats(-0.5, 2.0))
def test_npv_is_linear_in_flows(first, second, factor, rate):
    whole = discount(first + factor * second, rate)
    parts = discount(first, rate) + factor * discount(second, rate)
    scale = discount(np.abs(first) + np.abs(factor * second), rate) + 1.0
    assert abs(whole - parts) <= 1e-12 * scale


@given(plans(), seeds)
@quick
def test_company_npv_is_the_sum_of_discounted_items(plan, seed):
    ledger = evaluate(STUDY, plan, futures(seed))
    parts = [
        discount(flow, 0.12).sum(axis=1) for flow in ledger.site_items.values()
    ] + [discount(flow, 0.12) for flow in ledger.corporate_items.values()]
    scale = sum(np.abs(part) for part in parts).max()
    assert np.abs(sum(parts) - ledger.npv_usd(0.12)).max() <= 1e-12 * scale


@given(plans(), seeds)
@quick
def test_npv_is_cash_left_and_what_is_left_standing_at_a_zero_rate(plan, seed):
    ledger = evaluate(STUDY, plan, futures(seed))
    claim = ledger.corporate_items["equity_claim"].sum(axis=1)
    left = ledger.treasury.cash_usd[:, -1] + ledger.terminal_usd() + claim
    scale = np.abs(ledger.company_flow_usd()).sum()
    assert np.abs(ledger.npv_usd(0.0) - left).max() <= RTOL * scale


@given(plans(), seeds, st.floats(0.1, 10.0))
@few
def test_money_of_machines_scales_with_their_number(plan, seed, factor):
    paths = futures(seed)
    on_time = type(paths)(
        **{
            name: np.zeros_like(paths.delay_months)
            if name == "delay_months"
            else getattr(paths, name)
            for name in type(paths).__slots__
        }
    )
    more = tuple(
        held.model_copy(update={"units": factor * held.units}) for held in plan.holdings
    )
    one = evaluate(STUDY, plan, on_time)
    many = evaluate(STUDY, plan.model_copy(update={"holdings": more}), on_time)
    for name in ("mining_revenue", "mining_energy", "mining_opex", "terminal_asics"):
        if name in one.site_items:
            expected = factor * one.site_items[name]
            assert many.site_items[name] == pytest.approx(expected, rel=RTOL)


@given(plans(), st.integers(1, 9))
@few
def test_opening_cash_above_need_is_worth_its_face(plan, millions):
    paths = flat_paths(STUDY)
    rich = company(cash_usd=200e6)
    richer = company(cash_usd=200e6 + 1e6 * millions)
    values = [
        evaluate(STUDY.model_copy(update={"company": who}), plan, paths).npv_usd(0.12)
        for who in (rich, richer)
    ]
    assert values[1] - values[0] == pytest.approx(1e6 * millions, rel=1e-6)


# -- independence -----------------------------------------------------------------


@given(plans(), seeds)
@few
def test_a_scenario_alone_is_the_same_row_as_in_a_batch(plan, seed):
    paths = futures(seed, n_scenarios=7)
    whole = evaluate(STUDY, plan, paths)
    for row in (0, 3, 6):
        alone = evaluate(STUDY, plan, one_row(paths, row))
        same_ledger(whole, alone, slice(row, row + 1))


@given(plans(), seeds, st.integers(1, 6))
@few
def test_two_chunks_are_one_batch(plan, seed, cut):
    paths = futures(seed, n_scenarios=7)
    whole = evaluate(STUDY, plan, paths)
    for part in (slice(0, cut), slice(cut, 7)):
        same_ledger(whole, evaluate(STUDY, plan, rows(paths, part)), part)


@given(plans(), seeds)
@few
def test_site_flows_do_not_depend_on_treasury_policy(plan, seed):
    paths = futures(seed)
    never = (0.0,) * MONTHS
    hold = plan.model_copy(update={"btc_sold_free": never, "btc_sold_pledged": never})
    other = company(cash_usd=90e6, general_admin_usd_per_month=5e5, btc_free=500.0)
    flows = [
        evaluate(study, policy, paths).site_flow_usd()
        for study, policy in (
            (STUDY, plan),
            (STUDY, hold),
            (STUDY.model_copy(update={"company": other}), plan),
        )
    ]
    assert np.array_equal(flows[0], flows[1])
    assert np.array_equal(flows[0], flows[2])


@given(plans(), seeds)
@few
def test_a_site_s_flows_do_not_depend_on_another_site_s_machines(plan, seed):
    paths = futures(seed)
    alone = tuple(held for held in plan.holdings if held.site == "alpha")
    whole = evaluate(STUDY, plan, paths)
    less = evaluate(STUDY, plan.model_copy(update={"holdings": alone}), paths)
    assert np.array_equal(whole.site_flow_usd()[:, 0], less.site_flow_usd()[:, 0])


@given(plans())
@few
def test_tax_of_the_group_is_the_site_s_and_the_effect_of_overhead(plan):
    ledger = evaluate(STUDY, plan, flat_paths(STUDY))
    alone = ledger.site_items["profit_tax"][:, 1, 1:]
    relief = ledger.corporate_items["overhead_tax"][:, 1:]
    group = ledger.treasury.corporate_tax_usd
    assert alone + relief == pytest.approx(-group, abs=1e-6)
    assert (alone <= 0.0).all()
