# SPDX-License-Identifier: Apache-2.0
"""A study file and all it includes, put together into one tree per record.

Order: the study it builds on (`include.study`), its catalogues, its own records, then
`[keep]`, `[drop]` and `[override]`. What does not belong here: those changes
(`sites.changes`), reading numbers (`sites.reading`) and rules between records
(`sites.checks`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sites.changes import Changer
from sites.layout import (
    CHANGES,
    FOLDERS,
    INCLUDED_LISTS,
    LISTS,
    SETTINGS,
    SINGLES,
    STUDY_KEYS,
    TEXTS,
)
from sites.words import did_you_mean, listed

if TYPE_CHECKING:
    from pathlib import Path

    from sites.catalogue import FileReader
    from sites.nodes import Node

__all__ = ["Draft", "assemble"]


@dataclass
class Draft:
    """A study before its numbers are read.

    Parameters
    ----------
    root : Node
        The study file itself.
    singles : dict of str to Node
        Texts, settings, company and market, by key.
    lists : dict of str to list of Node
        Records of each list, in order.
    """

    root: Node
    singles: dict[str, Node] = field(default_factory=dict)
    lists: dict[str, list[Node]] = field(
        default_factory=lambda: {name: [] for name in LISTS}
    )


def assemble(path: Path, reader: FileReader) -> Draft:
    """Return the draft of a study file; faults are gathered in the reader.

    Parameters
    ----------
    path : Path
        Study file.
    reader : FileReader
        Reads files, keeps faults.
    """
    return _Assembler(reader).study(path, ())


class _Assembler:
    def __init__(self, reader: FileReader) -> None:
        self.reader = reader

    def _fault(
        self, node: Node, allowed: str, action: str, *, key: str = "", value: str = ""
    ) -> None:
        self.reader.faults.append(node.fault(allowed, action, key=key, value=value))

    def study(self, path: Path, chain: tuple[Path, ...]) -> Draft:
        root = self.reader.read(path)
        include = root.table.get("include")
        names = include.table if include else {}
        if "study" in names:
            draft = self._parent(names["study"], path, (*chain, path.resolve()))
            draft.root = root
        else:
            draft = Draft(root)
        for key, node in root.table.items():
            if key in {"include", *CHANGES} and not isinstance(node.value, dict):
                self._fault(node, "must be a table.", f"Write [{key}].")
            if key not in STUDY_KEYS:
                hint = did_you_mean(key, STUDY_KEYS)
                action = f"{hint}Known keys: {listed(STUDY_KEYS)}."
                self._fault(node, "is an unknown key.", action)
        self._include(names, path, draft)
        self._own(root, draft)
        changer = Changer(draft.singles, draft.lists, self.reader.faults)
        for key in ("keep", "drop"):
            if key in root.table:
                changer.select(root.table[key], is_keep=key == "keep")
        if "override" in root.table:
            changer.override(root.table["override"])
        return draft

    def _parent(self, node: Node, path: Path, chain: tuple[Path, ...]) -> Draft:
        parents = self._files("study", node, path)
        if len(parents) != 1:
            if isinstance(node.value, list):
                self._fault(node, "must name one study.", "Name one.")
            return Draft(node)
        if parents[0].resolve() in chain:
            text = " -> ".join(step.name for step in (*chain, parents[0]))
            self._fault(node, f"goes round in a circle: {text}.", "Break the circle.")
            return Draft(node)
        return self.study(parents[0], chain)

    def _files(self, kind: str, node: Node, path: Path) -> list[Path]:
        """Return the files that one key of `[include]` names."""
        found = []
        for entry in node.items if isinstance(node.value, list) else [node]:
            name = entry.value
            if not isinstance(name, str):
                self._fault(entry, "must be a file's name.", 'Write it as "name".')
                continue
            file = self.reader.find(kind, name, beside=path.parent)
            if file is None:
                known = self.reader.names(kind, beside=path.parent)
                hint = did_you_mean(name, known)
                allowed = f"is not a file of the {FOLDERS[kind]} catalogue."
                action = f"{hint}Known: {listed(known)}; or give a relative path."
                self._fault(entry, allowed, action, value=repr(name))
            elif file in found:
                self._fault(entry, "is included twice.", "Remove one.", value=name)
            else:
                found.append(file)
        return found

    def _include(self, names: dict[str, Node], path: Path, draft: Draft) -> None:
        for kind, node in names.items():
            if kind == "study":
                continue
            if kind not in FOLDERS:
                hint = did_you_mean(kind, FOLDERS)
                action = f"{hint}Known keys: {listed(FOLDERS)}."
                self._fault(node, "is an unknown key.", action)
                continue
            files = self._files(kind, node, path)
            self._forget(kind, draft)
            if kind in SINGLES and len(files) > 1:
                self._fault(node, "must name one file.", "Name one.")
            for file in files:
                tree = self.reader.read(file)
                if tree.table:
                    self._add(kind, tree, draft)

    def _forget(self, kind: str, draft: Draft) -> None:
        """Drop what the parent study included of a kind."""
        draft.singles.pop(kind, None)
        for name in INCLUDED_LISTS.get(kind, (kind,)):
            if name in draft.lists:
                draft.lists[name] = []

    def _add(self, kind: str, tree: Node, draft: Draft) -> None:
        if kind in SINGLES:
            draft.singles[kind] = tree
        elif kind == "sites":
            draft.lists["sites"].append(tree)
        else:
            allowed = INCLUDED_LISTS[kind]
            for key, node in tree.table.items():
                if key in allowed:
                    self._extend(key, node, draft)
                elif key != "note":
                    hint = did_you_mean(key, allowed)
                    action = f"{hint}Known keys: {listed(allowed)}."
                    self._fault(node, "is an unknown key.", action)

    def _extend(self, key: str, node: Node, draft: Draft) -> None:
        if isinstance(node.value, list):
            draft.lists[key] += node.value
        else:
            self._fault(node, "must be a list of tables.", f"Write [[{key}]].")

    def _own(self, root: Node, draft: Draft) -> None:
        """Take over what stands in the study file itself."""
        for key in (*TEXTS, *SETTINGS):
            if key in root.table:
                own, base = root.table[key], draft.singles.get(key)
                if key in SETTINGS and base is not None and own.table:
                    own = replace(base, value={**base.table, **own.table})
                draft.singles[key] = own
        include = root.table.get("include")
        for key in SINGLES:
            if key in root.table:
                if include and key in include.table:
                    action = "Use [override] to change an included record."
                    self._fault(root.table[key], "is included as well.", action)
                draft.singles[key] = root.table[key]
        for key in LISTS:
            if key in root.table:
                self._extend(key, root.table[key], draft)
