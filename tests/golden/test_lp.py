# SPDX-License-Identifier: Apache-2.0
"""Every rule of the investment model as LP text, compared with a reviewed file.

A file holds the rows of one rule in the smallest study in which it appears, with the
bounds of its variables. After a wanted change, ``make golden`` (or ``pytest
tests/golden --refresh-golden``) writes the files again: read the difference.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import highspy
import numpy as np
import pyomo.environ as pyo
import pytest
from lp_studies import CASES as PLANT_CASES
from lp_treasury import PLANT_LOAN, TREASURY_CASES
from tiny_studies import alpha, beta, company, gamma, market, tiny_study

from models.company import TreasuryPolicy
from optimizer.milp.compile import compile_model
from optimizer.milp.model import build_model
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from optimizer.milp.compile import Compiled

CASES = PLANT_CASES | TREASURY_CASES
POLICIES = ("optimise", "hold_all", "sell_share", "sell_to_cover", "keep_floor")
FOLDER = Path(__file__).with_name("lp")
WIDTH = 88
LP_NUMBER = "{:.10g}"


def name_of(part: object) -> str:
    """Return the name of a row or column in signs that LP text allows."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", part.name)  # type: ignore[attr-defined]
    return plain.strip("_")


def number(value: float) -> str:
    return LP_NUMBER.format(value + 0.0)


def terms(coefficients: np.ndarray, columns: list[str]) -> list[str]:
    signed = [
        f"{'-' if value < 0 else '+'} {number(abs(value))} {column}"
        for value, column in zip(coefficients, columns, strict=True)
    ]
    return sorted(signed, key=lambda term: in_order(term.split()[-1]))


def in_order(name: str) -> list[str | int]:
    """Return a key that puts month 9 before month 10."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if part.isdigit() else part for part in parts]


def wrapped(head: str, parts: list[str]) -> list[str]:
    """Return parts after a head, in lines of at most `WIDTH` signs."""
    lines, line = [], f" {head}".rstrip()
    for part in parts:
        if len(line) + len(part) + 1 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {part}"
    return [*lines, line]


def relation(lower: float, upper: float) -> str:
    if lower == upper:
        return f"= {number(upper)}"
    return f"<= {number(upper)}" if np.isfinite(upper) else f">= {number(lower)}"


def bound_line(compiled: Compiled, column: int, name: str) -> str:
    lower, upper = compiled.lower[column], compiled.upper[column]
    if np.isfinite(lower):
        high = number(upper) if np.isfinite(upper) else "inf"
        return f" {number(lower)} <= {name} <= {high}"
    assert not np.isfinite(upper)
    return f" {name} free"


def rule_text(rule: str) -> str:
    """Return the LP text of one rule in its smallest study."""
    study, options = CASES[rule]()
    compiled = compile_model(build_model(study, options).pyomo)
    names = [name_of(column) for column in compiled.columns]
    matrix = compiled.matrix.tocsr()
    lines: list[str] = []
    used: set[int] = set()
    objective = ["0 nothing"]
    if rule == "objective":
        columns = np.flatnonzero(compiled.cost)
        used |= set(columns.tolist())
        objective = terms(compiled.cost[columns], [names[j] for j in columns])
        lines.append(f"\\ constant {number(compiled.offset)}")
    lines += ["maximize", *wrapped("obj:", objective), "subject to"]
    if rule == "objective":
        lines.append(" nothing_binds: 0 nothing <= 0")
    for row, constraint in enumerate(compiled.rows):
        if constraint.parent_component().local_name != rule:
            continue
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        columns = matrix.indices[part]
        used |= set(columns.tolist())
        body = terms(matrix.data[part], [names[j] for j in columns])
        bound = relation(compiled.row_lower[row], compiled.row_upper[row])
        lines += wrapped(f"{name_of(constraint)}:", [*body, bound])
    ordered = sorted(used, key=lambda j: in_order(names[j]))
    bounds = [bound_line(compiled, j, names[j]) for j in ordered]
    # The format's own bounds, from zero up, need no line.
    lines += ["bounds", *(b for b in bounds if not re.match(r" 0 <= .* inf$", b))]
    whole = [names[j] for j in ordered if compiled.is_integer[j]]
    if whole:
        lines += ["general", *wrapped("", whole)]
    return "\n".join([f"\\ {rule}", *lines, "end", ""])


@pytest.mark.parametrize("rule", CASES)
def test_rule_is_as_reviewed(rule: str, pytestconfig: pytest.Config) -> None:
    path, text = FOLDER / f"{rule}.lp", rule_text(rule)
    if pytestconfig.getoption("--refresh-golden"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "see the head of this module"


@pytest.mark.parametrize("rule", CASES)
def test_reviewed_file_is_valid_lp_text(rule: str) -> None:
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(FOLDER / f"{rule}.lp")) == highspy.HighsStatus.kOk
    assert solver.getNumRow() > 0


@pytest.mark.parametrize("rule", [rule for rule in CASES if rule != "objective"])
def test_reviewed_file_has_a_row_of_the_rule(rule: str) -> None:
    text = (FOLDER / f"{rule}.lp").read_text(encoding="utf-8")
    assert re.search(rf"^ {rule}(_\w+)?:", text, re.M)


def test_every_rule_of_the_full_model_has_a_reviewed_file() -> None:
    asked = (
        ModelOptions(forced_site="gamma", forced_mw_months=1.0),
        ModelOptions(forced_site="gamma", forced_phase="gamma_p1"),
    )
    studies = [
        tiny_study(
            sites=(alpha(), beta(), gamma()),
            market=market(resale_depth_eh_s_per_month=1.0),
            company=company(
                treasury_policy=TreasuryPolicy(kind=kind, max_ltv_frac=0.5),  # type: ignore[arg-type]
                debt_facilities=(PLANT_LOAN,),
            ),
        )
        for kind in POLICIES
    ]
    rules = {
        constraint.local_name
        for study in studies
        for options in asked
        for constraint in build_model(study, options).pyomo.component_objects(
            pyo.Constraint
        )
    }
    files = {path.stem for path in FOLDER.glob("*.lp")}
    assert files == set(CASES)
    assert files == rules | {"objective"}
