# SPDX-License-Identifier: Apache-2.0
"""The kernel's language: what it takes, what it refuses, and what becomes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from gpu.kernel.compiled import Doubles, History, Integers, L, device
from gpu.kernel.elementary import exp_
from gpu.kernel.intrinsics import fma
from gpu.kernel.translate import TranslationError, translate
from gpu.kernel.translate_expressions import literal, safe_name

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 0.25
ROW = 3
HUGE = math.inf


def cpp(function: Callable[..., Any]) -> str:
    """The C++ of one function, without what stands before it."""
    text = translate([function]).text
    lines = text.splitlines()
    at = next(k for k, line in enumerate(lines) if f" {name_of(function)}(" in line)
    return "\n".join(lines[at : lines.index("}", at) + 1])


def name_of(function: Any) -> str:
    return str(function.py_func.__name__)


@device
def half(x: float) -> float:
    """Return a half."""
    return x / 2.0


@device
def add_up(w: Doubles, n: int) -> float:
    """Add up some numbers."""
    total = 0.0
    for k in range(1, n):
        total += w[ROW * L + k] if k > 1 else half(w[k])
    return total


def test_a_function_becomes_itself_in_cpp() -> None:
    assert cpp(add_up) == "\n".join(
        [
            "DEVICE double add_up(double* w, int64 n) {",
            "    double total = 0.0;",
            "    for (int64 k = 1LL, k_end = n; k < k_end; ++k) {",
            "        total = total + ((k > 1LL) ? w[(ROW * L) + k] : half(w[k]));",
            "    }",
            "    return total;",
            "}",
        ]
    )


def test_functions_stand_after_those_they_call_with_constants_first() -> None:
    text = translate([add_up]).text
    assert text.index("DEVICE double half(") < text.index("DEVICE double add_up(")
    assert "constexpr int64 ROW = 3LL;" in text
    assert "constexpr int64 L = 1LL;" in text
    assert text.index("constexpr int64 ROW") < text.index("DEVICE double half(")
    assert "// Return a half." in text


def test_the_number_of_lanes_is_chosen_by_the_caller() -> None:
    assert "constexpr int64 L = 8LL;" in translate([add_up], lanes=8).text


def test_translating_twice_gives_the_same_text_and_includes_nothing() -> None:
    text = translate([add_up, exp_]).text
    assert text == translate([add_up, exp_]).text
    assert "#include" not in text


@device
def whole_numbers(a: int, b: int) -> int:
    """Do what whole numbers can."""
    c = a // b + a % b
    c = (c << 2) ^ (c >> 1)
    c |= ~a & 255
    return c - abs(b)


def test_whole_numbers_divide_downwards_and_shift_without_overflow() -> None:
    text = cpp(whole_numbers)
    assert "int64 c = floor_quotient(a, b) + floor_rest(a, b);" in text
    assert "((int64)((uint64)c << 2LL)) ^ (c >> 1LL)" in text
    assert "c = c | ((~a) & 255LL);" in text
    assert "return c - size_of(b);" in text


@device
def share(a: int, b: int) -> float:
    """Divide whole numbers as floats."""
    return a / b


def test_a_quotient_of_whole_numbers_is_a_float() -> None:
    assert "return (double)(a) / b;" in cpp(share)


@device
def kept_apart(a: float, b: float, c: float) -> float:
    """Group as Python groups."""
    return a - (b - c) - b * (c + a) / fma(a, b, -c)


def test_what_python_groups_stays_grouped() -> None:
    assert "(a - (b - c)) - ((b * (c + a)) / fma_(a, b, -c))" in cpp(kept_apart)


@device
def logic(a: float, n: int) -> bool:
    """Join comparisons."""
    is_low = a < 1.0 and not (n == 3 or a >= RATE)
    return is_low if n > 0 else a != 0.0


def test_comparisons_are_joined_by_words() -> None:
    text = cpp(logic)
    assert "bool is_low = (a < 1.0) && (!((n == 3LL) || (a >= RATE)));" in text
    assert "return (n > 0LL) ? is_low : (a != 0.0);" in text


@device
def loops(h: History, n: int) -> int:
    """Loop in every way."""
    found = 0
    for k in range(n, 0, -2):
        if h[k] > HUGE:
            continue
        elif h[k] < math.pi:
            found += 1
        else:
            break
    while found > 10:
        found -= 10
    for _ in range(3):
        pass
    return found


def test_loops_and_branches_keep_their_form() -> None:
    text = cpp(loops)
    assert "for (int64 k = n, k_end = 0LL" not in text
    assert "for (int64 k = n; k > 0LL; k += -2LL) {" in text
    assert "if (h[k] > float_of_bits(0x7FF0000000000000LL)) {" in text
    assert "} else {" in text
    assert "if (h[k] < 3.141592653589793) {" in text
    assert "while (found > 10LL) {" in text
    assert "for (int64 _ = 0LL; _ < 3LL; ++_) {" in text


@device
def takes_rows(h: History, w: Doubles, u: Integers) -> float:
    """Hand doubles to what takes a history."""
    u[0] = loops(w, 3) + loops(h, 3)
    return w[u[0]]


def test_doubles_may_stand_for_a_history() -> None:
    assert "u[0LL] = loops(w, 3LL) + loops(h, 3LL);" in cpp(takes_rows)


@device
def changes_type(x: float) -> float:
    y = 0
    y = x
    return y


@device
def leaks(x: float) -> float:
    if x > 0.0:
        y = x
    return y


@device
def by_keyword(x: float) -> float:
    return half(x=x)


@device
def stranger(x: float) -> float:
    return math.sin(x)


@device
def cuts(w: Doubles) -> None:
    w[1:3] = 0.0


@device
def truth(x: float) -> float:
    return 1.0 if x else 0.0


@device
def power(x: float) -> float:
    return x**2


@device
def chained(x: float) -> bool:
    return 0.0 < x < 1.0


@device
def pair(x: float) -> float:
    a, b = x, x
    return a + b


@device
def float_index(w: Doubles, x: float) -> float:
    return w[x]


@device
def untyped(x) -> float:
    return x


@device
def moved_counter(n: int) -> int:
    for k in range(n):
        k = k + 1
    return n


@device
def by_list(n: int) -> int:
    for k in [1, 2]:
        n += k
    return n


@device
def truncated(u: Integers, x: float) -> None:
    u[0] = x


@device
def wrong_return(x: float) -> int:
    return x


@device
def round_and_round(n: int) -> int:
    return round_and_round(n - 1)


@device
def unknown_step(n: int, step: int) -> int:
    total = 0
    for k in range(0, n, step):
        total += k
    return total


@device
def too_few(w: Doubles) -> float:
    return add_up(w)


@device
def text_in_it(n: int) -> int:
    n = "no"
    return n


@device
def with_default(n: int = 1) -> int:
    return n


@device
def rows_for_doubles(h: History) -> float:
    return add_up(h, 3)


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (changes_type, "y is a int64 and is given a double: keep one type"),
        (leaks, "y was first assigned inside a block that has ended"),
        (by_keyword, "called by name, without keywords"),
        (stranger, "called by name, without keywords"),
        (cuts, "has no such slice"),
        (truth, "a condition is a comparison, not a double"),
        (power, "has no such operation"),
        (chained, "has no such compare"),
        (pair, "only names and array elements are assigned to|no such tuple"),
        (float_index, "double stands where a whole number must"),
        (untyped, "x is nothing, must be one of float, int"),
        (moved_counter, "k counts a loop and may not be assigned to"),
        (by_list, r"a loop is `for name in range\(...\)`"),
        (truncated, "double stands where int64 is wanted"),
        (wrong_return, "double stands where int64 is wanted"),
        (round_and_round, "round_and_round calls itself"),
        (unknown_step, "the step of a range is a whole number written out"),
        (too_few, "add_up takes 2 arguments, 1 are given"),
        (text_in_it, "has no such constant"),
        (with_default, "parameters are plain, without defaults"),
        (rows_for_doubles, r"History stands where double\* is wanted"),
    ],
)
def test_what_is_outside_the_language_is_refused_with_its_place(
    function: Callable[..., Any], fault: str
) -> None:
    with pytest.raises(TranslationError, match=fault) as caught:
        translate([function])
    text = str(caught.value)
    if function is not round_and_round:
        assert text.startswith("test_kernel_translate.py:")
        assert f"in {name_of(function)}" in text


def test_a_function_that_is_not_marked_is_refused() -> None:
    with pytest.raises(TranslationError, match="mark it with @device"):
        translate([name_of])


def test_numbers_are_read_back_as_themselves() -> None:
    assert [literal(value) for value in (0.1, -3, 2.0**63, -(2**63), True)] == [
        "0.1",
        "-3LL",
        "9.223372036854776e+18",
        "(-0x7FFFFFFFFFFFFFFFLL - 1)",
        "true",
    ]
    assert literal(-math.inf) == "-float_of_bits(0x7FF0000000000000LL)"
    assert literal(math.nan) == "float_of_bits(0x7FF8000000000000LL)"


def test_words_of_cpp_and_macros_are_no_names() -> None:
    assert [safe_name(name) for name in ("new", "HUGE", "x")] == ["new_", "HUGE_", "x"]
