# SPDX-License-Identifier: Apache-2.0
"""Checks of an installation: versions, packages, solver, backend, folders.

What does not belong here: how the findings are shown (see `optimizer.commands.doctor`).
"""

from __future__ import annotations

import importlib
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from optimizer.passport import package_versions

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PACKAGES", "Finding", "examine"]

PACKAGES = ("optimizer", "gpu", "models", "sites")
"""The four import packages of the distribution."""

DISTRIBUTION = "wattplan"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    name : str
        What was checked.
    is_good : bool
        Whether planning can go on.
    text : str
        What was seen and, when bad, what to do.
    """

    name: str
    is_good: bool
    text: str


def examine(folder: Path) -> list[Finding]:
    """Return what every check found; a check that breaks is a bad finding.

    Parameters
    ----------
    folder : Path
        Folder in which runs will be written; it need not exist.

    Returns
    -------
    list of Finding
        One for each check, in the order of the checks.
    """
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("versions", _check_versions),
        ("own packages", _check_packages),
        ("solver", _check_solver),
        ("backend", _check_backend),
        ("bundled studies", _check_studies),
        ("run folder", lambda: _check_folder(folder)),
    )
    findings = []
    for name, check in checks:
        try:
            findings.append(check())
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            findings.append(Finding(name, is_good=False, text=text))
    return findings


def _check_versions() -> Finding:
    listed = ", ".join(f"{name} {text}" for name, text in package_versions().items())
    return Finding("versions", is_good=True, text=listed)


def _check_packages() -> Finding:
    """Find out whether another distribution's package shadows one of the four."""
    owners = metadata.packages_distributions()
    foreign = []
    for package in PACKAGES:
        module = importlib.import_module(package)
        names = set(owners.get(package, [DISTRIBUTION]))
        place = Path(module.__file__ or "").parent
        if names != {DISTRIBUTION} or place not in _own_folders():
            also = ", ".join(sorted(names - {DISTRIBUTION})) or "another folder"
            foreign.append(f"{package} at {place} ({also})")
    if foreign:
        text = (
            f"not Wattplan's own: {'; '.join(foreign)}. "
            "Install Wattplan into an environment of its own."
        )
        return Finding("own packages", is_good=False, text=text)
    text = f"{', '.join(PACKAGES)} belong to {DISTRIBUTION}"
    return Finding("own packages", is_good=True, text=text)


def _own_folders() -> set[Path]:
    """Return the folders in which the distribution's files put the packages."""
    distribution = metadata.distribution(DISTRIBUTION)
    roots = {Path(str(distribution.locate_file(""))).resolve()}
    for file in distribution.files or ():
        # An editable install names the source folder in a `.pth` file.
        if file.suffix == ".pth":
            text = Path(str(distribution.locate_file(file))).read_text()
            roots.update(Path(line).resolve() for line in text.split("\n") if line)
    return {root / package for root in roots for package in PACKAGES}


def _check_solver() -> Finding:
    """Solve `max x, x <= 2.5, x integer`: the answer is 2."""
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    # One process must not mix numbers of threads: later solves would end unsolved.
    solver.setOptionValue("threads", 1)
    x = solver.addIntegral(lb=0, ub=10, obj=1.0)
    solver.addConstr(2 * x <= 5)
    solver.maximize()
    answer = solver.getInfo().objective_function_value
    text = f"HiGHS {solver.version()}: a 1-variable MIP gave {answer:g}, right is 2"
    return Finding("solver", is_good=abs(answer - 2) < 1e-9, text=text)


def _check_backend() -> Finding:
    from gpu.engines import engine_states

    text = "; ".join(f"{name}: {state}" for name, state in engine_states().items())
    return Finding("backend", is_good=True, text=text)


def _check_studies() -> Finding:
    from sites import bundled_studies

    names = ", ".join(bundled_studies())
    return Finding("bundled studies", is_good=bool(names), text=names or "none found")


def _check_folder(folder: Path) -> Finding:
    """Write and remove a file in the nearest folder that exists."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(dir=place) as file:
            file.write(b"wattplan")
    except OSError as error:
        text = f"cannot write in {place}: {error.strerror}. Choose another folder."
        return Finding("run folder", is_good=False, text=text)
    return Finding("run folder", is_good=True, text=f"{folder} can be written")
