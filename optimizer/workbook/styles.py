# SPDX-License-Identifier: Apache-2.0
"""How cells look: number formats, and colours that say what a line is.

What does not belong here: which line has which style.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format

__all__ = ["ROLE_COLOURS", "ROLE_WORDS", "TAB_COLOURS", "Styles"]

NUMBER_FORMATS: Final = {
    "money": '#,##0_);(#,##0);"-"_)',
    "price": '#,##0.00_);(#,##0.00);"-"_)',
    "number": '#,##0.00_);(#,##0.00);"-"_)',
    "integer": '#,##0_);(#,##0);"-"_)',
    "share": "0.00%",
    "factor": "0.0000##",
    "btc": '#,##0.0000_);(#,##0.0000);"-"_)',
    "date": "mmm yyyy",
    "flag": '0_);(0);"-"_)',
    "text": "@",
    "year": "0",
}

ROLE_COLOURS: Final = {
    "input": "#FFF7CC",
    "solver": "#DCE9F7",
    "engine": "#EDEDED",
    "constant": "#F7F7F7",
    "check": "#E6F4E6",
}
"""Fill by role; formulas have none."""

ROLE_WORDS: Final = {
    "input": "live input: change it and everything follows",
    "solver": "solver result: a decision of the plan, not decided again here",
    "engine": "figure of the run, to compare with",
    "constant": "constant of nature, calendar or law: leave it",
    "check": "check: 0 when it holds",
    "formula": "formula",
}

TAB_COLOURS: Final = {
    "Inputs": "#E0B400",
    "Plan": "#5B8DC9",
    "Checks": "#4C9F4C",
    "Outputs": "#333333",
    "Statements": "#333333",
}

_FONT: Final = {"font_name": "Arial", "font_size": 9}


class Styles:
    """Makes each format once.

    Parameters
    ----------
    book : xlsxwriter.Workbook
        File being written.
    """

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Format] = {}
        default = book.formats[0]
        default.set_font_name("Arial")
        default.set_font_size(9)

    def make(self, **properties: object) -> Format:
        """Return the format of some properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(_FONT | properties)
        return self._made[key]

    def cell(self, style: str, role: str, *, is_total: bool = False) -> Format:
        """Return the format of a number by its style and role."""
        properties: dict[str, object] = {"num_format": NUMBER_FORMATS[style]}
        colour = ROLE_COLOURS.get(role)
        if colour is not None:
            properties |= {"bg_color": colour, "pattern": 1}
        if role == "input":
            properties["font_color"] = "#0B3D91"
        if is_total:
            properties["bold"] = True
        return self.make(**properties)

    def text(self, *, is_input: bool = False, **properties: object) -> Format:
        """Return a format of words; words of others never turn into formulas."""
        if is_input:
            properties = properties | {"quote_prefix": True}
        return self.make(num_format=NUMBER_FORMATS["text"], **properties)

    def heading(self, depth: int) -> Format:
        """Return the format of words over a group of lines."""
        if depth == 1:
            return self.text(bold=True, font_size=10, bottom=1, quote_prefix=True)
        return self.text(italic=True, font_color="#444444", quote_prefix=True)
