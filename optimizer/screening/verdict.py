# SPDX-License-Identifier: Apache-2.0
"""Verdicts: pass, only if one price is kinder, or fail, in words.

``pass``: NPV at the hurdle is not negative on the base path, nor in at least half of
the sampled scenarios. ``only if``: otherwise, but one price would mend the base path
alone, and it need not be more than twice, or less than half, of what it is there; of
several the nearest is named. ``fail``: the rest. Flows are those before loans: every
project is shown all loans of the company, and verdicts that leaned on them would pass
more projects than they can finance. What does not belong here: the numbers themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from models.offers import GpuLeaseOffer
from optimizer.screening.breakeven import KIND_ABOVE
from optimizer.screening.terms import is_paid_by_us, priced_offer

if TYPE_CHECKING:
    from models.study import Study
    from optimizer.screening.projects import Project

__all__ = [
    "OFFER_PRICE",
    "PASS_FRAC",
    "REACHABLE",
    "Price",
    "Verdict",
    "VerdictKind",
    "clears",
    "price_of",
    "verdict_of",
]

OFFER_PRICE: Final = "offer_price"
"""Driver beside those of `optimizer.screening.breakeven`: the price in an offer."""

PASS_FRAC: Final = 0.5
"""Least share of scenarios with an NPV at the hurdle that is not negative."""

REACHABLE: Final = 2.0
"""Largest factor, or divisor, of a base path that still counts as reachable."""

VerdictKind = Literal["pass", "only_if", "fail"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to make of a project.

    Parameters
    ----------
    kind : str
        ``pass``, ``only_if`` or ``fail``.
    text : str
        The same in words, with the price that decides.
    distance : float
        How far the nearest break-even is from the base path, as the absolute log of its
        multiplier; infinite without one. [unitless]
    """

    kind: VerdictKind
    text: str
    distance: float


@dataclass(frozen=True, slots=True)
class Price:
    """A price of the first month that a break-even multiplies.

    Parameters
    ----------
    name, unit : str
        What it is called, and its unit.
    value : float
        NaN where the project has no such price. [`unit`]
    is_kind_above : bool
        Whether the project is worth more above it.
    """

    name: str
    value: float
    unit: str
    is_kind_above: bool


def verdict_of(
    study: Study,
    project: Project,
    *,
    npv_at_hurdle_usd: float,
    npv_positive_frac: float,
    found: dict[str, float | None],
) -> Verdict:
    """Return the verdict on a project.

    Parameters
    ----------
    study : Study
        Study with the base prices.
    project : Project
        Project.
    npv_at_hurdle_usd : float
        On the base path. [USD]
    npv_positive_frac : float
        Share of sampled scenarios where it is not negative. [share 0-1]
    found : dict of str to float or None
        Break-even multipliers by driver. [ratio]
    """
    near = min(
        (
            (abs(math.log(multiplier)), driver, multiplier)
            for driver, multiplier in found.items()
            if multiplier is not None
        ),
        default=(math.inf, "", math.nan),
    )
    distance, driver, multiplier = near
    if clears(npv_at_hurdle_usd, npv_positive_frac):
        return Verdict("pass", "pass", distance)
    if distance > math.log(REACHABLE):
        return Verdict("fail", "fail", distance)
    price = price_of(study, project, driver)
    side = ">=" if price.is_kind_above else "<="
    value = price.value * multiplier
    digits = ",.0f" if value >= 1000.0 else (".1f" if value >= 10.0 else ".2f")
    text = f"only if {price.name} {side} {value:{digits}} {price.unit}"
    return Verdict("only_if", text, distance)


def clears(npv_at_hurdle_usd: float, npv_positive_frac: float) -> bool:
    """Return whether flows pass: on the base path and in enough scenarios.

    Parameters
    ----------
    npv_at_hurdle_usd : float
        On the base path. [USD]
    npv_positive_frac : float
        Share of sampled scenarios where it is not negative. [share 0-1]
    """
    return npv_at_hurdle_usd >= 0.0 and npv_positive_frac >= PASS_FRAC


def price_of(study: Study, project: Project, driver: str) -> Price:
    """Return the price of the first month that a driver multiplies.

    Parameters
    ----------
    study : Study
        Study.
    project : Project
        Project, for its site, GPU family and offers.
    driver : str
        One of `optimizer.screening.breakeven.DRIVERS`, or `OFFER_PRICE`.
    """
    if driver == OFFER_PRICE:
        return _offer_price(study, project)
    is_kind_above = KIND_ABOVE[driver]
    if driver == "btc_price":
        return Price("BTC", study.market.btc_price_usd, "USD", is_kind_above)
    if driver == "power_price":
        site = study.site(project.site)
        if site.partner is not None:
            value = site.partner.hosting_rate_usd_per_mwh
        elif project.line == "gpu_leasing":
            value = site.power.firm_usd_per_mwh
        else:
            value = site.power.flexible_usd_per_mwh
        return Price("power", value, "USD/MWh", is_kind_above)
    if not project.gpu:
        return Price("rent", math.nan, "USD/GPU-h", is_kind_above)
    rent = study.gpu(project.gpu).rent_usd_per_gpu_h
    return Price(f"{project.gpu} rent", rent, "USD/GPU-h", is_kind_above)


def _offer_price(study: Study, project: Project) -> Price:
    """Return the price in the offer that decides; NaN without an offer."""
    offer = priced_offer(study, project)
    if offer is None:
        return Price("offer", math.nan, "", is_kind_above=True)
    if isinstance(offer, GpuLeaseOffer):
        is_above = not is_paid_by_us(offer)
        return Price(
            "contract", offer.price_usd_per_gpu_h, "USD/GPU-h", is_kind_above=is_above
        )
    if offer.rate_usd_per_mwh > 0.0:
        return Price("rate", offer.rate_usd_per_mwh, "USD/MWh", is_kind_above=True)
    rent = offer.rent_usd_per_it_kw_month
    return Price("rent", rent, "USD/kW-month", is_kind_above=True)
