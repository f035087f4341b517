# SPDX-License-Identifier: Apache-2.0
"""Use case: the cash projection of a quarter that has begun.

Published balances at its start, reported output of its first months, and the first
months of a plan for the rest. What does not belong here: rolling forward
(`models.cash_quarter`), tables and the terminal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NoReturn

from models.cash_quarter import (
    QUARTER_ROWS,
    CostBasis,
    ReportedMonth,
    planned_months,
    reported_months,
)
from models.cashflow import evaluate
from models.cost_backtest import months_of_quarter
from models.errors import ConfigError, Fault
from models.market import base_paths
from models.months import add_months
from models.units import days_in_month
from optimizer.cash_cases import CASES, case_values, with_values
from sites.history import load_production, load_quarters
from sites.quarter_ends import load_quarter_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.backtest import ProductionMonth
    from models.cash_quarter import QuarterEnd, QuarterMonth
    from models.cost_backtest import QuarterFacts
    from models.study import Study
    from optimizer.cash_cases import Case
    from optimizer.cash_source import CashSource

__all__ = ["CashQuarter", "QuarterCase", "cash_quarter"]

_QUARTER: Final = re.compile(r"(\d{4})-?[Qq]([1-4])")
_BALANCES: Final = ("company.cash_usd", "company.loan.principal_usd")


@dataclass(frozen=True, slots=True)
class QuarterCase:
    """The quarter in one case.

    Parameters
    ----------
    months : tuple of QuarterMonth
        Its three months.
    tie_cash_usd, tie_loan_usd : float
        Cash and loan after the reported months less those the study opens with. [USD]
    """

    months: tuple[QuarterMonth, ...]
    tie_cash_usd: float
    tie_loan_usd: float

    def total_usd(self, key: str) -> float:
        """Return a row of the quarter, inflow positive [USD]."""
        return sum(month.flows_usd[key] for month in self.months)

    @property
    def btc_mined(self) -> float:
        """Output of the quarter. [BTC]."""
        return sum(month.btc_mined for month in self.months)

    @property
    def highest_ltv_frac(self) -> float | None:
        """Highest known loan to value at a month's end. [share 0-1]."""
        known = [month.ltv_frac for month in self.months if month.ltv_frac is not None]
        return max(known, default=None)

    @property
    def error_usd(self) -> float:
        """Opening cash and all rows less closing cash: rounding. [USD]."""
        flows = sum(self.total_usd(key) for key in QUARTER_ROWS)
        return self.months[0].opening_usd + flows - self.months[-1].closing_usd


@dataclass(frozen=True, slots=True)
class CashQuarter:
    """The cash projection of a quarter.

    Parameters
    ----------
    quarter : str
        ``YYYYQn``.
    study_id, plan_label : str
        Study and plan behind the months that are not reported.
    start : QuarterEnd
        Published balances at its start.
    cases : dict of str to QuarterCase
        ``low``, ``base`` and ``high`` cash.
    cost_notes : dict of str to str
        What each case says the reported months cost, in words.
    margin_call_ltv_frac : float
        Level at which the lender calls, an assumption. [share 0-1]
    """

    quarter: str
    study_id: str
    plan_label: str
    start: QuarterEnd
    cases: dict[Case, QuarterCase]
    cost_notes: dict[Case, str]
    margin_call_ltv_frac: float


def cash_quarter(source: CashSource, quarter: str) -> CashQuarter:
    """Return the cash projection of a quarter that has begun.

    Parameters
    ----------
    source : CashSource
        Study and plan; the study starts after the last reported month.
    quarter : str
        Such as ``2025Q4``.

    Returns
    -------
    CashQuarter
        Three cases.

    Raises
    ------
    ConfigError
        If the quarter is malformed, its start is not published, it has no reported
        month, or the study does not continue it.
    """
    ends, _ = load_quarter_ends()
    production = load_production()
    facts = load_quarters()
    name, start, reported, n_planned = _pieces(quarter, ends, production, source.study)
    cases: dict[Case, QuarterCase] = {}
    notes: dict[Case, str] = {}
    for case in CASES:
        mining, notes[case] = _mining_usd(case, facts, production, start, reported)
        cases[case] = _case(source, case, start, reported, mining, n_planned)
    return CashQuarter(
        quarter=name,
        study_id=source.study.id,
        plan_label=source.plan.label,
        start=start,
        cases=cases,
        cost_notes=notes,
        margin_call_ltv_frac=source.study.company.loan.margin_call_ltv_frac,
    )


def _case(
    source: CashSource,
    case: Case,
    start: QuarterEnd,
    reported: Sequence[ReportedMonth],
    mining_usd: dict[str, float],
    n_planned: int,
) -> QuarterCase:
    values = {
        key: value
        for key, value in case_values(source.bundle, case).items()
        if key not in _BALANCES
    }
    company = with_values(source.bundle, values).company
    side = company.side_businesses
    basis = CostBasis(
        mining_usd=mining_usd,
        side_cost_usd_per_month=sum(one.cost_usd_per_month for one in side),
        side_revenue_usd_per_month=sum(one.revenue_usd_per_month for one in side),
        general_admin_usd_per_month=company.general_admin_usd_per_month,
        loan_rate_per_year=company.loan.rate_per_year,
        cash_floor_usd=company.cash_floor_usd,
    )
    months = reported_months(start, reported, basis)
    cash_usd, loan_usd = months[-1].closing_usd, months[-1].loan_usd
    if n_planned:
        values |= dict(zip(_BALANCES, (cash_usd, loan_usd), strict=True))
        study = with_values(source.bundle, values)
        paths = base_paths(study)
        months += planned_months(
            study,
            evaluate(study, source.plan, paths),
            n_planned,
            paths.btc_price_usd[0].tolist(),
            paths.btc_per_eh_s[0].tolist(),
        )
    own = source.study.company
    return QuarterCase(
        months=_priced(months, source.study),
        tie_cash_usd=cash_usd - own.cash_usd,
        tie_loan_usd=loan_usd - own.loan.principal_usd,
    )


def _priced(months: list[QuarterMonth], study: Study) -> tuple[QuarterMonth, ...]:
    """Return the months, the one before the study at the study's opening price."""
    before = add_months(study.months[0], -1)
    return tuple(
        replace(month, btc_price_usd=study.market.btc_price_usd)
        if month.month == before
        else month
        for month in months
    )


def _mining_usd(
    case: Case,
    facts: Sequence[QuarterFacts],
    production: Sequence[ProductionMonth],
    start: QuarterEnd,
    reported: Sequence[ReportedMonth],
) -> tuple[dict[str, float], str]:
    """Return the cash cost to mine of each reported month, and its rule in words."""
    known = {fact.quarter.replace("-", ""): fact for fact in facts}
    last = known[start.quarter]
    if case == "low":
        before = {row.month: row for row in production}
        machine_days = sum(
            (before[month].avg_operating_hashrate_eh_s or 0.0) * days_in_month(month)
            for month in months_of_quarter(last.quarter)
        )
        rate = last.btc_produced * last.cash_cost_usd_per_btc / machine_days
        return {
            row.month: rate * (row.hashrate_eh_s or 0.0) * days_in_month(row.month)
            for row in reported
        }, (
            f"grows with energy from {start.quarter}: machines ran, output per machine "
            "fell"
        )
    cost = last.cash_cost_usd_per_btc
    words = f"{cost:,.0f} USD per BTC, as published for {start.quarter}"
    if case == "high":
        best = min(facts, key=lambda fact: fact.cash_cost_usd_per_btc)
        cost = best.cash_cost_usd_per_btc
        words = f"{cost:,.0f} USD per BTC, as published for {best.quarter}"
    return {row.month: row.btc_mined * cost for row in reported}, words


def _pieces(
    quarter: str,
    ends: Sequence[QuarterEnd],
    production: Sequence[ProductionMonth],
    study: Study,
) -> tuple[str, QuarterEnd, list[ReportedMonth], int]:
    """Return the quarter's name, start, reported months and count of planned ones."""
    match = _QUARTER.fullmatch(quarter.strip())
    if match is None:
        _refuse(quarter, "must be a quarter.", "Write it as 2025Q4.")
    name = f"{match[1]}Q{match[2]}"
    months = months_of_quarter(f"{match[1]}-Q{match[2]}")
    before = add_months(months[0], -1)
    year, number = before.split("-")
    start = {end.quarter: end for end in ends}.get(f"{year}Q{int(number) // 3}")
    known = ", ".join(_next(end.quarter) for end in ends)
    if start is None:
        _refuse(
            quarter,
            "starts at balances that are not among the published ones.",
            f"Quarters that can be projected: {known}.",
        )
    if start.company != study.company.id:
        _refuse(
            quarter,
            f"has published balances of {start.company}, and study {study.id} is of "
            f"{study.company.id}.",
            f"Take a study of {start.company}, such as base.",
        )
    reported = [
        ReportedMonth(row.month, row.btc_produced, row.avg_operating_hashrate_eh_s)
        for row in production
        if row.month in months and row.btc_produced is not None
    ]
    if not reported:
        _refuse(
            quarter,
            "has no month with reported output.",
            f"Quarters that can be projected: {known}.",
        )
    missing = [month for month in months if month > reported[-1].month]
    if missing and missing[0] != study.months[0]:
        _refuse(
            quarter,
            f"has reported output up to {reported[-1].month}, and study {study.id} "
            f"starts in {study.months[0]}.",
            f"Take a study that starts in {missing[0]}.",
        )
    return name, start, reported, len(missing)


def _next(quarter: str) -> str:
    year, number = int(quarter[:4]), int(quarter[-1])
    return f"{year + number // 4}Q{number % 4 + 1}"


def _refuse(quarter: str, allowed: str, action: str) -> NoReturn:
    raise ConfigError([Fault("--quarter", "", quarter, allowed, action)])
