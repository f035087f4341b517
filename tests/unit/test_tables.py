# SPDX-License-Identifier: Apache-2.0
"""What the kernel reads of study and plans: places, sizes and numbers from `models`."""

from __future__ import annotations

import numpy as np
import pytest
from agreement_cases import full_study
from agreement_plans import random_plan
from engine_plans import empty_plan, held, once, opening_holdings

from gpu.kernel import layout as at
from gpu.tables.build import Tables, make_tables
from models.business_as_usual import business_as_usual
from models.errors import DataError
from models.finance import discount_factors
from models.fleet import asic_rates
from models.plan import DebtDraw, OfferAcceptance, PhaseStart

STUDY = full_study()
USUAL = business_as_usual(STUDY)
MONTHS = STUDY.time.months
ALPHA, BETA, GAMMA = range(3)


def plan_row(tables: Tables, plan: int, row: int) -> np.ndarray:
    """A monthly series of a plan."""
    head = tables.ints[at.PLAN_HEADS] + plan * at.PLAN_HEAD
    begin = tables.ints[head + at.PLAN_SERIES] + row * tables.n_periods
    return tables.data[begin : begin + tables.n_periods]


def site_head(tables: Tables, plan: int, site: int) -> np.ndarray:
    """The head of a plan at a site."""
    begin = tables.ints[at.SITE_HEADS]
    begin += (plan * tables.n_sites + site) * at.SITE_HEAD
    return tables.ints[begin : begin + at.SITE_HEAD]


def site_row(tables: Tables, plan: int, site: int, row: int) -> np.ndarray:
    """A monthly series of a plan at a site."""
    begin = site_head(tables, plan, site)[at.SITE_SERIES] + row * tables.n_periods
    return tables.data[begin : begin + tables.n_periods]


# -- header -----------------------------------------------------------------------


def test_the_header_says_the_sizes_and_the_baseline_comes_first() -> None:
    plans = [random_plan(STUDY, seed) for seed in (1, 2, 3)]
    tables = make_tables(STUDY, plans, USUAL)
    found = {k: int(tables.ints[k]) for k in range(at.HEADER_LENGTH)}
    assert found[at.N_PERIODS] == MONTHS == tables.n_periods
    assert found[at.N_SITES] == 3
    assert found[at.N_GPUS] == 1
    assert found[at.N_PLANS] == tables.n_plans == 4
    assert found[at.HAS_BASELINE] == 1
    assert found[at.TAX_SITE] == BETA
    assert tables.wanted[0] == ()
    sold = [plan_row(tables, k, at.SOLD_FREE) for k in range(4)]
    for series, plan in zip(sold, (USUAL, *plans), strict=True):
        np.testing.assert_array_equal(series, plan.btc_sold_free)


def test_without_a_baseline_every_site_is_a_project_at_its_own_hurdle() -> None:
    tables = make_tables(STUDY, [USUAL], None)
    assert tables.ints[at.HAS_BASELINE] == 0
    assert tables.projects == ("alpha", "beta", "gamma")
    begin = tables.ints[at.HURDLE_DISCOUNT]
    for k, site in enumerate(STUDY.sites):
        first = begin + k * (MONTHS + 1)
        np.testing.assert_array_equal(
            tables.data[first : first + MONTHS + 1],
            discount_factors(site.hurdle_rate_per_year, MONTHS),
        )


def test_only_sites_where_a_plan_decides_otherwise_are_projects() -> None:
    phase = PhaseStart(site="gamma", phase="gamma_p1", period=0)
    plan = USUAL.model_copy(update={"phases": (phase,)})
    tables = make_tables(STUDY, [USUAL, plan], USUAL)
    assert tables.projects == ("gamma",)
    assert tables.wanted == ((), (), ("gamma",))
    # Of each plan: whether the company's increment counts, then each project.
    begin = tables.ints[at.PROJECT_WANTED]
    assert tables.ints[begin : begin + 6].tolist() == [1, 0, 1, 0, 1, 1]
    per_plan = at.N_PLAN_COLUMNS + 2 * at.SERIES_COLUMNS
    assert tables.n_columns == 3 * per_plan + 1


def test_a_plan_that_does_not_fit_the_study_is_refused() -> None:
    longer = empty_plan(STUDY).model_copy(update={"months": MONTHS + 1})
    with pytest.raises(ValueError, match="25 months"):
        make_tables(STUDY, [USUAL, longer], USUAL)
    taken = OfferAcceptance(offer="nobody", since=0, until=1)
    stranger = USUAL.model_copy(update={"offers": (taken,)})
    with pytest.raises(DataError, match="nobody"):
        make_tables(STUDY, [USUAL], stranger)


# -- company ----------------------------------------------------------------------


def test_debt_is_cash_in_less_what_it_costs_and_repays() -> None:
    # 1,000,000 drawn in month 3 on the machine facility: 1 % fee then; 1 % interest a
    # month from month 4; after two months of grace 1/18 of it from month 6 on.
    draw = DebtDraw(facility="rigs", period=3, amount_usd=1e6)
    plan = empty_plan(STUDY, debt_draws=(draw,))
    tables = make_tables(STUDY, [plan], None)
    cash = plan_row(tables, 0, at.DEBT_CASH)
    part = 1e6 / 18
    assert cash[:6] == pytest.approx([0, 0, 0, 990_000.0, -10_000.0, -10_000.0])
    assert cash[6:8] == pytest.approx([-10_000 - part, -10_000 * 17 / 18 - part])
    cost = plan_row(tables, 0, at.DEBT_COST)
    assert cost[:6] == pytest.approx([0, 0, 0, 10_000.0, 10_000.0, 10_000.0])


def test_covenants_belong_to_plans_that_draw_on_them() -> None:
    draw = DebtDraw(facility="plant", period=0, amount_usd=1e6)
    lent = USUAL.model_copy(update={"debt_draws": (draw,)})
    tables = make_tables(STUDY, [USUAL, lent, lent], None)
    assert tables.covenants == ((), ("plant",), ("plant",))
    assert tables.n_covenants == 2
    places = [
        tables.ints[tables.ints[at.PLAN_HEADS] + k * at.PLAN_HEAD + at.PLAN_COVENANTS]
        for k in range(3)
    ]
    assert np.diff(places).tolist() == [0, at.COVENANT_LENGTH]
    site, due, least = tables.ints[places[1] : places[1] + at.COVENANT_LENGTH]
    assert site == ALPHA
    assert tables.data[least] == 1.3
    # Tested in months 12, 15, ...: only there is anything due.
    is_due = np.flatnonzero(tables.data[due : due + MONTHS])
    assert is_due.tolist() == [11, 14, 17, 20, 23]


def test_clients_who_can_default_have_one_fate_for_all_plans() -> None:
    taken = OfferAcceptance(offer="alpha_client", since=0, until=6)
    plan = empty_plan(STUDY, offers=(taken,))
    assert make_tables(STUDY, [plan, plan], None).n_fates == 1
    assert make_tables(STUDY, [empty_plan(STUDY)], None).n_fates == 0


def test_losses_have_a_history_only_where_they_can_expire() -> None:
    assert make_tables(STUDY, [USUAL], None).n_losses == 0
    regimes = tuple(
        regime.model_copy(update={"loss_life_months": 9 if regime.id == "us" else None})
        for regime in STUDY.tax_regimes
    )
    study = STUDY.model_copy(update={"tax_regimes": regimes})
    tables = make_tables(study, [USUAL, USUAL], None)
    assert tables.n_losses == 2
    first = tables.n_history_rows - 2 * MONTHS
    rows = [site_head(tables, k, ALPHA)[at.SITE_LOSSES] for k in range(2)]
    assert rows == [first, first + MONTHS]
    assert site_head(tables, 0, BETA)[at.SITE_LOSSES] == -1


# -- sites ------------------------------------------------------------------------


def test_machines_stand_in_groups_of_four_the_cheapest_to_run_first() -> None:
    # Five cohorts of one model, of different age, so of different output; one sold in
    # month 2.
    cohorts = [held(STUDY, cohort_period=-k, units=10.0 * (k + 1)) for k in range(5)]
    cohorts[0] = cohorts[0].model_copy(update={"until": 2, "ending": "sell"})
    plan = empty_plan(STUDY, holdings=tuple(cohorts))
    tables = make_tables(STUDY, [plan], None)
    starts = site_head(tables, 0, ALPHA)[at.SITE_ASICS]
    alpha, old = STUDY.sites[ALPHA], STUDY.asic("old")
    for month, count in ((0, 5), (1, 5), (2, 4), (MONTHS - 1, 4)):
        first, behind = tables.ints[starts + 3 * month : starts + 3 * month + 2]
        assert behind - first == -(-count // at.GROUP)
        block = tables.data[first * at.GROUP_LENGTH : behind * at.GROUP_LENGTH]
        level, hashes, energy = block.reshape(-1, 3, at.GROUP).swapaxes(0, 1)
        level, hashes, energy = level.ravel(), hashes.ravel(), energy.ravel()
        assert (np.diff(level) >= 0.0).all()
        assert (hashes > 0.0).sum() == count
        assert (level[count:] >= 1e300).all()
        rates = [asic_rates(STUDY, alpha, old, c.cohort_period) for c in cohorts]
        there = [(r, c.units) for r, c in zip(rates, cohorts, strict=True)][5 - count :]
        assert energy.sum() == pytest.approx(
            sum(float(r.energy_usd[month]) * units for r, units in there)
        )
        # What a hash rate must be worth for a machine to run: its energy over output.
        kept = hashes[:count] * (1.0 - rates[0].vat_frac)
        assert level[:count] == pytest.approx(energy[:count] / kept)


def test_no_delay_table_is_made_where_nothing_can_be_late() -> None:
    plan = empty_plan(STUDY, holdings=opening_holdings(STUDY))
    assert site_head(make_tables(STUDY, [plan], None), 0, ALPHA)[at.SITE_LATE] == -1
    start = PhaseStart(site="alpha", phase="alpha_p1", period=0)
    later = plan.model_copy(update={"phases": (start,)})
    tables = make_tables(STUDY, [later], None)
    assert site_head(tables, 0, ALPHA)[at.SITE_LATE] >= 0
    assert site_head(tables, 0, GAMMA)[at.SITE_LATE] == -1
    # 1,000 USD per MW and month: 10 MW, then 15 once the phase is live; a delay past
    # the horizon leaves the 10.
    demand = site_head(tables, 0, ALPHA)[at.SITE_DEMAND]
    table = tables.data[demand : demand + (MONTHS + 1) * MONTHS]
    table = table.reshape(MONTHS + 1, MONTHS)
    assert table[0, [0, 5, 6, 23]] == pytest.approx([10e3, 10e3, 15e3, 15e3])
    assert table[4, [6, 9, 10]] == pytest.approx([10e3, 10e3, 15e3])
    assert table[MONTHS] == pytest.approx(10e3)


def test_what_is_built_is_paid_and_written_off_with_the_scale_of_its_cost() -> None:
    start = PhaseStart(site="alpha", phase="alpha_p1", period=2)
    tables = make_tables(STUDY, [empty_plan(STUDY, phases=(start,))], None)
    paid = site_row(tables, 0, ALPHA, at.CAPEX_PAID)
    assert abs(paid.sum()) == pytest.approx(1e6)
    assert not paid[:2].any()
    assert site_row(tables, 0, ALPHA, at.WRITE_OFF_SCALED)[8:].all()
    assert not site_row(tables, 0, BETA, at.CAPEX_PAID).any()


def test_series_of_the_treasury_keep_their_months() -> None:
    names = {
        "btc_sold_pledged": at.SOLD_PLEDGED,
        "btc_bought": at.BOUGHT,
        "btc_pledged": at.PLEDGED_IN,
        "btc_released": at.RELEASED,
        "loan_drawn_usd": at.DRAWN,
        "loan_repaid_usd": at.REPAID,
        "emergency_equity_usd": at.EQUITY_PLANNED,
    }
    series = {name: once(STUDY, k, 1.0 + k) for k, name in enumerate(names)}
    tables = make_tables(STUDY, [empty_plan(STUDY, **series)], None)
    for name, row in names.items():
        np.testing.assert_array_equal(plan_row(tables, 0, row), series[name])
