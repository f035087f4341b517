# SPDX-License-Identifier: Apache-2.0
"""Records of other commands as tables: a key's unit suffix says how it is shown.

What does not belong here: which records there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from optimizer.report.table import Cell, Column, Table, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["column_of", "pairs_table", "record_table", "title_of"]

# The longest suffix that fits decides: unit, scale, digits.
_UNITS: Final[dict[str, tuple[str, float, int]]] = {
    "_usd_per_mw_month": ("USD/MW-month", 1.0, 0),
    "_usd_per_mw_year": ("USD/MW-year", 1.0, 0),
    "_usd_per_it_kw_month": ("USD/kW-month", 1.0, 1),
    "_usd_per_ph_day": ("USD/PH/day", 1.0, 2),
    "_usd_per_gpu_h": ("USD/GPU-h", 1.0, 2),
    "_usd_per_mwh": ("USD/MWh", 1.0, 1),
    "_usd_per_unit": ("USD/unit", 1.0, 0),
    "_usd_per_btc": ("USD/BTC", 1.0, 0),
    "_usd_per_mw": ("USD m/MW", 1e-6, 2),
    "_usd_per_th": ("USD/TH", 1.0, 2),
    "_price_usd": ("USD", 1.0, 0),
    "_usd_m": ("USD m", 1.0, 1),
    "_usd": ("USD m", 1e-6, 1),
    "_btc": ("BTC", 1.0, 0),
    "_mwh": ("MWh", 1.0, 0),
    "_mw": ("MW", 1.0, 1),
    "_kw": ("kW", 1.0, 1),
    "_eh_s": ("EH/s", 1.0, 2),
    "_j_per_th": ("J/TH", 1.0, 1),
    "_per_year": ("% a year", 100.0, 1),
    "_per_month": ("% a month", 100.0, 2),
    "_frac": ("%", 100.0, 1),
    "_months": ("months", 1.0, 0),
    "_multiplier": ("x base", 1.0, 2),
    "_s": ("s", 1.0, 1),
}
_WORDS: Final = {
    "npv": "NPV",
    "irr": "IRR",
    "btc": "BTC",
    "mw": "MW",
    "gpu": "GPU",
    "cvar": "CVaR",
    "pv": "PV",
    "mip": "MIP",
    "ltv": "LTV",
    "hpc": "HPC",
    "usd": "USD",
    "id": "id",
    "dr": "DR",
}


def title_of(key: str) -> str:
    """Return the words of a key, unit suffix taken off."""
    bare = key
    suffix = _suffix(key)
    if suffix and suffix != f"_{key}":
        bare = key.removesuffix(suffix)
        if suffix == "_price_usd":
            bare = f"{bare}_price"
    words = [_word(word) for word in bare.split("_") if word]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def column_of(key: str, values: Iterable[object]) -> Column:
    """Return how a column of records is shown, from its key and its values.

    Parameters
    ----------
    key : str
        Name with unit suffix.
    values : iterable
        What stands in it.
    """
    present = [value for value in values if value is not None]
    is_number = bool(present) and all(
        isinstance(value, int | float) and not isinstance(value, bool)
        for value in present
    )
    if not is_number:
        kind = "tag" if key in ("verdict", "passed", "is_good") else "text"
        return Column(key, title_of(key), kind=kind)  # type: ignore[arg-type]
    suffix = _suffix(key)
    if not suffix:
        whole = all(float(value).is_integer() for value in present)  # type: ignore[arg-type]
        return number(key, title_of(key), decimals=0 if whole else 2)
    unit, scale, decimals = _UNITS[suffix]
    return number(key, title_of(key), unit, scale=scale, decimals=decimals)


def record_table(
    table_id: str,
    title: str,
    records: Sequence[Mapping[str, Any]],
    keys: Sequence[str] = (),
    note: str = "",
) -> Table:
    """Return records as a table.

    Parameters
    ----------
    table_id, title : str
        Identifier in the page; what it shows.
    records : sequence of mapping
        One per row; keys carry units.
    keys : sequence of str
        Columns wanted, in order; those that no record has are left out. All of the
        first record for none.
    note : str
        Line below.
    """
    known = dict.fromkeys(key for record in records for key in record)
    wanted = [key for key in keys or known if key in known]
    values = {key: [_cell(record.get(key)) for record in records] for key in wanted}
    columns = tuple(column_of(key, values[key]) for key in wanted)
    rows = tuple(zip(*values.values(), strict=True)) if wanted else ()
    return Table(table_id, title, columns, rows, note=note)


def pairs_table(table_id: str, title: str, pairs: Mapping[str, Any]) -> Table:
    """Return names and values as a table of two columns."""
    columns = (Column("name", "Name"), Column("value", "Value"))
    rows = []
    for key, value in pairs.items():
        cell = _cell(value)
        column = column_of(key, [cell])
        shown = column.shown(cell)
        if column.unit:
            shown = f"{shown} {column.unit}"
        rows.append((column.label, shown))
    return Table(table_id, title, columns, tuple(rows))


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "item"):
        plain: Cell = value.item()
        return plain
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def _suffix(key: str) -> str:
    fits = [s for s in _UNITS if key.endswith(s) or key == s.removeprefix("_")]
    return max(fits, key=len, default="")


def _word(word: str) -> str:
    if word[:1] == "p" and word[1:].isdigit():
        return f"P{int(word[1:])}"
    return _WORDS.get(word, word)
