# SPDX-License-Identifier: Apache-2.0
"""`[keep]`, `[drop]` and `[override]`: small studies that vary big ones.

What does not belong here: finding and joining files (`sites.assembly`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sites.layout import LISTS, SETTINGS, SINGLES
from sites.specs import field_specs, key_field
from sites.words import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.errors import Fault
    from models.fields import Record
    from sites.nodes import Node

__all__ = ["Changer", "name_of"]


def name_of(node: Node, key: str) -> str:
    """Return the text that stands under a key of a record's node; empty if none.

    Parameters
    ----------
    node : Node
        Table of the record.
    key : str
        ``id``, ``kind`` or ``model``.
    """
    child = node.table.get(key)
    return child.value if child and isinstance(child.value, str) else ""


class Changer:
    """Applies the changes of one study file to what it includes.

    Parameters
    ----------
    singles : dict of str to Node
        Settings, company and market, changed in place.
    lists : dict of str to list of Node
        Records of each list, changed in place.
    faults : list of Fault
        Where faults are added.
    """

    def __init__(
        self,
        singles: dict[str, Node],
        lists: dict[str, list[Node]],
        faults: list[Fault],
    ) -> None:
        self.singles = singles
        self.lists = lists
        self.faults = faults

    def _unknown(self, node: Node, known: Iterable[str]) -> None:
        known = list(known)
        key = node.path.rsplit(".", maxsplit=1)[-1]
        action = f"{did_you_mean(key, known)}Known keys: {listed(known)}."
        self.faults.append(node.fault("is an unknown key.", action))

    def select(self, table: Node, *, is_keep: bool) -> None:
        """Keep only the records named, or all but them.

        Parameters
        ----------
        table : Node
            The `[keep]` or `[drop]` table.
        is_keep : bool
            Which of the two.
        """
        for key, node in table.table.items():
            if key not in LISTS:
                self._unknown(node, LISTS)
                continue
            known = {name_of(record, "id") for record in self.lists[key]}
            named: set[str] = set()
            for entry in node.items if isinstance(node.value, list) else [node]:
                if isinstance(entry.value, str) and entry.value in known:
                    named.add(entry.value)
                    continue
                hint = did_you_mean(str(entry.value), known)
                fault = entry.fault(
                    f"is not an id among the {key}.",
                    f"{hint}Known: {listed(known)}.",
                    value=repr(entry.value),
                )
                self.faults.append(fault)
            self.lists[key] = [
                record
                for record in self.lists[key]
                if (name_of(record, "id") in named) == is_keep
            ]

    def override(self, table: Node) -> None:
        """Lay the values of `[override]` over the records.

        Parameters
        ----------
        table : Node
            The `[override]` table.
        """
        singles = {**SETTINGS, **SINGLES}
        for key, patch in table.table.items():
            if key in singles:
                if key in self.singles:
                    base = self.singles[key]
                    self.singles[key] = self._patch(base, patch, singles[key])
            elif key in LISTS:
                members = self.lists[key]
                self.lists[key] = self._patch_list(members, patch, LISTS[key])
            else:
                self._unknown(patch, (*singles, *LISTS))

    def _patch(self, base: Node, patch: Node, record: type[Record]) -> Node:
        """Return a record's node with the keys of a patch laid over it."""
        if not isinstance(patch.value, dict):
            fault = patch.fault("must be a table.", f"Write [{patch.path}].")
            self.faults.append(fault)
            return base
        specs = field_specs(record)
        children = dict(base.table)
        for key, child in patch.table.items():
            spec = specs.get(key)
            old = children.get(key)
            if spec is None:
                self._unknown(child, specs)
            elif spec.record is None or old is None or isinstance(child.value, list):
                children[key] = child
            elif spec.shape == "record":
                children[key] = self._patch(old, child, spec.record)
            else:
                members = self._patch_list(old.items, child, spec.record)
                children[key] = replace(old, value=members)
        return replace(base, value=children)

    def _patch_list(
        self, members: list[Node], patch: Node, record: type[Record]
    ) -> list[Node]:
        """Return records with patches laid over those that a table names."""
        key = key_field(record)
        if not isinstance(patch.value, dict):
            fault = patch.fault(
                "must be a table of records.", f"Write [{patch.path}.some_{key}]."
            )
            self.faults.append(fault)
            return members
        places = {name_of(member, key): k for k, member in enumerate(members)}
        result = list(members)
        for name, child in patch.table.items():
            if name in places:
                result[places[name]] = self._patch(result[places[name]], child, record)
                continue
            action = f"{did_you_mean(name, places)}Known: {listed(places)}."
            self.faults.append(child.fault(f"names no record by its {key}.", action))
        return result
