# SPDX-License-Identifier: Apache-2.0
"""One future as tables for people: by month or quarter, by line, by driver.

What does not belong here: the figures (`optimizer.replay`), printing
(`optimizer.commands.replay`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from optimizer.replay_event_words import event_rows
from optimizer.replay_lines import LINE_LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.arrays import FloatArray
    from optimizer.replay import Replay

__all__ = ["Table", "replay_tables"]

_MILLION: Final = 1e6
_MONTHS_SHOWN: Final = 36
"""Longer studies are shown by quarter."""
_PLACES: Final = 2
_SHOWN: Final = ((0, 1000.0), (1, 10.0), (_PLACES, 0.0))
"""Places of numbers from a size on."""
_LEAST_USD: Final = 0.5

_Column: TypeAlias = "tuple[str, list[float | None]]"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: title, headings with units, rows.

    Parameters
    ----------
    title : str
        Line above it.
    headings : tuple of str
        One per column.
    rows : tuple of tuple
        Cells; None where there is nothing.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def replay_tables(found: Replay) -> tuple[Table, ...]:
    """Return a future as tables.

    Parameters
    ----------
    found : Replay
        The future.

    Returns
    -------
    tuple of Table
        Bitcoin, power and GPUs, results, treasury; events; present values by line and
        by driver. Rows are months up to 36 of them, calendar quarters of longer
        studies: means of prices, the lowest low, sums of flows, balances at the end.
    """
    shown = _Shown(found)
    tables = (
        shown.bitcoin(),
        shown.power_and_gpus(),
        shown.results(),
        shown.treasury(),
        Table("Events", ("month", "event", "figures"), event_rows(found)),
        _by_line(found),
        _by_driver(found),
    )
    return tuple(table for table in tables if table.rows and len(table.headings) > 1)


class _Shown:
    """A future and the spans of months that its rows stand for."""

    def __init__(self, found: Replay) -> None:
        self.found, self.columns = found, found.columns
        self.spans = _spans(found.months)
        self.heading = "month" if len(self.spans) == len(found.months) else "quarter"

    def bitcoin(self) -> Table:
        """Return price, network, hash price and fees."""
        columns = [
            ("BTC, USD", self.by("btc_price_usd", places=0)),
            ("x base", self.over("btc_price_usd")),
            ("low, USD", self.by("btc_low_usd", np.min, places=0)),
            ("network, EH/s", self.by("network_eh_s", places=0)),
            ("x base", self.over("network_eh_s")),
            ("USD/PH/day", self.by("hashprice_usd_per_ph_day")),
            ("x base", self.over("hashprice_usd_per_ph_day")),
            ("fees, %", self.by("fee_share_frac", unit=0.01)),
            ("base, %", self.by("base_fee_share_frac", unit=0.01)),
            ("BTC mined", self.by("mined_btc", np.sum)),
            ("base", self.by("base_mined_btc", np.sum)),
        ]
        if self.columns["possible_mining_mwh"].any():
            columns += [
                ("standing by, %", self.idle("")),
                ("base, %", self.idle("base_")),
            ]
        return self.table("Bitcoin; base: the base path", columns)

    def power_and_gpus(self) -> Table:
        """Return power over its base path by site, rent and use of GPUs."""
        columns: list[_Column] = []
        for name in self.columns:
            if name.startswith("power_"):
                site = name.removeprefix("power_").removesuffix("_over_base_ratio")
                columns.append((f"power {site}, x base", self.by(name)))
        for name in self.columns:
            if name.startswith("gpu_") and name.endswith("_rent_usd_per_gpu_h"):
                gpu = name.removeprefix("gpu_").removesuffix("_rent_usd_per_gpu_h")
                used = f"gpu_{gpu}_utilisation_frac"
                columns += [
                    (f"{gpu}, USD/GPU-h", self.by(name)),
                    ("x base", self.over(name)),
                    (f"{gpu} use, %", self.by(used, unit=0.01)),
                    ("base, %", self.by(f"base_{used}", unit=0.01)),
                ]
        return self.table("Power and GPUs", columns)

    def results(self) -> Table:
        """Return each line's result and its distance from the base path."""
        columns: list[_Column] = []
        for line in self.found.lines_in_use:
            if line in {"treasury", "financing"}:
                continue
            here = self.sums(f"{line}_usd")
            base = self.sums(f"base_{line}_usd")
            columns += [
                (LINE_LABELS[line], [_rounded(usd / _MILLION) for usd in here]),
                (
                    "less base",
                    [
                        _rounded((usd - usual) / _MILLION)
                        for usd, usual in zip(here, base, strict=True)
                    ],
                ),
            ]
        title = "Results, USD m, and less the base path's; nothing left at the horizon"
        return self.table(title, columns)

    def treasury(self) -> Table:
        """Return cash, BTC and loan, calls and what kept the floor."""
        columns = [
            ("cash", self.by("cash_usd", _last, _MILLION)),
            ("base", self.by("base_cash_usd", _last, _MILLION)),
            ("free BTC", self.by("free_btc", _last)),
            ("pledged BTC", self.by("pledged_btc", _last)),
            ("BTC sold", self.by("sold_btc", np.sum)),
        ]
        if self.columns["loan_usd"].any() or self.columns["low_ltv_frac"].any():
            columns += [
                ("loan", self.by("loan_usd", _last, _MILLION)),
                ("LTV at low, %", self.by("low_ltv_frac", np.max, 0.01)),
            ]
        for heading, name, unit in (
            ("call: cash", "call_cash_usd", _MILLION),
            ("call: BTC pledged", "call_pledged_btc", 1.0),
            ("call: BTC sold", "call_sold_btc", 1.0),
            ("BTC liquidated", "liquidated_btc", 1.0),
            ("floor: BTC sold", "floor_sold_btc", 1.0),
            ("equity", "equity_usd", _MILLION),
        ):
            if self.columns[name].any():
                columns.append((heading, self.by(name, np.sum, unit)))
        if self.columns["debt_usd"].any():
            columns.append(("other debt", self.by("debt_usd", _last, _MILLION)))
        return self.table("Treasury: money in USD m, balances at the end", columns)

    def by(
        self,
        name: str,
        how: Callable[[FloatArray], object] = np.mean,
        unit: float = 1.0,
        *,
        places: int = _PLACES,
    ) -> list[float | None]:
        """Return a column over the spans; None where there is nothing."""
        values = (
            float(how(self.columns[name][span])) / unit  # type: ignore[arg-type]
            for span in self.spans.values()
        )
        return [_rounded(value, places) for value in values]

    def sums(self, name: str) -> list[float]:
        """Return the sums of a column over the spans."""
        return [float(self.columns[name][span].sum()) for span in self.spans.values()]

    def over(self, name: str) -> list[float | None]:
        """Return sums of a column over those of its base path [ratio]."""
        pairs = zip(self.sums(name), self.sums(f"base_{name}"), strict=True)
        return [_rounded(here / base) if base else None for here, base in pairs]

    def idle(self, prefix: str) -> list[float | None]:
        """Return the share of mining energy that stands by over the spans [%]."""
        run = self.sums(f"{prefix}mining_mwh")
        possible = self.sums(f"{prefix}possible_mining_mwh")
        return [
            _rounded(100.0 * (1.0 - used / most)) if most else None
            for used, most in zip(run, possible, strict=True)
        ]

    def table(self, title: str, columns: Sequence[_Column]) -> Table:
        """Return columns as a table with the spans at its side."""
        rows = zip(self.spans, *(values for _, values in columns), strict=True)
        headings = (self.heading, *(heading for heading, _ in columns))
        return Table(title, headings, tuple(rows))


def _spans(months: tuple[str, ...]) -> dict[str, slice]:
    """Return rows to show: months, or calendar quarters of a long study."""
    if len(months) <= _MONTHS_SHOWN:
        return {month: slice(t, t + 1) for t, month in enumerate(months)}
    spans: dict[str, slice] = {}
    for place, month in enumerate(months):
        year, number = month.split("-")
        label = f"{year}Q{(int(number) + 2) // 3}"
        start = spans[label].start if label in spans else place
        spans[label] = slice(start, place + 1)
    return spans


def _by_line(found: Replay) -> Table:
    rows: list[tuple[object, ...]] = [
        (
            line.label,
            *_millions(
                line.npv_usd, line.base_npv_usd, line.delta_npv_usd, line.horizon_usd
            ),
        )
        for line in found.lines
        if line.line in found.lines_in_use
    ]
    left = sum(line.horizon_usd for line in found.lines)
    delta = found.npv_usd - found.base_npv_usd
    rows.append(("NPV", *_millions(found.npv_usd, found.base_npv_usd, delta, left)))
    headings = (
        "present value, USD m",
        "here",
        "base path",
        "less base",
        "left at horizon",
    )
    return Table("By line; mined BTC at the price of its month", headings, tuple(rows))


def _by_driver(found: Replay) -> Table:
    lines = found.lines_in_use
    rows: list[tuple[object, ...]] = [
        (
            step.label,
            *_millions(step.delta_npv_usd, *(step.by_line_usd[n] for n in lines)),
        )
        for step in found.drivers
        if max(abs(usd) for usd in step.by_line_usd.values()) > _LEAST_USD
    ]
    whole = [sum(step.by_line_usd[name] for step in found.drivers) for name in lines]
    if rows:
        total = sum(step.delta_npv_usd for step in found.drivers)
        rows.append(("in all", *_millions(total, *whole)))
    labels = (LINE_LABELS[line] for line in lines)
    return Table(
        "By driver: NPV less NPV with its base path, one after the other, USD m",
        ("driver", "NPV", *labels),
        tuple(rows),
    )


def _millions(*usd: float) -> tuple[float | None, ...]:
    return tuple(_rounded(one / _MILLION) for one in usd)


def _rounded(value: float, places: int = _PLACES) -> float | None:
    """Return a number for people, never minus zero; None for none."""
    if not np.isfinite(value):
        return None
    if not places:
        return round(value)
    # Once, to the places that are shown: half a unit must not be rounded up twice.
    shown = next(n for n, least in _SHOWN if abs(value) >= least)
    return round(value, min(places, shown)) + 0.0


def _last(values: FloatArray) -> float:
    return float(values[-1])
