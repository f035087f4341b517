# SPDX-License-Identifier: Apache-2.0
"""What the records of `models` allow, field by field, read off their types.

The loader, the overrides and the JSON Schema all follow these specifications, so a
field added to a record needs no second list. What does not belong here: reading
values (`sites.reading`).
"""

from __future__ import annotations

import types
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo

from models.fields import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["KEY_FIELDS", "FieldSpec", "field_specs", "key_field", "member_keys"]

KEY_FIELDS = ("id", "kind", "model")
"""Fields that name a record inside a list, first one present."""

Shape = Literal["number", "text", "choice", "flag", "record", "records"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What one field allows.

    Parameters
    ----------
    name : str
        Key in the file.
    shape : str
        ``number``, ``text``, ``choice``, ``flag``, ``record`` or ``records``.
    is_required : bool
        Whether the field has no default.
    is_whole : bool
        Whether a number must be whole.
    unit : str
        Unit of a number.
    low, high : float or None
        Bounds of a number. [`unit`]
    is_low_open, is_high_open : bool
        Whether the bound itself is refused.
    choices : tuple of str
        Words allowed.
    record : type of Record or None
        Record of a table or of the members of a list.
    """

    name: str
    shape: Shape
    is_required: bool
    is_whole: bool = False
    unit: str = ""
    low: float | None = None
    high: float | None = None
    is_low_open: bool = False
    is_high_open: bool = False
    choices: tuple[str, ...] = ()
    record: type[Record] | None = None

    def allows(self, value: float) -> bool:
        """Return whether a number lies within the bounds.

        Parameters
        ----------
        value : float
            Number. [`unit`]
        """
        above = self.low is None or (
            value > self.low if self.is_low_open else value >= self.low
        )
        below = self.high is None or (
            value < self.high if self.is_high_open else value <= self.high
        )
        return above and below

    def bound_text(self, value: float) -> str:
        """Return in words the bound that a number breaks.

        Parameters
        ----------
        value : float
            Number outside the bounds. [`unit`]
        """
        if self.unit == "share 0-1":
            return "must be a share between 0 and 1."
        is_low = self.low is not None and not value > self.low
        if is_low or self.high is None:
            return f"must be {'>' if self.is_low_open else '>='} {self.low:,.12g}."
        return f"must be {'<' if self.is_high_open else '<='} {self.high:,.12g}."


def _numbers(metadata: Iterable[object]) -> dict[str, float | bool]:
    """Return the tightest bounds of a field's metadata."""
    low: tuple[float, bool] | None = None
    high: tuple[float, bool] | None = None
    for entry in metadata:
        match entry:
            case annotated_types.Ge(ge=float() | int() as bound):
                low = max(low or (bound, False), (bound, False))
            case annotated_types.Gt(gt=float() | int() as bound):
                low = max(low or (bound, True), (bound, True))
            case annotated_types.Le(le=float() | int() as bound):
                high = min(high or (bound, False), (bound, False))
            case annotated_types.Lt(lt=float() | int() as bound):
                high = min(high or (bound, False), (bound, True))
            case _:
                pass
    found: dict[str, float | bool] = {}
    if low is not None:
        found |= {"low": low[0], "is_low_open": low[1]}
    if high is not None:
        found |= {"high": high[0], "is_high_open": high[1]}
    return found


def _without_none(annotation: object) -> object:
    """Return the one member of a union that is not None."""
    if get_origin(annotation) in {Union, types.UnionType}:
        members = [m for m in get_args(annotation) if m is not type(None)]
        return members[0]
    return annotation


def _spec(name: str, field: FieldInfo) -> FieldSpec:
    annotation = _without_none(field.annotation)
    metadata: list[object] = list(field.metadata)
    extra = field.json_schema_extra
    if get_origin(annotation) is Annotated:
        annotation, *notes = get_args(annotation)
        for note in notes:
            if isinstance(note, FieldInfo):
                metadata += note.metadata
                extra = note.json_schema_extra or extra
    is_required = field.is_required()
    origin = get_origin(annotation)
    if origin is tuple:
        member = get_args(annotation)[0]
        return FieldSpec(name, "records", is_required, record=member)
    if origin is Literal:
        return FieldSpec(
            name, "choice", is_required, choices=tuple(map(str, get_args(annotation)))
        )
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return FieldSpec(name, "record", is_required, record=annotation)
    if annotation is bool:
        return FieldSpec(name, "flag", is_required)
    if annotation in {int, float}:
        unit = extra.get("unit") if isinstance(extra, dict) else None
        return FieldSpec(
            name,
            "number",
            is_required,
            is_whole=annotation is int,
            unit=str(unit or ""),
            **_numbers(metadata),  # type: ignore[arg-type]
        )
    return FieldSpec(name, "text", is_required)


@cache
def field_specs(record: type[Record]) -> dict[str, FieldSpec]:
    """Return the specification of every field of a record type.

    Parameters
    ----------
    record : type of Record
        Record type of `models`.
    """
    return {name: _spec(name, field) for name, field in record.model_fields.items()}


def key_field(record: type[Record]) -> str:
    """Return the field that names a record inside a list; empty if none does.

    Parameters
    ----------
    record : type of Record
        Record type of `models`.
    """
    return next((key for key in KEY_FIELDS if key in record.model_fields), "")


def member_keys(
    record: type[Record], members: Sequence[Mapping[str, object]]
) -> list[str]:
    """Return a name for every record of a list, each name once.

    Parameters
    ----------
    record : type of Record
        Record type of `models`.
    members : sequence of mapping
        Plain values of the records.

    Returns
    -------
    list of str
        The naming field; its place in the list where there is none; ``name#2`` for
        the second of the same name.
    """
    field = key_field(record)
    names: list[str] = []
    seen: Counter[str] = Counter()
    for index, values in enumerate(members):
        name = str(values.get(field, index))
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return names
