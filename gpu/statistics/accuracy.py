# SPDX-License-Identifier: Apache-2.0
"""How exact a figure is to be before sampling ends, written as a text.

Such as ``"cvar95 +- 0.5 %"``, ``"gain mean +- 1e6 USD"`` or ``"prob margin call +- 0.2
pp"``. What does not belong here: confidence intervals (`gpu.statistics.intervals`),
sampling (`gpu.scoring.score`).
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.errors import ConfigError, Fault

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Accuracy", "Reached", "parse_accuracy", "shown_unit"]

FILE: Final = "--until"
EXAMPLE: Final = 'Example: "cvar95 +- 0.5 %", "npv mean +- 1e6 USD".'
SPLIT: Final = re.compile(r"\s*(?:\+\s*/?\s*-|±)\s*")
AMOUNT: Final = re.compile(r"([0-9.eE+-]+)\s*(.*)")

COLUMNS: Final = {
    "npv": "npv_usd",
    "gain": "incremental_npv_usd",
    "cash": "min_cash_usd",
    "equity": "equity_usd",
}
"""Short names of columns; any column's own name is taken too."""
STATISTICS: Final = {
    "mean": "mean",
    "cvar": "cvar_95",
    "cvar95": "cvar_95",
    "cvar_95": "cvar_95",
    **{
        f"p{share:02d}": f"p{share:02d}" for share in (1, 5, 10, 25, 50, 75, 90, 95, 99)
    },
}
EVENTS: Final = {
    "margin call": "margin_call_frac",
    "liquidation": "liquidation_frac",
    "cash shortfall": "equity_needed_frac",
    "loss": "npv_negative_frac",
    "below baseline": "npv_below_baseline_frac",
}
"""Short names of events; any probability's own name is taken too."""
UNITS: Final = {
    "usd per btc": ("_usd_per_btc", 1.0),
    "usd": ("_usd", 1.0),
    "usd m": ("_usd", 1e6),
    "btc": ("_btc", 1.0),
    "months": ("_months", 1.0),
    "pp": ("_frac", 0.01),
}
"""Units of an absolute half width: what the figure's name ends with, and size."""
SHOWN: Final = {
    "_usd_per_btc": (" USD per BTC", 1.0),
    "_usd": (" USD m", 1e6),
    "_btc": (" BTC", 1.0),
    "_months": (" months", 1.0),
    "_per_year": (" % a year", 0.01),
    "_frac": (" %", 0.01),
}
"""How figures are shown to people: what their names end with, unit and size."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """A figure and the half width of its 95 % confidence interval that is asked for.

    Parameters
    ----------
    text : str
        As the user wrote it.
    name : str
        Column of the scores, or with the statistic ``probability`` the name of the
        share of scenarios.
    statistic : str
        ``mean``, ``p01`` to ``p99``, ``cvar_95`` or ``probability``.
    half_width : float
        Half width, in the figure's unit or as a share of it. [same as figure, share]
    is_relative : bool
        Whether it is a share of the figure.
    """

    text: str
    name: str
    statistic: str
    half_width: float
    is_relative: bool

    def allowed(self, value: float) -> float:
        """Return the half width asked for at a value of the figure [same]."""
        return self.half_width * abs(value) if self.is_relative else self.half_width

    def check(self, columns: Collection[str], probabilities: Collection[str]) -> None:
        """Refuse a figure that the scores will not have.

        Parameters
        ----------
        columns, probabilities : collection of str
            Names that the scores will have.

        Raises
        ------
        ConfigError
            If the figure is none of them.
        """
        is_event = self.statistic == "probability"
        known, words = (probabilities, EVENTS) if is_event else (columns, COLUMNS)
        if self.name in known:
            return
        near = difflib.get_close_matches(self.name, list(known), n=1)
        action = f"Did you mean {near[0]}?" if near else "Ask for another figure."
        short = [word for word, name in words.items() if name in known]
        listed = ", ".join([*short, *sorted(set(known) - set(words.values()))])
        allowed = f"must be one of {listed}."
        if self.name in words.values():
            allowed = f"is not to be had of this study and plan. There are {listed}."
            action = "Ask for another figure."
        raise ConfigError([_fault(self.name, allowed, action)])


@dataclass(frozen=True, slots=True)
class Reached:
    """How exact the figure was when sampling ended.

    Parameters
    ----------
    text : str
        What was asked for.
    is_reached : bool
        Whether it was reached; else the scenarios allowed were used up.
    value : float
        The figure. [same as figure]
    half_width, allowed : float
        Half width of its 95 % confidence interval, and what was asked for. [same]
    n_scenarios, n_allowed : int
        Scenarios scored, and allowed. [unitless]
    """

    text: str
    is_reached: bool
    value: float
    half_width: float
    allowed: float
    n_scenarios: int
    n_allowed: int


def parse_accuracy(text: str) -> Accuracy:
    """Return the accuracy that a text asks for.

    Parameters
    ----------
    text : str
        A figure, ``+-`` and an amount with its unit: ``%`` of the figure, or ``USD``,
        ``USD m``, ``BTC``, ``months``, ``pp`` as fits the figure. The figure is a
        statistic (``mean``, ``p05``, ``cvar95``) of NPV, or with a column before it
        of that; or ``prob`` and an event.

    Returns
    -------
    Accuracy
        Not yet known to be a figure of the scores, see `Accuracy.check`.

    Raises
    ------
    ConfigError
        With what is wrong with the text.
    """
    sides = SPLIT.split(text.strip(), maxsplit=1)
    if len(sides) != 2 or not sides[0]:
        allowed = "must be a figure, +- and an amount with its unit."
        raise ConfigError([_fault(text, allowed, EXAMPLE)])
    name, statistic = _figure(" ".join(sides[0].lower().split()))
    half_width, is_relative = _amount(sides[1], name)
    return Accuracy(" ".join(text.split()), name, statistic, half_width, is_relative)


def shown_unit(text: str) -> tuple[str, float]:
    """Return the unit in which the figure of an accuracy is shown, and its size.

    Parameters
    ----------
    text : str
        As `parse_accuracy` takes it.

    Returns
    -------
    tuple of str and float
        Such as ``" USD m"`` and 1e6; nothing and 1 where the name has no unit. [mixed]
    """
    name = parse_accuracy(text).name
    return next((SHOWN[end] for end in SHOWN if name.endswith(end)), ("", 1.0))


def _figure(words: str) -> tuple[str, str]:
    """Return column and statistic, or probability and the word for that."""
    for start in ("prob of ", "prob ", "p(", "probability of "):
        if words.startswith(start):
            event = words.removeprefix(start).removesuffix(")").removeprefix("a ")
            own = event.replace(" ", "_").removesuffix("_frac") + "_frac"
            return EVENTS.get(event, own), "probability"
    column, _, statistic = words.rpartition(" ")
    if statistic not in STATISTICS:
        near = difflib.get_close_matches(statistic, STATISTICS, n=1)
        action = f"Did you mean {near[0]}?" if near else EXAMPLE
        allowed = f"must end with one of {', '.join(STATISTICS)}, or begin with prob."
        raise ConfigError([_fault(words, allowed, action)])
    column = column or "npv"
    return COLUMNS.get(column, column.replace(" ", "_")), STATISTICS[statistic]


def _amount(text: str, name: str) -> tuple[float, bool]:
    """Return a half width and whether it is a share of the figure."""
    match = AMOUNT.fullmatch(text.strip())
    try:
        size = float(match[1]) if match else math.nan
    except ValueError:
        size = math.nan
    unit = " ".join(match[2].lower().split()) if match else ""
    if not (0.0 < size < math.inf):
        allowed = "must be a number above 0 and its unit."
        raise ConfigError([_fault(text, allowed, EXAMPLE)])
    if unit == "%":
        return size / 100.0, True
    fitting = _units_of(name)
    if unit in fitting:
        return size * UNITS[unit][1], False
    if not fitting:
        allowed = (
            "must be an amount in %: the name of the figure before it ends in no unit. "
            f"Short names are {', '.join(COLUMNS)}; any column's own name is taken."
        )
        raise ConfigError([_fault(text, allowed, EXAMPLE)])
    shown = (w.replace("usd", "USD").replace("btc", "BTC") for w in fitting)
    units = ", ".join(["%", *shown])
    allowed = f"must have a unit that fits {name}: {units}."
    raise ConfigError([_fault(text, allowed, EXAMPLE)])


def _units_of(name: str) -> list[str]:
    """Return the units that fit a figure: those of the longest ending of its name."""
    ends = {end for end, _ in UNITS.values() if name.endswith(end)}
    longest = max(ends, key=len, default="")
    return [word for word, (end, _) in UNITS.items() if end == longest]


def _fault(value: str, allowed: str, action: str) -> Fault:
    return Fault(FILE, "", value, allowed, action)
