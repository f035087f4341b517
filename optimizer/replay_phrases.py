# SPDX-License-Identifier: Apache-2.0
"""Pieces of sentences: amounts, counts, capitals.

What does not belong here: what the sentences say (`optimizer.replay_words`,
`optimizer.replay_event_words`).
"""

from __future__ import annotations

from typing import Final

__all__ = ["capital", "count_of_months", "money"]

_MILLION: Final = 1e6
_LEAST_MILLIONS: Final = 0.01
"""Smaller amounts are said in USD."""


def money(usd: float, *, signed: bool = False) -> str:
    """Return an amount in millions with three digits or more, a small one in USD.

    Parameters
    ----------
    usd : float
        Amount. [USD]
    signed : bool
        Write a plus as well.
    """
    millions = usd / _MILLION
    if abs(millions) < _LEAST_MILLIONS:
        return f"{round(usd) + 0:{'+' if signed else ''},} USD"
    places = 0 if abs(millions) >= 100.0 else 1 if abs(millions) >= 10.0 else 2
    text = f"{millions:{'+' if signed else ''},.{places}f}"
    return f"{text} USD m"


def count_of_months(count: int) -> str:
    """Return a number of months in words."""
    return "one month" if count == 1 else f"{count} months"


def capital(text: str) -> str:
    """Return a text with its first letter in capitals."""
    return text[:1].upper() + text[1:]
