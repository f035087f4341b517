# SPDX-License-Identifier: Apache-2.0
"""Plain values as TOML text.

Standard Python reads TOML but does not write it. Tables marked `Inline` stay on one
line, so that a number and its source read as one. What does not belong here: what the
values mean.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TypeAlias

__all__ = ["Inline", "TomlValue", "toml_text"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

TomlValue: TypeAlias = (
    "str | int | float | bool | date | list[TomlValue] | dict[str, TomlValue]"
)


class Inline(dict[str, TomlValue]):
    """A table written on one line."""


def toml_text(table: dict[str, TomlValue]) -> str:
    """Return a table as a TOML document.

    Parameters
    ----------
    table : dict
        Texts, numbers, flags, dates, lists and tables; tables within lists become
        ``[[arrays]]`` unless they are `Inline`.

    Returns
    -------
    str
        Document that reads back as the same values.
    """
    lines = _table(table, ())
    return "\n".join(lines).strip("\n") + "\n"


def _table(table: dict[str, TomlValue], path: tuple[str, ...]) -> list[str]:
    plain = [f"{_key(k)} = {_value(v)}" for k, v in table.items() if not _is_deep(v)]
    lines = list(plain)
    for name, value in table.items():
        if not _is_deep(value):
            continue
        inner = (*path, name)
        header = ".".join(_key(part) for part in inner)
        if isinstance(value, dict):
            lines += ["", f"[{header}]", *_table(value, inner)]
        elif isinstance(value, list):
            for member in value:
                if isinstance(member, dict):
                    lines += ["", f"[[{header}]]", *_table(member, inner)]
    return lines


def _is_deep(value: TomlValue) -> bool:
    """Whether a value needs a header of its own."""
    if isinstance(value, list):
        return bool(value) and all(
            isinstance(member, dict) and not isinstance(member, Inline)
            for member in value
        )
    return isinstance(value, dict) and not isinstance(value, Inline)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: TomlValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(_value(member) for member in value)}]"
    if isinstance(value, dict):
        if not value:
            return "{}"
        parts = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items())
        return f"{{ {parts} }}"
    return repr(value)
