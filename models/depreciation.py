# SPDX-License-Identifier: Apache-2.0
"""Write-off for tax: straight line, MACRS tables, bonus in the first year.

The optimiser takes its coefficients from here and the engine posts the same series.
What does not belong here: what machines are worth when sold (`models.fleet`), and the
books' own depreciation, which is straight line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from models.builds import straight_line_usd
from models.months import months_between

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.site import Site
    from models.study import Study
    from models.tax_regime import AssetClass, DepreciationRule, TaxRegime

__all__ = [
    "WriteOff",
    "macrs_shares",
    "opening_write_off_usd",
    "tax_depreciation_usd",
    "write_off",
    "yearly_shares",
]

_MONTHS = 12
_DOUBLE_DECLINING_YEARS = 10
"""Recovery periods up to this decline at 200 %, longer ones at 150 %."""


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Write-off of one asset for tax.

    Parameters
    ----------
    monthly_usd : ndarray of shape (n_periods,)
        Write-off. [USD]
    early_relief_usd : float
        What tax and withholding it saved by the horizon beyond straight line over the
        class's life; 0 for straight line. [USD]
    """

    monthly_usd: FloatArray
    early_relief_usd: float


@cache
def macrs_shares(recovery_years: int) -> tuple[float, ...]:
    """Return the share of cost written off in each tax year under MACRS.

    Declining balance (200 % up to 10 years, 150 % above), half a year in the first,
    straight line over what is left once that is more, half a year in the last [1]_.

    Parameters
    ----------
    recovery_years : int
        Recovery period. [years]

    Returns
    -------
    tuple of float
        ``recovery_years + 1`` shares that sum to 1. [share 0-1]

    References
    ----------
    .. [1] IRS Publication 946, How To Depreciate Property, appendix A, table A-1
       (whose printed shares are these rounded to 0.01 %).
    """
    decline = (2.0 if recovery_years <= _DOUBLE_DECLINING_YEARS else 1.5) / (
        recovery_years
    )
    shares, left, years_left = (
        [decline / 2.0],
        1.0 - decline / 2.0,
        recovery_years - 0.5,
    )
    while years_left > 1.0:
        share = left * max(decline, 1.0 / years_left)
        shares.append(share)
        left, years_left = left - share, years_left - 1.0
    return (*shares, left)


def yearly_shares(rule: DepreciationRule) -> tuple[float, ...]:
    """Return the share of cost that a table method writes off in each tax year.

    ``bonus``: `bonus_frac` in the first year and the rest by its MACRS table.

    Raises
    ------
    ValueError
        If the rule is straight line, which runs by months.
    """
    if rule.method == "straight_line":
        msg = "straight-line write-off runs by months, not by tax years"
        raise ValueError(msg)
    table = macrs_shares(rule.macrs_years)
    if rule.method == "macrs":
        return table
    rest = 1.0 - rule.bonus_frac
    return (rule.bonus_frac + rest * table[0], *(rest * share for share in table[1:]))


def tax_depreciation_usd(
    regime: TaxRegime,
    kind: AssetClass,
    cost_usd: float,
    live: int,
    *,
    start_month: str,
    n_periods: int,
) -> FloatArray:
    """Return what may be written off for tax each month.

    Straight line runs from the first month of use over the class's life. Table methods
    run by calendar tax years: a year's share is spread evenly over its months, the
    first year's over the months from first use to December.

    Parameters
    ----------
    regime : TaxRegime
        Lives and methods.
    kind : {"asic", "gpu", "plant"}
        Class of assets.
    cost_usd : float
        Cost to write off; scales the result, in whatever unit it comes. [USD]
    live : int
        First period of use, >= 0. [period]
    start_month : str
        Calendar month of period 0, ISO ``YYYY-MM``.
    n_periods : int
        Horizon. [months]

    Returns
    -------
    ndarray of shape (n_periods,)
        Write-off, of the sign of the cost. [USD]
    """
    rule = regime.depreciation(kind)
    if rule.method == "straight_line":
        return straight_line_usd(cost_usd, live, regime.life_months(kind), n_periods)
    calendar_month = (months_between("2000-01", start_month) + live) % _MONTHS
    shares = np.asarray(yearly_shares(rule))
    lengths = np.full(len(shares), _MONTHS)
    lengths[0] = _MONTHS - calendar_month
    monthly = np.repeat(cost_usd * shares / lengths, lengths)
    schedule = np.zeros(n_periods)
    fits = max(min(n_periods - live, len(monthly)), 0)
    schedule[live : live + fits] = monthly[:fits]
    return schedule


def write_off(
    study: Study, site: Site, kind: AssetClass, cost_usd: float, live: int
) -> WriteOff:
    """Return the write-off of an asset at a site, and what it saved early.

    End values are taxed as if written off straight line: what is saved ahead of that
    falls due at the horizon, see `models.tax.terminal_tax_usd`.

    Parameters
    ----------
    study : Study
        Study of the site.
    site : Site
        Site whose regime applies.
    kind : {"asic", "gpu", "plant"}
        Class of assets.
    cost_usd : float
        Cost; scales both results, in whatever unit it comes. [USD]
    live : int
        First period of use, >= 0. [period]
    """
    regime, n_periods = study.tax_regime(site), study.time.months
    monthly = tax_depreciation_usd(
        regime,
        kind,
        cost_usd,
        live,
        start_month=study.time.start_month,
        n_periods=n_periods,
    )
    if regime.depreciation(kind).method == "straight_line":
        return WriteOff(monthly, 0.0)
    even = straight_line_usd(cost_usd, live, regime.life_months(kind), n_periods)
    terms = study.tax_terms(site)
    levies = np.array([terms.levy_frac(period) for period in range(n_periods)])
    return WriteOff(monthly, float(levies @ (monthly - even)))


def opening_write_off_usd(site: Site, n_periods: int) -> FloatArray:
    """Return the write-off of a site's opening machines, straight line [USD].

    Their book value over their remaining life, whatever the regime's method: what they
    were once written off by is not known.

    Returns
    -------
    ndarray of shape (n_periods,)
        Write-off, >= 0. [USD]
    """
    total = np.zeros(n_periods)
    for cohort in site.opening_fleet:
        life = max(cohort.remaining_life_months, 1)
        total += straight_line_usd(cohort.book_value_usd, 0, life, n_periods)
    return total
