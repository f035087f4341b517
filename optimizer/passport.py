# SPDX-License-Identifier: Apache-2.0
"""The passport of a run: who made it, from what, how well, with which checks.

It is the file `run.json` of a run folder. What does not belong here: writing and
reading folders (see `optimizer.runfolder`).
"""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

__all__ = [
    "FORMAT",
    "CheckResult",
    "FileFacts",
    "Kpi",
    "Passport",
    "SolverFacts",
    "file_sha256",
    "inputs_sha256",
    "make_run_id",
    "package_versions",
]

FORMAT = 1
"""Layout of run folders; grows when a reader must know the difference."""

Kpi: TypeAlias = int | float | str | None
"""A key figure; null where it is not defined."""

REPORTED = (
    "numpy",
    "scipy",
    "numba",
    "pyomo",
    "highspy",
    "pydantic",
    "typer",
    "rich",
    "pyarrow",
    "duckdb",
    "plotly",
    "jinja2",
)


class _Entry(BaseModel):
    # A newer version may have added keys: an older reader passes over them.
    model_config = ConfigDict(frozen=True, extra="ignore")


class CheckResult(_Entry):
    """One check of a result, done by our own code and not by the solver's word."""

    name: str
    is_good: bool
    text: str = ""
    """What was compared and what came out, with units."""


class SolverFacts(_Entry):
    """How the optimisation ended. All null where nothing was optimised."""

    status: str
    objective_usd: float | None = None
    """Objective of the best plan. [USD]"""
    bound_usd: float | None = None
    """Proven limit of the objective. [USD]"""
    gap_frac: float | None = None
    """Distance of bound and objective over the objective. [share 0-1]"""
    gap_usd: float | None = None
    """Distance of bound and objective. [USD]"""


class FileFacts(_Entry):
    """One file of the run folder."""

    size_bytes: int = Field(ge=0)
    sha256: str


class Passport(_Entry):
    """Everything needed to trust a run, and to make it again."""

    format: int = Field(ge=1, le=FORMAT)
    run_id: str
    kind: str
    """What was run: ``plan``, ``screen``, ``backtest``..."""
    status: str
    """``optimal``, ``time_limit``, ``interrupted``, ``done``..."""
    created_utc: str
    """Time at which the folder was first written, ISO 8601 with Z."""
    updated_utc: str
    """Time at which a command last added to it."""
    commands: tuple[str, ...] = ()
    """Command lines that made and extended the run, in order."""
    versions: dict[str, str]
    study_id: str
    study_title: str = ""
    inputs: dict[str, str]
    """SHA-256 of every input file by name."""
    inputs_sha256: str
    """One hash over all of them: equal hashes, equal inputs."""
    seed: int | None = None
    scenarios: int | None = None
    backend: str = "numpy"
    device: str = "cpu"
    solver: SolverFacts | None = None
    timings_s: dict[str, float] = Field(default_factory=dict)
    """Wall time of each stage. [s]"""
    checks: tuple[CheckResult, ...] = ()
    kpis: dict[str, Kpi] = Field(default_factory=dict)
    """Key figures; each key carries its unit."""
    left_out: tuple[str, ...] = ()
    """What was not computed, and which command finishes it."""
    files: dict[str, FileFacts] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _stay_inside(cls, files: dict[str, FileFacts]) -> dict[str, FileFacts]:
        # `wattplan runs rm` removes these names: none may lead out of the folder.
        for name in files:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                msg = f"{name!r} leads out of the run folder"
                raise ValueError(msg)
        return files


def package_versions() -> dict[str, str]:
    """Return the versions of Wattplan, Python and the packages it builds on."""
    versions = {
        "wattplan": metadata.version("wattplan"),
        "python": platform.python_version(),
    }
    versions.update({name: metadata.version(name) for name in REPORTED})
    return versions


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inputs_sha256(inputs: Mapping[str, str]) -> str:
    """Return one hash over the hashes of all input files, whatever their order.

    Parameters
    ----------
    inputs : mapping of str to str
        SHA-256 of each input file by name.
    """
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(inputs.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def make_run_id(study_id: str, digest: str, now: datetime) -> str:
    """Return a run id that sorts by time, such as ``20260131-091500-base-1a2b3c``.

    Parameters
    ----------
    study_id : str
        Identifier of the study.
    digest : str
        Hash of the inputs; its first six digits are used.
    now : datetime
        Time of the run, in UTC.
    """
    return f"{now:%Y%m%d-%H%M%S}-{study_id}-{digest[:6]}"
