# SPDX-License-Identifier: Apache-2.0
"""The investment model written straight into arrays, the yardstick of Pyomo's cost.

The same candidates, coefficients and rules as `optimizer.milp`, without options; a test
checks that both programs have the same optimum.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np
from direct_machines import INF, USD_M
from direct_treasury import Treasury

from models.builds import payments_usd, plant_value_usd
from models.finance import discount_factors
from models.power import demand_charge_usd
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.milp.compile import Compiled

Terms = list[tuple[int, float]]


def direct_program(study: Study, options: ModelOptions | None = None) -> Compiled:
    """Return the investment model of a study as arrays."""
    build = _Whole(study, options or ModelOptions())
    for topic in (
        build.orders,
        build.fleet,
        build.phases,
        build.modules,
        build.commitments,
        build.offers,
        build.gpus,
        build.capacity,
        build.taxes,
        build.debts,
        build.treasury,
        build.hurdles,
    ):
        topic()
    return build.finished()


class _Whole(Treasury):
    """Plant, contracts, capacity, tax and value."""

    def __init__(self, study: Study, options: ModelOptions) -> None:
        super().__init__(study, options)
        self.phase_column: dict[tuple[str, str, int], int] = {}
        self.shells: dict[tuple[str, str], list[tuple[int, float, int]]] = {}
        hours = self.hours
        self.fixed = {
            site.id: demand_charge_usd(site, hours * 0.0 + site.contracted_mw) / USD_M
            for site in study.sites
        }

    # -- plant --------------------------------------------------------------------

    def build(self, site: object, cost: float, start: int, lead: int, column: int):
        n, p = self.n, self.program
        paid = payments_usd(cost, start, lead, n)
        p.fill(self.row_spent[site.id], column, paid)
        for t in np.flatnonzero(paid).tolist():
            self.finance(("project", site.id, t), column, float(paid[t]))
        self.write_off(site, "plant", cost, start + lead, column)
        worth = plant_value_usd(
            cost,
            start + lead,
            life_months=self.study.tax_regime(site).plant_life_months,
            resale_frac=self.study.company.plant_resale_frac,
            n_periods=n,
        )
        self.ends[site.id].append((column, worth))

    def phases(self) -> None:
        p, started = self.program, self.phase_column
        for (place, name), periods in self.picks.phase_starts.items():
            site = self.study.site(place)
            phase = next(x for x in site.phases if x.id == name)
            lead, cost = phase.lead_time_months, phase.capex_usd / USD_M
            charge = site.power.demand_charge_usd_per_mw_month * phase.mw / USD_M
            for k, period in enumerate(periods):
                column = p.column(0, 1, whole=True)
                started[place, name, period] = column
                self.build(site, cost, period, lead, column)
                if k:
                    self.build(site, -cost, period, lead, column - 1)
                    p.row(0.0, INF, (column, 1.0), (column - 1, -1.0))
                until = periods[k + 1] + lead if k + 1 < len(periods) else self.n
                series = np.full(max(until - period - lead, 0), -charge)
                p.fill(self.row_operating[place] + period + lead, column, series)
        for site in self.study.sites:
            offered = [key for key in self.picks.phase_starts if key[0] == site.id]
            if len(offered) > site.max_parallel_builds:
                for period in range(0, self.n, self.picks.grid.order_step):
                    terms: Terms = []
                    for phase in site.phases:
                        ago = period - phase.lead_time_months
                        terms += self.latest(site.id, phase.id, period, 1.0)
                        terms += self.latest(site.id, phase.id, ago, -1.0)
                    if terms:
                        p.row(-INF, site.max_parallel_builds, *terms)

    def latest(self, place: str, phase: str, period: int, value: float) -> Terms:
        periods = self.picks.phase_starts.get((place, phase), ())
        k = bisect_left(periods, period + 1) - 1
        return [(self.phase_column[place, phase, periods[k]], value)] if k >= 0 else []

    def modules(self) -> None:
        p = self.program
        for (place, kind), periods in self.picks.build_starts.items():
            site = self.study.site(place)
            build = site.shell(kind).build
            cost = build.capex_usd_per_mw * build.module_mw / USD_M
            lead, most = build.lead_time_months, build.max_modules
            columns = [p.column(0, most, whole=True) for _ in periods]
            for period, column in zip(periods, columns, strict=True):
                self.build(site, cost, period, lead, column)
                change = (period + lead, build.module_mw, column)
                self.shells.setdefault((place, kind), []).append(change)
            if len(periods) > 1:
                p.row(-INF, most, *((column, 1.0) for column in columns))
        for (place, name), periods in self.picks.conversion_starts.items():
            site = self.study.site(place)
            work = next(x for x in site.conversions if x.id == name)
            cost = work.capex_usd_per_mw * work.module_mw / USD_M
            lead, most = work.lead_time_months, work.max_modules
            columns = [p.column(0, most, whole=True) for _ in periods]
            for period, column in zip(periods, columns, strict=True):
                self.build(site, cost, period, lead, column)
                done, out = period + lead, period + lead - work.downtime_months
                new = self.shells.setdefault((place, work.to_kind), [])
                new.append((done, work.module_mw, column))
                old = self.shells.setdefault((place, work.from_kind), [])
                old.append((out, -work.module_mw, column))
            if len(periods) > 1:
                p.row(-INF, most, *((column, 1.0) for column in columns))

    # -- capacity -----------------------------------------------------------------

    def add_up(self, parts: list, months: list[int], first_row: int, sign: float):
        for since, until, amount, column in parts:
            a, b = bisect_left(months, since), bisect_left(months, until)
            self.program.fill(first_row + a, column, np.full(b - a, sign * amount))

    def gpus(self) -> None:
        for key, leases in self.leased.items():
            here = self.pool.get(key, [])
            marks = {part[0] for part in leases} | self.leaves.get(key, set())
            months = sorted(month for month in marks if month < self.n)
            first = self.program.rows(len(months), -INF, 0.0)
            self.add_up(leases, months, first, 1.0)
            self.add_up(here, months, first, -1.0)

    def capacity(self) -> None:
        p, steps = self.program, self.picks.grid.steps
        for site in self.study.sites:
            starts = {
                x.kind: self.begins.get((site.id, x.kind), set()) for x in site.shells
            }
            power = set().union(*starts.values())
            power |= set(steps) if site.partner is not None else set()
            row_of: dict[tuple[str, int], int] = {}
            for shell in site.shells:
                key = (site.id, shell.kind)
                moves = self.shells.get(key, [])
                own = starts[shell.kind] | {m for m, mw, _ in moves if mw < 0}
                own = {month for month in own if month < self.n}
                months = sorted(own | power)
                first = p.rows(len(months))
                used = p.columns(len(months))
                self.add_up(self.uses.get(key, []), months, first, 1.0)
                for k, month in enumerate(months):
                    p.single.append((first + k, used + k, -1.0))
                    row_of[shell.kind, month] = used + k
                    if month in own:
                        stock = [(c, -mw) for m, mw, c in moves if m <= month]
                        p.row(-INF, shell.opening_mw, (used + k, 1.0), *stock)
            for month in sorted(power):
                terms = [(row_of[x.kind, month], 1.0) for x in site.shells]
                if site.partner is not None:
                    q = bisect_left(steps, month + 1) - 1
                    p.row(-INF, 0.0, *terms, (self.held[site.id, q], -1.0))
                    continue
                for phase in site.phases:
                    ago = month - phase.lead_time_months
                    terms += self.latest(site.id, phase.id, ago, -phase.mw)
                p.row(-INF, site.contracted_mw, *terms)

    # -- money --------------------------------------------------------------------

    def taxes(self) -> None:
        p, company = self.program, self.study.company
        price = self.paths.btc_price_usd[0] / USD_M
        for site in self.study.sites:
            place = site.id
            gain, loss = self.gain[place], self.loss[place]
            used, left = self.used[place], self.left[place]
            terms = self.study.tax_terms(site)
            vat_frac = self.study.tax_regime(site).mining_vat_frac
            extra = company.overhead_usd_per_month / USD_M
            fixed = -self.depreciation[place]
            fixed = fixed + (extra if place == company.tax_site else 0.0)
            for t in range(self.n):
                row = self.row_profit[place] + t
                p.low[row] = p.high[row] = fixed[t]
                p.low[self.row_operating[place] + t] = self.fixed[place][t]
                p.high[self.row_operating[place] + t] = self.fixed[place][t]
                p.single += [
                    (row, gain + t, 1.0),
                    (row, loss + t, -1.0),
                    (row, self.operating[place] + t, -1.0),
                    (row, self.mined[place] + t, -price[t]),
                ]
                before = [(left + t - 1, -1.0)] if t else []
                share = terms.taxable_frac[t]
                cap = terms.loss_use_cap_frac * share
                p.row(-INF, 0.0, (used + t, 1.0), (gain + t, -cap))
                stock = ((left + t, 1.0), (used + t, 1.0), (loss + t, -share))
                p.row(0.0, 0.0, *stock, *before)
                p.row(-INF, 0.0, (used + t, 1.0), *before)
                vat = (self.row_operating[place] + t, self.mined[place] + t)
                p.single.append((*vat, -vat_frac * price[t]))
            assert not terms.expires_within
            if self.early[place]:
                owed = p.column()
                relief = (left + self.n - 1, terms.relief_frac)
                early = [(column, -saved) for column, saved in self.early[place]]
                p.row(0.0, INF, (owed, 1.0), relief, *early)
                self.ends[place].append((owed, -1.0))

    def hurdles(self) -> None:
        price = self.paths.btc_price_usd[0] / USD_M
        for site in self.study.sites:
            used = any(self.uses.get((site.id, x.kind)) for x in site.shells)
            if not site.is_discretionary or not used:
                continue
            factors = discount_factors(site.hurdle_rate_per_year, self.n)
            tax = self.study.tax_terms(site)
            row = self.program.row(0.0, INF)
            self.program.single += [
                (row, column, factors[-1] * worth)
                for column, worth in self.ends[site.id]
            ]
            for t, factor in enumerate(factors[1:].tolist()):
                self.program.single += [
                    (row, self.operating[site.id] + t, factor),
                    (row, self.spent[site.id] + t, -factor),
                    (row, self.mined[site.id] + t, factor * price[t]),
                    (row, self.gain[site.id] + t, -tax.levy_frac(t) * factor),
                    (row, self.used[site.id] + t, tax.relief_frac * factor),
                ]

    def finished(self) -> Compiled:
        company = self.study.company
        factors = discount_factors(company.discount_rate_per_year, self.n)
        cost = np.zeros(len(self.program.lower))
        for t, flow in enumerate(self.cash_terms):
            for column, amount in flow:
                cost[column] += factors[t + 1] * amount
        premium = company.emergency_equity_premium_frac
        cost[self.equity : self.equity + self.n] -= premium * factors[1:]
        for parts in self.ends.values():
            for column, worth in parts:
                cost[column] += factors[-1] * worth
        free, pledged, loan = self.last
        price = self.paths.btc_price_usd[0, -1] / USD_M
        price *= 1.0 - company.btc_selling_cost_frac
        cost[[free, pledged]] += factors[-1] * price
        cost[loan] -= factors[-1]
        cost[self.debt_left] -= factors[-1]
        offset = company.cash_usd / USD_M + float(factors[1:] @ self.cash_fixed)
        return self.program.compiled(cost, offset)
