# SPDX-License-Identifier: Apache-2.0
"""Single machine instructions that Python has no word for.

Each becomes one LLVM instruction under Numba and one expression in C++, listed in
`gpu.kernel.translate`, with the same result to the last bit on every target:

=================== ==================================================================
bits_of_float(x)    the 64 bits of a number as a signed whole number
float_of_bits(b)    the number that has these bits
float_of_int(n)     the number nearest to a whole number
int_of_float(x)     a number without its fraction; finite and below 2^63 in size
multiply_words(a,b) lowest 64 bits of the product of two numbers of 0 to 2^32 - 1
fma(a, b, c)        ``a b + c`` rounded once
sqrt_(x)            square root, rounded correctly; NaN below zero
floor_(x)           largest whole number that is not above x, as a float
abs_(x)             size without sign
=================== ==================================================================

`pointer_to` alone is for the CPU: where an array's first number lies, one word to hand
on instead of seven. What does not belong here: anything made of several steps
(`gpu.kernel.elementary`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

__all__ = [
    "abs_",
    "bits_of_float",
    "float_of_bits",
    "float_of_int",
    "floor_",
    "fma",
    "int_of_float",
    "multiply_words",
    "pointer_to",
    "sqrt_",
]

_INT: Final = ir.IntType(64)
_DOUBLE: Final = ir.DoubleType()

_Emit: TypeAlias = Callable[[Any, Any], Any]


def _instruction(
    name: str, result: Any, arguments: tuple[Any, ...], emit: _Emit
) -> Any:
    """Return an intrinsic; `emit` writes it with a builder and the arguments."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit(builder, args)

    def one(typingctx: Any, a: Any) -> Any:
        return result(*arguments), codegen

    def two(typingctx: Any, a: Any, b: Any) -> Any:
        return result(*arguments), codegen

    def three(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
        return result(*arguments), codegen

    define: Any = (one, two, three)[len(arguments) - 1]
    define.__name__ = define.__qualname__ = name
    make: Any = intrinsic
    return make(define)


def _call(name: str) -> _Emit:
    """Return what writes the LLVM function of that name from one float to another."""

    def emit(builder: Any, args: Any) -> Any:
        function = builder.module.declare_intrinsic(name, [_DOUBLE])
        return builder.call(function, args)

    return emit


_FLOAT_TYPE: Final = types.float64
_INT_TYPE: Final = types.int64

bits_of_float: Callable[[float], int] = _instruction(
    "bits_of_float",
    _INT_TYPE,
    (_FLOAT_TYPE,),
    lambda builder, args: builder.bitcast(args[0], _INT),
)
float_of_bits: Callable[[int], float] = _instruction(
    "float_of_bits",
    _FLOAT_TYPE,
    (_INT_TYPE,),
    lambda builder, args: builder.bitcast(args[0], _DOUBLE),
)
float_of_int: Callable[[int], float] = _instruction(
    "float_of_int",
    _FLOAT_TYPE,
    (_INT_TYPE,),
    lambda builder, args: builder.sitofp(args[0], _DOUBLE),
)
int_of_float: Callable[[float], int] = _instruction(
    "int_of_float",
    _INT_TYPE,
    (_FLOAT_TYPE,),
    lambda builder, args: builder.fptosi(args[0], _INT),
)
multiply_words: Callable[[int, int], int] = _instruction(
    "multiply_words",
    _INT_TYPE,
    (_INT_TYPE, _INT_TYPE),
    lambda builder, args: builder.mul(*args),
)
fma: Callable[[float, float, float], float] = _instruction(
    "fma",
    _FLOAT_TYPE,
    (_FLOAT_TYPE, _FLOAT_TYPE, _FLOAT_TYPE),
    lambda builder, args: builder.fma(*args),
)
sqrt_: Callable[[float], float] = _instruction(
    "sqrt_", _FLOAT_TYPE, (_FLOAT_TYPE,), _call("llvm.sqrt")
)
floor_: Callable[[float], float] = _instruction(
    "floor_", _FLOAT_TYPE, (_FLOAT_TYPE,), _call("llvm.floor")
)
abs_: Callable[[float], float] = _instruction(
    "abs_", _FLOAT_TYPE, (_FLOAT_TYPE,), _call("llvm.fabs")
)


def _pointer_to(typingctx: Any, array: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, args[0])
        return view.data

    return types.CPointer(array.dtype)(array), codegen


pointer_to: Any = intrinsic(_pointer_to)
