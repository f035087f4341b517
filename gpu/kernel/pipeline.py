# SPDX-License-Identifier: Apache-2.0
"""How Numba compiles the kernel: what is changed in its pipeline, and why.

Four things are different from ``numba.njit``: an index never counts from the end,
arrays do not overlap, loops work on two vectors at a time, and a function is optimised
only as a part of the entry that uses it. What does not belong here: the decorators and
the cache (`gpu.kernel.compiled`).
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar, Final

import numba
from llvmlite import ir as llvm
from numba.core import ir, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.ir_utils import mk_unique_var
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NopythonTypeInference
from numba.core.typing.templates import Signature
from numba.core.untyped_passes import IRProcessing

__all__ = ["OPTIONS", "Piece", "PieceCompiler", "compiled_whole"]

# No fast-math flag: reassociation would undo the rounding steps of the kernel.
OPTIONS: Final[dict[str, Any]] = {"error_model": "numpy", "nogil": True}

# Vectors that a loop works on at a time. The steps of one lane need each other, and a
# processor does not look far enough ahead to find the next lanes by itself.
_INTERLEAVED: Final = 2


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
        """Turn ``a[i]`` into ``a[unsigned i]``; return whether any was found."""
        is_changed = False
        for block in state.func_ir.blocks.values():
            body: list[Any] = []
            for statement in block.body:
                value = getattr(statement, "value", None)
                if isinstance(statement, ir.SetItem):
                    is_changed |= _read_unsigned(state, body, block.scope, statement)
                elif isinstance(value, ir.Expr) and value.op == "getitem":
                    is_changed |= _read_unsigned(state, body, block.scope, value)
                body.append(statement)
            block.body = body
        return is_changed


def _read_unsigned(state: Any, body: list[Any], scope: Any, access: Any) -> bool:
    """Give an access an unsigned index; the body gets the step that makes it."""
    index = access.index
    if not isinstance(state.typemap[index.name], types.Integer):
        return False
    made = ir.Var(scope, mk_unique_var("$index"), index.loc)
    state.typemap[made.name] = types.uint64
    cast = ir.Expr.cast(index, index.loc)
    body.append(ir.Assign(cast, made, index.loc))
    access.index = made
    before = state.calltypes.pop(access)
    kinds = (before.args[0], types.uint64, *before.args[2:])
    make: Any = Signature
    state.calltypes[access] = make(before.return_type, kinds, before.recvr)
    return True


class _Typing:
    """Numba's rules of types, which remembers what operations on numbers give.

    Numba looks through all its rules for every operation anew, which takes most of
    the time that compiling a kernel takes.
    """

    _known: ClassVar[dict[Any, Any]] = {}

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
        """Return the signature of a call."""
        plain = (types.Number, types.Boolean, types.Array, types.Literal)
        is_plain = all(isinstance(kind, plain) for kind in args)
        if kws or not is_plain or not isinstance(function, types.Function):
            return self._context.resolve_function_type(function, args, kws)
        key = function, tuple(args)
        if key not in self._known:
            found = self._context.resolve_function_type(function, args, kws)
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]


class _PieceLibrary(JITCodeLibrary):
    """Code that is optimised and made machine code with the entry that uses it alone.

    Numba optimises a function together with all it calls, once for each function on
    the way up: many times over for what lies deep.
    """

    def add_ir_module(self, module: Any) -> None:
        """Add lowered functions, with what is wished of their loops."""
        for function in module.functions:
            _interleave(function)
        library: Any = super()
        library.add_ir_module(module)

    def _optimize_final_module(self) -> None:
        """Leave that to the entry."""

    def _finalize_final_module(self) -> None:
        library: Any = super()
        library._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0: there is no machine code."""
        library: Any = super()
        library._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        """The code generator, which finds no machine code to give objects to."""
        return _NoObjects(self._codegen)


def _interleave(function: Any) -> None:
    """Ask that each loop which can be vectorised be interleaved as well.

    A branch back to a block that stands before it closes a loop. What is wished of the
    loop hangs on that branch, in a node that names itself and so is like no other.
    """
    seen = set()
    for block in function.blocks:
        seen.add(block)
        branch = block.terminator
        if isinstance(branch, llvm.Branch) and branch.operands[0] in seen:
            add = function.module.add_metadata
            count = llvm.Constant(llvm.IntType(32), _INTERLEAVED)
            wish = add(["llvm.loop.interleave.count", count])
            node = add([wish, function.name, block.name])
            node.operands = (node, wish)
            branch.set_metadata("llvm.loop", node)


class _NoObjects:
    """A code generator for functions that use no Python objects."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, name: str, env: Any) -> None:
        """Leave the function without Python objects."""


@register_pass(mutates_CFG=False, analysis_only=False)
class _AsPiece(FunctionPass):
    """Have the function lowered into a library of pieces."""

    _name = "wattplan_as_piece"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Make the library that lowering fills."""
        make: Any = _PieceLibrary
        state.library = make(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


class _Compiler(CompilerBase):
    """Numba's own pipeline with plain indices."""

    def define_pipelines(self) -> list[Any]:
        """Return the one pipeline."""
        # Otherwise a lane loop that reads one array and writes another stays scalar.
        self.state.flags.noalias = True
        self.state.typingctx = _Typing(self.state.typingctx)
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)
        pipeline.add_pass_after(_PlainIndices, NopythonTypeInference)
        self.add_passes(pipeline)
        pipeline.finalize()
        return [pipeline]

    def add_passes(self, pipeline: Any) -> None:
        """Add what pieces alone go through."""


class PieceCompiler(_Compiler):
    """The same for pieces."""

    def add_passes(self, pipeline: Any) -> None:
        """Add what pieces alone go through."""
        pipeline.add_pass_after(_AsPiece, IRProcessing)


class Piece(CPUDispatcher):
    """A piece of the kernel; called from Python, it is compiled as a whole as well."""

    def __call__(self, *args: Any) -> Any:
        """Call the function as machine code of its own."""
        return self.whole(*args)

    @functools.cached_property
    def whole(self) -> Any:
        """The function as one that Python may call."""
        return compiled_whole(self.py_func)

    def inspect_asm(self, signature: Any = None) -> Any:
        """Return the machine code of the function as Python calls it."""
        return self.whole.inspect_asm(signature)


def compiled_whole(function: Any) -> Any:
    """Return a function, with all the pieces it uses, as one that Python calls."""
    make: Any = numba.njit(pipeline_class=_Compiler, **OPTIONS)
    return make(function)
