# SPDX-License-Identifier: Apache-2.0
"""The plan over sampled scenarios, as the run's summary and distributions say it.

Rows of scenarios are not needed: a report is the same whether they were kept or not.
What does not belong here: how figures are shown (`optimizer.report.figures`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gpu.statistics.distribution import Distribution, JointDistribution
from gpu.statistics.intervals import Interval
from optimizer.report.exhibit import Fold
from optimizer.report.formats import percent
from optimizer.report.table import Cell, Table, number, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Exact", "Scores", "exactness", "range_words"]

_NOTHING: Final = Distribution(np.zeros(0), np.zeros(0), np.zeros(0))
_UNITS: Final = {"_usd": ("USD m", 1e-6), "_per_year": ("% a year", 100.0)}
_SHARE: Final = ("%", 100.0)
_SINGLE: Final = {"mean", "cvar_95"}


@dataclass(frozen=True, slots=True)
class Scores:
    """The plan over sampled scenarios.

    Parameters
    ----------
    record : mapping
        Key ``score`` of the run's summary, see `optimizer.score_summary`.
    distributions : mapping of str to Distribution
        How outcomes are spread, by column; empty in runs of old.
    joints : tuple of JointDistribution
        How pairs of outcomes are.
    """

    record: Mapping[str, Any]
    distributions: Mapping[str, Distribution] = field(default_factory=dict)
    joints: tuple[JointDistribution, ...] = ()

    @property
    def n_scenarios(self) -> int:
        """Scenarios scored."""
        return int(self.record["n_scenarios"])

    @property
    def seed(self) -> int:
        """Seed of their draws."""
        return int(self.record["seed"])

    @property
    def note(self) -> str:
        """How many scenarios there are, their seed, and how they were drawn."""
        rule = self.record.get("rule") or {}
        method = str(rule.get("method", "plain"))
        drawn = "" if method == "plain" else f", {_METHODS.get(method, method)}"
        return f"{self.n_scenarios:,} sampled scenarios, seed {self.seed}{drawn}."

    def has(self, column: str) -> bool:
        """Return whether a column was scored, and how it is spread is known."""
        return bool(self.distributions) and column in self.record["columns"]

    def spread(self, column: str) -> Distribution:
        """Return how a column is spread; empty where no scenario has an outcome."""
        return self.distributions.get(column, _NOTHING)

    def chance(self, event: str) -> Interval:
        """Return the share of scenarios with an event [share 0-1], with its interval.

        Parameters
        ----------
        event : str
            Name among ``probabilities`` of the summary.

        Raises
        ------
        KeyError
            If there is no such event.
        """
        ends = (self.record.get("probability_ranges") or {}).get(event) or (None, None)
        return _interval(self.record["probabilities"][event], *ends)

    def figure(self, column: str, statistic: str) -> Interval:
        """Return a figure of a column [same as outcomes], with its interval.

        Parameters
        ----------
        column : str
            Column.
        statistic : str
            ``mean``, ``cvar_95``, or ``p01`` to ``p99``.

        Raises
        ------
        KeyError
            If there is no such figure.
        """
        kept = self.record["columns"][column]
        if statistic in _SINGLE:
            names = (statistic, f"{statistic}_low", f"{statistic}_high")
            return _interval(*(kept.get(name) for name in names))
        keys = ("quantiles", "quantiles_low", "quantiles_high")
        return _interval(*((kept.get(key) or {}).get(statistic) for key in keys))


_METHODS: Final = {
    "antithetic": "in mirrored pairs",
    "sobol": "at scrambled Sobol points",
    "importance": "half of them drawn toward shortfalls of cash and weighted",
}


@dataclass(frozen=True, slots=True)
class Exact:
    """A figure and how exact it is.

    Parameters
    ----------
    measure, statistic : str
        What it is of, and which it is, for people.
    unit : str
        End of the name of its column, ``_usd`` or ``_per_year``; empty for shares.
    interval : Interval
        Figure and its 95 % confidence interval. [same as outcomes]
    """

    measure: str
    statistic: str
    unit: str
    interval: Interval


def exactness(table_id: str, figures: Iterable[Exact]) -> Fold:
    """Return a table of figures with their 95 % confidence intervals.

    Parameters
    ----------
    table_id : str
        Identifier of the table.
    figures : iterable of Exact
        Figures.
    """
    columns = (
        text("measure", "Measure"),
        text("statistic", "Figure"),
        text("unit", "Unit"),
        number("value", "Value", decimals=2),
        number("low", "From", "95 %", decimals=2),
        number("high", "To", "95 %", decimals=2),
    )
    rows = tuple(_row(one) for one in figures)
    title = "How exact these figures are: 95% confidence intervals"
    return Fold(title, (Table(table_id, "Confidence intervals", columns, rows),))


def range_words(chance: Interval) -> str:
    """Return the interval of a share in words, such as ``95%: 1.1% to 1.3%``.

    Parameters
    ----------
    chance : Interval
        Share and its interval. [share 0-1]
    """
    if not math.isfinite(chance.high - chance.low):
        return ""
    return f"95%: {percent(chance.low)} to {percent(chance.high)}"


def _row(one: Exact) -> tuple[Cell, ...]:
    unit, scale = _UNITS.get(one.unit, _SHARE)
    ends = (one.interval.value, one.interval.low, one.interval.high)
    cells = (scale * end if math.isfinite(end) else None for end in ends)
    return (one.measure, one.statistic, unit, *cells)


def _interval(value: object, low: object, high: object) -> Interval:
    """Return a figure as JSON has it: nothing is NaN, or an end at infinity."""
    return Interval(
        _number(value, math.nan), _number(low, -math.inf), _number(high, math.inf)
    )


def _number(value: object, other: float) -> float:
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_number else other  # type: ignore[arg-type]
