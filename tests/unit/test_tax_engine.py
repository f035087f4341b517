# SPDX-License-Identifier: Apache-2.0
"""What tax rules do to the ledger of a plan, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import at, empty_plan, flat_paths, held, item, opening_holdings
from tiny_studies import (
    alpha,
    asics,
    beta,
    company,
    gpus,
    tariff,
    tax_regimes,
    taxed_hard,
    tiny_study,
)

from models.cashflow import evaluate
from models.contracts import contract_remainder_factor, remainder_rate_per_year
from models.fleet import asic_month
from models.machine_prices import asic_price_usd, gpu_price_usd
from models.plan import BuildStart, OfferAcceptance, Order
from models.site_accounts import site_accounts
from models.tax_regime import DepreciationRule, TaxHoliday

OLD, NEW = asics()
ALPHA, BETA = range(2)
RTOL = 1e-9


def taxes(**changes):
    """Regimes of the tiny study, the first, alpha's, changed."""
    first, *others = tax_regimes()
    return (first.model_copy(update=changes), *others)


def bare_study(**changes):
    """Alpha with nothing but its client: 30,039 USD of margin in December."""
    site = alpha(opening_fleet=(), power=tariff(demand_charge_usd_per_mw_month=0.0))
    return tiny_study(sites=(site, beta(opening_fleet=())), **changes)


def client():
    return OfferAcceptance(offer="alpha_client", since=0, until=24)


# -- VAT --------------------------------------------------------------------------


def test_vat_on_mined_btc_is_a_cost_before_tax():
    study = tiny_study(tax_regimes=taxes(mining_vat_frac=0.1))
    plan = empty_plan(study, holdings=(held(study, units=1000.0),))
    paths = flat_paths(study, btc_price_usd=120_000.0)
    with_vat = evaluate(study, plan, paths)
    without = evaluate(tiny_study(), plan, paths)
    revenue = item(with_vat, "mining_revenue")
    assert revenue.sum() > 0.0
    assert item(with_vat, "mining_vat") == pytest.approx(-0.1 * revenue, rel=RTOL)
    # Profit stays positive in the first month: tax falls by 25 % of the VAT.
    less = item(with_vat, "profit_tax")[1] - item(without, "profit_tax")[1]
    assert less == pytest.approx(0.25 * 0.1 * revenue[1], rel=RTOL)
    spent = with_vat.treasury.cash_usd[0, 1] - without.treasury.cash_usd[0, 1]
    assert spent == pytest.approx(-0.75 * 0.1 * revenue[1], rel=RTOL)


def test_no_vat_no_item():
    study = tiny_study()
    ledger = evaluate(study, empty_plan(study), flat_paths(study))
    assert not {"mining_vat", "withholding_tax", "terminal_tax"} & set(
        ledger.site_items
    )


def test_a_machine_stands_by_when_vat_takes_its_margin():
    study = tiny_study()
    paths = flat_paths(study)
    plain = asic_month(study, study.site("alpha"), OLD, 0, paths)
    assert plain.is_running.all()
    # The share of revenue that energy leaves, and a little more.
    margin = 1.0 - plain.energy_usd[0, 0] / plain.revenue_usd[0, 0]
    for vat_frac, runs in ((margin - 1e-6, True), (margin + 1e-6, False)):
        taxed = tiny_study(tax_regimes=taxes(mining_vat_frac=vat_frac))
        month = asic_month(taxed, taxed.site("alpha"), OLD, 0, paths)
        assert month.is_running[0, 0] == runs


def test_vat_on_machines_comes_on_top_of_duty():
    site = alpha(asic_duty_frac=0.1, asic_vat_frac=0.05, gpu_vat_frac=0.2)
    # 270 TH/s x 9 USD x 1.1 x 1.05; 280,000 x 1.2.
    assert asic_price_usd(site, NEW, 1)[0] == pytest.approx(2806.65, rel=RTOL)
    assert gpu_price_usd(site, gpus()[0], 1)[0] == pytest.approx(336e3, rel=RTOL)


# -- withholding ------------------------------------------------------------------


def test_withholding_takes_its_share_of_what_tax_leaves():
    study = bare_study(tax_regimes=taxes(withholding_frac=0.1))
    ledger = evaluate(study, empty_plan(study, offers=(client(),)), flat_paths(study))
    tax, withheld = item(ledger, "profit_tax"), item(ledger, "withholding_tax")
    # Tax is 25 % of profit, 10 % of the other 75 % is withheld.
    assert withheld.min() < 0.0
    assert withheld == pytest.approx(tax / 0.25 * 0.75 * 0.1, rel=RTOL)


def test_withholding_is_paid_in_cash_by_the_group_that_carries_overhead():
    changes = {"company": company(tax_site="alpha")}
    study = bare_study(tax_regimes=taxes(withholding_frac=0.1), **changes)
    ledger = evaluate(study, empty_plan(study, offers=(client(),)), flat_paths(study))
    alone = item(ledger, "profit_tax") + item(ledger, "withholding_tax")
    group = alone + ledger.corporate_items["overhead_tax"][0]
    assert group[1:] == pytest.approx(-ledger.treasury.corporate_tax_usd[0], abs=1e-6)


# -- write-off --------------------------------------------------------------------


def bonus(**changes):
    return DepreciationRule(**({"method": "bonus"} | changes))


def test_tax_put_off_by_bonus_falls_due_at_the_horizon():
    study = bare_study(tax_regimes=taxes(asic_depreciation=bonus()))
    order = Order(model="new", site="alpha", period=0, lots=1)
    sold = held(study, model="new", cohort_period=3, since=3, until=3, ending="sell")
    big = client()
    paths = flat_paths(study)
    plan = empty_plan(study, orders=(order,), holdings=(sold,), offers=(big,))
    ledger = evaluate(study, plan, paths)
    # 267,300 USD live in March 2026 (period 3): ten months of 26,730, all by December.
    # Straight line would have had 21 of 36 months; the rest was saved early, at 25 %.
    early = 0.25 * 267_300 * (1.0 - 21 / 36)
    assert item(ledger, "terminal_tax") == pytest.approx(at(24, -early), rel=RTOL)
    plain = evaluate(bare_study(), plan, paths)
    saved = item(ledger, "profit_tax") - item(plain, "profit_tax")
    # 26,730 against 7,425 a month while it lasts, 0 against 7,425 after.
    assert saved[4:14] == pytest.approx(np.full(10, 0.25 * (26_730 - 7_425)), rel=RTOL)
    assert saved[14:] == pytest.approx(np.full(11, -0.25 * 7_425), rel=RTOL)
    assert saved.sum() == pytest.approx(early, rel=RTOL)


def test_losses_left_pay_for_tax_put_off():
    study = bare_study(tax_regimes=taxes(asic_depreciation=bonus()))
    order = Order(model="new", site="alpha", period=12, lots=100)
    sold = held(
        study, model="new", units=1e4, cohort_period=15, since=15, until=15,
        ending="sell",
    )  # fmt: skip
    plan = empty_plan(study, orders=(order,), holdings=(sold,))
    ledger = evaluate(study, plan, flat_paths(study))
    # No profit but the sale: most of the write-off is a loss that is left.
    assert item(ledger, "terminal_tax")[-1] == 0.0


def test_what_overhead_and_interest_do_to_tax_put_off_is_corporate():
    study = bare_study(
        tax_regimes=taxes(asic_depreciation=bonus()), company=company(tax_site="alpha")
    )
    order = Order(model="new", site="alpha", period=0, lots=1)
    sold = held(study, model="new", cohort_period=3, since=3, until=3, ending="sell")
    plan = empty_plan(study, orders=(order,), holdings=(sold,), offers=(client(),))
    ledger = evaluate(study, plan, flat_paths(study))
    alone = item(ledger, "terminal_tax")[-1]
    # Overhead of 300,000 USD a month leaves the group losses without end: nothing is
    # owed by the group, so the site's own debt is taken back.
    assert alone < 0.0
    assert ledger.corporate_items["terminal_overhead_tax"][0, -1] == -alone
    assert not ledger.corporate_items["terminal_overhead_tax"][0, :-1].any()


def test_overruns_are_written_off_by_the_same_method():
    study = bare_study(tax_regimes=taxes(plant_depreciation=bonus()))
    build = BuildStart(site="alpha", kind="air", period=2, modules=1)
    plan = empty_plan(study, builds=(build,), offers=(client(),))
    account = site_accounts(study, plan, flat_paths(study, capex_factor=1.2))
    plain = site_accounts(study, plan, flat_paths(study))
    # 500,000 USD live in May 2026, period 5: all in 2026; straight line has 19 of 180.
    early = 0.25 * 500_000 * (1.0 - 19 / 180)
    assert plain.early_relief_usd[0, ALPHA] == pytest.approx(early, rel=RTOL)
    assert account.early_relief_usd[0, ALPHA] == pytest.approx(1.2 * early, rel=RTOL)


# -- the whole --------------------------------------------------------------------


def test_accounts_of_sites_are_the_ledger_s_under_every_rule():
    study = tiny_study(tax_regimes=taxed_hard())
    order = Order(model="new", site="alpha", period=0, lots=1)
    kept = held(study, model="new", cohort_period=3, since=3)
    plan = empty_plan(
        study,
        orders=(order,),
        holdings=(*opening_holdings(study), kept),
        offers=(client(),),
    )
    paths = flat_paths(study, btc_price_usd=150_000.0)
    ledger = evaluate(study, plan, paths)
    assert {"withholding_tax", "terminal_tax"} <= set(ledger.site_items)
    flow = site_accounts(study, plan, paths).after_tax_usd(study)
    assert flow == pytest.approx(ledger.site_flow_usd(), rel=RTOL, abs=1e-6)


def test_a_contract_past_the_horizon_is_taxed_outside_holidays():
    holiday = TaxHoliday(first_month="2027-10", last_month="2028-01", exempt_frac=0.8)
    study = tiny_study(
        tax_regimes=taxes(holidays=(holiday,), withholding_frac=0.1),
        company=company(discount_rate_per_year=0.12),
    )
    site = study.site("alpha")
    step = (1.0 + remainder_rate_per_year(study, site)) ** (-1 / 12)
    # The horizon ends with November 2027. December and January: tax 0.25 x 0.2 = 5 %,
    # of the rest 10 % withheld: 0.855 kept; February: 0.75 x 0.9 = 0.675.
    expected = 0.855 * (step + step**2) + 0.675 * step**3
    assert contract_remainder_factor(study, site, 27) == pytest.approx(expected)
    assert contract_remainder_factor(study, site, 24) == 0.0
