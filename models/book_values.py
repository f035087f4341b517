# SPDX-License-Identifier: Apache-2.0
"""Book values: accounting depreciation of machines and plant, and what is left of them.

Straight line over the accounting lives of a tax regime, whatever tax law allows:
machines from delivery, plant from the month it is live. Machines of one model that
first run in one month are one pool at average cost; what is sold or retired leaves the
pool at its book value. What does not belong here: tax depreciation (`models.book`) and
the statements (`models.statements`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from models.builds import payments_usd, straight_line_usd
from models.capacity import SHELL_KINDS
from models.machine_prices import asic_price_usd, gpu_price_usd
from models.segments import POWER, SEGMENTS, segment_share_frac

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.paths import MarketPaths
    from models.plan import Order, Plan
    from models.study import Study

__all__ = ["AssetAccount", "BookValues", "book_values", "kept_frac"]

_Pool: TypeAlias = "tuple[str, int]"
# Pool, units, depreciation, cost held and factor of each scenario.
_Schedule: TypeAlias = "tuple[_Pool, float, FloatArray, FloatArray, FloatArray]"


@dataclass(frozen=True, slots=True)
class AssetAccount:
    """Book value of one class of assets: opening + added - written off = closing.

    Parameters
    ----------
    balance_usd : ndarray of shape (n_scenarios, n_periods + 1)
        Net book value; index 0 the opening, index t + 1 the end of month t. [USD]
    added_usd, depreciation_usd, disposed_usd : ndarray of shape \
(n_scenarios, n_periods)
        Paid for; depreciated; book value of what was sold or retired. All >= 0. [USD]
    """

    balance_usd: FloatArray
    added_usd: FloatArray
    depreciation_usd: FloatArray
    disposed_usd: FloatArray


@dataclass(frozen=True, slots=True)
class BookValues:
    """Book values of everything owned but money and BTC.

    Parameters
    ----------
    asics, gpus, plant : AssetAccount
        Mining machines, GPU nodes, and power with shells; payments before delivery
        or completion are part of them and not yet depreciated.
    plant_depreciation_usd : ndarray of shape (n_scenarios, n_segments, n_periods)
        Depreciation of plant by the segment that uses it. [USD]
    """

    asics: AssetAccount
    gpus: AssetAccount
    plant: AssetAccount
    plant_depreciation_usd: FloatArray


def book_values(
    study: Study,
    plan: Plan,
    paths: MarketPaths,
    *,
    asics_paid_usd: FloatArray,
    gpus_paid_usd: FloatArray,
    plant_paid_usd: FloatArray,
) -> BookValues:
    """Return book values of machines and plant in every scenario.

    Parameters
    ----------
    study : Study
        Study the plan belongs to.
    plan : Plan
        Decisions.
    paths : MarketPaths
        Futures; delays postpone depreciation of plant. [mixed]
    asics_paid_usd, gpus_paid_usd, plant_paid_usd : ndarray of shape \
(n_scenarios, n_sites, n_periods)
        What the ledger paid for each class, >= 0: the cost that is capitalised, import
        duty and overruns included. [USD]

    Returns
    -------
    BookValues
        On the array module of the payments.

    Notes
    -----
    Nothing is impaired: a book value above what the asset would fetch stays until it
    is depreciated or disposed of. NaN propagates.
    """
    gpu_ids = {gpu.id for gpu in study.gpus}
    plant = _Plant(study, plan, paths, plant_paid_usd)
    return BookValues(
        asics=_machines(
            study,
            plan,
            tuple(o for o in plan.orders if o.model not in gpu_ids),
            asics_paid_usd,
            with_opening=True,
        ),
        gpus=_machines(
            study,
            plan,
            tuple(o for o in plan.orders if o.model in gpu_ids),
            gpus_paid_usd,
            with_opening=False,
        ),
        plant=plant.account(),
        plant_depreciation_usd=plant.depreciation_usd,
    )


def _account(
    opening_usd: float,
    added: FloatArray,
    depreciation: FloatArray,
    disposed: FloatArray,
) -> AssetAccount:
    n_scenarios, n_periods = added.shape
    balance = np.zeros_like(added, shape=(n_scenarios, n_periods + 1))
    balance[:, 0] = opening_usd
    balance[:, 1:] = opening_usd + np.cumsum(added - depreciation - disposed, axis=1)
    return AssetAccount(balance, added, depreciation, disposed)


# -- machines ---------------------------------------------------------------------


def _machines(
    study: Study,
    plan: Plan,
    orders: tuple[Order, ...],
    paid_usd: FloatArray,
    *,
    with_opening: bool,
) -> AssetAccount:
    """Return the account of one family of machines."""
    n_periods = study.time.months
    added = paid_usd.sum(axis=1)
    depreciation, disposed = np.zeros_like(added), np.zeros_like(added)
    opening_usd = 0.0
    schedules: list[_Schedule] = []
    ones = np.ones_like(added[:, 0])
    if with_opening:
        for place in study.sites:
            for cohort in place.opening_fleet:
                opening_usd += cohort.book_value_usd
                life = max(cohort.remaining_life_months, 1)
                written = straight_line_usd(cohort.book_value_usd, 0, life, n_periods)
                held = np.full(n_periods, cohort.book_value_usd)
                pool = cohort.model, -cohort.age_months
                schedules.append((pool, cohort.units, written, held, ones))
    schedules += _bought(study, orders, paid_usd)
    pooled: dict[_Pool, float] = defaultdict(float)
    for pool, units, *_ in schedules:
        pooled[pool] += units
    kept = {pool: kept_frac(study, plan, pool, units) for pool, units in pooled.items()}
    for pool, _, written, held, scale in schedules:
        share = kept[pool]
        before = np.concatenate(([1.0], share[:-1]))
        # Machines leave at the start of their month, before its depreciation.
        book = held - np.concatenate(([0.0], np.cumsum(written)[:-1]))
        gone = (before - share) * book
        still = np.asarray(written * share, like=scale)
        depreciation = depreciation + scale[:, None] * still
        disposed = disposed + scale[:, None] * np.asarray(gone, like=scale)
    return _account(opening_usd, added, depreciation, disposed)


def _bought(
    study: Study, orders: tuple[Order, ...], paid_usd: FloatArray
) -> list[_Schedule]:
    """Return pool, units, depreciation, cost held and scenario scale of each order.

    The ledger's payment of a site and month is split between its orders by list price.
    """
    n_periods = study.time.months
    gpu_ids = {gpu.id for gpu in study.gpus}
    costs: list[tuple[Order, float, int, int, float]] = []
    listed: dict[tuple[int, int], float] = defaultdict(float)
    for order in orders:
        index = study.site_index(order.site)
        site = study.sites[index]
        regime = study.tax_regime(site)
        if order.model in gpu_ids:
            gpu = study.gpu(order.model)
            units, life = float(order.lots * gpu.lot_nodes), regime.gpu_life_months
            price = gpu_price_usd(site, gpu, n_periods)[order.period]
            live = order.period + gpu.delivery_months
        else:
            asic = study.asic(order.model)
            units, life = float(order.lots * asic.lot_units), regime.asic_life_months
            price = asic_price_usd(site, asic, n_periods)[order.period]
            live = order.period + asic.delivery_months
        if units > 0.0:
            cost = float(units * price)
            costs.append((order, units, live, life, cost))
            listed[index, order.period] += cost
    found: list[_Schedule] = []
    for order, units, live, life, cost in costs:
        index = study.site_index(order.site)
        total = listed[index, order.period]
        scale = paid_usd[:, index, order.period] / (total if total > 0.0 else 1.0)
        held = np.zeros(n_periods)
        held[order.period :] = cost
        written = straight_line_usd(cost, live, life, n_periods)
        found.append(((order.model, live), units, written, held, scale))
    return found


def kept_frac(
    study: Study, plan: Plan, pool: tuple[str, int], units: float
) -> FloatArray:
    """Return which share of a pool's machines a plan still owns.

    Parameters
    ----------
    study : Study
        Study of the plan.
    plan : Plan
        Decisions.
    pool : tuple of str and int
        Family, and period in which its machines' age is zero. [period]
    units : float
        Machines that came into the pool. [units]

    Returns
    -------
    ndarray of shape (n_periods,)
        Share, never rising. [share 0-1]
    """
    n_periods = study.time.months
    there = np.zeros(n_periods)
    for held in plan.holdings:
        if (held.model, held.cohort_period) == pool:
            there[held.since : held.until] += held.units
    for move in plan.moves:
        if (move.model, move.cohort_period) == pool:
            arrival = _arrival(plan, pool, move.to_site, move.period, n_periods)
            there[move.period : arrival] += move.units
    # A machine that stands somewhere later is owned now, be it in store.
    owned = np.maximum.accumulate(there[::-1])[::-1]
    share = np.minimum(owned / units, 1.0) if units > 0.0 else np.ones(n_periods)
    # Plans balance machines to a solver's rounding, which retires nothing.
    share = np.where(np.abs(share - 1.0) < 1e-9, 1.0, share)
    share[: max(pool[1], 0)] = 1.0
    return np.asarray(np.minimum.accumulate(share))


def _arrival(plan: Plan, pool: _Pool, site: str, period: int, n_periods: int) -> int:
    """Return the period in which machines moved in a period stand at their new site."""
    later = [
        held.since
        for held in plan.holdings
        if (held.model, held.cohort_period) == pool
        and held.site == site
        and held.since > period
    ]
    return min(later, default=n_periods)


# -- plant ------------------------------------------------------------------------


class _Plant:
    """Adds up power and shells; lives for one evaluation."""

    def __init__(
        self, study: Study, plan: Plan, paths: MarketPaths, paid_usd: FloatArray
    ) -> None:
        self._study, self._paid = study, paid_usd
        self._delays = paths.delay_months
        self._share = segment_share_frac(study, plan)
        n_scenarios, _, n_periods = paid_usd.shape
        self.depreciation_usd = np.zeros_like(
            paid_usd, shape=(n_scenarios, len(SEGMENTS), n_periods)
        )
        self._opening_usd = 0.0
        for index, site in enumerate(study.sites):
            self._opening_usd += site.plant_book_value_usd
            written = straight_line_usd(
                site.plant_book_value_usd,
                0,
                max(site.plant_remaining_life_months, 1),
                n_periods,
            )
            self._post(index, POWER, np.asarray(written, like=paid_usd)[None])
        works = _works(study, plan)
        planned = np.zeros((len(study.sites), n_periods))
        for index, _, cost, start, lead in works:
            planned[index] += payments_usd(cost, start, lead, n_periods)
        for index, row, cost, start, lead in works:
            self._add_work(index, row, cost, start, lead, planned[index, start])

    def account(self) -> AssetAccount:
        """Return the account of all plant."""
        added = self._paid.sum(axis=1)
        written = self.depreciation_usd.sum(axis=1)
        return _account(self._opening_usd, added, written, np.zeros_like(added))

    def _post(self, site: int, row: int, written: FloatArray) -> None:
        """Add depreciation, (n_scenarios or 1, n_periods), to the segments' own."""
        share = np.asarray(self._share[site, row], like=self._paid)
        self.depreciation_usd += written[:, None, :] * share[None]

    def _add_work(
        self, site: int, row: int, cost: float, start: int, lead: int, planned: float
    ) -> None:
        """Write off a work from the month it is live, late or not."""
        study, n_periods = self._study, self._paid.shape[2]
        life = study.tax_regime(study.sites[site]).plant_life_months
        late = self._delays[:, site]
        table = np.stack(
            [
                straight_line_usd(cost, start + lead + months, life, n_periods)
                for months in range(int(late.max()) + 1)
            ]
        )
        # What was paid over what was planned holds overruns and taxes on the work.
        scale = self._paid[:, site, start] / (planned if planned > 0.0 else 1.0)
        written = np.asarray(table, like=self._paid)[late] * scale[:, None]
        self._post(site, row, written)


def _works(study: Study, plan: Plan) -> list[tuple[int, int, float, int, int]]:
    """Return site, row of space, cost, start and lead time of everything built."""
    works = []
    for phase in plan.phases:
        site = study.site_index(phase.site)
        power = next(p for p in study.sites[site].phases if p.id == phase.phase)
        lead = power.lead_time_months
        works.append((site, POWER, power.capex_usd, phase.period, lead))
    for built in plan.builds:
        site = study.site_index(built.site)
        shell = study.sites[site].shell(built.kind)
        if shell is not None and shell.build is not None:
            new = shell.build
            cost = new.capex_usd_per_mw * new.module_mw * built.modules
            row = SHELL_KINDS.index(built.kind)
            works.append((site, row, cost, built.period, new.lead_time_months))
    for change in plan.conversions:
        site = study.site_index(change.site)
        kinds = study.sites[site].conversions
        work = next(c for c in kinds if c.id == change.conversion)
        cost = work.capex_usd_per_mw * work.module_mw * change.modules
        row = SHELL_KINDS.index(work.to_kind)
        works.append((site, row, cost, change.period, work.lead_time_months))
    return works
