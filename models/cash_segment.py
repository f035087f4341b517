# SPDX-License-Identifier: Apache-2.0
"""The cash effect of a side business, beside depreciation that moves no cash.

What does not belong here: files and words for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["SegmentCash", "segment_cash"]

_MONTHS_PER_QUARTER: Final = 3
_DAYS_PER_QUARTER: Final = 365.25 / 4.0


@dataclass(frozen=True, slots=True)
class SegmentCash:
    """A quarter of a side business in one case; costs and taxes are negative.

    Parameters
    ----------
    revenue_usd, cost_usd, margin_usd : float
        Of a quarter. [USD]
    tax_usd : float
        Tax on the margin, positive where a loss relieves the group's tax; it counts
        only while the group pays tax. [USD]
    net_cash_usd : float
        Margin after that tax. [USD]
    depreciation_usd : float
        Depreciation of a quarter; moves no cash. [USD]
    tax_shield_usd : float
        Tax it saves while the group has profits. [USD]
    monthly_cash_cost_usd : float
        The company's cash cost of a month, > 0. [USD]
    share_of_cash_cost_frac : float
        Net cash of a month over that cost. [ratio]
    days_of_cash_cost : float
        Days of the company's cash cost that a quarter's net cash pays. [days]
    quarters_to_fund_depreciation : float or None
        Quarters of net cash that make up one quarter's depreciation, the pace at which
        machines wear; None where the business brings no cash. [quarters]
    """

    revenue_usd: float
    cost_usd: float
    margin_usd: float
    tax_usd: float
    net_cash_usd: float
    depreciation_usd: float
    tax_shield_usd: float
    monthly_cash_cost_usd: float
    share_of_cash_cost_frac: float
    days_of_cash_cost: float
    quarters_to_fund_depreciation: float | None


def segment_cash(
    *,
    revenue_usd_per_month: float,
    cost_usd_per_month: float,
    depreciation_usd_per_quarter: float,
    tax_rate_frac: float,
    monthly_cash_cost_usd: float,
) -> SegmentCash:
    """Return what a quarter of a side business does to cash.

    Parameters
    ----------
    revenue_usd_per_month, cost_usd_per_month : float
        Of the business. [USD/month]
    depreciation_usd_per_quarter : float
        Of the whole company. [USD]
    tax_rate_frac : float
        Rate of the group that carries the business. [share 0-1]
    monthly_cash_cost_usd : float
        The company's operating cash cost, > 0. [USD]

    Returns
    -------
    SegmentCash
        Figures of a quarter.

    Notes
    -----
    ``net = (revenue - cost) (1 - rate)``; ``shield = depreciation x rate``.
    """
    revenue_usd = _MONTHS_PER_QUARTER * revenue_usd_per_month
    cost_usd = _MONTHS_PER_QUARTER * cost_usd_per_month
    margin_usd = revenue_usd - cost_usd
    net_usd = margin_usd * (1.0 - tax_rate_frac)
    quarter_cost_usd = _MONTHS_PER_QUARTER * monthly_cash_cost_usd
    return SegmentCash(
        revenue_usd=revenue_usd,
        cost_usd=-cost_usd,
        margin_usd=margin_usd,
        tax_usd=0.0 - margin_usd * tax_rate_frac,
        net_cash_usd=net_usd,
        depreciation_usd=depreciation_usd_per_quarter,
        tax_shield_usd=depreciation_usd_per_quarter * tax_rate_frac,
        monthly_cash_cost_usd=monthly_cash_cost_usd,
        share_of_cash_cost_frac=net_usd / quarter_cost_usd,
        days_of_cash_cost=net_usd / quarter_cost_usd * _DAYS_PER_QUARTER,
        quarters_to_fund_depreciation=depreciation_usd_per_quarter / net_usd
        if net_usd > 0.0
        else None,
    )
