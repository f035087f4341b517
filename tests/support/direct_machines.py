# SPDX-License-Identifier: Apache-2.0
"""Machines and contracts of the investment model as arrays; see `direct_build`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from direct_moves import Bought, add_moves
from direct_program import INF, Program

from models.builds import straight_line_usd
from models.contracts import (
    contract_remainder_factor,
    gpu_deposit_usd,
    gpu_lease_month,
    hosting_month,
)
from models.depreciation import write_off
from models.fleet import TRANSIT_MONTHS, asic_facility_mw, asic_hashrate_eh_s
from models.machine_prices import asic_price_usd, gpu_price_usd
from models.market import base_paths
from models.offers import HostingOffer
from models.power import commitment_cost_usd
from models.units import month_hours_h
from optimizer.milp.candidates import candidates_of, most_shell_mw
from optimizer.milp.fleet import asic_unit, gpu_unit

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.milp.options import ModelOptions

USD_M = 1e6


class Machines:
    """Builds one study; every method adds one topic."""

    def __init__(self, study: Study, options: ModelOptions) -> None:
        self.study, self.paths = study, base_paths(study)
        self.picks = candidates_of(study, options)
        self.n = study.time.months
        self.program = Program()
        self.months = np.arange(self.n)
        self.uses: dict[tuple[str, str], list[tuple[int, int, float, int]]] = {}
        self.pool: dict[tuple[str, str], list[tuple[int, int, float, int]]] = {}
        self.begins: dict[tuple[str, str], set[int]] = {}
        self.leaves: dict[tuple[str, str], set[int]] = {}
        self.leased: dict[tuple[str, str], list[tuple[int, int, float, int]]] = {}
        self.ends: dict[str, list[tuple[int, float]]] = {s.id: [] for s in study.sites}
        self.early: dict[str, list[tuple[int, float]]] = {s.id: [] for s in study.sites}
        self.held: dict[tuple[str, int], int] = {}
        self.financed: dict[tuple, list[tuple[int, float]]] = {}
        self.hours = month_hours_h(study.time.start_month, self.n)
        self.depreciation = {s.id: np.zeros(self.n) for s in study.sites}
        self.accounts()

    def accounts(self) -> None:
        """Add totals by site and month and the rows that other topics fill."""
        p = self.program
        self.operating, self.mined, self.spent = {}, {}, {}
        self.gain, self.loss, self.used, self.left = {}, {}, {}, {}
        self.row_operating, self.row_mined, self.row_spent, self.row_profit = (
            {},
            {},
            {},
            {},
        )
        for site in self.study.sites:
            for book, rows in (
                (self.operating, self.row_operating),
                (self.mined, self.row_mined),
                (self.spent, self.row_spent),
            ):
                book[site.id] = p.columns(self.n, -INF)
                rows[site.id] = p.rows(self.n)
                self.diagonal(rows[site.id], book[site.id], -1.0)
            for book in (self.gain, self.loss, self.used, self.left):
                book[site.id] = p.columns(self.n)
            self.row_profit[site.id] = p.rows(self.n)
        step = self.study.time.holding_step_months
        depth = self.study.market.resale_depth_eh_s_per_month
        steps = len(self.picks.grid.steps)
        most = INF if depth is None else depth * step
        self.row_resale = p.rows(steps, -INF, most)

    def write_off(
        self, site: object, kind: str, cost: float, live: int, column: int
    ) -> None:
        written = write_off(self.study, site, kind, cost, live)
        self.program.fill(self.row_profit[site.id], column, written.monthly_usd)
        if written.early_relief_usd:
            self.early[site.id].append((column, written.early_relief_usd))

    def diagonal(self, row: int, column: int, value: float) -> None:
        self.program.single += [(row + t, column + t, value) for t in range(self.n)]

    def use(
        self,
        site: str,
        kind: str,
        part: tuple[int, int, float, int],
        *,
        begins: bool = True,
    ) -> None:
        self.uses.setdefault((site, kind), []).append(part)
        if begins:
            self.begins.setdefault((site, kind), set()).add(part[0])

    def finance(self, key: tuple, column: int, cost: float) -> None:
        """Note a payment that debt may finance."""
        self.financed.setdefault(key, []).append((column, cost))

    # -- machines -----------------------------------------------------------------

    def orders(self) -> None:
        p, n, study = self.program, self.n, self.study
        bought: dict[tuple, Bought] = {}
        for pick in self.picks.orders:
            site, size = pick.site.id, pick.lot_units
            room = most_shell_mw(pick.site, pick.kind)
            most = int(room / (pick.unit_mw * size) + 1e-9)
            lots = p.column(0, most, whole=True)
            maker = gpu_unit if pick.is_gpu else asic_unit
            unit = maker(study, pick.site, pick.model, pick.live, self.paths)
            price = gpu_price_usd if pick.is_gpu else asic_price_usd
            cost = float(price(pick.site, pick.model, n)[pick.period]) * size / USD_M
            p.single.append((self.row_spent[site] + pick.period, lots, cost))
            purpose = "gpu" if pick.is_gpu else "machine"
            self.finance((purpose, pick.period), lots, cost)
            kind = "gpu" if pick.is_gpu else "asic"
            self.write_off(pick.site, kind, cost, pick.live, lots)
            kept = p.row(0.0, 0.0, (lots, -1.0))
            cohort = Bought(pick, unit, kept, comes=[(pick.live, lots)])
            bought[pick.key] = cohort
            for end in pick.ends:
                held = p.column()
                p.single.append((kept, held, 1.0))
                self.sell(pick, unit.resale_usd_m, end, held)
                cohort.goes.append((end, held))
                cohort.spells.append((pick.live, end, held))
        add_moves(self, bought)
        families: dict[tuple[str, str], list[Bought]] = {}
        for (model, site, _), cohort in bought.items():
            families.setdefault((model, site), []).append(cohort)
        for (_, site), cohorts in families.items():
            self.family(site, cohorts)

    def family(self, site: str, cohorts: list[Bought]) -> None:
        """Add stocks of a family's machines: as they stand and weighted by output."""
        p, n, first = self.program, self.n, cohorts[0].pick
        keep = 1.0 if first.is_gpu else 1.0 - first.model.degradation_per_year
        weights = [keep ** ((first.live - c.pick.live) / 12.0) for c in cohorts]
        assert max(weights) < 1e3
        begins = {period for c in cohorts for period, _ in c.comes}
        ends = {period for c in cohorts for period, _ in c.goes}
        marks = sorted(begins | {end for end in ends if end < n})
        count, at = len(marks), {month: k for k, month in enumerate(marks)}
        stocks = [(p.columns(count), p.rows(count), [1.0] * len(cohorts))]
        if weights[-1] > 1.0:
            stocks.append((p.columns(count), p.rows(count), weights))
        for column, row, counted in stocks:
            p.single += [(row + k, column + k, -1.0) for k in range(count)]
            p.single += [(row + k, column + k - 1, 1.0) for k in range(1, count)]
            for cohort, weight in zip(cohorts, counted, strict=True):
                size = cohort.pick.lot_units * weight / 1e3
                for period, lots in cohort.comes:
                    p.single.append((row + at[period], lots, size))
                for period, lots in cohort.goes:
                    if period < n:
                        p.single.append((row + at[period], lots, -size))
        stand, source = stocks[0][0], stocks[-1][0]
        operating, btc = np.zeros(n), np.zeros(n)
        for cohort, weight in zip(cohorts, weights, strict=True):
            pick, unit = cohort.pick, cohort.unit
            operating[pick.live :] = unit.operating_usd_m[pick.live :] * 1e3
            btc[pick.live :] = unit.mined_btc[pick.live :] * 1e3 / weight
        rows = self.row_operating[site], self.row_mined[site]
        for k, (since, until) in enumerate(pairwise([*marks, n])):
            p.fill(rows[0] + since, stand + k, operating[since:until])
            if not first.is_gpu:
                p.fill(rows[1] + since, source + k, btc[since:until])
            mw = (since, until, first.unit_mw * 1e3, stand + k)
            self.use(site, first.kind, mw, begins=since in begins)
            if first.is_gpu:
                gpus = 1e3 * first.model.gpus_per_node
                key = (site, first.model.id)
                self.pool.setdefault(key, []).append((since, until, gpus, stand + k))
                if until in ends:
                    self.leaves.setdefault(key, set()).add(until)
        for cohort, weight in zip(cohorts, weights, strict=True):
            unit = cohort.unit
            for own, common, row in (
                (unit.operating_usd_m * 1e3, operating, self.row_operating[site]),
                (unit.mined_btc * 1e3, btc * weight, self.row_mined[site]),
            ):
                rest = np.where(np.isclose(own, common, rtol=1e-11), 0.0, own - common)
                if not rest.any():
                    continue
                for since, until, lots in cohort.spells:
                    part = rest[since:until] * cohort.pick.lot_units / 1e3
                    if part.any():
                        p.fill(row + since, lots, part)

    def sell(self, pick: object, resale: np.ndarray, end: int, held: int) -> None:
        site, size = pick.site.id, pick.lot_units
        if end == self.n:
            self.ends[site].append((held, resale[-1] * size))
            return
        row = self.row_operating[site] + end
        self.program.single.append((row, held, resale[end] * size))
        if not pick.is_gpu:
            step = end // self.study.time.holding_step_months
            eh_s = asic_hashrate_eh_s(pick.model) * size
            self.program.single.append((self.row_resale + step, held, eh_s))

    def fleet(self) -> None:
        p, n, grid = self.program, self.n, self.picks.grid
        for cohort in self.picks.cohorts:
            places = [site.id for site in cohort.sites]
            steps = range(len(grid.steps))
            stay = {(a, q): p.column() for a in places for q in steps}
            sell = {(a, q): p.column() for a in places for q in steps}
            move = {
                (a, b, q): p.column()
                for a in places
                for b in places
                if a != b
                for q in steps
            }
            for site in cohort.sites:
                a, others = site.id, [b for b in places if b != site.id]
                unit = asic_unit(
                    self.study, site, cohort.model, cohort.cohort_period, self.paths
                )
                mw = asic_facility_mw(site, cohort.model) * 1e3
                eh_s = asic_hashrate_eh_s(cohort.model) * 1e3
                mined, operating = unit.mined_btc * 1e3, unit.operating_usd_m * 1e3
                for q, since in enumerate(grid.steps):
                    until = grid.step_until(q)
                    opening = cohort.opening_units.get(a, 0.0) / 1e3 if q == 0 else 0.0
                    terms = [(stay[a, q], 1.0), (sell[a, q], 1.0)]
                    terms += [(move[a, b, q], 1.0) for b in others]
                    terms += [(move[b, a, q], -1.0) for b in others]
                    if q:
                        terms.append((stay[a, q - 1], -1.0))
                    p.row(opening, opening, *terms)
                    if others:
                        came = [(move[b, a, q], 1.0) for b in others]
                        p.row(-INF, 0.0, *came, (stay[a, q], -1.0))
                    part = slice(since, until)
                    p.fill(self.row_mined[a] + since, stay[a, q], mined[part])
                    p.fill(self.row_operating[a] + since, stay[a, q], operating[part])
                    row = self.row_operating[a] + since
                    resale = unit.resale_usd_m[since] * 1e3
                    p.single.append((row, sell[a, q], resale))
                    sold = self.row_resale + since // grid.holding_step
                    p.single.append((sold, sell[a, q], eh_s))
                    if until == n:
                        worth = unit.resale_usd_m[-1] * 1e3
                        self.ends[a].append((stay[a, q], worth))
                    self.use(a, cohort.model.shell, (since, until, mw, stay[a, q]))
                    lost = slice(since, since + TRANSIT_MONTHS)
                    freight = site.move_in_usd_per_unit * 1e3 / USD_M
                    for b in others:
                        column = move[b, a, q]
                        p.fill(self.row_mined[a] + since, column, -mined[lost])
                        flow = -operating[lost]
                        flow[0] -= freight
                        p.fill(row, column, flow)
        for site in self.study.sites:
            for old in site.opening_fleet:
                life = max(old.remaining_life_months, 1)
                cost = old.book_value_usd / USD_M
                self.depreciation[site.id] += straight_line_usd(cost, 0, life, n)

    # -- contracts ----------------------------------------------------------------

    def commitments(self) -> None:
        p, grid = self.program, self.picks.grid
        for index, site in enumerate(self.study.sites):
            if site.partner is None:
                continue
            per_mw = commitment_cost_usd(site, self.hours * 0.0 + 1.0, self.hours)
            per_mw = per_mw * self.paths.power_multiplier[0, index] / USD_M
            first = max(site.partner.min_term_months, site.partner.notice_months)
            for q, since in enumerate(grid.steps):
                low = site.contracted_mw if since < first else 0.0
                column = self.held[site.id, q] = p.column(low, site.contracted_mw)
                series = -per_mw[since : grid.step_until(q)]
                p.fill(self.row_operating[site.id] + since, column, series)
                if q:
                    p.row(-INF, 0.0, (column, 1.0), (column - 1, -1.0))

    def offers(self) -> None:
        p, n = self.program, self.n
        chosen: dict[str, list[int]] = {}
        for pick in self.picks.offers:
            offer, since = pick.offer, pick.since
            column = p.column(0, 1, whole=True)
            chosen.setdefault(offer.id, []).append(column)
            until = min(pick.until, n)
            if isinstance(offer, HostingOffer):
                month = hosting_month(self.study, offer, self.paths)
                margin = month.revenue_usd - month.energy_usd[0] - month.opex_usd
                part = (since, until, offer.mw, column)
                self.use(offer.site, offer.shell, part)
            else:
                margin = gpu_lease_month(self.study, offer, self.paths).margin_usd[0]
                deposit = gpu_deposit_usd(self.study, offer) / USD_M
                row = self.row_spent[offer.site]
                p.single.append((row + since, column, -deposit))
                if pick.until < n:
                    p.single.append((row + pick.until, column, deposit))
                else:
                    self.ends[offer.site].append((column, -deposit))
                book = self.pool if offer.direction == "in" else self.leased
                part = (since, until, float(offer.n_gpus), column)
                book.setdefault((offer.site, offer.gpu), []).append(part)
                if offer.direction == "in":
                    gone = self.leaves.setdefault((offer.site, offer.gpu), set())
                    gone.add(until)
            flow = margin[since:until] / USD_M
            p.fill(self.row_operating[offer.site] + since, column, flow)
            site = self.study.site(offer.site)
            left = contract_remainder_factor(self.study, site, pick.until)
            self.ends[offer.site].append((column, float(margin[-1]) / USD_M * left))
        committed = {x.offer.id for x in self.picks.offers if x.offer.is_committed}
        for name, columns in chosen.items():
            if name in committed or len(columns) > 1:
                low = 1.0 if name in committed else -INF
                p.row(low, 1.0, *((column, 1.0) for column in columns))
