# SPDX-License-Identifier: Apache-2.0
"""Accounting depreciation and book values, worked by hand on the tiny study."""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import empty_plan, flat_paths, held, opening_holdings
from pydantic import ValidationError
from tiny_studies import alpha, beta, tiny_study

from models.book_values import book_values
from models.cashflow import evaluate
from models.plan import (
    BuildStart,
    ConversionStart,
    Holding,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
)
from models.segments import SEGMENTS
from models.statements import financial_statements

STUDY = tiny_study()
MONTHS = STUDY.time.months


def values(study=STUDY, paths=None, **decisions):
    """Book values with what the engine's ledger paid."""
    plan = empty_plan(study, **decisions)
    paths = flat_paths(study) if paths is None else paths
    ledger = evaluate(study, plan, paths)

    def paid(*names):
        none = np.zeros_like(ledger.mined_btc)
        flows = [
            ledger.site_items[n][:, :, 1:] for n in names if n in ledger.site_items
        ]
        return none - sum(flows) if flows else none

    return book_values(
        study,
        plan,
        paths,
        asics_paid_usd=paid("asic_purchase"),
        gpus_paid_usd=paid("gpu_purchase"),
        plant_paid_usd=paid("phase_capex", "shell_capex", "conversion_capex"),
    )


def kept(**changes):
    """Both opening fleets kept, the one at alpha changed."""
    first, second = opening_holdings(STUDY)
    return first.model_copy(update=changes), second


# -- machines ---------------------------------------------------------------------


def test_opening_machines_are_written_off_over_the_life_left():
    account = values(holdings=opening_holdings(STUDY)).asics
    # 1 M at alpha and 4 M at beta over 24 months.
    assert account.depreciation_usd[0] == pytest.approx(np.full(24, 5e6 / 24))
    assert account.balance_usd[0] == pytest.approx(np.linspace(5e6, 0.0, 25), abs=1e-6)
    assert (account.disposed_usd == 0.0).all()


def test_machines_sold_leave_at_book_value_before_that_month_s_depreciation():
    account = values(holdings=kept(until=6, ending="sell")).asics
    # One in five of 5 M x 18 / 24 leaves at the start of month 6.
    assert account.disposed_usd[0, 6] == pytest.approx(750_000.0)
    assert account.disposed_usd[0].sum() == pytest.approx(750_000.0)
    assert account.balance_usd[0, 6] == pytest.approx(3.75e6)
    # 4 M / 24 a month is left to write off.
    assert account.depreciation_usd[0, 6:] == pytest.approx(np.full(18, 4e6 / 24))
    assert account.balance_usd[0, -1] == pytest.approx(0.0, abs=1e-6)


def test_machines_never_installed_are_retired_at_once():
    account = values(holdings=kept()[1:]).asics
    assert account.disposed_usd[0, 0] == pytest.approx(1e6)
    assert account.balance_usd[0, 1] == pytest.approx(4e6 * 23 / 24)


def test_machines_on_the_road_are_still_owned():
    left, stayed = kept(until=5, ending="move")
    arrived = left.model_copy(
        update={"site": "beta", "since": 6, "until": MONTHS, "ending": "keep"}
    )
    move = Move(
        model="old",
        cohort_period=-12,
        from_site="alpha",
        to_site="beta",
        period=5,
        units=1000.0,
    )
    account = values(holdings=(left, stayed, arrived), moves=(move,)).asics
    assert (account.disposed_usd == 0.0).all()
    assert account.depreciation_usd[0] == pytest.approx(np.full(24, 5e6 / 24))


def test_machines_bought_are_written_off_from_delivery():
    order = Order(model="new", site="alpha", period=2, lots=1)
    new = held(STUDY, model="new", cohort_period=5, since=5)
    account = values(holdings=(*opening_holdings(STUDY), new), orders=(order,)).asics
    without = values(holdings=opening_holdings(STUDY)).asics
    # 100 x 270 TH/s x 9 USD x 0.8^(2/12), 10 % duty.
    cost = 100 * 270 * 9 * 0.8 ** (2 / 12) * 1.1
    assert account.added_usd[0, 2] == pytest.approx(cost)
    more = (account.balance_usd - without.balance_usd)[0]
    assert more[:3] == pytest.approx(np.zeros(3), abs=1e-6)
    assert more[3:6] == pytest.approx(np.full(3, cost))
    left = cost * (1 - np.arange(1, 20) / 36)
    assert more[6:] == pytest.approx(left)


def test_gpus_sold_leave_their_own_account():
    order = Order(model="h100", site="alpha", period=0, lots=1)
    nodes = Holding(
        model="h100",
        site="alpha",
        cohort_period=6,
        since=6,
        until=12,
        units=8.0,
        ending="sell",
    )
    account = values(holdings=(*opening_holdings(STUDY), nodes), orders=(order,)).gpus
    # 8 x 280,000 over 60 months from period 6; sold after six of them.
    cost = 8 * 280_000.0
    assert account.depreciation_usd[0, 6:12] == pytest.approx(np.full(6, cost / 60))
    assert account.disposed_usd[0, 12] == pytest.approx(cost * 54 / 60)
    assert account.balance_usd[0, 13:] == pytest.approx(np.zeros(12), abs=1e-6)


def test_a_rounding_of_machines_retires_nothing():
    first, second = kept()
    nearly = first.model_copy(update={"units": first.units * (1 - 1e-12)})
    account = values(holdings=(nearly, second)).asics
    assert (account.disposed_usd == 0.0).all()


# -- plant ------------------------------------------------------------------------


def test_plant_is_written_off_from_the_month_it_is_live_however_late():
    build = BuildStart(site="alpha", kind="air", period=2, modules=1)
    paths = flat_paths(STUDY, capex_factor=1.2, delay_months=2)
    account = values(paths=paths, builds=(build,)).plant
    # 2.5 MW x 200,000 x 1.2 in three payments; live two months after period 5.
    assert account.added_usd[0, 2:5] == pytest.approx(np.full(3, 200_000.0))
    assert account.balance_usd[0, 5:8] == pytest.approx(np.full(3, 600_000.0))
    assert account.depreciation_usd[0, 7:] == pytest.approx(np.full(17, 600_000 / 180))
    assert (account.depreciation_usd[0, :7] == 0.0).all()


def test_each_scenario_writes_off_from_its_own_month():
    build = BuildStart(site="alpha", kind="air", period=0, modules=1)
    paths = flat_paths(STUDY, n_scenarios=2)
    paths.delay_months[1] = 4
    written = values(paths=paths, builds=(build,)).plant.depreciation_usd
    assert np.flatnonzero(written[0])[0] == 3
    assert np.flatnonzero(written[1])[0] == 7


def test_a_build_under_way_at_the_horizon_stands_at_what_was_paid():
    phase = PhaseStart(site="alpha", phase="alpha_p1", period=20)
    account = values(phases=(phase,)).plant
    # 1 M over six months, four of them within the horizon.
    assert account.balance_usd[0, -1] == pytest.approx(4e6 / 6)
    assert (account.depreciation_usd == 0.0).all()


def test_opening_plant_is_written_off_over_the_life_left():
    site = alpha(plant_book_value_usd=1.2e6, plant_remaining_life_months=120)
    study = tiny_study(sites=(site, beta()))
    account = values(study).plant
    assert account.balance_usd[0, 0] == 1.2e6
    assert account.depreciation_usd[0] == pytest.approx(np.full(24, 10_000.0))


def test_opening_plant_needs_a_life():
    with pytest.raises(ValidationError, match="plant_remaining_life_months"):
        alpha(plant_book_value_usd=1.0)


def test_plant_is_borne_by_the_segments_that_use_it():
    site = alpha(plant_book_value_usd=1.8e6, plant_remaining_life_months=180)
    study = tiny_study(sites=(site, beta()))
    client = OfferAcceptance(offer="alpha_client", since=0, until=6)
    mine = held(study, units=2.0 / (3000e-6 * 1.05))
    conversion = ConversionStart(
        site="alpha", conversion="alpha_hall", period=0, modules=1
    )
    account = values(
        study, offers=(client,), holdings=(mine,), conversions=(conversion,)
    )
    written = account.plant_depreciation_usd[0]
    by_name = dict(zip(SEGMENTS, written, strict=True))
    # 10,000 a month: 2 MW of clients and 2 MW of machines while the contract runs.
    assert by_name["hosting"][:6] == pytest.approx(np.full(6, 5_000.0))
    assert by_name["mining"][:6] == pytest.approx(np.full(6, 5_000.0))
    assert by_name["mining"][6:] == pytest.approx(np.full(18, 10_000.0))
    # Nobody uses the hall: 1.35 MW x 3 M over 180 months from period 6.
    hall = 1.35 * 3e6 / 180
    assert by_name["corporate"][6:] == pytest.approx(np.full(18, hall))
    assert by_name["gpu_leasing"] == pytest.approx(np.zeros(24))


def test_book_values_do_not_follow_tax_law():
    order = Order(model="new", site="alpha", period=0, lots=1)
    new = held(STUDY, model="new", cohort_period=3, since=3)
    plan = empty_plan(STUDY, orders=(order,), holdings=(new,))
    regimes = tuple(r.model_copy(update={"rate_frac": 0.0}) for r in STUDY.tax_regimes)
    free = tiny_study(tax_regimes=regimes)
    found = [
        financial_statements(s, plan, p, evaluate(s, plan, p)).balance["asics"]
        for s, p in ((STUDY, flat_paths(STUDY)), (free, flat_paths(free)))
    ]
    assert (found[0] == found[1]).all()
