# SPDX-License-Identifier: Apache-2.0
"""Nodes of a file into plain values, number by number, with every fault gathered.

What does not belong here: merging files (`sites.assembly`) and rules between records
(`sites.checks`).
"""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sites.provenance import InputNumber
from sites.specs import FieldSpec, field_specs, member_keys
from sites.words import did_you_mean, listed, number_text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from models.errors import Fault
    from models.fields import Record
    from sites.nodes import Node

__all__ = ["RecordReader"]

_NUMBER_KEYS = ("value", "low", "high", "unit", "note")
_ACTIONS = {
    "contracted_mw": "Remove the site or give its contracted power in MW.",
    "opening_mw": "Remove the shell or give its opening space in MW.",
    "mw": "Remove the record or give its power in MW.",
}
_PERCENT_RATIO_LIMIT = 2.0
"""A `_frac` that may exceed 1 (duty, fee share) is taken for per cent above this."""


class RecordReader:
    """Reads nodes into plain values; gathers numbers and faults as it goes.

    Parameters
    ----------
    study_date : str
        ISO day of the study, to mark numbers that hold for a later day.
    """

    def __init__(self, study_date: str) -> None:
        self.study_date = study_date
        self.faults: list[Fault] = []
        self.numbers: list[InputNumber] = []
        self._bad: set[tuple[str, str]] = set()

    def record(
        self, node: Node, record: type[Record], key: str
    ) -> tuple[dict[str, object], Record | None]:
        """Return the plain values of a table, and the record if they allow one.

        Parameters
        ----------
        node : Node
            Table that holds the record.
        record : type of Record
            What it should be.
        key : str
            Its name in the study, such as ``sites.georgia``.
        """
        if not isinstance(node.value, dict):
            self._fault(node, "must be a table.", f"Write [{node.path}].")
            return {}, None
        values = self._table(node, record, key)
        try:
            return values, record.model_validate(values)
        except ValidationError as err:
            self._explain(err, node)
            return values, None

    def _fault(self, node: Node, allowed: str, action: str, *, value: str = "") -> None:
        self._bad.add((node.file, node.path))
        self.faults.append(node.fault(allowed, action, value=value))

    def _table(self, node: Node, record: type[Record], key: str) -> dict[str, object]:
        specs = field_specs(record)
        values: dict[str, object] = {}
        for name, child in node.table.items():
            spec = specs.get(name)
            if spec is None:
                if name != "note":
                    hint = did_you_mean(name, specs)
                    action = f"{hint}Known keys: {listed(specs)}."
                    self._fault(child, "is an unknown key.", action)
                continue
            value = self._value(child, spec, f"{key}.{name}")
            if value is not None:
                values[name] = value
        return values

    def _value(self, node: Node, spec: FieldSpec, key: str) -> object:
        if spec.record is not None and spec.shape == "record":
            if not isinstance(node.value, dict):
                action, shown = f"Write [{node.path}].", _shown(node)
                self._fault(node, "must be a table.", action, value=shown)
                return None
            return self._table(node, spec.record, key)
        if spec.record is not None:
            return self._list(node, spec.record, key)
        if spec.shape == "number":
            return self._number(node, spec, key)
        if spec.shape == "flag":
            if isinstance(node.value, bool):
                return node.value
            self._fault(node, "must be true or false.", "Write it without quotes.")
            return None
        return self._text(node, spec)

    def _list(self, node: Node, record: type[Record], key: str) -> object:
        if not isinstance(node.value, list):
            self._fault(node, "must be a list of tables.", f"Write [[{node.path}]].")
            return None
        members: list[dict[str, object]] = []
        plain = [
            {name: child.value for name, child in entry.table.items()}
            for entry in node.value
        ]
        names = member_keys(record, plain)
        for child, name in zip(node.value, names, strict=True):
            if isinstance(child.value, dict):
                members.append(self._table(child, record, f"{key}.{name}"))
            else:
                self._fault(child, "must be a table.", f"Write [[{node.path}]].")
                members.append({})
        return members

    def _text(self, node: Node, spec: FieldSpec) -> object:
        value = node.value
        if not isinstance(value, str):
            if isinstance(value, date):
                action = f'Write "{value.isoformat()[:7]}" in quotes.'
            else:
                action = "Put it in quotes."
            self._fault(node, "must be text.", action, value=_shown(node))
            return None
        if spec.choices and value not in spec.choices:
            hint = did_you_mean(value, spec.choices)
            allowed = f"must be one of {listed(spec.choices)}."
            self._fault(node, allowed, f"{hint}Choose one of them.", value=repr(value))
            return None
        return value

    def _number(self, node: Node, spec: FieldSpec, key: str) -> float | int | None:
        if not isinstance(node.value, dict):
            value = self._plain_number(node, spec)
            if value is not None:
                self._keep(node, spec, key, value, None, None, "")
            return value
        table = node.table
        for name, child in table.items():
            if name not in _NUMBER_KEYS:
                hint = did_you_mean(name, _NUMBER_KEYS)
                known = ", ".join((*_NUMBER_KEYS, "source", "as_of", "grade"))
                action = f"{hint}A number's table may hold {known}."
                self._fault(child, "is an unknown key.", action)
        if "value" not in table:
            self._fault(node, "has no value.", "Write { value = ..., source = ... }.")
            return None
        value = self._plain_number(table["value"], spec, at=node)
        low, high = (
            self._plain_number(table[name], spec) if name in table else None
            for name in ("low", "high")
        )
        self._check_unit(table.get("unit"), spec)
        if value is None:
            return None
        if (low is not None and low > value) or (high is not None and high < value):
            is_under = low is not None and low > value
            allowed = f"must not be {'under' if is_under else 'over'} its own "
            allowed += f"low {low:.12g}." if is_under else f"high {high:.12g}."
            text = number_text(value, spec.unit)
            self._fault(node, allowed, "Correct value, low or high.", value=text)
        note = table["note"].value if "note" in table else ""
        self._keep(node, spec, key, value, low, high, str(note))
        return value

    def _check_unit(self, node: Node | None, spec: FieldSpec) -> None:
        if node is not None and node.value != spec.unit:
            allowed = f"must be {spec.unit!r}, the unit of this field."
            action = "Convert the number, then correct or remove the unit."
            self._fault(node, allowed, action, value=_shown(node))

    def _plain_number(
        self, node: Node, spec: FieldSpec, at: Node | None = None
    ) -> float | int | None:
        at = at or node
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            unit = "" if spec.unit in {"", "ratio"} else f" in {spec.unit}"
            action = "Remove the quotes." if isinstance(value, str) else "Give one."
            self._fault(at, f"must be a number{unit}.", action, value=_shown(node))
            return None
        text = number_text(value, spec.unit)
        give = _ACTIONS.get(spec.name, f"Give {spec.name} in {spec.unit}.")
        if not math.isfinite(value):
            self._fault(at, "must be a finite number.", give, value=text)
            return None
        is_percent = _looks_like_percent(value, spec)
        if is_percent or not spec.allows(value):
            is_outside = not spec.allows(value)
            bounds = spec.bound_text(value) if is_outside else "must be a share."
            if is_percent:
                share = format(value / 100, ".12g")
                give = f"{value:.12g} looks like a percentage: write {share}."
            self._fault(at, bounds, give, value=text)
            return None
        if spec.is_whole:
            if value != int(value):
                self._fault(at, "must be a whole number.", "Round it.", value=text)
                return None
            return int(value)
        return float(value)

    def _keep(
        self,
        node: Node,
        spec: FieldSpec,
        key: str,
        value: float,
        low: float | None,
        high: float | None,
        note: str,
    ) -> None:
        citation = node.citation
        as_of = citation.effective_as_of
        self.numbers.append(
            InputNumber(
                key=key,
                file=node.file,
                path=node.path,
                value=value,
                unit=spec.unit,
                low=low,
                high=high,
                source=citation.source,
                as_of=as_of,
                grade=citation.effective_grade,
                note=note,
                is_after_study_date=bool(as_of) and as_of > self.study_date,
            )
        )

    def _explain(self, err: ValidationError, root: Node) -> None:
        """Add faults for what the record itself refused."""
        for error in err.errors():
            node, missing = _descend(root, error["loc"])
            here = (node.file, node.child_path(missing) if missing else node.path)
            if any(
                file == here[0] and _inside(here[1], path) for file, path in self._bad
            ):
                continue
            self.faults.append(_record_fault(error, node, missing))


def _record_fault(error: ErrorDetails, node: Node, missing: str) -> Fault:
    """Return the fault for one pydantic error."""
    kind = error["type"]
    if kind == "missing":
        return node.fault("is missing.", f"Add {missing}.", key=missing)
    text = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    if kind == "value_error":
        return node.fault(f"{text}.", "Correct one of them.", key=missing)
    if kind == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        if pattern.startswith(r"^\d{4}-(0"):
            allowed, action = "must be a month.", 'Write it as "2026-03".'
        elif pattern.startswith(r"^\d{4}"):
            allowed, action = "must be a date.", "Write it as 2025-11-30."
        else:
            allowed = "must be lower-case letters, digits and underscores."
            action = "Write it like s21_xp."
        return node.fault(allowed, action, value=_shown(node))
    allowed = f"{text[:1].lower()}{text[1:]}."
    return node.fault(allowed, "Correct it.", key=missing, value="")


def _inside(path: str, outer: str) -> bool:
    """Whether a path is another one, or lies in the table of that other one."""
    return path == outer or (
        path.startswith(outer) and path[len(outer) :][:1] in {".", "["}
    )


def _descend(root: Node, loc: tuple[int | str, ...]) -> tuple[Node, str]:
    """Return the node at a pydantic location, and the key that it lacks."""
    node = root
    for step in loc:
        if isinstance(step, str):
            child = node.table.get(step)
        else:
            child = node.items[step] if step < len(node.items) else None
        if child is None:
            return node, str(step)
        node = child
    return node, ""


def _looks_like_percent(value: float, spec: FieldSpec) -> bool:
    if spec.unit == "share 0-1":
        return 1 < value <= 100
    if spec.unit == "per year":
        return spec.high is not None and spec.high < value <= 100
    return spec.name.endswith("_frac") and value > _PERCENT_RATIO_LIMIT


def _shown(node: Node) -> str:
    value = node.value
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)
