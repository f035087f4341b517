# SPDX-License-Identifier: Apache-2.0
"""Clients who stop paying: how long each contract lasts in each scenario.

A client's fate is drawn once per contract, as a multiple of the mean time to default;
the offer's own default rate turns it into months. A client who stops paying takes no
power either, and nothing is recovered; his space stays empty and GPUs leased out go
back to the merchant market. What does not belong here: what a contract earns
(`models.contracts`) and drawing (`gpu.sampling.scenarios`).
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from models.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.offers import GpuLeaseOffer, HostingOffer
    from models.paths import MarketPaths
    from models.study import Study

__all__ = ["client_slot", "count_client_slots", "paying_share"]


def count_client_slots(study: Study) -> int:
    """Return the length of the contract axis: the most offers that a site has."""
    offers = (*study.hosting_offers, *study.gpu_offers)
    return max(Counter(offer.site for offer in offers).values(), default=0)


def client_slot(study: Study, offer: HostingOffer | GpuLeaseOffer) -> int:
    """Return the place of an offer among those of its site.

    It stays when other sites are left out of the study.
    """
    offers = (*study.hosting_offers, *study.gpu_offers)
    return [other.id for other in offers if other.site == offer.site].index(offer.id)


def paying_share(
    study: Study,
    offer: HostingOffer | GpuLeaseOffer,
    paths: MarketPaths,
    *,
    since: int,
) -> FloatArray:
    """Return 1 in months in which the client of a contract pays, 0 from his default.

    Parameters
    ----------
    study : Study
        Study of the offer and the paths.
    offer : HostingOffer or GpuLeaseOffer
        Contract. [mixed]
    paths : MarketPaths
        Futures, with the fate of every client. [mixed]
    since : int
        First period of the contract. [period]

    Returns
    -------
    ndarray of shape (n_scenarios, n_periods)
        Shape (1, n_periods) where the offer has no default rate. [share 0-1]

    Notes
    -----
    With a chance p to default within a year the time to default is exponential with
    mean ``-12 / ln(1 - p)`` months; the month in which it falls is no longer paid.
    """
    n_periods = study.time.months
    if offer.default_rate_per_year == 0.0:
        return np.ones_like(paths.btc_price_usd, shape=(1, n_periods))
    mean_months = -MONTHS_PER_YEAR / math.log1p(-offer.default_rate_per_year)
    fate = paths.client_fate[:, study.site_index(offer.site), client_slot(study, offer)]
    # The k-th month is paid only if the client outlives it, so that k is its end.
    ends = np.asarray(np.arange(1.0, n_periods + 1.0) - since, like=fate)
    paid: FloatArray = (ends <= fate[:, None] * mean_months).astype(np.float64)
    return paid
