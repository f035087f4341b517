# SPDX-License-Identifier: Apache-2.0
"""What a plan proves, and which side of a use the best one is on: programs by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from optimizer.explain.memory import Memory
from optimizer.explain.relaxations import MATERIAL, Relaxation, Sides
from optimizer.explain.settling import rounded, settled
from optimizer.milp.compile import Compiled

if TYPE_CHECKING:
    from models.arrays import BoolArray, FloatArray
    from optimizer.explain.questions import Question

INFINITE = float("inf")


def program(least_value: float = 3.0, *, cost_of_both: float = 4.0) -> Compiled:
    """Return ``max least_value x + 2 y`` with ``2 x + 2 y <= cost_of_both``, x <= 3.

    x is whole and is what is asked about; y may be split and is at most 1.5.
    """
    return Compiled(
        matrix=sparse.csc_array(np.array([[2.0, 2.0]])),
        cost=np.array([least_value, 2.0]),
        offset=10.0,
        row_lower=np.array([-INFINITE]),
        row_upper=np.array([cost_of_both]),
        lower=np.zeros(2),
        upper=np.array([3.0, 1.5]),
        is_integer=np.array([True, False]),
        columns=[],
        rows=[],
    )


USE = np.array([1.0, 0.0])


def test_a_plan_above_either_limit_settles_which_side_is_best() -> None:
    sides = Sides(doing_usd_m=16.0, leaving_usd_m=13.0)
    assert sides.is_settled_by(13.5)
    assert not sides.is_settled_by(12.9)
    # Nor does one that is no better than the limit.
    assert not sides.is_settled_by(13.0)
    assert not sides.is_settled_by(-INFINITE)


def test_what_cannot_be_done_is_settled_by_any_plan() -> None:
    assert Sides(-INFINITE, 5.0).is_settled_by(-3.0)


def test_sides_are_the_optima_with_and_without_a_use() -> None:
    # Best: x = 2, y = 0, 10 + 6. Without x: y = 1.5, 10 + 3.
    sides = Relaxation(program()).sides(USE, 1.0)
    assert sides.doing_usd_m == pytest.approx(16.0)
    assert sides.leaving_usd_m == pytest.approx(13.0)


def test_a_whole_decision_that_reaches_the_least_use_is_not_split() -> None:
    # Worth 1 instead of 3 a unit, and room for 1: y = 0.5 in all of it, 10 + 2 x 0.5.
    # Doing means x = 1 in whole, which leaves no room: 10 + 1.
    tight = program(1.0, cost_of_both=1.0)
    sides = Relaxation(tight).sides(USE, 0.25)
    assert sides.leaving_usd_m == pytest.approx(11.0)
    # x = 0.25 in the relaxation: 10 + 0.25 + 2 x 0.25, but for the share of rounding.
    assert sides.doing_usd_m == pytest.approx(10.75, abs=1e-5)
    # x pays more than y: the relaxation takes half of it; left means none at all.
    dear = program(3.0, cost_of_both=1.0)
    split = Relaxation(dear)
    assert split.objective_usd_m == pytest.approx(11.5)
    assert split.sides(USE, 1.0).leaving_usd_m == pytest.approx(11.0)


def test_asking_leaves_the_relaxation_as_it_was() -> None:
    relaxation = Relaxation(program())
    first = relaxation.sides(USE, 1.0)
    assert relaxation.sides(USE, 1.0) == first


def test_a_relaxation_without_a_solution_proves_that_nothing_can_be_done() -> None:
    none = replace(program(), row_upper=np.array([-1.0]))
    relaxation = Relaxation(none)
    assert relaxation.values is None
    assert relaxation.sides(USE, 1.0) == Sides(-INFINITE, -INFINITE)


def test_rounding_looks_only_around_the_relaxation() -> None:
    odd = program(cost_of_both=5.0)
    relaxed = Relaxation(odd).values
    assert relaxed is not None
    # x = 2.5 relaxed; of 2 (and y = 0.5: 17) and 3 (6 > 5) only 2 fits.
    found = rounded(odd, relaxed)
    assert found is not None
    assert odd.value_of(found) == pytest.approx(17.0)


@dataclass
class _Asked:
    """What `settled` needs of a program: x is the question's own."""

    compiled: Compiled

    def own(self, question: Question, *, with_orders: bool = True) -> BoolArray:
        del question, with_orders
        return np.array([True, False])

    def use(self, question: Question) -> FloatArray:
        del question
        return USE


@pytest.mark.parametrize(
    ("worth", "expected"),
    # Three a unit: x = 2. Half a unit: y = 1.5 and no room for a whole x.
    [(3.0, 2.0), (0.5, 0.0)],
)
def test_settling_ends_on_the_better_side(worth: float, expected: float) -> None:
    asked = _Asked(program(worth))
    found = settled(
        asked,  # type: ignore[arg-type]
        SimpleNamespace(least=1.0),  # type: ignore[arg-type]
        np.array([0.0, 1.5]),
        sides=Sides(INFINITE, INFINITE),
        end_s=time.perf_counter() + 10.0,
    )
    assert found[0] == pytest.approx(expected)
    assert (found[0] >= MATERIAL) == (expected > 0.0)


def test_memory_begins_from_the_nearest_step_and_forgets_the_oldest() -> None:
    memory = Memory()
    whole = {("x", 1): 2.0}
    program_like = SimpleNamespace(
        whole_decisions=lambda values: {**whole, "at": values}
    )
    for step in range(1, 20):
        memory.keep("btc_price", step, program_like, step)  # type: ignore[arg-type]
    memory.keep("gpu_rent", 3, program_like, 99)  # type: ignore[arg-type]
    assert memory.plan_near("btc_price", 16)["at"] == 16  # type: ignore[index]
    # The oldest are gone: 8 to 19 were kept, then 9 to 19 beside the other price.
    assert memory.plan_near("btc_price", 1)["at"] == 9  # type: ignore[index]
    assert memory.plan_near("power_price", 1) is None
