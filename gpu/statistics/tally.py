# SPDX-License-Identifier: Apache-2.0
"""All statistics of one plan's scenarios, taken in block by block and merged.

What does not belong here: statistics of rows (`gpu.statistics.row_tally`) and by month
(`gpu.statistics.month_tally`), how scenarios are scored (`gpu.engines`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gpu.liquidity import LiquidityRisk
from gpu.scoring.chunks import BLOCK
from gpu.statistics.describe import NUMPY, weight_units
from gpu.statistics.month_tally import RiskMonths
from gpu.statistics.outcome_events import WITHIN_MONTHS, events
from gpu.statistics.row_tally import RowTally
from gpu.statistics.stored_parts import part_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gpu.numpy_engine import Scored
    from gpu.statistics.counter import Counter
    from gpu.statistics.intervals import Dependence
    from models.arrays import FloatArray, IntArray

__all__ = ["WITHIN_MONTHS", "ScoreTally", "events"]


class ScoreTally:
    """All statistics of one plan's scenarios, mergeable in any order and grouping.

    Workers keep a tally each and take whatever blocks they score; merged, they give
    the same bits as one tally that took every block.

    Parameters
    ----------
    equity_limit_usd : float
        Most emergency equity that the company can raise. [USD]
    is_streamed : bool
        Whether quantiles come from histograms; else from rows kept elsewhere.
    is_weighted : bool
        Whether scenarios come with weights (importance sampling).
    dependence : {"rows", "pairs", "blocks"}
        What is independent of each other: ``pairs`` for antithetic draws, ``blocks``
        for Sobol nets, else ``rows``.
    counts_baseline : bool
        Whether the baseline's months are counted too: beside several plans once will
        do.
    counter : Counter
        How blocks are counted; all forms give the same bits.
    """

    def __init__(
        self,
        equity_limit_usd: float,
        *,
        is_streamed: bool = True,
        is_weighted: bool = False,
        dependence: Dependence = "rows",
        counts_baseline: bool = True,
        counter: Counter = NUMPY,
    ) -> None:
        self.rows = RowTally(
            equity_limit_usd,
            is_streamed=is_streamed,
            is_weighted=is_weighted,
            dependence=dependence,
        )
        self.months = RiskMonths(
            is_weighted=is_weighted,
            dependence=dependence,
            counts_baseline=counts_baseline,
        )
        self.counter = counter

    @property
    def n_scenarios(self) -> int:
        """Scenarios taken so far."""
        return self.rows.n_scenarios

    def fresh(self) -> ScoreTally:
        """Return an empty tally of the same kind, for another worker."""
        return ScoreTally(
            self.rows.equity_limit_usd,
            is_streamed=self.rows.is_streamed,
            is_weighted=self.rows.is_weighted,
            dependence=self.rows.dependence,
            counts_baseline=self.months.counts_baseline,
            counter=self.counter,
        )

    def take(
        self, first_id: int, scored: Scored, weights: FloatArray | None = None
    ) -> None:
        """Take scenarios, whole blocks from the start of a block on.

        Parameters
        ----------
        first_id : int
            Number of the first scenario, a multiple of 4,096. [unitless]
        scored : Scored
            Scores of it and those that follow.
        weights : ndarray of shape (n,) or None
            Weights, needed if and only if the tally is weighted. [ratio]

        Raises
        ------
        ValueError
            If `first_id` starts no block, or weights are missing or not wanted.
        """
        units = self.units_of(first_id, weights)
        n_rows = len(scored.rows["npv_usd"])
        for start in range(0, n_rows, BLOCK):
            part = slice(start, start + BLOCK)
            block = scored if n_rows <= BLOCK else part_of_scored(scored, part)
            inside = None if units is None else units[part]
            self.rows.take(first_id + start, block.rows, inside, self.counter)
            self.months.take(first_id + start, block, inside, self.counter)

    def units_of(self, first_id: int, weights: FloatArray | None) -> IntArray | None:
        """Return the weights of scenarios in units, see `take`.

        Parameters
        ----------
        first_id : int
            Number of the first scenario. [unitless]
        weights : ndarray of shape (n,) or None
            Weights. [ratio]

        Returns
        -------
        ndarray of int of shape (n,) or None
            Weights in units. [unitless]

        Raises
        ------
        ValueError
            If `first_id` starts no block, or weights are missing or not wanted.
        """
        if first_id % BLOCK:
            msg = f"first_id = {first_id} must be a multiple of {BLOCK}"
            raise ValueError(msg)
        if (weights is not None) != self.rows.is_weighted:
            msg = "weights go with weighted tallies, and only with those"
            raise ValueError(msg)
        return None if weights is None else weight_units(weights)

    def describe(
        self, first_id: int, scored: Scored, weights: FloatArray | None = None
    ) -> ScoreTally:
        """Return a fresh tally of some scenarios alone, see `take`.

        Parameters
        ----------
        first_id : int
            Number of the first scenario, a multiple of 4,096. [unitless]
        scored : Scored
            Scores of it and those that follow.
        weights : ndarray of shape (n,) or None
            Weights. [ratio]
        """
        found = self.fresh()
        found.take(first_id, scored, weights)
        return found

    def merge(self, other: ScoreTally) -> None:
        """Take the scenarios of another tally of the same plan."""
        self.rows.merge(other.rows)
        self.months.merge(other.months)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the state as arrays, see `from_arrays`."""
        parts = {"rows": self.rows.to_arrays(), "months": self.months.to_arrays()}
        return {
            f"{part}:{name}": array
            for part, arrays in parts.items()
            for name, array in arrays.items()
        }

    @classmethod
    def from_arrays(
        cls, arrays: dict[str, NDArray[Any]], counter: Counter = NUMPY
    ) -> ScoreTally:
        """Return the tally that `to_arrays` stored, exactly.

        Parameters
        ----------
        arrays : dict of str to ndarray of any shape
            Stored state. [mixed]
        counter : Counter
            How further blocks are counted.
        """
        rows = RowTally.from_arrays(part_of(arrays, "rows:"))
        found = cls(
            rows.equity_limit_usd,
            is_streamed=rows.is_streamed,
            is_weighted=rows.is_weighted,
            dependence=rows.dependence,
            counter=counter,
        )
        found.rows = rows
        found.months = RiskMonths.from_arrays(part_of(arrays, "months:"))
        return found


def part_of_scored(scored: Scored, part: slice) -> Scored:
    """Return the scores of some of the scenarios, as views."""
    rows = {name: values[part] for name, values in scored.rows.items()}
    plan = _part_of_risk(scored.plan, part)
    usual = scored.baseline and _part_of_risk(scored.baseline, part)
    return replace(scored, rows=rows, plan=plan, baseline=usual)


def _part_of_risk(risk: LiquidityRisk, part: slice) -> LiquidityRisk:
    return LiquidityRisk(
        *(
            {name: values[part] for name, values in found.items()}
            for found in (risk.rows, risk.events, risk.levels)
        )
    )
