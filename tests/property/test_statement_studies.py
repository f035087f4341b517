# SPDX-License-Identifier: Apache-2.0
"""The three statements tie for random studies, plans and futures."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_strategies import studies

from gpu.sampling.scenarios import sampled_paths
from models.business_as_usual import business_as_usual
from models.cashflow import evaluate
from models.plan import (
    BuildStart,
    ConversionStart,
    DebtDraw,
    Holding,
    Order,
    PhaseStart,
)
from models.statements import financial_statements

CENT = 0.01
RTOL = 1e-9
IDS = np.arange(4)


def bought(draw, study, site, model, lot_units, delivery_months):
    """An order of a model, and its machines until some month."""
    months = study.time.months
    period = draw(st.integers(0, months - 1))
    lots = draw(st.integers(1, 3))
    live = period + delivery_months
    order = Order(model=model, site=site.id, period=period, lots=lots)
    if live >= months:
        return order, None
    until = draw(st.integers(live, months))
    held = Holding(
        model=model,
        site=site.id,
        cohort_period=live,
        since=live,
        until=until,
        units=float(lots * lot_units),
        ending="keep" if until == months else "sell",
    )
    return order, held


def purchases(draw, study):
    """Orders at every site whose shells take the machines."""
    made = []
    for site in study.sites:
        for asic in study.asics:
            if asic.is_orderable and site.shell(asic.shell) and draw(st.booleans()):
                size = asic.lot_units, asic.delivery_months
                made.append(bought(draw, study, site, asic.id, *size))
        for gpu in study.gpus:
            if gpu.is_orderable and site.shell("hpc") and draw(st.booleans()):
                size = gpu.lot_nodes, gpu.delivery_months
                made.append(bought(draw, study, site, gpu.id, *size))
    orders = tuple(order for order, _ in made)
    return orders, tuple(held for _, held in made if held is not None)


def works(draw, study):
    """Some phases, shells and conversions, each begun in a month of its own."""
    when = st.integers(0, study.time.months - 1)
    phases, builds, conversions = [], [], []
    for site in study.sites:
        some = {"site": site.id}
        for phase in site.phases:
            if draw(st.booleans()):
                phases.append(PhaseStart(**some, phase=phase.id, period=draw(when)))
        for shell in site.shells:
            if shell.build is not None and draw(st.booleans()):
                one = BuildStart(**some, kind=shell.kind, period=draw(when), modules=1)
                builds.append(one)
        for work in site.conversions:
            if draw(st.booleans()):
                begun = ConversionStart(
                    **some, conversion=work.id, period=draw(when), modules=1
                )
                conversions.append(begun)
    return {
        "phases": tuple(phases),
        "builds": tuple(builds),
        "conversions": tuple(conversions),
    }


@st.composite
def cases(draw):
    """A study with a plan that need not be wise nor allowed."""
    study = draw(studies())
    months = study.time.months
    orders, held = purchases(draw, study)
    usual = business_as_usual(study)
    series = st.lists(
        st.sampled_from([0.0, 0.0, 2.0]), min_size=months, max_size=months
    ).map(tuple)
    draws = tuple(
        DebtDraw(
            facility=facility.id,
            period=draw(st.integers(0, months - 1)),
            amount_usd=1e5,
        )
        for facility in study.company.debt_facilities
    )
    kept = draw(st.booleans())
    plan = usual.model_copy(
        update={
            "orders": orders,
            "holdings": (*(usual.holdings if kept else ()), *held),
            "debt_draws": draws,
            "btc_sold_free": draw(series),
            "btc_sold_pledged": draw(series),
            "btc_bought": draw(series),
            "btc_pledged": draw(series),
            "btc_released": draw(series),
            "loan_drawn_usd": tuple(1e5 * value for value in draw(series)),
            "loan_repaid_usd": tuple(1e4 * value for value in draw(series)),
            **works(draw, study),
        }
    )
    return study, plan


@given(cases(), st.integers(0, 2**32 - 1))
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
def test_the_statements_of_any_study_tie_in_every_scenario(case, seed):
    study, plan = case
    paths = sampled_paths(study, seed, IDS)
    ledger = evaluate(study, plan, paths)
    made = financial_statements(study, plan, paths, ledger)
    scale = max(float(np.abs(made.balance["assets"]).max()), 1e6)
    allowed = min(CENT, RTOL * scale)
    assert np.abs(made.balance_error_usd()).max() <= allowed
    assert np.abs(made.cash_error_usd()).max() <= allowed
    parts = sum(part.sum(axis=1) for part in made.segments.values())
    assert np.abs(parts - made.income["operating_income"]).max() <= allowed
    for name in ("asics", "gpus", "plant"):
        assert made.balance[name].min() >= -allowed
    assert (made.mining_depreciation_usd >= 0.0).all()
