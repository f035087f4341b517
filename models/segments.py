# SPDX-License-Identifier: Apache-2.0
"""Segments, and how what they share at a site is split between them.

What a line uses of a site's power stands in `models.capacity`; what is split (demand
charges, depreciation of plant) in `models.statements`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.capacity import SHELL_KINDS
from models.fleet import asic_facility_mw, gpu_facility_mw

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["POWER", "SEGMENTS", "SEGMENT_LABELS", "segment_share_frac"]

SEGMENT_LABELS: Final = {
    "mining": "Mining",
    "hosting": "Hosting",
    "gpu_leasing": "GPU leasing",
    "side_businesses": "Side businesses",
    "corporate": "Corporate",
}
"""Segments by key, in report order. The car-export platform is a side business."""

SEGMENTS: Final = tuple(SEGMENT_LABELS)

POWER: Final = len(SHELL_KINDS)
"""Row of the site as a whole, behind those of its shell kinds."""


def segment_share_frac(study: Study, plan: Plan) -> FloatArray:
    """Return which share of each site's space the segments use, month by month.

    Space is split by facility MW in use; space that nobody uses is corporate.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.

    Returns
    -------
    ndarray of shape (n_sites, n_shell_kinds + 1, n_segments, n_periods)
        Shares that sum to 1 over the segments, by shell kind in the order of
        `models.capacity.SHELL_KINDS`; the row `POWER` is the site's power as a
        whole. [share 0-1]
    """
    n_sites, n_periods = len(study.sites), study.time.months
    used = np.zeros((n_sites, POWER + 1, len(SEGMENTS), n_periods))
    gpu_ids = {gpu.id for gpu in study.gpus}
    offers = {offer.id: offer for offer in study.hosting_offers}

    def add(
        site: int, kind: str, segment: str, since: int, until: int, mw: float
    ) -> None:
        span = slice(since, until)
        for row in (SHELL_KINDS.index(kind), POWER):
            used[site, row, SEGMENTS.index(segment), span] += mw

    for held in plan.holdings:
        index = study.site_index(held.site)
        site = study.sites[index]
        if held.model in gpu_ids:
            mw = gpu_facility_mw(site, study.gpu(held.model)) * held.units
            add(index, "hpc", "gpu_leasing", held.since, held.until, mw)
        else:
            asic = study.asic(held.model)
            mw = asic_facility_mw(site, asic) * held.units
            add(index, asic.shell, "mining", held.since, held.until, mw)
    for taken in plan.offers:
        if taken.offer in offers:
            offer = offers[taken.offer]
            index = study.site_index(offer.site)
            add(index, offer.shell, "hosting", taken.since, taken.until, offer.mw)
    total = used.sum(axis=2, keepdims=True)
    is_idle = total <= 0.0
    share = used / np.where(is_idle, 1.0, total)
    share[:, :, SEGMENTS.index("corporate")] = is_idle[:, :, 0]
    return share
