# SPDX-License-Identifier: Apache-2.0
"""A plan put to a study that lacks what it names, or that only goes by another name."""

from __future__ import annotations

import pytest
from engine_plans import empty_plan, flat_paths, held
from tiny_studies import tiny_study

from models.cashflow import evaluate
from models.errors import DataError
from models.plan import (
    BuildStart,
    Commitment,
    ConversionStart,
    Move,
    OfferAcceptance,
    Order,
    PhaseStart,
)


def test_every_unknown_thing_that_a_plan_names_is_listed_at_once():
    study = tiny_study()
    plan = empty_plan(
        study,
        study_id="other",
        holdings=(held(study, units=1.0),),
        orders=(Order(model="s99", site="alpha", period=0, lots=1),),
        moves=(
            Move(
                model="old",
                cohort_period=-12,
                from_site="alpha",
                to_site="gamma",
                period=1,
                units=1.0,
            ),
        ),
        phases=(PhaseStart(site="alpha", phase="tenth", period=0),),
        builds=(BuildStart(site="delta", kind="air", period=0, modules=1),),
        conversions=(
            ConversionStart(site="beta", conversion="to_lead", period=0, modules=1),
        ),
        offers=(OfferAcceptance(offer="nobody", since=0, until=12),),
        commitments=(Commitment(site="epsilon", mw=(0.0,) * 24),),
    )
    with pytest.raises(DataError) as caught:
        evaluate(study, plan, flat_paths(study))
    assert str(caught.value) == (
        "plan 'test' of study 'other' needs sites 'delta' and 'epsilon' and 'gamma', "
        "hardware 's99', phases 'alpha.tenth', conversions 'beta.to_lead', offers "
        f"'nobody', which study {study.id!r} does not have. Put it to the study that "
        "it was made for, or plan this one."
    )


def test_a_plan_is_worth_the_same_in_a_study_that_only_changed_its_id():
    study = tiny_study()
    variant = tiny_study(id="variant")
    plan = empty_plan(study, holdings=(held(study, units=1000.0),))
    paths = flat_paths(study)
    assert (
        evaluate(variant, plan, paths).company_flow_usd().tolist()
        == evaluate(study, plan, paths).company_flow_usd().tolist()
    )
