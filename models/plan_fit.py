# SPDX-License-Identifier: Apache-2.0
"""Whether a plan can be carried out in a study: everything that it names is there.

The study's id is not compared: a plan is rightly put to a changed study, of the same
id (a stress, a break-even) or of another (somebody's variant). What does not belong
here: whether the plan keeps the rules (see `optimizer.validation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.plan import Plan
    from models.study import Study

__all__ = ["require_fit"]


def require_fit(study: Study, plan: Plan) -> None:
    """Raise when a plan has another horizon, or names what a study does not have.

    Parameters
    ----------
    study : Study
        Study that the plan is put to.
    plan : Plan
        Plan, made for this study or for another.

    Raises
    ------
    ValueError
        If the plan's months differ from the study's.
    DataError
        With every site, model, phase, conversion and offer that the study lacks.
    """
    if plan.months != study.time.months:
        msg = f"plan has {plan.months} months, study {study.time.months}"
        raise ValueError(msg)
    missing = {
        "sites": _sites(plan) - {site.id for site in study.sites},
        "hardware": _models(plan)
        - {asic.id for asic in study.asics}
        - {gpu.id for gpu in study.gpus},
        "phases": {f"{entry.site}.{entry.phase}" for entry in plan.phases}
        - {f"{site.id}.{phase.id}" for site in study.sites for phase in site.phases},
        "conversions": {f"{c.site}.{c.conversion}" for c in plan.conversions}
        - {f"{site.id}.{c.id}" for site in study.sites for c in site.conversions},
        "offers": {entry.offer for entry in plan.offers}
        - {offer.id for offer in (*study.hosting_offers, *study.gpu_offers)},
    }
    lacking = [f"{what} {_listed(ids)}" for what, ids in missing.items() if ids]
    if lacking:
        msg = (
            f"plan {plan.label!r} of study {plan.study_id!r} needs "
            f"{', '.join(lacking)}, which study {study.id!r} does not have. "
            "Put it to the study that it was made for, or plan this one."
        )
        raise DataError(msg)


def _sites(plan: Plan) -> set[str]:
    """Return the ids of every site that a plan touches."""
    return (
        {order.site for order in plan.orders}
        | {held.site for held in plan.holdings}
        | {move.from_site for move in plan.moves}
        | {move.to_site for move in plan.moves}
        | {phase.site for phase in plan.phases}
        | {build.site for build in plan.builds}
        | {conversion.site for conversion in plan.conversions}
        | {entry.site for entry in plan.commitments}
    )


def _models(plan: Plan) -> set[str]:
    """Return the ids of every hardware family that a plan touches."""
    return (
        {order.model for order in plan.orders}
        | {held.model for held in plan.holdings}
        | {move.model for move in plan.moves}
    )


def _listed(ids: Iterable[str]) -> str:
    return " and ".join(f"{name!r}" for name in sorted(ids))
