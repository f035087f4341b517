# SPDX-License-Identifier: Apache-2.0
"""A plan that does a little of everything, and business as usual beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine_plans import empty_plan, full_commitments, opening_holdings

from models.business_as_usual import business_as_usual
from models.plan import Holding, OfferAcceptance, Order, PhaseStart, Plan

if TYPE_CHECKING:
    from models.study import Study


def usual_plan(study: Study) -> Plan:
    """Business as usual."""
    return business_as_usual(study)


def grown_plan(study: Study) -> Plan:
    """New machines and a phase at Alpha, GPUs leased in and BTC sold at Beta."""
    months = study.time.months
    return empty_plan(
        study,
        label="grown",
        orders=(Order(model="new", site="alpha", period=0, lots=10),),
        holdings=(
            *opening_holdings(study),
            Holding(
                model="new",
                site="alpha",
                cohort_period=3,
                since=3,
                until=months,
                units=1000,
                ending="keep",
            ),
        ),
        phases=(PhaseStart(site="alpha", phase="alpha_p1", period=0),),
        offers=(
            OfferAcceptance(offer="alpha_client", since=0, until=months),
            OfferAcceptance(offer="rent_in", since=2, until=14),
        ),
        commitments=full_commitments(study),
        btc_sold_free=(2.0,) * months,
    )
