# SPDX-License-Identifier: Apache-2.0
"""The engine on a CUDA device: the kernel through CuPy, one thread per scenario.

Tables, columns and rare rows are those of the compiled engine on a CPU; only the run
itself is done elsewhere. What does not belong here: the module's text and options
(`gpu.cuda.source`), importing CuPy (`gpu.backend`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.backend import DeviceLostError, free_memory_bytes, is_device_loss
from gpu.cpu_engine import CpuEngine
from gpu.cuda.source import ENTRY, KernelSizes, compile_options, module_source
from gpu.statistics.device_tally import ScoredThere
from gpu.tables.rows import (
    KernelResult,
    open_rows,
    rate_columns,
    scored_of,
    shown_rate,
)
from models.errors import BackendError
from models.path_changes import MULTIPLIERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpu.backend import ArrayModule, Backend
    from gpu.numpy_engine import Scored
    from gpu.sampling.rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.plan import Plan
    from models.study import Study

__all__ = ["CudaEngine"]

# Blocks of 4,096 scenarios in a call: 65,536 fill the 132 multiprocessors of an H100,
# each of which holds 512 threads of this kernel.
DEVICE_BLOCKS: Final = 16
# The history of all threads leaves this share of the free memory to everything else.
HISTORY_SHARE: Final = 0.5
DOUBLE_BYTES: Final = 8


class CudaEngine(CpuEngine):
    """The kernel on a CUDA device.

    Parameters
    ----------
    place : Backend
        CuPy, and why.
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score on the same scenarios.
    baseline : Plan or None
        Business as usual.
    rule : DrawRule or int
        Rule of the draws; a seed for plain ones. [unitless]
    rows_at_once : int or None
        Scenarios on the device at once; None for as many as are given. [unitless]
    has_sites : bool
        Whether sites are valued as projects, with NPV and IRR of their own.
    """

    def __init__(
        self,
        place: Backend,
        study: Study,
        plans: Sequence[Plan],
        baseline: Plan | None,
        rule: DrawRule | int,
        *,
        rows_at_once: int | None = None,
        has_sites: bool = True,
    ) -> None:
        super().__init__(study, plans, baseline, rule, has_sites=has_sites)
        self.name = place.name
        self.reason = place.reason
        # Launches queue on one stream: a second thread would wait for the first.
        self.n_workers = 1
        self.blocks_per_call = DEVICE_BLOCKS
        self.rows_at_once = rows_at_once
        self._xp: ArrayModule = place.xp
        tables = self.tables
        self._sizes = KernelSizes(
            tables.n_sites, tables.n_plans, tables.n_fates, tables.n_covenants
        )
        self._history: Any = None
        self._kernel: Any = None
        self._on_device: dict[int, tuple[Any, Any]] = {}

    def score_there(
        self, ids: IntArray, *, has_rows: bool
    ) -> tuple[Scored | ScoredThere, ...]:
        """Return the scores of each plan with its months left on the device.

        Parameters
        ----------
        ids : ndarray of int of shape (n,)
            Numbers of the scenarios. [unitless]
        has_rows : bool
            Whether the rows come to the host; else they stay too.

        Returns
        -------
        tuple of ScoredThere
            For `gpu.statistics.device_tally.take`. Where not all scenarios fit the
            device at once they come to the host piece by piece, as `Scored`.

        Raises
        ------
        ValueError
            If there is no scenario, or a number is out of range.
        """
        scenario, leading = self._sampled(ids)
        none: dict[str, FloatArray] = {}
        parts = (scenario, leading, none, self._drawn)
        found = self._left_there(*parts, has_rows=has_rows)
        return self._scored(*parts) if found is None else found

    def grid_there(
        self, multipliers: dict[str, FloatArray]
    ) -> tuple[Scored | ScoredThere, ...]:
        """Return rows at multiples of the base path, months left on the device.

        Parameters
        ----------
        multipliers : dict of str to ndarray of shape (n,)
            Of `models.path_changes.MULTIPLIERS`, at least one. [ratio]

        Returns
        -------
        tuple of ScoredThere
            With rows on the host; `Scored` where not all fit the device at once.

        Raises
        ------
        ValueError
            If there is no factor, a name is unknown or a factor cannot be applied.
        """
        parts = (self._base_ids(multipliers), np.zeros(1), multipliers, self._still)
        found = self._left_there(*parts, has_rows=True)
        return self._scored(*parts) if found is None else found

    def _left_there(
        self,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
        *,
        has_rows: bool,
    ) -> tuple[ScoredThere, ...] | None:
        """Return scores left on the device; None, and nothing left, without room."""
        if len(ids) > (self.rows_at_once or len(ids)):
            return None
        parts = (ids, leading, multipliers, tables)
        try:
            there = self._run_there(slice(0, len(ids)), *parts)
            result = self._settled_there(there, *parts)
            if has_rows:
                result = replace(result, out=self._xp.asnumpy(result.out))
            else:
                result = self._with_rates_shown(result)
            found = scored_of(self.tables, result, len(ids))
        except MemoryError:
            return None
        except Exception as error:
            if is_device_loss(error):
                raise DeviceLostError.of(error) from error
            raise
        return tuple(
            ScoredThere(one.rows, one.plan, one.baseline, self._xp, has_rows)
            for one in found
        )

    def _settled_there(
        self,
        result: KernelResult,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
    ) -> KernelResult:
        """Return a result with the rates that the kernel left open, solved here."""
        is_open = open_rows(self.tables, result, len(ids))
        places = np.flatnonzero(self._xp.asnumpy(is_open))
        if not len(places):
            return result
        at = self._xp.asarray(places)
        few = KernelResult(
            self._xp.asnumpy(result.out[:, at]), np.zeros(0), np.zeros(0, np.uint8)
        )
        parts = (
            ids[places],
            leading[places] if leading.ndim > 1 else leading,
            {name: values[places] for name, values in multipliers.items()},
        )
        self._settle(few, np.arange(len(places)), *parts, tables)
        result.out[:, at] = self._xp.asarray(few.out)
        return result

    def _with_rates_shown(self, result: KernelResult) -> KernelResult:
        """Return a result whose rates by the year are the host's.

        They take logarithms and exponentials, whose last bits differ on a device: the
        same scenario must not get two rates.
        """
        columns = rate_columns(self.tables)
        if not columns:
            return result
        monthly = self._xp.asnumpy(result.out[self._xp.asarray(np.array(columns))])
        shown = self._xp.asarray(shown_rate(monthly))
        return replace(result, shown={c: shown[k] for k, c in enumerate(columns)})

    def _run(
        self,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
        flows: FloatArray,
    ) -> KernelResult:
        """Run rows in pieces that fit the device; halve them where they do not."""
        n_rows = flows.shape[-1] if flows.ndim > 1 else len(ids)
        result = KernelResult.zeros(self.tables, n_rows)
        start = 0
        while start < len(ids):
            size = self.rows_at_once or len(ids)
            piece = slice(start, min(start + size, len(ids)))
            try:
                self._run_piece(piece, ids, leading, multipliers, tables, flows, result)
            except MemoryError as error:
                # CuPy's out-of-memory error is a MemoryError too.
                self.rows_at_once = self._smaller(piece.stop - piece.start, error)
                continue
            except Exception as error:
                if is_device_loss(error):
                    raise DeviceLostError.of(error) from error
                raise
            start = piece.stop
        return result

    def _run_piece(
        self,
        piece: slice,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
        flows: FloatArray,
        result: KernelResult,
    ) -> None:
        """Run some rows and copy what they leave into the result and the flows."""
        keeps_flows = flows.ndim > 1
        n_rows = piece.stop - piece.start
        kept = (*flows.shape[:-1], n_rows) if keeps_flows else (1,)
        flows_there = self._xp.zeros(kept)
        found = self._run_there(
            piece, ids, leading, multipliers, tables, flows_there=flows_there
        )
        result.out[..., piece] = self._xp.asnumpy(found.out)
        result.levels[..., piece] = self._xp.asnumpy(found.levels)
        result.events[..., piece] = self._xp.asnumpy(found.events)
        if keeps_flows:
            flows[..., piece] = self._xp.asnumpy(flows_there)

    def _run_there(
        self,
        piece: slice,
        ids: IntArray,
        leading: FloatArray,
        multipliers: dict[str, FloatArray],
        tables: tuple[FloatArray, IntArray],
        *,
        flows_there: Any = None,
    ) -> KernelResult:
        """Run some rows and leave all on the device."""
        xp, n_rows = self._xp, piece.stop - piece.start
        scales = np.ones((len(MULTIPLIERS), n_rows))
        for name, values in multipliers.items():
            scales[list(MULTIPLIERS).index(name)] = values[piece]
        out, levels, events = KernelResult.shapes(self.tables, n_rows)
        found = KernelResult(
            xp.zeros(out), xp.zeros(levels), xp.zeros(events, dtype=np.uint8)
        )
        self._launch(
            n_rows,
            xp.asarray(np.ascontiguousarray(ids[piece])),
            xp.asarray(leading[piece] if leading.ndim > 1 else leading),
            xp.asarray(scales),
            found.out,
            found.levels,
            found.events,
            xp.zeros(1) if flows_there is None else flows_there,
            np.int64(n_rows),
            *self._tables_there(tables),
        )
        return found

    def _launch(self, n_rows: int, *arguments: Any) -> None:
        """Run the kernel on as many threads as the device holds at once, or fewer."""
        history, n_threads = self._history_there()
        wanted = -(-n_rows // self._sizes.block_threads)
        n_blocks = max(1, min(wanted, n_threads // self._sizes.block_threads))
        if self._kernel is None:
            self._kernel = self._compiled()
        self._kernel((n_blocks,), (self._sizes.block_threads,), (history, *arguments))

    def _compiled(self) -> Any:
        """Return the entry point, compiled or from CuPy's cache on disk."""
        options = compile_options(self._sizes)
        try:
            module = self._xp.RawModule(code=module_source(), options=options)
            return module.get_function(ENTRY)
        except Exception as error:
            if isinstance(error, MemoryError) or is_device_loss(error):
                raise
            why = " ".join(str(error).split())[:200] or type(error).__name__
            msg = (
                f"{self.name}: the kernel does not compile here ({why}). Update CuPy "
                "and CUDA, or score with backend = cpu."
            )
            raise BackendError(msg) from error

    def _history_there(self) -> tuple[Any, int]:
        """Return the threads' history on the device and for how many it is."""
        sizes, n_rows = self._sizes, max(self.tables.n_history_rows, 1)
        if self._history is None:
            n_sms = int(self._xp.cuda.Device().attributes["MultiProcessorCount"])
            n_blocks = n_sms * sizes.blocks_per_sm
            block_bytes = n_rows * sizes.block_threads * DOUBLE_BYTES
            room = int(free_memory_bytes(self._xp) * HISTORY_SHARE) // block_bytes
            n_threads = max(1, min(n_blocks, room)) * sizes.block_threads
            self._history = self._xp.empty(n_rows * n_threads)
        return self._history, self._history.size // n_rows

    def _tables_there(self, tables: tuple[FloatArray, IntArray]) -> tuple[Any, Any]:
        """Return tables on the device; those of this engine are copied once."""
        data, ints = tables
        is_own = any(tables is own for own in (self._drawn, self._still))
        if not is_own:
            return self._xp.asarray(data), self._xp.asarray(ints)
        if id(tables) not in self._on_device:
            copied = self._xp.asarray(data), self._xp.asarray(ints)
            self._on_device[id(tables)] = copied
        return self._on_device[id(tables)]

    def _smaller(self, n_rows: int, error: MemoryError) -> int:
        if n_rows == 1:
            msg = (
                f"{self.name}: the device's memory does not suffice for one scenario "
                f"of {self.tables.n_periods} months. Free memory and run again."
            )
            raise BackendError(msg) from error
        return max(n_rows // 2, 1)
