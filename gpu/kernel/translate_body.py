# SPDX-License-Identifier: Apache-2.0
"""Statements of a kernel function as C++.

What does not belong here: which functions and constants a kernel needs, and the text
around them (`gpu.kernel.translate`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gpu.kernel.translate_expressions import (
    BOOL,
    FLOAT,
    INT,
    VOID,
    Expressions,
    Typed,
    safe_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Body"]


@dataclass(slots=True)
class Body(Expressions):
    """Writes the body of one function.

    Parameters
    ----------
    result : str
        Type of the function's result.
    """

    result: str = VOID
    counters: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)

    def write(self, parameters: dict[str, str], body: Iterable[ast.stmt]) -> list[str]:
        """Return the lines of a function's body.

        Parameters
        ----------
        parameters : dict of str to str
            Types by name.
        body : iterable of ast.stmt
            Its statements, without the docstring.
        """
        self.scopes.append(dict(parameters))
        self._block(body)
        return self.lines

    def _emit(self, text: str) -> None:
        self.lines.append("    " * len(self.scopes) + text)

    def _block(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _nested(self, head: str, body: list[ast.stmt], names: dict[str, str]) -> None:
        """Write a block in braces, with a scope of its own."""
        self._emit(head + " {")
        self.scopes.append(names)
        self._block(body)
        # A name that ends here and is used later is one that Python would know.
        self.ended |= set(self.scopes.pop())

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[target]):
                self._assign(target, self.typed(node.value))
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self.typed(value))
            case ast.AugAssign():
                value = ast.BinOp(_as_load(node.target), node.op, node.value)
                self._assign(node.target, self.typed(ast.copy_location(value, node)))
            case ast.For():
                self._for(node)
            case ast.While(orelse=[]):
                self._nested(f"while ({self.condition(node.test)})", node.body, {})
                self._emit("}")
            case ast.If():
                self._if(node)
            case ast.Return():
                self._return(node)
            case ast.Expr(value=ast.Call() as call):
                self._emit(self.call(call).text + ";")
            case ast.Pass():
                pass
            case ast.Break():
                self._emit("break;")
            case ast.Continue():
                self._emit("continue;")
            case _:
                kind = type(node).__name__.lower()
                raise self.fail(node, f"the kernel's language has no such {kind}")

    def _assign(self, target: ast.expr, value: Typed) -> None:
        if isinstance(target, ast.Subscript):
            element = self.element(target)
            text = self.converted(target, value, element.kind)
            self._emit(f"{element.text} = {text};")
            return
        if not isinstance(target, ast.Name):
            raise self.fail(target, "only names and array elements are assigned to")
        self._assign_name(target, value)

    def _assign_name(self, target: ast.Name, value: Typed) -> None:
        name = target.id
        if value.kind not in (FLOAT, INT, BOOL):
            raise self.fail(target, f"{name} would be a {value.kind}, not a number")
        known = self.kind_of(name)
        if known is None:
            self.scopes[-1][name] = value.kind
            self._emit(f"{value.kind} {safe_name(name)} = {value.text};")
            return
        if name in self.counters:
            raise self.fail(target, f"{name} counts a loop and may not be assigned to")
        if known != value.kind:
            fault = f"{name} is a {known} and is given a {value.kind}: keep one type"
            raise self.fail(target, fault)
        self._emit(f"{safe_name(name)} = {value.text};")

    def _for(self, node: ast.For) -> None:
        match node:
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=bounds, keywords=[]),
                orelse=[],
            ) if 1 <= len(bounds) <= 3:
                pass
            case _:
                raise self.fail(node, "a loop is `for name in range(...)`")
        if self.kind_of(name) is not None and name not in self.counters:
            raise self.fail(node, f"{name} is a variable already and cannot count")
        start = self.whole(bounds[0]).text if len(bounds) > 1 else "0LL"
        stop = self.whole(bounds[min(len(bounds), 2) - 1]).text
        step = self._step(bounds[2]) if len(bounds) == 3 else 1
        made = safe_name(name)
        begin, end = f"int64 {made} = {start}", stop
        if not self._is_fixed(bounds[min(len(bounds), 2) - 1]):
            # The end is worked out once, as in Python.
            begin, end = f"{begin}, {made}_end = {stop}", f"{made}_end"
        move = f"++{made}" if step == 1 else f"{made} += {step}LL"
        sign = "<" if step > 0 else ">"
        was_counter = name in self.counters
        self.counters.add(name)
        head = f"for ({begin}; {made} {sign} {end}; {move})"
        self._nested(head, node.body, {name: INT})
        self._emit("}")
        if not was_counter:
            self.counters.discard(name)

    def _is_fixed(self, node: ast.expr) -> bool:
        """Whether an expression is a number written out or a global one."""
        is_name = isinstance(node, ast.Name) and self.kind_of(node.id) is None
        return is_name or isinstance(node, ast.Constant)

    def _step(self, node: ast.expr) -> int:
        try:
            step = ast.literal_eval(node)
        except ValueError:
            step = 0
        if not isinstance(step, int) or step == 0:
            raise self.fail(node, "the step of a range is a whole number written out")
        return step

    def _if(self, node: ast.If) -> None:
        self._nested(f"if ({self.condition(node.test)})", node.body, {})
        if node.orelse:
            self._nested("} else", node.orelse, {})
        self._emit("}")

    def _return(self, node: ast.Return) -> None:
        if node.value is None or self.result == VOID:
            if node.value is not None or self.result != VOID:
                raise self.fail(node, f"the function returns {self.result}")
            self._emit("return;")
            return
        text = self.converted(node, self.typed(node.value), self.result)
        self._emit(f"return {text};")


def _as_load(target: ast.expr) -> ast.expr:
    """Return what is assigned to as something to read."""
    return ast.parse(ast.unparse(target), mode="eval").body
