# SPDX-License-Identifier: Apache-2.0
"""The price in an offer at which signing it is worth zero.

What does not belong here: market prices (`optimizer.screening.breakeven`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from scipy.optimize import brentq

from optimizer.screening.horizon import changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.offers import GpuLeaseOffer, HostingOffer
    from models.study import Study
    from optimizer.screening.projects import Project

__all__ = ["is_paid_by_us", "offer_break_even", "priced_offer", "with_offer_price"]

_LOW: Final = 0.1
_HIGH: Final = 10.0
_TOLERANCE: Final = 1e-7


def priced_offer(study: Study, project: Project) -> HostingOffer | GpuLeaseOffer | None:
    """Return the offer whose price decides: the client's, else what we lease in."""
    signed: list[HostingOffer | GpuLeaseOffer] = []
    names = [taken.offer for taken in project.offers]
    signed += [offer for offer in study.hosting_offers if offer.id in names]
    signed += [offer for offer in study.gpu_offers if offer.id in names]
    clients = [offer for offer in signed if not is_paid_by_us(offer)]
    return next(iter(clients or signed), None)


def is_paid_by_us(offer: HostingOffer | GpuLeaseOffer) -> bool:
    """Return whether we pay the price of an offer: GPUs leased in."""
    return getattr(offer, "direction", "out") == "in"


def with_offer_price(study: Study, offer_id: str, multiplier: float) -> Study:
    """Return a study in which one offer's price is multiplied.

    Parameters
    ----------
    study : Study
        Study.
    offer_id : str
        Offer.
    multiplier : float
        Factor on its rate, rent or price. [ratio]
    """

    def hosting(offer: HostingOffer) -> HostingOffer:
        prices = {
            "rate_usd_per_mwh": offer.rate_usd_per_mwh * multiplier,
            "rent_usd_per_it_kw_month": offer.rent_usd_per_it_kw_month * multiplier,
        }
        return offer.model_copy(update=prices)

    def lease(offer: GpuLeaseOffer) -> GpuLeaseOffer:
        price = {"price_usd_per_gpu_h": offer.price_usd_per_gpu_h * multiplier}
        return offer.model_copy(update=price)

    return changed(
        study,
        hosting_offers=tuple(
            hosting(o) if o.id == offer_id else o for o in study.hosting_offers
        ),
        gpu_offers=tuple(lease(o) if o.id == offer_id else o for o in study.gpu_offers),
    )


def offer_break_even(
    npv_of: Callable[[float], float], *, is_paid_by_us: bool
) -> float | None:
    """Return the multiplier of an offer's price at which NPV is zero.

    Parameters
    ----------
    npv_of : callable
        NPV by multiplier of the price. [USD]
    is_paid_by_us : bool
        Whether a lower price is kinder.

    Returns
    -------
    float or None
        None when there is no such price from a tenth to ten times. [ratio]
    """
    harsh, kind = (_HIGH, _LOW) if is_paid_by_us else (_LOW, _HIGH)
    if not npv_of(harsh) < 0.0 <= npv_of(kind):
        return None
    root = brentq(
        lambda log_multiplier: npv_of(math.exp(log_multiplier)),
        math.log(_LOW),
        math.log(_HIGH),
        xtol=_TOLERANCE,
    )
    return math.exp(float(root))
