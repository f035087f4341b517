# SPDX-License-Identifier: Apache-2.0
"""Engines: what scores scenarios, behind one protocol, and the choice of one.

An engine knows study, plans, baseline and rule of the draws; it is told which scenarios
to score. What does not belong here: blocks, threads and files
(`gpu.scoring.chunk_run`), the engines themselves (`gpu.array_engine`, `gpu.cpu_engine`,
`gpu.cuda.engine`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

import numpy as np

from gpu.array_engine import ArrayEngine
from gpu.backend import Backend, array_module
from models.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from gpu.numpy_engine import Scored
    from gpu.sampling.rule import DrawRule
    from models.arrays import FloatArray, IntArray
    from models.plan import Plan
    from models.study import Study

    _Parts: TypeAlias = tuple[Study, Sequence[Plan], Plan | None, DrawRule | int]

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

ENGINES: Final[tuple[EngineName, ...]] = ("auto", "numpy", "cpu", "cuda")
"""Names that `make_engine` takes."""

COMPILED_FROM_ROWS: Final = 5_000
"""With the kernel in the disk cache: loading Numba and it takes about a second, in
which the array engine scores some 4,000 scenarios of the base study. [unitless]"""
COMPILING_FROM_ROWS: Final = 100_000
"""Without: compiling takes a minute at most, once per machine, in which the array
engine scores some 100,000 scenarios and more. [unitless]"""

_CPU_MODULE: Final = "gpu.cpu_engine"
_CUDA_MODULE: Final = "gpu.cuda.engine"
_NO_CACHE: Final = (
    "anew in every process (no cache folder can be written: set NUMBA_CACHE_DIR)"
)


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
        """Return the scores of each plan in sampled scenarios, on the host.

        Raises
        ------
        ValueError
            If there is no scenario, or a number is out of range.
        """

    def score_grid(self, multipliers: dict[str, FloatArray]) -> tuple[Scored, ...]:
        """Return the scores of each plan at multiples of the base path.

        Raises
        ------
        ValueError
            If there is no factor, a name is unknown or a factor cannot be applied.
        """

    def score_base(self) -> tuple[Scored, ...]:
        """Return the scores of each plan on the base path, one row."""


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
        the one on a CUDA device. ``auto`` takes NumPy for small jobs, else CUDA where
        it works, else the compiled engine where the job repays compiling it.
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
    if name == "numpy":
        return ArrayEngine(
            place, *parts, rows_at_once=rows_at_once, has_sites=has_sites
        )
    if name == "cuda":
        return _cuda_engine(place, parts, rows_at_once, has_sites=has_sites)
    n_all = None if n_rows is None else n_rows * len(plans)
    return _auto(place, parts, n_all, rows_at_once, say, has_sites=has_sites)


def make_host_engine(
    study: Study,
    plans: Sequence[Plan],
    baseline: Plan | None,
    rule: DrawRule | int,
    *,
    has_sites: bool = True,
) -> Engine:
    """Return the best engine that needs no device, see `make_engine`."""
    parts = (study, plans, baseline, rule)
    module, _ = _compiled()
    if module is not None:
        reason = "cpu: in place of a device that failed"
        return _cpu_engine(module, parts, reason, has_sites=has_sites)
    place = Backend("numpy", np, "numpy: in place of a device that failed")
    return ArrayEngine(place, *parts, has_sites=has_sites)


def _auto(
    place: Backend,
    parts: _Parts,
    n_rows: int | None,
    rows_at_once: int | None,
    say: Callable[[str], None] | None,
    *,
    has_sites: bool,
) -> Engine:
    """Return the engine that suits a job."""
    is_small = n_rows is not None and n_rows < COMPILED_FROM_ROWS
    no_cuda = place.reason.partition(": chosen because ")[2]
    if place.name == "cuda" and not is_small:
        try:
            engine = _cuda_engine(place, parts, rows_at_once, has_sites=has_sites)
            engine.score_base()
        except BackendError as error:
            no_cuda = f"cuda does not work: {error}"
        else:
            return engine
    more = f"; {no_cuda}" if no_cuda else ""
    if is_small:
        why = f"{n_rows:,} scenarios do not repay loading a compiled engine"
    else:
        module, why = _compiled()
        if module is not None:
            is_many = n_rows is None or n_rows >= COMPILING_FROM_ROWS
            if is_many or module.is_compiled():
                reason = f"cpu: chosen{more}"
                return _cpu_engine(module, parts, reason, say, has_sites=has_sites)
            why = f"{n_rows:,} scenarios do not repay compiling, {_how_often(module)}"
    host = Backend("numpy", np, f"numpy: chosen because {why}{more}")
    return ArrayEngine(host, *parts, rows_at_once=rows_at_once, has_sites=has_sites)


def _cuda_engine(
    place: Backend,
    parts: _Parts,
    rows_at_once: int | None,
    *,
    has_sites: bool,
) -> Engine:
    """Return the kernel on a device; without Numba the array engine there."""
    try:
        module: Any = importlib.import_module(_CUDA_MODULE)
    except ImportError:
        return ArrayEngine(
            place, *parts, rows_at_once=rows_at_once, has_sites=has_sites
        )
    engine: Engine = module.CudaEngine(
        place, *parts, rows_at_once=rows_at_once, has_sites=has_sites
    )
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
        if not module.has_cache():
            cpu = f"works, will be compiled {_NO_CACHE}: about a minute"
    place = array_module("auto")
    cuda = place.reason.partition("cuda does not work: ")[2] or place.reason
    return {"numpy": "works", "cpu": cpu, "cuda": cuda.removeprefix("cuda: ")}


def _how_often(module: Any) -> str:
    """Return in words when the kernel has to be compiled."""
    return "once on this machine" if module.has_cache() else _NO_CACHE


def _compiled() -> tuple[ModuleType | None, str]:
    """Return the module of the compiled engine and, without it, why in one line."""
    try:
        return importlib.import_module(_CPU_MODULE), ""
    except ImportError as error:
        text = " ".join(str(error).split())[:200]
        return None, f"the compiled engine cannot be loaded ({text}); check Numba"


def _cpu_engine(
    module: Any,
    parts: _Parts,
    reason: str,
    say: Callable[[str], None] | None = None,
    *,
    has_sites: bool = True,
) -> Engine:
    if not module.is_compiled():
        often = _how_often(module)
        reason += f"; compiled now, {often}"
        if say is not None:
            say(f"Compiling the fast engine, {often}: about a minute.")
    engine: Engine = module.CpuEngine(*parts, has_sites=has_sites)
    engine.reason = reason
    return engine
