# SPDX-License-Identifier: Apache-2.0
"""Numbers, months and lists as a reader of the report sees them.

What does not belong here: which numbers there are, and HTML.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "LINE_LABELS",
    "MINUS",
    "NOTHING",
    "amount",
    "btc",
    "count",
    "full_month",
    "joined",
    "megawatts",
    "months_long",
    "percent",
    "sentence",
    "short_month",
    "usd",
    "usd_m",
]

MINUS: Final = "\u2212"
NOTHING: Final = "\u2013"

LINE_LABELS: Final = {
    "self_mining": "self-mining",
    "hosting": "hosting",
    "gpu_leasing": "GPU leasing",
}
"""Names of the business lines inside a sentence."""

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_USD_PER_USD_M = 1e6


def amount(value: float, decimals: int = 1, *, signed: bool = False) -> str:
    """Return a number with thousands separators and a true minus sign.

    Parameters
    ----------
    value : float
        Number; NaN and infinities show as a dash. [any]
    decimals : int
        Digits after the point. [digits]
    signed : bool
        Whether a positive number gets a plus.
    """
    if not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{decimals}f}"
    is_zero = not any(digit in text for digit in "123456789")
    if is_zero:
        return text
    if value < 0:
        return MINUS + text
    return f"+{text}" if signed else text


def usd_m(value_usd: float, decimals: int = 1, *, signed: bool = False) -> str:
    """Return money in millions, such as ``USD 216.3m``.

    Parameters
    ----------
    value_usd : float
        Amount. [USD]
    decimals : int
        Digits after the point. [digits]
    signed : bool
        Whether a positive amount gets a plus.
    """
    if not math.isfinite(value_usd):
        return NOTHING
    text = amount(abs(value_usd) / _USD_PER_USD_M, decimals)
    is_zero = not any(digit in text for digit in "123456789")
    sign = ""
    if not is_zero:
        sign = MINUS if value_usd < 0 else "+" if signed else ""
    return f"{sign}USD {text}m"


def usd(value_usd: float, decimals: int = 0) -> str:
    """Return money in dollars, such as ``USD 81,072``.

    Parameters
    ----------
    value_usd : float
        Amount. [USD]
    decimals : int
        Digits after the point. [digits]
    """
    if not math.isfinite(value_usd):
        return NOTHING
    sign = MINUS if value_usd < 0 else ""
    return f"{sign}USD {amount(abs(value_usd), decimals)}"


def percent(share_frac: float, decimals: int = 1) -> str:
    """Return a share in per cent.

    Parameters
    ----------
    share_frac : float
        Share. [share 0-1]
    decimals : int
        Digits after the point. [digits]
    """
    if not math.isfinite(share_frac):
        return NOTHING
    return f"{amount(100.0 * share_frac, decimals)}%"


def megawatts(power_mw: float) -> str:
    """Return power, with a decimal only where it says something.

    Parameters
    ----------
    power_mw : float
        Power. [MW]
    """
    is_rough = abs(power_mw) >= 100 or abs(power_mw - round(power_mw)) < 0.05
    return f"{amount(power_mw, 0 if is_rough else 1)} MW"


def btc(coins_btc: float) -> str:
    """Return an amount of BTC.

    Parameters
    ----------
    coins_btc : float
        Amount. [BTC]
    """
    return f"{amount(coins_btc, 0 if abs(coins_btc) >= 100 else 1)} BTC"


def count(number: int, word: str) -> str:
    """Return a number with its noun in singular or plural.

    Parameters
    ----------
    number : int
        How many. [unitless]
    word : str
        Noun in singular.
    """
    if number == 1:
        return f"1 {word}"
    ending = f"{word[:-1]}ies" if word.endswith("y") and word[-2] not in "aeiou" else ""
    return f"{number:,} {ending or word + 's'}"


def full_month(month: str) -> str:
    """Return ``March 2027`` for ``2027-03``."""
    year, number = month.split("-")
    return f"{_MONTHS[int(number) - 1]} {year}"


def short_month(month: str) -> str:
    """Return ``Mar 2027`` for ``2027-03``."""
    year, number = month.split("-")
    return f"{_MONTHS[int(number) - 1][:3]} {year}"


def months_long(duration_months: float) -> str:
    """Return a duration: months up to two years, then years.

    Parameters
    ----------
    duration_months : float
        Duration. [months]
    """
    if not math.isfinite(duration_months):
        return "never"
    if duration_months < 24:
        return count(round(duration_months), "month")
    return f"{amount(duration_months / 12.0, 1)} years"


def joined(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def sentence(text: str) -> str:
    """Return a text with a capital at its start and a full stop at its end."""
    text = text.strip()
    if not text:
        return ""
    ending = "" if text.endswith((".", "!", "?", ":")) else "."
    return text[0].upper() + text[1:] + ending
