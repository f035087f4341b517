# SPDX-License-Identifier: Apache-2.0
"""Market model and monthly engine on arrays that refuse NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest
from engine_plans import empty_plan
from foreign_arrays import ForeignArray
from scored_plans import grown_plan
from tiny_studies import alpha, beta, company, gamma, tiny_study

from gpu.liquidity import liquidity_risk
from gpu.sampling.scenarios import draw_shocks, sampled_paths
from models.cashflow import evaluate
from models.debt import DebtFacility
from models.ledger import discount
from models.market import Shocks, simulate
from models.path_changes import MULTIPLIERS, delayed, repeated, scaled, with_hashprice
from models.paths import MarketPaths
from models.plan import (
    BuildStart,
    ConversionStart,
    DebtDraw,
    Holding,
    Move,
    Order,
)

STUDY = tiny_study(sites=(alpha(), beta(), gamma()))
IDS = np.arange(5)


def foreign(record: MarketPaths | Shocks) -> MarketPaths | Shocks:
    names = type(record).__slots__
    return type(record)(**{n: ForeignArray(getattr(record, n)) for n in names})


def assert_same(here: MarketPaths, there: MarketPaths) -> None:
    for name in MarketPaths.__slots__:
        found = getattr(there, name)
        assert isinstance(found, ForeignArray), name
        np.testing.assert_array_equal(found.host, getattr(here, name), name)


def test_the_double_refuses_host_arrays() -> None:
    device = ForeignArray(np.ones(3))
    with pytest.raises(TypeError, match="meets a device array"):
        device + np.ones(3)
    with pytest.raises(TypeError, match="meets a device array"):
        np.ones(3) * device
    with pytest.raises(TypeError, match="implicit copy"):
        np.asarray(device, dtype=float)
    assert (device + 1.0).host.tolist() == [2.0, 2.0, 2.0]
    assert np.asarray(np.ones(2), like=device).host.tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="unexpected keyword argument 'initial'"):
        device.min(axis=0, initial=0.0)


def test_the_market_model_stays_on_the_device() -> None:
    there = simulate(STUDY, foreign(draw_shocks(STUDY, 1, IDS)))
    assert_same(sampled_paths(STUDY, 1, IDS), there)


def test_path_changes_stay_on_the_device() -> None:
    here = sampled_paths(STUDY, 1, IDS)
    factors = dict.fromkeys(MULTIPLIERS, 0.7) | {"fees": np.linspace(0.5, 2.0, 5)}

    def changed(paths: MarketPaths) -> MarketPaths:
        told = with_hashprice(scaled(STUDY, paths, factors), np.full(24, 30.0))
        return delayed(told, np.array([0, 1, 2]))

    assert_same(changed(here), changed(foreign(here)))
    one = sampled_paths(STUDY, 1, IDS[:1])
    assert_same(repeated(one, 4), repeated(foreign(one), 4))


def test_the_engine_stays_on_the_device() -> None:
    months = STUDY.time.months
    plan = grown_plan(STUDY)
    gpus = Holding(
        model="h100",
        site="alpha",
        cohort_period=7,
        since=7,
        until=20,
        units=16,
        ending="sell",
    )
    moved = [
        plan.holdings[0].model_copy(update={"until": 10, "ending": "move"}),
        plan.holdings[0].model_copy(update={"since": 10, "site": "beta"}),
    ]
    plan = plan.model_copy(
        update={
            "holdings": (*plan.holdings[1:], *moved, gpus),
            "moves": (
                Move(
                    model="old",
                    cohort_period=-12,
                    from_site="alpha",
                    to_site="beta",
                    period=10,
                    units=1000,
                ),
            ),
            "orders": (
                *plan.orders,
                Order(model="h100", site="alpha", period=1, lots=2),
            ),
            "conversions": (
                ConversionStart(
                    site="alpha", conversion="alpha_hall", period=0, modules=1
                ),
            ),
            "builds": (BuildStart(site="gamma", kind="air", period=2, modules=1),),
            "btc_sold_pledged": (1.0,) * months,
        }
    )
    paths = sampled_paths(STUDY, 1, IDS)
    assert paths.delay_months.any()
    for decided in (plan, empty_plan(STUDY)):
        here = evaluate(STUDY, decided, paths)
        there = evaluate(STUDY, decided, foreign(paths))
        flow = there.company_flow_usd()
        assert isinstance(flow, ForeignArray)
        np.testing.assert_array_equal(flow.host, here.company_flow_usd())
        np.testing.assert_array_equal(discount(flow, 0.12).host, here.npv_usd(0.12))
        np.testing.assert_array_equal(
            there.treasury.cash_usd.host, here.treasury.cash_usd
        )
        np.testing.assert_array_equal(there.mined_btc.host, here.mined_btc)


@pytest.mark.parametrize("grace_months", [0, 30])
def test_calls_and_covenants_stay_on_the_device(grace_months: int) -> None:
    """A loan on pledged BTC, and project debt on which something falls due or not."""
    hall = DebtFacility(
        id="hall",
        name="Project debt",
        kind="project",
        site="alpha",
        advance_frac=0.8,
        rate_per_year=0.0 if grace_months else 0.1,
        grace_months=grace_months,
        term_months=12,
        limit_usd=1e7,
        min_dscr=1.3,
    )
    study = tiny_study(company=company(debt_facilities=(hall,)))
    draw = DebtDraw(facility="hall", period=0, amount_usd=2e6)
    plan = grown_plan(study).model_copy(update={"debt_draws": (draw,)})
    paths = sampled_paths(study, 1, IDS)
    here, there = (
        liquidity_risk(study, plan, evaluate(study, plan, own), own)
        for own in (paths, foreign(paths))
    )
    for one, other in (
        (here.rows, there.rows),
        (here.events, there.events),
        (here.levels, there.levels),
    ):
        assert one.keys() == other.keys()
        for name, values in one.items():
            assert isinstance(other[name], ForeignArray), name
            np.testing.assert_array_equal(other[name].host, values, name)
    assert "least_covenant_hall_dscr" in here.rows
    assert "first_margin_call_period" in here.rows
