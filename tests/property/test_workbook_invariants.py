# SPDX-License-Identifier: Apache-2.0
"""The workbook gives the engine's figures for random studies, plans and prices."""

from __future__ import annotations

import numpy as np
from changed_studies import engine_case
from engine_strategies import STUDY, plans
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_strategies import studies

from models.business_as_usual import business_as_usual
from models.cashflow import evaluate
from models.market import base_paths
from optimizer.workbook import build_model
from optimizer.workbook.expr import Place
from optimizer.workbook.lines import Series

CENT = 1e-3

some = settings(
    max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None
)


def gaps(model, changes):
    """Lines that differ from the engine by more than rounding."""
    values = model.values(changes)
    npv_usd, ties = engine_case(model, changes)
    found = {
        tie.name: np.abs(values.months(tie.line) - tie.engine).max() for tie in ties
    }
    found["NPV"] = abs(values.scalar(model.outputs.npv) - npv_usd)
    return {name: gap for name, gap in found.items() if gap > CENT}


def built(study, plan):
    return build_model(study, plan, evaluate(study, plan, base_paths(study)))


@some
@given(plan=plans(), level=st.sampled_from([1.0, 0.8, 0.55, 0.4]))
def test_random_plans_give_the_engines_figures(plan, level):
    model = built(STUDY, plan)
    assert gaps(model, {}) == {}
    assert model.values().scalar(model.checks.master) == 0.0
    assert gaps(model, {"sensitivities.btc_price": level}) == {}


@some
@given(study=studies(), level=st.sampled_from([1.0, 0.7, 0.45]))
def test_random_studies_as_usual_give_the_engines_figures(study, level):
    model = built(study, business_as_usual(study))
    assert gaps(model, {"sensitivities.btc_price": level}) == {}


@some
@given(plan=plans())
def test_every_formula_can_be_written(plan):
    """A line that is read but stands nowhere would be found here."""
    model = built(STUDY, plan)
    n_periods = model.draft.n_periods
    for sheet in model.sheets:
        for line in sheet.lines():
            if line.formula is not None:
                for period in (0, n_periods - 1):
                    assert line.formula.text(Place(sheet.name, period, n_periods))
            if isinstance(line, Series) and line.opening_formula is not None:
                assert line.opening_formula.text(Place(sheet.name, -1, n_periods))
