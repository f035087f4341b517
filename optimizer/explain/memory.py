# SPDX-License-Identifier: Apache-2.0
"""What a process keeps from one evaluation of a price to the next.

Neighbours on a driver's grid are nearly alike: programs are kept to be used again, a
basis or a plan found near by is where the next solve begins. Nothing here changes an
answer, only how soon it is there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.market import base_paths
from optimizer.explain.drivers import changed, multiplier_of
from optimizer.explain.programs import Program
from optimizer.explain.relaxations import Relaxation
from optimizer.milp.options import ModelOptions

if TYPE_CHECKING:
    from models.arrays import FloatArray
    from models.study import Study
    from optimizer.explain.programs import WholeDecisions
    from optimizer.explain.relaxations import Basis

__all__ = ["Memory"]

_PROGRAMS: Final = 2
_BASES: Final = 8
_PLANS: Final = 12
"""How many of each are kept."""
_MOST_PATIENCE: Final = 4.0
_NEAR_STEPS: Final = 12
"""Farther away, a solve from nothing is quicker than one from another's basis."""


@dataclass(slots=True)
class Memory:
    """Programs, bases and plans of the evaluations done last, by driver and step.

    ``patience`` says by how much a busy machine stretches the work of this process, 1
    if not at all: limits in seconds are short enough to matter. [ratio]
    """

    programs: dict[tuple[str, int], tuple[Program, Relaxation]] = field(
        default_factory=dict
    )
    bases: dict[tuple[str, int], Basis] = field(default_factory=dict)
    plans: dict[tuple[str, int], WholeDecisions] = field(default_factory=dict)
    patience: float = 1.0

    def __reduce__(self) -> tuple[type[Memory], tuple[()]]:
        """Go to another process empty: what is kept is much, and quickly made anew."""
        return Memory, ()

    def relaxed(
        self, study: Study, driver: str, step: int
    ) -> tuple[Program, Relaxation]:
        """Return the program with one price changed, and its relaxation.

        Parameters
        ----------
        study : Study
            Study as it is.
        driver : str
            Price to change.
        step : int
            Step of the grid. [steps]
        """
        place = _place(driver, step)
        if place in self.programs:
            return self.programs[place]
        begun_s, worked_s = time.perf_counter(), time.process_time()
        paths = base_paths(study)
        if step > 0:
            multiplier = multiplier_of(driver, step)
            study, paths = changed(study, paths, driver, multiplier)
        program = Program.of(study, ModelOptions(), paths)
        near = self._nearest(self.bases, place, _NEAR_STEPS)
        relaxation = Relaxation(
            program.compiled, None if near is None else self.bases[near]
        )
        if relaxation.values is not None:
            self.bases[place] = relaxation.basis()
            _forget(self.bases, _BASES)
        passed_s = time.perf_counter() - begun_s
        worked_s = max(time.process_time() - worked_s, 1e-3)
        self.patience = min(max(passed_s / worked_s, 1.0), _MOST_PATIENCE)
        self.programs[place] = (program, relaxation)
        _forget(self.programs, _PROGRAMS)
        return program, relaxation

    def keep(
        self, driver: str, step: int, program: Program, values: FloatArray
    ) -> None:
        """Keep the whole decisions of a plan found.

        Parameters
        ----------
        driver : str
            Price that was changed.
        step : int
            Step of the grid. [steps]
        program : Program
            Its program.
        values : ndarray of shape (n_columns,)
            Solution. [mixed]
        """
        self.plans[_place(driver, step)] = program.whole_decisions(values)
        _forget(self.plans, _PLANS)

    def plan_near(self, driver: str, step: int) -> WholeDecisions | None:
        """Return the whole decisions of the nearest plan of a driver; None without."""
        own = {place: p for place, p in self.plans.items() if place[0] == driver}
        near = self._nearest(own, _place(driver, step), float("inf"))
        return None if near is None else own[near]

    @staticmethod
    def _nearest(
        known: dict[tuple[str, int], Basis] | dict[tuple[str, int], WholeDecisions],
        place: tuple[str, int],
        most: float,
    ) -> tuple[str, int] | None:
        """Return the nearest place; drivers meet at the study as it is."""

        def steps(other: tuple[str, int]) -> int:
            if other[0] == place[0]:
                return abs(other[1] - place[1])
            return other[1] + place[1]

        near = min(known, key=steps, default=None)
        return near if near is not None and steps(near) <= most else None


def _place(driver: str, step: int) -> tuple[str, int]:
    """Return the key of a driver's step; step 0 is the same for all."""
    return (driver, step) if step > 0 else ("", 0)


def _forget(
    kept: dict[tuple[str, int], tuple[Program, Relaxation]]
    | dict[tuple[str, int], Basis]
    | dict[tuple[str, int], WholeDecisions],
    most: int,
) -> None:
    """Drop the oldest; the study as it is stays, for it is near to every driver."""
    for place in [place for place in kept if place != ("", 0)][:-most]:
        del kept[place]
