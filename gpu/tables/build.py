# SPDX-License-Identifier: Apache-2.0
"""Study and plans as dense tables for the kernel: what it reads besides its draws.

Every number comes from the functions of `models` that the monthly engine uses itself;
places are named in `gpu.kernel.layout`. What does not belong here: the market's part
(`gpu.tables.market`), a plan's (`gpu.tables.plan`) and a site's (`gpu.tables.site`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gpu.kernel import layout as at
from gpu.liquidity import covenants, has_btc_loan
from gpu.numpy_engine import project_sites
from gpu.tables.market import add_gpus, add_market
from gpu.tables.plan import add_company, add_plan, loss_series
from gpu.tables.site import FateRows
from gpu.tables.store import Store
from models.finance import discount_factors
from models.market import correlation_root
from models.market_parameters import FACTORS
from models.plan_fit import require_fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray, IntArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["Tables", "make_tables"]


@dataclass(frozen=True, slots=True)
class Tables:
    """What the kernel reads, and how long its scratch arrays must be.

    Parameters
    ----------
    data : ndarray of shape (n,)
        Numbers. [mixed]
    ints : ndarray of int of shape (m,)
        Header and places. [unitless]
    n_periods, n_sites, n_plans : int
        Sizes; plans include the baseline, which comes first. [unitless]
    has_baseline : bool
        Whether the first plan is one.
    projects : tuple of str
        Sites with a series of their own.
    wanted : tuple of tuple of str
        Of each plan, the projects with columns.
    covenants : tuple of tuple of str
        Of each plan, its facilities with a covenant.
    has_loan : tuple of bool
        Of each plan, whether it ever owes on BTC.
    n_fates, n_losses : int
        Clients who can default; histories of losses that can expire. [unitless]
    """

    data: FloatArray
    ints: IntArray
    n_periods: int
    n_sites: int
    n_plans: int
    has_baseline: bool
    projects: tuple[str, ...]
    wanted: tuple[tuple[str, ...], ...]
    covenants: tuple[tuple[str, ...], ...]
    has_loan: tuple[bool, ...]
    n_fates: int
    n_losses: int

    @property
    def n_covenants(self) -> int:
        """Covenants of all plans."""
        return sum(len(names) for names in self.covenants)

    @property
    def n_columns_per_plan(self) -> int:
        """Columns of the result for each plan."""
        return at.N_PLAN_COLUMNS + (1 + len(self.projects)) * at.SERIES_COLUMNS

    @property
    def n_columns(self) -> int:
        """Columns of the result: plans, covenants, density ratio."""
        own = self.n_plans * self.n_columns_per_plan
        return own + self.n_covenants * at.COVER_COLUMNS + 1

    @property
    def n_history_rows(self) -> int:
        """Rows of the history."""
        series = self.n_plans * (1 + len(self.projects)) * (self.n_periods + 1)
        return series + (self.n_covenants + self.n_losses) * self.n_periods


def make_tables(
    study: Study,
    plans: Sequence[Plan],
    baseline: Plan | None,
    *,
    has_sites: bool = True,
) -> Tables:
    """Return the tables of some plans on the same scenarios.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score.
    baseline : Plan or None
        Business as usual.
    has_sites : bool
        Whether sites are valued as projects, with NPV and IRR of their own.

    Raises
    ------
    ValueError
        If a plan's months differ from the study's.
    DataError
        If a plan names what the study does not have.
    """
    every = (*(() if baseline is None else (baseline,)), *plans)
    for plan in every:
        require_fit(study, plan)
    wanted = tuple(
        project_sites(study, plan, baseline) if has_sites else () for plan in every
    )
    named = {site for sites in wanted for site in sites}
    projects = tuple(site.id for site in study.sites if site.id in named)
    store, fates = Store(at.HEADER_LENGTH), FateRows(study)
    n_periods = study.time.months
    sizes = {
        at.N_PERIODS: n_periods,
        at.N_SITES: len(study.sites),
        at.N_GPUS: len(study.gpus),
        at.N_PLANS: len(every),
        at.HAS_BASELINE: int(baseline is not None),
        at.N_PROJECTS: len(projects),
        at.TAX_SITE: study.site_index(study.company.tax_site),
    }
    for place, size in sizes.items():
        store.ints[place] = size
    store.ints[at.USES_GPUS] = int(_uses_gpus(study, every))
    add_market(store, study)
    add_gpus(store, study)
    add_company(store, study)
    _add_projects(store, study, projects, wanted)
    facilities = tuple(covenants(study, plan) for plan in every)
    n_covenants = sum(len(own) for own in facilities)
    series = len(every) * (1 + len(projects)) * (n_periods + 1)
    store.ints[at.COVENANT_ROWS] = series
    store.ints[at.N_COVENANTS] = n_covenants
    losses = loss_series(study, len(every), series + n_covenants * n_periods)
    add_plan(store, study, every, facilities, losses, fates)
    store.ints[at.N_FATES] = len(fates.streams)
    store.ints[at.FATES] = store.add_ints(fates.streams)
    return Tables(
        data=store.floats(),
        ints=np.array(store.ints, dtype=np.int64),
        n_periods=n_periods,
        n_sites=len(study.sites),
        n_plans=len(every),
        has_baseline=baseline is not None,
        projects=projects,
        wanted=wanted,
        covenants=tuple(tuple(f.id for f in own) for own in facilities),
        has_loan=tuple(has_btc_loan(study, plan) for plan in every),
        n_fates=len(fates.streams),
        n_losses=len(losses),
    )


def _uses_gpus(study: Study, plans: Sequence[Plan]) -> bool:
    """Return whether any future of a plan depends on the draws of GPU markets."""
    gpus = {gpu.id for gpu in study.gpus}
    leases = {offer.id for offer in study.gpu_offers}
    has_gpus = any(
        any(held.model in gpus for held in plan.holdings)
        or any(taken.offer in leases for taken in plan.offers)
        for plan in plans
    )
    # Factors behind them in the order of the root may move with them.
    own = [FACTORS.index(name) for name in ("gpu_rent", "gpu_utilisation")]
    root = correlation_root(study.market)[max(own) + 1 :, own]
    return has_gpus or bool(root.any())


def _add_projects(
    store: Store,
    study: Study,
    projects: tuple[str, ...],
    wanted: tuple[tuple[str, ...], ...],
) -> None:
    """Add discount factors, the sites that are projects, and whose columns count."""
    n_periods = study.time.months
    rate = study.company.discount_rate_per_year
    store.ints[at.DISCOUNT] = store.add(discount_factors(rate, n_periods))
    hurdles = [
        discount_factors(study.site(site).hurdle_rate_per_year, n_periods)
        for site in projects
    ]
    store.ints[at.HURDLE_DISCOUNT] = store.add(np.array(hurdles).ravel())
    store.ints[at.PROJECT_SITES] = store.add_ints(
        [study.site_index(site) for site in projects]
    )
    has_baseline = store.ints[at.HAS_BASELINE]
    flags: list[int] = []
    for own in wanted:
        flags.append(has_baseline)
        flags += [int(site in own) for site in projects]
    store.ints[at.PROJECT_WANTED] = store.add_ints(flags)
