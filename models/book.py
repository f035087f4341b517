# SPDX-License-Identifier: Apache-2.0
"""Book-keeping of one plan: posts what its machines, contracts and builds earn.

`models.cashflow` taxes and closes it; `fleet`, `contracts`, `builds`: what one earns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.capacity import (
    SHELL_KINDS,
    commitment_mw,
    energised_mw,
    running_share,
)
from models.clients import paying_share
from models.contracts import (
    contract_remainder_factor,
    gpu_deposit_usd,
    gpu_lease_month,
    hosting_month,
)
from models.depreciation import WriteOff, opening_write_off_usd, write_off
from models.fleet import asic_month, gpu_month
from models.machine_prices import asic_move_usd, asic_resale_usd, gpu_resale_usd
from models.plan_items import (
    build_payments_usd,
    built_worth_usd,
    cohort_units,
    own_pool_frac,
    plant_builds,
    purchases,
)
from models.power import commitment_cost_usd, demand_charge_usd
from models.units import month_hours_h

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.arrays import FloatArray
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.paths import MarketPaths
    from models.plan import Holding, OfferAcceptance, Plan
    from models.site import Site
    from models.study import Study

__all__ = ["Book"]

ALL_MONTHS = slice(None)


def _span(units: FloatArray) -> slice:
    """Return the months from the first to the last with any units, shape (n,)."""
    months = np.flatnonzero(units)
    return slice(int(months[0]), int(months[-1]) + 1) if len(months) else slice(0)


class Book:
    """Collects flows of one plan; lives for one evaluation."""

    def __init__(self, study: Study, plan: Plan, paths: MarketPaths) -> None:
        self.study, self.plan, self.paths = study, plan, paths
        self.n_periods = study.time.months
        shape = (paths.n_scenarios, len(study.sites), self.n_periods)
        like = paths.btc_price_usd
        self.items: dict[str, FloatArray] = {}
        self.depreciation_usd = np.zeros_like(like, shape=shape)
        self.early_relief_usd = np.zeros_like(like, shape=shape[:2])
        """Tax saved by write-off ahead of straight line, (n_scenarios, n_sites)."""
        self.mined_btc = np.zeros_like(like, shape=shape)
        self.mining_mwh = np.zeros_like(like, shape=shape)
        self.gpu_ids = {gpu.id for gpu in study.gpus}
        self._share = self._by_delay(lambda late: running_share(study, plan, late))

    # -- collecting ---------------------------------------------------------------

    def post(
        self, item: str, site: int, flow: FloatArray, months: slice = ALL_MONTHS
    ) -> None:
        """Add a monthly flow, shape (n_months,) or (n_scenarios, n_months) [USD]."""
        monthly = self._array(item)[:, site, 1:]
        monthly[:, months] += np.asarray(flow, like=self.mined_btc)

    def post_terminal(self, item: str, site: int, value: FloatArray | float) -> None:
        """Add a value at the horizon, scalar or shape (n_scenarios,) [USD]."""
        self._array(item)[:, site, -1] += np.asarray(value, like=self.mined_btc)

    def _array(self, item: str) -> FloatArray:
        if item not in self.items:
            n_scenarios, n_sites, n_periods = self.mined_btc.shape
            self.items[item] = np.zeros_like(
                self.mined_btc, shape=(n_scenarios, n_sites, n_periods + 1)
            )
        return self.items[item]

    def _by_delay(self, of_delay: Callable[[int], FloatArray]) -> FloatArray | None:
        """Return (n_scenarios, n_sites, ..., n_periods), None when all is on time.

        Each scenario's delay picks a row of a table with one entry per delay.
        """
        delays = self.paths.delay_months
        longest = int(delays.max())
        if longest == 0:
            return None
        table = np.stack([of_delay(late) for late in range(longest + 1)])
        rows = np.asarray(table, like=self.mined_btc)
        sites = np.asarray(np.arange(len(self.study.sites)), like=self.mined_btc)
        picked: FloatArray = rows[delays, sites[None, :]]
        return picked

    def share(self, site: int, kind: str) -> FloatArray | float:
        """Return the share of load that can run, (n_scenarios, n_periods) or 1."""
        if self._share is None:
            return 1.0
        share: FloatArray = self._share[:, site, SHELL_KINDS.index(kind)]
        return share

    def _pool_share(self, site: int, gpu: str) -> FloatArray | float:
        """Return the share of a site's GPU pool that can run.

        Own nodes wait for a late hall; GPUs leased in stand in their owner's.
        """
        share = self.share(site, "hpc")
        if self.study.sites[site].shell("hpc") is None or isinstance(share, float):
            return 1.0
        own_frac = own_pool_frac(self.study, self.plan, self.study.sites[site].id, gpu)
        return 1.0 - np.asarray(own_frac, like=share) * (1.0 - share)

    # -- machines -----------------------------------------------------------------

    def add_asics(self) -> None:
        """Post mining flows, sales, moves and end values of ASICs."""
        study, paths = self.study, self.paths
        for (model, site_id, cohort), units in cohort_units(
            study, self.plan, gpus=False
        ).items():
            site = study.site_index(site_id)
            asic = study.asic(model)
            month = asic_month(study, study.sites[site], asic, cohort, paths)
            # Only the months in which machines stand there: most cohorts stay a while.
            here = _span(units)
            share = self.share(site, asic.shell)
            live = np.asarray(units[here], like=self.mined_btc) * (
                share if isinstance(share, float) else share[:, here]
            )
            self.mined_btc[:, site, here] += month.btc[:, here] * live
            self.mining_mwh[:, site, here] += month.energy_mwh[:, here] * live
            self.post("mining_revenue", site, month.revenue_usd[:, here] * live, here)
            self.post("mining_energy", site, -month.energy_usd[:, here] * live, here)
            self.post("mining_opex", site, -(month.opex_usd * units)[here], here)
            credit = np.asarray(month.demand_response_usd[here], like=self.mined_btc)
            if month.demand_response_usd.any():
                self.post("demand_response", site, credit * live, here)
        worth: dict[tuple[str, int], FloatArray] = {}
        for held in self.plan.holdings:
            if held.model not in self.gpu_ids and held.ending != "move":
                cohort_key = held.model, held.cohort_period
                if cohort_key not in worth:
                    worth[cohort_key] = asic_resale_usd(
                        study, study.asic(held.model), held.cohort_period, paths
                    )
                self._end(held, worth[cohort_key], "asic")
        self._add_vat_and_opening_write_off()
        for move in self.plan.moves:
            site = study.site_index(move.to_site)
            each = asic_move_usd(
                study,
                study.asic(move.model),
                move.cohort_period,
                study.site(move.from_site),
                study.sites[site],
            )
            when = slice(move.period, move.period + 1)
            self.post("moves", site, -each[when] * move.units, when)

    def _add_vat_and_opening_write_off(self) -> None:
        """Post VAT on mined BTC and write off opening machines, site by site."""
        for site, place in enumerate(self.study.sites):
            vat_frac = self.study.tax_regime(place).mining_vat_frac
            if vat_frac:
                value = self.mined_btc[:, site] * self.paths.btc_price_usd
                self.post("mining_vat", site, -vat_frac * value)
            written = opening_write_off_usd(place, self.n_periods)
            self.depreciation_usd[:, site] += np.asarray(written, like=self.mined_btc)

    def _write_off(
        self, site: int, schedule: WriteOff, scale: FloatArray | float = 1.0
    ) -> None:
        """Add the write-off of an asset, scaled by scenario, shape (n_scenarios, 1)."""
        monthly = np.asarray(schedule.monthly_usd, like=self.mined_btc)
        self.depreciation_usd[:, site] += monthly * scale
        self.early_relief_usd[:, site : site + 1] += schedule.early_relief_usd * scale

    def _end(self, held: Holding, worth_usd: FloatArray, family: str) -> None:
        """Post what machines fetch when sold, or are worth at the horizon.

        The worth is that of one machine, shape (n_scenarios, n_periods) [USD].
        """
        site = self.study.site_index(held.site)
        if held.until < self.n_periods:
            then = slice(held.until, held.until + 1)
            value = worth_usd[:, then] * held.units
            self.post(f"{family}_resale", site, value, then)
        else:
            value = worth_usd[:, -1] * held.units
            self.post_terminal(f"terminal_{family}s", site, value)

    def add_gpus(self) -> None:
        """Post merchant flows, sales and end values of own GPU nodes."""
        study, paths = self.study, self.paths
        for (model, site_id, _), units in cohort_units(
            study, self.plan, gpus=True
        ).items():
            site = study.site_index(site_id)
            month = gpu_month(study, study.sites[site], study.gpu(model), paths)
            live = np.asarray(units, like=self.mined_btc) * self.share(site, "hpc")
            self.post("gpu_merchant", site, month.revenue_usd * live)
            self.post("gpu_energy", site, -month.energy_usd * live)
            self.post("gpu_opex", site, -month.opex_usd * live)
        for held in self.plan.holdings:
            if held.model in self.gpu_ids and held.ending != "move":
                worth = gpu_resale_usd(
                    study, study.gpu(held.model), held.cohort_period, paths
                )
                self._end(held, worth, "gpu")

    def add_orders(self) -> None:
        """Post purchases and their depreciation."""
        study = self.study
        for bought in purchases(study, self.plan):
            site = study.site_index(bought.site)
            place, cost = study.sites[site], bought.cost_usd
            paid = np.zeros(self.n_periods)
            paid[bought.period] = -cost
            self.post(bought.item, site, paid)
            schedule = write_off(study, place, bought.kind, cost, bought.live)
            self._write_off(site, schedule)

    # -- contracts ----------------------------------------------------------------

    def add_contracts(self) -> None:
        """Post hosting and GPU-lease offers accepted."""
        hosting = {offer.id: offer for offer in self.study.hosting_offers}
        leases = {offer.id: offer for offer in self.study.gpu_offers}
        for taken in self.plan.offers:
            if taken.offer in hosting:
                self._add_hosting(hosting[taken.offer], taken)
            else:
                self._add_lease(leases[taken.offer], taken)

    def _mask(self, taken: OfferAcceptance) -> FloatArray:
        mask = np.zeros(self.n_periods)
        mask[taken.since : taken.until] = 1.0
        return np.asarray(mask, like=self.mined_btc)

    def _remainder(self, place: Site, taken: OfferAcceptance) -> float:
        return contract_remainder_factor(self.study, place, taken.until)

    def _add_hosting(self, offer: HostingOffer, taken: OfferAcceptance) -> None:
        site = self.study.site_index(offer.site)
        month = hosting_month(self.study, offer, self.paths)
        pays = paying_share(self.study, offer, self.paths, since=taken.since)
        live = self._mask(taken) * self.share(site, offer.shell) * pays
        revenue = np.asarray(month.revenue_usd, like=self.mined_btc)
        opex = np.asarray(month.opex_usd, like=self.mined_btc)
        self.post("hosting_revenue", site, revenue * live)
        self.post("hosting_energy", site, -month.energy_usd * live)
        self.post("hosting_opex", site, -opex * live)
        margin = (revenue - month.energy_usd - opex)[:, -1]
        left = self._remainder(self.study.sites[site], taken) * pays[:, -1]
        self.post_terminal("terminal_hosting", site, margin * left)

    def _add_lease(self, offer: GpuLeaseOffer, taken: OfferAcceptance) -> None:
        site = self.study.site_index(offer.site)
        month = gpu_lease_month(self.study, offer, self.paths)
        share = 1.0 if offer.direction == "in" else self._pool_share(site, offer.gpu)
        pays = paying_share(self.study, offer, self.paths, since=taken.since)
        live = self._mask(taken) * share * pays
        contract = np.asarray(month.contract_usd, like=self.mined_btc)
        self.post("gpu_contract", site, contract * live)
        self.post("gpu_merchant", site, month.merchant_usd * live)
        self.post("gpu_opex", site, month.opex_usd * live)
        self.post("gpu_energy", site, month.energy_usd * live)
        left = self._remainder(self.study.sites[site], taken) * pays[:, -1]
        self.post_terminal("terminal_leases", site, month.margin_usd[:, -1] * left)
        deposit = gpu_deposit_usd(self.study, offer)
        flow = np.zeros(self.n_periods)
        flow[taken.since] += deposit
        if taken.until < self.n_periods:
            flow[taken.until] -= deposit
        else:
            self.post_terminal("terminal_deposits", site, -deposit)
        self.post("gpu_deposits", site, flow)

    # -- power and plant ----------------------------------------------------------

    def add_power(self) -> None:
        """Post demand charges, of a late phase once live, and partner commitments."""
        study, plan = self.study, self.plan
        hours = month_hours_h(study.time.start_month, self.n_periods)
        energised = self._by_delay(lambda late: energised_mw(study, plan, late))
        if energised is None:
            energised = energised_mw(study, plan)
        committed = commitment_mw(study, plan)
        for site, place in enumerate(study.sites):
            charge = demand_charge_usd(place, energised[..., site, :])
            if charge.any():
                self.post("demand_charge", site, -charge)
            cost = commitment_cost_usd(place, committed[site], hours)
            if cost.any():
                multiplier = self.paths.power_multiplier[:, site]
                base = np.asarray(cost, like=multiplier)
                self.post("partner_commitment", site, -base * multiplier)

    def add_builds(self) -> None:
        """Post phases, shells and conversions, their depreciation and end value."""
        study = self.study
        for build in plant_builds(study, self.plan):
            site = study.site_index(build.site)
            overrun = self.paths.capex_factor[:, site, None]
            paid = build_payments_usd(study, build)
            self.post(build.item, site, -np.asarray(paid, like=overrun) * overrun)
            place, cost = study.sites[site], build.cost_usd
            schedule = write_off(study, place, "plant", cost, build.live)
            self._write_off(site, schedule, overrun)
            self.post_terminal("terminal_plant", site, built_worth_usd(study, build))
