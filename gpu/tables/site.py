# SPDX-License-Identifier: Apache-2.0
"""What a plan does at one site, in the kernel's tables.

Whatever follows one price alone is added up beforehand: fixed money, money per unit of
the power price, per unit of build cost. What does not belong here: machines, GPUs and
contracts (`gpu.tables.lines`), which follow more than one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gpu.kernel import layout as at
from gpu.sampling.draws import CLIENT_STREAM
from gpu.tables.lines import add_asics, add_contracts, add_pools, add_used_asics
from models.capacity import (
    SHELL_KINDS,
    commitment_mw,
    energised_mw,
    running_share,
)
from models.clients import client_slot
from models.contracts import gpu_deposit_usd
from models.depreciation import opening_write_off_usd, write_off
from models.fleet import asic_rates
from models.machine_prices import asic_move_usd
from models.plan_items import (
    build_payments_usd,
    built_worth_usd,
    cohort_units,
    plant_builds,
    purchases,
)
from models.power import commitment_cost_usd, demand_charge_usd
from models.units import month_hours_h

if TYPE_CHECKING:
    from gpu.tables.store import Store
    from models.arrays import FloatArray
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.plan import Plan
    from models.site import Site
    from models.study import Study

__all__ = ["FateRows", "add_site"]


class FateRows:
    """Rows of clients' fates: one for each contract that can default.

    Parameters
    ----------
    study : Study
        Study of the offers.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self.streams: list[int] = []
        """Philox stream of each row, as `gpu.sampling.scenarios` numbers them."""

    def row(self, offer: HostingOffer | GpuLeaseOffer) -> int:
        """Return the row of an offer's client, -1 if he cannot default."""
        if offer.default_rate_per_year == 0.0:
            return -1
        site = self._study.site_index(offer.site)
        stream = CLIENT_STREAM * (site + 1) + client_slot(self._study, offer)
        if stream not in self.streams:
            self.streams.append(stream)
        return self.streams.index(stream)


def add_site(
    store: Store,
    study: Study,
    plan: Plan,
    site: int,
    losses_row: int,
    fates: FateRows,
) -> list[int]:
    """Add a plan's tables at a site.

    Parameters
    ----------
    store : Store
        Tables so far.
    study : Study
        Study of the plan.
    plan : Plan
        Plan.
    site : int
        Place in the study. [unitless]
    losses_row : int
        First history row of its losses, -1 if none expires. [unitless]
    fates : FateRows
        Rows of clients' fates.

    Returns
    -------
    list of int
        The site's head, `gpu.kernel.layout.SITE_HEAD` long.
    """
    place, n_periods = study.sites[site], study.time.months
    series = np.zeros((at.SITE_ROWS, n_periods))
    scalars = np.zeros(at.SITE_SCALARS_LENGTH)
    scalars[at.MINING_VAT] = study.tax_regime(place).mining_vat_frac
    late = _add_late(store, study, plan, site)
    _add_fixed(study, plan, place, series, scalars)
    _add_assets(study, plan, place, series, scalars)
    if late < 0:
        energised = energised_mw(study, plan)[site]
        series[at.FIXED_TAXED] -= demand_charge_usd(place, energised)
    pools, n_pools = add_pools(store, study, plan, place)
    contracts, n_contracts = add_contracts(store, study, plan, place, fates.row)
    head = {
        at.SITE_SERIES: store.add(series),
        at.SITE_SCALARS: store.add(scalars),
        at.SITE_TAX: _add_tax(store, study, place),
        at.SITE_LATE: late,
        at.SITE_DEMAND: _add_late_demand(store, study, plan, site) if late >= 0 else -1,
        at.SITE_CREDIT: _add_credit(store, study, plan, place),
        at.SITE_ASICS: add_asics(store, study, plan, place),
        at.SITE_RESALE: add_used_asics(store, study, plan, place),
        at.SITE_POOLS: pools,
        at.SITE_N_POOLS: n_pools,
        at.SITE_CONTRACTS: contracts,
        at.SITE_N_CONTRACTS: n_contracts,
        at.SITE_LOSSES: losses_row,
        at.SITE_IS_IDLE: 0,
    }
    is_held = any(held.site == place.id for held in plan.holdings)
    has_lines = is_held or n_pools > 0 or n_contracts > 0
    drawn = {draw.facility for draw in plan.debt_draws}
    facilities = study.company.debt_facilities
    is_lent = any(f.site == place.id and f.id in drawn for f in facilities)
    has_money = bool(series.any()) or bool(scalars[at.TERMINAL_FIXED :].any())
    is_late = late >= 0 or head[at.SITE_CREDIT] >= 0
    if not (has_lines or has_money or is_lent or is_late):
        # The tax group's own site carries the company's profit, and project debt is
        # tested on the cash of its site, be it none.
        head[at.SITE_IS_IDLE] = int(place.id != study.company.tax_site)
    return [head[k] for k in range(at.SITE_HEAD)]


def _add_tax(store: Store, study: Study, place: Site) -> int:
    terms = study.tax_terms(place)
    values = {
        at.TAX_RATE: terms.rate_frac,
        at.LOSS_CAP: terms.loss_use_cap_frac,
        at.WITHHOLDING: terms.withholding_frac,
        at.RELIEF: terms.relief_frac,
        at.LOSS_LIFE: float(terms.loss_life_months or 0),
    }
    own = [values[k] for k in range(at.TAX_SHARES)]
    return store.add([*own, *terms.taxable_frac])


def _add_late(store: Store, study: Study, plan: Plan, site: int) -> int:
    """Add the share of load that runs by delay; -1 if no delay changes anything."""
    n_periods = study.time.months
    shares = [running_share(study, plan, d)[site] for d in range(n_periods + 1)]
    on_time = energised_mw(study, plan)[site]
    # Past the horizon every delay is alike.
    never = energised_mw(study, plan, n_periods)[site]
    table = np.array(shares)
    if bool((table == 1.0).all()) and bool((on_time == never).all()):
        return -1
    return store.add(table)


def _add_late_demand(store: Store, study: Study, plan: Plan, site: int) -> int:
    """Add demand charges by delay."""
    place, n_periods = study.sites[site], study.time.months
    charges = [
        demand_charge_usd(place, energised_mw(study, plan, delay)[site])
        for delay in range(n_periods + 1)
    ]
    return store.add(np.array(charges))


def _add_credit(store: Store, study: Study, plan: Plan, place: Site) -> int:
    """Add credits for load by kind of shell; -1 if there are none."""
    credit = np.zeros((len(SHELL_KINDS), study.time.months))
    for (model, site_id, cohort), units in cohort_units(
        study, plan, gpus=False
    ).items():
        if site_id == place.id:
            asic = study.asic(model)
            rates = asic_rates(study, place, asic, cohort)
            kind = SHELL_KINDS.index(asic.shell)
            credit[kind] += rates.demand_response_usd_per_month * units
    return store.add(credit) if credit.any() else -1


def _add_fixed(
    study: Study, plan: Plan, place: Site, series: FloatArray, scalars: FloatArray
) -> None:
    """Count money that no future changes, and the partner's commitment."""
    n_periods = study.time.months
    cohorts = cohort_units(study, plan, gpus=False)
    for (model, site_id, cohort), units in cohorts.items():
        if site_id == place.id:
            rates = asic_rates(study, place, study.asic(model), cohort)
            series[at.FIXED_TAXED] -= rates.opex_usd_per_month * units
    for move in plan.moves:
        if move.to_site == place.id:
            from_site = study.site(move.from_site)
            asic = study.asic(move.model)
            each = asic_move_usd(study, asic, move.cohort_period, from_site, place)
            cost = each[move.period] * move.units
            series[at.FIXED_TAXED, move.period] -= cost
    leases = {offer.id: offer for offer in study.gpu_offers}
    for taken in plan.offers:
        offer = leases.get(taken.offer)
        if offer is not None and offer.site == place.id:
            deposit = gpu_deposit_usd(study, offer)
            series[at.FIXED_UNTAXED, taken.since] += deposit
            if taken.until < n_periods:
                series[at.FIXED_UNTAXED, taken.until] -= deposit
            else:
                scalars[at.TERMINAL_FIXED] -= deposit
    hours = month_hours_h(study.time.start_month, n_periods)
    committed = commitment_mw(study, plan)[study.site_index(place.id)]
    series[at.POWER_COST] += commitment_cost_usd(place, committed, hours)


def _add_assets(
    study: Study, plan: Plan, place: Site, series: FloatArray, scalars: FloatArray
) -> None:
    """Count purchases and builds, their write-off and their worth at the horizon."""
    series[at.WRITE_OFF] += opening_write_off_usd(place, study.time.months)
    for bought in purchases(study, plan):
        if bought.site == place.id:
            schedule = write_off(
                study, place, bought.kind, bought.cost_usd, bought.live
            )
            series[at.FIXED_UNTAXED, bought.period] -= bought.cost_usd
            series[at.WRITE_OFF] += schedule.monthly_usd
            scalars[at.EARLY_RELIEF] += schedule.early_relief_usd
    for build in plant_builds(study, plan):
        if build.site == place.id:
            schedule = write_off(study, place, "plant", build.cost_usd, build.live)
            series[at.CAPEX_PAID] += build_payments_usd(study, build)
            series[at.WRITE_OFF_SCALED] += schedule.monthly_usd
            scalars[at.EARLY_RELIEF_SCALED] += schedule.early_relief_usd
            scalars[at.TERMINAL_FIXED] += built_worth_usd(study, build)
