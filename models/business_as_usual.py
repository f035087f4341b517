# SPDX-License-Identifier: Apache-2.0
"""Business as usual: the plan that orders, builds and signs nothing.

Every plan is compared with it. What it earns is the engine's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.plan import Commitment, Holding, OfferAcceptance, Plan

if TYPE_CHECKING:
    from models.study import Study

__all__ = ["business_as_usual"]


def business_as_usual(study: Study) -> Plan:
    """Return the plan that keeps existing machines, sites and contracts.

    Opening machines stay where they are to the horizon and stand by in months in which
    they do not cover their avoidable cost; committed contracts run to their end,
    evergreen ones to the horizon; partner commitments stay; BTC is sold only to keep
    the cash floor, which the engine's treasury does by itself.

    Parameters
    ----------
    study : Study
        Study.

    Returns
    -------
    Plan
        Plan labelled ``business as usual``.
    """
    n_periods = study.time.months
    nothing = (0.0,) * n_periods
    committed = [
        offer
        for offer in (*study.hosting_offers, *study.gpu_offers)
        if offer.is_committed
    ]
    return Plan(
        label="business as usual",
        study_id=study.id,
        months=n_periods,
        holdings=tuple(
            Holding(
                model=opening.model,
                site=site.id,
                cohort_period=-opening.age_months,
                since=0,
                until=n_periods,
                units=opening.units,
                ending="keep",
            )
            for site in study.sites
            for opening in site.opening_fleet
        ),
        offers=tuple(
            OfferAcceptance(
                offer=offer.id,
                since=0,
                until=max(offer.term_months, n_periods)
                if offer.is_evergreen
                else offer.term_months,
            )
            for offer in committed
        ),
        commitments=tuple(
            Commitment(site=site.id, mw=(site.contracted_mw,) * n_periods)
            for site in study.sites
            if site.partner is not None
        ),
        btc_sold_free=nothing,
        btc_sold_pledged=nothing,
        emergency_equity_usd=nothing,
    )
