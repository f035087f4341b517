# SPDX-License-Identifier: Apache-2.0
"""A study file and all it includes, put together into one tree per record.

Order: the study it builds on (`include.study`), its catalogues, its own records, then
`[keep]`, then `[override]`. What does not belong here: reading numbers
(`sites.reading`) and rules between records (`sites.checks`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from models.company import Company, TaxRegime
from models.hardware import AsicModel, GpuModel
from models.market_parameters import Market
from models.offers import GpuLeaseOffer, HostingOffer
from models.site import Site
from models.study import SolverSettings, TimeGrid
from sites.catalogue import FOLDERS
from sites.specs import field_specs, key_field
from sites.words import did_you_mean, listed

if TYPE_CHECKING:
    from pathlib import Path

    from models.fields import Record
    from sites.catalogue import FileReader
    from sites.nodes import Node

__all__ = [
    "INCLUDED_LISTS",
    "LISTS",
    "SETTINGS",
    "SINGLES",
    "STUDY_KEYS",
    "TEXTS",
    "Draft",
    "assemble",
]

TEXTS = ("schema_version", "id", "title", "description", "as_of_date")
SETTINGS: dict[str, type[Record]] = {"time": TimeGrid, "solver": SolverSettings}
SINGLES: dict[str, type[Record]] = {"company": Company, "market": Market}
LISTS: dict[str, type[Record]] = {
    "tax_regimes": TaxRegime,
    "sites": Site,
    "asics": AsicModel,
    "gpus": GpuModel,
    "hosting_offers": HostingOffer,
    "gpu_offers": GpuLeaseOffer,
}
STUDY_KEYS = (
    *TEXTS,
    *SETTINGS,
    *SINGLES,
    *LISTS,
    "include",
    "keep",
    "override",
    "note",
)
INCLUDED_LISTS = {
    "tax": ("tax_regimes",),
    "offers": ("hosting_offers", "gpu_offers"),
    "hardware": ("asics", "gpus"),
}
"""Lists that a catalogue file of a kind may hold."""


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
            if key not in STUDY_KEYS:
                hint = did_you_mean(key, STUDY_KEYS)
                action = f"{hint}Known keys: {listed(STUDY_KEYS)}."
                self._fault(node, "is an unknown key.", action)
        self._include(names, path, draft)
        self._own(root, draft)
        if "keep" in root.table:
            self._keep(root.table["keep"], draft)
        if "override" in root.table:
            self._override(root.table["override"], draft)
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

    def _keep(self, keep: Node, draft: Draft) -> None:
        """Keep only the records that `[keep]` names."""
        for key, node in keep.table.items():
            if key not in LISTS:
                hint = did_you_mean(key, LISTS)
                action = f"{hint}Known keys: {listed(LISTS)}."
                self._fault(node, "is an unknown key.", action)
                continue
            known = {name_of(record, "id"): record for record in draft.lists[key]}
            wanted = []
            for entry in node.items if isinstance(node.value, list) else [node]:
                if isinstance(entry.value, str) and entry.value in known:
                    wanted.append(known[entry.value])
                else:
                    hint = did_you_mean(str(entry.value), known)
                    action = f"{hint}Known: {listed(known)}."
                    allowed = f"is not an id among the {key}."
                    self._fault(entry, allowed, action, value=repr(entry.value))
            draft.lists[key] = wanted

    def _override(self, override: Node, draft: Draft) -> None:
        for key, patch in override.table.items():
            if key in SETTINGS or key in SINGLES:
                record = (SETTINGS | SINGLES)[key]
                if key in draft.singles:
                    draft.singles[key] = self._patch(draft.singles[key], patch, record)
            elif key in LISTS:
                draft.lists[key] = self._patch_list(draft.lists[key], patch, LISTS[key])
            else:
                known = (*SETTINGS, *SINGLES, *LISTS)
                hint = did_you_mean(key, known)
                action = f"{hint}Known keys: {listed(known)}."
                self._fault(patch, "is an unknown key.", action)

    def _patch(self, base: Node, patch: Node, record: type[Record]) -> Node:
        """Return a record's node with the keys of a patch laid over it."""
        if not isinstance(patch.value, dict):
            self._fault(patch, "must be a table.", f"Write [{patch.path}].")
            return base
        specs = field_specs(record)
        children = dict(base.table)
        for key, child in patch.table.items():
            spec = specs.get(key)
            old = children.get(key)
            if spec is None:
                hint = did_you_mean(key, specs)
                action = f"{hint}Known keys: {listed(specs)}."
                self._fault(child, "is an unknown key.", action)
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
        places = {name_of(member, key): k for k, member in enumerate(members)}
        if not isinstance(patch.value, dict):
            self._fault(patch, "must be a table of records.", "Write [override.x.id].")
            return members
        result = list(members)
        for name, child in patch.table.items():
            if name not in places:
                hint = did_you_mean(name, places)
                action = f"{hint}Known: {listed(places)}."
                self._fault(child, f"names no record by its {key}.", action)
                continue
            result[places[name]] = self._patch(result[places[name]], child, record)
        return result


def name_of(node: Node, key: str) -> str:
    """Return the text that stands under a key of a record's node.

    Parameters
    ----------
    node : Node
        Table of the record.
    key : str
        ``id``, ``kind`` or ``model``.
    """
    child = node.table.get(key)
    return child.value if child and isinstance(child.value, str) else ""
