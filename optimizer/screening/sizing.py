# SPDX-License-Identifier: Apache-2.0
"""Finding space: the ways a site can offer MW of one shell kind, and how much of it.

What does not belong here: what stands in the space (`optimizer.screening.projects`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from models.plan import BuildStart, ConversionStart, PhaseStart
from optimizer.screening.space import Size, Space, Stage, Taking

if TYPE_CHECKING:
    from models.site import Conversion, ShellBuild, Site
    from models.study import Study
    from optimizer.screening.usual import Usual

__all__ = ["spaces"]

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Wish:
    """What a project needs of a site.

    Parameters
    ----------
    kind : str
        Shell kind.
    start : int
        Earliest period of any work. [period]
    wanted_mw : float or None
        MW that an offer needs; None for one module or phase, and all there can be. [MW]
    lot_mw : float
        Least MW worth having. [MW]
    model : str
        Machine family that will stand there; it does not replace its like.
    """

    kind: str
    start: int
    wanted_mw: float | None = None
    lot_mw: float = 0.0
    model: str = ""


def spaces(study: Study, usual: Usual, wish: Wish) -> list[Space]:
    """Return the ways to find space at a site.

    Parameters
    ----------
    study : Study
        Study.
    usual : Usual
        Who uses the site's space and power today.
    wish : Wish
        What is needed.

    Returns
    -------
    list of Space
        Each way and size once.
    """
    found = [
        *_existing(usual, wish),
        *_converted(study, usual, wish),
        *_new(study, usual, wish),
        *_swapped(study, usual, wish),
    ]
    unique: dict[tuple[str, float], Space] = {}
    for space in found:
        if space.mw + _ROUNDING >= max(wish.lot_mw, wish.wanted_mw or 0.0):
            unique.setdefault((space.how, round(space.mw, 6)), space)
    return list(unique.values())


def _existing(usual: Usual, wish: Wish) -> list[Space]:
    kind, start, lot_mw = wish.kind, wish.start, wish.lot_mw
    site = usual.site
    shell = site.shell(kind)
    if shell is None or shell.opening_mw <= 0.0:
        return []
    room = min(
        usual.takeable_mw(kind, start, keep=wish.model),
        usual.takeable_mw(None, start, keep=wish.model),
    )
    module = lot_mw if shell.build is None else max(shell.build.module_mw, lot_mw)
    sizes = _sizes(module, room, wish.wanted_mw)
    return [
        Space("existing", size, (Stage(start, mw),), taking=Taking(kind, mw, start))
        for size, mw in sizes
        if mw <= room + _ROUNDING
    ]


def _sizes(
    module_mw: float, room_mw: float, wanted_mw: float | None
) -> list[tuple[Size, float]]:
    if wanted_mw is not None:
        return [("offer", wanted_mw)]
    return [("one", min(module_mw, room_mw)), ("all", room_mw)]


def _converted(study: Study, usual: Usual, wish: Wish) -> list[Space]:
    site, found = usual.site, []
    for work in site.conversions:
        source = site.shell(work.from_kind)
        if work.to_kind != wish.kind or source is None or source.opening_mw <= 0.0:
            continue
        begun = max(wish.start, study.period_of(work.earliest_month))
        done = begun + work.lead_time_months
        out = done - work.downtime_months
        room = usual.takeable_mw(work.from_kind, out, keep=wish.model) + _ROUNDING
        most = min(work.max_modules, math.floor(room / work.module_mw))
        for size, modules in _module_counts(work.module_mw, most, wish.wanted_mw):
            mw = modules * work.module_mw
            found.append(
                Space(
                    "conversion",
                    size,
                    (Stage(done, mw),),
                    conversions=(_conversion(site, work, begun, modules),),
                    taking=Taking(work.from_kind, mw, out),
                )
            )
    return found


def _conversion(
    site: Site, work: Conversion, period: int, modules: int
) -> ConversionStart:
    return ConversionStart(
        site=site.id, conversion=work.id, period=period, modules=modules
    )


def _module_counts(
    module_mw: float, most: int, wanted_mw: float | None
) -> list[tuple[Size, int]]:
    if wanted_mw is not None:
        modules = math.ceil(wanted_mw / module_mw - _ROUNDING)
        return [("offer", modules)] if modules <= most else []
    counts: list[tuple[Size, int]] = [("one", 1), ("all", most)]
    return [(size, count) for size, count in counts if 1 <= count <= most]


def _swapped(study: Study, usual: Usual, wish: Wish) -> list[Space]:
    """Return new shells whose power present use gives up.

    None where power is free, and none where the site has such space already: the space
    would be given up with the power.
    """
    site, kind = usual.site, wish.kind
    build, shell = _build(site, kind), site.shell(kind)
    if build is None or shell is None or shell.opening_mw > 0.0:
        return []
    begun = max(wish.start, study.period_of(build.earliest_month))
    ready = begun + build.lead_time_months
    if usual.vacant_mw(None, ready) + _ROUNDING >= build.module_mw:
        return []
    room = usual.takeable_mw(None, ready, keep=wish.model) + _ROUNDING
    most = min(build.max_modules, math.floor(room / build.module_mw))
    return [
        Space(
            "swap",
            size,
            (Stage(ready, modules * build.module_mw),),
            builds=(_start(site, kind, begun, modules),),
            taking=Taking(None, modules * build.module_mw, ready),
        )
        for size, modules in _module_counts(build.module_mw, most, wish.wanted_mw)
    ]


def _new(study: Study, usual: Usual, wish: Wish) -> list[Space]:
    """Return new shells on free power first, then phase by phase."""
    site, kind = usual.site, wish.kind
    build = _build(site, kind)
    if build is None:
        return []
    steps = _steps(study, site, build, usual, wish.start)
    if wish.wanted_mw is None:
        if not steps:
            return []
        first = steps[0]
        # On free power one module is enough; a phase is filled.
        one = first if first.phases else replace(first, modules=1)
        chosen: list[tuple[Size, list[_Step]]] = [("one", [one]), ("all", steps)]
    else:
        fitted = _fitted(steps, math.ceil(wish.wanted_mw / build.module_mw - _ROUNDING))
        chosen = [("offer", fitted)] if fitted else []
    return [_space(site, kind, build, size, some) for size, some in chosen]


@dataclass(frozen=True, slots=True)
class _Step:
    """Modules ready at once, and the phases that carry them."""

    ready: int
    modules: int
    phases: tuple[PhaseStart, ...] = ()


def _steps(
    study: Study, site: Site, build: ShellBuild, usual: Usual, start: int
) -> list[_Step]:
    """Return all that can be built: what free power carries, then each phase in turn.

    A phase waits for a crew (`max_parallel_builds`); shell and phase end together.
    """
    begun = max(start, study.period_of(build.earliest_month))
    shell_ready = begun + build.lead_time_months
    power = usual.vacant_mw(None, shell_ready)

    def modules() -> int:
        fit = math.floor(power / build.module_mw + _ROUNDING)
        return min(fit, build.max_modules)

    built = modules()
    steps = [_Step(shell_ready, built)] if built else []
    waiting: tuple[PhaseStart, ...] = ()
    crews = [0] * site.max_parallel_builds
    for phase in site.phases:
        if built == build.max_modules:
            break
        crew = crews.index(min(crews))
        begun = max(start, study.period_of(phase.earliest_month), crews[crew])
        ready = max(begun + phase.lead_time_months, shell_ready)
        crews[crew] = ready
        started = PhaseStart(
            site=site.id, phase=phase.id, period=ready - phase.lead_time_months
        )
        waiting = (*waiting, started)
        power += phase.mw
        if modules() > built:
            steps.append(_Step(ready, modules() - built, waiting))
            built, waiting = modules(), ()
    return steps


def _fitted(steps: list[_Step], needed: int) -> list[_Step]:
    """Return the fewest steps that hold some modules, as one; empty if they do not."""
    total = 0
    for count, step in enumerate(steps, start=1):
        total += step.modules
        if total >= needed:
            some = steps[:count]
            phases = tuple(phase for one in some for phase in one.phases)
            return [_Step(max(one.ready for one in some), needed, phases)]
    return []


def _space(
    site: Site, kind: str, build: ShellBuild, size: Size, steps: list[_Step]
) -> Space:
    return Space(
        "new",
        size,
        tuple(Stage(step.ready, step.modules * build.module_mw) for step in steps),
        phases=tuple(phase for step in steps for phase in step.phases),
        builds=tuple(
            _start(site, kind, step.ready - build.lead_time_months, step.modules)
            for step in steps
        ),
    )


def _build(site: Site, kind: str) -> ShellBuild | None:
    shell = site.shell(kind)
    return None if shell is None else shell.build


def _start(site: Site, kind: str, period: int, modules: int) -> BuildStart:
    return BuildStart.model_validate(
        {"site": site.id, "kind": kind, "period": period, "modules": modules}
    )
