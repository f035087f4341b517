# SPDX-License-Identifier: Apache-2.0
"""Which columns of a table stand side by side where a terminal is narrow.

A number that loses digits is another number and a row without its label is none, so
neither is ever cut: columns that do not fit follow below, beside the labels again. What
does not belong here: drawing tables (`optimizer.console`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TableColumn", "panels", "widths"]

_GAP: Final = 3
"""Characters between two columns; the frame takes one more. [unitless]"""

_WHOLE: Final = 16
"""Texts up to here stay on one line, such as ``0.4 to 0.8``. [unitless]"""

_LABEL: Final = 24
"""Characters that labels of rows get, if they need as many. [unitless]"""

_WORD: Final = 24
"""Longer words, such as paths, may be broken. [unitless]"""


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table, as text.

    Parameters
    ----------
    heading : str
        Heading, with its unit; it may break between words.
    cells : list of str
        Cells.
    is_number : bool
        Whether they are numbers, which never break.
    """

    heading: str
    cells: list[str]
    is_number: bool

    def least_width(self, *, is_label: bool) -> int:
        """Return how many characters the column needs to be read.

        Parameters
        ----------
        is_label : bool
            Whether it says what the rows are.
        """
        whole = max(map(len, self.cells), default=0)
        if not self.is_number and whole > _WHOLE:
            longest = _longest_word(self.cells)
            whole = max(longest, min(whole, _LABEL)) if is_label else longest
        return max(whole, _longest_word([self.heading]))

    def full_width(self) -> int:
        """Return how many characters the column takes if nothing breaks."""
        return max(map(len, (self.heading, *self.cells)))


def panels(columns: Sequence[TableColumn], room: int) -> list[list[TableColumn]]:
    """Return which columns stand side by side, the first in every panel.

    Parameters
    ----------
    columns : sequence of TableColumn
        All columns; the first one says what the rows are.
    room : int
        Width of the terminal. [unitless]

    Returns
    -------
    list of list of TableColumn
        One panel where all fit; none without columns. A panel of two columns may be
        wider than the room.
    """
    if not columns:
        return []
    label = columns[0]
    used = start = label.least_width(is_label=True) + _GAP + 1
    found = [[label]]
    for column in columns[1:]:
        width = column.least_width(is_label=False) + _GAP
        if used + width > room and len(found[-1]) > 1:
            found.append([label])
            used = start
        found[-1].append(column)
        used += width
    return found


def widths(panel: Sequence[TableColumn], room: int) -> list[int]:
    """Return how wide columns side by side are: the least, and a share of the rest.

    Parameters
    ----------
    panel : sequence of TableColumn
        Columns, the first one says what the rows are.
    room : int
        Width of the terminal. [unitless]

    Returns
    -------
    list of int
        Characters of each column. [unitless]
    """
    found = [
        column.least_width(is_label=place == 0) for place, column in enumerate(panel)
    ]
    left = max(room - 1 - sum(width + _GAP for width in found), 0)
    lacks = [
        column.full_width() - width for column, width in zip(panel, found, strict=True)
    ]
    # Those that lack least first: what they leave goes to the others.
    for done, place in enumerate(sorted(range(len(panel)), key=lacks.__getitem__)):
        more = min(lacks[place], left // (len(panel) - done))
        found[place] += more
        left -= more
    return found


def _longest_word(texts: Sequence[str]) -> int:
    """Return the length of the longest word, of those that must not break."""
    words = [len(word) for text in texts for word in text.split()]
    return min(max(words, default=0), _WORD)
