# SPDX-License-Identifier: Apache-2.0
"""Questions over run folders: which there are, and how some of them differ.

The folders are the only registry; DuckDB reads them. What does not belong here: the
layout of one folder (see `optimizer.runfolder`) and tables on a screen.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import DataError, ReportError
from optimizer.runreader import PASSPORT_FILE, STUDY_FILE, Run, open_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from optimizer.passport import Kpi

__all__ = [
    "Comparison",
    "Difference",
    "KpiRow",
    "RunSummary",
    "compare_runs",
    "find_run",
    "list_runs",
]

RUNS = Path("runs")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run as a line of a list.

    Parameters
    ----------
    folder : str
        Path of the run folder.
    run_id, kind, study_id, status, created_utc : str
        As the passport says; empty where it is damaged.
    npv_usd : float or None
        Net present value of its plan. [USD]
    gap_frac : float or None
        Proven gap. [share 0-1]
    is_readable : bool
        Whether the passport could be read.
    """

    folder: str
    run_id: str
    kind: str
    study_id: str
    status: str
    created_utc: str
    npv_usd: float | None
    gap_frac: float | None
    is_readable: bool


LIST_QUERY = """
with passports as (
    select filename, try(decode(content)) as body from read_blob($files)
)
select
    filename,
    coalesce(body->>'$.run_id', ''),
    coalesce(body->>'$.kind', ''),
    coalesce(body->>'$.study_id', ''),
    coalesce(body->>'$.status', ''),
    coalesce(body->>'$.created_utc', ''),
    try_cast(body->>'$.kpis.npv_usd' as double),
    try_cast(body->>'$.solver.gap_frac' as double),
    body is not null
from (
    select filename, case when json_valid(body) then body end as body from passports
)
order by 6, 1
"""


def list_runs(folder: Path = RUNS) -> list[RunSummary]:
    """Return the runs in a folder, oldest first.

    Parameters
    ----------
    folder : Path
        Folder of run folders; a missing one holds none.
    """
    import duckdb

    files = sorted(str(path) for path in folder.glob(f"*/{PASSPORT_FILE}"))
    if not files:
        return []
    with duckdb.connect() as connection:
        rows = connection.execute(LIST_QUERY, {"files": files}).fetchall()
    return [RunSummary(str(Path(row[0]).parent), *row[1:]) for row in rows]


def find_run(name: str | Path, runs: Path = RUNS) -> Run:
    """Return a run by its folder, or by its name or id under the folder of runs.

    Parameters
    ----------
    name : str or Path
        Path of a run folder, name of one inside `runs`, or run id.
    runs : Path
        Folder of run folders.

    Raises
    ------
    ReportError
        If there is no such run, or its passport is damaged.
    """
    for place in (Path(name), runs / name):
        if place.exists():
            return open_run(place)
    for summary in list_runs(runs):
        if summary.run_id == str(name):
            return open_run(Path(summary.folder))
    msg = f"{name}: no such run. `wattplan runs list` names the runs in {runs}."
    raise ReportError(msg)


@dataclass(frozen=True, slots=True)
class KpiRow:
    """One key figure across runs.

    Parameters
    ----------
    key : str
        Name with unit.
    values : tuple
        Its value in each run; None where a run lacks it. [unit of `key`]
    changes : tuple
        Each later run less the first; None where not a number. [unit of `key`]
    """

    key: str
    values: tuple[Kpi, ...]
    changes: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One input that is not the same in every run.

    Parameters
    ----------
    key : str
        Field of the study, file, or setting.
    values : tuple of str
        What each run has; empty where it has none.
    """

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How runs differ in results and inputs.

    Parameters
    ----------
    labels : tuple of str
        Folder of each run.
    kpis : tuple of KpiRow
        Key figures of any of them.
    inputs : tuple of Difference
        Inputs that differ: fields where both studies are there, else file hashes.
    has_same_inputs : bool
        Whether the hashes of all input files agree.
    """

    labels: tuple[str, ...]
    kpis: tuple[KpiRow, ...]
    inputs: tuple[Difference, ...]
    has_same_inputs: bool


def compare_runs(runs: Sequence[Run]) -> Comparison:
    """Return how key figures and inputs of runs differ.

    Parameters
    ----------
    runs : sequence of Run
        Two or more; the first is what the others are compared with.

    Raises
    ------
    ReportError
        If there are fewer than two.
    """
    if len(runs) < 2:
        msg = f"a comparison needs two or more runs, got {len(runs)}."
        raise ReportError(msg)
    passports = [run.passport for run in runs]
    keys = dict.fromkeys(key for passport in passports for key in passport.kpis)
    rows = []
    for key in keys:
        values = tuple(passport.kpis.get(key) for passport in passports)
        changes = tuple(_change(values[0], value) for value in values[1:])
        rows.append(KpiRow(key, values, changes))
    settings = [
        {
            "study": passport.study_id,
            "seed": passport.seed,
            "scenarios": passport.scenarios,
            "backend": passport.backend,
            **{f"version of {k}": v for k, v in passport.versions.items()},
        }
        for passport in passports
    ]
    return Comparison(
        labels=tuple(str(run.folder) for run in runs),
        kpis=tuple(rows),
        inputs=(*_differences(settings), *_differences(_study_values(runs))),
        has_same_inputs=len({p.inputs_sha256 for p in passports}) == 1,
    )


def _change(first: Kpi, later: Kpi) -> float | None:
    if not isinstance(first, int | float) or not isinstance(later, int | float):
        return None
    return float(later) - float(first)


def _study_values(runs: Sequence[Run]) -> list[Mapping[str, object]]:
    """Return every field of each run's study; file hashes if one lacks its study."""
    if all((run.folder / STUDY_FILE).is_file() for run in runs):
        return [dict(_flatten(_read_toml(run.file(STUDY_FILE)))) for run in runs]
    return [
        {f"file {name}": digest[:12] for name, digest in run.passport.inputs.items()}
        for run in runs
    ]


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: not readable as TOML ({error}). Make the run again."
        raise DataError(msg) from error


def _flatten(value: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield every leaf with its path; records in a list go by their id."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flatten(item, f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, item in enumerate(value):
            name = item.get("id", index)
            yield from _flatten(item, f"{prefix}[{name}]")
    else:
        yield prefix, value


def _differences(tables: Sequence[Mapping[str, object]]) -> Iterator[Difference]:
    for key in dict.fromkeys(key for table in tables for key in table):
        values = tuple(_text(table.get(key)) for table in tables)
        if len(set(values)) > 1:
            yield Difference(key, values)


def _text(value: object) -> str:
    return "" if value is None else str(value)
