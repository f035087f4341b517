# SPDX-License-Identifier: Apache-2.0
"""Income statement, balance sheet and cash-flow statement, worked by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from engine_plans import (
    empty_plan,
    flat_paths,
    full_commitments,
    held,
    once,
    opening_holdings,
)
from tiny_studies import alpha, beta, tariff, tiny_study

from models.btc_account import btc_account
from models.cashflow import evaluate
from models.fleet import asic_month
from models.ledger import CORPORATE_ITEMS, ITEMS
from models.plan import OfferAcceptance, Order
from models.segments import SEGMENT_LABELS, SEGMENTS
from models.statement_lines import (
    COST_TO_MINE_LINES,
    LINES,
    VALUATION_ITEMS,
)
from models.statements import SEGMENT_SECTIONS, financial_statements

BARE = tiny_study(sites=(alpha(opening_fleet=()), beta(opening_fleet=())))


def made(study, paths=None, **decisions):
    plan = empty_plan(study, **decisions)
    paths = flat_paths(study) if paths is None else paths
    ledger = evaluate(study, plan, paths)
    return ledger, financial_statements(study, plan, paths, ledger)


def assert_ties(statements):
    assert np.abs(statements.balance_error_usd()).max() < 0.01
    assert np.abs(statements.cash_error_usd()).max() < 0.01


# -- the table of lines -----------------------------------------------------------


def test_every_ledger_item_stands_in_exactly_one_line():
    mapped = Counter(item for line in LINES for item in line.items)
    mapped.update(VALUATION_ITEMS)
    names = {item.name for item in (*ITEMS, *CORPORATE_ITEMS)}
    assert {name: mapped[name] for name in names} == dict.fromkeys(names, 1)


def test_lines_name_no_item_that_the_ledger_does_not_have():
    mapped = {item for line in LINES for item in line.items}
    assert mapped <= {item.name for item in (*ITEMS, *CORPORATE_ITEMS)}


def test_names_of_lines_are_unique_and_refer_to_lines_above():
    seen = set()
    for line in LINES:
        assert line.name not in seen
        assert {*line.plus, *line.less} <= seen
        seen.add(line.name)
    assert set(COST_TO_MINE_LINES) <= seen


def test_lines_down_to_operating_income_have_a_segment_and_no_other():
    for line in LINES:
        is_segment = line.statement == "income" and line.section in SEGMENT_SECTIONS
        assert bool(line.segment) == is_segment
        assert line.segment in {"", "shared", *SEGMENT_LABELS}


def test_side_businesses_show_revenue_and_cost_of_their_margin():
    line = next(line for line in LINES if line.name == "side_cost")
    assert (line.items, line.less) == (("side_businesses",), ("side_revenue",))


# -- one month by hand ------------------------------------------------------------


def test_a_company_without_machines_by_hand():
    # BTC opens at 100,000 and stands at 110,000, then 121,000 USD.
    paths = flat_paths(BARE, btc_price_usd=121_000.0)
    paths.btc_price_usd[:, 0] = 110_000.0
    sold = tuple(10.0 if t < 2 else 0.0 for t in range(24))
    _, found = made(BARE, paths, btc_sold_free=sold)
    income = {name: line[0] for name, line in found.income.items()}
    # Cars earn 50,000 for 40,000; alpha's 10 MW cost 10,000; overhead is 100,000.
    assert income["revenue"][0] == pytest.approx(50_000.0)
    assert income["cost_of_revenue"][0] == pytest.approx(-50_000.0)
    assert income["ebitda_before_btc"][0] == pytest.approx(-100_000.0)
    # 10 of 120 BTC leave with 10,000 of gain each, the rest is marked up.
    assert income["btc_realised"][0] == pytest.approx(100_000.0)
    assert income["btc_unrealised"][0] == pytest.approx(1_100_000.0)
    assert income["btc_trading"][0] == pytest.approx(-10 * 110_000 * 0.002)
    assert income["adjusted_ebitda"][0] == pytest.approx(1_097_800.0)
    # 6 M at 8 %; the loss before BTC bears no tax.
    assert income["loan_cost"][0] == pytest.approx(-40_000.0)
    assert income["net_income"][0] == pytest.approx(1_057_800.0)
    # Next month 10 of 110 BTC leave at 21,000 over cost; all 110 rose by 11,000.
    assert income["btc_realised"][1] == pytest.approx(210_000.0)
    assert income["btc_unrealised"][1] == pytest.approx(1_000_000.0)
    cash = {name: line[0] for name, line in found.cash_flow.items()}
    assert cash["operating_cash"][0] == pytest.approx(-140_000.0)
    assert cash["investing_cash"][0] == pytest.approx(1_097_800.0)
    assert cash["financing_cash"][0] == 0.0
    sheet = {name: line[0] for name, line in found.balance.items()}
    assert sheet["opening_equity"][0] == pytest.approx(20e6 + 120 * 1e5 - 6e6)
    assert sheet["cash"][1] == pytest.approx(20_957_800.0)
    assert sheet["btc_free"][1] == pytest.approx(1.1e6)
    assert sheet["btc_pledged"][1] == pytest.approx(11e6)
    assert sheet["equity"][1] == pytest.approx(27_057_800.0)
    assert sheet["liabilities"][1] == 6e6
    assert_ties(found)


def test_mined_btc_is_revenue_and_no_cash():
    study = tiny_study()
    mining = {
        "holdings": opening_holdings(study),
        "commitments": full_commitments(study),
    }
    ledger, found = made(study, **mining)
    revenue = ledger.site_items["mining_revenue"][0, :, 1:].sum(axis=0)
    assert revenue.min() > 0.0
    assert found.income["mined"][0] == pytest.approx(revenue)
    assert found.cash_flow["mined_back"][0] == pytest.approx(-revenue)
    # At a flat price BTC rises by what is mined, and nothing is gained.
    held_usd = found.balance["btc_free"][0] + found.balance["btc_pledged"][0]
    # (Until the end, when some is sold to keep the cash floor.)
    assert np.diff(held_usd)[:20] == pytest.approx(revenue[:20])
    assert found.income["btc_unrealised"][0] == pytest.approx(np.zeros(24), abs=1e-6)
    assert_ties(found)


def test_machines_sold_gain_what_they_fetch_over_book_value():
    study = tiny_study()
    first, second = opening_holdings(study)
    sold = first.model_copy(update={"until": 6, "ending": "sell"})
    ledger, found = made(study, holdings=(sold, second))
    fetched = ledger.site_items["asic_resale"][0, 0, 7]
    # One in five of 5 M USD with 18 of 24 months left.
    gain = found.income["asic_disposals"][0]
    assert gain[6] == pytest.approx(fetched - 750_000.0)
    assert np.count_nonzero(gain) == 1
    # Neither proceeds nor gain are part of adjusted EBITDA.
    assert found.cash_flow["asics_sold"][0, 6] == pytest.approx(fetched)
    total = found.income["ebitda_before_btc"] + found.income["btc_unrealised"]
    assert found.income["adjusted_ebitda"] == pytest.approx(total, abs=1e-6)
    assert_ties(found)


def test_deposits_of_leases_in_and_out_stand_on_either_side():
    offers = tuple(
        offer.model_copy(update={"deposit_months": 2, "paid_hours_frac": 1.0})
        for offer in BARE.gpu_offers
    )
    study = BARE.model_copy(update={"gpu_offers": offers})
    taken = tuple(
        OfferAcceptance(offer=name, since=3, until=until)
        for name, until in (("rent_in", 15), ("rent_out", 27))
    )
    _, found = made(study, offers=taken)
    # 64 GPUs x 730.5 hours (24 months from December 2025 hold 730 days) x 2 months.
    paid = 64 * 730.0 * 1.5 * 2
    received = 64 * 730.0 * 2.2 * 2
    deposits = found.balance["deposits_paid"][0], found.balance["deposits_held"][0]
    assert deposits[0][4:16] == pytest.approx(np.full(12, paid))
    assert deposits[0][16:] == pytest.approx(np.zeros(9))
    assert deposits[1][4:] == pytest.approx(np.full(21, received))
    assert_ties(found)


def test_demand_charges_follow_the_power_that_segments_use():
    study = tiny_study()
    client = OfferAcceptance(offer="alpha_client", since=0, until=24)
    mine = held(study, units=6.0 / (3000e-6 * 1.05))
    _, found = made(study, offers=(client,), holdings=(mine,))
    # 10,000 USD for 10 MW, of which clients use 2 and machines 6.
    assert found.income["demand_charges"][0] == pytest.approx(np.full(24, -10_000.0))
    hosting = found.segments["cost"][0, SEGMENTS.index("hosting")]
    alone = made(study, offers=(client,))[1].segments["cost"][0]
    assert hosting - alone[SEGMENTS.index("hosting")] == pytest.approx(
        np.full(24, 7_500.0)
    )


# -- cost to mine -----------------------------------------------------------------


def test_cost_to_mine_by_hand():
    study = tiny_study(
        sites=(alpha(power=tariff(demand_charge_usd_per_mw_month=1000.0)),)
    )
    study = study.model_copy(
        update={"company": study.company.model_copy(update={"tax_site": "alpha"})}
    )
    paths = flat_paths(study)
    _, found = made(study, paths, holdings=(held(study, units=1000.0),))
    one = asic_month(study, study.sites[0], study.asic("old"), -12, paths)
    cost = 1000 * (one.energy_usd[0, 0] + one.opex_usd[0] - one.demand_response_usd[0])
    cost += 10_000.0
    mined = 1000 * one.btc[0, 0]
    first = slice(0, 1)
    cash = found.cost_to_mine_usd_per_btc(first, with_depreciation=False)
    assert cash == pytest.approx([cost / mined])
    # Machines: 1 M USD over 24 months.
    full = found.cost_to_mine_usd_per_btc(first, with_depreciation=True)
    assert full == pytest.approx([(cost + 1e6 / 24) / mined])


def test_cost_to_mine_is_not_a_number_where_nothing_is_mined():
    _, found = made(BARE)
    assert np.isnan(found.cost_to_mine_usd_per_btc(with_depreciation=True)).all()


# -- BTC --------------------------------------------------------------------------


def test_the_btc_corkscrew_by_hand():
    # 10 BTC at 100; mine 2 and buy 3 at 120, sell 5; then sell all 10 at 90.
    account = btc_account(
        np.array([[10.0, 10.0, 0.0]]),
        np.array([[2.0, 0.0]]),
        np.array([[3.0, 0.0]]),
        opening_price_usd=100.0,
        price_usd=np.array([[120.0, 90.0]]),
    )
    # Average cost (1,000 + 240 + 360) / 15 = 106.67; realised 5 x 13.33.
    assert account.realised_usd[0] == pytest.approx([200 / 3, 10 * (90 - 320 / 3)])
    assert account.cost_usd[0] == pytest.approx([1000.0, 3200 / 3, 0.0])
    assert account.fair_value_usd[0].tolist() == [1000.0, 1200.0, 0.0]
    # In all, opening BTC times the change of price: 10 x 20 and 10 x -30.
    assert account.gain_usd[0] == pytest.approx([200.0, -300.0])
    flows = account.mined_usd + account.bought_usd - account.sold_usd
    closing = account.fair_value_usd[:, :-1] + flows + account.gain_usd
    assert closing == pytest.approx(account.fair_value_usd[:, 1:])


def test_forced_purchases_and_sales_below_price_cost_their_difference():
    paths = flat_paths(BARE, btc_price_usd=100_000.0)
    plan = empty_plan(BARE, btc_sold_free=once(BARE, 0, 5.0))
    ledger = evaluate(BARE, plan, paths)
    # The lender sells at a tenth under price: the penalty is a cost of trading.
    worse = ledger.corporate_items["btc_sales"] * 0.9 / 0.998
    cash = ledger.treasury.cash_usd.copy()
    cash[:, 1:] -= 5 * 100_000 * (0.998 - 0.9)
    changed = replace(
        ledger,
        corporate_items=ledger.corporate_items | {"btc_sales": worse},
        treasury=replace(ledger.treasury, cash_usd=cash),
    )
    found = financial_statements(BARE, plan, paths, changed)
    assert found.income["btc_trading"][0, 0] == pytest.approx(-50_000.0)
    assert found.income["btc_realised"][0, 0] == pytest.approx(0.0)
    assert_ties(found)


# -- checks that can fail ---------------------------------------------------------


def test_a_flow_that_is_lost_shows_in_both_checks():
    study = tiny_study()
    order = Order(model="new", site="alpha", period=0, lots=1)
    plan = empty_plan(study, orders=(order,), holdings=opening_holdings(study))
    paths = flat_paths(study)
    ledger = evaluate(study, plan, paths)
    less = dict(ledger.corporate_items)
    del less["loan_interest"]
    found = financial_statements(
        study, plan, paths, replace(ledger, corporate_items=less)
    )
    assert found.cash_error_usd()[0, 0] == pytest.approx(-40_000.0)
    assert found.balance_error_usd()[0, 1] == pytest.approx(-40_000.0)
