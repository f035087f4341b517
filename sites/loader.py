# SPDX-License-Identifier: Apache-2.0
"""Study files into a `Study`, with the origin of every number.

Every fault of every file is raised at once. What does not belong here: the parts of
the work (`sites.assembly`, `sites.reading`, `sites.checks`) and economics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import ConfigError, Fault
from models.study import Study
from sites.assembly import Draft, assemble
from sites.catalogue import BUNDLED, FileReader, file_label
from sites.checks import check_study
from sites.entries import Entry, StudyEntries
from sites.layout import LISTS, SETTINGS, SINGLES, TEXTS, StudyTexts
from sites.reading import RecordReader
from sites.suspicious import SuspiciousInput, suspicious_inputs

if TYPE_CHECKING:
    from sites.nodes import Node
    from sites.provenance import InputNumber

__all__ = ["StudyBundle", "load_bundle", "load_study"]


@dataclass(frozen=True, slots=True)
class StudyBundle:
    """A study with all that is known about where it came from.

    Parameters
    ----------
    study : Study
        The typed study.
    provenance : tuple of InputNumber
        Every number of its records (not the time grid and solver settings).
    files : dict of str to str
        SHA-256 of every file read, by its name.
    warnings : tuple of SuspiciousInput
        Inputs that are allowed but odd.
    resolved : dict
        Plain values of the study, as `study.toml` holds them.
    """

    study: Study
    provenance: tuple[InputNumber, ...]
    files: dict[str, str]
    warnings: tuple[SuspiciousInput, ...]
    resolved: dict[str, object]

    def number(self, key: str) -> InputNumber:
        """Return a number of the study by its key.

        Parameters
        ----------
        key : str
            Such as ``sites.georgia.power.flexible_usd_per_mwh``.

        Raises
        ------
        KeyError
            If the study has no such number.
        """
        for number in self.provenance:
            if number.key == key:
                return number
        raise KeyError(key)


def load_study(path: str | Path) -> Study:
    """Return the study that a file describes.

    Parameters
    ----------
    path : str or Path
        Study file, or the name of a bundled study such as ``base``.

    Returns
    -------
    Study
        Resolved and checked.

    Raises
    ------
    ConfigError
        With every fault of every file that the study includes.
    """
    return load_bundle(path).study


def load_bundle(path: str | Path) -> StudyBundle:
    """Return a study together with the origin of its numbers.

    Parameters
    ----------
    path : str or Path
        Study file, or the name of a bundled study such as ``base``.

    Returns
    -------
    StudyBundle
        Study, provenance, file hashes and warnings.

    Raises
    ------
    ConfigError
        With every fault of every file that the study includes.
    """
    file = _study_path(path)
    files = FileReader(root=file.parent)
    draft = assemble(file, files)
    if not draft.root.table:
        raise ConfigError(files.faults or [_empty_study(file)])
    reader = RecordReader("")
    entries, values = _read(draft, reader)
    faults = [*files.faults, *reader.faults, *check_study(entries)]
    faults += _missing(draft, faults)
    if faults:
        raise ConfigError(list(dict.fromkeys(faults)))
    study = Study.model_validate(values)
    numbers = tuple(reader.numbers)
    return StudyBundle(
        study=study,
        provenance=numbers,
        files=files.hashes,
        warnings=suspicious_inputs(study, numbers),
        resolved=values,
    )


def _study_path(path: str | Path) -> Path:
    """Return the file meant by a path or by the name of a bundled study."""
    file = Path(path)
    is_name = file.suffix == "" and file.name == str(path)
    if is_name and not file.is_file():
        bundled = BUNDLED / "studies" / f"{path}.toml"
        if bundled.is_file():
            return bundled
    return file


def _empty_study(file: Path) -> Fault:
    return Fault(
        file_label(file), "", "", "holds no study.", "Copy one with wattplan init."
    )


def _texts(draft: Draft) -> Node:
    """Return what a study says about itself as one table; dates become texts."""
    table = {}
    for key in TEXTS:
        node = draft.singles.get(key)
        if node is not None and isinstance(node.value, date):
            node = replace(node, value=node.value.isoformat())
        if node is not None:
            table[key] = node
    return replace(draft.root, value=table)


def _read(draft: Draft, reader: RecordReader) -> tuple[StudyEntries, dict[str, object]]:
    """Return all records of a draft, and their plain values by study key."""
    settings = RecordReader("")
    values, _ = settings.record(_texts(draft), StudyTexts, "study")
    for key, record in SETTINGS.items():
        if key in draft.singles:
            values[key], _ = settings.record(draft.singles[key], record, key)
    reader.faults += settings.faults
    reader.study_date = str(values.get("as_of_date", ""))
    singles: dict[str, Entry] = {}
    for key, record in SINGLES.items():
        if key in draft.singles:
            node = draft.singles[key]
            singles[key] = Entry(node, *reader.record(node, record, key))
            values[key] = singles[key].values
    lists: dict[str, list[Entry]] = {}
    for key, record in LISTS.items():
        lists[key] = []
        for index, node in enumerate(draft.lists[key]):
            child = node.table.get("id")
            name = f"{key}.{child.value if child else index}"
            lists[key].append(Entry(node, *reader.record(node, record, name)))
        values[key] = [entry.values for entry in lists[key]]
    time = values.get("time")
    start = str(time.get("start_month", "")) if isinstance(time, dict) else ""
    entries = StudyEntries(start, singles.get("company"), singles.get("market"), lists)
    return entries, values


def _missing(draft: Draft, known: list[Fault]) -> list[Fault]:
    """Return a fault for each part that a study lacks, if no include explains it."""
    tried = {
        key
        for key in (*SINGLES, "sites", "study")
        if any(fault.field.startswith(f"include.{key}") for fault in known)
    }
    if "study" in tried:
        return []
    faults = [
        draft.root.fault("is missing.", f"Add [{key}].", key=key)
        for key in SETTINGS
        if key not in draft.singles
    ]
    faults += [
        draft.root.fault("is missing.", f"Add include.{key}.", key=key)
        for key in SINGLES
        if key not in draft.singles and key not in tried
    ]
    if not draft.lists["sites"] and "sites" not in tried:
        fault = draft.root.fault("has no site.", "Add include.sites.", key="sites")
        faults.append(fault)
    return faults
