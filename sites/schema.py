# SPDX-License-Identifier: Apache-2.0
"""JSON Schema of study and catalogue files, for editors.

Made from the same field specifications that the loader reads with. A number may be
bare or a table with value, range, unit, source, day, grade and note. What does not
belong here: checking a file (`sites.loader`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from sites.layout import FOLDERS, INCLUDED_LISTS, LISTS, SETTINGS, SINGLES
from sites.sources import GRADES
from sites.specs import FieldSpec, field_specs

if TYPE_CHECKING:
    from os import PathLike

    from models.fields import Record

__all__ = ["json_schemas", "write_json_schemas"]

JsonObject: TypeAlias = "dict[str, object]"

_DIALECT = "http://json-schema.org/draft-07/schema#"
_TEXT: JsonObject = {"type": "string"}
_CITATION: JsonObject = {
    "source": {"type": "string", "description": "id of a source, or 'assumption'"},
    "as_of": {"type": "string", "description": "day for which the numbers hold"},
    "grade": {
        "enum": list(GRADES),
        "description": "; ".join(f"{key} {text}" for key, text in GRADES.items()),
    },
    "note": {"type": "string", "description": "how the number was found"},
}
_NAMES: JsonObject = {"type": "array", "items": _TEXT}


def json_schemas() -> dict[str, JsonObject]:
    """Return the JSON Schema of each kind of file.

    Returns
    -------
    dict of str to dict
        By kind: ``study``, ``company``, ``market``, ``tax``, ``offers``, ``sites``,
        ``hardware`` and ``sources``.
    """
    schemas: dict[str, JsonObject] = {"study": _Schema("Study file").study()}
    for kind, record in {**SINGLES, "sites": LISTS["sites"]}.items():
        schemas[kind] = _Schema(f"Catalogue file: {FOLDERS[kind]}").one(record)
    for kind, lists in INCLUDED_LISTS.items():
        schemas[kind] = _Schema(f"Catalogue file: {FOLDERS[kind]}").several(lists)
    schemas["sources"] = {
        "$schema": _DIALECT,
        "title": "Sources",
        "type": "object",
        "additionalProperties": _source(),
    }
    return schemas


def write_json_schemas(folder: str | PathLike[str]) -> tuple[Path, ...]:
    """Return the files written: ``<kind>.schema.json`` for each kind of file.

    Parameters
    ----------
    folder : path
        Where to write; made if missing. Files there are replaced.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, schema in json_schemas().items():
        path = target / f"{kind}.schema.json"
        path.write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return tuple(written)


def _object(properties: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _source() -> JsonObject:
    keys = ("title", "publisher", "date", "url", "note")
    grade = {"grade": _CITATION["grade"]}
    return {**_object({**dict.fromkeys(keys, _TEXT), **grade}), "required": ["title"]}


def _number_table() -> JsonObject:
    """Return the schema of a number written as a table; bounds hold for bare ones."""
    number: JsonObject = {"type": "number"}
    ends = dict.fromkeys(("value", "low", "high"), number)
    return {**_object({**ends, "unit": _TEXT, **_CITATION}), "required": ["value"]}


class _Schema:
    """One document; definitions gather as records are named."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.definitions: JsonObject = {"number": _number_table()}

    def one(self, record: type[Record]) -> JsonObject:
        """Return the schema of a file that holds one record."""
        body = self._body(record)
        return self._document(body) | {"required": _required(record)}

    def several(self, lists: tuple[str, ...]) -> JsonObject:
        """Return the schema of a file that holds lists of records."""
        return self._document({name: self._list(LISTS[name]) for name in lists})

    def study(self) -> JsonObject:
        """Return the schema of a study file."""
        name_or_names: JsonObject = {"anyOf": [_TEXT, _NAMES]}
        include: JsonObject = {
            kind: _TEXT if kind in {"study", "company", "market"} else name_or_names
            for kind in FOLDERS
        }
        override: JsonObject = {
            name: self._record(record, is_part=True)
            for name, record in {**SETTINGS, **SINGLES}.items()
        }
        for name, record in LISTS.items():
            part = self._record(record, is_part=True)
            override[name] = {"type": "object", "additionalProperties": part}
        keep: JsonObject = dict.fromkeys(LISTS, _NAMES)
        properties: JsonObject = {
            "schema_version": {"const": 1},
            **dict.fromkeys(("id", "title", "description"), _TEXT),
            "as_of_date": {"type": "string", "description": "day of the study"},
            "include": _object(include),
            "keep": _object(keep),
            "drop": _object(keep),
            "override": _object({**override, **_CITATION}),
        }
        for name, record in SETTINGS.items():
            properties[name] = self._record(record, is_part=True)
        for name, record in SINGLES.items():
            properties[name] = self._record(record)
        properties |= {name: self._list(record) for name, record in LISTS.items()}
        return self._document(properties)

    def _document(self, properties: JsonObject) -> JsonObject:
        sources = {"type": "object", "additionalProperties": _source()}
        body = _object({**properties, **_CITATION, "sources": sources})
        head = {"$schema": _DIALECT, "title": self.title}
        return {**head, **body, "definitions": self.definitions}

    def _list(self, record: type[Record], *, is_part: bool = False) -> JsonObject:
        member = self._record(record, is_part=is_part)
        return {"type": "array", "items": member}

    def _record(self, record: type[Record], *, is_part: bool = False) -> JsonObject:
        """Return a reference; the part of a record needs no required keys."""
        name = f"{record.__name__}Part" if is_part else record.__name__
        if name not in self.definitions:
            self.definitions[name] = {}
            body = _object({**self._body(record, is_part=is_part), **_CITATION})
            if not is_part:
                body["required"] = _required(record)
            self.definitions[name] = body
        return {"$ref": f"#/definitions/{name}"}

    def _body(self, record: type[Record], *, is_part: bool = False) -> JsonObject:
        return {
            name: self._field(spec, is_part=is_part)
            for name, spec in field_specs(record).items()
        }

    def _field(self, spec: FieldSpec, *, is_part: bool) -> JsonObject:
        if spec.record is not None and spec.shape == "record":
            return self._record(spec.record, is_part=is_part)
        if spec.record is not None:
            whole = self._list(spec.record)
            if not is_part:
                return whole
            part = self._record(spec.record, is_part=True)
            named: JsonObject = {"type": "object", "additionalProperties": part}
            return {"anyOf": [whole, named]}
        if spec.shape == "number":
            return _number(spec)
        if spec.shape == "flag":
            return {"type": "boolean"}
        return {"enum": list(spec.choices)} if spec.choices else dict(_TEXT)


def _required(record: type[Record]) -> list[str]:
    return [spec.name for spec in field_specs(record).values() if spec.is_required]


def _number(spec: FieldSpec) -> JsonObject:
    bare: JsonObject = {"type": "integer" if spec.is_whole else "number"}
    if spec.low is not None:
        bare["exclusiveMinimum" if spec.is_low_open else "minimum"] = spec.low
    if spec.high is not None:
        bare["exclusiveMaximum" if spec.is_high_open else "maximum"] = spec.high
    table: JsonObject = {"$ref": "#/definitions/number"}
    return {"description": f"[{spec.unit}]", "anyOf": [bare, table]}
