# SPDX-License-Identifier: Apache-2.0
"""Space and power of one project: stages, what is built, what present use gives up.

What does not belong here: finding it (`optimizer.screening.sizing`), and machines and
offers (`optimizer.screening.projects`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from models.plan import BuildStart, ConversionStart, PhaseStart

__all__ = ["Size", "Space", "SpaceKind", "Stage", "Taking"]

SpaceKind = Literal["existing", "conversion", "new", "swap", "none"]
"""``existing`` space, a ``conversion`` of it, a ``new`` shell with power phases where
the site lacks MW, a ``swap``: a new shell on power that present use gives up, or
``none``: somebody else's."""

Size = Literal["one", "all", "offer"]
"""``one`` module or phase, ``all`` there can be, or what an ``offer`` needs."""

Start = TypeVar("Start", PhaseStart, BuildStart, ConversionStart)


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a project's space that becomes ready at once.

    Parameters
    ----------
    ready : int
        First period of use. [period]
    mw : float
        Facility power. [MW]
    """

    ready: int
    mw: float


@dataclass(frozen=True, slots=True)
class Taking:
    """Space or power of present use that a project takes.

    Parameters
    ----------
    kind : str or None
        Shell kind; None when only power is taken. [unitless]
    mw : float
        How much. [MW]
    since : int
        From when on. [period]
    """

    kind: str | None
    mw: float
    since: int


@dataclass(frozen=True, slots=True)
class Space:
    """Space and power of one project.

    Parameters
    ----------
    how : str
        Where it comes from, see `SpaceKind`.
    size : str
        How much of it, see `Size`.
    stages : tuple of Stage
        In order of time.
    phases, builds, conversions : tuple
        What is built for it.
    taking : Taking or None
        What present use must give up.
    """

    how: SpaceKind
    size: Size
    stages: tuple[Stage, ...]
    phases: tuple[PhaseStart, ...] = ()
    builds: tuple[BuildStart, ...] = ()
    conversions: tuple[ConversionStart, ...] = ()
    taking: Taking | None = None

    @property
    def ready(self) -> int:
        """First period in which all of it can be used."""
        return max(stage.ready for stage in self.stages)

    @property
    def mw(self) -> float:
        """Facility power of all stages [MW]."""
        return sum(stage.mw for stage in self.stages)

    @property
    def starts(self) -> list[int]:
        """Periods in which its works begin."""
        return [
            *(start.period for start in self.phases),
            *(start.period for start in self.builds),
            *(start.period for start in self.conversions),
        ]

    def later(self, months: int) -> Space:
        """Return the same space, everything some months later.

        Parameters
        ----------
        months : int
            Shift, >= 0. [months]
        """
        taking = self.taking
        return replace(
            self,
            stages=tuple(Stage(s.ready + months, s.mw) for s in self.stages),
            phases=_shifted(self.phases, months),
            builds=_shifted(self.builds, months),
            conversions=_shifted(self.conversions, months),
            taking=taking and replace(taking, since=taking.since + months),
        )


def _shifted(starts: tuple[Start, ...], months: int) -> tuple[Start, ...]:
    return tuple(
        start.model_copy(update={"period": start.period + months}) for start in starts
    )
