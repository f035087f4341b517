# SPDX-License-Identifier: Apache-2.0
"""Engines: what scores scenarios, behind one protocol, and the choice of one.

An engine knows study, plans, baseline and rule of the draws; it is told which scenarios
to score. What does not belong here: blocks, threads and files (`gpu.score_run`), the
arithmetic of an engine (`gpu.numpy_engine`, `gpu.cpu_engine`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

import numpy as np

from gpu.backend import Backend, DeviceLostError, array_module, is_device_loss
from gpu.chunks import chunk_rows
from gpu.numpy_engine import score_each
from gpu.scenarios import sampled_paths
from gpu.scored_parts import joined, on_host
from models.clients import count_client_slots
from models.errors import BackendError
from models.market import Shocks, simulate
from models.market_parameters import FACTORS
from models.path_changes import repeated, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from gpu.backend import ArrayModule
    from gpu.numpy_engine import Scored
    from gpu.sampling_rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.paths import MarketPaths
    from models.plan import Plan
    from models.study import Study

__all__ = [
    "ENGINES",
    "ArrayEngine",
    "Engine",
    "EngineName",
    "engine_states",
    "make_engine",
    "make_host_engine",
]

EngineName: TypeAlias = Literal["auto", "numpy", "cpu", "cuda"]

ENGINES: Final = ("auto", "numpy", "cpu", "cuda")
"""Names that `make_engine` takes."""

COMPILED_FROM_ROWS: Final = 5_000
"""With the kernel in the disk cache: loading Numba and it takes about a second, in
which the array engine scores some 4,000 scenarios of the base study. [unitless]"""
COMPILING_FROM_ROWS: Final = 100_000
"""Without: compiling takes a minute at most, once per machine, in which the array
engine scores some 100,000 scenarios and more. [unitless]"""

DEVICE_BLOCKS: Final = 16
"""Blocks that fill a device; a single one leaves most of it idle. [unitless]"""

_CPU_MODULE: Final = "gpu.cpu_engine"


class Engine(Protocol):
    """What scores plans; results depend on the scenario alone, bit for bit."""

    name: str
    """``numpy``, ``cpu`` or ``cuda``."""
    reason: str
    """One line for the user: what was chosen and why."""
    n_workers: int
    """Threads that may call `score` at once. [unitless]"""
    blocks_per_call: int
    """Blocks of 4,096 scenarios that one call should be given. [unitless]"""

    def score(self, ids: IntArray) -> tuple[Scored, ...]:
        """Return the scores of each plan in sampled scenarios, on the host."""

    def score_grid(self, multipliers: dict[str, FloatArray]) -> tuple[Scored, ...]:
        """Return the scores of each plan at multiples of the base path."""

    def score_base(self) -> tuple[Scored, ...]:
        """Return the scores of each plan on the base path, one row."""


class ArrayEngine:
    """The array engine on NumPy or CuPy: simulates once, values every plan.

    Parameters
    ----------
    place : Backend
        Array module.
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score on the same scenarios.
    baseline : Plan or None
        Business as usual; valued once for all plans.
    rule : DrawRule or int
        Rule of the draws; a seed for plain ones. [unitless]
    rows_at_once : int or None
        Scenarios in work arrays at once; None for what suits memory. [unitless]
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
        self.name: str = place.name
        self.reason = place.reason
        # NumPy on arrays of this size holds the interpreter or fills the memory bus:
        # two threads scored no more than one, and CuPy queues on one stream anyway.
        self.n_workers = 1
        self.blocks_per_call = 1 if place.xp is np else DEVICE_BLOCKS
        self.rows_at_once = rows_at_once or chunk_rows(study, place.xp)
        self._xp: ArrayModule = place.xp
        self._study, self._plans, self._baseline = study, tuple(plans), baseline
        self._rule, self._has_sites = rule, has_sites

    def score(self, ids: IntArray) -> tuple[Scored, ...]:
        """Return the scores of each plan in sampled scenarios, on the host.

        Parameters
        ----------
        ids : ndarray of int of shape (n,)
            Numbers of the scenarios. [unitless]
        """
        return self._in_pieces(
            len(ids),
            lambda piece: sampled_paths(
                self._study, self._rule, ids[piece], xp=self._xp
            ),
        )

    def score_grid(self, multipliers: dict[str, FloatArray]) -> tuple[Scored, ...]:
        """Return the scores of each plan at multiples of the base path.

        Parameters
        ----------
        multipliers : dict of str to ndarray of shape (n,)
            Of `models.path_changes.MULTIPLIERS`, at least one. [ratio]
        """
        n_rows = len(next(iter(multipliers.values())))
        base = _base_path(self._study, self._xp)

        def paths_of(piece: slice) -> MarketPaths:
            own = {name: values[piece] for name, values in multipliers.items()}
            many = repeated(base, len(next(iter(own.values()))))
            return scaled(self._study, many, own)

        return self._in_pieces(n_rows, paths_of)

    def score_base(self) -> tuple[Scored, ...]:
        """Return the scores of each plan on the base path, one row."""
        return self._in_pieces(1, lambda _: _base_path(self._study, self._xp))

    def _in_pieces(
        self, n_rows: int, paths_of: Callable[[slice], MarketPaths]
    ) -> tuple[Scored, ...]:
        """Score rows in pieces that fit memory; halve the pieces where they do not."""
        pieces: list[tuple[Scored, ...]] = []
        start = 0
        while start < n_rows:
            size = self.rows_at_once
            piece = slice(start, min(start + size, n_rows))
            try:
                found = score_each(
                    self._study,
                    self._plans,
                    paths_of(piece),
                    baseline=self._baseline,
                    has_sites=self._has_sites,
                )
                pieces.append(on_host(found))
            except MemoryError as error:
                # CuPy's out-of-memory error is a MemoryError too.
                self.rows_at_once = self._smaller(size, error)
                continue
            except Exception as error:
                if is_device_loss(error):
                    raise DeviceLostError.of(error) from error
                raise
            start = piece.stop
        return joined(pieces)

    def _smaller(self, rows: int, error: MemoryError) -> int:
        if rows == 1:
            msg = (
                f"{self.name}: memory does not suffice for one scenario of "
                f"{self._study.time.months} months. Free memory and run again."
            )
            raise BackendError(msg) from error
        return max(rows // 2, 1)


def make_engine(
    name: EngineName,
    study: Study,
    plans: Sequence[Plan],
    baseline: Plan | None,
    rule: DrawRule | int,
    *,
    n_rows: int | None = None,
    rows_at_once: int | None = None,
    say: Callable[[str], None] | None = None,
    has_sites: bool = True,
) -> Engine:
    """Return the engine of a name, or for ``auto`` the one that suits the job.

    Parameters
    ----------
    name : {"auto", "numpy", "cpu", "cuda"}
        ``numpy`` is the array engine; ``cpu`` the compiled one on all cores; ``cuda``
        the one on a CUDA device. ``auto`` takes CUDA where it works, else the compiled
        engine where the job repays loading it, else NumPy.
    study : Study
        Study of the plans.
    plans : sequence of Plan
        Plans to score on the same scenarios, at least one.
    baseline : Plan or None
        Business as usual; increments are counted from it.
    rule : DrawRule or int
        Rule of the draws; a seed for plain ones. [unitless]
    n_rows : int or None
        Scenarios and grid points to come; None for many. [unitless]
    rows_at_once : int or None
        Scenarios in work arrays at once; None for what suits. [unitless]
    say : callable or None
        Told before anything is compiled, which takes a while.
    has_sites : bool
        Whether sites are valued as projects, with NPV and IRR of their own: where
        nobody asks for those, scoring is several times quicker.

    Returns
    -------
    Engine
        Its `reason` says in one line what was chosen and why.

    Raises
    ------
    BackendError
        If the engine asked for does not work; the message names the mend.
    ValueError
        If the name is none of the four, or there is no plan.
    """
    if name not in ENGINES:
        msg = f"backend = {name!r} must be one of {', '.join(ENGINES)}"
        raise ValueError(msg)
    if not plans:
        msg = "there is no plan to score"
        raise ValueError(msg)
    parts = (study, plans, baseline, rule)
    if name == "cpu":
        module, trouble = _compiled()
        if module is None:
            raise BackendError(trouble)
        return _cpu_engine(module, parts, "cpu: asked for", say, has_sites=has_sites)
    place = array_module(name)
    if name != "auto" or place.name == "cuda":
        return ArrayEngine(
            place, *parts, rows_at_once=rows_at_once, has_sites=has_sites
        )
    n_all = None if n_rows is None else n_rows * len(plans)
    return _auto(place, parts, n_all, rows_at_once, say, has_sites=has_sites)


def make_host_engine(
    study: Study,
    plans: Sequence[Plan],
    baseline: Plan | None,
    rule: DrawRule | int,
) -> Engine:
    """Return the best engine that needs no device, see `make_engine`."""
    parts = (study, plans, baseline, rule)
    module, _ = _compiled()
    if module is not None:
        return _cpu_engine(module, parts, "cpu: in place of a device that failed")
    place = Backend("numpy", np, "numpy: in place of a device that failed")
    return ArrayEngine(place, *parts)


def _auto(
    place: Backend,
    parts: tuple[Study, Sequence[Plan], Plan | None, DrawRule | int],
    n_rows: int | None,
    rows_at_once: int | None,
    say: Callable[[str], None] | None,
    *,
    has_sites: bool,
) -> Engine:
    """Return the engine for a computer without CUDA."""
    no_cuda = place.reason.partition(": chosen because ")[2]
    why = ""
    if n_rows is not None and n_rows < COMPILED_FROM_ROWS:
        why = f"{n_rows:,} scenarios do not repay loading the compiled engine"
    else:
        module, why = _compiled()
        if module is not None:
            is_many = n_rows is None or n_rows >= COMPILING_FROM_ROWS
            if is_many or module.is_compiled():
                return _cpu_engine(
                    module, parts, f"cpu: chosen; {no_cuda}", say, has_sites=has_sites
                )
            why = f"{n_rows:,} scenarios do not repay compiling, once on this machine"
    engine = ArrayEngine(place, *parts, rows_at_once=rows_at_once, has_sites=has_sites)
    engine.reason = f"numpy: chosen because {why}; {no_cuda}"
    return engine


def engine_states() -> dict[str, str]:
    """Return in words what can be said of each engine on this computer."""
    module, trouble = _compiled()
    if module is None:
        cpu = trouble
    elif module.is_compiled():
        cpu = "works, compiled"
    else:
        cpu = "works, will be compiled when first used: about a minute"
    place = array_module("auto")
    cuda = place.reason.partition("cuda does not work: ")[2] or place.reason
    return {"numpy": "works", "cpu": cpu, "cuda": cuda.removeprefix("cuda: ")}


def _compiled() -> tuple[ModuleType | None, str]:
    """Return the module of the compiled engine and, without it, why in one line."""
    try:
        return importlib.import_module(_CPU_MODULE), ""
    except ImportError as error:
        text = " ".join(str(error).split())[:200]
        return None, f"the compiled engine cannot be loaded ({text}); check Numba"


def _cpu_engine(
    module: Any,
    parts: tuple[Study, Sequence[Plan], Plan | None, DrawRule | int],
    reason: str,
    say: Callable[[str], None] | None = None,
    *,
    has_sites: bool = True,
) -> Engine:
    if not module.is_compiled():
        reason += "; compiled now, once on this machine"
        if say is not None:
            say("Compiling the fast engine, once on this machine: about a minute.")
    engine: Engine = module.CpuEngine(*parts, has_sites=has_sites)
    engine.reason = reason
    return engine


def _base_path(study: Study, xp: ArrayModule) -> MarketPaths:
    n_periods, n_sites = study.time.months, len(study.sites)
    shocks = Shocks(
        monthly=xp.zeros((1, len(FACTORS), n_periods)),
        site_power=xp.zeros((1, n_sites, n_periods)),
        site_build=xp.zeros((1, n_sites, 2)),
        client_fate=xp.full((1, n_sites, count_client_slots(study)), xp.inf),
        within_month=xp.zeros((1, 2, n_periods)),
    )
    return simulate(study, shocks)
