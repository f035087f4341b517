# SPDX-License-Identifier: Apache-2.0
"""Records as they were read: plain values, place in the files, typed record if any.

What does not belong here: rules between records (`sites.checks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.errors import Fault
    from models.fields import Record
    from sites.nodes import Node

__all__ = ["Entry", "StudyEntries"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as it was read.

    Parameters
    ----------
    node : Node
        Where it stands.
    values : dict
        Its plain values, without those that were faulty.
    record : Record or None
        The record, None if its values do not allow one.
    """

    node: Node
    values: dict[str, object]
    record: Record | None

    @property
    def id(self) -> str:
        """Return the record's id; empty where it has none."""
        return str(self.values.get("id", ""))

    def fault(self, path: str, allowed: str, action: str, *, value: str = "") -> Fault:
        """Return a fault at a path inside this record.

        Parameters
        ----------
        path : str
            Keys and list places parted by dots, such as ``phases.0.mw``.
        allowed, action, value : str
            As in `models.errors.Fault`.
        """
        node = self.node
        for step in path.split("."):
            if step.isdigit() and int(step) < len(node.items):
                node = node.items[int(step)]
            elif step in node.table:
                node = node.table[step]
            else:
                return node.fault(allowed, action, key=step, value=value)
        return node.fault(allowed, action, value=value)

    def members(self, key: str) -> list[dict[str, object]]:
        """Return the plain members of a list of this record.

        Parameters
        ----------
        key : str
            Field that holds the list.
        """
        value = self.values.get(key)
        return (
            [m for m in value if isinstance(m, dict)] if isinstance(value, list) else []
        )


@dataclass(frozen=True, slots=True)
class StudyEntries:
    """All records of a study as they were read.

    Parameters
    ----------
    start_month : str
        First month of the horizon; empty if it could not be read.
    company, market : Entry or None
        The company and the market.
    lists : mapping of str to sequence of Entry
        Records of each list of a study.
    """

    start_month: str
    company: Entry | None
    market: Entry | None
    lists: Mapping[str, Sequence[Entry]]

    def ids(self, *lists: str) -> set[str]:
        """Return the ids that occur in some lists.

        Parameters
        ----------
        *lists : str
            Names of lists.
        """
        return {entry.id for name in lists for entry in self.lists[name] if entry.id}
