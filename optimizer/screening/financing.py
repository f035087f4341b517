# SPDX-License-Identifier: Apache-2.0
"""Loans on a project: what may be drawn, whether it is served, what is left to equity.

Each project draws on every facility open to it as if no other project did, the cheapest
first, as far as advance, limit and covenant go on the base path
(`models.debt_sizing`). Cover is the cash that the project adds over the service of all
its loans from the first instalment on, as if the project stood alone; a plan tests the
whole site, works included, and where that falls short the project is flagged.

Draws are the same in every scenario: equity pays overruns, and what the project cannot.
Interest and fees are deducted where the company's own are, in its tax group as business
as usual leaves it, with the loan on BTC at its opening balance until it falls due; a
group without profit saves nothing. What is owed at the horizon is repaid there.
What does not belong here: scores (`optimizer.screening.financed_scores`) and the
verdict, which stays on unlevered flows: loans are the company's, shared by all
projects, and add nothing to what a project earns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.debt_limits import FINANCED_ITEMS, cover_at, dscr_test_months
from models.debt_sizing import repayment_tests, sized_draws
from models.leverage import TaxGroup, equity_flow_usd, joined_debt, no_debt

if TYPE_CHECKING:
    from models.arrays import FloatArray, IntArray
    from models.debt import DebtFacility, DebtPath
    from models.study import Study
    from optimizer.screening.valuation import Flows

__all__ = [
    "Lender",
    "Levered",
    "Loan",
]


@dataclass(frozen=True, slots=True)
class Loan:
    """What a project draws on one facility.

    Parameters
    ----------
    facility : str
        Facility.
    drawn_usd : float
        All draws. [USD]
    bound : str
        What keeps it from being larger, see `models.debt_sizing.SizedDebt`.
    """

    facility: str
    drawn_usd: float
    bound: str


@dataclass(frozen=True, slots=True)
class Levered:
    """A project with its loans.

    Parameters
    ----------
    loans : tuple of Loan
        Facilities drawn on; those that lend nothing too.
    equity_usd : ndarray of shape (n_scenarios, n_periods + 1)
        Flows after draws, debt service and the tax that it saves; no rows where
        nothing is drawn. [USD]
    cover : ndarray of shape (n_scenarios, n_tests)
        Debt service cover. [ratio]
    covenant : float
        Least cover agreed; NaN where none is. [ratio]
    site_cover : float
        Least cover on the base path as a plan tests the covenant, the whole site's cash
        over the service of its project debt, works included; NaN without. [ratio]
    """

    loans: tuple[Loan, ...]
    equity_usd: FloatArray
    cover: FloatArray
    covenant: float = math.nan
    site_cover: float = math.nan

    @property
    def drawn_usd(self) -> float:
        """All draws [USD]."""
        return sum(loan.drawn_usd for loan in self.loans)


@dataclass(slots=True)
class Lender:
    """The facilities open to the projects of one site.

    Parameters
    ----------
    study : Study
        Study of the company.
    site : str
        Site of the projects.
    group : TaxGroup
        Tax group under business as usual, on the rows that are scored.
    """

    study: Study
    site: str
    group: TaxGroup
    facilities: tuple[DebtFacility, ...] = field(init=False)
    usual_levies_usd: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        """Find the facilities, the cheapest first."""
        lent = self.study.company.debt_facilities
        mine = (one for one in lent if one.site in {None, self.site})
        self.facilities = tuple(sorted(mine, key=lambda one: one.rate_per_year))
        months = self.study.time.months
        self.usual_levies_usd = self.group.less_cost(np.zeros(months))

    def levered(self, added: Flows, whole: Flows, rows: IntArray) -> Levered:
        """Return a project with all it may borrow.

        Parameters
        ----------
        added : Flows
            What the project adds, the base path first. [USD]
        whole : Flows
            The whole site with the project. [USD]
        rows : ndarray of int of shape (n_scenarios,)
            Scenarios to score, the base path first.
        """
        loans, path, used, covenant = self._drawn(added)
        if not path.drawn_usd.any():
            return Levered(loans, added.flow_usd[:0], np.zeros((0, 0)))
        service = path.service_usd.sum(axis=0)
        tests = repayment_tests(path.repayment_usd.sum(axis=0), service)
        cost = (path.interest_usd + path.fees_usd).sum(axis=0)
        if self.site == self.study.company.tax_site:
            group = TaxGroup.of(
                self.study, whole.profit_usd[rows], whole.early_relief_usd[rows]
            )
            saved = group.less_cost(0.0 * cost) - group.less_cost(cost)
        else:
            saved = self.usual_levies_usd - self.group.less_cost(cost)
        return Levered(
            loans,
            equity_flow_usd(added.flow_usd[rows], path, saved),
            cover_at(added.cash_usd[rows], service, tests),
            covenant if used else math.nan,
            self._site_cover(loans, path, whole),
        )

    def _site_cover(
        self, loans: tuple[Loan, ...], path: DebtPath, whole: Flows
    ) -> float:
        """Return the least of `models.debt_limits.service_cover` on the base path."""
        tested = {one.id for one in self.facilities if one.min_dscr is not None}
        drawn = [loan.facility for loan in loans if loan.drawn_usd > 0.0]
        least = math.nan
        for facility, service in zip(drawn, path.service_usd, strict=True):
            if facility in tested:
                tests = dscr_test_months(len(service))
                cover = cover_at(whole.cash_usd[:1], service, tests)
                least = float(np.fmin.reduce(cover[0], initial=least))
        return least

    def _drawn(self, added: Flows) -> tuple[tuple[Loan, ...], DebtPath, bool, float]:
        """Return loans, their path, whether a covenant binds, and the covenant."""
        left = np.maximum(added.financed_usd, 0.0)
        kinds = list(FINANCED_ITEMS)
        path = no_debt(left.shape[1])
        loans, covenant = [], 0.0
        for facility in self.facilities:
            kind = kinds.index(facility.kind)
            asked = max(covenant, facility.min_dscr or 0.0)
            sized = sized_draws(
                facility,
                left[kind],
                added.cash_usd[0],
                min_cover=asked or None,
                other=path,
            )
            if sized.bound == "no cost":
                continue
            loans.append(Loan(facility.id, sized.drawn_usd, sized.bound))
            if sized.drawn_usd > 0.0:
                covenant = asked
                path = joined_debt(path, sized.path)
                # What one loan has paid for, no other does.
                left[kind] -= sized.path.drawn_usd[0]
        return tuple(loans), path, covenant > 0.0, covenant
