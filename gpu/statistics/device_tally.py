# SPDX-License-Identifier: Apache-2.0
"""Scores that stay on a device, and their statistics, made there.

A call's scenarios are described where they lie; what comes back is a tally of them,
which has the bits of one made on the host. What does not belong here: how a block is
counted (`gpu.statistics.describe_device`), what scores (`gpu.cuda.engine`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gpu.backend import DeviceLostError, is_device_loss
from gpu.liquidity import LiquidityRisk
from gpu.numpy_engine import Scored
from gpu.scoring.chunks import BLOCK
from gpu.statistics.describe_device import DeviceCounter
from gpu.statistics.month_tally import MonthTally, RiskMonths
from gpu.statistics.outcome_events import events
from gpu.statistics.row_tally import RowTally
from gpu.statistics.stored_parts import added

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpu.backend import ArrayModule
    from gpu.engines import Engine
    from gpu.numpy_engine import Rows
    from gpu.statistics.counter import Counter
    from gpu.statistics.intervals import Dependence
    from gpu.statistics.tally import ScoreTally
    from models.arrays import FloatArray, IntArray

__all__ = ["ScoredThere", "scorer", "take"]


@dataclass(frozen=True, slots=True)
class ScoredThere(Scored):
    """Scores whose months, and maybe rows, lie on a device.

    Parameters
    ----------
    xp : module
        Array module of the device.
    has_rows_here : bool
        Whether the rows lie on the host.
    """

    xp: ArrayModule
    has_rows_here: bool


def scorer(
    engine: Engine, *, has_rows: bool
) -> Callable[[IntArray], tuple[Scored, ...]]:
    """Return how an engine scores scenarios that are described and then let go.

    Parameters
    ----------
    engine : Engine
        Engine; one with a device leaves there what nobody else asks for.
    has_rows : bool
        Whether the rows are wanted on the host.

    Returns
    -------
    callable
        Takes ids (n,); for `take`.
    """
    stays = getattr(engine, "score_there", None)
    return engine.score if stays is None else partial(stays, has_rows=has_rows)


def take(
    tally: ScoreTally,
    first_id: int,
    scored: Scored,
    weights: FloatArray | None = None,
) -> None:
    """Have a tally take scenarios, described where they lie.

    Parameters
    ----------
    tally : ScoreTally
        Tally, see `gpu.statistics.tally.ScoreTally.take`.
    first_id : int
        Number of the first scenario, a multiple of 4,096. [unitless]
    scored : Scored
        Scores of it and those that follow.
    weights : ndarray of shape (n,) or None
        Weights, on the host. [ratio]

    Raises
    ------
    DeviceLostError
        If the device fails; the tally is then as before.
    """
    if not isinstance(scored, ScoredThere):
        tally.take(first_id, scored, weights)
        return
    try:
        found = _described(tally, first_id, scored, weights)
        copied = None if found is not None else _on_host(scored)
    except Exception as error:
        if is_device_loss(error):
            raise DeviceLostError.of(error) from error
        raise
    if found is not None:
        tally.merge(found)
    elif copied is not None:
        tally.take(first_id, copied, weights)


class _RowsThere(RowTally):
    """Statistics of rows that lie on a device."""

    @classmethod
    def like(cls, other: RowTally) -> _RowsThere:
        """Return an empty one of the same kind."""
        return cls(
            other.equity_limit_usd,
            is_streamed=other.is_streamed,
            is_weighted=other.is_weighted,
            dependence=other.dependence,
        )

    def take_all(
        self,
        rows: Rows,
        units: tuple[IntArray | None, IntArray | None],
        counter: DeviceCounter,
    ) -> None:
        """Take whole blocks, with weights in units on the host and on the device."""
        here, there = units
        n_rows = len(rows["npv_usd"])
        self.n_scenarios += n_rows
        self.total += n_rows if here is None else int(here.sum())
        for name, values in rows.items():
            if name.endswith("_period"):
                found = counter.counted(values, there)
                self._first[name] = added(self._first.get(name), found)
        heaviest = 1 if here is None else int(here.max())
        self._describe_all(rows, there, counter, heaviest)
        hits = events(rows, self.equity_limit_usd)
        for name, n_hits in zip(
            hits, counter.totals(list(hits.values()), there), strict=True
        ):
            self._counts[name] = self._counts.get(name, 0) + n_hits
        if "irr_status" in rows:
            seen = counter.counted(rows["irr_status"], there)
            self._status_counts = added(self._status_counts, seen)
        self._pairs.add(rows, there, counter)

    def _describe_all(
        self,
        rows: Rows,
        units: IntArray | None,
        counter: DeviceCounter,
        heaviest: int,
    ) -> None:
        """Take all columns of real numbers: moments by block, counts in one go."""
        named = {name: v for name, v in rows.items() if v.dtype == np.float64}
        for name in named:
            if name not in self._statistics:
                self._statistics[name] = self._new_column(name)
        columns: Any = np.stack(list(named.values()))
        n_rows = columns.shape[1]
        found = [self._statistics[name] for name in named]
        blocks = counter.moments_by_block(columns, units, BLOCK)
        for one, own in zip(found, blocks, strict=True):
            for k, block in enumerate(own):
                length = min(BLOCK, n_rows - k * BLOCK)
                low, high = one.moments.take(block, length, heaviest)
                if one.histogram is not None and low <= high:
                    one.histogram.make_room(low, high)
        histograms = [one.histogram for one in found if one.histogram is not None]
        if histograms:
            self._pool.count(histograms, columns, units, counter)


class _MonthsThere(MonthTally):
    """What is known by month of scenarios whose months lie on a device."""

    def take_all(
        self,
        first_id: int,
        risk: LiquidityRisk,
        units: tuple[IntArray | None, IntArray | None],
        n_rows: int,
        counter: DeviceCounter,
    ) -> None:
        """Take whole blocks, with weights in units on the host and on the device."""
        here, there = units
        for name, flags in risk.events.items():
            in_month, by_block = counter.flags_by_block(flags, there, BLOCK)
            self._add_event(name, in_month, by_block.sum(axis=0))
            for size in self._blocks.sizes(first_id):
                by_group = by_block
                if size < BLOCK:
                    _, by_group = counter.flags_by_block(flags, there, size)
                self._judge(name, first_id, by_group, n_rows, here, size)
        for name, level in risk.levels.items():
            self._level_of(name, level.shape[1]).add(level, there, counter)
        self._note(n_rows if risk.events else 0, here)


class _RiskThere(RiskMonths):
    """Risks by month of a plan and of its baseline, on a device."""

    def __init__(
        self, *, is_weighted: bool, dependence: Dependence, counts_baseline: bool
    ) -> None:
        super().__init__(
            is_weighted=is_weighted,
            dependence=dependence,
            counts_baseline=counts_baseline,
        )
        self._ours, self._usual = (
            _MonthsThere(is_weighted=is_weighted, dependence=dependence)
            for _ in range(2)
        )
        self._plan, self._baseline = self._ours, self._usual

    def take_all(
        self,
        first_id: int,
        scored: ScoredThere,
        units: tuple[IntArray | None, IntArray | None],
        counter: DeviceCounter,
    ) -> None:
        """Take whole blocks, see `_MonthsThere.take_all`."""
        n_rows = len(scored.rows["npv_usd"])
        self._ours.take_all(first_id, scored.plan, units, n_rows, counter)
        if scored.baseline is not None and self.counts_baseline:
            self._usual.take_all(first_id, scored.baseline, units, n_rows, counter)


def _described(
    tally: ScoreTally, first_id: int, scored: ScoredThere, weights: FloatArray | None
) -> ScoreTally | None:
    """Return a tally of some scenarios alone; None, and nothing held, without room."""
    here = tally.units_of(first_id, weights)
    there = None if here is None else scored.xp.asarray(here)
    counter = DeviceCounter(scored.xp)
    months = _RiskThere(
        is_weighted=tally.rows.is_weighted,
        dependence=tally.rows.dependence,
        counts_baseline=tally.months.counts_baseline,
    )
    rows = _RowsThere.like(tally.rows)
    # The first blocks are also judged one by one, which sorts them: on the host.
    is_judged = bool(rows.blocks.sizes(first_id))
    try:
        months.take_all(first_id, scored, (here, there), counter)
        if scored.has_rows_here or is_judged:
            _take_blocks(rows, first_id, _rows_here(scored), here, tally.counter)
        else:
            rows.take_all(scored.rows, (here, there), counter)
    except MemoryError:
        # CuPy's out-of-memory error is a MemoryError too.
        return None
    found = tally.fresh()
    found.rows, found.months = rows, months
    return found


def _take_blocks(
    tally: RowTally,
    first_id: int,
    rows: Rows,
    units: IntArray | None,
    counter: Counter,
) -> None:
    """Have a tally take rows on the host, block after block."""
    for start in range(0, len(rows["npv_usd"]), BLOCK):
        part = slice(start, start + BLOCK)
        own = {name: values[part] for name, values in rows.items()}
        inside = None if units is None else units[part]
        tally.take(first_id + start, own, inside, counter)


def _rows_here(scored: ScoredThere) -> Rows:
    if scored.has_rows_here:
        return scored.rows
    return {name: scored.xp.asnumpy(values) for name, values in scored.rows.items()}


def _on_host(scored: ScoredThere) -> Scored:
    """Return scores for a host's counter: rows and months copied.

    Months keep their order in memory: to turn them would take as much of the device's
    memory once more, of which there is none left when this is called.
    """
    copied = partial(scored.xp.asnumpy, order="A")

    def here(risk: LiquidityRisk) -> LiquidityRisk:
        # The rows of a risk are among those of the scores.
        parts = (risk.events, risk.levels)
        found = [{n: copied(v) for n, v in own.items()} for own in parts]
        return LiquidityRisk({}, *found)

    usual = None if scored.baseline is None else here(scored.baseline)
    return Scored(_rows_here(scored), here(scored.plan), usual)
