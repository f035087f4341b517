# SPDX-License-Identifier: Apache-2.0
"""The treasury and the debt of the direct build: BTC, loan, cash, asset debt."""

from __future__ import annotations

import numpy as np
from direct_machines import INF, USD_M, Machines

from models.debt_limits import DSCR_WINDOW_MONTHS, dscr_test_months
from models.treasury import loan_usd_per_pledged_btc
from models.units import MONTHS_PER_YEAR
from optimizer.milp.treasury import CALL_BUFFER_FRAC, CASH_BUFFER_USD, sale_blocks

Terms = list[tuple[int, float]]
WORST_YEAR_USD_M = 1000.0


class Treasury(Machines):
    """Money of the whole: what is owed, held and sold."""

    def debts(self) -> None:
        """Draws, instalments and balances of asset debt, and its covenants."""
        p, n = self.program, self.n
        self.debt_cash: list[Terms] = [[] for _ in range(n)]
        self.debt_cost: list[Terms] = [[] for _ in range(n)]
        self.debt_left: list[int] = []
        for facility in self.study.company.debt_facilities:
            project = facility.kind == "project"
            key = (facility.kind, facility.site) if project else (facility.kind,)
            drawn = {}
            for t in range(n):
                cost = self.financed.get((*key, t))
                if cost:
                    drawn[t] = p.column()
                    share = [(c, -facility.advance_frac * v) for c, v in cost]
                    p.row(-INF, 0.0, (drawn[t], 1.0), *share)
            most = facility.limit_usd / USD_M
            owed, part = p.columns(n, 0.0, most), p.columns(n)
            rate, term = facility.rate_per_year / MONTHS_PER_YEAR, facility.term_months
            for t in range(n):
                first = t - facility.grace_months - 1
                began = [(drawn[first], -1.0 / term)] if first in drawn else []
                last = first - term
                ended = [(drawn[last], 1.0 / term)] if last in drawn else []
                before = [(part + t - 1, -1.0)] if t else []
                p.row(0.0, 0.0, (part + t, 1.0), *began, *ended, *before)
                came = [(drawn[t], -1.0)] if t in drawn else []
                before = [(owed + t - 1, -1.0)] if t else []
                p.row(0.0, 0.0, (owed + t, 1.0), (part + t, 1.0), *came, *before)
                cost = [(owed + t - 1, rate)] if t else []
                cost += [(drawn[t], facility.fee_frac)] if t in drawn else []
                self.debt_cost[t] += cost
                self.debt_cash[t] += [(c, -v) for c, v in cost]
                self.debt_cash[t] += [(drawn[t], 1.0)] if t in drawn else []
                self.debt_cash[t].append((part + t, -1.0))
            self.debt_left.append(owed + n - 1)
            if facility.min_dscr is not None:
                self.covenant(facility, drawn, owed, part)

    def covenant(self, facility: object, drawn: dict, owed: int, part: int) -> None:
        p = self.program
        taken = p.column(0.0, 1.0, whole=True)
        for column in drawn.values():
            p.row(-INF, 0.0, (column, 1.0), (taken, -facility.limit_usd / USD_M))
        site = self.study.site(facility.site)
        tax = self.study.tax_terms(site)
        price = self.paths.btc_price_usd[0] / USD_M
        cover, rate = facility.min_dscr, facility.rate_per_year / MONTHS_PER_YEAR
        for test in dscr_test_months(self.n):
            terms: Terms = [(taken, WORST_YEAR_USD_M)]
            for t in range(test - DSCR_WINDOW_MONTHS + 1, test + 1):
                terms += [(owed + t - 1, cover * rate)] if t else []
                terms += [
                    (part + t, cover),
                    (self.operating[site.id] + t, -1.0),
                    (self.mined[site.id] + t, -price[t]),
                    (self.gain[site.id] + t, tax.levy_frac(t)),
                    (self.used[site.id] + t, -tax.relief_frac),
                ]
            p.row(-INF, WORST_YEAR_USD_M, *terms)

    def treasury(self) -> None:
        p, n, company = self.program, self.n, self.study.company
        blocks = sale_blocks(self.study)
        block_of = {t: (b, 1.0 / len(x)) for b, x in enumerate(blocks) for t in x}
        sold = (p.columns(len(blocks)), p.columns(len(blocks)))
        free, pledged, loan = p.columns(n), p.columns(n), p.columns(n)
        most = company.emergency_equity_max_usd / USD_M
        equity, cash = p.columns(n, 0.0, most), p.columns(n, -INF)
        floor = (company.cash_floor_usd + CASH_BUFFER_USD) / USD_M
        per_btc = loan_usd_per_pledged_btc(company) / USD_M
        maturity = self.study.period_of(company.loan.maturity_month)
        rate = company.loan.rate_per_year / MONTHS_PER_YEAR
        share = company.max_btc_sale_frac_per_month
        principal = company.loan.principal_usd / USD_M
        self.cash_terms: list[Terms] = []
        self.cash_fixed = np.full(n, company.overhead_usd_per_month / USD_M)
        self.cash_fixed[0] -= rate * principal
        tax_row = self.row_profit[company.tax_site]
        for t in range(n):
            b, part = block_of[t]
            out_free, out_pledged = ((x + b, part) for x in sold)
            mined = [(self.mined[s.id] + t, 1.0) for s in self.study.sites]
            due = t == maturity
            old_free = [(free + t - 1, -1.0)] if t else []
            old_pledged = [(pledged + t - 1, -1.0)] if t else []
            old_loan = [(loan + t - 1, -1.0)] if t else []
            start = (company.btc_free, company.btc_pledged, principal)
            first_free, first_pledged, first_loan = start if t == 0 else (0.0, 0.0, 0.0)
            value = first_free + (first_pledged if due else 0.0)
            came = [(column, -1.0) for column, _ in mined]
            released = old_pledged if due else []
            lent = self.lending(t, pledged, loan, maturity)
            p.row(
                value,
                value,
                (free + t, 1.0),
                out_free,
                *came,
                *old_free,
                *released,
                *lent["free"],
            )
            value = 0.0 if due else first_pledged
            kept = [] if due else old_pledged
            p.row(
                value, value, (pledged + t, 1.0), out_pledged, *kept, *lent["pledged"]
            )
            if due:
                p.row(0.0, 0.0, (loan + t, 1.0))
            else:
                repaid = (out_pledged[0], part * per_btc)
                terms = (repaid, *old_loan, *lent["loan"])
                p.row(first_loan, first_loan, (loan + t, 1.0), *terms)
                stock = [(c, share * v) for c, v in (*came, *old_free, *old_pledged)]
                value = share * (first_free + first_pledged)
                p.row(-INF, value, out_free, out_pledged, *stock)
            price = self.paths.btc_price_usd[0, t] / USD_M
            price *= 1.0 - company.btc_selling_cost_frac
            flow: Terms = [
                (out_free[0], part * price),
                (out_pledged[0], part * (price - per_btc)),
                *((column, -amount) for column, amount in lent["loan"]),
                *self.debt_cash[t],
            ]
            p.single += [(tax_row + t, column, v) for column, v in self.debt_cost[t]]
            if t:
                flow.append((loan + t - 1, -rate - (1.0 if due else 0.0)))
                p.single.append((tax_row + t, loan + t - 1, rate))
            elif due:
                self.cash_fixed[0] -= principal
            for site in self.study.sites:
                tax = self.study.tax_terms(site)
                flow += [
                    (self.operating[site.id] + t, 1.0),
                    (self.spent[site.id] + t, -1.0),
                    (self.gain[site.id] + t, -tax.levy_frac(t)),
                    (self.used[site.id] + t, tax.relief_frac),
                ]
            self.cash_terms.append(flow)
            value = self.cash_fixed[t] + (company.cash_usd / USD_M if t == 0 else 0.0)
            before = [(cash + t - 1, -1.0)] if t else []
            out = [(column, -amount) for column, amount in flow]
            p.row(value, value, (cash + t, 1.0), (equity + t, -1.0), *before, *out)
            p.row(floor, INF, (cash + t, 1.0))
        if principal:
            p.low[tax_row] -= rate * principal
            p.high[tax_row] -= rate * principal
        p.row(-INF, most, *((equity + t, 1.0) for t in range(n)))
        self.equity, self.last = equity, (free + n - 1, pledged + n - 1, loan + n - 1)

    def lending(
        self, t: int, pledged: int, loan: int, maturity: int
    ) -> dict[str, Terms]:
        """Pledges, releases, draws and repayments of a month, and their rows."""
        p, company = self.program, self.study.company
        terms, owed = company.loan, company.loan.principal_usd
        none: dict[str, Terms] = {"free": [], "pledged": [], "loan": []}
        if t >= maturity or not (owed or terms.draw_limit_usd):
            return none
        price = float(self.paths.btc_price_usd[0, t])
        level = terms.margin_call_ltv_frac * (1.0 - CALL_BUFFER_FRAC) * price / USD_M
        p.row(-INF, 0.0, (loan + t, 1.0), (pledged + t, -level))
        repaid = p.column()
        if not terms.draw_limit_usd:
            return none | {"loan": [(repaid, 1.0)]}
        per_btc = loan_usd_per_pledged_btc(company)
        assert per_btc > 0.0, "the yardstick draws only on an opening loan"
        pledge, release, draw = p.column(), p.column(), p.column()
        backed = min(terms.initial_ltv_frac * price, per_btc) / USD_M
        p.row(-INF, 0.0, (draw, 1.0), (pledge, -backed))
        p.row(-INF, max(terms.draw_limit_usd, owed) / USD_M, (loan + t, 1.0))
        return {
            "free": [(pledge, 1.0), (release, -1.0)],
            "pledged": [(pledge, -1.0), (release, 1.0)],
            "loan": [(draw, -1.0), (repaid, 1.0), (release, per_btc / USD_M)],
        }
