# SPDX-License-Identifier: Apache-2.0
"""Rows of scenarios taken in block by block: kept, described and counted.

What does not belong here: how rows come about (`gpu.numpy_engine`), statistics of one
column (`gpu.statistics`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.liquidity import CALL, LIQUIDATION
from gpu.numpy_engine import EQUITY_TOLERANCE_USD
from gpu.statistics import ColumnStatistics
from models.finance import IRR_STATUS

if TYPE_CHECKING:
    from gpu.numpy_engine import Rows
    from gpu.statistics import ColumnSummary
    from models.arrays import IntArray

__all__ = ["WITHIN_MONTHS", "Tally", "events"]

WITHIN_MONTHS = (3, 6, 12)
"""Spans from the opening in which a call or a liquidation is counted. [months]"""

# Resolution of streamed quantiles near zero, by the unit that ends a column's name.
SMALLEST = {"_usd": 1.0, "_per_year": 1e-6, "_btc": 1e-6}


class Tally:
    """What is known of the scenarios so far; blocks come in id order.

    Parameters
    ----------
    n_total : int
        Scenarios to come in all. [unitless]
    is_kept : bool
        Whether every row is kept; else quantiles come from histograms.
    equity_limit_usd : float
        Most emergency equity that the company can raise. [USD]
    """

    def __init__(self, n_total: int, *, is_kept: bool, equity_limit_usd: float) -> None:
        self.n_total = n_total
        self.equity_limit_usd = equity_limit_usd
        self.is_kept = is_kept
        self.columns: Rows | None = None
        self._statistics: dict[str, ColumnStatistics] = {}
        self._counts: dict[str, int] = {}
        self._status_counts: IntArray | None = None

    def take(self, first: int, block: Rows) -> None:
        """Take the rows of a block whose first id is `first`."""
        if self.is_kept:
            self._keep(first, block)
        for name, values in block.items():
            if values.dtype == np.float64:
                if name not in self._statistics:
                    self._statistics[name] = ColumnStatistics(
                        _smallest(name), is_streamed=not self.is_kept
                    )
                self._statistics[name].add_block(values)
        for name, hits in events(block, self.equity_limit_usd).items():
            self._counts[name] = self._counts.get(name, 0) + int(hits.sum())
        if "irr_status" in block:
            seen = np.bincount(block["irr_status"], minlength=len(IRR_STATUS))
            before = 0 if self._status_counts is None else self._status_counts
            self._status_counts = seen + before

    def _keep(self, first: int, block: Rows) -> None:
        if self.columns is None:
            self.columns = {
                name: np.empty(self.n_total, dtype=values.dtype)
                for name, values in block.items()
            }
        for name, values in block.items():
            self.columns[name][first : first + len(values)] = values

    def summary(self) -> dict[str, ColumnSummary]:
        """Return the statistics of every column of real numbers."""
        return {
            name: column.summary(None if self.columns is None else self.columns[name])
            for name, column in self._statistics.items()
        }

    def probabilities(self) -> dict[str, float]:
        """Return the share of scenarios in which each event happens [share 0-1]."""
        return {name: count / self.n_total for name, count in self._counts.items()}

    def irr_status_frac(self) -> dict[str, float]:
        """Return the share of scenarios by status of the increment's IRR."""
        if self._status_counts is None:
            return {}
        return {
            name: int(count) / self.n_total
            for name, count in zip(IRR_STATUS, self._status_counts, strict=True)
        }


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
        is_none = np.isnan(rows["irr_per_year"])
        found["no_irr_frac"] = is_none
        found["no_irr_and_gain_frac"] = is_none & (rows["incremental_npv_usd"] > 0.0)
        found["no_payback_frac"] = np.isnan(rows["payback_months"])
    ending = "_npv_at_hurdle_usd"
    for name, values in rows.items():
        if name.startswith("site_") and name.endswith(ending):
            site = name.removesuffix(ending)
            found[f"{site}_clears_hurdle_frac"] = values >= 0.0
            found[f"{site}_no_irr_frac"] = np.isnan(rows[f"{site}_irr_per_year"])
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


def _smallest(column: str) -> float:
    ends = (size for end, size in SMALLEST.items() if column.endswith(end))
    return next(ends, 1e-3)
