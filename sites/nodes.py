# SPDX-License-Identifier: Apache-2.0
"""TOML files as trees that remember where every value stands.

Tables of several files are later merged into one study; each node keeps its own
file, its path inside that file and the citation that holds there, so that a fault or
a source always points at the place a user can edit. What does not belong here: what
keys mean (`sites.records`) and which file to read (`sites.catalogue`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from models.errors import Fault
from sites.sources import CITATION_KEYS, Citation, Source, read_citation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime, time

__all__ = ["Node", "Scalar", "TomlTable", "build_tree", "parse_toml"]

Scalar: TypeAlias = "str | int | float | bool | date | datetime | time"
TomlTable: TypeAlias = "dict[str, object]"


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file, with its place and its citation.

    Parameters
    ----------
    file : str
        File as the user knows it.
    path : str
        Path inside that file, such as ``sites[1].contracted_mw``.
    value : dict, list or scalar
        Children, or the value itself.
    citation : Citation
        Source, day and grade that hold here.
    """

    file: str
    path: str
    value: dict[str, Node] | list[Node] | Scalar
    citation: Citation

    @property
    def table(self) -> dict[str, Node]:
        """Return the children of a table; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """Return the members of an array; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def child_path(self, key: str) -> str:
        """Return the path of a key of this table.

        Parameters
        ----------
        key : str
            Key, present or not.
        """
        return f"{self.path}.{key}" if self.path else key

    def fault(
        self, allowed: str, action: str, *, key: str = "", value: str = ""
    ) -> Fault:
        """Return a fault at this node, or at a key of it.

        Parameters
        ----------
        allowed, action : str
            What is allowed here, and what to do.
        key : str
            Key of this table, if the fault stands there.
        value : str
            Value seen, with its unit.
        """
        where = self.child_path(key) if key else self.path
        return Fault(self.file, where, value, allowed, action)


def parse_toml(text: bytes, file: str) -> tuple[TomlTable, list[Fault]]:
    """Return the tables of a TOML file, or the fault that makes it unreadable.

    Parameters
    ----------
    text : bytes
        Contents of the file.
    file : str
        File as the user knows it.
    """
    try:
        return tomllib.loads(text.decode("utf-8")), []
    except UnicodeDecodeError as err:
        fault = Fault(
            file,
            "",
            "",
            f"is not UTF-8 text (byte {err.start}).",
            "Save it as UTF-8.",
        )
    except tomllib.TOMLDecodeError as err:
        fault = Fault(
            file,
            "",
            "",
            f"is not valid TOML: {err}.",
            'Correct the line; a text stands in quotes, a month is "2026-03".',
        )
    return {}, [fault]


def build_tree(
    raw: object,
    *,
    file: str,
    path: str = "",
    citation: Citation | None = None,
    sources: Mapping[str, Source],
) -> tuple[Node, list[Fault]]:
    """Return a parsed value as a tree of nodes.

    Parameters
    ----------
    raw : object
        Parsed TOML value.
    file, path : str
        Where it stands.
    citation : Citation, optional
        What the tables around it cite.
    sources : mapping of str to Source
        Sources that may be cited.

    Returns
    -------
    tuple of Node and list of Fault
        The keys `source`, `as_of` and `grade` become citations and are no children.
    """
    citation = citation or Citation()
    faults: list[Fault] = []
    value: dict[str, Node] | list[Node] | Scalar
    if isinstance(raw, dict):
        citation, faults = read_citation(
            raw, citation, file=file, path=path, sources=sources
        )
        value = {}
        for key, entry in raw.items():
            if key in CITATION_KEYS:
                continue
            child = f"{path}.{key}" if path else key
            value[key], found = build_tree(
                entry, file=file, path=child, citation=citation, sources=sources
            )
            faults += found
    elif isinstance(raw, list):
        value = []
        for index, entry in enumerate(raw):
            node, found = build_tree(
                entry,
                file=file,
                path=f"{path}[{index}]",
                citation=citation,
                sources=sources,
            )
            value.append(node)
            faults += found
    else:
        value = cast("Scalar", raw)
    return Node(file, path, value, citation), faults
