# SPDX-License-Identifier: Apache-2.0
"""Building blocks of the report: exhibits and sections.

What does not belong here: what they show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from optimizer.report.table import Table

__all__ = ["Exhibit", "Fold", "Section"]


@dataclass(frozen=True, slots=True)
class Fold:
    """Tables that open on demand.

    Parameters
    ----------
    title : str
        Line that opens them.
    tables : tuple of Table
        Tables inside.
    """

    title: str
    tables: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A figure with its table, or a table alone.

    Parameters
    ----------
    id : str
        Identifier in the page.
    title : str
        What it shows.
    reading : str
        One line that reads it.
    figure : Figure or None
        Picture; None for a table alone.
    table : Table or None
        Its data; folded below a figure, open without one.
    note : str
        How it was made, in small print.
    folds : tuple of Fold
        Detail that opens on demand.
    is_searchable : bool
        Whether the table gets a search box.
    is_open : bool
        Whether the table stands open below its figure.
    """

    id: str
    title: str
    reading: str
    figure: Figure | None = None
    table: Table | None = None
    note: str = ""
    folds: tuple[Fold, ...] = ()
    is_searchable: bool = False
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the report.

    Parameters
    ----------
    id, title : str
        Identifier in the page; heading.
    exhibits : tuple of Exhibit
        What it shows.
    lead : str
        First paragraph.
    missing : str
        What is left out and the command that makes it; empty when complete.
    """

    id: str
    title: str
    exhibits: tuple[Exhibit, ...]
    lead: str = ""
    missing: str = ""
