# SPDX-License-Identifier: Apache-2.0
"""Repairs of an infeasible study: each tried alone, its amount found, said in words.

A repair is named only if it makes the model feasible by itself, the other conflicts
being mended as diagnosed. Amounts are rounded to the safe side.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from models.offers import HostingOffer
from optimizer.milp.elastic import Slack

if TYPE_CHECKING:
    from models.offers import GpuLeaseOffer
    from models.site import Site
    from models.study import Study
    from optimizer.milp.elastic import ElasticProgram, ElasticSolution
    from optimizer.milp.model import BuiltModel

__all__ = ["Repairs", "money"]

_MILLION: Final = 1e6
_LEAST_LIMIT_S: Final = 1.0


def money(amount_usd_m: float, *, up: bool) -> str:
    """Return an amount of USD millions in words, rounded up or down.

    Parameters
    ----------
    amount_usd_m : float
        Amount, >= 0. [USD m]
    up : bool
        Whether to round up.
    """
    whole = math.ceil if up else math.floor
    if amount_usd_m >= 0.1:
        return f"{whole(amount_usd_m * 100 * (1 - 1e-12)) / 100:,.2f} M USD"
    return f"{whole(amount_usd_m * _MILLION * (1 - 1e-12)):,} USD"
