# SPDX-License-Identifier: Apache-2.0
"""Why the rest was not chosen: whatever an explanation holds, as tables.

What it means stands in `optimizer.explain`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optimizer.report.exhibit import Exhibit
from optimizer.report.formats import count, sentence
from optimizer.report.records import pairs_table, record_table, title_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optimizer.report.data import ReportData

__all__ = ["explain_exhibits"]


def explain_exhibits(data: ReportData) -> tuple[Exhibit, ...]:
    """Return the tables of an explanation; nothing when there is none.

    Parameters
    ----------
    data : ReportData
        The run.
    """
    exhibits = []
    scalars: dict[str, Any] = {}
    for key, value in data.explain.items():
        records = _records(value)
        if records:
            exhibits.append(_exhibit(key, records))
        elif value is not None and not isinstance(value, list | dict):
            scalars[key] = value
    if scalars:
        exhibits.append(
            Exhibit(
                id="explain-facts",
                title="The explanation itself",
                reading=sentence("how the explanation was found"),
                table=pairs_table("explain_facts", "Facts", scalars),
            )
        )
    return tuple(exhibits)


def _records(value: object) -> list[Mapping[str, Any]]:
    """Return a list of records, also from a mapping of records by name."""
    if isinstance(value, list):
        return [row for row in value if isinstance(row, dict)]
    if isinstance(value, dict) and value:
        rows: list[Mapping[str, Any]] = [
            {"name": name, **row}
            for name, row in value.items()
            if isinstance(row, dict)
        ]
        return rows if len(rows) == len(value) else []
    return []


def _exhibit(key: str, records: list[Mapping[str, Any]]) -> Exhibit:
    title = title_of(key)
    return Exhibit(
        id=f"explain-{key.replace('_', '-')}",
        title=title,
        reading=sentence(f"{count(len(records), 'entry')}"),
        table=record_table(f"explain_{key}", title, records),
    )
