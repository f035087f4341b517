# SPDX-License-Identifier: Apache-2.0
"""The engine as a whole: tax, treasury and what the company is worth.

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
    full_commitments,
    held,
    item,
    once,
    opening_holdings,
)
from tiny_studies import alpha, beta, company, gpus, tariff, tiny_study

from models.cashflow import evaluate
from models.fleet import asic_month
from models.plan import (
    BuildStart,
    OfferAcceptance,
    Order,
)

RTOL = 1e-9
ALPHA, BETA = range(2)


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
