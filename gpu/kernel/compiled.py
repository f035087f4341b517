# SPDX-License-Identifier: Apache-2.0
"""How kernel functions are compiled: the decorators, the lanes and the cache folder.

`device` marks the pieces, `entry` what Python calls. The language is a small part of
Python that also becomes C++, see `gpu.kernel.translate`. What does not belong here:
arithmetic (`gpu.kernel.elementary`), and any function of the model.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeAlias, TypeVar

import numba
import numpy as np
from numba.core import config, ir, types
from numba.core.caching import FunctionCache
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import build_definitions, mk_unique_var
from numba.core.untyped_passes import IRProcessing
from numba.extending import intrinsic
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Doubles", "History", "Integers", "L", "cache_folder", "device", "entry"]

# Scenarios that go through the stages together on a CPU.
L: Final = 64

Doubles: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
# Rows kept for the whole horizon; a GPU strides through them by thread.
History: TypeAlias = NDArray[np.float64]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_ARRAYS: Final = frozenset({"Doubles", "History", "Integers"})


@intrinsic
def _unsigned(typingctx: Any, index: Any) -> Any:
    """Read a whole number as unsigned: an index then never counts from the end."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.cast(builder, args[0], signature.args[0], types.uint64)

    return types.uint64(index), codegen


@register_pass(mutates_CFG=False, analysis_only=False)
class _PlainIndices(FunctionPass):
    """Make every index unsigned.

    Numba lets a negative index count from an array's end. The test this takes, on
    every access whose row is not a constant, keeps a lane loop from being vectorised.
    """

    _name = "wattplan_plain_indices"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Rewrite ``a[i]`` into ``a[_unsigned(i)]``; return whether any was found."""
        is_changed = False
        for block in state.func_ir.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                value = getattr(statement, "value", None)
                if isinstance(statement, ir.SetItem):
                    statement.index = _insert(body, block.scope, statement.index)
                    is_changed = True
                elif isinstance(value, ir.Expr) and value.op == "getitem":
                    value.index = _insert(body, block.scope, value.index)
                    is_changed = True
                body.append(statement)
            block.body = body
        state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return is_changed


def _insert(body: list[Any], scope: Any, index: Any) -> Any:
    """Append a call of `_unsigned` to the body; return the variable it assigns."""
    loc = index.loc
    function = ir.Var(scope, mk_unique_var("$unsigned"), loc)
    result = ir.Var(scope, mk_unique_var("$index"), loc)
    body.append(ir.Assign(ir.Global("_unsigned", _unsigned, loc), function, loc))
    body.append(ir.Assign(ir.Expr.call(function, (index,), (), loc), result, loc))
    return result


class _Compiler(CompilerBase):
    """Numba's own pipeline with plain indices."""

    def define_pipelines(self) -> list[Any]:
        """Return the one pipeline."""
        # Otherwise a lane loop that reads one array and writes another stays scalar.
        self.state.flags.noalias = True
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.add_pass_after(_PlainIndices, IRProcessing)
        pipeline.finalize()
        return [pipeline]


def device(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Mark a piece of the kernel; `entry` functions compile it into themselves.

    A function without array parameters is always expanded where it is called, so that
    lane loops over it vectorise; one with arrays is left to the compiler's judgement.

    Parameters
    ----------
    function : callable
        Written in the language of `gpu.kernel.translate`.

    Returns
    -------
    callable
        Compiled on the first call, in every process anew.

    Notes
    -----
    No fast-math flag is set: reassociation would undo the rounding steps of the
    elementary functions. An index must not be negative, and no two array arguments of
    a call may overlap: loops over several arrays are vectorised on that promise.
    """
    kinds = {str(kind) for kind in function.__annotations__.values()}
    return _compiler(forceinline=not kinds & _ARRAYS)(function)


def entry(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a function that Python calls, with all pieces it uses, once per machine.

    Parameters
    ----------
    function : callable
        Written in the language of `gpu.kernel.translate`.

    Returns
    -------
    callable
        Compiled on the first call unless it lies in `cache_folder`; it releases the
        interpreter lock while it runs.
    """
    compiled: Any = _compiler(forceinline=False)(function)
    folder = cache_folder()
    if folder is not None:
        settings: Any = config
        before = settings.CACHE_DIR
        settings.CACHE_DIR = str(folder)
        try:
            make_cache: Any = _ForgivingCache
            compiled._cache = make_cache(function)
        except (OSError, RuntimeError):
            pass
        finally:
            settings.CACHE_DIR = before
    made: Callable[_P, _R] = compiled
    return made


def _compiler(*, forceinline: bool) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    decorator: Callable[[Callable[_P, _R]], Callable[_P, _R]] = numba.njit(
        error_model="numpy",
        nogil=True,
        forceinline=forceinline,
        pipeline_class=_Compiler,
    )
    return decorator


class _ForgivingCache(FunctionCache):
    """Numba's cache, where a file that cannot be read or written is no failure."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function, or None if there is none that can be read."""
        cache: Any = super()
        try:
            return cache.load_overload(sig, target_context)
        except Exception:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled function if that can be done."""
        cache: Any = super()
        with contextlib.suppress(Exception):
            cache.save_overload(sig, data)


def cache_folder() -> Path | None:
    """Return where compiled kernels are kept; None if nothing can be written there.

    Returns
    -------
    Path or None
        Below ``NUMBA_CACHE_DIR`` if that is set, else below the user's cache folder.
        Its name holds a hash of every source of this package and of Numba's version:
        Numba itself looks only at the file of the function that is called, not at
        those of the functions expanded into it.
    """
    given = os.environ.get("NUMBA_CACHE_DIR")
    folder = (Path(given) if given else _user_cache()) / f"kernel-{_sources_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _user_cache() -> Path:
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "wattplan"


def _sources_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
