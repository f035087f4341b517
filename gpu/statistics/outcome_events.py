# SPDX-License-Identifier: Apache-2.0
"""What may happen in a scenario, read off its row: losses, equity, calls, breaches.

What does not belong here: how rows come about (`gpu.numpy_engine`), counting
(`gpu.statistics.row_tally`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.liquidity import CALL, LIQUIDATION
from gpu.numpy_engine import EQUITY_TOLERANCE_USD

if TYPE_CHECKING:
    from gpu.numpy_engine import Rows

__all__ = ["WITHIN_MONTHS", "events"]

WITHIN_MONTHS = (3, 6, 12)
"""Spans from the opening in which a call or a liquidation is counted. [months]"""


def events(rows: Rows, equity_limit_usd: float) -> dict[str, Any]:
    """Return what may happen in a scenario.

    Parameters
    ----------
    rows : dict of str to ndarray of shape (n,)
        Columns of `gpu.numpy_engine.score_paths`, or its headline ones. [mixed]
    equity_limit_usd : float
        Most emergency equity that the company can raise. [USD]

    Returns
    -------
    dict of str to ndarray of bool of shape (n,)
        By name of the share of scenarios. [unitless]
    """
    found = {
        "npv_negative_frac": rows["npv_usd"] < 0.0,
        "equity_needed_frac": rows["equity_usd"] > EQUITY_TOLERANCE_USD,
        "equity_over_limit_frac": (
            rows["equity_usd"] > equity_limit_usd + EQUITY_TOLERANCE_USD
        ),
    }
    if "incremental_npv_usd" in rows:
        found["npv_below_baseline_frac"] = rows["incremental_npv_usd"] < 0.0
        found["npv_above_baseline_frac"] = rows["incremental_npv_usd"] > 0.0
        is_none = np.isnan(rows["irr_per_year"])
        found["no_irr_frac"] = is_none
        found["no_irr_and_gain_frac"] = is_none & (rows["incremental_npv_usd"] > 0.0)
        found["no_payback_frac"] = np.isnan(rows["payback_months"])
    ending = "_npv_at_hurdle_usd"
    for name, values in rows.items():
        if name.startswith("site_") and name.endswith(ending):
            site = name.removesuffix(ending)
            found[f"{site}_clears_hurdle_frac"] = values >= 0.0
            is_none = np.isnan(rows[f"{site}_irr_per_year"])
            found[f"{site}_no_irr_frac"] = is_none
            found[f"{site}_no_irr_and_gain_frac"] = is_none & (values > 0.0)
    return found | _risk_events(rows)


def _risk_events(rows: Rows) -> dict[str, Any]:
    """Return calls, liquidations and covenant breaches, of the baseline too."""
    found: dict[str, Any] = {}
    for name, first in rows.items():
        if not name.endswith("_period") or "_equity_" in name:
            continue
        event = name.removesuffix("_period").replace("first_", "", 1)
        if event.removeprefix("baseline_") in {CALL, LIQUIDATION}:
            for months in WITHIN_MONTHS:
                found[f"{event}_within_{months}_months_frac"] = first < months
        found[f"{event}_frac"] = ~np.isnan(first)
    return found
