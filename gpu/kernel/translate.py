# SPDX-License-Identifier: Apache-2.0
"""The kernel's functions as plain C++, for compilers of GPUs and CPUs alike.

The language, a small part of Python that Numba compiles as well:

- functions marked with `gpu.kernel.compiled.device` or ``entry``; parameters are
  ``Doubles``, ``Flags``, ``History``, ``Integers``, ``float`` or ``int``, results
  ``float``, ``int``, ``bool`` or ``None``, all annotated. What takes a history takes
  doubles too;
- names and elements ``array[whole number]`` are assigned to. A name keeps one type and
  is first assigned in the block where it is used, or around it;
- ``for name in range(...)``, ``while``, ``if``, ``break``, ``continue``, ``return``;
- arithmetic, bits, comparisons of two numbers, ``and``, ``or``, ``not``, ``a if c else
  b``; conditions are comparisons, ``/`` divides floats, ``//`` and ``%`` whole numbers;
- calls of other marked functions, of `gpu.kernel.intrinsics`, and ``abs``, ``float``
  and ``int``; global numbers, also those of other modules.

There is no slicing, no tuple, no string and no array of its own. `L` is 1 in C++: one
thread is one lane. A global number worked out from `L` in Python would still be that
of a CPU: write such a product where it is used. What does not belong here: entry
points of a GPU and what they read (``gpu/cuda/score.cu``).
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gpu.kernel import intrinsics
from gpu.kernel.translate_body import Body
from gpu.kernel.translate_expressions import (
    FLOAT,
    INT,
    TYPES,
    Signature,
    TranslationError,
    literal,
    safe_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["PRELUDE", "Translation", "TranslationError", "translate"]

PRELUDE: Final = Path(__file__).parents[1] / "cuda" / "prelude.cuh"

INTRINSICS: Final = {
    "abs_": Signature("abs_", (FLOAT,), FLOAT),
    "bits_of_float": Signature("bits_of_float", (FLOAT,), INT),
    "float_of_bits": Signature("float_of_bits", (INT,), FLOAT),
    "float_of_int": Signature("float_of_int", (INT,), FLOAT),
    "floor_": Signature("floor_", (FLOAT,), FLOAT),
    "fma": Signature("fma_", (FLOAT, FLOAT, FLOAT), FLOAT),
    "int_of_float": Signature("int_of_float", (FLOAT,), INT),
    "multiply_words": Signature("multiply_words", (INT, INT), INT),
    "sqrt_": Signature("sqrt_", (FLOAT,), FLOAT),
}
OPENING: Final = """\
// SPDX-License-Identifier: Apache-2.0
// The monthly model of gpu/kernel, one scenario at a time.
// Written by gpu.kernel.translate: change the functions there, not this file.
"""


@dataclass(frozen=True, slots=True)
class Translation:
    """C++ of some functions and all they call.

    Parameters
    ----------
    text : str
        The header, prelude included.
    signatures : dict of str to Signature
        Signatures of the functions asked for, by their names in Python.
    """

    text: str
    signatures: dict[str, Signature]


def translate(
    functions: Sequence[Callable[..., Any]],
    lanes: int = 1,
    sizes: Mapping[str, int] | None = None,
) -> Translation:
    """Return functions of the kernel and all that they call as one C++ header.

    Parameters
    ----------
    functions : sequence of callable
        Marked with ``device`` or ``entry``.
    lanes : int
        Value of `L` in C++. [unitless]
    sizes : mapping of str to int, optional
        Further constants to define, by name. [unitless]

    Returns
    -------
    Translation
        Functions stand after those they call; it includes no other file.

    Raises
    ------
    TranslationError
        If a function is not in the language; the message names file and line.
    """
    sources = _Sources(lanes)
    for function in functions:
        sources.add(_plain(function))
    constants, names = sources.constants(), sources.names()
    parts = [_function(source, constants, names) for source in sources.ordered]
    listed = set(constants.values())
    listed |= {(name, INT, literal(size)) for name, size in (sizes or {}).items()}
    lines = [
        f"constexpr {kind} {name} = {text};"
        for name, kind, text in sorted(listed)
        if "(" not in text
    ]
    text = "\n".join(
        [
            OPENING,
            PRELUDE.read_text(encoding="utf-8"),
            "namespace wattplan {\n",
            *lines,
            "",
            "\n".join(parts),
            "}  // namespace wattplan",
            "",
        ]
    )
    signatures = {}
    for function in functions:
        plain = _plain(function)
        signatures[plain.__name__] = names[plain]
    return Translation(text, signatures)


@dataclass(slots=True)
class _Source:
    """One function: its syntax tree and what its global names stand for."""

    function: Any
    tree: ast.FunctionDef
    path: str
    first_line: int
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def module(self) -> str:
        return str(self.function.__module__).rpartition(".")[2]

    def where(self, node: ast.AST) -> str:
        line = self.first_line + getattr(node, "lineno", 1) - 1
        return f"{self.path}:{line} in {self.tree.name}"


class _Sources:
    """The functions that a kernel needs, those called before those that call."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.ordered: list[_Source] = []
        self._open: list[Any] = []

    def add(self, function: Any) -> None:
        """Add a function and, before it, those that it calls."""
        if any(source.function is function for source in self.ordered):
            return
        if function in self._open:
            msg = f"{function.__name__} calls itself, by way of others or at once"
            raise TranslationError(msg)
        source = _parsed(function)
        self._open.append(function)
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name) and node.id in function.__globals__:
                value = function.__globals__[node.id]
                if node.id == "L" and isinstance(value, int):
                    value = self.lanes
                source.values[node.id] = value
                if hasattr(value, "py_func"):
                    self.add(value.py_func)
        self._open.pop()
        self.ordered.append(source)

    def names(self) -> dict[Any, Signature]:
        """Return the signature of each function; equal names get their module's."""
        taken: dict[str, int] = {}
        for source in self.ordered:
            taken[source.tree.name] = taken.get(source.tree.name, 0) + 1
        found = {}
        for source in self.ordered:
            name = source.tree.name
            if taken[name] > 1 or name in INTRINSICS:
                name = f"{source.module}_{name}"
            found[source.function] = _signature(source, safe_name(name))
        return found

    def constants(self) -> dict[tuple[str, str], tuple[str, str, str]]:
        """Return name, type and text in C++ by module and name in Python."""
        values: dict[str, set[str]] = {}
        found = {}
        for source in self.ordered:
            for name, value in source.values.items():
                if isinstance(value, (bool, int, float)):
                    values.setdefault(name, set()).add(_constant(value)[1])
        for source in self.ordered:
            for name, value in source.values.items():
                if not isinstance(value, (bool, int, float)):
                    continue
                kind, text = _constant(value)
                is_clear = len(values[name]) == 1
                made = safe_name(name if is_clear else f"{source.module}_{name}")
                found[source.function.__module__, name] = made, kind, text
        return found


def _plain(function: Any) -> Any:
    """Return the Python function behind a compiled one."""
    plain = getattr(function, "py_func", None)
    if plain is None:
        name = getattr(function, "__name__", function)
        msg = f"{name} is no function of the kernel: mark it with @device"
        raise TranslationError(msg)
    return plain


def _parsed(function: Any) -> _Source:
    lines, first_line = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    path = Path(inspect.getsourcefile(function) or "?").name
    if not isinstance(tree, ast.FunctionDef):
        msg = f"{path}:{first_line}: a function of the kernel is written with def"
        raise TranslationError(msg)
    return _Source(function, tree, path, first_line)


def _constant(value: Any) -> tuple[str, str]:
    """Return type and text of a number."""
    if isinstance(value, bool):
        return "bool", literal(value)
    if isinstance(value, int):
        return INT, literal(int(value))
    return FLOAT, literal(float(value))


def _signature(source: _Source, name: str) -> Signature:
    tree, known = source.tree, source.tree.args
    odd = known.vararg, known.kwarg, known.posonlyargs, known.kwonlyargs, known.defaults
    if any(odd):
        msg = f"{source.where(tree)}: parameters are plain, without defaults"
        raise TranslationError(msg)
    kinds = [_kind(source, part.annotation, part.arg) for part in known.args]
    return Signature(name, tuple(kinds), _kind(source, tree.returns, "the result"))


def _kind(source: _Source, annotation: ast.expr | None, what: str) -> str:
    text = ast.unparse(annotation) if annotation is not None else "nothing"
    if text not in TYPES:
        msg = f"{source.where(source.tree)}: {what} is {text}, must be one of"
        msg = f"{msg} {', '.join(TYPES)}"
        raise TranslationError(msg)
    return TYPES[text]


def _function(
    source: _Source,
    constants: dict[tuple[str, str], tuple[str, str, str]],
    names: dict[Any, Signature],
) -> str:
    """Return one function as C++."""

    def constant(node: ast.expr) -> tuple[str, str] | None:
        if isinstance(node, ast.Attribute):
            value = getattr(math, node.attr, None)
            is_math = isinstance(node.value, ast.Name) and node.value.id == "math"
            is_known = is_math and isinstance(value, float)
            return (literal(value), FLOAT) if is_known and value else None
        if not isinstance(node, ast.Name):
            return None
        found = constants.get((source.function.__module__, node.id))
        if found is None or node.id not in source.values:
            return None
        made, kind, text = found
        return (text if "(" in text else made), kind

    def function(name: str) -> Signature | None:
        value = source.values.get(name)
        for known, signature in INTRINSICS.items():
            if value is getattr(intrinsics, known):
                return signature
        return names.get(getattr(value, "py_func", None))

    signature = names[source.function]
    parts = [part.arg for part in source.tree.args.args]
    parameters = dict(zip(parts, signature.parameters, strict=True))
    body = Body(source.where, constant, function, result=signature.result)
    doc = ast.get_docstring(source.tree)
    statements = source.tree.body[1:] if doc else source.tree.body
    listed = ", ".join(f"{kind} {safe_name(n)}" for n, kind in parameters.items())
    return "\n".join(
        [
            *([f"// {doc.splitlines()[0]}"] if doc else []),
            f"DEVICE {signature.result} {signature.name}({listed}) {{",
            *body.write(parameters, statements),
            "}\n",
        ]
    )
