# SPDX-License-Identifier: Apache-2.0
"""Expressions of a kernel function as C++, with their types.

What does not belong here: statements (`gpu.kernel.translate_body`).
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "BOOL",
    "FLOAT",
    "INT",
    "TYPES",
    "VOID",
    "Expressions",
    "Signature",
    "TranslationError",
    "Typed",
    "literal",
    "safe_name",
]

FLOAT: Final = "double"
INT: Final = "int64"
BOOL: Final = "bool"
VOID: Final = "void"
FLOATS: Final = "double*"
INTS: Final = "int64*"
BYTES: Final = "unsigned char*"
ROWS: Final = "History"

TYPES: Final = {
    "float": FLOAT,
    "int": INT,
    "bool": BOOL,
    "None": VOID,
    "Doubles": FLOATS,
    "Flags": BYTES,
    "History": ROWS,
    "Integers": INTS,
}
ELEMENTS: Final = {FLOATS: FLOAT, ROWS: FLOAT, INTS: INT, BYTES: INT}

# Words of C++, and macros that headers of C define.
RESERVED: Final = frozenset(
    [
        "auto",
        "bool",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "delete",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "friend",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "namespace",
        "new",
        "operator",
        "private",
        "protected",
        "public",
        "register",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "template",
        "this",
        "throw",
        "try",
        "typedef",
        "union",
        "unsigned",
        "using",
        "virtual",
        "void",
        "volatile",
        "while",
        "xor",
        "or",
        "and",
        "not",
        "asm",
        "int64",
        "uint64",
        "INFINITY",
        "NAN",
        "HUGE",
        "HUGE_VAL",
        "OVERFLOW",
        "UNDERFLOW",
        "DOMAIN",
        "SING",
        "PLOSS",
        "TLOSS",
        "EOF",
        "NULL",
        "DEVICE",
        "M_PI",
        "M_E",
    ]
)

ARITHMETIC: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
BITS: Final = {ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.RShift: ">>"}
COMPARISONS: Final = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class TranslationError(Exception):
    """A function is not in the language of the kernel."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Name and types of a function in C++.

    Parameters
    ----------
    name : str
        Name in C++.
    parameters : tuple of str
        Types of its parameters.
    result : str
        Type of its result.
    """

    name: str
    parameters: tuple[str, ...]
    result: str


@dataclass(frozen=True, slots=True)
class Typed:
    """C++ of an expression, its type, and whether it needs no parentheses."""

    text: str
    kind: str
    is_atom: bool = True

    def inside(self) -> str:
        """Return the text as a part of a larger expression."""
        return self.text if self.is_atom else f"({self.text})"


def literal(value: float) -> str:
    """Return a number as C++.

    Parameters
    ----------
    value : float
        Float or whole number. [unitless]

    Returns
    -------
    str
        A literal that is read back as the same number and type; an expression for
        infinity and NaN.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # The smallest number has no literal: the minus sign is an operator.
        return "(-0x7FFFFFFFFFFFFFFFLL - 1)" if value == -(2**63) else f"{value}LL"
    if math.isnan(value):
        return "float_of_bits(0x7FF8000000000000LL)"
    if math.isinf(value):
        return f"{'-' * (value < 0.0)}float_of_bits(0x7FF0000000000000LL)"
    return repr(float(value))


def safe_name(name: str) -> str:
    """Return a name that is no word of C++ and no macro of its headers."""
    return f"{name}_" if name in RESERVED else name


@dataclass(slots=True)
class Expressions:
    """Writes expressions where some names are known.

    Parameters
    ----------
    where : callable
        Turns a node into "file:line" for messages.
    constant : callable
        Returns C++ and type of a global number, or None if the name is none.
    function : callable
        Returns the signature of a global function, or None if the name is none.
    """

    where: Callable[[ast.AST], str]
    constant: Callable[[ast.expr], tuple[str, str] | None]
    function: Callable[[str], Signature | None]
    scopes: list[dict[str, str]] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    def fail(self, node: ast.AST, fault: str) -> TranslationError:
        """Return the error that names the place."""
        return TranslationError(f"{self.where(node)}: {fault}")

    def kind_of(self, name: str) -> str | None:
        """Return the type of a variable, or None if there is none of that name."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None

    def converted(self, node: ast.AST, value: Typed, kind: str) -> str:
        """Return the text of a value where a kind is wanted."""
        if value.kind == kind or (kind == FLOAT and value.kind in (INT, BOOL)):
            return value.text
        if (kind, value.kind) in ((INT, BOOL), (ROWS, FLOATS)):
            return value.text
        raise self.fail(node, f"{value.kind} stands where {kind} is wanted")

    def condition(self, node: ast.expr) -> str:
        """Return a condition."""
        value = self.typed(node)
        if value.kind != BOOL:
            raise self.fail(node, f"a condition is a comparison, not a {value.kind}")
        return value.text

    def whole(self, node: ast.expr) -> Typed:
        """Return an expression that is a whole number."""
        value = self.typed(node)
        if value.kind != INT:
            raise self.fail(node, f"{value.kind} stands where a whole number must")
        return value

    def _number(self, node: ast.expr) -> Typed:
        value = self.typed(node)
        if value.kind not in (FLOAT, INT, BOOL):
            raise self.fail(node, f"{value.kind} is no number")
        return value

    def typed(self, node: ast.expr) -> Typed:
        """Return any expression with its type."""
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                kind = {bool: BOOL, int: INT, float: FLOAT}[type(value)]
                return Typed(literal(value), kind)
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.Subscript():
                return self.element(node)
            case ast.BinOp():
                return self._operation(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.Compare(ops=[operator], comparators=[right]):
                sign = COMPARISONS.get(type(operator))
                if sign is None:
                    raise self.fail(node, "only numbers are compared, by size")
                one, other = self._number(node.left), self._number(right)
                return Typed(
                    f"{one.inside()} {sign} {other.inside()}", BOOL, is_atom=False
                )
            case ast.BoolOp():
                sign = " && " if isinstance(node.op, ast.And) else " || "
                parts = [self.condition(part) for part in node.values]
                return Typed(
                    sign.join(f"({part})" for part in parts), BOOL, is_atom=False
                )
            case ast.IfExp():
                return self._choice(node)
            case ast.Call():
                return self.call(node)
            case _:
                kind = type(node).__name__.lower()
                raise self.fail(node, f"the kernel's language has no such {kind}")

    def _name(self, node: ast.Name | ast.Attribute) -> Typed:
        if isinstance(node, ast.Name):
            kind = self.kind_of(node.id)
            if kind is not None:
                return Typed(safe_name(node.id), kind)
            if node.id in self.ended:
                fault = f"{node.id} was first assigned inside a block that has ended"
                raise self.fail(node, fault)
        found = self.constant(node)
        if found is None:
            raise self.fail(node, f"{ast.unparse(node)} is no variable and no number")
        return Typed(*found)

    def element(self, node: ast.Subscript) -> Typed:
        """Return an element of an array."""
        array = self.typed(node.value)
        if array.kind not in ELEMENTS:
            raise self.fail(node, f"{ast.unparse(node.value)} is no array")
        index = self.whole(node.slice)
        return Typed(f"{array.text}[{index.text}]", ELEMENTS[array.kind])

    def _operation(self, node: ast.BinOp) -> Typed:
        one, other = self._number(node.left), self._number(node.right)
        left, right = one.inside(), other.inside()
        kinds, operator = {one.kind, other.kind}, type(node.op)
        if operator in ARITHMETIC:
            kind = FLOAT if FLOAT in kinds else INT
            return Typed(f"{left} {ARITHMETIC[operator]} {right}", kind, is_atom=False)
        if operator is ast.Div:
            if FLOAT not in kinds:
                left = f"(double)({one.text})"
            return Typed(f"{left} / {right}", FLOAT, is_atom=False)
        helper = {ast.FloorDiv: "floor_quotient", ast.Mod: "floor_rest"}.get(operator)
        if operator not in BITS and operator is not ast.LShift and helper is None:
            raise self.fail(node, "the kernel's language has no such operation")
        if kinds != {INT}:
            raise self.fail(node, "whole numbers alone have this operation")
        if operator in BITS:
            return Typed(f"{left} {BITS[operator]} {right}", INT, is_atom=False)
        if operator is ast.LShift:
            text = f"(int64)((uint64){left} << {right})"
            return Typed(text, INT, is_atom=False)
        return Typed(f"{helper}({one.text}, {other.text})", INT)

    def _unary(self, node: ast.UnaryOp) -> Typed:
        if isinstance(node.op, ast.Not):
            return Typed(f"!({self.condition(node.operand)})", BOOL)
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            number = node.operand.value
            if isinstance(number, float) or type(number) is int:
                kind = FLOAT if isinstance(number, float) else INT
                return Typed(literal(-number), kind, is_atom=False)
        value = self._number(node.operand)
        kind = INT if value.kind == BOOL else value.kind
        if isinstance(node.op, ast.UAdd):
            return Typed(value.text, kind, value.is_atom)
        if isinstance(node.op, ast.Invert):
            return Typed(f"~{self.whole(node.operand).inside()}", INT, is_atom=False)
        return Typed(f"-{value.inside()}", kind, is_atom=False)

    def _choice(self, node: ast.IfExp) -> Typed:
        test = self.condition(node.test)
        one, other = self._number(node.body), self._number(node.orelse)
        kinds = {one.kind, other.kind}
        kind = FLOAT if FLOAT in kinds else BOOL if kinds == {BOOL} else INT
        text = f"({test}) ? {one.inside()} : {other.inside()}"
        return Typed(text, kind, is_atom=False)

    def call(self, node: ast.Call) -> Typed:
        """Return a call."""
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self.fail(node, "functions are called by name, without keywords")
        name = node.func.id
        signature = self.function(name)
        if signature is None:
            return self._builtin(node, name)
        if len(node.args) != len(signature.parameters):
            fault = f"{name} takes {len(signature.parameters)} arguments"
            raise self.fail(node, f"{fault}, {len(node.args)} are given")
        texts = [
            self.converted(argument, self.typed(argument), kind)
            for argument, kind in zip(node.args, signature.parameters, strict=True)
        ]
        return Typed(f"{signature.name}({', '.join(texts)})", signature.result)

    def _builtin(self, node: ast.Call, name: str) -> Typed:
        if name not in ("abs", "float", "int") or len(node.args) != 1:
            fault = f"{name} is no function of the kernel: mark it with @device"
            raise self.fail(node, fault)
        value = self._number(node.args[0])
        if name == "float":
            return Typed(f"(double){value.inside()}", FLOAT)
        if name == "int":
            return Typed(f"(int64){value.inside()}", INT)
        if value.kind == FLOAT:
            return Typed(f"abs_({value.text})", FLOAT)
        return Typed(f"size_of({value.text})", INT)
