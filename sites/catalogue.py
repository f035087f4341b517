# SPDX-License-Identifier: Apache-2.0
"""Where study and catalogue files lie, and reading them.

A name in `[include]` is looked for beside the file that names it, then beside the
study, then in the bundled catalogue. What does not belong here: what files mean
(`sites.assembly`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import Fault
from sites.layout import FOLDERS
from sites.nodes import Node, build_tree, parse_toml
from sites.sources import ASSUMPTION, Citation, Source, read_sources
from sites.words import listed

__all__ = [
    "BUNDLED",
    "SOURCES_FILE",
    "FileReader",
    "bundled_studies",
    "file_label",
]

BUNDLED = Path(__file__).parent / "data"
"""Catalogue that comes with the package."""

SOURCES_FILE = "sources.toml"


def bundled_studies() -> tuple[str, ...]:
    """Return the names of the studies that come with the package, sorted."""
    return tuple(sorted(path.stem for path in (BUNDLED / "studies").glob("*.toml")))


def file_label(path: Path) -> str:
    """Return a file's name for messages: bundled files without their machine path.

    Parameters
    ----------
    path : Path
        File to name.
    """
    if path.is_relative_to(BUNDLED):
        return (Path("sites/data") / path.relative_to(BUNDLED)).as_posix()
    return path.as_posix()


@dataclass
class FileReader:
    """Reads files once; keeps their hashes, sources and faults.

    Parameters
    ----------
    root : Path
        Folder of the study.
    faults : list of Fault
        What was found wrong so far.
    hashes : dict of str to str
        SHA-256 of each file read, by label.
    paths : list of Path
        Study and catalogue files read, without `sources.toml`.
    """

    root: Path
    faults: list[Fault] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    _shared: dict[str, Source] | None = None

    def find(self, kind: str, name: str, *, beside: Path) -> Path | None:
        """Return the file that an include names, or None when there is none.

        Parameters
        ----------
        kind : str
            Key in `[include]`.
        name : str
            Name, or path relative to the file that includes it.
        beside : Path
            Folder of the file that includes it.
        """
        folders = list(dict.fromkeys((beside, self.root)))
        if name.endswith(".toml"):
            candidates = [folder / name for folder in folders]
        else:
            inside = Path(FOLDERS[kind]) / f"{name}.toml"
            candidates = [folder / inside for folder in (*folders, BUNDLED)]
            if beside.name == FOLDERS[kind]:
                candidates.insert(0, beside / f"{name}.toml")
        return next((path for path in candidates if path.is_file()), None)

    def names(self, kind: str, *, beside: Path) -> list[str]:
        """Return the names that an include of a kind may use.

        Parameters
        ----------
        kind : str
            Key in `[include]`.
        beside : Path
            Folder of the file that includes it.
        """
        folders = {folder / FOLDERS[kind] for folder in (beside, self.root, BUNDLED)}
        return sorted(
            {path.stem for folder in folders for path in folder.glob("*.toml")}
        )

    def read(self, path: Path) -> Node:
        """Return a file as a tree; faults are gathered, an unreadable file is empty.

        Parameters
        ----------
        path : Path
            File to read.
        """
        label = file_label(path)
        empty = Node(label, "", {}, Citation())
        content = self._content(path, label)
        if content is None:
            return empty
        if path not in self.paths:
            self.paths.append(path)
        raw, faults = parse_toml(content, label)
        self.faults += faults
        if faults:
            return empty
        known = dict(self._shared_sources())
        if "sources" in raw:
            own, faults = read_sources(raw.pop("sources"), file=label)
            self.faults += faults
            known |= own
        node, faults = build_tree(raw, file=label, sources=known)
        self.faults += faults
        return node

    def _content(self, path: Path, label: str) -> bytes | None:
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            choices = f"Bundled studies: {listed(bundled_studies())}."
            self.faults.append(Fault(label, "", "", "does not exist.", choices))
            return None
        except OSError as err:
            reason = f"cannot be read: {err.strerror}."
            self.faults.append(Fault(label, "", "", reason, "Name a readable file."))
            return None
        self.hashes[label] = hashlib.sha256(content).hexdigest()
        return content

    def _shared_sources(self) -> dict[str, Source]:
        """Return the sources of `sources.toml`, bundled and beside the study."""
        if self._shared is None:
            self._shared = {ASSUMPTION.id: ASSUMPTION}
            for path in dict.fromkeys(
                (BUNDLED / SOURCES_FILE, self.root / SOURCES_FILE)
            ):
                label = file_label(path)
                if not path.is_file():
                    continue
                content = self._content(path, label)
                raw, faults = parse_toml(content or b"", label)
                found, more = read_sources(raw, file=label)
                self.faults += faults + more
                self._shared |= found
        return self._shared
