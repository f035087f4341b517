# SPDX-License-Identifier: Apache-2.0
"""A study with one number changed, named as `sites.provenance` names it.

What does not belong here: which numbers are worth changing, and what comes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from models.errors import DataError
from models.fields import Record
from sites.specs import member_keys

if TYPE_CHECKING:
    from models.study import Study

__all__ = ["with_number"]

RecordT = TypeVar("RecordT", bound=Record)


def with_number(study: Study, key: str, value: float) -> Study:
    """Return a copy of a study in which one number has another value.

    Parameters
    ----------
    study : Study
        Study; it stays as it is.
    key : str
        Place of the number, such as ``sites.georgia.power.flexible_usd_per_mwh``.
    value : float
        New value in the field's own unit; rounded where the field is whole. [mixed]

    Raises
    ------
    DataError
        If the study has no such number, or its record does not allow the value.
    """
    try:
        return _changed(study, key.split("."), value)
    except ValidationError as error:
        why = error.errors(include_url=False)[0]["msg"]
        msg = f"study {study.id!r}: {key} = {value:g} is not allowed: {why}."
        raise DataError(msg) from error
    except (IndexError, KeyError) as error:
        msg = f"study {study.id!r} has no number {key!r}. The report lists them all."
        raise DataError(msg) from error


def _changed(record: RecordT, path: list[str], value: float) -> RecordT:
    """Return a record with the number at a path changed, checked again."""
    name, rest = path[0], path[1:]
    values = {field: getattr(record, field) for field in type(record).model_fields}
    old = values[name]
    new: object
    if isinstance(old, tuple):
        names = member_keys(type(old[0]), [dict(member) for member in old])
        place = dict(zip(names, range(len(old)), strict=True))[rest[0]]
        new = (*old[:place], _changed(old[place], rest[1:], value), *old[place + 1 :])
    elif isinstance(old, Record):
        new = _changed(old, rest, value)
    elif rest or isinstance(old, bool) or not isinstance(old, int | float):
        raise KeyError(name)
    else:
        new = round(value) if isinstance(old, int) else value
    return type(record).model_validate(values | {name: new})
