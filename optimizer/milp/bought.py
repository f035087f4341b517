# SPDX-License-Identifier: Apache-2.0
"""Bought machines by family and site: what they earn together, not one by one.

Machines of a family draw the same power whatever their age, and their output wears at
one rate, so a month's flows need two numbers: how many stand, and how many new ones
would give the same output. That leaves each holding column with entries only where it
begins and ends: a quarter of the model's entries and the same relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyomo.environ as pyo

from models.units import MONTHS_PER_YEAR
from optimizer.milp.sums import Interval, linear

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.arrays import FloatArray
    from optimizer.milp.candidates import OrderChoice
    from optimizer.milp.fleet import UnitSeries
    from optimizer.milp.sums import Sums, Variable

__all__ = ["BoughtCohort", "add_bought"]

_ROUNDING: Final = 1e-12
"""Differences under this share of a series are rounding."""
_MOST_WEIGHT: Final = 1e3
"""Where wear is faster than this over the horizon, output stays with each holding."""

Family = tuple[str, str]
Span = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class BoughtCohort:
    """Machines of one order month at a site: what one earns, who comes and goes.

    Parameters
    ----------
    choice : OrderChoice
        Their order, or the one of the same month for the site they moved to.
    unit : UnitSeries
        What one of them earns there.
    comes, goes : list of (int, Variable)
        Lots that come to the site or leave it, by period. [period, lots]
    spells : list of (int, int, Variable)
        Lots that stand there from a period up to another. [period, period, lots]
    """

    choice: OrderChoice
    unit: UnitSeries
    comes: list[tuple[int, Variable]] = field(default_factory=list)
    goes: list[tuple[int, Variable]] = field(default_factory=list)
    spells: list[tuple[int, int, Variable]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Weighted:
    """A cohort and how new it counts."""

    cohort: BoughtCohort
    weight: float

    @property
    def choice(self) -> OrderChoice:
        return self.cohort.choice

    @property
    def unit(self) -> UnitSeries:
        return self.cohort.unit


def add_bought(
    model: Any, bought: Iterable[BoughtCohort], n_periods: int, sums: Sums
) -> None:
    """Add bought machines that stand at a site from change to change, and their flows.

    Rows: ``bought_stand``, thousands that stand = before + come - gone; and
    ``bought_wear``, the same with each cohort weighted by its output over that of the
    family's first one at the same time.
    """
    families: dict[Family, list[_Weighted]] = {}
    for cohort in bought:
        choice = cohort.choice
        cohorts = families.setdefault((choice.model.id, choice.site.id), [])
        weight = 1.0
        if not choice.is_gpu:
            months = choice.live - (cohorts[0].choice.live if cohorts else choice.live)
            keep = 1.0 - choice.model.degradation_per_year  # type: ignore[union-attr]
            weight = _weight(keep, months)
        cohorts.append(_Weighted(cohort, weight))
    spans = {
        (*family, since): until
        for family, cohorts in families.items()
        for since, until in pairwise([*_marks(cohorts, n_periods), n_periods])
    }
    worn = [span for span in spans if _wears(families[span[:2]])]
    model.bought_thousands = pyo.Var(list(spans), domain=pyo.NonNegativeReals)
    model.worn_thousands = pyo.Var(worn, domain=pyo.NonNegativeReals)
    stand, wear = model.bought_thousands, model.worn_thousands
    model.bought_stand = _stock_rows(model, stand, families, worn=False)
    model.bought_wear = _stock_rows(model, wear, families, worn=True)
    for family, cohorts in families.items():
        own = [(s[2], until) for s, until in spans.items() if s[:2] == family]
        _add_flows(model, family, cohorts, own, sums)
        _add_use(model, family, cohorts, own, sums)


def _marks(cohorts: list[_Weighted], n_periods: int) -> list[int]:
    """Return the periods in which machines of a family may come or go, in order."""
    came, gone = _changes(cohorts)
    return sorted(period for period in came | gone if period < n_periods)


def _changes(cohorts: list[_Weighted]) -> tuple[set[int], set[int]]:
    """Return the periods in which machines of a family may come, and may go."""
    came = {period for x in cohorts for period, _ in x.cohort.comes}
    gone = {period for x in cohorts for period, _ in x.cohort.goes}
    return came, gone


def _weight(keep_frac: float, months: int) -> float:
    """Return the output of a machine over that of one `months` older."""
    if months == 0 or keep_frac >= 1.0:
        return 1.0
    return keep_frac ** (-months / MONTHS_PER_YEAR) if keep_frac > 0.0 else np.inf


def _wears(cohorts: list[_Weighted]) -> bool:
    """Whether cohorts of a family differ in output and can be added up by weight."""
    return 1.0 < cohorts[-1].weight <= _MOST_WEIGHT


def _stock_rows(
    model: Any,
    stock: Any,
    families: dict[Family, list[_Weighted]],
    *,
    worn: bool,
) -> Any:
    """Return the rows ``before + come - gone - stock = 0``."""
    terms: dict[Span, list[tuple[float, Variable]]] = {
        span: [(-1.0, stock[span])] for span in stock
    }
    for before, span in pairwise(terms):
        if before[:2] == span[:2]:
            terms[span].append((1.0, stock[before]))
    for family, cohorts in families.items():
        for cohort in cohorts:
            choice = cohort.choice
            if (*family, choice.live) not in terms:
                continue
            size = choice.lot_units / 1e3 * (cohort.weight if worn else 1.0)
            for period, lots in cohort.cohort.comes:
                terms[*family, period].append((size, lots))
            for period, lots in cohort.cohort.goes:
                if (*family, period) in terms:
                    terms[*family, period].append((-size, lots))
    return pyo.Constraint(list(terms), rule=lambda _, *key: (linear(terms[key]), 0.0))


def _add_flows(
    model: Any,
    family: Family,
    cohorts: list[_Weighted],
    spans: list[tuple[int, int]],
    sums: Sums,
) -> None:
    """Add output and operating cash of a family, as its newest cohort has them.

    Where a cohort differs from that (it stands by while newer machines run), the
    difference goes to its own holdings.
    """
    operating = np.zeros_like(cohorts[0].unit.operating_usd_m)
    btc = np.zeros_like(operating)
    wears = _wears(cohorts)
    adds_up = wears or cohorts[-1].weight == 1.0
    for cohort in cohorts:
        live = cohort.choice.live
        operating[live:] = cohort.unit.operating_usd_m[live:]
        if adds_up:
            btc[live:] = cohort.unit.mined_btc[live:] / cohort.weight
    source = model.worn_thousands if wears else model.bought_thousands
    place = family[1]
    for since, until in spans:
        part = slice(since, until)
        stand, made = model.bought_thousands[*family, since], source[*family, since]
        sums.operating_usd_m.add_series(place, operating[part] * 1e3, stand, since)
        sums.mined_btc.add_series(place, btc[part] * 1e3, made, since)
    for cohort in cohorts:
        choice, unit = cohort.choice, cohort.unit
        own_btc = _difference(unit.mined_btc, btc * (cohort.weight if adds_up else 0.0))
        own = _difference(unit.operating_usd_m, operating)
        if not (own_btc.any() or own.any()):
            continue
        for since, until, lots in cohort.cohort.spells:
            part, size = slice(since, until), choice.lot_units
            sums.mined_btc.add_series(place, own_btc[part] * size, lots, since)
            sums.operating_usd_m.add_series(place, own[part] * size, lots, since)


def _difference(own: FloatArray, common: FloatArray) -> FloatArray:
    """Return what a series has beyond a common one, rounding apart."""
    difference = own - common
    small = _ROUNDING * max(float(np.abs(own).max()), float(np.abs(common).max()))
    return np.where(np.abs(difference) > small, difference, 0.0)


def _add_use(
    model: Any,
    family: Family,
    cohorts: list[_Weighted],
    spans: list[tuple[int, int]],
    sums: Sums,
) -> None:
    """Add the space that bought machines take up, and GPUs at hand."""
    first = cohorts[0].choice
    came, gone = _changes(cohorts)
    line = "gpu_leasing" if first.is_gpu else "self_mining"
    place, n_periods = first.site.id, spans[-1][1]
    for since, until in spans:
        stand = model.bought_thousands[*family, since]
        changes = {"begins": since in came, "ends": until in gone}
        span = Interval(since, until, first.unit_mw * 1e3, stand, **changes)
        sums.use(place, first.kind, line, span, n_periods, is_new=True)
        if first.is_gpu:
            gpus = 1e3 * first.model.gpus_per_node  # type: ignore[union-attr]
            at_hand = Interval(since, until, gpus, stand, **changes)
            sums.gpu_pool[place, first.model.id].append(at_hand)
