# SPDX-License-Identifier: Apache-2.0
"""Running sums: what each block adds to the rows that other blocks close.

A block (fleet, plant, offers) adds ``coefficient x variable`` to a site's mined BTC,
operating cash, capex, depreciation, end value or use of space; the capacity, tax,
treasury, hurdle and objective blocks then turn the sums into constraints. Money is in
USD millions here and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pyomo.core.expr.numeric_expr import LinearExpression, MonomialTermExpression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.arrays import FloatArray
    from models.depreciation import WriteOff

__all__ = [
    "USD_PER_USD_M",
    "Expression",
    "Interval",
    "Sums",
    "Terms",
    "Variable",
    "linear",
]

USD_PER_USD_M: Final = 1e6

Variable: TypeAlias = Any
"""A Pyomo variable; Pyomo ships no types."""
Expression: TypeAlias = Any
"""A Pyomo linear expression or a number."""


def linear(
    terms: Sequence[tuple[float, Variable]], constant: float = 0.0
) -> Expression:
    """Return ``sum of coefficient x variable + constant``.

    Made in one piece, several times faster than by adding term after term.
    """
    if not terms:
        return constant
    parts: list[Any] = [MonomialTermExpression(term) for term in terms]
    if constant:
        parts.append(constant)
    return LinearExpression(parts)


class Terms:
    """Sparse linear forms by key, with a constant each."""

    def __init__(self) -> None:
        self._terms: dict[Any, list[tuple[float, Variable]]] = defaultdict(list)
        self._constants: dict[Any, float] = defaultdict(float)

    def add(self, key: object, coefficient: float, variable: Variable) -> None:
        """Add one term; exact zeros are dropped here, once, so no row carries them."""
        if coefficient != 0.0:
            self._terms[key].append((float(coefficient), variable))

    def add_constant(self, key: object, value: float) -> None:
        """Add a number."""
        self._constants[key] += float(value)

    def add_series(
        self, place: str, series: FloatArray, variable: Variable, since: int = 0
    ) -> None:
        """Add a monthly series, keys ``(place, period)`` from `since` on."""
        terms = self._terms
        for period, value in enumerate(series.tolist(), since):
            if value:
                terms[place, period].append((value, variable))

    def expression(self, key: object, *more: tuple[float, Variable]) -> Expression:
        """Return the linear form of a key, and more terms; a number without any."""
        terms = self._terms.get(key, [])
        return linear([*terms, *more], self._constants.get(key, 0.0))

    def parts(self, key: object) -> list[tuple[float, Variable]]:
        """Return coefficients and variables of a key, without its constant."""
        return list(self._terms.get(key, ()))

    def constant(self, key: object) -> float:
        """Return the number that stands beside a key's variables."""
        return self._constants.get(key, 0.0)

    def has(self, key: object) -> bool:
        """Whether any variable was added under a key."""
        return bool(self._terms.get(key))


@dataclass(frozen=True, slots=True)
class Interval:
    """Facility MW that a variable takes up from a period up to another.

    One that only carries on what another began, or goes on in another, says so: rows
    stand where use may rise or what is at hand may fall.
    """

    since: int
    until: int
    mw: float
    variable: Variable
    begins: bool = True
    ends: bool = True


@dataclass(slots=True)
class Sums:
    """All running sums of a model, keys ``(site, period)`` unless said."""

    mined_btc: Terms = field(default_factory=Terms)
    operating_usd_m: Terms = field(default_factory=Terms)
    """Taxed cash besides mined BTC: resale proceeds included."""
    capex_usd_m: Terms = field(default_factory=Terms)
    """Untaxed payments, positive when paid."""
    financed_usd_m: Terms = field(default_factory=Terms)
    """Payments that debt may finance; keys: ("machine", period), ("gpu", period) and
    ("project", site, period)."""
    depreciation_usd_m: Terms = field(default_factory=Terms)
    early_relief_usd_m: Terms = field(default_factory=Terms)
    """Tax saved by the horizon by write-off ahead of straight line; key: site."""
    terminal_usd_m: Terms = field(default_factory=Terms)
    """End-of-horizon values; key: site."""
    used_mw: dict[tuple[str, str], list[Interval]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Use of space; key: (site, shell kind)."""
    line_mw_months: Terms = field(default_factory=Terms)
    """MW-months used; keys: ("line", name), ("site", name) and (site, line), each also
    with "new" before it for what is newly taken on."""
    sold_eh_s: Terms = field(default_factory=Terms)
    """Used hashrate sold; key: period."""
    gpu_pool: dict[tuple[str, str], list[Interval]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """GPUs at hand (`mw` holds GPUs); key: (site, family)."""
    gpu_leased: dict[tuple[str, str], list[Interval]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """GPUs leased out (`mw` holds GPUs); key: (site, family)."""

    def add_write_off(self, place: str, written: WriteOff, variable: Variable) -> None:
        """Add the write-off of an asset per unit of a variable [USD m]."""
        self.depreciation_usd_m.add_series(place, written.monthly_usd, variable)
        self.early_relief_usd_m.add(place, written.early_relief_usd, variable)

    def use(
        self,
        site: str,
        kind: str,
        line: str,
        interval: Interval,
        n_periods: int,
        *,
        is_new: bool,
    ) -> None:
        """Record that a variable takes up space.

        Parameters
        ----------
        site, kind, line : str
            Where, in which shell, for which line.
        interval : Interval
            How much, from when to when.
        n_periods : int
            Horizon. [months]
        is_new : bool
            Whether it was taken on by the plan and did not stand at its start.
        """
        self.used_mw[site, kind].append(interval)
        months = min(interval.until, n_periods) - interval.since
        keys: list[tuple[str, ...]] = [("line", line), ("site", site), (site, line)]
        if is_new:
            keys += [("new", *key) for key in keys]
        for key in keys:
            self.line_mw_months.add(key, interval.mw * months, interval.variable)
