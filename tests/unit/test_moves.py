# SPDX-License-Identifier: Apache-2.0
"""Moves of machines: what one costs, who may move where, how a plan records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from engine_plans import at, empty_plan, flat_paths, item
from moved_cases import cheap_power_later, late_hall, machine
from tiny_studies import alpha, asics, beta, gamma, tiny_study

from models.cashflow import evaluate
from models.machine_prices import asic_move_usd
from models.plan import Holding, Move, Order
from optimizer.milp.candidates import candidates_of
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions
from optimizer.milp.trails import SolutionReader, bought_machines
from optimizer.milp.verify import verify_plan
from optimizer.report.schedule import schedule
from optimizer.runtables import schedule_table

if TYPE_CHECKING:
    from models.plan import Plan
    from models.study import Study
    from optimizer.milp.candidates import Candidates
    from optimizer.milp.verify import Check

OLD, NEW = asics()
ALPHA = 0
RTOL = 1e-12


def test_machines_of_the_opening_fleet_cost_their_freight_to_move() -> None:
    cost = asic_move_usd(tiny_study(), OLD, -12, beta(), alpha())
    assert cost.tolist() == [100.0] * 24


def test_machines_bought_owe_the_duty_that_the_new_site_asks_beyond() -> None:
    # New machines cost 270 TH/s x 9 USD/TH = 2,430 USD, a year on 20 % less. Beta asks
    # no duty, alpha a tenth: 243 USD, then 194.40; freight to alpha is 100 USD.
    cost = asic_move_usd(tiny_study(), NEW, 3, beta(), alpha())
    assert cost[0] == pytest.approx(343.0, rel=RTOL)
    assert cost[12] == pytest.approx(294.4, rel=RTOL)


def test_duty_paid_is_not_returned_where_less_is_asked() -> None:
    cost = asic_move_usd(tiny_study(), NEW, 0, alpha(), beta())
    assert cost.tolist() == [80.0] * 24


def bought_plan(**changes: object) -> tuple[Study, Plan]:
    """Two lots delivered to beta in period 3; one goes to alpha in period 12."""
    holding = {"model": "new", "cohort_period": 3, "units": 100.0}
    terms: dict[str, object] = {
        "orders": (Order(model="new", site="beta", period=0, lots=2),),
        "holdings": (
            Holding(site="beta", since=3, until=12, ending="move", **holding),
            Holding(site="alpha", since=13, until=24, ending="keep", **holding),
            Holding(site="beta", since=3, until=24, ending="keep", **holding),
        ),
        "moves": (
            Move(
                model="new",
                cohort_period=3,
                from_site="beta",
                to_site="alpha",
                period=12,
                units=100.0,
            ),
        ),
    }
    study = tiny_study(sites=(alpha(opening_fleet=()), beta(opening_fleet=())))
    return study, empty_plan(study, **(terms | changes))


def test_the_engine_posts_a_bought_machines_move_where_it_arrives() -> None:
    study, moved = bought_plan()
    ledger = evaluate(study, moved, flat_paths(study))
    # 100 x 294.40 USD in period 12, at index 13.
    assert item(ledger, "moves", ALPHA) == pytest.approx(at(13, -29_440.0))
    # In transit that month: what is left at beta mines alone.
    assert ledger.mined_btc[0, ALPHA, 12] == 0.0
    assert ledger.mined_btc[0, ALPHA, 13] > 0.0


def check_of(study: Study, moved: Plan) -> Check:
    ledger = evaluate(study, moved, flat_paths(study))
    (found,) = (
        check
        for check in verify_plan(study, moved, ledger, is_optimised=False)
        if check.name == "machines moved leave and arrive"
    )
    return found


def test_a_plan_whose_machines_leave_and_arrive_is_found_sound() -> None:
    assert check_of(*bought_plan()).passed


@pytest.mark.parametrize("missing", ["left", "arrived", "move"])
def test_machines_that_vanish_on_their_way_are_found(missing: str) -> None:
    whole = bought_plan()[1]
    left, arrived, stayed = whole.holdings
    changes = {
        "left": {"holdings": (arrived, stayed)},
        "arrived": {"holdings": (left, stayed)},
        "move": {"moves": ()},
    }
    found = check_of(*bought_plan(**changes[missing]))
    assert not found.passed
    assert found.measured == pytest.approx(1.0)


def test_the_schedule_tells_a_bought_machines_move_and_its_cost() -> None:
    study, moved = bought_plan()
    (event,) = (e for e in schedule(study, moved) if e.kind == "move")
    assert (event.site, event.start, event.live) == ("alpha", 12, 13)
    assert event.what == "Move New from Beta"
    assert event.quantity == 100.0
    assert event.capex_usd == pytest.approx(29_440.0)
    table = schedule_table(study, moved)
    row = table["action"].index("move to alpha")
    assert [table[name][row] for name in ("month", "site", "what", "amount")] == [
        "2026-12",
        "beta",
        "new",
        100.0,
    ]


# -- candidates --------------------------------------------------------------------


def pairs(found: Candidates) -> set[tuple[str, str]]:
    return {(m.order.site.id, m.to.site.id) for m in found.moves}


def test_bought_machines_may_go_where_no_hurdle_judges() -> None:
    study = tiny_study(sites=(alpha(), beta(), gamma()))
    assert pairs(candidates_of(study, ModelOptions())) == {
        ("alpha", "beta"),
        ("beta", "alpha"),
        ("gamma", "alpha"),
        ("gamma", "beta"),
    }
    assert not candidates_of(study, ModelOptions(moves_bought=False)).moves


def test_no_move_before_there_is_a_hall_nor_too_late_to_run() -> None:
    found = candidates_of(cheap_power_later(shells=late_hall(1, 0.0)), ModelOptions())
    assert {m.period for m in found.moves if m.to.site.id == "omega"} == {6, 9}
    # At omega nothing can stand before June, nor leave before September.
    assert {m.period for m in found.moves if m.to.site.id == "alpha"} == {9}


def test_no_move_to_a_site_without_a_hall_of_the_kind() -> None:
    hydro = machine(shell="hydro", id="wet")
    study = cheap_power_later()
    study = study.model_copy(update={"asics": (*study.asics, hydro)})
    moved = {m.order.model.id for m in candidates_of(study, ModelOptions()).moves}
    assert moved == {"new"}


def test_moves_that_cannot_beat_a_sale_are_no_columns() -> None:
    # At 500 USD/MWh nothing runs at omega, and used prices only fall.
    dear = alpha().power.model_copy(update={"flexible_usd_per_mwh": 500.0})
    study = cheap_power_later(power=dear)
    built = build_model(study, ModelOptions())
    assert ("alpha", "omega") in pairs(built.candidates)
    columns = {(origin, to) for _, origin, to, *_ in built.pyomo.moved_lots}
    assert columns == {("omega", "alpha")}


# -- from a solution to holdings ----------------------------------------------------


def test_machines_from_two_sites_are_sold_first_in_first_out() -> None:
    """Two lots come to beta in period 6, one of another site in 9; two go in 12."""
    study = tiny_study(
        sites=(alpha(opening_fleet=()), beta(opening_fleet=()), alpha(id="omega")),
        asics=(OLD, NEW),
    )
    found = candidates_of(study, ModelOptions())
    values = {
        "order_lots": {("new", "alpha", 0): 3.0, ("new", "omega", 0): 1.0},
        "hold_lots": {("new", "alpha", 0, 24): 1.0},
        "moved_lots": {
            ("new", "alpha", "beta", 0, 6): 2.0,
            ("new", "omega", "beta", 0, 9): 1.0,
        },
        "moved_stay_lots": {("new", "beta", 0, 9): 2.0, ("new", "beta", 0, 12): 0.5},
        "moved_sell_lots": {("new", "beta", 0, 12): 2.5},
    }
    orders, holdings, moves = bought_machines(study, found, SolutionReader(values))
    assert [(o.site, o.lots) for o in orders] == [("alpha", 3), ("omega", 1)]
    assert [(m.from_site, m.period, m.units) for m in moves] == [
        ("alpha", 6, 200.0),
        ("omega", 9, 100.0),
    ]
    stood = [(h.site, h.since, h.until, h.units, h.ending) for h in holdings]
    assert stood == [
        ("alpha", 3, 24, 100.0, "keep"),
        ("alpha", 3, 6, 200.0, "move"),
        ("omega", 3, 9, 100.0, "move"),
        ("beta", 7, 12, 200.0, "sell"),
        ("beta", 10, 12, 50.0, "sell"),
        ("beta", 10, 24, 50.0, "keep"),
    ]
    assert np.isclose(sum(h.units for h in holdings if h.ending != "move"), 400.0)
