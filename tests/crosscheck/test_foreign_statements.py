# SPDX-License-Identifier: Apache-2.0
"""The financial statements on arrays that refuse NumPy's own."""

from __future__ import annotations

import dataclasses

import numpy as np
from engine_plans import empty_plan
from foreign_arrays import ForeignArray
from scored_plans import grown_plan
from tiny_studies import alpha, beta, gamma, tiny_study

from gpu.sampling.scenarios import sampled_paths
from models.cashflow import evaluate
from models.plan import BuildStart, ConversionStart, Holding, Order
from models.statements import financial_statements

STUDY = tiny_study(
    sites=(
        alpha(plant_book_value_usd=1e6, plant_remaining_life_months=100),
        beta(),
        gamma(),
    )
)


def foreign(paths):
    fields = {f.name: getattr(paths, f.name) for f in dataclasses.fields(paths)}
    return type(paths)(
        **{n: v if v is None else ForeignArray(v) for n, v in fields.items()}
    )


def test_the_statements_stay_on_the_device() -> None:
    grown = grown_plan(STUDY)
    gpus = Holding(
        model="h100",
        site="alpha",
        cohort_period=7,
        since=7,
        until=20,
        units=16,
        ending="sell",
    )
    plan = empty_plan(
        STUDY,
        holdings=(*grown.holdings, gpus),
        orders=(*grown.orders, Order(model="h100", site="alpha", period=1, lots=2)),
        phases=grown.phases,
        builds=(BuildStart(site="alpha", kind="air", period=2, modules=1),),
        conversions=(
            ConversionStart(site="alpha", conversion="alpha_hall", period=0, modules=1),
        ),
        offers=grown.offers,
        commitments=grown.commitments,
    )
    paths = sampled_paths(STUDY, 1, np.arange(5))
    here = financial_statements(STUDY, plan, paths, evaluate(STUDY, plan, paths))
    device = foreign(paths)
    there = financial_statements(STUDY, plan, device, evaluate(STUDY, plan, device))
    for name in ("income", "cash_flow", "balance", "segments"):
        for key, found in getattr(there, name).items():
            assert isinstance(found, ForeignArray), key
            np.testing.assert_array_equal(found.host, getattr(here, name)[key], key)
    costs = [
        made.cost_to_mine_usd_per_btc(with_depreciation=True) for made in (here, there)
    ]
    np.testing.assert_array_equal(costs[1].host, costs[0])
    assert np.abs(there.balance_error_usd().host).max() < 0.01
