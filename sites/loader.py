# SPDX-License-Identifier: Apache-2.0
"""Study files into a `Study`, with the origin of every number.

Every fault of every file is raised at once. What does not belong here: the parts of
the work (`sites.assembly`, `sites.reading`, `sites.checks`) and economics.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from models.errors import ConfigError, Fault
from models.study import Study
from sites.assembly import LISTS, SETTINGS, SINGLES, TEXTS, Draft, assemble
from sites.catalogue import BUNDLED, FileReader, file_label
from sites.checks import Entry, StudyEntries, check_study
from sites.reading import RecordReader
from sites.suspicious import SuspiciousInput, suspicious_inputs

if TYPE_CHECKING:
    from datetime import date

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
    reader = RecordReader(_study_date(draft))
    entries, values = _read(draft, reader)
    faults = [*files.faults, *reader.faults, *check_study(entries)]
    faults += _text_faults(draft, values)
    if faults:
        raise ConfigError(_unique(faults))
    study = _study(draft, values)
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


def _study_date(draft: Draft) -> str:
    node = draft.singles.get("as_of_date")
    return _iso_text(node) if node else ""


def _iso_text(node: Node) -> str:
    value = node.value
    if isinstance(value, dict | list):
        return ""
    isoformat = getattr(value, "isoformat", None)
    if isoformat is not None:
        day: date = value  # type: ignore[assignment]
        return day.isoformat()[:10]
    return str(value)


def _read(draft: Draft, reader: RecordReader) -> tuple[StudyEntries, dict[str, object]]:
    """Return all records of a draft, and their plain values by study key."""
    values: dict[str, object] = {}
    settings = RecordReader(reader.study_date)
    for key, record in SETTINGS.items():
        if key in draft.singles:
            values[key], _ = settings.record(draft.singles[key], record, key)
    reader.faults += settings.faults
    company: Entry | None = None
    for key, record in SINGLES.items():
        if key in draft.singles:
            node = draft.singles[key]
            plain, made = reader.record(node, record, key)
            values[key] = plain
            if key == "company":
                company = Entry(node, plain, made)
    lists: dict[str, list[Entry]] = {}
    for key, record in LISTS.items():
        lists[key] = []
        for index, node in enumerate(draft.lists[key]):
            child = node.table.get("id")
            name = str(child.value) if child else str(index)
            plain, made = reader.record(node, record, f"{key}.{name}")
            lists[key].append(Entry(node, plain, made))
        values[key] = [entry.values for entry in lists[key]]
    time = values.get("time")
    start = str(time.get("start_month", "")) if isinstance(time, dict) else ""
    return StudyEntries(start, company, lists), values


def _text_faults(draft: Draft, values: dict[str, object]) -> list[Fault]:
    """Take over the texts of a study; return what is wrong or missing."""
    faults = []
    for key in TEXTS:
        node = draft.singles.get(key)
        if node is None:
            continue
        if key == "as_of_date":
            values[key] = _iso_text(node)
        elif key == "schema_version" or isinstance(node.value, str):
            values[key] = node.value
        else:
            faults.append(
                node.fault("must be text.", "Put it in quotes.", value=str(node.value))
            )
            values[key] = ""
    where = {"company": "include.company", "market": "include.market"}
    for key in (*TEXTS, *SETTINGS, *SINGLES):
        if key not in values:
            action = f"Add {where.get(key, key)}."
            faults.append(draft.root.fault("is missing.", action, key=key))
    if not draft.lists["sites"]:
        faults.append(
            draft.root.fault("has no site.", "Add include.sites.", key="sites")
        )
    return faults


def _study(draft: Draft, values: dict[str, object]) -> Study:
    try:
        return Study.model_validate(values)
    except ValidationError as err:
        faults = []
        for error in err.errors():
            key = ".".join(str(step) for step in error["loc"])
            node = draft.singles.get(key, draft.root)
            text = error["msg"]
            allowed = f"{text[:1].lower()}{text[1:]}."
            shown = "" if isinstance(node.value, dict) else repr(error["input"])
            faults.append(Fault(node.file, key, shown, allowed, "Correct it."))
        raise ConfigError(faults) from err


def _unique(faults: list[Fault]) -> list[Fault]:
    """Return faults in their order, each once."""
    return list(dict.fromkeys(faults))
