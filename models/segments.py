# SPDX-License-Identifier: Apache-2.0
"""Segments, and how what they share at a site is split between them.

What a line uses of a site's power stands in `models.capacity`; what is split (demand
charges, depreciation of plant) in `models.statements`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from models.capacity import LINES, SHELL_KINDS, usage

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

_SEGMENT_OF_LINE: Final = {
    "self_mining": "mining",
    "hosting": "hosting",
    "gpu_leasing": "gpu_leasing",
}


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
    by_use = usage(study, plan).by_use_mw
    n_sites, _, _, n_periods = by_use.shape
    used = np.zeros((n_sites, POWER + 1, len(SEGMENTS), n_periods))
    for line, name in enumerate(LINES):
        place = SEGMENTS.index(_SEGMENT_OF_LINE[name])
        used[:, :POWER, place] = by_use[:, :, line]
        used[:, POWER, place] = by_use[:, :, line].sum(axis=1)
    total = used.sum(axis=2, keepdims=True)
    is_idle = total <= 0.0
    share = used / np.where(is_idle, 1.0, total)
    share[:, :, SEGMENTS.index("corporate")] = is_idle[:, :, 0]
    return share
