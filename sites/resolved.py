# SPDX-License-Identifier: Apache-2.0
"""A study and all it includes as one TOML file, sources with it.

A run folder keeps it as `study.toml`: loading it again gives an equal study with the
same origin of every number. What does not belong here: writing files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sites.layout import LISTS, SETTINGS, SINGLES, TEXTS
from sites.sources import ASSUMPTION
from sites.specs import field_specs, member_keys
from sites.toml_text import Inline, toml_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.fields import Record
    from sites.loader import StudyBundle
    from sites.provenance import InputNumber
    from sites.sources import Source
    from sites.toml_text import TomlValue

__all__ = ["record_toml", "resolved_toml"]

_HEADER = """\
# A study as it was resolved: every file it included, in one. It loads by itself.
"""


def resolved_toml(bundle: StudyBundle) -> str:
    """Return a whole study as one TOML document.

    Parameters
    ----------
    bundle : StudyBundle
        Study with the origin of its numbers.

    Returns
    -------
    str
        Document; `sites.load_study` of it gives an equal study.
    """
    writer = _Writer(bundle.provenance)
    document: dict[str, TomlValue] = {}
    for key in TEXTS:
        document[key] = _plain(bundle.resolved[key])
    for key in SETTINGS:
        document[key] = _plain(bundle.resolved[key])
    for key, record in SINGLES.items():
        document[key] = writer.table(bundle.resolved[key], record, key)
    for key, record in LISTS.items():
        members = bundle.resolved[key]
        if isinstance(members, list) and members:
            document[key] = writer.members(members, record, key)
    return _HEADER + "\n" + toml_text(document | writer.source_tables())


def record_toml(
    values: object,
    record: type[Record],
    key: str,
    numbers: Iterable[InputNumber],
    *,
    header: str,
) -> str:
    """Return one record of a study as a catalogue file that loads by itself.

    Parameters
    ----------
    values : object
        Plain values of the record, as `StudyBundle.resolved` holds them.
    record : type of Record
        What it is.
    key : str
        Its place in the study, such as ``market``.
    numbers : iterable of InputNumber
        Origin of its numbers; others are passed over.
    header : str
        Remarks above it, each line beginning with ``#``.
    """
    writer = _Writer(numbers)
    table = writer.table(values, record, key)
    document: dict[str, TomlValue] = table if isinstance(table, dict) else {}
    return f"{header}\n{toml_text(document | writer.source_tables())}"


def _plain(value: object) -> TomlValue:
    """Return settings and texts as they stand."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, str | bool | int | float):
        return value
    return str(value)


def _source_table(source: Source) -> TomlValue:
    entry: dict[str, TomlValue] = {"title": source.title}
    for key in ("publisher", "date", "url", "grade", "note"):
        text = str(getattr(source, key))
        if text:
            entry[key] = text
    return entry


class _Writer:
    """Writes records with the origin of each number; collects the sources cited."""

    def __init__(self, numbers: Iterable[InputNumber]) -> None:
        self.numbers = {number.key: number for number in numbers}
        self.sources: dict[str, Source] = {}

    def source_tables(self) -> dict[str, TomlValue]:
        """Return the table of all sources cited so far; empty without any."""
        if not self.sources:
            return {}
        tables = {name: _source_table(entry) for name, entry in self.sources.items()}
        return {"sources": tables}

    def table(self, values: object, record: type[Record], key: str) -> TomlValue:
        table: dict[str, TomlValue] = {}
        specs = field_specs(record)
        for name, value in values.items() if isinstance(values, dict) else ():
            spec, child = specs[name], f"{key}.{name}"
            if spec.shape == "number" and isinstance(value, int | float):
                table[name] = self.number(value, self.numbers.get(child))
            elif spec.record is not None and spec.shape == "record":
                table[name] = self.table(value, spec.record, child)
            elif spec.record is not None and isinstance(value, list):
                table[name] = self.members(value, spec.record, child)
            else:
                table[name] = _plain(value)
        return table

    def members(
        self, values: list[object], record: type[Record], key: str
    ) -> TomlValue:
        tables = [value for value in values if isinstance(value, dict)]
        names = member_keys(record, tables)
        return [
            self.table(table, record, f"{key}.{name}")
            for table, name in zip(tables, names, strict=True)
        ]

    def number(self, value: float, origin: InputNumber | None) -> TomlValue:
        if origin is None:
            return value
        entry = Inline(value=value)
        if origin.low is not None:
            entry["low"] = origin.low
        if origin.high is not None:
            entry["high"] = origin.high
        if origin.unit:
            entry["unit"] = origin.unit
        if origin.source is not None:
            entry["source"] = self._cite(origin.source)
        if origin.as_of:
            entry["as_of"] = origin.as_of
        if origin.grade:
            entry["grade"] = origin.grade
        if origin.note:
            entry["note"] = origin.note
        return entry

    def _cite(self, source: Source) -> str:
        """Return an id for a source; another one if two files share an id."""
        if source.id == ASSUMPTION.id:
            return source.id
        name, count = source.id, 1
        while self.sources.get(name, source) != source:
            count += 1
            name = f"{source.id}_{count}"
        self.sources[name] = source
        return name
