# SPDX-License-Identifier: Apache-2.0
"""Words of messages: numbers as text, nearest names.

What does not belong here: anything that knows a record or a file.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "listed", "number_text"]


def number_text(value: float, unit: str = "") -> str:
    """Return a number with its unit, as a message shows it.

    Parameters
    ----------
    value : float
        Number. [`unit`]
    unit : str
        Unit; shares and ratios have none worth showing.

    Examples
    --------
    >>> number_text(-20.0, "MW")
    '-20 MW'
    """
    text = format(value, ".12g")
    return text if unit in {"", "ratio", "share 0-1"} else f"{text} {unit}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question that names the nearest known word, or nothing.

    Parameters
    ----------
    name : str
        Word that was written.
    known : iterable of str
        Words that exist.

    Examples
    --------
    >>> did_you_mean("lead_time_month", ["lead_time_months", "mw"])
    "Did you mean 'lead_time_months'? "
    """
    nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {nearest[0]!r}? " if nearest else ""


def listed(names: Iterable[str]) -> str:
    """Return names in order, parted by commas; 'none' if there are none.

    Parameters
    ----------
    names : iterable of str
        Names to list.
    """
    return ", ".join(sorted(names)) or "none"
