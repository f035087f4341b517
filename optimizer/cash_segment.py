# SPDX-License-Identifier: Apache-2.0
"""Use case: the cash effect of a side business beside depreciation.

What does not belong here: the arithmetic (`models.cash_segment`), tables and the
terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.cash_lines import CASH_LINES, line_flows
from models.cash_segment import segment_cash
from models.cashflow import evaluate
from models.errors import ConfigError, Fault
from models.market import base_paths
from optimizer.cash_cases import CASES, case_study
from sites.history import load_quarters

if TYPE_CHECKING:
    from models.cash_segment import SegmentCash
    from models.company import SideBusiness
    from models.study import Study
    from optimizer.cash_cases import Case
    from optimizer.cash_source import CashSource

__all__ = ["CashSegment", "cash_segment"]

_M: Final = 1e-6
_DAYS_PER_MONTH: Final = 365.25 / 12.0


@dataclass(frozen=True, slots=True)
class CashSegment:
    """The cash effect of a side business.

    Parameters
    ----------
    id, name : str
        The business.
    study_id, plan_label : str
        Study and plan whose first month gives the company's cash cost.
    quarter : str
        Quarter of the published depreciation, ``YYYY-Qn``.
    cases : dict of str to SegmentCash
        ``low``, ``base`` and ``high`` cash.
    tax_rate_frac : float
        Rate of the group that carries it. [share 0-1]
    book_value_usd : float or None
        Published book value of the machines. [USD]
    """

    id: str
    name: str
    study_id: str
    plan_label: str
    quarter: str
    cases: dict[Case, SegmentCash]
    tax_rate_frac: float
    book_value_usd: float | None

    @property
    def sentences(self) -> tuple[str, str]:
        """Two sentences to quote."""
        low, base, high = (self.cases[case] for case in CASES)
        name = self.name.partition(",")[0]
        days = high.net_cash_usd / base.monthly_cash_cost_usd * _DAYS_PER_MONTH
        first = (
            f"USD {base.revenue_usd * _M:.1f}m of quarterly revenue of {name} leave "
            f"USD {_signed(base.net_cash_usd)}m of cash after cost and tax "
            f"({_signed(low.net_cash_usd)} to {_signed(high.net_cash_usd)}), at best "
            f"{_days(days)} of the company's cash cost of "
            f"USD {base.monthly_cash_cost_usd * _M:.1f}m a month."
        )
        second = (
            f"USD {base.depreciation_usd * _M:.1f}m of quarterly depreciation take no "
            "cash: they lower reported profit, and save at most "
            f"USD {base.tax_shield_usd * _M:.1f}m of tax a quarter, only while there "
            "is profit to tax."
        )
        return first, second

    @property
    def note(self) -> str:
        """What the figures rest on."""
        quarters = self.cases["high"].quarters_to_fund_depreciation
        wear = (
            "No case earns a quarter's depreciation, the pace at which machines wear."
            if quarters is None
            else f"At best {quarters / 4:.0f} years of it would pay one quarter's wear "
            "of the machines."
        )
        return (
            f"Depreciation as published for {self.quarter}. Tax at "
            f"{self.tax_rate_frac:.1%}, an assumption; none is due while losses are "
            f"carried forward. {wear}"
        )


def cash_segment(source: CashSource, segment: str) -> CashSegment:
    """Return the cash effect of a side business.

    Parameters
    ----------
    source : CashSource
        Study and plan.
    segment : str
        Id of a side business, or a part of it that no other has, such as ``auto``.

    Returns
    -------
    CashSegment
        Three cases.

    Raises
    ------
    ConfigError
        If the company has no such side business.
    """
    own = _business(source.study, segment)
    facts = [fact for fact in load_quarters() if fact.depreciation_usd is not None]
    last = facts[-1]
    site = source.study.site(source.study.company.tax_site)
    cases: dict[Case, SegmentCash] = {}
    for case in CASES:
        study = case_study(source.bundle, case)
        business = _business(study, own.id)
        cases[case] = segment_cash(
            revenue_usd_per_month=business.revenue_usd_per_month,
            cost_usd_per_month=business.cost_usd_per_month,
            depreciation_usd_per_quarter=last.depreciation_usd or 0.0,
            tax_rate_frac=study.tax_regime(site).rate_frac,
            monthly_cash_cost_usd=_cash_cost_usd(study, source),
        )
    return CashSegment(
        id=own.id,
        name=own.name,
        study_id=source.study.id,
        plan_label=source.plan.label,
        quarter=last.quarter,
        cases=cases,
        tax_rate_frac=source.study.tax_regime(site).rate_frac,
        book_value_usd=last.machines_book_value_usd,
    )


def _cash_cost_usd(study: Study, source: CashSource) -> float:
    """Return operating payments of the plan's first month, its own cost left out."""
    flows = line_flows(study, evaluate(study, source.plan, base_paths(study)))
    return -sum(
        float(flows[line.key][0, 0])
        for line in CASH_LINES
        if line.group == "payments" and line.key != "side_payments"
    )


def _business(study: Study, segment: str) -> SideBusiness:
    known = {one.id: one for one in study.company.side_businesses}
    found = [one for key, one in known.items() if segment and segment in key]
    if segment in known:
        return known[segment]
    if len(found) == 1:
        return found[0]
    names = ", ".join(known) or "none"
    fault = Fault(
        "--segment",
        "",
        segment,
        "must name one side business.",
        f"Known: {names}.",
    )
    raise ConfigError([fault])


def _signed(value_usd: float) -> str:
    return f"{value_usd * _M:+.1f}" if abs(value_usd) >= 5e4 else "0.0"


def _days(days: float) -> str:
    return f"{days:.1f} days" if days > 0.0 else "no day"
