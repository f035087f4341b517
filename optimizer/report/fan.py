# SPDX-License-Identifier: Apache-2.0
"""Cash, BTC and loan over sampled scenarios: the bands of the treasury figure.

What does not belong here: statistics of whole scenarios (`gpu.scoring.score`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.sampling.scenarios import sampled_paths
from models.cashflow import evaluate

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["FAN_SCENARIOS", "TreasuryFan", "treasury_fan"]

FAN_SCENARIOS: Final = 2_000
"""Most scenarios behind the bands: enough for 5th percentiles, quick to run."""

_SHARES: Final = (0.05, 0.5, 0.95)
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class TreasuryFan:
    """Percentiles of balances at every month's end.

    Parameters
    ----------
    n_scenarios : int
        Scenarios used. [unitless]
    cash_usd, loan_usd : ndarray of shape (3, n_periods + 1)
        5th, 50th and 95th percentile. [USD]
    held_btc : ndarray of shape (3, n_periods + 1)
        The same of BTC, free and pledged. [BTC]
    """

    n_scenarios: int
    cash_usd: FloatArray
    loan_usd: FloatArray
    held_btc: FloatArray


def treasury_fan(study: Study, plan: Plan, seed: int, n_scenarios: int) -> TreasuryFan:
    """Return the bands of a plan's treasury over the first scenarios of a seed.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    seed : int
        0 to 2^64 - 1. [unitless]
    n_scenarios : int
        Scenarios 0 to n - 1, at most `FAN_SCENARIOS` of them. [unitless]
    """
    n_used = min(n_scenarios, FAN_SCENARIOS)
    cash, loan, held = [], [], []
    for first in range(0, n_used, _CHUNK):
        ids = np.arange(first, min(first + _CHUNK, n_used), dtype=np.int64)
        path = evaluate(study, plan, sampled_paths(study, seed, ids)).treasury
        cash.append(path.cash_usd)
        loan.append(path.loan_usd)
        held.append(path.btc_free + path.btc_pledged)
    return TreasuryFan(n_used, _shares(cash), _shares(loan), _shares(held))


def _shares(parts: list[FloatArray]) -> FloatArray:
    shares: FloatArray = np.quantile(np.concatenate(parts), _SHARES, axis=0)
    return shares
