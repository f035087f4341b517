# SPDX-License-Identifier: Apache-2.0
"""The compiled engine: the kernel on all cores of a CPU, through Numba.

It gives what `gpu.numpy_engine` gives, within the contract of agreement. What does not
belong here: the model (`gpu.kernel`), its tables (`gpu.tables.build`), threads and
blocks (`gpu.scoring.chunk_run`), names of columns (`gpu.tables.rows`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.asked_rows import count_ids, count_points
from gpu.kernel import layout as at
from gpu.kernel.compiled import L, cache_folder
from gpu.kernel.irr import IRR_OUT_ROWS, IRR_WORK_ROWS
from gpu.kernel.random import WORD_ROWS
from gpu.kernel.run import score_rows
from gpu.sampling.draws import checked_ids, checked_tilt
from gpu.sampling.leading_cpu import leading_draws
from gpu.sampling.rule import GROUPS, DrawRule, as_rule
from gpu.tables.build import make_tables
from gpu.tables.rows import KernelResult, open_rows, scored_of, settle
from gpu.tables.spare import SpareArrays
from models.path_changes import MULTIPLIERS, require_multiplier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gpu.numpy_engine import Scored
    from gpu.tables.build import Tables
    from models.arrays import FloatArray, IntArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["CpuEngine", "has_cache", "is_compiled"]

_MASK_32: Final = 0xFFFFFFFF


def is_compiled() -> bool:
    """Return whether this machine has the kernel compiled already."""
    folder = cache_folder()
    return folder is not None and any(folder.rglob("run.score_rows-*.nbc"))


def has_cache() -> bool:
    """Return whether a kernel compiled now is kept for later."""
    return cache_folder() is not None


MOST_BLOCKS: Final = 4
"""Blocks of a call at most: more gain nothing. [unitless]"""


class CpuEngine:
    """The kernel under Numba.

    Parameters
    ----------
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score on the same scenarios.
    baseline : Plan or None
        Business as usual.
    rule : DrawRule or int
        Rule of the draws; a seed for plain ones. [unitless]
    has_sites : bool
        Whether sites are valued as projects, with NPV and IRR of their own.
    """

    def __init__(
        self,
        study: Study,
        plans: Sequence[Plan],
        baseline: Plan | None,
        rule: DrawRule | int,
        *,
        has_sites: bool = True,
    ) -> None:
        self.name: str = "cpu"
        self.reason = "cpu: compiled by Numba"
        self.n_workers = _count_cores()
        self.tables: Tables = make_tables(study, plans, baseline, has_sites=has_sites)
        self.blocks_per_call = _blocks_per_call(self.n_workers, self.tables.n_plans)
        self._rule = as_rule(rule)
        self._market = study.market
        self._drawn = _with_rule(self.tables, self._rule)
        self._still = _with_rule(self.tables, None)
        self._levels = SpareArrays(np.float64, self.n_workers)
        self._events = SpareArrays(np.uint8, self.n_workers)

    def score(self, ids: IntArray) -> tuple[Scored, ...]:
        """Return the scores of each plan in sampled scenarios.

        Parameters
        ----------
        ids : ndarray of int of shape (n,)
            Numbers of the scenarios. [unitless]

        Raises
        ------
        ValueError
            If there is no scenario, or a number is out of range.
        """
        scenario, leading = self._sampled(ids)
        return self._scored(scenario, leading, {}, self._drawn)

    def _sampled(self, ids: IntArray) -> tuple[IntArray, FloatArray]:
        """Return scenarios, checked, and their leading draws where the rule has any."""
        count_ids(ids)
        scenario = checked_ids(self._rule, np.asarray(ids))
        leading = np.zeros(1)
        if self._rule.method == "sobol":
            wide = _padded(scenario)
            n_periods = self.tables.n_periods
            leading = leading_draws(self._rule, wide, self._market, n_periods)
        return scenario, leading

    def score_grid(self, multipliers: dict[str, FloatArray]) -> tuple[Scored, ...]:
        """Return the scores of each plan at multiples of the base path.

        Parameters
        ----------
        multipliers : dict of str to ndarray of shape (n,)
            Of `models.path_changes.MULTIPLIERS`, at least one. [ratio]

        Raises
        ------
        ValueError
            If there is no factor, a name is unknown or a factor cannot be applied.
        """
        ids = self._base_ids(multipliers)
        return self._scored(ids, np.zeros(1), multipliers, self._still)

    def _base_ids(self, multipliers: dict[str, FloatArray]) -> IntArray:
        """Return an id for each of some multiples of the base path, checked."""
        n_rows = count_points(multipliers)
        for name, values in multipliers.items():
            require_multiplier(name, values)
        return np.zeros(n_rows, dtype=np.int64)

    def score_base(self) -> tuple[Scored, ...]:
        """Return the scores of each plan on the base path, one row."""
        ids = np.zeros(1, dtype=np.int64)
        return self._scored(ids, np.zeros(1), {}, self._still)

    def _scored(
        self,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
    ) -> tuple[Scored, ...]:
        result = self._run(ids, leading, multipliers, tables, np.zeros(1))
        places = np.flatnonzero(open_rows(self.tables, result, len(ids)))
        if len(places):
            self._settle(result, places, ids, leading, multipliers, tables)
        return scored_of(self.tables, result, len(ids))

    def _settle(
        self,
        result: KernelResult,
        places: IntArray,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
    ) -> None:
        """Run rows with an open IRR again, for their flows, and solve them here."""
        data, ints = tables[0], tables[1].copy()
        ints[ints[at.RULE] + at.KEEPS_FLOWS] = 1
        own = {name: values[places] for name, values in multipliers.items()}
        if leading.ndim > 1:
            leading = leading[_padded(places)]
        n_wide = -(-len(places) // L) * L
        n_series = 1 + len(self.tables.projects)
        shape = (self.tables.n_plans, n_series, self.tables.n_periods + 1, n_wide)
        flows = np.zeros(shape)
        again = self._run(ids[places], leading, own, (data, ints), flows)
        settle(self.tables, result, places, again, flows)

    def _run(
        self,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
        flows: FloatArray,
    ) -> KernelResult:
        wide = _padded(ids)
        scales = np.ones((len(MULTIPLIERS), len(wide)))
        for name, values in multipliers.items():
            row = scales[list(MULTIPLIERS).index(name)]
            row[: len(ids)] = values
            row[len(ids) :] = values[-1]
        result = self._room(len(wide))
        kernel: Any = score_rows
        kernel(
            *_scratch(self.tables),
            wide,
            leading.reshape(-1),
            scales.reshape(-1),
            result.out.reshape(-1),
            result.levels.reshape(-1),
            result.events.reshape(-1),
            flows.reshape(-1),
            len(wide),
            *tables,
        )
        return result

    def _room(self, n_wide: int) -> KernelResult:
        """Return a result to fill in, zero where the kernel writes to some months only.

        A plan without a loan has levels and events that nobody writes or reads.
        """
        out, levels, events = KernelResult.shapes(self.tables, n_wide)
        result = KernelResult(
            np.empty(out), self._levels.empty(levels), self._events.empty(events)
        )
        # Covenants are tested a few months a year.
        result.events[2 * self.tables.n_plans :] = 0
        return result


def _blocks_per_call(n_workers: int, n_plans: int) -> int:
    """Return how many blocks a call scores.

    Rows whose IRR the kernel leaves open are run again as lanes of a full block,
    however few they are. More blocks share that; every worker gets two calls of the
    least chunk, and months of many plans do not fill the memory.
    """
    return max(1, min(MOST_BLOCKS, 8 // n_workers, 8 // n_plans))


def _count_cores() -> int:
    """Return the cores this process may use; all where the system does not say."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # Neither on macOS nor on Windows.
        return os.cpu_count() or 1


def _padded(ids: IntArray) -> IntArray:
    """Return ids filled up to whole groups of lanes with the last of them."""
    n_wide = -(-len(ids) // L) * L
    wide = np.full(n_wide, ids[-1], dtype=np.int64)
    wide[: len(ids)] = ids
    return wide


def _scratch(tables: Tables) -> tuple[NDArray[Any], ...]:
    """Return the kernel's scratch arrays in its own order."""
    n_accounts = tables.n_plans * (tables.n_sites + 1)
    rows = (
        at.W_ROWS,
        tables.n_sites * at.S_ROWS,
        max(tables.n_fates, 1),
        n_accounts * at.Q_ROWS,
        tables.n_plans * at.P_ROWS,
        max(tables.n_covenants, 1) * at.COVER_COLUMNS,
        tables.n_history_rows,
    )
    floats = [np.empty(n * L) for n in rows]
    whole = [np.empty(n * L, dtype=np.int64) for n in (WORD_ROWS, 1, 1, 1)]
    solver = [np.empty(n * L) for n in (IRR_WORK_ROWS, IRR_OUT_ROWS)]
    return (*floats, *whole, *solver)


def _with_rule(tables: Tables, rule: DrawRule | None) -> tuple[FloatArray, IntArray]:
    """Return the tables with a rule of the draws; None for the base path."""
    values = dict.fromkeys(range(at.RULE_LENGTH), 0)
    tilt = np.zeros(tables.n_periods)
    values[at.PLAIN_EVERY] = 1
    if rule is not None:
        swapped = sum(1 << GROUPS.index(name) for name in rule.swapped)
        given = checked_tilt(rule, tables.n_periods)
        values |= {
            at.IS_DRAWN: 1,
            at.SEED_LOW: rule.seed & _MASK_32,
            at.SEED_HIGH: rule.seed >> 32,
            at.IS_ANTITHETIC: int(rule.method == "antithetic"),
            at.SWAPPED: swapped,
            at.IS_TILTED: int(given.size > 0),
            at.PLAIN_EVERY: rule.plain_every,
            at.HAS_LEADING: int(rule.method == "sobol"),
        }
        tilt = given if given.size else tilt
    ints = np.concatenate(
        [tables.ints, [values[k] for k in range(at.RULE_LENGTH)]]
    ).astype(np.int64)
    ints[at.RULE] = len(tables.ints)
    ints[at.TILT] = len(tables.data)
    return np.concatenate([tables.data, tilt]), ints
