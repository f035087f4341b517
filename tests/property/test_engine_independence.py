# SPDX-License-Identifier: Apache-2.0
"""What depends on what: linearity, scale, and rows, sites and policies kept apart."""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import flat_paths, one_row, rows
from engine_strategies import MONTHS, STUDY, changed, few, futures, plans, quick, seeds
from hypothesis import given
from hypothesis import strategies as st
from tiny_studies import company

from models.cashflow import evaluate
from models.ledger import discount

RTOL = 1e-9


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
    on_time = changed(paths, "delay_months", np.zeros_like(paths.delay_months))
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
