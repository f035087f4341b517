# SPDX-License-Identifier: Apache-2.0
"""Candidate projects: site x space x line and hardware x size x start month.

A project is a small plan: what it builds, orders and signs, and what present use gives
up for it. What does not belong here: what it earns (`optimizer.screening.valuation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optimizer.screening.usual import empty_plan, with_commitments

if TYPE_CHECKING:
    from models.plan import Holding, OfferAcceptance, Order, Plan
    from models.study import Study
    from optimizer.screening.space import Space

__all__ = ["Project", "combined", "project_of"]


@dataclass(frozen=True, slots=True)
class Project:
    """One candidate.

    Parameters
    ----------
    id : str
        Site, space, shell kind, asset, size (not with an offer, which says it) and
        month, with slashes between.
    site, line, kind : str
        Site, business line and shell kind (empty where it needs none).
    asset : str
        Hardware family, or the offers signed.
    model : str
        Hardware family bought; empty if none.
    gpu : str
        GPU family whose rent matters; empty if none.
    space : Space
        Space, power and stages.
    mw : float
        Facility power that machines or clients take. [MW]
    start, live, end : int
        First payment or start of work; first period of use; when the last machine is
        sold or the last contract ends. [period]
    orders, holdings, offers : tuple
        Decisions beside those of the space.
    """

    id: str
    site: str
    line: str
    kind: str
    asset: str
    model: str
    gpu: str
    space: Space
    mw: float
    start: int
    live: int
    end: int
    orders: tuple[Order, ...] = ()
    holdings: tuple[Holding, ...] = ()
    offers: tuple[OfferAcceptance, ...] = ()

    @property
    def family(self) -> str:
        """What it has in common with its other sizes and start months."""
        return "/".join((self.site, self.space.how, self.kind or "-", self.asset))

    @property
    def n_units(self) -> float:
        """Machines or GPU nodes bought [units]."""
        return sum(held.units for held in self.holdings)

    def plan(self, study: Study) -> Plan:
        """Return the project alone as a plan.

        Parameters
        ----------
        study : Study
            Study over the horizon the project was made for.
        """
        plan = empty_plan(study, self.id).model_copy(update=self._decisions())
        return with_commitments(study, plan, is_opening=False)

    def _decisions(self) -> dict[str, object]:
        return {
            "orders": self.orders,
            "holdings": self.holdings,
            "offers": self.offers,
            "phases": self.space.phases,
            "builds": self.space.builds,
            "conversions": self.space.conversions,
        }


def combined(study: Study, usual: Plan, project: Project) -> Plan:
    """Return business as usual with a project on top.

    Parameters
    ----------
    study : Study
        Study of both.
    usual : Plan
        Business as usual, those who make room already gone.
    project : Project
        Project.

    Returns
    -------
    Plan
        Partner commitments cover both.
    """
    plan = usual.model_copy(
        update={
            **project._decisions(),
            "label": f"business as usual and {project.id}",
            "holdings": (*usual.holdings, *project.holdings),
            "offers": (*usual.offers, *project.offers),
        }
    )
    return with_commitments(study, plan, is_opening=True)


def project_of(
    study: Study,
    *,
    site: str,
    line: str,
    kind: str,
    asset: str,
    space: Space,
    mw: float,
    model: str = "",
    gpu: str = "",
    orders: tuple[Order, ...] = (),
    holdings: tuple[Holding, ...] = (),
    offers: tuple[OfferAcceptance, ...] = (),
) -> Project:
    """Return a project; its periods follow from its parts.

    Parameters
    ----------
    study : Study
        Study.
    site, line, kind, asset, model, gpu : str
        See `Project`.
    space : Space
        Space.
    mw : float
        Facility power used. [MW]
    orders, holdings, offers : tuple
        Decisions.
    """
    starts = [order.period for order in orders] + space.starts
    lives = [held.since for held in holdings] + [taken.since for taken in offers]
    start = min([*starts, *(taken.since for taken in offers)])
    month = study.months[start]
    size = () if space.size == "offer" else (space.size,)
    words = (site, space.how, kind or "-", asset, *size, month)
    return Project(
        id="/".join(words),
        site=site,
        line=line,
        kind=kind,
        asset=asset,
        model=model,
        gpu=gpu,
        space=space,
        mw=mw,
        start=start,
        live=min(lives),
        end=max([h.until for h in holdings] + [taken.until for taken in offers]),
        orders=orders,
        holdings=holdings,
        offers=offers,
    )
