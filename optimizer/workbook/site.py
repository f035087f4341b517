# SPDX-License-Identifier: Apache-2.0
"""One site's sheet being put together: its prices, flows and write-offs.

What its machines, contracts and builds earn stands in `machines`, `nodes`, `contracts`
and `plant`; the ledger under them in `site_ledger`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optimizer.workbook.expr import Call, Expr, Operand
from optimizer.workbook.lines import Scalar, Series
from optimizer.workbook.sheets import Sheet

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.site import Site
    from models.tax_regime import AssetClass, TaxRegime
    from optimizer.workbook.draft import Draft
    from optimizer.workbook.market import Market
    from optimizer.workbook.timeline import Timeline

__all__ = [
    "Purchase",
    "SiteSheet",
    "Use",
    "Work",
    "in_last_month",
    "site_sheet",
    "spread_evenly",
]


@dataclass(frozen=True, slots=True)
class Purchase:
    """Machines of one family ordered for a site.

    Parameters
    ----------
    model : str
        Family.
    kind : {"asic", "gpu"}
        Class of assets.
    cost : Series
        What is paid, by month of order. [USD]
    lots : ndarray of shape (n_periods,)
        Lots ordered. [lots]
    lot_units, delivery_months : int
        Machines in a lot; from order to first month of use. [units, months]
    """

    model: str
    kind: AssetClass
    cost: Series
    lots: FloatArray
    lot_units: int
    delivery_months: int


@dataclass(frozen=True, slots=True)
class Work:
    """What is built at a site.

    Parameters
    ----------
    space : str
        Kind of shell that it makes, ``power`` for a phase.
    cost : Series
        Cost, by month of start. [USD]
    lead : Scalar
        Months from start to use. [months]
    """

    space: str
    cost: Series
    lead: Scalar


@dataclass(frozen=True, slots=True)
class Use:
    """Facility power that a segment takes up.

    Parameters
    ----------
    space : str
        Kind of shell.
    segment : str
        Segment of `models.segments`.
    mw : Series
        Power reserved. [MW]
    """

    space: str
    segment: str
    mw: Series


@dataclass
class SiteSheet:
    """A site's sheet and what has been put on it.

    Parameters
    ----------
    draft, time, market
        What all sites share.
    site : Site
        The site.
    sheet : Sheet
        Its sheet.
    flexible, firm : Series
        Energy price paths. [USD/MWh]
    flows : dict of str to list of Series
        Flows by item of `models.ledger.ITEMS`, inflow positive. [USD]
    write_offs : list of Series
        Tax depreciation, >= 0. [USD]
    mined, energy : list of Series
        Output and energy of mining. [BTC, MWh]
    early : list of Series
        Write-off ahead of straight line, either sign. [USD]
    purchases : list of Purchase
        Machines ordered.
    works : list of Work
        What is built.
    used : list of Use
        Who takes up power and space.
    deposits : list of tuple of str and Series
        Direction of each lease and what moves its deposit, made positive. [USD]
    """

    draft: Draft
    time: Timeline
    market: Market
    site: Site
    sheet: Sheet
    flexible: Series
    firm: Series
    flows: dict[str, list[Series]] = field(default_factory=dict)
    write_offs: list[Series] = field(default_factory=list)
    mined: list[Series] = field(default_factory=list)
    energy: list[Series] = field(default_factory=list)
    early: list[Series] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)
    used: list[Use] = field(default_factory=list)
    deposits: list[tuple[str, Series]] = field(default_factory=list)

    @property
    def n_periods(self) -> int:
        """Months of the horizon."""
        return self.draft.n_periods

    @property
    def regime(self) -> TaxRegime:
        """The site's tax regime."""
        return self.draft.study.tax_regime(self.site)

    def number(self, key: str) -> Scalar:
        """Return an input of the site, such as ``uptime_frac``."""
        return self.draft.inputs.number(f"sites.{self.site.id}.{key}")

    def tax_number(self, key: str) -> Scalar:
        """Return an input of the site's tax regime."""
        return self.draft.inputs.number(f"tax_regimes.{self.regime.id}.{key}")

    def decided(self, label: str, unit: str, values: FloatArray) -> Series:
        """Put a monthly decision of the site on the sheet of the plan."""
        return self.draft.decided(f"{self.site.name}: {label}", unit, values)

    def flow(self, item: str, label: str, formula: Expr) -> Series:
        """Put a flow on the sheet and count it to an item, inflow positive."""
        line = Series(label, "USD", formula, total=True)
        self.sheet.add(line)
        self.flows.setdefault(item, []).append(line)
        return line

    def use(self, space: str, segment: str, mw: Expr) -> None:
        """Put the facility power that a segment takes up on the sheet."""
        line = self.sheet.row("Power reserved", "MW", mw, style="number")
        self.used.append(Use(space, segment, line))

    def write_off(self, label: str, formula: Expr) -> Series:
        """Put a tax depreciation line on the sheet, >= 0."""
        line = self.sheet.row(label, "USD", formula, total=True)
        self.write_offs.append(line)
        return line


def site_sheet(draft: Draft, time: Timeline, market: Market, site: Site) -> SiteSheet:
    """Return a site's sheet with its power prices.

    Parameters
    ----------
    draft, time, market
        What all sites share.
    site : Site
        The site.
    """
    # The id cannot hold what a sheet's name may not; a tab has room for 31 signs.
    ids = [other.id for other in draft.study.sites]
    number = ids.index(site.id) + 1
    name = f"Site {site.id}" if len(site.id) <= 26 else f"Site {number} {site.id[:20]}"
    sheet = Sheet(name, f"Site: {site.name}")
    sheet.heading("Power price")
    prices = [
        sheet.row(
            label,
            "USD/MWh",
            draft.inputs.number(f"sites.{site.id}.{key}")
            * (1 + draft.inputs.number(f"sites.{site.id}.power.escalation_per_year"))
            ** time.elapsed_years
            * draft.inputs.factor("power_price"),
            style="price",
        )
        for label, key in (
            ("Flexible load", _price_key(site, "flexible")),
            ("Firm load", _price_key(site, "firm")),
        )
    ]
    return SiteSheet(draft, time, market, site, sheet, prices[0], prices[1])


def _price_key(site: Site, load: str) -> str:
    if site.partner is not None:
        return "partner.hosting_rate_usd_per_mwh"
    return f"power.{load}_usd_per_mwh"


def spread_evenly(
    time: Timeline, cost: Series, *, delay: Operand, months: Operand
) -> Expr:
    """Return what falls on this month of amounts spread evenly over later months.

    Each month's amount is spread over some months that begin after a delay.

    Parameters
    ----------
    time : Timeline
        Sheet of time.
    cost : Series
        Amounts by the month in which they arise. [USD]
    delay : Expr or int
        Months until the first share. [months]
    months : Expr or int
        Months of equal shares. [months]
    """
    begins = time.index.so_far + delay
    is_begun = begins <= time.index
    is_left = begins + months > time.index
    return Call("SUMPRODUCT", cost.so_far * is_begun * is_left) / months


def in_last_month(time: Timeline, value: Expr) -> Expr:
    """Return a value at the horizon as a monthly flow."""
    return value * time.is_last
