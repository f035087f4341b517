# SPDX-License-Identifier: Apache-2.0
"""Use case: the weekly cash view of a plan, in three cases and over scenarios.

What does not belong here: spreading a ledger over weeks (`models.cash_weeks`), tables
(`optimizer.cash_tables`) and the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from gpu.sampling.philox import normals
from gpu.sampling.rule import MAX_SEED
from gpu.sampling.scenarios import DAILY_PRICE_STREAM, sampled_paths
from models.cash_calendar import cash_calendar
from models.cash_weeks import payment_terms, weekly_cash
from models.cashflow import evaluate
from models.errors import ConfigError, Fault
from models.market import base_paths
from models.months import add_months
from models.price_bridge import daily_price_usd
from models.units import parse_month
from optimizer.cash_cases import CASES, case_study, case_values

if TYPE_CHECKING:
    from models.arrays import BoolArray, FloatArray, IntArray
    from models.cash_calendar import CashCalendar, CashWeek
    from models.cash_weeks import WeeklyCash
    from models.paths import MarketPaths
    from models.payment_terms import PaymentTerms
    from models.plan import Plan
    from models.study import Study
    from optimizer.cash_cases import Case
    from optimizer.cash_source import CashSource

__all__ = [
    "DEFAULT_SCENARIOS",
    "CashWeeks",
    "CashWeeksBands",
    "cash_weeks",
    "most_weeks",
    "sampled_weeks",
]

DEFAULT_SCENARIOS: Final = 2_000
MAX_SCENARIOS: Final = 100_000
SHARES: Final = (0.05, 0.5, 0.95)
LIKELY_FRAC: Final = 0.05
"""Share of scenarios under the floor from which a week is named."""
_CHUNK: Final = 500
_DAYS_PER_WEEK: Final = 7
_BANDED: Final = (
    "closing_usd",
    "lowest_usd",
    "net_usd",
    "btc_price_usd",
    "btc_sold",
    "loan_usd",
    "ltv_frac",
)


@dataclass(frozen=True, slots=True)
class CashWeeksBands:
    """The weeks over sampled scenarios.

    Parameters
    ----------
    n_scenarios, seed : int
        Scenarios 0 to n - 1 of that seed, the ones that scoring draws. [unitless]
    quantiles : dict of str to ndarray of shape (3, n_weeks)
        5th, 50th and 95th percentile of each quantity of
        `models.cash_weeks.WeeklyCash`, week by week. [mixed]
    under_floor_frac : ndarray of shape (n_weeks,)
        Share of scenarios in which a day of the week ends under the floor.
        [share 0-1]
    ever_under_floor_frac : float
        Share in which any week does. [share 0-1]
    called_frac : ndarray of shape (n_months,)
        Share in which the lender has called by the end of each month. [share 0-1]
    tie_error_usd : float
        Largest difference between weeks and ledger in any scenario. [USD]
    """

    n_scenarios: int
    seed: int
    quantiles: dict[str, FloatArray]
    under_floor_frac: FloatArray
    ever_under_floor_frac: float
    called_frac: FloatArray
    tie_error_usd: float


@dataclass(frozen=True, slots=True)
class CashWeeks:
    """The weekly cash view.

    Parameters
    ----------
    study_id, plan_label : str
        What it shows.
    calendar : CashCalendar
        Weeks.
    cases : dict of str to WeeklyCash
        ``low``, ``base`` and ``high``, each one path.
    case_inputs : dict of str to dict of str to float
        Inputs that the cases change, by key. [mixed]
    evenly : WeeklyCash
        The base case with an equal part of a month's BTC sold every day.
    bands : CashWeeksBands or None
        Sampled scenarios; None where none were asked for.
    """

    study_id: str
    plan_label: str
    calendar: CashCalendar
    cases: dict[Case, WeeklyCash]
    case_inputs: dict[Case, dict[str, float]]
    evenly: WeeklyCash
    bands: CashWeeksBands | None

    @property
    def base(self) -> WeeklyCash:
        """The base case."""
        return self.cases["base"]

    def first_under(self, case: Case) -> CashWeek | None:
        """Return the first week of a case in which cash falls under its floor."""
        return self._first(self.cases[case].is_under_floor[0])

    def first_under_evenly(self) -> CashWeek | None:
        """Return the first week under the floor if BTC were sold evenly."""
        return self._first(self.evenly.is_under_floor[0])

    def first_likely_under(self) -> CashWeek | None:
        """Return the first week under the floor in a twentieth of the scenarios."""
        if self.bands is None:
            return None
        return self._first(self.bands.under_floor_frac >= LIKELY_FRAC)

    def tie_error_usd(self) -> float:
        """Return the largest difference between weeks and ledger [USD]."""
        sampled = 0.0 if self.bands is None else self.bands.tie_error_usd
        return max(sampled, *(one.tie_error_usd() for one in self.cases.values()))

    def _first(self, is_under: BoolArray) -> CashWeek | None:
        places = np.flatnonzero(is_under)
        return self.calendar.weeks[int(places[0])] if len(places) else None


def cash_weeks(
    source: CashSource,
    n_weeks: int = 13,
    *,
    n_scenarios: int = DEFAULT_SCENARIOS,
    seed: int = 1,
) -> CashWeeks:
    """Return the weekly cash of a plan from the start of its study.

    Parameters
    ----------
    source : CashSource
        Study and plan.
    n_weeks : int
        How many weeks, within the horizon. [weeks]
    n_scenarios : int
        Sampled scenarios; 0 for none. [unitless]
    seed : int
        0 to 2^64 - 1. [unitless]

    Returns
    -------
    CashWeeks
        Three cases and the scenarios' bands.

    Raises
    ------
    ConfigError
        With every argument that is out of range.
    """
    study = source.study
    most = most_weeks(study)
    faults = _faults(n_weeks, most, n_scenarios, seed)
    if faults:
        raise ConfigError(faults)
    calendar = cash_calendar(study.time.start_month, n_weeks)
    cases: dict[Case, WeeklyCash] = {}
    for case in CASES:
        changed = case_study(source.bundle, case)
        cases[case] = _one_path(changed, source.plan, calendar)
    evenly = payment_terms(study).model_copy(update={"btc_sales": "daily"})
    bands = None
    if n_scenarios:
        bands = sampled_weeks(study, source.plan, calendar, seed, n_scenarios)
    return CashWeeks(
        study_id=study.id,
        plan_label=source.plan.label,
        calendar=calendar,
        cases=cases,
        case_inputs={case: case_values(source.bundle, case) for case in CASES},
        evenly=_one_path(study, source.plan, calendar, evenly),
        bands=bands,
    )


def most_weeks(study: Study) -> int:
    """Return how many weeks the horizon of a study has. [weeks]."""
    first = date(*parse_month(study.months[0]), 1)
    after = date(*parse_month(add_months(study.months[-1], 1)), 1)
    return ((after - first).days + first.weekday() - 1) // _DAYS_PER_WEEK + 1


def sampled_weeks(
    study: Study, plan: Plan, calendar: CashCalendar, seed: int, n_scenarios: int
) -> CashWeeksBands:
    """Return the weeks of a plan over the first scenarios of a seed.

    Parameters
    ----------
    study : Study
        Study.
    plan : Plan
        Plan.
    calendar : CashCalendar
        Weeks.
    seed : int
        0 to 2^64 - 1. [unitless]
    n_scenarios : int
        Scenarios 0 to n - 1. [unitless]

    Returns
    -------
    CashWeeksBands
        Monthly prices are those that scoring draws; the days between them are drawn
        from a stream of their own.
    """
    parts: dict[str, list[FloatArray]] = {name: [] for name in _BANDED}
    under: list[BoolArray] = []
    called: list[BoolArray] = []
    worst_usd = 0.0
    for first in range(0, n_scenarios, _CHUNK):
        ids = np.arange(first, min(first + _CHUNK, n_scenarios), dtype=np.int64)
        weekly = _scenarios(study, plan, calendar, seed, ids)
        for name in _BANDED:
            value = getattr(weekly, name)
            parts[name].append(value() if callable(value) else value)
        under.append(weekly.is_under_floor)
        called.append(np.maximum.accumulate(weekly.is_called, axis=1))
        worst_usd = max(worst_usd, weekly.tie_error_usd())
    is_under = np.concatenate(under)
    return CashWeeksBands(
        n_scenarios=n_scenarios,
        seed=seed,
        quantiles={
            name: _quantiles(np.concatenate(arrays)) for name, arrays in parts.items()
        },
        under_floor_frac=is_under.mean(axis=0),
        ever_under_floor_frac=float(is_under.any(axis=1).mean()),
        called_frac=np.concatenate(called).mean(axis=0),
        tie_error_usd=worst_usd,
    )


def _quantiles(values: FloatArray) -> FloatArray:
    """Return the percentiles of each week; NaN is left out, NaN where all are."""
    known = ~np.isnan(values).all(axis=0)
    shares = np.full((len(SHARES), values.shape[1]), np.nan)
    shares[:, known] = np.nanquantile(values[:, known], SHARES, axis=0)
    return shares


def _one_path(
    study: Study,
    plan: Plan,
    calendar: CashCalendar,
    terms: PaymentTerms | None = None,
) -> WeeklyCash:
    paths = base_paths(study)
    none = np.zeros((1, len(calendar.days)))
    return _weekly(study, plan, calendar, paths, none, terms)


def _scenarios(
    study: Study, plan: Plan, calendar: CashCalendar, seed: int, ids: IntArray
) -> WeeklyCash:
    paths = sampled_paths(study, seed, ids)
    drawn = normals(seed, ids, len(calendar.days), DAILY_PRICE_STREAM)[..., 0]
    return _weekly(study, plan, calendar, paths, drawn)


def _weekly(
    study: Study,
    plan: Plan,
    calendar: CashCalendar,
    paths: MarketPaths,
    drawn: FloatArray,
    terms: PaymentTerms | None = None,
) -> WeeklyCash:
    market = study.market
    price = daily_price_usd(
        calendar,
        market.btc_price_usd,
        paths.btc_price_usd,
        market.btc_volatility_per_year,
        drawn,
    )
    ledger = evaluate(study, plan, paths)
    return weekly_cash(study, ledger, calendar, price, terms)


def _faults(n_weeks: int, most: int, n_scenarios: int, seed: int) -> list[Fault]:
    limits = (
        ("--weeks", n_weeks, 1, most),
        ("--scenarios", n_scenarios, 0, MAX_SCENARIOS),
        ("--seed", seed, 0, MAX_SEED),
    )
    return [
        Fault(
            name,
            "",
            str(value),
            f"must be a whole number from {low:,} to {high:,}.",
            "13 is the usual view." if name == "--weeks" else "Choose another.",
        )
        for name, value, low, high in limits
        if not low <= value <= high
    ]
