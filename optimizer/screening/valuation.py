# SPDX-License-Identifier: Apache-2.0
"""What a project adds: alone, and on top of business as usual, by the engine alone.

Flows are incremental, after tax, unlevered. What does not belong here: loans on them
(`optimizer.screening.financing`), their statistics (`optimizer.screening.scores`) and
re-optimised plans (`optimizer.screening.reoptimisation`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.ledger import discount
from models.site_accounts import site_accounts
from optimizer.screening.horizon import one_site
from optimizer.screening.projects import combined
from optimizer.screening.usual import empty_plan

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.site_accounts import SiteAccounts
    from models.study import Study
    from optimizer.screening.projects import Project
    from optimizer.screening.usual import Leaving, Usual

__all__ = ["Flows", "SiteBench"]


def _empty() -> FloatArray:
    return np.zeros((0, 0))


@dataclass(frozen=True, slots=True)
class Flows:
    """Flows of a plan at one site, or of what a project adds.

    Parameters
    ----------
    flow_usd : ndarray of shape (n_scenarios, n_periods + 1)
        After tax, unlevered. [USD]
    terminal_usd : ndarray of shape (n_scenarios,)
        End-of-horizon values in the last flow. [USD]
    invested_usd : ndarray of shape (n_scenarios,)
        Paid for builds, machines and deposits. [USD]
    cash_usd : ndarray of shape (n_scenarios, n_periods)
        What of the flows may serve debt, after tax. [USD]
    profit_usd : ndarray of shape (n_scenarios, n_periods)
        Taxable profit before losses brought forward. [USD]
    early_relief_usd : ndarray of shape (n_scenarios,)
        Tax saved by write-off ahead of straight line. [USD]
    financed_usd : ndarray of shape (n_kinds, n_periods)
        Paid in the first scenario for what debt of each kind may finance. [USD]

    Notes
    -----
    The last four are empty where nothing is to be financed.
    """

    flow_usd: FloatArray
    terminal_usd: FloatArray
    invested_usd: FloatArray
    cash_usd: FloatArray = field(default_factory=_empty)
    profit_usd: FloatArray = field(default_factory=_empty)
    early_relief_usd: FloatArray = field(default_factory=_empty)
    financed_usd: FloatArray = field(default_factory=_empty)

    @classmethod
    def of(cls, study: Study, accounts: SiteAccounts) -> Flows:
        """Return the flows of the only site of some accounts, after its tax."""
        flow, cash = accounts.taxed_usd(study)
        return cls(
            flow[:, 0],
            accounts.terminal_usd[:, 0],
            accounts.invested_usd[:, 0],
            cash[:, 0],
            accounts.profit_usd[:, 0],
            accounts.early_relief_usd[:, 0],
            accounts.financed_usd[:, 0],
        )

    def less(self, other: Flows) -> Flows:
        """Return these flows less others of the same shape."""
        return Flows(
            self.flow_usd - other.flow_usd,
            self.terminal_usd - other.terminal_usd,
            self.invested_usd - other.invested_usd,
            self.cash_usd - other.cash_usd,
            self.profit_usd - other.profit_usd,
            self.early_relief_usd - other.early_relief_usd,
            self.financed_usd - other.financed_usd,
        )


@dataclass(slots=True)
class SiteBench:
    """Values the projects of one site on given paths.

    Parameters
    ----------
    study : Study
        Study over the horizon of the screening, all sites.
    usual : Usual
        Business as usual of the site.
    """

    study: Study
    usual: Usual
    with_fleet: Study = field(init=False)
    bare: Study = field(init=False)

    def __post_init__(self) -> None:
        """Cut the study to the site, with and without its opening fleet."""
        name = self.usual.site.id
        self.with_fleet = one_site(self.study, name)
        self.bare = one_site(self.study, name, is_bare=True)

    @property
    def has_present_use(self) -> bool:
        """Whether the site earns, owes or writes off anything today."""
        return bool(self.usual.occupants) or self.usual.site.contracted_mw > 0.0

    def alone(self, project: Project, paths: MarketPaths) -> Flows:
        """Return what a project earns alone, as a company of its own.

        Parameters
        ----------
        project : Project
            Project of this site.
        paths : MarketPaths
            Paths of this site. [mixed]

        Returns
        -------
        Flows
            The plan of the project less the plan without any decision, at the site
            without its fleet; taxed on the difference. Existing space is free.
        """
        empty = site_accounts(self.bare, empty_plan(self.bare, "empty"), paths)
        whole = site_accounts(self.bare, project.plan(self.bare), paths)
        return Flows.of(self.bare, whole.less(empty))

    def flows(
        self, plan: Plan, paths: MarketPaths, *, study: Study | None = None
    ) -> Flows:
        """Return the flows of the whole site under a plan.

        Parameters
        ----------
        plan : Plan
            Plan of this site.
        paths : MarketPaths
            Paths of this site. [mixed]
        study : Study, optional
            The site's study with other terms.
        """
        terms = self.with_fleet if study is None else study
        return Flows.of(terms, site_accounts(terms, plan, paths))

    def leaving(self, project: Project) -> tuple[Leaving, ...] | None:
        """Return who makes room for a project; None when that cannot be."""
        taking = project.space.taking
        if taking is None:
            return ()
        return self.usual.leaving(
            taking.kind, taking.mw, taking.since, keep=project.model
        )

    def usual_plan(self, leaving: tuple[Leaving, ...] = ()) -> Plan:
        """Return business as usual of the site, without those who make room."""
        return self.usual.plan(self.with_fleet, leaving)

    def with_project(self, project: Project, leaving: tuple[Leaving, ...]) -> Plan:
        """Return business as usual with a project in the room that others left."""
        return combined(self.with_fleet, self.usual_plan(leaving), project)

    def baseline(self, leaving: tuple[Leaving, ...], base_path: MarketPaths) -> Plan:
        """Return the plan that a project is counted from.

        Business as usual; but where those who make room are worth less than nothing,
        business as usual without them: stopping them needs no project, so no project is
        credited with it.

        Parameters
        ----------
        leaving : tuple of Leaving
            Who makes room.
        base_path : MarketPaths
            Base path of the site. [mixed]
        """
        usual = self.usual_plan()
        if not leaving:
            return usual
        without = self.usual_plan(leaving)
        rate = self.usual.site.hurdle_rate_per_year
        kept, gone = (
            float(discount(self.flows(plan, base_path).flow_usd, rate)[0])
            for plan in (usual, without)
        )
        return without if gone > kept else usual
